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
        from ..engine.rulesets.reading import read_ruleset
        from ..engine.tolerance import Tolerance
        from ..engine.usecases.checks import assess_borders
        from ..qgis_bridge.checking import Asked

        path = self.file(parameters, "RULES", context)
        rules = None if path is None else read_ruleset(path)
        asked = Asked(self, parameters, context, feedback)
        tolerance = Tolerance.choose(asked.number("WIDTH_TOLERANCE"), asked.number("SCALE"))
        plans = asked.plans("INPUT", "KEY_FIELD", "CODE_FIELD", "TERRITORY_FIELD")
        return asked.outputs(assess_borders(asked.request(tolerance, rules), plans, asked.number("SEARCH_WIDTH")))
