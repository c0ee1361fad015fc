"""checkborders in the real qgis_process: files of neighbouring districts, a GeoPackage of findings, numbers to branch on."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Qgis
from .drawing import draw, rows

NORTH = [(0, 0, 100, 100, "1", "LUC"), (0, 100, 100, 100, "2", "ONT")]
EAST = [(95, 0, 100, 100, "1", "RSX"), (102, 100, 93, 100, "2", "CLN")]
SOUTH = [(0, -100, 100, 100, "1", "RPH")]


@pytest.fixture(scope="module")
def districts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("quy hoạch tỉnh")
    drawn = {"Huyện Bắc": NORTH, "Huyện Đông": EAST, "Huyện Nam": SOUTH}
    return [draw(folder / f"{name}.geojson", zones) for name, zones in drawn.items()]


def test_three_districts_in_three_files(qgis: Qgis, districts: list[str], tmp_path: Path) -> None:
    place = tmp_path / "ranh giới.gpkg"
    found = qgis.run(
        "planconcord:checkborders",
        INPUT=districts,
        KEY_FIELD="so",
        CODE_FIELD="ma",
        WIDTH_TOLERANCE=1,
        FINDINGS=str(place),
    )
    assert (found["OVERLAP_COUNT"], found["OVERLAP_AREA"], found["GAP_COUNT"]) == (1, 500, 1)
    assert found["GAP_AREA"] == pytest.approx(200, rel=0.005)
    assert found["BORDER_COUNT"] == 3 and found["CONFORMS"] is False
    findings = rows(str(place))
    assert [row["rule"] for row in findings] == ["border.gap", "border.overlap", "border.mismatch"]
    assert {(row["plan_a"], row["plan_b"]) for row in findings} == {("Huyện Bắc", "Huyện Đông")}


def test_the_layers_are_repeated_on_the_command_line(qgis: Qgis, districts: list[str], tmp_path: Path) -> None:
    given = [f"INPUT={path}" for path in districts]
    done = qgis("run", "planconcord:checkborders", "--", *given, "SCALE=20000", f"FINDINGS={tmp_path / 'f.gpkg'}")
    assert done.returncode == 0, done.stderr
    assert "CONFORMS:\ttrue" in done.stdout and "OVERLAP_COUNT:\t0" in done.stdout


def test_one_district_alone_is_refused(qgis: Qgis, districts: list[str], tmp_path: Path) -> None:
    said = qgis.fail("planconcord:checkborders", INPUT=districts[:1], FINDINGS=str(tmp_path / "f.gpkg"))
    assert "Only one territory" in said and "Huyện Bắc" in said
    assert not (tmp_path / "f.gpkg").exists()
