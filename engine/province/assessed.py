"""Of which earlier findings a run of a province can say that they are gone, and of which it was not
asked.

A finding is spoken of by jobs: an overlap by the coverage of its plan, a conflict by the conformity
of its two plans, a missing code by every job that reads the plan's codes. Only when each of these
jobs was done can its absence mean that it is resolved. What should have been looked at and could
not, for want of a file or because the person stopped, is *unsure*; what lies on another territory
than the one asked for is *outside*. Goes in: the jobs of the run, all jobs that the province has,
the plans. Comes out: an array, one entry a finding. Never fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from ..names import identity
from .jobs import AREAS, BORDERS, CODES, CONFORMITY, COVERAGE, OFFSETS, REGISTER, Job

OF_THE_REGISTER = "register."
ELSEWHERE = "register.crs"
"""The one finding of a plan that lies off: its coverage was not looked at."""
SPOKEN_OF_BY = (
    ("border.", (BORDERS,)),
    ("conformity.", (CONFORMITY,)),
    ("area.", (AREAS,)),
    ("code.missing", (COVERAGE, CODES, CONFORMITY)),
    ("code.", (CODES, CONFORMITY)),
    (ELSEWHERE, (COVERAGE, BORDERS, OFFSETS)),
    (OF_THE_REGISTER, (REGISTER,)),
    ("", (COVERAGE,)),
)
"""By the beginning of a rule; the first that fits."""
OF_BOTH_PLANS, OF_ALL = (BORDERS, CONFORMITY), (OFFSETS, REGISTER)


@dataclass(frozen=True)
class Assessed:
    """``names``: the plans that the register names; ``readable``: those with a file that can be
    read.

    ``missing``: jobs that could not be done; ``astray``: plans that lie elsewhere; ``unasked``:
    jobs of other territories than ``territory``.
    """

    names: frozenset[str]
    readable: frozenset[str]
    missing: tuple[Job, ...] = ()
    astray: frozenset[str] = frozenset()
    unasked: tuple[Job, ...] = ()
    territory: str = ""

    def unsure(self, findings: gpd.GeoDataFrame) -> np.ndarray:
        """Return what this run should have looked for and could not."""
        lost = _Spoken(self.missing)
        return np.array([self._is_lost(lost, *row) for row in _rows(findings)], dtype=bool) & ~self.outside(findings)

    def outside(self, findings: gpd.GeoDataFrame) -> np.ndarray:
        """Return what nobody asked this run to look for."""
        if not self.territory:
            return np.zeros(len(findings), dtype=bool)
        wanted, unasked = identity(self.territory), _Spoken(self.unasked)
        elsewhere = np.array([identity(one) != wanted for one in findings["territory"]], dtype=bool)
        of_register = np.array([_is_of_register(rule) for rule, _, _ in _rows(findings)], dtype=bool)
        others = np.array([unasked.speak_of(*row) for row in _rows(findings)], dtype=bool)
        return np.where(of_register, elsewhere, others)

    def _is_lost(self, lost: _Spoken, rule: str, a: str, b: str) -> bool:
        if _is_of_register(rule):
            return lost.speak_of(rule, a, b)
        unread = bool({a, b} - {""} - self.readable)
        off = a in self.astray and _kinds(rule) == (COVERAGE,)
        return unread or off or lost.speak_of(rule, a, b)


class _Spoken:
    """Looks up whether some of many jobs speak of a finding."""

    def __init__(self, jobs: Iterable[Job]):
        self._pairs = {(job.kind, frozenset(job.plans)) for job in jobs}
        self._single = {(job.kind, name) for job in jobs for name in job.plans}

    def speak_of(self, rule: str, a: str, b: str) -> bool:
        """Return whether one of them finds what this rule says of these plans."""
        plans = frozenset({a, b} - {""})
        for kind in _kinds(rule):
            if kind in OF_ALL:
                if (kind, frozenset()) in self._pairs:
                    return True
            elif kind in OF_BOTH_PLANS and len(plans) == 2:
                if (kind, plans) in self._pairs:
                    return True
            elif any((kind, name) in self._single for name in plans):
                return True
        return False


def _kinds(rule: str) -> tuple[str, ...]:
    return next(kinds for start, kinds in SPOKEN_OF_BY if rule.startswith(start))


def _is_of_register(rule: str) -> bool:
    return rule.startswith(OF_THE_REGISTER) and rule != ELSEWHERE


def _rows(findings: gpd.GeoDataFrame) -> Iterable[tuple[str, str, str]]:
    return zip(findings["rule"], findings["plan_a"], findings["plan_b"])
