"""A model that branches on CONFORMS, run by the real qgis_process: each branch does its own work and only that."""

from __future__ import annotations

from pathlib import Path

from .conftest import Qgis
from .drawing import CLEAN, OVERLAPPING, TERRITORY, draw, rows

MODEL = str(Path(__file__).resolve().parent / "check_then_branch.model3")


def outputs(tmp_path: Path) -> dict[str, str]:
    return {"territory": str(tmp_path / "territory.gpkg"), "to_repair": str(tmp_path / "repair.gpkg")}


def test_a_plan_that_conforms_is_united(qgis: Qgis, tmp_path: Path) -> None:
    wanted = outputs(tmp_path)
    found = qgis.run(MODEL, PLAN=draw(tmp_path / "plan.geojson", CLEAN), **wanted)
    assert found["territory"] == wanted["territory"] and "to_repair" not in found
    [territory] = rows(wanted["territory"])
    assert territory["geometry"].area == 20_000
    assert not Path(wanted["to_repair"]).exists()


def test_the_errors_of_a_plan_that_does_not_are_extracted(qgis: Qgis, tmp_path: Path) -> None:
    wanted = outputs(tmp_path)
    found = qgis.run(MODEL, PLAN=draw(tmp_path / "plan.geojson", OVERLAPPING), **wanted)
    assert found["to_repair"] == wanted["to_repair"] and "territory" not in found
    assert [row["rule"] for row in rows(wanted["to_repair"])] == ["coverage.overlap"]
    assert not Path(wanted["territory"]).exists()


def test_the_boundary_that_may_be_left_out_decides_when_it_is_given(qgis: Qgis, tmp_path: Path) -> None:
    wanted = outputs(tmp_path)
    layers = {"PLAN": draw(tmp_path / "plan.geojson", CLEAN), "BOUNDARY": draw(tmp_path / "ranh.geojson", TERRITORY)}
    arguments = (f"{name}={value}" for name, value in {**layers, **wanted}.items())
    done = qgis("run", MODEL, "--", *arguments)
    assert done.returncode == 0, done.stderr
    assert [row["rule"] for row in rows(wanted["to_repair"])] == ["coverage.gap"]


def test_a_refusal_inside_a_model_ends_the_model(qgis: Qgis, tmp_path: Path) -> None:
    far = draw(tmp_path / "far.geojson", [(50_000, 0, 100, 100, "", "")])
    said = qgis.fail(MODEL, PLAN=draw(tmp_path / "plan.geojson", CLEAN), BOUNDARY=far, **outputs(tmp_path))
    assert "lie in different places" in said
    assert not Path(outputs(tmp_path)["territory"]).exists()
