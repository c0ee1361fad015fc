"""How many zones cover each place where zones overlap: faces with depth, and the ground covered
more than once.

Every change of depth inside ground that is covered at least twice runs along the outline of an
intersection of two zones, so the outlines of the pairwise intersections, noded and polygonised,
give faces of constant depth. Goes in: the valid zones, the pieces of pairwise intersections. Comes
out: faces (polygons) and how many zones cover each (>= 2).
"""

from __future__ import annotations

import numpy as np
import shapely

from ..progress import Progress
from .polygons import parts
from .threads import watched

POINTS_AT_ONCE = 5000
DEEP_M = 0.05
"""So far from the outline no rounding reaches."""
LARGE = 1000
"""Vertices beyond which a face is not shrunk to find a point deep inside."""
SLIT_M = 0.001
"""Half the width of what is no opening: two corners that lie on one line are up to 1.5 mm apart in
a file of millimetres.
"""
HEAVY = 2
"""A zone whose pieces have this many times its own vertices gives its own outline in their
place.
"""

Pairs = tuple[np.ndarray, np.ndarray]


def overlap_faces(
    zones: np.ndarray, pieces: np.ndarray, pairs: Pairs | None = None, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (faces, depth) of the ground that at least two ``zones`` cover, out of the ``pieces``
    that pairs share.

    ``pairs``: the rows of the two zones that share each piece; with them a stack of many zones on
    one place is affordable.
    """
    if len(pieces) == 0:
        return np.zeros(0, dtype=object), np.zeros(0, dtype=int)
    outlined = pieces if pairs is None else _fewer(zones, pieces, *pairs)
    noded = watched(lambda: shapely.union_all(shapely.boundary(outlined)), progress or Progress())
    faces = shapely.get_parts(shapely.polygonize([noded]))
    depth = covering(zones, faces)
    return faces[depth > 1], depth[depth > 1]


def _fewer(zones: np.ndarray, pieces: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Polygons whose outlines hold those of all ``pieces``: n zones stacked on one place share n² /
    2 pieces, whose outlines consist of those of the n zones.
    """
    vertices = shapely.get_num_coordinates(pieces)
    of_pieces = np.bincount(i, vertices, len(zones)) + np.bincount(j, vertices, len(zones))
    heavy = of_pieces > HEAVY * shapely.get_num_coordinates(zones)
    return np.concatenate([pieces[~(heavy[i] & heavy[j])], zones[heavy]])


def covering(
    zones: np.ndarray, faces: np.ndarray, tree: shapely.STRtree | None = None, points: np.ndarray | None = None
) -> np.ndarray:
    """Return how many ``zones`` cover each face, none of which the outline of a zone may cross but
    along a shared border.

    Counted at a point inside; where that point happens to lie on the border of two zones, by the
    areas shared with the face. ``tree``: the index of ``zones``, if there is one already;
    ``points``: deep_points of the faces, likewise.
    """
    if len(faces) == 0:
        return np.zeros(0, dtype=int)
    tree = tree or shapely.STRtree(zones)
    depth, met = _counts(zones, deep_points(faces) if points is None else points, tree)
    area = shapely.area(faces)
    unclear = np.flatnonzero((met != depth) & (area > 0))
    if len(unclear):
        face, zone = tree.query(faces[unclear], predicate="intersects")
        shared = shapely.area(shapely.intersection(faces[unclear][face], zones[zone]))
        covered = np.bincount(face, weights=shared, minlength=len(unclear)) / area[unclear]
        depth[unclear] = np.rint(covered).astype(int)
    return depth


def _counts(zones: np.ndarray, points: np.ndarray, tree: shapely.STRtree) -> tuple[np.ndarray, np.ndarray]:
    """(how many zones hold each point inside, how many hold it inside or on the border)."""
    inside, met = np.zeros(len(points), dtype=int), np.zeros(len(points), dtype=int)
    for start in range(0, len(points), POINTS_AT_ONCE):
        some = slice(start, start + POINTS_AT_ONCE)
        point, zone = tree.query(points[some])
        # prepared, because a river of 100,000 vertices may be asked for thousands of faces
        shapely.prepare(zones[np.unique(zone)])
        x, y = shapely.get_x(points[some]), shapely.get_y(points[some])
        for counts, holds in ((inside, shapely.contains_xy), (met, shapely.intersects_xy)):
            counts[some] = np.bincount(point[holds(zones[zone], x[point], y[point])], minlength=len(x))
        shapely.destroy_prepared(zones[np.unique(zone)])
    return inside, met


def deep_points(faces: np.ndarray) -> np.ndarray:
    """Return a point well inside each face: an eighth of its mean width 2A/P from its outline or
    more, or at least DEEP_M.

    A point on the surface may lie in a tail thinner than the rounding, or on the very outline.
    Where it does, the polygon shrunk by a quarter of the mean width has no tails, and is never
    empty, because a circle of half the mean width always fits. For a large face, as the whole
    ground around all defects, the centre of that circle is found sooner.
    """
    points = np.asarray(shapely.point_on_surface(faces), dtype=object)
    if len(faces) == 0:
        return points
    thin = _not_deep(points, faces, np.arange(len(faces)))
    large = (shapely.get_num_coordinates(faces[thin]) > LARGE) & hasattr(shapely, "maximum_inscribed_circle")
    wide = thin[large]
    if len(wide):
        circles = shapely.maximum_inscribed_circle(faces[wide], tolerance=_mean_width_m(faces[wide]) / 8.0)
        points[wide] = shapely.get_point(circles, 0)
    # the search for a circle gives up early in a face of many vertices that is very long
    small = np.concatenate([thin[~large], _not_deep(points, faces, wide)])
    shrunk = shapely.buffer(faces[small], -_mean_width_m(faces[small]) / 4.0, quad_segs=2)
    points[small] = shapely.point_on_surface(shrunk)
    lost = shapely.is_missing(points) | shapely.is_empty(points)
    points[lost] = shapely.point_on_surface(faces[lost])
    return points


def _not_deep(points: np.ndarray, faces: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return those of ``which`` whose point lies nearer to the outline of the face than
    :func:`deep_points` promises.
    """
    within_m = shapely.distance(points[which], shapely.boundary(faces[which]))
    return which[within_m < np.minimum(_mean_width_m(faces[which]) / 8.0, DEEP_M)]


def _mean_width_m(faces: np.ndarray) -> np.ndarray:
    return np.asarray(2.0 * shapely.area(faces) / shapely.length(faces))


def uncovered_faces(covered: shapely.Geometry) -> tuple[np.ndarray, float]:
    """(the places that ``covered`` encloses without covering, their area by another way).

    Places are faces of its outline, so that gaps which touch each other or the outside at single
    points stay separate, which interior rings do not achieve. The area is that of all faces less
    that of ``covered``: what a face that was taken for covered does not change.
    """
    lines = shapely.union_all(shapely.boundary(shapely.get_parts(covered)))
    faces = shapely.get_parts(shapely.polygonize([lines]))
    if len(faces) == 0:
        return faces, 0.0
    shapely.prepare(covered)
    enclosed = faces[~shapely.intersects(covered, deep_points(faces))]
    behind = behind_slits(covered, enclosed)
    enclosed_m2 = float(shapely.area(faces).sum() - covered.area + shapely.area(behind).sum())
    return np.concatenate([enclosed, behind]), enclosed_m2


def behind_slits(covered: shapely.Geometry, enclosed: np.ndarray) -> np.ndarray:
    """Return the places beside ``enclosed`` that only slits of at most 2 * SLIT_M join to the
    outside of ``covered``.

    Where a corner of a zone lies on the side of another that has no vertex there, rounding moves it
    off that side: a gap of any size is then open, by less than the file can say. Seen are the holes
    of a band along the outer rings of ``covered``.
    """
    outer = shapely.get_exterior_ring(shapely.get_parts(covered))
    bands = shapely.get_parts(shapely.union_all(shapely.buffer(outer, SLIT_M, quad_segs=2)))
    rings, band = shapely.get_rings(bands, return_index=True)
    cores = np.asarray(shapely.polygons(rings[np.r_[False, band[1:] == band[:-1]]]), dtype=object)
    points = deep_points(cores)
    shapely.prepare(covered)
    seen = shapely.intersects(covered, points)
    seen[shapely.STRtree(enclosed).query(points, predicate="intersects")[0]] = True
    grown = shapely.buffer(cores[~seen], SLIT_M, join_style="mitre")
    pieces, core = parts(shapely.difference(grown, covered))
    return pieces[shapely.area(shapely.intersection(pieces, cores[~seen][core])) > 0.5 * shapely.area(pieces)]
