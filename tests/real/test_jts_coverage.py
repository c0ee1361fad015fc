"""The 57 coverage cases of the suites of JTS, GEOS and PostGIS: our verdict is theirs, or the one reason why not is written here.

They judge edges: a coverage is valid when the edges of neighbours match vertex by vertex, and, with a gap width, when no gap is
narrower. We judge ground: what two zones cover, and what none covers. The overlaps and gaps of every case, as plain overlay
arithmetic gives them (``derived_by_us`` in the file), must be found with their areas in any case.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.plan import PlanLayer
from planconcord.engine.tolerance import Tolerance

CASES = 57
NODE = "a vertex of one zone lies on the straight edge of its neighbour: no ground is covered twice or not at all"
OPEN = "the gap is open to the outside: without a boundary nobody can say that the plan should cover it"
RING = "one zone has a ring without area, which they skip and we report as invalid geometry"
EMPTY = "one zone is empty, which they skip and we report as a zone without geometry"

OTHERWISE: dict[tuple[str, str], str] = {
    ("CoverageValidator", "testCollinearUnmatchedEdge"): NODE,
    ("CoverageValidator", "testGapDisjoint"): OPEN,
    ("CoverageValidator", "testGore"): OPEN,
    ("CoverageValidator", "testRingCollapse"): RING,
    ("CoverageValidator", "testPolygonEmpty"): EMPTY,
    ("CoveragePolygonValidator", "testCollinearUnmatchedEdge"): NODE,
    ("CoveragePolygonValidator", "testTargetVertexTouchesSegment"): NODE,
    ("CoveragePolygonValidator", "testAdjVertexTouchesSegment"): NODE,
    ("CoveragePolygonValidator", "testGap"): OPEN,
    ("GEOS capi GEOSCoverageIsValid test<2>", "invalid"): OPEN,
}


def cases() -> list[dict[str, Any]]:
    path = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "jts_coverage" / "coverage_cases.json"
    return json.loads(path.read_text(encoding="utf-8"))["cases"] if path.is_file() else []


def named(case: dict[str, Any]) -> str:
    return f"{case['suite']}-{case['name']}"


def zones(case: dict[str, Any]) -> list[shapely.Geometry]:
    """The zones of a case: a collection lists zones; what lies beside a target is one zone for each part."""
    if "target" in case:
        beside = shapely.from_wkt(case["adjacent"])
        return [shapely.from_wkt(case["target"]), *shapely.get_parts(beside)]
    drawn = [shapely.from_wkt(wkt) for wkt in case["input"]]
    listed = [shapely.get_parts(shape) if shape.geom_type == "GeometryCollection" else [shape] for shape in drawn]
    return [zone for shapes in listed for zone in shapes]


def checked(case: dict[str, Any]) -> CheckResult:
    table = gpd.GeoDataFrame(geometry=gpd.GeoSeries(zones(case), crs=5899))
    return check_coverage(PlanLayer.from_frame(table, case["name"]), None, Settings(Tolerance(0.0)))


def shared_m2(result: CheckResult) -> tuple[int, float]:
    """Pairs that share ground, and the sum of what they share; of n equal zones each pair counts, as overlay counts it."""
    found = result.findings
    overlaps = found[found["rule"] == "coverage.overlap"]
    twins = found[found["rule"] == "geometry.duplicate"]
    pairs = set(zip(overlaps["zone_a"], overlaps["zone_b"]))
    area_m2, count = overlaps["area_m2"].sum(), len(pairs)
    for _, equal in twins.groupby("zone_a"):
        copies = len(equal) + 1
        count += copies * (copies - 1) // 2
        area_m2 += equal["area_m2"].iloc[0] * copies * (copies - 1) / 2
    return count, float(area_m2)


pytestmark = pytest.mark.skipif(not cases(), reason="../shared/data/jts_coverage beside the checkout is absent")


def every(with_field: str) -> pytest.MarkDecorator:
    """The cases that state something."""
    return pytest.mark.parametrize("case", [case for case in cases() if with_field in case], ids=named)


def test_all_cases_are_here() -> None:
    assert len(cases()) == CASES
    assert set(OTHERWISE) <= {(case["suite"], case["name"]) for case in cases()}


@every("derived_by_us")
def test_overlaps_and_gaps_have_the_areas_of_plain_overlay(case: dict[str, Any]) -> None:
    derived, result = case["derived_by_us"], checked(case)
    pairs, area_m2 = shared_m2(result)
    assert (pairs, area_m2) == (derived["overlap_pairs"], pytest.approx(derived["overlap_area"], abs=1e-5))
    assert result.value("gap_count") == derived["bounded_gaps"]
    assert result.value("gap_area") == pytest.approx(derived["bounded_gap_area"], abs=1e-5)


@every("expect")
def test_the_verdict_agrees_or_the_reason_is_written(case: dict[str, Any]) -> None:
    sound = len(checked(case).findings) == 0
    agrees = sound == (case["expect"] == "valid")
    assert agrees != ((case["suite"], case["name"]) in OTHERWISE), "table OTHERWISE"


@pytest.mark.parametrize("name", ["testMergeGapWidth_0", "testMergeGapWidth_1", "testMergeGapWidth_2"])
def test_gaps_that_touch_at_single_points_are_three_faces_where_interior_rings_show_none(name: str) -> None:
    [case] = [case for case in cases() if case["name"] == name]
    result = checked(case)
    assert result.value("gap_count") == 3
    united = shapely.union_all(zones(case))
    assert shapely.get_num_interior_rings(shapely.get_parts(united)).sum() == 0


@every("expected_gaps")
def test_gap_polygons_stated_by_the_suite_are_found(case: dict[str, Any]) -> None:
    found = checked(case).findings
    gaps = found[found["rule"] == "coverage.gap"].geometry.to_numpy()
    assert shapely.equals(shapely.union_all(gaps), shapely.from_wkt(case["expected_gaps"]))
