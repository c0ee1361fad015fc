"""A QGIS without the libraries: it starts, the toolbox lists the algorithms, and opening one says what to do."""

from __future__ import annotations

import windows
from person import Person, Step, close_dialogs, dialog, named
from qgis.PyQt.QtWidgets import QTextBrowser
from qgis.utils import iface


def toolbox(person: Person) -> Step:
    """The algorithms are there."""
    yield from windows.open_toolbox(person)
    found = yield from windows.search(person, "planconcord")
    return {
        "found": found,
        "bar": [item.text() for item in iface.messageBar().items()],
        "log": person.message_log(),
    }


def opening(person: Person) -> Step:
    """A double click on an algorithm."""
    shown = yield from windows.open_algorithm(person, "Check coverage of a plan", "MessageDialog")
    person.shot("without libraries")
    words = named(shown, QTextBrowser, "txtMessage")
    told = {"title": shown.windowTitle(), "said": words.toPlainText()}
    close_dialogs()
    yield lambda: dialog("MessageDialog") is None
    return told


STEPS = [toolbox, opening]
