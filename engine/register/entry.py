"""One row of a register, as the program sees it, and the register: all rows with the folder that
their paths start from.

Texts are trimmed and composed, words are the program's, dates are dates, plans that are named
exist. Made by :func:`.reading.read_register`; nothing here opens a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from ..intake.preparing import PreparationOptions
from ..intake.source import split_source

APPROVED = "approved"


@dataclass(frozen=True)
class RegisterEntry:
    """``row``: as the person counts. ``source``, ``label_map`` and ``boundary`` are as written; ""
    is blank everywhere.

    ``outside``: the column whose path leads out of the register's folder without leave; nothing of
    such a row is opened.
    """

    row: int
    plan_id: str
    title: str = ""
    level: str = ""
    territory: str = ""
    source: str = ""
    key_field: str = ""
    code_field: str = ""
    label_map: str = ""
    declared_area_field: str = ""
    crs: str = ""
    encoding: str = ""
    scale: float | None = None
    nature: str = "map"
    code_generation: str = ""
    status: str = ""
    decision_no: str = ""
    decision_date: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    replaces: tuple[str, ...] = ()
    upper_plans: tuple[str, ...] = ()
    boundary: str = ""
    outside: str = ""


@dataclass(frozen=True)
class Register:
    """``notes``: what is worth saying and no mistake, as keys of the catalogue with their
    values.
    """

    path: Path
    entries: tuple[RegisterEntry, ...]
    notes: tuple[tuple[str, dict[str, object]], ...] = field(default=())

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.path.parent

    def entry(self, plan_id: str) -> RegisterEntry:
        """Return the row of a plan; KeyError if there is none."""
        for found in self.entries:
            if found.plan_id == plan_id:
                return found
        raise KeyError(plan_id)

    def located(self, source: str) -> str:
        """Return a source of this register with its path from the register's folder on."""
        path = split_source(source)[0]
        return str(self.folder / path) + source[len(path) :]

    def wishes(self, entry: RegisterEntry) -> PreparationOptions:
        """Return how intake is to read the plan of a row."""
        return PreparationOptions(
            key_field=entry.key_field,
            code_field=entry.code_field,
            declared_area_field=entry.declared_area_field,
            code_generation=entry.code_generation,
            crs=entry.crs,
            encoding=entry.encoding,
            label_map=self.folder / entry.label_map if entry.label_map else None,
        )

    def replaced_by(self) -> dict[str, str]:
        """Return each plan that another row replaces, with the id of that row; an approved one
        replaces, a draft does not yet.
        """
        return {old: entry.plan_id for entry in self.entries if entry.status == APPROVED for old in entry.replaces}
