"""Which functional zone of the provincial plan lies where: the large pattern that every other layer
follows.

In: terrain and network. Out: :class:`Pattern`, Voronoi cells of 300 to 1,800 m labelled with a
district (0 to 12, -1 = not in the province) and a zone (index into ``ZONES``). Patches too small
for a map at 1:50,000 are given to a neighbour; every piece of land of a district apart from the
sea's islands hangs together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .network import Network, city_of
from .noise import fractal_noise, hash_pair, smooth_noise, uniform
from .terrain import HEIGHT_M, ORIGIN_X_M, ORIGIN_Y_M, WIDTH_M, Terrain
from .tessellation import Tessellation, components, spread_seeds, tessellate

ZONES = [
    "Z_LUA",
    "Z_CLN",
    "Z_RPH",
    "Z_RDD",
    "Z_RSX",
    "Z_KDL",
    "Z_KPC",
    "Z_DTC",
    "Z_KTM",
    "Z_DNT",
    "Z_KON",
    "Z_KKT",
    "Z_SKS",
    "Z_QPAN",
    "Z_DGT",
    "Z_LU",
    "Z_LB",
    "Z_DT",
    "Z_DRA",
]
ZONE = {code: number for number, code in enumerate(ZONES)}
NOWHERE = -1
SMALLEST_PATCH_M2 = 900_000.0
SMALLEST_ISLAND_M2 = 250_000.0


@dataclass
class Pattern:
    """The cells and their labels; ``height_m`` and ``shore_m`` at the seeds."""

    cells: Tessellation
    district: np.ndarray
    zone: np.ndarray
    height_m: np.ndarray
    shore_m: np.ndarray
    tree: shapely.STRtree

    def nearest(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the number of the cell whose seed is nearest to each point."""
        return self.tree.nearest(shapely.points(x, y))


@dataclass
class _Fields:
    x: np.ndarray
    y: np.ndarray
    height: np.ndarray
    shore: np.ndarray
    river: np.ndarray
    main_river: np.ndarray
    road: np.ndarray
    town: np.ndarray  # distance to the nearest town
    which_town: np.ndarray


def make_pattern(terrain: Terrain, network: Network) -> Pattern:
    """Return the functional zones of a province."""
    bounds = (ORIGIN_X_M, ORIGIN_Y_M, ORIGIN_X_M + WIDTH_M, ORIGIN_Y_M + HEIGHT_M)
    cells = tessellate(spread_seeds(lambda x, y: _spacing(terrain, x, y), bounds, 3_600.0, 4, terrain.seed))
    x, y = cells.seeds.T
    shore = terrain.shore(x, y)
    height = terrain.height(x, y, shore)
    district = _districts(terrain, network, cells, shore)
    fields = _fields(terrain, network, x, y, height, shore)
    zone = _zones(terrain, network, fields)
    zone = _with_places(terrain, network, fields, zone, district)
    zone = _without_patches(cells, district, zone)
    return Pattern(cells, district, zone, height, shore, shapely.STRtree(shapely.points(cells.seeds)))


def _spacing(terrain: Terrain, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    shore = terrain.sample(terrain.shore_m, x, y)
    height = terrain.sample(terrain.height_m, x, y)
    reach = terrain.reach(x, y)
    spacing = np.where(height < 40, 430.0, np.where(height < 160, 640.0, 950.0))
    spacing = np.where(shore < -1_200, 1_700.0, spacing)
    spacing = np.where(np.abs(shore) < 700, 290.0, spacing)
    return np.where(reach > terrain.limit * 1.12, 3_600.0, spacing)


def _fields(
    terrain: Terrain, network: Network, x: np.ndarray, y: np.ndarray, height: np.ndarray, shore: np.ndarray
) -> _Fields:
    points = shapely.points(x, y)

    def distance(lines: list[shapely.LineString]) -> np.ndarray:
        pieces = np.concatenate([_pieces(line) for line in lines])
        return shapely.STRtree(pieces).query_nearest(points, return_distance=True, all_matches=False)[1]

    town = np.hypot(x[:, None] - network.towns[:, 0], y[:, None] - network.towns[:, 1])
    return _Fields(
        x,
        y,
        height,
        shore,
        distance([course.line for course in network.rivers]),
        distance([c.line for c in network.rivers if c.rank == 0] or [c.line for c in network.rivers]),
        distance([course.line for course in network.roads]),
        town.min(axis=1),
        town.argmin(axis=1),
    )


def _pieces(line: shapely.LineString) -> np.ndarray:
    points = shapely.get_coordinates(line)
    return shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))


