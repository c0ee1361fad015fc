"""The review dock as a person works with it, by keys: open, filter, step, accept, waive, reopen, undo, and another writer's change."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import windows
from person import Person, Step, dialog, named
from qgis.core import QgsProject
from qgis.gui import QgsGui, QgsRubberBand
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtWidgets import (
    QAction,
    QApplication,
    QCheckBox,
    QDockWidget,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
)
from qgis.utils import iface

# The middle of the zone of plans.py that is a town in the rice of the province.
CONFLICT = (526_750.0, 1_659_750.0)
OTHER = """
import sys
sys.path.insert(0, sys.argv[1])
from planconcord.engine.store.decisions import decide
decide(sys.argv[2], [sys.argv[3]], sys.argv[4], "Lê Văn An", note=sys.argv[5])
"""


def dock_of(person: Person) -> Any:
    return person.window.findChild(QDockWidget, "planconcordReview")


def store_of(person: Person) -> Path:
    return Path(person.brief["plans"]).with_name("kho phát hiện.gpkg")


def open_dock(person: Person) -> Step:
    """Show the dock by its shortcut, and the plans."""
    person.window.setGeometry(0, 0, 1600, 1000)
    person.window.activateWindow()
    yield 0.4
    if person.brief["session"] != "session_review_dark":
        yield from windows.open_layers(person, "upper", "plan")
    person.window.findChild(QDockWidget, "Browser").hide()
    yield from person.keys("ctrl+alt+f")
    yield lambda: dock_of(person) is not None and dock_of(person).isVisible()
    person.window.resizeDocks([dock_of(person)], [640], 1)
    yield 0.5


def seen(person: Person) -> dict[str, Any]:
    """What the dock shows and what the file holds."""
    dock = dock_of(person)
    current = dock.view.current()
    canvas = iface.mapCanvas()
    return {
        "counts": named(dock, QLabel, "planconcordReviewCounts").text(),
        "rows": [index_words(dock, row) for row in range(dock.view.findings.rowCount())],
        "current": current._asdict() if current is not None else None,
        "chosen": [row.finding_id for row in dock.view.selected()],
        "panel": dock.panel.toPlainText(),
        "bands": [band.strokeColor().name() for band in seen_bands()],
        "centre": [canvas.center().x(), canvas.center().y()],
        "scale": canvas.scale(),
        "bar": dock.notices.texts(),
        "focus": QApplication.focusWidget().objectName() if QApplication.focusWidget() else "",
        "touched": [dock._listing.rows_read, dock._listing.rows_fetched] if dock._listing else None,
        "history": history(person),
    }


def index_words(dock: Any, row: int) -> list[str]:
    model = dock.view.findings
    return [str(model.data(model.index(row, column)) or "") for column in range(model.columnCount())]


def history(person: Person) -> list[list[str]]:
    from planconcord.engine.store.decisions import history as read

    listing = dock_of(person)._listing if dock_of(person) is not None else None
    store = listing.path if listing is not None else store_of(person)
    return [[d.finding_id, d.from_status, d.to_status, d.who, d.note, d.document, d.expiry] for d in read(store)]


def settle(person: Person) -> Step:
    """Wait until the map has followed."""
    yield 0.5
    yield windows.drawn, 15.0


def open_store(person: Person) -> Step:
    """Open a store made without a window, by keys."""
    yield from open_dock(person)
    person.shot("dock empty")
    yield from person.keys("ctrl+alt+o")
    yield lambda: dialog("QFileDialog")
    yield 0.3
    yield from person.keys("ctrl+a")
    yield from person.paste(str(store_of(person)))
    yield from person.keys("Return")
    yield lambda: not isinstance(dialog("QFileDialog"), QFileDialog)
    person.window.activateWindow()  # as a window manager does, which this screen has none of
    yield lambda: dock_of(person).view.findings.rowCount() > 0
    yield from settle(person)
    layers = [layer.name() for layer in QgsProject.instance().mapLayers().values()]
    iface.mapCanvas().setExtent(QgsProject.instance().mapLayersByName("plan")[0].extent())
    yield from settle(person)
    person.shot("store open")
    return {**seen(person), "layers": layers}


def step(person: Person) -> Step:
    """The arrow key, and the map follows."""
    told = []
    for number in range(4):
        yield from person.keys("Down")
        yield from settle(person)
        told.append(seen(person))
        if number:
            person.shot(f"step {number}")
    return told


def keep_scale(person: Person) -> Step:
    """The same with Alt: the scale stays."""
    before = seen(person)
    yield from person.keys("alt+Up")
    yield from settle(person)
    return [before, seen(person)]


def filters(person: Person) -> Step:
    """Search, choose a severity by keys, show all again."""
    yield from person.keys("slash")
    yield 0.2
    focus = QApplication.focusWidget().objectName()
    yield from person.paste("mau thuan")
    yield lambda: " of " in seen(person)["counts"]
    yield 0.4
    by_text = seen(person)
    person.shot("search")
    yield from person.keys("Tab", "Down")
    yield 0.6
    both = seen(person)
    yield from person.keys("Escape")
    yield 0.2
    back = seen(person)["focus"]
    yield from person.keys("e")
    yield 0.6
    return {"focus": focus, "text": by_text, "both": both, "back": back, "all": seen(person)}


def accept(person: Person) -> Step:
    """A."""
    yield from person.keys("Home", "Down")
    yield from settle(person)
    yield from person.keys("a")
    yield lambda: history(person)
    yield 0.4
    person.shot("accepted")
    return seen(person)


def waive(person: Person) -> Step:
    """W, and the three answers."""
    yield from person.keys("n")
    yield from settle(person)
    yield from person.keys("w")
    yield lambda: dialog("WaiveDialog")
    asked = dialog("WaiveDialog")
    yield 0.3
    yield from person.keys("ctrl+Return")
    yield 0.2
    without = asked.isVisible()
    yield from person.paste("Đã thống nhất tại cuộc họp; <b>không</b> cần điều chỉnh")
    yield from person.keys("Tab")
    yield from person.paste("123/QĐ-UBND")
    yield from person.keys("Tab", "space")
    yield lambda: named(asked, QCheckBox, "planconcordWaiveExpires").isChecked()
    yield 0.2
    person.shot("waive dialog")
    told = {
        "asks without a reason": without,
        "note": named(asked, QPlainTextEdit, "planconcordWaiveNote").toPlainText(),
        "document": named(asked, QLineEdit, "planconcordWaiveDocument").text(),
    }
    yield from person.keys("ctrl+Return")
    yield lambda: len(history(person)) == 2
    person.window.activateWindow()
    yield 0.5
    dock_of(person).panel.verticalScrollBar().setValue(10_000)
    yield 0.1
    person.shot("waived")
    return {**told, **seen(person)}


def reopen_and_undo(person: Person) -> Step:
    """R, then U: the waiver is back with its reason."""
    yield from person.keys("r")
    yield lambda: len(history(person)) == 3
    yield 0.4
    reopened = seen(person)
    yield from person.keys("u")
    yield lambda: len(history(person)) == 4
    yield 0.4
    person.shot("undone")
    return {"reopened": reopened, "undone": seen(person)}


def several(person: Person) -> Step:
    """Shift and the arrows choose several; one key decides about all, one undoes it."""
    yield from person.keys("n")
    yield from person.keys("shift+Down", "shift+Down")
    yield from settle(person)
    chosen = seen(person)["chosen"]
    yield from person.keys("a")
    yield lambda: len(history(person)) == 7
    yield 0.4
    person.shot("several accepted")
    accepted = seen(person)
    yield from person.keys("u")
    yield lambda: len(history(person)) == 10
    yield 0.4
    return {"chosen": chosen, "accepted": accepted, "undone": seen(person)}


def several_waived(person: Person) -> Step:
    """One reason for all that are chosen, and one key takes all of it back."""
    before = len(history(person))
    yield from person.keys("Home")
    yield from person.keys("shift+Down", "shift+Down")
    yield from settle(person)
    chosen = seen(person)["chosen"]
    were = {row.finding_id: row.status for row in dock_of(person).view.selected()}
    yield from person.keys("w")
    yield lambda: dialog("WaiveDialog")
    yield 0.3
    title = dialog("WaiveDialog").windowTitle()
    yield from person.paste("cùng một lý do")
    yield from person.keys("ctrl+Return")
    yield lambda: len(history(person)) == before + 3
    person.window.activateWindow()
    yield 0.4
    person.shot("several waived")
    waived = seen(person)
    yield from person.keys("u")
    yield lambda: len(history(person)) == before + 6
    yield 0.4
    now = {row.finding_id: row.status for row in dock_of(person).view.selected()}
    return {"chosen": chosen, "title": title, "waived": waived, "undone": seen(person), "were": were, "now": now}


def ends_of_the_list(person: Person) -> Step:
    """End and Home lead to the last and the first finding; Z and the keys that keep the scale work from the panel too."""
    dock = dock_of(person)
    count = dock.view.findings.rowCount()
    yield from person.keys("End")
    yield from settle(person)
    last = dock.view.currentIndex().row()
    yield from person.keys("Home")
    yield from settle(person)
    first = dock.view.currentIndex().row()
    yield from person.keys("Tab")
    yield lambda: dock.panel.hasFocus()
    before = seen(person)
    yield from person.keys("shift+n")
    yield from settle(person)
    kept = seen(person)
    yield from person.keys("z")
    yield from settle(person)
    zoomed = seen(person)
    yield from person.keys("ctrl+alt+l")
    yield lambda: dock.view.hasFocus()
    return {"count": count, "last": last, "first": first, "before": before, "kept": kept, "zoomed": zoomed}


def another_writer(person: Person) -> Step:
    """Another program waives what is on the screen; it appears by itself."""
    before = seen(person)
    finding = before["current"]["finding_id"]
    _decide_elsewhere(person, finding, "waived", "theo văn bản của tỉnh")
    dock = dock_of(person)
    yield lambda: dock.view.current().status == "waived"
    yield 0.3
    person.shot("another writer")
    after = seen(person)
    dock._looking.stop()
    _decide_elsewhere(person, finding, "open", "")
    yield from person.keys("a")
    yield 0.5
    person.shot("overtaken")
    refused = seen(person)
    dock._looking.start(1000)
    yield lambda: dock.view.current().status == "open"
    yield from person.keys("Escape")
    yield lambda: not dock.notices.texts()
    return {"before": before, "after": after, "refused": refused}


def _decide_elsewhere(person: Person, finding: str, status: str, note: str) -> None:
    import planconcord

    folder = str(Path(planconcord.__file__).parents[1])
    subprocess.run(["/usr/bin/python3", "-c", OTHER, folder, str(store_of(person)), finding, status, note], check=True)


def pieces(person: Person) -> Step:
    """M goes through the pieces of a finding that has several."""
    dock = dock_of(person)
    rows = [(row, dock.view.findings.finding(row)) for row in range(dock.view.findings.rowCount())]
    row = next(row for row, one in rows if one and one.zone_a == "05-2" and one.rule == "coverage.overlap")
    dock.view.take(row)
    yield from settle(person)
    told = [seen(person)]
    for _ in range(3):
        yield from person.keys("m")
        yield from settle(person)
        told.append(seen(person))
        if len(told) == 2:
            person.shot("one piece")
    return told


def click_the_map(person: Person) -> Step:
    """I, a click, and the list holds what lies there."""
    canvas = iface.mapCanvas()
    yield from person.keys("i")
    yield 0.3
    canvas.setExtent(QgsProject.instance().mapLayersByName("plan")[0].extent())
    yield from settle(person)
    point = canvas.getCoordinateTransform().transform(*CONFLICT)
    yield from person.press(canvas.viewport(), QPoint(round(point.x()), round(point.y())))
    yield 0.8
    person.shot("click on the map")
    there = seen(person)
    yield from person.keys("i")
    yield 0.6
    return {"there": there, "all": seen(person)}


def narrow(person: Person) -> Step:
    """Groups fold, sorting turns, area limits and the map's window filter."""
    dock = dock_of(person)
    told = {}
    for group in ("rule", "territory", "plans", "none", "severity"):
        dock.filters.group.setCurrentIndex(dock.filters.group.findData(group))
        yield 0.5
        told[group] = [row[0] for row in seen(person)["rows"] if row[0][:1] in "▸▾"]
        if group == "rule":
            person.shot("grouped by rule")
    dock.filters._more.setChecked(True)
    dock.filters.limits["area_from"].setText("20000")
    yield 0.5
    told["area"] = seen(person)
    person.shot("area limit")
    dock.filters.clear()
    dock.filters.here.setChecked(True)
    iface.mapCanvas().zoomScale(8000)
    yield from settle(person)
    yield 0.5
    told["window"] = seen(person)
    dock.filters.clear()
    dock.filters._more.setChecked(False)
    yield 0.5
    return told


