"""Small plans drawn in a test, as GeoJSON in the TM-3 zone EPSG:5899, and findings read back; needs no QGIS."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas

EAST_M, NORTH_M = 530_000.0, 1_660_000.0
Zone = tuple[float, float, float, float, str, str]
"""West, south, width, height in metres from a place on land; key; code."""


def draw(path: Path, zones: Iterable[Zone]) -> str:
    """A layer of rectangles in a file, and its path as text."""
    features = []
    for west, south, width, height, key, code in zones:
        x, y = EAST_M + west, NORTH_M + south
        ring = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"so": key, "ma": code}, "geometry": shape})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::5899"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}), encoding="utf-8")
    return str(path)


CLEAN: list[Zone] = [(0, 0, 100, 100, "1", "LUC"), (100, 0, 100, 100, "2", "ONT")]
OVERLAPPING: list[Zone] = [(0, 0, 100, 100, "1", "LUC"), (60, 0, 140, 100, "2", "ONT")]
TERRITORY: list[Zone] = [(0, 0, 200, 120, "", "")]


def rows(result: str) -> list[dict[str, Any]]:
    """The rows of a result, the geometry with them."""
    return [dict(row) for row in geopandas.read_file(result.split("|")[0]).to_dict("records")]
