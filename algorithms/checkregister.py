"""Algorithm ``checkregister``: which plans of a register are missing, expired, not approved or
unreadable.
"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
)

from ..qgis_bridge.province_input import RegisterAlgorithm


class CheckRegister(RegisterAlgorithm):
    """The state of the plans, each finding at its territory, and the status board."""

    ID = "checkregister"
    OUTPUT_NUMBERS = (
        ("PLAN_COUNT", "plan_count"),
        ("APPROVED_COUNT", "approved_count"),
        ("SUBMITTED_COUNT", "submitted_count"),
        ("MISSING_COUNT", "missing_count"),
        ("EXPIRED_COUNT", "expired_count"),
        ("UNAPPROVED_COUNT", "unapproved_count"),
        ("UNREADABLE_COUNT", "unreadable_count"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_register()
        self.add_register_options()
        self.add_language()
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(QgsProcessingParameterFeatureSink("FINDINGS", self.words("FINDINGS"), polygons))
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        self.addOutput(QgsProcessingOutputString("BOARD", self.words("BOARD")))
        self.addOutput(QgsProcessingOutputBoolean("CONFORMS", self.words("CONFORMS")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.province.registercheck import check_register
        from ..engine.province.sources import refuse_lost_plans
        from ..engine.record import FIELDS
        from ..engine.register.reading import read_register
        from ..engine.register.state import boards
        from ..engine.store.kinds import STORE
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.sinks import Destination
        from ..qgis_bridge.styling import FindingsStyle

        language, progress = self.language(parameters, context), QgisProgress(feedback)
        options = self.register_options(parameters, context)
        outside = self.parameterAsBool(parameters, "OUTSIDE", context)
        register = read_register(self.parameterAsString(parameters, "REGISTER", context), outside)
        destination = Destination(self, parameters, "FINDINGS", context)
        if destination.place is not None:
            kind = STORE if destination.is_store else None
            refuse_lost_plans(register, options, "FINDINGS", destination.place, kind)
        result, runs = check_register(register, options, language, progress.part(0.0, 0.9))
        for line in result.log:
            feedback.pushInfo(line)
        destination.beside = (result.measures_table(str(runs["run_id"].iloc[0])), runs)
        try:
            crs = QgsCoordinateReferenceSystem.fromWkt(result.findings.crs.to_wkt())
            destination.write(result.findings, FIELDS, crs, progress.part(0.9, 1.0))
            published = destination.publish()
        finally:
            destination.discard()
        if context.willLoadLayerOnCompletion(published):
            context.layerToLoadOnCompletionDetails(published).setPostProcessor(FindingsStyle.create(language))
        outputs: dict[str, Any] = {name: result.value(measure) for name, measure in self.OUTPUT_NUMBERS}
        told = boards(register, options.expected, result.territory)
        return {
            "FINDINGS": published,
            **outputs,
            "BOARD": "\n".join(board.text(language) for board in told),
            "CONFORMS": result.conforms,
        }
