"""From two plans to a list of pairs, through a spreadsheet, and back as a rule set."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from drawn import moved, plan, square
from planconcord.cli.checks import main
from planconcord.engine.checks.meeting_codes import meeting_codes
from planconcord.engine.checks.settings import Settings
from planconcord.engine.errors import PlanError
from planconcord.engine.rulesets.listing import COLUMNS, list_of_pairs, summary
from planconcord.engine.rulesets.proposals import propose
from planconcord.engine.rulesets.reading import RuleSetError, read_list, read_ruleset
from planconcord.engine.rulesets.spreadsheets import write_list
from planconcord.engine.tolerance import Tolerance

MET = pd.DataFrame(
    [("Z_LUA", "SKK", 20_000.0, 2), ("D.ODTMOi", "qh dat cayxanh", 12_345.678, 1), ("D.ODTMOi", "LUC", 10.0, 0)],
    columns=["upper_code", "lower_code", "area_m2", "places"],
)
DANGEROUS = ["=HYPERLINK(1)", "+1", "-2", "@x", "a;b,c\td", 'a"b', "dòng\nhai", "'quoted"]


def met(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame([(u, v, 100.0, 1) for u, v in pairs], columns=MET.columns)


# which codes meet


def test_the_pairs_that_meet_with_hectares_and_places() -> None:
    upper = plan([square(0, 0, 100), square(100, 0, 100)], ["A", "B"])
    lower = plan(
        [square(10, 10, 20), square(50, 50, 20), square(90, 10, 20), square(99.8, 60, 20, 20), square(300, 300)],
        ["x", "X ", "x", "y", "far"],
    )
    found = meeting_codes(lower, upper, Settings(Tolerance(1.0)))
    assert [tuple(row) for row in found.pairs.round(6).itertuples(index=False)] == [
        ("A", "x", 1000.0, 3),
        ("B", "y", 396.0, 1),
        ("B", "x", 200.0, 1),
        ("A", "y", 4.0, 0),  # 0.2 m wide: a sliver, counted in the area
    ]
    assert found.uncoded == (0, 0)


def test_spellings_of_one_code_are_one_and_zones_without_a_code_are_counted() -> None:
    upper = plan([square(0, 0, 100)], ["  đất   Ở "])
    lower = plan([square(0, 0), square(20, 0), square(40, 0), square(60, 0)], ["LUC", "luc", "LUC", None])
    found = meeting_codes(lower, upper, Settings(Tolerance(0.0)))
    assert found.pairs.values.tolist() == [["đất Ở", "LUC", 300.0, 3]]
    assert found.uncoded == (1, 0)


def test_plans_that_share_nothing_or_have_no_codes_are_refused() -> None:
    a, b = plan([square(0, 0)], ["A"], name="trên"), plan([square(50, 0)], ["B"], name="dưới")
    with pytest.raises(PlanError) as refused:
        meeting_codes(b, a, Settings())
    assert refused.value.key == "error.no_common_codes" and "dưới" in refused.value.text("vi")
    with pytest.raises(PlanError) as refused:
        meeting_codes(plan([square(0, 0)], name="dưới"), a, Settings())
    assert refused.value.key == "error.no_code_field"


# proposals


@pytest.mark.parametrize(
    ("label", "code", "least"),
    [
        ("qh dat cayxanh", "DKV", 0.8),
        ("D.ODTMOi", "ODT", 0.8),
        ("hdatconcong", "CCC", 0.75),
        ("hdatcongcong", "CCC", 0.8),
        ("datcoquan", "TSC", 0.8),
        ("hd.TDTT", "DTT", 0.8),
        ("hdattruonghoc", "DGD", 0.8),
        ("HDATONONGTHON", "ONT", 0.8),
        ("daumoihatang", "DHT", 0.8),
        ("SNen-Song Suoi", "SON", 0.75),
        ("Đất ở tại nông thôn", "ONT", 0.8),
        ("luc", "LUC", 1.0),
        ("dat LUC 2", "LUC", 0.9),
        ("DAT DU PHONG", "", 0.0),
        ("D.HonHop", "", 0.0),
        ("0", "", 0.0),
        ("1 hatch", "", 0.0),
        ("", "", 0.0),
    ],
)
def test_a_label_of_a_drawing_gets_a_proposal_or_none(label: str, code: str, least: float) -> None:
    found = propose([label], read_ruleset(None).codes)[label]
    assert found.code == code
    assert least <= found.confidence <= 1.0 and (found.confidence == 0.0) == (code == "")


def test_a_code_that_the_rules_name_is_preferred_where_two_are_as_likely() -> None:
    codes = {"a1": read_ruleset(None).codes["luc"]}
    alike = {key: type(codes["a1"])(key.upper(), name_vi="Khu vực trồng chè") for key in ("k1", "k2")}
    assert propose(["khu vuc trong che"], alike, preferred=["k2"])["khu vuc trong che"].code == "K2"


# the list


def test_the_list_is_filled_from_the_base_and_proposals_stand_once() -> None:
    table = list_of_pairs(MET, read_ruleset(None), None, "vi")
    assert tuple(table.columns) == COLUMNS
    assert table["verdict"].tolist() == ["conflict", "unlisted", "unlisted"]
    assert table.loc[0, "reason_vi"] and table.loc[0, "review"] == "review" and table.loc[0, "source"]
    assert table.loc[0, "lower_name"] == "Đất khu công nghiệp"
    assert table["hectares"].tolist() == [2.0, 1.2346, 0.001] and table["places"].tolist() == [2, 1, 0]
    assert table["upper_proposed"].tolist() == [None, "ODT", None]
    assert table["lower_proposed"].tolist() == [None, "DKV", None]
    assert all(value in (None, "") for value in [*table["upper_accepted"], *table["lower_accepted"]])
    assert summary(table) == {
        "pair_count": 3,
        "pair_area": pytest.approx(32_356.0),
        "unlisted_count": 2,
        "unlisted_area": pytest.approx(12_356.0),
        "proposed_count": 2,
    }


def edited(path: Path, changes: dict[tuple[str, str], dict[str, Any]]) -> Path:
    """The list at ``path`` after a person has filled in cells of some pairs."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        sheet = book["verdicts"]
        names = [cell.value for cell in sheet[1]]
        for row in sheet.iter_rows(min_row=2):
            cells = dict(zip(names, row))
            for name, value in changes.get((cells["upper_code"].value, cells["lower_code"].value), {}).items():
                cells[name].value = value
        book.save(path)
        return path
    separator = ";" if ";" in path.read_text(encoding="utf-8-sig").splitlines()[0] else ","
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=separator))
    for row in rows:
        row.update(changes.get((row["upper_code"], row["lower_code"]), {}))
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_list_goes_through_a_spreadsheet_and_comes_back_as_a_rule_set(
    tmp_path: Path, ending: str, language: str
) -> None:
    path = tmp_path / f"danh sách{ending}"
    base = read_ruleset(None)
    write_list(list_of_pairs(MET, base, None, language), path, list(base.codes.values()), language)
    unedited = read_ruleset(path)
    assert unedited.labels == {}  # a proposal is never applied unasked
    assert unedited.verdict("Z_LUA", "SKK") == base.verdict("Z_LUA", "SKK")
    assert unedited.verdict("D.ODTMOi", "qh dat cayxanh").verdict == "unlisted"
    number = 12.5 if ending == ".xlsx" else "12,5"
    edited(
        path,
        {
            ("D.ODTMOi", "qh dat cayxanh"): {
                "verdict": "conflict",
                "reason_vi": "nhà trên cây xanh",
                "min_area_m2": number,
            },
            ("D.ODTMOi", "LUC"): {"upper_accepted": "Z_DTC"},
        },
    )
    rules = read_ruleset(path)
    found = rules.verdict("d.odtmoi", "QH dat  cayxanh")
    assert (found.verdict, found.reason_vi, found.min_area_m2) == ("conflict", "nhà trên cây xanh", 12.5)
    assert rules.verdict("D.ODTMOi", "LUC") == base.verdict("Z_DTC", "LUC")
    assert rules.verdict("D.ODTMOi", "SKS") == base.verdict("Z_DTC", "SKS")
    assert rules.code_name("D.ODTMOi", "en", "upper") == "Urban zone"
    assert rules.knows_lower("LUC") and not rules.knows_lower("cây lạ")
    assert unedited.digest != rules.digest


