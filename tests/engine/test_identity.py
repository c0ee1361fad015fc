"""Which finding continues which: best first against trying every matching, and what must not matter to it."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import stores
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from overlaps import CRS, found
from planconcord.engine.checks.settings import Settings
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import CheckResult
from planconcord.engine.identity.comparing import compare_findings
from planconcord.engine.identity.fates import fates
from planconcord.engine.identity.inheritance import Inherited, inherit
from planconcord.engine.identity.matching import CandidateMatches, best_first, match
from planconcord.engine.identity.previous import Previous, read_previous, transformed
from planconcord.engine.store import write_store
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.tolerance import Tolerance

TODAY = date(2027, 1, 1)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=16), st.integers(1, 4), st.integers(1, 4))
@examples(max_examples=60, deadline=None)
def test_best_first_is_the_matching_whose_ranks_are_smallest(scores: list[int], m: int, n: int) -> None:
    """Of all one-to-one matchings the one whose list of ranks comes first, where a longer list comes before its beginning."""
    pairs = [(p, c) for p in range(m) for c in range(n)][: len(scores)]
    order = sorted(range(len(pairs)), key=lambda k: (-scores[k], pairs[k]))
    ranked = [pairs[k] for k in order]
    p, c = np.array(ranked).T
    continues, continued_by = np.full(n, -1), np.full(m, -1)
    best_first(CandidateMatches(p, c, np.zeros(len(p)), np.zeros(len(p))), continues, continued_by)
    matchings = []
    for choice in itertools.product([-1, *range(n)], repeat=m):
        used = [one for one in choice if one >= 0]
        taken = [(a, b) for a, b in enumerate(choice) if b >= 0]
        if len(set(used)) == len(used) and all(pair in ranked for pair in taken):
            matchings.append(sorted(ranked.index(pair) for pair in taken))
    best = min(matchings, key=lambda ranks: [*ranks, len(ranked)])
    assert sorted(ranked.index((a, b)) for b, a in enumerate(continues) if a >= 0) == best
    assert [continues[b] for b in continued_by if b >= 0] == [a for a, b in enumerate(continued_by) if b >= 0]


boxes = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(4, 25), st.integers(4, 25))


@given(st.lists(boxes, min_size=1, max_size=5), st.lists(boxes, min_size=1, max_size=5), st.randoms())
@examples(max_examples=40, deadline=None)
def test_the_order_of_the_features_does_not_matter(one, other, random) -> None:
    before, after = found(*one), found(*other)
    ids = before["finding_id"].to_numpy(), after["finding_id"].to_numpy()
    straight = match(before, after, 1.0).continues
    shuffled = [list(range(len(table))) for table in (before, after)]
    for rows in shuffled:
        random.shuffle(rows)
    mixed = match(*(table.iloc[rows].reset_index(drop=True) for table, rows in zip((before, after), shuffled)), 1.0)
    pairs = {(ids[0][p], ids[1][c]) for c, p in enumerate(straight) if p >= 0}
    again = {(ids[0][shuffled[0][p]], ids[1][shuffled[1][c]]) for c, p in enumerate(mixed.continues) if p >= 0}
    assert pairs == again


def test_the_same_findings_match_themselves_whatever_their_codes() -> None:
    before = found((0, 0, 20, 20), (10, 0, 20, 20), (12, 2, 20, 20))
    assert match(before, before, 1.0).continues.tolist() == [0, 1, 2]


def test_codes_decide_where_outlines_do_not() -> None:
    before = assemble_two(("LUC", "1"), ("CLN", "3"))
    after = assemble_two(("CLN", "8"), ("LUC", "9"))
    codes = before["code_a"].tolist(), after["code_a"].tolist()
    for c, p in enumerate(match(before, after, 1.0).continues.tolist()):
        assert codes[0][p] == codes[1][c]


def assemble_two(*codes: tuple[str, str]) -> gpd.GeoDataFrame:
    """Two overlaps on the same ground, which differ in code and zone."""
    tables = [found((0, 0, 20, 20), code=code, zone_a=zone) for code, zone in codes]
    return gpd.GeoDataFrame(gpd.pd.concat(tables, ignore_index=True), geometry="geometry", crs=CRS)


def test_another_rule_or_another_plan_is_another_finding() -> None:
    before = found((0, 0, 20, 20))
    assert match(before, before.assign(rule="coverage.gap"), 1.0).continues.tolist() == [-1]
    assert match(before, found((0, 0, 20, 20), plan="Q"), 1.0).continues.tolist() == [-1]


def test_the_two_plans_may_change_sides() -> None:
    before = found((0, 0, 20, 20)).assign(plan_b="Q", rule="border.overlap")
    after = before.assign(plan_a="Q", plan_b="P", code_a="ODT", code_b="LUC")
    matching = match(before, after, 1.0)
    assert matching.continues.tolist() == [0]
    assert fates(before, after, matching, Tolerance(1.0)).current.tolist() == ["persisting"]


def test_what_lies_apart_by_less_than_the_tolerance_continues_if_its_codes_agree() -> None:
    before, near = found((0, 0, 1, 20)), (2.5, 0, 1, 20)
    assert match(before, found(near), 2.0).continues.tolist() == [0]
    assert match(before, found(near), 1.0).continues.tolist() == [-1]
    assert match(before, found(near, code="CLN"), 2.0).continues.tolist() == [-1]


def test_neighbours_that_touch_in_a_sliver_are_two_findings() -> None:
    assert match(found((0, 0, 20, 20)), found((19.5, 0, 20, 20), code="CLN"), 2.0).continues.tolist() == [-1]


def test_a_split_and_a_merge_are_told() -> None:
    whole, parts = found((0, 0, 100, 20)), found((0, 0, 55, 20), (60, 0, 40, 20))
    split, counts, _ = compare_findings(whole, parts, Tolerance(2.0), "en")
    assert counts == {"new": 1, "persisting": 0, "changed": 1, "reopened": 0, "resolved": 0}
    name = whole["finding_id"][0]
    assert split.set_index("fate")["detail"]["new"] == f"split from {name}"
    merged, counts, _ = compare_findings(parts, whole, Tolerance(2.0), "en")
    assert counts == {"new": 0, "persisting": 0, "changed": 1, "reopened": 0, "resolved": 1}
    told = merged.set_index("fate")["detail"]
    assert told["resolved"] == f"merged into {name}"
    assert told["changed"] == f"grown from 0.11 ha to 0.20 ha; takes in a part of {parts['finding_id'][1]}"


@pytest.mark.parametrize(
    ("box", "way"),
    [
        ((0, 0, 41, 20), []),
        ((0, 0, 43, 20), ["grown"]),
        ((0, 0, 37, 20), ["shrunk"]),
        ((5, 0, 40, 20), ["moved"]),
        ((1, 1, 40, 20), []),
    ],
)
def test_what_is_within_the_tolerance_has_not_changed(box, way: list[str]) -> None:
    before, after = found((0, 0, 40, 20)), found(box)
    made = fates(before, after, match(before, after, 2.0), Tolerance(2.0))
    assert made.ways.get(0, []) == way and made.current[0] == ("changed" if way else "persisting")


def test_another_crs_is_the_same_place() -> None:
    before = found((0, 0, 40, 20), (100, 0, 40, 20), (300, 0, 5, 5))
    away = transformed(before, gpd.GeoSeries([], crs="EPSG:4326").crs, "x")
    _, counts, _ = compare_findings(away, before, Tolerance(0.5), "en")
    assert counts["persisting"] == 3


# ── inheritance ─────────────────────────────────────────────────────────────────────────────────────────────────────


def store(path: Path, *boxes: tuple[float, float, float, float], **more: object) -> list[str]:
    """A store with these overlaps; their ids from west to east."""
    findings = found(*boxes, **more)
    empty = [
        gpd.pd.DataFrame(columns=[name for name, _ in fields]) for fields in (stores.MEASURE_FIELDS, stores.RUN_FIELDS)
    ]
    write_store(path, findings, *empty)
    return findings["finding_id"].tolist()


def run(path: Path, previous: Path, *boxes, today: date = TODAY, plans: tuple[str, ...] = ("P",), **more) -> Inherited:
    """A later run of checkcoverage over ``previous``, written to ``path``."""
    findings = found(*boxes, **more) if boxes else found((0, 0, 1, 1)).iloc[:0]
    result = CheckResult(findings, [], "failed" if len(findings) else "passed")
    made = inherit(result, read_previous(previous), "checkcoverage", plans, Settings(Tolerance(2.0), "en"), today)
    empty = [
        gpd.pd.DataFrame(columns=[name for name, _ in fields]) for fields in (stores.MEASURE_FIELDS, stores.RUN_FIELDS)
    ]
    write_store(path, made.result.findings, *empty, made.history(path))
    return made


def statuses(path: Path) -> dict[str, str]:
    return dict(stores.ask(path, "SELECT finding_id, status FROM findings"))


BOX = (0.0, 0.0, 40.0, 20.0)


@pytest.mark.parametrize(
    ("box", "code", "expiry", "status", "why"),
    [
        (BOX, "LUC", "", "waived", ""),
        ((1, 1, 40, 20), "LUC", "2027-01-01", "waived", ""),
        ((0, 0, 30, 20), "LUC", "", "waived", ""),
        ((0, 0, 45, 20), "LUC", "", "open", "grown"),
        ((5, 0, 40, 20), "LUC", "", "open", "moved"),
        (BOX, "CLN", "", "open", "codes LUC / ODT before and CLN / ODT now"),
        (BOX, "LUC", "2026-12-31", "open", "its last day 2026-12-31 has passed"),
    ],
)
def test_a_waiver_stands_or_lapses_and_says_why(tmp_path: Path, box, code, expiry, status, why) -> None:
    old, new = tmp_path / "1.gpkg", tmp_path / "2.gpkg"
    [name] = store(old, BOX)
    decide(old, [name], "waived", "Lan", "agreed", "12/QĐ", expiry)
    made = run(new, old, box, code=code)
    assert statuses(new) == {name: status}
    assert made.result.conforms is (status == "waived")
    rows = history(new)
    assert rows[0] == history(old)[0] and len(rows) == (1 if status == "waived" else 2)
    assert why in rows[-1].note
    if status == "open":
        assert (rows[-1].who, rows[-1].from_status, rows[-1].to_status) == ("Plan Concord", "waived", "open")
        assert "12/QĐ" in rows[-1].note and made.result.value("lapsed_count") == 1


def test_an_accepted_error_is_still_an_error(tmp_path: Path) -> None:
    [name] = store(tmp_path / "1.gpkg", BOX)
    decide(tmp_path / "1.gpkg", [name], "accepted", "Lan")
    made = run(tmp_path / "2.gpkg", tmp_path / "1.gpkg", BOX)
    assert statuses(tmp_path / "2.gpkg") == {name: "accepted"} and not made.result.conforms


def test_gone_and_back_over_three_drafts(tmp_path: Path) -> None:
    one, two, three = (tmp_path / f"{number}.gpkg" for number in (1, 2, 3))
    [name] = store(one, BOX)
    assert run(two, one).result.value("resolved_count") == 1
    assert statuses(two) == {name: "resolved"}
    assert run(three, two, BOX).result.value("reopened_count") == 1
    assert statuses(three) == {name: "open"}
    assert [(row.from_status, row.to_status) for row in history(three)] == [("open", "resolved"), ("resolved", "open")]


def test_what_is_said_resolved_and_found_again_is_open(tmp_path: Path) -> None:
    [name] = store(tmp_path / "1.gpkg", BOX)
    decide(tmp_path / "1.gpkg", [name], "resolved", "Lan")
    run(tmp_path / "2.gpkg", tmp_path / "1.gpkg", BOX)
    assert statuses(tmp_path / "2.gpkg") == {name: "open"}


def test_a_new_finding_never_gets_an_id_that_was_given_before(tmp_path: Path) -> None:
    [name] = store(tmp_path / "1.gpkg", BOX)
    changed = found(BOX).assign(rule="coverage.overlap", plan_b="Q")
    again = inherit(
        CheckResult(changed.assign(finding_id=name), [], "failed"),
        read_previous(tmp_path / "1.gpkg"),
        "checkcoverage",
        ("P", "Q"),
        Settings(),
    )
    assert again.result.findings["finding_id"].tolist() == [f"{name}-2", name]
    assert again.result.findings["change"].tolist() == ["new", "resolved"]


def test_decisions_taken_in_the_new_store_survive_a_repeated_run(tmp_path: Path) -> None:
    old, new = tmp_path / "1.gpkg", tmp_path / "2.gpkg"
    names = store(old, BOX, (100, 0, 40, 20))
    decide(old, [names[0]], "waived", "Lan", "agreed", "12/QĐ")
    grown = ((0, 0, 60, 20), (100, 0, 40, 20))
    run(new, old, *grown)
    decide(new, [names[0]], "waived", "Minh", "agreed again", "15/QĐ")
    decide(new, [names[1]], "accepted", "Minh")
    run(new, old, *grown)
    assert statuses(new) == {names[0]: "waived", names[1]: "accepted"}
    assert [row.who for row in history(new)] == ["Lan", "Minh", "Minh"]


def test_a_store_may_be_its_own_previous(tmp_path: Path) -> None:
    path = tmp_path / "1.gpkg"
    [name] = store(path, BOX)
    decide(path, [name], "waived", "Lan", "agreed")
    run(path, path, (0, 0, 80, 20))
    assert statuses(path) == {name: "open"} and [row.to_status for row in history(path)] == ["waived", "open"]


def test_a_renamed_plan_is_recognised_and_other_plans_are_left_alone(tmp_path: Path) -> None:
    store(tmp_path / "1.gpkg", BOX, plan="P v1")
    made = run(tmp_path / "2.gpkg", tmp_path / "1.gpkg", BOX, plan="P v2", plans=("P v2",))
    assert made.result.value("persisting_count") == 1 and "P v1" in made.result.log[0]
    far = run(tmp_path / "3.gpkg", tmp_path / "1.gpkg", (900, 0, 40, 20), plan="Q", plans=("Q",))
    assert far.result.value("resolved_count") == 0 and far.result.value("new_count") == 1
    assert "None of the earlier findings is about Q" in far.result.log[0]


def test_noise_that_is_gone_is_not_kept(tmp_path: Path) -> None:
    store(tmp_path / "1.gpkg", BOX, severity="info")
    made = run(tmp_path / "2.gpkg", tmp_path / "1.gpkg")
    assert made.result.value("resolved_count") == 1 and statuses(tmp_path / "2.gpkg") == {}


def test_a_layer_of_something_else_is_no_previous(tmp_path: Path) -> None:
    other = tmp_path / "plan.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs=CRS).to_file(other)
    with pytest.raises(PlanError) as error:
        read_previous(other)
    assert "plan" in error.value.text("en")
    assert isinstance(Previous(other, found(BOX), []).to_crs(found(BOX).crs), Previous)


# ── stores without any finding ──────────────────────────────────────────────────────────────────────────────────────


def empty_store(path: Path) -> Path:
    """The store of a draft that conformed."""
    empty = [
        gpd.pd.DataFrame(columns=[name for name, _ in fields]) for fields in (stores.MEASURE_FIELDS, stores.RUN_FIELDS)
    ]
    write_store(path, found(BOX).iloc[:0], *empty)
    return path


def test_the_last_draft_may_have_conformed(tmp_path: Path) -> None:
    nothing = empty_store(tmp_path / "1.gpkg")
    made = run(tmp_path / "2.gpkg", nothing, BOX)
    assert made.result.value("new_count") == 1 and made.result.findings["status"].tolist() == ["open"]
    assert run(tmp_path / "3.gpkg", nothing).result.conforms
    back = run(tmp_path / "4.gpkg", tmp_path / "2.gpkg")
    assert back.result.value("resolved_count") == 1 and back.result.conforms


def test_sets_without_a_finding_are_compared(tmp_path: Path) -> None:
    nothing, some = read_previous(empty_store(tmp_path / "1.gpkg")).findings, found(BOX)
    for one, other, told in ((nothing, some, "new"), (some, nothing, "resolved"), (nothing, nothing, "")):
        _, counts, _ = compare_findings(one, other, Tolerance(1.0), "en")
        assert {fate for fate, count in counts.items() if count} == ({told} if told else set())
