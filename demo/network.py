"""Towns, districts, rivers and roads of the fictional province, laid over its terrain.

In: a :class:`Terrain`. Out: rivers and roads as :class:`Course`, thirteen town centres (metres),
and a raster that says to which district each 600 m cell belongs (districts grow from their towns
and stop at ridges and rivers). Always thirteen districts; one is an island district.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import shapely

from .lines import Course, chains, hang_on, smooth, sway
from .noise import hash_pair, uniform
from .terrain import CELL_M, NEIGHBOURS, ORIGIN_X_M, ORIGIN_Y_M, Terrain

DISTRICTS = 13
COARSE = 2  # terrain cells along one side of a cell of the coarse grid
RIVER_LEAST_KM2 = 38.0
HIGHWAY_WIDTH_M, ROAD_WIDTH_M = 46.0, 10.5


@dataclass
class Network:
    """Where people live and what connects them."""

    towns: np.ndarray
    rivers: list[Course]
    roads: list[Course]
    district: np.ndarray  # coarse raster of district numbers

    def district_at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the district number at points."""
        i, j = _coarse_cell(self.district.shape, x, y)
        return self.district[i, j]


def make_network(terrain: Terrain) -> Network:
    """Rivers first, then towns near them, districts around the towns, roads between them."""
    rivers = _rivers(terrain)
    towns = _towns(terrain)
    height, land, inside, river = _coarse_fields(terrain)
    district = _districts(terrain, towns, height, land, river)
    roads = _roads(terrain, towns, height, land, inside, river)
    return Network(towns, rivers, roads, district)


