"""Findings that live on in QGIS: PREVIOUS of the checks, and the two algorithms that compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planconcord.engine.store.decisions import decide, history
from qgis.core import QgsVectorLayer

from .conftest import grid, layer, opened, run, square

OVERLAP = [*grid(4, 1), (square(50, 0, 100), "x", "ODT")]


def coverage(zones: list[Any], path: Path, previous: Path | str = "", **more: object):  # type: ignore[no-untyped-def]
    """checkcoverage into a store; the findings wider than the tolerance by zone."""
    parameters = {"KEY_FIELD": "so", "CODE_FIELD": "ma", "WIDTH_TOLERANCE": 2, "FINDINGS": str(path), **more}
    if previous:
        parameters["PREVIOUS"] = str(previous)
    done = run("checkcoverage", {"INPUT": layer(zones), **parameters})
    assert done.ok, done.error
    return done


def test_ids_statuses_and_decisions_persist_and_a_waiver_lapses_when_its_finding_grows(tmp_path: Path) -> None:
    first = coverage(OVERLAP, tmp_path / "1.gpkg")
    ids = {row["zone_a"]: row["finding_id"] for row in first.of_rule("coverage.overlap")}
    assert sorted(ids) == ["0-0", "0-1"]
    decide(tmp_path / "1.gpkg", list(ids.values()), "waived", "Lan", "được phép", "12/QĐ", "")
    same = coverage(OVERLAP[::-1], tmp_path / "2.gpkg", tmp_path / "1.gpkg")
    assert {row["finding_id"]: row["status"] for row in same.findings} == dict.fromkeys(ids.values(), "waived")
    assert same["PERSISTING_COUNT"] == 2 and same["NEW_COUNT"] == same["LAPSED_COUNT"] == same["RESOLVED_COUNT"] == 0
    assert same["CONFORMS"] is True, "every error is waived and the balance closes"
    assert [d.document for d in history(tmp_path / "2.gpkg")] == ["12/QĐ", "12/QĐ"]
    # the zone that lies over two others now reaches 30 m further into the second
    grown = coverage([*grid(4, 1), (square(50, 0, 130, 100), "x", "ODT")], tmp_path / "3.gpkg", tmp_path / "2.gpkg")
    status = {row["finding_id"]: row["status"] for row in grown.findings}
    assert status == {ids["0-0"]: "waived", ids["0-1"]: "open"}
    assert grown["LAPSED_COUNT"] == 1 and grown["CHANGED_COUNT"] == 1 and grown["CONFORMS"] is False
    last = history(tmp_path / "3.gpkg")[-1]
    assert (last.finding_id, last.from_status, last.to_status) == (ids["0-1"], "waived", "open")
    assert "12/QĐ" in last.note


def test_what_is_gone_stays_as_resolved_and_comes_back_as_reopened(tmp_path: Path) -> None:
    coverage(OVERLAP, tmp_path / "1.gpkg")
    clean = coverage(grid(4, 1), tmp_path / "2.gpkg", tmp_path / "1.gpkg")
    assert [(row["status"], row["change"]) for row in clean.findings] == [("resolved", "resolved")] * 2
    assert clean["RESOLVED_COUNT"] == 2 and clean["CONFORMS"] is True
    back = coverage(OVERLAP, tmp_path / "2.gpkg", tmp_path / "2.gpkg")
    assert [(row["status"], row["change"]) for row in back.findings] == [("open", "reopened")] * 2
    assert [(d.from_status, d.to_status) for d in history(tmp_path / "2.gpkg")] == [
        *[("open", "resolved")] * 2,
        *[("resolved", "open")] * 2,
    ]


def test_a_run_without_previous_into_the_same_file_keeps_the_history(tmp_path: Path) -> None:
    first = coverage(OVERLAP, tmp_path / "1.gpkg")
    decide(tmp_path / "1.gpkg", [first.findings[0]["finding_id"]], "accepted", "Lan")
    coverage(OVERLAP, tmp_path / "1.gpkg")
    assert [d.to_status for d in history(tmp_path / "1.gpkg")] == ["accepted"]


def test_a_result_that_cannot_keep_the_history_says_so(tmp_path: Path) -> None:
    first = coverage(OVERLAP, tmp_path / "1.gpkg")
    decide(tmp_path / "1.gpkg", [first.findings[0]["finding_id"]], "accepted", "Lan")
    done = coverage(OVERLAP, Path("x"), tmp_path / "1.gpkg", FINDINGS="memory:", LANGUAGE="en")
    assert {row["status"] for row in done.findings} == {"accepted", "open"}
    assert "can only go into a GeoPackage" in done.log


def test_a_previous_that_is_no_store_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.gpkg"
    bad.write_text("no store", encoding="utf-8")
    done = run("checkcoverage", {"INPUT": layer(OVERLAP), "PREVIOUS": str(bad), "LANGUAGE": "en"})
    assert not done.ok and "bad.gpkg" in done.error


@pytest.mark.parametrize("crs", ["EPSG:5899", "EPSG:5897"])
def test_comparefindings_tells_the_fate_of_each(tmp_path: Path, crs: str) -> None:
    coverage(OVERLAP, tmp_path / "1.gpkg", WORKING_CRS=crs)
    coverage([*grid(4, 1), (square(50, 0, 50), "x", "ODT"), (square(310, 10, 50), "y", "ODT")], tmp_path / "2.gpkg")
    # By the layers' own names both would be called alike; the store of the second knows the first one's overlaps.
    done = run(
        "comparefindings",
        {
            "PREVIOUS": str(tmp_path / "1.gpkg"),
            "CURRENT": str(tmp_path / "2.gpkg"),
            "WIDTH_TOLERANCE": 2,
            "OUTPUT": "memory:",
        },
    )
    assert done.ok, done.error
    rows = [f.attributeMap() for f in opened(done["OUTPUT"], done.context).getFeatures()]
    assert sorted(row["fate"] for row in rows) == ["changed", "new", "resolved"]
    assert [done[f"{fate}_COUNT"] for fate in ("NEW", "PERSISTING", "CHANGED", "REOPENED", "RESOLVED")] == [
        1,
        0,
        1,
        0,
        1,
    ]
    assert all(row["previous_id"] for row in rows if row["fate"] != "new")


def test_comparefindings_refuses_a_layer_of_something_else() -> None:
    plan = layer(grid(2, 2))
    done = run("comparefindings", {"PREVIOUS": plan, "CURRENT": plan, "OUTPUT": "memory:", "LANGUAGE": "en"})
    assert not done.ok and "holds no findings" in done.error and "finding_id" in done.error


def drafts(before: list[Any], after: list[Any], **more: object):  # type: ignore[no-untyped-def]
    fields = {"BEFORE_CODE": "ma", "AFTER_CODE": "ma", "BEFORE_KEY": "so", "AFTER_KEY": "so", "WIDTH_TOLERANCE": 2}
    outputs = {"CHANGES": "memory:", "TRANSITIONS": "memory:"}
    done = run("comparedrafts", {"BEFORE": layer(before), "AFTER": layer(after), **fields, **outputs, **more})
    assert done.ok, done.error
    changes, transitions = (
        [f.attributeMap() for f in opened(done[name], done.context).getFeatures()]
        for name in ("CHANGES", "TRANSITIONS")
    )
    return done, changes, {(row["code_before"], row["code_after"]): row["area_m2"] for row in transitions}


def test_comparedrafts_makes_a_matrix_that_closes_and_finds_what_nobody_asked_for() -> None:
    before = [(square(0, 0), "a", "LUC"), (square(100, 0), "b", "CLN"), (square(200, 0), "c", "ODT")]
    after = [(square(0, 0), "a", "ODT"), (square(100, 0), "b", "CLN"), (square(200, 0, 101, 100), "c2", "ODT")]
    asked = layer([(square(40, 40, 10), "1", "")])
    done, changes, matrix = drafts(before, after, ASKED=asked)
    assert matrix == {("LUC", "ODT"): 1e4, ("CLN", "CLN"): 1e4, ("ODT", "ODT"): 1e4, ("", "ODT"): 100.0}
    assert [(row["kind"], row["zone_before"], row["zone_after"], row["asked"]) for row in changes] == [
        ("attributes", "c", "c2", "no"),
        ("code", "a", "a", "yes"),
    ]
    assert changes[0]["detail"] == "so: c → c2"
    assert (done["CHANGE_COUNT"], done["CHANGE_AREA"], done["UNASKED_COUNT"], done["ATTRIBUTE_COUNT"]) == (1, 1e4, 0, 1)
    assert done["NOISE_AREA"] == 100.0 and done["CLOSES"] is True and done["BALANCE_RESIDUAL"] < 1e-6
    done, changes, _ = drafts(before, after, ASKED=layer([(square(140, 40, 10), "1", "")]))
    assert (done["UNASKED_COUNT"], done["UNASKED_AREA"]) == (1, 1e4)


def test_comparedrafts_without_anybody_asking_blames_nobody() -> None:
    done, changes, _ = drafts([(square(0, 0), "a", "LUC")], [(square(0, 0), "a", "ODT")])
    assert done["UNASKED_COUNT"] == 0 and changes[0]["asked"] in ("", None)


def test_the_store_opens_with_its_new_columns(tmp_path: Path) -> None:
    coverage(OVERLAP, tmp_path / "1.gpkg")
    coverage(OVERLAP, tmp_path / "2.gpkg", tmp_path / "1.gpkg")
    found = QgsVectorLayer(f"{tmp_path / '2.gpkg'}", "x", "ogr")
    assert found.isValid() and found.fields().names()[-2:] == ["change", "change_detail"]
