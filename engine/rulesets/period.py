"""Is a rule set in force on the day of a run? A run with one that is not says so, in its log and in
a measure.

Goes in: the result of a check and the rule set that judged, which states its period in
``ruleset.toml``. Comes out: the result with the measure ``rules_out_of_force`` (0 or 1) and, where
it is 1, a warning first in its log, followed by how the set's tables were read. The findings stay
as they are: whether plans may still be judged by the set is for people to say.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TypeVar

from ..catalogue import text
from ..findings import CheckResult, Measure
from .ruleset import RuleSet

MEASURE = "rules_out_of_force"
Result = TypeVar("Result", bound=CheckResult)


def in_force(rules: RuleSet, today: date | None = None) -> bool:
    """Return whether the period of the set, which may be open at either end, holds ``today``."""
    about, day = rules.about, (today or date.today()).isoformat()
    return (not about.valid_from or about.valid_from <= day) and (not about.valid_to or day <= about.valid_to)


def warning(rules: RuleSet, language: str, today: date | None = None) -> str:
    """Return what to report of a set that is not in force, "" of one that is."""
    if in_force(rules, today):
        return ""
    about, day = rules.about, (today or date.today()).isoformat()
    period = {"valid_from": about.valid_from or "…", "valid_to": about.valid_to or "…"}
    return text("rules.out_of_force", language, name=rules.identity[0], today=day, **period)


def told_of_period(result: Result, rules: RuleSet, language: str, today: date | None = None) -> Result:
    """``result`` with the measure, the warning where the set is not in force, and what its reader
    noted.
    """
    said = warning(rules, language, today)
    measures = [*result.measures, Measure(MEASURE, float(bool(said)), "count")]
    return replace(result, measures=measures, log=[*filter(None, [said]), *rules.told(language), *result.log])
