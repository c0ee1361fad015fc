"""The list of plans that there have to be: a table with territory and level, in the formats of a
register.

Comes out: Expected, one a row, where a row without a level means a district plan, and what is worth
saying of the table, as keys of the catalogue with their values. Fails as reading a register does.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from ..intake.source import split_source
from ..plan import Note
from ..tables.headers import Columns
from .mistakes import RegisterMistakes
from .state import Expected
from .tables import read_rows
from .words import column_of, shown_column, value_of, values

USUAL = "district"
COLUMNS = Columns(("territory",), column_of, shown_column)


def read_expected(source: str | Path) -> tuple[list[Expected], list[Note]]:
    """Return the plans that are listed at ``source``, and what is to be noted of the table."""
    path = Path(split_source(str(source))[0])
    mistakes = RegisterMistakes(path)
    rows = read_rows(str(source), COLUMNS, mistakes)
    mistakes.raise_if_any()
    made = []
    for row, cells in rows:
        told = {
            column_of(header): " ".join(unicodedata.normalize("NFC", cell).split()) for header, cell in cells.items()
        }
        level = value_of("level", told.get("level", "")) if told.get("level") else USUAL
        place = {"file": path.name, "row": row, "column": "level", "name_vi": "Cấp"}
        if not level:
            known = ", ".join(f"{name} ({words['vi']})" for name, words in values("level").items())
            mistakes.add("error.register.word", found=told["level"], known=known, **place)
        elif told.get("territory"):
            made.append(Expected(told["territory"], level))
    mistakes.raise_if_any()
    return list(dict.fromkeys(made)), mistakes.notes
