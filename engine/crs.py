"""The CRS in which a check measures: the province's own VN-2000 TM-3 zone by default, else a UTM
zone.

Goes in: the CRS and bounds of the layers. Comes out: a projected CRS in metres and a sentence that
says which was taken and why. The order of the default: a layer that is in a VN-2000 TM-3 zone
already stays there; in Vietnam the TM-3 zone of the nearest province (resources/crs/provinces.csv,
seats from memory, to be reviewed); elsewhere the layer's own projected CRS if it is in metres, else
the UTM zone of WGS 84. Deprecated 6956-6959 and Hanoi 1972 are never chosen, and refused with the
reason: 6956-6959 have easting and northing swapped, and PROJ has no good path from Hanoi 1972. So
is a CRS that shows areas falsely, as Web Mercator does, and a TM-3 layer whose coordinates lie
nowhere near Vietnam: degrees, or easting and northing swapped.
"""

from __future__ import annotations

import functools
import math
import warnings
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely

from .catalogue import RESOURCES, read_table, text
from .errors import PlanError
from .plan import PlanLayer
from .transformation import to_degrees

FARTHEST_SEAT_DEGREES = 1.8
"""No place in Vietnam lies farther from its provincial seat (western Nghệ An, 1.6 degrees from
Vinh).
"""
NAMELESS = ("unnamed", "unknown")
AROUND_VIETNAM = (99.0, 5.0, 118.0, 26.5)
"""With the islands in the east; a TM-3 layer beyond it has wrong coordinates."""
FALSE_AREA = 0.01
"""A zone of UTM or TM-3, or a national system, shows areas true to 0.5 %; Web Mercator doubles them
in France.
"""
TM3_DEPRECATED = (6956, 6957, 6958, 6959)
HANOI_1972 = (4147, 2044, 2045, 2093)


@dataclass(frozen=True)
class Province:
    """A province before the merger of 2025: its seat (degrees) and its TM-3 zone."""

    name: str
    longitude: float
    latitude: float
    epsg: int


@functools.cache
def provinces() -> tuple[Province, ...]:
    """Return the provinces of the table, in its order."""
    rows = read_table(RESOURCES / "crs" / "provinces.csv")
    return tuple(Province(r["province"], float(r["longitude"]), float(r["latitude"]), int(r["epsg"])) for r in rows)


@functools.cache
def tm3_zones() -> dict[int, str]:
    """EPSG code to name of the VN-2000 TM-3 zones in force."""
    rows = read_table(RESOURCES / "crs" / "vn2000.csv")
    return {int(r["epsg"]): r["name"] for r in rows if "TM-3" in r["name"] and r["deprecated"] != "True"}


def working_crs(layers: list[PlanLayer], wanted: pyproj.CRS | None, language: str) -> tuple[pyproj.CRS, str]:
    """(CRS, why). ``layers``: the one that decides first. PlanError for a CRS that cannot be
    measured in.
    """
    for layer in layers:
        refuse_unsafe(layer.crs, layer.name)
        _refuse_degrees_called_metres(layer)
    if wanted is not None:
        refuse_unsafe(wanted, "WORKING_CRS")
        if not measures_in_metres(wanted):
            raise PlanError("error.working_crs", crs=describe(wanted))
        _refuse_false_areas(wanted, layers[0])
        return wanted, text("crs.wanted", language, crs=describe(wanted))
    for layer in layers:
        epsg = layer.crs.to_epsg()
        if epsg in tm3_zones():
            _refuse_far_from_vietnam(layer)
            return layer.crs, text("crs.own_tm3", language, crs=describe(layer.crs), layer=layer.name)
    layer = layers[0]
    longitude, latitude = _centre(layer)
    province = min(provinces(), key=lambda p: _degrees_away(p, longitude, latitude))
    if _degrees_away(province, longitude, latitude) <= FARTHEST_SEAT_DEGREES:
        crs = pyproj.CRS.from_epsg(province.epsg)
        return crs, text("crs.province", language, crs=describe(crs), layer=layer.name, province=province.name)
    zone = int((longitude + 180.0) // 6.0) % 60 + 1
    utm = pyproj.CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)
    if not measures_in_metres(layer.crs):
        return utm, text("crs.utm", language, crs=describe(utm), layer=layer.name)
    falsehood = _false_area(layer.crs, longitude, latitude)
    if falsehood > FALSE_AREA:
        told = {"layer": layer.name, "own": describe(layer.crs), "percent": round(100 * falsehood, 1)}
        return utm, text("crs.utm_true", language, crs=describe(utm), **told)
    return layer.crs, text("crs.own_metres", language, crs=describe(layer.crs), layer=layer.name)


