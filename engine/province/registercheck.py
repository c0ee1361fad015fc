"""The register alone: what is missing, expired, not approved, replaced but used, or unreadable, as
findings at their territories.

Goes in: a Register and ProvinceOptions. Comes out: a CheckResult and the record of the run. Every
file is looked into and none is loaded. Fails with PlanError where no CRS can be chosen because no
plan and no boundary can be read.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pyproj
import shapely

from ..catalogue import SEVERITIES, text
from ..crs import describe
from ..errors import PlanError
from ..faults import told_faults
from ..findings import CheckResult, Measure, Outcome, assemble, batch
from ..progress import Progress
from ..register.entry import Register, RegisterEntry
from ..register.state import Remark, boards, chosen_territory, notes_on_names, remarks
from ..run import Run
from ..tolerance import Tolerance
from .boundaries import Boundaries
from .options import ProvinceOptions
from .plans import Plans

RULES = ("missing", "expired", "unapproved", "unreadable")


def look_into_all(plans: Plans, language: str, progress: Progress) -> None:
    """Look into the files of all plans."""
    for number, plan_id in enumerate(plans.plans):
        progress.step(number / len(plans.plans), text("province.step.looking", language, plan=plan_id))
        progress.checkpoint()
        plans.look(plan_id)


def register_batches(
    register: Register, plans: Plans, boundaries: Boundaries, options: ProvinceOptions, crs: pyproj.CRS, language: str
) -> list[pd.DataFrame]:
    """Return the findings of the register, each at its territory, as batches."""
    errors = {name: plan.error for name, plan in plans.plans.items() if plan.error is not None}
    told = remarks(register, options.today, language, options.expected, errors, options.territory)
    boxes = [shapely.box(*plans.box(name)) for name, plan in plans.plans.items() if plan.error is None]
    everywhere = shapely.convex_hull(shapely.union_all(boxes))
    made = []
    for remark in told:
        place = _place(remark, register, plans, boundaries, crs)
        # without a plan the territory alone distinguishes two findings
        names = {"plan_a": remark.plan_id, "zone_a": "" if remark.plan_id else remark.territory}
        shape = everywhere if place is None else place
        made.append(batch(remark.rule, [shape], territory=remark.territory, detail=remark.detail, **names))
    return made


def _place(
    remark: Remark, register: Register, plans: Plans, boundaries: Boundaries, crs: pyproj.CRS
) -> shapely.Geometry | None:
    """Return the territory's ground, else the box of the plan."""
    if remark.entry is not None:
        return place_of(remark.entry, plans, boundaries, crs)
    try:
        with told_faults(remark.territory):
            ground = boundaries.of_territory(remark.territory, crs)
    except PlanError:
        ground = None
    return None if ground is None else ground.shape


def place_of(entry: RegisterEntry, plans: Plans, boundaries: Boundaries, crs: pyproj.CRS) -> shapely.Geometry | None:
    """Return the ground of a plan's territory, else the box of the plan; None where neither is
    known.
    """
    try:
        with told_faults(entry.territory):
            ground = boundaries.of(entry, crs)
    except PlanError:
        ground = None
    if ground is not None:
        return ground.shape
    plan = plans.plans.get(entry.plan_id)
    return shapely.box(*plans.box(entry.plan_id)) if plan is not None and plan.error is None else None


def check_register(
    register: Register, options: ProvinceOptions, language: str, progress: Progress
) -> tuple[CheckResult, pd.DataFrame]:
    """(findings and numbers, record of the run)."""
    run = Run("checkregister")
    territory, meant = chosen_territory(register, options.expected, options.territory)
    options = replace(options, territory=territory)
    plans = Plans(register)
    look_into_all(plans, language, progress)
    crs, why = plans.choose_crs(options.working_crs, language)
    boundaries = Boundaries(register, options.boundaries)
    findings = assemble(
        register_batches(register, plans, boundaries, options, crs, language), crs, language, run.run_id
    )
    measures = [
        Measure(f"{name}_count", int((findings["rule"] == f"register.{name}").sum()), "count") for name in RULES
    ]
    told = boards(register, options.expected, options.territory)
    measures.append(Measure("plan_count", sum(board.count for board in told), "count"))
    measures.append(Measure("approved_count", sum(board.approved for board in told), "count"))
    measures.append(Measure("submitted_count", sum(board.submitted for board in told), "count"))
    measures += [Measure(f"{name}_count", int((findings["severity"] == name).sum()), "count") for name in SEVERITIES]
    status: Outcome = "failed" if (findings["severity"] == "error").any() else "passed"
    notes = (*register.notes, *options.notes, *meant, *notes_on_names(register, options.expected))
    log = [text(key, language, **values) for key, values in notes]
    log += [why, *(board.text(language) for board in told), *findings["message"].tolist()]
    given = {"register": str(register.path), "date": options.today.isoformat(), "territory": options.territory}
    runs = run.record(status, [], describe(crs), Tolerance(), given)
    inputs = [{"layer": n, "sha256": p.snapshot.digest if p.snapshot else ""} for n, p in plans.plans.items()]
    runs["inputs"] = json.dumps(inputs, ensure_ascii=False)
    progress.step(1.0)
    return CheckResult(findings, measures, status, log, territory=options.territory), runs
