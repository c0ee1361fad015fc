"""Where the figures of a sheet stand: its heading, what each column holds, and where the rows
begin.

Goes in: the rows of a sheet as texts, with its merged cells. Comes out: a Heading, or None for a
sheet without a heading that names land uses. Columns are told by their headings, never by their
place (``resources/figures/headers.csv``, which a person may edit: the first row whose words a
heading holds; "=" wants the whole last line of it). A formula in a heading, "(8)=(7)-(3)", is kept
as the sum that the column must be. Never fails.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..catalogue import RESOURCES, read_table
from ..names import KINDS, folded
from ..tables.merged import Merged
from .grids import FigureGrid

SEARCHED_ROWS, HEADING_ROWS = 40, 6
LEAST_REPEATED = 2
STOCK = ("unit", "year", "total", "result", "approved", "current", "other")
"""Columns in which the rows of a table add up."""
_NUMBERED = re.compile(r"\(?([0-9]{1,3})\)?(?:\s*=\s*(.+))?")
_FORMULA = re.compile(r"(?:\(([0-9]{1,3})\)\s*)?=\s*(\([0-9]{1,3}\)(?:\s*[-+–−]\s*\([0-9]{1,3}\))+)")
_TERM = re.compile(r"([-+–−]?)\s*\(([0-9]{1,3})\)")


class Column(NamedTuple):
    """``place``: from 0. ``role``: of headers.csv, "other" for figures under a heading that it does
    not know. ``title``: last line.
    """

    place: int
    role: str
    title: str
    heading: str
    number: int | None = None
    formula: tuple[tuple[int, float], ...] = ()
    """(number of a column, factor) for each term of the formula in the heading."""


class Heading(NamedTuple):
    """``columns`` with a heading, and the first row of figures, from 0."""

    columns: tuple[Column, ...]
    first_row: int

    def repeats(self, cells: Sequence[str]) -> bool:
        """Return whether a row is the heading again, as it stands on top of the next page."""
        told = 0
        for column in self.columns:
            cell = folded(cells[column.place]) if column.place < len(cells) else ""
            told += bool(cell) and cell in map(folded, column.heading.split(" / "))
        by = next(column.place for column in self.columns if column.role == "name")
        return told >= LEAST_REPEATED or _is_numbers(cells, by)

    def of(self, *roles: str) -> list[Column]:
        """Return the columns of some roles."""
        return [column for column in self.columns if column.role in roles]


@functools.cache
def _headers() -> list[tuple[str, list[str]]]:
    rows = read_table(RESOURCES / "figures" / "headers.csv")
    return [(row["role"], row["words"].split("|")) for row in rows]


def role_of(title: str, heading: str) -> str:
    """Return what a heading says that its column holds, "" for nothing known.

    ``title`` is its last line.
    """
    last, whole = folded(title).strip(" *"), folded(heading)
    for role, words in _headers():
        for word in words:
            if last == word[1:] if word.startswith("=") else (word in whole if len(word) > 5 else word == last):
                return role
    return "unit" if KINDS.match(last) else ""


def layout_of(grid: FigureGrid) -> Heading | None:
    """Read the heading of a sheet; None where there is none."""
    top = _heading_row(grid.rows[:SEARCHED_ROWS])
    if top is None:
        return None
    by = next(place for place, cell in enumerate(grid.rows[top]) if role_of(cell, cell) == "name")
    last = _last_heading_row(grid.rows, top, by)
    lines = [_across(grid, row, top, by) for row in range(top, last + 1)]
    numbers = [row for row in range(top + 1, last + 1) if _is_numbers(grid.rows[row], by)]
    words = [line for row, line in zip(range(top, last + 1), lines) if row not in numbers]
    numbered = grid.rows[numbers[-1]] if numbers else []
    columns = [_column(place, words, numbered) for place in range(max(map(len, lines)))]
    return Heading(tuple(column for column in columns if column.heading), last + 1)


def _heading_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Return the first row that names land uses and at least one further column."""
    for number, cells in enumerate(rows):
        roles = [role_of(cell, cell) for cell in cells if cell and len(cell) < 200]
        if "name" in roles and sum(bool(cell) for cell in cells) >= 3:
            return number
    return None


def _last_heading_row(rows: Sequence[Sequence[str]], top: int, by: int) -> int:
    """Return the last row of the heading: of numbers of columns, or before the first row that names
    a land use.
    """
    name = folded(rows[top][by])
    last = top
    for number in range(top + 1, min(top + HEADING_ROWS, len(rows))):
        cell = rows[number][by] if by < len(rows[number]) else ""
        if _is_numbers(rows[number], by):
            return number
        if cell and folded(cell) != name:
            return last
        if any(rows[number]):
            last = number
    return last


def _is_numbers(cells: Sequence[str], by: int) -> bool:
    """Return whether a row numbers the columns: (1), (2), (3)=(1)+(2).

    ``by``: the column of names, which holds no name there.
    """
    if by < len(cells) and cells[by] and not _NUMBERED.fullmatch(cells[by]):
        return False
    filled = [cell for cell in cells if cell]
    found = [match for match in map(_NUMBERED.fullmatch, filled) if match]
    places = [int(match.group(1)) for match in found]
    rising = all(one < other for one, other in zip(places, places[1:]))
    return len(found) >= 3 and len(found) >= 0.7 * len(filled) and rising and places[0] <= 5


def _across(grid: FigureGrid, row: int, top: int, by: int) -> list[str]:
    """Return a row of the heading, whose merged cells count for each of their columns.

    Without merged cells up to the next filled one.
    """
    width = max(len(cells) for cells in grid.rows[top : top + HEADING_ROWS])
    cells = [*grid.rows[row], *[""] * (width - len(grid.rows[row]))]
    ranges = [one for one in grid.merged if _meets(one, row)]
    for one in ranges:
        value = cells[one.first_column - 1]
        for place in range(one.first_column - 1, min(one.last_column, width)):
            cells[place] = value or cells[place]
    if not grid.merged and row + 1 < len(grid.rows) and not _is_numbers(grid.rows[row + 1], by):
        below = grid.rows[row + 1]
        for place in range(1, width):
            if not cells[place] and place < len(below) and below[place] and cells[place - 1]:
                cells[place] = cells[place - 1]
    return cells


def _meets(one: Merged, row: int) -> bool:
    return one.first_row <= row + 1 <= one.last_row and one.last_column > one.first_column


def _column(place: int, words: Sequence[Sequence[str]], numbered: Sequence[str]) -> Column:
    texts = list(dict.fromkeys(line[place] for line in words if place < len(line) and line[place]))
    heading, title = " / ".join(texts), texts[-1] if texts else ""
    below = numbered[place] if place < len(numbered) else ""
    match = _NUMBERED.fullmatch(below)
    number = int(match.group(1)) if match else None
    formula = _FORMULA.search(below) or _FORMULA.search(heading)
    if formula and number is None and formula.group(1):
        number = int(formula.group(1))
    terms = tuple(
        (int(one), -1.0 if sign in ("-", "–", "−") else 1.0)
        for sign, one in (_TERM.findall(formula.group(2)) if formula else ())
    )
    role = role_of(title, heading) or ("other" if heading else "")
    return Column(place, role, title, heading, number, terms)
