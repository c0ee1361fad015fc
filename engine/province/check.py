"""A whole province from its register: all jobs, side by side, their findings in one list, and what
could not be assessed.

Goes in: a Register, a RuleSet, ProvinceOptions. Comes out: a ProvinceResult, the same whether
results were kept from an earlier run or computed now, and however many jobs ran at once. A plan
that cannot be read, or a check that cannot run, never stops the others: it is reported, and what
depends on it is "not assessed". When the person stops, what is finished is kept and the run is
"partial". Fails with PlanError where no plan at all can be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from ..catalogue import SEVERITIES, text
from ..checks.borders import search_width
from ..errors import PlanError
from ..faults import ProgramFault, told_faults
from ..findings import CheckResult, Measure, Outcome, assemble
from ..identity.naming import repeated
from ..progress import Cancelled, Progress
from ..record import MEASURE_FIELDS
from ..register.entry import Register, RegisterEntry
from ..register.state import boards, chosen_territory, notes_on_names
from ..rulesets.period import told_of_period
from ..rulesets.ruleset import RuleSet
from ..stages import Stages
from ..tolerance import Tolerance
from .assessed import ELSEWHERE, Assessed
from .boundaries import Boundaries
from .grounds import Grounds
from .jobs import COVERAGE, OFFSETS, REGISTER, Done, Job, plan_jobs
from .kept import Kept
from .memory import Memory
from .narrowed import Narrowed, of_borders, of_register
from .offset_findings import measured_by, offset_batches
from .options import ProvinceOptions
from .plans import Plans
from .registercheck import look_into_all, place_of, register_batches
from .side_by_side import WeightedJob, processors, side_by_side
from .single import Single, step_text

Answer = TypeVar("Answer")
PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_ASSESSED: Final = "not_assessed"
PARTIAL: Final = "partial"
CANCELLED: Final = "cancelled"
PROVINCE = {"looking": 5.0, "checking": 92.0, "writing": 3.0}
"""The stages of a province; the checks take nearly all of its time."""


@dataclass
class ProvinceResult:
    """``result``: all findings with the numbers of the whole; ``jobs``: each with its own numbers;
    ``crs``: the working CRS.
    """

    result: CheckResult
    jobs: list[Done]
    crs: pyproj.CRS
    inputs: list[dict[str, str]]
    board: list[str]
    complete: bool
    assessed: Assessed

    @property
    def faults(self) -> list[ProgramFault]:
        """What of the program failed, each once; a plan that could not be read fails in all its
        jobs.
        """
        return list({id(done.fault): done.fault for done in self.jobs if done.fault is not None}.values())

    @property
    def reused_count(self) -> int:
        """Jobs whose results were kept from an earlier run."""
        return sum(done.reused for done in self.jobs)

    def measures_table(self, run_id: str) -> pd.DataFrame:
        """Return the numbers of the whole, then those of each job under the names of its plans."""
        rows = [(m.name, float(m.value), m.unit, "", "", run_id) for m in self.result.measures]
        for done in self.jobs:
            if done.result is not None:
                territory = done.result.territory
                rows += [
                    (m.name, float(m.value), m.unit, done.job.name, territory, run_id) for m in done.result.measures
                ]
        return pd.DataFrame(rows, columns=[name for name, _ in MEASURE_FIELDS])


def check_province(
    register: Register, rules: RuleSet, options: ProvinceOptions, language: str, run_id: str, progress: Progress
) -> ProvinceResult:
    """Every plan of the register against its territory, its neighbours and the plans above it."""
    stages = Stages(progress, PROVINCE)
    territory, meant = chosen_territory(register, options.expected, options.territory)
    options = replace(options, territory=territory)
    notes = (*register.notes, *options.notes, *meant, *notes_on_names(register, options.expected))
    log = [text(key, language, **values) for key, values in notes]
    plans, boundaries = Plans(register, options.memory_bytes), Boundaries(register, options.boundaries)
    look_into_all(plans, language, stages.begin("looking"))
    crs, why = plans.choose_crs(options.working_crs, language)
    log.append(why)
    if boundaries.from_beside:
        log.append(text("province.boundaries_beside", language, path=boundaries.from_beside))
    elif not options.boundaries and not all(entry.boundary for entry in register.entries):
        log.append(text("province.no_boundaries", language))
    return _Province(_Asked(register, rules, options, language, run_id), stages, plans, boundaries, crs, log).result()


@dataclass(frozen=True)
class _Asked:
    """What :func:`check_province` was asked for; the territory in ``options`` is the register's."""

    register: Register
    rules: RuleSet
    options: ProvinceOptions
    language: str
    run_id: str


