"""The CRSs that a layer of Vietnam may really be in, and where each would put its coordinates.

Comes out: Candidates, each a CRS and whether the axes are swapped: the CRSs of
resources/crs/vn2000.csv (all VN-2000 zones in force and deprecated, Hanoi 1972), WGS 84 in degrees,
UTM and Web Mercator, WGS 84 computed from VN-2000 with the rotation signs of the widely copied
``+towgs84`` wrong, and the one that the layer is labelled with.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pyproj

from ..catalogue import RESOURCES, read_table
from ..crs import HANOI_1972, TM3_DEPRECATED, describe
from ..transformation import to_degrees

WGS_84 = (4326, 32648, 32649, 3857)
LARGEST_DEGREES = 360.0
RIGHT_SIGNS = "-191.90441429,-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278"
WRONG_SIGNS = "-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278"
"""EPSG:6960 is a coordinate frame rotation; as +towgs84, a position vector, its rotations change
their signs.
"""
WRONG_TOWGS84 = "towgs84"


_KINDS = {**dict.fromkeys(TM3_DEPRECATED, "deprecated"), **dict.fromkeys(HANOI_1972, "hanoi")}


@dataclass(frozen=True)
class Candidate:
    """One reading of the coordinates. ``kind``: "" , "deprecated", "hanoi" or "towgs84"."""

    crs: pyproj.CRS
    swapped: bool = False
    kind: str = ""

    @property
    def title(self) -> str:
        """The CRS with its code."""
        return describe(self.crs)

    @property
    def epsg(self) -> int | None:
        """The code of the CRS."""
        code = self.crs.to_epsg()
        return None if code is None else int(code)

    def degrees(self, places: np.ndarray) -> np.ndarray:
        """Longitude and latitude (WGS 84) of coordinates as they stand in the file; not finite
        where there is no such place.
        """
        x, y = (places[:, 1], places[:, 0]) if self.swapped else (places[:, 0], places[:, 1])
        if self.kind == WRONG_TOWGS84:
            there, back = _towgs84_pair()
            return np.column_stack(there.transform(*back.transform(x, y)))
        longitude, latitude = to_degrees(self.crs.to_wkt()).transform(x, y)
        with np.errstate(invalid="ignore"):
            real = (np.abs(longitude) <= LARGEST_DEGREES) & (np.abs(latitude) <= 90.0)
        return np.where(real[:, None], np.column_stack([longitude, latitude]), np.nan)


def candidates(places: np.ndarray, labelled: pyproj.CRS | None) -> list[Candidate]:
    """Return the readings to be tried on ``places``, the labelled one first; degrees are not tried
    on metres, nor metres on degrees.
    """
    small = bool((np.abs(places) <= LARGEST_DEGREES).all())
    labelled_code = None if labelled is None or labelled.is_bound else labelled.to_epsg()
    kind = _KINDS.get(labelled_code or 0, "")
    made = [] if labelled is None else [Candidate(labelled, False, kind), Candidate(labelled, True, kind)]
    for crs, kind in _known():
        if crs.is_geographic == small and crs.to_epsg() != labelled_code:
            made += [Candidate(crs, False, kind), Candidate(crs, True, kind)]
    if small:
        made.append(Candidate(pyproj.CRS.from_epsg(4326), False, WRONG_TOWGS84))
    return made


def signs_are_wrong(crs: pyproj.CRS | None) -> bool:
    """Return whether a CRS carries the ``+towgs84`` of VN-2000 with the signs of its rotations
    wrong.
    """
    if crs is None or not crs.is_bound or crs.coordinate_operation is None:
        return False
    given = list(crs.coordinate_operation.towgs84)
    wrong = [float(value) for value in WRONG_SIGNS.split(",")]
    return len(given) == 7 and bool(
        np.allclose(given[:3], wrong[:3], atol=1.0) and np.allclose(given[3:6], wrong[3:6], atol=1e-3)
    )


@functools.cache
def _known() -> tuple[tuple[pyproj.CRS, str], ...]:
    codes = [int(row["epsg"]) for row in read_table(RESOURCES / "crs" / "vn2000.csv")]
    return tuple((pyproj.CRS.from_epsg(code), _KINDS.get(code, "")) for code in (*codes, *WGS_84))


@functools.cache
def _towgs84_pair() -> tuple[pyproj.Transformer, pyproj.Transformer]:
    """(VN-2000 to WGS 84 as it should be, WGS 84 back to VN-2000 as the wrong string did it)."""
    right, wrong = (
        pyproj.CRS.from_proj4(f"+proj=longlat +ellps=WGS84 +towgs84={signs} +no_defs")
        for signs in (RIGHT_SIGNS, WRONG_SIGNS)
    )
    wgs = "EPSG:4326"
    return pyproj.Transformer.from_crs(right, wgs, always_xy=True), pyproj.Transformer.from_crs(
        wgs, wrong, always_xy=True
    )
