"""One of two windows on one store: decides by keys about its own half of the findings, and sees what the other decides.

The windows and the test tell each other where they are by empty files in the folder of the store. ``first`` takes the findings at even
places, ``second`` those at odd ones; a check is run into the same store while they decide.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from person import Person, Step, dialog
from qgis.core import QgsProject, QgsSettings, QgsVectorLayer
from qgis.PyQt.QtWidgets import QDockWidget
from session_review import dock_of, seen, settle

EACH, FROM = 8, 10
WAIT_S = 90.0
NAMES = {"first": "Lê Văn An", "second": "Phạm Thị Bích"}


def who(person: Person) -> str:
    """ "first" or "second"."""
    return str(person.brief["session"]).rsplit("_", 1)[1]


def folder(person: Person) -> Path:
    """Where the store lies and the files that tell."""
    return Path(person.brief["plans"]).parent


def store(person: Person) -> Path:
    """The store of both."""
    return Path(json.loads(Path(person.brief["plans"]).read_text(encoding="utf-8"))["store"])


def tell(person: Person, what: str) -> None:
    """Let the others know."""
    (folder(person) / f"{who(person)} {what}").touch()


def told(person: Person, what: str, by: str = "") -> Any:
    """A condition: the other (or the test) has said so."""
    other = by or ("second" if who(person) == "first" else "first")
    return (lambda: (folder(person) / f"{other} {what}").exists()), WAIT_S


def statuses(person: Person) -> dict[str, str]:
    """What the list of this window shows."""
    rows = dock_of(person)._listing.rows(0, 10_000)
    return {row.finding_id: row.status for row in rows}


def open_both(person: Person) -> Step:
    """Both windows open the store; its layer is in both projects."""
    QgsSettings().setValue("planconcord/reviewer", NAMES[who(person)])
    person.window.setGeometry(0, 0, 1600, 1000)
    person.window.activateWindow()
    yield 0.4
    layer = QgsVectorLayer(f"{store(person)}|layername=findings", "findings", "ogr")
    QgsProject.instance().addMapLayer(layer)
    person.window.findChild(QDockWidget, "Browser").hide()
    yield from person.keys("ctrl+alt+f")
    yield lambda: dock_of(person) is not None and dock_of(person).view.findings.rowCount() > 0
    person.window.resizeDocks([dock_of(person)], [700], 1)
    yield from settle(person)
    tell(person, "open")
    yield told(person, "open")
    return {"bar": dock_of(person).notices.texts(), "rows": dock_of(person)._listing.counts().total}


def see_the_other(person: Person) -> Step:
    """One decides about the first finding; the other sees it without touching anything; then the other way round."""
    dock = dock_of(person)
    seen = []
    for turn, mover in enumerate(("first", "second")):
        finding = dock._listing.rows(turn, 1)[0].finding_id
        if mover == who(person):
            yield from _go_to(person, turn)
            yield from person.keys("a")
            yield lambda finding=finding: statuses(person)[finding] == "accepted"
            yield told(person, f"saw {turn}")
        else:
            yield (lambda finding=finding: statuses(person)[finding] == "accepted"), WAIT_S
            seen.append(mover)
            tell(person, f"saw {turn}")
    person.shot("both see it")
    return seen


def _go_to(person: Person, position: int) -> Step:
    """Home, and as many times Down; headings are passed as a person passes them."""
    dock = dock_of(person)
    finding = dock._listing.rows(position, 1)[0].finding_id
    yield from person.keys("Home")
    for _ in range(position + 4):
        if dock.view.current() is not None and dock.view.current().finding_id == finding:
            break
        yield from person.keys("n")
    assert dock.view.current().finding_id == finding


def decide_together(person: Person) -> Step:
    """Every second finding is waived, as fast as the keys go, while the other does the same and a check is run again."""
    tell(person, "decides")
    yield told(person, "go", by="test")
    dock, mine, notices = dock_of(person), [], []
    start = FROM + (who(person) == "second")
    wanted = [dock._listing.rows(start + 2 * place, 1)[0].finding_id for place in range(EACH)]
    yield from person.keys("Escape", "Home")
    for finding in wanted:
        for _ in range(60):
            if dock.view.current() is not None and dock.view.current().finding_id == finding:
                break
            yield from person.keys("n")
        assert dock.view.current().finding_id == finding
        yield from person.keys("w")
        yield lambda: dialog("WaiveDialog")
        yield 0.15
        yield from person.paste(f"{who(person)} {finding}")
        yield from person.keys("ctrl+Return")
        yield lambda: not dialog("WaiveDialog")
        person.window.activateWindow()
        yield (lambda finding=finding: statuses(person).get(finding) == "waived"), WAIT_S
        notices += [text for text in dock.notices.texts() if text not in notices]
        mine.append(finding)
        yield 0.4
    tell(person, "decided")
    person.shot("decided")
    return {"mine": mine, "notices": notices}


def see_all(person: Person) -> Step:
    """When the check and the other are ready, this window shows what the file holds."""
    yield told(person, "decided")
    yield told(person, "checked", by="test")
    yield 2.0
    person.shot("all decided")
    tell(person, "ends")
    yield told(person, "ends")
    dock = dock_of(person)
    layer = QgsProject.instance().mapLayersByName("findings")[0]
    return {
        "statuses": statuses(person),
        "counts": seen(person)["counts"],
        "layer": {feature["finding_id"]: feature["status"] for feature in layer.getFeatures()},
        "changes": dock._listing.layout.changes,
    }


STEPS = [open_both, see_the_other, decide_together, see_all]
