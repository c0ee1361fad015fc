"""The state of the plans of a register: what is missing, expired, not approved, replaced but still
used, or unreadable.

Goes in: a Register, the day, the plans that are expected (territory, level), and the plans that
could not be read. Comes out: one Remark for each, which becomes a finding of the rules register.*
once its place is known; and the status board, "6 of 13 approved, 2 submitted, 5 not yet", level by
level. Pure: no file is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ..catalogue import text
from ..errors import PlanError
from ..levels import LEVELS
from ..names import Found, Names, identity, same
from ..plan import Note
from .entry import APPROVED, Register, RegisterEntry
from .words import shown

SUBMITTED = ("submitted", "appraised")


@dataclass(frozen=True)
class Expected:
    """A plan that there has to be."""

    territory: str
    level: str


@dataclass(frozen=True)
class Remark:
    """A finding without its place. ``entry`` None: the plan is missing."""

    rule: str
    territory: str
    plan_id: str
    detail: str
    entry: RegisterEntry | None = None


def remarks(
    register: Register,
    today: date,
    language: str,
    expected: Sequence[Expected] = (),
    unreadable: Mapping[str, PlanError] | None = None,
    territory: str = "",
) -> list[Remark]:
    """Return all remarks, in the order of the register; only those on ``territory`` where one is
    given.
    """
    replaced = register.replaced_by()
    made: list[Remark] = []
    for entry in register.entries:
        for rule, detail in _of_entry(entry, register, replaced, today, language, unreadable or {}):
            made.append(Remark(rule, entry.territory, entry.plan_id, detail, entry))
    made += _missing(register, expected, language)
    return [remark for remark in made if not territory or same(remark.territory, territory)]


def chosen_territory(register: Register, expected: Sequence[Expected], wanted: str) -> tuple[str, list[Note]]:
    """(the territory that a person means by ``wanted``, as the register spells it; what has to be
    reported), "" where none is wanted.

    People may search without accents. PlanError where no plan is there, nor has to be, or more than
    one is meant.
    """
    if not wanted:
        return "", []
    names = Names([*(e.territory for e in register.entries), *(e.territory for e in expected)])
    found = names.find(wanted)
    if not found.name:
        similar = ", ".join(names.similar(wanted)) or "–"
        raise PlanError("error.province.territory", path=register.path, territory=wanted, similar=similar)
    return found.name, [("register.note.meant", {"given": wanted, "name": found.name})] if found.by_folding else []


def notes_on_names(register: Register, expected: Sequence[Expected]) -> list[Note]:
    """Return what differs only in accents, among the register's territories, and between it and the
    plans that are expected.
    """
    names = Names(entry.territory for entry in register.entries)
    notes: list[Note] = [
        ("register.note.alike", {"names": ", ".join(group)}) for group in names.alike_but_for_accents()
    ]
    for wanted, found in _standing_for(register, expected).items():
        if found.by_folding:
            notes.append(("register.note.expected", {"given": wanted.territory, "name": found.name}))
    return notes


def _standing_for(register: Register, expected: Sequence[Expected]) -> dict[Expected, Found]:
    """For each plan that is expected the territory of the plans that are it."""
    replaced = register.replaced_by()
    standing = {}
    for level in {wanted.level: None for wanted in expected}:
        there = Names(e.territory for e in register.entries if e.level == level and e.plan_id not in replaced)
        due = [wanted for wanted in expected if wanted.level == level]
        rivals = Names(wanted.territory for wanted in due)
        standing.update({wanted: there.find(wanted.territory, rivals) for wanted in due})
    return {wanted: standing[wanted] for wanted in expected}


def _of_entry(
    entry: RegisterEntry,
    register: Register,
    replaced: Mapping[str, str],
    today: date,
    language: str,
    unreadable: Mapping[str, PlanError],
) -> list[tuple[str, str]]:
    found = []
    if entry.plan_id in replaced:
        users = [e.plan_id for e in register.entries if entry.plan_id in e.upper_plans and e.plan_id not in replaced]
        if users:
            values = {"by": replaced[entry.plan_id], "users": ", ".join(users)}
            found.append(("register.expired", text("register.detail.replaced", language, **values)))
        return found
    if entry.plan_id in unreadable:
        found.append(("register.unreadable", unreadable[entry.plan_id].text(language)))
    if entry.valid_to is not None and entry.valid_to < today:
        day = f"{entry.valid_to:%d/%m/%Y}"
        found.append(("register.expired", text("register.detail.expired", language, day=day)))
    if entry.status != APPROVED:
        status = (
            shown("status", entry.status, language) if entry.status else text("register.detail.no_status", language)
        )
        key = "register.detail.status" if entry.source else "register.detail.status_no_file"
        found.append(("register.unapproved", text(key, language, status=status)))
    return found


def _missing(register: Register, expected: Sequence[Expected], language: str) -> list[Remark]:
    made = []
    for wanted, found in _standing_for(register, expected).items():
        if not found.name:
            level = shown("level", wanted.level, language)
            detail = text("register.detail.missing", language, level=level, territory=wanted.territory)
            made.append(Remark("register.missing", wanted.territory, "", detail))
    return made


@dataclass(frozen=True)
class Board:
    """How far the plans of one level are."""

    level: str
    count: int
    approved: int
    submitted: int

    @property
    def not_yet(self) -> int:
        """Plans that are being drafted, or that nobody has begun."""
        return self.count - self.approved - self.submitted

    def text(self, language: str) -> str:
        """ "District: 6 of 13 approved, 2 submitted, 5 not yet"."""
        return text(
            "register.board",
            language,
            level=shown("level", self.level, language),
            approved=self.approved,
            count=self.count,
            submitted=self.submitted,
            not_yet=self.not_yet,
        )


def boards(register: Register, expected: Sequence[Expected] = (), territory: str = "") -> list[Board]:
    """Return one board a level, highest first. A territory's best plan counts, or each plan where a
    territory may have many.
    """
    replaced, standing = register.replaced_by(), _standing_for(register, expected)
    made = []
    for level in LEVELS:
        states: dict[str, str] = {}
        for entry in register.entries:
            if entry.level != level or entry.plan_id in replaced:
                continue
            if territory and not same(entry.territory, territory):
                continue
            one = identity(entry.territory) if level in ("district", "commune") else ""
            one = one or entry.plan_id  # plans that name no territory are not versions of each other
            states[one] = max(states.get(one, ""), entry.status, key=_rank)
        for wanted, found in standing.items():
            if wanted.level == level and not found.name and (not territory or same(wanted.territory, territory)):
                states.setdefault(identity(wanted.territory), "")
        if states:
            reached = list(states.values())
            submitted = sum(state in SUBMITTED for state in reached)
            made.append(Board(level, len(reached), reached.count(APPROVED), submitted))
    return made


def _rank(status: str) -> int:
    return {APPROVED: 3, "appraised": 2, "submitted": 1}.get(status, 0)
