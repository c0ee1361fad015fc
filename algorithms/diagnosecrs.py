"""Algorithm ``diagnosecrs``: in which CRS does a layer really lie, by how far is it off, and what
is wrong? Nothing is changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    NULL,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterVectorLayer,
)

from ..engine.catalogue import text
from ..qgis_bridge.base import PlanAlgorithm

NUMBERS = ("INSIDE_SHARE", "BORDER_OFFSET", "OFF_LENGTH", "CANDIDATE_COUNT", "SHIFT_X", "SHIFT_Y", "SHIFT_CONFIDENCE")
BOOLEANS = ("LIES_RIGHT", "SWAPPED", "SHIFT_FOUND")
TEXTS = ("VERDICT", "BEST_CRS", "EXPLANATION")


class DiagnoseCrs(PlanAlgorithm):
    """The readings of a layer's coordinates, ranked against an outline that is known to be
    right.
    """

    ID = "diagnosecrs"
    GROUP = "intake"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        vector = [QgsProcessing.SourceType.TypeVector]
        self.add(QgsProcessingParameterVectorLayer("INPUT", self.words("INPUT"), vector, optional=True))
        self.add(
            QgsProcessingParameterFile("FILE", self.words("FILE"), optional=True, fileFilter=self.words("FILE.filter"))
        )
        self.add_polygons("OUTLINE")
        self.add_polygons("NEIGHBOUR", optional=True)
        self.add(QgsProcessingParameterCrs("CRS", self.words("CRS"), optional=True), advanced=True)
        self.add_language()
        table = QgsProcessingParameterFeatureSink(
            "CANDIDATES", self.words("CANDIDATES"), QgsProcessing.SourceType.TypeVector, None, True
        )
        table.setCreateByDefault(False)
        self.add(table, advanced=True)
        filters = self.words("PAGE.filter")
        self.add(QgsProcessingParameterFileDestination("PAGE", self.words("PAGE"), filters, None, True))
        for name in TEXTS:
            self.addOutput(QgsProcessingOutputString(name, self.words(name)))
        for name in NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        for name in BOOLEANS:
            self.addOutput(QgsProcessingOutputBoolean(name, self.words(name)))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.intake.diagnosis import diagnose
        from ..engine.intake.pages import diagnosis_page
        from ..engine.intake.preparing import PreparationOptions
        from ..engine.intake.results import diagnosed
        from ..engine.tables.writing import write_page
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.intake_input import given_input
        from ..qgis_bridge.intake_output import candidate_table, publish
        from ..qgis_bridge.source import to_pyproj

        language, progress = self.language(parameters, context), QgisProgress(feedback)
        progress.step(0.0, text("progress.reading", language))
        prepared = given_input(self, parameters, "INPUT", "FILE", context).prepared(
            PreparationOptions(encoding="none"), progress
        )
        table = prepared.table
        labelled = to_pyproj(self.parameterAsCrs(parameters, "CRS", context)) or table.crs
        outline, _ = self._polygons(parameters, "OUTLINE", context, progress.part(0.1, 0.3))
        shapes = table.geometry.to_numpy()
        found = diagnose(shapes, labelled, outline.geometry.to_numpy(), outline.crs, prepared.name)
        progress.checkpoint()
        progress.step(0.7)
        shift, sentence = self._shift(parameters, context, shapes, found, language, progress)
        further = [sentence] if sentence else []
        for line in (found.text(language), *further):
            feedback.pushInfo(line)
        outputs = publish(self, parameters, context, {"CANDIDATES": candidate_table(found)}, progress.part(0.9, 1.0))
        page = self.parameterAsFileOutput(parameters, "PAGE", context)
        if page:
            write_page(Path(page), diagnosis_page(found, prepared.name, language, further))
            outputs["PAGE"] = page
        return {**outputs, **diagnosed(found, shift, language)}

    def output_kinds(self) -> dict[str, Any]:
        from ..engine.tables.writing import PAGE

        return {"PAGE": PAGE}

    def _polygons(
        self, parameters: dict[str, Any], name: str, context: QgsProcessingContext, progress: Any
    ) -> tuple[Any, str]:
        """Return (zones, name) of a layer that is right where it lies."""
        from qgis.core import QgsProcessingException

        from ..qgis_bridge.source import plan_layer

        source = self.parameterAsSource(parameters, name, context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, name))
        return plan_layer(source, source.sourceName(), progress).zones, source.sourceName()

    def _shift(
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        shapes: Any,
        found: Any,
        language: str,
        progress: Any,
    ) -> tuple[Any, str]:
        """(offset from the neighbour, what it is in words)."""
        from ..engine.intake.results import shift_from
        from ..engine.intake.shift import ConstantShift

        if parameters.get("NEIGHBOUR") in (None, NULL, ""):
            return ConstantShift(), ""
        neighbour, name = self._polygons(parameters, "NEIGHBOUR", context, progress.part(0.7, 0.75))
        return shift_from(shapes, found, neighbour.geometry.to_numpy(), neighbour.crs, name, language)
