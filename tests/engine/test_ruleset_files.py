"""The other files of a rule set: ruleset.toml, codes.csv, precedence.csv, workbooks, and zips that mean no good."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from planconcord.engine.catalogue import read_table
from planconcord.engine.errors import PlanError
from planconcord.engine.rulesets.reading import BUILT_IN, STANDARD_CODES, RuleSetError, read_ruleset
from planconcord.engine.tables import files as sources

ROWS = "upper_code,lower_code,verdict,min_area_m2\nA,B,conflict,\nA,C,compatible,\n"


def a_set(folder: Path, **files: str) -> Path:
    """A folder with verdicts.csv and further files; the ending .csv is added, but for ruleset (.toml)."""
    for name, content in {"verdicts": ROWS, **files}.items():
        suffix = ".toml" if name == "ruleset" else ".csv"
        (folder / f"{name}{suffix}").write_text(content, encoding="utf-8")
    return folder


def mistakes(source: Path) -> list[tuple[str, str, object, str]]:
    """(key, file, row, column) of each mistake, all of which have words in both languages."""
    with pytest.raises(RuleSetError) as refused:
        read_ruleset(source)
    for language in ("en", "vi"):
        told = refused.value.text(language)
        assert "{" not in told.replace(str(source), "")
        assert len(told.splitlines()) > len(refused.value.mistakes)
    return [(k, str(v.get("file")), v.get("row"), str(v.get("column", ""))) for k, v in refused.value.mistakes]


def test_what_the_toml_says_stands_in_the_set(tmp_path: Path) -> None:
    told = """
