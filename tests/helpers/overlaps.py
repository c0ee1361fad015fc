"""Findings small enough to draw: overlaps as boxes in metres."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from planconcord.engine.findings import assemble, batch

X, Y, CRS = 526_000.0, 1_658_000.0, "EPSG:5899"
Box = tuple[float, float, float, float]


def found(*boxes: Box, code: str = "LUC", plan: str = "P", **more: object) -> gpd.GeoDataFrame:
    """Overlaps as boxes (x, y, width, height in metres)."""
    shapes = np.array([shapely.box(X + x, Y + y, X + x + w, Y + y + h) for x, y, w, h in boxes], dtype=object)
    columns = {"plan_a": plan, "plan_b": plan, "code_a": code, "code_b": "ODT", "zone_a": "1", "zone_b": "2", **more}
    made = batch("coverage.overlap", shapes, area_m2=shapely.area(shapes), width_m=1.0, **columns)
    return assemble([made], CRS, "en", "run").sort_values("x", ignore_index=True)
