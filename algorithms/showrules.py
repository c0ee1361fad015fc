"""Algorithm ``showrules``: a rule set as one page to read and print."""

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

from ..qgis_bridge.base import PlanAlgorithm


class ShowRules(PlanAlgorithm):
    """The matrix, its reasons, who adjusts, and what nobody has confirmed yet."""

    ID = "showrules"
    GROUP = "rules"
    OUTPUT_NUMBERS = (("ROW_COUNT", "row_count"), ("REVIEW_COUNT", "review_count"))

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        # Without a filter of its own QGIS refuses a folder, whose name has no dot.
        filters = self.words("RULES.filter")
        self.add(QgsProcessingParameterFile("RULES", self.words("RULES"), optional=True, fileFilter=filters))
        self.add_language()
        self.add(QgsProcessingParameterFileDestination("OUTPUT", self.words("OUTPUT"), self.words("OUTPUT.filter")))
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.rulesets.page import write_page
        from ..engine.rulesets.reading import read_ruleset

        rules = read_ruleset(self.file(parameters, "RULES", context))
        for line in rules.told(self.language(parameters, context)):
            feedback.pushInfo(line)
        output = Path(self.parameterAsFileOutput(parameters, "OUTPUT", context))
        write_page(rules, output, self.language(parameters, context))
        feedback.pushInfo(f"{rules.name} {rules.version}: {rules.digest}")
        review = sum(bool(row.review) for row in rules.verdicts.values())
        return {"OUTPUT": str(output), "ROW_COUNT": len(rules.verdicts), "REVIEW_COUNT": review}

    def output_kinds(self) -> dict[str, Any]:
        from ..engine.tables.writing import PAGE

        return {"OUTPUT": PAGE}
