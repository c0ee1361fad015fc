"""What the algorithms that compare have in common: any layer with all its attributes as a table, and the history beside it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsProcessingFeatureSource,
    QgsProviderRegistry,
    QgsVectorLayer,
)

from ..engine.errors import PlanError
from ..engine.store.decisions import Decision, history
from ..engine.transformation import require_place
from .source import _value, _wkb, to_pyproj
from .stores import store_of_layer


def frame(source: QgsProcessingFeatureSource) -> gpd.GeoDataFrame:
    """All features of a source with all their attributes; PlanError for a layer without CRS."""
    crs = require_place(to_pyproj(source.sourceCrs()), source.sourceName())
    names = source.fields().names()
    rows, shapes = [], []
    for feature in source.getFeatures(
        QgsFeatureRequest(), QgsProcessingFeatureSource.Flag.FlagSkipGeometryValidityChecks
    ):
        rows.append([_value(value) for value in feature.attributes()])
        shapes.append(_wkb(feature.geometry()))
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    geometry = np.asarray(shapely.from_wkb(np.array(shapes, dtype=object)), dtype=object)
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometry, crs=crs), crs=crs)


def history_of(layer: QgsVectorLayer | None) -> list[Decision]:
    """The decisions in the file or schema behind a layer; none where it is no findings store."""
    if layer is None:
        return []
    path = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source()).get("path", "")
    place = Path(str(path)) if str(path).lower().endswith(".gpkg") else store_of_layer(layer)
    if place is None:
        return []
    try:
        return history(place)
    except PlanError:
        return []


def qgs_crs(table: gpd.GeoDataFrame) -> QgsCoordinateReferenceSystem:
    """The CRS of a table, for QGIS."""
    epsg = table.crs.to_epsg(min_confidence=100)
    return (
        QgsCoordinateReferenceSystem(f"EPSG:{epsg}")
        if epsg
        else QgsCoordinateReferenceSystem.fromWkt(table.crs.to_wkt())
    )
