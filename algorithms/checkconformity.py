"""Algorithm ``checkconformity``: does the lower plan fit the upper one?"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProcessingParameterFile

from ..engine.levels import LEVELS, NATURES
from .base import PlanAlgorithm

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
        ("DIAGRAM_COUNT", "diagram_count"),
        ("UNKNOWN_CODE_COUNT", "unknown_code_count"),
        ("NOISE_COUNT", "noise_count"),
        ("NOISE_AREA", "noise_area"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_polygons("LOWER")
        self.add_field("LOWER_KEY", "LOWER")
        self.add_field("LOWER_CODE", "LOWER", optional=False)
        self.add_polygons("UPPER")
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
        self.add_working_crs()
        self.add_findings_outputs()

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.checks.conformity import check_conformity
        from ..engine.rulesets.reading import read_ruleset
        from ..engine.tolerance import Tolerance
        from .checking import Checking

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
        )
        lower, upper = checking.bring_together()
        width_m = checking.number("WIDTH_TOLERANCE")
        tolerance = Tolerance.combine(
            Tolerance.choose(width_m, checking.number("LOWER_SCALE")),
            Tolerance.choose(width_m, checking.number("UPPER_SCALE")),
        )
        result = check_conformity(lower, upper, rules, checking.settings(tolerance))
        return checking.finish(result, (rules.name, rules.digest))
