"""Algorithm ``checkborders``: do the plans of neighbouring territories meet in one line?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
)

from ..qgis_bridge.base import PlanAlgorithm


class CheckBorders(PlanAlgorithm):
    """Overlaps and gaps along the borders between territories, and one mismatch for each pair of
    neighbours.
    """

    ID = "checkborders"
    OUTPUT_NUMBERS = (
        ("BORDER_COUNT", "border_count"),
        ("OVERLAP_COUNT", "overlap_count"),
        ("OVERLAP_AREA", "overlap_area"),
        ("GAP_COUNT", "gap_count"),
        ("GAP_AREA", "gap_area"),
        ("MISMATCH_LENGTH", "mismatch_length"),
        ("ABRUPT_COUNT", "abrupt_count"),
        ("NOISE_AREA", "noise_area"),
        ("INVALID_COUNT", "invalid_count"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        layers = QgsProcessingParameterMultipleLayers("INPUT", self.words("INPUT"), polygons)
        layers.setMinimumNumberInputs(1)
        self.add(layers)
        # Names of fields, not fields: a field parameter belongs to one layer.
        for name in ("TERRITORY_FIELD", "KEY_FIELD", "CODE_FIELD"):
            self.add(QgsProcessingParameterString(name, self.words(name), optional=True))
        self.add_number("SCALE", least=1.0)
        self.add_number("WIDTH_TOLERANCE")
        self.add_number("SEARCH_WIDTH")
        filters = self.words("RULES.filter")
        rules = QgsProcessingParameterFile("RULES", self.words("RULES"), optional=True, fileFilter=filters)
        self.add(rules, advanced=True)
        self.add_previous()
        self.add_working_crs()
        self.add_findings_outputs()
        self.add_change_outputs()

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.checks.borders import check_borders
        from ..engine.rulesets.period import told_of_period
        from ..engine.rulesets.reading import read_ruleset
        from ..engine.tolerance import Tolerance
        from ..qgis_bridge.checking import Checking

        path = self.file(parameters, "RULES", context)
        rules = None if path is None else read_ruleset(path)
        checking = Checking(self, parameters, context, feedback)
        checking.read_all("INPUT", "KEY_FIELD", "CODE_FIELD", "TERRITORY_FIELD")
        plans = checking.bring_together()
        tolerance = Tolerance.choose(checking.number("WIDTH_TOLERANCE"), checking.number("SCALE"))
        search_m = checking.number("SEARCH_WIDTH")
        result = check_borders(plans, checking.settings(tolerance), search_m, rules)
        if rules is not None:
            result = told_of_period(result, rules, checking.language)
        return checking.finish(result, ("", "") if rules is None else rules.identity)
