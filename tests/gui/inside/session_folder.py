"""The way from a folder of bad files to a province check, in the toolbox: register, diagnosis, preparing, the two checks."""

from __future__ import annotations

from pathlib import Path

import windows
from person import Person, Step
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsPalLayerSettings,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
)
from qgis.PyQt.QtCore import QPoint
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QDockWidget
from qgis.utils import iface

LONG_S = 120.0


def boundaries(person: Person) -> Step:
    """Open the outlines that are right, and look at the province."""
    yield from windows.open_toolbox(person)
    person.window.findChild(QDockWidget, "Browser").hide()
    layer = iface.addVectorLayer(
        f"{_folder(person) / 'ranh_gioi.gpkg'}|layername=ranh_gioi_huyen", "ranh_gioi_huyen", "ogr"
    )
    layer.renderer().symbol().setColor(QColor("#e6e6d8"))
    yield 0.3
    QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:5899"))
    yield windows.drawn, 30.0
    return layer.featureCount()


def create_register(person: Person) -> Step:
    """A proposed row for each file of the folder."""
    opened = yield from windows.open_algorithm(person, "Create a register")
    yield from windows.fill_text(person, opened, "FOLDER", str(_folder(person)))
    yield from windows.fill_text(person, opened, "OUTPUT", str(_folder(person) / "register.xlsx"))
    yield from person.keys("Tab")
    person.shot("create register")
    told = yield from windows.run(person, opened, LONG_S)
    yield from windows.close(person, opened)
    return told


def diagnose(person: Person) -> Step:
    """The plan whose .prj names the neighbouring zone."""
    opened = yield from windows.open_algorithm(person, "Diagnose the CRS of a layer")
    yield from windows.fill_text(person, opened, "FILE", str(_folder(person) / "qhsdd_ban_lung.shp"))
    yield from windows.choose(person, opened, "OUTLINE", "ranh_gioi_huyen")
    person.shot("diagnose dialog")
    told = yield from windows.run(person, opened, LONG_S)
    person.shot("diagnose log")
    yield from windows.close(person, opened)
    return told


def prepare_drawing(person: Person) -> Step:
    """Closed lines and texts become labelled zones."""
    opened = yield from windows.open_algorithm(person, "Prepare a plan layer")
    yield from windows.fill_text(person, opened, "FILE", str(_folder(person) / "qhsdd_thuong_lam.dxf"))
    yield from person.choose(windows.widget_of(opened, "CRS", QComboBox), "Project CRS")
    yield from _tick(person, windows.widget_of(opened, "POLYGONS_FROM_LINES", QCheckBox))
    person.shot("prepare dialog")
    yield from windows.save_to(person, opened, "OUTPUT", str(_prepared(person) / "qhsdd_thuong_lam.gpkg"))
    told = yield from windows.run(person, opened, LONG_S)
    person.shot("prepare log")
    yield from windows.close(person, opened)
    layer = windows.result_layer(told, "OUTPUT")
    _show_labels(layer)
    iface.messageBar().clearWidgets()
    iface.mapCanvas().setExtent(layer.extent())
    iface.mapCanvas().refresh()
    yield 0.3
    yield windows.drawn, 30.0
    person.shot("prepared drawing")
    return {**told, "labels": sorted({str(feature["label"]) for feature in layer.getFeatures()})}


def prepare_swapped(person: Person) -> Step:
    """Northing first."""
    opened = yield from windows.open_algorithm(person, "Prepare a plan layer")
    yield from windows.fill_text(person, opened, "FILE", str(_folder(person) / "qhsdd_ky_lam.shp"))
    yield from windows.show_advanced(person, opened)
    yield from _tick(person, windows.widget_of(opened, "SWAP_AXES", QCheckBox))
    yield from windows.save_to(person, opened, "OUTPUT", str(_prepared(person) / "qhsdd_ky_lam.gpkg"), load=False)
    told = yield from windows.run(person, opened, LONG_S)
    yield from windows.close(person, opened)
    return told


def check_register(person: Person) -> Step:
    """Is everything there, approved and in force?"""
    opened = yield from windows.open_algorithm(person, "Check a register")
    yield from windows.fill_text(person, opened, "REGISTER", str(_folder(person) / "register_mended.csv"))
    told = yield from windows.run(person, opened, LONG_S)
    person.shot("register log")
    yield from windows.close(person, opened)
    return told


def check_province(person: Person) -> Step:
    """Everything against everything."""
    shown = [*windows.layers_called("Findings"), *windows.layers_called("Plan layer")]
    QgsProject.instance().removeMapLayers([layer.id() for layer in shown])
    opened = yield from windows.open_algorithm(person, "Check a whole province")
    yield from windows.fill_text(person, opened, "REGISTER", str(_folder(person) / "register_mended.csv"))
    yield from windows.fill_text(person, opened, "OUTPUT", str(person.folder / "findings.gpkg"))
    yield from person.keys("Tab")
    person.shot("province dialog")
    told = yield from windows.run(person, opened, LONG_S)
    person.shot("province log")
    yield from windows.close(person, opened)
    iface.messageBar().clearWidgets()
    iface.mapCanvas().zoomToFullExtent()
    yield 0.3
    yield windows.drawn, 30.0
    person.shot("province findings")
    return told


def _show_labels(layer: QgsVectorLayer) -> None:
    """In a quiet colour, each zone with what the drawing says in it."""
    layer.renderer().symbol().setColor(QColor("#dfe8c8"))
    settings = QgsPalLayerSettings()
    settings.fieldName = "label"
    layer.setLabeling(QgsVectorLayerSimpleLabeling(settings))
    layer.setLabelsEnabled(True)


def _tick(person: Person, box: QCheckBox) -> Step:
    yield from person.press(box, QPoint(8, box.height() // 2))
    yield box.isChecked


def _folder(person: Person) -> Path:
    return Path(person.brief["plans"])


def _prepared(person: Person) -> Path:
    made = _folder(person) / "prepared"
    made.mkdir(exist_ok=True)
    return made


STEPS = [boundaries, create_register, diagnose, prepare_drawing, prepare_swapped, check_register, check_province]
