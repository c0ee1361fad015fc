"""The demo province as a person meets it: made from the toolbox, looked at, one district checked by itself and against the province."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import windows
from map_views import pixel, record
from person import Person, Step
from qgis.core import QgsExpression, QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QCheckBox, QDockWidget, QLineEdit, QWidget
from qgis.utils import iface

DISTRICT = "Thành phố Thanh Vân"
PROVINCE = "Tỉnh Vân Giang"
MAKING_S = 150.0


def make(person: Person) -> Step:
    """Create the demo province by its dialog."""
    yield from windows.open_toolbox(person)
    opened = yield from windows.open_algorithm(person, "Create a demo province")
    yield from person.fill(windows.widget_of(opened, "FOLDER", QLineEdit), str(_folder(person)))
    drafts = windows.widget_of(opened, "DRAFTS", QCheckBox)
    yield from person.press(drafts, drafts.rect().center() * 0.1)
    yield drafts.isChecked
    person.shot("create dialog")
    told = yield from windows.run(person, opened, MAKING_S)
    person.shot("create log")
    yield from windows.close(person, opened)
    layers = [node.layer() for node in QgsProject.instance().layerTreeRoot().findLayers()]
    return {
        **told,
        "layers": [(layer.name(), layer.renderer().type(), layer.crs().authid()) for layer in layers],
        "files": sorted(path.name for path in _folder(person).iterdir()),
    }


def look(person: Person) -> Step:
    """The province, then the district."""
    iface.messageBar().clearWidgets()
    person.window.findChild(QDockWidget, "Browser").hide()
    iface.mapCanvas().zoomToFullExtent()
    yield 0.3
    yield windows.drawn, 30.0
    person.shot("province")
    boundary = QgsProject.instance().mapLayersByName("District boundaries")[0]
    boundary.selectByExpression(f'"ten_huyen" = {QgsExpression.quotedString(DISTRICT)}')
    iface.mapCanvas().setExtent(boundary.boundingBoxOfSelected())
    iface.mapCanvas().refresh()
    yield 0.3
    yield windows.drawn, 30.0
    person.shot("district")
    return boundary.selectedFeatureCount()


def coverage(person: Person) -> Step:
    """The district's plan within its own boundary, which is one selected feature among thirteen."""
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    yield from windows.choose(person, opened, "INPUT", DISTRICT)
    yield from windows.choose(person, opened, "KEY_FIELD", "ma_thua")
    yield from windows.choose(person, opened, "CODE_FIELD", "ma_dat")
    yield from windows.choose(person, opened, "BOUNDARY", "District boundaries")
    selected_only = windows.widget_of(opened, "BOUNDARY", QCheckBox)
    yield from person.press(selected_only, selected_only.rect().center() * 0.1)
    yield selected_only.isChecked
    yield from windows.enter_number(person, opened, "SCALE", "10000")
    person.shot("coverage dialog")
    return (yield from _run_and_look(person, opened, "coverage"))


def conformity(person: Person) -> Step:
    """The district's plan against the provincial one."""
    opened = yield from windows.open_algorithm(person, "Check conformity with the upper plan")
    yield from windows.choose(person, opened, "LOWER", DISTRICT)
    yield from windows.choose(person, opened, "LOWER_KEY", "ma_thua")
    yield from windows.choose(person, opened, "LOWER_CODE", "ma_dat")
    yield from windows.choose(person, opened, "UPPER", PROVINCE)
    yield from windows.choose(person, opened, "UPPER_KEY", "ma_vung")
    yield from windows.choose(person, opened, "UPPER_CODE", "ma_khu")
    yield from windows.enter_number(person, opened, "LOWER_SCALE", "10000")
    yield from windows.enter_number(person, opened, "UPPER_SCALE", "50000")
    return (yield from _run_and_look(person, opened, "conformity"))


def _run_and_look(person: Person, opened: QWidget, name: str) -> Step:
    told: dict[str, Any] = yield from windows.run(person, opened)
    person.shot(f"{name} log")
    yield from windows.close(person, opened)
    layer = windows.result_layer(told)
    _unfold(layer)
    iface.messageBar().clearWidgets()
    canvas = iface.mapCanvas()
    canvas.setExtent(layer.extent())
    canvas.zoomScale(75_000)
    yield 0.3
    yield windows.drawn, 30.0
    person.shot(f"{name} findings")
    wide = QgsFeatureRequest().setFilterExpression(
        "severity = 'error' AND width_m > 0 AND rule <> 'geometry.duplicate'"
    )
    worst = max(layer.getFeatures(wide), key=lambda feature: feature["width_m"])
    canvas.setExtent(worst.geometry().boundingBox())
    canvas.zoomScale(10_000)
    yield 0.3
    yield windows.drawn, 30.0
    if not iface.actionMapTips().isChecked():
        iface.actionMapTips().trigger()
    yield from person.point_at(canvas, pixel(worst))
    yield 1.5
    person.shot(f"{name} finding")
    iface.actionMapTips().trigger()
    return {**told, "findings": [record(feature) for feature in layer.getFeatures()]}


def _unfold(layer: QgsVectorLayer) -> None:
    """Show the legend of the layer and fold the others."""
    view = iface.layerTreeView()
    view.collapseAllNodes()
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    view.expandRecursively(view.node2index(node), -1)


def _folder(person: Person) -> Path:
    return person.folder / "tỉnh mẫu"


STEPS = [make, look, coverage, conformity]
