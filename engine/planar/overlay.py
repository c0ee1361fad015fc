"""What the zones of two plans share, for a chosen part of the pairs: verdict first, geometry after.

Polygons of two plans (valid, one projected CRS in metres) and pairs of their indexes go in; what
each pair shares comes out, in the original coordinates. A zone that lies wholly in another is taken
as it is; only the rest is clipped, on a few threads. A zone of 100,000 vertices that meets
thousands of others is first cut into windows, each a little larger than the zones that are compared
with it, so that no clip looks at more than a window and no result is cut apart. Raises Cancelled
between two chunks when the person asked to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from ..progress import Progress
from .polygons import EMPTY
from .threads import in_order

THREADS = 2
PAIRS_AT_ONCE = 1000
ZONES_AT_ONCE = 5000
MINUS_AT_ONCE = 500
LARGE_VERTICES = 2000
"""Above so many a zone is cut into windows."""
FEW_PAIRS = 8
WORTH_CUTTING = 0.9
MARGIN_M = 1.0


@dataclass(frozen=True)
class ZonePairs:
    """Indexes into the polygons of the lower (``i``) and the upper (``j``) plan, ordered by ``j``,
    then ``i``.
    """

    i: np.ndarray
    j: np.ndarray

    def __len__(self) -> int:
        return len(self.i)

    def where(self, chosen: np.ndarray) -> ZonePairs:
        """Return the pairs that a mask, or numbers in their order, choose."""
        return ZonePairs(self.i[chosen], self.j[chosen])

    def upper_zones(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (starts, ends) of the runs of pairs with the same upper zone."""
        if len(self) == 0:
            return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
        starts = np.flatnonzero(np.r_[True, self.j[1:] != self.j[:-1]])
        return starts, np.r_[starts[1:], len(self)]


def near_pairs(lower: np.ndarray, upper: np.ndarray, progress: Progress) -> ZonePairs:
    """Return every pair whose boxes meet."""
    tree = shapely.STRtree(upper)
    found = [np.zeros((2, 0), dtype=np.int64)]
    for start in range(0, len(lower), ZONES_AT_ONCE):
        progress.checkpoint()
        progress.step(start / len(lower))
        some = tree.query(lower[start : start + ZONES_AT_ONCE])
        some[0] += start
        found.append(some)
    i, j = np.concatenate(found, axis=1)
    order = np.lexsort((i, j))
    return ZonePairs(i[order], j[order])


def meet_anywhere(lower: np.ndarray, upper: np.ndarray, near: ZonePairs, progress: Progress) -> bool:
    """Return whether any of the pairs has a point in common."""
    for start in range(0, len(near), PAIRS_AT_ONCE):
        progress.checkpoint()
        some = slice(start, start + PAIRS_AT_ONCE)
        if shapely.intersects(lower[near.i[some]], upper[near.j[some]]).any():
            return True
    return False


