"""Algorithm ``checkcoverage``: does a plan cover its territory once, wholly and not beyond?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterFeatureSink,
)

from ..qgis_bridge.base import PlanAlgorithm


class CheckCoverage(PlanAlgorithm):
    """Overlaps, gaps, overhang, duplicates and invalid geometries of one plan layer; edges shared
    without all vertices.
    """

    ID = "checkcoverage"
    OUTPUT_NUMBERS = (
        ("OVERLAP_COUNT", "overlap_count"),
        ("OVERLAP_AREA", "overlap_area"),
        ("EXCESS_AREA", "excess_area"),
        ("GAP_COUNT", "gap_count"),
        ("GAP_AREA", "gap_area"),
        ("OUTSIDE_COUNT", "outside_count"),
        ("OUTSIDE_AREA", "outside_area"),
        ("NOISE_COUNT", "noise_count"),
        ("NOISE_AREA", "noise_area"),
        ("INVALID_COUNT", "invalid_count"),
        ("DUPLICATE_COUNT", "duplicate_count"),
        ("BALANCE_RESIDUAL", "balance_residual"),
        ("UNMATCHED_EDGE_COUNT", "unmatched_edge_count"),
        ("UNMATCHED_LENGTH", "unmatched_length"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_polygons("INPUT")
        self.add_field("KEY_FIELD", "INPUT")
        self.add_field("CODE_FIELD", "INPUT")
        self.add_polygons("BOUNDARY", optional=True)
        self.add_number("SCALE", least=1.0)
        self.add_number("WIDTH_TOLERANCE")
        self.add_number("MIN_AREA", default=0.0)
        self.add_text("PLAN")
        self.add_text("TERRITORY")
        self.add_previous()
        self.add_working_crs()
        self.add_findings_outputs()
        lines = QgsProcessing.SourceType.TypeVectorLine
        sink = QgsProcessingParameterFeatureSink("UNMATCHED_EDGES", self.words("UNMATCHED_EDGES"), lines, None, True)
        sink.setCreateByDefault(False)
        self.add(sink, advanced=True)
        self.add_change_outputs()

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.tolerance import Tolerance
        from ..engine.usecases.checks import assess_coverage
        from ..qgis_bridge.checking import Asked

        asked = Asked(self, parameters, context, feedback)
        width_m, scale = asked.number("WIDTH_TOLERANCE"), asked.number("SCALE")
        tolerance = Tolerance.choose(width_m, scale, asked.number("MIN_AREA") or 0.0)
        plan = asked.plan("INPUT", "KEY_FIELD", "CODE_FIELD", asked.value("PLAN"), territory=asked.value("TERRITORY"))
        return asked.outputs(assess_coverage(asked.request(tolerance), plan, asked.reader("BOUNDARY")))
