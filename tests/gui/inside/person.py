"""A person at the screen of a running QGIS: looks, points, presses, types, waits; and a record of what was seen.

A session is a list of steps. A step is a generator that runs inside QGIS and yields a condition that it waits for, or a number
of seconds; between two looks QGIS runs freely, modal dialogs included. Mouse and keys go through the X server (xdotool),
so a widget that is covered, disabled or cut off does not react, as it would not for a person. What a step returns becomes
its entry in report.json; a condition that does not come true in time ends the step with a picture, never the session.
"""

from __future__ import annotations

import json
import subprocess
import time
import traceback
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any, Union

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QPoint, QThreadPool, QTimer
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QMainWindow,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)
from qgis.utils import iface

Condition = Callable[[], Any]
Wait = Union[Condition, float, tuple]
Step = Generator[Wait, Any, Any]

LOOK_EVERY_MS = 40
PATIENCE_S = 20.0
GENEROUS = 10.0
"""Every limit is stretched so: it ends what hangs, and judges no speed, because other work may have the machine."""
POOL_MS = 60_000


class GaveUp(Exception):
    """What was waited for did not come."""


class Person:
    """One session; ``folder`` takes report.json and the pictures, ``brief`` is what begin.py was told."""

    def __init__(self, window: QMainWindow, folder: Path, brief: dict[str, Any]):
        self.window, self.folder, self.brief = window, folder, brief
        self.report: dict[str, Any] = {"steps": {}, "finished": False}
        self._ends = time.monotonic() + float(brief["limit_s"])
        self._pictures = 0
        self.looks = 0

    # running

    def live(self, steps: Iterable[Callable[[Person], Step]]) -> None:
        """Take the steps one after another from now on, in QGIS's own event loop, then leave QGIS."""
        self._steps = iter(steps)
        self._timer = QTimer()
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._looking = False
        self._next_step()
        self._timer.start()

    def _next_step(self) -> None:
        make = next(self._steps, None)
        if make is None:
            self._leave()
            return
        self._name, self._generator, self._started = make.__name__, make(self), time.monotonic()
        self._wait_for(lambda: True)

    def _wait_for(self, wait: Wait) -> None:
        condition, limit = wait if isinstance(wait, tuple) else (wait, PATIENCE_S)
        now = time.monotonic()
        if not callable(condition):
            ready = now + float(condition)
            condition, limit = (lambda: time.monotonic() >= ready), float(condition) + PATIENCE_S
        self._condition, self._until = condition, min(now + GENEROUS * limit, self._ends)

    def _look(self) -> None:
        """One look: is what the step waits for there? A nested event loop of a dialog may call this while it runs."""
        if self._looking:
            return
        self._looking = True
        self.looks += 1
        try:
            seen = self._condition()
            if seen:
                self._wait_for(self._generator.send(None if seen is True else seen))
            elif time.monotonic() > self._until:
                self._generator.throw(GaveUp("waited in vain"))
        except StopIteration as end:
            self._record({"ok": True, "seen": end.value})
        except Exception:
            self.shot(f"failed {self._name}")
            self._record({"ok": False, "error": traceback.format_exc()})
            close_dialogs()
        finally:
            self._looking = False

    def _record(self, entry: dict[str, Any]) -> None:
        self.report["steps"][self._name] = {**entry, "seconds": round(time.monotonic() - self._started, 2)}
        self._save()
        self._next_step()

    def _save(self) -> None:
        text = json.dumps(self.report, ensure_ascii=False, indent=1, default=str)
        (self.folder / "report.json").write_text(text, encoding="utf-8")

    def _leave(self) -> None:
        self._timer.stop()
        self.report["finished"] = True
        self._save()
        iface.newProject(False)  # else QGIS asks whether to save
        # A thread of the pool that has opened a layer from a file has asked QGIS's store of passwords. If it outlives the store, QGIS 3.40
        # crashes at its end (QSqlDatabase::removeDatabase, called by QThread::finished): QGIS's own fault, so not what is tested here.
        # Tasks have a pool of their own, which QGIS ends after the store: seen on a busy machine, in ~QgsTaskManager.
        for pool in (QThreadPool.globalInstance(), QgsApplication.taskManager().threadPool()):
            pool.waitForDone(POOL_MS)
        QTimer.singleShot(0, iface.actionExit().trigger)

    # looking

    def shot(self, name: str, widget: QWidget | None = None) -> str:
        """A picture of the screen, or of one widget, as it is now."""
        self._pictures += 1
        path = self.folder / f"{self._pictures:02d} {name}.png"
        picture = widget.grab() if widget else QApplication.primaryScreen().grabWindow(0)
        picture.save(str(path))
        return path.name

    def message_log(self) -> dict[str, str]:
        """The tabs of the message log with their text, from the very start of QGIS."""
        dock = self.window.findChild(QDockWidget, "MessageLog")
        tabs = list(dock.findChildren(QPlainTextEdit))
        return {edit.objectName() or str(number): edit.toPlainText() for number, edit in enumerate(tabs)}

    # pointing and typing

    def press(self, widget: QWidget, at: QPoint | None = None, times: int = 1, button: int = 1) -> Step:
        """Click the middle of ``widget``, or a point of it; it must be there, enabled and not covered."""
        bring_into_view(widget)
        yield lambda: widget.isVisible() and widget.isEnabled()
        point = at if at is not None else widget.rect().center()
        yield lambda: uncovered(widget, point)
        place = on_screen(widget, point)
        clicks = ["click", "--repeat", str(times), "--delay", "60", str(button)]
        yield from self._do("mousemove", str(place.x()), str(place.y()), *clicks)

    def point_at(self, widget: QWidget, at: QPoint) -> Step:
        """Move the mouse there, in two moves, because a still mouse shows no tip."""
        place = on_screen(widget, at)
        yield from self._do("mousemove", str(place.x() - 3), str(place.y() - 3))
        yield 0.1
        yield from self._do("mousemove", str(place.x()), str(place.y()))

    def keys(self, *names: str) -> Step:
        """Press keys by their X names: ctrl+a, Return, Down."""
        yield from self._do("key", "--delay", "30", *names)

    def type(self, text: str) -> Step:
        """Type plain letters and digits."""
        yield from self._do("type", "--delay", "15", text)

    def paste(self, text: str) -> Step:
        """Put a text there that no plain keyboard has, such as a path or Vietnamese."""
        QApplication.clipboard().setText(text)
        yield from self.keys("ctrl+v")

    def fill(self, field: QWidget, text: str) -> Step:
        """Replace what a field holds."""
        yield from self.press(field)
        yield 0.1
        yield from self.keys("ctrl+a")
        if text:
            yield from self.paste(text)
        else:
            yield from self.keys("Delete")
        yield 0.1

    def choose(self, combo: QComboBox, words: str) -> Step:
        """Open a combo box and click the entry that starts with ``words``."""
        yield from self.press(combo)
        view = combo.view()
        yield view.isVisible
        row = next((row for row in range(combo.count()) if combo.itemText(row).strip().startswith(words)), None)
        if row is None:
            raise GaveUp(f"no entry {words!r} among {[combo.itemText(row) for row in range(combo.count())]}")
        index = combo.model().index(row, combo.modelColumn(), combo.rootModelIndex())
        view.scrollTo(index)
        yield 0.15
        yield from self.press(view.viewport(), view.visualRect(index).center())
        yield lambda: not view.isVisible()
        yield lambda: combo.currentText().strip().startswith(words)

    def _do(self, *arguments: str) -> Step:
        # Not waited for with subprocess.run: QGIS must go on receiving while xdotool types.
        acting = subprocess.Popen(["xdotool", *arguments])
        yield lambda: acting.poll() is not None
        if acting.returncode:
            raise GaveUp(f"xdotool {arguments} ended with {acting.returncode}")
        yield 0.05


