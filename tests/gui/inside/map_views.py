"""Findings on the map as a person looks at them: legend, a small and a large scale, the map tip under the mouse."""

from __future__ import annotations

from collections import Counter
from typing import Any

from person import Person, Step
from qgis.core import (
    QgsFeature,
    QgsPointXY,
    QgsProject,
    QgsVectorLayer,
)
from qgis.gui import QgsMapTip
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtWidgets import QWidget
from qgis.utils import iface
from windows import drawn

SMALL_SCALE, LARGE_SCALE = 100_000, 5_000
AROUND_PX = 6


def look_at_findings(person: Person, name: str, layer: QgsVectorLayer) -> Step:
    """Pictures of the map at two scales, and what they and the layer show."""
    canvas = iface.mapCanvas()
    iface.setActiveLayer(layer)
    iface.layerTreeView().expandAllNodes()
    severe = [feature for feature in layer.getFeatures() if feature["severity"] != "info"]
    seen: dict[str, Any] = {
        "crs": layer.crs().authid(),
        "renderer": layer.renderer().type(),
        "legend": legend(layer),
        "labels": layer.labelsEnabled(),
        "on_top": QgsProject.instance().layerTreeRoot().layerOrder()[0].id() == layer.id(),
        "findings": [record(feature) for feature in layer.getFeatures()],
    }
    canvas.setExtent(layer.extent())
    yield from _zoom(canvas.center(), SMALL_SCALE)
    person.shot(f"{name} map small scale")
    picture = canvas.grab().toImage()
    seen["colours"] = {f["finding_id"]: colours_around(picture, pixel(f)) for f in severe}
    thinnest = min(severe, key=lambda feature: feature["width_m"])
    yield from _zoom(QgsPointXY(thinnest["x"], thinnest["y"]), LARGE_SCALE)
    seen["tip"] = QgsMapTip.vectorMapTipPreviewText(layer, canvas, layer.mapTipTemplate(), layer.displayExpression())
    if not iface.actionMapTips().isChecked():
        iface.actionMapTips().trigger()
    still = _visible_parts()
    yield from person.point_at(canvas, pixel(thinnest))
    yield lambda: _visible_parts() > still
    yield 0.2
    seen["tip_shown"] = True
    person.shot(f"{name} map large scale with tip")
    iface.actionMapTips().trigger()
    yield 0.2
    return seen


def _visible_parts() -> int:
    """How many windows lie on the canvas; a map tip is one."""
    return sum(part.isVisible() for part in iface.mapCanvas().findChildren(QWidget))


def _zoom(middle: QgsPointXY, scale: float) -> Step:
    canvas = iface.mapCanvas()
    canvas.setCenter(middle)
    canvas.zoomScale(scale)
    yield 0.3
    yield drawn, 15.0


def record(feature: QgsFeature) -> dict[str, Any]:
    """A finding as plain values."""
    return {
        name: value if isinstance(value, (str, int, float)) else None for name, value in feature.attributeMap().items()
    }


def legend(layer: QgsVectorLayer) -> list[str]:
    """The entries below the layer in the layer tree."""
    model = iface.layerTreeView().layerTreeModel()
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    return [str(entry.data(0)) for entry in model.layerLegendNodes(node)]


def pixel(feature: QgsFeature) -> QPoint:
    """Where a finding is on the canvas."""
    place = iface.mapCanvas().getCoordinateTransform().transform(feature["x"], feature["y"])
    return QPoint(round(place.x()), round(place.y()))


def colours_around(picture: QImage, middle: QPoint) -> dict[str, int]:
    """The colours near a place, with the number of pixels."""
    near = range(-AROUND_PX, AROUND_PX + 1)
    places = [QPoint(middle.x() + right, middle.y() + down) for right in near for down in near]
    return dict(Counter(picture.pixelColor(place).name() for place in places if picture.rect().contains(place)))
