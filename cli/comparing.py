"""``python -m planconcord comparefindings`` and ``comparedrafts``: the algorithms of the same
names, without QGIS.

Exit status 0: compared, and for drafts the transition matrix closes; 1: it does not; 2: could not
run. Layers go to GeoPackages, the matrix to a CSV file; the counts are printed to standard output,
the log to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj

from ..engine.catalogue import text
from ..engine.identity.comparing import FATE_FIELDS, compare_findings
from ..engine.identity.draft_attributes import attributes_of, placed
from ..engine.identity.drafts import CHANGE_COLUMNS, TRANSITION_COLUMNS
from ..engine.identity.fates import FATES
from ..engine.identity.previous import read_previous
from ..engine.intake.preparing import PreparationOptions, prepare, prepare_table
from ..engine.outputs import add_output
from ..engine.plan import PlanLayer
from ..engine.progress import Progress
from ..engine.store import write_table, write_zones
from ..engine.store.kinds import layer_kind
from ..engine.store.place import argument
from ..engine.tables.writing import OutputKind, csv_kind
from ..engine.tolerance import Tolerance
from ..engine.usecases.checks import compare_two_drafts
from .requests import request_of

COMPARED, DOES_NOT_CLOSE = 0, 1


def add_identity_commands(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
    progress: Callable[[], Progress],
) -> None:
    """Add both commands; ``command`` makes one by name."""

    def helped(parser: argparse.ArgumentParser, option: str, name: str, **more: object) -> None:
        said = text(f"{name}.help", "en").replace("%", "%%")
        parser.add_argument(option, help=said, **more)  # type: ignore[arg-type]

    def writes(
        parser: argparse.ArgumentParser, option: str, name: str, kind: OutputKind, required: bool = True
    ) -> None:
        add_output(
            parser, option, kind, type=Path, required=required, help=text(f"{name}.help", "en").replace("%", "%%")
        )

    findings = command("comparefindings", lambda options: _findings(options, progress()))
    for side in ("previous", "current"):
        helped(findings, f"--{side}", f"comparefindings.{side.upper()}", type=argument, required=True)
    drafts = command("comparedrafts", _drafts)
    for draft in ("before", "after"):
        name = f"comparedrafts.{draft.upper()}"
        helped(drafts, f"--{draft}", name, required=True, metavar="FILE[|layername=NAME]")
        helped(drafts, f"--{draft}-code", f"{name}_CODE", required=True)
        helped(drafts, f"--{draft}-key", f"{name}_KEY", default="")
    helped(drafts, "--asked", "comparedrafts.ASKED", metavar="FILE[|layername=NAME]")
    helped(drafts, "--working-crs", "shared.WORKING_CRS")
    for parser in (findings, drafts):
        helped(parser, "--scale", "shared.SCALE", type=float)
        helped(parser, "--width-tolerance", "shared.WIDTH_TOLERANCE", type=float)
    fates, changes, transitions = (
        [name for name, _ in fields] for fields in (FATE_FIELDS, CHANGE_COLUMNS, TRANSITION_COLUMNS)
    )
    writes(findings, "--output", "comparefindings.OUTPUT", layer_kind(fates))
    writes(drafts, "--changes", "comparedrafts.CHANGES", layer_kind(changes))
    writes(drafts, "--transitions", "comparedrafts.TRANSITIONS", csv_kind(transitions), required=False)


def _findings(options: argparse.Namespace, progress: Progress) -> int:
    previous, current = (read_previous(path).findings for path in (options.previous, options.current))
    tolerance = Tolerance.choose(options.width_tolerance, options.scale)
    fates, counts, log = compare_findings(previous, current, tolerance, options.language, progress)
    write_zones(options.output, "output", fates, FATE_FIELDS)
    sys.stderr.write("".join(f"{line}\n" for line in log))
    for fate in FATES:
        print(f"{fate.upper()}_COUNT: {counts[fate]}")
    print(f"OUTPUT: {options.output}")
    return COMPARED


def _drafts(options: argparse.Namespace) -> int:
    request = request_of(options, Tolerance.choose(options.width_tolerance, options.scale))
    before = _draft(options.before, options.before_key, options.before_code)
    after = _draft(options.after, options.after_key, options.after_code)

    def asked(crs: pyproj.CRS, _: Progress) -> gpd.GeoDataFrame:
        return placed(prepare_table(options.asked)[0], crs, options.asked)

    drafts = [lambda _: before[0], lambda _: after[0]]
    attributes = (before[1], after[1])
    found = compare_two_drafts(request, drafts, lambda _: attributes, asked if options.asked else None)
    write_zones(options.changes, "changes", found.changes, CHANGE_COLUMNS)
    if options.transitions:
        write_table(options.transitions, found.transitions)
    for measure in found.measures:
        print(f"{measure.name.upper()}: {measure.value:.10g}")
    print(f"CLOSES: {str(found.closes).lower()}")
    print(f"CHANGES: {options.changes}")
    if options.transitions:
        print(f"TRANSITIONS: {options.transitions}")
    if not found.closes:
        residual = f"{found.value('balance_residual'):.10g}"
        sys.stderr.write(text("comparedrafts.open", options.language, residual=residual) + "\n")
    return COMPARED if found.closes else DOES_NOT_CLOSE


def _draft(source: str, key_field: str, code_field: str) -> tuple[PlanLayer, pd.DataFrame]:
    """Return the plan at ``source`` and its further fields, row by row as its zones."""
    made = prepare(source, PreparationOptions(key_field=key_field, code_field=code_field))
    table: gpd.GeoDataFrame = made.table
    key, code = made.field(key_field), made.field(code_field)
    plan = PlanLayer.from_frame(table, made.name, key, code)
    plan.notes[:0] = made.report.entries
    return plan, attributes_of(table, code)


__all__ = ["add_identity_commands"]
