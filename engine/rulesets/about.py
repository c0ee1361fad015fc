"""What a rule set says of itself in ``ruleset.toml``: name, version, date, languages, validity,
what its codes are.

    name = "my_rules"                      version = "1.0"            date = 2026-11-22
    languages = ["vi", "en"]
    [title]     vi = "…"  en = "…"
    [validity]  from = 2021-01-01  to = 2030-12-31
    [upper]     vi = "…"  en = "…"         what the upper codes are
    [lower]     vi = "…"  en = "…"         what the lower codes are; generation = "tt08_2024"
    [codes]     standard = true            whether the standard lists of codes belong to the set

All may be left out. Goes in: the bytes. Comes out: (name, About, whether the standard lists belong
to it). An unknown key or a value of the wrong kind is noted in Mistakes with its key, the way a
cell is noted with its column.
"""

from __future__ import annotations

import contextlib
import datetime
from types import ModuleType

from ..catalogue import LANGUAGES
from ..errors import PlanError
from ..tables.mistakes import Mistakes
from .ruleset import About

STANDARD_GENERATION = "tt08_2024"
DEFAULT = About(generation=STANDARD_GENERATION)
_TEXTS = ("title", "upper", "lower")
_KEYS = {
    "": ("name", "version", "date", "languages", "title", "validity", "upper", "lower", "codes"),
    "title": LANGUAGES,
    "validity": ("from", "to"),
    "upper": LANGUAGES,
    "lower": (*LANGUAGES, "generation"),
    "codes": ("standard",),
}


def read_about(content: bytes, file: str, mistakes: Mistakes) -> tuple[str, About, bool]:
    """(name, About, whether the standard lists of codes belong to the set)."""
    toml = _toml(file)
    try:
        told = toml.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        mistakes.add("rules.encoding", file=file, row=content[: error.start].count(b"\n") + 1)
        return "", DEFAULT, True
    except toml.TOMLDecodeError as error:
        mistakes.add("rules.toml", file=file, reason=error)
        return "", DEFAULT, True
    values = _Values(told, file, mistakes)
    values.only_known_keys()
    about = About(
        version=values.word("", "version"),
        date=values.date("", "date"),
        languages=values.languages(),
        valid_from=values.date("validity", "from"),
        valid_to=values.date("validity", "to"),
        generation=values.word("lower", "generation") or STANDARD_GENERATION,
        **{table: {language: values.word(table, language) for language in LANGUAGES} for table in _TEXTS},
    )
    if about.valid_from and about.valid_to and about.valid_from > about.valid_to:
        values.wrong("validity", "to", about.valid_to, f">= {about.valid_from}")
    return values.word("", "name"), about, values.yes("codes", "standard")


def _toml(file: str) -> ModuleType:
    """Python's own reader from 3.11 on, else tomli, which is the same."""
    try:
        import tomllib
    except ImportError:
        try:
            import tomli as tomllib
        except ImportError as error:
            raise PlanError("rules.no_toml", file=file) from error
    return tomllib


class _Values:
    """The values of the file; asks for a kind, notes what is of another."""

    def __init__(self, told: dict[str, object], file: str, mistakes: Mistakes):
        self._told, self._file, self._mistakes = told, file, mistakes

    def only_known_keys(self) -> None:
        for table, known in _KEYS.items():
            for key in self._table(table):
                if key not in known:
                    named = f"{table}.{key}" if table else key
                    self._mistakes.add("rules.toml_key", file=self._file, column=named, expected=", ".join(known))

    def wrong(self, table: str, key: str, value: object, expected: str) -> None:
        named = f"{table}.{key}" if table else key
        self._mistakes.add("rules.toml_value", file=self._file, column=named, value=value, expected=expected)

    def word(self, table: str, key: str) -> str:
        value = self._table(table).get(key, "")
        if not isinstance(value, str):
            self.wrong(table, key, value, f'{key} = "…"')
            return ""
        return value.strip()

    def date(self, table: str, key: str) -> str:
        value = self._table(table).get(key, "")
        if isinstance(value, datetime.datetime):
            value = value.date()
        if isinstance(value, str) and value:
            with contextlib.suppress(ValueError):
                value = datetime.date.fromisoformat(value)
        if isinstance(value, datetime.date):
            return value.isoformat()
        if value != "":
            self.wrong(table, key, value, "2026-03-01")
        return ""

    def languages(self) -> tuple[str, ...]:
        value = self._told.get("languages", [])
        if not isinstance(value, list) or any(word not in LANGUAGES for word in value):
            self.wrong("", "languages", value, '["vi", "en"]')
            return ()
        return tuple(value)

    def yes(self, table: str, key: str) -> bool:
        value = self._table(table).get(key, True)
        if not isinstance(value, bool):
            self.wrong(table, key, value, "true, false")
        return value is not False

    def _table(self, table: str) -> dict[str, object]:
        if not table:
            return self._told
        value = self._told.get(table, {})
        if isinstance(value, dict):
            return value
        self.wrong("", table, value, f"[{table}]")
        self._told[table] = {}  # told once
        return {}
