"""A rule set from a folder, a zip or a bare verdicts.csv, with every error named at once: file, row, column, remedy.

``verdicts.csv`` has the columns upper_code, lower_code, verdict (conflict, conditional, compatible) and may have
condition, min_area_m2, reason_vi, reason_en, reference, review; UTF-8, separated by comma, semicolon or tab as
spreadsheets write it. ``precedence.csv`` (upper_level, lower_level, must_adjust_vi, must_adjust_en, article) is optional:
the built-in one, from Art. 6 of the Law on Planning, stands in. A wrong set never runs: PlanError lists what is wrong.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import zipfile
import zlib
from pathlib import Path

from ..catalogue import RESOURCES, text
from ..errors import PlanError
from ..levels import LEVELS
from .ruleset import VERDICTS, Precedence, RuleSet, Verdict, fold

BUILT_IN = RESOURCES / "rulesets" / "provincial_draft"
VERDICTS_FILE, PRECEDENCE_FILE = "verdicts.csv", "precedence.csv"
REQUIRED = ("upper_code", "lower_code", "verdict")
LARGEST_FILE_BYTES = 200_000_000
SHOWN_ERRORS = 20


class _Mistakes:
    """Collects what is wrong; raised together so that a planner corrects the file once."""

    def __init__(self, source: Path):
        self._source, self._found = source, list[tuple[str, dict[str, object]]]()

    def add(self, key: str, **values: object) -> None:
        self._found.append((key, values))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        if self._found:
            raise RuleSetError(self._source, self._found)


class RuleSetError(PlanError):
    """A rule set that may not run; its text lists every mistake."""

    def __init__(self, source: Path, mistakes: list[tuple[str, dict[str, object]]]):
        self.mistakes = mistakes
        super().__init__("rules.wrong", source=source, count=len(mistakes))

    def text(self, language: str) -> str:
        lines = [super().text(language)]
        lines += [text(key, language, **values) for key, values in self.mistakes[:SHOWN_ERRORS]]
        if len(self.mistakes) > SHOWN_ERRORS:
            lines.append(text("rules.more", language, count=len(self.mistakes) - SHOWN_ERRORS))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text("en")


def read_ruleset(source: str | Path | None) -> RuleSet:
    """The rule set at ``source``: a folder, a zip or a CSV; the built-in draft where it is None or ""."""
    path = Path(source) if source else BUILT_IN
    files = _files(path)
    mistakes = _Mistakes(path)
    if VERDICTS_FILE not in files:
        raise PlanError("rules.no_verdicts", source=path)
    verdicts = _verdicts(files[VERDICTS_FILE], mistakes)
    own = files.get(PRECEDENCE_FILE)
    precedence = _precedence(own if own is not None else (BUILT_IN / PRECEDENCE_FILE).read_bytes(), mistakes)
    mistakes.raise_if_any()
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name])
    return RuleSet(path.stem, verdicts, precedence, digest.hexdigest())


def _files(path: Path) -> dict[str, bytes]:
    """The rule set's files by name, wherever they come from."""
    wanted = (VERDICTS_FILE, PRECEDENCE_FILE)
    try:
        if path.is_dir():
            return {name: _read(path / name) for name in wanted if (path / name).is_file()}
        if path.suffix.lower() == ".zip":
            return _zipped(path, wanted)
        return {VERDICTS_FILE: _read(path)}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: encrypted, or compressed in a way that Python does not know
        raise PlanError("rules.unreadable", source=path, reason=error) from error
    except OSError as error:
        raise PlanError("rules.unreadable", source=path, reason=error.strerror or error) from error


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise PlanError("rules.too_large", source=path, file=path.name, limit=LARGEST_FILE_BYTES)
    return path.read_bytes()


