"""``python -m planconcord checkfigures``: the algorithm of the same name, without QGIS.

Exit status 0: every sum closes and everything was understood; 1: not so, or nothing could be
tested; 2: could not run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ..engine.catalogue import text
from ..engine.figures.table import TABLE_FIELDS
from ..engine.outputs import add_output, given
from ..engine.progress import Progress
from ..engine.store import write_store, write_table
from ..engine.store.kinds import STORE
from ..engine.store.place import argument
from ..engine.tables.writing import csv_kind
from ..engine.usecases.assessment import Request
from ..engine.usecases.figures import assess_figures

CONFORMS, DOES_NOT = 0, 1


def add_figures_command(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
    progress: Callable[[], Progress],
) -> None:
    """Add the command; ``command`` registers one by name."""
    checking = command("checkfigures", lambda options: _check(options, progress()))
    checking.add_argument("--figures", type=Path, required=True, help=text("checkfigures.FIGURES.help", "en"))
    findings_help = text("checkfigures.FINDINGS.help", "en")
    add_output(checking, "--findings", STORE, type=argument, required=True, help=findings_help)
    kind = csv_kind([name for name, _ in TABLE_FIELDS])
    add_output(checking, "--table", kind, type=Path, help=text("checkfigures.TABLE.help", "en"))


def _check(options: argparse.Namespace, progress: Progress) -> int:
    told = {name: str(value) for name, value in given(options).items()}
    request = Request("checkfigures", language=options.language, given=told, progress=progress)
    made = assess_figures(request, options.figures)
    write_store(options.findings, made.result.findings, made.measures, made.runs)
    if options.table:
        write_table(options.table, made.result.table)
    sys.stderr.write("\n".join([*made.result.log, *made.result.findings["message"]]) + "\n")
    for measure in made.result.measures:
        print(f"{measure.name.upper()}: {measure.value:.10g}")
    print(f"STATUS: {made.result.status}")
    print(f"CONFORMS: {str(made.result.conforms).lower()}")
    print(f"FINDINGS: {options.findings}")
    return CONFORMS if made.result.conforms else DOES_NOT
