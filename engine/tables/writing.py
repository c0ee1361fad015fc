"""The one place where files are written: beside their place first, and renamed into it when they
are whole.

Goes in: where the file shall lie, its Kind, and what fills it. A disk that is full, a fault or a
kill leaves what lay there byte for byte, and no half file under its name. What lies there already
is replaced only where this program wrote it: the former output of the same kind. Fails with
PlanError: another ending, a folder, a stranger's file (``error.output_foreign``, with what was
found in it), not writable. Which files are inputs of a run, and so no outputs, is known to
:mod:`.outputs`.
"""

from __future__ import annotations

import csv
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import PlanError
from .formulas import guarded

ABANDONED_S = 3600.0
LOGS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""
PAGE_MARK = '<meta name="generator" content="Plan Concord">'
"""Stands in the head of each page that we make."""
OLDER_PAGES = ("Plan Concord", "Khớp quy hoạch")
LARGEST_PAGE_BYTES = 50_000_000
SHOWN = 5


@dataclass(frozen=True)
class OutputKind:
    """``endings``: how a name may end; ``ending_error``: the message for another. ``stranger``:
    what a file that lies there holds, in a few words, where it is no former output of this kind; ""
    where it is one.
    """

    endings: tuple[str, ...]
    ending_error: str
    stranger: Callable[[Path], str]


def require_own(path: Path, kind: OutputKind) -> Path:
    """``path`` itself, if a file of this kind may be written there."""
    if path.is_dir():
        raise PlanError("error.output_folder", path=path)
    if kind.endings and path.suffix.lower() not in kind.endings:
        raise PlanError(kind.ending_error, path=path)
    if path.exists() and path.stat().st_size:
        found = kind.stranger(path)
        if found:
            raise PlanError("error.output_foreign", path=path, found=found)
    return path


def require_kept(path: Path, old: Mapping[str, object], new: Mapping[str, object]) -> None:
    """Raise PlanError where the table at ``path`` holds what a person has written and its successor
    would not.

    ``old`` and ``new``: what a person may write, by what names it in a message.
    """
    lost = [name for name, value in old.items() if new.get(name) != value]
    if lost:
        shown = ", ".join(lost[:SHOWN]) + (" …" if len(lost) > SHOWN else "")
        raise PlanError("error.output_filled", path=path, count=len(lost), found=shown)


@contextmanager
def replaced(
    path: Path, kind: OutputKind | None, fault: str = "error.write", move: Callable[[Path, Path], object] = os.replace
) -> Iterator[Path]:
    """A path to write to, which takes the place of ``path`` when the block ends well.

    ``kind`` None: whatever lies in that folder is ours. ``move`` gets the whole file and its place.
    ``fault``: message where it cannot be written.
    """
    if kind is not None:
        require_own(path, kind)
    place = real(path)
    try:
        if kind is not None:
            clear_after_kills(place)
        with staging_folder(place) as folder:
            staged = Path(folder) / place.name
            yield staged
            move(staged, place)
    except OSError as error:
        raise PlanError(fault, path=path, reason=error.strerror or error) from error


def staging_folder(place: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a hidden folder beside ``place``, on the same disk, because only there a rename is
    whole.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=f".{place.stem}-", dir=place.parent)


def take_places(folder: Path, home: Path) -> set[str]:
    """Move all files of ``folder`` into ``home``; their names."""
    names = {part.name for part in folder.iterdir()}
    for name in sorted(names):
        os.replace(folder / name, home / name)
    return names


def real(path: Path) -> Path:
    """Return where the file lies; the target of a link, so that a link stays one."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def clear_after_kills(place: Path) -> None:
    """Remove what killed runs left half written beside ``place``; writing takes seconds, so an hour
    old is abandoned.
    """
    for folder in place.parent.glob(f".{glob.escape(place.stem)}-????????"):
        parts = {part.name for part in folder.iterdir()} if folder.is_dir() and not folder.is_symlink() else {""}
        ours = all(part.startswith(place.name) for part in parts)
        if ours and time.time() - folder.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(folder, ignore_errors=True)


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────


def write_page(path: Path, page: str, fault: str = "error.write") -> None:
    """Write a page of HTML."""
    with replaced(path, PAGE, fault) as place:
        place.write_text(page, encoding="utf-8")


def _strange_page(path: Path) -> str:
    content = _text_of(path, LARGEST_PAGE_BYTES)
    if content.startswith("<!DOCTYPE html>") and any(mark in content for mark in (PAGE_MARK, *OLDER_PAGES)):
        return ""
    return _first_line(content)


PAGE = OutputKind((".html", ".htm"), "error.output_ending_page", _strange_page)


# ── tables ────────────────────────────────────────────────────────────────────────────────────────


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]], separator: str = ",") -> None:
    """Fill ``path`` with a table as a spreadsheet reads it with its Vietnamese letters; no text in
    it acts as a formula.
    """
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter=separator)
        table.writerow(columns)
        table.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    """Return a value as a cell; what is not known (None, NaN, NaT, NA) is blank."""
    if isinstance(value, str):
        return guarded(value)
    try:
        return value if value is not None and bool(value == value) else ""
    except TypeError:  # pandas.NA is neither equal to itself nor not
        return ""


def csv_kind(columns: Sequence[str]) -> OutputKind:
    """Return a CSV with these columns, and maybe more."""

    def stranger(path: Path) -> str:
        content = _text_of(path)
        head = content.split("\n", 1)[0]
        found = next(csv.reader([head], delimiter=max(",;\t", key=head.count)), [])
        return "" if {*columns} <= {name.strip() for name in found} else _first_line(content)

    return OutputKind((".csv",), "error.output_ending_table", stranger)


def _text_of(path: Path, most: int = 100_000) -> str:
    with open(path, "rb") as file:
        return file.read(most).decode("utf-8-sig", errors="replace").lstrip()


def _first_line(content: str) -> str:
    """Return what stands first in a stranger's file, short enough for a message."""
    line = content.split("\n", 1)[0].strip()
    return "".join(letter for letter in line[:60] if letter.isprintable()) or "–"
