"""Algorithm ``prepareplan``: a file as a drawer delivered it becomes one clean plan layer, and
every change is listed.
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
    QgsProcessingParameterBoolean,
    QgsProcessingParameterCrs,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)

from ..engine.catalogue import text
from ..qgis_bridge.base import PlanAlgorithm

DETECT = "detect"
ENCODINGS = (DETECT, "utf-8", "cp1258", "windows-1252", "tcvn3", "vni", "none")
GENERATIONS = ("", "tt27_2018", "tt01_2021", "tt08_2024")
COUNTS = (
    "DROPPED_COUNT",
    "DECODED_COUNT",
    "AREA_COUNT",
    "REPAIRED_COUNT",
    "CODED_COUNT",
    "UNKNOWN_COUNT",
    "SUCCEEDED_COUNT",
    "REVIEW_COUNT",
)


class PreparePlan(PlanAlgorithm):
    """One source in; zones in their own script, CRS and codes out."""

    ID = "prepareplan"
    GROUP = "intake"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        vector = [QgsProcessing.SourceType.TypeVector]
        self.add(QgsProcessingParameterVectorLayer("INPUT", self.words("INPUT"), vector, optional=True))
        self.add(
            QgsProcessingParameterFile("FILE", self.words("FILE"), optional=True, fileFilter=self.words("FILE.filter"))
        )
        self.add(QgsProcessingParameterCrs("CRS", self.words("CRS"), optional=True))
        self.add(QgsProcessingParameterCrs("TARGET_CRS", self.words("TARGET_CRS"), optional=True))
        self.add(QgsProcessingParameterString("CODE_FIELD", self.words("CODE_FIELD"), optional=True))
        filters = self.words("LABEL_MAP.filter")
        self.add(QgsProcessingParameterFile("LABEL_MAP", self.words("LABEL_MAP"), optional=True, fileFilter=filters))
        for name in ("POLYGONS_FROM_LINES", "REPAIR"):
            self.add(QgsProcessingParameterBoolean(name, self.words(name), False))
        self.add(QgsProcessingParameterBoolean("SWAP_AXES", self.words("SWAP_AXES"), False), advanced=True)
        self.add_choice("ENCODING", ENCODINGS, DETECT)
        self.add_choice("CODE_GENERATION", GENERATIONS, "")
        filters = self.words("CODE_LIST.filter")
        listed = QgsProcessingParameterFile("CODE_LIST", self.words("CODE_LIST"), optional=True, fileFilter=filters)
        self.add(listed, advanced=True)
        self.add_language()
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(QgsProcessingParameterFeatureSink("OUTPUT", self.words("OUTPUT"), polygons))
        report = QgsProcessingParameterFeatureSink(
            "REPORT", self.words("REPORT"), QgsProcessing.SourceType.TypeVector, None, True
        )
        report.setCreateByDefault(False)
        self.add(report, advanced=True)
        filters = self.words("PREVIEW.filter")
        self.add(QgsProcessingParameterFileDestination("PREVIEW", self.words("PREVIEW"), filters, None, True))
        filters = self.words("LABEL_MAP.filter")
        labels = QgsProcessingParameterFileDestination("LABELS", self.words("LABELS"), filters, None, True)
        labels.setCreateByDefault(False)
        self.add(labels, advanced=True)
        filters = self.words("CODE_LIST.filter")
        codes = QgsProcessingParameterFileDestination("CODES", self.words("CODES"), filters, None, True)
        codes.setCreateByDefault(False)
        self.add(codes, advanced=True)
        self.addOutput(QgsProcessingOutputNumber("ZONE_COUNT", self.words("ZONE_COUNT")))
        for name in COUNTS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        self.addOutput(QgsProcessingOutputBoolean("CHANGED", self.words("CHANGED")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.intake.labels import write_labels
        from ..engine.intake.pages import prepare_page
        from ..engine.intake.preparing import labels_of, write_code_list, zones_of
        from ..engine.intake.results import SOURCE_FID, prepared_numbers
        from ..engine.tables.writing import write_page
        from ..engine.transformation import require_place
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.intake_input import given_input
        from ..qgis_bridge.intake_output import publish, report_table, zone_table

        language, progress = self.language(parameters, context), QgisProgress(feedback)
        progress.step(0.0, text("progress.reading", language))
        given = given_input(self, parameters, "INPUT", "FILE", context)
        wishes = self._wishes(parameters, context)
        prepared = given.prepared(wishes, progress)
        zones = zones_of(prepared)
        require_place(zones.crs, prepared.name, "error.prepare_no_crs")
        table = zone_table(zones, prepared)
        for line in prepared.report.lines(language):
            feedback.pushInfo(line)
        progress.checkpoint()
        progress.step(0.7, text("progress.writing", language))
        tables = {"OUTPUT": table, "REPORT": report_table(prepared.report, language)}
        known_by = {"OUTPUT": [SOURCE_FID]}
        outputs = publish(self, parameters, context, tables, progress.part(0.7, 1.0), known_by, (feedback, language))
        page = self.parameterAsFileOutput(parameters, "PREVIEW", context)
        if page:
            write_page(Path(page), prepare_page(prepared, language))
            outputs["PREVIEW"] = page
        listed = self.parameterAsFileOutput(parameters, "LABELS", context)
        if listed:
            field = self.parameterAsString(parameters, "CODE_FIELD", context).strip()
            outputs["LABELS"] = str(write_labels(Path(listed), labels_of(prepared, field), {}))
        listed = self.parameterAsFileOutput(parameters, "CODES", context)
        if listed:
            outputs["CODES"] = str(write_code_list(Path(listed), prepared, wishes))
        return {**outputs, **prepared_numbers(prepared, zones)}

    def output_kinds(self) -> dict[str, Any]:
        from ..engine.intake.generations import CODES
        from ..engine.intake.labels import LABELS
        from ..engine.tables.writing import PAGE

        return {"PREVIEW": PAGE, "LABELS": LABELS, "CODES": CODES}

    def _wishes(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Any:
        from ..engine.intake.preparing import PreparationOptions

        encoding = self.parameterAsEnumString(parameters, "ENCODING", context)
        return PreparationOptions(
            code_field=self.parameterAsString(parameters, "CODE_FIELD", context).strip(),
            crs=self._crs(parameters, "CRS", context),
            target_crs=self._crs(parameters, "TARGET_CRS", context),
            swap_axes=self.parameterAsBool(parameters, "SWAP_AXES", context),
            encoding="" if encoding in ("", DETECT) else encoding,
            label_map=self.file(parameters, "LABEL_MAP", context),
            code_generation=self.parameterAsEnumString(parameters, "CODE_GENERATION", context).strip(),
            code_list=self.file(parameters, "CODE_LIST", context),
            polygons_from_lines=self.parameterAsBool(parameters, "POLYGONS_FROM_LINES", context),
            repair=self.parameterAsBool(parameters, "REPAIR", context),
        )

    def _crs(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext) -> str:
        """Return the CRS of a parameter as text, "" where none is set; PlanError for one that QGIS
        does not know.
        """
        from ..engine.errors import PlanError
        from ..qgis_bridge.source import to_pyproj

        crs = to_pyproj(self.parameterAsCrs(parameters, name, context))
        given = self.parameterAsString(parameters, name, context).strip()
        if crs is None and given:
            raise PlanError("error.crs_unknown", crs=given)
        return "" if crs is None else str(crs.to_string())
