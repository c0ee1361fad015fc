"""The CRS in which a check measures: the province's own VN-2000 TM-3 zone by default, else a UTM zone.

Goes in: the CRS and bounds of the layers. Comes out: a projected CRS in metres and a sentence that says which was taken
and why. The order of the default: a layer that is in a VN-2000 TM-3 zone already stays there; in Vietnam the TM-3 zone
of the nearest province (resources/crs/provinces.csv, seats from memory, to be reviewed); elsewhere the layer's own
projected CRS if it is in metres, else the UTM zone of WGS 84. Deprecated 6956-6959 and Hanoi 1972 are never chosen, and
refused with the reason: 6956-6959 have easting and northing swapped, and PROJ has no good path from Hanoi 1972.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import pyproj

from .catalogue import RESOURCES, read_table, text
from .errors import PlanError
from .plan import PlanLayer

FARTHEST_SEAT_DEGREES = 1.8
"""No place in Vietnam lies farther from its provincial seat (western Nghệ An, 1.6 degrees from Vinh)."""
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
    """The provinces of the table, in its order."""
    rows = read_table(RESOURCES / "crs" / "provinces.csv")
    return tuple(Province(r["province"], float(r["longitude"]), float(r["latitude"]), int(r["epsg"])) for r in rows)


@functools.cache
def tm3_zones() -> dict[int, str]:
    """EPSG code to name of the VN-2000 TM-3 zones in force."""
    rows = read_table(RESOURCES / "crs" / "vn2000.csv")
    return {int(r["epsg"]): r["name"] for r in rows if "TM-3" in r["name"] and r["deprecated"] != "True"}


def working_crs(layers: list[PlanLayer], wanted: pyproj.CRS | None, language: str) -> tuple[pyproj.CRS, str]:
    """(CRS, why). ``layers``: the one that decides first. PlanError for a CRS that cannot be measured in."""
    for layer in layers:
        refuse_unsafe(layer.crs, layer.name)
    if wanted is not None:
        refuse_unsafe(wanted, "WORKING_CRS")
        if not _in_metres(wanted):
            raise PlanError("error.working_crs", crs=describe(wanted))
        return wanted, text("crs.wanted", language, crs=describe(wanted))
    for layer in layers:
        epsg = layer.crs.to_epsg()
        if epsg in tm3_zones():
            return layer.crs, text("crs.own_tm3", language, crs=describe(layer.crs), layer=layer.name)
    longitude, latitude = _centre(layers[0])
    province = min(provinces(), key=lambda p: _degrees_away(p, longitude, latitude))
    if _degrees_away(province, longitude, latitude) <= FARTHEST_SEAT_DEGREES:
        crs = pyproj.CRS.from_epsg(province.epsg)
        return crs, text("crs.province", language, crs=describe(crs), layer=layers[0].name, province=province.name)
    if _in_metres(layers[0].crs):
        return layers[0].crs, text("crs.own_metres", language, crs=describe(layers[0].crs), layer=layers[0].name)
    zone = int((longitude + 180.0) // 6.0) % 60 + 1
    crs = pyproj.CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)
    return crs, text("crs.utm", language, crs=describe(crs), layer=layers[0].name)


def refuse_unsafe(crs: pyproj.CRS, layer: str) -> None:
    """PlanError for the CRSs that put data in a wrong place without a warning."""
    epsg = crs.to_epsg()
    if epsg in TM3_DEPRECATED:
        raise PlanError("error.crs_deprecated", layer=layer, crs=describe(crs))
    if epsg in HANOI_1972:
        raise PlanError("error.crs_hanoi_1972", layer=layer, crs=describe(crs))


def describe(crs: pyproj.CRS) -> str:
    """ "EPSG:5899 (VN-2000 / TM-3 107-45)", or the name alone where there is no code."""
    authority = crs.to_authority(min_confidence=70)
    return f"{authority[0]}:{authority[1]} ({crs.name})" if authority else str(crs.name)


def _in_metres(crs: pyproj.CRS) -> bool:
    return crs.is_projected and all(math.isclose(axis.unit_conversion_factor, 1.0) for axis in crs.axis_info[:2])


def _centre(layer: PlanLayer) -> tuple[float, float]:
    bounds = np.asarray(layer.zones.total_bounds, dtype=float)
    if not np.isfinite(bounds).all():
        raise PlanError("error.no_geometry", layer=layer.name, count=len(layer.zones))
    to_degrees = pyproj.Transformer.from_crs(layer.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2)
    if not (math.isfinite(longitude) and math.isfinite(latitude) and abs(latitude) <= 90):
        raise PlanError(
            "error.crs_impossible",
            layer=layer.name,
            crs=describe(layer.crs),
            bounds=", ".join(f"{value:.2f}" for value in bounds),
        )
    return longitude, latitude


def _degrees_away(province: Province, longitude: float, latitude: float) -> float:
    return math.hypot((province.longitude - longitude) * math.cos(math.radians(latitude)), province.latitude - latitude)
