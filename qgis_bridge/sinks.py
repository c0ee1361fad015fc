"""The tables of the engine become layers of QGIS; files are written beside their place and renamed into it together.

A destination that is a file gets its rows in a hidden folder beside it. Only when every table of the run is complete do
they take the places of the old files, so that a failure or a cancel leaves the old result. Findings go into a store in
PostGIS in one transaction. Other databases and memory layers are written directly. Fails with PlanError where a place cannot be written, Cancelled when asked to.
"""

from __future__ import annotations

import datetime
import glob
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QMetaType, Qt, QTime

from ..engine.catalogue import text
from ..engine.errors import PlanError
from ..engine.kinds import BOOLEAN, DATE, INTEGER, MOMENT, REAL, TEXT, plain_values
from ..engine.progress import Progress
from ..engine.record import MEASURE_FIELDS, NAMES, RUN_FIELDS
from ..engine.store.kinds import STORE, layer_kind
from ..engine.store.place import Place, PostgisSchema
from ..engine.store.styles import keep_styles
from ..engine.store.writing import History, put_in_place
from ..engine.store.writing import write as write_store
from ..engine.tables.formulas import guarded
from ..engine.tables.writing import LOGS, OutputKind, real, require_own, staging_folder, take_places
from .destinations import file_of, is_wanted, require_own_table, strange_layer, table_of
from .stores import loaded_from, store_of_output