def test_the_second_list_keeps_decisions_and_judges_by_accepted_codes(tmp_path: Path) -> None:
    base, path = read_ruleset(None), tmp_path / "list.csv"
    write_list(list_of_pairs(MET, base, None, "en"), path, [], "en")
    edited(
        path,
        {("D.ODTMOi", "LUC"): {"upper_accepted": "Z_DTC"}, ("Z_LUA", "SKK"): {"verdict": "compatible", "review": ""}},
    )
    again = list_of_pairs(met(("D.ODTMOi", "LUC"), ("Z_RPH", "SKK")), base, read_list(path), "en")
    said = dict(zip(zip(again["upper_code"], again["lower_code"]), again["verdict"]))
    assert said == {
        ("D.ODTMOi", "LUC"): base.verdict("Z_DTC", "LUC").verdict,
        ("Z_RPH", "SKK"): "conflict",
        ("Z_LUA", "SKK"): "compatible",  # no longer met, but decided
    }
    assert again["hectares"].tolist() == [0.01, 0.01, None]
    assert again.loc[0, "upper_accepted"] == "Z_DTC"
    assert summary(again)["pair_count"] == 2


def test_a_label_stays_known_by_its_own_row_whatever_code_is_accepted(tmp_path: Path) -> None:
    """CCC is a group that no built-in row names; accepting it must not make the decided label unknown."""
    path, pair = tmp_path / "list.csv", ("hdatconcong", "hdatconcong")
    write_list(list_of_pairs(met(pair), read_ruleset(None), None, "en"), path, [], "en")
    edited(path, {pair: {"verdict": "compatible", "upper_accepted": "CCC", "lower_accepted": "CCC"}})
    rules = read_ruleset(path)
    assert rules.verdict(*pair).verdict == "compatible"
    assert rules.knows_lower("HDATCONCONG") and rules.knows_upper("hdatconcong")
    assert not rules.knows_lower("CCC")


