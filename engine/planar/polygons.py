"""Polygonal parts of anything: what is left when lines and points are dropped from the result of an
overlay.

Goes in: an array of shapely geometries (None and empty allowed). Comes out: their single polygons
with the index of the geometry that each came from, or one MultiPolygon each. Points and lines have
no area and are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import shapely

Geometries = Union[Sequence[Any], np.ndarray]
POLYGON, MULTIPOLYGON = 3, 6
EMPTY = shapely.MultiPolygon()


def writable(geometries: Geometries) -> np.ndarray:
    """Return an array of its own with the geometries, for ``get_parts`` and ``get_rings``.

    Before shapely 2.1 these refuse a read-only array, and shapely makes any array read-only
    while another thread works on it.
    """
    return np.array(geometries, dtype=object)


def singles(geometries: Geometries) -> tuple[np.ndarray, np.ndarray]:
    """Return (polygons, source): every polygon in ``geometries``, valid or not, and the index of
    the one it came from.
    """
    polygons, source = shapely.get_parts(writable(geometries), return_index=True)
    while np.any(nested := shapely.get_type_id(polygons) > POLYGON):
        inner, origin = shapely.get_parts(polygons[nested], return_index=True)
        polygons = np.concatenate([polygons[~nested], inner])
        source = np.concatenate([source[~nested], source[nested][origin]])
    keep = shapely.get_type_id(polygons) == POLYGON
    polygons, source = polygons[keep], source[keep]
    order = np.argsort(source, kind="stable")
    return polygons[order], source[order]


def parts(geometries: Geometries) -> tuple[np.ndarray, np.ndarray]:
    """Return (polygons, source): as :func:`singles`, but only what has an area."""
    polygons, source = singles(geometries)
    keep = shapely.area(polygons) > 0
    return polygons[keep], source[keep]


def gather(polygons: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """Return one MultiPolygon for each group 0 to ``count`` - 1, its parts being the ``polygons``
    of that group.
    """
    made = np.full(count, EMPTY, dtype=object)
    if len(polygons):
        order = np.argsort(group, kind="stable")
        shapely.multipolygons(polygons[order], indices=group[order], out=made)
    return made


def polygonal(geometries: Geometries) -> np.ndarray:
    """Return each geometry's polygonal part as a Polygon where it is one, else as a MultiPolygon
    (empty if it has no area).
    """
    made = unwrapped(np.asarray(geometries, dtype=object))
    rest = np.flatnonzero(shapely.get_type_id(made) != POLYGON)
    if len(rest) == 0:
        return made
    polygons, source = parts(made[rest])
    collected = gather(polygons, source, len(rest))
    single = np.bincount(source, minlength=len(rest)) == 1
    collected[single] = shapely.get_geometry(collected[single], 0)
    made = made.copy()
    made[rest] = collected
    return made


def unwrapped(array: np.ndarray) -> np.ndarray:
    """MultiPolygons of a single part as that part, as files that know no polygons hold them; the
    rest as it is.
    """
    single = np.flatnonzero((shapely.get_type_id(array) == MULTIPOLYGON) & (shapely.get_num_geometries(array) == 1))
    if len(single) == 0:
        return array
    inner = shapely.get_geometry(array[single], 0)
    solid = shapely.area(inner) > 0
    made = array.copy()
    made[single[solid]] = inner[solid]
    return made
