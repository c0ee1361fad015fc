"""The kinds of values that a column of a table can have, and its values as each writer needs them.

A column of a table of pandas goes in; its kind comes out, and its values as plain Python (None
where nothing stands), or as the arrays and masks in which pyogrio takes them. Whole numbers stay
whole numbers, also those of 18 digits beside rows that hold none; dates stay dates. What no writer
knows, such as lists, times of day and bytes, becomes text, which :func:`is_kept` reports. Nothing
here fails.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from .record import REAL, TEXT
from .values import is_missing, is_text

INTEGER, BOOLEAN, DATE, MOMENT = "integer", "boolean", "date", "moment"
"""``moment``: a day with a time of day, kept in UTC where it names a zone."""
INFERRED = {
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "floating": REAL,
    "mixed-integer-float": REAL,
    "date": DATE,
    "datetime": MOMENT,
    "datetime64": MOMENT,
}
"""What pandas calls the values of a column of objects."""
KEPT = ("string", "empty")
LARGEST_INTEGER = 2**63 - 1


def kind_of(values: pd.Series) -> str:
    """Return the kind of a column, from its dtype, or from the values of a column of objects."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return BOOLEAN
    if pd.api.types.is_integer_dtype(values):
        return INTEGER
    if pd.api.types.is_float_dtype(values):
        return REAL
    if pd.api.types.is_datetime64_any_dtype(values):
        return MOMENT
    if isinstance(values.dtype, pd.PeriodDtype):
        return DATE
    if is_text(values) and not pd.api.types.is_object_dtype(values):
        return TEXT
    kind = INFERRED.get(pd.api.types.infer_dtype(values, skipna=True), TEXT)
    too_large = kind == INTEGER and any(abs(value) > LARGEST_INTEGER for value in values if not is_missing(value))
    return TEXT if too_large else kind


def nothing_of(kind: str, count: int) -> pd.Series:
    """Return a column of days or moments in which nothing stands, so that it keeps its kind."""
    dtype = "period[D]" if kind == DATE else "datetime64[ns]"
    return pd.Series([pd.NaT] * count, dtype=dtype)


def is_kept(values: pd.Series) -> bool:
    """Return whether a writer can keep the column's values as what they are; False for what becomes
    text, such as lists.
    """
    if kind_of(values) != TEXT or not pd.api.types.is_object_dtype(values):
        return True
    return pd.api.types.infer_dtype(values, skipna=True) in KEPT


def plain_values(values: pd.Series, kind: str) -> list[Any]:
    """Return the values as Python's own str, float, int, bool, date and datetime, None for none."""
    way = _WAYS[kind]
    return [None if is_missing(value) else way(value) for value in values.tolist()]


def arrays(values: pd.Series, kind: str) -> tuple[np.ndarray, np.ndarray | None]:
    """(values, where nothing stands or None) as pyogrio writes them."""
    if kind == TEXT:
        return np.array(plain_values(values, kind), dtype=object), None
    if kind == DATE:
        return np.array(plain_values(values, kind), dtype="datetime64[D]"), None
    if kind == MOMENT:
        plain = [None if moment is None else moment.replace(tzinfo=None) for moment in plain_values(values, kind)]
        return np.array(plain, dtype="datetime64[ms]"), None
    missing = values.isna().to_numpy(dtype=bool)
    filled = values.where(~missing, kind != BOOLEAN and 0) if missing.any() else values
    if kind == REAL:
        return np.where(missing, np.nan, filled.to_numpy(dtype=float)), None
    return filled.to_numpy(dtype=np.int64 if kind == INTEGER else bool), missing if missing.any() else None


def marks_of_utc(values: pd.Series) -> np.ndarray:
    """GDAL's mark of the time zone of each moment: 100 for UTC, in which a moment that names a zone
    is written, else 0.
    """
    return np.array([100 if getattr(value, "tzinfo", None) else 0 for value in values.tolist()])


def text_of(value: object) -> str:
    """Return a value as text: true and false, numbers in full, lists and tables as JSON, bytes as
    hexadecimal digits.
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (datetime.datetime, datetime.time)):
        return value.isoformat()
    return str(value)


def _moment(value: Any) -> datetime.datetime:
    """In UTC where the value names a zone, as GeoPackages keep it."""
    made: datetime.datetime = pd.Timestamp(value).to_pydatetime(warn=False)
    return made if made.tzinfo is None else made.astimezone(datetime.timezone.utc)


def _date(value: Any) -> datetime.date:
    return value.date() if isinstance(value, datetime.datetime) else datetime.date(value.year, value.month, value.day)


_WAYS: dict[str, Callable[[Any], Any]] = {
    TEXT: text_of,
    REAL: float,
    INTEGER: int,
    BOOLEAN: bool,
    DATE: _date,
    MOMENT: _moment,
}
