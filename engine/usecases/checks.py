"""The three single checks as use cases: which plans each needs, and how the check is called with
them.

Goes in: a Request, the readers of the plans, and what the check alone asks for. Comes out: an
Assessment (see assessment.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..checks.borders import check_borders
from ..checks.conformity import Options, check_conformity
from ..checks.conformity.options import ConformityResult
from ..checks.coverage import check_coverage
from ..findings import CheckResult
from ..rulesets.ruleset import RuleSet
from .assessment import Assessment, Reader, Request, assess


def assess_coverage(request: Request, plan: Reader, boundary: Reader | None = None) -> Assessment[CheckResult]:
    """Does ``plan`` cover the ground of ``boundary``, or what it encloses, once and wholly?"""

    def check(layers: Sequence, settings: object) -> CheckResult:
        plan, *rest = layers
        outline, name = (rest[0].outline(), rest[0].name) if rest else (None, "")
        return check_coverage(plan, outline, settings, name)  # type: ignore[arg-type]

    return assess(request, [plan, *([] if boundary is None else [boundary])], check)


def assess_borders(request: Request, plans: Sequence[Reader], search_m: float | None = None) -> Assessment[CheckResult]:
    """Do neighbouring ``plans`` meet in one line? ``search_m``: how far apart lines are still
    compared, None: the default.
    """
    return assess(
        request, plans, lambda layers, settings: check_borders(list(layers), settings, search_m, request.rules)
    )


def assess_conformity(
    request: Request, lower: Reader, upper: Reader, rules: RuleSet, options: Options
) -> Assessment[ConformityResult]:
    """Does ``lower`` fit ``upper`` by ``rules``, which are the request's too?"""
    return assess(
        request,
        [lower, upper],
        lambda layers, settings: check_conformity(layers[0], layers[1], rules, settings, options),
    )
