"""What lies between the parameters of a check and the use case that carries it out, and between its result and the sinks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Optional

import pandas as pd
from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingFeedback,
    QgsProcessingParameters,
    QgsProcessingUtils,
)

from ..engine.catalogue import shown, text
from ..engine.checks.unmatched_edges import FIELDS as UNMATCHED_FIELDS
from ..engine.errors import PlanError
from ..engine.findings import fields_of
from ..engine.identity.scope import CHECKS
from ..engine.plan import PlanLayer
from ..engine.progress import Progress
from ..engine.record import MEASURE_FIELDS, RUN_FIELDS
from ..engine.rulesets.ruleset import RuleSet
from ..engine.stages import Stages
from ..engine.store.place import Place
from ..engine.tolerance import Tolerance
from ..engine.usecases.assessment import Assessment, Reader, Request
from .base import CHANGE_NUMBERS, PlanAlgorithm
from .comparing import qgs_crs
from .feedback import QgisProgress
from .intake_input import unread_of
from .sinks import Destination
from .source import plan_layer
from .styling import FindingsStyle, ResultStyle

Table = tuple[pd.DataFrame, Sequence[tuple[str, str]], Optional[QgsCoordinateReferenceSystem]]


class Asked:
    """What an algorithm was asked for: values, readers of its plans, and the request; then its outputs from what was found."""

    def __init__(
        self,
        algorithm: PlanAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ):
        self._algorithm, self._parameters, self._context, self._feedback = algorithm, parameters, context, feedback
        self.language = algorithm.language(parameters, context)
        self.progress: Progress = QgisProgress(feedback)

    def request(self, tolerance: Tolerance, rules: RuleSet | None = None) -> Request:
        """What the use cases are asked to do; the log goes to QGIS line by line."""
        return Request(
            check=self._algorithm.ID,
            tolerance=tolerance,
            language=self.language,
            working_crs=self._algorithm.working_crs(self._parameters, self._context),
            previous=self._previous(),
            rules=rules,
            given=self._options(),
            progress=self.progress,
            tell=self._feedback.pushInfo,
        )

    def _previous(self) -> Place | None:
        """The store in PREVIOUS, of a check whose findings go on."""
        if self._algorithm.ID not in CHECKS or self._algorithm.parameterDefinition("PREVIOUS") is None:
            return None
        return self._algorithm.store(self._parameters, "PREVIOUS", self._context)

    def reader(self, name: str, key: str = "", code: str = "", title: str = "", **known: Any) -> Reader | None:
        """What reads the layer of parameter ``name`` with the fields of ``key`` and ``code``; None if none was given."""
        return None if self._parameters.get(name) in (None, NULL, "") else self.plan(name, key, code, title, **known)

    def plan(self, name: str, key: str = "", code: str = "", title: str = "", **known: Any) -> Reader:
        """The same of a layer that must be given."""
        algorithm, parameters, context = self._algorithm, self._parameters, self._context

        def read(progress: Progress) -> PlanLayer:
            source = algorithm.parameterAsSource(parameters, name, context)
            if source is None:
                raise QgsProcessingException(algorithm.invalidSourceError(parameters, name))
            layer = algorithm.parameterAsVectorLayer(parameters, name, context)
            return self._read(source, layer, key, code, title or source.sourceName(), progress, **known)

        return read

    def plans(self, name: str, key: str, code: str, territory: str) -> list[Reader]:
        """What reads the layers of parameter ``name``, of which there may be many, with the fields of the other three."""
        given, layers = (
            self._parameters.get(name),
            self._algorithm.parameterAsLayerList(self._parameters, name, self._context),
        )
        if isinstance(given, (list, tuple)) and len(layers) < len(given):
            unread = [str(one) for one in given if QgsProcessingUtils.variantToSource(one, self._context) is None]
            values = {"count": len(given) - len(layers), "given": len(given), "layers": ", ".join(unread) or "–"}
            raise PlanError("error.layer_unreadable", name=name, **values)
        if not layers:
            raise QgsProcessingException(self._algorithm.invalidSourceError(self._parameters, name))
        return [self._one_of_many(name, layer, key, code, territory) for layer in layers]

    def _one_of_many(self, name: str, layer: QgsMapLayer, key: str, code: str, territory: str) -> Reader:
        definition, field = self._algorithm.parameterDefinition(name), self.value(territory)

        def read(progress: Progress) -> PlanLayer:
            source = QgsProcessingParameters.parameterAsSource(definition, {name: layer}, self._context)
            if source is None:
                raise QgsProcessingException(self._algorithm.invalidSourceError(self._parameters, name))
            return self._read(source, layer, key, code, layer.name(), progress, territory_field=field)

        return read

    def _read(
        self,
        source: QgsProcessingFeatureSource,
        behind: QgsMapLayer | None,
        key: str,
        code: str,
        title: str,
        progress: Progress,
        **known: Any,
    ) -> PlanLayer:
        """Return the plan in ``source``; its notes say what QGIS does not read of the file that
        lies ``behind`` it.
        """
        key_field, code_field = (self.value(name) if name else "" for name in (key, code))
        layer = plan_layer(source, title, progress, key_field, code_field, **known)
        if behind is not None:
            layer.notes[:0] = unread_of(behind)
        return layer

    def value(self, name: str) -> str:
        """Return a text parameter, "" where none is set."""
        return self._algorithm.parameterAsString(self._parameters, name, self._context).strip()

    def wants(self, name: str) -> bool:
        """Return whether the output of parameter ``name`` is wanted."""
        return Destination(self._algorithm, self._parameters, name, self._context).wanted

    def number(self, name: str) -> float | None:
        """Return a number parameter, None where none is set."""
        return self._algorithm.number(self._parameters, name, self._context)

    def outputs(self, made: Assessment, more: dict[str, Table] | None = None) -> dict[str, Any]:
        """Write the layers (``more``: by the name of their sink), and return the outputs."""
        result = made.result
        tables: dict[str, Table] = {
            "FINDINGS": (result.findings, fields_of(result.findings), qgs_crs(result.findings)),
            "MEASURES": (made.measures, MEASURE_FIELDS, None),
            "RUNS": (made.runs, RUN_FIELDS, None),
        }
        if result.unmatched is not None:
            tables["UNMATCHED_EDGES"] = (result.unmatched, UNMATCHED_FIELDS, qgs_crs(result.unmatched))
        outputs = self._write(made, {**tables, **(more or {})})
        self.style(outputs.get("FINDINGS", ""), FindingsStyle)
        numbers = [*self._algorithm.OUTPUT_NUMBERS, *(CHANGE_NUMBERS if made.inherited is not None else ())]
        for output, measure in numbers:
            outputs[output] = result.value(measure)
        outputs["CONFORMS"] = result.conforms
        self.progress.step(1.0)
        for output, _ in numbers:
            self._feedback.pushInfo(f"{output}: {shown(outputs[output], self.language)}")
        return outputs

    def _keep_history(self, made: Assessment, findings: Destination) -> None:
        """Let the decisions of PREVIOUS go into the new store, or say that they cannot."""
        if findings.is_store:
            findings.history = made.history(findings.place)
        elif made.has_decisions:
            self._feedback.pushWarning(text("identity.no_history", self.language))

    def _options(self) -> dict[str, str]:
        """Return the parameters, as a script would write them: a layer by its source, with its
        selection and filter.
        """
        given = {}
        for definition in self._algorithm.parameterDefinitions():
            value = self._parameters.get(definition.name())
            if value not in (None, NULL, ""):
                given[definition.name()] = definition.valueAsPythonString(value, self._context)
        return given

    def _write(self, made: Assessment, tables: dict[str, Table]) -> dict[str, Any]:
        """All tables that are wanted, or none: they take their places when the last is complete."""
        known = {name: Destination(self._algorithm, self._parameters, name, self._context) for name in tables}
        wanted = {name: destination for name, destination in known.items() if destination.wanted}
        progress = Stages(self.progress).begin("writing")
        try:
            for rank, (name, destination) in enumerate(wanted.items()):
                part = progress.part(rank / len(wanted), (rank + 1) / len(wanted))
                if name == "FINDINGS":
                    self._keep_history(made, destination)
                    destination.beside = (tables["MEASURES"][0], tables["RUNS"][0])
                destination.write(*tables[name], part)
                for told in destination.losses(*tables[name][:2], self.language):
                    self._feedback.pushWarning(told)
            progress.checkpoint()
            return {name: destination.publish() for name, destination in wanted.items()}
        finally:
            for destination in wanted.values():
                destination.discard()

    def style(self, destination: str, kind: type[ResultStyle]) -> None:
        """Style a layer of the result when QGIS loads it."""
        if self._context.willLoadLayerOnCompletion(destination):
            details = self._context.layerToLoadOnCompletionDetails(destination)
            details.setPostProcessor(kind.create(self.language))
