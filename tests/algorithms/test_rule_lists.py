"""createrules and showrules inside QGIS: files in, files out, numbers for models, refusals in the user's language."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from planconcord.algorithms import createrules
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.qgis_bridge import libraries

from .conftest import Listening, Outcome, layer, run, says, square

LOWER = [
    (square(0, 0), "1", "LUC"),
    (square(100, 0), "2", "SKK"),
    (square(200, 0), "3", "qh dat cayxanh"),
    (square(300, 0), "4", None),
]
UPPER = [(square(0, 0, 250, 100), "A", "Z_LUA"), (square(250, 0, 200, 100), "B", "D.ODTMOi")]


def listed(output: Path, feedback: Listening | None = None, **more: object) -> Outcome:
    layers = {"LOWER": layer(LOWER, name="huyện"), "UPPER": layer(UPPER, name="tỉnh")}
    return run(
        "createrules", {**layers, "LOWER_CODE": "ma", "UPPER_CODE": "ma", "OUTPUT": str(output), **more}, feedback
    )


def rows(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def test_the_pairs_that_meet_as_a_csv(tmp_path: Path) -> None:
    found = listed(tmp_path / "cặp mã.csv", LANGUAGE="en")
    assert found.ok, found.error
    numbers = {
        name: found[name] for name in ("PAIR_COUNT", "PAIR_AREA", "UNLISTED_COUNT", "UNLISTED_AREA", "PROPOSED_COUNT")
    }
    assert numbers == {
        "PAIR_COUNT": 4,
        "PAIR_AREA": pytest.approx(30_000),
        "UNLISTED_COUNT": 2,
        "UNLISTED_AREA": pytest.approx(10_000),
        "PROPOSED_COUNT": 2,
    }
    assert [(r["upper_code"], r["lower_code"], r["hectares"], r["verdict"]) for r in rows(Path(found["OUTPUT"]))] == [
        ("Z_LUA", "LUC", "1", "compatible"),
        ("Z_LUA", "SKK", "1", "conflict"),
        ("D.ODTMOi", "qh dat cayxanh", "0.5", "unlisted"),
        ("Z_LUA", "qh dat cayxanh", "0.5", "unlisted"),
    ]
    assert "huyện: 1 zone(s) without a code were left out." in found.log
    assert "4 pairs of codes, 2 of them still to decide, 2 labels with a proposed code" in found.log


def test_vietnamese_semicolons_and_decimal_commas_and_the_way_back(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    assert listed(path, LANGUAGE="vi").ok
    assert [row["hectares"] for row in rows(path, ";")] == ["1", "1", "0,5", "0,5"]
    text = path.read_text(encoding="utf-8-sig")
    edited = [
        line.replace(";unlisted;", ";conflict;") if line.startswith("D.ODTMOi") else line for line in text.splitlines()
    ]
    path.write_text("\n".join(edited), encoding="utf-8-sig")
    layers: dict[str, Any] = {
        "LOWER": layer(LOWER[:3]),
        "UPPER": layer(UPPER),
        "RULES": str(path),
        "WIDTH_TOLERANCE": 0,
    }
    checked = run("checkconformity", {**layers, "LOWER_CODE": "ma", "UPPER_CODE": "ma"})
    assert checked.ok, checked.error
    assert (checked["CONFLICT_COUNT"], checked["CONFLICT_AREA"]) == (2, pytest.approx(15_000))
    assert (checked["UNLISTED_COUNT"], checked["UNLISTED_AREA"]) == (1, pytest.approx(5_000))


def test_a_workbook_goes_out_and_comes_back_with_accepted_codes(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    assert listed(path).ok
    book = openpyxl.load_workbook(path)
    sheet = book["verdicts"]
    names = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        cells = dict(zip(names, row))
        for side in ("upper", "lower"):
            cells[f"{side}_accepted"].value = {"ODT": "Z_DTC", "DKV": "DKV"}.get(cells[f"{side}_proposed"].value)
    book.save(path)
    again = listed(tmp_path / "again.csv", PREVIOUS=str(path), LANGUAGE="en")
    assert again.ok and again["UNLISTED_COUNT"] == 0
    said = {(row["upper_code"], row["lower_code"]): row["verdict"] for row in rows(tmp_path / "again.csv")}
    draft = read_ruleset(None)
    assert said[("D.ODTMOi", "qh dat cayxanh")] == draft.verdict("Z_DTC", "DKV").verdict
    assert said[("Z_LUA", "qh dat cayxanh")] == draft.verdict("Z_LUA", "DKV").verdict


@pytest.mark.parametrize("language", ["vi", "en"])
def test_refusals_name_what_is_wrong(tmp_path: Path, speaking: Any, language: str) -> None:
    speaking(language)
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("upper_code,lower_code,verdict\nA,B,oh\nA,,conflict\n", encoding="utf-8")
    for found in (
        listed(tmp_path / "list.csv", RULES=str(wrong)),
        run("showrules", {"RULES": str(wrong), "OUTPUT": str(tmp_path / "page.html")}),
    ):
        assert not found.ok
        assert says(found.error, "rules.verdict", language) and says(found.error, "rules.blank", language)
    found = listed(tmp_path / "list.ods")
    assert not found.ok and says(found.error, "rules.list_ending", language)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wrong.csv"]


def test_without_openpyxl_a_workbook_is_refused_with_the_command_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libraries, "_serves", lambda library: library.name != "openpyxl")
    assert "openpyxl~=3.1" in createrules.missing_for("openpyxl")
    found = listed(tmp_path / "list.xlsx", LANGUAGE="en")
    assert not found.ok and "-m pip install" in found.error and "Reading the layers" not in found.log
    assert listed(tmp_path / "list.csv").ok


def test_a_cancel_leaves_the_old_list(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("old", encoding="utf-8")
    assert "OUTPUT" not in listed(path, Listening(cancel_after=-1)).results
    assert path.read_text(encoding="utf-8") == "old"


def test_the_page_of_a_rule_set(tmp_path: Path) -> None:
    found = run("showrules", {"OUTPUT": str(tmp_path / "trang.html"), "LANGUAGE": "vi"})
    assert found.ok, found.error
    assert (found["ROW_COUNT"], found["REVIEW_COUNT"]) == (1235, 1235)
    html = Path(found["OUTPUT"]).read_text(encoding="utf-8")
    assert '<html lang="vi">' in html and "chưa xác nhận" in html
    assert read_ruleset(None).digest in found.log
