"""The layers that a person opens in the GUI tests: a plan with defects of known size, its boundary, the plan above it, a crowd.

One GeoPackage, EPSG:5899 (metres): zones of 500 m in ten columns and eight rows. Planted at 1:10,000 (tolerance 5 m): an overlap
of 60 m and one of 8 m, a duplicate, a gap of 40 m, a zone 100 m beyond the boundary, and 2 m of noise; against the upper plan
one conflict, one conditional piece, one piece that it does not cover.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import box

CRS = "EPSG:5899"
WEST, SOUTH, SIDE_M, COLUMNS, ROWS = 526_000.0, 1_658_000.0, 500.0, 10, 8
CROWD_SIDE, THRONG_SIDE = 245, 70
CROWD_STEP_M, CROWD_WIDTH_M = 60.0, 100.0
WIDER_M = {(2, 2): 60.0, (6, 5): 8.0, (4, 1): 2.0, (9, 4): 100.0}


def write_plans(path: Path) -> None:
    """The layers ``plan``, ``boundary``, ``upper``, and for long runs ``crowd`` and ``throng``."""
    plan().to_file(path, layer="plan", engine="pyogrio", VERSION="1.2")
    boundary().to_file(path, layer="boundary", engine="pyogrio", VERSION="1.2")
    upper().to_file(path, layer="upper", engine="pyogrio", VERSION="1.2")
    crowd(CROWD_SIDE).to_file(path, layer="crowd", engine="pyogrio", VERSION="1.2")
    crowd(THRONG_SIDE).to_file(path, layer="throng", engine="pyogrio", VERSION="1.2")


def plan() -> gpd.GeoDataFrame:
    """Rice in the west, protection forest in the east, and the planted defects."""
    rows = []
    for column in range(COLUMNS):
        for row in range(ROWS):
            zone = _cell(column, row, WIDER_M.get((column, row), 0.0))
            if (column, row) == (7, 2):
                middle = zone.centroid
                zone = zone.difference(box(middle.x - 20, middle.y - 20, middle.x + 20, middle.y + 20))
            code = "LUC" if column < COLUMNS // 2 else "RPH"
            code = {(1, 3): "ODT", (2, 5): "CLN"}.get((column, row), code)
            rows.append((f"{column + 1:02d}-{row + 1}", code, zone))
    rows.append(("02-7 bis", "LUC", _cell(1, 6)))
    keys, codes, shapes = zip(*rows)
    return gpd.GeoDataFrame({"zone": keys, "code": codes}, geometry=list(shapes), crs=CRS)


def boundary() -> gpd.GeoDataFrame:
    """What the plan should cover."""
    outline = box(WEST, SOUTH, WEST + COLUMNS * SIDE_M, SOUTH + ROWS * SIDE_M)
    return gpd.GeoDataFrame({"name": ["Huyện Thử"]}, geometry=[outline], crs=CRS)


def upper() -> gpd.GeoDataFrame:
    """Two functional zones of the province."""
    middle, north = WEST + COLUMNS // 2 * SIDE_M, SOUTH + ROWS * SIDE_M
    shapes = [box(WEST, SOUTH, middle, north), box(middle, SOUTH, WEST + COLUMNS * SIDE_M, north)]
    return gpd.GeoDataFrame({"area": ["P1", "P2"], "zone_code": ["Z_LUA", "Z_RPH"]}, geometry=shapes, crs=CRS)


def crowd(side: int) -> gpd.GeoDataFrame:
    """A square of zones, each of which overlaps its eight neighbours: a run over 60,025 of them is there to be cancelled."""
    along = np.arange(side) * CROWD_STEP_M
    west, south = (grid.ravel() for grid in np.meshgrid(WEST + along, SOUTH + along))
    shapes = shapely.box(west, south, west + CROWD_WIDTH_M, south + CROWD_WIDTH_M)
    return gpd.GeoDataFrame({"zone": np.arange(len(shapes))}, geometry=shapes, crs=CRS)


def _cell(column: int, row: int, wider_m: float = 0.0) -> shapely.Polygon:
    west, south = WEST + column * SIDE_M, SOUTH + row * SIDE_M
    return box(west, south, west + SIDE_M + wider_m, south + SIDE_M)
