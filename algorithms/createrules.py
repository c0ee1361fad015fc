"""Algorithm ``createrules``: which codes of two plans meet, as a list that becomes a rule set in a
spreadsheet.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
)

from ..engine.catalogue import text
from ..qgis_bridge.base import PlanAlgorithm
from ..qgis_bridge.libraries import missing_for


class CreateRules(PlanAlgorithm):
    """Every pair of codes that meets, with hectares, filled from a base set."""

    ID = "createrules"
    GROUP = "rules"
    OUTPUT_NUMBERS = (
        ("PAIR_COUNT", "pair_count"),
        ("PAIR_AREA", "pair_area"),
        ("UNLISTED_COUNT", "unlisted_count"),
        ("UNLISTED_AREA", "unlisted_area"),
        ("PROPOSED_COUNT", "proposed_count"),
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_polygons("LOWER")
        self.add_field("LOWER_CODE", "LOWER", optional=False)
        self.add_polygons("UPPER")
        self.add_field("UPPER_CODE", "UPPER", optional=False)
        # Without a filter of its own QGIS refuses a folder, whose name has no dot.
        filters = self.words("RULES.filter")
        self.add(QgsProcessingParameterFile("RULES", self.words("RULES"), optional=True, fileFilter=filters))
        self.add(QgsProcessingParameterFile("PREVIOUS", self.words("PREVIOUS"), optional=True, fileFilter=filters))
        self.add_number("LOWER_SCALE", least=1.0)
        self.add_number("UPPER_SCALE", least=1.0)
        self.add_number("WIDTH_TOLERANCE")
        self.add_working_crs()
        self.add(QgsProcessingParameterFileDestination("OUTPUT", self.words("OUTPUT"), self.words("OUTPUT.filter")))
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.rulesets.listing import summary
        from ..engine.rulesets.reading import read_list, read_ruleset
        from ..engine.rulesets.spreadsheets import write_list
        from ..engine.tolerance import Tolerance
        from ..engine.usecases.checks import list_meeting_codes
        from ..qgis_bridge.checking import Asked

        output = Path(self.parameterAsFileOutput(parameters, "OUTPUT", context))
        earlier_path = self.file(parameters, "PREVIOUS", context)
        rules_path = self.file(parameters, "RULES", context)
        self.refuse_without_openpyxl(output, earlier_path, rules_path)
        base = read_ruleset(rules_path)
        earlier = read_list(earlier_path) if earlier_path else None
        for line in (
            line for rules in (base, earlier) if rules for line in rules.told(self.language(parameters, context))
        ):
            feedback.pushInfo(line)
        asked = Asked(self, parameters, context, feedback)
        width_m, scales = asked.number("WIDTH_TOLERANCE"), (asked.number("LOWER_SCALE"), asked.number("UPPER_SCALE"))
        tolerance = Tolerance.combine(*(Tolerance.choose(width_m, scale) for scale in scales))
        lower, upper = asked.plan("LOWER", "", "LOWER_CODE"), asked.plan("UPPER", "", "UPPER_CODE")
        request = asked.request(tolerance)
        table = list_meeting_codes(request, lower, upper, base, earlier, feedback.pushWarning)
        write_list(table, output, list(base.codes.values()), asked.language, base)
        found = summary(table)
        told = {"pairs": found["pair_count"], "open": found["unlisted_count"], "proposed": found["proposed_count"]}
        feedback.pushInfo(text("createrules.written", asked.language, path=output, **told))
        return {"OUTPUT": str(output), **{name: found[measure] for name, measure in self.OUTPUT_NUMBERS}}

    def output_kinds(self) -> dict[str, Any]:
        from ..engine.rulesets.spreadsheets import LIST

        return {"OUTPUT": LIST}

    @staticmethod
    def refuse_without_openpyxl(*paths: Path | None) -> None:
        """Before the work begins: a workbook is to be read or written, and openpyxl is not there."""
        from qgis.core import QgsProcessingException

        if any(path and path.suffix.lower() == ".xlsx" for path in paths):
            sentence = missing_for("openpyxl")
            if sentence:
                raise QgsProcessingException(sentence)
