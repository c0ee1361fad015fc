"""The land-use plan of one district: its regions cut into zones with land-use codes, as many as
asked for.

In: the regions of the district (exact coverage, master frame), the terrain, the pattern, the wanted
number of zones. Out: :class:`Zones`, polygons that cover the district exactly, with shared
vertices. The number is met unless the regions alone are more. Zones are fine in towns and villages
and coarse in the forest.
"""

from __future__ import annotations

import functools
import heapq
from dataclasses import dataclass

import numpy as np
import shapely

from ..engine.catalogue import read_table
from .coverage import dissolve, merge_small, merged, neighbours
from .land_use import DEMO, choose_codes
from .noise import hash_pair, uniform
from .regions import BLOCK, FREE, Regions
from .terrain import Terrain
from .tessellation import Tessellation, draw_apart, spread_seeds, tessellate
from .zoning import ZONES, Pattern

# How far apart cells lie in a zone, compared with others.
RELATIVE_SPACING = {
    "Z_DTC": 0.34, "Z_KTM": 0.34, "Z_KON": 0.34, "Z_LB": 0.36, "Z_KDL": 0.36, "Z_KKT": 0.5, "Z_DNT": 0.42, "Z_DT": 0.34,
    "Z_DRA": 0.34, "Z_SKS": 0.4, "Z_QPAN": 0.5, "Z_LU": 0.55, "Z_LUA": 0.8, "Z_CLN": 0.72, "Z_RSX": 1.15, "Z_RPH": 1.5,
    "Z_RDD": 1.6, "Z_KPC": 0.5, "Z_DGT": 1.0,
}  # fmt: skip
_RELATIVE = np.array([RELATIVE_SPACING[zone] for zone in ZONES])
LEVELS = 7
MOST_CELLS_PER_ZONE, LEAST_CELLS_PER_ZONE = 2.2, 1.12
SAME_CODE_DRAWS = 4.0
SMALL_IN_LIFE = ("DGD", "DYT", "TSC", "DVH", "DTT", "DCH", "TIN", "DSH", "TMD", "DNL", "CAN", "TON")


@dataclass
class Zones:
    """The zones of a plan: parallel arrays; ``zone`` is the functional zone, ``kind`` as in
    regions.
    """

    geometry: np.ndarray
    code: np.ndarray
    zone: np.ndarray
    kind: np.ndarray
    group: np.ndarray


def need(regions: Regions) -> np.ndarray:
    """Return how many zones each region calls for, up to a common factor."""
    area = shapely.area(regions.geometry) / 1e6
    return np.where(regions.kind == FREE, area / _RELATIVE[regions.zone] ** 2, 0.0)


def make_zones(regions: Regions, terrain: Terrain, pattern: Pattern, wanted: int, town: np.ndarray) -> Zones:
    """``wanted`` zones of the district whose whole regions are given; ``town`` is its centre."""
    free = regions.kind == FREE
    fixed_count = int((~free).sum())
    wanted_free = max(int(free.sum()), wanted - fixed_count)
    cells, unit_m = _cells(regions, pattern, terrain, wanted_free)
    lines = _noded(cells, _fine_lines(cells, terrain, unit_m), regions)
    faces = shapely.get_parts(shapely.polygonize(lines))
    return _zones(faces, regions, cells, terrain, pattern, wanted, unit_m, town)


def whole_regions(regions: Regions) -> Regions:
    """Regions without the cuts that a river or road took from the pattern."""
    pairs, _ = neighbours(regions.geometry)
    zone = np.where(regions.kind == FREE, regions.zone, -1)
    _, label = np.unique(np.stack([regions.kind, regions.group, zone]), axis=1, return_inverse=True)
    geometry, first = merged(regions.geometry, dissolve(regions.geometry, label.ravel(), pairs))
    regions = regions.take(first)
    regions.geometry = geometry
    return regions


