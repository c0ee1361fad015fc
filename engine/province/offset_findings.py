"""Which plans of a province lie off by a constant offset, one finding register.crs each, from what
the single checks have learnt.

Goes in: the jobs with their results, whose measures hold the offsets (:class:`.Offset`) of each
plan from its territory's boundary and of each pair of neighbours from each other. Comes out:
batches of findings. A boundary decides about its plan. Without one the neighbours do: the plan is
off that the fewest of them contradict; what is within the tolerance takes two neighbours that
agree. Where nothing shows which of two neighbours is off, the finding names both. Nothing is moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyproj
import shapely

from ..catalogue import number, text
from ..findings import batch
from ..intake.shifting import reading_of_offset
from .jobs import BORDERS, COVERAGE
from .offsets import Offset, offset_values
from .plans import RegisteredPlan

if TYPE_CHECKING:
    from .jobs import Done

SLACK_M, SLACK_SHARE, UNCERTAINTIES, RESIDUALS = 0.1, 0.01, 4.0, 2.0
"""Two measurements of one offset agree within this; borders that were surveyed apart differ
smoothly, so that what remains of one after the offset says how sure the offset is.
"""
FEWEST_NEIGHBOURS = 2


@dataclass(frozen=True)
class Measured:
    """The offset that one job has measured: of a plan from its boundary (``other`` "") or from its
    neighbour.
    """

    plan: str
    other: str
    offset: Offset
    width_m: float

    def correction(self, plan: str, of_other: np.ndarray) -> np.ndarray:
        """Return what must be added to ``plan``, one of the two, when ``of_other`` is added to the
        other one.
        """
        between = np.array([self.offset.dx_m, self.offset.dy_m])
        return of_other + between if plan == self.plan else of_other - between

    def partner(self, plan: str) -> str:
        """Return the other plan of the pair."""
        return self.other if plan == self.plan else self.plan

    @property
    def slack_m(self) -> float:
        """How far another measurement may differ."""
        offset = self.offset
        unsure_m = UNCERTAINTIES * offset.uncertainty_m + RESIDUALS * offset.residual_m
        return max(SLACK_M, SLACK_SHARE * offset.length_m, unsure_m)


def measured_by(jobs: Iterable[Done]) -> list[Measured]:
    """Return the offsets that the coverage and border jobs have measured."""
    made = []
    for done in jobs:
        if done.job.kind in (COVERAGE, BORDERS) and done.result is not None:
            offset = Offset.from_measures(done.result.measures)
            if offset is not None:
                plan, other = (*done.job.plans, "")[:2]
                made.append(Measured(plan, other, offset, done.width_m))
    return made


@dataclass
class Astray:
    """A plan that lies off: ``offset`` must be added to it. ``against``: neighbours; ``boundary``:
    its boundary says so too.

    ``either``: the other plan, where it is that one or this one.
    """

    plan: str
    offset: Offset
    width_m: float
    boundary: bool = False
    against: list[str] = field(default_factory=list)
    either: str = ""


def astray(measured: Iterable[Measured]) -> list[Astray]:
    """Return the plans that lie off, in the order of their names; see the module's paragraph."""
    measured = list(measured)
    pairs = [m for m in measured if m.other and m.offset.compared]
    found: dict[str, Astray] = {}
    settled: dict[str, np.ndarray] = {}
    for one in measured:
        if not one.other and one.offset.compared:
            settled[one.plan] = one.correction(one.plan, np.zeros(2))
            if one.offset.found:
                found[one.plan] = Astray(one.plan, one.offset, one.width_m, boundary=True)
    while (best := _most_contradicted(pairs, settled)) is not None:
        plan, votes = best
        corrections = np.array([m.correction(plan, _of(settled, m.partner(plan))) for m in votes])
        settled[plan] = np.median(corrections, axis=0)
        unsure_m, before_m = (max(getattr(m.offset, name) for m in votes) for name in ("uncertainty_m", "before_m"))
        x, y = (round(float(value), 3) for value in settled[plan])
        offset = Offset(True, True, x, y, before_m, uncertainty_m=unsure_m)
        found[plan] = Astray(plan, offset, max(m.width_m for m in votes))
    either = []
    for one in (m for m in pairs if m.offset.found):
        ends = [plan for plan in (one.plan, one.other) if plan in found]
        if ends and _explained(one, settled):
            for plan in ends:
                found[plan].against.append(one.partner(plan))
        elif one.offset.freed:
            either.append(Astray(one.plan, one.offset, one.width_m, either=one.other))
    return [found[plan] for plan in sorted(found)] + either


