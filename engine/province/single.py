"""One job of a province: the same checks as on their own, and the key under which its result is
kept.

Goes in: a Job, the plans, the territories' grounds and the rules. Comes out: a CheckResult named
after the job, its findings without a run. A plan that lies off its territory becomes one finding
register.crs that says where it belongs. Fails with PlanError, as the checks do. Keys are asked for
by one thread, results by several: each job has geometries of its own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pyproj
import shapely

from ..catalogue import text
from ..checks.borders import check_borders
from ..checks.conformity import check_conformity
from ..checks.conformity.codes import code_findings
from ..checks.coverage import check_coverage
from ..checks.declared_area import check_declared_areas
from ..checks.preparation import PreparedZones, prepare
from ..checks.settings import Settings
from ..errors import PlanError
from ..findings import CheckResult, Measure, Outcome, assemble, batch
from ..intake.diagnosis import WRONG, Diagnosis, diagnose
from ..intake.generations import CODES_TOLD, code_measures
from ..plan import PlanLayer
from ..progress import Progress
from ..register.entry import Register, RegisterEntry
from ..rulesets.ruleset import RuleSet
from ..tolerance import Tolerance
from .boundaries import Boundaries
from .grounds import Grounds
from .jobs import AREAS, BORDERS, CODES, CONFORMITY, COVERAGE, Job
from .narrowed import Narrowed, of_boundary
from .offsets import borders_without_offset, coverage_without_offset
from .options import ProvinceOptions, program_digest
from .plans import Plans

ELSEWHERE = "error.boundary_elsewhere"
LEAST_COVERED = 0.5
"""A plan whose frame holds less of its territory than this is looked at: does it lie elsewhere?"""
QUIET = (
    "note.reprojected", "intake.reprojected", "intake.decoded", "intake.fields_decoded", "intake.crs_assigned", "intake.labels",
    "intake.lines_to_areas", "intake.lines_closed", "intake.repaired", "intake.note.without_", "intake.note.labels_beside",
)  # fmt: skip
"""What reading a plan says and costs no zone, or is a finding; only what was lost is repeated in
the log of the whole.
"""
UNITED = (0.1, 0.2, 0.4)
"""How far a border check is when the zones of the plans beside it, of its first plan, and of both,
are united.
"""


class Single:
    """Carries out jobs. ``narrowed``: what the coverage of a plan has to report of its boundary,
    once its key was asked for.
    """

    def __init__(
        self,
        register: Register,
        plans: Plans,
        boundaries: Boundaries,
        grounds: Grounds,
        rules: RuleSet,
        options: ProvinceOptions,
        crs: pyproj.CRS,
        language: str,
    ):
        self._register, self._plans, self._boundaries, self._rules = register, plans, boundaries, rules
        self._grounds, self._options, self._crs, self._language = grounds, options, crs, language
        self._territories: dict[str, tuple[str, bytes]] = {}
        self.narrowed: dict[str, Narrowed] = {}

    def tolerance(self, job: Job) -> Tolerance:
        """Return the coarsest of the job's plans governs."""
        made = [Tolerance.choose(self._options.width_m, self._register.entry(name).scale) for name in job.plans]
        return made[0] if len(made) == 1 else Tolerance.combine(made[0], made[1])

    def key(self, job: Job) -> str:
        """Return the hash of all that the job's result depends on. PlanError where its boundary
        cannot be read.
        """
        told: list[object] = [job.kind, program_digest(), self._crs.to_wkt(), self._language]
        told += [self._plans.plans[name].digest for name in job.plans]
        tolerance = self.tolerance(job)
        told += [tolerance.width_m, tolerance.area_m2]
        if job.kind == COVERAGE:
            layer, packed = self._territory(job)
            told += [layer, hashlib.sha256(packed).hexdigest()]
        elif job.kind == BORDERS:
            told += [self._grounds.key(name) for name in (*job.plans, *job.beside)]
        elif job.kind != AREAS:
            told.append(self._rules.digest)
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()

    def result(self, job: Job, progress: Progress) -> CheckResult:
        """Read the job's plans and check them."""
        progress.checkpoint()
        others = self._grounds_beside(job, progress.part(0.0, UNITED[0]))
        plans = [self._plans.get(name) for name in job.plans]
        settings = Settings(self.tolerance(job), self._language, "", progress)
        if job.kind == COVERAGE:
            result = self._coverage(job, plans[0], settings)
            return replace(result, told=self._reading(plans[0]))
        if job.kind == BORDERS:
            return self._borders(plans, others, settings)
        if job.kind == CONFORMITY:
            return check_conformity(plans[0], plans[1], self._rules, settings)
        if job.kind == AREAS:
            declared = self._register.entry(job.plans[0]).declared_area_field
            result = check_declared_areas(plans[0], declared, settings)
            return replace(result, told=result.log)  # which unit figures are in is never decided silently
        if job.kind != CODES:
            raise ValueError(job.kind)
        return self._codes(plans[0], settings)

    def _territory(self, job: Job) -> tuple[str, bytes]:
        """(layer of boundaries, the ground of the plan's territory as WKB); b"" where none is
        known.
        """
        name = job.plans[0]
        if name not in self._territories:
            entry = self._register.entry(name)
            ground = self._boundaries.of(entry, self._crs)
            told = of_boundary(entry, self._boundaries, ground)
            if told is not None:
                self.narrowed[name] = told
            self._territories[name] = ("", b"") if ground is None else (ground.layer, shapely.to_wkb(ground.shape))
        return self._territories[name]

    def _coverage(self, job: Job, plan: PlanLayer, settings: Settings) -> CheckResult:
        layer, packed = self._territory(job)
        shape = shapely.from_wkb(packed) if packed else None
        if shape is not None and self._belongs_elsewhere(plan, shape):
            return self._off(plan, shape, "")
        try:
            result = check_coverage(plan, shape, settings, layer)
            return result if shape is None else coverage_without_offset(plan, shape, settings, layer, result)
        except PlanError as error:
            if error.key != ELSEWHERE or shape is None:
                raise
            return self._off(plan, shape, error.text(self._language))

    def _reading(self, plan: PlanLayer) -> list[str]:
        """Return what reading the plan left out or decided, for the log of the whole; its codes
        have a job of their own.
        """
        loud = [(key, values) for key, values in plan.notes if not key.startswith((*QUIET, *CODES_TOLD))]
        return [text(key, self._language, **values) for key, values in loud]

    def _belongs_elsewhere(self, plan: PlanLayer, ground: shapely.Geometry) -> bool:
        """Return whether a plan covers little of its territory, and another CRS would put it there;
        an unfinished one lies right.
        """
        frame = shapely.box(*plan.zones.total_bounds)
        if float(shapely.area(shapely.intersection(ground, frame))) >= LEAST_COVERED * float(shapely.area(ground)):
            return False
        found = self._diagnosed(plan, ground)
        return found is not None and found.verdict == WRONG

    def _diagnosed(self, plan: PlanLayer, ground: shapely.Geometry) -> Diagnosis | None:
        raw = self._plans.plans[plan.name].crs
        try:
            shapes = plan.to_crs(raw).zones.geometry.values if raw is not None else plan.zones.geometry.values
            return diagnose(np.asarray(shapes, dtype=object), raw or plan.crs, ground, plan.crs, plan.name)
        except PlanError:
            return None

    def _off(self, plan: PlanLayer, ground: shapely.Geometry, refusal: str) -> CheckResult:
        """Return one finding instead of ten thousand: the plan lies somewhere else."""
        entry = self._register.entry(plan.name)
        found = self._diagnosed(plan, ground)
        detail = " ".join(part for part in (refusal, "" if found is None else found.text(self._language)) if part)
        told = batch("register.crs", [ground], plan_a=plan.name, territory=entry.territory, detail=detail)
        findings = assemble([told], plan.crs, self._language, "")
        return CheckResult(findings, [Measure("zone_count", len(plan.zones), "count")], "failed", [detail])

    def _grounds_beside(self, job: Job, progress: Progress) -> dict[str, shapely.Geometry]:
        """Return the ground of the third plans near a border, before the job's own plans take their
        memory.
        """
        found = {}
        for number, name in enumerate(job.beside):
            part = progress.part(number / len(job.beside), (number + 1) / len(job.beside))
            ground = self._grounds.of_third(name, part)
            if ground is not None:
                found[name] = ground
        return found

    def _borders(self, plans: list[PlanLayer], others: dict[str, shapely.Geometry], settings: Settings) -> CheckResult:
        grounds, begin = {}, UNITED[0]
        for plan, end in zip(plans, UNITED[1:]):
            ground = self._grounds.of(plan.name, settings.progress.part(begin, end), plan)
            begin = end
            if ground is not None:
                grounds[plan.name] = ground
        settings = replace(settings, progress=settings.progress.part(begin, 1.0))
        result = check_borders(plans, settings, grounds=grounds, others=others)
        result = borders_without_offset(plans, settings, grounds, others, result)
        names = " – ".join(plan.territory or plan.name for plan in plans)
        result.findings["territory"] = names
        return result

    def _codes(self, plan: PlanLayer, settings: Settings) -> CheckResult:
        """Codes that the rule set knows on neither side, and those of an older generation."""
        prepared = prepare(plan, settings.progress)
        codes = prepared.column("code")
        known = {code: self._rules.knows_lower(code) or self._rules.knows_upper(code) for code in set(codes)}
        judgeable = np.array([known[code] for code in codes], dtype=bool)
        empty = PlanLayer(plan.name, plan.zones.iloc[:0], plan.key_field, plan.code_field)
        none = np.zeros(0, dtype=int)
        nothing = PreparedZones(empty, prepared.polygons[:0], none, [], none)
        batches = code_findings(prepared, nothing, judgeable, self._rules, settings)
        findings = assemble(batches, plan.crs, self._language, "")
        count = float((~judgeable & (codes != "")).sum())
        status: Outcome = "failed" if (findings["severity"] == "error").any() else "passed"
        told = [(key, values) for key, values in plan.notes if key.startswith(CODES_TOLD)]
        measures = [Measure("unknown_code_count", count, "count"), *code_measures(told)]
        log = [text(key, self._language, **values) for key, values in told]
        return CheckResult(findings, measures, status, log, told=log)


def step_text(job: Job, register: Register, language: str) -> str:
    """Return what is being done, for the line above the progress bar."""
    entries: list[RegisterEntry] = [register.entry(name) for name in job.plans]
    return text(f"province.step.{job.kind}", language, plans=" – ".join(e.territory or e.plan_id for e in entries))
