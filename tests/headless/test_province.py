"""One register in qgis_process, in the example model and on the command line: the same findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small_province import assert_same, box, district, make

from .conftest import Qgis

MODEL = "planconcord:Check a province, errors apart – Kiểm tra tỉnh, tách lỗi"
FAULTY = [box(1000, 0, 500, 500), box(1000, 500, 500, 500), box(1500, 0, 500, 500), box(1500, 500, 480, 500)]


@pytest.fixture
def register(tmp_path: Path) -> Path:
    made = make(tmp_path / "tỉnh nhỏ")
    district(made.parent, 1, FAULTY, ["LUC", "SKC", "LUC", "ZZZ"])
    return made


def test_the_same_from_the_toolbox_the_model_and_the_command_line(qgis: Qgis, register: Path, tmp_path: Path) -> None:
    toolbox, model, plain = (tmp_path / f"{name}.gpkg" for name in ("toolbox", "model", "plain"))
    found = qgis.run("planconcord:checkprovince", REGISTER=str(register), OUTPUT=str(toolbox))
    assert found["CONFORMS"] is False and found["STATUS"] == "failed"
    assert found["CHECK_COUNT"] == 13 and found["NOT_ASSESSED_COUNT"] == 0
    errors = tmp_path / "errors.gpkg"
    qgis.run(MODEL, register=str(register), findings=str(model), errors=str(errors))
    arguments = [sys.executable, "-m", "planconcord", "check", str(register), "--out", str(plain), "--language", "en"]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8")
    assert done.returncode == 1 and f"ERROR_COUNT: {found['ERROR_COUNT']}" in done.stdout
    assert_same(toolbox, plain)
    assert_same(model, plain)
    assert errors.is_file()


def test_a_register_made_checked_and_refused(qgis: Qgis, register: Path, tmp_path: Path) -> None:
    made = qgis.run("planconcord:createregister", FOLDER=str(register.parent), OUTPUT=str(register.parent / "mới.csv"))
    assert made["PLAN_COUNT"] == 4
    found = qgis.run(
        "planconcord:checkregister", REGISTER=str(register), FINDINGS=str(tmp_path / "r.gpkg"), DATE="1/1/2031"
    )
    assert found["EXPIRED_COUNT"] == 4 and found["CONFORMS"] is True
    assert found["BOARD"].endswith("district: 3 of 3 approved, 0 submitted, 0 not yet")
    register.write_text("plan_id,level\nA,huyện\n", encoding="utf-8")
    said = qgis.fail("planconcord:checkprovince", REGISTER=str(register), OUTPUT=str(tmp_path / "f.gpkg"))
    assert "source" in said
