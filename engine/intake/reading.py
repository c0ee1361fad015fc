"""A plan layer from a file, without QGIS: every vector format that OGR opens, named as QGIS names it.

``path``, ``path|layername=name`` or ``path|layername=name|subset=condition`` goes in; a PlanLayer in the file's own CRS comes out. Nothing is changed on the way
but what PlanLayer.from_frame says in its notes. Fails with PlanError, naming the file and what to do, when the file is not
there, cannot be opened, has no such layer, or has no CRS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd

from ..errors import PlanError
from ..plan import PlanLayer

LAYER, SUBSET = "layername=", "|subset="


def read_plan(source: str, key_field: str = "", code_field: str = "", name: str = "", **known: Any) -> PlanLayer:
    """The plan at ``source``; ``known`` are further fields of PlanLayer."""
    path, layer, condition = split_source(source)
    frame = _frame(path, layer, condition)
    return PlanLayer.from_frame(frame, name or layer or Path(path).stem, key_field, code_field, **known)


def split_source(source: str) -> tuple[str, str, str]:
    """(path, layer name, condition) of ``path|layername=name|subset=condition``, "" for what is not given.

    As in QGIS the condition stands last, because it may hold any character. PlanError for any other part, because
    passing over one would check other zones than the person meant.
    """
    head, _, condition = source.partition(SUBSET)
    path, *parts = head.split("|")
    layer = ""
    for part in parts:
        if not part.startswith(LAYER):
            raise PlanError("error.source_part", source=source, part=part)
        layer = part[len(LAYER) :]
    return path, layer, condition


def _frame(path: str, layer: str, condition: str) -> gpd.GeoDataFrame:
    if not path.startswith("/vsi") and not Path(path).exists():
        raise PlanError("error.file_missing", path=path)
    chosen: dict[str, Any] = {"layer": layer} if layer else {}
    if condition:
        chosen["where"] = condition
    try:
        frame = gpd.read_file(path, engine="pyogrio", fid_as_index=True, **chosen)
    except Exception as error:  # each OGR binding has its own family of errors; all mean that it could not be read
        raise PlanError("error.read", path=path, reason=str(error).splitlines()[0] if str(error) else error) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise PlanError("error.no_geometry", layer=layer or path, count=len(frame))
    return frame
