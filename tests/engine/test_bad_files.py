"""The demo's folder of bad files: what is wrong with each is said, what helps is enough, and then its planted defects are found."""

from __future__ import annotations

import csv
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import pytest
from planconcord.cli.checks import _parser, main
from planconcord.demo.bad_files import BAD_FILES, FOLDER
from planconcord.engine.catalogue import text
from planconcord.engine.register.folder import propose

BY_ONE_CHECK = (
    *("coverage.overlap", "coverage.gap", "coverage.outside", "geometry.duplicate", "geometry.empty"),
    *("geometry.invalid", "key.duplicate", "key.missing", "code.missing", "code.unknown"),
    *("conformity.conflict", "conformity.conditional", "conformity.unplanned"),
)
NOT_DRAWN = {"geometry.empty": -1, "key.duplicate": -2, "key.missing": -1, "code.missing": 1}
"""A drawing has no keys and no zone without a shape, and of a zone that is drawn twice one text labels one zone."""
DOCS = Path(__file__).resolve().parents[2] / "docs"
OUTLINE = "ranh_gioi.gpkg|layername=ranh_gioi_huyen"


@pytest.fixture(scope="module")
def bad_files(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder, to work in."""
    return Path(shutil.copytree(demo_folder / FOLDER, tmp_path_factory.mktemp("thư mục") / FOLDER))


@pytest.fixture(scope="module")
def truth(bad_files: Path) -> dict[str, dict[str, str]]:
    """The row of each fault."""
    with open(bad_files / "truth.csv", encoding="utf-8-sig", newline="") as file:
        return {row["fault"]: row for row in csv.DictReader(file)}


def said(key: str, **values: object) -> str:
    return text(f"register.reason.{key}", "en", **values)


def test_every_fault_is_there_once(truth: dict[str, dict[str, str]], bad_files: Path) -> None:
    assert list(truth) == [bad.fault for bad in BAD_FILES] and len(truth) == 13
    assert all((bad_files / row["file"]).is_file() for row in truth.values())


def test_rows_are_proposed_with_what_is_wrong(truth: dict[str, dict[str, str]], bad_files: Path) -> None:
    rows = {row["source"].split("|")[0]: row for row in propose(bad_files, bad_files, "en")}
    assert set(rows) == {row["file"] for row in truth.values()} | {"quy_hoach_tinh.gpkg"}
    upper = rows["quy_hoach_tinh.gpkg"]
    assert (upper["level"], upper["territory"]) == ("provincial", "Tỉnh Vân Giang")
    for row in truth.values():
        found = rows[row["file"]]
        assert (found["level"], found["territory"], found["upper_plans"]) == (
            "district",
            row["territory"],
            upper["plan_id"],
        )
    reasons = {fault: rows[row["file"]]["reason"] for fault, row in truth.items()}
    elsewhere = {fault: f"but then it does not lie at {row['territory']};" for fault, row in truth.items()}
    misplaced = {fault for fault in truth if elsewhere[fault] in reasons[fault]}
    assert misplaced == {"wrong_zone", "swapped", "metres_as_degrees"}
    assert {fault for fault in truth if said("no_crs") in reasons[fault]} == {"no_prj", "drawing"}
    assert {fault for fault in truth if said("empty") in reasons[fault]} == {"empty"}
    assert said("drawing") in reasons["drawing"] and "is cut off" in reasons["truncated"]
    numbers = "+proj=tmerc +lat_0=0 +lon_0=107.75 +k=0.9999 +x_0=500000 +y_0=0 +datum=WGS84 +units=m"
    assert said("crs_unnamed", crs=numbers) in reasons["mapinfo"]
    old = rows[truth["old_fonts"]["file"]]
    assert (old["key_field"], old["code_field"]) == ("mã_thửa", "mã_đất")
    assert said("script", encoding="tcvn3") in reasons["old_fonts"]
    expired = rows[truth["expired"]["file"]]
    assert (expired["valid_from"], expired["valid_to"]) == ("2011", "2020")


@pytest.mark.parametrize("fault", ["wrong_zone", "no_prj", "swapped", "metres_as_degrees", "drawing", "mapinfo"])
def test_where_it_belongs_is_found(
    fault: str,
    truth: dict[str, dict[str, str]],
    bad_files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(bad_files)
    assert main(["diagnosecrs", "--input", truth[fault]["file"], "--outline", OUTLINE, "--language", "en"]) == 1
    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert (told["VERDICT"], told["BEST_CRS"], told["SWAPPED"]) == (
        "wrong",
        "EPSG:5899",
        str(fault == "swapped").lower(),
    )
    off_m = {"wrong_zone": 25_900, "mapinfo": 224.5}.get(fault)
    assert off_m is None or float(told["OFF_LENGTH"]) == pytest.approx(off_m, rel=0.01)


def test_as_proposed_the_bad_ones_are_named_and_the_others_looked_at(
    truth: dict[str, dict[str, str]], bad_files: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(bad_files)
    assert main(["createregister", "--folder", ".", "--output", "register.csv", "--language", "vi"]) == 0
    assert main(["checkregister", "register.csv", "--findings", str(tmp_path / "s.gpkg"), "--language", "vi"]) == 1
    found = pyogrio.read_dataframe(tmp_path / "s.gpkg", layer="findings", read_geometry=False)
    unreadable = set(found.loc[found["rule"] == "register.unreadable", "territory"])
    assert unreadable == {row["territory"] for row in truth.values() if row["unreadable_at_first"] == "true"}
    assert len(unreadable) == 6


@pytest.mark.parametrize(
    "fault, says", [("wrong_zone", "25.9 km too far east"), ("mapinfo", "224.5 m to the north-west")]
)
def test_a_plan_in_the_wrong_place_is_one_finding(
    fault: str, says: str, truth: dict[str, dict[str, str]], bad_files: Path, tmp_path: Path
) -> None:
    row = truth[fault]
    head = "plan_id,level,territory,source,key_field,code_field,scale,status"
    register = bad_files / f"{fault}.csv"
    rows = [head, f"X,district,{row['territory']},{row['file']},ma_thua,,10000,approved"]
    rows.append(f"Y,district,{truth['good']['territory']},{truth['good']['file']},ma_thua,,10000,approved")
    register.write_text("\n".join(rows), encoding="utf-8")
    output = tmp_path / "f.gpkg"
    assert main(["check", str(register), "--out", str(output), "--language", "en"]) == 1
    found = pyogrio.read_dataframe(output, layer="findings", read_geometry=False)
    own = found[(found["plan_a"] == "X") & (found["severity"] == "error")]
    off = own[own["rule"] == "register.crs"]
    assert len(off) == 1 and says in off["message"].iloc[0]
    assert (own["rule"] == "coverage.outside").sum() <= 2, "what was planted, no more"
    assert propose(tmp_path, tmp_path, "en") == [], "findings are no plan"


def commands_of(page: str) -> list[list[str]]:
    """The commands that a page asks to paste."""
    words = (DOCS / page).read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", words, re.S)).replace("\\\n", " ").splitlines()
    return [shlex.split(line)[3:] for line in lines if line.startswith("python -m planconcord ")]


def test_the_page_on_this_folder_can_be_pasted_in_both_languages(truth: dict[str, dict[str, str]]) -> None:
    pages = {"en": "folder-to-check.md", "vi": "folder-to-check.vi.md"}
    given = {}
    for language, page in pages.items():
        words = (DOCS / page).read_text(encoding="utf-8")
        assert all(f"| `{row['file']}` |" in words for row in truth.values())
        assert all((DOCS / image).is_file() for image in re.findall(r"!\[.*?\]\((.*?)\)", words))
        for command in commands_of(page):
            assert _parser().parse_args(command).language == language
        given[language] = [command[:-1] for command in commands_of(page)]
    assert given["en"] == given["vi"] and len(given["en"]) == 8


def test_mended_each_plan_shows_what_was_planted_in_it(
    truth: dict[str, dict[str, str]],
    bad_files: Path,
    demo_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(bad_files)
    drawing, swapped = truth["drawing"]["file"], truth["swapped"]["file"]
    lines = ["--polygons-from-lines", "--crs", "EPSG:5899"]
    assert main(["prepareplan", "--input", drawing, *lines, "--output", _prepared(drawing)]) == 0
    assert main(["prepareplan", "--input", swapped, "--swap-axes", "--output", _prepared(swapped)]) == 0
    output = tmp_path / "f.gpkg"
    assert main(["check", "register_mended.csv", "--out", str(output), "--date", "22/11/2026", "--language", "en"]) == 1
    found = pyogrio.read_dataframe(output, layer="findings", read_geometry=False)
    state = found[found["rule"].str.startswith("register.")]
    expected = {
        ("register.unreadable", truth["truncated"]["plan_id"]),
        ("register.unreadable", truth["empty"]["plan_id"]),
        ("register.expired", truth["expired"]["plan_id"]),
    }
    assert set(state[["rule", "plan_a"]].itertuples(index=False, name=None)) == expected
    planted = pd.read_csv(demo_folder / "truth_summary.csv", encoding="utf-8-sig")
    for fault, row in truth.items():
        if row["unreadable_at_last"] == "true":
            continue
        wanted = _counts(planted[planted["plan_id"] == row["plan_id"]], weights="count")
        wanted.update(NOT_DRAWN if fault == "drawing" else {})
        real = found[(found["plan_a"] == row["plan_id"]) & (found["severity"] != "info")]
        assert _counts(real) == +wanted, fault


def _prepared(name: str) -> str:
    return f"prepared/{Path(name).stem}.gpkg"


def _counts(table: Any, weights: str = "") -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in table.to_dict("records"):
        if row["rule"] in BY_ONE_CHECK:
            counts[row["rule"]] += row[weights] if weights else 1
    return counts
