"""Where land use changes abruptly over a border: zones of two territories side by side whose codes
a rule set calls a conflict.

Goes in: the territories, their borders, a RuleSet and the tolerance. Two zones are side by side
where the outline of one runs within the tolerance of the other, for longer than
:data:`LEAST_TOLERANCES` tolerances, so that zones which only meet at a corner are passed over. A
verdict counts in either order of the codes, because neither plan is the upper one. Comes out: one
border.abrupt for each such pair, its geometry a strip along the line with the tolerance to either
side. Needs no more than the zones that lie at a border; zones without a code are passed over.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from ..amounts import length_text
from ..findings import batch
from ..planar.borders import Border
from ..planar.polygons import polygonal
from ..planar.width import widths
from ..rulesets.ruleset import RuleSet, Verdict
from .settings import Settings
from .territories import Territory

LEAST_REACH_M = 0.1
LEAST_TOLERANCES = 4.0
CONFLICT = "conflict"


def abrupt_changes(
    territories: list[Territory], borders: list[Border], rules: RuleSet, settings: Settings
) -> list[pd.DataFrame]:
    """Batches of border.abrupt, one finding a pair of zones."""
    reach_m = max(settings.tolerance.width_m, LEAST_REACH_M)
    trees = [shapely.STRtree(territory.zones) for territory in territories]
    made = []
    for border in borders:
        settings.progress.checkpoint()
        a, b = territories[border.a], territories[border.b]
        i, j, verdicts = _conflicting(a, b, trees[border.a], trees[border.b], rules, reach_m)
        near = shapely.buffer(b.zones[j], reach_m)
        line = shapely.intersection(shapely.boundary(a.zones[i]), near)
        long = np.flatnonzero(shapely.length(line) > LEAST_TOLERANCES * reach_m)
        if len(long):
            made.append(_batch((a, b), i[long], j[long], [verdicts[k] for k in long], line[long], reach_m, settings))
    return made


def _conflicting(
    a: Territory, b: Territory, tree_a: shapely.STRtree, tree_b: shapely.STRtree, rules: RuleSet, reach_m: float
) -> tuple[np.ndarray, np.ndarray, list[Verdict]]:
    """Return (zone of a, zone of b, verdict) of the pairs within ``reach_m`` of each other that the
    rules call a conflict.
    """
    at_border = np.sort(tree_a.query(b.ground, predicate="dwithin", distance=reach_m))
    place, j = tree_b.query(a.zones[at_border], predicate="dwithin", distance=reach_m)
    i = at_border[place]
    known: dict[tuple[str, str], Verdict | None] = {}
    verdicts = []
    for codes in zip(a.code[i], b.code[j]):
        if codes not in known:
            known[codes] = _conflict(rules, *codes)
        verdicts.append(known[codes])
    kept = np.array([verdict is not None for verdict in verdicts], dtype=bool)
    return i[kept], j[kept], [verdict for verdict in verdicts if verdict is not None]


def _conflict(rules: RuleSet, one: str, other: str) -> Verdict | None:
    if not one or not other:
        return None
    for codes in ((one, other), (other, one)):
        verdict = rules.verdict(*codes)
        if verdict.verdict == CONFLICT:
            return verdict
    return None


def _batch(
    sides: tuple[Territory, Territory],
    i: np.ndarray,
    j: np.ndarray,
    verdicts: list[Verdict],
    line: np.ndarray,
    reach_m: float,
    settings: Settings,
) -> pd.DataFrame:
    a, b = sides
    strip = polygonal(shapely.buffer(line, reach_m, cap_style="flat"))
    return batch(
        "border.abrupt",
        strip,
        plan_a=a.name,
        zone_a=a.key[i],
        code_a=a.code[i],
        plan_b=b.name,
        zone_b=b.key[j],
        code_b=b.code[j],
        territory=f"{a.name} – {b.name}",
        verdict=CONFLICT,
        detail=[length_text(length_m, settings.language) for length_m in shapely.length(line).tolist()],
        reason=[verdict.reason(settings.language) for verdict in verdicts],
        reference=[verdict.cited(settings.language) for verdict in verdicts],
        area_m2=shapely.area(strip),
        width_m=widths(strip),
    )
