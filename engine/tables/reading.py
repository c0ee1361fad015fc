"""Tables as planners' spreadsheets write them: (row number in the file, {column: text}) out of a
CSV or a workbook.

A CSV is UTF-8 with or without a byte-order mark, its columns separated by comma, semicolon or tab,
with Excel's line ``sep=;`` or without. A workbook is .xlsx; its cells are taken as shown, formulas
by their last value, merged cells for each of their rows (:mod:`.merged`). The header is found in
the first ten rows (:mod:`.headers`); columns stand in any order and case; blank rows and a header
that is repeated are nothing. What cannot be read as such is noted in Mistakes and gives no rows;
what was not read as it stands, or not at all, is noted there too, as no mistake.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

from ..errors import PlanError
from .formulas import unguarded
from .headers import SEARCHED_ROWS, Columns, header_at
from .merged import Merged, column_letters, merged_in, spread
from .mistakes import Mistakes
from .writing import OutputKind

Rows = list  # of (row number, {column: text})
Number = Callable[[object], Optional[str]]
SEPARATORS = ",;\t"
LARGEST_WORKBOOK_BYTES = 500_000_000
"""What a workbook may hold unpacked: a workbook is a zip, and a small one may unpack to fill the
memory.
"""
MOST_LISTED, LONGEST_SHOWN = 8, 80
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_DECLARED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


class Sheet(NamedTuple):
    """The rows of a sheet as texts, from its first row on, and its merged cells, whose values stand
    in all their rows.
    """

    rows: list[list[str]]
    merged: Sequence[Merged] = ()
    title: str = ""
    part: str = ""
    """Where the sheet lies in the workbook."""


def read_csv(content: bytes, file: str, columns: Columns, mistakes: Mistakes) -> Rows:
    """Return the rows of a CSV."""
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mistakes.add("rules.encoding", file=file, row=content[: error.start].count(b"\n") + 1)
        return []
    declared = _DECLARED.match(decoded)
    start = declared.end() if declared else 0
    separator = declared.group(1) if declared else _separator(decoded, columns)
    reader = csv.reader(io.StringIO(decoded[start:], newline=""), delimiter=separator)
    skipped = 1 if declared else 0
    try:
        lines = [(reader.line_num + skipped, [value.strip() for value in row]) for row in reader]
    except csv.Error as error:
        mistakes.add("rules.csv", file=file, row=max(reader.line_num + skipped, 1), reason=error)
        return []
    return _rows(lines, file, columns, mistakes, by_separator=True)


def _separator(decoded: str, columns: Columns) -> str:
    """Return what separates the columns: that by which a header is clearest, else what the header's
    line has most of.
    """
    lines = list(itertools.islice(io.StringIO(decoded), SEARCHED_ROWS))

    def clarity(separator: str) -> tuple[tuple[int, int], int]:
        try:
            rows = list(csv.reader(lines, delimiter=separator))
        except csv.Error:  # told when the whole is read
            rows = []
        at = header_at(rows, columns)
        return columns.clarity(rows[at]) if rows else (0, 0), lines[0].count(separator)

    return max(SEPARATORS, key=clarity) if lines else SEPARATORS[0]


def read_workbook(content: bytes, file: str, mistakes: Mistakes, number: Number | None = None) -> dict[str, Sheet]:
    """Return the sheets of a workbook by lower-case name.

    ``number`` gives a cell that holds a number its text, None for any other.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise PlanError("rules.no_openpyxl", file=file) from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _guard(parts, file)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            return {sheet.title.strip().lower(): _sheet(sheet, parts, number) for sheet in book.worksheets}
    except PlanError:
        raise
    except Exception as error:  # openpyxl and the XML below it raise whatever they like on a damaged workbook
        mistakes.add("rules.workbook", file=file, reason=error)
        return {}


