"""From a register to a findings store: what the algorithm and the command line both call.

Reads register, rules, expected plans and the earlier store; checks; takes over ids, statuses and
decisions of the earlier one; writes findings, measures and runs (one row for the whole, one for
each check) into one store, a GeoPackage or a schema of PostGIS, which takes its place when it is
whole; finished checks are kept only beside a GeoPackage. Fails with PlanError before anything is
written; a disk that is full leaves the old file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..catalogue import text
from ..checks.settings import Settings
from ..crs import describe
from ..identity.inheritance import inherit
from ..identity.previous import read_previous
from ..progress import Progress
from ..register.reading import read_register
from ..rulesets.reading import read_ruleset
from ..run import Run
from ..store import write_store
from ..store.place import Place
from ..tolerance import Tolerance
from .check import CANCELLED, NOT_ASSESSED, PARTIAL, PASSED, ProvinceResult, check_province
from .options import ProvinceOptions
from .sources import refuse_lost_plans

CHECK = "checkprovince"


@dataclass(frozen=True)
class Wanted:
    """``given``: the options as the person wrote them, for the record of the run; ``option``: what
    the output is called there.
    """

    register: str
    output: Place
    rules: str | Path | None = None
    previous: Place | None = None
    outside: bool = False
    given: Mapping[str, object] | None = None
    option: str = "OUTPUT"


def write_province(wanted: Wanted, options: ProvinceOptions, language: str, progress: Progress) -> ProvinceResult:
    """Check the province of a register and write its store."""
    file = wanted.output if isinstance(wanted.output, Path) else None
    rules = read_ruleset(wanted.rules)
    register = read_register(wanted.register, wanted.outside)
    refuse_lost_plans(register, options, wanted.option, wanted.output)
    previous = None if wanted.previous is None else read_previous(wanted.previous)
    run = Run(CHECK)
    options = replace(options, output=file)
    made = check_province(register, rules, options, language, run.run_id, progress)
    finished = sum(done.status != CANCELLED for done in made.jobs)
    counts = {"reused": made.reused_count, "done": finished, "count": len(made.jobs)}
    key = "province.partial" if made.result.status == PARTIAL else "province.reused"
    told = text(key, language, **counts)
    result, history = replace(made.result, log=[*made.result.log, told]), ()  # type: Any, Any
    if previous is not None:
        settings = Settings(_widest(made), language, run.run_id)
        inherited = inherit(result, previous, CHECK, made.assessed.names, settings, options.today, made.assessed)
        history = inherited.history(wanted.output)
        result = _still_unsure(made, inherited.result)
    made = replace(made, result=result)
    runs = _runs(run, made, rules.identity, wanted.given or {})
    write_store(wanted.output, result.findings, made.measures_table(run.run_id), runs, history)
    progress.step(1.0)
    return made


def _still_unsure(made: ProvinceResult, result: Any) -> Any:
    """Return a waiver settles an error; it cannot settle what was never looked at."""
    if made.result.status == PARTIAL:
        return replace(result, status=PARTIAL)
    if result.status == PASSED and not made.complete:
        return replace(result, status=NOT_ASSESSED)
    return result


def _widest(made: ProvinceResult) -> Tolerance:
    return Tolerance(max(done.width_m for done in made.jobs))


def _runs(run: Run, made: ProvinceResult, rules: tuple[str, str], given: Mapping[str, object]) -> pd.DataFrame:
    """Return the whole, then each check with its plans, its tolerance and, where it could not run,
    the reason.
    """
    whole = run.record(made.result.status, [], describe(made.crs), _widest(made), given, rules)
    whole["inputs"] = json.dumps(made.inputs, ensure_ascii=False)
    rows = [whole]
    known = {row["layer"]: row for row in made.inputs}
    for number, done in enumerate(made.jobs, start=1):
        told = {"plans": list(done.job.plans), **({"reason": done.reason} if done.reason else {})}
        one = whole.copy()
        one["run_id"], one["check"], one["status"] = f"{run.run_id}-{number}", done.job.kind, done.status
        one["options"] = json.dumps(told, ensure_ascii=False)
        one["inputs"] = json.dumps([known[name] for name in done.job.plans], ensure_ascii=False)
        one["tolerance_width_m"] = done.width_m
        rows.append(one)
    return pd.concat(rows, ignore_index=True)
