"""The province cut into regions: functional zones, rivers, lakes, roads, town blocks and industrial
parks, per district.

In: terrain, network, pattern and the wanted number of zones. Out: :class:`Regions`, polygons in the
master frame that cover the province exactly (shared vertices), each with a district, a functional
zone of the provincial plan, and, where the ground decides it, a fixed land-use code. Raises
nothing; slivers left by the cutting are given to a neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .coverage import merge_small, merged, neighbours
from .lines import corridor
from .network import Network, city_of
from .noise import fractal_noise, hash_pair, uniform
from .settlements import Grid, street_grid
from .terrain import Terrain
from .tessellation import border_lines
from .zoning import NOWHERE, ZONE, ZONES, Pattern

FREE, RIVER, LAKE, HIGHWAY, ROAD, BLOCK, STREET, PARK_BLOCK, PARK_STREET, SITE = range(10)
FIXED_CODE = {RIVER: "SON", LAKE: "MNC", HIGHWAY: "DGT", ROAD: "DGT", STREET: "DGT", PARK_STREET: "DGT"}
SEA = -2
VERTEX_SPACING_M = 55.0
SMALLEST_FACE_M2 = 14_000.0
NARROWEST_FACE_M = 14.0


@dataclass
class Regions:
    """Parallel arrays; ``group`` distinguishes blocks and sites of one kind, ``code`` is "" where
    it is still open.
    """

    geometry: np.ndarray
    district: np.ndarray
    zone: np.ndarray
    kind: np.ndarray
    group: np.ndarray
    code: np.ndarray

    def take(self, chosen: np.ndarray) -> Regions:
        """Return the chosen rows."""
        return Regions(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass
class Surroundings:
    """What lies around the province: polygons of the sea and of the neighbours' land."""

    sea: np.ndarray
    land: np.ndarray


@dataclass
class Overlay:
    """What is laid over the pattern."""

    rivers: shapely.Geometry
    lakes: shapely.Geometry
    highway: shapely.Geometry
    roads: shapely.Geometry
    towns: list[Grid]
    parks: list[Grid]
    park_codes: list[str]


def make_regions(terrain: Terrain, network: Network, pattern: Pattern, size: int) -> tuple[Regions, Surroundings]:
    """Return every region of the province, not yet merged across cuts (the provincial plan needs
    them apart).
    """
    nowhere = np.where(pattern.shore_m > 0, NOWHERE, SEA)
    label = np.where(pattern.district >= 0, pattern.district * len(ZONES) + pattern.zone, nowhere)
    middle = pattern.height_m[pattern.cells.sides].mean(axis=1)
    spacing = np.where(middle > 160, VERTEX_SPACING_M * 1.5, VERTEX_SPACING_M)
    lines = border_lines(pattern.cells, label, spacing, 0.17, terrain.seed + 801)
    base = shapely.get_parts(shapely.polygonize([shapely.unary_union(lines, grid_size=0.001)]))
    base_label = _labels(base, pattern, label)
    overlay = _overlay(terrain, network, pattern, base, base_label, size)
    faces = _faces(lines, overlay)
    regions = _without_slivers(_labelled(faces, base, base_label, overlay))
    return regions, Surroundings(base[base_label == SEA], base[base_label == NOWHERE])


def _labels(polygons: np.ndarray, pattern: Pattern, label: np.ndarray) -> np.ndarray:
    """Return each polygon's label: that of the first seed in it, else of the seed nearest to its
    inner point.
    """
    inner = shapely.point_on_surface(polygons)
    found = label[pattern.nearest(shapely.get_x(inner), shapely.get_y(inner))]
    seeds = shapely.points(pattern.cells.seeds)
    polygon, seed = shapely.STRtree(seeds).query(polygons, predicate="contains")
    first, where = np.unique(polygon, return_index=True)
    found[first] = label[seed[where]]
    return found


def _overlay(
    terrain: Terrain, network: Network, pattern: Pattern, base: np.ndarray, base_label: np.ndarray, size: int
) -> Overlay:
    rivers = corridor(network.rivers)
    highway = corridor([road for road in network.roads if road.rank == 0])
    roads = corridor([road for road in network.roads if road.rank > 0], piece=40)
    lakes = _lakes(terrain, network, pattern)
    towns = _town_grids(terrain, network, base, base_label, size)
    parks, codes = _parks(terrain, pattern, base, base_label, shapely.union_all([rivers, highway, roads, lakes]), size)
    return Overlay(rivers, lakes, highway, roads, towns, parks, codes)


