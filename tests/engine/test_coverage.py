"""Coverage of one plan: overlaps, gaps, overhang and duplicates, each with its place, its area and its zones."""

from __future__ import annotations

import math

import pytest
import shapely
from drawn import areas, cover, moved, numbers, of, plan, same_ground, square
from planconcord.engine.errors import PlanError

OVERLAPS = ("overlap_count", "overlap_area", "excess_area", "duplicate_count")
GAPS = ("gap_count", "gap_area")
OUTSIDE = ("outside_count", "outside_area")


def test_zones_side_by_side_conform() -> None:
    result = cover([square(0, 0), square(10, 0)], square(0, 0, 20, 10))
    assert len(result.findings) == 0
    assert result.conforms
    assert result.status == "passed"
    assert result.value("balance_residual") == 0


def test_a_partial_overlap_is_the_ground_that_both_cover() -> None:
    result = cover([square(0, 0), square(6, 4)])
    found = of(result, "coverage.overlap")
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 1, "overlap_area": 24, "excess_area": 24, "duplicate_count": 0,
    }  # fmt: skip
    assert same_ground(found.geometry[0], "POLYGON((6 4,10 4,10 10,6 10,6 4))")
    assert found.loc[0, ["zone_a", "zone_b", "severity", "status"]].tolist() == ["0", "1", "error", "open"]
    assert found["width_m"][0] == pytest.approx(4, rel=0.003)
    assert found["share_a"][0] == pytest.approx(0.24)
    assert not result.conforms


def test_a_zone_inside_another_is_an_overlap() -> None:
    result = cover([square(0, 0), square(3, 3, 4)])
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 1, "overlap_area": 16, "excess_area": 16, "duplicate_count": 0,
    }  # fmt: skip


def test_a_zone_inside_another_and_along_its_border_is_an_overlap() -> None:
    assert cover([square(0, 0), square(0, 0, 4, 10)]).value("overlap_area") == 40


@pytest.mark.parametrize(
    "again",
    [
        "POLYGON((0 0,10 0,10 10,0 10,0 0))",
        "POLYGON((0 0,0 10,10 10,10 0,0 0))",
        "POLYGON((10 10,0 10,0 0,10 0,10 10))",
        "MULTIPOLYGON(((0 10,0 0,10 0,10 10,0 10)))",
        "GEOMETRYCOLLECTION(POLYGON((0 0,10 0,10 10,0 10,0 0)),LINESTRING(0 0,5 5))",
        "POLYGON Z((0 0 1,10 0 2,10 10 3,0 10 4,0 0 1))",
        "POLYGON((-0.0 0,10 0,10 10,0 10,-0.0 0))",
    ],
)
def test_the_same_outline_twice_is_a_duplicate_and_no_overlap_beside_it(again: str) -> None:
    result = cover(["POLYGON((0 0,10 0,10 10,0 10,0 0))", again])
    assert result.findings["rule"].tolist() == ["geometry.duplicate"]
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 1, "overlap_area": 100, "excess_area": 100, "duplicate_count": 1,
    }  # fmt: skip
    assert result.findings.loc[0, ["zone_a", "zone_b"]].tolist() == ["0", "1"]
    assert result.findings["area_m2"][0] == 100


def test_three_equal_zones_are_two_duplicates_and_two_layers_of_excess() -> None:
    result = cover([square(0, 0)] * 3)
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 2, "overlap_area": 100, "excess_area": 200, "duplicate_count": 2,
    }  # fmt: skip


def test_a_duplicate_with_an_additional_vertex_is_an_overlap() -> None:
    result = cover([square(0, 0), "POLYGON((0 0,5 0,10 0,10 10,0 10,0 0))"])
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 1, "overlap_area": 100, "excess_area": 100, "duplicate_count": 0,
    }  # fmt: skip


def test_what_a_duplicate_shares_with_a_third_zone_is_found_for_each_of_the_two() -> None:
    result = cover([square(0, 0), square(8, 0), square(0, 0)])
    overlaps = of(result, "coverage.overlap")
    assert set(zip(overlaps["zone_a"], overlaps["zone_b"])) == {("0", "1"), ("1", "2")}
    assert areas(overlaps) == [20, 20]
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 3, "overlap_area": 100, "excess_area": 120, "duplicate_count": 1,
    }  # fmt: skip


def test_a_duplicate_beyond_the_boundary_is_beyond_it_like_its_twin() -> None:
    result = cover([square(0, 0), square(0, 0)], square(0, 0, 6, 10))
    assert set(of(result, "coverage.outside")["zone_a"]) == {"0", "1"}
    assert numbers(result, *OUTSIDE) == {"outside_count": 2, "outside_area": 40}


