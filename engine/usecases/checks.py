"""The single checks, the list of codes that meet, and two drafts side by side: which plans each needs, and how it is called.

Goes in: a Request, the readers of the plans, and what the check alone asks for. Comes out: an Assessment (see
assessment.py), or the table or the changes themselves where no store is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import geopandas as gpd
import pandas as pd
import pyproj

from ..catalogue import text
from ..checks.borders import check_borders
from ..checks.conformity import Options, check_conformity
from ..checks.conformity.options import ConformityResult
from ..checks.coverage import check_coverage
from ..checks.meeting_codes import meeting_codes
from ..findings import CheckResult
from ..identity.drafts import DraftChanges, compare_drafts
from ..progress import Progress
from ..rulesets.listing import list_of_pairs
from ..rulesets.ruleset import RuleSet
from .assessment import Assessment, Reader, Request, assess, begin_check, bring_together, read_plans

Asked = Callable[[pyproj.CRS, Progress], gpd.GeoDataFrame]
"""Gives the findings or comments that asked for changes, in the working CRS."""
Attributes = Callable[[Progress], tuple[pd.DataFrame, pd.DataFrame]]
"""Gives the further fields of both drafts, row by row as their zones."""


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


def list_meeting_codes(
    request: Request,
    lower: Reader,
    upper: Reader,
    base: RuleSet,
    earlier: RuleSet | None = None,
    warn: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Every pair of codes of the two plans that meets, filled from ``base`` and from the list of an ``earlier`` time.

    ``warn`` is called with what leaves the list short; ``request.tell`` where none is given.
    """
    layers, _ = bring_together(read_plans([lower, upper], request), request)
    met = meeting_codes(layers[0], layers[1], begin_check(request))
    for layer, count in zip(layers, met.uncoded):
        if count:
            told = text("createrules.uncoded", request.language, layer=layer.name, count=count)
            (warn or request.tell)(told)
    return list_of_pairs(met.pairs, base, earlier, request.language)


def compare_two_drafts(
    request: Request, drafts: Sequence[Reader], attributes: Attributes, asked: Asked | None = None
) -> DraftChanges:
    """What has changed from the first of the two ``drafts`` to the second?"""
    layers, crs = bring_together(read_plans(drafts, request), request)
    settings = begin_check(request)
    start = settings.progress.part(0.0, 0.0)
    asking = None if asked is None else asked(crs, start)
    return compare_drafts(layers[0], layers[1], settings, asking, attributes(start))
