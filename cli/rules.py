"""``python -m planconcord createrules`` and ``showrules``: the algorithms of the same names,
without QGIS.

Exit status 0: written; 2: could not run. What the numbers are is printed to standard output, as for
the checks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ..engine.catalogue import text
from ..engine.checks.meeting_codes import meeting_codes
from ..engine.checks.settings import Settings
from ..engine.intake.reading import read_plan
from ..engine.outputs import add_output
from ..engine.plan import PlanLayer
from ..engine.progress import Progress
from ..engine.rulesets.listing import list_of_pairs, summary
from ..engine.rulesets.page import write_page
from ..engine.rulesets.reading import read_list, read_ruleset
from ..engine.rulesets.ruleset import RuleSet
from ..engine.rulesets.spreadsheets import LIST, write_list
from ..engine.tables.writing import PAGE
from ..engine.tolerance import Tolerance

WRITTEN = 0


def add_rules_commands(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
    together: Callable[[list[PlanLayer], argparse.Namespace], tuple],
    progress: Callable[[], Progress],
) -> None:
    """Add both commands. ``command`` registers one by name, ``together`` brings layers into the
    working CRS.
    """

    def create(options: argparse.Namespace) -> int:
        return _create(options, together, progress())

    listing = command("createrules", create)
    for side in ("lower", "upper"):
        listing.add_argument(f"--{side}", required=True, metavar="FILE[|layername=NAME]")
        listing.add_argument(f"--{side}-code", required=True, help=text(f"createrules.{side.upper()}_CODE.help", "en"))
        listing.add_argument(f"--{side}-scale", type=float, help=text("shared.SCALE.help", "en"))
    listing.add_argument("--rules", help=text("createrules.RULES.help", "en"))
    listing.add_argument("--previous", type=Path, help=text("createrules.PREVIOUS.help", "en"))
    listing.add_argument("--width-tolerance", type=float, help=text("shared.WIDTH_TOLERANCE.help", "en"))
    listing.add_argument("--working-crs", help=text("shared.WORKING_CRS.help", "en"))
    output_help = text("createrules.OUTPUT.help", "en")
    add_output(listing, "--output", LIST, ("--previous",), type=Path, required=True, help=output_help)
    showing = command("showrules", _show)
    showing.add_argument("--rules", help=text("showrules.RULES.help", "en"))
    add_output(showing, "--output", PAGE, type=Path, required=True, help=text("showrules.OUTPUT.help", "en"))


def _create(
    options: argparse.Namespace,
    together: Callable[[list[PlanLayer], argparse.Namespace], tuple],
    progress: Progress,
) -> int:
    base = read_ruleset(options.rules)
    earlier = read_list(options.previous) if options.previous else None
    _tell(options, *filter(None, (base, earlier)))
    read = [read_plan(options.lower, "", options.lower_code), read_plan(options.upper, "", options.upper_code)]
    (lower, upper), _ = together(read, options)
    scales = (options.lower_scale, options.upper_scale)
    tolerance = Tolerance.combine(*(Tolerance.choose(options.width_tolerance, scale) for scale in scales))
    met = meeting_codes(lower, upper, Settings(tolerance, options.language, "", progress))
    for layer, count in zip((lower, upper), met.uncoded):
        if count:
            sys.stderr.write(text("createrules.uncoded", options.language, layer=layer.name, count=count) + "\n")
    table = list_of_pairs(met.pairs, base, earlier, options.language)
    write_list(table, options.output, list(base.codes.values()), options.language, base)
    for name, value in summary(table).items():
        print(f"{name.upper()}: {value:.10g}")
    print(f"OUTPUT: {options.output}")
    return WRITTEN


def _show(options: argparse.Namespace) -> int:
    rules = read_ruleset(options.rules)
    _tell(options, rules)
    write_page(rules, options.output, options.language)
    print(f"ROW_COUNT: {len(rules.verdicts)}")
    print(f"REVIEW_COUNT: {sum(bool(row.review) for row in rules.verdicts.values())}")
    print(f"SHA256: {rules.digest}")
    print(f"OUTPUT: {options.output}")
    return WRITTEN


def _tell(options: argparse.Namespace, *sets: RuleSet) -> None:
    for line in (line for rules in sets for line in rules.told(options.language)):
        sys.stderr.write(line + "\n")
