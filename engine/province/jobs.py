"""What there is to check in a province: one job for each plan, neighbour pair, and plan with one of those above it.

Goes in: a register and the plans whose files could be looked into. Comes out: the jobs in an order that goes over the map, so that
a plan's jobs lie close together and it can be let go soon. A plan that another approved one replaces is no longer checked. A
diagram is compared with what lies below it, and neither its coverage nor its borders mean anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..register.entry import Entry, Register
from ..register.words import fold
from .plans import Plans

COVERAGE, BORDERS, CONFORMITY, CODES, AREAS = "checkcoverage", "checkborders", "checkconformity", "codes", "areas"
DIAGRAM = "diagram"
ONE_A_TERRITORY = ("provincial", "district", "commune")
"""Levels of which a territory has one plan; two plans of it are versions of each other and no neighbours."""


@dataclass(frozen=True)
class Job:
    """``plans``: one, two neighbours, or the lower and the upper plan."""

    kind: str
    plans: tuple[str, ...]

    @property
    def name(self) -> str:
        """The plans, for a person."""
        return " – ".join(self.plans)


def plan_jobs(register: Register, plans: Plans, search_m: float, territory: str = "") -> list[Job]:
    """All jobs, or those in which a plan of ``territory`` takes part (a plan above it only as such)."""
    replaced = register.replaced_by()
    current = [e for e in register.entries if e.plan_id in plans.plans and e.plan_id not in replaced]
    chosen = [e for e in current if not territory or fold(e.territory) == fold(territory)]
    order = _over_the_map(current, plans)
    wanted = {entry.plan_id for entry in chosen}
    pairs = [pair for pair in _neighbours(current, plans, search_m, order) if wanted & set(pair)]
    jobs: list[Job] = []
    for entry in sorted(chosen, key=lambda e: order[e.plan_id]):
        if entry.nature != DIAGRAM:
            jobs.append(Job(COVERAGE, (entry.plan_id,)))
            jobs += [Job(AREAS, (entry.plan_id,))] if entry.declared_area_field else []
        if entry.code_field:
            jobs.append(Job(CODES, (entry.plan_id,)))
            uppers = [u for u in entry.upper_plans if u in plans.plans and register.entry(u).code_field]
            jobs += [Job(CONFORMITY, (entry.plan_id, upper)) for upper in uppers]
        jobs += [Job(BORDERS, pair) for pair in pairs if pair[1] == entry.plan_id]
    done = {job.plans for job in jobs if job.kind == BORDERS}
    return jobs + [Job(BORDERS, pair) for pair in pairs if pair not in done]


def without_upper(register: Register, plans: Plans, territory: str = "") -> list[tuple[str, str]]:
    """(lower, upper) pairs that the register asks for and no job can do: the upper plan has no file yet."""
    return [
        (entry.plan_id, upper)
        for entry in register.entries
        if entry.plan_id in plans.plans and (not territory or fold(entry.territory) == fold(territory))
        for upper in entry.upper_plans
        if upper not in plans.plans
    ]


def _over_the_map(entries: list[Entry], plans: Plans) -> dict[str, int]:
    """The rank of each plan from west to east; those of unknown place come last, in the order of the register."""
    places = []
    for number, entry in enumerate(entries):
        known = plans.plans[entry.plan_id].error is None
        places.append((0, float(plans.box(entry.plan_id)[0]), number) if known else (1, 0.0, number))
    ranked = sorted(range(len(entries)), key=lambda n: places[n])
    return {entries[number].plan_id: rank for rank, number in enumerate(ranked)}


def _neighbours(entries: list[Entry], plans: Plans, search_m: float, order: dict[str, int]) -> list[tuple[str, str]]:
    """Pairs of plans of one level whose boxes lie within the search width, the earlier one first."""
    level: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.nature != DIAGRAM and plans.plans[entry.plan_id].error is None:
            level.setdefault(entry.level, []).append(entry)
    pairs = []
    for name, members in level.items():
        members.sort(key=lambda e: order[e.plan_id])
        boxes = np.array([plans.box(e.plan_id) for e in members])
        sources = np.array([e.source for e in members], dtype=object)  # a file in two rows is no neighbour of itself
        for later in range(1, len(members)):
            near = (boxes[:later, :2] <= boxes[later, 2:] + search_m).all(axis=1)
            near &= (boxes[:later, 2:] >= boxes[later, :2] - search_m).all(axis=1)
            near &= sources[:later] != sources[later]
            for earlier in np.flatnonzero(near):
                same = fold(members[earlier].territory) == fold(members[later].territory)
                if not (same and name in ONE_A_TERRITORY):
                    pairs.append((members[earlier].plan_id, members[later].plan_id))
    return pairs
