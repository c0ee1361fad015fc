"""Cancel: a long run that would overwrite an older result is stopped, soon, and leaves the older result as it was."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import windows
from person import Person, Step
from qgis.PyQt.QtWidgets import QWidget

# Where in the run the button is pressed: while reading, while looking for overlaps, while measuring what was found.
PRESSED_AT = (("crowd", 1), ("crowd", 25), ("throng", 75))


def cancel_a_long_run(person: Person) -> Step:
    """A small run leaves a file; runs over a crowd of overlapping zones into the same file are cancelled."""
    older = person.folder / "older findings.gpkg"
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    yield from windows.choose(person, opened, "INPUT", "plan")
    yield from windows.save_to(person, opened, "FINDINGS", str(older), load=False)
    first = yield from windows.run(person, opened)
    yield from windows.close(person, opened)
    yield from windows.open_layers(person, "crowd", "throng")
    before = _state(older)
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    yield from windows.save_to(person, opened, "FINDINGS", str(older), load=False)
    cancelled = []
    for layer, percent in PRESSED_AT:
        yield from windows.choose(person, opened, "INPUT", layer)
        cancelled.append((yield from _run_and_cancel(person, opened, percent)))
    yield from windows.close(person, opened)
    return {"first": first["successful"], "before": before, "after": _state(older), "cancelled": cancelled}


def _run_and_cancel(person: Person, opened: QWidget, percent: int) -> Step:
    ends = yield from windows.press_run(person, opened)
    yield lambda: windows.progress_of(opened) >= percent or ends, 60.0
    reached, by_itself = windows.progress_of(opened), bool(ends)
    yield from person.press(windows.cancel_button(opened))
    person.shot(f"cancel at {percent} percent")
    yield lambda: ends, 60.0
    looks = person.looks
    yield 0.3
    person.shot(f"cancelled at {percent} percent")
    told: dict[str, Any] = {
        "reached_percent": reached,
        "ended_by_itself": by_itself,
        "successful": ends[0][0],
        "results": ends[0][1],
        "log": windows.log_of(opened),
        "looks": looks,
    }
    yield from windows.back_to_parameters(person, opened)
    return told


def _state(path: Path) -> dict[str, Any]:
    """The file's hash, and everything in its folder that is not this session's record."""
    beside = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix not in (".png", ".json", ".log"))
    return {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "beside": beside}
