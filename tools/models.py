"""Builds the example models in resources/models; run by hand when they change: python
tools/models.py, in a Python that has QGIS.

One model a function; the provider lists whatever lies in the folder.
"""

from __future__ import annotations

from pathlib import Path

from planconcord import classFactory
from qgis.analysis import QgsNativeAlgorithms
from qgis.core import (
    QgsApplication,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFile,
)
from qgis.PyQt.QtCore import QPointF

MODELS = Path(__file__).resolve().parents[1] / "resources" / "models"
GROUP = "Models – Mô hình"
Source = QgsProcessingModelChildParameterSource
FILES = "Tables (*.csv *.xlsx *.ods *.gpkg);;All files (*)"
LAYERS = "Layers (*.gpkg *.shp *.geojson);;All files (*)"


def child(name: str, algorithm: str, x: float, y: float, **sources: Source) -> QgsProcessingModelChildAlgorithm:
    """Return one step of a model at a place of its drawing."""
    made = QgsProcessingModelChildAlgorithm(algorithm)
    made.setChildId(name)
    made.setDescription(name)
    made.setPosition(QPointF(x, y))
    for parameter, source in sources.items():
        made.addParameterSources(parameter, [source])
    return made


def giving(step: QgsProcessingModelChildAlgorithm, name: str, output: str) -> QgsProcessingModelChildAlgorithm:
    """``step`` with ``output`` as an output of the model."""
    result = QgsProcessingModelOutput(name, name)
    result.setChildId(step.childId())
    result.setChildOutputName(output)
    result.setPosition(QPointF(step.position().x() + 260, step.position().y()))
    step.setModelOutputs({name: result})
    return step


def file_input(
    model: QgsProcessingModelAlgorithm, name: str, title: str, filters: str, y: float, optional: bool
) -> Source:
    """Return a file that the person gives to the model."""
    component = QgsProcessingModelParameter(name)
    component.setPosition(QPointF(120, y))
    model.addModelParameter(QgsProcessingParameterFile(name, title, optional=optional, fileFilter=filters), component)
    return Source.fromModelParameter(name)


def province_errors() -> QgsProcessingModelAlgorithm:
    """Return a register in; all findings of the province, and its errors as a layer of their
    own.
    """
    model = QgsProcessingModelAlgorithm("Check a province, errors apart – Kiểm tra tỉnh, tách lỗi", GROUP)
    register = file_input(model, "register", "Register – Danh mục", FILES, 100, False)
    boundaries = file_input(model, "boundaries", "Boundaries – Ranh giới", LAYERS, 220, True)
    inputs = {"REGISTER": register, "BOUNDARIES": boundaries}
    province = child("province", "planconcord:checkprovince", 400, 160, **inputs)
    found = Source.fromChildOutput("province", "OUTPUT")
    errors = Source.fromStaticValue("\"severity\" = 'error'")
    apart = child("errors", "native:extractbyexpression", 400, 320, INPUT=found, EXPRESSION=errors)
    model.addChildAlgorithm(giving(province, "findings", "OUTPUT"))
    model.addChildAlgorithm(giving(apart, "errors", "OUTPUT"))
    return model


if __name__ == "__main__":
    program = QgsApplication([], False)
    program.initQgis()
    program.processingRegistry().addProvider(QgsNativeAlgorithms())
    plugin = classFactory(None)
    plugin.initProcessing()
    MODELS.mkdir(parents=True, exist_ok=True)
    for name, build in (("province_errors", province_errors),):
        built = build()
        fit, reasons = built.validate()
        assert fit, reasons
        assert built.toFile(str(MODELS / f"{name}.model3"))
