"""Merged cells: what a person sees in one large cell of a sheet counts for each of its rows.

Goes in: the rows of a sheet as texts, and the ranges that are merged. Comes out: the same rows, in
which the value of a range stands in each of its rows, in its first column; a range over several
columns is no value of the other columns. What lies hidden under a merged cell counts for nothing,
and a row that holds nothing of its own stays blank. ValueError for ranges that cover more cells
than any table has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO, NamedTuple
from xml.etree import ElementTree  # nosec B405

MOST_COVERED_CELLS = 5_000_000
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


class Merged(NamedTuple):
    """A range of cells shown as one; rows and columns count from 1, both ends belong to it."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    def __str__(self) -> str:
        return f"{column_letters(self.first_column)}{self.first_row}:{column_letters(self.last_column)}{self.last_row}"


def merged_in(part: IO[bytes]) -> list[Merged]:
    """Return the ranges of one sheet of a workbook, from its XML, which declares no document
    type.
    """
    found = []
    for _, element in ElementTree.iterparse(part):  # nosec B314
        if element.tag.rpartition("}")[2] == "mergeCell":
            first, _, last = str(element.get("ref", "")).partition(":")
            found.append(Merged(*_place(first), *_place(last or first)))
        element.clear()
    return found


def spread(rows: list[list[str]], merged: Sequence[Merged]) -> None:
    """Write the value of each range into each of its rows; ``rows`` from the first row of the sheet
    on.
    """
    values = [_value(rows, one) for one in merged]
    covered = 0
    for one in merged:
        for row in rows[one.first_row - 1 : one.last_row]:
            hidden = range(one.first_column - 1, min(one.last_column, len(row)))
            covered += len(hidden)
            if covered > MOST_COVERED_CELLS:
                raise ValueError(f"> {MOST_COVERED_CELLS} cells are merged")
            for column in hidden:
                row[column] = ""
    own = [any(row) for row in rows]
    for one, value in zip(merged, values):
        if not value:
            continue
        for number in range(one.first_row, min(one.last_row, len(rows)) + 1):
            row = rows[number - 1]
            if own[number - 1] or number == one.first_row:
                row += [""] * (one.first_column - len(row))
                row[one.first_column - 1] = value


def _value(rows: list[list[str]], one: Merged) -> str:
    row = rows[one.first_row - 1] if one.first_row <= len(rows) else []
    return row[one.first_column - 1] if one.first_column <= len(row) else ""


def _place(reference: str) -> tuple[int, int]:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise ValueError(f"{reference} is no cell")
    column = 0
    for letter in found.group(1):
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(found.group(2)), column


def column_letters(column: int) -> str:
    """Return the name of a column as a spreadsheet shows it: A, B, … Z, AA."""
    name = ""
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
