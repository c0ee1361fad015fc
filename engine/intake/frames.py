"""A source read in bulk: a GeoDataFrame with the texts as the file has them, not yet decoded.

Goes in: an Opened source. Comes out: a GeoDataFrame, its index the feature ids, its CRS the file's
or None, and notes on what could not come along, such as a surface in 3D; values keep their kinds
(rows.py). Texts of formats that hold bytes are read as Latin-1, one character a byte, so that
nothing is lost before their script is known (GDAL itself loses the last letter of every text that
it decodes from CP1258). Fails with IntakeError when OGR refuses, PlanError when the layer has no
geometry at all.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyogrio.raw
import pyproj

from ..errors import PlanError
from ..plan import Note
from .account import account_of
from .cad import HIDDEN
from .errors import IntakeError
from .heard import heard
from .inspection import layers_in, no_such_layer, no_zones_first, require_driver
from .integrity import refused, sibling
from .lost_index import link_or_copy
from .opening import HEADER_BYTES, Opened
from .rows import EXACT, GEOMETRY, beyond_exact, column, renamed, table_of, without_rows
from .shapes import found_of, shapes_of

TRANSPARENT = re.compile(r"\bf?c:#[0-9a-f]{6}00", re.IGNORECASE)
MOST_SAID = 5
RAW = "ISO-8859-1"
NEUTRAL = "neutral"
VIETNAMESE_CHARSET = "windowsvietnamese"
TEXTS = ("geojson", "gml", "kml", "other")
"""Formats of which the first words decide who opens them."""
OPTION_FOR_DRAWINGS = (3, 10)
"""From this GDAL on DXF takes its encoding as an option of the one file; before, only as a setting
of the process.
"""


class Read(NamedTuple):
    """What was read, notes on what could not come along, and the present names of fields that the
    file calls otherwise.
    """

    frame: gpd.GeoDataFrame
    notes: list[Note]
    names: dict[str, str]


def read_frame(ready: Opened) -> Read:
    """Return all features of the layer that ``ready`` names."""
    layer = chosen_layer(ready)
    options: dict[str, Any] = {"layer": layer, "where": ready.source.condition or None}
    with _settings(ready.form), _raw(ready) as (path, encoding):
        options.update(encoding)
        try:
            if ready.form in TEXTS:
                require_driver(ready, str(pyogrio.read_info(path, layer=options["layer"])["driver"]))
            with heard() as said:
                meta, fids, wkb, values = pyogrio.raw.read(path, return_fids=True, datetime_as_string=True, **options)
            kinds = [str(kind) for kind in meta.get("dtypes", ())] or _kinds(path, options)
            crs = None if meta["crs"] is None or ready.crs_is_a_link else pyproj.CRS.from_user_input(meta["crs"])
        except PlanError:
            raise
        except Exception as error:  # each binding has its own family of errors; all mean that it could not be read
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise refused(ready.path, ready.form, reason) from error
        names = [str(name) for name in meta["fields"]]
        values = [
            _whole(path, options, name, fids, given) if kind == "int64" and beyond_exact(given) else given
            for name, kind, given in zip(names, kinds, values)
        ]
    if wkb is None:
        layers = layers_in(ready)
        if len(layers) > 1 and not ready.source.layer:
            raise no_zones_first(ready.source.title, layers, "–")
        raise PlanError("error.no_geometry", layer=ready.source.title, count=len(fids))
    fields = [(name, column(given, kind)) for name, kind, given in zip(names, kinds, values)]
    if ready.form == "dxf":
        fields.append((HIDDEN, _hidden(ready, layer, fids)))
    read = shapes_of(wkb)
    frame = table_of(fields, read.shapes, fids, crs)
    present = [str(name) for name in frame.columns if name != GEOMETRY]
    notes = account_of(ready, layer, len(frame), len(names))
    notes += [*renamed(names, present, layer), *_told(said, layer), *_rounded(frame, layer)]
    if read.unknown:
        told = {"layer": layer, "count": len(read.unknown), "found": found_of(read.unknown)}
        if len(read.unknown) == len(frame):
            raise PlanError("error.surfaces", **told)
        notes.append(("intake.dropped", told))
        frame = without_rows(frame, read.unknown)
    return Read(frame, notes, {before: after for before, after in zip(names, present) if before not in present})


def _hidden(ready: Opened, layer: str, fids: np.ndarray) -> pd.Series:
    """Return which objects of a drawing GDAL draws fully transparent: hidden ones, and those of a
    layer that is off or frozen.
    """
    question = f'SELECT OGR_STYLE AS style FROM "{layer}"'  # nosec B608
    with heard(), _settings(ready.form):
        _, found, _, values = pyogrio.raw.read(ready.path, sql=question, read_geometry=False, return_fids=True)
    unseen = {int(fid) for fid, style in zip(found, values[0]) if style and TRANSPARENT.search(style)}
    return pd.Series([int(fid) in unseen for fid in fids], dtype=bool)


def _kinds(path: Path, options: dict[str, Any]) -> list[str]:
    """Return the kinds of the fields, from a binding that does not give them with the values."""
    known = {name: options[name] for name in ("layer", "encoding", "ENCODING") if name in options}
    return [str(kind) for kind in pyogrio.read_info(path, **known)["dtypes"]]


def _whole(path: Path, options: dict[str, Any], name: str, fids: np.ndarray, rounded: np.ndarray) -> np.ndarray:
    """Return a field of whole numbers that the binding turned into decimals because some rows are
    empty, read from the others alone.

    As it was where that cannot be done, as for two fields of one name; :func:`_rounded` then
    reports it.
    """
    filled = np.flatnonzero(np.isfinite(rounded))
    condition = '"' + name.replace('"', '""') + '" IS NOT NULL'
    if options["where"]:
        condition = f"({options['where']}) AND {condition}"
    try:
        with heard():
            _, found, _, values = pyogrio.raw.read(
                path, **{**options, "where": condition}, columns=[name], read_geometry=False, return_fids=True
            )
    except Exception:  # each binding has its own family of errors; the rounded numbers stand, and are told
        return rounded
    if len(values) != 1 or values[0].dtype.kind != "i" or found.tolist() != fids[filled].tolist():
        return rounded
    made = np.full(len(rounded), None, dtype=object)
    made[filled] = values[0]
    return made


def _rounded(frame: gpd.GeoDataFrame, layer: str) -> list[Note]:
    """Fields that hold whole numbers of more digits than a decimal has: in a table's N(20,0), or as
    the reader left them.
    """
    notes: list[Note] = []
    for name in frame.columns:
        if name != GEOMETRY and beyond_exact(frame[name].to_numpy()):
            values = {"layer": layer, "column": str(name), "count": int((frame[name].abs() >= EXACT).sum())}
            notes.append(("intake.note.numbers_rounded", values))
    return notes


def _told(said: list[str], layer: str) -> list[Note]:
    return [("intake.note.reader_said", {"layer": layer, "words": words}) for words in said[:MOST_SAID]]


def texts_are_bytes(ready: Opened) -> bool:
    """Return whether the texts of :func:`read_frame` are bytes as Latin-1 rather than Unicode."""
    if ready.form in ("tab", "mif"):
        return ready.declared.lower() in ("", NEUTRAL, VIETNAMESE_CHARSET)
    return ready.form in ("shp", "dxf", "dgn")


def layer_names(ready: Opened) -> list[str]:
    """Return the layers of a source; IntakeError when it cannot be opened."""
    return [name for name, _ in layers_in(ready)]


def chosen_layer(ready: Opened) -> str:
    """Return the layer that was asked for, else the first."""
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
    wanted: dict[str, Any] = {}
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
    """Return a copy of a MapInfo table that names no code page; its large parts are linked, where
    the system lets one.
    """
    path = folder / ready.path.name
    with open(ready.path, "rb") as given, open(path, "wb") as copy:
        copy.write(re.sub(rb'(charset\s+)"[^"]*"', rb'\1"Neutral"', given.read(HEADER_BYTES), count=1, flags=re.I))
        shutil.copyfileobj(given, copy)
    for ending in (".dat", ".map", ".id", ".ind", ".mid"):
        part = sibling(ready.path, ending)
        if part is not None:
            link_or_copy(part, folder / part.name)
    return path
