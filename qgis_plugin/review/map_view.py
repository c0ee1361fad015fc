"""A finding on the map: the map goes there, the finding flashes, and both zones are outlined in two colours.

Goes in: outlines in the store's CRS and zones in theirs. Touches nothing but the canvas; ``clear`` leaves no trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from .words import FINDING_COLOUR, ZONE_COLOURS
from .zones import Zone

AROUND = 4.0
LARGEST_SCALE = 500.0
FLASHES, FLASH_MS = 2, 300
ZONE_PX = 6
"""Of the zones' outlines: a finding that is a whole zone has the same outline, drawn over it, and must leave a rim of its colour."""


class FindingOnMap:
    """The marks of one finding on a canvas."""

    def __init__(self, canvas: QgsMapCanvas):
        self._canvas = canvas
        self._bands: list[QgsRubberBand] = []
        self.moving = False
        """True while the map moves by us, not by a person."""

    def show(
        self,
        outline: QgsGeometry,
        crs: QgsCoordinateReferenceSystem,
        zones: Mapping[str, Zone],
        piece: QgsGeometry | None,
        others: Sequence[QgsGeometry] = (),
    ) -> None:
        """Outline the finding and its zones; ``piece`` is filled instead of the whole. ``others``: what is chosen together with it."""
        self.clear()
        beside = self._here(QgsGeometry.collectGeometry(list(others)), crs) if others else None
        if beside is not None:
            self._outline(beside, FINDING_COLOUR, 2, 0)
        for side, zone in zones.items():
            shape = self._here(zone.feature.geometry(), zone.layer.crs())
            if shape is not None:
                self._outline(shape, ZONE_COLOURS[side], ZONE_PX, 0, cased=True)
        whole = self._here(outline, crs)
        if whole is not None:
            self._outline(whole, FINDING_COLOUR, 2, 0 if piece is not None else 60)
        part = self._here(piece, crs) if piece is not None else None
        if part is not None:
            self._outline(part, FINDING_COLOUR, 3, 90)

    def go(self, outline: QgsGeometry, crs: QgsCoordinateReferenceSystem, keep_scale: bool) -> None:
        """Bring the outline into the middle, at a scale at which it is seen whole, and flash it."""
        shape = self._here(outline, crs)
        if shape is None or shape.isEmpty():
            return
        box = shape.boundingBox()
        self.moving = True
        try:
            if keep_scale:
                self._canvas.setCenter(box.center())
            else:
                wide = QgsRectangle(box)
                wide.scale(AROUND)
                if wide.width() <= 0 and wide.height() <= 0:
                    self._canvas.setCenter(box.center())
                else:
                    self._canvas.setExtent(wide)
                if self._canvas.scale() < LARGEST_SCALE:
                    self._canvas.zoomScale(LARGEST_SCALE)
        finally:
            self.moving = False
        self._canvas.refresh()
        colour, clear = QColor(FINDING_COLOUR), QColor(FINDING_COLOUR)
        clear.setAlpha(0)
        self._canvas.flashGeometries(
            [shape], self._canvas.mapSettings().destinationCrs(), colour, clear, FLASHES, FLASH_MS
        )

    def clear(self) -> None:
        """Remove all marks."""
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands.clear()

    def window(self, crs: QgsCoordinateReferenceSystem, around: QgsRectangle | None = None) -> tuple[float, ...] | None:
        """What the map shows, or a part of it, as west, south, east, north in ``crs``."""
        settings = self._canvas.mapSettings()
        transform = QgsCoordinateTransform(settings.destinationCrs(), crs, QgsProject.instance())
        try:
            box = transform.transformBoundingBox(around or self._canvas.extent())
        except QgsCsException:
            return None
        return box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()

    def _outline(self, shape: QgsGeometry, colour: str, width_px: int, fill_alpha: int, cased: bool = False) -> None:
        band = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
        stroke, fill = QColor(colour), QColor(colour)
        fill.setAlpha(fill_alpha)
        band.setStrokeColor(stroke)
        band.setFillColor(fill)
        if cased:
            band.setSecondaryStrokeColor(QColor(255, 255, 255, 160))
        band.setWidth(width_px)
        band.setLineStyle(Qt.PenStyle.SolidLine)
        band.setToGeometry(shape)
        band.show()
        self._bands.append(band)

    def _here(self, shape: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> QgsGeometry | None:
        """A geometry in the CRS of the map."""
        here = QgsGeometry(shape)
        transform = QgsCoordinateTransform(crs, self._canvas.mapSettings().destinationCrs(), QgsProject.instance())
        try:
            outcome = here.transform(transform)
        except QgsCsException:
            return None
        return here if outcome == Qgis.GeometryOperationResult.Success else None