def shortcuts(person: Person) -> Step:
    """Every command stands in QGIS's list of shortcuts, and no default key of the list's is one that QGIS uses everywhere."""
    yield 0.1
    ours = {
        action.objectName(): QgsGui.shortcutsManager().objectDefaultKeySequence(action)
        for action in QgsGui.shortcutsManager().listActions()
        if action.objectName().startswith("planconcord_review")
    }
    global_keys = [
        sequence.toString()
        for action in person.window.findChildren(QAction)
        if not action.objectName().startswith("planconcord")
        for sequence in action.shortcuts()
    ]
    return {"ours": ours, "others": global_keys, "log": person.message_log()}


def off_and_on(person: Person) -> Step:
    """The plugin switched off with the dock open leaves nothing; switched on, the dock opens again."""
    from qgis.utils import loadPlugin, startPlugin, unloadPlugin

    unloadPlugin("planconcord")
    yield 0.5
    left = [dock_of(person) is not None, len(seen_bands())]
    menus = [menu.title() for menu in person.window.findChildren(QMenu) if "Plan Concord" in menu.title()]
    actions = [a.objectName() for a in QgsGui.shortcutsManager().listActions() if "planconcord" in a.objectName()]
    loadPlugin("planconcord")
    startPlugin("planconcord")
    yield 0.5
    person.window.activateWindow()
    yield from person.keys("ctrl+alt+f")
    yield lambda: dock_of(person) is not None and dock_of(person).view.findings.rowCount() > 0
    return {"left": left, "menus": menus, "actions": actions, "again": seen(person)}


def seen_bands() -> list[Any]:
    return [item for item in iface.mapCanvas().items() if isinstance(item, QgsRubberBand) and item.isVisible()]


STEPS = [
    open_store,
    step,
    keep_scale,
    filters,
    accept,
    waive,
    reopen_and_undo,
    several,
    another_writer,
    pieces,
    click_the_map,
    several_waived,
    ends_of_the_list,
    narrow,
    shortcuts,
    off_and_on,
]
