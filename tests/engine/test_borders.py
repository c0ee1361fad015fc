"""Borders between neighbours: what two plans both cover, what they leave open, and what is no border at all."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from drawn import areas, moved, numbers, of, plan, rule_set, same_ground, square, stand_inside
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.engine.checks.borders import check_borders, search_width
from planconcord.engine.checks.settings import Settings
from planconcord.engine.demo.survey import deviation, redrawn
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import CheckResult
from planconcord.engine.planar.borders import borders
from planconcord.engine.planar.polygons import parts
from planconcord.engine.planar.width import widths
from planconcord.engine.progress import Cancelled, Progress
from planconcord.engine.tolerance import Tolerance
from raster import drawn, zones

PLACES = [(0.0, 0.0), (580_000.0, 2_320_000.0)]
quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def meet(*territories, width_m: float = 0.0, search_m: float | None = None, **more) -> CheckResult:
    """The border check of territories A, B, C ..., each drawn as one shape or a list of them."""
    plans = [
        plan([shape] if isinstance(shape, (str, shapely.Geometry)) else shape, name=name)
        for name, shape in zip("ABCDEFGH", territories)
    ]
    return check(plans, width_m, search_m, **more)


def check(plans, width_m=0.0, search_m=None, language="en", rules=None, **more) -> CheckResult:
    result = check_borders(plans, Settings(Tolerance(width_m), language, "run", **more), search_m, rules)
    stand_inside(result.findings)
    return result


def gap_m2(result: CheckResult) -> float:
    return result.value("gap_area")


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


# Land use across the border


@pytest.mark.parametrize("apart_m", [0, 1, -1])
@pytest.mark.parametrize("pair", [("RPH", "LUC"), ("LUC", "RPH")])
def test_codes_in_conflict_side_by_side_are_reported_in_either_order_of_the_rule(apart_m, pair) -> None:
    west = plan([square(0, 0, 100), square(0, 100, 100)], ["LUC", "ONT"], name="West")
    east = plan([square(100 + apart_m, 0, 100), square(100 + apart_m, 100, 100)], ["CLN", "RPH"], name="East")
    north = plan([square(0, 200, 100), square(100, 200, 100)], ["RPH", "LUC"], name="North")
    rules = rule_set({pair: "conflict", ("*", "*"): "compatible"})
    result = check([west, east, north], 1.5, rules=rules)
    found = of(result, "border.abrupt")
    assert len(of(result, "conformity.conflict")) == 0
    # LUC in the south-west only meets RPH in the north-east at a corner; RPH in the east meets LUC in the north
    assert found[["plan_a", "code_a", "plan_b", "code_b"]].values.tolist() == [["East", "RPH", "North", "LUC"]]
    assert found["area_m2"][0] == pytest.approx(100 * 3, rel=0.06)
    assert result.value("abrupt_count") == 1 and not result.conforms
    assert check([west, east, north], 1.5).value("abrupt_count") == 0


def test_rules_need_codes() -> None:
    with pytest.raises(PlanError):
        check([plan([square(0, 0)], name="A"), plan([square(10, 0)], name="B")], rules=rule_set({}))


# Measures, order, threads, refusals


def wavy(seed: int, closed: bool, amplitude_m: float) -> np.ndarray:
    """x of a wavy border at 101 heights; all borders that are ``closed`` meet at the ends."""
    random = np.random.default_rng(seed)
    heights = np.linspace(0, 1, 101)
    waves = sum(
        random.uniform(-1, 1) * np.sin(np.pi * k * heights + (0 if closed else random.uniform(0, 6)))
        for k in range(1, 9)
    )
    return 100 + amplitude_m * waves / 3


@settings(max_examples=60, **quiet)
@given(
    seeds=st.tuples(st.integers(0, 999), st.integers(1000, 1999)),
    closed=st.booleans(),
    amplitude_m=st.sampled_from([0.05, 0.5, 3.0]),
    place=st.sampled_from(PLACES),
)
def test_two_wavy_borders_against_plain_shapely(seeds, closed, amplitude_m, place) -> None:
    heights = np.linspace(0, 200, 101)
    left_x, right_x = (wavy(seed, closed, amplitude_m) for seed in seeds)
    left = shapely.Polygon([(0, 0), *zip(left_x, heights), (0, 200)])
    right = shapely.Polygon([(200, 0), *zip(right_x, heights), (200, 200)])
    left, right = moved([left, right], *place)
    box = shapely.transform(shapely.box(0, 0, 200, 200), lambda xy: xy + np.array(place))
    [border] = borders(np.array([left, right], dtype=object), 30.0, Progress())
    open_ground, _ = parts([shapely.difference(box, shapely.union(left, right))])
    open_m2 = shapely.area(open_ground).sum()
    threads_m = shapely.length(open_ground[widths(open_ground) < 0.003]).sum() / 2  # not looked for at an open end
    assert shapely.area(border.overlaps).sum() == pytest.approx(shapely.area(shapely.intersection(left, right)))
    allowed = 1e-6 if closed else 0.01 * open_m2 + 3 * amplitude_m**2
    assert shapely.area(border.gaps).sum() == pytest.approx(open_m2, abs=allowed)
    assert shapely.area(shapely.difference(shapely.union_all(border.gaps), box)) < 3 * amplitude_m**2
    lines_m = (
        shapely.length(shapely.linestrings(left_x, heights)) + shapely.length(shapely.linestrings(right_x, heights))
    ) / 2
    assert border.length_m == pytest.approx(lines_m, rel=0.02, abs=3 * amplitude_m + threads_m)


@settings(max_examples=250, **quiet)
@given(sets=st.lists(zones, min_size=2, max_size=4), place=st.sampled_from(PLACES))
def test_enclosed_ground_and_overlaps_on_a_plate_of_triangles(sets, place) -> None:
    ground = np.array([drawn(one, *place) for one in sets], dtype=object)
    found = borders(ground, 50.0, Progress())
    overlap_m2 = {(border.a, border.b): shapely.area(border.overlaps).sum() for border in found if len(border.overlaps)}
    expected = {
        (i, j): shapely.area(shapely.intersection(ground[i], ground[j]))
        for i, j in itertools.combinations(range(len(ground)), 2)
    }
    assert overlap_m2 == pytest.approx({pair: area_m2 for pair, area_m2 in expected.items() if area_m2 > 0})
    covered = shapely.union_all(ground)
    gaps = shapely.union_all(np.concatenate([np.zeros(0, dtype=object), *[border.gaps for border in found]]))
    assert shapely.area(shapely.intersection(gaps, covered)) < 1e-6
    lines = shapely.union_all(shapely.boundary(ground))
    for face in shapely.get_parts(shapely.polygonize([lines])):
        if covered.intersects(face.point_on_surface()):
            continue
        touching = shapely.length(shapely.intersection(shapely.boundary(face), shapely.boundary(ground))) > 0
        area_m2 = shapely.area(shapely.intersection(gaps, face))
        assert area_m2 == pytest.approx(face.area if touching.sum() > 1 else 0, abs=1e-4)


def districts() -> list:
    """A row of four zones in three territories with an overlap, a gap and noise."""
    return [
        plan([square(0, 0), square(0, 10)], ["LUC", "ONT"], ["n1", "n2"], name="North"),
        plan([square(9, 0), square(10.02, 10)], ["RSX", "CLN"], ["e1", "e2"], name="East"),
        plan([square(21, 0, 10, 20)], ["RPH"], ["w1"], name="West"),
    ]


def test_nothing_depends_on_the_order_of_layers_features_or_vertices() -> None:
    def told(plans) -> list:
        table = check(plans, width_m=0.1).findings
        return (
            table[["finding_id", "rule", "plan_a", "zone_a", "plan_b", "zone_b", "area_m2", "width_m", "message"]]
            .round(6)
            .values.tolist()
        )

    first = told(districts())
    assert len(first) == 4
    for order in itertools.permutations(range(3)):
        assert told([districts()[index] for index in order]) == first
    backwards = [
        plan(
            list(shapely.reverse(one.zones.geometry.to_numpy()[::-1])),
            one.zones["code"][::-1],
            one.zones["key"][::-1],
            name=one.name,
        )
        for one in districts()
    ]
    assert told(backwards) == first


def test_the_number_of_threads_changes_nothing() -> None:
    cells = moved([square(101 * column, 100.5 * row, 100) for row in range(4) for column in range(4)], *PLACES[1])
    ground = np.array(cells, dtype=object)
    one, four = (borders(ground, 20.0, Progress(), threads) for threads in (1, 4))
    assert [(b.a, b.b, b.length_m) for b in one] == [(b.a, b.b, b.length_m) for b in four]
    for alone, together in zip(one, four):
        assert shapely.equals_exact(alone.gaps, together.gaps).all()


def test_the_lines_of_two_surveyors_lie_apart_as_far_as_they_moved() -> None:
    """The demo's districts: each office moves every line by a smooth field; the area between is the integral over the border."""
    y = np.linspace(0, 20_000, 2001)
    line = np.stack([1000 + 80 * np.sin(y / 300), y], axis=1)
    left = shapely.Polygon([*line, (-5000, 20_000), (-5000, 0)])
    right = shapely.Polygon([*line, (5000, 20_000), (5000, 0)])
    drawn_by = [redrawn([shape], 1.5, 2_700.0, seed)[0] for shape, seed in ((left, 7), (right, 9))]
    [border] = borders(np.array(drawn_by, dtype=object), 20.0, Progress())
    apart = deviation(line, 1.5, 2_700.0, 9) - deviation(line, 1.5, 2_700.0, 7)
    step = np.diff(line, axis=0)
    middle = (apart[1:] + apart[:-1]) / 2
    signed_m2 = middle[:, 0] * step[:, 1] - middle[:, 1] * step[:, 0]
    gap, overlap = signed_m2[signed_m2 > 0].sum(), -signed_m2[signed_m2 < 0].sum()
    assert shapely.area(border.gaps).sum() == pytest.approx(gap, rel=0.01)
    assert shapely.area(border.overlaps).sum() == pytest.approx(overlap, rel=0.01)
    assert border.length_m == pytest.approx(np.linalg.norm(step, axis=1).sum(), rel=0.001)


