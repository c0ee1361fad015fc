"""What used to take minutes or more: stacks, rivers, roads left out, boundaries of many vertices. Little work, and right numbers."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from drawn import conform, cover, of, plan, rule_set
from work import at_most

EASTING, NORTHING = 580_000.0, 2_320_000.0


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(EASTING + x, NORTHING + y, EASTING + x + width, NORTHING + y + height)


def test_a_hundred_zones_almost_on_one_place() -> None:
    zones = [box(step, 0, 200, 10) for step in range(100)]
    with at_most(vertices=1_000_000, pairs=250_000):
        result = cover(zones)
    assert result.value("overlap_count") == 100 * 99 / 2
    assert result.value("overlap_area") == pytest.approx(297 * 10)
    assert result.value("excess_area") == pytest.approx(100 * 2000 - 299 * 10)


def test_two_stacks_of_equal_zones_over_each_other() -> None:
    with at_most(vertices=90_000, pairs=200):
        result = cover([box(0, 0, 10, 10)] * 30 + [box(5, 0, 10, 10)] * 30)
    assert result.value("duplicate_count") == 58
    assert len(of(result, "coverage.overlap")) == 900
    assert result.value("overlap_area") == pytest.approx(150)
    assert result.value("excess_area") == pytest.approx(60 * 100 - 150)


def test_a_plan_that_leaves_all_roads_out_has_one_gap_with_its_width() -> None:
    blocks = [box(x * 100, y * 100, 90, 90) for x in range(60) for y in range(60)]
    with at_most(vertices=900_000, pairs=200_000):
        result = cover(blocks, box(-10, -10, 6010, 6010).wkt, width_m=12.5)
    gap = of(result, "coverage.gap")
    assert gap["severity"].tolist() == ["error"]  # 10 m wide, but 14.1 m at the crossings
    assert gap["width_m"][0] == pytest.approx(10 * 2**0.5, rel=0.006)
    assert gap["area_m2"][0] == pytest.approx(6010**2 - 3600 * 90**2)


def test_a_river_of_many_vertices_beside_redigitised_banks_is_noise() -> None:
    random = np.random.default_rng(4)
    x = np.linspace(0, 10_000, 20_001)
    y = np.cumsum(random.normal(0, 0.02, len(x)))
    at = np.array([EASTING, NORTHING])
    river = shapely.Polygon(np.r_[np.c_[x, y - 40], np.c_[x, y][::-1]] + at)
    banks = []
    for start in range(0, 20_000, 100):
        part = slice(start, start + 101)
        foot = y[part] + np.where(np.arange(101) % 100, random.normal(0, 0.03, 101), 0.0)
        banks.append(shapely.Polygon(np.r_[np.c_[x[part], foot], [[x[part][-1], 90], [x[part][0], 90]]] + at))
    with at_most(vertices=3_600_000_000, pairs=1_000_000):
        result = cover([river, *banks], width_m=1.0)
    assert result.conforms
    assert result.value("noise_count") == 400  # for each bank one overlap with the river and one gap
    assert result.value("noise_area") > 20


def test_a_boundary_of_many_vertices() -> None:
    turn = np.linspace(0, 2 * np.pi, 50_000, endpoint=False)
    circle = shapely.Polygon(np.c_[EASTING + 1000 * np.cos(turn), NORTHING + 1000 * np.sin(turn)])
    zones = [box(x, y, 50, 50) for x in range(-1000, 1000, 50) for y in range(-1000, 1000, 50)]
    zones = [zone for zone in zones if zone.intersects(circle)]
    with at_most(vertices=25_000_000, pairs=40_000):
        result = cover(zones, circle.wkt)
    assert result.value("gap_count") == 0
    assert result.value("outside_area") == pytest.approx(2500 * len(zones) - circle.area)


def test_many_lower_zones_on_an_upper_zone_of_many_vertices() -> None:
    turn = np.linspace(0, 2 * np.pi, 50_000, endpoint=False)
    forest = shapely.Polygon(np.c_[EASTING + 2000 * np.cos(turn), NORTHING + 2000 * np.sin(turn)])
    zones = [box(x, y, 40, 40) for x in range(-1500, 1500, 40) for y in range(-1000, 1000, 40)]
    lower, upper = plan(zones, codes=["ODT"] * len(zones)), plan([forest], codes=["RUNG"])
    with at_most(vertices=600_000_000, pairs=12_000):
        result = conform(lower, upper, rule_set({("RUNG", "ODT"): "conflict"}))
    assert result.value("conflict_area") == pytest.approx(1600 * len(zones))
    assert result.value("unplanned_count") == 0


def test_fifty_thousand_zones_without_defects() -> None:
    side = 224
    west, south = np.meshgrid(np.arange(side) * 10.0 + EASTING, np.arange(side) * 10.0 + NORTHING)
    zones = shapely.box(west.ravel(), south.ravel(), west.ravel() + 10, south.ravel() + 10)
    with at_most(vertices=8_000_000, pairs=1_400_000):
        result = cover(list(zones), box(0, 0, side * 10, side * 10).wkt)
    assert result.conforms
    assert len(result.findings) == 0
