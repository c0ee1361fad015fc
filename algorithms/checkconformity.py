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
        from ..engine.checks.conformity import Options
        from ..engine.checks.conformity.tables import CROSS_FIELDS, ZONE_FIELDS
        from ..engine.rulesets.reading import read_ruleset
        from ..engine.tolerance import Tolerance
        from ..engine.usecases.checks import assess_conformity
        from ..qgis_bridge.checking import Asked
        from ..qgis_bridge.comparing import qgs_crs
        from ..qgis_bridge.styling import VerdictStyle

        rules = read_ruleset(self.file(parameters, "RULES", context))
        asked = Asked(self, parameters, context, feedback)
        width_m, scales = asked.number("WIDTH_TOLERANCE"), (asked.number("LOWER_SCALE"), asked.number("UPPER_SCALE"))
        tolerance = Tolerance.combine(*(Tolerance.choose(width_m, scale) for scale in scales))
        lower, upper = self._readers(parameters, context, asked)
        options = Options(self._least_realised(asked), asked.wants("CROSS_TABLE"), asked.wants("ZONES"))
        made = assess_conformity(asked.request(tolerance, rules), lower, upper, rules, options)
        tables: dict[str, Any] = {}
        if made.result.cross_table is not None:
            tables["CROSS_TABLE"] = (made.result.cross_table, CROSS_FIELDS, None)
        if made.result.zone_verdicts is not None:
            tables["ZONES"] = (made.result.zone_verdicts, ZONE_FIELDS, qgs_crs(made.result.zone_verdicts))
        outputs = asked.outputs(made, tables)
        asked.style(outputs.get("ZONES", ""), VerdictStyle)
        return outputs

    def _readers(self, parameters: dict[str, Any], context: QgsProcessingContext, asked: Any) -> tuple[Any, Any]:
        """What reads the lower plan, and the upper one."""
        choice = {name: self.parameterAsEnumString(parameters, name, context) for name in CHOICES}
        below = {"level": choice["LOWER_LEVEL"], "territory": asked.value("TERRITORY")}
        above = {"level": choice["UPPER_LEVEL"], "nature": choice["UPPER_NATURE"], "corridor": self._corridor(asked)}
        return (
            asked.plan("LOWER", "LOWER_KEY", "LOWER_CODE", asked.value("LOWER_PLAN"), **below),
            asked.plan("UPPER", "UPPER_KEY", "UPPER_CODE", asked.value("UPPER_PLAN"), **above),
        )

    def _corridor(self, asked: Any) -> Any:
        from ..engine.corridors import Corridor

        (width, width_field), (radius, radius_field) = CORRIDORS
        return Corridor(asked.number(width), asked.value(width_field), asked.number(radius), asked.value(radius_field))

    def _least_realised(self, asked: Any) -> float:
        percent = asked.number("LEAST_REALISED")
        return 0.5 if percent is None else percent / 100.0
