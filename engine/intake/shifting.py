"""Two layers brought into one plane in metres, so that their borders can be compared; and what a
constant offset may come from.

Goes in: the shapes of a layer with the reading that is believed of them, and a neighbour with its
CRS. Comes out: both in the TM-3 zone of the neighbour's place, or in the neighbour's own CRS where
that is projected in metres.
"""

from __future__ import annotations

import numpy as np
import pyproj
import shapely

from .candidates import Candidate, candidates

DIRECTIONS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
SAME_OFFSET_SHARE, SAME_OFFSET_M = 0.03, 0.15


def compass(east: float, north: float) -> str:
    """Return the direction of a vector as one of eight words: n, ne, e …"""
    return DIRECTIONS[int(np.rint(np.degrees(np.arctan2(east, north)) / 45.0)) % 8]


def reading_of_offset(
    place: np.ndarray, labelled: pyproj.CRS, plane: pyproj.CRS, offset_m: np.ndarray, unsure_m: float = 0.0
) -> Candidate | None:
    """Return the CRS that would move ``place`` (1, 2), in coordinates of the file, by ``offset_m``:
    the layer was labelled wrongly.

    The nearest one counts, and only if it agrees to 3 % or to what is unsure, at least 15 cm; None
    where no datum explains it.
    """
    stands = _transform(labelled, plane, place)
    best, least_m = None, max(SAME_OFFSET_M, SAME_OFFSET_SHARE * float(np.hypot(*offset_m)), unsure_m)
    to_plane = pyproj.Transformer.from_crs(_DEGREES, plane, always_xy=True)
    for candidate in candidates(place, labelled)[1:]:
        degrees = candidate.degrees(place)
        moved = np.column_stack(to_plane.transform(degrees[:, 0], degrees[:, 1])) - stands
        away_m = float(np.hypot(*(moved[0] - offset_m)))
        if away_m < least_m:
            best, least_m = candidate, away_m
    return best


def in_one_plane(
    shapes: np.ndarray, reading: Candidate, neighbour: np.ndarray, crs: pyproj.CRS
) -> tuple[np.ndarray, np.ndarray]:
    """(layer, neighbour) in metres."""
    theirs = shapely.force_2d(np.asarray(neighbour, dtype=object))
    plane = crs
    if not crs.is_projected:
        longitude, latitude = _middle(theirs)
        words = f"+proj=tmerc +lat_0={latitude} +lon_0={longitude} +ellps=WGS84 +units=m +no_defs"
        plane = pyproj.CRS.from_proj4(words)
        theirs = _moved(theirs, lambda places: _transform(crs, plane, places))
    ours = shapely.force_2d(np.asarray(shapes, dtype=object))
    return _moved(ours, lambda places: _transform(_DEGREES, plane, reading.degrees(places))), theirs


_DEGREES = pyproj.CRS.from_epsg(4326)


def _transform(source: pyproj.CRS, target: pyproj.CRS, places: np.ndarray) -> np.ndarray:
    operation = pyproj.Transformer.from_crs(source, target, always_xy=True)
    return np.column_stack(operation.transform(places[:, 0], places[:, 1]))


def _moved(shapes: np.ndarray, move: object) -> np.ndarray:
    places = shapely.get_coordinates(shapes)
    return np.asarray(shapely.set_coordinates(shapes.copy(), move(places)), dtype=object)  # type: ignore[operator]


def _middle(shapes: np.ndarray) -> tuple[float, float]:
    longitude, latitude = np.median(shapely.get_coordinates(shapes), axis=0)
    return float(longitude), float(latitude)
