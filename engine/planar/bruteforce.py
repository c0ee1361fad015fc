"""Overlaps, gaps and overhang the straightforward way: every pair whose boxes meet, and unions of
everything.

Slow but plain, so it is the oracle of any faster way. Valid polygons in a projected CRS in metres
go in; overlay results in the original coordinates come out (design, section 6: no precision grid).
Chunks keep the progress moving and let a person cancel.
"""

from __future__ import annotations

import numpy as np
import shapely

from ..progress import Progress
from .cover import Cover
from .depth import overlap_faces, uncovered_faces
from .overlay import clips
from .polygons import EMPTY, parts, polygonal
from .threads import in_order, watched

CHUNK = 2000
STEPS_AT_ONCE = 100
STEP_M = 1e-6
"""The step of double precision overlays at coordinates of some 1e6 m, with a thousandfold
margin.
"""


def cover(polygons: np.ndarray, boundary: shapely.Geometry | None, progress: Progress, threads: int = 1) -> Cover:
    """Return what ``polygons`` cover, by every pair whose boxes meet, the union of all, and its
    differences.
    """
    i, j, shared = meetings(polygons, polygons, progress.part(0.0, 0.6), itself=True, threads=threads)
    covered = watched(lambda: shapely.union_all(polygons), progress.part(0.6, 0.8))
    progress.step(0.8)
    faces, depth = overlap_faces(polygons, polygonal(shared), (i, j), progress.part(0.8, 0.9))
    progress.step(0.9)
    beyond, overhang = np.zeros(0, dtype=int), np.zeros(0, dtype=object)
    open_ground, outside = EMPTY, EMPTY
    if boundary is None:
        gaps, gap_m2 = uncovered_faces(covered)
    else:
        open_ground, outside = watched(
            lambda: (shapely.difference(boundary, covered), shapely.difference(covered, boundary)),
            progress.part(0.9, 1.0),
        )
        gaps, gap_m2 = parts([open_ground])[0], float(shapely.area(open_ground))
        shapely.prepare(boundary)
        beyond = np.flatnonzero(~shapely.covers(boundary, polygons))
        overhang = shapely.difference(polygons[beyond], boundary)
    return Cover(
        i,
        j,
        shared,
        gaps,
        beyond,
        overhang,
        covered_m2=float(shapely.area(covered)),
        excess_m2=float((shapely.area(faces) * (depth - 1)).sum()),
        gap_m2=gap_m2,
        outside_m2=float(shapely.area(outside)),
        pairs_m2=float((shapely.area(faces) * depth * (depth - 1) / 2).sum()),
        overhang_m2=float(shapely.area(overhang).sum()),
        suspect_length_m=float(shapely.length(shared).sum() + shapely.length(open_ground) + shapely.length(outside)),
        step_m=STEP_M,
    )


def meetings(
    a: np.ndarray, b: np.ndarray, progress: Progress, itself: bool = False, threads: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (i, j, shared) for every ``a[i]`` that shares area with ``b[j]``; ``itself``: a is b,
    and only i < j.
    """
    tree = shapely.STRtree(b)

    def chunk(start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        i, j = tree.query(a[start : start + CHUNK], predicate="intersects")
        i = i + start
        if itself:
            i, j = i[i < j], j[i < j]
        shared = clips(a, i, j) if itself else shapely.intersection(a[i], b[j])
        kept = shapely.area(shared) > 0
        return i[kept], j[kept], shared[kept]

    starts = range(0, len(a), CHUNK)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for part in in_order(chunk, starts, threads, progress):
        found.append(part)
        progress.step(len(found) / len(starts))
    if not found:
        nothing = np.zeros(0, dtype=int)
        return nothing, nothing, np.zeros(0, dtype=object)
    i, j, shared = (np.concatenate(column) for column in zip(*found))
    order = np.lexsort((j, i))
    return i[order], j[order], shared[order]
