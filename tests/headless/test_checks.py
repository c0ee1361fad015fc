"""The checks in the real qgis_process, as a technician or a night job starts them: command line, JSON, exit status."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import fiona
import pytest

from .conftest import Qgis
from .drawing import CLEAN, OVERLAPPING, TERRITORY, draw, rows

VIETNAMESE = {"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "vi_VN.UTF-8"}
LOWER = [(0, 0, 100, 100, "1", "RSX"), (100, 0, 100, 100, "2", "LUC")]
UPPER = [(0, 0, 150, 100, "A", "Z_LUA")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name has spaces and Vietnamese letters."""
    return tmp_path_factory.mktemp("quy hoạch huyện Đông")


@pytest.fixture(scope="module")
def plans(folder: Path) -> dict[str, str]:
    """The layers of this file."""
    drawn = {"clean": CLEAN, "overlapping": OVERLAPPING, "territory": TERRITORY, "lower": LOWER, "upper": UPPER}
    return {name: draw(folder / f"lớp {name}.geojson", zones) for name, zones in drawn.items()}


def printed(output: str) -> dict[str, str]:
    """The results that qgis_process prints at the end."""
    lines = output[output.index("Results\n") :].splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def test_the_toolbox_lists_the_algorithms_and_their_help(qgis: Qgis) -> None:
    listed = qgis("list").stdout
    for name in ("checkcoverage", "checkconformity", "createdemo"):
        assert f"planconcord:{name}" in listed
    told = qgis("help", "planconcord:checkcoverage")
    assert told.returncode == 0 and "WIDTH_TOLERANCE" in told.stdout and "OVERLAP_COUNT" in told.stdout
    described = json.loads(qgis("--json", "help", "planconcord:checkconformity").stdout)
    assert {"LOWER", "UPPER", "RULES", "FINDINGS"} <= set(described["parameters"])
    assert described["outputs"]["CONFORMS"]["type"] == "outputBoolean"


def test_coverage_by_the_command_line(qgis: Qgis, plans: dict[str, str], folder: Path) -> None:
    findings = folder / "kết quả" / "phát hiện.gpkg"
    given = {"INPUT": plans["overlapping"], "BOUNDARY": plans["territory"], "KEY_FIELD": "so", "CODE_FIELD": "ma"}
    given |= {"WIDTH_TOLERANCE": "0", "FINDINGS": str(findings), "RUNS": str(folder / "lần chạy.csv")}
    done = qgis("run", "planconcord:checkcoverage", "--", *(f"{name}={value}" for name, value in given.items()))
    assert done.returncode == 0, done.stderr
    results = printed(done.stdout)
    assert (results["OVERLAP_COUNT"], results["OVERLAP_AREA"]) == ("1", "4000")
    assert (results["GAP_COUNT"], results["GAP_AREA"], results["CONFORMS"]) == ("1", "4000", "false")
    assert results["FINDINGS"] == str(findings)
    assert fiona.listlayers(findings)[0] == "phát hiện"
    found = {row["rule"]: row for row in rows(str(findings))}
    assert set(found) == {"coverage.overlap", "coverage.gap"}
    overlap = found["coverage.overlap"]
    assert (overlap["zone_a"], overlap["zone_b"], overlap["severity"]) == ("1", "2", "error")
    assert overlap["geometry"].area == pytest.approx(4000) and overlap["message"].startswith("Zones 1")
    assert sorted(path.name for path in findings.parent.iterdir()) == ["phát hiện.gpkg"]
    assert "checkcoverage" in (folder / "lần chạy.csv").read_text(encoding="utf-8")


def test_a_plan_that_conforms(qgis: Qgis, plans: dict[str, str], folder: Path) -> None:
    found = qgis.run("planconcord:checkcoverage", INPUT=plans["clean"], FINDINGS=str(folder / "clean.gpkg"))
    assert found["CONFORMS"] is True and found["OVERLAP_COUNT"] == 0


def test_conformity_by_json(qgis: Qgis, plans: dict[str, str], folder: Path) -> None:
    findings = folder / "conformity.gpkg"
    found = qgis.run(
        "planconcord:checkconformity",
        LOWER=plans["lower"],
        LOWER_KEY="so",
        LOWER_CODE="ma",
        UPPER=plans["upper"],
        UPPER_KEY="so",
        UPPER_CODE="ma",
        LOWER_SCALE=10_000,
        UPPER_SCALE="25000",
        FINDINGS=str(findings),
    )
    assert found["CONFORMS"] is False
    assert (found["CONFLICT_COUNT"], found["CONFLICT_AREA"]) == (1, 10_000)
    assert (found["UNPLANNED_COUNT"], found["UNPLANNED_AREA"]) == (1, 5_000)
    [conflict] = [row for row in rows(str(findings)) if row["rule"] == "conformity.conflict"]
    assert (conflict["zone_a"], conflict["code_a"], conflict["zone_b"], conflict["code_b"]) == (
        "1",
        "RSX",
        "A",
        "Z_LUA",
    )
    assert conflict["must_adjust"] and conflict["width_m"] == pytest.approx(100, rel=0.01)