def test_invalid_zones_are_repaired_and_counted() -> None:
    bowtie = "POLYGON((10 0,20 10,20 0,10 10,10 0))"
    result = meet([square(0, 0)], [bowtie])
    assert numbers(result, "invalid_count", "territory_count", "zone_count") == {
        "invalid_count": 1, "territory_count": 2, "zone_count": 2,
    }  # fmt: skip
    assert any("repaired" in line for line in result.log)


def test_one_territory_alone_is_refused() -> None:
    with pytest.raises(PlanError) as refused:
        meet(square(0, 0))
    assert "Only one territory" in refused.value.text("en") and "Chỉ có một" in refused.value.text("vi")


def test_zones_without_a_territory_are_refused_by_name() -> None:
    one = plan([square(0, 0), square(10, 0)], keys=["k1", "k2"], name="all")
    one.zones["territory"] = ["T1", ""]
    with pytest.raises(PlanError) as refused:
        check([one])
    assert "k2" in refused.value.text("en") and "all" in refused.value.text("vi")


def test_two_layers_of_one_name_are_two_territories() -> None:
    result = check([plan([square(0, 0)], name="h"), plan([square(9, 0)], name="h")])
    assert set(of(result, "border.overlap")[["plan_a", "plan_b"]].values[0]) == {"h", "h [2]"}


