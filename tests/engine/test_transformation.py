"""A layer is brought to another CRS by one operation, even where PROJ would change it in the middle of the layer."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from planconcord.engine.plan import PlanLayer

EDGE_LATITUDE = 11.04
"""Where EPSG:6960's area of use ends, in the Mekong region."""


def layer(*zones: shapely.Geometry) -> PlanLayer:
    return PlanLayer.from_frame(gpd.GeoDataFrame(geometry=list(zones), crs="EPSG:4326"), "plan")


def test_a_layer_across_the_edge_of_an_area_of_use_is_not_torn() -> None:
    latitudes = EDGE_LATITUDE + np.linspace(-0.01, 0.01, 41)
    strip = shapely.Polygon([*[(106.6, y) for y in latitudes], (106.7, latitudes[-1]), (106.7, latitudes[0])])
    moved = layer(strip).to_crs(pyproj.CRS.from_epsg(9210)).zones.geometry[0]
    steps = np.diff(shapely.get_coordinates(moved)[:41], axis=0)
    assert np.ptp(steps[:, 0]) < 0.001
    assert np.ptp(steps[:, 1]) < 0.001


def test_it_is_the_operation_that_proj_takes_inside_one_area() -> None:
    zone = shapely.box(107.0, 21.0, 107.1, 21.1)
    made = layer(zone).to_crs(pyproj.CRS.from_epsg(5899))
    plain = gpd.GeoSeries([zone], crs=4326).to_crs(5899)
    assert shapely.get_coordinates(made.zones.geometry[0]) == pytest.approx(shapely.get_coordinates(plain[0]), abs=1e-6)
    assert "VN-2000 to WGS 84" in str(made.notes[-1][1]["operation"])
