"""The windows of Processing as a person uses them: the toolbox, an algorithm's dialog, its log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from person import GaveUp, Person, Step, dialog, named
from qgis.core import QgsProject, QgsVectorLayer
from qgis.gui import QgsDoubleSpinBox, QgsProcessingToolboxTreeView
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QModelIndex
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QDockWidget,
    QGroupBox,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QTextBrowser,
    QToolButton,
    QWidget,
)
from qgis.utils import iface

CHECK_S = 40.0


# ── the toolbox ─────────────────────────────────────────────────────────────────────────────────────────────────────


def toolbox(person: Person) -> QDockWidget:
    """The panel, shown or not."""
    return named(person.window, QDockWidget, "ProcessingToolbox")


def open_toolbox(person: Person) -> Step:
    """Show the panel by its shortcut."""
    person.window.setGeometry(0, 0, 1600, 1000)
    person.window.activateWindow()
    yield 0.4
    if not toolbox(person).isVisible():
        yield from person.keys("ctrl+alt+t")
        yield toolbox(person).isVisible
    yield 0.3


def tree_of(person: Person) -> QgsProcessingToolboxTreeView:
    """The tree in the panel."""
    return named(toolbox(person), QgsProcessingToolboxTreeView, "algorithmTree")


def entries(tree: QgsProcessingToolboxTreeView, parent: QModelIndex | None = None) -> Iterator[tuple[str, QModelIndex]]:
    """Every entry of the tree as "provider/group/algorithm" with its index."""
    parent = parent if parent is not None else QModelIndex()
    for row in range(tree.model().rowCount(parent)):
        index = tree.model().index(row, 0, parent)
        yield str(index.data()), index
        for path, inner in entries(tree, index):
            yield f"{index.data()}/{path}", inner


def search(person: Person, words: str) -> Step:
    """Type into the search box; the paths of the entries that remain."""
    yield from person.fill(named(toolbox(person), QLineEdit, "searchBox"), words)
    yield 0.4
    return [path for path, _ in entries(tree_of(person))]


def open_algorithm(person: Person, name: str, window: str = "AlgorithmDialog") -> Step:
    """Search for an algorithm, open it by a double click; its dialog."""
    yield from search(person, name)
    tree = tree_of(person)
    index = next((index for path, index in entries(tree) if path.endswith(f"/{name}")), None)
    if index is None:
        raise GaveUp(f"no algorithm {name!r} among {[path for path, _ in entries(tree)]}")
    tree.scrollTo(index)
    yield from person.press(tree.viewport(), tree.visualRect(index).center(), times=2)
    yield lambda: dialog(window)
    opened = dialog(window)
    opened.activateWindow()
    yield 0.4
    return opened


# ── layers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def open_layers(person: Person, *names: str) -> Step:
    """Add layers of the session's GeoPackage, one after another."""
    for name in names:
        layer = iface.addVectorLayer(f"{person.brief['plans']}|layername={name}", name, "ogr")
        # QGIS gives a colour by chance, perhaps that of a finding.
        layer.renderer().symbol().setColor(QColor("#e6e6d8"))
        # QGIS takes the project's CRS from the first layer a moment later, and asks for a transformation until then.
        yield 0.3
    yield drawn


def drawn() -> bool:
    """Whether the map stands still."""
    return not iface.mapCanvas().isDrawing()


def layers_called(beginning: str) -> list[QgsVectorLayer]:
    """The layers of the project whose names begin so."""
    return [layer for layer in QgsProject.instance().mapLayers().values() if layer.name().startswith(beginning)]


def result_layer(told: dict[str, Any], output: str = "FINDINGS") -> QgsVectorLayer:
    """The layer of the project that a run has made."""
    layers, made = QgsProject.instance().mapLayers(), told["results"][output]
    for layer in layers.values():
        if made in (layer.id(), layer.source()) or layer.source().split("|")[0] == made:
            return layer
    raise GaveUp(f"{made} is not among the layers {[layer.source() for layer in layers.values()]}")


# ── an algorithm's dialog ───────────────────────────────────────────────────────────────────────────────────────────