def shared(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> np.ndarray:
    """Return what each pair shares: the lower zone itself where it lies wholly inside, else the
    clip (empty if they are apart).
    """
    return _gathered(_shared_of, lower, upper, pairs, np.full(len(pairs), EMPTY, dtype=object), progress)


def shared_areas(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> np.ndarray:
    """Return the area in m² of what each pair shares; the pieces themselves are not kept."""

    def areas_of(task: OverlayTask) -> tuple[np.ndarray, np.ndarray]:
        which, found = _shared_of(task)
        return which, shapely.area(found)

    return _gathered(areas_of, lower, upper, pairs, np.zeros(len(pairs)), progress)


def clips(polygons: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Return what ``polygons[i]`` shares with ``polygons[j]``, pair by pair; the larger one is
    asked in windows where it is large.
    """
    vertices = shapely.get_num_coordinates(polygons)
    whole = np.where(vertices[i] > vertices[j], i, j)
    part = np.where(whole == i, j, i)
    large = vertices[whole] > LARGE_VERTICES
    made = np.full(len(i), EMPTY, dtype=object)
    made[~large] = shapely.intersection(polygons[i[~large]], polygons[j[~large]])
    rest = np.flatnonzero(large)
    rest = rest[np.argsort(whole[rest], kind="stable")]
    pairs = ZonePairs(part[rest], whole[rest])
    for start, end in zip(*pairs.upper_zones()):
        some = slice(start, end)
        bounds = shapely.bounds(polygons[pairs.i[some]])
        for window, which in _windows(polygons[pairs.j[start]], bounds, np.arange(start, end), Progress()):
            made[rest[which]] = shapely.intersection(polygons[pairs.i[which]], window)
    return made


def inside(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> np.ndarray:
    """Return whether the lower zone of each pair lies wholly in the upper one, without touching its
    outline.
    """

    def answer(task: OverlayTask) -> tuple[np.ndarray, np.ndarray]:
        shapely.prepare(task.upper)
        found = shapely.contains_properly(task.upper, task.lower)
        shapely.destroy_prepared(task.upper)
        return task.which, found

    return _gathered(answer, lower, upper, pairs, np.zeros(len(pairs), dtype=bool), progress)


def minus(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Return (which, rest): each lower zone of the pairs, and what all of its upper zones together
    leave of it (may be empty).
    """
    near = _near_zones(lower, upper, pairs, progress)
    order = np.argsort(pairs.i, kind="stable")
    which, first, count = np.unique(pairs.i[order], return_index=True, return_counts=True)
    rest = lower[which]

    def rest_of(some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        left = rest[some]
        for turn in range(int(count[some].max())):
            open_ground = np.flatnonzero((count[some] > turn) & ~shapely.is_empty(left))
            zones = near[order[first[some[open_ground]] + turn]]
            left[open_ground] = shapely.difference(left[open_ground], zones)
        return some, left

    chunks = [np.arange(start, min(start + MINUS_AT_ONCE, len(which))) for start in range(0, len(which), MINUS_AT_ONCE)]
    for some, left in in_order(rest_of, chunks, THREADS, progress):
        rest[some] = left
        progress.step(some[-1] / len(which))
    return which, rest


def _near_zones(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> np.ndarray:
    """For each pair its upper zone, or a window of it where it is large."""
    near = upper[pairs.j]
    for task in _tasks(lower, upper, pairs, progress):
        near[task.which] = task.upper
    return near


def _gathered(
    function: Callable[[OverlayTask], tuple[np.ndarray, np.ndarray]],
    lower: np.ndarray,
    upper: np.ndarray,
    pairs: ZonePairs,
    made: np.ndarray,
    progress: Progress,
) -> np.ndarray:
    done = 0
    for which, found in in_order(function, _tasks(lower, upper, pairs, progress), THREADS, progress):
        made[which] = found
        done += len(which)
        progress.step(done / len(pairs))
    return made


@dataclass(frozen=True)
class OverlayTask:
    """Pairs by number (``which``), the lower zone and the upper zone (or a window of it) of
    each.
    """

    which: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


def _shared_of(task: OverlayTask) -> tuple[np.ndarray, np.ndarray]:
    lower, upper = task.lower, task.upper
    shapely.prepare(upper)
    inside = shapely.contains_properly(upper, lower)
    clipped = np.flatnonzero(~inside)
    clipped = clipped[shapely.intersects(upper[clipped], lower[clipped])]
    shapely.destroy_prepared(upper)
    made = np.where(inside, lower, EMPTY)
    made[clipped] = shapely.intersection(lower[clipped], upper[clipped])
    return task.which, made


def _tasks(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, progress: Progress) -> Iterator[OverlayTask]:
    """Work of about PAIRS_AT_ONCE pairs each; no upper zone is in two tasks, because a prepared one
    serves one thread.
    """
    bounds = shapely.bounds(lower)
    large = shapely.get_num_coordinates(upper) > LARGE_VERTICES
    waiting: list[np.ndarray] = []
    count = 0
    for start, end in zip(*pairs.upper_zones()):
        which = np.arange(start, end)
        zone = upper[pairs.j[start]]
        if large[pairs.j[start]] or len(which) > PAIRS_AT_ONCE:
            for window, some in _windows(zone, bounds[pairs.i[which]], which, progress):
                yield OverlayTask(some, lower[pairs.i[some]], np.full(len(some), window, dtype=object))
            continue
        waiting.append(which)
        count += len(which)
        if count >= PAIRS_AT_ONCE:
            yield _task(lower, upper, pairs, waiting)
            waiting, count = [], 0
    if waiting:
        yield _task(lower, upper, pairs, waiting)


def _task(lower: np.ndarray, upper: np.ndarray, pairs: ZonePairs, waiting: list[np.ndarray]) -> OverlayTask:
    which = np.concatenate(waiting)
    return OverlayTask(which, lower[pairs.i[which]], upper[pairs.j[which]])


def _windows(
    zone: shapely.Geometry, bounds: np.ndarray, which: np.ndarray, progress: Progress
) -> Iterator[tuple[shapely.Geometry, np.ndarray]]:
    """Yield (window, numbers): parts of ``zone``, each wide enough to hold all of the boxes that it
    answers for.

    The boxes are halved by their middles along the longer side until a window is small or cutting
    gains nothing more.
    """
    stack = [(zone, np.arange(len(which)), True)]
    while stack:
        progress.checkpoint()
        window, some, gains = stack.pop()
        vertices = shapely.get_num_coordinates(window)
        few = len(some) <= FEW_PAIRS or (vertices <= LARGE_VERTICES and len(some) <= PAIRS_AT_ONCE)
        if few or (not gains and len(some) <= PAIRS_AT_ONCE):
            yield window, which[some]
            continue
        middles = bounds[some, :2] + bounds[some, 2:]
        axis = int(np.argmax(np.ptp(middles, axis=0)))
        order = some[np.argsort(middles[:, axis], kind="stable")]
        half = len(order) // 2
        for part in (order[half:], order[:half]):
            west, south = bounds[part, :2].min(axis=0) - MARGIN_M
            east, north = bounds[part, 2:].max(axis=0) + MARGIN_M
            cut = shapely.intersection(window, shapely.box(west, south, east, north))
            stack.append((cut, part, shapely.get_num_coordinates(cut) < WORTH_CUTTING * vertices))
