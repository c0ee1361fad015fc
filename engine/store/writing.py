"""Writing a whole store: a GeoPackage is made in a folder beside its place and renamed into it when it is whole.

A failure leaves the old file. The history of decisions that an old store of that name holds goes into the new one: while the new
file takes the old one's place nobody can decide in the old one, and who waited for that decides in the new one. Opens in plain
QGIS and in any OGR tool. A schema of
PostGIS is written by :mod:`.postgis_writing`. Fails with PlanError naming the place when it cannot be written or read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Union

import geopandas as gpd
import pandas as pd
import pyogrio

from ..errors import PlanError
from ..findings import MEASURE_FIELDS, TEXT, fields_of
from ..run import RUN_FIELDS
from .connection import writing
from .decisions import Decision, carry_over, history
from .opening import bring_up_to_date, look_into
from .place import Place, PostgisSchema, place_of

Fields = Sequence[tuple[str, str]]
History = Union[Sequence[Decision], Callable[[list[Decision]], list[Decision]]]
"""Decisions, or what makes them out of those that lie in the old file at the moment when it is replaced."""
GPKG = {"VERSION": "1.2"}
"""The version that every QGIS and GDAL of today reads without a warning."""
UNWRITABLE = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)
"""What GDAL's binding raises on a disk that is full or read-only, depending on how far it came."""
LOGS = ("-wal", "-shm", "-journal")
MAY_BE_REPLACED = ("error.store_missing", "error.store_damaged", "error.store_no_findings")


def write(
    path: Place,
    findings: gpd.GeoDataFrame,
    measures: pd.DataFrame,
    runs: pd.DataFrame,
    decisions: History = (),
) -> None:
    """Write a whole store to ``path``, replacing what was there only when the new one is complete.

    ``decisions`` is a history from elsewhere; with none given, that of the old file is kept.
    """
    path = place_of(path)
    if isinstance(path, PostgisSchema):
        from .postgis_writing import write as write_schema

        write_schema(path, findings, measures, runs, decisions)
        return
    fields = fields_of(findings)
    tables = (
        ("findings", findings[[*(name for name, _ in fields), "geometry"]], fields),
        ("measures", measures, MEASURE_FIELDS),
        ("runs", runs, RUN_FIELDS),
    )
    with _staged(path, tables, "MultiPolygon") as staged:
        with writing(staged) as made:
            bring_up_to_date(made)
        put_in_place(staged, path, decisions)


def put_in_place(staged: Path, path: Path, decisions: History = ()) -> None:
    """Let the store ``staged`` take the place of ``path``, with the history; nobody can decide in the old one meanwhile."""
    with _held(path) as old:
        kept = decisions(old) if callable(decisions) else list(decisions) or old
        if kept:
            with writing(staged) as made:
                carry_over(made, bring_up_to_date(made), kept)
        os.replace(staged, path)


def write_lines(path: Path, layer: str, lines: gpd.GeoDataFrame, fields: Fields) -> None:
    """Write one layer of lines to a GeoPackage of its own, replacing what was there."""
    with _staged(Path(path), ((layer, lines, fields),), "LineString") as staged:
        os.replace(staged, path)


def write_zones(path: Path, layer: str, zones: gpd.GeoDataFrame, fields: Fields) -> None:
    """Write one layer of polygons to a GeoPackage of its own, replacing what was there."""
    with _staged(Path(path), ((layer, zones, fields),), "MultiPolygon") as staged:
        os.replace(staged, path)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV that a spreadsheet reads with its Vietnamese letters."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False, encoding="utf-8-sig")
    except OSError as error:
        raise PlanError("error.write", path=path, reason=error.strerror or error) from error


@contextmanager
def _staged(path: Path, tables: Sequence[tuple[str, pd.DataFrame, Fields]], geometry: str) -> Iterator[Path]:
    """The tables in a GeoPackage in a folder beside ``path``, which is removed at the end."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            staged = Path(folder) / path.name
            for name, table, fields in tables:
                _add(staged, name, table, fields, geometry)
            yield staged
    except (OSError, *UNWRITABLE) as error:
        raise PlanError("error.write", path=path, reason=getattr(error, "strerror", None) or error) from error


@contextmanager
def _held(path: Path) -> Iterator[list[Decision]]:
    """The history of the store that lies at ``path``; nobody can write to that store until this ends."""
    try:
        kept = look_into(path).has_history
    except PlanError as error:
        if error.key not in MAY_BE_REPLACED:
            raise
        kept = False
    if not kept:
        _remove_logs(path)
        yield []
    elif os.name == "nt":  # where a file that is open cannot be replaced
        yield history(path)
    else:
        with writing(path) as connection:
            decisions = history(path)
            connection.execute("SELECT count(*) FROM decisions").fetchone()
            # A write-ahead log that outlived its file would be played into the new one.
            _remove_logs(path)
            yield decisions


def _remove_logs(path: Path) -> None:
    for ending in LOGS:
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _add(path: Path, layer: str, table: pd.DataFrame, fields: Fields, geometry: str) -> None:
    typed = table.copy()
    for name, kind in fields:
        typed[name] = typed[name].astype(object if kind == TEXT else float)
    options = {"geometry_type": geometry} if isinstance(table, gpd.GeoDataFrame) else {}
    pyogrio.write_dataframe(typed, path, layer=layer, driver="GPKG", append=False, **GPKG, **options)
