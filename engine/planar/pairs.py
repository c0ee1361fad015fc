"""Which polygons of one plan meet which of another, and which lie wholly in one: asked of the
prepared larger one.

A zone of a provincial plan may have 100,000 vertices and meet as many zones of a district's plan; a
test against it as it stands looks at every vertex, a prepared one has an index. Arrays of valid
polygons in one CRS go in.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from ..progress import Progress

ZONES_AT_ONCE = 2000

Pairs = tuple[np.ndarray, np.ndarray]


def meeting(a: np.ndarray, b: np.ndarray, progress: Progress) -> Pairs:
    """Return (i, j) of every ``a[i]`` that meets ``b[j]``, be it at a point, ordered by i, then
    j.
    """
    tree = shapely.STRtree(b)
    found = [np.zeros((2, 0), dtype=int)]
    for start in range(0, len(a), ZONES_AT_ONCE):
        progress.checkpoint()
        progress.step(start / len(a))
        i, j = tree.query(a[start : start + ZONES_AT_ONCE])
        i = i + start
        meets = _asked_of_the_larger(shapely.intersects, a[i], b[j])
        found.append(np.stack([i[meets], j[meets]]))
    i, j = np.concatenate(found, axis=1)
    order = np.lexsort((j, i))
    return i[order], j[order]


def _asked_of_the_larger(
    question: Callable[[np.ndarray, np.ndarray], np.ndarray], a: np.ndarray, b: np.ndarray
) -> np.ndarray:
    """Return a symmetric question about each pair, the polygon with more vertices being
    prepared.
    """
    swap = shapely.get_num_coordinates(b) > shapely.get_num_coordinates(a)
    large, small = np.where(swap, b, a), np.where(swap, a, b)
    shapely.prepare(large)
    answer = question(large, small)
    shapely.destroy_prepared(large)
    return answer
