"""What is in a source, before anything of it is loaded: driver, layers, fields, CRS, encoding,
number of features.

Goes in: a source as QGIS names it. Comes out: an Inspection. fiona looks; where its GDAL lacks a
driver or cannot count, pyogrio does. Fails with IntakeError, whose ``state`` distinguishes the
missing, the empty, the truncated, the locked and the unsupported file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiona
import fiona.errors
import pyogrio
import pyproj

from ..errors import PlanError
from ..offline import SETTINGS
from ..plan import Note
from .errors import IntakeError
from .formats import DRIVERS
from .heard import heard
from .integrity import refused
from .memory import estimate_bytes
from .opening import Opened, opened

POLYGON = "Polygon"
COUNTED_BYTES = 300 << 20
"""Formats that must be read through to be counted are counted up to this size."""
UNANSWERED = (fiona.errors.FionaError, fiona.errors.DataIOError, fiona.errors.UnsupportedGeometryTypeError)
"""What fiona raises where its build lacks the driver or does not know the kind of geometry; pyogrio
answers then.
"""


@dataclass(frozen=True)
class LayerInspection:
    """One layer: ``fields`` are (name, type); ``crs`` None where the file names none;
    ``feature_count`` None where not counted.
    """

    name: str
    geometry: str
    fields: tuple[tuple[str, str], ...]
    crs: pyproj.CRS | None
    encoding: str
    feature_count: int | None
    bounds: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Inspection:
    """One source; ``memory_bytes`` guesses what reading it takes, ``notes`` say what is missing
    beside it.
    """

    source: str
    path: Path
    format: str
    driver: str
    size_bytes: int
    memory_bytes: int
    layers: tuple[LayerInspection, ...]
    notes: tuple[Note, ...] = ()

    def layer(self, name: str = "") -> LayerInspection:
        """Return the layer called ``name``, or the first."""
        for found in self.layers:
            if name in ("", found.name):
                return found
        raise no_such_layer(self.path, name, [found.name for found in self.layers])


def inspect(source: str, memory_limit_bytes: int | None = None) -> Inspection:
    """Look into ``source``."""
    with opened(source, memory_limit_bytes) as ready:
        driver, names = _driver_and_layers(ready)
        wanted = ready.source.layer if ready.source.layer in names else ""
        layers = tuple(_layer(ready, name) for name in names if wanted in ("", name))
        size = sum(p.stat().st_size for p in ready.path.iterdir()) if ready.path.is_dir() else ready.path.stat().st_size
        memory = estimate_bytes(ready.path, ready.form)
        return Inspection(source, ready.source.path, ready.form, driver, size, memory, layers, ready.notes)


def no_such_layer(path: Path, name: str, layers: list[str]) -> IntakeError:
    """Return the layer that was asked for is not among those there are."""
    return IntakeError("error.intake.no_such_layer", path=path, layer=name, layers=", ".join(layers))


def no_zones_first(file: str, layers: Sequence[tuple[str, str]], found: str) -> PlanError:
    """No layer was asked for, and the first of several (their names and kinds of geometry) holds no
    zones; the others, polygons first.
    """
    (chosen, _), *others = layers
    names = [name for name, _ in sorted(others, key=lambda one: POLYGON not in one[1])]
    values = {"layer": chosen, "file": file, "found": found, "layers": ", ".join(names), "first": names[0]}
    return PlanError("error.layer_of_many", **values)


def environment(form: str) -> dict[str, str]:
    """GDAL's settings for reading: no network, texts of drawings as they are."""
    settings = dict(SETTINGS)
    if form == "dxf":
        settings["DXF_ENCODING"] = "ISO-8859-1"
    return settings


def layers_in(ready: Opened) -> list[tuple[str, str]]:
    """(name, kind of geometry or "" for a table) of each layer of a source; IntakeError when it
    cannot be opened.
    """
    try:
        with heard():
            return [(str(name), str(kind or "")) for name, kind in pyogrio.list_layers(ready.path)]
    except Exception as error:  # each binding has its own family of errors
        raise refused(ready.path, ready.form, _first_line(error)) from error


def _driver_and_layers(ready: Opened) -> tuple[str, list[str]]:
    names = [name for name, _ in layers_in(ready)]
    if not names:
        raise IntakeError("error.intake.empty.no_layer", path=ready.path)
    try:
        with fiona.Env(**environment(ready.form)), _fiona(ready, names[0]) as looked:
            driver = str(looked.driver)
    except UNANSWERED:
        driver = str(pyogrio.read_info(ready.path, layer=names[0])["driver"])
    require_driver(ready, driver)
    return driver, names


def require_driver(ready: Opened, driver: str) -> None:
    """Raise IntakeError where somebody else than a reader of this format has opened the file: it
    leads elsewhere.
    """
    if driver not in DRIVERS[ready.form]:
        raise IntakeError("error.intake.unsupported.pointer", path=ready.path)


def _fiona(ready: Opened, layer: str) -> Any:
    text = {"encoding": "ISO-8859-1"} if ready.form == "shp" else {}
    allowed = {"enabled_drivers": list(DRIVERS[ready.form]), "allow_unsupported_drivers": True}
    try:
        return fiona.open(str(ready.path), layer=layer, **allowed, **text)
    except ValueError as error:  # its reader of KML counts other things as layers, and has none of that name
        raise fiona.errors.DriverError(str(error)) from error


def _layer(ready: Opened, name: str) -> LayerInspection:
    counting = ready.path.is_dir() or ready.path.stat().st_size <= COUNTED_BYTES
    try:
        with heard():
            info = pyogrio.read_info(ready.path, layer=name, force_feature_count=counting)
    except Exception as error:
        raise refused(ready.path, ready.form, _first_line(error)) from error
    kinds = info.get("ogr_types", info["dtypes"])
    fields = tuple((str(field), str(kind)) for field, kind in zip(info["fields"], kinds))
    geometry, crs, bounds = str(info["geometry_type"] or "None"), _crs(info["crs"]), info.get("total_bounds")
    with contextlib.suppress(*UNANSWERED), fiona.Env(**environment(ready.form)), _fiona(ready, name) as looked:
        geometry = str(looked.schema["geometry"])
        crs = _crs(looked.crs_wkt) or crs
        if ready.form != "kml":  # its driver here knows no further fields
            fields = tuple((str(field), str(kind)) for field, kind in looked.schema["properties"].items())
    crs = None if ready.crs_is_a_link else crs
    count = int(info["features"])
    box = None if bounds is None else tuple(float(value) for value in bounds)
    return LayerInspection(name, geometry, fields, crs, ready.declared, None if count < 0 else count, box)  # type: ignore[arg-type]


def _crs(words: object) -> pyproj.CRS | None:
    if not words:
        return None
    try:
        return pyproj.CRS.from_user_input(words)
    except pyproj.exceptions.CRSError:
        return None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
