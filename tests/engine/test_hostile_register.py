"""What a person meets who is handed a hostile or monstrous file among good ones: it is named, with the reason and what to do, and
the plans beside it are checked as if it were not there. Everything through the commands, as that person runs them.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import small_province as province
from planconcord.cli.checks import main
from planconcord.engine.intake import inspection
from planconcord.engine.province import plans as plans_module

GIB = 1 << 30
BY_THEMSELVES = {"H0", "H1", "H2", "T"}
ROW = "X,huyện,Huyện X,{source},ma,ma_dat,1:10.000,đã phê duyệt,2030,T"


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A province of three districts; the first has a zone twice, so that there is a finding to lose."""
    made = province.make(tmp_path / "tỉnh")
    shapes = [province.box(500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]
    province.district(made.parent, 0, [*shapes, shapes[0]])
    return made


def with_row(register: Path, source: str) -> Path:
    """The register with one row more."""
    with open(register, "a", encoding="utf-8") as file:
        file.write("\n" + ROW.format(source=source))
    return register


def told(output: Path, rule: str = "register.unreadable") -> dict[str, str]:
    """The message of each plan that has a finding of ``rule``."""
    found = pyogrio.read_dataframe(output, layer="findings", read_geometry=False)
    return dict(found.loc[found["rule"] == rule, ["plan_a", "message"]].itertuples(index=False))


def assert_only_x_is_refused(register: Path, folder: Path, *words: str, **options: str) -> None:
    """By checkregister and by check: X is named with the reason, and the others are checked."""
    rules = register.parent / "rules.csv"
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    state, output = folder / "state.gpkg", folder / "findings.gpkg"
    assert main(["checkregister", str(register), "--findings", str(state), "--language", "en"]) == 1
    asked = ["check", str(register), "--out", str(output), "--rules", str(rules), "--language", "en", *given]
    assert main(asked) == 1
    for place in (state, output):
        assert list(told(place)) == ["X"]
        for word in words:
            assert word in told(place)["X"], told(place)["X"]
    assert_others_are_checked(output)


def assert_others_are_checked(output: Path) -> None:
    runs = pyogrio.read_dataframe(output, layer="runs", read_geometry=False)
    single = runs[runs["check"] == "checkcoverage"]
    states = {json.loads(inputs)[0]["layer"]: status for inputs, status in zip(single["inputs"], single["status"])}
    assert {states.get(name) for name in ("H1", "H2", "T")} == {"passed"} and states["H0"] == "failed"
    assert set(told(output, "geometry.duplicate")) == {"H0"}


def monstrous_shapefile(path: Path) -> None:
    """Five gigabytes of which the disk holds a page: the header promises as much as it can."""
    with open(path, "wb") as file:
        file.write(struct.pack(">i5ii", 9994, 0, 0, 0, 0, 0, 0x7FFFFFFF) + struct.pack("<ii8d", 1000, 5, *[0.0] * 8))
        file.truncate(5 * GIB)


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on a process's memory is Linux's")
def test_five_gigabytes_where_two_are_allowed(register: Path, tmp_path: Path) -> None:
    monstrous_shapefile(register.parent / "x.shp")
    with_row(register, "x.shp")
    output = tmp_path / "findings.gpkg"
    command = [sys.executable, "-m", "planconcord", "check", str(register), "--out", str(output), "--language", "en"]
    limited = "import resource, os, sys; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", limited, *command, "--rules", str(register.parent / "rules.csv")],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 1, done.stderr
    message = told(output)["X"]
    assert "x.shp would take about 12,800 MB of memory and" in message and "Divide it" in message
    assert int(message.split(" MB are there")[0].split()[-1].replace(",", "")) <= 2048
    assert_others_are_checked(output)


def test_five_gigabytes_and_a_limit_that_a_person_set(register: Path, tmp_path: Path) -> None:
    monstrous_shapefile(register.parent / "x.shp")
    output = tmp_path / "findings.gpkg"
    asked = ["check", str(with_row(register, "x.shp")), "--out", str(output), "--language", "en", "--memory", "2048"]
    assert main([*asked, "--rules", str(register.parent / "rules.csv")]) == 1
    assert "12,800 MB of memory and 2,048 MB are there. Divide it" in told(output)["X"]
    assert_others_are_checked(output)


