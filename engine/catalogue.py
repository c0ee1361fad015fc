"""Every word that a person reads: texts by key, and the catalogue of rules, in Vietnamese and
English.

Both are tables in resources/ that a translator edits in a spreadsheet: ``i18n/*.csv`` (key, en, vi)
and ``rules/findings.csv`` (one row a rule). Read with the standard library only, because the
toolbox must speak before geopandas is installed. A missing key is a programming error and raises
KeyError; a missing translation falls back to English.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
LANGUAGES = ("vi", "en")
Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


def language_of(locale: str | None) -> str:
    """ "vi" for a Vietnamese locale ("vi", "vi_VN"), else "en"."""
    return "vi" if (locale or "").lower().replace("-", "_").split("_")[0] == "vi" else "en"


def read_table(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV of ours: UTF-8, with or without a byte-order mark, blanks trimmed."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: (value or "").strip() for name, value in row.items() if name}


@functools.cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for path in sorted((RESOURCES / "i18n").glob("*.csv")):
        for row in read_table(path):
            if row["key"] in texts:
                raise KeyError(f"{path.name}: the key {row['key']} stands twice in resources/i18n")
            texts[row["key"]] = row
    return texts


def text(key: str, language: str, **values: object) -> str:
    """Return the text of ``key`` in ``language``, its {placeholders} filled with ``values``
    (numbers in the language's way).

    ``{count:label|labels}`` says the first word where ``count`` is 1, else the second.
    """
    row = _texts()[key]
    template = row.get(language) or row["en"]
    template = template.replace("\\n", "\n")
    return (
        template.format(**{name: _Filled(shown(value, language)) for name, value in values.items()})
        if values
        else template
    )


class _Filled(str):
    """A value as it is shown, which also chooses between the words for one and for several."""

    def __format__(self, spec: str) -> str:
        one, bar, several = spec.partition("|")
        return (one if self == "1" else several) if bar else super().__format__(spec)


def shown(value: object, language: str) -> str:
    """Return a value as a reader of ``language`` writes it: 1,234.5 in English, 1.234,5 in
    Vietnamese.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return number(value, 0 if float(value).is_integer() and abs(value) < 1e15 else 4, language, trim=True)


def number(value: float, decimals: int, language: str, trim: bool = False) -> str:
    """``value`` with ``decimals`` and grouped thousands, in the language's way; ``trim`` drops
    trailing zeros.
    """
    written = f"{value:,.{decimals}f}"
    if trim and "." in written:
        written = written.rstrip("0").rstrip(".")
    if language == "vi":
        written = written.replace(",", "\0").replace(".", ",").replace("\0", ".")
    return written


@dataclass(frozen=True)
class Rule:
    """One row of the catalogue of findings; ``text`` gives title, explanation, remedy or message in
    a language.
    """

    code: str
    severity: str
    iso19157: str
    words: tuple[tuple[str, str], ...]

    def text(self, part: str, language: str) -> str:
        """``part``: title, explanation, remedy or message (a template)."""
        words = dict(self.words)
        return words.get(f"{part}_{language}") or words[f"{part}_en"]


@functools.cache
def rules() -> dict[str, Rule]:
    """Return the catalogue of findings by rule code, in the order of the file."""
    catalogue: dict[str, Rule] = {}
    for row in read_table(RESOURCES / "rules" / "findings.csv"):
        if row["severity"] not in SEVERITIES:
            raise KeyError(f"findings.csv: {row['rule']}: severity is {row['severity']}, expected one of {SEVERITIES}")
        words = tuple((name, value) for name, value in row.items() if name[-3:] in ("_en", "_vi"))
        catalogue[row["rule"]] = Rule(row["rule"], row["severity"], row["iso19157"], words)
    return catalogue
