"""Invalid polygons made valid for a check, with the reason and the place; the user's layer is never touched.

Polygons and MultiPolygons go in (projected CRS in metres); the same number comes out, valid and polygonal, with one
:class:`Defect` for each that was invalid. ``make_valid`` by linework keeps every vertex; where it raises, as it does on
real data, rings collapsed to a point or line are left out, else method "structure" is the last resort. Not-a-number and
infinite coordinates are dropped first. A zone of which nothing is left comes out empty, and its defect says so.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import shapely

from .polygons import EMPTY, polygonal

PLACE = re.compile(r"\[(\S+) (\S+)\]")


@dataclass(frozen=True)
class Defect:
    """Zone ``index`` was invalid: GEOS's ``reason``, the ``x``, ``y`` it names, and what the repair did to the area."""

    index: int
    reason: str
    x: float
    y: float
    area_before_m2: float
    area_after_m2: float


def repair(polygons: np.ndarray) -> tuple[np.ndarray, list[Defect]]:
    """(valid polygons, defects). None stays None, empty stays empty, valid stays the very same object."""
    repaired = np.array(polygons, dtype=object)
    defects = []
    present = ~shapely.is_missing(repaired)
    for index in np.flatnonzero(present & ~shapely.is_valid(repaired)):
        original = repaired[index]
        reason = str(shapely.is_valid_reason(original))
        made = polygonal([_valid(_finite(original))])[0]
        repaired[index] = made
        x, y = _place(reason, original)
        defects.append(
            Defect(int(index), PLACE.sub("", reason).strip(), x, y, _area(original), float(shapely.area(made)))
        )
    return repaired, defects


def _valid(polygon: shapely.Geometry) -> shapely.Geometry:
    if shapely.is_empty(polygon):
        return EMPTY
    if shapely.is_valid(polygon):
        return polygon
    try:
        return shapely.make_valid(polygon)
    except shapely.errors.GEOSException:
        # Row 225 of a real detailed plan: shell and one hole are single points, so GEOS fails to node the linework; the
        # outline proper stands as a hole, so that "structure" would leave nothing of a zone of 4.4 ha.
        rings = _without_collapsed_rings(polygon)
    try:
        return shapely.make_valid(rings)
    except shapely.errors.GEOSException:
        return shapely.make_valid(polygon, method="structure", keep_collapsed=False)


def _without_collapsed_rings(polygon: shapely.Geometry) -> shapely.Geometry:
    """The rings that enclose something; the linework decides what is inside, so any of them may be the shell."""
    made = []
    for part in shapely.get_parts(polygon):
        rings = [ring for ring in (part.exterior, *part.interiors) if _finite_ring(ring) is not None]
        if rings:
            made.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.MultiPolygon(made) if len(made) != 1 else made[0]


def _finite(polygon: shapely.Geometry) -> shapely.Geometry:
    """The polygon without its non-finite vertices; a ring of fewer than three others disappears."""
    if np.isfinite(shapely.get_coordinates(polygon)).all():
        return polygon
    made = []
    for part in shapely.get_parts(polygon):
        rings = [_finite_ring(ring) for ring in (part.exterior, *part.interiors)]
        if rings[0] is not None:
            made.append(shapely.Polygon(rings[0], [hole for hole in rings[1:] if hole is not None]))
    return shapely.MultiPolygon(made)


def _finite_ring(ring: shapely.LinearRing) -> np.ndarray | None:
    coordinates = shapely.get_coordinates(ring)
    kept = coordinates[np.isfinite(coordinates).all(axis=1)]
    return kept if len(np.unique(kept, axis=0)) >= 3 else None


def _place(reason: str, polygon: shapely.Geometry) -> tuple[float, float]:
    found = PLACE.search(reason)
    if found:
        x, y = float(found.group(1)), float(found.group(2))
        if math.isfinite(x) and math.isfinite(y):
            return x, y
    coordinates = shapely.get_coordinates(polygon)
    finite = coordinates[np.isfinite(coordinates).all(axis=1)]
    x, y = finite[0] if len(finite) else (0.0, 0.0)
    return float(x), float(y)


def _area(polygon: shapely.Geometry) -> float:
    area = float(shapely.area(polygon))
    return area if math.isfinite(area) else 0.0
