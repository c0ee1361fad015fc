"""Two QGIS windows and a qgis_process on one store: both decide by keys while a check is run into it; nothing is lost.

The test waits for the windows to have the store open, then runs the check of draft 1 again, twice, with the store as the findings
of the last draft and as the place of the new ones, as an office does over night and a colleague at noon.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..headless.conftest import Qgis, plugin_zip  # noqa: F401 - plugin_zip is a fixture
from .conftest import Session, new_profile
from .drafts import write_drafts

WINDOWS = ("first", "second")
RUNS, EACH = 2, 8
WAIT_S = 900.0


def ask(store: Path, question: str) -> list[Any]:
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def findings_of(store: Path) -> dict[str, str]:
    (table,) = [row[0] for row in ask(store, "SELECT table_name FROM gpkg_geometry_columns")]
    return dict(ask(store, f'SELECT finding_id, status FROM "{table}"'))


@pytest.fixture(scope="module")
def together(
    plugin_zip: Path,  # noqa: F811
    province: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Any]]:
    """Both windows to their ends, the check's results, and the store before and after."""
    folder = tmp_path_factory.mktemp("cùng làm")
    plans = write_drafts(province, folder, "vi")
    told = json.loads(plans.read_text(encoding="utf-8"))
    store = Path(told["store"])
    before = findings_of(store)
    started: dict[str, Session] = {}
    try:
        for name, locale in (("first", "en_US"), ("second", "vi")):
            profile = new_profile(tmp_path_factory, name, plugin_zip, locale)
            started[name] = Session(f"together_{name}", profile, plans)
        process = Qgis(new_profile(tmp_path_factory, "process", plugin_zip, "vi"))
        _wait(folder, "decides")
        (folder / "test go").touch()
        runs, began = [], time.time()
        for _ in range(RUNS):
            paths = {"PREVIOUS": str(store), "FINDINGS": str(store)}
            runs.append(process.run("planconcord:checkconformity", **told["asked"], **paths, LANGUAGE="vi"))
        ended = time.time()
        (folder / "test checked").touch()
        seen = {name: {step: one.seen(step) for step in STEPS} for name, one in started.items()}
        yield {"before": before, "store": store, "runs": runs, "times": (began, ended), "folder": folder, **seen}
        for one in started.values():
            assert one.wait().get("finished") and one.wait()["exit_code"] == 0, one.output[-4000:]
            assert "Traceback" not in one.output
    finally:
        for one in started.values():
            one.end()


STEPS = ("open_both", "see_the_other", "decide_together", "see_all")


def _wait(folder: Path, what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not all((folder / f"{window} {what}").exists() for window in WINDOWS):
        assert time.monotonic() < until, f"the windows did not come to: {what}"
        time.sleep(0.1)


def test_each_window_sees_by_itself_what_the_other_decides(together: dict[str, Any]) -> None:
    for window, other in (WINDOWS, WINDOWS[::-1]):
        assert together[window]["see_the_other"] == [other]


def test_the_check_was_run_while_people_decided(together: dict[str, Any]) -> None:
    began, ended = together["times"]
    last = max((together["folder"] / f"{window} decided").stat().st_mtime for window in WINDOWS)
    assert began < last, "else this shows nothing"
    assert ended > began
    for result in together["runs"]:
        assert result["NEW_COUNT"] == result["RESOLVED_COUNT"] == result["CHANGED_COUNT"] == 0
        assert result["PERSISTING_COUNT"] == len(together["before"])


def test_no_decision_is_lost_and_none_is_there_twice(together: dict[str, Any]) -> None:
    rows = ask(together["store"], "SELECT finding_id, from_status, to_status, who, note FROM decisions ORDER BY fid")
    by_people = [row for row in rows if row[3] != "Plan Concord"]
    assert len(by_people) == 2 + 2 + 2 * EACH, "the colleague's two, an acceptance and the waivers of each window"
    names = {"first": "Lê Văn An", "second": "Phạm Thị Bích"}
    for window in WINDOWS:
        seen = together[window]["decide_together"]
        assert len(seen["mine"]) == EACH
        # that two waivers have lapsed, and no refusal; what else was said is shown
        assert [text for text in seen["notices"] if not text.startswith("2 ")] == []
        made = [row for row in rows if row[3] == names[window] and row[2] == "waived"]
        assert [row[0] for row in made] == seen["mine"], "in the order in which they were made"
        assert all(row[4] == f"{window} {row[0]}" for row in made)
    lapsed = [row for row in rows if row[3] == "Plan Concord"]
    assert [row[1:3] for row in lapsed] == [("waived", "open")] * 2, "the two that had expired, by the first run"


def test_the_findings_are_all_there_with_the_status_that_their_history_says(together: dict[str, Any]) -> None:
    after = findings_of(together["store"])
    assert set(after) == set(together["before"]) and len(after) > 200
    last = dict(ask(together["store"], "SELECT finding_id, to_status FROM decisions ORDER BY fid"))
    assert after == {finding: last.get(finding, "open") for finding in after}
    assert sum(status == "waived" for status in after.values()) == 2 * EACH
    assert sum(status == "accepted" for status in after.values()) == 2


def test_both_windows_show_what_the_file_holds_at_the_end(together: dict[str, Any]) -> None:
    after = findings_of(together["store"])
    for window in WINDOWS:
        seen = together[window]["see_all"]
        assert seen["statuses"] == after
        assert seen["layer"] == after, "the layer on the map too"
        assert seen["changes"], "the new store says what has become of each"
    assert together["first"]["open_both"]["bar"] == ["2 waiver(s) have expired."]