def test_a_zip_bomb(register: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(register.parent / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.geojson", b"0" * (80 << 20))
    assert_only_x_is_refused(with_row(register, "x.zip"), tmp_path, "x.zip", "MB")


def test_a_zip_that_writes_elsewhere(register: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(register.parent / "x.zip", "w") as archive:
        archive.writestr("../../escaped.geojson", b"{}")
    assert_only_x_is_refused(with_row(register, "x.zip"), tmp_path, "x.zip", "../../escaped.geojson")
    assert not list(tmp_path.rglob("escaped*"))


@pytest.mark.parametrize("source", ["deep/../../outside.gpkg", "{absolute}"])
def test_a_path_that_leaves_the_folder(source: str, register: Path, tmp_path: Path) -> None:
    province.layer(tmp_path / "outside.gpkg", [province.box(3000, 0, 1000, 1000)], ma=["X1"], ma_dat=["LUC"])
    source = source.format(absolute=tmp_path / "outside.gpkg")
    assert_only_x_is_refused(with_row(register, source), tmp_path, "row 6", "leads out of the register's folder")


def test_a_path_that_leaves_the_folder_and_may(register: Path, tmp_path: Path) -> None:
    province.layer(tmp_path / "outside.gpkg", [province.box(3000, 0, 1000, 1000)], ma=["X1"], ma_dat=["LUC"])
    state = tmp_path / "state.gpkg"
    asked = ["checkregister", str(with_row(register, "../outside.gpkg")), "--findings", str(state)]
    assert main([*asked, "--outside"]) == 0
    assert told(state) == {}


def test_a_boundary_and_a_label_map_that_leave_the_folder(register: Path, tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(register.read_text(encoding="utf-8-sig"))))
    rows = [[*row, *more] for row, more in zip(rows, [["boundary", "label_map"], *[["", ""]] * 4])]
    rows.append(
        ["X", "huyện", "Huyện X", "h1.gpkg", "ma", "ma_dat", "10000", "đã phê duyệt", "2030", "T", "/etc/passwd", ""]
    )
    with open(register, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert_only_x_is_refused(register, tmp_path, "boundary", "leads out of the register's folder")


def test_names_of_fields_with_quotes_and_sql(register: Path, tmp_path: Path) -> None:
    key, code = 'ma"; DROP TABLE findings;--', "đất' OR '1'='1"
    shape = province.box(3000, 0, 1000, 1000)
    frame = gpd.GeoDataFrame({key: ["'); DROP TABLE runs;--"], code: ["LUC"]}, geometry=[shape], crs=province.CRS)
    pyogrio.write_dataframe(frame, register.parent / "x.gpkg", layer='x"; DROP TABLE x;--', driver="GPKG")
    row = [
        "X",
        "huyện",
        'Huyện "X"',
        'x.gpkg|layername=x"; DROP TABLE x;--',
        key,
        code,
        "10000",
        "đã phê duyệt",
        "2030",
        "T",
    ]
    with open(register, "a", encoding="utf-8", newline="") as file:
        file.write("\n")
        csv.writer(file).writerow(row)
    output = tmp_path / "findings.gpkg"
    asked = ["check", str(register), "--out", str(output), "--rules", str(register.parent / "rules.csv")]
    assert main([*asked, "--language", "en"]) == 1
    assert told(output) == {}
    unplanned = pyogrio.read_dataframe(output, layer="findings").query(
        "plan_a == 'X' and rule == 'conformity.unplanned'"
    )
    assert unplanned["zone_a"].tolist() == ["'); DROP TABLE runs;--"]
    assert_others_are_checked(output)


ENTITIES = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def workbook(register: Path, spoilt: str = "") -> Path:
    """The register as a workbook; ``spoilt``: the part that gets an external entity."""
    path = register.with_suffix(".xlsx")
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(register.read_text(encoding="utf-8-sig"))):
        book.active.append(row)
    book.save(path)
    if spoilt:
        parts = dict(_parts(path))
        head, _, body = parts[spoilt].partition(b"?>")
        parts[spoilt] = head + b"?>" + ENTITIES + body if body else ENTITIES + parts[spoilt]
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
    return path


def _parts(path: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.mark.parametrize("command", [["checkregister", "--findings"], ["check", "--out"]])
def test_a_register_with_external_entities(
    command: list[str], register: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml"):
        output = tmp_path / "out.gpkg"
        path = workbook(register, spoilt=part)
        assert main([command[0], str(path), command[1], str(output), "--language", "en"]) == 2
        error = capsys.readouterr().err
        assert path.name in error and "root:" not in error
        assert not output.exists()


def test_a_register_with_a_formula_takes_the_value_that_was_kept(
    register: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workbook(register)
    formula = rb'<c r="A2" t="str"><f>HYPERLINK("http://127.0.0.1/x")</f><v>H0</v></c>'
    with_formula = {name: re.sub(rb'<c r="A2"[^>]*>.*?</c>', formula, content) for name, content in _parts(path)}
    assert formula in with_formula["xl/worksheets/sheet1.xml"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in with_formula.items():
            archive.writestr(name, content)
    assert main(["checkregister", str(path), "--findings", str(tmp_path / "s.gpkg"), "--language", "en"]) == 0
    assert "district: 3 of 3 approved" in capsys.readouterr().out


def test_ten_thousand_rows(register: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file is opened once, however many rows name it, and what is missing costs next to nothing."""
    opened: list[str] = []

    def counted(source: str, *limits: int | None) -> inspection.Inspection:
        opened.append(source)
        return inspection.inspect(source, *limits)

    monkeypatch.setattr(plans_module, "inspect", counted)
    names = ["h1.gpkg" if number % 2 else "gone.gpkg" for number in range(10_000)]
    with open(register, "a", encoding="utf-8") as file:
        for number, name in enumerate(names):
            file.write(f"\nX{number},huyện,Huyện X{number},{name},ma,ma_dat,1:10.000,đã phê duyệt,2030,T")
    assert main(["checkregister", str(register), "--findings", str(tmp_path / "s.gpkg"), "--language", "en"]) == 1
    assert len(told(tmp_path / "s.gpkg")) == 5_000
    assert len(opened) == 5