def test_three_zones_on_one_place_cover_its_ground_once_and_exceed_it_twice() -> None:
    # pairs share 60, 40 and 60 m²; the middle 20 m wide strip of all three counts once as ground
    result = cover([square(0, 0), square(4, 0), square(6, 0)])
    assert areas(of(result, "coverage.overlap")) == [80, 60, 40]
    assert numbers(result, "overlap_area", "excess_area") == {"overlap_area": 100, "excess_area": 140}


def test_a_stack_of_a_thousand_equal_zones_is_answered_at_once() -> None:
    result = cover([square(0, 0)] * 1000)
    assert numbers(result, *OVERLAPS) == {
        "overlap_count": 999, "overlap_area": 100, "excess_area": 99_900, "duplicate_count": 999,
    }  # fmt: skip


def test_a_stack_of_shifted_zones_counts_the_ground_once() -> None:
    result = cover([square(step, 0) for step in range(50)])
    sums = sum(10.0 * max(0, 10 - (b - a)) for a in range(50) for b in range(a + 1, 50))
    assert areas(of(result, "coverage.overlap")) == sorted(
        (10.0 * (10 - (b - a)) for a in range(50) for b in range(a + 1, min(50, a + 10))), reverse=True
    )
    assert of(result, "coverage.overlap")["area_m2"].sum() == pytest.approx(sums)
    assert numbers(result, "overlap_area", "excess_area") == {"overlap_area": 570, "excess_area": 50 * 100 - 590}


def test_overlaps_in_two_places_are_two_findings() -> None:
    result = cover(["POLYGON((0 0,10 0,10 3,3 3,3 7,10 7,10 10,0 10,0 0))", square(8, 0, 5, 10)])
    assert areas(of(result, "coverage.overlap")) == [6, 6]


def test_the_parts_of_a_multipolygon_are_one_zone() -> None:
    both = "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((20 0,30 0,30 10,20 10,20 0)))"
    result = cover([both, square(8, 0, 14, 10)])
    found = of(result, "coverage.overlap")
    assert areas(found) == [20, 20]
    assert found["share_a"].tolist() == pytest.approx([0.1, 0.1])


def test_a_hole_that_another_zone_fills_is_no_defect() -> None:
    ring = "POLYGON((0 0,10 0,10 10,0 10,0 0),(3 3,7 3,7 7,3 7,3 3))"
    assert cover([ring, square(3, 3, 4)]).conforms
    assert numbers(cover([ring]), *GAPS) == {"gap_count": 1, "gap_area": 16}


def test_an_island_in_a_hole_leaves_a_gap_around_it() -> None:
    ring = "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 2,8 8,2 8,2 2))"
    result = cover([ring, square(4, 4, 2)])
    gap = of(result, "coverage.gap")
    assert numbers(result, *GAPS) == {"gap_count": 1, "gap_area": 32}
    assert same_ground(gap.geometry[0], "POLYGON((2 2,8 2,8 8,2 8,2 2),(4 4,6 4,6 6,4 6,4 4))")
    assert gap.loc[0, ["zone_a", "zone_b"]].tolist() == ["0", "1"]


def test_a_gap_inside_an_island_inside_a_gap_is_found() -> None:
    ring = "POLYGON((0 0,20 0,20 20,0 20,0 0),(2 2,18 2,18 18,2 18,2 2))"
    island = "POLYGON((6 6,14 6,14 14,6 14,6 6),(9 9,11 9,11 11,9 11,9 9))"
    assert areas(of(cover([ring, island]), "coverage.gap")) == [256 - 64, 4]


def test_gaps_that_touch_at_a_point_are_told_apart() -> None:
    ring = "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,5 2,5 5,2 5,2 2),(5 5,8 5,8 8,5 8,5 5))"
    result = cover([ring])
    assert areas(of(result, "coverage.gap")) == [9, 9]
    assert areas(of(cover([ring], square(0, 0)), "coverage.gap")) == [9, 9]


def test_a_gap_that_touches_the_outside_at_a_point_is_found() -> None:
    # four zones in a ring that meet at corners only
    result = cover([square(0, 10), square(20, 10), square(10, 0), square(10, 20)])
    assert numbers(result, *GAPS) == {"gap_count": 1, "gap_area": 100}
    assert same_ground(of(result, "coverage.gap").geometry[0], square(10, 10))
    assert of(result, "coverage.gap").loc[0, ["zone_a", "zone_b"]].tolist() == ["0", "1"]


