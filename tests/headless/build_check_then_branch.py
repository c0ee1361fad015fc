"""Builds check_then_branch.model3: check a plan, then, by CONFORMS, either unite it or extract what is to be repaired.

Run by hand when the model changes: python build_check_then_branch.py, in a Python that has QGIS and planconcord.
"""

from __future__ import annotations

from pathlib import Path

from planconcord import classFactory
from qgis.analysis import QgsNativeAlgorithms
from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildDependency,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterFeatureSource,
)

Source = QgsProcessingModelChildParameterSource
CONDITIONS = [
    {"name": "conforms", "expression": "@check_CONFORMS"},
    {"name": "defects", "expression": "not @check_CONFORMS"},
]


def step(name: str, algorithm: str, after: tuple[str, ...] = (), **sources: Source) -> QgsProcessingModelChildAlgorithm:
    """One algorithm of the model; ``after`` is the step before it and the branch of it, if any."""
    made = QgsProcessingModelChildAlgorithm(algorithm)
    made.setChildId(name)
    made.setDescription(name)
    for parameter, source in sources.items():
        made.addParameterSources(parameter, [source])
    if after:
        made.setDependencies([QgsProcessingModelChildDependency(*after)])
    return made


def giving(child: QgsProcessingModelChildAlgorithm, name: str, output: str) -> QgsProcessingModelChildAlgorithm:
    """``child`` with ``output`` as the output ``name`` of the model."""
    result = QgsProcessingModelOutput(name, name)
    result.setChildId(child.childId())
    result.setChildOutputName(output)
    child.setModelOutputs({name: result})
    return child


def model() -> QgsProcessingModelAlgorithm:
    """The model."""
    made = QgsProcessingModelAlgorithm("check then branch", "tests")
    polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
    for name, optional in (("PLAN", False), ("BOUNDARY", True)):
        parameter = QgsProcessingParameterFeatureSource(name, name.capitalize(), polygons, optional=optional)
        made.addModelParameter(parameter, QgsProcessingModelParameter(name))
    plan, boundary = Source.fromModelParameter("PLAN"), Source.fromModelParameter("BOUNDARY")
    branch = step("branch", "native:condition", ("check",))
    branch.setConfiguration({"conditions": CONDITIONS})
    unite = step("unite", "native:dissolve", ("branch", "conforms"), INPUT=plan)
    errors = Source.fromStaticValue("\"severity\" = 'error'")
    found = Source.fromChildOutput("check", "FINDINGS")
    repair = step("repair", "native:extractbyexpression", ("branch", "defects"), INPUT=found, EXPRESSION=errors)
    for child in (
        *(step("check", "planconcord:checkcoverage", INPUT=plan, BOUNDARY=boundary), branch),
        *(giving(unite, "territory", "OUTPUT"), giving(repair, "to_repair", "OUTPUT")),
    ):
        made.addChildAlgorithm(child)
    fit, reasons = made.validate()
    assert fit, reasons
    return made


if __name__ == "__main__":
    program = QgsApplication([], False)
    program.initQgis()
    program.processingRegistry().addProvider(QgsNativeAlgorithms())
    plugin = classFactory(None)
    plugin.initProcessing()
    assert model().toFile(str(Path(__file__).parent / "check_then_branch.model3"))
