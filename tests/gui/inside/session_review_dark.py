"""The review dock in Vietnamese, in a dark theme, at twice the size: keys only."""

from __future__ import annotations

from person import Person, Step, dialog
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget
from qgis.utils import iface
from session_review import dock_of, seen, settle, store_of


def review(person: Person) -> Step:
    """The store's layer is in the project; the shortcut opens the dock on it."""
    person.window.setGeometry(0, 0, 1400, 900)
    person.window.activateWindow()
    yield 0.5
    for name in ("upper", "plan"):
        QgsProject.instance().addMapLayer(QgsVectorLayer(f"{person.brief['plans']}|layername={name}", name, "ogr"))
    QgsProject.instance().addMapLayer(QgsVectorLayer(f"{store_of(person)}|layername=findings", "phát hiện", "ogr"))
    person.window.findChild(QDockWidget, "Browser").hide()
    yield from person.keys("ctrl+alt+f")
    yield lambda: dock_of(person) is not None and dock_of(person).view.findings.rowCount() > 0
    person.window.resizeDocks([dock_of(person)], [620], 1)
    yield from person.keys("Down", "Down", "Down")
    yield from settle(person)
    person.shot("dark")
    told = seen(person)
    yield from person.keys("w")
    yield lambda: dialog("WaiveDialog")
    yield 0.4
    person.shot("dark waive")
    yield from person.keys("Escape")
    yield 0.3
    colours = {
        role: dock_of(person).view.palette().color(getattr(dock_of(person).view.palette().ColorRole, role)).lightness()
        for role in ("Base", "Text")
    }
    return {
        **told,
        "ratio": QApplication.primaryScreen().devicePixelRatio(),
        "colours": colours,
        "title": dock_of(person).windowTitle(),
        "unnamed": iface.mainWindow().isVisible(),
    }


STEPS = [review]
