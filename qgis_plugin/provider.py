"""The provider: what the Processing toolbox lists under "Plan Concord"."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..algorithms.base import ICONS, user_language
from ..algorithms.checkborders import CheckBorders
from ..algorithms.checkconformity import CheckConformity
from ..algorithms.checkcoverage import CheckCoverage
from ..algorithms.createdemo import CreateDemo
from ..algorithms.createrules import CreateRules
from ..algorithms.diagnosecrs import DiagnoseCrs
from ..algorithms.prepareplan import PreparePlan
from ..algorithms.showrules import ShowRules
from ..algorithms.stylelanduse import StyleLandUse
from ..engine.catalogue import text

ALGORITHMS = (
    CheckCoverage,
    CheckBorders,
    CheckConformity,
    CreateRules,
    ShowRules,
    PreparePlan,
    DiagnoseCrs,
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

    def icon(self) -> QIcon:
        return QIcon(str(ICONS / "planconcord.svg"))

    def svgIconPath(self) -> str:
        return str(ICONS / "planconcord.svg")

    def loadAlgorithms(self) -> None:
        for algorithm in ALGORITHMS:
            self.addAlgorithm(algorithm())