SHAPEFILE_PARTS = (".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".idm", ".ind", ".qmd", ".qpj")
SHORT_TEXTS, LONGEST_TEXT_BYTES = (".shp", ".tab"), 254
CHUNK = 2000
WITHOUT_KINDS = (".csv", ".xlsx")
SMALLER = {QMetaType.Type.Int: QMetaType.Type.LongLong}
"""A format may say the size of its whole numbers by their values."""
QT_KINDS = {
    TEXT: QMetaType.Type.QString,
    REAL: QMetaType.Type.Double,
    INTEGER: QMetaType.Type.LongLong,
    BOOLEAN: QMetaType.Type.Bool,
    DATE: QMetaType.Type.QDate,
    MOMENT: QMetaType.Type.QDateTime,
}


def qgs_fields(columns: Sequence[tuple[str, str]]) -> QgsFields:
    """The fields of a table of the engine, for QGIS."""
    fields = QgsFields()
    for name, kind in columns:
        fields.append(QgsField(name, QT_KINDS[kind]))
    return fields


class Destination:
    """One sink parameter of a running algorithm: ``write`` its table, then ``publish`` it or not, ``discard`` the rest."""

    def __init__(
        self,
        algorithm: QgsProcessingAlgorithm,
        parameters: dict[str, Any],
        name: str,
        context: QgsProcessingContext,
        known_by: Sequence[str] = (),
    ):
        """``known_by``: the columns by which a former output is known, where not every run writes the same."""
        self.name = name
        self.wanted = is_wanted(parameters.get(name))
        lines = algorithm.parameterDefinition(name).dataType() == QgsProcessing.SourceType.TypeVectorLine
        self._kind = Qgis.WkbType.LineString if lines else Qgis.WkbType.MultiPolygon
        self._algorithm, self._context = algorithm, context
        self._parameters = dict(parameters)
        final = file_of(parameters.get(name))
        self._final = str(real(Path(final))) if final else ""
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._staged = self._made = ""
        self._store = store_of_output(parameters.get(name)) if name == "FINDINGS" else None
        self._findings = pd.DataFrame()
        self._known_by = list(known_by or (NAMES if name == "FINDINGS" else ()))  # a run with PREVIOUS tells more
        self.beside = (pd.DataFrame(columns=list(dict(MEASURE_FIELDS))), pd.DataFrame(columns=list(dict(RUN_FIELDS))))
        """Measures and runs, which a store in a database holds too."""
        self.history: History = ()
        """Decisions that go into a store of findings; with none given, those of the store that lies there stay."""

    @property
    def place(self) -> Place | None:
        """The file, or the store in a database; None where the destination is neither."""
        return self._store or (Path(self._final) if self._final else None)

    @property
    def is_store(self) -> bool:
        """Whether it is a file of findings, or a schema, that can keep decisions."""
        return self._store is not None or (self.name == "FINDINGS" and self._final.lower().endswith(".gpkg"))

    def write(
        self,
        table: pd.DataFrame,
        columns: Sequence[tuple[str, str]],
        crs: QgsCoordinateReferenceSystem | None,
        progress: Progress,
    ) -> None:
        """Write ``table``, a file not yet to its place; ``crs`` is None for a table without geometry."""
        if self._store is not None:
            self._findings = table
            return
        self._require_own([name for name, _ in columns])
        try:
            self._stage()
            self._fill(table, columns, crs, progress)
        except OSError as error:
            raise self._unwritable(error) from error

    def publish(self) -> str:
        """Let a file take its place; the id of the layer for the results."""
        if self._store is not None:
            return self._publish_in(self._store)
        if not self._staged:
            made, self._made = self._made, ""
            return made
        final = Path(self._final)
        published = self._made.replace(self._staged, str(final))
        try:
            if final.suffix.lower() == ".gpkg":
                keep_styles(Path(self._staged), final)
            if self.is_store:
                put_in_place(Path(self._staged), final, self.history)
            parts = take_places(Path(self._staged).parent, final.parent)
            for name in _companions(final) - parts:
                (final.parent / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        waiting = self._context.layersToLoadOnCompletion()
        if self._made in waiting:
            waiting[published] = waiting.pop(self._made)
            self._context.setLayersToLoadOnCompletion(waiting)
        self._made = ""
        return published

    def _publish_in(self, place: PostgisSchema) -> str:
        """Write the store in a database; nobody sees a half of it."""
        write_store(place, self._findings, *self.beside, self.history)
        return loaded_from(place, self._algorithm, self._parameters, self.name, self._context)

    def discard(self) -> None:
        """Remove what was written and not published; what was published stays."""
        waiting = self._context.layersToLoadOnCompletion()
        if self._made and waiting.pop(self._made, None):
            self._context.setLayersToLoadOnCompletion(waiting)
        if self._folder is not None:
            self._folder.cleanup()

    def losses(self, table: pd.DataFrame, columns: Sequence[tuple[str, str]], language: str) -> list[str]:
        """What the format of the destination could not keep, one sentence each; asked after :meth:`write`."""
        told = []
        cut = self.cut_texts(table, columns)
        if cut:
            told.append(text("note.texts_cut", language, name=self.name, count=cut))
        other = self._other_fields(table, columns)
        if other:
            told.append(text("note.fields_cut", language, name=self.name, count=len(other), listed=", ".join(other)))
        return told

    def _other_fields(self, table: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> list[str]:
        """The fields that stand in the written file under another name or as another kind; a CSV has no kinds."""
        if not self._staged or self._final.lower().endswith(WITHOUT_KINDS):
            return []
        written = QgsVectorLayer(self._staged, self.name, "ogr").fields()
        kinds = {field.name(): SMALLER.get(field.type(), field.type()) for field in written}
        filled = [name for name, _ in columns if len(table) and table[name].notna().any()]
        return [name for name, kind in columns if name in filled and kinds.get(name) != QT_KINDS[kind]]

    def cut_texts(self, table: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> int:
        """How many texts of ``table`` the format of the destination cannot hold whole."""
        if not self._final.lower().endswith(SHORT_TEXTS):
            return 0
        texts = [value for name, kind in columns if kind == TEXT for value in table[name]]
        return sum(len(str(value).encode()) > LONGEST_TEXT_BYTES for value in texts)

    def _require_own(self, columns: list[str]) -> None:
        """PlanError where the file or table of that name is none that this output has written before."""
        table = table_of(self._parameters.get(self.name))
        if table is not None:
            require_own_table(table, columns)
        elif self._final.lower().endswith(".gpkg"):
            require_own(Path(self._final), STORE if self.is_store else layer_kind(self._known_by or columns))
        elif self._final:
            known = self._known_by or columns
            require_own(Path(self._final), OutputKind((), "", lambda path: strange_layer(path, known)))

    def _unwritable(self, error: OSError) -> PlanError:
        return PlanError("error.write", path=self._final or self.name, reason=error.strerror or error)

    def _stage(self) -> None:
        """Point the parameter at a file beside the final one, where the destination is a file."""
        if not self._final:
            return
        final = Path(self._final)
        self._folder = staging_folder(final)
        staged = self._staged = str(Path(self._folder.name) / final.name)
        given = self._parameters[self.name]
        if isinstance(given, QgsProcessingOutputLayerDefinition):
            definition = QgsProcessingOutputLayerDefinition(staged, given.destinationProject)
            definition.createOptions = given.createOptions
            definition.destinationName = given.destinationName
            self._parameters[self.name] = definition
        else:
            self._parameters[self.name] = staged

    def _fill(
        self,
        table: pd.DataFrame,
        columns: Sequence[tuple[str, str]],
        crs: QgsCoordinateReferenceSystem | None,
        progress: Progress,
    ) -> None:
        fields = qgs_fields(columns)
        kind = Qgis.WkbType.NoGeometry if crs is None else self._kind
        sink, self._made = self._algorithm.parameterAsSink(
            self._parameters, self.name, self._context, fields, kind, crs or QgsCoordinateReferenceSystem()
        )
        if sink is None:
            raise QgsProcessingException(self._algorithm.invalidSinkError(self._parameters, self.name))
        for start in range(0, len(table), CHUNK):
            progress.checkpoint()
            progress.step(start / len(table))
            rows = table.iloc[start : start + CHUNK]
            if self._final.lower().endswith(".csv"):
                rows = rows.assign(**{name: rows[name].map(_inert) for name, kind in columns if kind == TEXT})
            features = _features(rows, columns, fields, crs is not None)
            if not sink.addFeatures(features, QgsFeatureSink.Flag.FastInsert):
                reason = sink.lastError() or self._algorithm.writeFeatureError(sink, self._parameters, self.name)
                raise PlanError("error.write", path=self._final or self.name, reason=reason)
        sink.flushBuffer()
        del sink  # closes the file, so that it can be renamed


def _inert(value: object) -> object:
    """A cell of a CSV that no spreadsheet takes for a formula."""
    return guarded(value) if isinstance(value, str) else value


def _companions(final: Path) -> set[str]:
    """Files beside an old result that speak of it alone and would spoil a new one: indexes, logs of the database."""
    if final.suffix.lower() == ".shp":
        return {
            part.name for part in final.parent.glob(f"{glob.escape(final.stem)}.*") if part.suffix in SHAPEFILE_PARTS
        }
    return {f"{final.name}{ending}" for ending in LOGS}


def _features(
    rows: pd.DataFrame, columns: Sequence[tuple[str, str]], fields: QgsFields, spatial: bool
) -> list[QgsFeature]:
    values = [[_qt_value(value) for value in plain_values(rows[name], kind)] for name, kind in columns]
    shapes = shapely.to_wkb(np.asarray(rows["geometry"], dtype=object)) if spatial else [None] * len(rows)
    features = []
    for shape, *row in zip(shapes, *values):
        feature = QgsFeature(fields)
        feature.setAttributes(row)
        if shape is not None:
            geometry = QgsGeometry()
            geometry.fromWkb(shape)
            feature.setGeometry(geometry)
        features.append(feature)
    return features


def _qt_value(value: Any) -> Any:
    """A value as QGIS takes it: days and moments as Qt's own, a moment without a zone in local time, as QGIS reads it."""
    if isinstance(value, datetime.datetime):
        whole = QDateTime(value.date(), QTime(value.hour, value.minute, value.second, value.microsecond // 1000))
        whole.setTimeSpec(Qt.TimeSpec.LocalTime if value.tzinfo is None else Qt.TimeSpec.UTC)
        return whole
    return QDate(value) if isinstance(value, datetime.date) else value
