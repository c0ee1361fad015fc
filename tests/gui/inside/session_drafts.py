"""From draft to draft in one window, by keys: open the findings of draft 1, filter, step, waive, check draft 2, see what holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import windows
from person import Person, Step, dialog
from qgis.core import QgsApplication, QgsProject, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtWidgets import QComboBox, QDockWidget, QFileDialog, QWidget
from qgis.utils import iface
from session_review import dock_of, seen, settle

MOST_STEPS = 30
REVIEWER = "Nguyễn Thị Hoa"
UPPER = "Quy hoạch tỉnh"
REASON, DOCUMENT = "Thống nhất tại cuộc họp ngày 20/11: giữ nguyên trong kỳ này", "88/BB-UBND"


def drafts(person: Person) -> dict[str, Any]:
    """What drafts.py has prepared."""
    return json.loads(Path(person.brief["plans"]).read_text(encoding="utf-8"))


def language() -> str:
    """The language of the window."""
    return "vi" if QgsApplication.locale() == "vi" else "en"


def look(person: Person) -> dict[str, Any]:
    """What the dock shows, with the last decision about the current finding."""
    from planconcord.engine.store.decisions import history

    dock = dock_of(person)
    told = seen(person)
    current = dock.view.current()
    made = history(dock._listing.path, current.finding_id) if current else []
    return {**told, "decisions": [[d.from_status, d.to_status, d.who, d.note, d.document, d.expiry] for d in made]}


def _add(source: str, name: str, code_field: str) -> Step:
    """A plan in its land-use colours, as the demo loads it."""
    from planconcord.qgis_bridge.styling import style_land_use

    layer = QgsVectorLayer(source, name, "ogr")
    style_land_use(layer, code_field, language())
    layer.setOpacity(0.45)
    QgsProject.instance().addMapLayer(layer)
    QgsProject.instance().layerTreeRoot().findLayer(layer.id()).setExpanded(False)
    yield 0.3
    return layer


def _open(person: Person, path: str) -> Step:
    """Open a store by keys."""
    yield from person.keys("ctrl+alt+o")
    yield lambda: dialog("QFileDialog")
    yield 0.3
    yield from person.keys("ctrl+a")
    yield from person.paste(path)
    yield from person.keys("Return")
    yield lambda: not isinstance(dialog("QFileDialog"), QFileDialog)
    person.window.activateWindow()
    yield lambda: dock_of(person)._listing is not None and str(dock_of(person)._listing.path) == path
    yield from settle(person)


def open_the_findings(person: Person) -> Step:
    """The plans are there; the dock opens by its shortcut, the store of draft 1 by another."""
    QgsSettings().setValue("planconcord/reviewer", REVIEWER)
    wide = 2800 // 2 if person.brief["session"].endswith("dark") else 1600
    high = 1800 // 2 if person.brief["session"].endswith("dark") else 1000
    person.window.setGeometry(0, 0, wide, high)
    person.window.activateWindow()
    yield 0.4
    asked = drafts(person)["asked"]
    yield from _add(asked["UPPER"], UPPER, asked["UPPER_CODE"])
    yield from _add(asked["LOWER"], "Diên Giang 1", asked["LOWER_CODE"])
    person.window.findChild(QDockWidget, "Browser").hide()
    yield from person.keys("ctrl+alt+f")
    yield lambda: dock_of(person) is not None and dock_of(person).isVisible()
    person.window.resizeDocks([dock_of(person)], [round(wide * 0.42)], 1)
    yield 0.4
    yield from _open(person, drafts(person)["store"])
    iface.mapCanvas().zoomToFullExtent()
    yield from settle(person)
    person.shot("draft 1 open")
    return look(person)


def reopen_expired(person: Person) -> Step:
    """O presses the button of the notice, U undoes that: both at once, each time."""
    from planconcord.engine.store.decisions import history

    store = Path(drafts(person)["store"])
    bar = look(person)["bar"]
    yield from person.keys("o")
    yield lambda: len(history(store)) == 4
    yield 0.3
    reopened = look(person)
    yield from person.keys("u")
    yield lambda: len(history(store)) == 6
    yield 0.3
    last = {d.finding_id: [d.from_status, d.to_status, d.note, d.document, d.expiry] for d in history(store)}
    return {"bar": bar, "reopened": reopened, "undone": look(person), "last": last}


def filter_by_keys(person: Person) -> Step:
    """Search box, then severity and rule, with Tab and arrows."""
    dock = dock_of(person)
    yield from person.keys("slash", "Tab", "Down")
    yield lambda: dock.filters.severity.currentData() == "error"
    yield 0.5
    errors = seen(person)
    yield from person.keys("Tab")
    yield from _until(person, dock.filters.rule, "conformity.conflict")
    yield 0.6
    conflicts = seen(person)
    person.shot("conflicts only")
    yield from person.keys("Escape")
    yield 0.2
    return {"errors": errors, "conflicts": conflicts, "focus": seen(person)["focus"]}


def _until(person: Person, box: QComboBox, data: str) -> Step:
    """Down until a box with the focus says it."""
    for _ in range(box.count()):
        if box.currentData() == data:
            return
        yield from person.keys("Down")
        yield 0.05
    assert box.currentData() == data


def _step_to(person: Person, finding: str) -> Step:
    """Home, then Down until the finding is the current one."""
    dock = dock_of(person)
    yield from person.keys("Home")
    for _ in range(MOST_STEPS):
        current = dock.view.current()
        if current is not None and current.finding_id == finding:
            break
        yield from person.keys("Down")
    yield from settle(person)
    yield 0.2
    assert dock.view.current() is not None and dock.view.current().finding_id == finding


def _waive(person: Person, shot: str = "") -> Step:
    count = len(look(person)["decisions"])
    yield from person.keys("w")
    yield lambda: dialog("WaiveDialog")
    yield 0.3
    yield from person.paste(REASON)
    yield from person.keys("Tab")
    yield from person.paste(DOCUMENT)
    yield 0.1
    if shot:
        person.shot(shot)
    yield from person.keys("ctrl+Return")
    yield lambda: not dialog("WaiveDialog")
    person.window.activateWindow()
    yield lambda: len(look(person)["decisions"]) == count + 1
    yield 0.3


def step_and_decide(person: Person) -> Step:
    """One conflict is accepted, one waived, then the ground that no plan covers."""
    findings = drafts(person)["findings"]
    yield from _step_to(person, findings["fixed"])
    yield from person.keys("a")
    yield lambda: dock_of(person).view.current().status == "accepted"
    fixed = look(person)
    yield from _step_to(person, findings["grown"])
    person.shot("step to a conflict")
    yield from _waive(person, "waive")
    dock_of(person).panel.verticalScrollBar().setValue(10_000)
    yield 0.1
    person.shot("waived")
    grown = look(person)
    yield from person.keys("e")
    yield lambda: not dock_of(person).filters.rule.currentData()
    yield 0.6
    yield from _step_to(person, findings["stands"])
    yield from _waive(person)
    return {"fixed": fixed, "grown": grown, "stands": look(person)}


def check_draft_two(person: Person) -> Step:
    """The check from the toolbox, with the findings of draft 1 as those of the last draft."""
    told = drafts(person)
    second = yield from _add(told["second"], "Diên Giang 2", told["asked"]["LOWER_CODE"])
    algorithm = QgsApplication.processingRegistry().algorithmById("planconcord:checkconformity")
    if not windows.toolbox(person).isVisible():
        yield from person.keys("ctrl+alt+t")
        yield windows.toolbox(person).isVisible
    opened = yield from windows.open_algorithm(person, algorithm.displayName())
    # As the history of Processing does.
    upper = QgsProject.instance().mapLayersByName(UPPER)[0]
    opened.setParameters({**told["asked"], "LOWER": second.id(), "UPPER": upper.id()})
    yield 0.3
    yield from windows.show_advanced(person, opened)
    yield from windows.fill_text(person, opened, "PREVIOUS", told["store"])
    person.shot("check draft 2")
    yield from windows.save_to(person, opened, "FINDINGS", told["next"])
    done = yield from windows.run(person, opened)
    person.shot("what the check says")
    yield from windows.close(person, opened)
    windows.toolbox(person).hide()
    person.window.activateWindow()
    return {**done, "layers": [layer.name() for layer in QgsProject.instance().mapLayers().values()]}


def open_the_new_findings(person: Person) -> Step:
    """Back to the dock from wherever one is; the new store tells which waivers have lapsed."""
    yield from person.keys("ctrl+alt+l")
    yield lambda: seen(person)["focus"] == "planconcordReviewList"
    yield from _open(person, drafts(person)["next"])
    iface.messageBar().clearWidgets()
    person.shot("draft 2 open")
    return look(person)


def lapsed(person: Person) -> Step:
    """O shows the findings whose waivers have lapsed; each says why."""
    told = {}
    yield from person.keys("o")
    yield lambda: dock_of(person).filters.change.currentData() == "lapsed"
    yield 0.6
    told["list"] = look(person)
    for role in ("grown", "expired", "split"):
        yield from _step_to(person, drafts(person)["findings"][role])
        if role == "grown":
            person.shot("lapsed because it has grown")
        dock_of(person).panel.verticalScrollBar().setValue(10_000)
        yield 0.1
        if role != "split":
            person.shot(f"history of {role}")
        told[role] = look(person)
    return told


def new_since_the_last_run(person: Person) -> Step:
    """The filter by what became of findings, reached by Tab; combined with the severity it leaves what matters."""
    dock, told = dock_of(person), {}
    yield from person.keys("e")
    yield lambda: not dock.filters.change.currentData()
    yield from person.keys("slash", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab")
    yield lambda: QgsApplication.focusWidget() is dock.filters.change
    for place in range(1, dock.filters.change.count()):
        yield from person.keys("Down")
        yield lambda place=place: dock.filters.change.currentIndex() == place
        yield lambda: not dock.filters._wait.isActive()
        yield 0.2
        told[dock.filters.change.currentData()] = {**seen(person), "words": dock.filters.change.currentText()}
    yield from person.keys("Home", "Down")
    yield lambda: dock.filters.change.currentData() == "new"
    yield from person.keys("Escape", "Home")
    yield from settle(person)
    person.shot("new since the last run")
    parts = [
        row for row in dock._listing.rows(0, 20) if row.rule == "conformity.conditional" and row.severity != "info"
    ]
    yield from _step_to(person, parts[0].finding_id)
    told["split off"] = look(person)
    person.shot("split off")
    return told


def what_holds(person: Person) -> Step:
    """All again: the waiver without a change stands, the conflict that was corrected is gone."""
    told = {}
    yield from person.keys("e")
    yield lambda: not dock_of(person).filters.change.currentData()
    yield 0.6
    for role in ("fixed", "stands"):
        yield from _step_to(person, drafts(person)["findings"][role])
        told[role] = look(person)
    person.shot("the waiver stands")
    return told


def picked_store(person: Person) -> Step:
    """The box of stores, by keys, leads back to draft 1: what was decided there is still there."""
    dock = dock_of(person)
    box: QWidget = dock.stores
    box.setFocus()
    yield lambda: box.hasFocus()
    names = [box.itemText(place) for place in range(box.count())]
    yield from person.keys("Down" if box.currentIndex() == 0 else "Up")
    yield lambda: str(dock._listing.path) == drafts(person)["store"]
    yield from settle(person)
    return {"names": names, **look(person)}


STEPS = [
    open_the_findings,
    reopen_expired,
    filter_by_keys,
    step_and_decide,
    check_draft_two,
    open_the_new_findings,
    lapsed,
    new_since_the_last_run,
    what_holds,
    picked_store,
]