def test_a_list_filled_from_another_set_is_not_judged_by_the_built_in_one(tmp_path: Path) -> None:
    """Accepted codes wait, unlisted, until the list is made again from the same set; then it is a rule set by itself."""
    rows, path = tmp_path / "mine.csv", tmp_path / "list.csv"
    rows.write_text("upper_code,lower_code,verdict\nZ_DTC,LUC,conflict\n", encoding="utf-8")
    other = read_ruleset(rows)
    write_list(list_of_pairs(MET, other, None, "en"), path, [], "en")
    assert read_ruleset(path).verdict("Z_LUA", "SKK").verdict == "unlisted"
    edited(path, {("D.ODTMOi", "LUC"): {"upper_accepted": "Z_DTC"}})
    waiting = read_ruleset(path)
    assert waiting.verdict("D.ODTMOi", "LUC").verdict == "unlisted"
    assert waiting.labels == {("upper", "d.odtmoi"): "z_dtc"} and waiting.knows_upper("D.ODTMOi")
    write_list(list_of_pairs(MET, other, read_list(path), "en"), path, [], "en")
    again = read_ruleset(path)
    assert again.verdict("D.ODTMOi", "LUC").verdict == "conflict"
    assert again.verdict("Z_LUA", "SKK").verdict == "unlisted"


