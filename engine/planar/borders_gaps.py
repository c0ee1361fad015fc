"""What two neighbouring territories leave open between them: gaps, most of which are open at their
ends.

A gap is ground that no territory covers, that touches both of the two, and into which a circle as
wide as the search width cannot get from outside; where the gap is open it ends at the straight line
between the two outlines that such a circle would touch. Two coasts that part at a river's mouth
leave such ground whatever the width of the circle, but they are no border: ground whose mouth is
wider than the ground inside is looked at again with smaller circles, and counts only where it turns
out to be closed, as wide inside as at its mouth, or to end between two corners where the outlines
turn away. Ground between three territories is split between their pairs: each place belongs to the
two territories that are nearest to it.

Goes in: valid polygons in a projected CRS in metres, and the edges of the two that face each other.
Comes out: connected polygons in the original coordinates, but for the ends, and the length of the
two outlines along them.
"""

from __future__ import annotations

import numpy as np
import shapely

from .polygons import EMPTY, parts, polygonal, writable
from .width import widths

MOUTH = 1.1
"""The mouth of ground between lines that part at more than 11 degrees is wider than so many times
its inside.
"""
CORNERED, CORNERED_MOUTH = 0.5, 2.5
"""Where the outlines turn away at the mouth, the circle stops at two corners closer than half its
width; then the lines may part at up to a right angle.
"""
SMALLEST_M = 0.05
"""Circles no smaller than this look for the end of an open gap."""
STEP = 2.0**-0.5
WINDOW = 2.5
"""So many search widths around the edges that face each other is looked at."""
REACH_M = 0.001
THREAD_M = 2 * REACH_M
"""An open gap thinner than this cannot be told from the point where two outlines part."""
ROUND = 16
OVERREACH = 1.003
"""Circles are polygons of 4 * ROUND corners, up to 0.24 % short of the circle after two of them."""
TILE, REACH = 4.0, 2.25
"""Ground that three share is looked at in squares of so many search widths. All of it lies within
two search widths of a third territory, so the points within REACH of a square, a little more, are
all that can be nearest to a place in it.
"""
SAMPLES = 24
"""Points along an outline for each search width, where three territories share a gap."""


def gaps_between(
    territories: np.ndarray,
    tree: shapely.STRtree,
    pair: tuple[int, int],
    facing: tuple[np.ndarray, np.ndarray],
    search_m: float,
) -> tuple[np.ndarray, np.ndarray]:
    """(gaps, how much of the outline of each is outline of one of the two) between the two
    territories of ``pair``.

    ``facing``: the edges of each within ``search_m`` of the other; ``tree``: the index of
    ``territories``.
    """
    window = _around(np.concatenate(facing), WINDOW * search_m, search_m)
    near = np.sort(tree.query(window, predicate="intersects"))
    covers = polygonal(shapely.intersection(territories[near], window))
    sides = [int(np.flatnonzero(near == territory)[0]) for territory in pair]
    free, _ = parts([shapely.difference(window, shapely.union_all(covers))])
    shapely.prepare(covers)
    walls = _Walls(covers)
    closed = shapely.disjoint(free, shapely.boundary(window))
    closed &= shapely.is_empty(shapely.buffer(free, -search_m / 2.0, quad_segs=ROUND))
    reach = shapely.intersection(*[_around(lines, search_m, search_m / 10.0) for lines in facing])
    pieces = np.concatenate(
        [free[closed], *[_open(part, covers, walls, sides, reach, search_m) for part in free[~closed]]]
    )
    pieces = pieces[_touching(pieces, covers, walls, sides)]
    if len(covers) > 2 and len(pieces):
        pieces, _ = parts([_share(piece, covers, walls, sides, search_m) for piece in pieces])
    return pieces, _walls_m(pieces, walls, sides)


def _around(lines: np.ndarray, distance_m: float, precision_m: float) -> shapely.Geometry:
    """Return the ground within ``distance_m`` of ``lines``, to the given precision."""
    merged = shapely.line_merge(shapely.multilinestrings(lines))
    return shapely.buffer(shapely.simplify(merged, precision_m / 4.0, preserve_topology=False), distance_m)


