"""Algorithm ``writesheet``: the findings of a store as pages to print and sign, one a territory,
and what is still disputed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFields,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameters,
    QgsProcessingParameterString,
)

from ..qgis_bridge.base import PlanAlgorithm


class WriteSheet(PlanAlgorithm):
    """Reads the store, draws its maps itself, and needs no network."""

    ID = "writesheet"
    GROUP = "report"
    OUTPUT_NUMBERS = (("SHEET_COUNT", "sheets"), ("FINDING_COUNT", "findings"), ("DISPUTED_COUNT", "disputed"))

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        stores = self.words("FINDINGS.filter")
        self.add(QgsProcessingParameterFile("FINDINGS", self.words("FINDINGS"), fileFilter=stores))
        polygons = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(QgsProcessingParameterMultipleLayers("PLANS", self.words("PLANS"), polygons, optional=True))
        self.add(QgsProcessingParameterString("CODE_FIELD", self.words("CODE_FIELD"), optional=True))
        self.add(QgsProcessingParameterString("KEY_FIELD", self.words("KEY_FIELD"), optional=True))
        # Without a filter of its own QGIS refuses a folder, whose name has no dot.
        filters = self.words("RULES.filter")
        self.add(QgsProcessingParameterFile("RULES", self.words("RULES"), optional=True, fileFilter=filters), True)
        self.add(QgsProcessingParameterBoolean("REDACT_DEFENCE", self.words("REDACT_DEFENCE"), True))
        self.add_text("TERRITORY")
        self.add_language()
        self.add(QgsProcessingParameterFolderDestination("OUTPUT", self.words("OUTPUT")))
        self.addOutput(QgsProcessingOutputFile("PROVINCE", self.words("PROVINCE")))
        for name, _ in self.OUTPUT_NUMBERS:
            self.addOutput(QgsProcessingOutputNumber(name, self.words(name)))

    def carry_out(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        from .. import __version__
        from ..engine.catalogue import text
        from ..engine.report.write import SheetOptions, write_sheets
        from ..engine.rulesets.reading import read_ruleset
        from ..qgis_bridge.feedback import QgisProgress

        language, progress = self.language(parameters, context), QgisProgress(feedback)
        store = self.store(parameters, "FINDINGS", context)
        if store is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "FINDINGS"))
        made = write_sheets(
            store,
            Path(self.parameterAsString(parameters, "OUTPUT", context)),
            SheetOptions(
                language,
                self.parameterAsBool(parameters, "REDACT_DEFENCE", context),
                self.parameterAsString(parameters, "TERRITORY", context).strip(),
                version=__version__,
            ),
            self._plans(parameters, context, progress.part(0.0, 0.3)),
            read_ruleset(self.file(parameters, "RULES", context)),
            progress.part(0.3, 1.0),
        )
        for key, values in made.notes:
            feedback.pushWarning(text(key, language, **values))
        return {
            "OUTPUT": str(made.province.parent),
            "PROVINCE": str(made.province),
            "SHEET_COUNT": len(made.sheets),
            "FINDING_COUNT": made.findings,
            "DISPUTED_COUNT": made.disputed,
        }

    def _plans(self, parameters: dict[str, Any], context: QgsProcessingContext, progress: Any) -> list[Any]:
        """Return the layers of PLANS, each with the first of the code fields and the first of the
        key fields that it has.
        """
        from ..engine.errors import PlanError
        from ..qgis_bridge.source import plan_layer

        given = parameters.get("PLANS")
        if not given:
            return []
        layers = self.parameterAsLayerList(parameters, "PLANS", context)
        if isinstance(given, (list, tuple)) and len(layers) < len(given):
            values = {"count": len(given) - len(layers), "given": len(given), "layers": "–"}
            raise PlanError("error.layer_unreadable", name="PLANS", **values)
        definition, read = self.parameterDefinition("PLANS"), []
        for layer in layers:
            source = QgsProcessingParameters.parameterAsSource(definition, {"PLANS": layer}, context)
            if source is None:
                raise QgsProcessingException(self.invalidSourceError(parameters, "PLANS"))
            key, code = (
                self._first(self.parameterAsString(parameters, name, context), source.fields())
                for name in ("KEY_FIELD", "CODE_FIELD")
            )
            read.append(plan_layer(source, layer.name(), progress, key, code))
        return read

    @staticmethod
    def _first(names: str, fields: QgsFields) -> str:
        """Return the first of the names, between commas, that a layer has as a field."""
        return next((one for one in map(str.strip, names.split(",")) if one and fields.lookupField(one) >= 0), "")
