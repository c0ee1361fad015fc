"""One district from regions to file: zones, planted defects, truth, GeoPackage.

In: the district's whole regions and everything that surrounds it. Out: :class:`Made`, what the
province needs of it afterwards; the polygons themselves are written and forgotten, so that memory
holds one district at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from ..engine.catalogue import RESOURCES, read_table
from ..engine.progress import Progress
from . import defects as kinds
from .defects import Kind
from .district_plan import Zones, make_zones
from .files import write_polygons
from .names import District
from .overlay import conformity_pieces
from .planting import Draft, PlantedDefect, Planter
from .provincial_plan import SCALE, ProvincialPlan
from .regions import HIGHWAY, PARK_BLOCK, RIVER, ROAD, SITE, Regions
from .shapes import blob, room, width_m
from .sites import Site, plant_sites
from .survey import surveyed
from .terrain import Terrain
from .truth import Row, conformity_rows, coverage_rows, measures_row, noise_rows
from .verdicts import verdict
from .zoning import ZONES, Pattern

MM_ON_PAPER = 0.5
PROVINCE_TOLERANCE_M = SCALE * MM_ON_PAPER / 1000


@dataclass
class Made:
    """What remains of a district once its file is written."""

    boundary: shapely.Geometry
    truth: list[Row]
    measures: Row


def make_district(
    folder: Path,
    district: District,
    regions: Regions,
    terrain: Terrain,
    pattern: Pattern,
    plan: ProvincialPlan,
    unplanned: np.ndarray,
    wanted: int,
    rounds: int,
    town: np.ndarray,
    progress: Progress,
) -> Made:
    """Make, spoil and write the plan of one district; holes are cut into ``plan``."""
    random = np.random.default_rng([terrain.seed, district.number])
    conflicts = 3 if district.kind in ("city", "plain", "town") else 2
    wishes = (("conflict", conflicts * rounds), ("conditional", 2 * rounds), ("noise", rounds))
    regions, sites = plant_sites(regions, wishes, random)
    zones = make_zones(regions, terrain, pattern, wanted, town)
    progress.checkpoint()
    zones.geometry = surveyed(zones.geometry, terrain.seed, district.number)
    draft, site_rows = _draft(zones, district, sites)
    boundary = shapely.coverage_union_all(np.array(draft.geometry, dtype=object))
    tolerance_m = district.scale * MM_ON_PAPER / 1000
    bounds = boundary.bounds
    planter = Planter(draft, tolerance_m, _Admission(plan.near(bounds)), random)
    planter.busy.update(site_rows)
    planter.footprints.extend(draft.geometry[row] for row in site_rows)
    planted = [defect for _ in range(rounds) for defect in _spoil(planter)]
    holes = _cut_holes(planter, plan, rounds)
    progress.checkpoint()
    repaired = _repaired(draft)
    local = plan.near(bounds)
    pieces = conformity_pieces(
        repaired,
        np.array([code or "" for code in draft.code], dtype=object),
        np.array([bool(code) and code not in kinds.UNKNOWN_CODES for code in draft.code]),
        local,
        np.concatenate([unplanned, np.array(holes, dtype=object)]),
        PROVINCE_TOLERANCE_M,
    )
    rows = coverage_rows(planted, draft, district)
    rows += conformity_rows(pieces, draft, district, local, site_rows, holes)
    rows += noise_rows(draft, district, local, site_rows)
    measures = measures_row(repaired[~shapely.is_missing(repaired)], boundary, planted, draft, district)
    _write(folder, draft, repaired, district)
    return Made(boundary, rows, measures)


def _draft(zones: Zones, district: District, sites: list[Site]) -> tuple[Draft, dict[int, Site]]:
    """Return the rows in the order a person numbers them, from north to south in strips; and which
    rows are sites.
    """
    bounds = shapely.bounds(zones.geometry)
    strip = np.floor(-bounds[:, 3] / 2_000)
    order = np.lexsort((bounds[:, 0], strip))
    by_group = {site.group: site for site in sites}
    prefix = district.prefix
    draft = Draft(
        geometry=list(zones.geometry[order]),
        key=[f"{prefix}-{number:05d}" for number in range(1, len(order) + 1)],
        code=[str(code) for code in zones.code[order]],
        zone=zones.zone[order].tolist(),
        kind=zones.kind[order].tolist(),
        note=["" for _ in order],
        prefix=prefix,
    )
    site_rows = {
        row: by_group[int(group)]
        for row, (kind, group) in enumerate(zip(zones.kind[order], zones.group[order]))
        if kind == SITE
    }
    _remark(draft)
    return draft, site_rows


def _remark(draft: Draft) -> None:
    words = {HIGHWAY: "Quốc lộ", ROAD: "Đường tỉnh", RIVER: "Sông", PARK_BLOCK: "Lô đất công nghiệp"}
    for row, kind in enumerate(draft.kind):
        draft.note[row] = words.get(kind, "")


def _spoil(planter: Planter) -> Iterator[PlantedDefect]:
    """Yield one round of every kind; the large ones first, while there is room."""
    order: tuple[Kind, ...] = (
        kinds.duplicate,
        kinds.self_touch,
        kinds.spike,
        kinds.stack,
        kinds.bow_tie,
        kinds.contained,
        kinds.overlap(6.0, 10.0),
        kinds.gap(5.0, 9.0),
        kinds.overlap(3.0, 6.0),
        kinds.overlap(1.6, 3.0),
        kinds.gap(1.6, 4.0),
        kinds.gap(1.8, 5.0, at_boundary=True),
        kinds.outside(1.6, 3.0),
        kinds.outside(3.0, 8.0),
        kinds.point_gap,
        kinds.hole_gap,
        kinds.overlap(0.3, 0.6),
        kinds.overlap(0.3, 0.6),
        kinds.gap(0.3, 0.6),
        kinds.gap(0.3, 0.6),
        kinds.gap(0.3, 0.6, at_boundary=True),
        kinds.outside(0.3, 0.6),
        kinds.of_attributes,
        kinds.empty,
    )
    for plant in order:
        yield from plant(planter)


class _Admission:
    """Whether the provincial plan admits a code on a piece of ground and a little around it."""

    def __init__(self, plan: ProvincialPlan):
        self._plan, self._tree = plan, shapely.STRtree(plan.geometry)
        shapely.prepare(plan.geometry)

    def __call__(self, code: str, place: shapely.Geometry) -> bool:
        near = shapely.buffer(place, 15.0, quad_segs=2)
        upper = self._tree.query(near)
        upper = upper[shapely.intersects(self._plan.geometry[upper], near)]
        if any(verdict(ZONES[self._plan.zone[k]], code) != "compatible" for k in upper):
            return False
        if shapely.covers(self._plan.geometry[upper], place).any():
            return True
        rest = shapely.difference(place, shapely.union_all(shapely.intersection(self._plan.geometry[upper], near)))
        if rest.is_empty or rest.area < 1.0:
            return True
        # Beyond the province the piece is unplanned as well: clearly so, or clearly noise.
        widest = max(width_m(part) for part in shapely.get_parts(rest) if part.geom_type == "Polygon")
        return widest < 0.7 * PROVINCE_TOLERANCE_M or widest > 1.5 * PROVINCE_TOLERANCE_M


def _cut_holes(planter: Planter, plan: ProvincialPlan, count: int) -> list[shapely.Polygon]:
    """Places inside one zone on which the provincial plan says nothing."""
    holes: list[shapely.Polygon] = []
    for row in planter.rows(least_m2=150_000.0):
        if len(holes) == count:
            break
        radius = 22.0 + 70.0 * float(planter.random.random()) ** 1.5
        polygon = planter.draft.geometry[row]
        centre = room(polygon, 1.4 * radius + 40.0, planter.random) if polygon.is_valid else None
        if centre is None:
            continue
        hole = blob(centre, radius, planter.random)
        around = shapely.buffer(hole, 30.0)
        upper = np.flatnonzero(shapely.contains_properly(plan.geometry, around))
        if len(upper) != 1 or not shapely.contains_properly(polygon, around) or not planter.is_apart(hole, (row,)):
            continue
        plan.cut(int(upper[0]), hole)
        planter.claim(hole, (row,))
        holes.append(hole)
    return holes


def _repaired(draft: Draft) -> np.ndarray:
    """Return what the rows cover once invalid outlines are repaired; None where there is no
    geometry.
    """
    polygons = np.array(draft.geometry, dtype=object)
    wrong = ~shapely.is_valid(polygons) & ~shapely.is_missing(polygons)
    for row in np.flatnonzero(wrong):
        parts = [p for p in shapely.get_parts(shapely.make_valid(polygons[row])) if p.geom_type == "Polygon"]
        polygons[row] = shapely.multipolygons(parts) if len(parts) > 1 else parts[0]
    return polygons


def _write(folder: Path, draft: Draft, repaired: np.ndarray, district: District) -> None:
    area_ha = np.round(shapely.area(repaired) / 1e4, 2)
    declared = [None if a is None else float(a) for a in area_ha.tolist()]
    for row, value in draft.declared_ha.items():
        declared[row] = value
    names = {row["code"]: row["name_vi"] for row in read_table(RESOURCES / "codes" / "land_use_codes.csv")}
    columns = {
        "ma_thua": draft.key,
        "ma_dat": draft.code,
        "ten_dat": [names.get(code or "", "") for code in draft.code],
        "dien_tich_ha": declared,
        "ghi_chu": draft.note,
    }
    name = f"qhsdd_{district.slug}"
    write_polygons(folder / f"{name}.gpkg", name, columns, np.array(draft.geometry, dtype=object))