def test_an_accepted_code_that_is_none_or_differs_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write_list(list_of_pairs(MET, read_ruleset(None), None, "en"), path, [], "en")
    edited(
        path,
        {("D.ODTMOi", "LUC"): {"upper_accepted": "NIX"}, ("D.ODTMOi", "qh dat cayxanh"): {"upper_accepted": "ODT"}},
    )
    with pytest.raises(RuleSetError) as refused:
        read_ruleset(path)
    assert [(key, values["row"], values["column"]) for key, values in refused.value.mistakes] == [
        ("rules.twice", 4, "upper_accepted")
    ]
    edited(path, {("D.ODTMOi", "qh dat cayxanh"): {"upper_accepted": ""}})
    with pytest.raises(RuleSetError) as refused:
        read_ruleset(path)
    assert [(key, values["value"]) for key, values in refused.value.mistakes] == [("rules.no_such_code", "NIX")]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_no_label_acts_as_a_formula_and_every_label_comes_back(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"list{ending}"
    write_list(
        list_of_pairs(met(*((label, "LUC") for label in DANGEROUS)), read_ruleset(None), None, "vi"), path, [], "vi"
    )
    if ending == ".xlsx":
        sheet = openpyxl.load_workbook(path)["verdicts"]
        assert {cell.data_type for cell in sheet["A"]} == {"s"}
        assert sheet.data_validations.dataValidation[0].formula1 == '"conflict,conditional,compatible,unlisted"'
        assert len(sheet.conditional_formatting) == 1 and sheet["G1"].comment.text
    else:
        with open(path, encoding="utf-8-sig", newline="") as file:
            assert not any(row[0].startswith(("=", "+", "-", "@")) for row in csv.reader(file, delimiter=";"))
    read = read_ruleset(path)
    assert all((" ".join(label.split()).lower(), "luc") in read.verdicts for label in DANGEROUS)


def test_numbers_with_three_decimals_are_no_thousands(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    table = list_of_pairs(met(("A", "B")), read_ruleset(None), None, "vi").assign(
        min_area_m2=1234.125, verdict="conflict"
    )
    write_list(table, path, [], "vi")
    assert "1234,1250" in path.read_text(encoding="utf-8-sig")
    assert read_ruleset(path).verdict("A", "B").min_area_m2 == 1234.125


def test_where_the_list_cannot_be_written(tmp_path: Path) -> None:
    table = list_of_pairs(met(("A", "B")), read_ruleset(None), None, "en")
    with pytest.raises(PlanError) as refused:
        write_list(table, tmp_path / "list.ods", [], "en")
    assert refused.value.key == "rules.list_ending"
    (tmp_path / "list.csv").mkdir()
    with pytest.raises(PlanError) as refused:
        write_list(table, tmp_path / "list.csv", [], "en")
    assert refused.value.key == "error.output_folder"
    (tmp_path / "list.csv").rmdir()
    (tmp_path / "list.csv").touch()
    with pytest.raises(PlanError) as refused:
        write_list(table, tmp_path / "list.csv" / "list.csv", [], "en")
    assert refused.value.key == "rules.list_unwritable"
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]  # nothing half-written stays


def test_the_list_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, shapes, codes in (("lower", [square(0, 0)], ["SKK"]), ("upper", [square(0, 0)], ["Z_LUA"])):
        layer = plan(moved(shapes, 530_000, 1_660_000), codes)
        layer.zones[["code", "geometry"]].to_file(tmp_path / f"{name}.gpkg", driver="GPKG")
    given = [f"--{side}{more}" for side in ("lower", "upper") for more in ("", "-code")]
    values = [str(tmp_path / "lower.gpkg"), "code", str(tmp_path / "upper.gpkg"), "code"]
    layers = [part for both in zip(given, values) for part in both]
    assert main(["createrules", *layers, "--output", str(tmp_path / "list.csv"), "--language", "en"]) == 0
    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert (told["PAIR_COUNT"], told["PAIR_AREA"], told["UNLISTED_COUNT"]) == ("1", "100", "0")
    assert read_ruleset(tmp_path / "list.csv").verdict("Z_LUA", "SKK").verdict == "conflict"
    assert main(["createrules", *layers, "--output", str(tmp_path / "list.txt"), "--language", "vi"]) == 2
    assert ".csv hoặc .xlsx" in capsys.readouterr().err