def _lakes(terrain: Terrain, network: Network, pattern: Pattern) -> shapely.Geometry:
    """Reservoirs: stretches of hill rivers, swollen unevenly."""
    lakes = []
    for number, river in enumerate(network.rivers):
        if river.rank == 0:
            continue
        height = terrain.sample(terrain.height_m, *river.points.T)
        inside = pattern.district[pattern.nearest(*river.points.T)] >= 0
        good = np.flatnonzero((height > 25) & (height < 170) & inside)
        if len(good) < 60 or uniform(hash_pair(number, 3, terrain.seed)) > 0.6:
            continue
        points = river.points[good[20:52:2]]
        swell = 200 + 190 * fractal_noise(points[:, 0], points[:, 1], 900, terrain.seed + 811)
        swell = np.maximum(70, swell * np.sin(np.linspace(0.35, np.pi - 0.25, len(points))) * 1.2)
        lakes.append(shapely.union_all(shapely.buffer(shapely.points(points), swell, quad_segs=4)))
        if len(lakes) == 5:
            break
    return shapely.simplify(shapely.union_all(lakes), 6.0) if lakes else shapely.Polygon()


def _town_grids(terrain: Terrain, network: Network, base: np.ndarray, base_label: np.ndarray, size: int) -> list[Grid]:
    city = city_of(terrain, network.towns)
    finer = float(np.clip((size / 2_000) ** 0.16, 1.0, 2.2))
    grids = []
    for number, town in enumerate(network.towns):
        urban = base[(base_label >= 0) & (base_label % len(ZONES) == ZONE["Z_DTC"])]
        near = urban[shapely.distance(urban, shapely.Point(town)) < 500]
        if len(near) == 0:
            continue
        here = max(near, key=lambda polygon: polygon.area)
        across, spacing = (11, 300.0) if number == city else (6, 235.0)
        grid = street_grid(
            np.array(town),
            float(uniform(hash_pair(number, 5, terrain.seed))) * np.pi / 2,
            (round(across * finer), round(across * finer)),
            (spacing / finer**0.6, spacing / finer**0.6 * 0.85),
            16.0,
            here,
            35.0,
            True,
            terrain.seed + 820 + number * 10,
        )
        if grid is not None:
            grids.append(grid)
    return grids


