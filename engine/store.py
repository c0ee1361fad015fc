"""The findings store: one GeoPackage with the layer ``findings`` first, and the tables measures, runs and decisions.

Written in a folder beside its place and renamed into it when it is whole, so that a failure leaves the old file. Opens in
plain QGIS and in any OGR tool. Fails with PlanError naming the file when it cannot be written or read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from .errors import PlanError
from .findings import FIELDS, MEASURE_FIELDS, NAMES, TEXT
from .run import RUN_FIELDS

Fields = Sequence[tuple[str, str]]
GPKG = {"VERSION": "1.2"}
"""The version that every QGIS and GDAL of today reads without a warning."""

DECISION_FIELDS: tuple[tuple[str, str], ...] = (
    ("finding_id", TEXT),
    ("status", TEXT),
    ("who", TEXT),
    ("decided", TEXT),
    ("note", TEXT),
    ("document", TEXT),
    ("expiry", TEXT),
)


def write_store(path: Path, findings: gpd.GeoDataFrame, measures: pd.DataFrame, runs: pd.DataFrame) -> None:
    """Write a whole store to ``path``, replacing what was there only when the new one is complete."""
    tables = (
        ("findings", findings[[*NAMES, "geometry"]], FIELDS),
        ("measures", measures, MEASURE_FIELDS),
        ("runs", runs, RUN_FIELDS),
        ("decisions", pd.DataFrame(columns=[name for name, _ in DECISION_FIELDS]), DECISION_FIELDS),
    )
    _replace(path, tables)


def write_lines(path: Path, layer: str, lines: gpd.GeoDataFrame, fields: Fields) -> None:
    """Write one layer of lines to a GeoPackage of its own, replacing what was there."""
    _replace(path, ((layer, lines, fields),), "LineString")


def _replace(path: Path, tables: Sequence[tuple[str, pd.DataFrame, Fields]], geometry: str = "MultiPolygon") -> None:
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            staged = Path(folder) / path.name
            for name, table, fields in tables:
                _add(staged, name, table, fields, geometry)
            os.replace(staged, path)
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise PlanError("error.write", path=path, reason=getattr(error, "strerror", None) or error) from error


def _add(path: Path, layer: str, table: pd.DataFrame, fields: Fields, geometry: str) -> None:
    typed = table.copy()
    for name, kind in fields:
        typed[name] = typed[name].astype(object if kind == TEXT else float)
    options = {"geometry_type": geometry} if isinstance(table, gpd.GeoDataFrame) else {}
    pyogrio.write_dataframe(typed, path, layer=layer, driver="GPKG", append=False, **GPKG, **options)
