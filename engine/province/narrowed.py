"""What narrows the checks of a province: an input that is missing, or one that nobody gave.

Goes in: a register, its plans, the boundaries. Comes out: a :class:`Narrowed` for each, in the
order of the register; which places there are stands in docs/decisions/0012. Where an input is
missing that the register, or what the other plans have, shows to be due, a check is left undone or
half done: that is counted, and the whole is not passed. What nobody asked for is only reported.
Pure but for the names of the boundaries, which are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..catalogue import text
from ..names import same
from ..register.entry import Register, RegisterEntry
from ..tolerance import WIDTH_WITHOUT_SCALE_M
from .boundaries import Boundaries, TerritoryBoundary
from .jobs import BORDERS, DIAGRAM, Job
from .plans import Plans

BOUNDED = ("district", "commune")
"""Levels whose territories any layer of boundaries is made for."""


@dataclass(frozen=True)
class Narrowed:
    """``key`` and ``values`` of the sentence that says so; ``missing``: the checks that a missing
    input left undone or half done.
    """

    key: str
    values: dict[str, object]
    missing: int = 0

    def text(self, language: str) -> str:
        """Return the sentence."""
        return text(self.key, language, **self.values)


def of_register(register: Register, plans: Plans, given_width: bool, territory: str = "") -> list[Narrowed]:
    """Checks that the rows of the plans in force do not allow."""
    replaced = register.replaced_by()
    checked = [
        e
        for e in register.entries
        if e.plan_id in plans.plans and e.plan_id not in replaced and (not territory or same(e.territory, territory))
    ]
    rows = {entry.plan_id: entry for entry in register.entries}
    made = [one for entry in checked for one in _without_upper(entry, rows, plans)]
    named = {e.level for e in register.entries if e.upper_plans}
    uppers = {upper for e in register.entries for upper in e.upper_plans}
    for entry in checked:
        if entry.level in named and not entry.upper_plans and entry.code_field and entry.plan_id not in uppers:
            made.append(Narrowed("province.no_upper", {"plan": entry.plan_id, "row": entry.row}, 1))
    without_scale = [e.plan_id for e in checked if e.scale is None and not given_width]
    if without_scale:
        values = {"plans": ", ".join(without_scale), "width": WIDTH_WITHOUT_SCALE_M}
        made.append(Narrowed("province.no_scale", values))
    return made


def _without_upper(entry: RegisterEntry, rows: Mapping[str, RegisterEntry], plans: Plans) -> Iterable[Narrowed]:
    """Yield the upper plans of a row that no check can ask: without a file, or without a code on
    one of the two sides.
    """
    for upper in entry.upper_plans:
        values: dict[str, object] = {"lower": entry.plan_id, "upper": upper}
        codeless = [e.plan_id for e in (entry, rows[upper]) if not e.code_field]
        if upper not in plans.plans:
            yield Narrowed("province.without_upper", values, 1)
        elif codeless:
            yield Narrowed("province.no_code_field", {**values, "plans": ", ".join(codeless)}, 1)


def of_boundary(entry: RegisterEntry, boundaries: Boundaries, ground: TerritoryBoundary | None) -> Narrowed | None:
    """Return what the coverage check of a plan lacks, or has to report, of its boundary; None where
    all is well.
    """
    source = boundaries.source(entry)
    values: dict[str, object] = {"plan": entry.plan_id, "row": entry.row, "territory": entry.territory}
    values["boundaries"] = source
    if ground is not None and ground.by_folding:
        return Narrowed("province.by_folding", {**values, "name": ground.by_folding})
    if ground is not None and ground.unnamed:
        return Narrowed("province.only_zone", values)
    if ground is not None or not source:
        return None
    due = entry.level in BOUNDED or entry.level in boundaries.levels
    if not entry.territory:
        return Narrowed("province.no_territory", values, int(due))
    values["similar"] = ", ".join(boundaries.similar(entry)) or "–"
    return Narrowed("province.no_boundary", values, 1) if due else Narrowed("province.no_boundary_of_level", values)


def of_borders(jobs: Sequence[Job], register: Register, plans: Plans, standing_in: Iterable[str]) -> list[Narrowed]:
    """Plans that cannot be read and whose ground nothing shows, where other plans of their level
    have borders.
    """
    levels = {register.entry(job.plans[0]).level for job in jobs if job.kind == BORDERS}
    known, replaced = set(standing_in), register.replaced_by()
    return [
        Narrowed("province.without_third", {"plan": entry.plan_id})
        for entry in register.entries
        if entry.plan_id in plans.plans
        and plans.plans[entry.plan_id].error is not None
        and entry.plan_id not in known
        and entry.plan_id not in replaced
        and entry.level in levels
        and entry.nature != DIAGRAM
    ]


__all__ = ["Narrowed", "of_borders", "of_boundary", "of_register"]
