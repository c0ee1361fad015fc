"""What the lower plan looks like with a verdict for each zone: a colour a verdict, its share in
conflict as a label.

Goes in: a QgsVectorLayer with the fields of the zones table (engine/checks/conformity/tables.py)
and a language. Colours and patterns lie in resources/styles/verdicts.csv, the strictest first.
Raises PlanError when the layer has no verdict field.
"""

from __future__ import annotations

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
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
from ..engine.errors import PlanError
from .styling_symbols import fill_symbol, haloed, line_symbol

VERDICTS_FILE = RESOURCES / "styles" / "verdicts.csv"
FIELD = "verdict"
OUTLINE = "#5A5A5A"
LABELS_TO_SCALE = 15_000
SHARE = """if("conflict_share" > 0, "code" || '\n' || round(100 * "conflict_share") || ' %', "code")"""


def style_verdicts_layer(layer: QgsVectorLayer, language: str) -> None:
    """Colours, legend and labels of a layer of zones with verdicts."""
    if layer.fields().lookupField(FIELD) < 0:
        fields = ", ".join(layer.fields().names()) or "–"
        raise PlanError("error.field_missing", layer=layer.name(), field=FIELD, fields=fields)
    made = [
        QgsRendererCategory(row["verdict"], _symbol(row["colour"], row["pattern"]), _title(row["verdict"], language))
        for row in read_table(VERDICTS_FILE)
    ]
    layer.setRenderer(QgsCategorizedSymbolRenderer(FIELD, made))
    layer.setLabeling(QgsVectorLayerSimpleLabeling(_labels()))
    layer.setLabelsEnabled(True)
    layer.triggerRepaint()


def _title(verdict: str, language: str) -> str:
    words = text(f"verdict.{verdict}", language)
    return words[:1].upper() + words[1:]


def _symbol(colour: str, pattern: str) -> QgsFillSymbol:
    outline = QgsSimpleLineSymbolLayer(QColor(OUTLINE), 0.12)
    if pattern == "cross":
        cross = QgsSimpleFillSymbolLayer(QColor(colour), Qt.BrushStyle.DiagCrossPattern, QColor(colour))
        return fill_symbol([cross, outline])
    if pattern == "hatch":
        hatch = QgsLinePatternFillSymbolLayer()
        hatch.setLineAngle(45)
        hatch.setDistance(2.0)
        hatch.setDistanceUnit(Qgis.RenderUnit.Millimeters)
        hatch.setSubSymbol(line_symbol(colour, 0.4))
        return fill_symbol([hatch, outline])
    fill = QgsSimpleFillSymbolLayer(QColor(colour), Qt.BrushStyle.SolidPattern, QColor(OUTLINE))
    fill.setStrokeWidth(0.12)
    return fill_symbol([fill])


def _labels() -> QgsPalLayerSettings:
    settings = QgsPalLayerSettings()
    settings.isExpression = True
    settings.fieldName = SHARE
    settings.placement = Qgis.LabelPlacement.Horizontal
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = LABELS_TO_SCALE, 0
    settings.setFormat(haloed(7, "#333333", 0.6, "#BEFFFFFF"))
    return settings
