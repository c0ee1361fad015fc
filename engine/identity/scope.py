"""Which findings of an earlier store a run can speak of: those of its own check about its own
plans.

A store may hold the findings of a whole province. What another check found, or found about other
plans, is neither matched nor resolved. A plan is known by its name in the findings; where just one
name is new and just one is missing, the plan was renamed, if findings of the two meet on the ground
(a plan with an id in the register keeps its name by itself).
"""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import shapely

from .naming import placeless

CHECKS = {
    "checkcoverage": ("geometry.", "coverage.", "key.", "code.missing"),
    "checkborders": ("border.",),
    "checkconformity": ("conformity.", "code."),
}


def of_check(findings: gpd.GeoDataFrame, check: str) -> gpd.GeoDataFrame:
    """Return the findings whose rules are those of ``check``; all, for a run of several checks
    ("checkprovince").
    """
    if check not in CHECKS:
        return findings
    kept = np.array([str(rule).startswith(CHECKS[check]) for rule in findings["rule"]], dtype=bool)
    return findings[kept].reset_index(drop=True)


def plans_of(findings: gpd.GeoDataFrame) -> set[str]:
    """Return the plans of which the findings speak."""
    return {name for side in "ab" for name in findings[f"plan_{side}"] if name}


def of_plans(findings: gpd.GeoDataFrame, plans: Iterable[str]) -> gpd.GeoDataFrame:
    """Return the findings that speak of no other plan than these."""
    known = {"", *plans}
    kept = findings["plan_a"].isin(known) & findings["plan_b"].isin(known)
    return findings[kept].reset_index(drop=True)


def renamed(previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, plans: Iterable[str]) -> tuple[str, str] | None:
    """Return (old name, new name) of the one plan that was renamed; None where there is none or
    more than one could be.
    """
    missing, unknown = plans_of(previous) - set(plans), set(plans) - plans_of(previous)
    if len(missing) != 1 or len(unknown) != 1:
        return None
    old, new = missing.pop(), unknown.pop()
    # what carries its territory meets every other plan of it
    before = previous[((previous["plan_a"] == old) | (previous["plan_b"] == old)) & ~placeless(previous)]
    after = current[((current["plan_a"] == new) | (current["plan_b"] == new)) & ~placeless(current)]
    if not len(before) or not len(after):
        return None
    i, j = shapely.STRtree(np.asarray(before.geometry.values)).query(np.asarray(after.geometry.values), "intersects")
    same_rule = after["rule"].to_numpy()[i] == before["rule"].to_numpy()[j]
    return (old, new) if same_rule.any() else None


def rename(findings: gpd.GeoDataFrame, old: str, new: str) -> gpd.GeoDataFrame:
    """Return the same findings with a plan's new name."""
    return findings.assign(**{f"plan_{side}": findings[f"plan_{side}"].replace({old: new}) for side in "ab"})
