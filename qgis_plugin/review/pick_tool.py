"""A click on the map asks for the findings there."""

from __future__ import annotations

from qgis.core import QgsRectangle
from qgis.gui import QgsMapCanvas, QgsMapMouseEvent, QgsMapTool
from qgis.PyQt.QtCore import Qt, pyqtSignal

REACH_PX = 6


class PickTool(QgsMapTool):
    """``picked`` gives a small rectangle around the click, in the CRS of the map."""

    picked = pyqtSignal(QgsRectangle)

    def __init__(self, canvas: QgsMapCanvas):
        super().__init__(canvas)
        self.setCursor(Qt.CursorShape.WhatsThisCursor)

    def canvasReleaseEvent(self, event: QgsMapMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        reach = REACH_PX * self.canvas().mapUnitsPerPixel()
        place = event.mapPoint()
        self.picked.emit(QgsRectangle(place.x() - reach, place.y() - reach, place.x() + reach, place.y() + reach))
