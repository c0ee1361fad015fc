"""Many plans in one go. The batch window is the program's; qgis_process offers a script that loops, in one start of QGIS."""

from __future__ import annotations

from pathlib import Path

from .conftest import Qgis
from .drawing import CLEAN, OVERLAPPING, draw, rows

SCRIPT = str(Path(__file__).resolve().parent / "check_folder.py")


def test_every_plan_of_a_folder_is_checked_and_a_bad_file_stops_nobody(qgis: Qgis, tmp_path: Path) -> None:
    plans, results = tmp_path / "huyện", tmp_path / "kết quả"
    draw(plans / "1 Đông Hải.geojson", CLEAN)
    draw(plans / "2 không có gì.geojson", [])
    draw(plans / "3 Tây Sơn.geojson", OVERLAPPING)
    draw(plans / "4 An Trạch.geojson", [*CLEAN, (0, 0, 100, 100, "3", "LUC")])
    found = qgis.run(SCRIPT, FOLDER=str(plans), RESULTS=str(results))
    assert found["CHECKED"] == 3
    assert found["DEFECTIVE"] == "3 Tây Sơn;4 An Trạch"
    assert found["REFUSED"] == "2 không có gì"
    made = {path.stem: [row["rule"] for row in rows(str(path))] for path in sorted(results.iterdir())}
    assert made == {
        "1 Đông Hải": [],
        "3 Tây Sơn": ["coverage.overlap"],
        "4 An Trạch": ["geometry.duplicate"],
    }


def test_many_plans_one_after_the_other_leave_one_file_each(qgis: Qgis, tmp_path: Path) -> None:
    plans, results = tmp_path / "plans", tmp_path / "results"
    for number in range(13):
        draw(plans / f"{number:02}.geojson", OVERLAPPING)
    found = qgis.run(SCRIPT, FOLDER=str(plans), RESULTS=str(results))
    assert (found["CHECKED"], found["REFUSED"]) == (13, "")
    assert sorted(path.name for path in results.iterdir()) == [f"{number:02}.gpkg" for number in range(13)]
