"""A QGIS feature source becomes a PlanLayer of the engine: selected features only, filters and
unsaved edits included.

Geometries travel as WKB in chunks. Curves are segmentised, Z and M are dropped, features that are
not polygons are left out and counted. Geometry validity is not filtered here, whatever the user's
setting: the checks report and repair it. Fails with PlanError for a layer without CRS, without
features or without polygons.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timezone
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsField,
    QgsFields,
    QgsGeometry,
    QgsProcessingFeatureSource,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QByteArray, QDate, QDateTime, QMetaType, Qt, QTime

from ..engine.corridors import Corridor
from ..engine.errors import PlanError
from ..engine.intake.rows import objects, renamed, table_of, without_rows
from ..engine.intake.shapes import found_of, shapes_of
from ..engine.kinds import DATE, MOMENT, nothing_of
from ..engine.plan import Note, PlanLayer
from ..engine.progress import Progress
from ..engine.transformation import require_place

CHUNK = 5000
DAYS = {QMetaType.Type.QDate: DATE, QMetaType.Type.QDateTime: MOMENT}
WHOLE = (QMetaType.Type.Int, QMetaType.Type.UInt, QMetaType.Type.LongLong, QMetaType.Type.Short, QMetaType.Type.UShort)


def plan_layer(
    source: QgsProcessingFeatureSource,
    name: str,
    progress: Progress,
    key_field: str = "",
    code_field: str = "",
    territory_field: str = "",
    corridor: Corridor | None = None,
    **known: Any,
) -> PlanLayer:
    """Return the features of ``source`` as a PlanLayer called ``name``; ``known`` are further
    fields of PlanLayer.
    """
    crs = require_place(to_pyproj(source.sourceCrs()), name)
    widths = corridor.fields() if corridor else []
    wanted = [field for field in dict.fromkeys((key_field, code_field, territory_field, *widths)) if field]
    fields = source.fields()
    present = {field: fields.lookupField(field) for field in wanted}
    absent = [field for field, index in present.items() if index < 0]
    if absent:
        raise PlanError("error.field_missing", layer=name, field=absent[0], fields=", ".join(fields.names()) or "–")
    request = QgsFeatureRequest()
    if not _told_apart(fields):
        request.setSubsetOfAttributes(list(present.values()))
    features = source.getFeatures(request, Qgis.ProcessingFeatureSourceFlag.SkipGeometryValidityChecks)
    read = read_features(features, fields, list(present.values()), crs, progress, source.featureCount(), name)
    asked = {field: read.names[index] for field, index in present.items()}
    made = PlanLayer.from_frame(
        read.frame,
        name,
        asked.get(key_field, ""),
        asked.get(code_field, ""),
        territory_field=asked.get(territory_field, ""),
        corridor=corridor,
        **known,
    )
    made.notes[:0] = read.notes
    return made


def whole_table(source: QgsProcessingFeatureSource, progress: Progress) -> gpd.GeoDataFrame:
    """Return all features of a source with all their attributes; PlanError for a layer without a
    usable CRS.
    """
    name, fields = source.sourceName(), source.fields()
    crs = require_place(to_pyproj(source.sourceCrs()), name)
    features = source.getFeatures(QgsFeatureRequest(), Qgis.ProcessingFeatureSourceFlag.SkipGeometryValidityChecks)
    return read_features(features, fields, range(fields.count()), crs, progress, source.featureCount(), name).frame


def _told_apart(fields: QgsFields) -> bool:
    """Return whether QGIS gave a field another name because the file has two of one, of which it
    then reads neither by itself.
    """
    names = set(fields.names())
    return any(re.sub(r"_\d+$", "", name) in names - {name} for name in names)


@dataclass(frozen=True)
class ReadFeatures:
    """``frame``: the table, its index the feature ids; ``names``: the column of each field by its
    place; ``notes``: what was changed.
    """

    frame: gpd.GeoDataFrame
    names: dict[int, str]
    notes: list[Note]


def read_features(
    features: Iterable[QgsFeature],
    fields: QgsFields,
    wanted: Sequence[int],
    crs: pyproj.CRS | None,
    progress: Progress,
    count: int,
    layer: str,
) -> ReadFeatures:
    """About ``count`` features with the ``wanted`` of their fields; the one place where features of
    QGIS become a table.

    Rings that are not closed are closed, see intake/shapes.py. Raises Cancelled between chunks.
    """
    shapes: list[np.ndarray] = []
    fids: list[int] = []
    chunk: list[bytes | None] = []
    values: list[list[object]] = [[] for _ in wanted]
    unknown: dict[int, str] = {}

    def parse() -> None:
        made = shapes_of(np.array(chunk, dtype=object))
        unknown.update((len(fids) - len(chunk) + row, name) for row, name in made.unknown.items())
        shapes.append(made.shapes)
        chunk.clear()

    for feature in features:
        chunk.append(_wkb(feature.geometry()))
        fids.append(feature.id())
        for column, index in zip(values, wanted):
            column.append(_value(feature.attribute(index)))
        if len(chunk) == CHUNK:
            parse()
            progress.checkpoint()
            progress.step(min(len(fids) / max(count, 1), 1.0))
    parse()
    given = [fields.at(index).name() for index in wanted]
    columns = [_series(column, fields.at(index)) for column, index in zip(values, wanted)]
    frame = table_of(list(zip(given, columns)), np.concatenate(shapes), fids, crs)
    present = [str(name) for name in frame.columns]
    notes = renamed(given, present, layer)
    if unknown and len(unknown) < len(frame):
        notes.append(("intake.dropped", {"layer": layer, "count": len(unknown), "found": found_of(unknown)}))
        frame = without_rows(frame, unknown)
    elif unknown:
        raise PlanError("error.surfaces", layer=layer, found=found_of(unknown), count=len(unknown))
    return ReadFeatures(frame, dict(zip(wanted, present)), notes)


def _series(values: list[object], field: QgsField) -> pd.Series:
    """Return a column of the field's own kind, also where some rows have no value."""
    kind = QMetaType.Type(field.type())
    empty = any(value is None for value in values)
    if kind in WHOLE:
        return pd.Series(values, dtype="Int64" if empty else "int64")
    if kind == QMetaType.Type.Bool:
        return pd.Series(values, dtype="boolean" if empty else "bool")
    if kind in (QMetaType.Type.Double, QMetaType.Type.Float):
        return pd.Series(values, dtype="float64")
    if kind in DAYS and all(value is None for value in values):
        return nothing_of(DAYS[kind], len(values))
    return objects(values)


