"""Which stores there are to review: the findings layers of the project, and the layer of a store that was opened by its file."""

from __future__ import annotations

import contextlib
from pathlib import Path

from qgis.core import QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox

from ...algorithms.styling import style_findings
from ...algorithms.styling_legend import list_what_is_there
from ...engine.catalogue import text
from ...engine.errors import PlanError
from ...engine.store.opening import Layout

MARKS = ("finding_id", "rule", "severity", "status")


def findings_layers() -> list[QgsVectorLayer]:
    """The layers of the project that hold findings, from the top."""
    nodes = QgsProject.instance().layerTreeRoot().findLayers()
    layers = [node.layer() for node in nodes]
    return [layer for layer in layers if isinstance(layer, QgsVectorLayer) and _holds_findings(layer)]


def _holds_findings(layer: QgsVectorLayer) -> bool:
    return layer.isValid() and layer.isSpatial() and all(layer.fields().lookupField(name) >= 0 for name in MARKS)


def file_of(layer: QgsVectorLayer) -> Path | None:
    """The GeoPackage that a layer lies in; None for a layer in memory or of another kind."""
    if layer.providerType() != "ogr":
        return None
    path = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path")
    return Path(path).absolute() if path and str(path).lower().endswith(".gpkg") else None


def shown_layers(layout: Layout) -> list[QgsVectorLayer]:
    """The layers of the project that show the store's findings: a check that is run again into its file adds another."""
    return [layer for layer in _layers_in(layout) if _table(layer) in ("", layout.table)]


def read_again(layout: Layout) -> None:
    """Have the project's layers of a store show what a new run has put in its place, under whatever name it calls its layer."""
    for layer in _layers_in(layout):
        if _table(layer) in ("", layout.table):
            layer.dataProvider().reloadData()
        elif not QgsVectorLayer(layer.source(), "", "ogr").isValid():
            layer.setDataSource(_source(layout), layer.name(), "ogr")
        else:
            continue  # another layer of findings in the same file
        list_what_is_there(layer, QgsProject.instance())


def _layers_in(layout: Layout) -> list[QgsVectorLayer]:
    return [layer for layer in findings_layers() if file_of(layer) == Path(layout.path).absolute()]


def _table(layer: QgsVectorLayer) -> str:
    return str(QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("layerName") or "")


def _source(layout: Layout) -> str:
    return f"{Path(layout.path).absolute()}|layername={layout.table}"


def show_layer(layout: Layout, language: str) -> QgsVectorLayer | None:
    """Have the project show the store's findings, styled as a check's result is; None when QGIS cannot open them."""
    there = shown_layers(layout)
    if there:
        return there[0]
    made = QgsVectorLayer(_source(layout), Path(layout.path).stem, "ogr")
    if not made.isValid():
        return None
    with contextlib.suppress(PlanError):  # without our colours it still shows where they are
        style_findings(made, language)
    QgsProject.instance().addMapLayer(made)
    list_what_is_there(made, QgsProject.instance())
    return made


class StoreBox(QComboBox):
    """The stores of the project and the one that is open; ``chosen`` gives path and name, no path for a layer in memory."""

    chosen = pyqtSignal(str, str)

    def __init__(self, language: str):
        super().__init__()
        self._language = language
        self.setObjectName("planconcordReviewStores")
        self.setAccessibleName(text("review.store", language))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.activated.connect(self._activated)

    def offer(self, opened: Path | None) -> None:
        """List what there is, with the open store as the current entry."""
        self.clear()
        layers = findings_layers()
        paths = {path: layer.name() for layer in layers for path in [file_of(layer)] if path is not None}
        if opened is None:
            self.addItem(text("review.no_store", self._language), None)
        else:
            paths.setdefault(opened.absolute(), opened.stem)
        for path, name in paths.items():
            self.addItem(name, str(path))
            self.setItemData(self.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
        for layer in layers:
            if file_of(layer) is None:
                self.addItem(text("review.unsaved", self._language, layer=layer.name()), "")
        self.setCurrentIndex(0 if opened is None else self.findData(str(opened.absolute())))

    def _activated(self, place: int) -> None:
        path = self.itemData(place)
        if path is not None:
            self.chosen.emit(path, self.itemText(place))
