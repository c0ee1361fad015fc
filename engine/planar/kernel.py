"""The cover of a coverage at a province's size: only what lies beside a suspect edge is looked at.

Suspect edges (edges.py), the pairs around them (closure.py), the faces between them (arrangement.py); then every gap and
every overhang is computed again from the original coordinates. Where more than half of all edges are suspect - two
drawings laid over each other - nothing is saved by looking at edges, and the plain way answers. Valid polygons in a projected
CRS in metres and a valid boundary (or None) go in; a Cover comes out, the same as bruteforce.cover gives but for dust: pieces
thinner than the grid of 1 mm.
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
from .edges import GRID_M, suspect_edges
from .polygons import parts

PLAIN_VERTICES = 1_000_000
"""Up to so many the plain way takes seconds, and proves its balance to the rounding of doubles instead of a grid's."""
HOPELESS_SHARE = 0.5
REACH_M = 2 * GRID_M


def fitting_cover(polygons: np.ndarray, boundary: shapely.Geometry | None, progress: Progress) -> Cover:
    """The cover by the plain way for a district, by the kernel for a province."""
    if shapely.get_num_coordinates(polygons).sum() <= PLAIN_VERTICES:
        return bruteforce.cover(polygons, boundary, progress, threads=2)
    return cover(polygons, boundary, progress)


def cover(polygons: np.ndarray, boundary: shapely.Geometry | None, progress: Progress, threads: int = 2) -> Cover:
    """The cover of ``polygons``; see the module's paragraph."""
    suspects = suspect_edges(polygons, progress.part(0.0, 0.4), threads)
    if len(suspects.owner) > HOPELESS_SHARE * shapely.get_num_coordinates(polygons).sum():
        plain = bruteforce.cover(polygons, boundary, progress.part(0.4, 1.0), threads)
        return replace(plain, suspects=suspects)
    tree = shapely.STRtree(polygons)
    i, j, shared = overlapping_pairs(polygons, tree, suspects.owner, progress.part(0.4, 0.6), threads)
    progress.checkpoint()
    plane = arrange(polygons, tree, suspects, boundary)
    progress.step(0.8)
    progress.checkpoint()
    gaps = _exact_gaps(plane.gaps, polygons, tree, boundary, progress.part(0.8, 0.95))
    beyond, overhang = _exact_overhang(plane, polygons, tree, boundary)
    bounded = boundary is not None
    return Cover(
        i,
        j,
        shared,
        gaps,
        beyond,
        overhang,
        covered_m2=plane.area_m2(plane.depth > 0),
        excess_m2=plane.area_m2(plane.depth > 1, plane.depth - 1),
        gap_m2=plane.area_m2(plane.inside & (plane.depth == 0)) if bounded else 0.0,
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
) -> np.ndarray:
    """Each gap as the difference of a slightly larger face and the zones around it, not as the rounded face."""
    if len(faces) == 0:
        return faces
    grown = shapely.buffer(faces, REACH_M, join_style="mitre")
    if boundary is not None:
        grown = shapely.intersection(grown, boundary)
    face, zone = tree.query(grown, predicate="intersects")
    order = np.argsort(face, kind="stable")
    face, zone = face[order], zone[order]
    owners, starts = np.unique(face, return_index=True)
    for step, (owner, near) in enumerate(zip(owners, np.split(zone, starts[1:]))):
        grown[owner] = shapely.difference(grown[owner], shapely.union_all(polygons[near]))
        if step % 100 == 0:
            progress.checkpoint()
            progress.step(step / len(owners))
    pieces, source = parts(grown)
    own = shapely.area(shapely.intersection(pieces, faces[source])) > 0.5 * shapely.area(pieces)
    return pieces[own]


def _exact_overhang(
    plane: Arrangement, polygons: np.ndarray, tree: shapely.STRtree, boundary: shapely.Geometry | None
) -> tuple[np.ndarray, np.ndarray]:
    """The zones that cover ground outside the boundary, and what of them lies there."""
    if boundary is None:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=object)
    beyond = np.unique(tree.query(plane.overhang, predicate="intersects")[1])
    rest = shapely.difference(polygons[beyond], boundary)
    some = shapely.area(rest) > 0
    return beyond[some], rest[some]
