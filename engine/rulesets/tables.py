"""Tables as planners' spreadsheets write them: (row number in the file, {column: text}) out of a CSV or a workbook.

A CSV is UTF-8 with or without a byte-order mark, its columns separated by comma, semicolon or tab, with Excel's line
``sep=;`` or without. A workbook is .xlsx; its cells are taken as shown, formulas by their last value. Columns stand in any
order and case; blank rows are nothing. What cannot be read as such is noted in Mistakes and gives no rows.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Iterator

from ..errors import PlanError
from .mistakes import Mistakes

Rows = list  # of (row number, {column: text})
SEPARATORS = ",;\t"
LARGEST_WORKBOOK_BYTES = 500_000_000
"""What a workbook may hold unpacked: a workbook is a zip, and a small one may unpack to fill the memory."""
_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_csv(content: bytes, file: str, required: tuple[str, ...], mistakes: Mistakes) -> Rows:
    """The rows of a CSV."""
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mistakes.add("rules.encoding", file=file, row=content[: error.start].count(b"\n") + 1)
        return []
    declared = _DECLARED.match(decoded)
    start = declared.end() if declared else 0
    header = decoded[start:].split("\n", 1)[0]
    separator = declared.group(1) if declared else max(SEPARATORS, key=header.count)
    reader = csv.reader(io.StringIO(decoded[start:], newline=""), delimiter=separator)
    skipped = 1 if declared else 0
    numbered = ((reader.line_num + skipped, [value.strip() for value in row]) for row in reader)
    try:
        return _rows(numbered, file, required, mistakes)
    except csv.Error as error:
        mistakes.add("rules.csv", file=file, row=max(reader.line_num + skipped, 1), reason=error)
        return []


def read_workbook(content: bytes, file: str, mistakes: Mistakes) -> dict[str, list[list[str]]]:
    """The sheets of a workbook by lower-case name, as rows of text."""
    try:
        import openpyxl
    except ImportError as error:
        raise PlanError("rules.no_openpyxl", file=file) from error
    try:
        _guard(content, file)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        return {
            sheet.title.strip().lower(): [[_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
            for sheet in book.worksheets
        }
    except PlanError:
        raise
    except Exception as error:  # openpyxl and the XML below it raise whatever they like on a damaged workbook
        mistakes.add("rules.workbook", file=file, reason=error)
        return {}


def read_sheet(rows: list[list[str]], file: str, required: tuple[str, ...], mistakes: Mistakes) -> Rows:
    """The rows of one sheet."""
    return _rows(enumerate(rows, start=1), file, required, mistakes)


def _guard(content: bytes, file: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if sum(part.file_size for part in parts.infolist()) > LARGEST_WORKBOOK_BYTES:
            raise PlanError("rules.too_large", source=file, file=file, limit=LARGEST_WORKBOOK_BYTES)
        for part in parts.infolist():
            with parts.open(part) as opened:
                if b"<!DOCTYPE" in opened.read(2_000).upper():
                    raise ValueError(f"{part.filename} declares a document type")


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    return _without_guard(str(cell).strip())


def _without_guard(written: str) -> str:
    """The text without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    return written[1:] if written[:1] == "'" and written[1:2] in FORMULA_STARTS else written


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def guarded(written: str) -> str:
    """A text that no spreadsheet takes for a formula; reading takes the guard off again."""
    return f"'{written}" if written.startswith(FORMULA_STARTS) else written


def _rows(numbered: Iterable[tuple[int, list[str]]], file: str, required: tuple[str, ...], mistakes: Mistakes) -> Rows:
    lines: Iterator[tuple[int, list[str]]] = iter(numbered)
    _, head = next(lines, (1, []))
    names = [name.strip().lower() for name in head]
    if not _columns_are_right(names, required, file, mistakes):
        return []
    rows: Rows = []
    for number, cells in lines:
        if any(cells[len(names) :]):
            mistakes.add("rules.cells", file=file, row=number)
        if any(cells):
            rows.append((number, {name: _without_guard(cell) for name, cell in zip(names, cells)}))
    return rows


def _columns_are_right(names: list[str], required: tuple[str, ...], file: str, mistakes: Mistakes) -> bool:
    missing = [name for name in required if name not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if missing:
        mistakes.add("rules.columns", file=file, missing=", ".join(missing), found=", ".join(names) or "–")
    for name in twice:
        mistakes.add("rules.column_twice", file=file, column=name)
    return not missing and not twice
