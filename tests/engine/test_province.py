"""A whole province: the same findings as its single checks, what could not be assessed, reruns, stops, kills and spoilt files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.province.plans import Plans
from small_province import StopsAfter, assert_same, box, check, content, district, layer, make

FAULTY = [box(1000, 0, 500, 500), box(1000, 500, 500, 500), box(1500, 0, 500, 500), box(1500, 500, 480, 500)]


@pytest.fixture
def register(tmp_path: Path) -> Path:
    return make(tmp_path / "tỉnh")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "planconcord", "check", *map(str, arguments)]


def test_a_province_without_a_fault_conforms(register: Path, tmp_path: Path) -> None:
    made = check(register, tmp_path / "f.gpkg")
    assert made.result.status == "passed" and len(made.result.findings) == 0
    kinds = [done.job.kind for done in made.jobs]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "checkcoverage": 4, "codes": 4, "checkborders": 2, "checkconformity": 3
    }  # fmt: skip
    assert made.board == [
        "provincial: 1 of 1 approved, 0 submitted, 0 not yet",
        "district: 3 of 3 approved, 0 submitted, 0 not yet",
    ]


def test_every_kind_of_fault_is_found_where_it_is(register: Path, tmp_path: Path) -> None:
    district(register.parent, 1, FAULTY, ["LUC", "SKC", "LUC", "ZZZ"])
    made = check(register, tmp_path / "f.gpkg")
    found = made.result.findings
    told = {(row.rule, row.plan_a, row.plan_b) for row in found.itertuples() if row.severity == "error"}
    assert told == {
        ("coverage.gap", "H1", "H1"),
        ("border.gap", "H1", "H2"),
        ("conformity.conflict", "H1", "T"),
        ("code.unknown", "H1", ""),
    }
    assert found.loc[found["rule"] == "conformity.conflict", "area_m2"].item() == pytest.approx(250_000)
    assert found.loc[found["rule"] == "coverage.gap", "area_m2"].item() == pytest.approx(10_000)
    border = found[found["rule"] == "border.gap"].iloc[0]
    assert border["territory"] == "Huyện B – Huyện C"
    assert found["finding_id"].is_unique


def test_a_second_run_redoes_nothing_and_gives_the_same_file(register: Path, tmp_path: Path) -> None:
    district(register.parent, 1, FAULTY, ["LUC", "SKC", "LUC", "ZZZ"])
    first, second = tmp_path / "a.gpkg", tmp_path / "b.gpkg"
    made = check(register, first)
    assert made.reused_count == 0
    check(register, second)
    again = check(register, second)
    assert again.reused_count == len(again.jobs) == 13
    assert_same(first, second)


def test_one_changed_district_redoes_only_its_own(register: Path, tmp_path: Path) -> None:
    output = tmp_path / "f.gpkg"
    check(register, output)
    district(register.parent, 2, None, ["LUC", "LUC", "LUC", "SKC"])
    made = check(register, output)
    redone = {(done.job.kind, *done.job.plans) for done in made.jobs if not done.reused}
    assert redone == {
        ("checkcoverage", "H2"), ("codes", "H2"), ("checkconformity", "H2", "T"), ("checkborders", "H1", "H2")
    }  # fmt: skip
    fresh = tmp_path / "fresh.gpkg"
    check(register, fresh)
    assert_same(output, fresh)
    kept = [path.suffix for path in (tmp_path / "f.gpkg.jobs").iterdir()]
    assert sorted(kept) == [".ground"] * 3 + [".job"] * 13


def test_a_new_tolerance_or_rule_set_redoes_what_it_touches(register: Path, tmp_path: Path) -> None:
    output = tmp_path / "f.gpkg"
    check(register, output)
    rules = register.parent / "rules.csv"
    rules.write_text(rules.read_text(encoding="utf-8").replace("SKC,conflict", "SKC,conditional"), encoding="utf-8")
    made = check(register, output)
    assert {done.job.kind for done in made.jobs if not done.reused} == {"codes", "checkconformity"}
    assert check(register, output, width_m=1.0).reused_count == 0


def test_an_unreadable_plan_is_a_finding_and_what_depends_on_it_is_not_assessed(register: Path, tmp_path: Path) -> None:
    (register.parent / "h1.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    district(register.parent, 0, None, ["LUC", "LUC", "LUC", "SKC"])
    made = check(register, tmp_path / "f.gpkg")
    found = made.result.findings
    assert {(r.rule, r.plan_a) for r in found.itertuples()} == {
        ("register.unreadable", "H1"),
        ("conformity.conflict", "H0"),
    }
    unread = found[found["rule"] == "register.unreadable"].iloc[0]
    assert unread.geometry.equals(box(1000, 0, 1000, 1000)) and "h1.gpkg" in unread["message"]
    assert {done.job.plans for done in made.jobs if done.status == "not_assessed"} == {("H1",), ("H1", "T")}
    assert made.result.status == "failed" and not made.complete
    assert made.result.value("unreadable_count") == 1 and made.result.value("not_assessed_count") == 3


def test_a_source_that_is_gone_is_told_and_comes_back(register: Path, tmp_path: Path) -> None:
    output = tmp_path / "f.gpkg"
    check(register, output)
    there = register.parent / "h0.gpkg"
    there.rename(register.parent / "away")
    assert check(register, output).result.value("unreadable_count") == 1
    (register.parent / "away").rename(there)
    made = check(register, output)
    assert made.result.status == "passed"


def test_a_plan_that_lies_elsewhere_is_one_finding(register: Path, tmp_path: Path) -> None:
    district(register.parent, 2, [box(500_000 + 10 * k, 300_000, 10, 10) for k in range(50)])
    made = check(register, tmp_path / "f.gpkg")
    found = made.result.findings
    assert (found["rule"] == "register.crs").sum() == 1
    assert not found["rule"].str.startswith("coverage").any()


def test_what_expired_is_missing_or_replaced(register: Path, tmp_path: Path) -> None:
    from planconcord.engine.register.state import Expected

    expected = (Expected("Huyện A", "district"), Expected("Huyện D", "district"))
    made = check(register, tmp_path / "f.gpkg", today=date(2031, 1, 1), expected=expected)
    told = [(row.rule, row.plan_a, row.territory) for row in made.result.findings.itertuples()]
    assert told.count(("register.missing", "", "Huyện D")) == 1
    assert sum(rule == "register.expired" for rule, _, _ in told) == 4
    assert made.board[1] == "district: 3 of 4 approved, 0 submitted, 1 not yet"
    assert made.result.status == "passed"  # warnings alone


def test_a_replaced_plan_is_not_checked_but_told_when_others_still_use_it(register: Path, tmp_path: Path) -> None:
    lines = register.read_text(encoding="utf-8-sig").split("\n")
    lines = [line + ("," if place else ",replaces") for place, line in enumerate(lines)]
    lines.append('T2,tỉnh,Tỉnh X,tinh.gpkg,ma,ma_khu,"1:50.000",đã phê duyệt,2030,,T')
    register.write_text("\n".join(lines), encoding="utf-8-sig")
    made = check(register, tmp_path / "f.gpkg")
    assert ("T",) not in {done.job.plans for done in made.jobs if done.job.kind == "checkcoverage"}
    [told] = made.result.findings.itertuples()
    assert told.rule == "register.expired" and "T2" in told.message and "H0, H1, H2" in told.message


def test_one_territory_with_its_neighbours_and_the_plan_above(register: Path, tmp_path: Path) -> None:
    made = check(register, tmp_path / "f.gpkg", territory="huyen b")
    plans = {(done.job.kind, *done.job.plans) for done in made.jobs}
    assert plans == {
        ("checkcoverage", "H1"), ("codes", "H1"), ("checkconformity", "H1", "T"),
        ("checkborders", "H0", "H1"), ("checkborders", "H1", "H2"),
    }  # fmt: skip
    with pytest.raises(PlanError):
        check(register, tmp_path / "g.gpkg", territory="Huyện Z")


def test_spoilt_kept_results_are_done_again(register: Path, tmp_path: Path) -> None:
    district(register.parent, 1, FAULTY)
    output, fresh = tmp_path / "f.gpkg", tmp_path / "fresh.gpkg"
    check(register, output)
    for number, path in enumerate(sorted((tmp_path / "f.gpkg.jobs").iterdir())):
        whole = path.read_bytes()
        path.write_bytes((b"", whole[:80], whole[:-3] + b"xyz", b"0" * 64 + b"{}")[number % 4])
    assert check(register, output).reused_count == 0
    check(register, fresh)
    assert_same(output, fresh)


def test_who_stops_keeps_what_is_finished_and_the_run_is_partial(register: Path, tmp_path: Path) -> None:
    district(register.parent, 1, FAULTY)
    output, fresh = tmp_path / "f.gpkg", tmp_path / "fresh.gpkg"
    made = check(register, output, StopsAfter("Codes: Huyện B"))
    finished = sum(done.result is not None for done in made.jobs)
    assert 0 < finished < 13 and made.result.status == "partial" and not made.result.conforms
    assert {done.status for done in made.jobs if done.result is None} == {"cancelled"}
    again = check(register, output)
    assert again.reused_count == finished
    check(register, fresh)
    assert_same(output, fresh)


def test_a_run_that_is_killed_leaves_the_old_file_and_the_next_gives_the_same(register: Path, tmp_path: Path) -> None:
    output, fresh = tmp_path / "f.gpkg", tmp_path / "fresh.gpkg"
    check(register, output)
    before = output.read_bytes()
    district(register.parent, 1, FAULTY)
    arguments = command(register, "--out", output, "--rules", register.parent / "rules.csv", "--language", "en")
    chance = random.Random(5)
    for _ in range(2):
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.8, 1.6))
        process.kill()
        process.wait()
        if process.returncode == -signal.SIGKILL:
            assert output.read_bytes() == before or content(output)[0]["rule"].tolist()
    check(register, output)
    check(register, fresh)
    assert_same(output, fresh)


def test_a_disk_that_is_full_leaves_the_old_file(
    register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "f.gpkg"
    check(register, output)
    before = output.read_bytes()
    district(register.parent, 1, FAULTY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("planconcord.engine.store.writing._add", full)
    with pytest.raises(PlanError) as caught:
        check(register, output)
    assert "No space left" in caught.value.text("en") and output.read_bytes() == before


def test_a_source_that_changes_while_it_is_read_is_not_taken_for_what_it_was(
    register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planconcord.engine.province import plans

    real = plans.prepare_plan

    def touching(source: str, *arguments: object, **known: object) -> object:
        made = real(source, *arguments, **known)
        if source.endswith("h1.gpkg"):
            os.utime(source, ns=(1, time.time_ns()))
        return made

    monkeypatch.setattr(plans, "prepare_plan", touching)
    made = check(register, tmp_path / "f.gpkg")
    [told] = made.result.findings.itertuples()
    assert told.rule == "register.unreadable" and "changed while it was being read" in told.message


def test_decisions_of_an_earlier_run_persist(register: Path, tmp_path: Path) -> None:
    from planconcord.engine.store.decisions import decide

    district(register.parent, 1, None, ["LUC", "SKC", "LUC", "LUC"])
    output = tmp_path / "f.gpkg"
    [finding] = check(register, output).result.findings["finding_id"]
    decide(output, [finding], "waived", "An", note="agreed")
    check(register, output)
    assert content(output)[0]["status"].tolist() == ["waived"]


def test_the_command_line_gives_the_same_file_and_its_status(register: Path, tmp_path: Path) -> None:
    output, fresh = tmp_path / "f.gpkg", tmp_path / "fresh.gpkg"
    given = ("--out", output, "--rules", register.parent / "rules.csv", "--language", "en")
    done = subprocess.run(command(register, *given), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "CONFORMS: true" in done.stdout and "district: 3 of 3 approved" in done.stderr
    (register.parent / "h1.gpkg").unlink()
    done = subprocess.run(command(register, *given), capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and "NOT_ASSESSED_COUNT: 3" in done.stdout
    check(register, fresh)
    assert_same(output, fresh)
    register.unlink()
    done = subprocess.run(command(register, *given), capture_output=True, encoding="utf-8")
    assert done.returncode == 2 and "There is no register" in done.stderr


def test_the_register_is_never_overwritten(register: Path) -> None:
    with pytest.raises(PlanError):
        check(register, register)


def test_no_plan_at_all_can_be_read(register: Path, tmp_path: Path) -> None:
    for path in register.parent.glob("*.gpkg"):
        path.unlink()
    with pytest.raises(PlanError) as caught:
        check(register, tmp_path / "f.gpkg")
    assert "h0.gpkg" in caught.value.text("vi") and not (tmp_path / "f.gpkg").exists()


def test_plans_are_read_once_and_let_go_when_no_job_needs_them(
    register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planconcord.engine.province import check as checking

    made: list[Plans] = []
    monkeypatch.setattr(checking, "Plans", lambda *given: made.append(Plans(*given)) or made[0])
    check(register, tmp_path / "f.gpkg")
    assert made[0].read_count == 4 and not made[0]._held


def test_hostile_names_of_fields_and_plans(tmp_path: Path) -> None:
    folder = tmp_path / "tỉnh"
    register = make(folder)
    name = "a\"b'; DROP TABLE x;--"
    shapes = [box(500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]
    layer(folder / "h0.gpkg", shapes, **{name: ["1", "2", "3", "4"], "ma_dat": ["LUC"] * 4})
    text = register.read_text(encoding="utf-8-sig").replace("h0.gpkg,ma,", 'h0.gpkg,"a""b\'; DROP TABLE x;--",')
    register.write_text(text, encoding="utf-8-sig")
    assert check(register, tmp_path / "f.gpkg").result.status == "passed"


def test_what_a_killed_run_left_is_removed_once_it_is_old(register: Path, tmp_path: Path) -> None:
    for name, age_s in ((".f-abcdefgh", 7200), (".f-ijklmnop", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f.gpkg").write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    check(register, tmp_path / "f.gpkg")
    assert [path.name for path in tmp_path.glob(".f-*")] == [".f-ijklmnop"]
