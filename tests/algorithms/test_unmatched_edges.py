"""Edges shared without all vertices, inside QGIS: two numbers always, a layer of lines where somebody asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import Qgis

from .conftest import layer, opened, run, says, square

ZONES = [(square(0, 0, 100, 200), "tây", "LUC"), (square(100, 0), "nam", "ONT"), (square(100, 100), "bắc", "RSX")]
FIELDS = {"KEY_FIELD": "so", "CODE_FIELD": "ma"}


def check(**more: object):
    found = run("checkcoverage", {"INPUT": layer(ZONES), **FIELDS, **more})
    assert found.ok, found.error
    return found


def test_they_are_numbers_and_no_findings() -> None:
    found = check()
    assert (found["UNMATCHED_EDGE_COUNT"], found["UNMATCHED_LENGTH"]) == (3, pytest.approx(200))
    assert found["CONFORMS"] is True and found.findings == []
    assert "UNMATCHED_EDGES" not in found.results
    assert "UNMATCHED_EDGE_COUNT: 3" in found.log


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "shp", None])
def test_the_layer_has_a_line_for_each_stretch(tmp_path: Path, ending: str | None) -> None:
    place = "TEMPORARY_OUTPUT" if ending is None else str(tmp_path / f"cạnh.{ending}")
    found = check(UNMATCHED_EDGES=place)
    made = opened(found["UNMATCHED_EDGES"], found.context)
    assert made.geometryType() == Qgis.GeometryType.Line
    zones = [(f["zone_a"], f["code_a"], f["zone_b"], f["code_b"]) for f in made.getFeatures()]
    assert sorted(zones) == [("bắc", "RSX", "tây", "LUC"), ("nam", "ONT", "tây", "LUC")]
    assert [f["length_m"] for f in made.getFeatures()] == [pytest.approx(100), pytest.approx(100)]
    if ending != "geojson":  # in degrees
        assert [f.geometry().length() for f in made.getFeatures()] == [pytest.approx(100), pytest.approx(100)]


def test_it_never_replaces_the_findings(tmp_path: Path) -> None:
    both = tmp_path / "findings.gpkg"
    found = run("checkcoverage", {"INPUT": layer(ZONES), "FINDINGS": str(both), "UNMATCHED_EDGES": str(both)})
    assert not found.ok and says(found.error, "error.shared_file", "en")


def test_without_any_the_layer_is_empty() -> None:
    found = run("checkcoverage", {"INPUT": layer(ZONES[1:]), "UNMATCHED_EDGES": "memory:lines"})
    assert found.ok, found.error
    assert opened(found["UNMATCHED_EDGES"], found.context).featureCount() == 0