def _districts(terrain: Terrain, network: Network, cells: Tessellation, shore: np.ndarray) -> np.ndarray:
    """District per cell; whole islands are in or out; an exclave goes to the district around it."""
    x, y = cells.seeds.T
    land = shore > 0
    bend = 700.0
    bx = x + bend * fractal_noise(x, y, 2_600, terrain.seed + 81)
    by = y + bend * fractal_noise(x, y, 2_600, terrain.seed + 82)
    district = np.where(land, network.district_at(bx, by), NOWHERE)
    inside = land & (terrain.reach(x, y) < terrain.limit)
    links = cells.sides[(cells.sides >= 0).all(axis=1)]
    mass = components(len(x), links[land[links[:, 0]] & land[links[:, 1]]])
    area = np.bincount(mass, weights=cells.area_m2, minlength=len(x))
    area_inside = np.bincount(mass, weights=cells.area_m2 * inside, minlength=len(x))
    mainland = int(np.argmax(np.where(land, area_inside[mass], 0)))
    island = land & (mass != mass[mainland])
    whole = (area_inside[mass] > 0.5 * area[mass]) & (area[mass] > SMALLEST_ISLAND_M2)
    inside = np.where(island, whole, inside)
    district = np.where(inside, district, NOWHERE)
    # Mainland that only hangs on the province by land outside it is left out.
    kept = components(len(x), links[(district[links] >= 0).all(axis=1)])
    area = np.bincount(kept, weights=cells.area_m2 * (district >= 0), minlength=len(x))
    district = np.where(~island & (kept != int(np.argmax(area))), NOWHERE, district)
    for part in np.unique(kept[island & (district >= 0)]):
        here = np.flatnonzero((kept == part) & (district >= 0))
        district[here] = np.bincount(district[here], weights=cells.area_m2[here]).argmax()
    return _without_exclaves(cells, district, island, links)


def _without_exclaves(cells: Tessellation, district: np.ndarray, island: np.ndarray, links: np.ndarray) -> np.ndarray:
    # The province may not enclose holes of land outside, so those count as one more label to clean.
    for _ in range(4):
        same = links[district[links[:, 0]] == district[links[:, 1]]]
        part = components(len(district), same)
        area = np.bincount(part, weights=cells.area_m2, minlength=len(district))
        largest: dict[int, int] = {}
        for root in np.flatnonzero(area):
            owner = int(district[root])
            if owner not in largest or area[root] > area[largest[owner]]:
                largest[owner] = int(root)
        stray = (part != np.array([largest[int(d)] for d in district])) & ~island & (district >= 0)
        if not stray.any():
            break
        district = _given_away(cells, district, stray, links, district >= 0)
    return district


def _given_away(
    cells: Tessellation, label: np.ndarray, stray: np.ndarray, links: np.ndarray, allowed: np.ndarray
) -> np.ndarray:
    """Stray cells take the label of the neighbour across their longest border, working inwards."""
    label = label.copy()
    waiting = stray.copy()
    length = np.hypot(*(cells.nodes[cells.ends[:, 0]] - cells.nodes[cells.ends[:, 1]]).T)
    length = length[(cells.sides >= 0).all(axis=1)]
    both = np.concatenate([np.c_[links, length], np.c_[links[:, ::-1], length]])
    while waiting.any():
        mine = both[waiting[both[:, 0].astype(int)]]
        a, b = mine[:, 0].astype(int), mine[:, 1].astype(int)
        good = ~waiting[b] & allowed[b]
        if not good.any():
            break
        a, b, size = a[good], b[good], mine[good, 2]
        order = np.lexsort((size, a))
        last = np.r_[a[order][1:] != a[order][:-1], True]
        label[a[order][last]] = label[b[order][last]]
        waiting[a] = False
    return label


def _zones(terrain: Terrain, network: Network, f: _Fields) -> np.ndarray:
    """Zones from the ground alone: forests, rice, crops, villages along roads, towns, river
    banks.
    """
    s = terrain.seed
    n3 = fractal_noise(f.x, f.y, 3_400, s + 91, octaves=3)
    n5 = fractal_noise(f.x, f.y, 5_500, s + 92, octaves=3)
    n9 = fractal_noise(f.x, f.y, 9_500, s + 93, octaves=3)
    zone = np.full(len(f.x), ZONE["Z_RSX"])
    zone[f.height > 500 + 240 * n5 + 90 * n3] = ZONE["Z_RPH"]
    foot = (f.height < 105 + 70 * n5) | ((f.river < 420 + 260 * n3) & (f.height < 330))
    zone[foot & (n3 < 0.42)] = ZONE["Z_CLN"]
    plain = f.height < 23 + 9 * n3
    zone[plain] = ZONE["Z_LUA"]
    zone[plain & (n5 > 0.58)] = ZONE["Z_CLN"]
    open_land = np.isin(zone, [ZONE["Z_LUA"], ZONE["Z_CLN"]])
    along_road = (f.road < 560 + 420 * n3) & (n9 + 0.6 * n3 > -0.30)
    hamlet = smooth_noise(f.x, f.y, 2_300, s + 94) > 0.47
    zone[open_land & (f.height < 90) & (along_road | (hamlet & plain))] = ZONE["Z_DNT"]
    tidal = (f.shore < 900 + 650 * n3) & (f.height < 14) & (n5 > -0.12)
    zone[tidal] = ZONE["Z_LU"]
    zone[(f.main_river < 330 + 160 * n3) & (f.height < 25)] = ZONE["Z_LU"]
    islet = (f.shore > 0) & (n9 < 0.2) & (f.shore < 1_600) & (terrain.axes_m(f.x, f.y)[1] < -4_500)
    zone[islet & (f.height > 6)] = ZONE["Z_RPH"]
    city = city_of(terrain, network.towns)
    radius = np.where(f.town < 1, 0, 1_350.0) * np.ones(len(f.x))
    radius[f.which_town == city] = 3_900.0
    radius[f.which_town == _second_town(terrain, network)] = 2_500.0
    zone[(f.town < radius * (1 + 0.28 * n3)) & ((f.height < 60) | (f.town < 800))] = ZONE["Z_DTC"]
    return zone


