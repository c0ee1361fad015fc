"""``python -m planconcord writesheet``: the algorithm of the same name, without QGIS.

Exit status 0: written; 2: could not run. What was written is printed to standard output, what was
left out to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ..engine.catalogue import text
from ..engine.intake.preparing import PreparationOptions, prepare
from ..engine.intake.reading import read_plan
from ..engine.outputs import add_output
from ..engine.plan import PlanLayer
from ..engine.progress import Progress
from ..engine.report.write import SheetOptions, write_sheets
from ..engine.rulesets.reading import read_ruleset
from ..engine.store.place import argument

WRITTEN = 0


def add_report_commands(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
    progress: Callable[[], Progress],
) -> None:
    """Add the command; ``command`` registers one by name."""

    def write(options: argparse.Namespace) -> int:
        return _write(options, progress())

    sheet = command("writesheet", write)
    sheet.add_argument("--findings", type=argument, required=True, help=text("writesheet.FINDINGS.help", "en"))
    sheet.add_argument("--plans", action="append", default=[], metavar="FILE[|layername=NAME]")
    sheet.add_argument(
        "--code-field", action="append", default=[], help=text("writesheet.CODE_FIELD.help", "en"), metavar="FIELD"
    )
    sheet.add_argument(
        "--key-field", action="append", default=[], help=text("writesheet.KEY_FIELD.help", "en"), metavar="FIELD"
    )
    sheet.add_argument("--rules", help=text("writesheet.RULES.help", "en"))
    sheet.add_argument("--territory", default="", help=text("writesheet.TERRITORY.help", "en"))
    sheet.add_argument(
        "--redact-defence",
        choices=("yes", "no"),
        default="yes",
        help=text("writesheet.REDACT_DEFENCE.help", "en"),
    )
    add_output(sheet, "--output", None, type=Path, required=True, help=text("writesheet.OUTPUT.help", "en"))


def _write(options: argparse.Namespace, progress: Progress) -> int:
    from ..engine.version import __version__

    plans = [_plan(source, _names(options.key_field), _names(options.code_field)) for source in options.plans]
    wishes = SheetOptions(options.language, options.redact_defence == "yes", options.territory, version=__version__)
    made = write_sheets(options.findings, options.output, wishes, plans, read_ruleset(options.rules), progress)
    for key, values in made.notes:
        sys.stderr.write(text(key, options.language, **values) + "\n")
    print(f"SHEET_COUNT: {len(made.sheets)}")
    print(f"FINDING_COUNT: {made.findings}")
    print(f"DISPUTED_COUNT: {made.disputed}")
    print(f"PROVINCE: {made.province}")
    print(f"OUTPUT: {options.output}")
    return WRITTEN


def _names(given: list[str]) -> list[str]:
    """Names of fields, in several options or with commas between."""
    return [name.strip() for some in given for name in some.split(",") if name.strip()]


def _plan(source: str, key_fields: list[str], code_fields: list[str]) -> PlanLayer:
    """Return the plan with the first key field and the first code field that it has; without them
    where it has none.
    """
    there = prepare(source, PreparationOptions())
    columns = {there.field(name) for name in (*key_fields, *code_fields)} & set(there.table.columns)
    key, code = (
        next((name for name in names if there.field(name) in columns), "") for names in (key_fields, code_fields)
    )
    return read_plan(source, key, code)
