"""How the base layers of the overview map are drawn: sea, rivers, roads, towns, boundaries with
their names.
"""

from __future__ import annotations

from collections.abc import Iterable

from planconcord.qgis_bridge.styling_symbols import fill_symbol, haloed, marker_symbol
from qgis.core import (
    Qgis,
    QgsFillSymbol,
    QgsLineSymbol,
    QgsMarkerSymbol,
    QgsPalLayerSettings,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSimpleMarkerSymbolLayer,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

FONT = "DejaVu Sans"
NAME_FIELDS = ("name_vi", "name", "ten", "territory", "ten_huyen")
NEIGHBOURS = "#F2EFE8"
SEA, WATER, WATER_EDGE, ROAD, BORDER, BAND = "#DCEDF6", "#8FBEDC", "#7FB0D0", "#B8743A", "#3A3A3A", "#B79BC9"


def name_field(layer: QgsVectorLayer) -> str:
    """Return the field with the names of a base layer, "" if there is none."""
    present = {name.lower(): name for name in layer.fields().names()}
    return next((present[name] for name in NAME_FIELDS if name in present), "")


def style_base(role: str, layer: QgsVectorLayer, names: str) -> None:
    """Draw a base layer as its role asks; ``names`` is the field to write beside it, "" for
    none.
    """
    polygons = layer.geometryType() == Qgis.GeometryType.Polygon
    layer.setRenderer(QgsSingleSymbolRenderer(_symbol(role, polygons)))
    if names and role in ("district_boundary", "towns", "sea"):
        layer.setLabeling(QgsVectorLayerSimpleLabeling(boundary_label(names, role)))
        layer.setLabelsEnabled(True)


def _symbol(role: str, polygons: bool) -> QgsSymbol:
    if role == "towns":
        return _town()
    if role == "sea":
        return _area(SEA, WATER_EDGE, 0.15)
    if role == "neighbours":
        return _area(NEIGHBOURS, NEIGHBOURS, 0.05)
    if role == "rivers":
        return _area(WATER, WATER_EDGE, 0.1) if polygons else _lines(False, [(WATER_EDGE, 0.45)])
    if role == "roads":
        return _lines(polygons, [("#FFFFFF", 0.75), (ROAD, 0.4)])
    if role == "province_boundary":
        return _lines(polygons, [(BAND, 2.6), (BORDER, 0.55)], [None, [6, 1.6, 1.2, 1.6]], alpha=90)
    return _lines(polygons, [("#FFFFFF", 0.8), (BORDER, 0.32)], [None, [5, 2, 1, 2]], alpha=150)


def _lines(
    polygons: bool,
    strokes: Iterable[tuple[str, float]],
    dashes: Iterable[list[float] | None] = (None, None),
    alpha: int = 255,
) -> QgsSymbol:
    """Lines one on the other, the lowest first and with ``alpha``; without a fill for the outlines
    of polygons.
    """
    made = []
    for (colour, width_mm), dash in zip(strokes, dashes):
        shade = QColor(colour)
        if not made:
            shade.setAlpha(alpha)
        line = QgsSimpleLineSymbolLayer(shade, width_mm)
        line.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if dash:
            line.setCustomDashVector(dash)
            line.setUseCustomDashPattern(True)
        made.append(line)
    return _put_together(QgsFillSymbol() if polygons else QgsLineSymbol(), made)


def _put_together(symbol: QgsSymbol, layers: list[QgsSimpleLineSymbolLayer]) -> QgsSymbol:
    for layer in layers:
        symbol.appendSymbolLayer(layer)
    symbol.deleteSymbolLayer(0)
    return symbol


def _area(colour: str, edge: str, width_mm: float) -> QgsFillSymbol:
    fill = QgsSimpleFillSymbolLayer(QColor(colour))
    fill.setStrokeColor(QColor(edge))
    fill.setStrokeWidth(width_mm)
    return fill_symbol([fill])


def _town() -> QgsMarkerSymbol:
    dot = QgsSimpleMarkerSymbolLayer(Qgis.MarkerShape.Circle, 1.7)
    dot.setColor(QColor("#FFFFFF"))
    dot.setStrokeColor(QColor(BORDER))
    dot.setStrokeWidth(0.4)
    return marker_symbol(dot)


def boundary_label(names: str, role: str) -> QgsPalLayerSettings:
    """Names: of districts spaced and large, of towns small beside their dot, of the sea blue and
    slanted.
    """
    settings = QgsPalLayerSettings()
    settings.fieldName = names
    size_pt, colour = {"district_boundary": (8.5, "#3B2A4A"), "towns": (6.5, "#222222"), "sea": (11, "#4C86AB")}[role]
    written = haloed(size_pt, colour, 0.9 if role == "district_boundary" else 0.6)
    font = written.font()
    font.setFamily(FONT)
    font.setBold(role == "district_boundary")
    font.setItalic(role == "sea")
    written.setFont(font)
    settings.setFormat(written)
    settings.placement = {
        "district_boundary": Qgis.LabelPlacement.Horizontal,
        "towns": Qgis.LabelPlacement.OrderedPositionsAroundPoint,
        "sea": Qgis.LabelPlacement.Horizontal,
    }[role]
    settings.autoWrapLength = 14 if role == "district_boundary" else 0
    settings.centroidInside = True
    settings.priority = {"district_boundary": 10, "towns": 6, "sea": 3}[role]
    return settings
