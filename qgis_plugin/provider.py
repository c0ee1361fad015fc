"""The provider: what the Processing toolbox lists under "Plan Concord"."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingDestinationParameter,
    QgsProcessingModelAlgorithm,
    QgsProcessingProvider,
)
from qgis.PyQt.QtGui import QIcon

from ..algorithms.checkborders import CheckBorders
from ..algorithms.checkconformity import CheckConformity
from ..algorithms.checkcoverage import CheckCoverage
from ..algorithms.checkfigures import CheckFigures
from ..algorithms.checkprovince import CheckProvince
from ..algorithms.checkregister import CheckRegister
from ..algorithms.comparedrafts import CompareDrafts
from ..algorithms.comparefindings import CompareFindings
from ..algorithms.createdemo import CreateDemo
from ..algorithms.createregister import CreateRegister
from ..algorithms.createrules import CreateRules
from ..algorithms.diagnosecrs import DiagnoseCrs
from ..algorithms.prepareplan import PreparePlan
from ..algorithms.showrules import ShowRules
from ..algorithms.stylelanduse import StyleLandUse
from ..algorithms.writesheet import WriteSheet
from ..engine.catalogue import RESOURCES, text
from ..engine.store.place import is_database
from ..qgis_bridge.base import ICONS, user_language
from ..qgis_bridge.stores import text_of_output

ALGORITHMS = (
    CheckCoverage,
    CheckBorders,
    CheckConformity,
    CheckProvince,
    CheckRegister,
    CheckFigures,
    CreateRegister,
    CreateRules,
    ShowRules,
    WriteSheet,
    PreparePlan,
    DiagnoseCrs,
    CompareFindings,
    CompareDrafts,
    CreateDemo,
    StyleLandUse,
)


class PlanConcordProvider(QgsProcessingProvider):
    """Registers the algorithms; they load without geopandas and say what is missing when run."""

    def id(self) -> str:
        return "planconcord"

    def name(self) -> str:
        return text("provider.name", user_language())

    def longName(self) -> str:
        return text("provider.long_name", user_language())

    def isSupportedOutputValue(
        self, outputValue: Any, parameter: QgsProcessingDestinationParameter, context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Whether an output may go there: besides what QGIS knows, into a findings store in a database."""
        if is_database(text_of_output(outputValue)):
            return True, ""
        return super().isSupportedOutputValue(outputValue, parameter, context)

    def icon(self) -> QIcon:
        return QIcon(str(ICONS / "planconcord.svg"))

    def svgIconPath(self) -> str:
        return str(ICONS / "planconcord.svg")

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())

    def load_models(self) -> None:
        """The example models; after the algorithms are registered, because a model looks for those of its steps."""
        for path in sorted((RESOURCES / "models").glob("*.model3")):
            model = QgsProcessingModelAlgorithm()
            if model.fromFile(str(path)):
                self.addAlgorithm(model)
