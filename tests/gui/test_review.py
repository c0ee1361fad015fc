"""The review dock in a real window, by real keys: from the file to the decision, and what others decide meanwhile.

The store is made without a window, by the checks on the command line, from the plans of the other sessions.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from ..headless.conftest import plugin_zip  # noqa: F401 - plugin_zip is a fixture
from .conftest import NIGHT, ROOT, TWICE, Session, new_profile
from .plans import write_plans
from .test_toolbox import complaints

BLUE, ORANGE, MAGENTA = "#0072b2", "#e69f00", "#d1007a"
CHECKS = (
    (
        "checkcoverage",
        "--input",
        "plan",
        "--key-field",
        "zone",
        "--code-field",
        "code",
        "--boundary",
        "boundary",
        "--scale",
        "10000",
    ),
    (
        *(
            "checkconformity",
            "--lower",
            "plan",
            "--lower-key",
            "zone",
            "--lower-code",
            "code",
            "--lower-scale",
            "10000",
        ),
        *("--upper", "upper", "--upper-key", "area", "--upper-code", "zone_code", "--upper-scale", "50000"),
    ),
)


def write_store_of_plans(folder: Path) -> Path:
    """The findings of two checks in one store; the noise of zone 05-2 in two pieces, to have a finding of several."""
    from planconcord.engine.store import write_store

    plans, parts = folder / "plans.gpkg", []
    write_plans(plans)
    for number, (check, *arguments) in enumerate(CHECKS):
        part = folder / f"run {number}.gpkg"
        given = [f"{plans}|layername={one}" if one in ("plan", "boundary", "upper") else one for one in arguments]
        command = [sys.executable, "-m", "planconcord", check, *given, "--findings", str(part), "--language", "en"]
        done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True)
        assert done.returncode == 1, done.stderr
        parts.append(
            {name: gpd.read_file(part, layer=name, engine="pyogrio") for name in ("findings", "measures", "runs")}
        )
    findings, measures, runs = (
        pd.concat([part[name] for part in parts], ignore_index=True) for name in ("findings", "measures", "runs")
    )
    noise = findings.index[(findings["zone_a"] == "05-2") & (findings["rule"] == "coverage.overlap")]
    assert len(noise) == 1
    west, south, east, north = findings.geometry[noise[0]].bounds
    middle = (south + north) / 2
    two = [shapely.box(west, south, east, middle - 20), shapely.box(west, middle + 20, east, north)]
    findings.loc[noise[0], "geometry"] = shapely.MultiPolygon(two)
    path = folder / "kho phát hiện.gpkg"
    write_store(path, findings, measures, runs)
    return path


def session(
    name: str, plugin: Path, factory: pytest.TempPathFactory, locale: str, settings: str = "", **options: Any
) -> Session:
    folder = factory.mktemp("plans")
    write_store_of_plans(folder)
    return Session(name, new_profile(factory, name, plugin, locale, settings), folder / "plans.gpkg", **options)


@pytest.fixture(scope="module")
def both(plugin_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Session]]:  # noqa: F811
    """Both sessions, side by side."""
    started: dict[str, Session] = {}
    try:
        started["review"] = session("review", plugin_zip, tmp_path_factory, "en_US")
        started["dark"] = session("review_dark", plugin_zip, tmp_path_factory, "vi", NIGHT, **TWICE)
        yield started
    finally:
        for one in started.values():
            one.end()


@pytest.fixture(scope="module")
def review(both: dict[str, Session]) -> Session:
    """English, light."""
    return both["review"]


@pytest.fixture(scope="module")
def dark(both: dict[str, Session]) -> Session:
    """Vietnamese, dark, at 200 %."""
    return both["dark"]


def findings_in(seen: dict[str, Any]) -> list[list[str]]:
    return [row for row in seen["rows"] if row[0][:1] not in "▸▾"]


def test_a_store_made_without_a_window_opens_by_keys(review: Session) -> None:
    seen = review.seen("open_store")
    assert "kho phát hiện" in seen["layers"], "its layer joined the project"
    headings = [row[0] for row in seen["rows"] if row[0][:1] == "▾"]
    assert headings[0].startswith("▾ Error: 6 (6 open)")
    assert len(headings) == 3 and seen["history"] == []
    total = len(findings_in(seen))
    assert seen["counts"].startswith(f"{total} findings") and f"{total} open, 0 handled" in seen["counts"]
    assert seen["bar"] == [] and seen["focus"] == "planconcordReviewList"


def test_the_arrow_keys_move_through_the_list_and_the_map_follows(review: Session) -> None:
    steps = review.seen("step")
    places = [tuple(step["centre"]) for step in steps]
    assert len(set(places)) == 4
    assert len({step["current"]["fid"] for step in steps}) == 4
    for step in steps:
        assert step["current"]["message"] in step["panel"]
        assert MAGENTA in step["bands"]


def test_both_zones_are_outlined_in_their_colours_and_described(review: Session) -> None:
    several = [step for step in review.seen("step")[1:] if step["current"]["zone_b"]]
    assert several
    for step in several:
        assert step["bands"].count(BLUE) == 1 and step["bands"].count(ORANGE) == 1
        assert "Layer plan" in step["panel"]


def test_alt_keeps_the_scale(review: Session) -> None:
    before, after = review.seen("keep_scale")
    assert after["scale"] == pytest.approx(before["scale"]) and after["centre"] != before["centre"]
    assert after["current"]["fid"] != before["current"]["fid"]


def test_search_without_accents_and_a_severity_combine_and_escape_leads_back(review: Session) -> None:
    seen = review.seen("filters")
    assert seen["focus"] == "planconcordReviewSearch" and seen["back"] == "planconcordReviewList"
    assert len(findings_in(seen["all"])) == len(findings_in(review.seen("open_store")))
    assert seen["text"]["counts"].startswith("2 of 10 findings"), "by the title of the rule, in either language"
    assert seen["both"]["counts"].startswith("1 of 10 findings")


def test_a_key_accepts(review: Session) -> None:
    seen = review.seen("accept")
    (made,) = seen["history"]
    assert made[:3] == [seen["current"]["finding_id"], "open", "accepted"] and made[3]
    assert "1 handled" in seen["counts"] and seen["current"]["status"] == "accepted"
    assert any(row[1] == "accepted" for row in findings_in(seen))


def test_a_waiver_asks_for_reason_document_and_day_and_is_escaped(review: Session) -> None:
    seen = review.seen("waive")
    assert seen["asks without a reason"], "no waiver without a reason"
    made = seen["history"][-1]
    assert made[2] == "waived" and made[5] == "123/QĐ-UBND" and len(made[6]) == 10
    assert "<b>không</b>" in made[4] and "<b>không</b>" in seen["panel"], "shown as it was written, not as HTML"


def test_reopen_and_undo(review: Session) -> None:
    seen = review.seen("reopen_and_undo")
    assert seen["reopened"]["current"]["status"] == "open"
    assert seen["undone"]["current"]["status"] == "waived"
    assert seen["undone"]["history"][-1][5] == "123/QĐ-UBND", "with its document"


def test_several_are_decided_and_undone_at_once(review: Session) -> None:
    seen = review.seen("several")
    assert len(seen["chosen"]) == 3
    assert [one[0] for one in seen["accepted"]["history"][-3:]] == seen["chosen"]
    assert seen["accepted"]["chosen"] == seen["chosen"], "they stay chosen"
    assert {one[2] for one in seen["undone"]["history"][-3:]} == {"open"}


def test_several_are_waived_for_one_reason_and_that_is_undone_at_once(review: Session) -> None:
    seen = review.seen("several_waived")
    assert len(seen["chosen"]) == 3 and "3" in seen["title"]
    waived, undone = seen["waived"]["history"][-3:], seen["undone"]["history"][-3:]
    assert [one[0] for one in waived] == seen["chosen"] == [one[0] for one in undone]
    assert {(one[2], one[4]) for one in waived} == {("waived", "cùng một lý do")}
    assert seen["now"] == seen["were"], "each has the status that it had"


def test_home_end_and_the_panel_by_keys(review: Session) -> None:
    seen = review.seen("ends_of_the_list")
    assert seen["first"] == 1 and seen["last"] == seen["count"] - 1, "headings are passed over"
    before, kept, zoomed = seen["before"], seen["kept"], seen["zoomed"]
    assert kept["current"]["fid"] != before["current"]["fid"] and kept["scale"] == pytest.approx(before["scale"])
    assert zoomed["current"]["fid"] == kept["current"]["fid"] and zoomed["centre"] == pytest.approx(kept["centre"])
    assert zoomed["scale"] != pytest.approx(kept["scale"]), "Z brings the finding's own scale"


def test_what_another_program_writes_appears_and_is_not_overruled_unseen(review: Session) -> None:
    seen = review.seen("another_writer")
    before, after, refused = seen["before"], seen["after"], seen["refused"]
    assert before["current"]["status"] == "open" and after["current"]["status"] == "waived"
    assert "Lê Văn An" in after["panel"] and "theo văn bản của tỉnh" in after["panel"]
    assert after["centre"] == before["centre"], "the map stays where the person is"
    assert after["touched"][0] - before["touched"][0] <= 3, "one decision was read, not the store"
    assert any("Lê Văn An" in text for text in refused["bar"])
    assert refused["history"][-1][3] == "Lê Văn An"


def test_the_pieces_of_a_finding_are_stepped_through(review: Session) -> None:
    whole, first, second, again = review.seen("pieces")
    assert "2 (M goes through them)" in whole["panel"] and "1 of 2" in first["panel"] and "2 of 2" in second["panel"]
    assert first["centre"][1] < second["centre"][1] and again["panel"] == whole["panel"]


def test_a_click_on_the_map_lists_what_lies_there(review: Session) -> None:
    seen = review.seen("click_the_map")
    rows = findings_in(seen["there"])
    assert len(rows) == 1 and "02-4" in rows[0][2]
    assert seen["there"]["current"]["zone_a"] == "02-4" and seen["there"]["focus"] == "planconcordReviewList"
    assert len(findings_in(seen["all"])) > 5


def test_groups_and_limits(review: Session) -> None:
    seen, total = review.seen("narrow"), len(findings_in(review.seen("open_store")))
    assert len(seen["severity"]) == 3 and len(seen["rule"]) > 3 and seen["none"] == []
    assert len(seen["plans"]) >= 2
    assert 0 < len(findings_in(seen["area"])) < total
    assert 0 < len(findings_in(seen["window"])) < total


def test_every_command_is_in_the_list_of_shortcuts(review: Session) -> None:
    seen = review.seen("shortcuts")
    assert len(seen["ours"]) == 19 and all(seen["ours"].values())
    everywhere = {"planconcord_review", "planconcord_review_list", "planconcord_review_open"}
    assert not {key for name, key in seen["ours"].items() if name in everywhere} & set(seen["others"])
    assert complaints(seen["log"]) == []


def test_the_plugin_goes_without_a_trace_while_the_dock_is_open(review: Session) -> None:
    seen = review.seen("off_and_on")
    assert seen["left"] == [False, 0] and seen["actions"] == seen["menus"] == []
    assert seen["again"]["counts"].startswith("10 findings"), "the store of the project is found again"


def test_the_window_in_vietnamese_dark_and_twice_as_large(dark: Session) -> None:
    seen = dark.seen("review")
    assert seen["ratio"] == 2 and seen["colours"]["Base"] < seen["colours"]["Text"]
    assert seen["title"] == "Rà soát phát hiện" and "phát hiện" in seen["counts"]
    assert seen["current"] is not None and "Lịch sử" in seen["panel"]


@pytest.mark.parametrize("name", ["review", "dark"])
def test_qgis_ends_by_its_own_menu_with_the_dock_open(both: dict[str, Session], name: str) -> None:
    report = both[name].wait()
    assert report.get("finished") and report["exit_code"] == 0, both[name].output[-4000:]
    assert "Traceback" not in both[name].output
