"""``python -m planconcord``: the checks without QGIS, with the names and defaults of the Processing algorithms.

Exit status 0: conforms; 1: does not; 2: could not run, and standard error says why in the chosen language; never 1 for a fault of
the program, which is told in one sentence with the file where its details lie (faults.py). The findings go
to a GeoPackage with their measures and the run's record; the counts go to standard output, the log to standard error.
"""

from __future__ import annotations

import argparse
import functools
import locale
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..demo import create_demo
from ..demo.drafts import make_drafts
from ..engine.catalogue import LANGUAGES, language_of, text
from ..engine.checks.conformity import Options
from ..engine.checks.conformity.tables import CROSS_FIELDS, ZONE_FIELDS
from ..engine.checks.unmatched_edges import FIELDS as UNMATCHED_FIELDS
from ..engine.corridors import Corridor
from ..engine.errors import PlanError
from ..engine.faults import met, told_faults
from ..engine.levels import LEVELS, NATURES
from ..engine.outputs import add_output, refuse_lost_files_of
from ..engine.progress import Cancelled
from ..engine.rulesets.reading import read_ruleset
from ..engine.store import write_lines, write_table, write_zones
from ..engine.store.kinds import STORE, layer_kind
from ..engine.store.place import argument
from ..engine.tables.writing import csv_kind
from ..engine.tolerance import Tolerance
from ..engine.usecases.assessment import Assessment
from ..engine.usecases.checks import assess_borders, assess_conformity, assess_coverage
from .comparing import add_identity_commands
from .figures import add_figures_command
from .intake import add_intake_commands
from .province import add_province_commands
from .requests import TerminalProgress, reader, request_of
from .rules import add_rules_commands
from .sheets import add_report_commands

CONFORMS, DOES_NOT, COULD_NOT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one check and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a Windows console may not be UTF-8
        if reconfigure:
            reconfigure(encoding="utf-8", errors="replace")
    options = _parser().parse_args(arguments)
    options.language = options.language or _system_language()
    before = met()
    try:
        with told_faults(options.check):
            refuse_lost_files_of(options)
            status = int(options.run(options))
        return status if met() == before else COULD_NOT
    except PlanError as error:
        sys.stderr.write(error.text(options.language) + "\n")
        return COULD_NOT
    except (Cancelled, KeyboardInterrupt):
        sys.stderr.write(text("shared.cancelled", options.language) + "\n")
        return COULD_NOT


def _system_language() -> str:
    try:
        return language_of(locale.getlocale()[0])
    except ValueError:  # macOS calls a locale "UTF-8"
        return language_of(None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m planconcord", description=text("provider.long_name", "en"))
    commands = parser.add_subparsers(required=True, metavar="CHECK")
    coverage = _command(commands, "checkcoverage", _coverage)
    _layer(coverage, "--input", "--key-field", "--code-field", required_code=False)
    coverage.add_argument("--boundary", help=text("checkcoverage.BOUNDARY.help", "en"))
    coverage.add_argument("--scale", type=float, help=text("shared.SCALE.help", "en"))
    coverage.add_argument("--min-area", type=float, default=0.0, help=text("shared.MIN_AREA.help", "en"))
    coverage.add_argument("--plan", default="", help=text("checkcoverage.PLAN.help", "en"))
    edges, edges_help = layer_kind(_names(UNMATCHED_FIELDS)), text("checkcoverage.UNMATCHED_EDGES.help", "en")
    add_output(coverage, "--unmatched-edges", edges, type=Path, help=edges_help)
    borders = _command(commands, "checkborders", _borders)
    borders.add_argument("--input", required=True, action="append", metavar="FILE[|layername=NAME]")
    for field in ("territory", "key", "code"):
        borders.add_argument(
            f"--{field}-field", default="", help=text(f"checkborders.{field.upper()}_FIELD.help", "en")
        )
    borders.add_argument("--scale", type=float, help=text("shared.SCALE.help", "en"))
    borders.add_argument("--search-width", type=float, help=text("checkborders.SEARCH_WIDTH.help", "en"))
    borders.add_argument("--rules", help=text("checkborders.RULES.help", "en"))
    conformity = _command(commands, "checkconformity", _conformity)
    for side in ("lower", "upper"):
        _layer(conformity, f"--{side}", f"--{side}-key", f"--{side}-code", required_code=True)
        conformity.add_argument(f"--{side}-scale", type=float, help=text("shared.SCALE.help", "en"))
        conformity.add_argument(f"--{side}-plan", default="", help=text("checkcoverage.PLAN.help", "en"))
    conformity.add_argument("--lower-level", choices=LEVELS, default="district")
    conformity.add_argument("--upper-level", choices=LEVELS, default="provincial")
    conformity.add_argument("--upper-nature", choices=NATURES, default=NATURES[0])
    conformity.add_argument("--rules", help=text("checkconformity.RULES.help", "en"))
    for name in ("width", "radius"):
        upper_name = f"checkconformity.UPPER_{name.upper()}"
        conformity.add_argument(f"--upper-{name}", type=float, help=text(f"{upper_name}.help", "en"))
        conformity.add_argument(f"--upper-{name}-field", default="", help=text(f"{upper_name}_FIELD.help", "en"))
    least_help = text("checkconformity.LEAST_REALISED.help", "en").replace("%", "%%")
    conformity.add_argument("--least-realised", type=float, default=50.0, help=least_help)
    for option, kind in (("cross-table", csv_kind(_names(CROSS_FIELDS))), ("zones", layer_kind(_names(ZONE_FIELDS)))):
        helped = text(f"checkconformity.{option.upper().replace('-', '_')}.help", "en")
        add_output(conformity, f"--{option}", kind, type=Path, help=helped)
    for check in (coverage, conformity):
        check.add_argument("--territory", default="", help=text("shared.TERRITORY.help", "en"))
    for check in (coverage, borders, conformity):
        check.add_argument("--previous", type=argument, help=text("shared.PREVIOUS.help", "en"))
        check.add_argument("--width-tolerance", type=float, help=text("shared.WIDTH_TOLERANCE.help", "en"))
        check.add_argument("--working-crs", help=text("shared.WORKING_CRS.help", "en"))
        findings_help = text("shared.FINDINGS.help", "en")
        add_output(check, "--findings", STORE, ("--previous",), type=argument, required=True, help=findings_help)
    add_province_commands(functools.partial(_command, commands), TerminalProgress)
    add_figures_command(functools.partial(_command, commands), TerminalProgress)
    add_intake_commands(functools.partial(_command, commands), TerminalProgress)
    add_rules_commands(functools.partial(_command, commands))
    add_identity_commands(functools.partial(_command, commands), TerminalProgress)
    add_report_commands(functools.partial(_command, commands), TerminalProgress)
    demo = _command(commands, "createdemo", _demo)
    add_output(demo, "--folder", None, type=Path, required=True, help=text("createdemo.FOLDER.help", "en"))
    demo.add_argument("--seed", type=int, default=1, help=text("createdemo.SEED.help", "en"))
    demo.add_argument("--size", type=int, default=2000, help=text("createdemo.SIZE.help", "en"))
    demo.add_argument("--drafts", action="store_true", help=text("createdemo.DRAFTS.help", "en"))
    demo.add_argument("--bad-files", action="store_true", help=text("createdemo.BAD_FILES.help", "en"))
    return parser


def _command(commands: argparse._SubParsersAction, name: str, run: object) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text(f"{name}.short", "en"))
    command.set_defaults(run=run, check=name)
    command.add_argument("--language", choices=LANGUAGES, help=text("shared.LANGUAGE.help", "en"))
    return command