def _rivers(terrain: Terrain) -> list[Course]:
    flow = terrain.upstream_km2
    members = np.flatnonzero(flow >= RIVER_LEAST_KM2)
    courses: list[Course] = []
    lines: list[shapely.LineString] = []
    x, y = terrain.x.ravel(), terrain.y.ravel()
    for chain in chains(terrain.downstream, flow, members):
        if len(chain) < 6 or not terrain.inside.ravel()[chain].any():
            continue
        keep = np.unique(np.r_[0, np.arange(1, len(chain), 2), len(chain) - 1])
        points = np.stack([x[chain[keep]], y[chain[keep]]], axis=1)
        jitter = uniform(hash_pair(np.repeat(chain[keep], 2), np.tile([0, 1], len(keep)), terrain.seed + 51))
        points = points + (jitter.reshape(-1, 2) - 0.5) * CELL_M * 0.7
        to_sea = terrain.downstream[chain[0]] < 0
        if to_sea:
            points[0] += (points[0] - points[2]) * 0.8
        curve = sway(smooth(points), 210.0, 1_700.0, terrain.seed + 52)
        if not to_sea:
            curve = hang_on(curve, lines, 600.0)
        area = np.interp(np.linspace(0, 1, len(curve)), np.linspace(0, 1, len(keep)), flow[chain[keep]])
        area[: max(2, len(curve) // len(keep) * 2)] = area[min(len(area) - 1, 2 * len(curve) // len(keep))]
        width = 13.0 * (np.maximum(area, RIVER_LEAST_KM2) / 40.0) ** 0.55
        if to_sea:
            along = np.r_[0, np.cumsum(np.hypot(*np.diff(curve, axis=0).T))]
            width = width * (1.0 + 1.8 * np.exp(-along / 3_500.0))
        courses.append(Course(curve, width, rank=0 if to_sea and area.max() > 300 else 1))
        lines.append(courses[-1].line)
    return courses


def _towns(terrain: Terrain) -> np.ndarray:
    """Thirteen centres: spread by k-means over the land, then moved to low ground near water."""
    inside = terrain.inside.copy()
    x, y = terrain.x[inside], terrain.y[inside]
    weight = 0.35 + np.exp(-terrain.height_m[inside] / 90.0)
    along, inland = terrain.axes_m(x, y)
    ia, ii = terrain._island()
    isle = np.hypot(along - ia, inland - ii) < 8_500
    order = np.argsort(uniform(hash_pair(x, y, terrain.seed + 61)))
    order = order[~isle[order]]
    centres = _spread_out(x[order], y[order], weight[order], DISTRICTS - 1)
    points = np.stack([x, y], axis=1)
    main = np.zeros(len(x), dtype=bool)
    # Some thousands of cells place the middles as well as all of them.
    main[order[:6_000]] = True
    for _ in range(25):
        nearest = np.argmin(((points[main, None, :] - centres[None]) ** 2).sum(axis=2), axis=1)
        for k in range(len(centres)):
            mine = nearest == k
            if mine.any():
                centres[k] = np.average(points[main][mine], axis=0, weights=weight[main][mine])
    flow = terrain.upstream_km2.reshape(terrain.x.shape)[inside]
    score = -terrain.height_m[inside] / 60.0 + 0.8 * np.log1p(flow) / 3.0
    score += 0.6 * np.exp(-(((terrain.shore_m[inside] - 2_500) / 2_500.0) ** 2))
    score = np.where(terrain.shore_m[inside] < 1_300, score - 2, score)
    towns = []
    for centre in [*centres, points[isle].mean(axis=0)]:
        distance = np.hypot(*(points - centre).T)
        towns.append(points[np.argmax(score - (distance / 4_500.0) ** 2)])
    return _in_order(terrain, np.array(towns))


def _in_order(terrain: Terrain, towns: np.ndarray) -> np.ndarray:
    """Return the capital first, then from north to south; the island, which is last, stays last."""
    city = city_of(terrain, towns)
    rest = [k for k in np.argsort(-towns[:, 1]).tolist() if k not in (city, len(towns) - 1)]
    return towns[[city, *rest, len(towns) - 1]]


def _spread_out(x: np.ndarray, y: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """First guesses for k-means: each as far as possible from those taken."""
    centres = [(x[0], y[0])]
    nearest = np.hypot(x - x[0], y - y[0])
    while len(centres) < count:
        best = int(np.argmax(nearest * weight**0.3))
        centres.append((x[best], y[best]))
        nearest = np.minimum(nearest, np.hypot(x - x[best], y - y[best]))
    return np.array(centres)


def _coarse_fields(terrain: Terrain) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(height, land, inside the province, river) on the coarse grid."""
    rows, columns = terrain.x.shape[0] // COARSE, terrain.x.shape[1] // COARSE

    def blocks(raster: np.ndarray) -> np.ndarray:
        cut = raster[: rows * COARSE, : columns * COARSE]
        return cut.reshape(rows, COARSE, columns, COARSE).swapaxes(1, 2).reshape(rows, columns, -1)

    flow = terrain.upstream_km2.reshape(terrain.x.shape)
    return (
        blocks(terrain.height_m).mean(axis=2),
        blocks(terrain.shore_m > 0).mean(axis=2) >= 0.5,
        blocks(terrain.inside).mean(axis=2) >= 0.5,
        blocks(flow).max(axis=2) >= 250.0,
    )


def _coarse_cell(shape: tuple[int, ...], x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = CELL_M * COARSE
    i = np.clip(((y - ORIGIN_Y_M) // size).astype(np.int64), 0, shape[0] - 1)
    j = np.clip(((x - ORIGIN_X_M) // size).astype(np.int64), 0, shape[1] - 1)
    return i, j


def _cheapest(cost: np.ndarray, height: np.ndarray, climb: float, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (parent, label) of every cell: cheapest ways from the sources; a step costs its
    length, ground and climb.
    """
    rows, columns = cost.shape
    cost = np.pad(cost, 1, constant_values=np.inf)
    height = np.pad(height, 1)
    width = columns + 2
    ground, level = cost.ravel().tolist(), height.ravel().tolist()
    best = [np.inf] * len(ground)
    parent, label = [-1] * len(ground), [-1] * len(ground)
    queue = []
    for number, (i, j) in enumerate(sources):
        node = int((i + 1) * width + j + 1)
        best[node], label[node] = 0.0, number
        queue.append((0.0, node))
    heapq.heapify(queue)
    steps = [(di * width + dj, float(np.hypot(di, dj))) for di, dj in NEIGHBOURS]
    inf = float("inf")
    while queue:
        so_far, here = heapq.heappop(queue)
        if so_far > best[here]:
            continue
        for step, length in steps:
            there = here + step
            if ground[there] == inf:
                continue
            total = so_far + length * ground[there] + climb * abs(level[there] - level[here])
            if total < best[there]:
                best[there], parent[there], label[there] = total, here, label[here]
                heapq.heappush(queue, (total, there))
    unpad = np.arange(len(ground)).reshape(rows + 2, width)[1:-1, 1:-1].ravel()
    unpadded = np.full(len(ground), -1)
    unpadded[unpad] = np.arange(len(unpad))
    parents = np.array(parent)[unpad]
    parents = np.where(parents >= 0, unpadded[parents], -1)
    return parents, np.array(label)[unpad].reshape(rows, columns)


def _districts(
    terrain: Terrain, towns: np.ndarray, height: np.ndarray, land: np.ndarray, river: np.ndarray
) -> np.ndarray:
    """Districts grow from their towns; climbing and crossing a large river is dear, so borders lie
    on both.
    """
    cost = np.where(land, 1.0, 1.6) + np.where(river, 5.0, 0.0)
    rows, columns = height.shape
    x, y = np.meshgrid(
        ORIGIN_X_M + (np.arange(columns) + 0.5) * CELL_M * COARSE,
        ORIGIN_Y_M + (np.arange(rows) + 0.5) * CELL_M * COARSE,
    )
    cost = cost * (1.0 + 0.5 * (uniform(hash_pair(x // 2_400, y // 2_400, terrain.seed + 66)) - 0.5))
    i, j = _coarse_cell(height.shape, towns[:, 0], towns[:, 1])
    return _cheapest(cost, height, 0.035, np.stack([i, j], axis=1))[1]


def _roads(
    terrain: Terrain,
    towns: np.ndarray,
    height: np.ndarray,
    land: np.ndarray,
    inside: np.ndarray,
    river: np.ndarray,
) -> list[Course]:
    """Return a highway along the coast through the first town, provincial roads from it to all
    towns, two cross roads.
    """
    cost = np.where(land, 1.0 + np.clip(height / 250.0, 0, 4), np.inf) + np.where(river, 1.5, 0.0)
    cost = np.where(inside, cost, cost * 2.5)
    i, j = _coarse_cell(height.shape, towns[:, 0], towns[:, 1])
    nodes = i * height.shape[1] + j
    city = city_of(terrain, towns)
    parent, label = _cheapest(cost, height, 0.05, np.array([[i[city], j[city]]]))
    reached = label.ravel() >= 0
    columns = height.shape[1]
    cells = np.flatnonzero(inside.ravel() & reached)
    cx = ORIGIN_X_M + (cells % columns + 0.5) * CELL_M * COARSE
    cy = ORIGIN_Y_M + (cells // columns + 0.5) * CELL_M * COARSE
    along, inland = terrain.axes_m(cx, cy)
    penalty = np.abs(inland - 9_000) * 0.8
    ends = [int(cells[np.argmax(along - penalty)]), int(cells[np.argmax(-along - penalty)])]
    paths = [_path(parent, end) for end in ends]
    trunk = np.unique(np.concatenate(paths))
    branches = [_path(parent, int(node)) for k, node in enumerate(nodes) if k != city and reached[node]]
    members = np.unique(np.concatenate([trunk, *branches]))
    main = np.r_[paths[0], paths[1][::-1][1:]]
    weight = np.zeros(height.size)
    for branch in branches:
        np.add.at(weight, branch, 1.0)
    rest = np.setdiff1d(members, trunk)
    cross = _cross_roads(cost, height, towns, nodes, i, j, np.r_[members])
    drawn = [(main, 0)] + [(chain, 1) for chain in chains(parent, weight, rest)] + [(c, 1) for c in cross]
    return _drawn_roads(terrain, drawn, columns)


def _cross_roads(
    cost: np.ndarray,
    height: np.ndarray,
    towns: np.ndarray,
    nodes: np.ndarray,
    i: np.ndarray,
    j: np.ndarray,
    taken: np.ndarray,
) -> list[np.ndarray]:
    """Ways between neighbouring towns that the tree leaves far apart, until they meet a road that
    is there.
    """
    found: list[np.ndarray] = []
    middle = towns.mean(axis=0)
    for start in np.argsort(-np.hypot(*(towns - middle).T))[:3].tolist():
        if not np.isfinite(cost[i[start], j[start]]):
            continue
        parent, label = _cheapest(cost, height, 0.05, np.array([[i[start], j[start]]]))
        near = np.argsort(np.hypot(*(towns - towns[start]).T))[1:3].tolist()
        for other in near:
            if label.ravel()[nodes[other]] < 0:
                continue
            path = _path(parent, int(nodes[other]))
            old = np.isin(path, taken)
            gaps = np.flatnonzero(~old)
            if len(gaps) < 6:
                continue
            piece = path[max(0, gaps[0] - 1) : gaps[-1] + 2]
            found.append(piece)
            taken = np.union1d(taken, piece)
    return found


def _path(parent: np.ndarray, node: int) -> np.ndarray:
    """From ``node`` down to its source."""
    path = [node]
    while parent[path[-1]] >= 0:
        path.append(int(parent[path[-1]]))
    return np.array(path)


def _drawn_roads(terrain: Terrain, drawn: list[tuple[np.ndarray, int]], columns: int) -> list[Course]:
    courses: list[Course] = []
    lines: list[shapely.LineString] = []
    for chain, rank in drawn:
        if len(chain) < 3:
            continue
        keep = np.unique(np.r_[0, np.arange(1, len(chain), 2), len(chain) - 1])
        cells = chain[keep]
        points = np.stack(
            [
                ORIGIN_X_M + (cells % columns + 0.5) * CELL_M * COARSE,
                ORIGIN_Y_M + (cells // columns + 0.5) * CELL_M * COARSE,
            ],
            axis=1,
        )
        curve = sway(smooth(points, 3), 260.0, 2_600.0, terrain.seed + 71)
        if rank:
            curve = hang_on(curve, lines, 1_500.0)
            curve = hang_on(curve[::-1], lines, 450.0)[::-1]
        width = np.full(len(curve), HIGHWAY_WIDTH_M if rank == 0 else ROAD_WIDTH_M)
        courses.append(Course(curve, width, rank))
        lines.append(courses[-1].line)
    return courses


def city_of(terrain: Terrain, towns: np.ndarray) -> int:
    """Return the town that is the provincial capital: on the plain, near the middle of the
    coast.
    """
    along, inland = terrain.axes_m(towns[:-1, 0], towns[:-1, 1])
    return int(np.argmin(np.abs(along) + 1.5 * np.abs(inland - 8_000)))
