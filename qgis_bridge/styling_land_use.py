"""What a plan looks like: its zones in the colours of the land-use codes, a provincial plan's
functional zones hatched.

Goes in: a QgsVectorLayer of polygons, the field with its codes, a language. Codes, names and
colours are those of resources/codes/: land_use_codes.csv (solid), provincial_zones.csv (hatched, so
that a district plan shows through) and land_use_classes.csv (the few muted classes of an overview
map). Codes are compared as everywhere (codes.fold); a code of no table falls into a visible
category of its own. Raises PlanError when the field is not there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsExpression,
    QgsFillSymbol,
    QgsLinePatternFillSymbolLayer,
    QgsPalLayerSettings,
    QgsRendererCategory,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ..engine.catalogue import RESOURCES, read_table, text
from ..engine.codes import fold
from ..engine.errors import PlanError
from .styling_symbols import fill_symbol, haloed, line_symbol

CODES = RESOURCES / "codes"
OUTLINE = "#5A5A5A"
OTHER = "#C800C8"
LABELS_TO_SCALE = 12_000
ZONE_ANGLES = (45.0, 135.0, 0.0, 90.0)


@dataclass(frozen=True)
class LandUse:
    """A code with its names and colour; ``map_class`` is its class on an overview map, "" for a
    functional zone.
    """

    code: str
    name_vi: str
    name_en: str
    colour: str
    map_class: str = ""

    def label(self, language: str) -> str:
        """Return the words of the legend: code and name."""
        return f"{self.code} – {self.name_vi if language == 'vi' else self.name_en}"


@functools.cache
def land_uses() -> dict[str, LandUse]:
    """Return the land-use codes of districts and the functional zones of provincial plans, in the
    order of their tables.
    """
    table = {}
    for file in ("land_use_codes.csv", "provincial_zones.csv"):
        for row in read_table(CODES / file):
            code = row["code"]
            table[code] = LandUse(code, row["name_vi"], row["name_en"], row["hex"], row.get("map_class", ""))
    return table


def style_land_use_layer(layer: QgsVectorLayer, code_field: str, language: str, all_codes: bool = False) -> None:
    """Draw ``layer`` by ``code_field``, with the codes that it holds or, on request, with every
    code of the tables.
    """
    expression = _code_expression(layer, code_field)
    codes = list(land_uses()) if all_codes else _codes_of(layer, code_field)
    layer.setRenderer(_renderer(expression, categories(codes, language)))
    layer.setLabeling(QgsVectorLayerSimpleLabeling(_labels(expression)))
    layer.setLabelsEnabled(True)
    layer.triggerRepaint()


def style_land_classes_layer(layer: QgsVectorLayer, code_field: str, language: str) -> None:
    """Draw ``layer`` in the muted classes of an overview map, without outlines."""
    pairs = ", ".join(
        f"{QgsExpression.quotedString(use.code)}, {QgsExpression.quotedString(use.map_class)}"
        for use in land_uses().values()
        if use.map_class
    )
    expression = f"map_get(map({pairs}), {_code_expression(layer, code_field)})"
    made = [
        QgsRendererCategory(row["class"], _plain(row["hex"]), row[f"name_{language}"])
        for row in read_table(CODES / "land_use_classes.csv")
    ]
    made.append(QgsRendererCategory("", _plain("#E4E4E4"), text("style.classes.other", language)))
    layer.setRenderer(_renderer(expression, made))
    layer.setLabelsEnabled(False)
    layer.triggerRepaint()


def categories(codes: Iterable[str], language: str) -> list[QgsRendererCategory]:
    """Return a category for each known code, in the order of the tables, and one for every other
    code.
    """
    wanted = set(map(fold, codes))
    known = [use for use in land_uses().values() if fold(use.code) in wanted]
    made = [QgsRendererCategory(use.code, symbol_for(use.code), use.label(language)) for use in known]
    return [*made, QgsRendererCategory("", _unknown(), text("style.codes.other", language))]


def symbol_for(code: str) -> QgsFillSymbol:
    """Return the symbol of a code of the tables: solid for a land use, hatched for a functional
    zone.
    """
    use = land_uses()[code]
    if not use.map_class:
        zones = [other.code for other in land_uses().values() if not other.map_class]
        return _hatched(use.colour, ZONE_ANGLES[zones.index(code) % len(ZONE_ANGLES)])
    fill = QgsSimpleFillSymbolLayer(QColor(use.colour))
    fill.setStrokeColor(QColor(OUTLINE))
    fill.setStrokeWidth(0.12)
    return fill_symbol([fill])


def _renderer(expression: str, made: Sequence[QgsRendererCategory]) -> QgsCategorizedSymbolRenderer:
    return QgsCategorizedSymbolRenderer(expression, list(made))


def _code_expression(layer: QgsVectorLayer, code_field: str) -> str:
    if layer.fields().lookupField(code_field) < 0:
        fields = ", ".join(layer.fields().names()) or "–"
        raise PlanError("error.field_missing", layer=layer.name(), field=code_field, fields=fields)
    # what a category is compared with; an expression of QGIS cannot call fold, and the codes of the
    # tables are plain letters
    return rf"upper(regexp_replace(trim(to_string({QgsExpression.quotedColumnRef(code_field)})), '\\s+', ' '))"


def _codes_of(layer: QgsVectorLayer, code_field: str) -> list[str]:
    values = layer.uniqueValues(layer.fields().lookupField(code_field))
    return sorted({fold(str(value)) for value in values})


def _hatched(colour: str, angle: float) -> QgsFillSymbol:
    tint = QColor(colour)
    tint.setAlpha(45)
    fill = QgsSimpleFillSymbolLayer(tint, Qt.BrushStyle.SolidPattern, QColor(colour), Qt.PenStyle.NoPen)
    hatch = QgsLinePatternFillSymbolLayer()
    hatch.setLineAngle(angle)
    hatch.setDistance(2.6)
    hatch.setDistanceUnit(Qgis.RenderUnit.Millimeters)
    hatch.setSubSymbol(line_symbol(colour, 0.3))
    return fill_symbol([fill, hatch, QgsSimpleLineSymbolLayer(QColor(colour), 0.6)])


def _unknown() -> QgsFillSymbol:
    """Bold on white: a code that no table knows is to be seen, not to be lost among the others."""
    white = QgsSimpleFillSymbolLayer(QColor("#FFFFFF"), Qt.BrushStyle.SolidPattern, QColor(OTHER), Qt.PenStyle.NoPen)
    hatch = QgsSimpleFillSymbolLayer(QColor(OTHER), Qt.BrushStyle.DiagCrossPattern, QColor(OTHER))
    hatch.setStrokeWidth(0.4)
    return fill_symbol([white, hatch])


def _plain(colour: str) -> QgsFillSymbol:
    # A stroke of the fill's own colour closes the hairlines that show between neighbours without
    # outlines.
    fill = QgsSimpleFillSymbolLayer(QColor(colour), Qt.BrushStyle.SolidPattern, QColor(colour))
    fill.setStrokeWidth(0.05)
    return fill_symbol([fill])


def _labels(expression: str) -> QgsPalLayerSettings:
    """Return the code on its zone at large scales: thirty colours serve eighty codes, so a colour
    alone does not identify a code.
    """
    settings = QgsPalLayerSettings()
    settings.isExpression = True
    settings.fieldName = expression
    settings.placement = Qgis.LabelPlacement.Horizontal
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = LABELS_TO_SCALE, 0
    settings.setFormat(haloed(7, "#333333", 0.6, "#BEFFFFFF"))
    return settings
