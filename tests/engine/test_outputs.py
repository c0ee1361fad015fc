"""No output takes what it has not made: every output option of every command, against an input, strangers' files and a full disk."""

from __future__ import annotations

import csv
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pytest
from planconcord.cli.checks import _parser, main
from planconcord.engine.errors import PlanError
from planconcord.engine.outputs import Output, parts_of, refuse_lost_files
from planconcord.engine.province.kept import Kept
from planconcord.engine.register.words import column_of
from planconcord.engine.tables.writing import PAGE, csv_kind, replaced
from shapely.geometry import box
from stores import ask, tell

X, Y = 500_000, 2_300_000


class Case(NamedTuple):
    """One output option; ``ending`` of its file, ``arguments`` of the command without it, ``given``: one of its inputs."""

    name: str
    command: str
    option: str
    ending: str
    arguments: str
    given: str
    more: str = ""


CASES = [
    Case("coverage", "checkcoverage", "--findings", ".gpkg", "--input low.gpkg --boundary edge.gpkg", "low.gpkg"),
    Case(
        "coverage on its boundary",
        "checkcoverage",
        "--findings",
        ".gpkg",
        "--input low.gpkg --boundary edge.gpkg",
        "edge.gpkg",
    ),
    Case("edges", "checkcoverage", "--unmatched-edges", ".gpkg", "--input low.gpkg", "low.gpkg", "--findings f.gpkg"),
    Case("borders", "checkborders", "--findings", ".gpkg", "--input low.gpkg --input east.gpkg", "east.gpkg"),
    Case("conformity", "checkconformity", "--findings", ".gpkg", "CONFORMITY", "up.gpkg"),
    Case("zones", "checkconformity", "--zones", ".gpkg", "CONFORMITY", "low.gpkg", "--findings f.gpkg"),
    Case(
        "cross table",
        "checkconformity",
        "--cross-table",
        ".csv",
        "CONFORMITY --rules rules.csv",
        "rules.csv",
        "--findings f.gpkg",
    ),
    Case("changes", "comparedrafts", "--changes", ".gpkg", "DRAFTS", "low.gpkg"),
    Case("transitions", "comparedrafts", "--transitions", ".csv", "DRAFTS", "low.gpkg", "--changes c.gpkg"),
    Case("fates", "comparefindings", "--output", ".gpkg", "--previous one.gpkg --current two.gpkg", "one.gpkg"),
    Case("province", "check", "--out", ".gpkg", "register.csv", "low.gpkg"),
    Case("province on its register", "check", "--out", ".gpkg", "register.csv", "register.csv"),
    Case("province on the boundaries beside", "check", "--out", ".gpkg", "register.csv", "ranh_gioi.gpkg"),
    Case("register", "checkregister", "--findings", ".gpkg", "register.csv", "low.gpkg"),
    Case("figures", "checkfigures", "--findings", ".gpkg", "--figures figures.csv", "figures.csv"),
    Case(
        "figures as read",
        "checkfigures",
        "--table",
        ".csv",
        "--figures figures.csv",
        "figures.csv",
        "--findings f.gpkg",
    ),
    Case("new register", "createregister", "--output", ".csv", "--folder plans", "plans/low.gpkg"),
    Case("new workbook", "createregister", "--output", ".xlsx", "--folder plans", "plans/low.gpkg"),
    Case("list", "createrules", "--output", ".csv", "CONFORMITY --rules rules.csv", "rules.csv"),
    Case("list as a workbook", "createrules", "--output", ".xlsx", "CONFORMITY", "low.gpkg"),
    Case("rules' page", "showrules", "--output", ".html", "--rules rules.csv", "rules.csv"),
    Case("plan", "prepareplan", "--output", ".gpkg", "--input low.gpkg --code-field ma", "low.gpkg"),
    *(
        Case(
            name, "prepareplan", f"--{name}", ending, "--input low.gpkg --code-field ma", "low.gpkg", "--output p.gpkg"
        )
        for name, ending in (("report", ".csv"), ("preview", ".html"), ("labels", ".csv"))
    ),
    Case(
        "codes",
        "prepareplan",
        "--codes",
        ".csv",
        "--input low.gpkg --code-field ma --code-generation tt27_2018",
        "low.gpkg",
        "--output p.gpkg",
    ),
    Case("candidates", "diagnosecrs", "--candidates", ".csv", "--input low.gpkg --outline edge.gpkg", "edge.gpkg"),
    Case("page", "diagnosecrs", "--page", ".html", "--input low.gpkg --outline edge.gpkg", "edge.gpkg"),
]
SHORT = {
    "CONFORMITY": "--lower low.gpkg --lower-code ma --upper up.gpkg --upper-code ma",
    "DRAFTS": "--before low.gpkg --before-code ma --after up.gpkg --after-code ma",
}
BY_ITSELF = {("createdemo", "--folder"), ("writesheet", "--output")}
"""Folders: what they hold is asked by the tests of these commands."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a small office."""
    folder = tmp_path_factory.mktemp("văn phòng")
    rows = ["Loại đất;Mã;Tổng số", "Tổng diện tích;;5,5", "Đất nông nghiệp;NNP;5,5"]
    (folder / "figures.csv").write_text("\n".join(rows), encoding="utf-8")

    def layer(name: str, *zones: tuple[float, str], wide: float = 100) -> None:
        shapes = [box(X + x, Y, X + x + wide, Y + 100) for x, _ in zones]
        rows = {"ma": [code for _, code in zones], "ten": ["Huyện Đông"] * len(zones)}
        gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:5899").to_file(folder / name, driver="GPKG", engine="pyogrio")

    layer("low.gpkg", (0, "LUC"), (100, "ODT"), (150, "ONT"))
    layer("up.gpkg", (0, "LUC"), (100, "SKK"))
    layer("east.gpkg", (300, "LUC"))
    layer("edge.gpkg", (0, ""), wide=300)
    layer("ranh_gioi.gpkg", (0, ""), wide=300)
    layer("my survey.gpkg", (0, "mine"))
    (folder / "rules.csv").write_text("upper_code,lower_code,verdict\nLUC,ODT,conflict\n", encoding="utf-8")
    (folder / "register.csv").write_text(
        "plan_id,level,territory,source,code_field,status\nA,district,Huyện Đông,low.gpkg,ma,approved\n",
        encoding="utf-8",
    )
    (folder / "plans").mkdir()
    shutil.copyfile(folder / "low.gpkg", folder / "plans" / "low.gpkg")
    for name in ("one.gpkg", "two.gpkg"):
        assert main(["checkcoverage", "--input", str(folder / "low.gpkg"), "--findings", str(folder / name)]) == 1
    return folder


