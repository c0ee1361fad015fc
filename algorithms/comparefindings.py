"""Algorithm ``comparefindings``: what became of each finding from one store to the next?"""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
)

from ..engine.catalogue import shown, text
from ..qgis_bridge.base import PlanAlgorithm

FATES = ("new", "persisting", "changed", "reopened", "resolved")


class CompareFindings(PlanAlgorithm):
    """New, persisting, changed, reopened or resolved, for each finding of two stores."""

    ID = "comparefindings"
    GROUP = "drafts"

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.add_polygons("PREVIOUS")
        self.add_polygons("CURRENT")
        self.add_number("SCALE", least=1.0)
        self.add_number("WIDTH_TOLERANCE")
        self.add_language()
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(QgsProcessingParameterFeatureSink("OUTPUT", self.words("OUTPUT"), polygons))
        for fate in FATES:
            name = f"{fate.upper()}_COUNT"
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from ..engine.identity.comparing import FATE_FIELDS, compare_findings
        from ..engine.tolerance import Tolerance
        from ..qgis_bridge.comparing import qgs_crs
        from ..qgis_bridge.feedback import QgisProgress
        from ..qgis_bridge.intake_output import publish

        language, progress = self.language(parameters, context), QgisProgress(feedback)
        progress.step(0.0, text("progress.reading", language))
        previous, current = (
            self._findings(parameters, name, context, progress.part(0.0, 0.0)) for name in ("PREVIOUS", "CURRENT")
        )
        scale, width_m = (self.number(parameters, name, context) for name in ("SCALE", "WIDTH_TOLERANCE"))
        progress.step(0.2, text("progress.matching", language))
        fates, counts, log = compare_findings(
            previous, current, Tolerance.choose(width_m, scale), language, progress.part(0.2, 0.8)
        )
        for line in log:
            feedback.pushInfo(line)
        outputs = publish(
            self, parameters, context, {"OUTPUT": (fates, FATE_FIELDS, qgs_crs(fates))}, progress.part(0.8, 1.0)
        )
        for fate in FATES:
            name = f"{fate.upper()}_COUNT"
            outputs[name] = counts[fate]
            feedback.pushInfo(f"{name}: {shown(counts[fate], language)}")
        return outputs

    def _findings(self, parameters: dict[str, Any], name: str, context: QgsProcessingContext, progress: Any) -> Any:
        """Return the findings of a parameter in a CRS in metres; where they lie in a store, with
        the statuses of its history.
        """
        from ..engine.identity.previous import as_findings
        from ..qgis_bridge.comparing import history_of
        from ..qgis_bridge.source import whole_table

        source: QgsProcessingFeatureSource | None = self.parameterAsSource(parameters, name, context)
        if source is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, name))
        layer = self.parameterAsVectorLayer(parameters, name, context)
        return as_findings(whole_table(source, progress), source.sourceName(), history_of(layer))