def _second_town(terrain: Terrain, network: Network) -> int:
    city = city_of(terrain, network.towns)
    _, inland = terrain.axes_m(*network.towns.T)
    far = np.hypot(*(network.towns - network.towns[city]).T)
    score = np.where(np.arange(len(network.towns)) == city, np.inf, inland - 0.3 * far)
    score[-1] = np.inf
    return int(np.argmin(score))


def _with_places(terrain: Terrain, network: Network, f: _Fields, zone: np.ndarray, district: np.ndarray) -> np.ndarray:
    """Round places of special zones: tourism, economic zone, crafts, defence, heritage, mines,
    waste, reserves.
    """
    zone = zone.copy()
    taken: list[tuple[float, float, float]] = [(*town, 2_000.0) for town in network.towns.tolist()]
    city = network.towns[city_of(terrain, network.towns)]
    to_city = np.hypot(f.x - city[0], f.y - city[1])
    inside = district >= 0
    coast = inside & (f.shore < 500) & (f.height < 30)
    hills = inside & (f.height > 60) & (f.height < 330) & (f.shore > 3_000)
    plain = inside & (zone == ZONE["Z_LUA"])
    wishes = (
        ("Z_RDD", inside & (f.height > 380) & (f.shore > 9_000), 2, 6_300.0),
        ("Z_KKT", coast & (to_city > 9_000) & (f.river > 900), 1, 3_100.0),
        ("Z_KDL", coast & (to_city > 5_000), 4, 1_150.0),
        ("Z_LB", coast & (to_city < 16_000), 2, 1_000.0),
        ("Z_KTM", plain & (to_city < 10_000), 2, 800.0),
        ("Z_SKS", hills & (f.road > 700), 4, 850.0),
        ("Z_QPAN", hills & (f.road > 400), 4, 750.0),
        ("Z_DT", inside & (f.height < 120) & (f.height > 15) & (f.road > 500), 3, 620.0),
        ("Z_DRA", hills & (f.height < 140) & (f.road > 500), 2, 520.0),
        ("Z_KON", plain & (f.road < 900) & (f.road > 250), 5, 620.0),
    )
    for number, (code, where, count, radius) in enumerate(wishes):
        order = np.argsort(uniform(hash_pair(f.x, f.y, terrain.seed + 700 + number)))
        chosen = 0
        for cell in order[where[order]].tolist():
            px, py = float(f.x[cell]), float(f.y[cell])
            if any(np.hypot(px - tx, py - ty) < radius + tr + 600 for tx, ty, tr in taken):
                continue
            taken.append((px, py, radius))
            wobble = 1 + 0.42 * fractal_noise(f.x, f.y, radius * 1.3, terrain.seed + 750 + number, octaves=3)
            here = np.hypot(f.x - px, f.y - py) < radius * wobble
            if code != "Z_RDD":
                # One district decides over such a place.
                here &= district == district[cell]
            else:
                here &= f.height > 120
            zone[here] = ZONE[code]
            chosen += 1
            if chosen == count:
                break
    return zone


def _without_patches(cells: Tessellation, district: np.ndarray, zone: np.ndarray) -> np.ndarray:
    """Patches below the smallest area go to their neighbours; special places are kept whatever
    their size.
    """
    links = cells.sides[(cells.sides >= 0).all(axis=1)]
    special = np.isin(
        zone,
        [ZONE[c] for c in ["Z_KDL", "Z_KTM", "Z_KON", "Z_KKT", "Z_SKS", "Z_QPAN", "Z_LB", "Z_DT", "Z_DRA", "Z_DTC"]],
    )
    for least in (SMALLEST_PATCH_M2 / 3, SMALLEST_PATCH_M2, SMALLEST_PATCH_M2):
        label = np.where(district >= 0, district * len(ZONES) + zone, -1)
        within = links[(district[links[:, 0]] == district[links[:, 1]]) & (district[links[:, 0]] >= 0)]
        part = components(len(zone), within[label[within[:, 0]] == label[within[:, 1]]])
        area = np.bincount(part, weights=cells.area_m2, minlength=len(zone))
        small = (area[part] < np.where(special, least / 3, least)) & (district >= 0)
        given = label.copy()
        # A neighbour in the same district only: districts are dealt with one by one.
        for number in range(int(district.max()) + 1):
            mine = small & (district == number)
            if mine.any():
                given = np.where(district == number, _given_away(cells, given, mine, links, district == number), given)
        zone = np.where(district >= 0, given % len(ZONES), zone)
    return zone
