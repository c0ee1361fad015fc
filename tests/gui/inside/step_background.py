"""A run whose dialog was closed goes on: it may end, or be stopped from the status bar, and QGIS lives."""

from __future__ import annotations

import gc

import windows
from person import Person, Step
from qgis.core import QgsApplication


def dialog_closed_in_the_middle(person: Person) -> Step:
    """Close the dialog of a long run, let Python tidy up, then stop the run."""
    yield from leave_a_run(person)
    # Any long run makes Python do this sooner or later; QGIS by itself crashes at the end of the run then.
    gc.collect()
    tasks = QgsApplication.taskManager()
    going_on = tasks.countActiveTasks()
    for task in tasks.activeTasks():
        task.cancel()
    yield lambda: tasks.countActiveTasks() == 0, 30.0
    yield 1.0
    return {"going_on": going_on, "left": tasks.countActiveTasks()}


def leave_a_run(person: Person) -> Step:
    """Start a long run and close its dialog."""
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    yield from windows.choose(person, opened, "INPUT", "crowd")
    yield from windows.press_run(person, opened)
    yield lambda: windows.progress_of(opened) >= 1
    yield from windows.close(person, opened)
    yield lambda: QgsApplication.taskManager().countActiveTasks() > 0