def _open(
    free: shapely.Geometry,
    covers: np.ndarray,
    walls: _Walls,
    sides: list[int],
    reach: shapely.Geometry,
    search_m: float,
) -> np.ndarray:
    """Return the gaps in one connected piece of free ground, whose rest goes on beyond the border."""
    narrow = _without_circles(free, free, search_m)
    narrow = narrow[_touching(narrow, covers, walls, sides)]
    candidates, _ = parts(shapely.intersection(narrow, reach))
    found = [np.zeros(0, dtype=object)]
    circle_m = search_m
    while len(candidates) and circle_m > SMALLEST_M:
        candidates = candidates[_touching(candidates, covers, walls, sides)]
        ended, _ = parts([_with_straight_ends(piece, walls, free) for piece in candidates])
        ended = ended[_touching(ended, covers, walls, sides)]
        width_m = widths(ended)
        ended, width_m = ended[width_m > THREAD_M], width_m[width_m > THREAD_M]
        mouth_m = _mouths_m(ended, walls)
        wide = mouth_m > np.where(mouth_m <= CORNERED * circle_m, CORNERED_MOUTH, MOUTH) * width_m
        found.append(ended[~wide])
        circle_m *= STEP
        candidates = np.concatenate(
            [np.zeros(0, dtype=object), *[_without_circles(piece, free, circle_m) for piece in ended[wide]]]
        )
    return np.concatenate(found)


def _without_circles(piece: shapely.Geometry, free: shapely.Geometry, circle_m: float) -> np.ndarray:
    """Return the parts of ``piece`` that no circle of this diameter inside ``free`` covers."""
    if piece is not free:
        free = shapely.intersection(free, shapely.box(*shapely.bounds(piece)).buffer(2.0 * circle_m))
    centres = shapely.buffer(free, -circle_m / 2.0, quad_segs=ROUND)
    return parts([shapely.difference(piece, shapely.buffer(centres, circle_m / 2.0 * OVERREACH, quad_segs=ROUND))])[0]