def _of(settled: Mapping[str, np.ndarray], plan: str) -> np.ndarray:
    return settled.get(plan, np.zeros(2))


def _explained(one: Measured, settled: Mapping[str, np.ndarray]) -> bool:
    wanted = one.correction(one.plan, _of(settled, one.other))
    return bool(np.hypot(*(wanted - _of(settled, one.plan))) <= one.slack_m)


def _most_contradicted(pairs: list[Measured], settled: Mapping[str, np.ndarray]) -> tuple[str, list[Measured]] | None:
    """Return the plan, not yet settled, that most neighbours want moved alike, with their votes;
    None where none stands out.
    """
    scores: dict[str, tuple[int, list[Measured]]] = {}
    for plan in sorted({name for m in pairs for name in (m.plan, m.other)} - set(settled)):
        mine = [m for m in pairs if plan in (m.plan, m.other)]
        votes = _alike(plan, [m for m in mine if m.offset.found and not _explained(m, settled)], settled)
        if votes and (len(votes) >= FEWEST_NEIGHBOURS or any(m.offset.freed for m in votes)):
            content = sum(not m.offset.found and m.offset.before_m <= m.width_m for m in mine)
            scores[plan] = (len(votes) - content, votes)
    for plan in sorted(scores, key=lambda name: -scores[name][0]):
        score, votes = scores[plan]
        partners = [m.partner(plan) for m in votes]
        if all(scores[partner][0] < score for partner in partners if partner in scores):
            return plan, votes
    return None


def _alike(plan: str, pairs: list[Measured], settled: Mapping[str, np.ndarray]) -> list[Measured]:
    """Return the largest group of pairs that ask for the same correction of ``plan``."""
    wanted = [m.correction(plan, _of(settled, m.partner(plan))) for m in pairs]
    groups = [
        [m for m, other in zip(pairs, wanted) if np.hypot(*(other - one)) <= max(m.slack_m, pair.slack_m)]
        for pair, one in zip(pairs, wanted)
    ]
    return max(groups, key=len, default=[])


def offset_batches(
    measured: Iterable[Measured],
    plans: Mapping[str, RegisteredPlan],
    place: Callable[[str], shapely.Geometry],
    crs: pyproj.CRS,
    language: str,
) -> list[pd.DataFrame]:
    """Return the findings of plans that lie off; ``place``: where the finding of a plan lies."""
    made = []
    for one in astray(measured):
        entry = plans[one.plan].entry
        only = one.either or (one.against[0] if len(one.against) == 1 and not one.boundary else "")
        values = {"plan_a": one.plan, "plan_b": only, "territory": entry.territory}
        severity = "error" if one.offset.length_m > one.width_m else "warning"
        detail = _detail(one, plans, crs, language)
        made.append(batch("register.crs", [place(one.plan)], severity=severity, detail=detail, **values))
    return made


def _detail(one: Astray, plans: Mapping[str, RegisteredPlan], crs: pyproj.CRS, language: str) -> str:
    """Return how far, where to, against what, why, and what to do."""
    add = {name: number(getattr(one.offset, f"{name}_m"), 2, language) for name in ("dx", "dy")}
    values = {**offset_values(one.offset, language), **add, "plan": one.plan, "other": one.either}
    if one.either:
        key = "offset.either"
    else:
        key = f"offset.off_{'boundary' if one.boundary else 'neighbours'}"
        values["neighbours"] = ", ".join(one.against)
    sentences = [text(key, language, **values)]
    if one.boundary and one.against:
        sentences.append(text("offset.neighbours_too", language, **values))
    sentences.append(_cause(one, plans[one.plan], crs, language))
    sentences.append(text("offset.to_do" if not one.either else "offset.to_do_either", language, **values))
    return " ".join(filter(None, sentences))


def _cause(one: Astray, plan: RegisteredPlan, crs: pyproj.CRS, language: str) -> str:
    """Return the CRS that the layer most likely is in, where one explains the offset."""
    if plan.bounds is None or plan.crs is None or one.either:
        return text("offset.cause_unknown", language) if not one.either else ""
    west, south, east, north = plan.bounds
    middle = np.array([[(west + east) / 2.0, (south + north) / 2.0]])
    offset_m = np.array([one.offset.dx_m, one.offset.dy_m])
    found = reading_of_offset(middle, plan.crs, crs, offset_m, UNCERTAINTIES * one.offset.uncertainty_m)
    if found is None:
        return text("offset.cause_unknown", language)
    key = "offset.cause_towgs84" if found.kind == "towgs84" else "offset.cause"
    return text(key, language, labelled=str(plan.crs.name), best=found.title)
