"""The register as a workbook to fill in: a head in the person's language, notes on every column,
drop-downs for words.

Goes in: rows of text by column (none for an empty template). Comes out: an .xlsx, or a .csv without
drop-downs, that :func:`.reading.read_register` reads. No cell becomes a formula. Fails with
PlanError for another ending, or where openpyxl is missing and a workbook is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..errors import PlanError
from ..rulesets.spreadsheets import ILLEGAL_IN_XML, SEPARATOR
from ..tables.formulas import for_workbook
from ..tables.reading import table_kind
from ..tables.writing import replaced, require_kept, write_csv
from .mistakes import RegisterMistakes
from .reading import COLUMNS
from .tables import read_rows
from .words import ENCODINGS, column_of, columns, value_of, values

CHOSEN = ("level", "nature", "status", "code_generation")
REQUIRED = ("plan_id", "level", "territory", "source", "status")
ROWS_TO_FILL = 1_000
REGISTER = table_kind(COLUMNS, (".xlsx", ".csv"), "error.register.ending")
NUMBERED = re.compile(r"P\d{2,}")
"""How plans are called in a proposal."""
WIDE = {"title": 44, "source": 44, "territory": 24, "reason": 90, "upper_plans": 18}


def write_register(path: Path, rows: Sequence[dict[str, str]], language: str) -> None:
    """Write a register; it takes the place of an older one only when it is whole, and when nothing
    that a person wrote is lost.
    """
    names = [name for name in columns() if rows or name != "reason"]
    with replaced(path, REGISTER, "error.register.unwritable") as place:
        if path.is_file() and path.stat().st_size:
            require_kept(path, _written_by_a_person(path), _told(enumerate(rows, start=2)))
        if place.suffix.lower() == ".csv":
            head = [columns()[name][language] for name in names]
            write_csv(place, head, ([row.get(name, "") for name in names] for row in rows), SEPARATOR[language])
        else:
            _write_workbook(place, names, rows, language)


def _written_by_a_person(path: Path) -> dict[str, str]:
    """Return the filled cells of the register at ``path``, but for those that are only
    proposals.
    """
    mistakes = RegisterMistakes(path)
    rows = read_rows(str(path), COLUMNS, mistakes)
    mistakes.raise_if_any()
    return _told((number, {column_of(head) or head: cell for head, cell in row.items()}) for number, row in rows)


def _told(rows: Iterable[tuple[int, dict[str, str]]]) -> dict[str, str]:
    """Return each cell by its plan's source and its column, in the program's words."""
    made = {}
    for number, row in rows:
        name = row.get("source") or f"{number}"
        for column, cell in row.items():
            known = " ".join(cell.split())
            numbered = column in ("plan_id", "upper_plans") and NUMBERED.fullmatch(known)
            if known and column != "reason" and not numbered:
                made[f"{name}: {column}"] = value_of(column, known) or known
    return made


def _write_workbook(path: Path, names: list[str], rows: Sequence[dict[str, str]], language: str) -> None:
    try:
        import openpyxl
    except ImportError as error:
        raise PlanError("rules.no_openpyxl", file=path.name) from error
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Danh mục" if language == "vi" else "register"
    for number, row in enumerate(rows, start=2):
        for place, name in enumerate(names, start=1):
            if row.get(name):
                cell = sheet.cell(number, place)
                cell.value = for_workbook(row[name].translate(ILLEGAL_IN_XML))
                cell.data_type = "s"  # else openpyxl makes a formula of =…
    _head(sheet, names, language)
    _drop_downs(sheet, names, max(len(rows), ROWS_TO_FILL) + 1, language)
    book.save(path)


def _head(sheet: Any, names: list[str], language: str) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for place, name in enumerate(names, start=1):
        cell = sheet.cell(1, place, columns()[name][language])
        needed = name in REQUIRED
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F5C7A" if needed else "6B7680")
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        cell.comment = Comment(columns()[name][f"help_{language}"], "Plan Concord", height=110, width=300)
        sheet.column_dimensions[get_column_letter(place)].width = WIDE.get(name, 16)
    sheet.freeze_panes = "B2"


def _drop_downs(sheet: Any, names: list[str], last_row: int, language: str) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for name in (*CHOSEN, "encoding"):
        words = [row[language] for row in values(name).values()] if name in CHOSEN else list(ENCODINGS)
        chosen = DataValidation("list", formula1=f'"{",".join(words)}"', allow_blank=True, showErrorMessage=True)
        chosen.error = columns()[name][f"help_{language}"][:250]
        letter = get_column_letter(names.index(name) + 1)
        chosen.add(f"{letter}2:{letter}{last_row}")
        sheet.add_data_validation(chosen)
