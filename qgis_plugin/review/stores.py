"""Which stores there are to review: the findings layers of the project, and the layer of a store that was opened by itself.

A store is a GeoPackage or a schema of PostGIS.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

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


class Offer(NamedTuple):
    """A store that can be chosen: its place, None for findings in memory, and the name of the layer that shows it."""

    place: Place | None
    name: str
    layer: str = ""


def offers(opened: Place | None) -> list[Offer]:
    """The stores of the project from the top, each once however often and under whatever path it is loaded, and the open one."""
    found: list[Offer] = []
    for layer in findings_layers():
        place = place_of_layer(layer)
        if place is None or not any(is_same(place, one.place) for one in found):
            found.append(Offer(place, layer.name(), layer.id()))
    if opened is not None and not any(is_same(opened, one.place) for one in found):
        found.insert(0, Offer(opened.absolute() if isinstance(opened, Path) else opened, opened.stem))
    names = [one.name for one in found]
    return [one._replace(name=_told_apart(one)) if names.count(one.name) > 1 else one for one in found]


def _told_apart(offer: Offer) -> str:
    """The name of a store that has it in common with another one."""
    if isinstance(offer.place, Path):
        return f"{offer.name} ({offer.place.parent.name}/{offer.place.name})"
    return offer.name if offer.place is None else f"{offer.name} ({offer.place})"


class StoreBox(QComboBox):
    """The stores of the project and the one that is open; ``chosen`` gives what was chosen, ``opening`` asks for a new list."""

    chosen = pyqtSignal(object)
    opening = pyqtSignal()

    def __init__(self, language: str):
        super().__init__()
        self._language = language
        self._offers: list[Offer] = []
        self.setObjectName("planconcordReviewStores")
        self.setAccessibleName(text("review.store", language))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.activated.connect(self._activated)

    def showPopup(self) -> None:
        """Whoever opens the box sees what there is now, whatever happened to layers, names and sources."""
        self.opening.emit()
        super().showPopup()

    def offer(self, opened: Place | None) -> None:
        """List what there is, with the open store as the current entry."""
        if self.view().isVisible():  # nobody's choice moves away under the hand
            return
        self.clear()
        self._offers = offers(opened)
        if opened is None:
            self.addItem(text("review.no_store", self._language), None)
        for number, offer in enumerate(self._offers):
            name = text("review.unsaved", self._language, layer=offer.name) if offer.place is None else offer.name
            self.addItem(name, number)
            if offer.place is not None:
                self.setItemData(self.count() - 1, str(offer.place), Qt.ItemDataRole.ToolTipRole)
        here = [number for number, offer in enumerate(self._offers) if is_same(offer.place, opened)]
        self.setCurrentIndex(here[0] if here else 0)

    def _activated(self, row: int) -> None:
        number = self.itemData(row)
        if number is not None:
            self.chosen.emit(self._offers[number])