def widget_of(opened: QWidget, parameter: str, kind: type = QWidget) -> Any:
    """The widget of a parameter, or the part of it that a person touches."""
    whole = opened.mainWidget().wrappers[parameter].wrappedWidget()
    if kind is QWidget or isinstance(whole, kind):
        return whole
    part = whole.findChild(kind)
    if part is None:
        raise GaveUp(f"the widget of {parameter} has no {kind.__name__}")
    return part


def choose(person: Person, opened: QWidget, parameter: str, words: str) -> Step:
    """Choose a layer, a field or one of several words."""
    yield from person.choose(widget_of(opened, parameter, QComboBox), words)


def enter_number(person: Person, opened: QWidget, parameter: str, number: str) -> Step:
    """Type a number."""
    spin = widget_of(opened, parameter, QgsDoubleSpinBox)
    yield from person.press(spin.lineEdit())
    yield from person.keys("ctrl+a")
    yield from person.type(number)
    yield from person.keys("Tab")
    yield lambda: spin.value() == float(number)


def fill_text(person: Person, opened: QWidget, parameter: str, text: str) -> Step:
    """Paste a text or a path."""
    yield from person.fill(widget_of(opened, parameter, QLineEdit), text)


def save_to(person: Person, opened: QWidget, output: str, path: str, load: bool = True) -> Step:
    """Give an output a file, and say whether it shall be opened afterwards."""
    yield from person.fill(widget_of(opened, output, QLineEdit), path)
    box = widget_of(opened, output, QCheckBox)
    if box.isChecked() != load:
        yield from person.press(box)
        yield lambda: box.isChecked() == load


def show_advanced(person: Person, opened: QWidget) -> Step:
    """Unfold the advanced parameters."""
    arrow = named(named(opened, QGroupBox, "grpAdvanced"), QToolButton, "collapseButton")
    yield from person.press(arrow)
    yield 0.3


def press_run(person: Person, opened: QWidget) -> Step:
    """Press Run; the list into which the end will be written as (successful, results)."""
    ends: list[tuple[bool, dict[str, Any]]] = []
    opened.algorithmFinished.connect(lambda successful, results: ends.append((successful, dict(results))))
    yield from person.press(opened.runButton())
    person.looks = 0
    return ends


def run(person: Person, opened: QWidget, limit_s: float = CHECK_S) -> Step:
    """Press Run and wait for the end; what the dialog then shows."""
    ends = yield from press_run(person, opened)
    yield lambda: ends, limit_s
    looks = person.looks
    yield drawn, CHECK_S
    successful, results = ends[0]
    return {
        "successful": successful,
        "results": {name: value for name, value in results.items() if name != "CHILD_INPUTS"},
        "log": log_of(opened),
        "looks": looks,
    }


def log_of(opened: QWidget) -> str:
    """The text of the log page."""
    return named(opened, QTextBrowser, "txtLog").toPlainText()


def help_of(opened: QWidget) -> str:
    """The text of the help panel; empty when it is hidden."""
    panel = named(opened, QTextBrowser, "textShortHelp")
    return panel.toPlainText() if panel.isVisible() else ""


def progress_of(opened: QWidget) -> int:
    """The percentage of the bar."""
    return named(opened, QProgressBar, "progressBar").value()


def cancel_button(opened: QWidget) -> QPushButton:
    """The button that stops a run."""
    return named(opened, QPushButton, "buttonCancel")


def back_to_parameters(person: Person, opened: QWidget) -> Step:
    """Show the parameters again, by the tab."""
    tabs = named(opened, QTabWidget, "mTabWidget")
    yield from person.press(tabs.tabBar(), tabs.tabBar().tabRect(0).center())
    yield lambda: tabs.currentIndex() == 0


def close(person: Person, opened: QWidget) -> Step:
    """Close the dialog by its button."""
    box = next(box for box in opened.findChildren(QDialogButtonBox) if box.isVisible())
    yield from person.press(box.button(QDialogButtonBox.StandardButton.Close))
    yield lambda: gone(opened)
    person.window.activateWindow()


def gone(opened: QWidget) -> bool:
    """Whether a window is closed; QGIS deletes some of them then."""
    return sip.isdeleted(opened) or not opened.isVisible()
