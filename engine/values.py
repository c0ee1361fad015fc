"""What a table's columns and cells hold, whichever pandas read them: which columns are texts, and
which cells are empty.

Goes in: a DataFrame as a reader returned it. Columns of texts are of dtype ``object`` up to pandas
2, ``str`` from pandas 3 on, and ``string`` or categories where somebody chose so; an empty cell
among them is None, NaN or NA. Nothing else in this package may ask a column for its dtype to know
that it holds texts.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd


def is_text(column: pd.Series) -> bool:
    """Whether a column may hold texts. A column of ``object`` may hold other things beside them.

    >>> import pandas as pd
    >>> is_text(pd.Series(["Huyện A", None])), is_text(pd.Series([1, 2]))
    (True, False)
    """
    dtype = getattr(column.dtype, "categories", column).dtype
    return bool(pd.api.types.is_string_dtype(dtype))  # of a dtype, object counts as well


def text_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns of ``table`` that may hold texts, in its order."""
    return [name for place, name in enumerate(table.columns) if is_text(table.iloc[:, place])]


def is_missing(value: object) -> bool:
    """Whether a cell is empty: None, NaN, NaT or NA.

    >>> [is_missing(value) for value in (None, float("nan"), "", 0)]
    [True, True, False, False]
    """
    number = isinstance(value, (float, np.floating))
    return value is None or value is pd.NaT or value is pd.NA or (number and math.isnan(value))  # type: ignore[arg-type]
