"""Two layers brought into one plane in metres, so that their borders can be compared: each read in its own way.

Goes in: the shapes of a layer with the reading that is believed of them, and a neighbour with its CRS. Comes out: both in the TM-3 zone
of the neighbour's place, or in the neighbour's own CRS where that is projected in metres.
"""

from __future__ import annotations

import numpy as np
import pyproj
import shapely

from .candidates import Candidate


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
