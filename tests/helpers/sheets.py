"""A small store for sheets: four findings of two territories, one of them on defence land, with hostile names and a history."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from planconcord.engine.findings import assemble, batch
from planconcord.engine.plan import PlanLayer
from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS
from planconcord.engine.store import write_store

CRS = 5899
WEST, SOUTH = 450_000.0, 2_380_000.0
HOSTILE = "<script>alert('ô')</script>&\"<img src=x>"
NAMES = ("plan", "zone", "code")
Side = tuple[str, str, str]
DEFENCE_ZONE = (5_000.0, 5_000.0, 620.0, 340.0)


def square(x: float, y: float, width: float, height: float | None = None) -> shapely.Geometry:
    """A rectangle, metres east and north of the corner of the test's ground."""
    return shapely.box(WEST + x, SOUTH + y, WEST + x + width, SOUTH + y + (height or width))


def _finding(rule: str, shape: shapely.Geometry, a: Side, b: Side = ("", "", ""), **more: object) -> pd.DataFrame:
    """A finding between two sides: plan, zone, code."""
    west, south, east, north = shape.bounds
    sides = {f"{name}_{side}": value for side, of in (("a", a), ("b", b)) for name, value in zip(NAMES, of)}
    sides.update({"territory": "Huyện A", "area_m2": shape.area, "width_m": min(east - west, north - south), **more})
    return batch(rule, [shape], **sides)


def write(path: Path, defence: bool = True, zone: tuple[float, ...] = DEFENCE_ZONE) -> dict[str, str]:
    """The store; the ids by (rule, zone_a). ``defence``: with the findings that touch defence land."""
    lower, upper = "KH-A", "QHT"
    industry = {"must_adjust": "quy hoạch cấp huyện <b>", "reference": "Điều 6.8 & 6.9"}
    made = [
        _finding("coverage.overlap", square(100, 100, 300), (lower, HOSTILE, "LUC"), (lower, "B-1", "ODT")),
        _finding(
            "conformity.conflict",
            square(900, 400, 200, 20),
            (lower, "A-2", "SKK"),
            (upper, "Q-2", "Z_RPH"),
            verdict="conflict",
            reason="công trình quốc phòng được đi qua",
            **industry,
        ),
        _finding("coverage.gap", square(20_000, 0, 50), ("KH-B", "B-7", "CLN"), territory="Thị xã B"),
        _finding(
            "coverage.overlap", square(20_100, 0, 2, 1), ("KH-B", "B-8", "CLN"), severity="info", territory="Thị xã B"
        ),
    ]
    if defence:
        x, y, width, height = zone
        land, beside = square(x, y, width, height), square(x - 40, y, 40, height)
        made += [
            _finding("conformity.conflict", land, (lower, "A-77", "CQP"), (upper, "Q-9", "Z_KPC"), verdict="conflict"),
            # the same zone, in a check that was not told the codes
            batch("geometry.invalid", [land], territory="Huyện A", plan_a=lower, zone_a="A-77"),
            _finding("coverage.overlap", beside, (lower, "A-5", "RSX"), (upper, "Q-8", "Z_QPAN")),
        ]
    findings = assemble(made, CRS, "vi", "run-1")
    measures = pd.DataFrame(columns=[name for name, _ in MEASURE_FIELDS])
    runs = pd.DataFrame(columns=[name for name, _ in RUN_FIELDS])
    write_store(path, findings, measures, runs)
    return {f"{row.rule} {row.zone_a}": row.finding_id for row in findings.itertuples()}


def plan(
    zones: list[tuple[shapely.Geometry, str]], name: str = "KH-A", code_field: str = "ma", keys: Sequence[str] = ()
) -> PlanLayer:
    """A plan layer of (outline, code), with a key each if given."""
    columns = {"ma": [code for _, code in zones], **({"so": list(keys)} if keys else {})}
    frame = gpd.GeoDataFrame(columns, geometry=[one for one, _ in zones], crs=CRS)
    return PlanLayer.from_frame(frame, name, "so" if keys else "", code_field)


def plan_around(zone: shapely.Geometry) -> PlanLayer:
    """A plan that fills the ground: rice west, houses east, and ``zone`` of defence land cut out of the rice."""
    west, east = square(-500, -500, 6_500, 7_000), square(6_000, -500, 15_000, 7_000)
    return plan([(west.difference(zone), "LUC"), (east, "ODT"), (zone, "CQP")])
