"""Algorithm ``checkprovince``: every plan of a register against its territory, its neighbours and
the plans above it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterVectorDestination,
)

from ..engine.catalogue import shown
from ..qgis_bridge.province_input import RegisterAlgorithm


class CheckProvince(RegisterAlgorithm):
    """One register in, one findings store out."""

    ID = "checkprovince"
    OUTPUT_NUMBERS = (
        ("ERROR_COUNT", "error_count"),
        ("WARNING_COUNT", "warning_count"),
        ("INFO_COUNT", "info_count"),
        ("PLAN_COUNT", "plan_count"),
        ("CHECK_COUNT", "check_count"),
        ("NOT_ASSESSED_COUNT", "not_assessed_count"),
        ("UNREADABLE_COUNT", "unreadable_count"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_register()
        self.add_file("PREVIOUS")
        self.add_file("RULES")
        self.add_number("WIDTH_TOLERANCE")
        self.add_register_options()
        self.add_number("MEMORY", least=1.0, advanced=True)
        self.add_working_crs()
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(QgsProcessingParameterVectorDestination("OUTPUT", self.words("OUTPUT"), polygons))
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        self.addOutput(QgsProcessingOutputNumber("REUSED_COUNT", self.words("REUSED_COUNT")))
        for name in ("STATUS", "BOARD"):
            self.addOutput(QgsProcessingOutputString(name, self.words(name)))
        self.addOutput(QgsProcessingOutputBoolean("CONFORMS", self.words("CONFORMS")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.errors import PlanError
        from ..engine.passwords import without_password
        from ..engine.province.options import MEGABYTE
        from ..engine.usecases.province import ProvinceRequest, write_province
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.running import note_fault
        from ..qgis_bridge.stores import loaded_from, store_of_output
        from ..qgis_bridge.styling import FindingsStyle

        language = self.language(parameters, context)
        memory = self.number(parameters, "MEMORY", context)
        options = self.register_options(
            parameters,
            context,
            width_m=self.number(parameters, "WIDTH_TOLERANCE", context),
            working_crs=self.working_crs(parameters, context),
            memory_bytes=None if memory is None else int(memory * MEGABYTE),
        )
        output = self.parameterAsOutputLayer(parameters, "OUTPUT", context)
        store = store_of_output(output)
        if store is None and Path(output).suffix.lower() != ".gpkg":
            raise PlanError("error.province.not_gpkg", path=without_password(output))
        wanted = ProvinceRequest(
            self.parameterAsString(parameters, "REGISTER", context),
            store or Path(output),
            self.file(parameters, "RULES", context),
            self.store(parameters, "PREVIOUS", context),
            self.parameterAsBool(parameters, "OUTSIDE", context),
            {name: without_password(str(value)) for name, value in parameters.items()},
            language=language,
            progress=QgisProgress(feedback),
        )
        made = write_province(wanted, options)
        for line in made.result.log:
            feedback.pushInfo(line)
        for fault in made.faults:
            note_fault(fault)
            feedback.pushWarning(fault.text(language))
        if store is not None:
            output = loaded_from(store, self, parameters, "OUTPUT", context)
        outputs: dict[str, Any] = {"OUTPUT": output, "REUSED_COUNT": made.reused_count, "STATUS": made.result.status}
        for name, measure in self.OUTPUT_NUMBERS:
            outputs[name] = made.result.value(measure)
            feedback.pushInfo(f"{name}: {shown(outputs[name], language)}")
        outputs["BOARD"] = "\n".join(made.board)
        outputs["CONFORMS"] = made.result.conforms
        if context.willLoadLayerOnCompletion(output):
            context.layerToLoadOnCompletionDetails(output).setPostProcessor(FindingsStyle.create(language))
        return outputs
