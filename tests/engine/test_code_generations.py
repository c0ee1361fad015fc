"""Codes of older circulars: clear successors are taken, the others wait for a person, and what was decided is applied and counted."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from intake_files import write, zones
from planconcord.engine.errors import PlanError
from planconcord.engine.intake.generations import GENERATIONS, beside, read_codes, succeed, successions, write_codes
from planconcord.engine.intake.preparing import OLD_CODE_OF, PreparationOptions, prepare, prepare_plan
from planconcord.engine.intake.report import IntakeReport
from planconcord.engine.register.reading import read_register
from planconcord.engine.rulesets.about import STANDARD_GENERATION
from planconcord.engine.rulesets.reading import standard_codes
from small_province import check, district, make

OLD = ("LUN", "BHK", "SKX", "LUC")


def taken(
    codes: list[object], generation: str, reviewed: dict[str, str] | None = None
) -> tuple[list[object], IntakeReport]:
    report = IntakeReport("x")
    made = succeed(pd.Series(codes, dtype=object), generation, reviewed or {}, "H1", report)
    return made.tolist(), report


def test_codes_with_one_successor_become_it_and_the_others_stay() -> None:
    made, report = taken(["LUN", "bhk ", "SKX", "LUC", "KCN", "ZZZ", None, "LUN"], "tt27_2018")
    assert made == ["LUK", "HNK", "SKX", "LUC", "KCN", "ZZZ", None, "LUK"]
    assert [(key, values["count"]) for key, values in report.entries] == [
        ("intake.codes_succeeded", 3),
        ("intake.note.codes_to_review", 1),
    ]
    told = report.lines("en")
    assert "3 zones with 2 codes of tt27_2018 got their successors in force (LUN → LUK (2), BHK → HNK (1))" in told[0]
    assert "1 zone with 1 code of tt27_2018 waits for a person to choose the successor (SKX (1))" in told[1]
    assert all(line for line in report.lines("vi"))


def test_what_a_person_has_decided_is_applied_and_counted() -> None:
    made, report = taken(list(OLD), "tt27_2018", {"skx": "SKS", "LUN": "NKH"})
    assert made == ["NKH", "HNK", "SKS", "LUC"]
    assert report.count("intake.codes_reviewed") == 2 and report.count("intake.codes_succeeded") == 1
    assert report.count("intake.note.codes_to_review") == 0


def test_codes_that_the_named_circular_does_not_have_are_told_and_left() -> None:
    made, report = taken(["LUN", "DHT"], "tt01_2021")
    assert made == ["LUN", "DHT"]
    assert "(LUN (1))" in report.lines("en")[1] and report.count("intake.note.codes_foreign") == 1
    assert taken(["LUC", "CNT"], STANDARD_GENERATION)[1].entries == []


def test_every_code_of_an_older_circular_is_either_settled_or_asked() -> None:
    for generation in GENERATIONS[:2]:
        old = [code for code in standard_codes().values() if generation in code.generations]
        found = successions(pd.Series([code.code for code in old]), generation, {})
        past = {code.code.casefold() for code in old if STANDARD_GENERATION not in code.generations}
        assert set(found.clear) | set(found.open) == past and not set(found.clear) & set(found.open)
        for successor in found.clear.values():
            assert STANDARD_GENERATION in standard_codes()[successor.casefold()].generations
        assert all(code.question("vi") and code.question("en") for code in found.open.values())
    assert len(past) == 7


def test_the_list_to_review_is_filled_in_and_read_back(tmp_path: Path) -> None:
    path = write_codes(tmp_path / "plan.codes.csv", pd.Series([*OLD, "DTS", "SKX"]), "tt27_2018", {})
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["code"], row["successor"], row["count"]) for row in rows] == [("SKX", "", "2"), ("DTS", "", "1")]
    assert rows[0]["question_en"] == "SKC (production premises) or SKS (mining)?" and rows[1]["name_vi"]
    assert read_codes(path) == {}  # nothing is decided unasked
    path.write_text(path.read_text(encoding="utf-8-sig").replace("SKX,,", "SKX,SKS,"), encoding="utf-8-sig")
    assert read_codes(path) == {"skx": "SKS"}


@pytest.mark.parametrize(
    ("words", "key", "told"),
    [
        ("code,x\nSKX,SKS\n", "error.codes", "code, x"),
        ("code;successor\nSKX;SKS\nskx;SKC\n", "error.codes_twice", "skx"),
        ("code,successor\nSKX,DTS\n", "error.codes_not_in_force", "SKX become DTS (row 2)"),
        ("code,successor\nSKX,KCN\n", "error.codes_not_in_force", "KCN"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path: Path, words: str, key: str, told: str) -> None:
    path = tmp_path / "plan.codes.csv"
    path.write_text(words, encoding="utf-8")
    with pytest.raises(PlanError) as caught:
        read_codes(path)
    assert caught.value.key == key and told in caught.value.text("en")


def test_an_unknown_circular_is_refused() -> None:
    with pytest.raises(PlanError) as caught:
        taken(["LUN"], "tt99_1999")
    assert "tt27_2018, tt01_2021, tt08_2024" in caught.value.text("en")


def plan_with(folder: Path, codes: tuple[str, ...] = OLD) -> Path:
    return write(folder, "gpkg", zones().assign(ma=list(codes)))


def test_intake_reads_the_list_beside_the_plan_and_keeps_the_old_codes(tmp_path: Path) -> None:
    path = plan_with(tmp_path)
    before = path.read_bytes()
    wishes = PreparationOptions(code_field="ma", code_generation="tt27_2018")
    plan, report = prepare_plan(str(path), wishes)
    assert plan.zones["code"].tolist() == ["LUK", "HNK", "SKX", "LUC"] and report.changed
    beside(path).write_text("code,successor\nSKX,SKC\n", encoding="utf-8")
    made = prepare(str(path), wishes)
    assert made.table["ma"].tolist() == ["LUK", "HNK", "SKC", "LUC"]
    assert made.table[OLD_CODE_OF + "ma"].tolist() == list(OLD)
    assert ("intake.note.codes_beside") in dict(made.report.entries) and made.report.count("intake.codes_reviewed") == 1
    assert prepare(str(path), PreparationOptions(code_field="ma")).table["ma"].tolist() == list(OLD)
    assert path.read_bytes() == before


def test_labels_become_codes_before_codes_become_those_in_force(tmp_path: Path) -> None:
    path = plan_with(tmp_path, ("đất lúa nương", "x", "y", "z"))
    wishes = PreparationOptions(code_field="ma", label_map={"Đất lúa nương": "LUN"}, code_generation="tt27_2018")
    made = prepare(str(path), wishes).table
    assert made["ma"].tolist()[0] == "LUK" and made["old_code_of_ma"].tolist()[0] == "LUN"
    assert made["label_of_ma"].tolist()[0] == "đất lúa nương"


def test_the_command_line_writes_the_list_and_reads_it_back(tmp_path: Path) -> None:
    path, out, listed = plan_with(tmp_path), tmp_path / "out.gpkg", tmp_path / "cần quyết định.csv"
    command = [sys.executable, "-m", "planconcord", "prepareplan", "--input", str(path), "--output", str(out)]
    command += ["--code-field", "ma", "--code-generation", "tt27_2018"]
    done = subprocess.run([*command, "--codes", str(listed)], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "SUCCEEDED_COUNT: 2" in done.stdout and "REVIEW_COUNT: 1" in done.stdout
    listed.write_text("code,successor\nSKX,SKS\n", encoding="utf-8")
    done = subprocess.run([*command, "--code-list", str(listed)], capture_output=True, text=True, encoding="utf-8")
    assert "SUCCEEDED_COUNT: 3" in done.stdout and "REVIEW_COUNT: 0" in done.stdout
    assert pyogrio.read_dataframe(out)["ma"].tolist() == ["LUK", "HNK", "SKS", "LUC"]


def with_generation(register: Path, generation: str) -> Path:
    lines = register.read_text(encoding="utf-8-sig").splitlines()
    lines = [line + end for line, end in zip(lines, [",code_generation", f",{generation}", ",", ",", ","])]
    register.write_text("\n".join(lines), encoding="utf-8-sig")
    return register


@pytest.mark.parametrize("written", ["TT 27/2018", "thông tư 27/2018/TT-BTNMT", "2018", "tt27_2018"])
def test_the_register_may_name_the_circular_as_people_do(tmp_path: Path, written: str) -> None:
    register = with_generation(make(tmp_path / "tỉnh"), written)
    assert read_register(str(register)).entry("H0").code_generation == "tt27_2018"


def test_a_province_heeds_the_generation_and_the_list_beside_the_plan(tmp_path: Path) -> None:
    register = with_generation(make(tmp_path / "tỉnh"), "TT 27/2018")
    district(register.parent, 0, codes=["LUN", "BHK", "SKX", "LUC"])
    district(register.parent, 1, codes=["LUN", "LUC", "LUC", "LUC"])
    made = check(register, tmp_path / "f.gpkg")
    found = made.result.findings
    old = found[found["rule"] == "code.superseded"]
    assert sorted(zip(old["plan_a"], old["code_a"], old["severity"])) == [
        ("H0", "SKX", "warning"),  # for a person to decide
        ("H1", "LUN", "info"),  # no generation is named for this plan, so nothing was translated
    ]
    told = "\n".join(made.result.log)
    assert "2 zones with 2 codes of tt27_2018 got their successors in force (BHK → HNK (1), LUN → LUK (1))" in told
    assert "SKX (1)" in told
    beside(register.parent / "h0.gpkg").write_text("code,successor\nSKX,SKC\n", encoding="utf-8")
    again = check(register, tmp_path / "f.gpkg")
    redone = {done.job.plans for done in again.jobs if not done.reused}
    assert redone == {("H0",), ("H0", "T"), ("H0", "H1")}
    found = again.result.findings
    assert not ((found["rule"] == "code.superseded") & (found["plan_a"] == "H0")).any()
    codes = next(done.result for done in again.jobs if done.job.kind == "codes" and done.job.plans == ("H0",))
    assert codes is not None and codes.value("succeeded_code_count") == 3
    third = check(register, tmp_path / "f.gpkg")
    assert third.reused_count == len(third.jobs)
    assert [line for line in third.result.log if "tt27_2018" in line] == [
        line for line in again.result.log if "tt27_2018" in line
    ]
