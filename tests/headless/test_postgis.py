"""Findings in PostGIS by the real qgis_process on the built zip: psycopg2 is QGIS's own, beside our libraries."""

from __future__ import annotations

from pathlib import Path

from planconcord.engine.store.decisions import decide, history
from postgis_cluster import Office
from stores import ask, ids, statuses

from .conftest import Qgis
from .drawing import draw

FIRST = [(0, 0, 100, 100, "1", "LUC"), (80, 0, 100, 100, "2", "ONT"), (180, 0, 100, 100, "3", "CLN")]
SECOND = [(180, 0, 100, 100, "9", "LUC"), (60, 0, 120, 100, "8", "ONT"), (0, 0, 100, 100, "7", "LUC")]
FIELDS = {"KEY_FIELD": "so", "CODE_FIELD": "ma", "WIDTH_TOLERANCE": 2, "PLAN": "QH-1"}


def test_two_drafts_in_one_schema(qgis: Qgis, office: Office, schema: str, tmp_path: Path) -> None:
    one, two = draw(tmp_path / "dự thảo 1.geojson", FIRST), draw(tmp_path / "dự thảo 2.geojson", SECOND)
    place, told = office.place(schema), office.text(schema)
    first = qgis.run("planconcord:checkcoverage", INPUT=one, FINDINGS=told, **FIELDS)
    (finding,) = ids(place)
    assert office.password not in str(first)
    decide(place, [finding], "waived", "Lan", note="được phép", document="1/QĐ")
    found = qgis.run("planconcord:checkcoverage", INPUT=two, PREVIOUS=told, FINDINGS=told, **FIELDS)
    assert [found[f"{name}_COUNT"] for name in ("NEW", "CHANGED", "RESOLVED", "LAPSED")] == [0, 1, 0, 1]
    assert statuses(place) == {finding: "open"}, "it has grown"
    assert [(d.who, d.to_status) for d in history(place)] == [("Lan", "waived"), ("Plan Concord", "open")]
    assert ask(place, "SELECT change FROM findings") == [("changed",)]
