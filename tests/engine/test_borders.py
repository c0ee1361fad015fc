"""Borders between neighbours: what two plans both cover, what they leave open, and what is no border at all."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from bordering import PLACES, check, gap_m2, meet
from drawn import areas, moved, numbers, of, plan, same_ground, square

# Two territories


def test_one_line_drawn_twice_alike_is_a_border_without_a_finding() -> None:
    result = meet(square(0, 0), square(10, 0))
    assert numbers(result, "border_count", "border_length", "mismatch_length") == {
        "border_count": 1, "border_length": 10, "mismatch_length": 0,
    }  # fmt: skip
    assert len(result.findings) == 0 and result.conforms


def test_one_line_with_other_vertices_is_the_same_line() -> None:
    result = meet(square(0, 0), "POLYGON((10 0,20 0,20 10,10 10,10 7,10 2,10 0))")
    assert len(result.findings) == 0
    assert numbers(result, "border_count", "border_length") == {"border_count": 1, "border_length": 10}


def test_zones_of_one_territory_have_no_border_with_each_other() -> None:
    result = meet([square(0, 0), square(10, 0)], [square(0, 10), square(10, 10)])
    assert numbers(result, "border_count", "border_length") == {"border_count": 1, "border_length": 20}


def test_territories_that_meet_in_a_point_or_lie_apart_have_no_border() -> None:
    assert meet(square(0, 0), square(10, 10)).value("border_count") == 0
    apart = meet(square(0, 0), square(100, 0))
    assert apart.value("border_count") == 0 and apart.conforms
    assert "no two territories" in apart.log[-1].lower()


def test_an_overlap_is_reported_once_with_its_zones_and_the_pair_once() -> None:
    result = meet([square(0, 0), square(0, 10)], [square(9, 2), square(9, 12)], width_m=0.5)
    overlaps, [pair] = of(result, "border.overlap"), of(result, "border.mismatch").to_dict("records")
    assert areas(overlaps) == [18]
    assert overlaps.loc[0, ["plan_a", "zone_a", "plan_b", "zone_b", "severity"]].tolist() == [
        "A",
        "1",
        "B",
        "0",
        "error",
    ]
    assert overlaps["width_m"][0] == pytest.approx(1, rel=0.003)
    assert (pair["plan_a"], pair["plan_b"], pair["severity"], pair["territory"]) == ("A", "B", "warning", "A – B")
    assert pair["area_m2"] == pytest.approx(18)
    assert "19.0 m in common" in pair["message"] and "18.0 m²" in pair["message"]
    assert not result.conforms


@pytest.mark.parametrize("place", PLACES)
def test_a_gap_that_is_open_at_both_ends_is_the_ground_between_the_lines(place) -> None:
    result = meet(*moved([square(0, 0, 10, 100), square(12, 0, 10, 100)], *place))
    [gap] = of(result, "border.gap").to_dict("records")
    assert gap["area_m2"] == pytest.approx(200, rel=1e-3)
    assert gap["width_m"] == pytest.approx(2, rel=0.003)
    assert (gap["plan_a"], gap["zone_a"], gap["plan_b"], gap["zone_b"]) == ("A", "0", "B", "0")
    assert numbers(result, "border_count", "overlap_count") == {"border_count": 1, "overlap_count": 0}
    assert result.value("border_length") == pytest.approx(100, rel=1e-3)
    assert result.value("mismatch_length") == pytest.approx(100, rel=1e-3)


def test_the_ends_of_a_gap_are_straight_and_no_circle_bulges_out() -> None:
    result = meet(square(0, 0, 10, 100), square(12, 0, 10, 100), search_m=8)
    [gap] = of(result, "border.gap").geometry
    assert shapely.box(10, 0, 12, 100).buffer(1e-6).covers(gap)
    assert len(shapely.get_coordinates(shapely.simplify(gap, 1e-3))) == 5


@pytest.mark.parametrize(
    ("apart_m", "search_m", "found"), [(19, 20, 1), (21, 20, 0), (21, 30, 1), (49, 50, 1), (51, 50, 0)]
)
def test_lines_farther_apart_than_the_search_width_are_no_border(apart_m, search_m, found) -> None:
    result = meet(square(0, 0, 10, 1000), square(10 + apart_m, 0, 10, 1000), search_m=search_m)
    assert (result.value("gap_count"), result.value("border_count")) == (found, found)
    if found:
        assert gap_m2(result) == pytest.approx(1000 * apart_m, rel=0.02)


def test_an_enclosed_gap_is_exact() -> None:
    left = "POLYGON((0 0,10 0,10 3,8 5,10 7,10 10,0 10,0 0))"
    result = meet(left, square(10, 0))
    assert same_ground(of(result, "border.gap").geometry[0], "POLYGON((10 3,8 5,10 7,10 3))")
    assert gap_m2(result) == 4


def test_pieces_within_the_tolerance_are_information_in_the_pair_alone() -> None:
    result = meet(square(0, 0, 10, 100), square(9, 0, 10, 100), width_m=1.5)
    assert result.findings[["rule", "severity"]].values.tolist() == [["border.mismatch", "info"]]
    assert result.findings["area_m2"][0] == 100
    assert result.findings["width_m"][0] == pytest.approx(1, rel=0.003)
    assert result.conforms
    assert numbers(result, "overlap_count", "overlap_area", "noise_area") == {
        "overlap_count": 0, "overlap_area": 0, "noise_area": 100,
    }  # fmt: skip


def test_lines_that_cross_make_an_overlap_and_a_gap() -> None:
    result = meet("POLYGON((0 0,9 0,11 10,0 10,0 0))", "POLYGON((11 0,20 0,20 10,9 10,11 0))")
    assert areas(of(result, "border.overlap")) == [5]
    assert areas(of(result, "border.gap")) == pytest.approx([5], rel=0.02)
    [pair] = of(result, "border.mismatch").to_dict("records")
    assert pair["area_m2"] == pytest.approx(10, rel=0.02)


def test_a_territory_inside_another_overlaps_it_though_no_edges_are_near() -> None:
    result = meet(square(0, 0, 1000), square(400, 400, 100), search_m=20)
    assert numbers(result, "border_count", "overlap_area") == {"border_count": 1, "overlap_area": 10_000}
    twins = meet(square(0, 0), square(0, 0))
    assert numbers(twins, "border_count", "overlap_area") == {"border_count": 1, "overlap_area": 100}


def test_an_enclave_that_does_not_fill_its_hole_leaves_a_ring() -> None:
    around = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(40, 40, 60, 60))
    result = meet(around, square(41, 41, 18))
    [ring] = of(result, "border.gap").geometry
    assert gap_m2(result) == 400 - 324 and len(shapely.get_interior_ring(shapely.get_parts(ring), 0)) == 1
    filled = meet(around, square(40, 40, 20))
    assert len(filled.findings) == 0 and filled.value("border_length") == 80


# What is no border


@pytest.mark.parametrize("angle", [20, 45, 90, 135, 170])
def test_coasts_that_part_where_a_border_ends_are_no_gap(angle: float) -> None:
    """Two territories share the line from (0, 0) to (0, -100) and their coasts part at this angle."""
    half = np.deg2rad(angle / 2)
    x, y = 200 * np.sin(half), 200 * np.cos(half)
    left = shapely.Polygon([(0, 0), (0, -100), (-200, -100), (-200, y), (-x, y)])
    right = shapely.Polygon([(0, 0), (x, y), (200, y), (200, -100), (0, -100)])
    for search_m in (5, 20, 50):
        result = meet(left, right, search_m=search_m)
        assert len(result.findings) == 0 and result.value("border_length") == 100


def test_a_gap_that_opens_into_a_bay_ends_where_the_bay_begins() -> None:
    left = "POLYGON((-2 0,-300 0,-300 300,-200 300,-2 100,-2 0))"
    right = "POLYGON((2 0,300 0,300 300,200 300,2 100,2 0))"
    result = meet(left, right, search_m=50)
    [gap] = of(result, "border.gap").to_dict("records")
    assert gap["area_m2"] * 1.001 >= 400 and gap["area_m2"] < 430 and 4 <= gap["width_m"] * 1.003 < 6


def test_a_hole_inside_one_territory_is_no_matter_of_its_border() -> None:
    holed = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(95, 40, 99, 60))
    assert len(meet(holed, square(100, 0, 100)).findings) == 0
    missing = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(95, 40, 100, 60))
    assert gap_m2(meet(missing, square(100, 0, 100))) == 100


def test_a_creek_counts_only_as_far_as_the_neighbour_is_near() -> None:
    creek = shapely.difference(shapely.box(0, 0, 1000, 1000), shapely.box(100, 499, 1000, 501))
    result = meet(creek, square(1001, 0, 1000), search_m=20)
    assert gap_m2(result) == pytest.approx(1000 + 2 * 19, rel=0.01)


# Three and more


def test_ground_between_three_territories_goes_to_the_two_nearest() -> None:
    corner = shapely.box(45, 45, 55, 55)
    a, b, c = (
        shapely.difference(shapely.box(*box), corner) for box in ((0, 0, 50, 50), (50, 0, 100, 50), (0, 50, 100, 100))
    )
    result = meet(a, b, c)
    gaps = of(result, "border.gap")
    assert sorted(zip(gaps["plan_a"], gaps["plan_b"])) == [("A", "B"), ("A", "C"), ("B", "C")]
    assert gaps["area_m2"].sum() == pytest.approx(100, rel=1e-6) == pytest.approx(gap_m2(result), rel=1e-6)
    left, right = (gaps.loc[gaps["plan_a"] == name, "area_m2"].sum() for name in "AB")
    of_c = gaps.loc[gaps["plan_b"] == "C"].set_index("plan_a")["area_m2"]
    assert of_c["A"] == pytest.approx(of_c["B"], rel=0.05) and left > right > 0


@pytest.mark.parametrize("place", PLACES)
def test_nine_territories_drawn_too_small_share_one_net_of_gaps(place) -> None:
    cells = [square(102 * column, 102 * row, 100) for row in range(3) for column in range(3)]
    plans = [plan([cell], name=f"T{index}") for index, cell in enumerate(moved(cells, *place))]
    result = check(plans)
    # four strips of 304 by 2 cross in four squares of 2 by 2, open at the outer boundary
    assert gap_m2(result) == pytest.approx(4 * 304 * 2 - 4 * 4, rel=1e-3)
    assert of(result, "border.gap")["area_m2"].sum() == pytest.approx(gap_m2(result), rel=1e-4)
    straight = of(result, "border.mismatch")
    beside = straight[straight["area_m2"] > 100]
    assert len(beside) == 12 and (beside["area_m2"] < 208).all()


def test_overlap_of_three_is_ground_once_and_a_finding_for_each_pair() -> None:
    result = meet(square(0, 0), square(6, 0), square(3, 5))
    assert areas(of(result, "border.overlap")) == [40, 35, 35]
    assert result.value("overlap_area") == shapely.area(
        shapely.union_all([shapely.box(6, 0, 10, 10), shapely.box(3, 5, 10, 10), shapely.box(6, 5, 13, 10)])
    )


def test_territories_come_out_of_a_field() -> None:
    one = plan([square(0, 0), square(10, 0), square(21, 0)], name="all")
    one.zones["territory"] = ["T10", "T2", "T2"]
    result = check([one])
    assert result.value("territory_count") == 2
    assert of(result, "border.gap").empty  # the gap lies inside T2
    assert result.value("border_length") == 10
