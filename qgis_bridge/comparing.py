"""What the algorithms that compare have in common: the history beside a layer, and the CRS of a
table for QGIS.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProviderRegistry,
    QgsVectorLayer,
)

from ..engine.errors import PlanError
from ..engine.store.decisions import Decision, history
from .stores import store_of_layer


def history_of(layer: QgsVectorLayer | None) -> list[Decision]:
    """Return the decisions in the file or schema behind a layer; none where it is no findings
    store.
    """
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
    """Return the CRS of a table, for QGIS."""
    epsg = table.crs.to_epsg(min_confidence=100)
    return (
        QgsCoordinateReferenceSystem(f"EPSG:{epsg}")
        if epsg
        else QgsCoordinateReferenceSystem.fromWkt(table.crs.to_wkt())
    )
