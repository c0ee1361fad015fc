"""Zones that cannot be judged, or only by the successor of their code: code.missing, code.unknown,
code.superseded.

Two PreparedZones, which lower zones can be judged, and a RuleSet go in; batches of findings come
out. A superseded code is one finding for each plan and code, with its zones as one place; where no
single code succeeds it the finding is a warning that asks which one it is to be, else information.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from ...catalogue import text
from ...codes import folded, hint
from ...findings import batch
from ...planar.polygons import polygonal, singles
from ...rulesets.ruleset import Code, RuleSet
from ..preparation import PreparedZones, table_findings, zone_batch
from ..settings import Settings
from .fulfilment import names_of


def code_findings(
    below: PreparedZones, above: PreparedZones, judgeable: np.ndarray, rules: RuleSet, settings: Settings
) -> list[pd.DataFrame]:
    """Return what is wrong with the codes of both plans."""
    made = []
    for prepared in (below, above):
        if (prepared.plan.zones["code"] == "").any():
            territory = shapely.convex_hull(shapely.multipolygons(singles(prepared.polygons)[0]))
            made += [part for part in table_findings(prepared, territory) if (part["rule"] == "code.missing").all()]
        made += _superseded(prepared, rules, settings)
    unknown = np.flatnonzero(~judgeable & (below.column("code") != ""))
    if len(unknown):
        hints = [hint(code, settings.language) for code in below.column("code")[unknown]]
        made.append(zone_batch("code.unknown", below, unknown, detail=hints))
    return made


def _superseded(prepared: PreparedZones, rules: RuleSet, settings: Settings) -> list[pd.DataFrame]:
    same = pd.Series(folded(prepared.column("code")), dtype=object)
    made = []
    for name, rows in same.groupby(same, sort=True).groups.items():
        code = rules.superseded(str(name)) if name else None
        if code is not None:
            made.append(_finding(prepared, np.asarray(rows), code, rules, settings))
    return made


def _finding(prepared: PreparedZones, rows: np.ndarray, code: Code, rules: RuleSet, settings: Settings) -> pd.DataFrame:
    language, plan = settings.language, prepared.plan
    polygons = prepared.polygons[rows]
    place = _one_place(polygons)
    if code.successor:
        name = rules.code_name(code.successor, language)
        then = text("conformity.successor", language, code=code.successor, name=f" ({name})" if name else "")
    else:
        then = code.question(language) or text("conformity.no_successor", language)
    detail = text("conformity.superseded_zones", language, count=len(rows), then=then)
    found = batch(
        "code.superseded",
        [place],
        plan_a=plan.name,
        territory=plan.territory,
        zone_a=prepared.column("key")[rows[0]] if len(rows) == 1 else "",
        code_a=prepared.column("code")[rows[0]],
        name_a=names_of(np.array([code.code], dtype=object), rules, language)[0],
        area_m2=shapely.area(polygons).sum(),
        detail=detail,
    )
    return found.assign(severity="info") if code.successor else found


def _one_place(polygons: np.ndarray) -> shapely.Geometry:
    """Return the ground of all polygons together."""
    try:
        united = shapely.coverage_union_all(polygonal(polygons))
        if shapely.is_valid(united):
            return polygonal([united])[0]
    except shapely.errors.GEOSException:
        pass  # they overlap, and GEOS noticed
    return polygonal([shapely.union_all(polygons)])[0]