@pytest.fixture()
def here(office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the office to work in."""
    shutil.copytree(office, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def run(case: Case, output: str, more: str | None = None) -> int:
    """The exit status of the command of a case that writes to ``output``."""
    arguments = case.arguments
    for short, whole in SHORT.items():
        arguments = arguments.replace(short, whole)
    further = case.more if more is None else more
    return main([case.command, *arguments.split(), *further.split(), case.option, output, "--language", "en"])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


each = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def test_every_option_that_names_a_file_to_write_is_tried() -> None:
    commands = next(action for action in _parser()._actions if action.choices and "checkcoverage" in action.choices)
    declared = {
        (name, one.option)
        for name, parser in commands.choices.items()  # type: ignore[union-attr]
        for one in (parser.get_default("outputs") or {}).values()
    }
    assert declared == {(case.command, case.option) for case in CASES} | BY_ITSELF


@each
def test_no_output_replaces_an_input(case: Case, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Called by its own name, from elsewhere, through a link, under a second name of the same file."""
    (here / "link").symlink_to(case.given)
    os.link(case.given, here / f"hard{Path(case.given).suffix}")
    before = files(here)
    for output in (case.given, f"{here}/plans/../{case.given}", "link", f"hard{Path(case.given).suffix}"):
        assert run(case, output) == 2
        told = capsys.readouterr().err
        assert files(here) == before, output
        if case.command != "createregister":  # whose folder is no file: refused as a stranger's, or by its ending
            assert case.option in told and "name the same file" in told and output in told


@each
def test_no_output_replaces_a_strangers_file(case: Case, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strangers = {f"mine{case.ending}": b"Notes of mine, 30 years of them\n", f"folder{case.ending}": None}
    if case.ending == ".gpkg":
        strangers["my survey.gpkg"] = None
    for name, content in strangers.items():
        if content is not None:
            (here / name).write_bytes(content)
    (here / f"folder{case.ending}").mkdir()
    before = files(here)
    for name in strangers:
        assert run(case, name) == 2
        told = capsys.readouterr().err
        assert name in told and files(here) == before
        assert "is a folder" in told if name.startswith("folder") else "is there already" in told


@each
def test_an_output_with_another_ending_is_refused(case: Case, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(here)
    for ending in (".shp", ".txt", ""):
        assert run(case, f"f{ending}") == 2
        assert f"f{ending}" in capsys.readouterr().err and files(here) == before


@pytest.mark.parametrize("case", [case for case in CASES if case.more], ids=lambda case: case.name)
def test_two_outputs_of_a_run_are_two_files(case: Case, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, name = case.more.split()
    before = files(here)
    for called in (name, name.upper(), f"./plans/../{name}"):
        assert run(case, called) == 2
        told = capsys.readouterr().err
        assert case.option in told and other in told and files(here) == before


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """Every file ends after so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, was)


@each
def test_its_own_former_output_is_replaced_and_a_full_disk_leaves_it(
    case: Case, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person runs a check again over last week's output; half of the new one must not lie under the old name."""
    output = f"mới{case.ending}"
    assert run(case, output) in (0, 1)
    assert run(case, output) in (0, 1), capsys.readouterr().err
    capsys.readouterr()
    old, before = (here / output).read_bytes(), {path.name for path in here.iterdir()}
    with full_disk(40):
        assert run(case, output, case.more and case.more.split(".")[0] + "-other." + case.more.split(".")[1]) == 2
    told = capsys.readouterr().err
    assert "could not be written" in told, told
    assert (here / output).read_bytes() == old
    assert {path.name for path in here.iterdir() if path.name.startswith(".") or "mới" in path.name} <= before


@pytest.mark.parametrize("name", ["plan.dbf", "plan.DBF", "plan.shx", "plan.prj", "plan.shp"])
def test_a_part_of_an_input_is_an_input(tmp_path: Path, name: str) -> None:
    for part in ("plan.shp", name):
        (tmp_path / part).touch()
    with pytest.raises(PlanError) as caught:
        refuse_lost_files([("--input", str(tmp_path / "plan.shp"))], [Output("--table", tmp_path / name)])
    assert caught.value.key == "error.shared_file"
    refuse_lost_files([("--input", str(tmp_path / "plan.shp"))], [Output("--table", tmp_path / "plan.csv")])


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("plan.gpkg|layername=x", "plan.gpkg"),
        ("plan.gpkg|layername=x|subset=a > 1", "plan.gpkg"),
        ("/vsizip/plan.zip/deep/plan.shp", "plan.zip"),
        ("plan.zip/deep/plan.shp", "plan.zip"),
        ("plan.gpkg", "plan.gpkg-wal"),
        ("plan.gpkg", "plan.labels.csv"),
        ("rules", "rules/verdicts.csv"),
    ],
)
def test_a_source_is_known_however_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, output: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    for name in ("plan.gpkg", "plan.zip", "plan.gpkg-wal", "plan.labels.csv", "rules/verdicts.csv"):
        (tmp_path / name).touch()
    with pytest.raises(PlanError) as caught:
        refuse_lost_files([("--input", source)], [Output("--out", Path(output))])
    assert (caught.value.values["name"], caught.value.values["other"]) == ("--out", "--input")


def test_a_text_that_is_no_path_is_no_input() -> None:
    assert parts_of("EPSG:5899") == parts_of("a\0b") == parts_of("x" * 5_000) == parts_of("a|b|c") == []


def test_what_a_person_filled_in_is_never_replaced(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register, again = here / "danh mục.csv", ["createregister", "--folder", "plans", "--language", "en", "--output"]
    assert main([*again, str(register)]) == 0
    assert main([*again, str(register)]) == 0, "a proposal that nobody has touched"
    with open(register, encoding="utf-8-sig", newline="") as file:
        head, row = csv.reader(file)
    row[[column_of(name) for name in head].index("status")] = "approved"
    with open(register, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([head, row])
    before = register.read_bytes()
    assert main([*again, str(register)]) == 2
    assert register.read_bytes() == before and "status" in capsys.readouterr().err


def test_a_list_that_is_filled_in_is_carried_on_or_left(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = ["createrules", *SHORT["CONFORMITY"].split(), "--language", "en", "--output", "list.csv"]
    assert main(pairs) == 0 == main(pairs)
    path = here / "list.csv"
    path.write_text(
        path.read_text(encoding="utf-8-sig").replace("unlisted", "compatible"),
        encoding="utf-8-sig",
    )
    before = path.read_bytes()
    assert b"compatible" in before
    assert main(pairs) == 2 and path.read_bytes() == before and "a person has written" in capsys.readouterr().err
    assert main([*pairs, "--previous", "list.csv"]) == 0
    assert "compatible" in path.read_text(encoding="utf-8-sig")


def test_a_label_map_that_is_filled_in_is_left(here: Path) -> None:
    prepare = ["prepareplan", "--input", "low.gpkg", "--code-field", "ma", "--output", "p.gpkg", "--labels", "map.csv"]
    assert main(prepare) == 0 == main(prepare)
    path = here / "map.csv"
    path.write_text(path.read_text(encoding="utf-8-sig").replace("ODT,,", "ODT,ONT,"), encoding="utf-8-sig")
    before = path.read_bytes()
    assert main(prepare) == 2 and path.read_bytes() == before


def test_a_fault_in_the_middle_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    for fault, seen in ((OSError(28, "No space left on device"), PlanError), (KeyError("x"), KeyError)):
        with pytest.raises(seen), replaced(path, csv_kind(["a", "b"])) as place:
            place.write_text("half", encoding="utf-8")
            raise fault
    assert path.read_text(encoding="utf-8") == "a,b\n1,2\n" and [one.name for one in tmp_path.iterdir()] == ["t.csv"]


def test_a_link_stays_one_and_its_file_gets_the_new_content(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "t.csv").symlink_to(tmp_path / "far" / "real.csv")
    for content in ("a\n1\n", "a\n2\n"):
        with replaced(tmp_path / "t.csv", csv_kind(["a"])) as place:
            place.write_text(content, encoding="utf-8")
    assert (tmp_path / "t.csv").is_symlink() and (tmp_path / "far" / "real.csv").read_text() == "a\n2\n"
    assert len(list(tmp_path.rglob("*"))) == 3


def test_pages_of_ours_are_known_and_others_are_not(tmp_path: Path) -> None:
    page = tmp_path / "x.html"
    for content, own in (
        ("<!DOCTYPE html><p>Plan Concord 1.0", True),
        ("<!DOCTYPE html><p>my site", False),
        ("", True),
    ):
        page.write_text(content, encoding="utf-8")
        assert (not page.stat().st_size or PAGE.stranger(page) == "") is own


def test_a_store_in_which_somebody_keeps_a_layer_of_his_own_is_left(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = gpd.read_file("low.gpkg")
    mine.to_file("one.gpkg", layer="khảo sát", driver="GPKG", engine="pyogrio")
    before = files(here)
    assert main(["checkcoverage", "--input", "low.gpkg", "--findings", "one.gpkg", "--language", "en"]) == 2
    assert "khảo sát" in capsys.readouterr().err and files(here) == before


def test_a_style_that_qgis_saved_stays_in_the_store(here: Path) -> None:
    style = "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_name TEXT, styleQML TEXT)"
    tell(Path("one.gpkg"), style, "INSERT INTO layer_styles (f_table_name, styleQML) VALUES ('findings', '<qgis/>')")
    for _ in range(2):
        assert main(["checkcoverage", "--input", "low.gpkg", "--findings", "one.gpkg"]) == 1
        assert ask(Path("one.gpkg"), "SELECT * FROM layer_styles") == [(1, "findings", "<qgis/>")]


KILLED = """
import os, sys
from pathlib import Path
from planconcord.engine.tables.writing import csv_kind, replaced
with replaced(Path(sys.argv[1]), csv_kind(["a"])) as place:
    place.write_text("a\\nhalf")
    os._exit(9)
"""


def test_a_killed_run_leaves_the_old_table_and_a_later_one_tidies_up(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)]).returncode == 9
    assert path.read_text(encoding="utf-8") == "a\n1\n"
    (left,) = [one for one in tmp_path.iterdir() if one.name.startswith(".")]
    for age_s, stays in ((0, True), (7200, False)):
        os.utime(left, (time.time() - age_s,) * 2)
        with replaced(path, csv_kind(["a"])) as place:
            place.write_text("a\n2\n", encoding="utf-8")
        assert left.exists() is stays
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"]


def test_the_folder_of_kept_results_keeps_what_others_put_there(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "f.gpkg")
    kept.keep_shape("a" * 64, b"x")
    folder = tmp_path / "f.gpkg.jobs"
    (folder / ".git").mkdir()
    for name in (".git/config", ".hidden", "notes.txt"):
        (folder / name).write_text("mine")
    (folder / ".b-12345678").mkdir()
    (folder / ".b-12345678" / "b.ground").touch()
    Kept(tmp_path / "f.gpkg").forget_the_rest()
    assert sorted(path.name for path in folder.iterdir()) == [".git", ".hidden", "notes.txt"]
    assert (folder / ".git" / "config").read_text() == "mine"