def test_the_search_width_is_ten_tolerances_and_must_exceed_the_tolerance() -> None:
    assert search_width(Tolerance(0.1)) == 20
    assert search_width(Tolerance(12.5)) == 125
    assert search_width(Tolerance(12.5), 30) == 30
    with pytest.raises(PlanError):
        search_width(Tolerance(12.5), 12.5)
    with pytest.raises(PlanError):
        search_width(Tolerance(0), 0)


def test_messages_are_in_both_languages() -> None:
    english, vietnamese = (
        check(districts(), 0.1, language=language).findings["message"].tolist() for language in ("en", "vi")
    )
    assert all("East" in message and "{" not in message for message in english + vietnamese)
    assert not set(english) & set(vietnamese)


class Pressed(Progress):
    """Cancel is pressed after so many questions."""

    def __init__(self, after: int) -> None:
        self.left, self.steps = after, []

    def step(self, fraction: float, text: str = "") -> None:
        self.steps.append(fraction)

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("after", [0, 1, 3, 6])
def test_cancel_ends_the_check_without_a_result(after: int) -> None:
    with pytest.raises(Cancelled):
        check(districts(), progress=Pressed(after))


def test_progress_runs_from_nothing_to_all() -> None:
    watching = Pressed(10_000)
    check(districts(), progress=watching)
    assert watching.steps[0] == 0 and watching.steps[-1] == 1
    assert (np.diff(watching.steps) > -1e-9).all()
