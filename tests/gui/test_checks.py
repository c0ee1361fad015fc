"""The two checks from the dialog to the map: parameters, run, counts, styled findings, map tips, in both languages."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

# A person notices when a program stands still for longer.
COVERAGE = {
    "OVERLAP_COUNT": 3,
    "OVERLAP_AREA": 284_000,
    "EXCESS_AREA": 285_000,
    "GAP_COUNT": 1,
    "GAP_AREA": 1_600,
    "OUTSIDE_COUNT": 1,
    "OUTSIDE_AREA": 50_000,
    "NOISE_COUNT": 1,
    "DUPLICATE_COUNT": 1,
    "INVALID_COUNT": 0,
    "CONFORMS": False,
}
CONFORMITY = {
    "CONFLICT_COUNT": 1,
    "CONFLICT_AREA": 250_000,
    "CONDITIONAL_COUNT": 1,
    "CONDITIONAL_AREA": 250_000,
    "UNPLANNED_COUNT": 1,
    "UNPLANNED_AREA": 50_000,
    "NOISE_COUNT": 1,
    "CONFORMS": False,
}
MARKER_PIXELS, ALIKE = 12, 24


def numbers(told: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: told["results"][name] for name in expected}


def kinds(root: Path) -> list[dict[str, str]]:
    with (root / "resources" / "styles" / "findings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def colour(root: Path, finding: dict[str, Any]) -> str:
    """The colour of the marker that a finding should have."""
    alike = [kind for kind in kinds(root) if kind["severity"] == finding["severity"]]
    named = [kind for kind in alike if finding["rule"] in kind["rules"].split()]
    rest = [kind for kind in alike if not kind["rules"]]
    return (named or rest)[0]["colour"].lower()


def alike(one: str, other: str) -> bool:
    """Whether two colours, #rrggbb, look the same."""
    channels = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return all(abs(first - second) <= ALIKE for first, second in channels)


def test_the_dialog_explains_the_coverage_check(english) -> None:
    told = english.seen("coverage")
    assert "Check Coverage of a Plan" in told["title"]
    for words in ("Does the plan cover its territory once", "Plan layer", "Key field", "OVERLAP_COUNT"):
        assert words in told["help"]


@pytest.mark.parametrize(
    ("step", "expected"), [("coverage", COVERAGE), ("conformity", CONFORMITY)], ids=["coverage", "conformity"]
)
def test_a_check_runs_beside_the_window_and_counts(english, step: str, expected: dict[str, Any]) -> None:
    told = english.seen(step)
    assert told["successful"], told["log"]
    assert numbers(told, expected) == expected
    assert "EPSG:5899" in told["log"]
    assert told["looks"] >= 1


def test_the_balance_is_in_the_log(english) -> None:
    log = english.seen("coverage")["log"]
    assert "20,333,400" in log and "20,048,400" in log and "The balance closes" in log


@pytest.mark.parametrize("name", ["english", "vietnamese"])
@pytest.mark.parametrize("step", ["coverage_on_the_map", "conformity_on_the_map"])
def test_findings_are_loaded_on_top_and_styled(sessions, step: str, name: str) -> None:
    seen = sessions[name].seen(step)
    assert seen["on_top"]
    assert seen["crs"] == "EPSG:5899"
    assert seen["renderer"] == "RuleRenderer"
    assert seen["labels"]


def test_the_rules_of_the_findings_are_those_planted(english) -> None:
    found = sorted((one["rule"], one["severity"]) for one in english.seen("coverage_on_the_map")["findings"])
    assert found == [
        ("coverage.gap", "error"),
        ("coverage.outside", "error"),
        ("coverage.overlap", "error"),
        ("coverage.overlap", "error"),
        ("coverage.overlap", "info"),
        ("geometry.duplicate", "error"),
    ]


@pytest.mark.parametrize("step", ["coverage_on_the_map", "conformity_on_the_map"])
def test_every_finding_is_a_marker_at_a_small_scale(english, root: Path, step: str) -> None:
    """At 1:100,000 the overlap of 8 m is a third of a pixel wide."""
    seen = english.seen(step)
    severe = [finding for finding in seen["findings"] if finding["severity"] != "info"]
    assert severe
    for finding in severe:
        wanted, near = colour(root, finding), seen["colours"][finding["finding_id"]]
        pixels = sum(count for name, count in near.items() if alike(name, wanted))
        assert pixels >= MARKER_PIXELS, f"{finding['rule']} in {wanted}: {near}"


LEGENDS = {
    "coverage_on_the_map": [
        *("Errors", "Overlap", "Gap", "Outside the boundary", "Defective zone"),
        *("For information", "Within the tolerance"),
    ],
    "conformity_on_the_map": [
        *("Errors", "Conflict with the upper plan", "Warnings", "Conditional on the upper plan", "Not judged"),
        *("For information", "Within the tolerance"),
    ],
}


@pytest.mark.parametrize("step", LEGENDS)
def test_the_legend_lists_in_words_what_was_found_and_nothing_else(english, step: str) -> None:
    assert english.seen(step)["legend"] == LEGENDS[step]


@pytest.mark.parametrize("name", ["english", "vietnamese"])
@pytest.mark.parametrize("step", ["coverage_on_the_map", "conformity_on_the_map"])
def test_the_mouse_over_a_finding_shows_its_message(sessions, step: str, name: str) -> None:
    seen = sessions[name].seen(step)
    assert seen["tip_shown"]
    assert any(finding["message"] in seen["tip"] for finding in seen["findings"]), seen["tip"]


def test_messages_are_sentences_in_english(english) -> None:
    messages = {one["rule"]: one["message"] for one in english.seen("coverage_on_the_map")["findings"]}
    assert re.fullmatch(
        r"Zone 10-5 \(RPH\) of plan reaches outside the boundary: 5\.00 ha, up to (99\.\d|100\.0) m wide\.",
        messages["coverage.outside"],
    )
    assert "beside zone 08-3 (RPH)" in messages["coverage.gap"]
    assert "02-7 bis" in messages["geometry.duplicate"]


def test_vietnamese_words_are_everywhere(vietnamese) -> None:
    told, seen = vietnamese.seen("coverage"), vietnamese.seen("coverage_on_the_map")
    assert told["successful"] and numbers(told, COVERAGE) == COVERAGE
    assert "độ phủ của quy hoạch" in told["title"].lower()
    assert "Lớp quy hoạch" in told["help"] and "Trường mã loại đất" in told["help"]
    assert "Cân đối" in told["log"]
    assert any("vượt" in finding["message"] for finding in seen["findings"])
    assert any(entry.startswith("Chồng lấn") for entry in seen["legend"])
    assert "Mức độ" in seen["fields"]


def test_vietnamese_numbers_have_a_comma(vietnamese) -> None:
    messages = [finding["message"] for finding in vietnamese.seen("coverage_on_the_map")["findings"]]
    assert any("5,00 ha" in message for message in messages), messages


def test_a_refusal_is_vietnamese_and_the_dialog_goes_on(vietnamese) -> None:
    told = vietnamese.seen("conformity")
    assert not told["refused"]["successful"]
    assert "Không đọc được bộ quy tắc" in told["refused"]["log"]
    assert "Traceback" not in told["refused"]["log"]
    assert told["successful"] and told["results"]["CONFLICT_COUNT"] >= 1
