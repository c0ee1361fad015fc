"""The border check of territories that a test draws, and what all tests of borders share."""

from __future__ import annotations

import shapely
from drawn import plan, stand_inside
from hypothesis import HealthCheck
from planconcord.engine.checks.borders import check_borders
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.tolerance import Tolerance

PLACES = [(0.0, 0.0), (580_000.0, 2_320_000.0)]
quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def meet(*territories, width_m: float = 0.0, search_m: float | None = None, **more) -> CheckResult:
    """The border check of territories A, B, C ..., each drawn as one shape or a list of them."""
    plans = [
        plan([shape] if isinstance(shape, (str, shapely.Geometry)) else shape, name=name)
        for name, shape in zip("ABCDEFGH", territories)
    ]
    return check(plans, width_m, search_m, **more)


def check(plans, width_m=0.0, search_m=None, language="en", rules=None, **more) -> CheckResult:
    result = check_borders(plans, Settings(Tolerance(width_m), language, "run", **more), search_m, rules)
    stand_inside(result.findings)
    return result


def gap_m2(result: CheckResult) -> float:
    return result.value("gap_area")
