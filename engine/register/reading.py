"""A register from a table: headers and words in Vietnamese or English, dates dd/mm/yyyy, numbers
with decimal commas.

Goes in: ``path`` of a CSV, XLSX, ODS or GeoPackage (``|layername=`` for a sheet or table). Comes
out: a Register. Paths are relative to the register and stay in its folder unless ``outside`` allows
more; a row whose path leaves it is marked, and its plan counts as unreadable, so that it does not
stop the others. Fails with RegisterError, which lists every mistake with row, column and remedy, or
with PlanError for a file that is no table.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path, PureWindowsPath
from typing import Any

import pyproj

from ..errors import PlanError
from ..intake.source import VSIZIP, split_source
from ..tables.headers import Columns
from .entry import Register, RegisterEntry
from .mistakes import RegisterMistakes
from .tables import read_rows
from .words import ENCODINGS, column_of, columns, shown_column, value_of, values

REQUIRED = ("plan_id", "level", "source")
COLUMNS = Columns(REQUIRED, column_of, shown_column)
PATHS = ("source", "label_map", "boundary")
LISTS = ("replaces", "upper_plans")
WORDS = ("level", "nature", "status", "code_generation")
DATES = ("decision_date", "valid_from", "valid_to")
REASON = "reason"
"""For the person who fills in a proposed register."""
WITHOUT_FILE = ("submitted", "drafting")
"""A plan that is not approved yet may have no file yet."""
LONGEST_TEXT = 2_000


def read_register(source: str | Path, outside: bool = False) -> Register:
    """Return the register at ``source``; ``outside``: paths may leave the register's folder."""
    path = Path(split_source(str(source))[0])
    mistakes = RegisterMistakes(path)
    rows = read_rows(str(source), COLUMNS, mistakes)
    mistakes.raise_if_any()
    if not rows:
        raise PlanError("error.register.no_rows", path=path)
    found = list(dict.fromkeys(header for _, row in rows for header in row))  # a row ends with its last filled cell
    headers = {header: column_of(header) for header in found if column_of(header)}
    notes = [*mistakes.notes]
    notes += [("register.note.column", {"column": name}) for name in found if name and not column_of(name)]
    reader = _Reader(path, outside, mistakes)
    entries = [
        reader.entry(number, {headers[h]: _composed(v) for h, v in row.items() if h in headers}) for number, row in rows
    ]
    _refer(entries, mistakes)
    mistakes.raise_if_any()
    return Register(path, tuple(entries), tuple(notes))


def _composed(words: str) -> str:
    return " ".join(unicodedata.normalize("NFC", words).split())