def on_screen(widget: QWidget, point: QPoint) -> QPoint:
    """Where a point of ``widget`` is on the screen, in the screen's own pixels: at 200 % two to one of Qt's."""
    return widget.mapToGlobal(point) * QApplication.primaryScreen().devicePixelRatio()


def bring_into_view(widget: QWidget) -> None:
    """Scroll what holds ``widget`` until it shows."""
    holder = widget.parentWidget()
    while holder is not None:
        if isinstance(holder, QScrollArea):
            holder.ensureWidgetVisible(widget)
        holder = holder.parentWidget()


def uncovered(widget: QWidget, point: QPoint) -> bool:
    """Whether a click at that point of ``widget`` would reach it."""
    place = widget.mapToGlobal(point)
    there = QApplication.widgetAt(place)
    return there is not None and (there is widget or widget.isAncestorOf(there) or there.isAncestorOf(widget))


def dialog(kind: str) -> QWidget | None:
    """The visible window whose class or object is called ``kind``; None while there is none."""
    for widget in QApplication.topLevelWidgets():
        names = {base.__name__ for base in type(widget).__mro__} | {widget.objectName()}
        if widget.isVisible() and kind in names:
            return widget
    return None


def close_dialogs() -> None:
    """Close what a failed step left open, so that the next one can begin."""
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            widget.close()


def named(parent: QObject, kind: type, name: str) -> Any:
    """The child of that class and object name; a missing one is an error of the test."""
    found = parent.findChild(kind, name)
    if found is None:
        there = [child.objectName() for child in parent.findChildren(kind)]
        raise GaveUp(f"no {kind.__name__} called {name!r} among {there}")
    return found


def button_saying(parent: QWidget, words: str) -> QAbstractButton:
    """The visible button with that text, mnemonics apart."""
    buttons = [button for button in parent.findChildren(QAbstractButton) if button.isVisible()]
    for button in buttons:
        if button.text().replace("&", "").startswith(words):
            return button
    raise GaveUp(f"no button {words!r} among {[button.text() for button in buttons]}")