def _names(fields: Sequence[tuple[str, str]]) -> list[str]:
    return [name for name, _ in fields]


def _layer(command: argparse.ArgumentParser, layer: str, key: str, code: str, required_code: bool) -> None:
    command.add_argument(layer, required=True, metavar="FILE[|layername=NAME]")
    command.add_argument(key, default="")
    command.add_argument(code, default="", required=required_code)


def _coverage(options: argparse.Namespace) -> int:
    request = request_of(options, Tolerance.choose(options.width_tolerance, options.scale, options.min_area))
    fields = (options.key_field, options.code_field)
    plan = reader(options.input, *fields, options.plan, territory=options.territory)
    made = assess_coverage(request, plan, reader(options.boundary) if options.boundary else None)
    status = _finish(made, options)
    if options.unmatched_edges and made.result.unmatched is not None:
        write_lines(options.unmatched_edges, "unmatched_edges", made.result.unmatched, UNMATCHED_FIELDS)
        print(f"UNMATCHED_EDGES: {options.unmatched_edges}")
    return status


def _borders(options: argparse.Namespace) -> int:
    rules = read_ruleset(options.rules) if options.rules else None
    request = request_of(options, Tolerance.choose(options.width_tolerance, options.scale), rules)
    fields = (options.key_field, options.code_field)
    plans = [reader(source, *fields, territory_field=options.territory_field) for source in options.input]
    return _finish(assess_borders(request, plans, options.search_width), options)


def _conformity(options: argparse.Namespace) -> int:
    rules = read_ruleset(options.rules)
    scales = (options.lower_scale, options.upper_scale)
    tolerance = Tolerance.combine(*(Tolerance.choose(options.width_tolerance, scale) for scale in scales))
    corridor = Corridor(
        options.upper_width, options.upper_width_field, options.upper_radius, options.upper_radius_field
    )
    below: dict[str, Any] = {"level": options.lower_level, "territory": options.territory}
    above: dict[str, Any] = {"level": options.upper_level, "nature": options.upper_nature, "corridor": corridor}
    made = assess_conformity(
        request_of(options, tolerance, rules),
        reader(options.lower, options.lower_key, options.lower_code, options.lower_plan, **below),
        reader(options.upper, options.upper_key, options.upper_code, options.upper_plan, **above),
        rules,
        Options(options.least_realised / 100.0, bool(options.cross_table), bool(options.zones)),
    )
    status = _finish(made, options)
    if made.result.cross_table is not None:
        write_table(options.cross_table, made.result.cross_table)
        print(f"CROSS_TABLE: {options.cross_table}")
    if made.result.zone_verdicts is not None:
        write_zones(options.zones, "zones", made.result.zone_verdicts, ZONE_FIELDS)
        print(f"ZONES: {options.zones}")
    return status


def _demo(options: argparse.Namespace) -> int:
    register = create_demo(
        options.folder,
        options.seed,
        options.size,
        language=options.language,
        progress=TerminalProgress(),
        bad_files=options.bad_files,
    )
    if options.drafts:
        make_drafts(options.folder, options.seed)
    print(register)
    return CONFORMS


def _finish(made: Assessment, options: argparse.Namespace) -> int:
    made.write(options.findings)
    for measure in made.result.measures:
        print(f"{measure.name.upper()}: {measure.value:.10g}")
    print(f"CONFORMS: {str(made.result.conforms).lower()}")
    print(f"FINDINGS: {options.findings}")
    return CONFORMS if made.result.conforms else DOES_NOT