def test_a_ring_of_zones_open_by_a_metre_encloses_nothing() -> None:
    u = "POLYGON((0 0,10 0,10 10,6 10,6 4,5 4,5 10,0 10,0 0))"
    assert numbers(cover([u]), *GAPS) == {"gap_count": 0, "gap_area": 0}


def test_a_gap_open_to_the_boundary_is_found_with_the_boundary() -> None:
    zones = [square(0, 0, 4, 10), square(6, 0, 4, 10)]
    assert cover(zones).value("gap_count") == 0
    result = cover(zones, square(0, 0))
    assert numbers(result, *GAPS) == {"gap_count": 1, "gap_area": 20}
    assert of(result, "coverage.gap").loc[0, ["zone_a", "zone_b"]].tolist() == ["0", "1"]


def test_ground_that_no_zone_touches_is_a_gap_without_zones() -> None:
    boundary = "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((50 0,60 0,60 10,50 10,50 0)))"
    result = cover([square(0, 0)], boundary)
    gap = of(result, "coverage.gap")
    assert areas(gap) == [100]
    assert gap.loc[0, ["zone_a", "zone_b", "plan_b"]].tolist() == ["", "", ""]
    assert "nan" not in gap["message"][0]


def test_a_gap_names_the_two_zones_with_the_longest_contact() -> None:
    zones = [square(0, 0, 10, 2), square(0, 2, 2, 6), square(0, 8, 10, 2), square(9, 2, 1, 6)]
    gap = of(cover(zones), "coverage.gap")
    assert areas(gap) == [42]
    assert gap.loc[0, ["zone_a", "zone_b"]].tolist() == ["0", "2"]


def test_without_a_boundary_the_log_says_what_cannot_be_found() -> None:
    assert any("No boundary was given" in line for line in cover([square(0, 0)]).log)
    assert not any("No boundary was given" in line for line in cover([square(0, 0)], square(0, 0)).log)


def test_what_reaches_over_the_boundary_is_found_by_zone_and_counted_by_ground() -> None:
    # 3 m and 5 m over the boundary on the same ground
    result = cover([square(0, 0, 13, 10), square(0, 0, 15, 10)], square(0, 0))
    outside = of(result, "coverage.outside")
    assert areas(outside) == [50, 30]
    assert numbers(result, *OUTSIDE) == {"outside_count": 2, "outside_area": 50}
    assert result.value("outside_area_with_noise") == pytest.approx(50)


def test_a_zone_wholly_outside_the_boundary_is_outside() -> None:
    result = cover([square(0, 0), square(30, 0)], square(0, 0))
    assert areas(of(result, "coverage.outside")) == [100]
    assert of(result, "coverage.outside")["share_a"].tolist() == [1.0]


def test_a_zone_that_touches_the_boundary_from_outside_is_outside_and_covers_nothing_inside() -> None:
    result = cover([square(0, 0), square(10, 0)], square(0, 0))
    assert numbers(result, *OUTSIDE) == {"outside_count": 1, "outside_area": 100}
    assert numbers(result, *GAPS) == {"gap_count": 0, "gap_area": 0}


def test_a_hole_of_the_boundary_is_outside() -> None:
    boundary = "POLYGON((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4))"
    assert numbers(cover([square(0, 0)], boundary), *OUTSIDE) == {"outside_count": 1, "outside_area": 4}


def test_noise_is_one_information_for_each_pair_with_all_its_parts() -> None:
    comb = "POLYGON((0 0,10 0,10 1,9.9 1,9.9 3,10 3,10 5,9.9 5,9.9 7,10 7,10 10,0 10,0 0))"
    result = cover([comb, square(9.95, 0, 10, 10)], width_m=0.1)
    found = of(result, "coverage.overlap")
    assert found["severity"].tolist() == ["info"]
    assert shapely.get_num_geometries(found.geometry[0]) == 3
    assert found["area_m2"][0] == pytest.approx(0.05 * 6)
    assert found["width_m"][0] == pytest.approx(0.05, rel=0.01)
    assert numbers(result, "overlap_count", "overlap_area", "noise_count", "noise_area") == {
        "overlap_count": 0, "overlap_area": 0, "noise_count": 2, "noise_area": pytest.approx(0.3 + 0.2),
    }  # fmt: skip
    assert of(result, "coverage.gap")["severity"].tolist() == ["info"]
    assert result.conforms
    assert result.value("excess_area") == pytest.approx(0.3)


