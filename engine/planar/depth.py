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


def covering(zones: np.ndarray, faces: np.ndarray, tree: shapely.STRtree | None = None) -> np.ndarray:
    """How many ``zones`` cover each face, none of which the outline of a zone may cross but along a shared border.

    Counted at a point inside; where that point happens to lie on the border of two zones, by the areas shared with the
    face. ``tree``: the index of ``zones``, if there is one already.
    """
    if len(faces) == 0:
        return np.zeros(0, dtype=int)
    tree = tree or shapely.STRtree(zones)
    points = deep_points(faces)
    depth = np.bincount(tree.query(points, predicate="within")[0], minlength=len(faces))
    met = np.bincount(tree.query(points, predicate="intersects")[0], minlength=len(faces))
    unclear = np.flatnonzero(met != depth)
    if len(unclear):
        face, zone = tree.query(faces[unclear], predicate="intersects")
        shared = shapely.area(shapely.intersection(faces[unclear][face], zones[zone]))
        covered = np.bincount(face, weights=shared, minlength=len(unclear)) / shapely.area(faces[unclear])
        depth[unclear] = np.rint(covered).astype(int)
    return depth


def deep_points(faces: np.ndarray) -> np.ndarray:
    """A point well inside each face: at least a quarter of its mean width 2A/P from its outline.

    A point on the surface may lie in a tail thinner than the rounding; the polygon shrunk by a quarter of the mean width
    has none, and is never empty, because a circle of half the mean width always fits.
    """
    quarter_m = shapely.area(faces) / shapely.length(faces) / 2.0
    points = shapely.point_on_surface(shapely.buffer(faces, -quarter_m, quad_segs=2))
    lost = shapely.is_empty(points)
    points[lost] = shapely.point_on_surface(faces[lost])
    return points


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
