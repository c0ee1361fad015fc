"""How many zones cover each place where zones overlap: faces with depth, and the ground covered more than once.

Every change of depth inside ground that is covered at least twice runs along the outline of an intersection of two
zones, so the outlines of the pairwise intersections, noded and polygonised, give faces of constant depth. Goes in: the
valid zones, the pieces of pairwise intersections. Comes out: faces (polygons) and how many zones cover each (>= 2).
"""

from __future__ import annotations

import numpy as np
import shapely


def overlap_faces(zones: np.ndarray, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(faces, depth) of the ground that at least two ``zones`` cover, out of the ``pieces`` that pairs share."""
    if len(pieces) == 0:
        return np.zeros(0, dtype=object), np.zeros(0, dtype=int)
    lines = shapely.union_all(shapely.boundary(pieces))
    faces = shapely.get_parts(shapely.polygonize([lines]))
    depth = covering(zones, faces)
    return faces[depth > 1], depth[depth > 1]


def covering(zones: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """How many ``zones`` cover each face, counted at a point inside it."""
    if len(faces) == 0:
        return np.zeros(0, dtype=int)
    inside = shapely.point_on_surface(faces)
    face, _ = shapely.STRtree(zones).query(inside, predicate="within")
    return np.bincount(face, minlength=len(faces))


def uncovered_faces(covered: shapely.Geometry) -> np.ndarray:
    """The places that ``covered`` encloses without covering: faces of its outline, so that gaps which touch each
    other or the outside at single points are told apart, which interior rings do not do."""
    lines = shapely.union_all(shapely.boundary(shapely.get_parts(covered)))
    faces = shapely.get_parts(shapely.polygonize([lines]))
    if len(faces) == 0:
        return faces
    inside = shapely.point_on_surface(faces)
    shapely.prepare(covered)
    return faces[~shapely.intersects(covered, inside)]