class _Province:
    def __init__(
        self,
        asked: _Asked,
        stages: Stages,
        plans: Plans,
        boundaries: Boundaries,
        crs: pyproj.CRS,
        log: list[str],
    ):
        self._register, self._rules, self._options = asked.register, asked.rules, asked.options
        self._language, self._run_id, self._stages = asked.language, asked.run_id, stages
        self._plans, self._boundaries, self._crs, self._log = plans, boundaries, crs, log
        self._kept = Kept(asked.options.output)
        self._grounds = Grounds(plans, boundaries, self._kept, crs)
        self._narrowed: list[Narrowed] = []

    def result(self) -> ProvinceResult:
        """Everything."""
        jobs = plan_jobs(self._register, self._plans, self._grounds, self._search_m, self._options.territory)
        if not jobs:
            raise PlanError(
                "error.province.no_jobs", path=self._register.path, territory=self._options.territory or "–"
            )
        done = self._all(jobs)
        complete = not any(one.status == CANCELLED for one in done)
        if complete:
            self._kept.forget_the_rest()
        return self._merged(done, complete)

    def _search_m(self, entries: Sequence[RegisterEntry]) -> float:
        """Return how far apart the borders of these plans may be drawn: the coarsest of them
        governs.
        """
        return max(search_width(Tolerance.choose(self._options.width_m, entry.scale)) for entry in entries)

    def _all(self, jobs: list[Job]) -> list[Done]:
        """Return every job, in the order of ``jobs``: what is known first, then the rest side by
        side.
        """
        given = (self._register, self._plans, self._boundaries, self._grounds)
        single = Single(*given, self._rules, self._options, self._crs, self._language)
        done = [Done(job, CANCELLED, width_m=single.tolerance(job).width_m) for job in jobs]
        keys: dict[int, str] = {}
        checking = self._stages.begin("checking")
        for number, one in enumerate(done):
            if checking.cancelled():
                return done
            keys[number] = self._look(single, one)
            if one.reused:
                checking.step(0.0, step_text(one.job, self._register, self._language))
        rest = [number for number, one in enumerate(done) if one.status == CANCELLED]
        self._plans.expect([(*jobs[number].plans, *jobs[number].beside) for number in rest])
        tasks = [self._task(single, place, done[number], keys[number]) for place, number in enumerate(rest)]
        at_once = self._options.at_once or processors()
        memory_bytes = self._plans.memory.jobs_bytes(at_once)
        for _ in side_by_side(tasks, at_once, memory_bytes, checking):
            pass  # each task writes into its own Done
        self._log += [line for one in done for line in self._told(one)]
        self._narrowed = self._narrowings(single, done)
        self._log += [one.text(self._language) for one in self._narrowed]
        return done

    def _narrowings(self, single: Single, done: list[Done]) -> list[Narrowed]:
        """Return what the checks did without. A coverage check without the boundary that it should
        have had is not passed.
        """
        found = of_register(self._register, self._plans, self._options.width_m is not None, self._options.territory)
        for one in done:
            told = (
                single.narrowed.get(one.job.plans[0]) if one.job.kind == COVERAGE and one.result is not None else None
            )
            if told is not None:
                found.append(told)
                one.narrowed = told.missing > 0
                if one.narrowed:
                    one.reason = told.text(self._language)
                    one.status = NOT_ASSESSED if one.status == PASSED else one.status
        jobs = [one.job for one in done]
        return found + of_borders(jobs, self._register, self._plans, self._grounds.stood_in)

    def _look(self, single: Single, done: Done) -> str:
        """Return the key of a job; what is known without doing it goes into ``done``."""

        def known() -> str:
            for name in done.job.plans:
                error = self._plans.plans[name].error
                if error is not None:
                    raise error
            key = single.key(done.job)
            result = self._kept.find(key, self._crs)
            if result is not None:
                done.status, done.result, done.reused = result.status, result, True
            return key

        return self._safely(done, known) or ""

    def _task(self, single: Single, place: int, done: Done, key: str) -> WeightedJob[None]:
        """Carry out a job, which is the one at ``place`` of those that ask for plans."""
        job = done.job
        sizes, beside = ([self._plans.plans[name].memory_bytes for name in names] for names in (job.plans, job.beside))

        def run(progress: Progress) -> None:
            def carry_out() -> None:
                result = single.result(job, progress)
                if single.key(job) == key:  # a plan beside it may have turned out to be unreadable
                    self._kept.keep(key, result)
                done.status, done.result = result.status, result

            try:
                self._safely(done, carry_out)
            finally:
                self._plans.release(place, (*job.plans, *job.beside))

        memory_bytes = max(Memory.of_job(sizes), Memory.of_job([max(beside, default=0)]))
        return WeightedJob(run, memory_bytes, 1.0 + sum(sizes), step_text(job, self._register, self._language))

    def _safely(self, done: Done, work: Callable[[], Answer]) -> Answer | None:
        """Return what ``work`` answers; where it cannot be done, the reason goes into ``done``."""
        try:
            with told_faults(step_text(done.job, self._register, self._language)):
                return work()
        except Cancelled:
            done.status = CANCELLED
        except PlanError as error:
            done.status, done.reason = NOT_ASSESSED, error.text(self._language)
            done.fault = error if isinstance(error, ProgramFault) else None
        return None

    def _told(self, done: Done) -> list[str]:
        if done.status == NOT_ASSESSED:
            values = {"job": step_text(done.job, self._register, self._language), "reason": done.reason}
            return [text("province.not_assessed", self._language, **values)]
        return [] if done.result is None else done.result.told

    def _merged(self, done: list[Done], complete: bool) -> ProvinceResult:
        found = [one.result.findings for one in done if one.result is not None]
        for kind, make in ((REGISTER, self._register_state), (OFFSETS, lambda: self._offsets(done))):
            found += self._of_all(kind, make, done)
        table = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
        # What two checks see of one zone, such as its missing code, is one finding, whatever ground
        # each lets it carry.
        table = table[~table["finding_id"].duplicated()].reset_index(drop=True)
        table = table[~repeated(table)]
        rank = {name: place for place, name in enumerate(SEVERITIES)}
        table = table.assign(_order=table["severity"].map(rank), run_id=self._run_id)
        order, ways = ["_order", "rule", "area_m2", "finding_id"], [True, True, False, True]
        table = table.sort_values(order, ascending=ways, kind="stable").drop(columns="_order").reset_index(drop=True)
        unsure = [one for one in done if one.status in (NOT_ASSESSED, CANCELLED) or one.narrowed]
        missing = [one for one in unsure if not one.narrowed]
        narrowed = sum(one.missing for one in self._narrowed)
        counts = Counter(table["severity"])
        status: Outcome = PASSED
        if missing or narrowed:
            status = NOT_ASSESSED
        if counts["error"] or any(one.status == FAILED for one in done):
            status = FAILED
        measures = [Measure(f"{name}_count", counts[name], "count") for name in SEVERITIES]
        measures.append(Measure("plan_count", len(self._plans.plans), "count"))
        measures.append(Measure("check_count", len(done), "count"))
        measures.append(Measure("not_assessed_count", len(missing) + narrowed, "count"))
        unreadable = sum(plan.error is not None for plan in self._plans.plans.values())
        measures.append(Measure("unreadable_count", unreadable, "count"))
        board = [
            b.text(self._language) for b in boards(self._register, self._options.expected, self._options.territory)
        ]
        balanced = all(one.result.balanced for one in done if one.result is not None)
        result = CheckResult(
            table, measures, PARTIAL if not complete else status, [*self._log, *board], balanced=balanced
        )
        result = told_of_period(result, self._rules, self._language, self._options.today)
        inputs = [
            {"layer": name, "sha256": plan.snapshot.digest if plan.snapshot else ""}
            for name, plan in self._plans.plans.items()
        ]
        whole = not missing and not narrowed
        return ProvinceResult(result, done, self._crs, inputs, board, whole, self._assessed(done, unsure))

    def _assessed(self, done: list[Done], missing: list[Done]) -> Assessed:
        """Of which earlier findings this run can say what became of them."""
        there = [one for one in done if one.job.kind == COVERAGE and one.result is not None]
        astray = [one.job.plans[0] for one in there if (one.result.findings["rule"] == ELSEWHERE).any()]  # type: ignore[union-attr]
        unasked: list[Job] = []
        if self._options.territory:
            asked = {(one.job.kind, one.job.plans) for one in done}
            every = plan_jobs(self._register, self._plans, self._grounds, self._search_m)
            unasked = [job for job in every if (job.kind, job.plans) not in asked]
        return Assessed(
            frozenset(entry.plan_id for entry in self._register.entries),
            frozenset(name for name, plan in self._plans.plans.items() if plan.error is None),
            tuple(one.job for one in missing),
            frozenset(astray),
            tuple(unasked),
            self._options.territory,
        )

    def _of_all(self, kind: str, make: Callable[[], list[pd.DataFrame]], done: list[Done]) -> list[gpd.GeoDataFrame]:
        """Findings that are no single job's; where the program fails at them they are one more
        thing that was not assessed.
        """
        whole = Done(Job(kind, ()), NOT_ASSESSED)
        found = self._safely(whole, lambda: assemble(make(), self._crs, self._language, ""))
        if found is None:
            done.append(whole)
            self._log += self._told(whole)
            return []
        return [found]

    def _offsets(self, done: list[Done]) -> list[pd.DataFrame]:
        def place(plan_id: str) -> shapely.Geometry:
            return place_of(self._register.entry(plan_id), self._plans, self._boundaries, self._crs)

        return offset_batches(measured_by(done), self._plans.plans, place, self._crs, self._language)

    def _register_state(self) -> list[pd.DataFrame]:
        return register_batches(self._register, self._plans, self._boundaries, self._options, self._crs, self._language)
