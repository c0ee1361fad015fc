"""The review dock without a window of QGIS: its own window, its own map, keys as Qt delivers them, and what a person sees of it.

What is seen is read from the outlines on the map and the text of the panel, never from what the dock believes.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import pytest
from planconcord.engine.store.place import Place
from planconcord.qgis_plugin.review.dock import ReviewDock
from planconcord.qgis_plugin.review.words import FINDING_COLOUR
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapLayer,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QMainWindow, QStatusBar, QWidget
from stores import CRS, SOUTH, STEP_M, WEST

STORE_CRS = f"EPSG:{CRS}"
NEAR_M = 1.0


class Canvas(QgsMapCanvas):
    """A map on which nothing flashes: what flashes is an outline for a moment."""

    def flashGeometries(self, *_: object) -> None:
        pass


class Iface:
    """What the dock asks of QGIS's window."""

    def __init__(self) -> None:
        self.window, self.canvas, self.bar = QMainWindow(), Canvas(), QStatusBar()
        self.window.setCentralWidget(self.canvas)
        self.window.resize(1366, 768)
        self.active: QgsMapLayer | None = None
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem(STORE_CRS))
        self.canvas.setExtent(QgsRectangle(WEST, SOUTH, WEST + 2000, SOUTH + 1000))

    def mainWindow(self) -> QMainWindow:
        return self.window

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas

    def statusBarIface(self) -> QStatusBar:
        return self.bar

    def activeLayer(self) -> QgsMapLayer | None:
        return self.active


class Desk:
    """A dock with a person before it."""

    def __init__(self, language: str = "en"):
        self.faults: list[str] = []
        self._hook, sys.excepthook = sys.excepthook, self._failed  # without one, Qt ends the program
        self.iface = Iface()
        self.dock = ReviewDock(self.iface, language)
        self.iface.window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.dock._looking.stop()  # a test looks when it says so
        self.iface.window.show()
        QApplication.processEvents()

    def _failed(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self.faults.append("".join(traceback.format_exception(kind, error, trace)))

    def open(self, place: Place) -> None:
        assert self.dock.open_store(place), self.dock.notices.texts()

    def press(self, keys: str, widget: QWidget | None = None) -> None:
        """Press a key, written as "Shift+Down", where the list has the focus."""
        *held, name = keys.split("+") if len(keys) > 1 else [keys]
        modifiers = Qt.KeyboardModifier.NoModifier
        for one in held:
            modifiers |= getattr(Qt.KeyboardModifier, {"Ctrl": "ControlModifier"}.get(one, f"{one}Modifier"))
        key = getattr(Qt.Key, f"Key_{ {'/': 'Slash'}.get(name, name) }")
        QTest.keyClick(widget or self.dock.view, key, modifiers)

    def wait(self, ms: int = 100) -> None:
        """Let the dock do what it puts off for a moment, whatever else the machine does."""
        QTest.qWait(ms)
        for timer in (self.dock.view._wait, self.dock.filters._wait, self.dock._offering):
            while timer.isActive():
                QTest.qWait(10)

    def look(self) -> None:
        """The dock's own look at what others have written."""
        self.dock._look()

    def said(self) -> str:
        return str(self.iface.bar.currentMessage())

    # what a person sees

    def outlined(self) -> set[int]:
        """The numbers (of stores.findings) of the findings that are outlined on the map."""
        canvas = self.iface.canvas
        back = QgsCoordinateTransform(
            canvas.mapSettings().destinationCrs(), QgsCoordinateReferenceSystem(STORE_CRS), QgsProject.instance()
        )
        found = set()
        for band in (item for item in canvas.items() if isinstance(item, QgsRubberBand) and item.isVisible()):
            if band.strokeColor().name().upper() != FINDING_COLOUR:
                continue
            shape = band.asGeometry()
            assert shape.transform(back) == 0
            for part in shape.constParts():
                box = part.boundingBox()
                column, row = (box.xMinimum() - WEST) / STEP_M, (box.yMinimum() - SOUTH) / STEP_M
                assert abs(column - round(column)) * STEP_M < NEAR_M and abs(row - round(row)) * STEP_M < NEAR_M
                found.add(round(row) * 100 + round(column))
        return found

    def described(self) -> int | None:
        """The number of the finding that the panel describes."""
        found = re.search(r"Zone A A-(\d+)", self.dock.panel.toPlainText())
        return int(found[1]) if found else None

    def highlighted(self) -> set[int]:
        """The numbers of the findings that the list shows as chosen."""
        view = self.dock.view
        rows = {index.row() for index in view.selectionModel().selectedIndexes()}
        words = [str(view.model().index(row, 2).data()) for row in rows]
        return {int(re.match(r"A-(\d+)", one)[1]) for one in words}  # type: ignore[index]

    def in_view(self, number: int) -> bool:
        """Whether the map's window holds a finding."""
        x, y = WEST + number % 100 * STEP_M, SOUTH + number // 100 * STEP_M
        there = QgsCoordinateTransform(
            QgsCoordinateReferenceSystem(STORE_CRS),
            self.iface.canvas.mapSettings().destinationCrs(),
            QgsProject.instance(),
        )
        return bool(self.iface.canvas.extent().contains(there.transform(x + 5, y + 5)))

    def close(self) -> None:
        self.dock.end()
        self.iface.window.close()
        self.dock.deleteLater()
        self.iface.window.deleteLater()
        QApplication.processEvents()
        QgsProject.instance().clear()
        sys.excepthook = self._hook
        assert not self.faults, self.faults[0]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A dock, closed at the end."""
    made = Desk()
    yield made
    made.close()


def number_of(path: Place, finding_id: str) -> int:
    """The number of a finding of stores.findings, by its id."""
    from stores import ask

    ((zone,),) = set(ask(path, "SELECT zone_a FROM findings WHERE finding_id = ?", finding_id))
    return int(str(zone).removeprefix("A-"))


def finding_of(path: Path, number: int) -> str:
    """The id of a finding by its number."""
    from stores import ask

    ((finding_id,),) = ask(path, "SELECT finding_id FROM findings WHERE zone_a = ?", f"A-{number}")
    return str(finding_id)
