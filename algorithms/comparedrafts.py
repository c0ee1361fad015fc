"""Algorithm ``comparedrafts``: what has changed from one draft of a plan to the next?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    NULL,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputBoolean,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
)

from ..engine.catalogue import shown, text
from ..qgis_bridge.base import PlanAlgorithm

DRAFTS = ("BEFORE", "AFTER")


class CompareDrafts(PlanAlgorithm):
    """A transition matrix that closes, the changed ground, and the changes that nobody asked for."""

    ID = "comparedrafts"
    GROUP = "drafts"
    OUTPUT_NUMBERS = tuple(
        (name.upper(), name)
        for name in (
            *("change_count", "change_area", "unasked_count", "unasked_area", "attribute_count", "noise_area"),
            *("overlap_area", "balance_residual"),
        )
    )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        for draft in DRAFTS:
            self.add_polygons(draft)
            self.add_field(f"{draft}_CODE", draft, optional=False)
            self.add_field(f"{draft}_KEY", draft)
        anything = [QgsProcessing.SourceType.TypeVectorAnyGeometry]
        self.add(QgsProcessingParameterFeatureSource("ASKED", self.words("ASKED"), anything, optional=True))
        self.add_number("SCALE", least=1.0)
        self.add_number("WIDTH_TOLERANCE")
        self.add_working_crs()
        polygons, table = QgsProcessing.SourceType.TypeVectorPolygon, QgsProcessing.SourceType.TypeVector
        self.add(QgsProcessingParameterFeatureSink("CHANGES", self.words("CHANGES"), polygons))
        self.add(QgsProcessingParameterFeatureSink("TRANSITIONS", self.words("TRANSITIONS"), table, None, True))
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))
        self.addOutput(QgsProcessingOutputBoolean("CLOSES", self.words("CLOSES")))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.identity.drafts import CHANGE_COLUMNS, TRANSITION_COLUMNS
        from ..engine.tolerance import Tolerance
        from ..engine.usecases.checks import compare_two_drafts
        from ..qgis_bridge.checking import Asked
        from ..qgis_bridge.comparing import qgs_crs
        from ..qgis_bridge.intake_output import publish

        asked = Asked(self, parameters, context, feedback)
        request = asked.request(Tolerance.choose(asked.number("WIDTH_TOLERANCE"), asked.number("SCALE")))
        drafts = [asked.plan(draft, f"{draft}_KEY", f"{draft}_CODE") for draft in DRAFTS]
        wanted = parameters.get("ASKED") not in (None, NULL, "")
        found = compare_two_drafts(
            request,
            drafts,
            lambda progress: self._attributes(parameters, context, progress),
            (lambda crs, progress: self._asking(parameters, context, crs, progress)) if wanted else None,
        )
        tables: dict[str, Any] = {
            "CHANGES": (found.changes, CHANGE_COLUMNS, qgs_crs(found.changes)),
            "TRANSITIONS": (found.transitions, TRANSITION_COLUMNS, None),
        }
        writing, tell = request.stages.begin("writing"), (feedback, asked.language)
        outputs = publish(self, parameters, context, tables, writing, tell=tell)
        for output, measure in self.OUTPUT_NUMBERS:
            outputs[output] = found.value(measure)
            feedback.pushInfo(f"{output}: {shown(outputs[output], asked.language)}")
        outputs["CLOSES"] = found.closes
        if not found.closes:
            feedback.pushWarning(text("comparedrafts.open", asked.language, residual=outputs["BALANCE_RESIDUAL"]))
        return outputs

    def _asking(self, parameters: dict[str, Any], context: QgsProcessingContext, crs: Any, progress: Any) -> Any:
        """What asked for changes, in the working CRS."""
        from ..engine.identity.draft_attributes import placed
        from ..qgis_bridge.source import whole_table

        source = self.parameterAsSource(parameters, "ASKED", context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "ASKED"))
        return placed(whole_table(source, progress), crs, source.sourceName())

    def _attributes(self, parameters: dict[str, Any], context: QgsProcessingContext, progress: Any) -> Any:
        """Return the further fields of both drafts, row by row as their zones."""
        from ..engine.identity.draft_attributes import attributes_of
        from ..qgis_bridge.source import whole_table

        return tuple(
            attributes_of(
                whole_table(self.parameterAsSource(parameters, draft, context), progress),
                self.parameterAsString(parameters, f"{draft}_CODE", context),
            )
            for draft in DRAFTS
        )
