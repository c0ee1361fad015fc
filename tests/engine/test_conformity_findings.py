"""Designations not carried out, superseded codes, corridors, upper zones over each other, names, and the tables on request."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
from drawn import areas, numbers, of, plan, rule_set, same_ground, square
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.engine.checks.conformity import ConformityResult, Options, check_conformity
from planconcord.engine.checks.settings import Settings
from planconcord.engine.corridors import Corridor
from planconcord.engine.errors import PlanError
from planconcord.engine.plan import PlanLayer
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.rulesets.ruleset import About, Code, Precedence, RuleSet, Verdict
from planconcord.engine.tolerance import Tolerance
from raster import Triangles, area_m2, drawn, plans

PAIRS = {
    ("KCN", "SKK"): "compatible",
    ("KCN", "LUA"): "conditional",
    ("KCN", "ODT"): "conflict",
    ("RUNG", "SKK"): "conflict",
    ("RUNG", "LUA"): "compatible",
    ("RUNG", "ODT"): "conditional",
}
CODES = {
    "kcn": Code("KCN", "Khu công nghiệp", "Industrial zone", realised_by=("SKK",)),
    "skk": Code("SKK", "Đất khu công nghiệp", "Industrial park land", generations=("tt08_2024",)),
    "lun": Code("LUN", "Đất lúa nương", "Upland rice", generations=("tt27_2018",), successor="LUA"),
    "dts": Code("DTS", "Trụ sở", "Offices", generations=("tt01_2021",), question_vi="TSC hay DSK?", question_en="TSC or DSK?"),
    "kkt": Code("KKT", "Khu kinh tế", "Economic zone", overlapping=True),
}  # fmt: skip
DRAWN = rule_set(PAIRS)
RULES = RuleSet("drawn", DRAWN.verdicts, {}, "0" * 64, CODES, About(generation="tt08_2024"))


def check(lower: PlanLayer, upper: PlanLayer, rules: RuleSet = RULES, width_m: float = 0.0, language: str = "en", **options: Any) -> ConformityResult:  # fmt: skip
    return check_conformity(lower, upper, rules, Settings(Tolerance(width_m), language, "run"), Options(**options))


# what the lower plan does not carry


def test_a_designation_of_which_a_fifth_is_carried_out_is_reported_with_its_hectares() -> None:
    lower = plan(
        [square(0, 0, 20, 100), square(20, 0, 50, 100), square(70, 0, 30, 100)],
        codes=["SKK", "LUA", "ODT"],
        name="below",
    )
    result = check(lower, plan([square(0, 0, 100, 100)], codes=["KCN"], keys=["K1"], name="above"))
    found = of(result, "conformity.unfulfilled")
    assert found.loc[0, ["severity", "zone_b", "code_b", "plan_a", "plan_b", "verdict"]].tolist() == [
        "warning", "K1", "KCN", "below", "above", "unfulfilled",
    ]  # fmt: skip
    assert found.loc[0, ["declared_ha", "measured_ha", "difference_ha"]].tolist() == pytest.approx([1.0, 0.2, -0.8])
    assert same_ground(found.geometry[0], square(20, 0, 80, 100))
    assert "(KCN, Industrial zone)" in found["message"][0] and "20.0 % of 1.00 ha carried out" in found["message"][0]
    assert numbers(result, "unfulfilled_count", "unfulfilled_area") == {
        "unfulfilled_count": 1,
        "unfulfilled_area": 8000,
    }


@pytest.mark.parametrize(("least", "expected"), [(0.0, 0), (0.1, 0), (0.2, 0), (0.21, 1), (1.0, 1)])
def test_the_least_share_is_the_users(least: float, expected: int) -> None:
    lower = plan([square(0, 0, 20, 100), square(20, 0, 80, 100)], codes=["SKK", "LUA"])
    result = check(lower, plan([square(0, 0, 100, 100)], codes=["KCN"]), least_realised=least)
    assert result.value("unfulfilled_count") == expected


def test_what_lies_beyond_the_lower_plan_is_not_missing() -> None:
    upper = plan([square(0, 0, 1000, 1000), square(0, 2000, 50, 50)], codes=["KCN", "KCN"])
    result = check(plan([square(0, 0, 100, 100), square(100, 0, 20, 100)], codes=["SKK", "ODT"]), upper)
    assert result.value("unfulfilled_count") == 0
    result = check(plan([square(0, 0, 10, 100), square(10, 0, 90, 100)], codes=["SKK", "ODT"]), upper)
    assert of(result, "conformity.unfulfilled")["declared_ha"].tolist() == pytest.approx([1.0])


def test_a_missing_strip_within_the_tolerance_is_no_finding() -> None:
    lower = plan([square(99, 0, 100, 100)], codes=["LUA"])
    upper = plan([square(0, 0, 100, 100), square(100, 0, 100, 100)], codes=["KCN", "RUNG"])
    assert check(lower, upper, width_m=2.0).value("unfulfilled_count") == 0
    assert check(lower, upper, width_m=0.5).value("unfulfilled_count") == 1


def test_over_a_diagram_a_missing_designation_is_information() -> None:
    lower, upper = plan([square(0, 0)], codes=["ODT"]), plan([square(0, 0)], codes=["KCN"], nature="diagram")
    assert set(check(lower, upper).findings["severity"]) == {"info"}


def test_functional_zones_of_the_lower_plan_are_judged_but_never_summed() -> None:
    rules = RuleSet("drawn", {**DRAWN.verdicts, ("kcn", "kkt"): Verdict("conflict")}, {}, "", CODES)
    lower = plan([square(0, 0), square(0, 0)], codes=["ODT", "KKT"])
    result = check(lower, plan([square(0, 0)], codes=["KCN"]), rules, cross_table=True)
    assert len(of(result, "conformity.conflict")) == 2
    assert numbers(result, "conflict_count", "conflict_area", "functional_area") == {
        "conflict_count": 2, "conflict_area": 100, "functional_area": 100,
    }  # fmt: skip
    assert of(result, "conformity.unfulfilled")["declared_ha"].tolist() == pytest.approx([0.01])
    table = result.cross_table
    assert dict(zip(table["lower_code"], table["functional"])) == {"ODT": "", "KKT": "lower"}


# codes


def test_a_superseded_code_is_one_finding_with_its_successor_or_the_question() -> None:
    lower = plan([square(0, 0), square(10, 0), square(20, 0)], codes=["lun", "LUN ", "DTS"])
    result = check(lower, plan([square(0, 0, 100, 10)], codes=["RUNG"]))
    found = of(result, "code.superseded").sort_values("code_a").reset_index(drop=True)
    assert found["code_a"].tolist() == ["DTS", "lun"]
    assert found["severity"].tolist() == ["warning", "info"]
    assert found["area_m2"].tolist() == [100, 200]
    assert "TSC or DSK?" in found["message"][0] and "Its successor is LUA" in found["message"][1]
    assert result.value("superseded_code_count") == 2
    told = of(check(lower, plan([square(0, 0, 100, 10)], codes=["RUNG"]), language="vi"), "code.superseded")
    assert any("TSC hay DSK?" in message for message in told["message"])


def test_a_superseded_code_is_judged_as_its_successor() -> None:
    result = check(plan([square(0, 0)], codes=["LUN"]), plan([square(0, 0)], codes=["KCN"]))
    assert of(result, "conformity.conditional")["code_a"].tolist() == ["LUN"]


@pytest.mark.parametrize("codes", [[5, 7], [5.0, 7.0], ["5", " 7"], ["０5"[1:], "7\u00a0"]])
def test_codes_may_be_numbers_or_text_with_blanks(codes: list[object]) -> None:
    rules = rule_set({("1", "5"): "conflict", ("1", "7"): "compatible"})
    result = check(plan([square(0, 0), square(10, 0)], codes=codes), plan([square(0, 0, 20, 10)], codes=[1]), rules)
    assert numbers(result, "conflict_count", "unknown_code_count") == {"conflict_count": 1, "unknown_code_count": 0}


def test_null_codes_on_both_sides_are_reported_and_never_judged() -> None:
    lower, upper = (
        plan([square(0, 0), square(10, 0)], codes=[None, "ODT"]),
        plan([square(0, 0), square(10, 0)], codes=["KCN", None]),
    )
    result = check(lower, upper)
    assert len(of(result, "code.missing")) == 2
    assert not result.findings["rule"].str.startswith("conformity").any()


def test_both_codes_stand_with_their_names() -> None:
    lower = plan([square(0, 0)], codes=["SKK"])
    told = of(check(lower, plan([square(0, 0)], codes=["RUNG"])), "conformity.conflict")["message"][0]
    assert "(SKK, Industrial park land)" in told and "(RUNG)" in told


def test_the_built_in_rules_name_who_gives_way_with_the_article() -> None:
    rules = read_ruleset(None)
    lower = plan([square(0, 0)], codes=["SKK"], level="district")
    found = of(check(lower, plan([square(0, 0)], codes=["Z_RPH"], level="provincial"), rules), "conformity.conflict")
    assert found["must_adjust"][0] == "district land-use plan (Land Law 2024, Art. 60)"


# corridors


def roads(shapes: list[str], widths: list[object], corridor: Corridor, codes: str = "RUNG") -> PlanLayer:
    table = gpd.GeoDataFrame(
        {"code": [codes] * len(shapes), "width": widths}, geometry=gpd.GeoSeries.from_wkt(shapes, crs=5899)
    )
    return PlanLayer.from_frame(table, "roads", "", "code", corridor=corridor)


def test_a_line_takes_its_corridor_and_says_nothing_beyond_it() -> None:
    upper = roads(["LINESTRING(-50 50,150 50)"], [20.0], Corridor(width_field="width"))
    result = check(plan([square(0, 0, 100, 100)], codes=["SKK"]), upper)
    assert areas(of(result, "conformity.conflict")) == [2000]
    assert numbers(result, "unplanned_count", "unplanned_area") == {"unplanned_count": 0, "unplanned_area": 0}
    assert any("corridors" in line for line in result.log)


def test_a_point_takes_its_radius_and_text_is_read_as_metres() -> None:
    upper = roads(
        ["POINT(50 50)", "MULTIPOINT((20 20))"], ["10,5 m", None], Corridor(radius_field="width", radius_m=2.0)
    )
    result = check(plan([square(0, 0, 100, 100)], codes=["SKK"]), upper)
    assert areas(of(result, "conformity.conflict")) == pytest.approx([np.pi * 10.5**2, np.pi * 4], rel=0.002)


@pytest.mark.parametrize(
    ("shape", "corridor", "key"),
    [
        ("LINESTRING(0 0,9 9)", Corridor(), "error.corridor_missing"),
        ("LINESTRING(0 0,9 9)", Corridor(radius_m=5.0), "error.corridor_missing"),
        ("POINT(5 5)", Corridor(width_m=5.0), "error.corridor_missing"),
        ("LINESTRING(0 0,9 9)", Corridor(width_field="width"), "error.corridor_width"),
        ("LINESTRING(0 0,9 9)", Corridor(width_m=0.0), "error.corridor_width"),
        ("POINT(5 5)", Corridor(radius_field="width"), "error.corridor_radius"),
    ],
)
def test_a_missing_width_is_refused_by_name(shape: str, corridor: Corridor, key: str) -> None:
    with pytest.raises(PlanError) as refused:
        roads([shape], ["wide"], corridor)
    assert refused.value.key == key
    for language in ("en", "vi"):
        assert "UPPER_WIDTH" in refused.value.text(language) or "UPPER_RADIUS" in refused.value.text(language)
    if corridor.fields():
        assert "0 (wide)" in refused.value.text("en")


def test_lines_that_cad_mixes_in_are_zones_only_with_a_width() -> None:
    shapes = [square(0, 0, 50, 100), "LINESTRING(60 -10,60 110)"]
    lower = plan([square(0, 0, 100, 100)], codes=["SKK"])
    without = check(lower, roads(shapes, [1, 1], Corridor()))
    assert (areas(of(without, "conformity.conflict")), without.value("unplanned_area")) == ([5000], 5000)
    wide = check(lower, roads(shapes, [1, 1], Corridor(width_m=4.0)))
    assert (areas(of(wide, "conformity.conflict")), wide.value("unplanned_area")) == ([5000, 400], 4600)


# upper zones over each other


def test_ground_under_two_upper_zones_gets_both_verdicts_and_counts_once_for_the_stricter() -> None:
    upper = plan([square(0, 0, 100, 100), square(50, 0, 100, 100)], codes=["KCN", "RUNG"])
    result = check(plan([square(0, 0, 100, 100)], codes=["ODT"]), upper, zone_verdicts=True)
    assert numbers(result, "conflict_area", "conditional_area", "conflict_ground", "conditional_ground") == {
        "conflict_area": 10_000, "conditional_area": 5_000, "conflict_ground": 10_000, "conditional_ground": 0,
    }  # fmt: skip
    assert numbers(result, "upper_overlap_count", "upper_overlap_area") == {
        "upper_overlap_count": 1,
        "upper_overlap_area": 5_000,
    }
    assert any(line.startswith("Warning") and "0.50 ha" in line for line in result.log)
    zone = result.zone_verdicts.iloc[0]
    assert (zone["verdict"], zone["conflict_share"], zone["conditional_ha"], zone["upper_codes"]) == (
        "conflict",
        1.0,
        0.0,
        "KCN",
    )


def test_neighbours_drawn_with_slivers_over_each_other_are_no_warning_within_the_tolerance() -> None:
    upper = plan([square(0, 0, 50.5, 100), square(50, 0, 50, 100)], codes=["KCN", "KCN"])
    lower = plan([square(0, 0, 100, 100)], codes=["SKK"])
    assert check(lower, upper, width_m=1.0).value("upper_overlap_count") == 0
    assert check(lower, upper, width_m=0.2).value("upper_overlap_count") == 1


# tables


def test_the_cross_table_adds_up_to_the_lower_plan() -> None:
    lower = plan([square(0, 0, 100, 100), square(100, 0, 100, 100)], codes=["SKK", "XX"])
    upper = plan([square(0, 0, 60, 100), square(60, 0, 20, 100), square(90, 0, 110, 50)], codes=["KCN", "RUNG", "KCN"])
    table = check(lower, upper, cross_table=True).cross_table
    rows = {(row.upper_code, row.lower_code): (row.verdict, round(row.area_ha, 6)) for row in table.itertuples()}
    assert rows == {
        ("KCN", "SKK"): ("compatible", 0.65),
        ("RUNG", "SKK"): ("conflict", 0.2),
        ("", "SKK"): ("unplanned", 0.15),
        ("KCN", "XX"): ("unknown", 0.5),
        ("", "XX"): ("unplanned", 0.5),
    }
    assert table["area_ha"].sum() == pytest.approx(2.0)
    assert table.groupby("lower_code")["share_of_lower"].sum().tolist() == pytest.approx([1.0, 1.0])


def test_every_zone_gets_its_strictest_verdict() -> None:
    shapes = [square(x, 0, 10, 10) for x in (0, 10, 20, 30, 95)] + [None]
    lower = plan(shapes, codes=["ODT", "LUA", "SKK", "XX", "SKK", "SKK"], keys=list("abcdef"))
    zones = check(lower, plan([square(0, 0, 100, 10)], codes=["KCN"]), zone_verdicts=True).zone_verdicts
    assert zones["key"].tolist() == list("abcdef")
    assert zones["verdict"].tolist() == ["conflict", "conditional", "compatible", "unknown", "unplanned", "empty"]
    assert zones["conflict_share"].tolist()[:3] == [1.0, 0.0, 0.0]
    assert zones["unplanned_ha"].tolist()[4] == pytest.approx(0.005)
    assert zones["name"].tolist()[2] == "Industrial park land"
    assert zones.crs.to_epsg() == 5899


def test_a_zone_in_conflict_by_noise_only_is_compatible() -> None:
    lower = plan([square(9.9, 0, 10, 10)], codes=["SKK"])
    upper = plan([square(0, 0), square(10, 0)], codes=["RUNG", "KCN"])
    zones = check(lower, upper, width_m=0.5, zone_verdicts=True).zone_verdicts
    assert (zones["verdict"].tolist(), zones["conflict_ha"].tolist()) == (["compatible"], [0.0])


def test_zones_that_must_adjust_say_who() -> None:
    rules = RuleSet("drawn", DRAWN.verdicts, {("provincial", "district"): Precedence("Bv", "B", "Điều 6")})
    lower = plan([square(0, 0), square(10, 0)], codes=["ODT", "SKK"], level="district")
    upper = plan([square(0, 0, 20, 10)], codes=["KCN"], level="provincial")
    assert check(lower, upper, rules, zone_verdicts=True).zone_verdicts["must_adjust"].tolist() == ["B (Điều 6)", ""]


KINDS = ("A", "B", "C")
MATRIX = rule_set(
    {(up, low): word for up, row in zip(KINDS, (
        ("conflict", "compatible", "conditional"),
        ("conditional", "conflict", "compatible"),
        ("compatible", "conflict", "compatible"),
    )) for low, word in zip(KINDS, row)}
)  # fmt: skip
STRICT = ("conflict", "conditional")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    below=plans, above=plans, low=st.tuples(*[st.sampled_from(KINDS)] * 7), up=st.tuples(*[st.sampled_from(KINDS)] * 7)
)
def test_tables_and_ground_are_counted_right(
    below: list[Triangles], above: list[Triangles], low: tuple[str, ...], up: tuple[str, ...]
) -> None:
    below, above = [*below, frozenset({0})], [frozenset({0, 1}), *above]
    low_code, up_code = ["A", *low][: len(below)], ["A", *up][: len(above)]
    lower, upper = (
        plan([drawn(zone) for zone in below], codes=low_code),
        plan([drawn(zone) for zone in above], codes=up_code),
    )
    result = check(lower, upper, MATRIX, cross_table=True, zone_verdicts=True)
    cells: dict[tuple[str, str], float] = defaultdict(float)
    totals: dict[str, float] = defaultdict(float)
    everything = frozenset().union(*above)
    zones = result.zone_verdicts.set_index("key")
    for i, zone in enumerate(below):
        taken: Triangles = frozenset()
        for j, ground in enumerate(above):
            cells[up_code[j], low_code[i]] += area_m2(zone & ground)
        cells["", low_code[i]] += area_m2(zone - everything)
        for word in STRICT:
            under = [
                zone & ground
                for j, ground in enumerate(above)
                if MATRIX.verdict(up_code[j], low_code[i]).verdict == word
            ]
            here = frozenset().union(*under) - taken
            totals[word] += area_m2(here)
            assert zones.loc[str(i), f"{word}_ha"] * 1e4 == pytest.approx(area_m2(here), abs=1e-6)
            taken |= here
    table = result.cross_table
    found = {(row.upper_code, row.lower_code): row.area_ha * 1e4 for row in table.itertuples() if row.area_ha > 1e-9}
    assert found == pytest.approx({cell: area for cell, area in cells.items() if area})
    for word in STRICT:
        assert result.value(f"{word}_ground") == pytest.approx(totals[word])


def test_plans_apart_are_refused_with_extents_and_the_crs_each_came_in() -> None:
    far = plan([square(500, 500)], codes=["KCN"], name="above", crs=5897).to_crs(plan([square(0, 0)]).crs)
    with pytest.raises(PlanError) as refused:
        check(plan([square(0, 0)], codes=["ODT"], name="below"), far)
    told = refused.value.text("en")
    assert pyproj.CRS(5897).name in told and pyproj.CRS(5899).name in told and "x 0–10, y 0–10" in told
