"""Algorithm ``checkconformity``: does the lower plan fit the upper one?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
)

from ..engine.levels import LEVELS, NATURES
from ..qgis_bridge.base import PlanAlgorithm

SourceType = QgsProcessing.SourceType
CORRIDORS = (("UPPER_WIDTH", "UPPER_WIDTH_FIELD"), ("UPPER_RADIUS", "UPPER_RADIUS_FIELD"))
CHOICES = ("LOWER_LEVEL", "UPPER_LEVEL", "UPPER_NATURE")


class CheckConformity(PlanAlgorithm):
    """A verdict for every place where the zones of two plans meet."""

    ID = "checkconformity"
    OUTPUT_NUMBERS = (
        ("CONFLICT_COUNT", "conflict_count"),
        ("CONFLICT_AREA", "conflict_area"),
        ("CONDITIONAL_COUNT", "conditional_count"),
        ("CONDITIONAL_AREA", "conditional_area"),
        ("UNLISTED_COUNT", "unlisted_count"),
        ("UNLISTED_AREA", "unlisted_area"),
        ("UNPLANNED_COUNT", "unplanned_count"),
        ("UNPLANNED_AREA", "unplanned_area"),
        ("UNFULFILLED_COUNT", "unfulfilled_count"),
        ("UNFULFILLED_AREA", "unfulfilled_area"),
        ("DIAGRAM_COUNT", "diagram_count"),
        ("UNKNOWN_CODE_COUNT", "unknown_code_count"),
        ("SUPERSEDED_CODE_COUNT", "superseded_code_count"),
        ("UPPER_OVERLAP_COUNT", "upper_overlap_count"),
        ("NOISE_COUNT", "noise_count"),
        ("NOISE_AREA", "noise_area"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_polygons("LOWER")
        self.add_field("LOWER_KEY", "LOWER")
        self.add_field("LOWER_CODE", "LOWER", optional=False)
        kinds = (SourceType.TypeVectorPolygon, SourceType.TypeVectorLine, SourceType.TypeVectorPoint)
        self.add(QgsProcessingParameterFeatureSource("UPPER", self.words("UPPER"), kinds))
        self.add_field("UPPER_KEY", "UPPER")
        self.add_field("UPPER_CODE", "UPPER", optional=False)
        # Without a filter of its own QGIS refuses a folder, whose name has no dot.
        filters = self.words("RULES.filter")
        self.add(QgsProcessingParameterFile("RULES", self.words("RULES"), optional=True, fileFilter=filters))
        self.add_number("LOWER_SCALE", least=1.0)
        self.add_number("UPPER_SCALE", least=1.0)
        self.add_choice("UPPER_NATURE", NATURES, NATURES[0])
        self.add_number("WIDTH_TOLERANCE")
        self.add_choice("LOWER_LEVEL", LEVELS, "district")
        self.add_choice("UPPER_LEVEL", LEVELS, "provincial")
        for name in ("LOWER_PLAN", "UPPER_PLAN", "TERRITORY"):
            self.add_text(name)
        self.add_previous()
        self.add_working_crs()
        for name, field in CORRIDORS:
            self.add_number(name, advanced=True)
            self.add(
                QgsProcessingParameterField(field, self.words(field), parentLayerParameterName="UPPER", optional=True),
                advanced=True,
            )
        self.add_number("LEAST_REALISED", 50.0, advanced=True)
        self.add_findings_outputs()
        for name, kind in (("CROSS_TABLE", SourceType.TypeVector), ("ZONES", SourceType.TypeVectorPolygon)):
            sink = QgsProcessingParameterFeatureSink(name, self.words(name), kind, None, True)
            sink.setCreateByDefault(False)
            self.add(sink, advanced=True)
        self.add_change_outputs()

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.checks.conformity import Options, check_conformity
        from ..engine.checks.conformity.tables import CROSS_FIELDS, ZONE_FIELDS
        from ..engine.rulesets.period import told_of_period
        from ..engine.rulesets.reading import read_ruleset
        from ..engine.tolerance import Tolerance
        from ..qgis_bridge.checking import Checking
        from ..qgis_bridge.styling import VerdictStyle

        rules = read_ruleset(self.file(parameters, "RULES", context))
        checking = Checking(self, parameters, context, feedback)
        choice = {name: self.parameterAsEnumString(parameters, name, context) for name in CHOICES}
        checking.read(
            "LOWER",
            "LOWER_KEY",
            "LOWER_CODE",
            checking.value("LOWER_PLAN"),
            level=choice["LOWER_LEVEL"],
            territory=checking.value("TERRITORY"),
        )
        checking.read(
            "UPPER",
            "UPPER_KEY",
            "UPPER_CODE",
            checking.value("UPPER_PLAN"),
            level=choice["UPPER_LEVEL"],
            nature=choice["UPPER_NATURE"],
            corridor=self._corridor(checking),
        )
        lower, upper = checking.bring_together()
        width_m = checking.number("WIDTH_TOLERANCE")
        tolerance = Tolerance.combine(
            Tolerance.choose(width_m, checking.number("LOWER_SCALE")),
            Tolerance.choose(width_m, checking.number("UPPER_SCALE")),
        )
        options = Options(self._least_realised(checking), checking.wants("CROSS_TABLE"), checking.wants("ZONES"))
        result = check_conformity(lower, upper, rules, checking.settings(tolerance), options)
        result = told_of_period(result, rules, checking.language)
        tables: dict[str, Any] = {}
        if result.cross_table is not None:
            tables["CROSS_TABLE"] = (result.cross_table, CROSS_FIELDS, None)
        if result.zone_verdicts is not None:
            tables["ZONES"] = (result.zone_verdicts, ZONE_FIELDS, checking.qgs_crs(result.zone_verdicts))
        outputs = checking.finish(result, rules.identity, tables)
        checking.style(outputs.get("ZONES", ""), VerdictStyle)
        return outputs

    def _corridor(self, checking: Any) -> Any:
        from ..engine.corridors import Corridor

        (width, width_field), (radius, radius_field) = CORRIDORS
        return Corridor(
            checking.number(width), checking.value(width_field), checking.number(radius), checking.value(radius_field)
        )

    def _least_realised(self, checking: Any) -> float:
        percent = checking.number("LEAST_REALISED")
        return 0.5 if percent is None else percent / 100.0
