"""Writes the list of pairs as a CSV or as a workbook that a spreadsheet opens as it should.

The CSV is UTF-8 with a byte-order mark; in Vietnamese its columns are separated by semicolons and
numbers have a decimal comma, because that is how a Vietnamese Excel reads and writes it. The
workbook (.xlsx, with openpyxl) has a drop-down for the verdict, colours that follow it, a list of
codes to accept, and a note on each column. No text can act as a formula in either. The file takes
its place when it is complete. Fails with PlanError: another ending, not writable, openpyxl missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalogue import text
from ..codes import fold
from ..errors import PlanError
from ..tables.formulas import for_workbook
from ..tables.headers import Columns
from ..tables.reading import table_kind
from ..tables.writing import replaced, require_kept, write_csv
from .listing import NUMBERS, SIDES
from .parsing import REQUIRED, WORDS
from .reading import read_list
from .ruleset import UNLISTED, Code, RuleSet, Verdict

LIST = table_kind(Columns(REQUIRED), (".csv", ".xlsx"), "rules.list_ending")
SEPARATOR = {"en": ",", "vi": ";"}
COLOURS = {"conflict": "F4B6B0", "conditional": "FBE3A4", "compatible": "CFE8CF", "unlisted": "E3E3EC"}
WIDTHS = {
    "upper_code": 20,
    "lower_code": 20,
    "reason_vi": 36,
    "reason_en": 36,
    "condition": 28,
    "reference": 24,
    "reference_en": 24,
    "upper_name": 28,
    "lower_name": 28,
}
FILLED_BY_A_PERSON = ("verdict", "condition", "min_area_m2", "upper_accepted", "lower_accepted")
ILLEGAL_IN_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


def write_list(table: pd.DataFrame, path: Path, codes: list[Code], language: str, base: RuleSet | None = None) -> None:
    """Write ``table`` (columns of :mod:`.listing`) to ``path``, by its ending.

    A list that lies there is replaced where nothing is lost that a person has decided; ``base``
    filled the rest.
    """
    with replaced(path, LIST, "rules.list_unwritable") as place:
        if path.is_file() and path.stat().st_size:
            _require_decisions_kept(path, table, base)
        if place.suffix.lower() == ".csv":
            write_csv(place, list(table.columns), _cells(table, language), SEPARATOR[language])
        else:
            _write_workbook(table, place, codes, language)


def _require_decisions_kept(path: Path, table: pd.DataFrame, base: RuleSet | None) -> None:
    """Raise PlanError where the list at ``path`` holds decisions and accepted codes that neither
    ``table`` nor ``base`` has.
    """
    old, new = read_list(path), _decided(table)
    decided = {
        f"{upper} – {lower}": _decision(row)
        for (upper, lower), row in old.verdicts.items()
        if row.verdict != UNLISTED and (base is None or _decision(row) != _decision(base.verdict(upper, lower)))
    }
    accepted = {f"{side}: {label}": code for (side, label), code in old.labels.items()}
    require_kept(path, {**decided, **accepted}, new)


def _decision(row: Verdict) -> tuple[str, str, float]:
    return row.verdict, row.condition, float(row.min_area_m2 or 0)


def _decided(table: pd.DataFrame) -> dict[str, object]:
    """Return what of a list a person may write, by what it is about."""
    made: dict[str, object] = {}
    for row in table.to_dict("records"):
        pair = f"{fold(row['upper_code'])} – {fold(row['lower_code'])}"
        made[pair] = (_text(row["verdict"]), _text(row["condition"]), float(row["min_area_m2"] or 0))
        for side in SIDES:
            if row[f"{side}_accepted"]:
                made[f"{side}: {fold(row[f'{side}_code'])}"] = fold(row[f"{side}_accepted"])
    return made


def _cells(table: pd.DataFrame, language: str) -> Iterator[list[object]]:
    """Yield the rows as they are written: numbers as the language writes them, everything else as
    text.
    """
    numeric = [name in NUMBERS for name in table.columns]
    for row in table.itertuples(index=False, name=None):
        yield [_number(value, language) if n else _text(value) for value, n in zip(row, numeric)]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(value: Any, language: str) -> str:
    """Return a number without grouping; never with three decimals, which could be taken for
    thousands.
    """
    if value is None or value == "":
        return ""
    written = f"{float(value):.4f}".rstrip("0").rstrip(".")
    if "." in written and len(written.split(".")[1]) == 3:
        written += "0"
    return written.replace(".", ",") if language == "vi" else written


def _write_workbook(table: pd.DataFrame, path: Path, codes: list[Code], language: str) -> None:
    try:
        import openpyxl
    except ImportError as error:
        raise PlanError("rules.no_openpyxl", file=path.name) from error
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "verdicts"
    columns = list(table.columns)
    _fill(sheet, [columns, *table.itertuples(index=False, name=None)])
    _head(sheet, columns, language)
    choices = book.create_sheet("choices")
    _fill(choices, [["code", "name"], *([code.code, code.name(language)] for code in codes)])
    choices.column_dimensions["B"].width = 60
    _help_to_fill(sheet, columns, len(table) + 1, len(codes) + 1, language)
    book.save(path)


def _fill(sheet: Any, rows: list) -> None:
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            if value is None or value == "":
                continue
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value = for_workbook(value.translate(ILLEGAL_IN_XML))
                cell.data_type = "s"  # else openpyxl makes a formula of =…
                cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
            else:
                cell.value = value


def _head(sheet: Any, columns: list[str], language: str) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    for place, name in enumerate(columns, start=1):
        cell = sheet.cell(1, place)
        own = name in FILLED_BY_A_PERSON
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F5C7A" if own else "6B7680")
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        cell.comment = Comment(text(f"createrules.column.{name}", language), "Plan Concord", height=110, width=300)
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(name, max(12, len(name) + 3))
    sheet.freeze_panes = sheet.cell(2, columns.index("verdict") + 2)
    sheet.auto_filter.ref = sheet.dimensions
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight, sheet.print_title_rows = 0, "1:1"


def _help_to_fill(sheet: Any, columns: list[str], last_row: int, last_choice: int, language: str) -> None:
    """Drop-downs for the verdict and the accepted codes, and colours that follow the verdict."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    def down(name: str) -> str:
        letter = get_column_letter(columns.index(name) + 1)
        return f"{letter}2:{letter}{max(last_row, 2)}"

    verdict = DataValidation("list", formula1=f'"{",".join(WORDS)}"', allow_blank=True, showErrorMessage=True)
    verdict.error = text("createrules.column.verdict", language)[:250]
    verdict.add(down("verdict"))
    accepted = DataValidation("list", formula1=f"choices!$A$2:$A${max(last_choice, 2)}", allow_blank=True)
    accepted.showErrorMessage = False  # a code of one's own may be written too
    for side in ("upper", "lower"):
        accepted.add(down(f"{side}_accepted"))
    sheet.add_data_validation(verdict)
    sheet.add_data_validation(accepted)
    first = down("verdict").split(":")[0]
    for word, colour in COLOURS.items():
        fill = PatternFill("solid", bgColor=colour)
        sheet.conditional_formatting.add(down("verdict"), FormulaRule(formula=[f'{first}="{word}"'], fill=fill))
