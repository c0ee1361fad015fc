"""Long runs and many runs: Cancel answers and leaves everything as it was; the batch window runs every row."""

from __future__ import annotations

LOOKS = 5
"""So often at least a person could look at the window while a run went on; one that stands still lets nobody look."""


def test_cancel_answers_before_the_run_ends(english) -> None:
    for run in english.seen("cancel_a_long_run")["cancelled"]:
        assert run["ended_by_itself"] is False, "the layer is too small to be cancelled"
        assert not run["successful"] and run["results"] == {}
        assert run["log"].rstrip().splitlines(), "the log is empty"
        assert "Cancelled: nothing was written" in run["log"]


def test_the_window_stays_alive_during_a_long_run(english) -> None:
    for run in english.seen("cancel_a_long_run")["cancelled"]:
        assert run["looks"] >= LOOKS


def test_cancel_leaves_the_older_result_and_nothing_beside(english) -> None:
    seen = english.seen("cancel_a_long_run")
    assert seen["first"], "the older result was not made"
    assert seen["before"]["beside"] == ["older findings.gpkg"]
    assert seen["after"] == seen["before"]


def test_a_run_goes_on_when_its_dialog_is_closed(english) -> None:
    assert english.seen("dialog_closed_in_the_middle") == {"going_on": 1, "left": 0}


def test_the_batch_window_runs_every_row(english) -> None:
    seen = english.seen("batch_of_two")
    assert seen["columns"][0] == "Plan layer" and "Coverage findings" in seen["columns"]
    assert seen["files"] == {"plan": True, "upper": True}
    assert seen["log"].count("correctly executed") == 2
    assert "failed" not in seen["log"]


def test_nothing_was_complained_about_at_the_end(english) -> None:
    from .test_toolbox import complaints

    assert complaints(english.seen("nothing_was_complained_about")["log"]) == []
