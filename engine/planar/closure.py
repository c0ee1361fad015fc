"""Every pair of overlapping polygons, found from the suspect ones outwards.

Depth changes only across a suspect edge, so every connected overlap touches a polygon that owns
one. Those polygons are compared with everything that they meet (in a crowd of boxes, as the sectors
of a fan make, only those that share area with another beside such an edge, which is where depth
changes); each new partner that shares area joins the queue, until nothing is new. This finds
partial overlaps, containment, duplicates and stacks alike. Valid polygons in a projected CRS in
metres go in; what each pair shares comes out, in the original coordinates. GEOS releases the
interpreter in queries and intersections, so chunks run on a few threads.
"""

from __future__ import annotations

import numpy as np
import shapely

from ..progress import Progress
from .crowds import boxes_crowd
from .edges import GRID_M, Edges
from .overlay import clips
from .threads import in_order

CHUNK = 500
REACH_M = 2 * GRID_M


def overlapping_pairs(
    polygons: np.ndarray, tree: shapely.STRtree, suspects: Edges, progress: Progress, threads: int = 2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (i, j, shared): the pairs i < j that share area, in order. ``suspects``: their suspect
    edges.
    """
    asked = np.zeros(len(polygons), dtype=bool)
    queue = np.unique(suspects.owner)
    if boxes_crowd(polygons):
        queue = _overlapping_beside(polygons, tree, suspects, progress)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    done = 0
    while len(queue):
        earlier = asked.copy()
        asked[queue] = True
        chunks = [queue[start : start + CHUNK] for start in range(0, len(queue), CHUNK)]

        def compare(chunk: np.ndarray, earlier: np.ndarray = earlier) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            return _meetings(polygons, tree, chunk, earlier, asked)

        partners = [np.zeros(0, dtype=int)]
        for i, j, shared in in_order(compare, chunks, threads, progress):
            done += CHUNK
            progress.step(done / (done + len(polygons) * 0.05))
            found.append((i, j, shared))
            partners += [i, j]
        queue = np.unique(np.concatenate(partners))
        queue = queue[~asked[queue]]
    if not found:
        nothing = np.zeros(0, dtype=int)
        return nothing, nothing, np.zeros(0, dtype=object)
    i, j, shared = (np.concatenate(column) for column in zip(*found))
    order = np.lexsort((j, i))
    return i[order], j[order], shared[order]


def _overlapping_beside(polygons: np.ndarray, tree: shapely.STRtree, suspects: Edges, progress: Progress) -> np.ndarray:
    """Return the polygons that share area with the owner of a suspect edge that they come near, and
    these owners.
    """
    ends = np.stack([suspects.start, suspects.end], axis=1) * GRID_M + suspects.origin
    lines = np.asarray(shapely.linestrings(ends), dtype=object)
    found = [np.zeros(0, dtype=int)]
    for start in range(0, len(lines), CHUNK):
        progress.checkpoint()
        edge, j = tree.query(lines[start : start + CHUNK], predicate="dwithin", distance=REACH_M)
        i = suspects.owner[edge + start]
        i, j = np.unique(np.stack([i, j])[:, i != j], axis=1)
        share = shapely.area(clips(polygons, i, j)) > 0
        found += [i[share], j[share]]
    return np.unique(np.concatenate(found))


def _meetings(
    polygons: np.ndarray, tree: shapely.STRtree, chunk: np.ndarray, earlier: np.ndarray, asked: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs of ``chunk`` that share area, without those that an earlier round or the
    partner itself answers.
    """
    place, j = tree.query(polygons[chunk], predicate="intersects")
    i = chunk[place]
    new = (i != j) & ~earlier[j] & ((i < j) | ~asked[j])
    i, j = np.minimum(i[new], j[new]), np.maximum(i[new], j[new])
    shared = clips(polygons, i, j)
    kept = shapely.area(shared) > 0
    return i[kept], j[kept], shared[kept]
