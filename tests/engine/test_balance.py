"""The arithmetic that every coverage run proves: it closes on sound code, and a break in it makes the run fail loudly."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import shapely
from coverages import coverage, recipes
from drawn import plan, square
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from planconcord.engine.checks.balance import Balance, accounts
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.planar import bruteforce, kernel
from planconcord.engine.progress import Progress
from planconcord.engine.tolerance import Tolerance

SOUND = Balance(
    zones_m2=1000.0,
    covered_m2=900.0,
    excess_m2=100.0,
    boundary_m2=950.0,
    gap_m2=80.0,
    outside_m2=30.0,
    suspect_length_m=50.0,
    step_m=1e-6,
)
OVERLAPPING = [square(0, 0), square(8, 0), square(30, 0)]


def test_both_equations_close() -> None:
    assert SOUND.residual_m2 == 0
    assert SOUND.closes
    assert SOUND.allowance_m2 == pytest.approx(1e-9 * 950 + 1e-6 * 50)
    assert dataclasses.replace(SOUND, boundary_m2=None, gap_m2=0.0, outside_m2=0.0).closes


@pytest.mark.parametrize("term", ["zones_m2", "covered_m2", "excess_m2", "boundary_m2", "gap_m2", "outside_m2"])
@pytest.mark.parametrize("error_m2", [0.01, -0.01, float("nan")])
def test_an_error_in_any_term_breaks_it(term: str, error_m2: float) -> None:
    broken = dataclasses.replace(SOUND, **{term: getattr(SOUND, term) + error_m2})
    assert not broken.closes
    assert "DOES NOT CLOSE" in broken.log("en")[-1]
    assert "KHÔNG KHỚP" in broken.log("vi")[-1]


def test_the_balance_is_printed_with_its_terms() -> None:
    told = SOUND.log("vi")
    assert len(told) == 3
    assert "1.000,0000 m²" in told[0]
    assert "950,0000 m²" in told[1]
    assert [measure.name for measure in SOUND.measures()][:3] == ["zone_area", "covered_area", "excess_area"]


def test_a_sound_run_prints_a_balance_that_closes() -> None:
    result = check_coverage(plan(OVERLAPPING), shapely.box(0, 0, 40, 10), Settings(Tolerance(0.0)))
    assert any("The balance closes" in line for line in result.log)
    assert result.value("balance_residual") == 0


def test_an_overlap_that_gets_lost_breaks_the_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    found = bruteforce.meetings

    def forgetful(*given: Any, **named: Any) -> Any:
        i, j, shared = found(*given, **named)
        return i[:-1], j[:-1], shared[:-1]

    monkeypatch.setattr(bruteforce, "meetings", forgetful)
    result = check_coverage(plan(OVERLAPPING), None, Settings(Tolerance(0.0)))
    assert len(result.findings) == 0
    assert result.value("balance_residual") == pytest.approx(20)
    assert result.status == "failed"
    assert not result.conforms
    assert any("DOES NOT CLOSE" in line for line in result.log)


def test_a_union_that_loses_ground_breaks_the_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    united = shapely.union_all

    def careless(shapes: Any, *given: Any, **named: Any) -> Any:
        made = united(shapes, *given, **named)
        return shapely.difference(made, shapely.box(0, 0, 1, 1)) if np.size(shapes) == 3 else made

    monkeypatch.setattr(bruteforce.shapely, "union_all", careless)
    result = check_coverage(plan(OVERLAPPING), shapely.box(0, 0, 40, 10), Settings(Tolerance(0.0)))
    assert result.value("balance_residual") == pytest.approx(1)
    assert result.status == "failed"


@pytest.mark.parametrize(
    ("lost", "told"), [("shared", "overlaps"), ("gaps", "gaps"), ("overhang", "outside the boundary")]
)
def test_a_finding_that_the_kernel_loses_breaks_the_balance(
    lost: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kernel.cover

    def forgetful(*given: Any, **named: Any) -> Any:
        made = found(*given, **named)
        assert len(getattr(made, lost)) == 1
        empty = np.array([shapely.Polygon()] * len(getattr(made, lost)), dtype=object)
        return dataclasses.replace(made, **{lost: empty})

    zones = [shapely.box(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 100, 10)][1:]
    zones += [shapely.box(22, 22, 28, 28), shapely.box(100, 0, 110, 10)]
    boundary = shapely.box(0, 0, 100, 100)
    monkeypatch.setattr(kernel, "PLAIN_VERTICES", 0)
    assert not check_coverage(plan(zones), boundary, Settings(Tolerance(0.0))).log[-1].startswith("THE BALANCE")
    monkeypatch.setattr(kernel, "cover", forgetful)
    result = check_coverage(plan(zones), boundary, Settings(Tolerance(0.0)))
    assert not result.conforms
    assert any("do not add up" in line or "does not add up" in line for line in result.log if told in line)
    assert any("DOES NOT CLOSE" in line for line in result.log)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(recipe=recipes, bounded=st.booleans())
@pytest.mark.parametrize("way", [bruteforce, kernel])
def test_what_is_found_is_what_the_depth_says(way: Any, recipe: Any, bounded: bool) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 0)
    west, south, east, north = shapely.total_bounds(zones)
    boundary = shapely.box(west + 1.5, south - 2.0, east - 1.5, north + 0.5) if bounded else None
    made = way.cover(zones, boundary, Progress())
    assert [account for account in accounts(made, bounded) if not account.closes] == []


@pytest.mark.parametrize("boundary", [None, shapely.box(580_000, 2_320_000, 580_900, 2_320_900)])
def test_the_balance_closes_over_a_thousand_crooked_zones_with_noise(boundary: shapely.Geometry | None) -> None:
    random = np.random.default_rng(5)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(random.uniform(0, 1000, (1000, 2)))))
    cells = shapely.intersection(cells, shapely.box(0, 0, 1000, 1000))
    rings = [shapely.get_coordinates(cell)[:-1] for cell in shapely.segmentize(cells, 20) if cell.area > 0]
    drawn = [shapely.Polygon(ring + random.normal(0, 0.05, ring.shape) + (580_000, 2_320_000)) for ring in rings]
    result = check_coverage(plan(drawn), boundary, Settings(Tolerance(0.1)))
    assert result.value("balance_residual") <= result.value("balance_allowance") < 0.2
    assert result.value("noise_count") > 500
    found = result.findings
    overlaps = found[found["rule"] == "coverage.overlap"]
    assert (
        0 <= overlaps["area_m2"].sum() - result.value("excess_area") < 2
    )  # corners that three zones cover are three pairs
    assert not overlaps.duplicated(["zone_a", "zone_b", "severity"])[overlaps["severity"] == "info"].any()
