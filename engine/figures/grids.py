"""The sheets of a file as texts in rows and columns: workbooks (.xlsx, .xlsm) and CSV.

Numbers of a workbook become :class:`.numbers.Typed` texts with the decimals that the cell shows. A
formula counts by the value that was kept with it; one without is named in ``unkept``. Merged heads
count for each of their columns. Macros are never run, links never followed. Fails with PlanError
where a file is no such table: a PDF, an old or protected workbook, any other ending.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree  # nosec B405

from ..errors import PlanError
from ..tables.merged import Merged, column_letters
from ..tables.mistakes import Mistakes
from ..tables.reading import SEPARATORS, read_workbook
from .numbers import MOST_DECIMALS, Typed

WORKBOOKS = (".xlsx", ".xlsm")
LARGEST_BYTES = 200_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FORMAT_DECIMALS = re.compile(r"[0#?](?:\.([0#?]+))?")
Note = tuple  # (key, values)


@dataclass
class FigureGrid:
    """One sheet: ``rows`` of texts from its first row on, ``merged`` its merged cells, ``unkept``
    cells whose formula has no value.
    """

    sheet: str
    rows: list[list[str]]
    merged: Sequence[Merged] = ()
    unkept: frozenset[str] = frozenset()
    notes: list[Note] = field(default_factory=list)


def read_grids(path: Path) -> list[FigureGrid]:
    """Read all sheets of a file."""
    ending = path.suffix.lower()
    if ending not in (*WORKBOOKS, ".csv"):
        known = "figures.file." + ending[1:] if ending in (".pdf", ".xls", ".doc", ".docx", ".ods") else ""
        raise PlanError(known or "figures.file.other", file=path.name, ending=ending or "–")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise PlanError("figures.file.large", file=path.name, limit=LARGEST_BYTES // 1_000_000)
        content = path.read_bytes()
    except OSError as error:
        raise PlanError("figures.file.lost", file=path, reason=error.strerror or "") from error
    return [_csv(content, path)] if ending == ".csv" else _workbook(content, path)


def _csv(content: bytes, path: Path) -> FigureGrid:
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanError("figures.file.encoding", file=path.name, row=content[: error.start].count(b"\n") + 1) from error
    lines = list(itertools.islice(io.StringIO(decoded), 40))
    separator = max(SEPARATORS, key=lambda one: sum(min(line.count(one), 3) for line in lines))
    if separator == "," and any(line.count(";") > 1 for line in lines):
        separator = ";"  # the commas are decimal marks
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(decoded), delimiter=separator)]
    except csv.Error as error:
        raise PlanError("figures.file.damaged", file=path.name, reason=error) from error
    return FigureGrid("", rows)


def _workbook(content: bytes, path: Path) -> list[FigureGrid]:
    if content.startswith(_OLE):
        raise PlanError("figures.file.protected", file=path.name)
    mistakes = Mistakes(path)
    sheets = read_workbook(content, path.name, mistakes, _cell)
    if mistakes:
        raise PlanError("figures.file.damaged", file=path.name, reason=mistakes.first().get("reason", ""))
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        names = parts.namelist()
        linked = any(name.startswith("xl/externalLinks/") for name in names)
        macros = any(name.endswith("vbaProject.bin") for name in names)
        made = []
        for sheet in sheets.values():
            with parts.open(sheet.part) as part:
                unkept = frozenset(_unkept(part))
            made.append(FigureGrid(sheet.title, sheet.rows, sheet.merged, unkept))
    notes = [("figures.note.links", {"file": path.name})] if linked else []
    notes += [("figures.note.macros", {"file": path.name})] if macros else []
    if made:
        made[0].notes = notes
    return made


def _cell(cell: object) -> str | None:
    """Return a number as the cell shows it, None for what is no number."""
    value = getattr(cell, "value", None)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    shown = str(getattr(cell, "number_format", "General") or "General").split(";")[0]
    found = _FORMAT_DECIMALS.search(shown) if shown not in ("General", "@") and "%" not in shown else None
    if found:
        places = shown.split(".")[1:2]
        decimals = len(re.match(r"[0#?]*", places[0]).group()) if places else 0  # type: ignore[union-attr]
        return Typed(f"{value:.{min(decimals, MOST_DECIMALS)}f}")
    written = f"{value:.{MOST_DECIMALS}f}"
    return Typed(written.rstrip("0").rstrip(".") if "." in written else written)


def _unkept(part: IO[bytes]) -> list[str]:
    """Return the cells that hold a formula and no value."""
    found = []
    for _, element in ElementTree.iterparse(part):  # nosec B314
        kind = element.tag.rpartition("}")[2]
        if kind == "row":
            element.clear()
        if kind == "c":
            kinds = {child.tag.rpartition("}")[2]: child for child in element}
            if "f" in kinds and ("v" not in kinds or not kinds["v"].text):
                found.append(str(element.get("r", "")))
            element.clear()
    return found


def reference(row: int, column: int) -> str:
    """Name a cell as a spreadsheet does, from places that count from 0."""
    return f"{column_letters(column + 1)}{row + 1}"
