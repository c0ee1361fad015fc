"""The cover of a coverage at a province's size: only what lies beside a suspect edge is looked at.

Suspect edges (edges.py), the pairs around them (closure.py), the faces between them
(arrangement.py); then every gap and every overhang is computed again from the original coordinates.
Where more than half of all edges are suspect - two drawings laid over each other - nothing is saved
by looking at edges, and the plain way answers. Valid polygons in a projected CRS in metres and a
valid boundary (or None) go in; a Cover comes out, the same as bruteforce.cover gives but for dust:
pieces thinner than the grid of 1 mm.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from ..progress import Progress
from . import bruteforce
from .arrangement import Arrangement, arrange
from .closure import overlapping_pairs
from .cover import Cover
from .crowds import boxes_crowd
from .edges import GRID_M, suspect_edges
from .polygons import parts
from .threads import in_order

PLAIN_VERTICES = 1_000_000
"""Up to so many the plain way takes seconds, and proves its balance to the rounding of doubles
instead of a grid's.
"""
HOPELESS_SHARE = 0.5
REACH_M = 2 * GRID_M
FACES_AT_ONCE = 50
FEW = 16
"""Up to so many neighbours are taken from a shape one by one."""


def fitting_cover(polygons: np.ndarray, boundary: shapely.Geometry | None, progress: Progress) -> Cover:
    """Return the cover by the plain way for a district; by the kernel for a province, and where
    more boxes meet than zones overlap.
    """
    if shapely.get_num_coordinates(polygons).sum() <= PLAIN_VERTICES and not boxes_crowd(polygons):
        return bruteforce.cover(polygons, boundary, progress, threads=2)
    return cover(polygons, boundary, progress)


def cover(polygons: np.ndarray, boundary: shapely.Geometry | None, progress: Progress, threads: int = 2) -> Cover:
    """Return the cover of ``polygons``; see the module's paragraph."""
    suspects = suspect_edges(polygons, progress.part(0.0, 0.4), threads)
    hopeless = len(suspects.owner) > HOPELESS_SHARE * shapely.get_num_coordinates(polygons).sum()
    if hopeless and not boxes_crowd(polygons):
        plain = bruteforce.cover(polygons, boundary, progress.part(0.4, 1.0), threads)
        return replace(plain, suspects=suspects)
    tree = shapely.STRtree(polygons)
    i, j, shared = overlapping_pairs(polygons, tree, suspects, progress.part(0.4, 0.6), threads)
    progress.checkpoint()
    plane = arrange(polygons, tree, suspects, boundary, progress.part(0.6, 0.8))
    progress.step(0.8)
    progress.checkpoint()
    bounded = boundary is not None
    behind = np.zeros(0, dtype=object) if bounded else plane.gaps_behind_slits()
    gaps = _exact_gaps(
        np.concatenate([plane.gaps, behind]), polygons, tree, boundary, progress.part(0.8, 0.95), threads
    )
    beyond, overhang = _exact_overhang(plane, polygons, tree, boundary)
    return Cover(
        i,
        j,
        shared,
        gaps,
        beyond,
        overhang,
        covered_m2=plane.area_m2(plane.depth > 0),
        excess_m2=plane.area_m2(plane.depth > 1, plane.depth - 1),
        gap_m2=plane.area_m2(plane.inside & (plane.depth == 0)) + float(shapely.area(behind).sum()),
        outside_m2=plane.area_m2(~plane.inside & (plane.depth > 0)) if bounded else 0.0,
        pairs_m2=plane.area_m2(plane.depth > 1, plane.depth * (plane.depth - 1) / 2),
        overhang_m2=plane.area_m2(~plane.inside & (plane.depth > 0), plane.depth) if bounded else 0.0,
        suspect_length_m=plane.line_length_m,
        step_m=GRID_M,
        suspects=suspects,
    )


def _exact_gaps(
    faces: np.ndarray,
    polygons: np.ndarray,
    tree: shapely.STRtree,
    boundary: shapely.Geometry | None,
    progress: Progress,
    threads: int,
) -> np.ndarray:
    """Return each gap as the difference of a slightly larger face and the zones around it, not as
    the rounded face.
    """
    grown = shapely.buffer(faces, REACH_M, join_style="mitre")
    crossed = ~shapely.is_valid(grown)  # mitres at needles may cross each other
    grown[crossed] = shapely.buffer(faces[crossed], REACH_M, quad_segs=2)
    if boundary is not None:
        shapely.prepare(boundary)
        leaving = ~shapely.contains_properly(boundary, grown)
        grown[leaving] = shapely.intersection(grown[leaving], boundary)

    def exact(first: int) -> np.ndarray:
        some = slice(first, first + FACES_AT_ONCE)
        pieces, source = parts(without(grown[some], polygons, tree))
        own = shapely.area(shapely.intersection(pieces, faces[some][source])) > 0.5 * shapely.area(pieces)
        return np.asarray(pieces[own], dtype=object)

    starts = range(0, len(faces), FACES_AT_ONCE)
    gaps = [np.zeros(0, dtype=object)]
    for done in in_order(exact, starts, threads, progress):
        gaps.append(done)
        progress.step(len(gaps) / (len(starts) + 1))
    return np.concatenate(gaps)


def without(shapes: np.ndarray, polygons: np.ndarray, tree: shapely.STRtree) -> np.ndarray:
    """Return what ``polygons`` leave of each of ``shapes``; ``tree``: the index of ``polygons``.

    All shapes lose their first neighbour at once, then the second, and so on; a shape with many
    neighbours loses their union.
    """
    rest = shapes.copy()
    shape, polygon = tree.query(shapes, predicate="intersects")
    order = np.lexsort((polygon, shape))
    shape, polygon = shape[order], polygon[order]
    owners, begin, count = np.unique(shape, return_index=True, return_counts=True)
    few = count <= FEW
    for rank in range(count[few].max(initial=0)):
        turn = few & (count > rank)
        rest[owners[turn]] = shapely.difference(rest[owners[turn]], polygons[polygon[begin[turn] + rank]])
    for owner, first, number in zip(owners[~few], begin[~few], count[~few]):
        rest[owner] = shapely.difference(rest[owner], shapely.union_all(polygons[polygon[first : first + number]]))
    return rest


def _exact_overhang(
    plane: Arrangement, polygons: np.ndarray, tree: shapely.STRtree, boundary: shapely.Geometry | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the zones that cover ground outside the boundary, and what of them lies there."""
    if boundary is None:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=object)
    beyond = np.unique(tree.query(plane.overhang, predicate="intersects")[1])
    rest = shapely.difference(polygons[beyond], boundary)
    some = shapely.area(rest) > 0
    return beyond[some], rest[some]
