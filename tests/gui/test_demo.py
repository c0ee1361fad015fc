"""The demo province made and checked by hand in a real window: what was planted in a district is on the map, nothing else."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

CITY = "QHSDD-H01"
# The layers panel of a new profile cuts longer names off.
NAME_LETTERS = 24
BY_THE_COVERAGE_CHECK = (
    *("coverage.overlap", "coverage.gap", "coverage.outside", "geometry.duplicate", "geometry.empty"),
    *("geometry.invalid", "key.duplicate", "key.missing", "code.missing"),
)
BY_THE_CONFORMITY_CHECK = (
    *("conformity.conflict", "conformity.conditional", "conformity.unplanned", "code.missing", "code.unknown"),
)


def planted(folder: Path) -> dict[str, int]:
    """How many defects of each rule lie in the city's plan, noise apart."""
    with (folder / "tỉnh mẫu" / "truth_summary.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["rule"]: int(row["count"]) for row in csv.DictReader(file) if row["plan_id"] == CITY}


def reported(told: dict[str, Any]) -> Counter[str]:
    """How many findings of each rule a run has made, noise apart."""
    return Counter(finding["rule"] for finding in told["findings"] if finding["severity"] != "info")


def test_the_plans_load_in_their_colours_with_names_that_differ(demo) -> None:
    made = demo.seen("make")
    assert made["successful"], made["log"]
    names = [name for name, _, _ in made["layers"]]
    assert len(names) == 15
    assert len({name[:NAME_LETTERS] for name in names}) == 15
    assert made["layers"][0] == ["District boundaries", "singleSymbol", "EPSG:5899"]
    assert {(renderer, crs) for _, renderer, crs in made["layers"][1:]} == {("categorizedSymbol", "EPSG:5899")}
    assert names[-1] == "Tỉnh Vân Giang", "the provincial plan covers the district plans"


def test_the_drafts_that_were_ticked_are_there(demo) -> None:
    files = demo.seen("make")["files"]
    plans = [name for name in files if name.startswith("qhsdd_") and name.endswith(".gpkg") and "_lan" not in name]
    assert len(plans) == 13 and "truth_drafts.gpkg" in files
    for plan in plans:
        assert {plan.replace(".gpkg", f"_lan{draft}.gpkg") for draft in (2, 3)} <= set(files)


def test_one_selected_boundary_of_thirteen_is_used(demo) -> None:
    assert demo.seen("look") == 1
    told = demo.seen("coverage")
    assert "selectedFeaturesOnly=True" in told["log"]
    assert "The balance closes" in told["log"]


def test_the_coverage_check_finds_what_was_planted(demo) -> None:
    truth, found = planted(demo.folder), reported(demo.seen("coverage"))
    assert found == Counter({rule: truth[rule] for rule in BY_THE_COVERAGE_CHECK if truth.get(rule)})


def test_the_conformity_check_finds_what_was_planted(demo) -> None:
    truth, found = planted(demo.folder), reported(demo.seen("conformity"))
    assert found.pop("code.superseded") == 1  # SKX, a code of an older list, told once for the plan; it is not planted
    assert found == Counter({rule: truth[rule] for rule in BY_THE_CONFORMITY_CHECK if truth.get(rule)})
