"""A QGIS feature source becomes a PlanLayer of the engine: selected features only, filters and unsaved edits included.

Geometries travel as WKB in chunks. Curves are segmentised, Z and M are dropped, features that are not polygons are left
out and counted. Geometry validity is not filtered here, whatever the user's setting: the checks report and repair it.
Fails with PlanError for a layer without CRS, without features or without polygons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProcessingFeatureSource,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime

from ..engine.corridors import Corridor
from ..engine.errors import PlanError
from ..engine.plan import PlanLayer
from ..engine.progress import Progress
from ..engine.transformation import require_place

CHUNK = 5000
UNCLOSED = "fix" if hasattr(shapely, "coverage_is_valid") else "ignore"
"""A ring that is not closed is closed where shapely (2.1) can, else its zone counts as empty, which is reported."""


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
    """The features of ``source`` as a PlanLayer called ``name``; ``known`` are further fields of PlanLayer."""
    crs = require_place(to_pyproj(source.sourceCrs()), name)
    widths = corridor.fields() if corridor else []
    wanted = [field for field in dict.fromkeys((key_field, code_field, territory_field, *widths)) if field]
    fields = source.fields()
    present = {field: fields.lookupField(field) for field in wanted}
    absent = [field for field, index in present.items() if index < 0]
    if absent:
        raise PlanError("error.field_missing", layer=name, field=absent[0], fields=", ".join(fields.names()) or "–")
    request = QgsFeatureRequest().setSubsetOfAttributes(list(present.values()))
    features = source.getFeatures(request, Qgis.ProcessingFeatureSourceFlag.SkipGeometryValidityChecks)
    frame = table_of(features, present, crs, progress, source.featureCount())
    return PlanLayer.from_frame(
        frame, name, key_field, code_field, territory_field=territory_field, corridor=corridor, **known
    )


def whole_table(source: QgsProcessingFeatureSource, progress: Progress) -> gpd.GeoDataFrame:
    """All features of a source with all their attributes; PlanError for a layer without a usable CRS."""
    crs = require_place(to_pyproj(source.sourceCrs()), source.sourceName())
    fields = {name: index for index, name in enumerate(source.fields().names())}
    skipping = Qgis.ProcessingFeatureSourceFlag.SkipGeometryValidityChecks
    return table_of(source.getFeatures(QgsFeatureRequest(), skipping), fields, crs, progress, source.featureCount())


def table_of(
    features: Iterable[QgsFeature],
    fields: Mapping[str, int],
    crs: pyproj.CRS | None,
    progress: Progress,
    count: int = 0,
) -> gpd.GeoDataFrame:
    """The one way from features to a table: ``fields`` by their index in a feature, the feature ids as the index.

    Rings that are not closed are closed, see UNCLOSED. Raises Cancelled between chunks.
    """
    shapes: list[np.ndarray] = []
    fids: list[int] = []
    values: dict[str, list[object]] = {field: [] for field in fields}
    chunk: list[bytes | None] = []
    for feature in features:
        chunk.append(_wkb(feature.geometry()))
        fids.append(feature.id())
        for field, index in fields.items():
            values[field].append(_value(feature.attribute(index)))
        if len(chunk) == CHUNK:
            shapes.append(_shapes(chunk))
            chunk = []
            progress.checkpoint()
            progress.step(min(len(fids) / max(count, 1), 1.0))
    shapes.append(_shapes(chunk))
    return gpd.GeoDataFrame(values, geometry=gpd.GeoSeries(np.concatenate(shapes), index=fids, crs=crs), index=fids)


def to_pyproj(crs: QgsCoordinateReferenceSystem) -> pyproj.CRS | None:
    """The same CRS for pyproj; None for an invalid or unknown one."""
    if not crs.isValid():
        return None
    if crs.authid().upper().startswith("EPSG:"):
        return pyproj.CRS.from_user_input(crs.authid())
    try:
        return pyproj.CRS.from_wkt(crs.toWkt(Qgis.CrsWktVariant.Preferred))
    except pyproj.exceptions.CRSError:
        return None


WRAPPED = bytes([1, 6, 0, 0, 0, 1, 0, 0, 0])
"""How the WKB of a multipolygon of one part begins: byte order, type, count. The part's own WKB follows."""


def _shapes(chunk: list[bytes | None]) -> np.ndarray:
    return np.asarray(shapely.from_wkb(np.array(chunk, dtype=object), on_invalid=UNCLOSED), dtype=object)


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
    """A QVariant NULL as None, dates as text."""
    if value is None or (hasattr(value, "isNull") and value.isNull()):
        return None
    if isinstance(value, (QDate, QTime, QDateTime)):
        return value.toString(1)  # Qt.ISODate
    return value