def _parks(
    terrain: Terrain,
    pattern: Pattern,
    base: np.ndarray,
    base_label: np.ndarray,
    corridors: shapely.Geometry,
    size: int,
) -> tuple[list[Grid], list[str]]:
    """Six industrial parks (SKK) and five clusters (SKN) on open land of one district, clear of
    rivers and roads.
    """
    open_zones = [ZONE[code] for code in ("Z_LUA", "Z_CLN", "Z_DNT")]
    cells = np.flatnonzero((pattern.district >= 0) & np.isin(pattern.zone, open_zones) & (pattern.height_m < 60))
    cells = cells[np.argsort(uniform(hash_pair(cells, 11, terrain.seed)))]
    shapely.prepare(corridors)
    parks: list[Grid] = []
    codes: list[str] = []
    usable = np.isin(base_label % len(ZONES), open_zones) & (base_label >= 0)
    finer = float(np.clip((size / 2_000) ** 0.1, 1.0, 1.6))
    for cell in cells.tolist():
        large = len(parks) < 6
        centre = pattern.cells.seeds[cell]
        if any(np.hypot(*(centre - park.centre)) < 6_000 for park in parks):
            continue
        reach = 1_000.0 if large else 560.0
        disc = shapely.Point(centre).buffer(reach)
        distance = shapely.distance(corridors, shapely.Point(centre))
        if distance < reach * 0.75 or distance > 2.2 * reach:
            continue
        mine = base[usable & (base_label // len(ZONES) == pattern.district[cell])]
        ground = shapely.union_all(mine[shapely.intersects(mine, disc)])
        ground = shapely.difference(
            shapely.buffer(ground, -60), shapely.buffer(shapely.intersection(corridors, disc), 45)
        )
        counts = (round(4 * finer), round(3 * finer)) if large else (3, 2)
        angle = float(uniform(hash_pair(cell, 13, terrain.seed))) * np.pi
        spacing = (330.0 / finer, 300.0 / finer) if large else (210.0, 190.0)
        grid = street_grid(centre, angle, counts, spacing, 18.0, ground, 0.0, False, terrain.seed + cell)
        if grid is None or len(grid.blocks) < counts[0] * counts[1] * 0.6:
            continue
        parks.append(grid)
        codes.append("SKK" if large else "SKN")
        if len(parks) == 11:
            break
    return parks, codes


def _faces(lines: np.ndarray, overlay: Overlay) -> np.ndarray:
    rings = [overlay.rivers, overlay.lakes, overlay.highway, overlay.roads]
    for grid in [*overlay.towns, *overlay.parks]:
        rings += [grid.core, *grid.blocks]
    rings = shapely.boundary(np.array(rings))
    soup = shapely.unary_union(np.concatenate([lines, rings]), grid_size=0.001)
    return shapely.get_parts(shapely.polygonize([soup]))


def _labelled(faces: np.ndarray, base: np.ndarray, base_label: np.ndarray, overlay: Overlay) -> Regions:
    """Faces of the province with what lies on them; a road goes over a river, a river through a
    town.
    """
    inner = shapely.point_on_surface(faces)
    polygon, point = shapely.STRtree(inner).query(base, predicate="contains")
    label = np.full(len(faces), NOWHERE)
    label[point] = base_label[polygon]
    inside = label >= 0
    faces, inner, label = faces[inside], inner[inside], label[inside]
    district, zone = label // len(ZONES), label % len(ZONES)
    kind, group = np.full(len(faces), FREE), np.full(len(faces), -1)
    code = np.full(len(faces), "", dtype=object)
    tree = shapely.STRtree(inner)
    number = 0

    def lay(shape: shapely.Geometry, what: int, which: int = -1) -> np.ndarray:
        found = tree.query(shape, predicate="contains")
        kind[found], group[found], code[found] = what, which, FIXED_CODE.get(what, "")
        return found

    for what, grids in ((STREET, overlay.towns), (PARK_STREET, overlay.parks)):
        for place, grid in enumerate(grids):
            core = lay(grid.core, what)
            if what == PARK_STREET:
                zone[core] = ZONE["Z_KPC"]
            for block in grid.blocks:
                number += 1
                found = lay(block, BLOCK if what == STREET else PARK_BLOCK, number)
                code[found] = "" if what == STREET else overlay.park_codes[place]
    for shape, what in (
        (overlay.lakes, LAKE),
        (overlay.rivers, RIVER),
        (overlay.roads, ROAD),
        (overlay.highway, HIGHWAY),
    ):
        found = lay(shape, what)
        if what in (LAKE, RIVER):
            zone[found] = ZONE["Z_LU"]
        if what == HIGHWAY:
            zone[found] = ZONE["Z_DGT"]
    return Regions(faces, district, zone, kind, group, code)


def _without_slivers(faces: Regions) -> Regions:
    """Faces too small or thin to draw take the labels of a neighbour in their district and become
    part of it.
    """
    for _ in range(2):
        area, perimeter = shapely.area(faces.geometry), shapely.length(faces.geometry)
        block = np.isin(faces.kind, (BLOCK, PARK_BLOCK))
        least = np.where(block, 1_200.0, SMALLEST_FACE_M2)
        small = (area < least) | (2 * area / perimeter < NARROWEST_FACE_M)
        small &= (faces.kind == FREE) | block
        stray = np.isin(faces.kind, (RIVER, STREET, LAKE)) & (area < 900)
        pairs, length = neighbours(faces.geometry)
        a, b = pairs.T
        liking = np.select([faces.kind == FREE, block, faces.kind == STREET], [3, 2, 1], 0)
        liking = np.where((faces.district[a] == faces.district[b])[:, None], liking[pairs[:, ::-1]], -1)
        # A wedge between two roads stays, or the road would grow wider than roads are.
        road = np.isin(faces.kind, (ROAD, HIGHWAY))
        liking = np.where(road[pairs[:, ::-1]] & (area[pairs] > 60.0), -1, liking)
        target = merge_small(small | stray, pairs, length, liking)
        geometry, kept = merged(faces.geometry, target)
        faces = faces.take(kept)
        faces.geometry = geometry
        if np.any(shapely.get_type_id(geometry) != 3):
            faces = _single(faces)
    return faces


def _single(faces: Regions) -> Regions:
    parts, index = shapely.get_parts(faces.geometry, return_index=True)
    faces = faces.take(index)
    faces.geometry = parts
    return faces
