"""checkprovince, checkregister and createregister inside QGIS: the same as the engine, typed outputs, cancel, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from planconcord.engine.register.reading import read_register
from small_province import assert_same, box, check, content, district, make

from .conftest import Listening, run

FAULTY = [box(1000, 0, 500, 500), box(1000, 500, 500, 500), box(1500, 0, 500, 500), box(1500, 500, 480, 500)]


@pytest.fixture
def register(tmp_path: Path) -> Path:
    made = make(tmp_path / "tỉnh")
    district(made.parent, 1, FAULTY, ["LUC", "SKC", "LUC", "ZZZ"])
    return made


def inputs(register: Path, **more: object) -> dict[str, object]:
    return {"REGISTER": str(register), "RULES": str(register.parent / "rules.csv"), "LANGUAGE": "en", **more}


def test_the_findings_of_the_engine_and_numbers_for_models(register: Path, tmp_path: Path) -> None:
    output, plain = tmp_path / "q.gpkg", tmp_path / "plain.gpkg"
    found = run("checkprovince", inputs(register, OUTPUT=str(output)))
    assert found.ok, found.error
    made = check(register, plain)
    assert_same(output, plain)
    assert found["ERROR_COUNT"] == made.result.value("error_count") == 4
    assert (found["CHECK_COUNT"], found["NOT_ASSESSED_COUNT"], found["REUSED_COUNT"]) == (13, 0, 0)
    assert found["CONFORMS"] is False and found["STATUS"] == "failed"
    again = run("checkprovince", inputs(register, OUTPUT=str(output)))
    assert again["REUSED_COUNT"] == 13
    assert_same(output, plain)


def test_a_plan_that_cannot_be_read_does_not_stop_the_others(register: Path, tmp_path: Path) -> None:
    (register.parent / "h0.gpkg").unlink()
    found = run("checkprovince", inputs(register, OUTPUT=str(tmp_path / "q.gpkg")))
    assert found.ok and found["UNREADABLE_COUNT"] == 1 and found["NOT_ASSESSED_COUNT"] == 3
    assert "Not assessed: Coverage: Huyện A" in found.log
    assert found["CONFORMS"] is False


@pytest.mark.parametrize("output", ["f.shp", "register.csv"])
def test_findings_are_a_geopackage_beside_the_register(register: Path, output: str) -> None:
    found = run("checkprovince", inputs(register, OUTPUT=str(register.parent / output)))
    assert not found.ok and (".gpkg" if output == "f.shp" else "OUTPUT and REGISTER") in found.error


def test_cancelling_leaves_a_partial_run_from_which_the_next_goes_on(register: Path, tmp_path: Path) -> None:
    output, plain = tmp_path / "q.gpkg", tmp_path / "plain.gpkg"
    run("checkprovince", inputs(register, OUTPUT=str(output)), Listening(cancel_after=40.0))
    states = content(output)[3]["status"].tolist()
    assert "cancelled" in states and len(set(states)) > 1
    found = run("checkprovince", inputs(register, OUTPUT=str(output)))
    assert 0 < found["REUSED_COUNT"] < 13
    check(register, plain)
    assert_same(output, plain)


def test_the_state_of_the_register(register: Path, tmp_path: Path) -> None:
    given = {"REGISTER": str(register), "DATE": "1/1/2031", "LANGUAGE": "vi", "FINDINGS": str(tmp_path / "r.gpkg")}
    found = run("checkregister", given)
    assert found.ok, found.error
    assert (found["PLAN_COUNT"], found["APPROVED_COUNT"], found["EXPIRED_COUNT"]) == (4, 4, 4)
    assert (
        found["BOARD"]
        == "tỉnh: 1/1 đã phê duyệt, 0 đã trình, 0 chưa có\nhuyện: 3/3 đã phê duyệt, 0 đã trình, 0 chưa có"
    )
    assert not run("checkregister", {**given, "DATE": "soon"}).ok


def test_a_register_from_a_folder(register: Path) -> None:
    made = register.parent / "danh mục.xlsx"
    found = run("createregister", {"FOLDER": str(register.parent), "OUTPUT": str(made), "LANGUAGE": "vi"})
    assert found.ok and found["PLAN_COUNT"] == 4
    with pytest.raises(Exception, match="level"):  # h0 … say nothing of their level: a person has to
        read_register(made)
