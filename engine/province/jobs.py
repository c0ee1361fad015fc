"""What there is to check in a province: one job for each plan, neighbour pair, and plan with one of
those above it.

Goes in: a register and the plans whose files could be looked into. Comes out: the jobs in an order
that goes over the map, so that a plan's jobs lie close together and it can be let go soon. A plan
that another approved one replaces is no longer checked. A diagram is compared with what lies below
it, and neither its coverage nor its borders mean anything. The job of two neighbours names the
plans that lie near both: what a third territory covers is no gap between two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..faults import ProgramFault
from ..findings import CheckResult
from ..names import same
from ..planar.borders import reach_m
from ..register.entry import Register, RegisterEntry
from .grounds import Grounds
from .plans import Plans

COVERAGE, BORDERS, CONFORMITY, CODES, AREAS = "checkcoverage", "checkborders", "checkconformity", "codes", "areas"
REGISTER, OFFSETS = "register", "offsets"
"""What is asked of all plans together, after the jobs."""
DIAGRAM = "diagram"
ONE_A_TERRITORY = ("provincial", "district", "commune")
"""Levels of which a territory has one plan; two plans of it are versions of each other and no
neighbours.
"""


@dataclass(frozen=True)
class Job:
    """``plans``: one, two neighbours, or the lower and the upper plan. ``beside``: third plans
    whose ground a border must know.
    """

    kind: str
    plans: tuple[str, ...]
    beside: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The plans, for a person."""
        return " – ".join(self.plans)


def plan_jobs(
    register: Register,
    plans: Plans,
    grounds: Grounds,
    search_m: Callable[[Sequence[RegisterEntry]], float],
    territory: str = "",
) -> list[Job]:
    """Return all jobs, or those in which a plan of ``territory`` takes part (a plan above it only
    as such).

    ``search_m``: how far apart the border of some plans may be drawn.
    """
    replaced = register.replaced_by()
    current = [e for e in register.entries if e.plan_id in plans.plans and e.plan_id not in replaced]
    chosen = [e for e in current if not territory or same(e.territory, territory)]
    order = _over_the_map(current, plans)
    wanted = {entry.plan_id for entry in chosen}
    borders = [job for job in _borders(current, grounds, search_m, order) if wanted & set(job.plans)]
    jobs: list[Job] = []
    for entry in sorted(chosen, key=lambda e: order[e.plan_id]):
        if entry.nature != DIAGRAM:
            jobs.append(Job(COVERAGE, (entry.plan_id,)))
            jobs += [Job(AREAS, (entry.plan_id,))] if entry.declared_area_field else []
        if entry.code_field:
            jobs.append(Job(CODES, (entry.plan_id,)))
            uppers = [u for u in entry.upper_plans if u in plans.plans and register.entry(u).code_field]
            jobs += [Job(CONFORMITY, (entry.plan_id, upper)) for upper in uppers]
        jobs += [job for job in borders if job.plans[1] == entry.plan_id]
    return jobs + [job for job in borders if job not in jobs]


def _over_the_map(entries: list[RegisterEntry], plans: Plans) -> dict[str, int]:
    """Return the rank of each plan from west to east; those of unknown place come last, in the
    order of the register.
    """
    places = []
    for number, entry in enumerate(entries):
        known = plans.plans[entry.plan_id].error is None
        places.append((0, float(plans.box(entry.plan_id)[0]), number) if known else (1, 0.0, number))
    ranked = sorted(range(len(entries)), key=lambda n: places[n])
    return {entries[number].plan_id: rank for rank, number in enumerate(ranked)}


def _borders(
    entries: list[RegisterEntry],
    grounds: Grounds,
    search_m: Callable[[Sequence[RegisterEntry]], float],
    order: dict[str, int],
) -> list[Job]:
    """Return a job for each pair of plans of one level whose boxes lie within the search width, the
    earlier one first.
    """
    level: dict[str, list[RegisterEntry]] = {}
    for entry in entries:
        if entry.nature != DIAGRAM and grounds.box(entry.plan_id) is not None:
            level.setdefault(entry.level, []).append(entry)
    jobs, widest_m = [], search_m(entries)
    for members in level.values():
        members.sort(key=lambda e: order[e.plan_id])
        boxes = np.array([grounds.box(e.plan_id) for e in members])
        for later in range(1, len(members)):
            if not grounds.readable(members[later].plan_id):
                continue
            for earlier in np.flatnonzero(_meeting(boxes[:later], boxes[later], widest_m)):
                pair = (members[earlier], members[later])
                if grounds.readable(pair[0].plan_id) and _neighbours(*pair):
                    both = _common(boxes[earlier], boxes[later], reach_m(search_m(pair)))
                    near = [members[third] for third in np.flatnonzero(_meeting(boxes, both, 0.0))]
                    beside = tuple(e.plan_id for e in near if all(_neighbours(e, side) for side in pair))
                    jobs.append(Job(BORDERS, (pair[0].plan_id, pair[1].plan_id), beside))
    return jobs


def _neighbours(one: RegisterEntry, other: RegisterEntry) -> bool:
    """Return whether two plans of a level may have a border: not if they are one file, or versions
    of one territory's plan.
    """
    versions = same(one.territory, other.territory) and one.level in ONE_A_TERRITORY
    return one.source != other.source and not versions


def _meeting(boxes: np.ndarray, box: np.ndarray, reach_m: float) -> np.ndarray:
    """Return which ``boxes`` (n, 4) lie within ``reach_m`` of a box."""
    near = (boxes[:, :2] <= box[2:] + reach_m).all(axis=1) & (boxes[:, 2:] >= box[:2] - reach_m).all(axis=1)
    return np.asarray(near)


def _common(one: np.ndarray, other: np.ndarray, reach_m: float) -> np.ndarray:
    """Return the box of what lies within ``reach_m`` of both boxes, which are closer to each other
    than that.
    """
    return np.concatenate([np.maximum(one[:2], other[:2]) - reach_m, np.minimum(one[2:], other[2:]) + reach_m])


@dataclass
class Done:
    """A job with its result, or the reason why there is none; ``fault``: the reason is the program,
    not the plans.

    ``narrowed``: there is a result, but an input was missing, which the reason names.
    """

    job: Job
    status: str
    result: CheckResult | None = None
    reason: str = ""
    width_m: float = 0.0
    reused: bool = False
    narrowed: bool = False
    fault: ProgramFault | None = None
