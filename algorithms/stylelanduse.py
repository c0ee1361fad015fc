"""Algorithm ``stylelanduse``: a plan layer in the colours of the land-use codes, with their names
in the legend.
"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputVectorLayer,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterVectorLayer,
)

from ..qgis_bridge.base import PlanAlgorithm
from ..qgis_bridge.styling import style_land_use


class StyleLandUse(PlanAlgorithm):
    """Colours a loaded layer; needs no geopandas, and the main thread, because it changes a layer
    of the project.
    """

    ID = "stylelanduse"
    GROUP = "learning"

    def flags(self) -> Any:
        return super().flags() | QgsProcessingAlgorithm.Flag.FlagNoThreading

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        types = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.add(QgsProcessingParameterVectorLayer("INPUT", self.words("INPUT"), types))
        self.add_field("CODE_FIELD", "INPUT", optional=False)
        self.add(QgsProcessingParameterBoolean("ALL_CODES", self.words("ALL_CODES"), False))
        self.add_language()
        self.addOutput(QgsProcessingOutputVectorLayer("OUTPUT", self.words("OUTPUT")))

    def canExecute(self) -> tuple[bool, str]:
        return True, ""

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        return True

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        layer = self.parameterAsVectorLayer(parameters, "INPUT", context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "INPUT"))
        style_land_use(
            layer,
            self.parameterAsString(parameters, "CODE_FIELD", context),
            self.language(parameters, context),
            self.parameterAsBool(parameters, "ALL_CODES", context),
        )
        layer.triggerRepaint()
        return {"OUTPUT": layer.id()}
