"""Algorithm ``checkfigures``: does a table of figures agree with itself?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
)

from ..qgis_bridge.province_input import RegisterAlgorithm


class CheckFigures(RegisterAlgorithm):
    """Sums of the forms of land-use plans that do not close, and what was understood of a table."""

    ID = "checkfigures"
    OUTPUT_NUMBERS = (
        ("TABLE_COUNT", "table_count"),
        ("FIGURE_COUNT", "figure_count"),
        ("SUM_COUNT", "sum_count"),
        ("UNTESTED_COUNT", "untested_count"),
        ("CLOSURE_COUNT", "closure_count"),
        ("UNREAD_COUNT", "unread_count"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_file("FIGURES", optional=False)
        self.add_language()
        kinds = QgsProcessing.SourceType
        self.add(QgsProcessingParameterFeatureSink("FINDINGS", self.words("FINDINGS"), kinds.TypeVectorPolygon))
        table = QgsProcessingParameterFeatureSink("TABLE", self.words("TABLE"), kinds.TypeVector, None, True)
        self.add(table)
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        self.addOutput(QgsProcessingOutputBoolean("CONFORMS", self.words("CONFORMS")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from pathlib import Path

        from ..engine.figures.table import TABLE_FIELDS
        from ..engine.record import FIELDS
        from ..engine.usecases.assessment import Request
        from ..engine.usecases.figures import assess_figures
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.sinks import Destination

        language, progress = self.language(parameters, context), QgisProgress(feedback)
        source = self.parameterAsString(parameters, "FIGURES", context)
        self.require_openpyxl(source)
        checking = progress.part(0.0, 0.9)
        request = Request(
            self.ID, language=language, given={"FIGURES": source}, progress=checking, tell=feedback.pushInfo
        )
        made = assess_figures(request, Path(source))
        crs = QgsCoordinateReferenceSystem.fromWkt(made.crs.to_wkt())
        tables = {"FINDINGS": (made.result.findings, FIELDS, crs), "TABLE": (made.result.table, TABLE_FIELDS, None)}
        every = {name: Destination(self, parameters, name, context) for name in tables}
        wanted = {name: one for name, one in every.items() if one.wanted}
        every["FINDINGS"].beside = (made.measures, made.runs)
        try:
            for name, destination in wanted.items():
                destination.write(*tables[name], progress.part(0.9, 1.0))
            outputs: dict[str, Any] = {name: destination.publish() for name, destination in wanted.items()}
        finally:
            for destination in wanted.values():
                destination.discard()
        for message in made.result.findings["message"]:
            feedback.pushInfo(message)
        numbers = {name: made.result.value(measure) for name, measure in self.OUTPUT_NUMBERS}
        return {**outputs, **numbers, "CONFORMS": made.result.conforms}
