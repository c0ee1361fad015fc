"""Polygonal parts of anything: what is left when lines and points are dropped from the result of an overlay.

Goes in: an array of shapely geometries (None and empty allowed). Comes out: their single polygons with the index of the
geometry that each came from, or one MultiPolygon each. Points and lines have no area and are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import shapely

Geometries = Union[Sequence[Any], np.ndarray]
POLYGON = 3
EMPTY = shapely.MultiPolygon()


def singles(geometries: Geometries) -> tuple[np.ndarray, np.ndarray]:
    """(polygons, source): every polygon in ``geometries``, valid or not, and the index of the one it came from."""
    polygons, source = shapely.get_parts(np.asarray(geometries, dtype=object), return_index=True)
    while np.any(nested := shapely.get_type_id(polygons) > POLYGON):
        inner, origin = shapely.get_parts(polygons[nested], return_index=True)
        polygons = np.concatenate([polygons[~nested], inner])
        source = np.concatenate([source[~nested], source[nested][origin]])
    keep = shapely.get_type_id(polygons) == POLYGON
    polygons, source = polygons[keep], source[keep]
    order = np.argsort(source, kind="stable")
    return polygons[order], source[order]


def parts(geometries: Geometries) -> tuple[np.ndarray, np.ndarray]:
    """(polygons, source): as :func:`singles`, but only what has an area."""
    polygons, source = singles(geometries)
    keep = shapely.area(polygons) > 0
    return polygons[keep], source[keep]


def gather(polygons: np.ndarray, group: np.ndarray, count: int) -> np.ndarray:
    """One MultiPolygon for each group 0 to ``count`` - 1, its parts being the ``polygons`` of that group."""
    made = np.full(count, EMPTY, dtype=object)
    if len(polygons):
        order = np.argsort(group, kind="stable")
        shapely.multipolygons(polygons[order], indices=group[order], out=made)
    return made


def polygonal(geometries: Geometries) -> np.ndarray:
    """Each geometry's polygonal part as a Polygon where it is one, else as a MultiPolygon (empty if it has no area)."""
    array = np.asarray(geometries, dtype=object)
    fine = shapely.get_type_id(array) == POLYGON
    if fine.all():
        return array
    rest = array[~fine]
    polygons, source = parts(rest)
    collected = gather(polygons, source, len(rest))
    single = np.bincount(source, minlength=len(rest)) == 1
    collected[single] = shapely.get_geometry(collected[single], 0)
    made = array.copy()
    made[~fine] = collected
    return made
