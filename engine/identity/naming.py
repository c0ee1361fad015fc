"""What a finding is known by from one draft to the next: by its ground, or by what names it where
it has no ground of its own.

A zone without geometry, a plan that is missing, an allotment that is exceeded carry the polygon of
their territory, which says nothing of them: each is known by its rule, its plans and its zone. A
superseded code is one finding for each plan and code. Goes in: findings as ``previous.as_findings``
makes them. Comes out: an array, one entry a finding. Never fails.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from ..codes import folded
from ..findings import without_place
from ..plan import FID

BY_CODE = ("code.superseded", "quota.")
"""One finding for each plan, territory and code."""
BY_ZONE = ("geometry.empty", "register.", "area.total", "project.unlocated", "project.unplanned")
"""What is never anywhere, whatever it carries; a register's finding without a plan has its
territory for a zone.
"""
REPEATED = "key.duplicate"
BETWEEN = "\x1f"


def placeless(findings: gpd.GeoDataFrame) -> np.ndarray:
    """Return whether each finding has no place of its own, and so neither grows nor moves."""
    never = _starts(findings, (*BY_ZONE, *(rule for rule in BY_CODE if rule.endswith("."))))
    return never | without_place(findings["area_m2"].to_numpy(dtype=float), np.asarray(findings.geometry.values))


def known_by_name(findings: gpd.GeoDataFrame) -> np.ndarray:
    """Return whether each finding is known by its name alone."""
    return placeless(findings) | _starts(findings, BY_CODE)


def names(findings: gpd.GeoDataFrame) -> np.ndarray:
    """Return the name of each finding, which means something only where it is known by it."""
    by_code, kind = _starts(findings, BY_CODE), kinds(findings)
    zones, codes = (_both(findings, column) for column in ("zone", "code"))
    by_zone = [BETWEEN.join((one, "zone", zone)) for one, zone in zip(kind, zones)]
    territories = findings["territory"].tolist()
    coded = [BETWEEN.join((one, "code", code, where)) for one, code, where in zip(kind, codes, territories)]
    return np.where(by_code, np.array(coded, dtype=object), np.array(by_zone, dtype=object))


def kinds(findings: gpd.GeoDataFrame) -> np.ndarray:
    """Rule and plans of each finding as one text, the two plans in either order; with the key, of a
    key that is there twice.

    A gap has one zone beside it or two, and so has one plan or twice the same.
    """
    keys = np.where(_starts(findings, (REPEATED,)), [_key(zone) for zone in findings["zone_a"]], "")
    rows = zip(findings["rule"], findings["plan_a"], findings["plan_b"], keys)
    return np.array([BETWEEN.join([rule, *sorted({a, b} - {""}), key]) for rule, a, b, key in rows], dtype=object)


def repeated(findings: gpd.GeoDataFrame) -> np.ndarray:
    """Return whether a finding without a place says of its zone or plan what one before it says."""
    told = pd.DataFrame({"name": names(findings), "detail": findings["message"].to_numpy()})
    return placeless(findings) & told.duplicated().to_numpy()


def _starts(findings: gpd.GeoDataFrame, rules: tuple[str, ...]) -> np.ndarray:
    return np.array([rule.startswith(rules) for rule in findings["rule"]], dtype=bool)


def _both(findings: gpd.GeoDataFrame, column: str) -> list[str]:
    """Return the zones or codes of both sides as one text."""
    a, b = (findings[f"{column}_{side}"].tolist() for side in "ab")
    if column == "code":
        a, b = folded(a).tolist(), folded(b).tolist()
    pairs = zip(findings["plan_a"], a, findings["plan_b"], b)
    return [BETWEEN.join(sorted((f"{p}{BETWEEN}{a}", f"{q}{BETWEEN}{b}"))) for p, a, q, b in pairs]


def _key(zone: str) -> str:
    """Return the key of a zone in a plan whose keys repeat: the feature id makes it distinct."""
    return zone.rpartition(f" ({FID}")[0] or zone