def _zipped(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    files = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = entry.filename.rsplit("/", 1)[-1]
            if name in wanted and name not in files:
                if entry.file_size > LARGEST_FILE_BYTES:
                    raise PlanError("rules.too_large", source=path, file=name, limit=LARGEST_FILE_BYTES)
                files[name] = archive.read(entry)
    return files


def _table(
    content: bytes, file: str, required: tuple[str, ...], mistakes: _Mistakes
) -> list[tuple[int, dict[str, str]]]:
    """(row number in the file, row) of a CSV; an unreadable one is a mistake and gives no rows."""
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mistakes.add("rules.encoding", file=file, row=content[: error.start].count(b"\n") + 1)
        return []
    header = decoded.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=max(",;\t", key=header.count))
    rows = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if not _columns_are_right(names, required, file, mistakes):
            return []
        for row in reader:
            cells = [value.strip() for value in row]
            if any(cells[len(names) :]):
                mistakes.add("rules.cells", file=file, row=reader.line_num)
            if any(cells):
                rows.append((reader.line_num, dict(zip(names, cells))))
    except csv.Error as error:
        mistakes.add("rules.csv", file=file, row=max(reader.line_num, 1), reason=error)
    return rows


def _columns_are_right(names: list[str], required: tuple[str, ...], file: str, mistakes: _Mistakes) -> bool:
    missing = [name for name in required if name not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if missing:
        mistakes.add("rules.columns", file=file, missing=", ".join(missing), found=", ".join(names) or "–")
    for name in twice:
        mistakes.add("rules.column_twice", file=file, column=name)
    return not missing and not twice


def _verdicts(content: bytes, mistakes: _Mistakes) -> dict[tuple[str, str], Verdict]:
    verdicts: dict[tuple[str, str], Verdict] = {}
    first_row: dict[tuple[str, str], int] = {}
    for number, row in _table(content, VERDICTS_FILE, REQUIRED, mistakes):
        place = {"file": VERDICTS_FILE, "row": number}
        blank = [name for name in REQUIRED if not row.get(name)]
        for name in blank:
            mistakes.add("rules.blank", column=name, **place)
        word = row.get("verdict", "").lower()
        if word and word not in VERDICTS:
            mistakes.add("rules.verdict", value=row["verdict"], expected=", ".join(VERDICTS), **place)
        min_area_m2 = _area(row.get("min_area_m2", ""))
        if min_area_m2 is None:
            mistakes.add("rules.number", column="min_area_m2", value=row["min_area_m2"], **place)
        if blank or word not in VERDICTS or min_area_m2 is None:
            continue
        verdict = Verdict(
            word,
            row.get("condition", ""),
            min_area_m2,
            row.get("reason_vi", ""),
            row.get("reason_en", ""),
            row.get("reference", ""),
            row.get("review", ""),
            row.get("source", ""),
            number,
        )
        pair = (fold(row["upper_code"]), fold(row["lower_code"]))
        earlier = verdicts.setdefault(pair, verdict)
        first_row.setdefault(pair, number)
        if (earlier.verdict, earlier.min_area_m2) != (word, min_area_m2):
            names = {"upper": row["upper_code"], "lower": row["lower_code"], "other_row": first_row[pair]}
            mistakes.add("rules.contradiction", value=_said(verdict), other=_said(earlier), **names, **place)
    if not verdicts and not mistakes:
        mistakes.add("rules.empty", file=VERDICTS_FILE)
    return verdicts


def _area(written: str) -> float | None:
    if not written:
        return 0.0
    try:
        area = float(written.replace(",", "."))
    except ValueError:
        return None
    return area if math.isfinite(area) and area >= 0 else None


def _said(verdict: Verdict) -> str:
    return f"{verdict.verdict} (min_area_m2 {verdict.min_area_m2:g})" if verdict.min_area_m2 else verdict.verdict


def _precedence(content: bytes, mistakes: _Mistakes) -> dict[tuple[str, str], Precedence]:
    levels, words = ("upper_level", "lower_level"), ("must_adjust_vi", "must_adjust_en")
    found = {}
    for number, row in _table(content, PRECEDENCE_FILE, (*levels, *words), mistakes):
        place = {"file": PRECEDENCE_FILE, "row": number}
        blank = [name for name in (*levels, *words) if not row.get(name)]
        for name in blank:
            mistakes.add("rules.blank", column=name, **place)
        for name in levels:
            if name not in blank and row[name].lower() not in LEVELS:
                mistakes.add("rules.level", column=name, value=row[name], expected=", ".join(LEVELS), **place)
        if not blank:
            who = Precedence(row["must_adjust_vi"], row["must_adjust_en"], row.get("article", ""))
            found[row["upper_level"].lower(), row["lower_level"].lower()] = who
    return found
