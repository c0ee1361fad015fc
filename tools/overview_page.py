"""The page of the overview map: an A3 layout with map, title, legend, table, scale bar and north arrow.

Goes in: a project, the loaded layers (overview_map.Sheet), the options of the command line. ``compose`` puts the page
together, ``export`` writes the PNG and returns "" or what went wrong. Sizes are millimetres on the paper.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

from overview_base import boundary_label, style_base
from overview_counts import count_findings, table_rows
from planconcord.algorithms.styling import style_findings, style_land_classes
from planconcord.algorithms.styling_findings import kind_of
from planconcord.engine.catalogue import text
from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateTransform,
    QgsFillSymbol,
    QgsLayoutExporter,
    QgsLayoutFrame,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemManualTable,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutItemShape,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLayoutTableColumn,
    QgsLegendStyle,
    QgsLineSymbol,
    QgsPrintLayout,
    QgsProject,
    QgsRectangle,
    QgsRuleBasedRenderer,
    QgsTableCell,
    QgsTextFormat,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QRectF, Qt
from qgis.PyQt.QtGui import QColor, QFont

PAGE_MM = (420.0, 297.0)
MAP_MM = QRectF(14, 32, 276, 250)
SIDE_MM = QRectF(300, 32, 110, 250)
MARGIN = 0.04
ROUND_SCALES = tuple(base * 10**power for power in (3, 4, 5) for base in (10, 12.5, 15, 20, 25, 30, 40, 50, 60, 75))
LAND, INK, FAINT = "#F6F4EE", "#222222", "#6B6B6B"
FONT = "DejaVu Sans"


def written(size_pt: float, bold: bool = False, colour: str = INK, italic: bool = False) -> QgsTextFormat:
    """Text of the page."""
    font = QFont(FONT)
    font.setBold(bold)
    font.setItalic(italic)
    made = QgsTextFormat()
    made.setFont(font)
    made.setSize(size_pt)
    made.setColor(QColor(colour))
    return made


class Page:
    """One overview map in the making."""

    def __init__(self, project: QgsProject, sheet, options: argparse.Namespace, version: str):
        self._project, self._sheet, self._options, self._version = project, sheet, options, version
        self._language = options.language
        self._crs = sheet.findings.crs()
        project.setCrs(self._crs)
        self._layout = QgsPrintLayout(project)
        self._layout.initializeDefaults()
        self._layout.pageCollection().page(0).setPageSize("A3", Qgis.LayoutOrientation.Landscape) if hasattr(
            Qgis, "LayoutOrientation"
        ) else self._layout.pageCollection().page(0).setPageSize(QgsLayoutSize(*PAGE_MM))
