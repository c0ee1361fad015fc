"""Ground under several upper zones: each piece's area with every place counted once, for the
stricter of its verdicts.

Upper zones may lie over each other: functional zones do so by nature, and two drawings of one
border by accident. Both give their verdict, so the areas of findings count such a place twice.
Meetings and the pairs of upper zones that overlap go in (areas in m²); comes out one area for each
piece, of which those of the real ones add up to ground. Noise takes no ground and loses none: it is
no finding of its own, and must not make one smaller.
"""

from __future__ import annotations

import numpy as np
import shapely

from ...planar.closure import overlapping_pairs
from ...planar.edges import Edges
from ...planar.polygons import parts
from ...planar.width import wider_than
from ...progress import Progress
from ...tolerance import Tolerance
from .meetings import Meetings
from .options import REPORTED


def overlapping_zones(
    upper: np.ndarray, edges: Edges, tolerance: Tolerance, progress: Progress
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (i, j, area_m2): pairs of upper zones that share more than the tolerance, and the sum
    of what they share.
    """
    i, j, common = overlapping_pairs(upper, shapely.STRtree(upper), edges, progress)
    pieces, source = parts(common)
    wide = wider_than(pieces, tolerance.width_m)
    some = np.unique(source[wide])
    return i[some], j[some], float(shapely.area(pieces[wide]).sum())


def ground_m2(found: Meetings, overlapping: np.ndarray, progress: Progress) -> np.ndarray:
    """Return the area of each real piece without the ground that a stricter real piece of the same
    lower zone has taken; noise as it is.

    Of two pieces with one verdict the one of the upper zone that comes first by its key takes the
    ground: their sum is the same.

    ``overlapping``: whether each upper zone overlaps another.
    """
    pieces, pairs = found.pieces, found.pairs
    area_m2: np.ndarray = shapely.area(pieces.polygons)
    doubtful = np.flatnonzero(pieces.real & overlapping[pairs.j[pieces.source]])
    if len(doubtful) == 0:
        return area_m2
    rank = np.array([REPORTED.index(word) for word in found.verdicts.column("verdict")])[pieces.source[doubtful]]
    lower = pairs.i[pieces.source[doubtful]]
    order = np.lexsort((doubtful, rank, lower))
    starts = np.flatnonzero(np.r_[True, np.diff(lower[order]) != 0])
    for step, group in enumerate(np.split(doubtful[order], starts[1:])):
        if step % 100 == 0:
            progress.checkpoint()
            progress.step(step / len(starts))
        taken = pieces.polygons[group[0]]
        for piece in group[1:]:
            shape = pieces.polygons[piece]
            area_m2[piece] = shapely.area(shapely.difference(shape, taken))
            taken = shapely.union(taken, shape)
    return area_m2
