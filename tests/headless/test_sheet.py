"""The sheets by the real qgis_process: from a check of the demo's first district to pages to print."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import sheets

from .conftest import Qgis


@pytest.fixture(scope="module")
def demo(qgis: Qgis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phiếu họp") / "tỉnh"
    return Path(qgis.run("planconcord:createdemo", FOLDER=str(folder), SEED=1, SIZE=2000)["REGISTER"])


def plans(register: Path) -> dict[str, dict[str, str]]:
    with open(register, encoding="utf-8-sig", newline="") as file:
        return {row["plan_id"]: row for row in csv.DictReader(file)}


def test_the_sheets_of_a_district_of_the_demo(qgis: Qgis, demo: Path) -> None:
    known = plans(demo)
    lower, upper = known["QHSDD-H12"], known["QHT"]
    store = demo.parent.parent / "kho phát hiện.gpkg"
    qgis.run(
        "planconcord:checkconformity",
        LOWER=str(demo.parent / lower["source"]),
        LOWER_KEY=lower["key_field"],
        LOWER_CODE=lower["code_field"],
        LOWER_PLAN="QHSDD-H12",
        LOWER_SCALE=lower["scale"],
        UPPER=str(demo.parent / upper["source"]),
        UPPER_KEY=upper["key_field"],
        UPPER_CODE=upper["code_field"],
        UPPER_PLAN="QHT",
        UPPER_SCALE=upper["scale"],
        TERRITORY=lower["territory"],
        FINDINGS=str(store),
    )
    given = {
        "FINDINGS": str(store),
        "PLANS": [str(demo.parent / lower["source"])],
        "CODE_FIELD": lower["code_field"],
        "LANGUAGE": "vi",
    }
    counts, pages = {}, {}
    for redact in (True, False):
        folder = demo.parent.parent / f"trang {redact}"
        found = qgis.run("planconcord:writesheet", **given, REDACT_DEFENCE=redact, OUTPUT=str(folder))
        assert found["SHEET_COUNT"] == 1 and found["DISPUTED_COUNT"] == found["FINDING_COUNT"]
        counts[redact] = found["FINDING_COUNT"]
        pages[redact] = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.html")))
        assert lower["territory"] in pages[redact] and 'class="zone"' in pages[redact]
    assert 0 < counts[True] <= counts[False]
    assert not [word for word in ("CQP", "CQA", "Z_QPAN", "quốc phòng") if word in pages[True]]


def test_defence_land_is_left_out_unless_told_otherwise(qgis: Qgis, tmp_path: Path) -> None:
    sheets.write(tmp_path / "kho.gpkg")
    given = {"FINDINGS": str(tmp_path / "kho.gpkg"), "OUTPUT": str(tmp_path / "trang"), "LANGUAGE": "vi"}
    assert qgis.run("planconcord:writesheet", **given)["FINDING_COUNT"] == 3
    page = (tmp_path / "trang" / "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert "CQP" not in page and "21,08 ha" not in page
    assert qgis.run("planconcord:writesheet", **given, REDACT_DEFENCE=False)["FINDING_COUNT"] == 6
    page = (tmp_path / "trang" / "sheet-huyen-a.html").read_text(encoding="utf-8")
    assert "CQP" in page and "21,08 ha" in page


def test_a_missing_store_is_told(qgis: Qgis, tmp_path: Path) -> None:
    told = qgis.fail("planconcord:writesheet", FINDINGS=str(tmp_path / "không có.gpkg"), OUTPUT=str(tmp_path / "x"))
    assert "không có.gpkg" in json.dumps(told, ensure_ascii=False)
    assert not (tmp_path / "x").exists()
