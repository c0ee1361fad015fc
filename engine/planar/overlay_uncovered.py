"""What of a lower plan lies where the upper plan says nothing, without uniting the upper plan.

Whether ground is covered by the upper plan changes only across a suspect edge of it (edges.py): one
that no neighbour draws in the other direction. So a lower zone that no suspect edge comes near is
covered as a whole or not at all, and a single point inside decides which; only the others are cut,
and only by the upper zones around them. Valid polygons of both plans (one projected CRS in metres)
and the pairs whose boxes meet go in; the lower zones with uncovered ground, and that ground, come
out. Gaps of the upper plan narrower than the grid of the edges (1 mm) are not looked for.
"""

from __future__ import annotations

import numpy as np
import shapely

from ..progress import Progress
from .depth import deep_points
from .edges import GRID_M, Edges
from .overlay import PAIRS_AT_ONCE, THREADS, ZONES_AT_ONCE, ZonePairs, minus
from .threads import in_order

REACH_M = 2 * GRID_M


def uncovered(
    lower: np.ndarray, edges: Edges, upper: np.ndarray, near: ZonePairs, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Return (which, rest): the lower zones of which the upper plan leaves ground, in order, and
    that ground.

    ``edges``: the suspect edges of ``upper``.
    """
    cut = _near_an_open_edge(lower, edges, progress.part(0.0, 0.4))
    whole = np.flatnonzero(~cut & ~_covered_inside(lower, upper, near.where(~cut[near.i]), progress.part(0.4, 0.6)))
    which, rest = minus(lower, upper, near.where(cut[near.i]), progress.part(0.6, 1.0))
    alone = np.setdiff1d(np.flatnonzero(cut), which)
    which = np.concatenate([which, whole, alone])
    rest = np.concatenate([rest, lower[whole], lower[alone]])
    some = np.flatnonzero(shapely.area(rest) > 0)
    some = some[np.argsort(which[some], kind="stable")]
    return which[some], rest[some]


def _near_an_open_edge(lower: np.ndarray, edges: Edges, progress: Progress) -> np.ndarray:
    """Return whether each lower zone comes near a suspect edge of the upper plan."""
    touched = np.zeros(len(lower), dtype=bool)
    tree = shapely.STRtree(edges.lines())
    starts = range(0, len(lower), ZONES_AT_ONCE)

    def near(start: int) -> np.ndarray:
        zone, _ = tree.query(lower[start : start + ZONES_AT_ONCE], predicate="dwithin", distance=REACH_M)
        return start + np.unique(zone)

    for step, found in enumerate(in_order(near, starts, THREADS, progress)):
        touched[found] = True
        progress.step(step / len(starts))
    return touched


def _covered_inside(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> np.ndarray:
    """Return whether a point well inside each lower zone of the pairs lies in an upper one.

    Or as near to one as edges of neighbours that count as one line may be apart: nothing open
    begins there.
    """
    asked = np.unique(pairs.i)
    points = np.full(len(lower), None, dtype=object)
    points[asked] = deep_points(lower[asked])
    covered = np.zeros(len(lower), dtype=bool)

    def in_upper(some: slice) -> np.ndarray:
        i, zones = pairs.i[some], upper[pairs.j[some]]
        shapely.prepare(zones)
        found = shapely.dwithin(zones, points[i], REACH_M)
        shapely.destroy_prepared(zones)
        return i[found]

    for found in in_order(in_upper, _whole_zones(pairs), THREADS, progress):
        covered[found] = True
    return covered


def _whole_zones(pairs: ZonePairs) -> list[slice]:
    """Stretches of at least PAIRS_AT_ONCE pairs that divide no upper zone: a prepared one serves
    one thread.
    """
    starts, _ = pairs.upper_zones()
    made, begin = [], 0
    for start in starts[1:].tolist():
        if start - begin >= PAIRS_AT_ONCE:
            made.append(slice(begin, start))
            begin = start
    return [*made, slice(begin, len(pairs))]
