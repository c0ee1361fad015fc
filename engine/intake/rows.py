"""The rows of a source as one table whose columns keep their kinds and their names.

Goes in: the fields as they were read, by pyogrio or by QGIS, one Series each, and the shapes. Comes
out: a GeoDataFrame, its index the feature ids, whole numbers as whole numbers also beside empty
cells, days as dates; and notes on every field whose name was changed: two of one name are numbered
as QGIS does it, and a field called geometry makes room for the shapes. Nothing here fails.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from ..kinds import DATE, MOMENT, nothing_of
from ..plan import Note
from ..values import is_missing

GEOMETRY = "geometry"
OFFSET = re.compile(r"(:\d\d(?:\.\d+)?[+-]\d\d)$")
"""A time zone in hours alone."""
EXACT = 2**53
"""Whole numbers beyond this are not all told apart as decimals."""


def table_of(
    fields: Sequence[tuple[str, pd.Series]],
    shapes: np.ndarray,
    fids: Sequence[int] | np.ndarray,
    crs: pyproj.CRS | None,
) -> gpd.GeoDataFrame:
    """Return the table; its names are those of :func:`present_names`."""
    index = pd.Index(fids)
    names = present_names([name for name, _ in fields])
    columns = {name: values.set_axis(index) for name, (_, values) in zip(names, fields)}
    return gpd.GeoDataFrame(columns, index=index, geometry=gpd.GeoSeries(shapes, index=index, crs=crs))


def without_rows(table: gpd.GeoDataFrame, rows: Iterable[int]) -> gpd.GeoDataFrame:
    """Return the table without the rows at these places."""
    return table[~np.isin(np.arange(len(table)), list(rows))]


def present_names(names: Sequence[str]) -> list[str]:
    """``names`` made distinct: of fields with one name the second gets ``_1``, the third ``_2``,
    and none is called geometry.
    """
    taken, made = {GEOMETRY}, []
    for name in names:
        present = name if name != GEOMETRY else f"{name}_"
        number = 0
        while present in taken:
            number += 1
            present = f"{name}_{number}"
        taken.add(present)
        made.append(present)
    return made


def renamed(before: Sequence[str], after: Sequence[str], layer: str) -> list[Note]:
    """Return what to report of fields whose names were changed."""
    changed = [f"{one} → {other}" for one, other in zip(before, after) if one != other]
    return [("intake.fields_renamed", {"layer": layer, "count": len(changed), "listed": ", ".join(changed)})] * bool(
        changed
    )


def column(values: np.ndarray, kind: str) -> pd.Series:
    """Return one field as pyogrio gives it, ``kind`` the dtype that it names for the field; moments
    are texts yet.
    """
    if kind.startswith("int") and values.dtype.kind == "f":
        missing = np.isnan(values)
        return pd.Series(pd.arrays.IntegerArray(np.where(missing, 0, values).astype(np.int64), missing))
    if kind == "bool" and values.dtype.kind == "f":
        missing = np.isnan(values)
        return pd.Series(pd.arrays.BooleanArray(np.where(missing, 0, values).astype(bool), missing))
    if kind.startswith("datetime64"):
        return _moments(values.tolist(), days=kind == "datetime64[D]")
    if kind.startswith("int") and values.dtype == object:
        return pd.Series(values, dtype="Int64")
    if values.dtype == object:
        plain = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
        return objects(plain)
    return pd.Series(values)


def objects(values: Sequence[object]) -> pd.Series:
    """Return a column that holds its values as they are, whatever pandas would make of them."""
    made = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):  # at once, numpy would take lists of one length for a matrix
        made[row] = value
    return pd.Series(made, dtype=object)


def beyond_exact(values: np.ndarray) -> bool:
    """Return whether an array of decimals holds whole numbers whose last digits it cannot hold."""
    if values.dtype.kind != "f":
        return False
    there = values[np.isfinite(values)]
    return bool(len(there) and np.abs(there).max() >= EXACT and (there == np.rint(there)).all())


def _moments(texts: Sequence[object], days: bool) -> pd.Series:
    """Days or moments; all stay texts where one of them is none of the calendar."""
    if all(map(is_missing, texts)):
        return nothing_of(DATE if days else MOMENT, len(texts))
    try:
        made = [None if is_missing(text) else _moment(str(text)) for text in texts]
    except ValueError:
        return objects([None if is_missing(text) else text for text in texts])
    return objects([moment.date() if days and moment is not None else moment for moment in made])


def _moment(text: str) -> datetime.datetime:
    """Return a day or moment as GDAL writes it: 2024-02-29T13:14:15.250+07:00, or from an older
    binding 2024/02/29 13:14:15.250+07.
    """
    written = text.replace("/", "-").replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(OFFSET.sub(r"\g<1>:00", written))
