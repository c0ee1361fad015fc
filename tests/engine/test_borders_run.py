"""A run over borders: land use on both sides, measures against plain shapely, order, threads, refusals, cancel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from bordering import PLACES, check, meet, quiet
from drawn import moved, numbers, of, plan, rule_set, square
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.demo.survey import deviation, redrawn
from planconcord.engine.checks.borders import search_width
from planconcord.engine.errors import PlanError
from planconcord.engine.planar.borders import borders
from planconcord.engine.planar.polygons import parts
from planconcord.engine.planar.width import widths
from planconcord.engine.progress import Cancelled, Progress
from planconcord.engine.tolerance import Tolerance
from raster import drawn, zones

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


@settings(max_examples=80, **quiet)
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
