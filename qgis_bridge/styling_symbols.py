"""Symbols and label fonts put together the way PyQGIS can bear.

A symbol built from a Python list of symbol layers crashes QGIS later, because the list keeps owning
them; handed over one by one they belong to the symbol.
"""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import (
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsSimpleLineSymbolLayer,
    QgsSimpleMarkerSymbolLayer,
    QgsSymbol,
    QgsSymbolLayer,
    QgsTextBufferSettings,
    QgsTextFormat,
)
from qgis.PyQt.QtGui import QColor


def fill_symbol(layers: Iterable[QgsSymbolLayer]) -> QgsFillSymbol:
    """Return a symbol for polygons: fills and lines, the first below."""
    return _filled(QgsFillSymbol(), layers)


def marker_symbol(layer: QgsSimpleMarkerSymbolLayer) -> QgsMarkerSymbol:
    """Return a symbol for a point."""
    return _filled(QgsMarkerSymbol(), [layer])


def line_symbol(colour: str, width_mm: float) -> QgsLineSymbol:
    """Return a symbol for a plain line."""
    return _filled(QgsLineSymbol(), [QgsSimpleLineSymbolLayer(QColor(colour), width_mm)])


def _filled(symbol: QgsSymbol, layers: Iterable[QgsSymbolLayer]) -> QgsSymbol:
    """``symbol``, which QGIS starts with a layer of its own, with ``layers`` instead."""
    for layer in layers:
        symbol.appendSymbolLayer(layer)
    symbol.deleteSymbolLayer(0)
    return symbol


def haloed(size_pt: float, colour: str, halo_mm: float, halo: str = "#FFFFFF") -> QgsTextFormat:
    """Text that stays legible on any ground."""
    around = QgsTextBufferSettings()
    around.setEnabled(True)
    around.setSize(halo_mm)
    around.setColor(QColor(halo))
    written = QgsTextFormat()
    written.setSize(size_pt)
    written.setColor(QColor(colour))
    written.setBuffer(around)
    return written
