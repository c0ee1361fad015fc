"""Edges of neighbours that run along each other without having the same vertices: mismatches
without area.

Where a zone has a vertex that its neighbour lacks, nothing overlaps and nothing is open, so there
is no finding; but the next person who moves that vertex opens a gap. Goes in: the suspect edges of
edges.py, among which all such edges are, in whole grid steps of 1 mm. Comes out: each stretch on
which an edge of one zone runs along an edge of another that lies on the other side of it, unless
the two have the same ends. Rounding moves two ends of a line apart by up to 1.42 steps, so two
edges run along each other where they are at most :data:`REACH_STEPS` apart over more than
:data:`LEAST_STEPS`; what is further apart has an area and is an overlap or a gap. Time goes with
the number of suspect edges, which are looked at in strips from west to east so that memory stays
bounded. Raises Cancelled when asked to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from ..progress import Progress
from .edges import GRID_M, Edges
from .threads import in_order

REACH_STEPS = 1.5
LEAST_STEPS = 2.0
STRIP = 100_000
"""Edges looked at together."""


@dataclass(frozen=True)
class Unmatched:
    """Stretches ordered by zones: ``a`` < ``b`` are the polygons' indices, ``lines`` (in metres)
    lie on an edge of a.

    ``edge_count``: how many edges take part, each counted once.
    """

    a: np.ndarray
    b: np.ndarray
    lines: np.ndarray
    edge_count: int

    @property
    def length_m(self) -> float:
        """How long they are together; a place where more than two zones meet counts once for each
        pair.
        """
        return float(shapely.length(self.lines).sum())


def unmatched_edges(suspects: Edges, progress: Progress, threads: int = 2) -> Unmatched:
    """Return the stretches; see the module's paragraph."""
    found = [np.zeros((0, 4))]
    for stretches in in_order(lambda strip: _along(suspects, *strip), _strips(suspects), threads, progress):
        found.append(stretches)
        progress.checkpoint()
    edge, other, begin, stop = np.concatenate(found).T
    edge, other = edge.astype(int), other.astype(int)
    order = np.lexsort((other, edge))
    edge, other, begin, stop = edge[order], other[order], begin[order], stop[order]
    start = suspects.start[edge]
    way = suspects.end[edge] - start
    way = way / np.linalg.norm(way, axis=1)[:, None]
    ends = np.stack([start + way * begin[:, None], start + way * stop[:, None]], axis=1)
    lines = np.asarray(shapely.linestrings(ends * GRID_M + suspects.origin), dtype=object)
    by_zones = np.lexsort((edge, suspects.owner[other], suspects.owner[edge]))
    return Unmatched(
        suspects.owner[edge][by_zones],
        suspects.owner[other][by_zones],
        lines[by_zones],
        len(np.unique(np.concatenate([edge, other]))),
    )


def _strips(suspects: Edges) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(edges that begin in the strip, edges that begin west of it and reach into it), by their
    western ends.
    """
    long = np.flatnonzero(np.abs(suspects.end - suspects.start).max(axis=1) > LEAST_STEPS / 2.0)
    west = np.minimum(suspects.start[long, 0], suspects.end[long, 0])
    long = long[np.argsort(west, kind="stable")]
    reaching = long[:0]
    for first in range(0, len(long), STRIP):
        own = long[first : first + STRIP]
        begin = min(suspects.start[own[0], 0], suspects.end[own[0], 0]) - REACH_STEPS
        east = np.maximum(suspects.start[reaching, 0], suspects.end[reaching, 0])
        reaching = reaching[east >= begin]
        yield own, reaching
        reaching = np.concatenate([reaching, own])


def _along(edges: Edges, own: np.ndarray, reaching: np.ndarray) -> np.ndarray:
    """Rows (edge, other, begin, stop): where ``other`` runs along ``edge``, in steps from the start
    of ``edge``.
    """
    all_of = np.concatenate([own, reaching])
    ends = np.stack([edges.start[all_of], edges.end[all_of]], axis=1)
    low, high = ends.min(axis=1) - REACH_STEPS, ends.max(axis=1) + REACH_STEPS
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    i, j = shapely.STRtree(boxes).query(boxes[: len(own)])
    once = j > i  # within the strip every pair is met twice; what reaches into it stands behind
    one, two = all_of[i[once]], all_of[j[once]]
    apart = edges.owner[one] != edges.owner[two]
    one, two = one[apart], two[apart]
    swap = edges.owner[one] > edges.owner[two]
    return _stretches(edges, np.where(swap, two, one), np.where(swap, one, two))


def _stretches(edges: Edges, edge: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of the pairs (edge, other) those that run along each other in opposite directions and differ
    in an end.
    """
    start = edges.start[edge]
    way = (edges.end[edge] - start).astype(float)
    length = np.linalg.norm(way, axis=1)
    way /= length[:, None]
    first, last = edges.end[other] - start, edges.start[other] - start
    same = (np.abs(first) <= 1).all(axis=1) & (np.abs(edges.start[other] - edges.end[edge]) <= 1).all(axis=1)
    from_, to = (first * way).sum(axis=1), (last * way).sum(axis=1)
    begin, stop = np.maximum(from_, 0.0), np.minimum(to, length)
    along = np.flatnonzero((stop - begin > LEAST_STEPS) & ~same)
    edge, other, begin, stop = edge[along], other[along], begin[along], stop[along]
    way, from_, to = way[along], from_[along], to[along]
    aside = [way[:, 0] * place[along, 1] - way[:, 1] * place[along, 0] for place in (first, last)]
    slope = (aside[1] - aside[0]) / (to - from_)
    close = np.maximum(*(np.abs(aside[0] + slope * (at - from_)) for at in (begin, stop))) <= REACH_STEPS
    return np.column_stack([edge, other, begin, stop])[close]