def to_pyproj(crs: QgsCoordinateReferenceSystem) -> pyproj.CRS | None:
    """Return the same CRS for pyproj; None for an invalid or unknown one."""
    if not crs.isValid():
        return None
    if crs.authid().upper().startswith("EPSG:"):
        return pyproj.CRS.from_user_input(crs.authid())
    try:
        return pyproj.CRS.from_wkt(crs.toWkt(Qgis.CrsWktVariant.Preferred))
    except pyproj.exceptions.CRSError:
        return None


WRAPPED = bytes([1, 6, 0, 0, 0, 1, 0, 0, 0])
"""How the WKB of a multipolygon of one part begins: byte order, type, count. The part's own WKB
follows.
"""


def _wkb(geometry: QgsGeometry) -> bytes | None:
    if geometry.isNull():
        return None
    kind = geometry.wkbType()
    if QgsWkbTypes.isCurvedType(kind) or QgsWkbTypes.hasZ(kind) or QgsWkbTypes.hasM(kind):
        flat = geometry.constGet().segmentize() if QgsWkbTypes.isCurvedType(kind) else geometry.constGet().clone()
        flat.dropZValue()
        flat.dropMValue()
        return bytes(flat.asWkb().data())
    wkb = bytes(geometry.asWkb().data())
    return wkb[len(WRAPPED) :] if wkb.startswith(WRAPPED) else wkb  # most files know only multipolygons


def _value(value: object) -> object:
    """Return a value as Python's own: None for NULL, days, times, lists and bytes as what they
    are.
    """
    if value is None or (hasattr(value, "isNull") and value.isNull()):
        return None
    if isinstance(value, QDateTime):
        local = value.timeSpec() == Qt.TimeSpec.LocalTime
        return value.toPyDateTime() if local else value.toUTC().toPyDateTime().replace(tzinfo=timezone.utc)
    if isinstance(value, QDate):
        return value.toPyDate()
    if isinstance(value, QTime):
        return value.toPyTime()
    return bytes(value) if isinstance(value, QByteArray) else value
