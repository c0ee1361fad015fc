"""Conformity of a lower plan with an upper one: verdicts, what cannot be judged, who adjusts, and refusals."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drawn import areas, conform, moved, numbers, of, plan, rule_set, same_ground, square
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.engine.errors import PlanError
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.rulesets.ruleset import Precedence, RuleSet, Verdict
from raster import Triangles, area_m2, drawn, pieces, plans

RULES = rule_set(
    {
        ("RUNG", "ODT"): Verdict("conflict", "", 0.0, "rừng phải giữ", "forest stays", "Điều 1"),
        ("RUNG", "DGT"): Verdict("conditional", "nếu có phép", 0.0, "đường", "a road", "Điều 2"),
        ("RUNG", "RSX"): "compatible",
        ("DOTHI", "ODT"): "compatible",
        ("DOTHI", "DGT"): "compatible",
        ("DOTHI", "RSX"): "compatible",
    }
)


def upper(codes: tuple[str, str] = ("RUNG", "DOTHI"), **known: Any) -> Any:
    """A forest to the left of x = 10, a town to the right."""
    return plan([square(0, 0), square(10, 0)], codes=codes, name="above", **known)


def test_a_use_that_fits_its_zone_conforms() -> None:
    result = conform(plan([square(0, 0)], codes=["RSX"]), upper(), RULES)
    assert len(result.findings) == 0
    assert result.conforms


def test_a_conflict_names_both_zones_codes_area_share_width_reason_and_reference() -> None:
    lower = plan([square(6, 0)], codes=["ODT"], keys=["L7"], name="below", territory="Huyện A")
    result = conform(lower, upper(), RULES)
    found = of(result, "conformity.conflict")
    assert found.loc[0, ["plan_a", "zone_a", "code_a", "plan_b", "zone_b", "code_b", "territory"]].tolist() == [
        "below", "L7", "ODT", "above", "0", "RUNG", "Huyện A",
    ]  # fmt: skip
    assert found.loc[0, ["severity", "verdict", "reference"]].tolist() == ["error", "conflict", "Điều 1"]
    assert same_ground(found.geometry[0], square(6, 0, 4, 10))
    assert found["area_m2"][0] == 40
    assert found["share_a"][0] == pytest.approx(0.4)
    assert found["width_m"][0] == pytest.approx(4, rel=0.003)
    assert "Forest stays." in found["message"][0]
    assert "40.0 %" in found["message"][0]
    assert numbers(result, "conflict_count", "conflict_area") == {"conflict_count": 1, "conflict_area": 40}
    assert not result.conforms


def test_the_message_is_in_vietnamese_with_vietnamese_numbers() -> None:
    lower = plan([square(6, 0, 4.5, 10)], codes=["ODT"])
    told = of(conform(lower, upper(), RULES, language="vi"), "conformity.conflict")["message"][0]
    assert told.startswith("Mâu thuẫn:")
    assert "Rừng phải giữ." in told
    assert "88,9 %" in told


def test_a_condition_is_a_warning_and_conforms() -> None:
    result = conform(plan([square(0, 0, 2, 10)], codes=["DGT"]), upper(), RULES)
    found = of(result, "conformity.conditional")
    assert found["severity"].tolist() == ["warning"]
    assert "Nếu có phép; a road" in found["message"][0]
    assert numbers(result, "conditional_count", "conditional_area") == {"conditional_count": 1, "conditional_area": 20}
    assert result.conforms


def test_a_pair_without_a_rule_is_reported_and_never_passed_over() -> None:
    result = conform(plan([square(0, 0)], codes=["ODT"]), upper(codes=("MO", "DOTHI")), RULES)
    found = of(result, "conformity.unlisted")
    assert found.loc[0, ["severity", "verdict", "code_b"]].tolist() == ["warning", "unlisted", "MO"]
    assert numbers(result, "unlisted_count", "unlisted_area") == {"unlisted_count": 1, "unlisted_area": 100}


def test_ground_beyond_the_upper_plan_is_unplanned() -> None:
    result = conform(plan([square(15, 0)], codes=["ODT"]), upper(), RULES)
    found = of(result, "conformity.unplanned")
    assert same_ground(found.geometry[0], square(20, 0, 5, 10))
    assert found["share_a"].tolist() == [0.5]
    assert found["plan_b"].tolist() == ["above"]
    assert numbers(result, "unplanned_count", "unplanned_area") == {"unplanned_count": 1, "unplanned_area": 50}


def test_a_hole_of_the_upper_plan_is_unplanned() -> None:
    ring = "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,5 2,5 5,2 5,2 2),(5 5,8 5,8 8,5 8,5 5))"
    result = conform(plan([square(0, 0)], codes=["RSX"]), plan([ring], codes=["RUNG"]), RULES)
    assert areas(of(result, "conformity.unplanned")) == [9, 9]


def test_a_lower_zone_wholly_apart_is_unplanned_as_a_whole() -> None:
    lower = plan([square(0, 0), square(100, 100)], codes=["RSX", "ODT"])
    assert areas(of(conform(lower, upper(), RULES), "conformity.unplanned")) == [100]


def test_zones_that_touch_along_a_border_do_not_meet() -> None:
    lower = plan([square(10, 0)], codes=["ODT"])
    result = conform(lower, plan([square(0, 0), square(10, 0)], codes=["RUNG", "DOTHI"]), RULES)
    assert len(result.findings) == 0


def test_a_conflict_in_two_places_is_two_findings() -> None:
    comb = "POLYGON((0 0,10 0,10 2,12 2,12 4,10 4,10 6,12 6,12 8,10 8,10 10,0 10,0 0))"
    result = conform(plan([square(10, 0)], codes=["ODT"]), plan([comb, square(12, 0)], codes=["RUNG", "DOTHI"]), RULES)
    assert areas(of(result, "conformity.conflict")) == [4, 4]


def test_upper_zones_over_each_other_both_give_their_verdict() -> None:
    above = plan([square(0, 0), square(0, 0, 5, 10)], codes=["RUNG", "DOTHI"])
    found = conform(plan([square(0, 0)], codes=["ODT"]), above, RULES)
    assert areas(of(found, "conformity.conflict")) == [100]
    twice = plan([square(0, 0), square(0, 0)], codes=["RUNG", "RUNG"])
    assert areas(of(conform(plan([square(0, 0)], codes=["ODT"]), twice, RULES), "conformity.conflict")) == [100, 100]


def test_noise_along_a_border_is_one_information_for_each_pair() -> None:
    wavy = "POLYGON((9.95 0,20 0,20 10,9.95 10,10 8,9.96 5,10 3,9.95 0))"
    result = conform(plan([wavy], codes=["ODT"]), upper(), RULES, width_m=0.1)
    found = of(result, "conformity.conflict")
    assert found["severity"].tolist() == ["info"]
    assert shapely.get_num_geometries(found.geometry[0]) == 3
    assert numbers(result, "conflict_count", "conflict_area", "noise_count") == {
        "conflict_count": 0, "conflict_area": 0, "noise_count": 1,
    }  # fmt: skip
    assert result.value("noise_area") == pytest.approx(found["area_m2"].sum())
    assert result.conforms


def test_a_row_with_a_smallest_area_makes_noise_of_what_is_smaller() -> None:
    rules = rule_set({("RUNG", "ODT"): Verdict("conflict", min_area_m2=30.0), ("DOTHI", "ODT"): "compatible"})
    lower = plan([square(8, 0, 5, 10), square(6, 20, 4, 10)], codes=["ODT", "ODT"])
    above = plan([square(0, 0, 10, 40), square(10, 0, 10, 40)], codes=["RUNG", "DOTHI"])
    result = conform(lower, above, rules)
    assert areas(of(result, "conformity.conflict", "error")) == [40]
    assert areas(of(result, "conformity.conflict", "info")) == [20]
    assert result.value("conflict_area") == 40


def test_the_stricter_of_two_wildcards_answers_and_an_exact_row_before_both() -> None:
    rules = rule_set(
        {
            ("RUNG", "*"): "conditional",
            ("*", "ODT"): "conflict",
            ("RUNG", "CAN"): "compatible",
            ("*", "*"): "compatible",
        }
    )
    asked = [("RUNG", "ODT"), ("RUNG", "DGT"), ("X", "ODT"), ("RUNG", "CAN"), ("X", "Y")]
    answers = ["conflict", "conditional", "conflict", "compatible", "compatible"]
    assert [rules.verdict(*pair).verdict for pair in asked] == answers
    assert rule_set({("A", "B"): "conflict"}).verdict("A", "C").verdict == "unlisted"


@pytest.mark.parametrize("written", ["odt", " ODT ", "Odt\u00a0"])
def test_codes_are_compared_without_case_and_blanks(written: str) -> None:
    result = conform(plan([square(0, 0)], codes=[written]), upper(codes=("rung", "DOTHI")), RULES)
    assert result.value("conflict_area") == 100


def test_labels_are_compared_whatever_the_composition_of_their_accents() -> None:
    label = "Đất ở đô thị"
    rules = rule_set({("Rừng đặc dụng", label): "conflict"})
    for form in ("NFC", "NFD"):
        lower = plan([square(0, 0)], codes=[unicodedata.normalize(form, label.upper())])
        above = plan([square(0, 0)], codes=[unicodedata.normalize(form, "rừng  đặc dụng")])
        assert conform(lower, above, rules).value("conflict_area") == 100


def test_a_code_that_the_rule_set_does_not_know_is_reported_whole() -> None:
    result = conform(plan([square(5, 0), square(0, 20)], codes=["XYZ", "ODT"]), upper(), RULES)
    found = of(result, "code.unknown")
    assert found.loc[0, ["zone_a", "code_a", "severity"]].tolist() == ["0", "XYZ", "error"]
    assert found["area_m2"].tolist() == [100]
    assert result.value("unknown_code_count") == 1
    assert len(of(result, "conformity.unlisted")) == 0
    assert not result.conforms


def test_a_missing_code_is_an_error_on_either_side() -> None:
    lower, above = plan([square(0, 0)], codes=[None]), plan([square(0, 0)], codes=["  "], name="above")
    result = conform(lower, above, RULES)
    assert set(of(result, "code.missing")["plan_a"]) == {"plan", "above"}
    assert not result.conforms


def test_over_a_diagram_everything_is_a_prompt_to_look() -> None:
    lower = plan([square(6, 0), square(0, 0, 3, 10), square(15, 0)], codes=["ODT", "DGT", "ODT"])
    result = conform(lower, upper(nature="diagram"), RULES)
    assert set(result.findings["severity"]) == {"info"}
    prompts = {"conformity.diagram", "conformity.unplanned", "conformity.unfulfilled"}
    assert set(result.findings["rule"]) == prompts
    assert sorted(of(result, "conformity.diagram")["verdict"]) == ["conditional", "conflict"]
    assert numbers(result, "diagram_count", "conflict_count", "conditional_count") == {
        "diagram_count": 2, "conflict_count": 0, "conditional_count": 0,
    }  # fmt: skip
    assert result.conforms


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("provincial", "district", "B (Điều 6)"),
        ("sector", "provincial", "C"),
        ("district", "provincial", ""),
        ("", "", ""),
    ],
)
def test_who_must_adjust_depends_on_both_levels(above: str, below: str, expected: str) -> None:
    precedence = {
        ("provincial", "district"): Precedence("Bv", "B", "Điều 6"),
        ("sector", "provincial"): Precedence("Cv", "C", ""),
    }
    rules = RuleSet("drawn", RULES.verdicts, precedence)
    result = conform(plan([square(0, 0)], codes=["ODT"], level=below), upper(level=above), rules)
    assert of(result, "conformity.conflict")["must_adjust"].tolist() == [expected]
    told = conform(plan([square(0, 0)], codes=["ODT"], level=below), upper(level=above), rules, language="vi")
    assert of(told, "conformity.conflict")["must_adjust"][0].startswith({"B": "Bv", "C": "Cv"}.get(expected[:1], ""))


def test_the_built_in_precedence_says_that_the_district_plan_gives_way_to_the_provincial() -> None:
    rules = read_ruleset(None)
    assert rules.must_adjust("provincial", "district", "en") == "district land-use plan (Land Law 2024, Art. 60)"
    assert rules.must_adjust("provincial", "district", "vi").endswith("(Luật Đất đai 2024, Điều 60)")
    assert rules.must_adjust("detailed", "national", "en") == ""


def test_invalid_zones_on_both_sides_are_repaired_counted_and_logged() -> None:
    bow_tie = "POLYGON((0 0,10 10,10 0,0 10,0 0))"
    result = conform(plan([bow_tie, None], codes=["ODT", "ODT"]), plan([bow_tie], codes=["RUNG"], name="above"), RULES)
    assert result.value("conflict_area") == pytest.approx(50)
    assert numbers(result, "lower_invalid_count", "upper_invalid_count", "lower_empty_count", "upper_empty_count") == {
        "lower_invalid_count": 1, "upper_invalid_count": 1, "lower_empty_count": 1, "upper_empty_count": 0,
    }  # fmt: skip
    log = "\n".join(result.log)
    assert "plan: 1 invalid zone(s)" in log
    assert "above: 1 invalid zone(s)" in log
    assert "plan: 1 zone(s) have no geometry" in log


def test_plans_of_different_places_are_refused_with_both_extents() -> None:
    with pytest.raises(PlanError) as refused:
        conform(plan([square(0, 0)], codes=["ODT"]), plan([square(500, 500)], codes=["RUNG"], name="above"), RULES)
    assert refused.value.key == "error.plans_apart"
    for language in ("en", "vi"):
        assert "x 0–10, y 0–10" in refused.value.text(language)
        assert "x 500–510, y 500–510" in refused.value.text(language)


def test_a_plan_without_area_is_refused() -> None:
    nothing = "POLYGON((0 0,10 0,0 0,0 0))"
    for lower, above in (([nothing], [square(0, 0)]), ([square(0, 0)], [nothing])):
        with pytest.raises(PlanError) as refused:
            conform(plan(lower, codes=["ODT"]), plan(above, codes=["RUNG"]), RULES)
        assert refused.value.key == "error.no_geometry"


def test_a_plan_without_a_code_field_is_refused_and_not_passed() -> None:
    for lower, above in ((None, ["RUNG"]), (["ODT"], None)):
        with pytest.raises(PlanError) as refused:
            conform(plan([square(0, 0)], codes=lower), plan([square(0, 0)], codes=above), RULES)
        assert refused.value.key == "error.no_code_field"
        assert refused.value.text("vi") != refused.value.text("en")


def test_far_from_the_origin_nothing_changes() -> None:
    zones, above = [square(6, 0), square(15, 0)], [square(0, 0), square(10, 0)]
    here = conform(plan(zones, codes=["ODT", "ODT"]), plan(above, codes=["RUNG", "DOTHI"]), RULES)
    x, y = 580_000, 2_320_000
    there = conform(
        plan(moved(zones, x, y), codes=["ODT", "ODT"]), plan(moved(above, x, y), codes=["RUNG", "DOTHI"]), RULES
    )
    assert [(m.name, round(m.value, 6)) for m in there.measures] == [(m.name, round(m.value, 6)) for m in here.measures]


CODES = ("A", "B", "C")
MATRIX = rule_set(
    {(up, low): word for up, row in zip(CODES, (
        ("conflict", "compatible", "conditional"),
        ("conditional", "conflict", "compatible"),
        ("conflict", "conflict", "compatible"),
    )) for low, word in zip(CODES, row)}
)  # fmt: skip
coded = st.tuples(*[st.sampled_from(CODES)] * 7)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(below=plans, above=plans, low=coded, up=coded)
def test_every_piece_of_every_pair_is_counted_right(
    below: list[Triangles], above: list[Triangles], low: tuple[str, ...], up: tuple[str, ...]
) -> None:
    below, above = [*below, frozenset({0})], [frozenset({0, 1}), *above]
    low_code, up_code = ["A", *low], ["A", *up]
    lower = plan([drawn(zone) for zone in below], codes=low_code[: len(below)])
    upper_plan = plan([drawn(zone) for zone in above], codes=up_code[: len(above)])
    result = conform(lower, upper_plan, MATRIX)
    expected = defaultdict(list)
    for i, zone in enumerate(below):
        for j, ground in enumerate(above):
            word = MATRIX.verdict(up_code[j], low_code[i]).verdict
            expected[word] += [(str(i), str(j), area_m2(piece)) for piece in pieces(zone & ground)]
        rest = zone - frozenset().union(*above)
        expected["unplanned"] += [(str(i), "", area_m2(piece)) for piece in pieces(rest)]
    for word in ("conflict", "conditional", "unplanned"):
        found = of(result, f"conformity.{word}")
        assert sorted(zip(found["zone_a"], found["zone_b"], np.round(found["area_m2"], 6))) == sorted(expected[word])
        assert result.value(f"{word}_area") == pytest.approx(sum(area for *_, area in expected[word]))


def _random_zones(random: np.random.Generator, count: int) -> list[shapely.Geometry]:
    places = random.uniform(0, 1000, (count, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(places)))
    return [cell for cell in shapely.intersection(cells, shapely.box(0, 0, 1000, 1000)) if cell.area > 0]


@pytest.mark.parametrize("seed", range(5))
def test_areas_by_pair_are_those_of_a_geopandas_overlay(seed: int) -> None:
    random = np.random.default_rng(seed)
    below, above = (moved(_random_zones(random, count), 580_000, 2_320_000) for count in (60, 25))
    low, up = random.choice(CODES, len(below)), random.choice(CODES, len(above))
    result = conform(plan(below, codes=list(low)), plan(above, codes=list(up)), MATRIX)
    tables = [
        gpd.GeoDataFrame({f"zone_{side}": [str(n) for n in range(len(zones))], f"code_{side}": codes}, geometry=zones)
        for side, zones, codes in (("a", below, low), ("b", above, up))
    ]
    plain = gpd.overlay(*tables, how="intersection", keep_geom_type=True)
    plain["verdict"] = [MATRIX.verdict(b, a).verdict for a, b in zip(plain["code_a"], plain["code_b"])]
    plain = plain[plain["verdict"] != "compatible"]
    by_pair = plain.geometry.area.groupby([plain["zone_a"], plain["zone_b"]]).sum()
    ours = result.findings[result.findings["verdict"].isin(["conflict", "conditional"])]
    found = ours["area_m2"].groupby([ours["zone_a"], ours["zone_b"]]).sum()
    assert found.to_dict() == pytest.approx(by_pair[by_pair > 1e-6].to_dict())


def test_the_order_of_the_features_changes_nothing() -> None:
    random = np.random.default_rng(7)
    below, above = (_random_zones(random, count) for count in (30, 12))
    low, up = list(random.choice(CODES, len(below))), list(random.choice(CODES, len(above)))
    keys = [f"TH-{n}" for n in range(len(below))]
    one = conform(plan(below, codes=low, keys=keys), plan(above, codes=up), MATRIX)
    order = random.permutation(len(below))
    shuffled = plan([below[n] for n in order], codes=[low[n] for n in order], keys=[keys[n] for n in order])
    other = conform(shuffled, plan(above, codes=up), MATRIX)
    assert one.findings.to_wkb().equals(other.findings.to_wkb())
