"""The land of the fictional province: where the sea is, how high the ground, where the province
ends, where water flows.

In: the seed. Out: :class:`Terrain`, fields that any module asks at points (metres, EPSG:5899 frame)
and a grid of them, with flow directions to the sea (priority flood: every land cell drains). The
province measures about 5,500 km². Fails never; odd seeds give odd but complete provinces.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from .noise import fractal_noise, mix, ridged_noise, smooth_noise, smoothstep, uniform
from .tessellation import components

ORIGIN_X_M, ORIGIN_Y_M = 387_000.0, 2_284_000.0
WIDTH_M, HEIGHT_M = 108_000.0, 111_000.0
CELL_M = 300.0
PROVINCE_AREA_KM2 = 5_500.0
NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


@dataclass
class Terrain:
    """Fields over the frame; rasters are (rows, columns), row 0 in the south."""

    seed: int
    inland_x: float = 0.0
    inland_y: float = 1.0
    centre_x: float = ORIGIN_X_M + WIDTH_M / 2
    centre_y: float = ORIGIN_Y_M + HEIGHT_M / 3
    limit: float = 1.0
    x: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    y: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    shore_m: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    height_m: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    inside: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    downstream: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    upstream_km2: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def axes_m(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (along the coast, inland) of points, metres from the middle of the coast."""
        dx, dy = x - self.centre_x, y - self.centre_y
        return dx * self.inland_y - dy * self.inland_x, dx * self.inland_x + dy * self.inland_y

    def shore(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """About the distance inland in metres, below 0 in the sea; its zero line is the coast with
        bays and islands.
        """
        along, inland = self.axes_m(x, y)
        s = self.seed
        main = (
            inland
            + 7_500 * smooth_noise(x, y, 31_000, s + 11)
            + 4_600 * smooth_noise(x, y, 10_500, s + 12)
            + 1_700 * fractal_noise(x, y, 4_600, s + 13, octaves=5, gain=0.58)
        )
        # A belt of islands off the coast, in some stretches only, and one large island that becomes
        # a district.
        belt = smoothstep(-17_000, -9_000, main) * smoothstep(0, -2_500, main)
        stretch = smoothstep(-0.1, 0.45, smooth_noise(along, np.zeros_like(along), 26_000, s + 14))
        rocks = fractal_noise(x, y, 3_300, s + 15, octaves=3) - 0.62 + 0.2 * stretch
        isles = np.where(belt * stretch > 0.02, 2_600 * rocks * np.sqrt(belt * stretch), -3_000.0)
        ia, ii = self._island()
        turn = 0.45
        da, di = along - ia, inland - ii
        ellipse = np.hypot((da + turn * di) / 9_500, (di - turn * da) / 4_300)
        big = 4_200 * (1.0 - ellipse) + 1_500 * fractal_noise(x, y, 5_200, s + 16, octaves=4, gain=0.55)
        return np.maximum(main, np.maximum(isles, big))

    def _island(self) -> tuple[float, float]:
        side = 1.0 if mix(np.array(self.seed + 77)) % np.uint64(2) else -1.0
        place = float(uniform(mix(np.array(self.seed + 78))))
        return side * (12_000 + 9_000 * place), -17_500.0

    def height(self, x: np.ndarray, y: np.ndarray, shore_m: np.ndarray | None = None) -> np.ndarray:
        """Height above the sea in metres, 0 in the sea."""
        shore_m = self.shore(x, y) if shore_m is None else shore_m
        s, km = self.seed, shore_m / 1_000.0
        # Bent coordinates fray the feet of the hills into spurs and side valleys.
        bend = 1_700 * fractal_noise(x, y, 5_600, s + 25, octaves=4, gain=0.6)
        km = km + bend / 650.0 * smoothstep(3.0, 12.0, km)
        x, y = x + bend, y + 1_700 * fractal_noise(x, y, 5_600, s + 26, octaves=4, gain=0.6)
        range_ = smoothstep(9.0, 46.0, km + 13.0 * smooth_noise(x, y, 27_000, s + 21))
        # A low range near the coast breaks the plain, as the hills behind the bays do in the
        # north-east.
        foreland = 0.42 * smoothstep(0.25, 0.8, smooth_noise(x, y, 13_000, s + 22)) * smoothstep(0.3, 2.5, km)
        crest = ridged_noise(x, y, 12_500, s + 23)
        rise = np.maximum(range_, foreland)
        mountain = 1_250.0 * rise**1.25 * (0.10 + 0.90 * crest**1.6)
        plain = 1.0 + 0.45 * np.clip(km, 0, None) + 1.2 * smooth_noise(x, y, 3_000, s + 24)
        # Islands are drowned hills: they rise quickly behind the beach.
        _, inland = self.axes_m(x, y)
        isle = smoothstep(-3_000, -6_500, inland) * smoothstep(250, 1_300, shore_m)
        hill = 110.0 * isle * np.clip(0.35 + fractal_noise(x, y, 3_600, s + 27, octaves=3), 0, None)
        return np.where(shore_m > 0, np.maximum(0.3, plain + mountain + hill), 0.0)

    def reach(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Grows outwards from the province's middle; the province is where it is below
        ``limit``.
        """
        along, inland = self.axes_m(x, y)
        wobble = 0.42 * fractal_noise(x, y, 29_000, self.seed + 31, octaves=5, gain=0.5)
        far = np.abs(inland - 22_000) / np.where(inland > 22_000, 42_000, 44_000)
        # No province runs off the sheet.
        edge_x = WIDTH_M / 2 - np.abs(x - ORIGIN_X_M - WIDTH_M / 2)
        edge_y = HEIGHT_M / 2 - np.abs(y - ORIGIN_Y_M - HEIGHT_M / 2)
        off_sheet = 4.0 * smoothstep(-7_000, -2_500, -np.minimum(edge_x, edge_y))
        return (np.abs(along) / 42_000) ** 2.6 + far**2.6 + wobble + off_sheet

    def sample(self, raster: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the raster's value in the cell of each point."""
        rows, columns = self.cell(x, y)
        return raster[rows, columns]

    def cell(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (row, column) of points, clipped to the frame."""
        rows, columns = self.x.shape
        i = np.clip(((y - ORIGIN_Y_M) // CELL_M).astype(np.int64), 0, rows - 1)
        j = np.clip(((x - ORIGIN_X_M) // CELL_M).astype(np.int64), 0, columns - 1)
        return i, j


def make_terrain(seed: int) -> Terrain:
    """Return the terrain of a seed."""
    turn = (float(uniform(mix(np.array(seed + 5)))) - 0.5) * 0.4
    angle = np.pi / 2 + 0.3 + turn
    terrain = Terrain(seed, inland_x=float(np.cos(angle)), inland_y=float(np.sin(angle)))
    columns, rows = int(WIDTH_M / CELL_M), int(HEIGHT_M / CELL_M)
    terrain.x, terrain.y = np.meshgrid(
        ORIGIN_X_M + (np.arange(columns) + 0.5) * CELL_M, ORIGIN_Y_M + (np.arange(rows) + 0.5) * CELL_M
    )
    # The coast's middle sits so that sea and islands fill the seaward quarter of the frame.
    terrain.centre_x = ORIGIN_X_M + WIDTH_M / 2 - terrain.inland_x * 22_000
    terrain.centre_y = ORIGIN_Y_M + HEIGHT_M / 2 - terrain.inland_y * 22_000
    terrain.shore_m = terrain.shore(terrain.x, terrain.y)
    terrain.height_m = terrain.height(terrain.x, terrain.y, terrain.shore_m)
    reach = terrain.reach(terrain.x, terrain.y)
    land = np.sort(reach[terrain.shore_m > 0])
    wanted = PROVINCE_AREA_KM2 * (0.96 + 0.1 * float(uniform(mix(np.array(seed + 6)))))
    terrain.limit = float(land[min(len(land) - 1, int(wanted * 1e6 / CELL_M**2))])
    terrain.inside = _in_one_piece(terrain.shore_m > 0, reach < terrain.limit)
    _let_water_flow(terrain, reach)
    return terrain


def _in_one_piece(land: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return the land that is near enough, without pieces of the mainland that hang on land
    beyond.
    """
    number = np.arange(land.size).reshape(land.shape)

    def masses(mask: np.ndarray) -> np.ndarray:
        across = (mask[:, 1:] & mask[:, :-1], number[:, 1:], number[:, :-1])
        up = (mask[1:] & mask[:-1], number[1:], number[:-1])
        links = np.concatenate([np.stack([a[both], b[both]], axis=1) for both, a, b in (across, up)])
        return components(land.size, links).reshape(land.shape)

    inside = land & near
    mass, part = masses(land), masses(inside)
    mainland = mass == np.bincount(mass[inside]).argmax()
    main_part = part == np.bincount(part[inside & mainland]).argmax()
    return inside & (main_part | ~mainland)


def _let_water_flow(terrain: Terrain, reach: np.ndarray) -> None:
    """Fill ``downstream`` (flat index of the next cell, -1 in the sea) and ``upstream_km2`` (0 in
    the sea).
    """
    rows, columns = terrain.x.shape
    rough = 0.03 * terrain.height_m + 3.0
    height = terrain.height_m + rough * fractal_noise(terrain.x, terrain.y, 1_500, terrain.seed + 41, octaves=2)
    # A slope to the sea keeps the valleys of the mountains open, else filled basins drain in
    # straight lines.
    height = height + np.clip(terrain.shore_m / 1_000.0 * 9.0, 0.0, None)
    land = (terrain.shore_m > 0) & (reach < terrain.limit * 1.25)
    land[0, :] = land[-1, :] = land[:, 0] = land[:, -1] = False
    heights = height.ravel().tolist()
    waiting = land.ravel().tolist()
    downstream = [-1] * len(heights)
    steps = [di * columns + dj for di, dj in NEIGHBOURS]
    sea = (terrain.shore_m <= 0).ravel()
    touching = np.zeros(rows * columns, dtype=bool)
    for step in steps:
        touching |= np.roll(land.ravel(), -step)
    queue = [(0.0, int(i)) for i in np.flatnonzero(sea & touching)]
    heapq.heapify(queue)
    order: list[int] = []
    while queue:
        level, here = heapq.heappop(queue)
        order.append(here)
        for step in steps:
            there = here + step
            if waiting[there]:
                waiting[there] = False
                downstream[there] = here
                heapq.heappush(queue, (max(level + 0.02, heights[there]), there))
    area = [CELL_M**2 / 1e6 if flag else 0.0 for flag in land.ravel().tolist()]
    for here in reversed(order):
        below = downstream[here]
        if below >= 0:
            area[below] += area[here]
    terrain.downstream = np.array(downstream, dtype=np.int64)
    terrain.upstream_km2 = np.where(sea, 0.0, np.array(area))
