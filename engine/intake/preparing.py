"""A source becomes a clean plan layer, and a report of everything that was changed on the way.

Goes in: a source as QGIS names it, and Wishes: which fields, which CRS and script where the file is wrong, whether closed lines are
zones. Comes out: a PlanLayer whose notes are the report's entries, or the whole table. The file itself is never touched; what it
holds, letter by letter, is what ``original_table`` gives. Fails with IntakeError (unreadable) or PlanError (no CRS, no such
field, no polygons).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj

from ..errors import PlanError
from ..plan import PlanLayer
from .frames import read_frame
from .opening import Opened, opened
from .report import IntakeReport
from .source import Source


@dataclass(frozen=True)
class Wishes:
    """How to read a source; every field may be left empty.

    ``crs``: "" as the file says, else "EPSG:5899", which replaces what the file says. ``swap_axes``: the first coordinate is
    the northing. ``encoding``: "" found for each column, else utf-8, cp1258, windows-1252, tcvn3 or vni, "none" to leave texts alone.
    ``label_map``: a CSV file (label, code) or a mapping, by which the code field's labels become codes.
    ``polygons_from_lines``: closed lines of a drawing are zones, texts inside them their labels.
    """

    key_field: str = ""
    code_field: str = ""
    territory_field: str = ""
    crs: str = ""
    swap_axes: bool = False
    encoding: str = ""
    label_map: str | Path | Mapping[str, str] | None = None
    polygons_from_lines: bool = False
    memory_limit_bytes: int | None = None


def prepare_plan(
    source: str, wishes: Wishes | None = None, name: str = "", **known: Any
) -> tuple[PlanLayer, IntakeReport]:
    """The plan at ``source``; ``known`` are further fields of PlanLayer."""
    wishes = wishes or Wishes()
    table, report = prepare_table(source, wishes)
    fields = {"key_field": wishes.key_field, "code_field": wishes.code_field, "territory_field": wishes.territory_field}
    plan = PlanLayer.from_frame(table, name or Source.of(source).title, **fields, **known)
    report.entries += plan.notes
    return replace(plan, notes=list(report.entries)), report


def prepare_table(source: str, wishes: Wishes | None = None) -> tuple[gpd.GeoDataFrame, IntakeReport]:
    """Everything at ``source``, all columns with it; its index are the feature ids of the file."""
    wishes = wishes or Wishes()
    report = IntakeReport(source)
    with opened(source, wishes.memory_limit_bytes) as ready:
        frame = read_frame(ready)
        report.entries += ready.notes
        frame = _with_crs(frame, ready, wishes, report)
        return frame, report


def original_table(source: str) -> gpd.GeoDataFrame:
    """What the file holds, unchanged: no text decoded, no shape repaired."""
    with opened(source) as ready:
        return read_frame(ready)


def _with_crs(frame: gpd.GeoDataFrame, ready: Opened, wishes: Wishes, report: IntakeReport) -> gpd.GeoDataFrame:
    if not wishes.crs:
        return frame
    try:
        crs = pyproj.CRS.from_user_input(wishes.crs)
    except pyproj.exceptions.CRSError as error:
        raise PlanError("error.crs_unknown", crs=wishes.crs) from error
    if frame.crs is None or frame.crs != crs:
        found = "–" if frame.crs is None else str(frame.crs.name)
        report.add("intake.crs_assigned", layer=ready.source.title, found=found, crs=str(crs.name), count=len(frame))
    return frame.set_crs(crs, allow_override=True)
