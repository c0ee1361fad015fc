"""prepareplan inside QGIS: codes of an older circular, the list of those that a person decides, and the list fed back."""

from __future__ import annotations

from pathlib import Path

from intake_files import write, zones

from .conftest import run, says
from .test_intake import rows


def test_old_codes_come_into_force_and_the_open_ones_are_listed(tmp_path: Path) -> None:
    path = write(tmp_path, "gpkg", zones().assign(ma=["LUN", "BHK", "SKX", "LUC"]))
    listed = tmp_path / "mã.csv"
    given = {"FILE": str(path), "CODE_FIELD": "ma", "CODE_GENERATION": "tt27_2018", "OUTPUT": "memory:"}
    done = run("prepareplan", {**given, "CODES": str(listed)})
    assert done.ok, done.error
    assert (done["SUCCEEDED_COUNT"], done["REVIEW_COUNT"], done["CODES"]) == (2, 1, str(listed))
    assert [row["ma"] for row in rows(done)] == ["LUK", "HNK", "SKX", "LUC"]
    assert [row["old_code_of_ma"] for row in rows(done)] == ["LUN", "BHK", "SKX", "LUC"]
    lines = listed.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("code,successor,count,") and lines[1].startswith("SKX,,1,")
    listed.write_text("code,successor\nSKX,SKS\n", encoding="utf-8")
    done = run("prepareplan", {**given, "CODE_LIST": str(listed)})
    assert done.ok and (done["SUCCEEDED_COUNT"], done["REVIEW_COUNT"]) == (3, 0)
    assert [row["ma"] for row in rows(done)] == ["LUK", "HNK", "SKS", "LUC"]


def test_without_a_generation_codes_stay_and_no_list_can_be_made(tmp_path: Path) -> None:
    path = write(tmp_path, "gpkg", zones().assign(ma=["LUN", "BHK", "SKX", "LUC"]))
    done = run("prepareplan", {"FILE": str(path), "CODE_FIELD": "ma", "OUTPUT": "memory:"})
    assert done.ok and done["SUCCEEDED_COUNT"] == 0 and not done["CHANGED"]
    assert [row["ma"] for row in rows(done)] == ["LUN", "BHK", "SKX", "LUC"]
    given = {"FILE": str(path), "CODE_FIELD": "ma", "CODES": str(tmp_path / "c.csv"), "LANGUAGE": "vi"}
    refused = run("prepareplan", {**given, "OUTPUT": "memory:"})
    assert not refused.ok and says(refused.error, "error.code_generation", "vi")
