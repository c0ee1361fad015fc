"""Algorithm ``createdemo``: a fictional province with planted defects, to try the checks and to learn them."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
)

from .base import PlanAlgorithm

SMALLEST, LARGEST = 2_000, 1_000_000


class CreateDemo(PlanAlgorithm):
    """Thirteen district plans, a provincial plan map, boundaries, a register, and the truth about what is wrong."""

    ID = "createdemo"
    GROUP = "learning"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add(QgsProcessingParameterFolderDestination("FOLDER", self.words("FOLDER")))
        whole = QgsProcessingParameterNumber.Type.Integer
        self.add(QgsProcessingParameterNumber("SEED", self.words("SEED"), whole, 1, minValue=0))
        self.add(
            QgsProcessingParameterNumber(
                "SIZE", self.words("SIZE"), whole, SMALLEST, minValue=SMALLEST, maxValue=LARGEST
            )
        )
        self.addOutput(QgsProcessingOutputFile("REGISTER", self.words("REGISTER")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from pathlib import Path

        from ..engine.demo import create_demo
        from .feedback import QgisProgress

        register = create_demo(
            Path(self.parameterAsString(parameters, "FOLDER", context)),
            seed=self.parameterAsInt(parameters, "SEED", context),
            size=self.parameterAsInt(parameters, "SIZE", context),
            language=self.language(parameters, context),
            progress=QgisProgress(feedback),
        )
        return {"FOLDER": str(register.parent), "REGISTER": str(register)}
