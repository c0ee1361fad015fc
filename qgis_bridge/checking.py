"""What the checks have in common between parameters and sinks: reading plans, the working CRS,
writing the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional

import geopandas as gpd
import pandas as pd
import pyproj
from qgis.core import (
    NULL,
    QgsCoordinateReferenceSystem,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSource,
    QgsProcessingFeedback,
    QgsProcessingParameters,
    QgsProcessingUtils,
    QgsVectorLayer,
)

from ..engine.catalogue import shown, text
from ..engine.checks.settings import Settings
from ..engine.checks.unmatched_edges import FIELDS as UNMATCHED_FIELDS
from ..engine.crs import describe, working_crs
from ..engine.errors import PlanError
from ..engine.findings import CheckResult, fields_of
from ..engine.identity.inheritance import inherit
from ..engine.identity.previous import Previous, read_previous
from ..engine.identity.scope import CHECKS
from ..engine.plan import PlanLayer
from ..engine.progress import Progress
from ..engine.record import MEASURE_FIELDS, RUN_FIELDS
from ..engine.run import Run
from ..engine.store.decisions import Decision
from ..engine.store.place import Place
from ..engine.tolerance import Tolerance
from .base import CHANGE_NUMBERS, PlanAlgorithm
from .feedback import QgisProgress
from .intake_input import unread_of
from .sinks import Destination
from .source import plan_layer, to_pyproj
from .styling import FindingsStyle, ResultStyle

READING, CHECKING, MATCHED, WRITING = 0.15, 0.9, 0.92, 0.93
Table = tuple[pd.DataFrame, Sequence[tuple[str, str]], Optional[QgsCoordinateReferenceSystem]]


class Checking:
    """One run of a check in QGIS: made at its start, asked for plans and settings, and handed the
    result at its end.
    """

    def __init__(
        self,
        algorithm: PlanAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ):
        self._algorithm, self._parameters, self._context, self._feedback = algorithm, parameters, context, feedback
        self.language = algorithm.language(parameters, context)
        self.run = Run(algorithm.ID)
        self._progress = QgisProgress(feedback)
        self._progress.step(0.0, text("progress.reading", self.language))
        self._layers: list[PlanLayer] = []
        self._crs = pyproj.CRS.from_epsg(4326)
        self._previous = self._read_previous()
        self._history: Callable[[Place | None], Callable[[list[Decision]], list[Decision]]] | None = None

    def _read_previous(self) -> Previous | None:
        """Return the findings of PREVIOUS, read before anything is written: the result may take the
        place of that very file.
        """
        if self._algorithm.ID not in CHECKS or self._algorithm.parameterDefinition("PREVIOUS") is None:
            return None
        place = self._algorithm.store(self._parameters, "PREVIOUS", self._context)
        return None if place is None else read_previous(place)

    def read(self, name: str, key: str = "", code: str = "", title: str = "", **known: Any) -> PlanLayer | None:
        """Return the layer of parameter ``name`` with the fields of parameters ``key`` and
        ``code``; None if none is set.
        """
        algorithm, parameters, context = self._algorithm, self._parameters, self._context
        if parameters.get(name) in (None, NULL, ""):
            return None
        source = algorithm.parameterAsSource(parameters, name, context)
        if source is None:
            raise QgsProcessingException(algorithm.invalidSourceError(parameters, name))
        layer = algorithm.parameterAsVectorLayer(parameters, name, context)
        return self._read(source, layer, key, code, title or source.sourceName(), **known)

    def read_all(self, name: str, key: str, code: str, territory: str) -> list[PlanLayer]:
        """Return the layers of parameter ``name``, of which there may be many, with the fields of
        the other three parameters.
        """
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
        definition = self._algorithm.parameterDefinition(name)
        read = []
        for layer in layers:
            source = QgsProcessingParameters.parameterAsSource(definition, {name: layer}, self._context)
            if source is None:
                raise QgsProcessingException(self._algorithm.invalidSourceError(self._parameters, name))
            field = self.value(territory)
            read.append(self._read(source, layer, key, code, layer.name(), territory_field=field))
        return read

    def _read(
        self,
        source: QgsProcessingFeatureSource,
        behind: QgsVectorLayer | None,
        key: str,
        code: str,
        title: str,
        **known: Any,
    ) -> PlanLayer:
        """Return the plan in ``source``; its notes say what QGIS does not read of the file that
        lies ``behind`` it.
        """
        key_field, code_field = (self.value(name) if name else "" for name in (key, code))
        layer = plan_layer(source, title, self._reading(), key_field, code_field, **known)
        if behind is not None:
            layer.notes[:0] = unread_of(behind)
        self._layers.append(layer)
        return layer

    def _reading(self) -> Progress:
        """Return the stretch of the progress for the next layer: half of what the layers before
        have left.
        """
        start, end = (READING * (1.0 - 0.5**count) for count in (len(self._layers), len(self._layers) + 1))
        return self._progress.part(start, end)

    def value(self, name: str) -> str:
        """Return a text parameter, "" where none is set."""
        return self._algorithm.parameterAsString(self._parameters, name, self._context).strip()

    def wants(self, name: str) -> bool:
        """Return whether the output of parameter ``name`` is wanted."""
        return Destination(self._algorithm, self._parameters, name, self._context).wanted

    def number(self, name: str) -> float | None:
        """Return a number parameter, None where none is set."""
        return self._algorithm.number(self._parameters, name, self._context)

    def bring_together(self) -> list[PlanLayer]:
        """Return all layers read so far, in the working CRS; the log says which was taken and why."""
        given = self._algorithm.parameterAsCrs(self._parameters, "WORKING_CRS", self._context)
        if not given.isValid() and self.value("WORKING_CRS"):
            raise PlanError("error.working_crs_unknown", given=self.value("WORKING_CRS"))
        wanted = to_pyproj(given)
        self._crs, why = working_crs(self._layers, wanted, self.language)
        self._feedback.pushInfo(why)
        self._layers = [layer.to_crs(self._crs) for layer in self._layers]
        for layer in self._layers:
            for key, values in layer.notes:
                self._feedback.pushInfo(text(key, self.language, **values))
        return self._layers

    def settings(self, tolerance: Tolerance) -> Settings:
        """Return what the engine is asked to do."""
        self._tolerance = tolerance
        self._feedback.pushInfo(text("note.tolerance", self.language, width=tolerance.width_m))
        progress: Progress = self._progress.part(READING, CHECKING)
        return Settings(tolerance, self.language, self.run.run_id, progress)

    def finish(
        self, result: CheckResult, rules: tuple[str, str] = ("", ""), more: dict[str, Table] | None = None
    ) -> dict[str, Any]:
        """Log, write the layers (``more``: by the name of their sink), and return the outputs."""
        result = self._inherited(result)
        for line in result.log:
            self._feedback.pushInfo(line)
        crs = describe(self._crs)
        self._progress.step(CHECKING, text("progress.writing", self.language))
        part = self._progress.part(CHECKING, WRITING)
        record = self.run.record(result.status, self._layers, crs, self._tolerance, self._options(), rules, part)
        tables: dict[str, Table] = {
            "FINDINGS": (result.findings, fields_of(result.findings), self.qgs_crs(result.findings)),
            "MEASURES": (result.measures_table(self.run.run_id), MEASURE_FIELDS, None),
            "RUNS": (record, RUN_FIELDS, None),
        }
        if result.unmatched is not None:
            tables["UNMATCHED_EDGES"] = (result.unmatched, UNMATCHED_FIELDS, self.qgs_crs(result.unmatched))
        outputs = self._write({**tables, **(more or {})})
        self.style(outputs.get("FINDINGS", ""), FindingsStyle)
        numbers = [*self._algorithm.OUTPUT_NUMBERS, *(CHANGE_NUMBERS if self._previous is not None else ())]
        for output, measure in numbers:
            outputs[output] = result.value(measure)
        outputs["CONFORMS"] = result.conforms
        self._progress.step(1.0)
        for output, _ in numbers:
            self._feedback.pushInfo(f"{output}: {shown(outputs[output], self.language)}")
        return outputs

    def _inherited(self, result: CheckResult) -> CheckResult:
        """Return the result as the successor of PREVIOUS, where that is set."""
        if self._previous is None:
            return result
        self._progress.step(CHECKING, text("progress.matching", self.language))
        settings = Settings(self._tolerance, self.language, self.run.run_id, self._progress.part(CHECKING, MATCHED))
        names = [layer.name for layer in self._layers]
        inherited = inherit(result, self._previous, self._algorithm.ID, names, settings)
        self._history = inherited.history
        return inherited.result

    def _keep_history(self, findings: Destination) -> None:
        """Let the decisions of PREVIOUS go into the new store, or say that they cannot."""
        if self._history is None:
            return
        if findings.is_store:
            findings.history = self._history(findings.place)
        elif self._previous is not None and self._previous.decisions:
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

    def _write(self, tables: dict[str, Table]) -> dict[str, Any]:
        """Return all tables that are wanted, or none: they take their places when the last is
        complete.
        """
        made = {name: Destination(self._algorithm, self._parameters, name, self._context) for name in tables}
        wanted = {name: destination for name, destination in made.items() if destination.wanted}
        progress = self._progress.part(WRITING, 1.0)
        try:
            for rank, (name, destination) in enumerate(wanted.items()):
                part = progress.part(rank / len(wanted), (rank + 1) / len(wanted))
                if name == "FINDINGS":
                    self._keep_history(destination)
                    destination.beside = (tables["MEASURES"][0], tables["RUNS"][0])
                destination.write(*tables[name], part)
                for told in destination.losses(*tables[name][:2], self.language):
                    self._feedback.pushWarning(told)
            progress.checkpoint()
            return {name: destination.publish() for name, destination in wanted.items()}
        finally:
            for destination in wanted.values():
                destination.discard()

    def qgs_crs(self, findings: gpd.GeoDataFrame) -> QgsCoordinateReferenceSystem:
        """Return the CRS of a layer of the result, for QGIS."""
        epsg = findings.crs.to_epsg(min_confidence=100)
        if epsg:
            return QgsCoordinateReferenceSystem(f"EPSG:{epsg}")
        return QgsCoordinateReferenceSystem.fromWkt(findings.crs.to_wkt())

    def style(self, destination: str, kind: type[ResultStyle]) -> None:
        """Style a layer of the result when QGIS loads it."""
        if self._context.willLoadLayerOnCompletion(destination):
            details = self._context.layerToLoadOnCompletionDetails(destination)
            details.setPostProcessor(kind.create(self.language))
