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
from ..engine.outputs import add_output
from ..engine.rulesets.listing import summary
from ..engine.rulesets.page import write_page
from ..engine.rulesets.reading import read_list, read_ruleset
from ..engine.rulesets.ruleset import RuleSet
from ..engine.rulesets.spreadsheets import LIST, write_list
from ..engine.tables.writing import PAGE
from ..engine.tolerance import Tolerance
from ..engine.usecases.checks import list_meeting_codes
from .requests import reader, request_of

WRITTEN = 0


def add_rules_commands(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
) -> None:
    """Add both commands; ``command`` makes one by name."""
    listing = command("createrules", _create)
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


def _create(options: argparse.Namespace) -> int:
    base = read_ruleset(options.rules)
    earlier = read_list(options.previous) if options.previous else None
    _tell(options, *filter(None, (base, earlier)))
    scales = (options.lower_scale, options.upper_scale)
    tolerance = Tolerance.combine(*(Tolerance.choose(options.width_tolerance, scale) for scale in scales))
    lower, upper = reader(options.lower, "", options.lower_code), reader(options.upper, "", options.upper_code)
    table = list_meeting_codes(request_of(options, tolerance), lower, upper, base, earlier)
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
