"""The page of the overview map: an A3 layout with map, title, legend, table, scale bar and north
arrow.

Goes in: a project, the loaded layers (overview_map.Sheet), the options of the command line.
``compose`` puts the page together, ``export`` writes the PNG and returns "" or what went wrong.
Sizes are millimetres on the paper.
"""

from __future__ import annotations

import argparse
import datetime
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from overview_base import name_field, style_base
from overview_counts import COLUMNS, classes_in, count_findings, table_rows
from planconcord.engine.catalogue import RESOURCES, number, text
from planconcord.qgis_bridge.styling import style_findings, style_land_classes
from qgis.core import (
    Qgis,
    QgsCoordinateTransform,
    QgsLayoutExporter,
    QgsLayoutFrame,
    QgsLayoutItem,
    QgsLayoutItemLabel,
    QgsLayoutItemLegend,
    QgsLayoutItemManualTable,
    QgsLayoutItemMap,
    QgsLayoutItemMapGrid,
    QgsLayoutItemPage,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsLayoutPoint,
    QgsLayoutSize,
    QgsLayoutTable,
    QgsLayoutUtils,
    QgsLegendRenderer,
    QgsLegendStyle,
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

if TYPE_CHECKING:
    from overview_map import Sheet

MAP_MM = QRectF(15, 33, 275, 247)
SIDE_X_MM, SIDE_WIDTH_MM, GAP_MM = 299.0, 111.0, 4.0
MARGIN = 0.03
ROUND_SCALES = [
    step * 10**power for power in (4, 5, 6) for step in (1, 1.25, 1.5, 1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7.5)
]
LAND, INK, FAINT = "#F2EFE8", "#222222", "#666666"
FONT = "DejaVu Sans"
HEADER_MM = 7.5
# From the lowest to the highest.
BELOW_PLANS, ABOVE_PLANS = ("neighbours", "sea"), ("rivers", "roads", "district_boundary", "province_boundary", "towns")


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

    def __init__(self, project: QgsProject, sheet: Sheet, options: argparse.Namespace, version: str):
        self._project, self._sheet, self._options, self._version = project, sheet, options, version
        self._language = options.language
        self._crs = sheet.findings.crs()
        self._by_territory, self._kinds = count_findings(sheet.findings)
        project.setCrs(self._crs)
        self._layout = QgsPrintLayout(project)
        self._layout.initializeDefaults()
        self._layout.pageCollection().page(0).setPageSize("A3", QgsLayoutItemPage.Orientation.Landscape)

    def compose(self) -> None:
        """Style the layers and put every item on the page."""
        layers = self._styled_layers()
        for layer in reversed(layers):
            self._project.addMapLayer(layer, False)
        self._heading()
        self._map = self._add_map(layers)
        self._add_grid()
        self._add_north()
        self._side(MAP_MM.top() - 1.5)
        self._add_scale()
        self._footer()

    def export(self, output: Path) -> str:
        """Write the PNG; "" or what went wrong."""
        output.parent.mkdir(parents=True, exist_ok=True)
        exporter = QgsLayoutExporter(self._layout)
        settings = QgsLayoutExporter.ImageExportSettings()
        settings.dpi = self._options.dpi
        settings.generateWorldFile = False
        done = exporter.exportToImage(str(output), settings)
        if done == QgsLayoutExporter.ExportResult.Success:
            return ""
        return f"{output}: {exporter.errorMessage() or 'QGIS could not write the picture'}"

    def _words(self, key: str, **values: object) -> str:
        return text(f"overview.{key}", self._language, **values)

    # layers

    def _styled_layers(self) -> list[QgsVectorLayer]:
        """Return all layers in the order of drawing, the highest first."""
        sheet, language = self._sheet, self._language
        style_findings(sheet.findings, language)
        sheet.findings.setLabelsEnabled(False)
        self._drop_absent_kinds()
        for layer, code_field in sheet.plans:
            style_land_classes(layer, code_field, language)
        for role, layer in sheet.base.items():
            style_base(role, layer, name_field(layer))
        above = [sheet.base[role] for role in reversed(ABOVE_PLANS) if role in sheet.base]
        below = [sheet.base[role] for role in reversed(BELOW_PLANS) if role in sheet.base]
        return [sheet.findings, *above, *(layer for layer, _ in sheet.plans), *below]

    def _drop_absent_kinds(self) -> None:
        """The legend names only what is on the map."""
        renderer = self._sheet.findings.renderer()
        assert isinstance(renderer, QgsRuleBasedRenderer)
        root = renderer.rootRule()
        for rule in list(root.descendants()):
            if rule.symbol() and not self._kinds[rule.ruleKey()]:
                rule.parent().removeChild(rule)
        for heading in list(root.children()):
            if not heading.symbol() and not heading.children():
                root.removeChild(heading)

    # map

    def _extent(self) -> QgsRectangle:
        sheet = self._sheet
        known = [sheet.base[role] for role in ("province_boundary", "district_boundary") if role in sheet.base]
        extent = QgsRectangle()
        for layer in known or [layer for layer, _ in sheet.plans] or [sheet.findings]:
            to_map = QgsCoordinateTransform(layer.crs(), self._crs, self._project)
            extent.combineExtentWith(to_map.transformBoundingBox(layer.extent()))
        return extent

    def _add_map(self, layers: list[QgsVectorLayer]) -> QgsLayoutItemMap:
        item = QgsLayoutItemMap(self._layout)
        self._layout.addLayoutItem(item)
        self._place(item, MAP_MM)
        item.setLayers(layers)
        item.setCrs(self._crs)
        extent = self._extent()
        extent.grow(MARGIN * max(extent.width(), extent.height()))
        item.zoomToExtent(extent)
        least = item.scale()
        item.setScale(next((scale for scale in ROUND_SCALES if scale >= least), least))
        item.setBackgroundColor(QColor(LAND))
        item.setFrameEnabled(True)
        item.setFrameStrokeColor(QColor(INK))
        return item

    def _add_grid(self) -> None:
        """A cross every ten to fifty kilometres, with coordinates along the frame."""
        width_m = self._map.extent().width()
        step = next((s for s in (1_000, 2_000, 5_000, 10_000, 20_000, 50_000) if width_m / s <= 9), 100_000)
        grid = QgsLayoutItemMapGrid("grid", self._map)
        grid.setIntervalX(step)
        grid.setIntervalY(step)
        grid.setStyle(QgsLayoutItemMapGrid.GridStyle.Cross)
        grid.setCrossLength(1.6)
        grid.setAnnotationEnabled(True)
        grid.setAnnotationPrecision(0)
        grid.setAnnotationFormat(QgsLayoutItemMapGrid.AnnotationFormat.CustomFormat)
        grid.setAnnotationExpression("to_string(round(@grid_number / 1000))")
        grid.setAnnotationTextFormat(written(6.5, colour=FAINT))
        grid.setAnnotationFrameDistance(0.8)
        for side in ("Left", "Right"):
            grid.setAnnotationDirection(
                QgsLayoutItemMapGrid.AnnotationDirection.Vertical, getattr(QgsLayoutItemMapGrid.BorderSide, side)
            )
        self._map.grids().addGrid(grid)

    def _add_north(self) -> None:
        right, top = MAP_MM.right() - 15, MAP_MM.top() + 4
        self._label(self._words("north"), QRectF(right, top, 11, 6), written(11, True), Qt.AlignmentFlag.AlignHCenter)
        arrow = QgsLayoutItemPicture(self._layout)
        arrow.setPicturePath(str(RESOURCES / "styles" / "north_arrow.svg"))
        self._layout.addLayoutItem(arrow)
        self._place(arrow, QRectF(right, top + 6, 11, 16))

    # beside the map

    def _side(self, y_mm: float) -> None:
        """Legends and table one below the other."""
        sheet = self._sheet
        y_mm = self._caption(self._words("findings"), y_mm)
        y_mm = self._legend([(sheet.findings, "")], y_mm, columns=1)
        if sheet.plans:
            y_mm = self._caption(self._words("land_use"), y_mm)
            self._drop_absent_classes()
            y_mm = self._legend([(sheet.plans[0][0], "")], y_mm, columns=2)
        base = [(sheet.base[role], self._words(role)) for role in reversed(ABOVE_PLANS) if role in sheet.base]
        base += [(sheet.base[role], self._words(role)) for role in reversed(BELOW_PLANS) if role in sheet.base]
        if base:
            y_mm = self._caption(self._words("base"), y_mm)
            y_mm = self._legend(base, y_mm, columns=2)
        y_mm = self._caption(self._words("counts"), y_mm)
        self._table(y_mm)

    def _drop_absent_classes(self) -> None:
        """The legend of the first plan names the classes of all plans, and no others."""
        present = set()
        for layer, _ in self._sheet.plans:
            present |= classes_in(layer)
        renderer = self._sheet.plans[0][0].renderer()
        for index in range(len(renderer.categories()) - 1, -1, -1):
            if (renderer.categories()[index].value() or "") not in present:
                renderer.deleteCategory(index)

    def _legend(self, layers: Iterable[tuple[QgsVectorLayer, str]], y_mm: float, columns: int) -> float:
        legend = QgsLayoutItemLegend(self._layout)
        self._layout.addLayoutItem(legend)
        legend.setLinkedMap(self._map)
        legend.setAutoUpdateModel(False)
        root = legend.model().rootGroup()
        root.clear()
        for layer, name in layers:
            node = root.addLayer(layer)
            for one in legend.model().layerLegendNodes(node):
                label = name or one.data(Qt.ItemDataRole.DisplayRole)
                one.setUserLabel("\n".join(textwrap.wrap(label, 72 // columns)))
            QgsLegendRenderer.setNodeLegendStyle(node, QgsLegendStyle.Style.Hidden)
        legend.setColumnCount(columns)
        legend.setSplitLayer(True)
        legend.setEqualColumnWidth(columns > 1)
        legend.setSymbolWidth(6.5)
        legend.setSymbolHeight(3.6)
        legend.setBoxSpace(0)
        legend.setColumnSpace(2)
        for style, size, bold in (
            (QgsLegendStyle.Style.SymbolLabel, 6.9, False),
            (QgsLegendStyle.Style.Subgroup, 7.6, True),
        ):
            changed = legend.style(style)
            changed.setTextFormat(written(size, bold))
            legend.setStyle(style, changed)
        for style, top_mm in (("Group", 0.0), ("Subgroup", 0.0), ("Symbol", 1.1)):
            legend.rstyle(getattr(QgsLegendStyle.Style, style)).setMargin(QgsLegendStyle.Side.Top, top_mm)
        legend.rstyle(QgsLegendStyle.Style.Title).setMargin(QgsLegendStyle.Side.Bottom, 0.0)
        legend.setWrapString("\n")
        self._place(legend, QRectF(SIDE_X_MM, y_mm, SIDE_WIDTH_MM, 10))
        # The item itself knows its size only after it has been painted.
        context = QgsLayoutUtils.createRenderContextForLayout(self._layout, None)
        size = QgsLegendRenderer(legend.model(), legend.legendSettings()).minimumSize(context)
        return y_mm + size.height() + GAP_MM

    def _table(self, y_mm: float) -> None:
        rows = table_rows(self._by_territory, self._sheet.territories, self._language)
        table = QgsLayoutItemManualTable.create(self._layout)
        self._layout.addMultiFrame(table)
        table.setColumnWidths([31.0, 10.6, 10.6, 11.4, 12.8, 9.8, 10.4, 14.0])
        table.setHeaderMode(QgsLayoutTable.HeaderMode.NoHeaders)
        table.setContentTextFormat(written(6.8))
        table.setCellMargin(0.65)
        table.setGridColor(QColor("#C8C8C8"))
        table.setGridStrokeWidth(0.12)
        table.setVerticalGrid(False)
        # QGIS gives its own header row one line only; ours is the first row of the contents.
        names = [self._words("territory"), *(self._words(name) for name in COLUMNS)]
        contents = [self._row(names, written(6.0, True), "#DCD7E2")]
        for index, row in enumerate(rows[:-1]):
            contents.append(self._row(row, written(6.8), "#F6F5F8" if index % 2 else "#FFFFFF"))
        contents.append(self._row(rows[-1], written(6.8, True), "#E9E6EE"))
        table.setTableContents(contents)
        table.setRowHeights([HEADER_MM])
        height = HEADER_MM + 4.5 * len(rows)
        frame = QgsLayoutFrame(self._layout, table)
        self._place(frame, QRectF(SIDE_X_MM, y_mm, SIDE_WIDTH_MM, height))
        table.addFrame(frame)
        self._place(frame, QRectF(SIDE_X_MM, y_mm, SIDE_WIDTH_MM, table.totalSize().height() + 0.3))
        informed = self._kinds["noise"] + self._kinds["diagram"]
        remark = self._words("noise", count=informed)
        below = QRectF(SIDE_X_MM, MAP_MM.bottom() - 26, SIDE_WIDTH_MM, 9)
        self._label(remark, below, written(6.2, colour=FAINT, italic=True))

    @staticmethod
    def _row(row: list[str], shape: QgsTextFormat, ground: str) -> list[QgsTableCell]:
        cells = []
        for column, value in enumerate(row):
            cell = QgsTableCell(value)
            cell.setTextFormat(shape)
            side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
            cell.setHorizontalAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            cell.setBackgroundColor(QColor(ground))
            cells.append(cell)
        return cells

    def _add_scale(self) -> None:
        """The numbered scale and the scale bar, at the foot of the column beside the map."""
        denominator = round(self._map.scale())
        foot = MAP_MM.bottom()
        shown = self._words("scale", denominator=number(denominator, 0, self._language))
        self._label(shown, QRectF(SIDE_X_MM, foot - 15.5, SIDE_WIDTH_MM, 5), written(9, True))
        bar = QgsLayoutItemScaleBar(self._layout)
        self._layout.addLayoutItem(bar)
        bar.setStyle("Single Box")
        bar.setLinkedMap(self._map)
        bar.setUnits(Qgis.DistanceUnit.Kilometers)
        bar.setUnitLabel("km")
        segment_km = max((s for s in (1, 2, 5, 10, 20) if s * 1e6 / denominator <= 24), default=1)
        bar.setUnitsPerSegment(segment_km)
        bar.setNumberOfSegments(4)
        bar.setNumberOfSegmentsLeft(0)
        bar.setHeight(1.8)
        bar.setBoxContentSpace(0.5)
        bar.setTextFormat(written(7))
        bar.update()
        bar.attemptMove(QgsLayoutPoint(SIDE_X_MM, foot - 9.5))

    # words

    def _heading(self) -> None:
        title = self._options.title or self._words("title")
        title = title.upper() if self._language == "vi" else title
        centre = Qt.AlignmentFlag.AlignHCenter
        self._label(title, QRectF(10, 7, 400, 10), written(17, True), centre)
        province = self._sheet.province or self._words("province")
        subtitle = self._words("subtitle", province=province)
        self._label(subtitle, QRectF(10, 16.5, 400, 7), written(10), centre)
        note = self._words("fictional") if self._options.note is None else self._options.note
        if note:
            self._label(note, QRectF(10, 22.5, 400, 6), written(8, italic=True, colour=FAINT), centre)

    def _caption(self, words: str, y_mm: float) -> float:
        self._label(words.upper(), QRectF(SIDE_X_MM, y_mm, SIDE_WIDTH_MM, 5.5), written(8.5, True, "#3B2A4A"))
        return y_mm + 6

    def _footer(self) -> None:
        made_on = self._options.date or datetime.date.today()
        day = f"{made_on:%d/%m/%Y}" if self._language == "vi" else made_on.isoformat()
        crs = f"{self._crs.description()} ({self._crs.authid()})" if self._crs.authid() else self._crs.description()
        sources = self._words("sources", count=len(self._sheet.plans))
        line = self._words("source", sources=sources, crs=crs, date=day, version=self._version)
        self._label(line, QRectF(MAP_MM.left(), 287.5, 395, 5), written(7, colour=FAINT))

    def _label(
        self, words: str, box: QRectF, shape: QgsTextFormat, align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft
    ) -> None:
        label = QgsLayoutItemLabel(self._layout)
        label.setText(words)
        label.setTextFormat(shape)
        label.setHAlign(align)
        label.setMarginX(0)
        label.setMarginY(0)
        self._layout.addLayoutItem(label)
        self._place(label, box)

    @staticmethod
    def _place(item: QgsLayoutItem, box: QRectF) -> None:
        item.attemptMove(QgsLayoutPoint(box.x(), box.y()))
        item.attemptResize(QgsLayoutSize(box.width(), box.height()))
