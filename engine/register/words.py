"""The columns of a register and the words in its cells, as people write them: Vietnamese or
English, with accents or without.

``resources/register/columns.csv`` and ``words.csv`` hold them, with what stands in the template's
notes. :func:`column_of` and :func:`value_of` give the program's word for a person's, "" for one
that nobody knows.
"""

from __future__ import annotations

import functools

from ..catalogue import RESOURCES, read_table
from ..names import folded

FOLDER = RESOURCES / "register"
ENCODINGS = ("utf-8", "cp1258", "windows-1252", "tcvn3", "vni", "none")


@functools.cache
def columns() -> dict[str, dict[str, str]]:
    """Return the rows of columns.csv by column, in the order of the template."""
    return {row["column"]: row for row in read_table(FOLDER / "columns.csv")}


@functools.cache
def values(column: str) -> dict[str, dict[str, str]]:
    """Return the values that ``column`` may take, with their words."""
    return {row["value"]: row for row in read_table(FOLDER / "words.csv") if row["column"] == column}


def column_of(header: str) -> str:
    """Return the column that a header names."""
    return _columns_by_word().get(folded(header), "")


def shown_column(column: str) -> str:
    """Return a column with its name in Vietnamese, as a mistake calls it."""
    return f"{column} ({columns()[column]['vi']})"


def value_of(column: str, words: str) -> str:
    """Return the value that a cell means."""
    return _values_by_word(column).get(folded(words), "")


def shown(column: str, value: str, language: str) -> str:
    """Return a value in a reader's language."""
    return values(column)[value][language] if value in values(column) else value


@functools.cache
def _columns_by_word() -> dict[str, str]:
    return {folded(word): name for name, row in columns().items() for word in (name, *_words(row))}


@functools.cache
def _values_by_word(column: str) -> dict[str, str]:
    return {folded(word): value for value, row in values(column).items() for word in (value, *_words(row))}


def _words(row: dict[str, str]) -> list[str]:
    return [row["en"], row["vi"], *(word for word in row["also"].split("|") if word)]
