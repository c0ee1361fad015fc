"""Overlaps, gaps and overhang the straightforward way: every pair whose boxes meet, and unions of everything.

Slow but plain, so it is the oracle of any faster way. Valid polygons in a projected CRS in metres go in; overlay results
in the original coordinates come out (design, section 6: no precision grid). Chunks keep the progress moving and let a
person cancel.
"""

from __future__ import annotations

import numpy as np
import shapely

from ..progress import Progress

CHUNK = 2000


def overlaps(polygons: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(i, j, shared): the pairs i < j whose interiors meet, and what they share. Never a pair of i with itself."""
    return meetings(polygons, polygons, progress, itself=True)


def meetings(
    a: np.ndarray, b: np.ndarray, progress: Progress, itself: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(i, j, shared) for every ``a[i]`` that shares area with ``b[j]``; ``itself``: a is b, and only i < j."""
    tree = shapely.STRtree(b)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start in range(0, len(a), CHUNK):
        progress.checkpoint()
        progress.step(start / len(a))
        i, j = tree.query(a[start : start + CHUNK], predicate="intersects")
        i = i + start
        if itself:
            i, j = i[i < j], j[i < j]
        shared = shapely.intersection(a[i], b[j])
        kept = shapely.area(shared) > 0
        found.append((i[kept], j[kept], shared[kept]))
    if not found:
        nothing = np.zeros(0, dtype=int)
        return nothing, nothing, np.zeros(0, dtype=object)
    i, j, shared = (np.concatenate(column) for column in zip(*found))
    order = np.lexsort((j, i))
    return i[order], j[order], shared[order]


def minus_nearby(a: np.ndarray, b: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """(i, rest): what is left of each ``a[i]`` outside every ``b``; only those of which something is left."""
    tree = shapely.STRtree(b)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for start in range(0, len(a), CHUNK):
        progress.checkpoint()
        progress.step(start / len(a))
        chunk = a[start : start + CHUNK]
        i, j = tree.query(chunk, predicate="intersects")
        order = np.argsort(i, kind="stable")
        i, j = i[order], j[order]
        rest = chunk.copy()
        owners, starts = np.unique(i, return_index=True)
        for owner, near in zip(owners, np.split(j, starts[1:])):
            cover = b[near[0]] if len(near) == 1 else shapely.union_all(b[near])
            rest[owner] = shapely.difference(chunk[owner], cover)
        left = np.flatnonzero(shapely.area(rest) > 0)
        found.append((left + start, rest[left]))
    if not found:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=object)
    return np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])
