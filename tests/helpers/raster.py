"""An oracle that knows no geometry library: zones as sets of small triangles, counted one by one.

A plate of SIZE × SIZE cells, each cut into four triangles by its diagonals. Zones are sets of triangles (rectangles, diamonds
and what they leave of each other), so depth, gaps, overhang and connected pieces are exact counts. :func:`drawn` turns a set
into a polygon with integer coordinates, which is all that the code under test sees.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import numpy as np
import shapely
from hypothesis import strategies as st

SIZE = 6
CELL_M = 2.0
TRIANGLE_M2 = 1.0
SOUTH, EAST, NORTH, WEST = range(4)
Triangles = frozenset[int]
ALL = frozenset(range(SIZE * SIZE * 4))


def _number(x: int, y: int, side: int) -> int:
    return (y * SIZE + x) * 4 + side


@functools.cache
def neighbours(triangle: int) -> tuple[int, ...]:
    """The triangles across an edge; -1 is what lies around the plate."""
    cell, side = divmod(triangle, 4)
    y, x = divmod(cell, SIZE)
    dx, dy = ((0, -1), (1, 0), (0, 1), (-1, 0))[side]
    beyond = _number(x + dx, y + dy, (side + 2) % 4) if 0 <= x + dx < SIZE and 0 <= y + dy < SIZE else -1
    return _number(x, y, (side + 1) % 4), _number(x, y, (side + 3) % 4), beyond


def _corners(triangle: int) -> list[tuple[float, float]]:
    cell, side = divmod(triangle, 4)
    y, x = divmod(cell, SIZE)
    ring = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    corners = [ring[side], ring[(side + 1) % 4], (x + 0.5, y + 0.5)]
    return [(CELL_M * a, CELL_M * b) for a, b in corners]


@functools.cache
def _polygon(triangle: int) -> shapely.Polygon:
    return shapely.Polygon(_corners(triangle))


def drawn(triangles: Triangles, x: float = 0.0, y: float = 0.0) -> shapely.Geometry:
    """The triangles as one valid (multi)polygon whose corner is at x, y."""
    made = shapely.normalize(shapely.union_all([_polygon(triangle) for triangle in triangles]))
    return shapely.transform(made, lambda places: places + np.array([x, y]))


def pieces(triangles: Iterable[int]) -> list[Triangles]:
    """The pieces that hang together by edges; a common corner does not join."""
    left, found = set(triangles), []
    while left:
        piece, queue = set(), [left.pop()]
        while queue:
            one = queue.pop()
            piece.add(one)
            queue += [other for other in neighbours(one) if other in left]
            left -= set(queue)
        found.append(frozenset(piece))
    return found


def enclosed(covered: Triangles) -> list[Triangles]:
    """The uncovered pieces that do not hang together with what lies around the plate."""
    return [piece for piece in pieces(ALL - covered) if not any(-1 in neighbours(one) for one in piece)]


def area_m2(triangles: Iterable[int]) -> float:
    return TRIANGLE_M2 * len(list(triangles))


@functools.cache
def _diamond(x: int, y: int, radius: int) -> Triangles:
    centres = {one: np.mean(_corners(one), axis=0) / CELL_M for one in ALL}
    return frozenset(one for one, (a, b) in centres.items() if abs(a - x) + abs(b - y) < radius)


@st.composite
def _figure(draw: st.DrawFn) -> Triangles:
    """A rectangle of cells or a diamond of triangles."""
    x, y = draw(st.integers(0, SIZE - 1)), draw(st.integers(0, SIZE - 1))
    if draw(st.booleans()):
        right, top = draw(st.integers(x + 1, SIZE)), draw(st.integers(y + 1, SIZE))
        return frozenset(_number(a, b, side) for a in range(x, right) for b in range(y, top) for side in range(4))
    radius = draw(st.integers(1, 3))
    return _diamond(x, y, radius)


@st.composite
def _zone(draw: st.DrawFn) -> Triangles:
    """One to three figures joined, cut out of each other, or taken where only one of them lies."""
    made = draw(_figure())
    for how in draw(st.lists(st.sampled_from(["join", "cut", "one"]), max_size=2)):
        other = draw(_figure())
        made = {"join": made | other, "cut": made - other, "one": made ^ other}[how]
    return made


zones = _zone().filter(bool)
plans = st.lists(zones, min_size=1, max_size=7)
