"""A table of figures as it was understood: rows, columns, the figure in each cell, and what could
not be read.

Goes in: a FigureGrid. Comes out: a FigureTable, whose ``doubts`` name each cell, row and column
that was not understood; None for a sheet without figures. :meth:`FigureTable.understood` is the
same as a plain table, to be looked at before any result. Never fails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from .grids import FigureGrid, reference
from .layout import STOCK, Column, Heading, layout_of
from .numbers import Marks, Printed
from .rows import FigureRow, arrange, identify, is_code, is_of_which

TABLE_FIELDS = (
    ("file", "text"),
    ("sheet", "text"),
    ("cell", "text"),
    ("row_number", "text"),
    ("row_name", "text"),
    ("code", "text"),
    ("proposed_code", "text"),
    ("likeness", "real"),
    ("column_role", "text"),
    ("column_title", "text"),
    ("written", "text"),
    ("value", "real"),
    ("decimals", "real"),
)
LEAST_MATRIX_CODES = 4
NOT_FIGURES = ("number", "code", "name", "note", "")


class Doubt(NamedTuple):
    """What was not understood: the cell, and a key of the catalogue with what fills it."""

    cell: str
    key: str
    values: dict[str, object]


@dataclass
class FigureTable:
    """``figures`` by (row, column), both as places in ``rows`` and ``columns``.

    A cell that cannot be read is in ``unread``.
    """

    file: str
    sheet: str
    rows: list[FigureRow]
    columns: list[Column]
    figures: dict[tuple[int, int], Printed]
    written: dict[tuple[int, int], str]
    unread: set[tuple[int, int]] = field(default_factory=set)
    doubts: list[Doubt] = field(default_factory=list)
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def cell(self, row: int, column: int) -> str:
        """Name a cell as a spreadsheet does."""
        return reference(self.rows[row].place, self.columns[column].place)

    def half_unit(self, row: int, column: int) -> float:
        """Return half of the last place that is printed: of the figure itself or, where zeros may
        have been left out, of its column.
        """
        decimals = max(self.figures[row, column].decimals, self._usual(column))
        return float(0.5 * 10.0**-decimals)

    def _usual(self, column: int) -> int:
        if not hasattr(self, "_decimals"):
            self._decimals: dict[int, int] = {}
        if column not in self._decimals:
            places = [
                one.decimals for (_, at), one in self.figures.items() if at == column and not one.blank and one.value
            ]
            fractions = [one for one in places if one]
            with_fractions = 2 * len(fractions) >= len(places) > 0
            self._decimals[column] = Counter(fractions).most_common(1)[0][0] if with_fractions else 0
        return self._decimals[column]

    def understood(self) -> list[tuple[object, ...]]:
        """Return a row for each figure, with the columns of TABLE_FIELDS."""
        made: list[tuple[object, ...]] = []
        for (row, column), printed in sorted(self.figures.items()):
            if printed.blank and not self.written[row, column]:
                continue
            one, head = self.rows[row], self.columns[column]
            value = float("nan") if printed.value is None else printed.value
            known = (one.number, one.name, one.code, one.proposal, one.likeness, head.role, head.title)
            written = self.written[row, column]
            place = (self.file, self.sheet, self.cell(row, column))
            made.append((*place, *known, written, value, float(printed.decimals)))
        return made


def table_of(grid: FigureGrid, file: str) -> FigureTable | None:
    """Read the table of figures of a sheet; None where there is none."""
    layout = layout_of(grid)
    if layout is None or is_matrix(layout):
        return None
    columns = [column for column in layout.columns if column.role not in NOT_FIGURES]
    rows = _rows(grid, layout, columns)
    if not rows or not columns:
        return None
    texts = {
        (number, place): _at(grid, row.place, column.place)
        for number, row in enumerate(rows)
        for place, column in enumerate(columns)
    }
    marks = Marks(text for text in texts.values())
    figures = {where: marks.read(text) for where, text in texts.items()}
    table = FigureTable(file, grid.sheet, rows, columns, figures, texts)
    if marks.assumed:
        table.notes.append(("figures.note.custom", {"sheet": grid.sheet or file, "count": marks.doubtful}))
    _doubt_cells(table, grid)
    for row in arrange(rows):
        table.doubts.append(Doubt(reference(row.place, 0), "figures.doubt.row", {"row": row.shown}))
    for row in rows:
        if row.proposal:
            values = {"row": row.shown, "code": row.proposal, "likeness": round(100 * row.likeness)}
            table.notes.append(("figures.note.proposal", {"sheet": grid.sheet or file, **values}))
    return table


def _rows(grid: FigureGrid, layout: Heading, columns: list[Column]) -> list[FigureRow]:
    """Return the rows with a name and a figure, or that open a section."""
    name, code, number = (next(iter(layout.of(role)), None) for role in ("name", "code", "number"))
    assert name is not None  # nosec B101 - a layout is one that has it
    made = []
    for place in range(layout.first_row, len(grid.rows)):
        if layout.repeats(grid.rows[place]):
            continue
        called = _at(grid, place, name.place)
        marked = _at(grid, place, code.place) if code else ""
        numbered = _at(grid, place, number.place) if number else ""
        filled = any(_at(grid, place, column.place) for column in columns)
        if called and (filled or marked or numbered):
            row = FigureRow(place, str(numbered).strip(), " ".join(called.split()), marked)
            identify(row)
            made.append(row)
        elif made and is_of_which(called):
            made[-1].opens = True
    return made


def is_matrix(layout: Heading) -> bool:
    """Return whether the columns are land uses as the rows are: a transition matrix, which is
    another kind of table.
    """
    return sum(is_code(column.title) for column in layout.columns) >= LEAST_MATRIX_CODES


def _doubt_cells(table: FigureTable, grid: FigureGrid) -> None:
    for (row, column), printed in table.figures.items():
        cell = table.cell(row, column)
        if cell in grid.unkept:
            key, values = "figures.doubt.formula", {}
        elif printed.value is None and printed.readings:
            key, values = "figures.doubt.marks", dict(zip(("one", "other"), printed.readings))
        elif printed.value is None:
            key, values = "figures.doubt.cell", {}
        else:
            continue
        table.unread.add((row, column))
        told = {"row": table.rows[row].shown, "column": table.columns[column].title, **values}
        table.doubts.append(Doubt(cell, key, {**told, "written": table.written[row, column] or "–"}))


def _at(grid: FigureGrid, row: int, column: int) -> str:
    cells = grid.rows[row]
    return cells[column] if column < len(cells) else ""


__all__ = ["STOCK", "TABLE_FIELDS", "Doubt", "FigureTable", "table_of"]