def test_noise_and_real_pieces_of_one_pair_are_kept_apart() -> None:
    comb = "POLYGON((0 0,10 0,10 4,9 4,9 5,9.05 5,9.05 10,0 10,0 0))"
    result = cover([comb, square(9, 0, 10, 10)], width_m=0.1)
    found = of(result, "coverage.overlap")
    assert found["severity"].tolist() == ["error", "info"]
    assert areas(found) == [4, 0.25]
    assert numbers(result, "overlap_area", "excess_area") == {"overlap_area": 4, "excess_area": 4.25}


def test_pieces_as_wide_as_the_tolerance_are_noise_and_wider_ones_are_not() -> None:
    zones = [square(0, 0), square(9, 0)]
    assert cover(zones, width_m=1.0).value("overlap_count") == 0
    assert cover(zones, width_m=0.99).value("overlap_count") == 1


def test_width_zero_keeps_every_sliver() -> None:
    result = cover([square(0, 0), square(9.999, 0)], width_m=0.0)
    assert numbers(result, "overlap_count", "overlap_area", "noise_count") == {
        "overlap_count": 1, "overlap_area": 0.01, "noise_count": 0,
    }  # fmt: skip


def test_the_smallest_area_makes_noise_of_what_is_smaller() -> None:
    zones = [square(0, 0), square(9, 9), square(5, -2, 3, 4)]
    result = cover(zones, area_m2=2.0)
    assert areas(of(result, "coverage.overlap", "error")) == [6]
    assert areas(of(result, "coverage.overlap", "info")) == [1]
    assert result.value("excess_area") == 7


def test_noise_between_zones_of_three_pairs_is_three_findings() -> None:
    result = cover([square(0, 0), square(9.95, 0), square(0, 9.95), square(9.95, 9.95)], width_m=0.2)
    noise = of(result, "coverage.overlap", "info")
    assert len(noise) == 6  # the four meet in one corner, so every pair shares something
    assert result.value("noise_count") == 6
    assert result.value("excess_area") == pytest.approx(400 - 19.95**2)


def test_the_same_plan_far_from_the_origin_has_the_same_findings() -> None:
    near = [square(0, 0), square(6, 4), square(20, 0)]
    for x, y in ((580_000, 2_320_000), (-4_000_000, 9_000_000)):
        far = moved(near, x, y)
        boundary = shapely.box(x, y, x + 30, y + 10).wkt
        here, there = cover(near, square(0, 0, 30, 10)), cover(far, boundary)
        for name in (*OVERLAPS, *GAPS, *OUTSIDE, "noise_count"):
            assert there.value(name) == pytest.approx(here.value(name), abs=1e-6), name


def test_crooked_borders_far_from_the_origin_leave_no_noise() -> None:
    zones = [
        shapely.Polygon([(580_000 + x + math.sin(y) / 3, 2_320_000 + y) for x, y in ring])
        for ring in (
            [(0, 0), (10, 0), (10, 3.3), (10, 7.7), (10, 10), (0, 10)],
            [(10, 0), (20, 0), (20, 10), (10, 10), (10, 7.7), (10, 3.3)],
        )
    ]
    assert len(cover(zones).findings) == 0


def test_a_vertex_that_only_one_of_two_neighbours_has_leaves_dust_at_most() -> None:
    zones = ["POLYGON((0 0,10.1 0,10.3 9.7,0 10,0 0))", "POLYGON((10.1 0,20 0,20 10,10.3 9.7,10.2 4.85,10.1 0))"]
    far = moved(zones, 580_000, 2_320_000)
    assert len(cover(far).findings) == 0


def test_a_boundary_elsewhere_is_refused_with_both_places() -> None:
    with pytest.raises(PlanError) as refused:
        cover([square(0, 0)], square(5000, 5000))
    assert refused.value.key == "error.boundary_elsewhere"
    for language in ("en", "vi"):
        told = refused.value.text(language)
        assert "x 0–10, y 0–10" in told
        assert "x 5000–5010, y 5000–5010" in told


@pytest.mark.parametrize("boundary", ["POLYGON EMPTY", "MULTIPOLYGON EMPTY"])
def test_a_boundary_without_area_is_refused(boundary: str) -> None:
    with pytest.raises(PlanError) as refused:
        cover([square(0, 0)], boundary)
    assert refused.value.key == "error.boundary_empty"


def test_territory_plan_and_run_stand_in_every_finding() -> None:
    layer = plan([square(0, 0), square(5, 0)], codes=["LUA", ""], name="QH", territory="Huyện A")
    found = cover(layer).findings
    assert set(found["territory"]) == {"Huyện A"}
    assert set(found["plan_a"]) == {"QH"}
    assert set(found["run_id"]) == {"run"}
    assert set(found["status"]) == {"open"}