name = "luat_tinh"
version = "2.1"
date = 2026-03-01
languages = ["vi"]
[title]
vi = "Quy tắc tỉnh"
[validity]
from = 2021-01-01
to = 2030-12-31
[upper]
en = "zones"
[lower]
en = "codes"
generation = "tt01_2021"
"""
    rules = read_ruleset(a_set(tmp_path, ruleset=told))
    about = rules.about
    assert (rules.name, rules.version, about.date, about.languages) == ("luat_tinh", "2.1", "2026-03-01", ("vi",))
    assert (about.valid_from, about.valid_to) == ("2021-01-01", "2030-12-31")
    assert (about.title["vi"], about.upper["en"], about.lower["en"]) == ("Quy tắc tỉnh", "zones", "codes")
    assert rules.superseded("DTS") is None  # a code of 2021
    assert rules.superseded("LUN") is not None
    assert rules.verdict("A", "B").verdict == "conflict"


@pytest.mark.parametrize(
    ("told", "key", "column"),
    [
        ("version = 1.0", "rules.toml_value", "version"),
        ('version = "1', "rules.toml", ""),
        ('verison = "1"', "rules.toml_key", "verison"),
        ('date = "gestern"', "rules.toml_value", "date"),
        ('languages = ["fr"]', "rules.toml_value", "languages"),
        ('upper = "zones"', "rules.toml_value", "upper"),
        ("[validity]\nfrom = 2030-01-01\nto = 2021-01-01", "rules.toml_value", "validity.to"),
        ('[codes]\nstandard = "no"', "rules.toml_value", "codes.standard"),
    ],
)
def test_a_wrong_toml_names_the_key(tmp_path: Path, told: str, key: str, column: str) -> None:
    assert mistakes(a_set(tmp_path, ruleset=told)) == [(key, "ruleset.toml", None, column)]


def test_codes_of_the_set_are_added_to_the_standard_ones_and_correct_them(tmp_path: Path) -> None:
    codes = "code,parent,name_vi,name_en,hex\nB1,B,Phần một,Part one,#aabbcc\nB,,Bê,Bee,\nLUA,,Lúa của tôi,My rice,\n"
    rules = read_ruleset(a_set(tmp_path, codes=codes))
    assert rules.verdict("A", "b1").verdict == "conflict"  # inherits from B
    assert (rules.code_name("B1", "vi"), rules.codes["b1"].hex) == ("Phần một", "#AABBCC")
    assert rules.code_name("LUA", "en") == "My rice" and rules.code_name("LUC", "en").startswith("Wet-rice land")
    alone = read_ruleset(a_set(tmp_path, codes=codes, ruleset="[codes]\nstandard = false"))
    assert len(alone.codes) == 3 and alone.code_name("LUC", "en") == ""


def test_every_mistake_of_every_file_is_named_at_once(tmp_path: Path) -> None:
    source = a_set(
        tmp_path,
        verdicts="upper_code,lower_code,verdict\nA,B,maybe\nA,,conflict\nA,C,\n",
        codes="code,parent,hex\nX,Y,red\n,,\n*,,\nP,Q,\nQ,P,\nX,,#112233\nZ,NIX,\n",
        precedence="upper_level,lower_level,must_adjust_vi,must_adjust_en\n"
        "provincial,district,huyện,the district\nprovincial,district,tỉnh,the province\nprovincial,huyen,huyện,the district\n",
        ruleset="version = 3",
    )
    assert sorted(mistakes(source), key=str) == sorted(
        [
            ("rules.toml_value", "ruleset.toml", None, "version"),
            ("rules.colour", "codes.csv", 2, "hex"),
            ("rules.any_code", "codes.csv", 4, ""),
            ("rules.twice", "codes.csv", 7, "code"),
            ("rules.no_such_code", "codes.csv", 2, "parents"),
            ("rules.no_such_code", "codes.csv", 7, "parents"),
            ("rules.no_such_code", "codes.csv", 8, "parents"),
            ("rules.circle", "codes.csv", 5, "parents"),
            ("rules.circle", "codes.csv", 6, "parents"),
            ("rules.verdict", "verdicts.csv", 2, ""),
            ("rules.blank", "verdicts.csv", 3, "lower_code"),
            ("rules.blank_verdict", "verdicts.csv", 4, "verdict"),
            ("rules.twice", "precedence.csv", 3, "must_adjust_vi"),
            ("rules.level", "precedence.csv", 4, "lower_level"),
        ],
        key=str,
    )


def test_rows_that_reach_a_pair_from_two_sides_and_disagree_are_a_contradiction(tmp_path: Path) -> None:
    codes = "code,parent\nU,\nU1,U\nL,\nL1,L\n"
    rows = "upper_code,lower_code,verdict\nU1,L,conflict\nU,L1,compatible\n"
    source = a_set(tmp_path, codes=codes, verdicts=rows)
    with pytest.raises(RuleSetError) as refused:
        read_ruleset(source)
    assert (
        refused.value.text("en")
        .splitlines()[1]
        .startswith(
            "verdicts.csv, row 3: compatible reaches L1 on U1 from one side and row 2 from the other with conflict"
        )
    )
    for settled in ("U1,L1,conditional\n", ""):
        rows_now = rows + settled if settled else rows.replace("compatible", "conflict")
        rules = read_ruleset(a_set(tmp_path, codes=codes, verdicts=rows_now))
        assert rules.verdict("U1", "L1").verdict == ("conditional" if settled else "conflict")


def test_numbers_that_could_be_two_are_refused(tmp_path: Path) -> None:
    rows = 'upper_code,lower_code,verdict,min_area_m2\nA,B,conflict,"12,5"\nA,C,conflict,"12,500"\nA,D,conflict,1.000\n'
    assert mistakes(a_set(tmp_path, verdicts=rows + "A,E,conflict,0.125\n")) == [
        ("rules.number", "verdicts.csv", 3, "min_area_m2"),
        ("rules.number", "verdicts.csv", 4, "min_area_m2"),
    ]


def test_the_line_that_excel_puts_first_is_no_header(tmp_path: Path) -> None:
    source = tmp_path / "rules.csv"
    source.write_bytes(b"\xef\xbb\xbfsep=;\r\nupper_code;lower_code;verdict\r\nA;B;conflict\r\nA;C;oh\r\n")
    assert mistakes(source) == [("rules.verdict", "verdicts.csv", 4, "")]


def test_the_digest_is_of_what_the_files_say(tmp_path: Path) -> None:
    first = read_ruleset(a_set(tmp_path)).digest
    lines = ROWS.splitlines()
    assert read_ruleset(a_set(tmp_path, verdicts="\n".join([lines[0], lines[2], lines[1]]))).digest == first
    assert read_ruleset(a_set(tmp_path, verdicts=ROWS.replace(",", ";"))).digest == first
    assert read_ruleset(a_set(tmp_path, ruleset='version = "2"')).digest != first
    assert read_ruleset(a_set(tmp_path, codes="code\nB\n")).digest != first
    assert len(first) == 64
    versioned = read_ruleset(a_set(tmp_path, ruleset='name = "r"\nversion = "2"'))
    assert versioned.identity == ("r 2", versioned.digest)


# workbooks


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook_is_a_rule_set(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "luật.xlsx",
        verdicts=[
            ["upper_code", "lower_code", "verdict", "min_area_m2"],
            ["A", 5, "Conflict", 12.5],
            [None],
            ["A", "C", "compatible", None],
        ],
        codes=[["code", "parent"], ["C1", "C"], ["C", None]],
    )
    rules = read_ruleset(path)
    assert (rules.verdict("A", "5").verdict, rules.verdict("A", "5").min_area_m2) == ("conflict", 12.5)
    assert rules.verdict("A", "C1").verdict == "compatible"


def test_the_only_sheet_may_be_called_anything_and_mistakes_name_it(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", Sheet1=[["upper_code", "lower_code", "verdict"], ["A", "B", "no"]])
    assert mistakes(path) == [("rules.verdict", "a.xlsx [sheet1]", 2, "")]


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 broken"])
def test_a_broken_workbook_is_one_mistake(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    assert [key for key, *_ in mistakes(tmp_path / "a.xlsx")] == ["rules.workbook"]


def test_a_workbook_with_a_document_type_is_not_parsed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", verdicts=[["upper_code", "lower_code", "verdict"], ["A", "B", "conflict"]])
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for part in old.namelist():
            bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>' if part.endswith("sheet1.xml") else b""
            new.writestr(part, bomb + old.read(part))
    path.write_bytes(made.getvalue())
    assert [key for key, *_ in mistakes(path)] == ["rules.workbook"]


# zips


def test_a_zip_that_points_outside_or_twice_or_lies_about_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rules.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../verdicts.csv", ROWS)
    with pytest.raises(PlanError) as refused:
        read_ruleset(path)
    assert refused.value.key == "rules.no_verdicts"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/verdicts.csv", ROWS)
        archive.writestr("b/verdicts.csv", ROWS)
    with pytest.raises(PlanError) as refused:
        read_ruleset(path)
    assert refused.value.key == "rules.twice_in_zip" and "a/verdicts.csv, b/verdicts.csv" in refused.value.text("vi")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("verdicts.csv", ROWS + " " * 3_000_000)
    content = bytearray(path.read_bytes())
    size = len(ROWS) + 3_000_000
    while size.to_bytes(4, "little") in content:
        place = content.index(size.to_bytes(4, "little"))
        content[place : place + 4] = (100).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    monkeypatch.setattr(sources, "LARGEST_FILE_BYTES", 1_000_000)
    with pytest.raises(PlanError) as refused:
        read_ruleset(path)
    assert refused.value.key in ("rules.too_large", "rules.unreadable")


def test_two_tables_of_verdicts_are_refused(tmp_path: Path) -> None:
    workbook(a_set(tmp_path) / "verdicts.xlsx", verdicts=[["upper_code", "lower_code", "verdict"]])
    with pytest.raises(PlanError) as refused:
        read_ruleset(tmp_path)
    assert refused.value.key == "rules.two_verdicts"


# the built-in set


def test_every_row_of_the_built_in_set_has_a_source_and_waits_for_a_planner() -> None:
    rules = read_ruleset(None)
    assert len(rules.verdicts) == 1235 and rules.version == "0.3"
    assert all(row.source and row.review for row in rules.verdicts.values())
    assert sum(row.source.startswith("ma trận") for row in rules.verdicts.values()) == 19 * 58
    assert all(code.source and code.name_vi and code.name_en for code in rules.codes.values())
    assert len(rules.codes) == 107 + 19
    assert all(who.source for who in rules.precedence.values()) and len(rules.precedence) == 15
    assert {zone for zone, _ in rules.verdicts} == {fold.lower() for fold in rules.codes if fold.startswith("z_")}


def test_codes_of_older_generations_have_a_successor_or_a_question() -> None:
    rules = read_ruleset(None)
    old = {code.code: code for code in rules.codes.values() if rules.superseded(code.code)}
    assert len(old) == 26
    assert old["LUN"].successor == "LUK" and old["SKT"].successor == "SKK" and old["DSH"].successor == "DKV"
    for code in ("DTS", "SKX", "DCK", "DKG"):
        assert old[code].successor == "" and old[code].question("vi") and old[code].question("en")
    assert all(bool(code.successor) != bool(code.question_en) for code in old.values())
    assert rules.superseded("LUC") is None and rules.superseded("KCN") is None and rules.superseded("xyz") is None


def test_groups_of_2024_are_judged_where_all_their_parts_are_judged_alike() -> None:
    rules = read_ruleset(None)
    for zone in ("Z_KPC", "Z_RPH"):
        assert rules.verdict(zone, "CQA").verdict == rules.verdict(zone, "CQP").verdict
        assert rules.verdict(zone, "DMT").verdict == rules.verdict(zone, "DSN").verdict  # inherited
        assert rules.verdict(zone, "RPN").verdict == rules.verdict(zone, "RPH").verdict  # by its successor
    assert rules.verdict("Z_KPC", "NNP").verdict == "unlisted"
    assert rules.code("KCN") is not None and rules.code("KCN").overlapping and not rules.code("SKK").overlapping  # type: ignore[union-attr]


def test_who_gives_way_with_the_article() -> None:
    found = read_ruleset(None).gives_way("provincial", "zoning")
    assert found is not None and found.article.endswith("Điều 6.8")
    assert read_ruleset(None).gives_way("detailed", "national") is None


def test_an_upper_designation_is_realised_by_its_codes_and_their_parts() -> None:
    rules = read_ruleset(None)
    assert rules.realises("LUC", "Z_LUA") is True and rules.realises("SKK", "Z_LUA") is False
    assert rules.realises("LUC", "Z_KKT") is None


def test_the_tables_of_codes_agree_with_themselves() -> None:
    rows, rules = list(read_table(STANDARD_CODES[0])), read_ruleset(None)
    assert len(rows) > 80
    marks = {"tt27_2018": "in_tt27_2018", "tt01_2021": "in_tt01_2021_plan_row", "tt08_2024": "in_tt08_2024"}
    for row in rows:
        assert row["generations"].split() == [name for name, column in marks.items() if row[column] in ("Y", "S")]
        wholes = {row[f"parent_{name}"] for name in ("tt27_2018", "tt01_2021_plan", "tt08_2024")} - {""}
        line = set(rules.lineage(row["code"]))
        assert {whole.lower() for whole in wholes} <= line, row["code"]
    assert (BUILT_IN / "ruleset.toml").is_file()


def test_before_python_3_11_tomli_reads_the_toml_or_its_absence_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = pytest.importorskip("tomllib", reason="this Python is one of those")
    source = a_set(tmp_path, ruleset='version = "7"')
    monkeypatch.setitem(sys.modules, "tomllib", None)
    monkeypatch.setitem(sys.modules, "tomli", toml)
    assert read_ruleset(source).version == "7"
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(PlanError) as refused:
        read_ruleset(source)
    assert refused.value.key == "rules.no_toml" and "tomli" in refused.value.text("vi")


def test_without_openpyxl_a_workbook_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", verdicts=[["upper_code", "lower_code", "verdict"]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(PlanError) as refused:
        read_ruleset(path)
    assert refused.value.key == "rules.no_openpyxl" and "CSV" in refused.value.text("en")
