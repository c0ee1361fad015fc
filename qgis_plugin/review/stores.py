"""Which stores there are to review: the findings layers of the project, and the layer of a store that was opened by itself.

A store is a GeoPackage or a schema of PostGIS.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from qgis.core import QgsDataSourceUri, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox

from ...engine.catalogue import text
from ...engine.errors import PlanError
from ...engine.store.connection import reading
from ...engine.store.opening import Layout
from ...engine.store.place import Place, PostgisSchema, same_place
from ...qgis_bridge.stores import source_of, store_of_layer
from ...qgis_bridge.styling import style_findings
from ...qgis_bridge.styling_legend import list_what_is_there

MARKS = ("finding_id", "rule", "severity", "status")


def findings_layers() -> list[QgsVectorLayer]:
    """The layers of the project that hold findings, from the top."""
    nodes = QgsProject.instance().layerTreeRoot().findLayers()
    layers = [node.layer() for node in nodes]
    return [layer for layer in layers if isinstance(layer, QgsVectorLayer) and _holds_findings(layer)]


def _holds_findings(layer: QgsVectorLayer) -> bool:
    return layer.isValid() and layer.isSpatial() and all(layer.fields().lookupField(name) >= 0 for name in MARKS)


def place_of_layer(layer: QgsVectorLayer) -> Place | None:
    """The GeoPackage or the schema that a layer lies in; None for a layer in memory or of another kind."""
    if layer.providerType() == "postgres":
        return store_of_layer(layer)
    if layer.providerType() != "ogr":
        return None
    path = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("path")
    return Path(path).absolute() if path and str(path).lower().endswith(".gpkg") else None


def shown_layers(layout: Layout) -> list[QgsVectorLayer]:
    """The layers of the project that show the store's findings: a check that is run again into its file adds another."""
    return [layer for layer in _layers_in(layout) if _table(layer) in ("", layout.table)]


def read_again(layout: Layout) -> bool:
    """Have the project's layers of a store show what a new run has put in its place, under whatever name it calls its layer.

    Which layers the store has is asked of the store: QGIS keeps a file open that another has replaced, and finds the old ones.
    False where the store does not answer just now.
    """
    try:
        with reading(layout.path) as session:
            there = {name for name, _, _ in session.layers()}
    except PlanError:
        return False
    for layer in _layers_in(layout):
        if _table(layer) in ("", layout.table):
            layer.dataProvider().reloadData()
        elif _table(layer) not in there:
            layer.setDataSource(_source(layout), layer.name(), layer.providerType())
        else:
            continue  # another layer of findings in the same file
        list_what_is_there(layer, QgsProject.instance())
    return True


def _layers_in(layout: Layout) -> list[QgsVectorLayer]:
    return [layer for layer in findings_layers() if is_same(place_of_layer(layer), layout.path)]


def is_same(one: Place | None, other: Place | None) -> bool:
    """Whether both name the same store."""
    return one is not None and other is not None and same_place(one, other)


def _table(layer: QgsVectorLayer) -> str:
    if layer.providerType() == "postgres":
        return str(QgsDataSourceUri(layer.source()).table())
    return str(QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("layerName") or "")


def _source(layout: Layout) -> str:
    if isinstance(layout.path, PostgisSchema):
        return source_of(layout)
    return f"{Path(layout.path).absolute()}|layername={layout.table}"


def show_layer(layout: Layout, language: str) -> QgsVectorLayer | None:
    """Have the project show the store's findings, styled as a check's result is; None when QGIS cannot open them."""
    there = shown_layers(layout)
    if there:
        return there[0]
    provider = "postgres" if isinstance(layout.path, PostgisSchema) else "ogr"
    made = QgsVectorLayer(_source(layout), layout.path.stem, provider)
    if not made.isValid():
        return None
    styled = provider == "postgres" and made.listStylesInDatabase()[0] > 0  # the office's own
    with contextlib.suppress(PlanError):  # without our colours it still shows where they are
        if not styled:
            style_findings(made, language)
    QgsProject.instance().addMapLayer(made)
    list_what_is_there(made, QgsProject.instance())
    return made


class StoreBox(QComboBox):
    """The stores of the project and the one that is open; ``chosen`` gives place and name, None for a layer in memory."""

    chosen = pyqtSignal(object, str)

    def __init__(self, language: str):
        super().__init__()
        self._language = language
        self._places: dict[str, Place] = {}
        self.setObjectName("planconcordReviewStores")
        self.setAccessibleName(text("review.store", language))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.activated.connect(self._activated)

    def offer(self, opened: Place | None) -> None:
        """List what there is, with the open store as the current entry."""
        self.clear()
        layers = findings_layers()
        placed = [(layer, place_of_layer(layer)) for layer in layers]
        self._places = {str(place): place for _, place in placed if place is not None}
        names = {str(place): layer.name() for layer, place in placed if place is not None}
        current = opened.absolute() if isinstance(opened, Path) else opened
        key = next((text for text, place in self._places.items() if is_same(place, current)), str(current))
        if current is None:
            self.addItem(text("review.no_store", self._language), None)
        elif key not in names:
            self._places[key], names[key] = current, current.stem
        for told, name in names.items():
            self.addItem(name, told)
            self.setItemData(self.count() - 1, told, Qt.ItemDataRole.ToolTipRole)
        for layer, place in placed:
            if place is None:
                self.addItem(text("review.unsaved", self._language, layer=layer.name()), "")
        self.setCurrentIndex(0 if current is None else self.findData(key))

    def _activated(self, row: int) -> None:
        told = self.itemData(row)
        if told is not None:
            self.chosen.emit(self._places.get(told), self.itemText(row))
