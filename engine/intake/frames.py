"""A source read in bulk: a GeoDataFrame with the texts as the file has them, not yet decoded.

Goes in: an Opened source. Comes out: a GeoDataFrame, its index the feature ids, its CRS the file's or None; texts of formats that
hold bytes are read as Latin-1, one character a byte, so that nothing is lost before their script is known (GDAL
itself loses the last letter of every text that it decodes from CP1258). Fails with IntakeError when OGR refuses, PlanError
when the layer has no geometry at all.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from ..errors import PlanError
from .errors import IntakeError
from .inspection import no_such_layer
from .integrity import refused, sibling
from .lost_index import link_or_copy
from .opening import HEADER_BYTES, Opened

RAW = "ISO-8859-1"
NEUTRAL = "neutral"
VIETNAMESE_CHARSET = "windowsvietnamese"
OPTION_FOR_DRAWINGS = (3, 10)
"""From this GDAL on DXF takes its encoding as an option of the one file; before, only as a setting of the process."""


def read_frame(ready: Opened) -> gpd.GeoDataFrame:
    """All features of the layer that ``ready`` names."""
    options: dict[str, Any] = {"layer": chosen_layer(ready)}
    if ready.source.condition:
        options["where"] = ready.source.condition
    with _settings(ready.form), _raw(ready) as (path, encoding):
        options.update(encoding)
        try:
            frame = gpd.read_file(path, engine="pyogrio", fid_as_index=True, **options)
        except Exception as error:  # each binding has its own family of errors; all mean that it could not be read
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise refused(ready.path, ready.form, reason) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise PlanError("error.no_geometry", layer=ready.source.title, count=len(frame))
    return frame


def texts_are_bytes(ready: Opened) -> bool:
    """Whether the texts of :func:`read_frame` are bytes as Latin-1 rather than Unicode."""
    if ready.form in ("tab", "mif"):
        return ready.declared.lower() in ("", NEUTRAL, VIETNAMESE_CHARSET)
    return ready.form in ("shp", "dxf", "dgn")


def layer_names(ready: Opened) -> list[str]:
    """The layers of a source; IntakeError when it cannot be opened."""
    try:
        return [str(row[0]) for row in pyogrio.list_layers(ready.path)]
    except Exception as error:  # each binding has its own family of errors
        raise refused(ready.path, ready.form, str(error).split("\n", 1)[0]) from error


def chosen_layer(ready: Opened) -> str:
    """The layer that was asked for, else the first."""
    wanted, names = ready.source.layer, layer_names(ready)
    if not names:
        raise IntakeError("error.intake.empty.no_layer", path=ready.path)
    if not wanted or wanted in names:
        return wanted or names[0]
    if len(names) == 1 and ready.source.path != ready.path:
        return names[0]  # the layer's name chose the plan of an archive
    raise no_such_layer(ready.path, wanted, names)


@contextmanager
def _settings(form: str) -> Iterator[None]:
    wanted: dict[str, Any] = {"CPL_CURL_ENABLE_VSICURL": "NO"}
    if form == "dxf" and pyogrio.__gdal_version__ < OPTION_FOR_DRAWINGS:
        wanted["DXF_ENCODING"] = RAW
    before = {name: pyogrio.get_gdal_config_option(name) for name in wanted}
    pyogrio.set_gdal_config_options(wanted)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


@contextmanager
def _raw(ready: Opened) -> Iterator[tuple[Path, dict[str, Any]]]:
    """(path, options) with which the bytes of texts come through unchanged."""
    if ready.form == "dxf":
        yield ready.path, {"ENCODING": RAW}
    elif ready.form in ("tab", "mif") and ready.declared.lower() == VIETNAMESE_CHARSET:
        with tempfile.TemporaryDirectory(prefix="planconcord-") as folder:
            yield _made_neutral(ready, Path(folder)), {"encoding": RAW}
    elif texts_are_bytes(ready):
        yield ready.path, {"encoding": RAW}
    else:
        yield ready.path, {}


def _made_neutral(ready: Opened, folder: Path) -> Path:
    """A copy of a MapInfo table that names no code page; its large parts are linked, where the system lets one."""
    path = folder / ready.path.name
    with open(ready.path, "rb") as given, open(path, "wb") as copy:
        copy.write(re.sub(rb'(charset\s+)"[^"]*"', rb'\1"Neutral"', given.read(HEADER_BYTES), count=1, flags=re.I))
        shutil.copyfileobj(given, copy)
    for ending in (".dat", ".map", ".id", ".ind", ".mid"):
        part = sibling(ready.path, ending)
        if part is not None:
            link_or_copy(part, folder / part.name)
    return path
