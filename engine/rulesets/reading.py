"""A rule set from a folder, a zip or a single table, with every error named at once: file, row,
column, remedy.

A folder or zip holds ``verdicts.csv`` (upper_code, lower_code, verdict; condition, min_area_m2,
reason_vi, reason_en, reference, source, review as one likes) and may hold ``ruleset.toml``
(:mod:`.about`), ``codes.csv`` (code; parents, name_vi, name_en, hex, generations, successor,
question_vi, question_en, realised_by, overlapping, source, review) and ``precedence.csv``
(upper_level, lower_level, must_adjust_vi, must_adjust_en, article, article_en). A bare CSV or .xlsx
is ``verdicts.csv``; a workbook may have sheets verdicts, codes and precedence. What is not there
has a default: the standard lists of codes, which ``codes.csv`` adds to and corrects, and the
precedence of Art. 6 of the Law on Planning. A wrong set never runs: RuleSetError, a PlanError,
lists what is wrong.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ..catalogue import RESOURCES
from ..errors import PlanError
from ..tables.files import read_file, read_files
from ..tables.headers import Columns
from ..tables.mistakes import Mistakes, RuleSetError
from ..tables.reading import Rows, read_csv, read_sheet, read_workbook
from .about import DEFAULT, read_about
from .lookup import Finder
from .parsing import (
    CODES_REQUIRED,
    PRECEDENCE_REQUIRED,
    REQUIRED,
    check_codes,
    check_crossings,
    check_labels,
    codes_of,
    labels_of,
    precedence_of,
    verdicts_of,
)
from .ruleset import About, Code, RuleSet, _lineage

BUILT_IN = RESOURCES / "rulesets" / "provincial_draft"
STANDARD_CODES = (RESOURCES / "codes" / "land_use_codes.csv", RESOURCES / "codes" / "provincial_zones.csv")
CITATIONS = ("reference_en", "article_en")
VERDICTS_FILE, PRECEDENCE_FILE, CODES_FILE, ABOUT_FILE = "verdicts.csv", "precedence.csv", "codes.csv", "ruleset.toml"
WORKBOOK = "verdicts.xlsx"
FILES = (VERDICTS_FILE, PRECEDENCE_FILE, CODES_FILE, ABOUT_FILE, WORKBOOK)
TABLES = {
    VERDICTS_FILE: Columns(REQUIRED),
    PRECEDENCE_FILE: Columns(PRECEDENCE_REQUIRED),
    CODES_FILE: Columns(CODES_REQUIRED),
}


def read_ruleset(source: str | Path | None) -> RuleSet:
    """Return the rule set at ``source``: a folder, a zip, a CSV or a workbook; the built-in draft
    where it is None or "".

    A list of createrules with accepted codes is judged by the built-in rows, as far as it has none
    of its own.
    """
    return _read(source, _with_built_in)


def read_list(source: str | Path) -> RuleSet:
    """Return an earlier list of createrules: only what it says itself, whatever set it was filled
    from.
    """
    return _read(source, None)


def _read(source: str | Path | None, completed: Callable[[dict, Rows], dict] | None) -> RuleSet:
    path = Path(source) if source else BUILT_IN
    files = read_files(path, FILES, VERDICTS_FILE)
    mistakes = Mistakes(path)
    if VERDICTS_FILE not in files and WORKBOOK not in files:
        raise PlanError("rules.no_verdicts", source=path)
    if VERDICTS_FILE in files and WORKBOOK in files:
        raise PlanError("rules.two_verdicts", source=path)
    name, about, standard = path.stem, DEFAULT, True
    if ABOUT_FILE in files:
        named, about, standard = read_about(files[ABOUT_FILE], ABOUT_FILE, mistakes)
        name = named or name
    rules = _made(name, about, _tables(files, path, mistakes), standard, completed, mistakes)
    mistakes.raise_if_any()
    return dataclasses.replace(rules, digest=_digest(rules), notes=tuple(mistakes.notes))


def _tables(files: Mapping[str, bytes], path: Path, mistakes: Mistakes) -> dict[str, tuple[str, Rows]]:
    """Return (how a mistake calls the table, rows) of each table of the set."""
    tables = {}
    for name, columns in TABLES.items():
        if name in files:
            tables[name] = (name, read_csv(files[name], name, columns, mistakes))
    if WORKBOOK in files:
        called = path.name if path.is_file() and path.suffix.lower() != ".zip" else WORKBOOK
        sheets = read_workbook(files[WORKBOOK], called, mistakes)
        for name, columns in TABLES.items():
            sheet = Path(name).stem
            if name == VERDICTS_FILE and sheets and sheet not in sheets:
                sheet = next(iter(sheets))
            if sheet in sheets and name not in tables:
                where = f"{called} [{sheet}]"
                tables[name] = (where, read_sheet(sheets[sheet], where, columns, mistakes))
    return tables


def _made(
    name: str,
    about: About,
    tables: Mapping[str, tuple[str, Rows]],
    standard: bool,
    completed: Callable[[dict, Rows], dict] | None,
    mistakes: Mistakes,
) -> RuleSet:
    """Return what the tables say, as a RuleSet that has no digest yet."""
    codes = dict(standard_codes()) if standard else {}
    if CODES_FILE in tables:
        where, rows = tables[CODES_FILE]
        codes.update(codes_of(rows, where, mistakes))
        check_codes(rows, codes, where, mistakes)
    where, rows = tables.get(VERDICTS_FILE, (VERDICTS_FILE, []))
    before = len(mistakes)
    verdicts = verdicts_of(rows, where, mistakes)
    labels = labels_of(rows, where, mistakes)
    if labels and completed and len(tables) == 1:
        verdicts = completed(verdicts, rows)
    if len(mistakes) == before:
        finder = Finder(verdicts, functools.partial(_lineage, codes))
        known = {"upper": finder.knows_upper, "lower": finder.knows_lower}
        check_labels(rows, known, codes, where, mistakes)
        check_crossings(verdicts, codes, where, mistakes)
    if PRECEDENCE_FILE in tables:
        precedence = precedence_of(tables[PRECEDENCE_FILE][1], tables[PRECEDENCE_FILE][0], mistakes)
    else:
        own = read_csv(read_file(BUILT_IN / PRECEDENCE_FILE), PRECEDENCE_FILE, TABLES[PRECEDENCE_FILE], mistakes)
        precedence = precedence_of(own, PRECEDENCE_FILE, mistakes)
    return RuleSet(name, verdicts, precedence, "", codes, about, labels)


def _with_built_in(verdicts: dict, rows: Rows) -> dict:
    """Return the list's own rows and the built-in ones, which judge accepted codes. A list that was
    filled from another set stands by its own rows: that set is not here, and what the list leaves
    open is reported as unlisted.
    """
    filled_from = {row.get("base", "") for _, row in rows} - {"", BUILT_IN.name}
    return verdicts if filled_from else {**_built_in_verdicts(), **verdicts}


@functools.cache
def standard_codes() -> Mapping[str, Code]:
    """Return the land-use codes of three generations and the zones of provincial plans, by folded
    code.
    """
    return _ours(STANDARD_CODES, TABLES[CODES_FILE], codes_of)


@functools.cache
def _built_in_verdicts() -> Mapping:
    return _ours((BUILT_IN / VERDICTS_FILE,), TABLES[VERDICTS_FILE], verdicts_of)


def _ours(paths: tuple[Path, ...], columns: Columns, parse: Callable[[Rows, str, Mistakes], dict]) -> dict:
    """Tables that lie in resources/, which a person may have edited."""
    found: dict = {}
    for path in paths:
        mistakes = Mistakes(path)
        found.update(parse(read_csv(read_file(path), path.name, columns, mistakes), path.name, mistakes))
        mistakes.raise_if_any()
    return found


def _digest(rules: RuleSet) -> str:
    """SHA-256 of all that decides or explains a verdict, sorted, so that neither wrapping nor order
    of rows counts.
    """
    told = hashlib.sha256()

    def add(section: str, table: Mapping) -> None:
        lines = [json.dumps([key, _plain(value)], ensure_ascii=False, sort_keys=True) for key, value in table.items()]
        told.update(f"{section}\n".encode() + "\n".join(sorted(lines)).encode() + b"\n")

    add("about", vars(rules.about))
    for section in ("verdicts", "codes", "precedence", "labels"):
        add(section, getattr(rules, section))
    return told.hexdigest()


def _plain(value: object) -> object:
    """Return a value as JSON knows it; the row number of a verdict is where it stands, not what it
    says.

    A citation in English counts where there is one, so that sets without it keep the digest that
    they always had.
    """
    if isinstance(value, (str, tuple, dict, float)):
        return value
    return {name: part for name, part in vars(value).items() if name != "row" and (part or name not in CITATIONS)}


__all__ = ["BUILT_IN", "About", "RuleSetError", "read_list", "read_ruleset", "standard_codes"]
