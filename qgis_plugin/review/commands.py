"""What one can do in the dock, each with a key: registered with QGIS, so that a person may choose other keys under
Settings > Keyboard Shortcuts.

A key of one letter works only in the list and the side panel, never while one types or in the rest of QGIS. There it counts even
when QGIS has given the same key to a tool of its own (R streams digitizing): two shortcuts of one key would else both be silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from qgis.gui import QgsGui
from qgis.PyQt.QtCore import QEvent, QObject, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import QAction, QWidget

from ...engine.catalogue import text

SECTION = "Plan Concord"
WORK, DOCK, QGIS = "work", "dock", "qgis"


class Command(NamedTuple):
    """``key`` is the default; ``reach``: where it works, WORK (the list and the side panel), DOCK or QGIS; ``repeats``: while it is held."""

    name: str
    key: str
    reach: str = WORK
    checkable: bool = False
    repeats: bool = True


COMMANDS = (
    Command("accept", "A", repeats=False),
    Command("waive", "W", repeats=False),
    Command("reopen", "R", repeats=False),
    Command("next", "N"),
    Command("previous", "P"),
    Command("next_keep", "Shift+N"),
    Command("previous_keep", "Shift+P"),
    Command("next_piece", "M"),
    Command("previous_piece", "Shift+M"),
    Command("zoom", "Z"),
    Command("undo", "U", repeats=False),
    Command("find", "/"),
    Command("everything", "E"),
    Command("answer", "O"),
    Command("pick", "I", checkable=True),
    Command("list", "Ctrl+Alt+L", reach=QGIS),
    Command("open", "Ctrl+Alt+O", reach=DOCK),
    Command("database", "Ctrl+Alt+Shift+O", reach=DOCK),
)


class Commands(QObject):
    """The actions of a dock, by name; ``work`` is the list and the side panel."""

    def __init__(self, dock: QWidget, work: Sequence[QWidget], does: dict[str, Callable[[], None]], language: str):
        super().__init__(dock)
        self.actions: dict[str, QAction] = {}
        for command in COMMANDS:
            action = QAction(text(f"review.do_{command.name}", language), dock)
            action.setObjectName(f"planconcord_review_{command.name}")
            action.setCheckable(command.checkable)
            action.setAutoRepeat(command.repeats)
            QgsGui.shortcutsManager().registerAction(action, command.key, SECTION)
            context = Qt.ShortcutContext
            inside = context.ApplicationShortcut if command.reach == QGIS else context.WidgetWithChildrenShortcut
            action.setShortcutContext(inside)
            action.triggered.connect(lambda _=False, name=command.name: does[name]())
            for widget in work if command.reach == WORK else [dock]:
                widget.addAction(action)
            self.actions[command.name] = action
        for widget in work:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take our keys before QGIS looks for a shortcut."""
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        pressed = QKeySequence(event.key() | _number(event.modifiers()))
        action = next((one for one in self.actions.values() if pressed and one.shortcut() == pressed), None)
        if action is None or not action.isEnabled():
            return False
        if event.type() == QEvent.Type.KeyPress:
            if action.autoRepeat() or not event.isAutoRepeat():
                action.trigger()
            return True
        event.accept()
        return True

    def __getitem__(self, name: str) -> QAction:
        return self.actions[name]

    def close(self) -> None:
        """Take the actions out of QGIS's list."""
        for action in self.actions.values():
            QgsGui.shortcutsManager().unregisterAction(action)


def _number(modifiers: Qt.KeyboardModifier) -> int:
    """Modifiers as a number, in Qt 5 and 6."""
    return int(getattr(modifiers, "value", modifiers))