def test_another_crs_for_the_upper_plan_changes_no_area(qgis: Qgis, plans: dict[str, str], folder: Path) -> None:
    """The transformation in the real program, with the libraries that the guard chose."""
    moved = folder / "tỉnh 4326.gpkg"
    inputs = {"INPUT": plans["upper"], "TARGET_CRS": "EPSG:4326", "OUTPUT": str(moved)}
    qgis.run("native:reprojectlayer", **inputs)
    fields = {"LOWER_CODE": "ma", "UPPER_CODE": "ma", "FINDINGS": str(folder / "moved.gpkg")}
    found = qgis.run("planconcord:checkconformity", LOWER=plans["lower"], UPPER=str(moved), **fields)
    # The edges of the upper zone are straight in degrees, and bend by 0.3 mm in metres.
    assert found["CONFLICT_AREA"] == pytest.approx(10_000, rel=5e-6)
    assert found["UNPLANNED_AREA"] == pytest.approx(5_000, rel=5e-6)


@pytest.mark.parametrize(
    ("variables", "words"),
    [({}, "has no field loại. It has: so, ma."), (VIETNAMESE, "không có trường loại. Các trường hiện có: so, ma.")],
    ids=["en", "vi"],
)
def test_a_refusal_exits_with_1_and_says_why(
    qgis: Qgis, plans: dict[str, str], folder: Path, variables: dict[str, str], words: str
) -> None:
    findings = folder / "refused.gpkg"
    given = (f"INPUT={plans['clean']}", "CODE_FIELD=loại", f"FINDINGS={findings}")
    done = qgis("run", "planconcord:checkcoverage", "--", *given, variables=variables)
    assert done.returncode == 1
    assert words in done.stderr and "Traceback" not in done.stderr
    said = qgis.fail(
        "planconcord:checkcoverage", variables, INPUT=plans["clean"], CODE_FIELD="loại", FINDINGS=str(findings)
    )
    assert words in said
    assert not findings.exists()


def test_a_profile_that_is_set_to_vietnamese_speaks_it(qgis: Qgis, plans: dict[str, str], tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    shutil.copytree(qgis.profile, profile, symlinks=True)
    settings = profile / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    settings.write_text(settings.read_text() + "\n[locale]\noverrideFlag=true\nuserLocale=vi\n")
    vietnamese = Qgis(profile)
    findings = tmp_path / "findings.gpkg"
    found = vietnamese.run("planconcord:checkcoverage", INPUT=plans["overlapping"], FINDINGS=str(findings))
    assert found["OVERLAP_COUNT"] == 1
    assert "chồng lấn" in rows(str(findings))[0]["message"]
    assert "Kiểm tra" in vietnamese("help", "planconcord:checkcoverage").stdout


def test_a_refusal_and_an_unwritable_place_leave_the_old_result(
    qgis: Qgis, plans: dict[str, str], tmp_path: Path
) -> None:
    findings = tmp_path / "findings.gpkg"
    qgis.run("planconcord:checkcoverage", INPUT=plans["overlapping"], FINDINGS=str(findings))
    before = findings.read_bytes()
    qgis.fail("planconcord:checkcoverage", INPUT=plans["clean"], WIDTH_TOLERANCE="0,5", FINDINGS=str(findings))
    runs = tmp_path / "no folder"
    runs.write_text("", encoding="utf-8")
    said = qgis.fail(
        "planconcord:checkcoverage", INPUT=plans["clean"], FINDINGS=str(findings), RUNS=str(runs / "runs.csv")
    )
    assert "could not be written" in said and "runs.csv" in said
    assert findings.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["findings.gpkg", "no folder"]


def test_the_demo_province_is_made(qgis: Qgis, tmp_path: Path) -> None:
    made = qgis.run("planconcord:createdemo", FOLDER=str(tmp_path / "tỉnh mẫu"), SEED=1, SIZE=2000)
    register = Path(made["REGISTER"])
    assert register.is_file() and register.parent == tmp_path / "tỉnh mẫu"
