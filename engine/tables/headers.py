"""Where the header of a table stands: not always in the first row, for planners write a title above
it.

Goes in: the first rows of a table as texts, and the columns by which its header is recognised.
Comes out: the place of the row that names all columns that the table must have, else of the one
that names most of them, so that a mistake speaks of the row that the person meant. Headers count in
any order and case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

SEARCHED_ROWS = 10


def as_written(header: str) -> str:
    """Return a header's column where each column has one name."""
    return header


class Columns(NamedTuple):
    """The columns that a table must have, the column that a header means ("" for none), and a
    column as a mistake calls it.
    """

    required: tuple[str, ...] = ()
    named: Callable[[str], str] = as_written
    shown: Callable[[str], str] = as_written

    def names(self, cells: Sequence[str]) -> list[str]:
        """Return the columns that cells would name as a header: as this table knows them, "" for
        others.
        """
        return [self.named(cell.strip().lower()) for cell in cells]

    def clarity(self, cells: Sequence[str]) -> tuple[int, int]:
        """Return how clearly cells are the header: how many of the required columns they name, and
        how many columns at all.
        """
        found = set(self.names(cells)) - {""}
        required = len(found.intersection(self.required))
        return (required, len(found)) if required or not self.required else (0, 0)


def header_at(rows: Sequence[Sequence[str]], columns: Columns) -> int:
    """Return the index of the header among ``rows``, of which the first ten are looked at; the
    first filled one where none is clear.
    """
    looked = rows[:SEARCHED_ROWS]
    filled = [place for place, cells in enumerate(looked) if any(cell.strip() for cell in cells)]
    if not filled:
        return 0
    if not columns.required:
        return filled[0]
    return max(filled, key=lambda place: columns.clarity(looked[place]))
