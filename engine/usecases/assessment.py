"""A single check from its plans to what is ready to be written: the steps that are the same for every check and every caller.

Goes in: a Request and the readers of its plans, each of which gives a PlanLayer when it is asked. Comes out: an Assessment, the
result in the working CRS with the record of the run and the history of decisions that belongs to it, which writes itself into a
store when it is asked. Fails with
PlanError as the readers, the CRS and the check do; Cancelled when the person asked to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Optional, TypeVar

import pandas as pd
import pyproj

from ..catalogue import text
from ..checks.settings import Settings
from ..crs import describe, working_crs
from ..findings import CheckResult
from ..identity.inheritance import Inherited, inherit
from ..identity.previous import Previous, read_previous
from ..plan import PlanLayer
from ..progress import Progress
from ..rulesets.period import told_of_period
from ..rulesets.ruleset import RuleSet
from ..run import Run
from ..stages import Stages
from ..store import write_store
from ..store.decisions import Decision
from ..store.place import Place
from ..tolerance import Tolerance

Found = TypeVar("Found", bound=CheckResult)
Reader = Callable[[Progress], PlanLayer]
"""Gives a plan when it is asked, and tells the progress how far it is."""
Check = Callable[[Sequence[PlanLayer], Settings], Found]
"""A check of plans that lie in one CRS in metres."""
History = Callable[[Optional[Place]], Callable[[list[Decision]], list[Decision]]]


@dataclass(frozen=True)
class Request:
    """One check as a person asks for it.

    ``check``: the id of its algorithm. ``working_crs``: None for the province's own. ``previous``: a store whose findings go on
    in this run. ``given``: the options as they were written, for the record. ``tell`` is called with each sentence of the log
    at once.
    """

    check: str
    tolerance: Tolerance = field(default_factory=Tolerance)
    language: str = "en"
    working_crs: pyproj.CRS | None = None
    previous: Place | None = None
    rules: RuleSet | None = None
    given: Mapping[str, object] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    tell: Callable[[str], None] = lambda _: None

    @property
    def stages(self) -> Stages:
        """The stages of the run on this request's progress."""
        return Stages(self.progress)


@dataclass(frozen=True)
class Assessment(Generic[Found]):
    """What a check found, ready to be written: ``runs`` is the row of the table of that name, ``inherited`` what PREVIOUS gave."""

    result: Found
    layers: Sequence[PlanLayer]
    crs: pyproj.CRS
    runs: pd.DataFrame
    inherited: Inherited | None = None

    @property
    def run_id(self) -> str:
        """The run's name in every finding."""
        return str(self.runs["run_id"].iloc[0])

    @property
    def measures(self) -> pd.DataFrame:
        """The rows of the table ``measures``."""
        return self.result.measures_table(self.run_id)

    @property
    def has_decisions(self) -> bool:
        """Whether the earlier store holds decisions, which a place that is no store cannot keep."""
        return self.inherited is not None and bool(self.inherited.previous.decisions)

    def write(self, place: Place) -> None:
        """Write the findings store, with the measures, the record of the run and the history of decisions."""
        write_store(place, self.result.findings, self.measures, self.runs, self.history(place))

    def history(self, place: Place | None) -> Callable[[list[Decision]], list[Decision]] | tuple[()]:
        """The decisions to write into the store at ``place`` with the result, () where no earlier store was given."""
        return self.inherited.history(place) if self.inherited is not None else ()


def assess(request: Request, readers: Sequence[Reader], check: Check[Found]) -> Assessment[Found]:
    """Carry out ``check`` on the plans that ``readers`` give, in their order."""
    run = Run(request.check)
    # read before anything is written: the result may take the place of that very store
    previous = None if request.previous is None else read_previous(request.previous)
    layers, crs = bring_together(read_plans(readers, request), request)
    result = check(layers, begin_check(request, run.run_id))
    if request.rules is not None:
        result = told_of_period(result, request.rules, request.language)
    inherited = None if previous is None else _inherit(result, previous, layers, run, request)
    result = result if inherited is None else inherited.result  # type: ignore[assignment]
    for line in result.log:
        request.tell(line)
    recording = request.stages.begin("recording", text("progress.writing", request.language))
    named = ("", "") if request.rules is None else request.rules.identity
    runs = run.record(result.status, list(layers), describe(crs), request.tolerance, request.given, named, recording)
    return Assessment(result, layers, crs, runs, inherited)


def read_plans(readers: Sequence[Reader], request: Request) -> list[PlanLayer]:
    """All plans, each on half of what the plans before it have left of the stage."""
    stage = request.stages.begin("reading", text("progress.reading", request.language))
    return [reader(stage.part(1.0 - 0.5**rank, 1.0 - 0.5 ** (rank + 1))) for rank, reader in enumerate(readers)]


def bring_together(plans: Sequence[PlanLayer], request: Request) -> tuple[list[PlanLayer], pyproj.CRS]:
    """The plans in the working CRS, and that CRS; what was taken and why is told."""
    crs, why = working_crs(list(plans), request.working_crs, request.language)
    request.tell(why)
    layers = [plan.to_crs(crs) for plan in plans]
    for layer in layers:
        for key, values in layer.notes:
            request.tell(text(key, request.language, **values))
    return layers, crs


def begin_check(request: Request, run_id: str = "") -> Settings:
    """What the engine is asked to do, from now on; the tolerance is told."""
    request.tell(text("note.tolerance", request.language, width=request.tolerance.width_m))
    return Settings(request.tolerance, request.language, run_id, request.stages.begin("checking"))


def _inherit(
    result: CheckResult, previous: Previous, layers: Sequence[PlanLayer], run: Run, request: Request
) -> Inherited:
    matching = request.stages.begin("matching", text("progress.matching", request.language))
    settings = Settings(request.tolerance, request.language, run.run_id, matching)
    return inherit(result, previous, request.check, [layer.name for layer in layers], settings)