def _cells(regions: Regions, pattern: Pattern, terrain: Terrain, wanted: int) -> tuple[Tessellation, float]:
    """(cells over the district, the spacing in metres where the relative spacing is 1)."""
    # Small plans need shapes of several cells; in large ones a cell is a zone nearly as it is.
    cells_per_zone = float(np.interp(np.log10(wanted), [3.5, 4.6], [MOST_CELLS_PER_ZONE, LEAST_CELLS_PER_ZONE]))
    unit_m = 1_000.0 * float(np.sqrt(need(regions).sum() / (wanted * cells_per_zone)))
    ground = shapely.simplify(shapely.coverage_union_all(regions.geometry), 50.0)
    ground = shapely.buffer(ground, 3 * unit_m, quad_segs=2)
    coarsest = unit_m * 2.6
    x0, y0, x1, y1 = ground.bounds

    def spacing(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        wanted_m = _RELATIVE[pattern.zone[pattern.nearest(x, y)]] * unit_m
        shapely.prepare(ground)
        return np.where(shapely.contains_xy(ground, x, y), wanted_m, np.inf)

    seeds = spread_seeds(spacing, (x0, y0, x1, y1), coarsest, LEVELS, terrain.seed + 901)
    seeds = seeds[shapely.contains_xy(shapely.buffer(ground, 3 * unit_m), *seeds.T)]
    return tessellate(seeds), unit_m


def _fine_lines(cells: Tessellation, terrain: Terrain, unit_m: float) -> np.ndarray:
    x, y = cells.seeds.T
    height = terrain.sample(terrain.height_m, x, y)
    on_edge = height[cells.sides].mean(axis=1)
    # A line on a map at 1:10,000 has a vertex every two or three millimetres, the mountains' sheets
    # fewer.
    spacing = np.where(on_edge > 160, 60.0, 32.0)
    spacing = np.minimum(spacing, max(9.0, unit_m / 5))
    return draw_apart(cells, spacing, 0.16, terrain.seed + 902)


def _noded(cells: Tessellation, lines: np.ndarray, regions: Regions) -> np.ndarray:
    """Lines of cells and borders of regions, cut where they meet; only lines that meet something
    are cut at all.
    """
    rings = shapely.boundary(regions.geometry)
    borders = _short_pieces(rings)
    tree = shapely.STRtree(borders)
    meets = np.zeros(len(lines), dtype=bool)
    meets[np.unique(tree.query(lines, predicate="intersects")[0])] = True
    outline = shapely.coverage_union_all(regions.geometry)
    shapely.prepare(outline)
    inside = shapely.contains_xy(outline, *cells.nodes[cells.ends[:, 0]].T)
    knotted = shapely.unary_union(np.concatenate([lines[meets], rings]), grid_size=0.001)
    return np.concatenate([shapely.get_parts(knotted), lines[inside & ~meets]])


def _short_pieces(rings: np.ndarray, vertices: int = 16) -> np.ndarray:
    """Rings as many short lines, which a tree separates better."""
    found = []
    for ring in shapely.get_parts(rings):
        xy = shapely.get_coordinates(ring)
        found += [shapely.linestrings(xy[k : k + vertices + 1]) for k in range(0, len(xy) - 1, vertices)]
    return np.array(found, dtype=object)


def _zones(
    faces: np.ndarray,
    regions: Regions,
    cells: Tessellation,
    terrain: Terrain,
    pattern: Pattern,
    wanted: int,
    unit_m: float,
    town: np.ndarray,
) -> Zones:
    inner = shapely.point_on_surface(faces)
    region_of, face_of = shapely.STRtree(inner).query(regions.geometry, predicate="contains")
    region = np.full(len(faces), -1)
    region[face_of] = region_of
    faces, inner, region = faces[region >= 0], inner[region >= 0], region[region >= 0]
    seed = shapely.STRtree(shapely.points(cells.seeds)).nearest(inner)
    faces, region, code = _coded(faces, region, seed, regions, cells, terrain, unit_m, town)
    faces, region, code = _fewer(faces, region, code, regions.zone[region], wanted)
    return Zones(faces, code, regions.zone[region], regions.kind[region], regions.group[region])


def _coded(
    faces: np.ndarray,
    region: np.ndarray,
    seed: np.ndarray,
    regions: Regions,
    cells: Tessellation,
    terrain: Terrain,
    unit_m: float,
    town: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces with codes: fixed regions in one piece, scraps of cells given to a neighbour in the
    same region.
    """
    kind = regions.kind[region]
    pairs, length = neighbours(faces)
    same = region[pairs[:, 0]] == region[pairs[:, 1]]
    x, y = cells.seeds[seed].T
    chance = hash_pair(np.round(x * 1000), np.round(y * 1000), terrain.seed + 903)
    zone = regions.zone[region]
    wavelength = np.round(unit_m * _RELATIVE[zone] * 5.0, -1)
    shore = terrain.sample(terrain.shore_m, x, y)
    code = choose_codes(zone, x, y, shore, np.maximum(wavelength, 150.0), chance, terrain.seed + 904)
    code = np.where(regions.code[region] != "", regions.code[region], code)
    blocks = np.flatnonzero((kind == BLOCK) & (regions.code[region] == ""))
    code[blocks] = _block_codes(regions, region[blocks], town, terrain.seed)
    whole = kind != FREE
    label = np.where(whole, region, len(regions.geometry) + np.arange(len(faces)))
    start = dissolve(faces, label, pairs[same])
    # Scraps: what a region's border left of a cell.
    area = shapely.area(faces)
    thin = 2 * area / shapely.length(faces) < 7.0
    small = ((area < 0.12 * (unit_m * _RELATIVE[zone]) ** 2) | thin) & ~whole
    liking = (code[pairs[:, 0]] == code[pairs[:, 1]]).astype(int)
    target = merge_small(small, pairs[same], length[same], np.stack([liking, liking], axis=1)[same])
    faces, first = merged(faces, start[target])
    return faces, region[first], code[first]


@functools.cache
def _block_shares() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = list(read_table(DEMO / "town_blocks.csv"))
    centre = np.cumsum([float(row["share_centre"]) for row in rows])
    edge = np.cumsum([float(row["share_edge"]) for row in rows])
    return np.array([row["code"] for row in rows], dtype=object), centre / centre[-1], edge / edge[-1]


def _block_codes(regions: Regions, which: np.ndarray, town: np.ndarray, seed: int) -> np.ndarray:
    """Offices, markets and shops in the middle of a town, dwellings around."""
    names, centre, edge = _block_shares()
    middle = shapely.centroid(regions.geometry[which])
    distance = np.hypot(shapely.get_x(middle) - town[0], shapely.get_y(middle) - town[1])
    draw = uniform(hash_pair(regions.group[which], which, seed + 905))
    central = np.searchsorted(centre, draw)
    outer = np.searchsorted(edge, draw)
    return names[np.minimum(np.where(distance < 420, central, outer), len(names) - 1)]


def _fewer(
    faces: np.ndarray, region: np.ndarray, code: np.ndarray, zone: np.ndarray, wanted: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge neighbours of one region until ``wanted`` are left, the smallest first, compared with
    what is usual there.
    """
    if len(faces) <= wanted:
        return faces, region, code
    pairs, length = neighbours(faces)
    fitting = region[pairs[:, 0]] == region[pairs[:, 1]]
    pairs, length = pairs[fitting], length[fitting]
    length = np.where(code[pairs[:, 0]] == code[pairs[:, 1]], SAME_CODE_DRAWS * length, length)
    # Schools and offices are small in life; they shall not be the first to go.
    weight = np.where(np.isin(code, SMALL_IN_LIFE), 4.0, 1.0) / _RELATIVE[zone] ** 2
    # Chance keeps sizes as uneven as in life.
    weight = weight * 8.0 ** (uniform(hash_pair(np.arange(len(faces)), wanted, 7)) - 0.5)
    owner = _merge_smallest(shapely.area(faces) * weight, pairs, length, len(faces) - wanted)
    name, number = np.unique(code.astype(str), return_inverse=True)
    share = np.zeros((len(faces), len(name)))
    np.add.at(share, (owner, number), shapely.area(faces))
    faces, first = merged(faces, owner)
    return faces, region[first], name[share[first].argmax(axis=1)].astype(object)


def _merge_smallest(area_m2: np.ndarray, pairs: np.ndarray, length_m: np.ndarray, merges: int) -> np.ndarray:
    """Return the one that each is merged into: up to ``merges`` times the smallest goes to a
    neighbour.
    """
    links: list[dict[int, float]] = [{} for _ in range(len(area_m2))]
    for (a, b), metres in zip(pairs.tolist(), length_m.tolist()):
        links[a][b] = links[b][a] = metres
    area = area_m2.tolist()
    heap = [(size, k) for k, size in enumerate(area) if links[k]]
    heapq.heapify(heap)
    owner = list(range(len(area)))
    while heap and merges:
        size, k = heapq.heappop(heap)
        if owner[k] != k or size != area[k] or not links[k]:
            continue
        # A long common border draws, size repels, else the largest would swallow all.
        taker = max(links[k], key=lambda other: (links[k][other] ** 2 / area[other], -other))
        owner[k] = taker
        merges -= 1
        area[taker] += area[k]
        for other, metres in links[k].items():
            del links[other][k]
            if other != taker:
                links[taker][other] = links[other][taker] = links[taker].get(other, 0.0) + metres
        links[k] = {}
        heapq.heappush(heap, (area[taker], taker))
    final = np.array(owner)
    while not np.array_equal(final, final[final]):
        final = final[final]
    return final