def _sheet(sheet: Any, parts: zipfile.ZipFile, number: Number | None) -> Sheet:
    if number is None:
        rows = [[_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    else:
        rows = [[number(cell) or _shown(cell.value) for cell in row] for row in sheet.iter_rows()]
    with parts.open(sheet._worksheet_path) as part:  # a sheet that is read row by row does not tell what is merged
        merged = merged_in(part)
    spread(rows, merged)
    return Sheet(rows, merged, sheet.title.strip(), sheet._worksheet_path)


def read_sheet(sheet: Sheet, file: str, columns: Columns, mistakes: Mistakes) -> Rows:
    """Return the rows of one sheet."""
    rows = _rows(list(enumerate(sheet.rows, start=1)), file, columns, mistakes)
    first = rows[0][0] if rows else len(sheet.rows) + 1
    long = [one for one in sheet.merged if one.last_row >= first]
    down = [one for one in long if one.last_row > one.first_row]
    across = [one for one in long if one.last_column > one.first_column]
    for key, found in (("table.note.merged", down), ("table.note.merged_across", across)):
        if found:
            mistakes.note(key, file=file, count=len(found), listed=_listed([str(one) for one in sorted(found)]))
    return rows


def _guard(parts: zipfile.ZipFile, file: str) -> None:
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
    return _ESCAPED.sub(_unescaped, str(cell)).strip()


def _unescaped(found: re.Match[str]) -> str:
    """Return a character that a workbook may not hold as such: ``_x000D_`` is the line end that
    Excel wrote.
    """
    letter = chr(int(found.group(1), 16))
    return letter if letter.isprintable() or letter in "\t\n\r" else ""


def table_kind(columns: Columns, endings: tuple[str, ...], ending_error: str) -> OutputKind:
    """Return a CSV or workbook with these columns, which a person fills in."""

    def stranger(path: Path) -> str:
        mistakes, content = Mistakes(path), path.read_bytes()
        if path.suffix.lower() == ".csv":
            read_csv(content, path.name, columns, mistakes)
        else:
            sheets = read_workbook(content, path.name, mistakes)
            read_sheet(next(iter(sheets.values()), Sheet([])), path.name, columns, mistakes)
        told = mistakes.first() if mistakes else {}
        return str(told.get("found") or told.get("reason") or path.name) if told else ""

    return OutputKind(endings, ending_error, stranger)


def _rows(
    lines: Sequence[tuple[int, list[str]]], file: str, columns: Columns, mistakes: Mistakes, by_separator: bool = False
) -> Rows:
    """Return the rows below the header; ``by_separator``: a row with more cells than the header was
    cut in a wrong place.
    """
    at = header_at([cells for _, cells in lines[:SEARCHED_ROWS]], columns)
    header_row, head = lines[at] if lines else (1, [])
    if not _columns_are_right(head, columns, file, header_row, mistakes):
        return []
    if at:
        mistakes.note("table.note.header", file=file, row=header_row)
    names = [name.strip().lower() for name in head]
    telling = [(place, name) for place, name in enumerate(columns.names(head)) if name in columns.required]
    rows: Rows = []
    beside: Counter[int] = Counter()
    for number, cells in lines[at + 1 :]:
        if by_separator and any(cells[len(names) :]):
            mistakes.add("rules.cells", file=file, row=number, found=", ".join(cells)[:LONGEST_SHOWN])
        if any(cells) and not _is_header_again(cells, telling, columns):
            rows.append((number, {name: unguarded(cell) for name, cell in zip(names, cells) if name}))
            beside.update(_without_heading(cells, names))
    if beside:
        listed = _listed([column_letters(place + 1) for place in sorted(beside)])
        mistakes.note("table.note.no_heading", file=file, count=sum(beside.values()), listed=listed)
    return rows


def _is_header_again(cells: list[str], telling: Sequence[tuple[int, str]], columns: Columns) -> bool:
    """Return whether a row names the required columns where the header does: the second row of its
    merged cells, or the next page's.

    ``telling``: where the header names them.
    """
    return bool(telling) and all(columns.names(cells[place : place + 1]) == [name] for place, name in telling)


def _without_heading(cells: list[str], names: list[str]) -> list[int]:
    """Return the places of the filled cells that stand under no heading."""
    inside = [place for place, name in enumerate(names) if not name and place < len(cells)] if "" in names else []
    return [place for place in (*inside, *range(len(names), len(cells))) if cells[place]]


def _columns_are_right(head: list[str], columns: Columns, file: str, row: int, mistakes: Mistakes) -> bool:
    written = [name.strip().lower() for name in head]
    names = [name or other for name, other in zip(columns.names(head), written)]
    missing = [columns.shown(name) for name in columns.required if name not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if missing:
        found = ", ".join(filter(None, written)) or "–"
        mistakes.add("rules.columns", file=file, row=row, missing=", ".join(missing), found=found)
    for name in twice:
        mistakes.add("rules.column_twice", file=file, row=row, column=name)
    return not missing and not twice


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_LISTED]) + (" …" if len(names) > MOST_LISTED else "")
