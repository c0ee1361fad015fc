"""A small store for sheets: four findings of two territories, one of them on defence land, with hostile names and a history."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from planconcord.engine.findings import MEASURE_FIELDS, assemble, batch
from planconcord.engine.plan import PlanLayer
from planconcord.engine.run import RUN_FIELDS
from planconcord.engine.store import write_store

CRS = 5899
WEST, SOUTH = 450_000.0, 2_380_000.0
HOSTILE = "<script>alert('ô')</script>&\"<img src=x>"
DEFENCE_ZONE = (5_000.0, 5_000.0, 620.0, 340.0)


def square(x: float, y: float, width: float, height: float | None = None) -> shapely.Geometry:
    """A rectangle, metres east and north of the corner of the test's ground."""
    return shapely.box(WEST + x, SOUTH + y, WEST + x + width, SOUTH + y + (height or width))


def write(path: Path, defence: bool = True, zone: tuple[float, ...] = DEFENCE_ZONE) -> dict[str, str]:
    """The store; the ids by (rule, zone_a). ``defence``: with the findings that touch defence land."""
    made = [
        batch(
            "coverage.overlap",
            [square(100, 100, 300)],
            territory="Huyện A",
            plan_a="KH-A",
            zone_a=HOSTILE,
            code_a="LUC",
            plan_b="KH-A",
            zone_b="B-1",
            code_b="ODT",
            area_m2=90_000.0,
            width_m=300.0,
        ),
        batch(
            "conformity.conflict",
            [square(900, 400, 200, 20)],
            territory="Huyện A",
            plan_a="KH-A",
            zone_a="A-2",
            code_a="SKK",
            plan_b="QHT",
            zone_b="Q-2",
            code_b="Z_RPH",
            verdict="conflict",
            area_m2=4_000.0,
            width_m=20.0,
            must_adjust="quy hoạch cấp huyện <b>",
            reference="Điều 6.8 & 6.9",
            reason="công trình quốc phòng được đi qua",
        ),
        batch(
            "coverage.gap",
            [square(20_000, 0, 50)],
            territory="Thị xã B",
            plan_a="KH-B",
            zone_a="B-7",
            code_a="CLN",
            area_m2=2_500.0,
            width_m=50.0,
        ),
        batch(
            "coverage.overlap",
            [square(20_100, 0, 2, 1)],
            severity="info",
            territory="Thị xã B",
            plan_a="KH-B",
            zone_a="B-8",
            code_a="CLN",
            area_m2=2.0,
            width_m=1.0,
        ),
    ]
    if defence:
        x, y, width, height = zone
        made += [
            batch(
                "conformity.conflict",
                [square(x, y, width, height)],
                territory="Huyện A",
                plan_a="KH-A",
                zone_a="A-77",
                code_a="CQP",
                plan_b="QHT",
                zone_b="Q-9",
                code_b="Z_KPC",
                verdict="conflict",
                area_m2=width * height,
                width_m=height,
            ),
            batch(  # the same zone, in a check that was not told the codes
                "geometry.invalid", [square(x, y, width, height)], territory="Huyện A", plan_a="KH-A", zone_a="A-77"
            ),
            batch(
                "coverage.overlap",
                [square(x - 40, y, 40, height)],
                territory="Huyện A",
                plan_a="KH-A",
                zone_a="A-5",
                code_a="RSX",
                plan_b="QHT",
                zone_b="Q-8",
                code_b="Z_QPAN",
                area_m2=40 * height,
                width_m=40.0,
            ),
        ]
    findings = assemble(made, CRS, "vi", "run-1")
    measures = pd.DataFrame(columns=[name for name, _ in MEASURE_FIELDS])
    runs = pd.DataFrame(columns=[name for name, _ in RUN_FIELDS])
    write_store(path, findings, measures, runs)
    return {f"{row.rule} {row.zone_a}": row.finding_id for row in findings.itertuples()}


def plan(zones: list[tuple[shapely.Geometry, str]], name: str = "KH-A", code_field: str = "ma") -> PlanLayer:
    """A plan layer of (outline, code)."""
    frame = gpd.GeoDataFrame({"ma": [code for _, code in zones]}, geometry=[one for one, _ in zones], crs=CRS)
    return PlanLayer.from_frame(frame, name, code_field=code_field)


def plan_around(zone: shapely.Geometry) -> PlanLayer:
    """A plan that fills the ground: rice west, houses east, and ``zone`` of defence land cut out of the rice."""
    west, east = square(-500, -500, 6_500, 7_000), square(6_000, -500, 15_000, 7_000)
    return plan([(west.difference(zone), "LUC"), (east, "ODT"), (zone, "CQP")])
