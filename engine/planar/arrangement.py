"""The plane cut into faces by the suspect edges and the boundary, and how many polygons cover each
face.

Depth is constant in a face, so faces answer what a union of everything would: 0 inside the boundary
is a gap, 2 or more is overlapped ground, 1 or more outside the boundary is overhang; and the sum of
depth times area must equal the sum of the polygons' areas, which proves that nothing was lost.
Faces, not interior rings of a union: gaps that touch each other or the outside at a point stay
separate. The lines are the rounded ones of edges.py, or rings would fail to close; what is reported
is computed from the original coordinates elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ..progress import Progress
from .depth import behind_slits, covering, deep_points
from .edges import GRID_M, Edges, directed_edges
from .threads import watched

THREAD_M = 2 * GRID_M
"""Faces narrower than this are rounding, not ground: they are dust, which the balance's allowance
covers.
"""


@dataclass(frozen=True)
class Arrangement:
    """``faces`` (polygons), the ``depth`` of each, whether it is ``inside`` the boundary, and
    whether it is ``dust``.
    """

    faces: np.ndarray
    depth: np.ndarray
    inside: np.ndarray
    dust: np.ndarray
    line_length_m: float

    @property
    def gaps(self) -> np.ndarray:
        """Faces inside the boundary that nothing covers."""
        return self.faces[self.inside & (self.depth == 0) & ~self.dust]

    def gaps_behind_slits(self) -> np.ndarray:
        """Places that no face encloses because a slit within the rounding leads out; to be asked
        without a boundary.
        """
        covered = shapely.union_all(self.faces[self.depth > 0])
        return behind_slits(covered, self.faces[self.depth == 0])

    @property
    def overhang(self) -> np.ndarray:
        """Covered faces outside the boundary."""
        return self.faces[~self.inside & (self.depth > 0) & ~self.dust]

    def area_m2(self, chosen: np.ndarray, by_depth: np.ndarray | float = 1) -> float:
        """Return the area of the ``chosen`` faces, each times ``by_depth``."""
        return float((shapely.area(self.faces) * chosen * by_depth).sum())


def arrange(
    polygons: np.ndarray,
    tree: shapely.STRtree,
    suspects: Edges,
    boundary: shapely.Geometry | None,
    progress: Progress,
) -> Arrangement:
    """Return the arrangement of the suspect edges; without a boundary every face that is enclosed
    counts as inside.
    """
    lines = suspects
    if boundary is not None:
        outline = directed_edges(np.array([boundary], dtype=object), suspects.origin)
        lines = Edges(
            np.concatenate([suspects.start, outline.start]),
            np.concatenate([suspects.end, outline.end]),
            np.concatenate([suspects.owner, outline.owner]),
            suspects.origin,
        )
    noded = watched(lambda: shapely.union_all(lines.lines()), progress.part(0.0, 0.6))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    if len(faces) == 0:
        nothing = np.zeros(0, dtype=int)
        return Arrangement(faces, nothing, nothing.astype(bool), nothing.astype(bool), 0.0)
    progress.step(0.6)
    points = watched(lambda: deep_points(faces), progress.part(0.6, 0.7))
    progress.step(0.7)
    depth = covering(polygons, faces, tree, points)
    progress.step(0.9)
    progress.checkpoint()
    inside = np.ones(len(faces), dtype=bool)
    if boundary is not None:
        shapely.prepare(boundary)
        inside = shapely.intersects(boundary, points)
    dust = 2 * shapely.area(faces) / shapely.length(faces) < THREAD_M
    return Arrangement(faces, depth, inside, dust, float(shapely.length(noded)))
