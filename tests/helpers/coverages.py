"""Random coverages for property tests: a grid of cells with shared, crooked borders, and defects of every kind.

A coverage is a small recipe (size, origin, seed of the crookedness, a list of defects), so that hypothesis shrinks it to few
cells and few defects; the shrunk one is printed as WKT. Seeds from TURNED on turn the whole coverage, so that its coordinates
are doubles as after a change of CRS; below, they are whole millimetres.
"""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st

CELL_M = 10.0
TURNED, TURN = 6, 0.3
KINDS = (
    "duplicate",
    "shift",
    "remove",
    "contained",
    "stack",
    "island",
    "island in hole",
    "hole",
    "hole at the shell",
    "extra node",
    "missing node",
    "moved node",
    "near-collinear",
    "spike",
    "needle",
    "merge apart",
    "gap at a point",
    "overhang",
)

defects = st.tuples(
    st.sampled_from(KINDS), st.integers(0, 15), st.integers(0, 15), st.sampled_from([0.5, 0.011, 1.0, 2.503, 4.0])
)
recipes = st.tuples(
    st.integers(1, 4),
    st.sampled_from([(0.0, 0.0), (500_000.0, 2_300_000.0), (-123_456.789, 9_999_999.001)]),
    st.integers(0, TURNED + 1),
    st.lists(defects, max_size=5),
)


def coverage(recipe: tuple[int, tuple[float, float], int, list[tuple[str, int, int, float]]]) -> np.ndarray:
    """The valid polygons of a recipe, coordinates on the millimetre."""
    size, origin, seed, planted = recipe
    cells = list(_cells(size, origin, seed))
    for kind, first, second, length_m in planted:
        _plant(cells, kind, first % len(cells), second % len(cells), length_m)
        cells = [cell for cell in shapely.make_valid(np.array(cells, dtype=object)) if cell.area > 0]
    rounded = shapely.transform(np.array(cells, dtype=object), lambda c: np.round(c, 3))
    if seed >= TURNED:
        rounded = shapely.transform(
            rounded, lambda c: c @ [[np.cos(TURN), np.sin(TURN)], [-np.sin(TURN), np.cos(TURN)]]
        )
    made = shapely.make_valid(rounded)
    made = made[(shapely.area(made) > 0) & np.isin(shapely.get_type_id(made), (3, 6))]
    if currently_in_test_context():
        note(shapely.to_wkt(shapely.geometrycollections(made), rounding_precision=3 if seed < TURNED else 17))
    return made


def _cells(size: int, origin: tuple[float, float], seed: int) -> np.ndarray:
    """A grid of size × size cells; inner corners are jittered, and each border has a node in its middle."""
    random = np.random.default_rng(seed)
    steps = 2 * size + 1
    x, y = np.meshgrid(np.arange(steps) * CELL_M / 2, np.arange(steps) * CELL_M / 2)
    jitter = random.uniform(-1.0, 1.0, (2, steps, steps)) * (seed > 0)
    x, y = np.round(x + jitter[0] + origin[0], 3), np.round(y + jitter[1] + origin[1], 3)
    ring = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
    return np.array(
        [
            shapely.Polygon([(x[2 * row + r, 2 * column + c], y[2 * row + r, 2 * column + c]) for r, c in ring])
            for row in range(size)
            for column in range(size)
        ],
        dtype=object,
    )


def _plant(cells: list[shapely.Geometry], kind: str, first: int, second: int, length_m: float) -> None:
    zone, other = cells[first], cells[second]
    x, y = shapely.get_coordinates(shapely.point_on_surface(zone))[0]
    if kind == "duplicate":
        cells.append(zone)
    elif kind == "shift":
        cells[first] = shapely.transform(zone, lambda c: c + length_m)
    elif kind == "remove" and len(cells) > 1:
        del cells[first]
    elif kind == "contained":
        cells.append(shapely.box(x, y, x + length_m / 4, y + length_m / 4))
    elif kind == "stack":
        cells.extend(shapely.box(x - step, y - step, x + length_m, y + length_m) for step in (0.25, 0.5, 1.0))
    elif kind == "island":
        hole = shapely.box(x, y, x + length_m / 2, y + length_m / 2)
        cells[first] = shapely.difference(zone, hole)
        cells.append(hole)
    elif kind == "island in hole":
        cells[first] = shapely.difference(zone, shapely.box(x - 1, y - 1, x + 1, y + 1))
        cells.append(shapely.box(x - 0.5, y - 0.5, x + 0.5, y + 0.5))
    elif kind == "hole":
        cells[first] = shapely.difference(zone, shapely.Point(x, y).buffer(length_m / 2, quad_segs=2))
    elif kind == "hole at the shell":
        corner = shapely.get_coordinates(zone)[0]
        cells[first] = shapely.difference(zone, shapely.Polygon([corner, (x, y), (x + length_m / 4, y)]))
    elif kind == "extra node":
        cells[first] = shapely.segmentize(zone, max_segment_length=3.0)
    elif kind == "missing node" and zone.geom_type == "Polygon":
        points = shapely.get_coordinates(zone.exterior)[:-1]
        cells[first] = shapely.Polygon(np.delete(points, second % len(points), axis=0)) if len(points) > 3 else zone
    elif kind == "near-collinear" and zone.geom_type == "Polygon":
        points = shapely.get_coordinates(zone.exterior)[:-1]
        at = second % len(points)
        between = (points[at - 1] + points[at]) / 2 + (0.0007 * first % 0.0031, -0.0007)
        cells[first] = shapely.Polygon(np.insert(points, at, between, axis=0))
    elif kind == "moved node" and zone.geom_type == "Polygon":
        points = shapely.get_coordinates(zone.exterior)[:-1]
        points[second % len(points)] += length_m
        cells[first] = shapely.Polygon(points)
    elif kind == "spike" and zone.geom_type == "Polygon":
        points = list(map(tuple, shapely.get_coordinates(zone.exterior)[:-1]))
        points.insert(1, (x + 20 * length_m, y + 20 * length_m))
        cells[first] = shapely.Polygon(points)
    elif kind == "needle" and zone.geom_type == "Polygon":
        points = list(map(tuple, shapely.get_coordinates(zone.exterior)[:-1]))
        (left, low), (right, high) = points[:2]
        middle = ((left + right) / 2, (low + high) / 2)
        points[1:1] = [middle, (middle[0] + 4 * length_m, middle[1] - 7 * length_m), (middle[0] + 0.002, middle[1])]
        cells[first] = shapely.Polygon(points)
    elif kind == "merge apart" and first != second:
        cells[first] = shapely.union(zone, other)
        del cells[second]
    elif kind == "gap at a point":
        a, b = shapely.get_coordinates(zone)[:2]
        for corner in (a, b):
            cells[first] = shapely.difference(
                cells[first],
                shapely.Polygon([corner, (x, y), ((corner[0] + x) / 2, (corner[1] + y) / 2 + length_m / 8)]),
            )
    elif kind == "overhang":
        cells[first] = shapely.union(zone, shapely.box(x, y, x + 30 * length_m, y + length_m))
