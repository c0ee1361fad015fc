"""Rule sets by the real qgis_process: the list of pairs, its way back into a check, and the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Qgis
from .drawing import draw

LOWER = [(0, 0, 100, 100, "1", "RSX"), (100, 0, 100, 100, "2", "qh dat cayxanh")]
UPPER = [(0, 0, 150, 100, "A", "Z_LUA"), (150, 0, 50, 100, "B", "D.ODTMOi")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bộ quy tắc")


def listed(qgis: Qgis, folder: Path, name: str, **more: str) -> dict:
    plans = {"LOWER": draw(folder / "lower.geojson", LOWER), "UPPER": draw(folder / "upper.geojson", UPPER)}
    fields = {"LOWER_CODE": "ma", "UPPER_CODE": "ma"}
    return qgis.run("planconcord:createrules", **plans, **fields, OUTPUT=str(folder / name), **more)


@pytest.mark.parametrize("name", ["danh sách.csv", "danh sách.xlsx"])
def test_a_list_is_written_and_is_a_rule_set(qgis: Qgis, folder: Path, name: str) -> None:
    found = listed(qgis, folder, name)
    assert (found["PAIR_COUNT"], found["UNLISTED_COUNT"], found["PROPOSED_COUNT"]) == (3, 2, 2)
    assert found["PAIR_AREA"] == pytest.approx(20_000)
    checked = qgis.run(
        "planconcord:checkconformity",
        LOWER=str(folder / "lower.geojson"),
        LOWER_CODE="ma",
        UPPER=str(folder / "upper.geojson"),
        UPPER_CODE="ma",
        RULES=str(folder / name),
        FINDINGS=str(folder / "findings.gpkg"),
    )
    assert (checked["CONFLICT_COUNT"], checked["CONFLICT_AREA"]) == (1, pytest.approx(10_000))
    assert (checked["UNLISTED_COUNT"], checked["UNLISTED_AREA"]) == (2, pytest.approx(10_000))


def test_the_page_and_the_help(qgis: Qgis, folder: Path) -> None:
    found = qgis.run("planconcord:showrules", OUTPUT=str(folder / "trang.html"))
    assert found["ROW_COUNT"] == found["REVIEW_COUNT"] == 1235
    assert (folder / "trang.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    told = qgis("help", "planconcord:createrules").stdout
    assert "PREVIOUS" in told and "UNLISTED_COUNT" in told


def test_a_wrong_rule_set_never_runs(qgis: Qgis, folder: Path) -> None:
    (folder / "wrong.csv").write_text("upper_code,lower_code,verdict\nA,B,oh\nA,C,\n", encoding="utf-8")
    told = qgis.fail("planconcord:showrules", RULES=str(folder / "wrong.csv"), OUTPUT=str(folder / "wrong.html"))
    assert "row 2, column verdict: oh" in told and "row 3, column verdict: empty" in told
    assert not (folder / "wrong.html").exists()
