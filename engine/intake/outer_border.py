"""Points on the outer border of a layer: the line along which it meets its neighbours, and which an
outline can be held against.

Goes in: the polygons of a layer, in metres or in another unit whose length the caller states. Comes
out: edges that no second zone shares, and points at random places along them, from a fixed seed, so
that the layer's own regularity cannot fall in step with theirs and a second run says the same. A
sliver between two zones is no outer border: a point counts where the layer lies on one of its sides
only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ..planar.edges import GRID_M, suspect_edges
from ..planar.polygons import polygonal
from ..planar.repair import repair
from ..progress import Progress

SEED = 20251101
LEAST_M = 0.5
"""No two points need be nearer along the border."""
TRIED, MOST_TRIED = 4, 120_000
"""So many times as many points are tried as are wanted, because some of them lie along slivers;
more where most of them do.
"""
SIDE_M = 20.0
"""A gap or an overlap narrower than this between two zones is theirs, and no border of the
layer.
"""


@dataclass(frozen=True)
class SampledOutline:
    """Points on borders with the unit direction of the border there."""

    places: np.ndarray
    directions: np.ndarray

    def some(self, count: int) -> SampledOutline:
        """At most ``count`` of them, at random."""
        if len(self.places) <= count:
            return self
        chosen = np.sort(np.random.default_rng(SEED).choice(len(self.places), count, replace=False))
        return self.chosen(chosen)

    def chosen(self, which: np.ndarray) -> SampledOutline:
        """Return those of the points."""
        return SampledOutline(self.places[which], self.directions[which])


def zones_with_area(shapes: np.ndarray) -> np.ndarray:
    """Return the polygons with area among ``shapes``, repaired."""
    shapes = np.asarray(shapes, dtype=object)
    polygons = polygonal(repair(shapely.force_2d(shapes[shapely.is_geometry(shapes)]))[0])
    found: np.ndarray = polygons[shapely.area(polygons) > 0] if len(polygons) else polygons
    return found


def unshared_edges(zones: np.ndarray, unit_m: float = 1.0) -> np.ndarray:
    """Return the edges that no second zone shares, as segments (n, 2, 2); ``unit_m``: metres in a
    unit of the coordinates.
    """
    if not len(zones):
        return np.zeros((0, 2, 2))
    scaled = zones if unit_m == 1.0 else shapely.transform(zones, lambda places: places * unit_m)
    edges = suspect_edges(scaled, Progress())
    found: np.ndarray = (np.stack([edges.start, edges.end], axis=1) * GRID_M + edges.origin) / unit_m
    return found


def points_along(segments: np.ndarray, count: int, least_m: float = LEAST_M) -> SampledOutline:
    """About ``count`` points along the segments, one at random on each stretch of like length,
    ``least_m`` or longer.
    """
    vectors = segments[:, 1] - segments[:, 0]
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])
    kept = lengths > 0
    segments, vectors, lengths = segments[kept], vectors[kept], lengths[kept]
    if not len(lengths):
        return SampledOutline(np.zeros((0, 2)), np.zeros((0, 2)))
    ends = np.cumsum(lengths)
    stretch = max(ends[-1] / count, least_m)
    stretches = np.arange(max(1, round(ends[-1] / stretch)))
    at = np.minimum((stretches + np.random.default_rng(SEED).random(len(stretches))) * stretch, ends[-1])
    index = np.minimum(np.searchsorted(ends, at), len(ends) - 1)
    along = (at - (ends[index] - lengths[index])) / lengths[index]
    places = segments[index, 0] + along[:, None] * vectors[index]
    return SampledOutline(places, vectors[index] / lengths[index][:, None])


def outer_border(zones: np.ndarray, count: int, unit_m: float = 1.0) -> SampledOutline:
    """At most ``count`` points on the outer border of ``zones``; along all unshared edges where no
    outer side is found.
    """
    edges = unshared_edges(zones, unit_m)
    return outer_points(edges, zones, count, unit_m).some(count)


def outer_points(edges: np.ndarray, zones: np.ndarray, count: int, unit_m: float = 1.0) -> SampledOutline:
    """Points along those of the ``edges`` of ``zones`` that have the layer on one side only:
    ``count`` or more where they are long enough.
    """
    tried = TRIED * count
    while True:
        border = points_along(edges, tried, LEAST_M / unit_m)
        outer = border.chosen(on_one_side(border, zones, SIDE_M / unit_m))
        found = len(outer.places)
        if found >= count or len(border.places) < tried or tried >= MOST_TRIED:
            return outer if found else border
        tried = min(MOST_TRIED, 2 * tried * count // max(found, 1))


def on_one_side(border: SampledOutline, zones: np.ndarray, side: float) -> np.ndarray:
    """Return which points have a zone at a distance of ``side`` to the one side of the border, and
    none about there to the other.
    """
    across = np.column_stack([-border.directions[:, 1], border.directions[:, 0]]) * side
    tree = shapely.STRtree(zones)
    covered, near = [], []
    for places in (border.places + across, border.places - across):
        points = shapely.points(places)
        covered.append(_among(tree.query(points, predicate="intersects")[0], len(points)))
        near.append(_among(tree.query(points, predicate="dwithin", distance=side / 2.0)[0], len(points)))
    found: np.ndarray = (covered[0] & ~near[1]) | (covered[1] & ~near[0])
    return found


def _among(found: np.ndarray, count: int) -> np.ndarray:
    which = np.zeros(count, dtype=bool)
    which[found] = True
    return which