class _Reader:
    """Reads cells; what is wrong goes to ``mistakes`` with row and column."""

    def __init__(self, path: Path, outside: bool, mistakes: RegisterMistakes):
        self._path, self._outside, self._mistakes = path, outside, mistakes

    def entry(self, row: int, cells: dict[str, str]) -> RegisterEntry:
        """Return one row."""
        made: dict[str, Any] = {}
        for column, cell in cells.items():
            if column == REASON:
                continue
            if len(cell) > LONGEST_TEXT:
                self._wrong(row, column, f"{cell[:40]}…", "error.register.too_long")
            elif cell:
                made[column] = self._read(column)(row, column, cell)
        for column in REQUIRED:
            blank = not cells.get(column)
            if blank and not (column == "source" and made.get("status") in WITHOUT_FILE):
                self._mistakes.add("error.register.blank", **self._place(row, column))
        made = {name: value for name, value in made.items() if value is not None}
        made.update(self._kept_inside(made))
        start, end = made.get("valid_from"), made.get("valid_to")
        if start and end and start > end:
            self._wrong(row, "valid_to", end.isoformat(), "error.register.period")
        return RegisterEntry(row=row, **{"plan_id": "", **made})

    def _read(self, column: str) -> Callable[[int, str, str], object]:
        for kind, read in (
            (PATHS, self._source),
            (LISTS, self._list),
            (WORDS, self._word),
            (DATES, self._date),
            (("scale",), self._scale),
            (("crs",), self._crs),
            (("encoding",), self._encoding),
        ):
            if column in kind:
                return read
        return lambda row, column, cell: cell

    def _place(self, row: int, column: str) -> dict[str, object]:
        return {"file": self._path.name, "row": row, "column": column, "name_vi": columns()[column]["vi"]}

    def _wrong(self, row: int, column: str, found: str, key: str, **values: object) -> None:
        self._mistakes.add(key, found=found, **self._place(row, column), **values)

    def _list(self, row: int, column: str, cell: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.strip() for part in re.split(r"[;,\n|]", cell) if part.strip()))

    def _word(self, row: int, column: str, cell: str) -> str | None:
        value = value_of(column, cell)
        if not value:
            known = ", ".join(f"{name} ({row['vi']})" for name, row in values(column).items())
            self._wrong(row, column, cell, "error.register.word", known=known)
        return value or None

    def _date(self, row: int, column: str, cell: str) -> date | None:
        try:
            return day_of(cell, last=column == "valid_to")
        except ValueError:
            self._wrong(row, column, cell, "error.register.date")
            return None

    def _scale(self, row: int, column: str, cell: str) -> float | None:
        try:
            scale = number_of(re.sub(r"^1\s*[:/]\s*", "", cell))
        except ValueError:
            scale = 0.0
        if not 1.0 <= scale <= 1e8:
            self._wrong(row, column, cell, "error.register.scale")
            return None
        return scale

    def _crs(self, row: int, column: str, cell: str) -> str | None:
        given = f"EPSG:{cell}" if cell.isdecimal() else cell
        if not _crs_is_known(given):
            self._wrong(row, column, cell, "error.register.crs")
            return None
        return given

    def _encoding(self, row: int, column: str, cell: str) -> str | None:
        given = cell.lower().replace("utf8", "utf-8")
        if given not in ENCODINGS:
            self._wrong(row, column, cell, "error.register.encoding", known=", ".join(ENCODINGS))
            return None
        return given

    def _source(self, row: int, column: str, cell: str) -> str | None:
        try:
            path = split_source(cell)[0]
        except PlanError as error:
            self._wrong(row, column, cell, "error.register.source", reason=error.text("en"))
            return None
        inside = _bare(cell)
        if "\0" in path or not inside.strip() or re.match(r"/vsi|[a-z][a-z0-9+.-]+:", inside, re.I):
            self._wrong(row, column, cell, "error.register.no_file")
            return None
        return cell

    def _kept_inside(self, made: dict[str, Any]) -> dict[str, str]:
        """Return what to change in a row of which a path leaves the folder: the source stays for
        the report, the others are dropped.
        """
        if self._outside:
            return {}
        leaving = [column for column in PATHS if made.get(column) and self._leaves(_bare(made[column]))]
        changed = {column: "" for column in leaving if column != "source"}
        return {**changed, "outside": leaving[0]} if leaving else {}

    def _leaves(self, path: str) -> bool:
        """Return whether a path leads out of the register's folder: absolute, by "..", or by a
        link.
        """
        windows = PureWindowsPath(path)
        if windows.drive or windows.root or Path(path).is_absolute() or ".." in windows.parts:
            return True
        home = self._path.parent.resolve()
        target = (home / path).resolve()
        return home != target and home not in target.parents


def _bare(source: str) -> str:
    """Return the path of a source as the disk knows it."""
    path = split_source(source)[0]
    return path[len(VSIZIP) :] if path.startswith(VSIZIP) else path


def _refer(entries: list[RegisterEntry], mistakes: RegisterMistakes) -> None:
    """Ids stand once; plans above exist and are others."""
    first: dict[str, int] = {}
    for entry in entries:
        if entry.plan_id and entry.plan_id in first:
            mistakes.add("error.register.twice", row=entry.row, plan=entry.plan_id, other=first[entry.plan_id])
        first.setdefault(entry.plan_id, entry.row)
    for entry in entries:
        for upper in entry.upper_plans:
            if upper not in first:
                mistakes.add("error.register.no_such_plan", row=entry.row, plan=entry.plan_id, upper=upper)
        if entry.plan_id in (*entry.upper_plans, *entry.replaces):
            mistakes.add("error.register.itself", row=entry.row, plan=entry.plan_id)


def number_of(words: str) -> float:
    """Return a number as people write it: 10.000 and 10,000 and 10 000 are ten thousand, 0,5 and
    0.5 a half. ValueError else.
    """
    bare = words.replace("\u00a0", " ").strip()
    if re.fullmatch(r"\d{1,3}([ .,]\d{3})+", bare):
        return float(re.sub(r"[ .,]", "", bare))
    return float(bare.replace(" ", "").replace(",", "."))


def day_of(words: str, last: bool = False) -> date:
    """dd/mm/yyyy, yyyy-mm-dd or a year, of which the first or last day is meant. ValueError for
    anything else.
    """
    if re.fullmatch(r"\d{4}", words):
        return date(int(words), 12, 31) if last else date(int(words), 1, 1)
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})([T ]00:00(:00)?)?", words)
    if found:
        return date(*(int(part) for part in found.groups()[:3]))
    found = re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", words)
    if not found:
        raise ValueError(words)
    day, month, year = (int(part) for part in found.groups())
    return date(year, month, day)


@functools.lru_cache(maxsize=256)
def _crs_is_known(given: str) -> bool:
    try:
        pyproj.CRS.from_user_input(given)
    except pyproj.exceptions.CRSError:
        return False
    return True
