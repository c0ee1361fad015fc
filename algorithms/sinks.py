"""The tables of the engine become layers of QGIS; a file is written beside its place and renamed into it.

A destination that is a file gets its rows in a folder of its own first and takes the old file's place only when they are
all there, so that a failure or a cancel leaves the old result. Databases and memory layers are written directly.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from qgis.core import (
    NULL,
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingOutputLayerDefinition,
)
from qgis.PyQt.QtCore import QMetaType

from ..engine.errors import PlanError
from ..engine.findings import TEXT
from ..engine.progress import Progress

FILE_ENDINGS = (".gpkg", ".geojson", ".json", ".fgb", ".kml", ".gml", ".csv", ".xlsx", ".shp", ".tab", ".dxf")
NOT_FILES = ("memory:", "ogr:", "postgis:", "TEMPORARY_OUTPUT")
CHUNK = 2000


def qgs_fields(columns: Sequence[tuple[str, str]]) -> QgsFields:
    """The fields of a table of the engine, for QGIS."""
    fields = QgsFields()
    for name, kind in columns:
        fields.append(QgsField(name, QMetaType.Type.QString if kind == TEXT else QMetaType.Type.Double))
    return fields


class Destination:
    """One sink parameter of a running algorithm: where its table goes, and the rename at the end."""

    def __init__(
        self, algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
    ):
        self._algorithm, self._name, self._context = algorithm, name, context
        self._parameters = dict(parameters)
        self._final = _file_of(parameters.get(name))
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def write(
        self,
        table: pd.DataFrame,
        columns: Sequence[tuple[str, str]],
        crs: QgsCoordinateReferenceSystem | None,
        progress: Progress,
    ) -> str | None:
        """Write ``table`` and return the id of the layer for the results; None if the user does not want this one."""
        if self._parameters.get(self._name) in (None, NULL, ""):
            return None
        try:
            staged = self._stage()
            destination = self._fill(table, columns, crs, progress)
            return self._take_place(destination, staged) if staged else destination
        except OSError as error:
            raise PlanError("error.write", path=self._final or self._name, reason=error.strerror or error) from error
        finally:
            if self._folder is not None:
                self._folder.cleanup()

    def _stage(self) -> str:
        """Point the parameter at a file beside the final one; "" where the destination is no file."""
        if not self._final:
            return ""
        final = Path(self._final)
        final.parent.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix=f".{final.stem}-", dir=final.parent)
        staged = str(Path(self._folder.name) / final.name)
        given = self._parameters[self._name]
        if isinstance(given, QgsProcessingOutputLayerDefinition):
            definition = QgsProcessingOutputLayerDefinition(staged, given.destinationProject)
            definition.createOptions = given.createOptions
            definition.destinationName = given.destinationName
            self._parameters[self._name] = definition
        else:
            self._parameters[self._name] = staged
        return staged

    def _fill(
        self,
        table: pd.DataFrame,
        columns: Sequence[tuple[str, str]],
        crs: QgsCoordinateReferenceSystem | None,
        progress: Progress,
    ) -> str:
        fields = qgs_fields(columns)
        kind = Qgis.WkbType.NoGeometry if crs is None else Qgis.WkbType.MultiPolygon
        sink, destination = self._algorithm.parameterAsSink(
            self._parameters, self._name, self._context, fields, kind, crs or QgsCoordinateReferenceSystem()
        )
        if sink is None:
            raise QgsProcessingException(self._algorithm.invalidSinkError(self._parameters, self._name))
        for start in range(0, len(table), CHUNK):
            progress.checkpoint()
            features = _features(table.iloc[start : start + CHUNK], columns, fields, crs is not None)
            if not sink.addFeatures(features, QgsFeatureSink.Flag.FastInsert):
                reason = sink.lastError() or self._algorithm.writeFeatureError(sink, self._parameters, self._name)
                raise PlanError("error.write", path=self._final or self._name, reason=reason)
        sink.flushBuffer()
        del sink  # closes the file, so that it can be renamed
        return str(destination)

    def _take_place(self, destination: str, staged: str) -> str:
        final = destination.replace(staged, str(self._final))
        for made in sorted(Path(staged).parent.iterdir()):
            os.replace(made, Path(str(self._final)).parent / made.name)
        waiting = self._context.layersToLoadOnCompletion()
        if destination in waiting:
            waiting[final] = waiting.pop(destination)
            self._context.setLayersToLoadOnCompletion(waiting)
        return final


def _file_of(given: object) -> str:
    """The path of a file destination; "" for memory layers, temporary outputs, databases and services."""
    value = given
    if isinstance(given, QgsProcessingOutputLayerDefinition):
        value = given.sink.staticValue()
    if not isinstance(value, str) or value.startswith(NOT_FILES):
        return ""
    return value if value.lower().endswith(FILE_ENDINGS) else ""


def _features(
    rows: pd.DataFrame, columns: Sequence[tuple[str, str]], fields: QgsFields, spatial: bool
) -> list[QgsFeature]:
    values = [rows[name].tolist() for name, _ in columns]
    shapes = shapely.to_wkb(np.asarray(rows["geometry"], dtype=object)) if spatial else [None] * len(rows)
    features = []
    for shape, *row in zip(shapes, *values):
        feature = QgsFeature(fields)
        feature.setAttributes([None if isinstance(value, float) and np.isnan(value) else value for value in row])
        if shape is not None:
            geometry = QgsGeometry()
            geometry.fromWkb(shape)
            feature.setGeometry(geometry)
        features.append(feature)
    return features
