"""Writing a whole store: a GeoPackage is made in a folder beside its place and renamed into it when it is whole.

A failure leaves the old file. The history of decisions that an old store of that name holds goes into the new one: while the new
file takes the old one's place nobody can decide in the old one, and who waited for that decides in the new one. Opens in plain
QGIS and in any OGR tool. A schema of
PostGIS is written by :mod:`.postgis_writing`. Fails with PlanError naming the place when it cannot be written or read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Union

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyogrio.raw
import pyproj
import shapely

from ..errors import PlanError
from ..findings import fields_of
from ..kinds import MOMENT, arrays, marks_of_utc
from ..record import MEASURE_FIELDS, RUN_FIELDS
from ..tables.writing import LOGS, OutputKind, csv_kind, replaced, write_csv
from .connection import writing
from .decisions import Decision, carry_over, history
from .kinds import STORE, layer_kind
from .opening import bring_up_to_date, look_into
from .place import Place, PostgisSchema, place_of
from .styles import keep_styles

Fields = Sequence[tuple[str, str]]
History = Union[Sequence[Decision], Callable[[list[Decision]], list[Decision]]]
"""Decisions, or what makes them out of those that lie in the old file at the moment when it is replaced."""
GPKG = {"VERSION": "1.2"}
"""The version that every QGIS and GDAL of today reads without a warning."""
UNWRITABLE = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)
"""What GDAL's binding raises on a disk that is full or read-only, depending on how far it came."""
NO_STORE_YET = ("error.store_missing", "error.store_damaged")
"""No file, or an empty one: what else is no store of ours is refused before (:mod:`.kinds`)."""


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
    with _written(path, STORE, lambda staged, place: put_in_place(staged, place, decisions)) as staged:
        _fill(staged, tables, "MultiPolygon")
        with writing(staged) as made:
            bring_up_to_date(made)


def put_in_place(staged: Path, path: Path, decisions: History = ()) -> None:
    """Let the store ``staged`` take the place of ``path``, with the history; nobody can decide in the old one meanwhile."""
    with _held(path) as old:
        kept = decisions(old) if callable(decisions) else list(decisions) or old
        if kept:
            with writing(staged) as made:
                carry_over(made, bring_up_to_date(made), kept)
        os.replace(staged, path)


def write_lines(path: Path, layer: str, lines: gpd.GeoDataFrame, fields: Fields) -> None:
    """Write one layer of lines to a GeoPackage of its own, replacing a former one."""
    with _written(Path(path), layer_kind([name for name, _ in fields])) as staged:
        _fill(staged, ((layer, lines, fields),), "LineString")


def write_zones(path: Path, layer: str, zones: gpd.GeoDataFrame, fields: Fields, known_by: Sequence[str] = ()) -> None:
    """Write one layer of polygons to a GeoPackage of its own, replacing a former one.

    ``known_by``: the columns by which a former one is known, where not every run writes the same.
    """
    with _written(Path(path), layer_kind(known_by or [name for name, _ in fields])) as staged:
        _fill(staged, ((layer, zones, fields),), "MultiPolygon")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV that a spreadsheet reads with its Vietnamese letters, replacing a former one."""
    with replaced(Path(path), csv_kind(list(table.columns))) as staged:
        write_csv(staged, list(table.columns), table.astype(object).itertuples(index=False, name=None))


@contextmanager
def _written(path: Path, kind: OutputKind, move: Callable[[Path, Path], object] = os.replace) -> Iterator[Path]:
    """As :func:`replaced`, with the styles of the old file; what GDAL's binding raises on a disk that is full is told as a disk that is full."""
    try:
        with replaced(path, kind, move=move) as staged:
            yield staged
            keep_styles(staged, path)
    except UNWRITABLE as error:
        raise PlanError("error.write", path=path, reason=error) from error


def _fill(path: Path, tables: Sequence[tuple[str, pd.DataFrame, Fields]], geometry: str) -> None:
    for name, table, fields in tables:
        _add(path, name, table, fields, geometry)


@contextmanager
def _held(path: Path) -> Iterator[list[Decision]]:
    """The history of the store that lies at ``path``; nobody can write to that store until this ends."""
    try:
        kept = look_into(path).has_history
    except PlanError as error:
        if error.key not in NO_STORE_YET or (path.exists() and path.stat().st_size):
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
    """One more layer of the GeoPackage, each column in its kind; not by way of geopandas, which knows no days without a time."""
    made = [arrays(table[name], kind) for name, kind in fields]
    spatial = isinstance(table, gpd.GeoDataFrame)
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.asarray(table.geometry.values, dtype=object)) if spatial else None,
        [values for values, _ in made],
        [name for name, _ in fields],
        field_mask=[missing for _, missing in made],
        layer=layer,
        driver="GPKG",
        geometry_type=geometry if spatial else None,
        crs=_words_of(table.crs) if spatial else None,
        gdal_tz_offsets={name: marks_of_utc(table[name]) for name, kind in fields if kind == MOMENT},
        **GPKG,
    )


def _words_of(crs: pyproj.CRS | None) -> str | None:
    """The CRS by its number where it has one, because a definition in words would make one more in the file."""
    if crs is None:
        return None
    epsg = crs.to_epsg()
    return f"EPSG:{epsg}" if epsg else str(crs.to_wkt("WKT1_GDAL"))
