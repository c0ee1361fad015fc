"""Algorithm ``createregister``: a register to fill in, with a proposed row for each plan found in a
folder.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from ..qgis_bridge.province_input import RegisterAlgorithm


class CreateRegister(RegisterAlgorithm):
    """A workbook with drop-downs and notes."""

    ID = "createregister"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        folder = QgsProcessingParameterFile.Behavior.Folder
        self.add(QgsProcessingParameterFile("FOLDER", self.words("FOLDER"), folder, optional=True))
        self.add_language()
        self.add(QgsProcessingParameterFileDestination("OUTPUT", self.words("OUTPUT"), self.words("OUTPUT.filter")))
        self.addOutput(QgsProcessingOutputNumber("PLAN_COUNT", self.words("PLAN_COUNT")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.register.folder import create_register

        output = Path(self.parameterAsFileOutput(parameters, "OUTPUT", context))
        self.require_openpyxl(str(output))
        count = create_register(output, self.file(parameters, "FOLDER", context), self.language(parameters, context))
        return {"OUTPUT": str(output), "PLAN_COUNT": count}

    def output_kinds(self) -> dict[str, Any]:
        from ..engine.register.template import REGISTER

        return {"OUTPUT": REGISTER}
