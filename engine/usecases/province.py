"""A province from its register to a findings store: what the algorithm, the command line and the library's face call.

Reads register, rules, expected plans and the earlier store; checks; takes over ids, statuses and decisions of the earlier one; writes
findings, measures and runs (one row for the whole, one for each check) into one store, a GeoPackage or a schema of
PostGIS, which takes its place when it is whole; finished checks are kept only beside a GeoPackage.
Fails with PlanError before anything is written; a disk that is full leaves the old file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from ..catalogue import text
from ..checks.settings import Settings
from ..crs import describe
from ..findings import CheckResult
from ..identity.inheritance import Inherited, inherit
from ..identity.previous import read_previous
from ..progress import Progress
from ..province.check import CANCELLED, NOT_ASSESSED, PARTIAL, PASSED, ProvinceResult, check_province
from ..province.options import ProvinceOptions
from ..province.sources import refuse_lost_plans
from ..register.reading import read_register
from ..rulesets.reading import read_ruleset
from ..rulesets.ruleset import RuleSet
from ..run import Run
from ..store import write_store
from ..store.place import Place
from ..tolerance import Tolerance

CHECK = "checkprovince"


@dataclass(frozen=True)
class ProvinceRequest:
    """A province as a person asks for it.

    ``output``: None where nothing is written, and nothing kept. ``outside``: whether plans may lie outside the register's
    folder. ``given``: the options as the person wrote them, for the record of the run; ``option``: what the output is called
    there.
    """

    register: str
    output: Place | None = None
    rules: str | Path | RuleSet | None = None
    previous: Place | None = None
    outside: bool = False
    given: Mapping[str, object] = field(default_factory=dict)
    option: str = "OUTPUT"
    language: str = "en"
    progress: Progress = field(default_factory=Progress)


@dataclass(frozen=True)
class ProvinceAssessment:
    """What was found in a province, ready to be written: ``runs`` has a row for the whole and one for each check."""

    made: ProvinceResult
    runs: pd.DataFrame
    inherited: Inherited | None = None

    @property
    def result(self) -> CheckResult:
        """All findings with the numbers of the whole."""
        return self.made.result

    @property
    def measures(self) -> pd.DataFrame:
        """The numbers of the whole and of each check."""
        return self.made.measures_table(str(self.runs["run_id"].iloc[0]))

    def write(self, place: Place) -> None:
        """Write the findings store, with the measures, the record of the run and the history of decisions."""
        history = () if self.inherited is None else self.inherited.history(place)
        write_store(place, self.result.findings, self.measures, self.runs, history)


def write_province(request: ProvinceRequest, options: ProvinceOptions) -> ProvinceResult:
    """Check the province of a register and write its store."""
    if request.output is None:
        raise ValueError("nowhere to write the store")
    made = assess_province(request, options)
    made.write(request.output)
    request.progress.step(1.0)
    return made.made


def assess_province(request: ProvinceRequest, options: ProvinceOptions) -> ProvinceAssessment:
    """Check the province of a register; nothing is written but the results that are kept beside the output."""
    language, output = request.language, request.output
    rules = request.rules if isinstance(request.rules, RuleSet) else read_ruleset(request.rules)
    register = read_register(request.register, request.outside)
    if output is not None:
        refuse_lost_plans(register, options, request.option, output)
    previous = None if request.previous is None else read_previous(request.previous)
    run = Run(CHECK)
    options = replace(options, output=output if isinstance(output, Path) else None)
    made = _told_of_reuse(check_province(register, rules, options, language, run.run_id, request.progress), language)
    inherited = None
    if previous is not None:
        settings = Settings(_widest(made), language, run.run_id)
        names = made.assessed.names
        inherited = inherit(made.result, previous, CHECK, names, settings, options.today, made.assessed)
        made = replace(made, result=_still_unsure(made, inherited.result))
    return ProvinceAssessment(made, _runs(run, made, rules.identity, request.given), inherited)


def _told_of_reuse(made: ProvinceResult, language: str) -> ProvinceResult:
    """The same, its log with how many of the checks were done and how many kept."""
    finished = sum(done.status != CANCELLED for done in made.jobs)
    counts = {"reused": made.reused_count, "done": finished, "count": len(made.jobs)}
    key = "province.partial" if made.result.status == PARTIAL else "province.reused"
    return replace(made, result=replace(made.result, log=[*made.result.log, text(key, language, **counts)]))


def _still_unsure(made: ProvinceResult, result: CheckResult) -> CheckResult:
    """A waiver settles an error; it cannot settle what was never looked at."""
    if made.result.status == PARTIAL:
        return replace(result, status=PARTIAL)
    if result.status == PASSED and not made.complete:
        return replace(result, status=NOT_ASSESSED)
    return result


def _widest(made: ProvinceResult) -> Tolerance:
    return Tolerance(max(done.width_m for done in made.jobs))


def _runs(run: Run, made: ProvinceResult, rules: tuple[str, str], given: Mapping[str, object]) -> pd.DataFrame:
    """The whole, then each check with its plans, its tolerance and, where it could not run, the reason."""
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
