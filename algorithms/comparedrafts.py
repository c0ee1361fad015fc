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
        from ..engine.identity.drafts import CHANGE_COLUMNS, TRANSITION_COLUMNS, compare_drafts
        from ..engine.tolerance import Tolerance
        from ..qgis_bridge.checking import Checking
        from ..qgis_bridge.comparing import qgs_crs
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.intake_output import publish

        checking = Checking(self, parameters, context, feedback)
        for draft in DRAFTS:
            checking.read(draft, f"{draft}_KEY", f"{draft}_CODE")
        before, after = checking.bring_together()
        settings = checking.settings(Tolerance.choose(checking.number("WIDTH_TOLERANCE"), checking.number("SCALE")))
        progress = settings.progress.part(0.0, 0.0)
        asking = self._asking(parameters, context, before.crs, progress)
        attributes = self._attributes(parameters, context, progress)
        found = compare_drafts(before, after, settings, asking, attributes)
        tables: dict[str, Any] = {
            "CHANGES": (found.changes, CHANGE_COLUMNS, qgs_crs(found.changes)),
            "TRANSITIONS": (found.transitions, TRANSITION_COLUMNS, None),
        }
        writing, tell = QgisProgress(feedback).part(0.9, 1.0), (feedback, checking.language)
        outputs = publish(self, parameters, context, tables, writing, tell=tell)
        for output, measure in self.OUTPUT_NUMBERS:
            outputs[output] = found.value(measure)
            feedback.pushInfo(f"{output}: {shown(outputs[output], checking.language)}")
        outputs["CLOSES"] = found.closes
        if not found.closes:
            feedback.pushWarning(text("comparedrafts.open", checking.language, residual=outputs["BALANCE_RESIDUAL"]))
        return outputs

    def _asking(self, parameters: dict[str, Any], context: QgsProcessingContext, crs: Any, progress: Any) -> Any:
        """Return what asked for changes, in the working CRS; None where nothing is set."""
        from ..engine.identity.draft_attributes import placed
        from ..qgis_bridge.source import whole_table

        if parameters.get("ASKED") in (None, NULL, ""):
            return None
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
