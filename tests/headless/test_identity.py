"""PREVIOUS, comparefindings and comparedrafts in the real qgis_process: two drafts of a plan in files."""

from __future__ import annotations

from pathlib import Path

from .conftest import Qgis
from .drawing import draw, rows

FIRST = [(0, 0, 100, 100, "1", "LUC"), (80, 0, 100, 100, "2", "ONT"), (180, 0, 100, 100, "3", "CLN")]
SECOND = [(180, 0, 100, 100, "9", "LUC"), (60, 0, 120, 100, "8", "ONT"), (0, 0, 100, 100, "7", "LUC")]
FIELDS = {"KEY_FIELD": "so", "CODE_FIELD": "ma", "WIDTH_TOLERANCE": 2, "PLAN": "QH-1"}


def test_two_drafts(qgis: Qgis, tmp_path: Path) -> None:
    one, two = draw(tmp_path / "dự thảo 1.geojson", FIRST), draw(tmp_path / "dự thảo 2.geojson", SECOND)
    stores = [str(tmp_path / f"phát hiện {number}.gpkg") for number in (1, 2)]
    qgis.run("planconcord:checkcoverage", INPUT=one, FINDINGS=stores[0], **FIELDS)
    found = qgis.run("planconcord:checkcoverage", INPUT=two, PREVIOUS=stores[0], FINDINGS=stores[1], **FIELDS)
    assert [found[f"{name}_COUNT"] for name in ("NEW", "CHANGED", "RESOLVED", "LAPSED")] == [0, 1, 0, 0]
    [before], [after] = rows(stores[0]), rows(stores[1])
    assert after["finding_id"] == before["finding_id"] and after["change"] == "changed"
    fates = qgis.run(
        "planconcord:comparefindings",
        PREVIOUS=stores[0],
        CURRENT=stores[1],
        WIDTH_TOLERANCE=2,
        OUTPUT=str(tmp_path / "kết cục.gpkg"),
    )
    assert (fates["CHANGED_COUNT"], fates["NEW_COUNT"], fates["RESOLVED_COUNT"]) == (1, 0, 0)
    codes = {"BEFORE_CODE": "ma", "AFTER_CODE": "ma", "WIDTH_TOLERANCE": 2}
    drafts = qgis.run(
        "planconcord:comparedrafts", BEFORE=one, AFTER=two, CHANGES=str(tmp_path / "thay đổi.gpkg"), **codes
    )
    assert drafts["CLOSES"] is True and (drafts["CHANGE_COUNT"], drafts["CHANGE_AREA"]) == (1, 10_000)
