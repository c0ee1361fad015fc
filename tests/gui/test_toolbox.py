"""QGIS with the plugin: it starts in peace, the toolbox lists the algorithms, and what a planner types finds them."""

from __future__ import annotations

import re

import pytest

# Later algorithms may join these.
ENGLISH = {
    "Plan Concord",
    "Plan Concord/Checks",
    "Plan Concord/Checks/Check conformity with the upper plan",
    "Plan Concord/Checks/Check coverage of a plan",
    "Plan Concord/Learning",
    "Plan Concord/Learning/Create a demo province",
}
VIETNAMESE = {
    "Khớp quy hoạch",
    "Khớp quy hoạch/Kiểm tra",
    "Khớp quy hoạch/Kiểm tra/Kiểm tra phù hợp với quy hoạch cấp trên",
    "Khớp quy hoạch/Kiểm tra/Kiểm tra độ phủ của quy hoạch",
    "Khớp quy hoạch/Làm quen",
    "Khớp quy hoạch/Làm quen/Tạo tỉnh mẫu",
}
OURS = re.compile(r"planconcord|plan concord|khớp quy hoạch|traceback|geopandas|shapely|pyproj|pyogrio|fiona", re.I)


def complaints(log: dict[str, str]) -> list[str]:
    """Warnings and errors of the message log that are about us; QGIS has some of its own, about GRASS or fonts."""
    lines = [line for text in log.values() for line in text.splitlines()]
    return [line for line in lines if re.search(r"WARNING|CRITICAL|Traceback", line) and OURS.search(line)]


@pytest.mark.parametrize("name", ["english", "vietnamese", "bare"])
def test_qgis_starts_without_a_complaint(sessions, name: str) -> None:
    log = sessions[name].seen("toolbox")["log"]
    assert any("Loaded Plan Concord" in text or "planconcord" in text for text in log.values()), "the log was not read"
    assert complaints(log) == []


@pytest.mark.parametrize("name", ["english", "vietnamese", "bare"])
def test_qgis_ends_by_its_own_menu(sessions, name: str) -> None:
    report = sessions[name].wait()
    assert report.get("finished"), sessions[name].output[-4000:]
    assert report["exit_code"] == 0, sessions[name].output[-4000:]


@pytest.mark.parametrize("name", ["english", "vietnamese", "bare"])
def test_qgis_writes_nothing_bad_to_its_terminal(sessions, name: str) -> None:
    lines = sessions[name].output.splitlines()
    assert [line for line in lines if OURS.search(line)] == []


def test_no_bar_above_the_map_is_ours(english, bare) -> None:
    for session in (english, bare):
        assert [text for text in session.seen("toolbox")["bar"] if OURS.search(text)] == []


def test_the_toolbox_shows_provider_groups_and_algorithms(english) -> None:
    seen = english.seen("toolbox")
    assert set(seen["paths"]) >= ENGLISH
    assert seen["icon_px"] > 0


def test_the_toolbox_is_vietnamese_where_qgis_is(vietnamese) -> None:
    seen = vietnamese.seen("toolbox")
    assert seen["locale"] == "vi"
    assert set(seen["found"]) >= VIETNAMESE


@pytest.mark.parametrize("words", ["overlap", "chồng lấn"])
def test_overlap_in_either_language_finds_the_coverage_check(english, words: str) -> None:
    assert "Plan Concord/Checks/Check coverage of a plan" in english.seen("searches")[words]


@pytest.mark.parametrize("words", ["conflict", "mâu thuẫn"])
def test_conflict_in_either_language_finds_the_conformity_check(english, words: str) -> None:
    assert "Plan Concord/Checks/Check conformity with the upper plan" in english.seen("searches")[words]


def test_without_the_libraries_the_toolbox_is_the_same(bare) -> None:
    assert set(bare.seen("toolbox")["found"]) >= ENGLISH


def test_without_the_libraries_opening_an_algorithm_says_what_to_copy(bare) -> None:
    said = bare.seen("opening")["said"]
    assert "QGIS's Python lacks shapely (2.0 or newer)" in said
    command = said[said.index("python3") :]
    # The window shows HTML: a bare "<" in the command would swallow the rest of it.
    for part in ("-m pip install", "--no-deps", "--target", "planconcord-libraries", "shapely", "geopandas", "fiona"):
        assert part in command
    assert "numpy" not in command


def test_the_plugin_goes_without_a_trace_and_comes_back(english) -> None:
    seen = english.seen("plugin_off_and_on")
    off, on = seen["off"], seen["on"]
    assert seen["before"]["provider"] and on["provider"] and not off["provider"]
    assert not off["plugins"] and off["widgets"] == []
    # It was switched off in the middle of a run whose dialog was closed.
    assert seen["still running"] == 0
    assert seen["found while off"] == []
    assert set(seen["found while on"]) >= ENGLISH
    # Nothing that was loaded is used again after an update; QGIS leaves the packages' empty shells.
    assert all(name in on["modules"] and name.count(".") <= 2 for name in off["modules"])
    assert "planconcord.qgis_plugin.plugin" not in off["modules"]
    for traces in (seen["before"], off, on):
        assert traces["finders"] <= 1 and traces["hooks"] <= 1 and traces["folders"] <= 1
    assert seen["again"]["successful"] and seen["again"]["results"]["OVERLAP_COUNT"] == 4
    assert seen["renderer"] == "RuleRenderer"