class _Walls:
    """The outlines of some territories, by segment: one question of the nearest costs the same
    however long they are.
    """

    def __init__(self, covers: np.ndarray):
        single, owner = parts(covers)
        rings, polygon = shapely.get_rings(writable(single), return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        joined = ring[1:] == ring[:-1]
        ends = np.stack([points[:-1][joined], points[1:][joined]], axis=1)
        self._owner = owner[polygon[ring[1:][joined]]]
        self._tree = shapely.STRtree(shapely.linestrings(ends))

    def hold(self, points: np.ndarray, covers: np.ndarray | list[int] | None = None) -> np.ndarray:
        """Return whether each point (n, 2) lies on the outline of one of the territories, or of
        those that ``covers`` numbers.
        """
        point, segment = self._tree.query(shapely.points(points), predicate="dwithin", distance=REACH_M)
        if covers is not None:
            point = point[np.isin(self._owner[segment], covers)]
        held = np.zeros(len(points), dtype=bool)
        held[point] = True
        return held


def _segments(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (middle, length, polygon) of every segment of the outlines."""
    rings, owner = shapely.get_rings(writable(polygons), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    start, end = points[:-1][joined], points[1:][joined]
    return (start + end) / 2.0, np.linalg.norm(end - start, axis=1), owner[ring[1:][joined]]


def _mouths_m(polygons: np.ndarray, walls: _Walls) -> np.ndarray:
    """Return the longest segment of each outline that runs along no territory."""
    middle, length_m, polygon = _segments(polygons)
    off = ~walls.hold(middle)
    longest = np.zeros(len(polygons))
    np.maximum.at(longest, polygon[off], length_m[off])
    return longest


def _walls_m(polygons: np.ndarray, walls: _Walls, sides: list[int]) -> np.ndarray:
    """Return how much of each outline runs along one of the territories."""
    if len(polygons) == 0:
        return np.zeros(0)
    middle, length_m, polygon = _segments(polygons)
    on = walls.hold(middle, sides)
    return np.bincount(polygon[on], length_m[on], len(polygons))


def _with_straight_ends(polygon: shapely.Geometry, walls: _Walls, free: shapely.Geometry) -> shapely.Geometry:
    """Return the polygon without the vertices on no territory: the arcs of the circles at its open
    ends become straight.
    """
    rings = []
    for ring in shapely.get_rings(polygon):
        points = shapely.get_coordinates(ring)[:-1]
        kept = points[walls.hold(points)]
        if len(kept) > 2:
            rings.append(kept)
    if not rings:
        return EMPTY
    made = shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))
    return shapely.intersection(made, free)


def _touching(polygons: np.ndarray, covers: np.ndarray, walls: _Walls, sides: list[int]) -> np.ndarray:
    """Return whether each polygon touches both territories along a line."""
    both = np.ones(len(polygons), dtype=bool)
    for cover in covers[sides]:
        both[both] = shapely.dwithin(cover, polygons[both], REACH_M)
    for side in sides:
        both[both] = _walls_m(polygons[both], walls, [side]) > THREAD_M
    return both


def _share(
    piece: shapely.Geometry, covers: np.ndarray, walls: _Walls, sides: list[int], search_m: float
) -> shapely.Geometry:
    """Return the part of ``piece`` that is nearer to the two territories ``sides`` than to any
    third.
    """
    touched = np.flatnonzero(shapely.dwithin(covers, piece, REACH_M))
    if len(touched) == 2:
        return piece
    points, owner = _samples(piece, walls, touched, search_m)
    thirds = ~np.isin(owner, sides)
    zone = shapely.buffer(shapely.multipoints(points[thirds][:: SAMPLES // 4]), 2.0 * search_m, quad_segs=2)
    contested = shapely.intersection(piece, zone)
    shapely.prepare(contested)
    near = shapely.dwithin(contested, points, search_m)
    points, owner = points[near], owner[near]
    shares = [shapely.difference(piece, zone)]
    tree = shapely.STRtree(points)
    for ground in _tiles(contested, TILE * search_m):
        some = np.sort(tree.query(ground, predicate="dwithin", distance=REACH * search_m))
        for first, second in (sides, sides[::-1]):
            nearest = _nearest(points[some], owner[some] == first, ground)
            others = some[owner[some] != first]
            shares.append(_nearest(points[others], owner[others] == second, nearest))
    return shapely.union_all(polygonal(shares))


def _tiles(ground: shapely.Geometry, side_m: float) -> list[shapely.Geometry]:
    """Return the parts of ``ground`` in each square of a grid: along a gap of any length as many as
    it is long.
    """
    tiles, todo = [], [(ground, shapely.bounds(ground))]
    while todo:
        part, (west, south, east, north) = todo.pop()
        if shapely.is_empty(part):
            continue
        if max(east - west, north - south) <= side_m:
            tiles.append(part)
            continue
        middle_x, middle_y = (west + east) / 2.0, (south + north) / 2.0
        if east - west >= north - south:
            halves = ((west, south, middle_x, north), (middle_x, south, east, north))
        else:
            halves = ((west, south, east, middle_y), (west, middle_y, east, north))
        todo += [(polygonal([shapely.intersection(part, shapely.box(*half))])[0], half) for half in halves]
    return tiles


def _samples(
    piece: shapely.Geometry, walls: _Walls, touched: np.ndarray, search_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """(points, territory) along the outline of ``piece``."""
    middle, _, _ = _segments(np.array([shapely.segmentize(piece, search_m / SAMPLES)], dtype=object))
    owner = np.full(len(middle), -1)
    for cover in touched[::-1]:
        owner[walls.hold(middle, [cover])] = cover
    return np.asarray(shapely.points(middle[owner >= 0]), dtype=object), owner[owner >= 0]


def _nearest(points: np.ndarray, chosen: np.ndarray, ground: shapely.Geometry) -> shapely.Geometry:
    """Return the part of ``ground`` that is nearer to the ``chosen`` points than to the others."""
    if chosen.all() or not chosen.any() or shapely.is_empty(ground):
        return ground if chosen.any() else EMPTY
    points, at = np.unique(shapely.get_coordinates(points), axis=0, return_inverse=True)
    chosen = np.bincount(at.reshape(-1), chosen, len(points)) > 0
    # GEOS may return a cell as a collection where points lie in a row
    cells, _ = parts([shapely.voronoi_polygons(shapely.multipoints(points), extend_to=ground)])
    cell, point = shapely.STRtree(shapely.points(points)).query(cells, predicate="intersects")
    right = np.bincount(cell, minlength=len(cells)) == 1
    found = right[cell]
    nearest = _together(cells[cell[found & chosen[point]]])
    lost = np.setdiff1d(np.arange(len(points)), point[found])
    if len(lost) in (0, len(points)):
        return polygonal([shapely.intersection(ground, nearest)])[0]
    # GEOS 3.13 and 3.14 may give one point of many on a circle everything but its cell; it gets
    # what the others leave.
    left = shapely.difference(ground, _together(cells[right]))
    mended = _nearest(np.asarray(shapely.points(points[lost]), dtype=object), chosen[lost], left)
    return polygonal([shapely.union(shapely.intersection(ground, nearest), mended)])[0]


def _together(cells: np.ndarray) -> shapely.Geometry:
    """Return the union of cells that only touch: fast, and the slow way where rounding let two of
    them overlap, or one cross itself.
    """
    try:
        made = shapely.coverage_union_all(cells)
        if shapely.is_valid(made):
            return made
    except shapely.errors.GEOSException:
        pass
    return shapely.union_all(shapely.make_valid(cells))
