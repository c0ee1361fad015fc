"""Findings without a place of their own: known by rule, plan, zone and code, and never by the territory that they carry."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import stores
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from overlaps import CRS, X, Y
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult, assemble, batch, without_place
from planconcord.engine.identity.comparing import compare_findings
from planconcord.engine.identity.inheritance import inherit
from planconcord.engine.identity.matching import match
from planconcord.engine.identity.naming import known_by_name, placeless
from planconcord.engine.identity.previous import read_previous
from planconcord.engine.identity.scope import renamed
from planconcord.engine.plan import PlanLayer
from planconcord.engine.store import write_store
from planconcord.engine.store.decisions import decide
from planconcord.engine.tolerance import Tolerance

TERRITORY = shapely.box(X, Y, X + 300, Y + 300)
ELSEWHERE = shapely.box(X + 5_000, Y, X + 5_600, Y + 300)
NAN = float("nan")
KINDS = [
    ("geometry.empty", {"zone_a": "E1"}, {"zone_a": "E2"}),
    ("geometry.invalid", {"zone_a": "E1"}, {"zone_a": "E2"}),
    ("key.missing", {"zone_a": "fid=3"}, {"zone_a": "fid=4"}),
    ("key.duplicate", {"zone_a": "K (fid=3)"}, {"zone_a": "L (fid=3)"}),
    ("code.missing", {"zone_a": "E1"}, {"zone_a": "E2"}),
    ("code.superseded", {"code_a": "TSN", "area_m2": 90_000.0}, {"code_a": "DDT", "area_m2": 90_000.0}),
    ("area.declared", {"plan_a": "P"}, {"plan_a": "Q"}),
    ("area.total", {"zone_a": "1"}, {"zone_a": "2"}),
    ("quota.shortfall", {"code_a": "LUA"}, {"code_a": "RPH"}),
    ("quota.excess", {"code_a": "LUA", "territory": "A"}, {"code_a": "LUA", "territory": "B"}),
    ("quota.missing", {"code_a": "LUA"}, {"code_a": "CSD"}),
    ("project.unlocated", {"zone_a": "dự án 1"}, {"zone_a": "dự án 2"}),
    ("register.missing", {"plan_a": "", "zone_a": "Huyện A"}, {"plan_a": "", "zone_a": "Huyện B"}),
    ("register.expired", {"plan_a": "P"}, {"plan_a": "Q"}),
    ("register.unapproved", {"plan_a": "P"}, {"plan_a": "Q"}),
    ("register.unreadable", {"plan_a": "P"}, {"plan_a": "Q"}),
    ("register.crs", {"plan_a": "P", "plan_b": "Q"}, {"plan_a": "P", "plan_b": "R"}),
]


def told(rule: str, shape: shapely.Geometry = TERRITORY, **columns: object) -> gpd.GeoDataFrame:
    """One finding that carries its territory."""
    return assemble([batch(rule, [shape], **{"plan_a": "P", "area_m2": NAN, **columns})], CRS, "en", "run")


@pytest.mark.parametrize(("rule", "one", "other"), KINDS)
def test_it_is_known_by_its_name_whatever_it_covers(rule: str, one: dict, other: dict) -> None:
    before = told(rule, **one)
    assert known_by_name(before).tolist() == [True]
    assert match(before, told(rule, ELSEWHERE, **one), 1.0).continues.tolist() == [0]
    assert match(before, told(rule, **other), 1.0).continues.tolist() == [-1]
    _, counts, _ = compare_findings(before, told(rule, **other), Tolerance(1.0), "en")
    assert (counts["new"], counts["resolved"]) == (1, 1)
    layer, counts, _ = compare_findings(before, told(rule, ELSEWHERE, **one), Tolerance(1.0), "en")
    if rule != "code.superseded":  # whose zones are its ground
        assert placeless(before).all() and counts["persisting"] == 1
        assert np.isnan(layer["shared_area_m2"]).all()
    else:
        assert counts["changed"] == 1


zones = st.lists(st.sampled_from("ABCDE"), unique=True, max_size=5)


@given(zones, zones, st.randoms())
@examples(max_examples=40, deadline=None)
def test_of_many_each_continues_its_own_and_no_other(one: list[str], other: list[str], random) -> None:
    def some(names: list[str]) -> gpd.GeoDataFrame:
        random.shuffle(names)
        shapes = [random.choice([TERRITORY, ELSEWHERE]) for _ in names]
        return assemble([batch("geometry.empty", shapes, plan_a="P", zone_a=names, area_m2=NAN)], CRS, "en", "run")

    before, after = some(one), some(other)
    continues = match(before, after, 1.0).continues
    for zone, partner in zip(after["zone_a"], continues.tolist()):
        assert (before["zone_a"].iloc[partner] if partner >= 0 else None) == (zone if zone in one else None)


def test_a_superseded_code_is_the_same_in_any_case_of_letters() -> None:
    before = told("code.superseded", code_a="TSN", area_m2=90_000.0)
    after = told("code.superseded", code_a="tsn", zone_a="7", area_m2=90_000.0)
    assert compare_findings(before, after, Tolerance(1.0), "en")[1]["persisting"] == 1


def test_a_repeated_key_on_the_same_ground_is_another_finding_under_another_key() -> None:
    before = told("key.duplicate", zone_a="K (fid=1)", area_m2=90_000.0)
    assert match(before, told("key.duplicate", zone_a="K (fid=9)", area_m2=90_000.0), 1.0).continues.tolist() == [0]
    assert match(before, told("key.duplicate", zone_a="L (fid=1)", area_m2=90_000.0), 1.0).continues.tolist() == [-1]


def test_a_zone_with_an_outline_is_known_by_its_ground_as_ever() -> None:
    before = told("code.missing", zone_a="1", area_m2=90_000.0)
    assert match(before, told("code.missing", zone_a="2", area_m2=90_000.0), 1.0).continues.tolist() == [0]


def test_a_disc_marks_a_place_and_nothing_else_does() -> None:
    place = shapely.Point(X, Y)
    shapes = [place.buffer(0.5), place.buffer(12.5), TERRITORY, place.buffer(5_000.0), shapely.MultiPolygon(), None]
    degrees = shapely.transform(place.buffer(5.0), lambda xy: xy / [111_000.0 * np.cos(np.radians(23.0)), 111_000.0])
    told_ = without_place(np.full(7, NAN), np.array([*shapes, degrees], dtype=object))
    assert told_.tolist() == [False, False, True, True, True, True, False]
    assert without_place(np.array([5.0, 5.0]), np.array([TERRITORY, None], dtype=object)).tolist() == [False, True]


def test_plans_of_one_territory_are_not_taken_for_one_renamed() -> None:
    before, after = told("geometry.empty", zone_a="E1"), told("geometry.empty", plan_a="Q", zone_a="E1")
    assert renamed(before, after, {"Q"}) is None


# ── drafts ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def draft(*named: tuple[str, shapely.Geometry | None]) -> PlanLayer:
    keys, shapes = zip(*named)
    return PlanLayer.from_frame(gpd.GeoDataFrame({"ma": keys}, geometry=list(shapes), crs=CRS), "P", "ma")


LEFT, RIGHT = shapely.box(X, Y, X + 150, Y + 300), shapely.box(X + 150, Y, X + 300, Y + 300)


@pytest.mark.parametrize("boundary", [TERRITORY, None], ids=["boundary", "none"])
def test_a_waiver_does_not_pass_from_one_zone_without_geometry_to_another(tmp_path: Path, boundary) -> None:
    settings = Settings(Tolerance(1.0), "en")
    empty = [
        pd.DataFrame(columns=[name for name, _ in fields]) for fields in (stores.MEASURE_FIELDS, stores.RUN_FIELDS)
    ]

    def run(number: int, plan: PlanLayer) -> CheckResult:
        result = check_coverage(plan, boundary, settings)
        history: object = ()
        if number > 1:
            previous = read_previous(tmp_path / f"{number - 1}.gpkg")
            made = inherit(result, previous, "checkcoverage", ["P"], settings, date(2027, 1, 1))
            result, history = made.result, made.history(tmp_path / f"{number}.gpkg")
        write_store(tmp_path / f"{number}.gpkg", result.findings, *empty, history)  # type: ignore[arg-type]
        return result

    first = run(1, draft(("L", LEFT), ("R", RIGHT), ("E1", None)))
    [name] = first.findings["finding_id"]
    decide(tmp_path / "1.gpkg", [name], "waived", "Lan", "to be drawn later")
    east = shapely.box(X + 300, Y, X + 310, Y + 10)
    second = run(2, draft(("L", LEFT), ("R", RIGHT), ("E2", None), *([] if boundary else [("E1", east)])))
    rows = second.findings.set_index("zone_a")
    assert (rows.loc["E2", "status"], rows.loc["E2", "change"]) == ("open", "new")
    assert rows.loc["E2", "finding_id"] != name and not second.conforms
    assert (rows.loc["E1", "status"], rows.loc["E1", "finding_id"]) == ("resolved", name)
    back = run(3, draft(("R", RIGHT), ("E1", None), ("L", LEFT), ("E2", None))).findings.set_index("zone_a")
    assert back.loc["E1", "finding_id"] == name and back.loc["E2", "finding_id"] == rows.loc["E2", "finding_id"]


@pytest.mark.parametrize("without", ["ma", "ma_dat", "boundary"])
def test_what_a_run_has_no_means_to_look_for_is_not_resolved(tmp_path: Path, without: str) -> None:
    settings = Settings(Tolerance(1.0), "en")
    empty = [
        pd.DataFrame(columns=[name for name, _ in fields]) for fields in (stores.MEASURE_FIELDS, stores.RUN_FIELDS)
    ]
    beyond = shapely.box(X + 150, Y, X + 340, Y + 300)
    frame = gpd.GeoDataFrame({"ma": ["1", ""], "ma_dat": ["LUC", ""]}, geometry=[LEFT, beyond], crs=CRS)

    def checked(left_out: str = "") -> CheckResult:
        key, code = ("" if name == left_out else name for name in ("ma", "ma_dat"))
        plan = PlanLayer.from_frame(frame, "P", key, code)
        return check_coverage(plan, None if left_out == "boundary" else TERRITORY, settings)

    first = checked()
    write_store(tmp_path / "1.gpkg", first.findings, *empty)
    rules = {"ma": "key.missing", "ma_dat": "code.missing", "boundary": "coverage.outside"}
    assert set(first.findings["rule"]) == set(rules.values())
    decide(tmp_path / "1.gpkg", first.findings["finding_id"].tolist(), "waived", "Lan", "agreed")
    made = inherit(checked(without), read_previous(tmp_path / "1.gpkg"), "checkcoverage", ["P"], settings)
    shown = made.result.findings.set_index("rule")
    assert shown["status"].eq("waived").all() and set(shown.index) == set(rules.values())
    assert shown["change"].to_dict() == {
        rule: "unassessed" if name == without else "persisting" for name, rule in rules.items()
    }
    assert made.result.value("resolved_count") == 0 and any("could not be assessed" in line for line in made.result.log)