def refuse_unsafe(crs: pyproj.CRS, layer: str) -> None:
    """Raise PlanError for the CRSs that put data in a wrong place without a warning."""
    epsg = crs.to_epsg()
    if epsg in TM3_DEPRECATED:
        raise PlanError("error.crs_deprecated", layer=layer, crs=describe(crs))
    if epsg in HANOI_1972:
        raise PlanError("error.crs_hanoi_1972", layer=layer, crs=describe(crs))


def crs_of(given: object) -> pyproj.CRS | None:
    """The CRS that a person named, None for None; PlanError for one that nobody knows."""
    if given is None:
        return None
    try:
        return pyproj.CRS.from_user_input(given)
    except pyproj.exceptions.CRSError as error:
        raise PlanError("error.crs_unknown", crs=given) from error


def describe(crs: pyproj.CRS) -> str:
    """ "EPSG:5899 (VN-2000 / TM-3 107-45)", or the name alone where there is no code, or the
    numbers where there is no name.
    """
    authority = crs.to_authority(min_confidence=70)
    if authority:
        return f"{authority[0]}:{authority[1]} ({crs.name})"
    if str(crs.name) not in NAMELESS:
        return str(crs.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the short form loses something: it is only shown
        short = crs.to_proj4()
    return " ".join(part for part in short.split() if part not in ("+no_defs", "+type=crs")) or str(crs.name)


def measures_in_metres(crs: pyproj.CRS) -> bool:
    """Return whether the coordinates of ``crs`` are metres on a plane."""
    return crs.is_projected and all(math.isclose(axis.unit_conversion_factor, 1.0) for axis in crs.axis_info[:2])


def _false_area(crs: pyproj.CRS, longitude: float, latitude: float) -> float:
    """By which share the plane of ``crs`` shows areas too large or too small at a place; 0 where
    PROJ does not know.
    """
    try:
        scale = float(pyproj.Proj(crs).get_factors(longitude, latitude).areal_scale)
    except pyproj.exceptions.ProjError:
        return 0.0
    return abs(scale - 1.0) if math.isfinite(scale) else math.inf


def _refuse_false_areas(crs: pyproj.CRS, layer: PlanLayer) -> None:
    falsehood = _false_area(crs, *_centre(layer))
    if falsehood > FALSE_AREA:
        percent = round(100 * min(falsehood, 99.0), 1)
        raise PlanError("error.crs_false_areas", crs=describe(crs), layer=layer.name, percent=percent)


def _refuse_degrees_called_metres(layer: PlanLayer) -> None:
    """In metres the whole plan would be some decimetres large, every defect dust, and the plan
    would conform.
    """
    if layer.crs.is_projected and (np.abs(_boxes(layer)) <= (180.0, 90.0, 180.0, 90.0)).all():
        raise _impossible(layer)


def _refuse_far_from_vietnam(layer: PlanLayer) -> None:
    west, south, east, north = AROUND_VIETNAM
    longitude, latitude = _centre(layer)
    if not (west <= longitude <= east and south <= latitude <= north):
        raise _impossible(layer)


def _centre(layer: PlanLayer) -> tuple[float, float]:
    """Longitude and latitude of the middle of the zones' middles, which a stray zone at the origin
    does not move.
    """
    west, south, east, north = np.median(_boxes(layer), axis=0)
    longitude, latitude = to_degrees(layer.crs.to_wkt()).transform((west + east) / 2.0, (south + north) / 2.0)
    if not (math.isfinite(longitude) and math.isfinite(latitude) and abs(latitude) <= 90 and abs(longitude) <= 360):
        raise _impossible(layer)
    return (longitude + 180.0) % 360.0 - 180.0, latitude


def _impossible(layer: PlanLayer) -> PlanError:
    boxes = _boxes(layer)
    bounds = ", ".join(f"{value:.2f}" for value in (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)))
    return PlanError("error.crs_impossible", layer=layer.name, crs=describe(layer.crs), bounds=bounds)


def _boxes(layer: PlanLayer) -> np.ndarray:
    """West, south, east, north of each zone whose vertices are numbers, (n, 4); of single vertices
    where none is such.
    """
    geometry = np.asarray(layer.zones.geometry.values, dtype=object)
    with np.errstate(invalid="ignore"):
        boxes = shapely.bounds(geometry)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if len(boxes) == 0:
        places = shapely.get_coordinates(geometry)
        boxes = np.tile(places[np.isfinite(places).all(axis=1)], 2)
    if len(boxes) == 0:
        raise PlanError("error.no_geometry", layer=layer.name, count=len(layer.zones))
    return boxes


def _degrees_away(province: Province, longitude: float, latitude: float) -> float:
    return math.hypot((province.longitude - longitude) * math.cos(math.radians(latitude)), province.latitude - latitude)
