"""A coverage without defects, as large as asked for: zones of a land-use plan that share every
vertex of every border.

``draw(zone_count)`` gives exactly that many valid zones with VERTICES (or ``vertices``) vertices on
average, in metres, in the order of a table, with the boundary of their territory. They come from a
bent, jittered grid whose borders wander: most zones have four neighbours or more, a fifth of the
cells are joined to larger ones, three in a hundred have a hole with an island zone in it, one in a
hundred is two grounds apart (a multipolygon), and a border has few or many vertices. Coordinates
are doubles on no grid, as reprojection leaves them. Everything is done on arrays, so that a million
zones take a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

VERTICES = 55
CELL_M = 200.0
ORIGIN = (400_000.0, 2_300_000.0)
JOINED, WITH_ISLAND, APART = 0.20, 0.03, 0.01
SECOND_GROUND = 3
WANDERING = 0.035
"""How far a border leaves its chord, as a share of the chord's length."""
ZONES_AT_ONCE = 20_000


@dataclass(frozen=True)
class Borders:
    """The middle vertex (``x``, ``y``) of each border, and the zones on its two sides; -1 is the
    outside.
    """

    x: np.ndarray
    y: np.ndarray
    left: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Drawing:
    """``zones`` and the ``boundary`` that they cover once and wholly; ``plain``: zones of one cell
    without a hole, whose ``centre`` (n, 2) lies deep inside.
    """

    zones: np.ndarray
    boundary: shapely.Polygon
    borders: Borders
    plain: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class _Grid:
    """Nodes and numbered borders of columns × rows cells: first those that run east, row by row,
    then those that run north.
    """

    columns: int
    rows: int

    def east(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the border above node (row, column) eastwards."""
        return row * self.columns + column

    def north(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the border from node (row, column) northwards."""
        return (self.rows + 1) * self.columns + row * (self.columns + 1) + column

    def node(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Return the number of a node."""
        return row * (self.columns + 1) + column


def draw(zone_count: int, seed: int = 1, offset_m: float = 0.0, vertices: int = VERTICES) -> Drawing:
    """``zone_count`` zones; another ``seed`` and ``offset_m`` give an independent drawing of the
    same ground.
    """
    random = np.random.default_rng(seed)
    islands, apart = round(WITH_ISLAND * zone_count), round(APART * zone_count)
    wanted = (zone_count - islands + apart) / (1.0 - JOINED)
    columns = int(np.sqrt(wanted)) // 2 * 2
    grid = _Grid(columns, -(-int(wanted) // columns // 2) * 2)
    row, column = np.divmod(np.arange(grid.rows * columns), columns)
    joins = len(row) + islands - apart - zone_count
    if not 0 <= joins <= len(row) // 4:
        raise ValueError(f"{zone_count} zones are too few for this drawing: 1,000 or more, please")
    cell_zone, partner = _join(grid, joins, random)
    alone = np.flatnonzero(partner == -1)
    first = _with_a_second_ground(grid, partner, apart, random)
    second = first + SECOND_GROUND
    with_island = random.choice(np.setdiff1d(alone, np.concatenate([first, second])), islands, replace=False)
    rings, reverse, starts = _rings(grid, partner)
    x, y = _nodes(grid, random, offset_m)
    between = _vertices_per_border(rings, zone_count, islands, random, grid, vertices)
    points, begin = _borders(grid, x, y, between, random)
    shells = _shells(points, begin, between, rings, reverse, starts)
    centre = np.stack([_mean_of_corners(grid, node, row, column) for node in (x, y)], axis=1)
    holes = _island_rings(centre[with_island], random)
    zones = shapely.polygons(shells)
    zones[cell_zone[with_island]] = shapely.polygons(shells[cell_zone[with_island]], holes=holes[:, None])
    zones = np.concatenate([zones, shapely.polygons(holes)])
    one, other = cell_zone[first], cell_zone[second]
    zones[one] = shapely.multipolygons(np.stack([zones[one], zones[other]], axis=1))
    kept = np.ones(len(zones), dtype=bool)
    kept[other] = False
    place = np.cumsum(kept) - 1
    place[other] = place[one]
    plain = np.setdiff1d(alone, np.concatenate([with_island, first, second]))
    borders = _sides(grid, points[begin + (between + 1) // 2], place[cell_zone])
    return Drawing(
        zones[kept], _boundary(grid, points, begin, between), borders, place[cell_zone[plain]], centre[plain]
    )


def _join(grid: _Grid, joins: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(zone of each cell, partner of each cell or -1): ``joins`` blocks of two by two cells have
    two of them made one.
    """
    blocks = random.choice((grid.rows // 2) * (grid.columns // 2), joins, replace=False)
    block_row, block_column = np.divmod(blocks, grid.columns // 2)
    cell = 2 * block_row * grid.columns + 2 * block_column
    partner = np.full(grid.rows * grid.columns, -1)
    partner[cell] = cell + np.where(random.random(joins) < 0.5, 1, grid.columns)
    absorbed = np.zeros(len(partner), dtype=bool)
    absorbed[partner[cell]] = True
    zone = np.cumsum(~absorbed) - 1
    zone[partner[cell]] = zone[cell]
    partner[partner[cell]] = -2
    return zone, partner


def _with_a_second_ground(grid: _Grid, partner: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Cells whose zone also gets the cell SECOND_GROUND columns farther east, no cell twice; the
    two do not touch.
    """
    column = np.arange(len(partner)) % grid.columns
    fits = (column % (2 * SECOND_GROUND) < SECOND_GROUND) & (column + SECOND_GROUND < grid.columns)
    first = np.flatnonzero(fits & (partner == -1))
    return random.choice(first[partner[first + SECOND_GROUND] == -1], count, replace=False)


def _rings(grid: _Grid, partner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(borders of all shells in a row, whether each runs backwards, where each shell starts),
    counter-clockwise.
    """
    cells = np.flatnonzero(partner > -2)
    row, column = np.divmod(cells, grid.columns)
    wide = partner[cells] == cells + 1
    tall = (partner[cells] >= 0) & ~wide
    r2, c2 = row + np.where(tall, 2, 1), column + np.where(wide, 2, 1)
    none = np.full(len(cells), -1)
    slots = [
        (grid.east(row, column), False),
        (np.where(wide, grid.east(row, column + 1), none), False),
        (grid.north(row, c2), False),
        (np.where(tall, grid.north(row + 1, c2), none), False),
        (np.where(wide, grid.east(r2, column + 1), none), True),
        (grid.east(r2, column), True),
        (np.where(tall, grid.north(row + 1, column), none), True),
        (grid.north(row, column), True),
    ]
    table = np.stack([border for border, _ in slots], axis=1)
    backwards = np.broadcast_to([turned for _, turned in slots], table.shape)
    used = table >= 0
    return table[used], backwards[used], np.concatenate([[0], np.cumsum(used.sum(axis=1))])


def _nodes(grid: _Grid, random: np.random.Generator, offset_m: float) -> tuple[np.ndarray, np.ndarray]:
    """x, y of the nodes: jittered, and bent so that zones are large here and small there."""
    row, column = np.mgrid[0 : grid.rows + 1, 0 : grid.columns + 1].astype(float)
    jitter = random.uniform(-0.25, 0.25, (2, *row.shape))
    column, row = column + jitter[0], row + jitter[1]
    x = CELL_M * (column + 1.5 * np.sin(row / 9.0) + 1.2 * np.sin(column / 5.0))
    y = CELL_M * (row + 1.5 * np.sin(column / 11.0) + 1.2 * np.sin(row / 6.0))
    return (ORIGIN[0] + offset_m + x).ravel(), (ORIGIN[1] + offset_m + y).ravel()


def _mean_of_corners(grid: _Grid, node: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    corners = [grid.node(row + up, column + along) for up in (0, 1) for along in (0, 1)]
    return np.asarray(np.mean([node[corner] for corner in corners], axis=0))


def _vertices_per_border(
    rings: np.ndarray, zone_count: int, islands: int, random: np.random.Generator, grid: _Grid, wanted: int
) -> np.ndarray:
    """Vertices between the ends of each border, few or many, so that a zone has the ``wanted``
    number on average.
    """
    island_vertices = islands * 2 * 22
    mean = (wanted * zone_count - zone_count - island_vertices) / len(rings) - 1.0
    borders = (grid.rows + 1) * grid.columns + grid.rows * (grid.columns + 1)
    return 1 + random.poisson(random.gamma(2.0, max(mean - 1.0, 0.5) / 2.0, borders))


def _borders(
    grid: _Grid, x: np.ndarray, y: np.ndarray, vertices: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """(points of all borders in a row, both ends included; where each begins). A border wanders
    beside its chord.
    """
    row, column = np.divmod(np.arange((grid.rows + 1) * grid.columns), grid.columns)
    start = [grid.node(row, column)]
    end = [grid.node(row, column + 1)]
    row, column = np.divmod(np.arange(grid.rows * (grid.columns + 1)), grid.columns + 1)
    start.append(grid.node(row, column))
    end.append(grid.node(row + 1, column))
    first, last = np.concatenate(start), np.concatenate(end)
    begin = np.concatenate([[0], np.cumsum(vertices + 2)])
    border = np.repeat(np.arange(len(vertices)), vertices + 2)
    step = np.arange(begin[-1]) - begin[border]
    along = step / (vertices[border] + 1.0)
    walk = random.normal(0.0, 1.0, len(border)) / np.sqrt(vertices[border] + 1.0)
    walk[step == 0] = 0.0
    total = np.cumsum(walk)
    total -= total[begin[border]]
    bridge = total - along * total[begin[border + 1] - 1]
    bridge = np.clip(bridge * WANDERING, -2.5 * WANDERING, 2.5 * WANDERING)
    bridge *= np.minimum(
        1.0, 6.0 * np.minimum(along, 1.0 - along)
    )  # borders that meet at a node do not cross beside it
    dx, dy = (x[last] - x[first])[border], (y[last] - y[first])[border]
    points = np.stack(
        [x[first][border] + along * dx - bridge * dy, y[first][border] + along * dy + bridge * dx], axis=1
    )
    points[begin[1:] - 1] = np.stack([x[last], y[last]], axis=1)
    return points, begin[:-1]


def _shells(
    points: np.ndarray,
    begin: np.ndarray,
    vertices: np.ndarray,
    rings: np.ndarray,
    reverse: np.ndarray,
    starts: np.ndarray,
) -> np.ndarray:
    """Return the shell of each zone as a closed ring, some thousand at a time so that memory stays
    bounded.
    """
    made = np.empty(len(starts) - 1, dtype=object)
    for low in range(0, len(made), ZONES_AT_ONCE):
        high = min(low + ZONES_AT_ONCE, len(made))
        used, turned = rings[starts[low] : starts[high]], reverse[starts[low] : starts[high]]
        counts = vertices[used] + 1
        place = np.concatenate([[0], np.cumsum(counts)])
        of = np.repeat(np.arange(len(used)), counts)
        step = np.arange(place[-1]) - place[of]
        index = begin[used][of] + np.where(turned[of], counts[of] - step, step)
        ring_starts = place[starts[low : high + 1] - starts[low]]
        ring = np.repeat(np.arange(high - low), np.diff(ring_starts))
        # A ring is closed with its own first point.
        order = np.insert(index, ring_starts[1:], index[ring_starts[:-1]])
        ring = np.insert(ring, ring_starts[1:], np.arange(high - low))
        made[low:high] = shapely.linearrings(points[order], indices=ring)
    return made


def _island_rings(centre: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a ring of 22 vertices with a wobble around each centre."""
    turn = np.linspace(0.0, 2.0 * np.pi, 22)
    turn[-1] = 0.0
    wobble = random.uniform(0.8, 1.2, (len(centre), 22))
    wobble[:, -1] = wobble[:, 0]
    radius = random.uniform(10.0, 22.0, (len(centre), 1)) * wobble
    rings = np.stack([centre[:, :1] + radius * np.cos(turn), centre[:, 1:] + radius * np.sin(turn)], axis=2)
    return np.asarray(shapely.linearrings(rings), dtype=object)


def _sides(grid: _Grid, middle: np.ndarray, zone: np.ndarray) -> Borders:
    """Return the zones left and right of each border."""
    cells = np.full((grid.rows + 2, grid.columns + 2), -1)
    cells[1:-1, 1:-1] = zone.reshape(grid.rows, grid.columns)
    above, below = cells[1:, 1:-1], cells[:-1, 1:-1]
    west, east = cells[1:-1, :-1], cells[1:-1, 1:]
    left = np.concatenate([above.ravel(), west.ravel()])
    right = np.concatenate([below.ravel(), east.ravel()])
    return Borders(middle[:, 0], middle[:, 1], left, right)


def _boundary(grid: _Grid, points: np.ndarray, begin: np.ndarray, vertices: np.ndarray) -> shapely.Polygon:
    """Return the outline of the whole grid, vertex for vertex."""
    column, row = np.arange(grid.columns), np.arange(grid.rows)
    south, north = grid.east(0 * column, column), grid.east(0 * column + grid.rows, column)[::-1]
    east, west = grid.north(row, 0 * row + grid.columns), grid.north(row, 0 * row)[::-1]

    def line(border: int, backwards: bool) -> np.ndarray:
        some = points[begin[border] : begin[border] + vertices[border] + 2]
        return (some[::-1] if backwards else some)[:-1]

    pieces = [line(border, False) for border in (*south, *east)] + [line(border, True) for border in (*north, *west)]
    return shapely.Polygon(np.concatenate(pieces))
