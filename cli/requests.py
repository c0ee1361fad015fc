"""What the commands share: what was written becomes a request, a plan is read when it is asked for, the log goes to standard error."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..engine.crs import crs_of
from ..engine.intake.reading import read_plan
from ..engine.outputs import given
from ..engine.progress import Progress
from ..engine.rulesets.ruleset import RuleSet
from ..engine.tolerance import Tolerance
from ..engine.usecases.assessment import Reader, Request


class TerminalProgress(Progress):
    """One line of standard error, rewritten; silent when standard error is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._text = ""

    def step(self, fraction: float, text: str = "") -> None:
        """Draw a bar of twenty characters and what is being done."""
        self._text = text or self._text
        if self._shown:
            bar = "#" * int(20 * fraction)
            sys.stderr.write(f"\r[{bar:<20}] {self._text:<50}")
            sys.stderr.write("\r" + " " * 75 + "\r" if fraction >= 1 else "")


def request_of(options: argparse.Namespace, tolerance: Tolerance, rules: RuleSet | None = None) -> Request:
    """What a person asked for by the options of a command."""
    return Request(
        check=options.check,
        tolerance=tolerance,
        language=options.language,
        working_crs=crs_of(options.working_crs or None),
        previous=getattr(options, "previous", None) if options.check.startswith("check") else None,
        rules=rules,
        given={name: str(value) for name, value in given(options).items()},
        progress=TerminalProgress(),
        tell=say,
    )


def say(line: str) -> None:
    """A line of the log, on standard error."""
    sys.stderr.write(f"{line}\n")


def reader(
    source: str, key_field: str = "", code_field: str = "", name: str = "", territory_field: str = "", **known: Any
) -> Reader:
    """What reads the plan at ``source`` when it is asked."""
    return lambda _: read_plan(source, key_field, code_field, name, territory_field, **known)
