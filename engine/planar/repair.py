"""Make invalid polygons valid for a check, with the reason and the place; the user's layer is never
touched.

Polygons, MultiPolygons and collections go in (projected CRS in metres); the same number comes out,
valid and polygonal, with one :class:`InvalidPolygon` for each that was invalid. Vertices that are
no numbers and rings of fewer than three vertices are dropped first, as are vertices farther than
FARTHEST_M. Then ``make_valid`` by linework keeps every vertex and reads the rings as a map shows
them, even-odd: CAD exports write zones as holes of a shell that is a mere point. Where GEOS raises,
each ring is made valid by itself, then method "structure" and a buffer of 0 are tried. Parts of a
MultiPolygon that lie over each other are united. A zone of which nothing is left comes out empty,
and its defect says so.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass

import numpy as np
import shapely

from ..progress import Progress
from .polygons import EMPTY, polygonal, singles
from .threads import in_order

FARTHEST_M = 1e8
"""The earth is 4e7 m round, and no CRS puts a place so far out; a vertex there is garbage, whose
area would drown all others.
"""
TESTED_AT_ONCE, THREADS = 5000, 2
NOWHERE = "Invalid Coordinate"
PLACE = re.compile(r"\[(\S+) (\S+)\]")


@dataclass(frozen=True)
class InvalidPolygon:
    """Zone ``index`` was invalid: GEOS's ``reason``, the ``x``, ``y`` it names, and what the repair
    did to the area.

    ``area_before_m2`` is what its rings say, shells less holes, and may be 0 or negative where they
    are wrong.
    """

    index: int
    reason: str
    x: float
    y: float
    area_before_m2: float
    area_after_m2: float


def repair(polygons: np.ndarray, progress: Progress | None = None) -> tuple[np.ndarray, list[InvalidPolygon]]:
    """(valid polygons, defects). None stays None, empty stays empty, valid stays the very same
    object.
    """
    repaired = np.array(polygons, dtype=object)
    defects = []
    progress = progress or Progress()
    present = ~shapely.is_missing(repaired)
    lost = present & _has_vertices_nowhere(repaired)
    for index in np.flatnonzero(present & (lost | ~_is_valid(repaired, progress))):
        progress.checkpoint()
        original = repaired[index]
        reason = NOWHERE if lost[index] else str(shapely.is_valid_reason(original))
        made = repaired[index] = _valid(original)
        x, y = _place(reason, original)
        reason = PLACE.sub("", reason).strip()
        defects.append(
            InvalidPolygon(int(index), reason, x, y, 0.0 if lost[index] else _area(original), float(shapely.area(made)))
        )
    return repaired, defects


def _is_valid(polygons: np.ndarray, progress: Progress) -> np.ndarray:
    chunks = [polygons[start : start + TESTED_AT_ONCE] for start in range(0, len(polygons), TESTED_AT_ONCE)]
    valid = [np.zeros(0, dtype=bool)]
    for done in in_order(shapely.is_valid, chunks, THREADS, progress):
        valid.append(done)
        progress.step(len(valid) / (len(chunks) + 1))
    return np.concatenate(valid)


def _valid(polygon: shapely.Geometry) -> shapely.Geometry:
    """Return the ground of all parts, each made valid by itself."""
    made = [_valid_part(part) for part in singles([polygon])[0]]
    if len(made) < 2:
        return polygonal(made)[0] if made else EMPTY
    return polygonal([shapely.union_all(polygonal(made))])[0]


def _valid_part(part: shapely.Polygon) -> shapely.Geometry:
    rings = [_sound(ring) for ring in (part.exterior, *part.interiors)]
    holes = [ring for ring in rings[1:] if ring is not None]
    if rings[0] is not None:
        drawn: shapely.Geometry = shapely.Polygon(rings[0], holes)
    else:
        drawn = shapely.MultiPolygon([shapely.Polygon(ring) for ring in holes])
    for way in (shapely.make_valid, _ring_by_ring, _by_structure, _by_buffer):
        try:
            made = polygonal([way(drawn)])[0]
        except (shapely.errors.GEOSException, TypeError):
            continue  # GEOS cannot node the linework of some real polygons; shapely 2.0 knows no method "structure"
        if shapely.is_valid(made):
            return made
    return EMPTY


def _ring_by_ring(polygon: shapely.Geometry) -> shapely.Geometry:
    """Return what lies in an odd number of rings, each made valid by itself."""
    rings = [ring for part in singles([polygon])[0] for ring in (part.exterior, *part.interiors)]
    return functools.reduce(shapely.symmetric_difference, [shapely.make_valid(shapely.Polygon(ring)) for ring in rings])


def _by_structure(polygon: shapely.Geometry) -> shapely.Geometry:
    return shapely.make_valid(polygon, method="structure", keep_collapsed=False)


def _by_buffer(polygon: shapely.Geometry) -> shapely.Geometry:
    return shapely.buffer(polygon, 0)


def _sound(ring: shapely.LinearRing) -> np.ndarray | None:
    """Return the vertices of a ring that are numbers; None if fewer than three places are left."""
    kept = _somewhere(ring)
    return kept if len(np.unique(kept, axis=0)) >= 3 else None


def _place(reason: str, polygon: shapely.Geometry) -> tuple[float, float]:
    """Return where GEOS says that it is invalid, else its first vertex; not a number where no
    vertex is one.
    """
    found = PLACE.search(reason)
    if found:
        x, y = float(found.group(1)), float(found.group(2))
        if math.isfinite(x) and math.isfinite(y):
            return x, y
    kept = _somewhere(polygon)
    x, y = kept[0] if len(kept) else (math.nan, math.nan)
    return float(x), float(y)


def _has_vertices_nowhere(polygons: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return (np.abs(shapely.bounds(polygons)) > FARTHEST_M).any(axis=1)


def _somewhere(geometry: shapely.Geometry) -> np.ndarray:
    """Return the vertices that are numbers, and places on this earth."""
    places = shapely.get_coordinates(geometry)
    return places[(np.abs(places) <= FARTHEST_M).all(axis=1)]


def _area(polygon: shapely.Geometry) -> float:
    with np.errstate(invalid="ignore"):
        area = float(shapely.area(polygon))
    return area if math.isfinite(area) else 0.0
