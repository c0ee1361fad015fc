"""A plan prepared for an overlay: empty zones set apart, invalid ones repaired, keys and codes
looked at.

Goes in: a PlanLayer in the working CRS, which is one in metres and that of the plans beside it:
PlanError else. Comes out: its valid polygons and the findings geometry.empty, geometry.invalid,
key.missing, key.duplicate, code.missing. A finding without area is a disc of the tolerance's radius
at its place; one without a place carries the territory's polygon (design, section 4).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..amounts import area_text
from ..catalogue import number, text
from ..crs import describe, measures_in_metres
from ..errors import PlanError
from ..findings import batch
from ..plan import PlanLayer
from ..planar.polygons import polygonal
from ..planar.repair import InvalidPolygon, repair
from ..progress import Progress
from .settings import Settings

LEAST_DISC_RADIUS_M = 0.5


@dataclass
class PreparedZones:
    """The zones of ``plan`` that have a place: valid ``polygons`` and the ``row`` of the plan each
    belongs to.

    They stand in the order of their keys, so that no result depends on the order of the features.
    """

    plan: PlanLayer
    polygons: np.ndarray
    row: np.ndarray
    defects: list[InvalidPolygon]
    empty: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """Return a column of the plan's zones, one entry a polygon."""
        return self.plan.zones[name].to_numpy()[self.row]


def prepare(plan: PlanLayer, progress: Progress | None = None, beside: Sequence[PlanLayer] = ()) -> PreparedZones:
    """Valid polygons of ``plan``; what was empty or invalid is remembered for the findings.

    ``beside``: the plans that it is checked with.
    """
    refuse_unless_in_one_plane([plan, *beside])
    repaired, defects = repair(np.asarray(plan.zones.geometry.values, dtype=object), progress)
    usable = polygonal(repaired)
    empty = shapely.is_missing(repaired) | shapely.is_empty(usable)
    broken = {defect.index for defect in defects}
    row = np.flatnonzero(~empty)
    row = row[in_order_of_names(plan.zones["key"].to_numpy()[row])]
    without_place = np.array([index for index in np.flatnonzero(empty) if index not in broken], dtype=int)
    return PreparedZones(plan, usable[row], row, defects, without_place)


def refuse_unless_in_one_plane(plans: Sequence[PlanLayer]) -> None:
    """Raise PlanError where a plan has no CRS, where its CRS does not measure in metres, or where
    two plans have different ones.

    Degrees taken for metres make every defect dust, and the plan would conform; two CRSs put one
    place in two.
    """
    for plan in plans:
        if plan.zones.crs is None:
            raise PlanError("error.no_crs", layer=plan.name)
        if not measures_in_metres(plan.crs):
            raise PlanError("error.not_in_metres", layer=plan.name, crs=describe(plan.crs))
        if plan.crs != plans[0].crs:
            crs = {"crs": describe(plan.crs), "other_crs": describe(plans[0].crs)}
            raise PlanError("error.two_crs", layer=plan.name, other=plans[0].name, **crs)


def in_order_of_names(keys: np.ndarray) -> np.ndarray:
    """Return the order of keys as people count them: 2 before 10, A2 before A10."""
    names = keys.tolist()
    if all(names) and max(map(len, names), default=0) < 19 and "".join(names).isdecimal():
        return np.lexsort((keys.astype(str), np.array(list(map(int, names)), dtype=np.int64)))  # 01 is not 1
    numbers_in_text = re.compile(r"(\d+)")

    def natural(index: int) -> tuple[list[object], str]:
        words: list[object] = list(numbers_in_text.split(keys[index]))
        words[1::2] = [int(str(word)) for word in words[1::2]]
        return words, keys[index]

    return np.array(sorted(range(len(keys)), key=natural), dtype=int)


def zone_findings(prepared: PreparedZones, territory: shapely.Geometry, settings: Settings) -> list[pd.DataFrame]:
    """Return what is wrong with single zones, as batches of findings."""
    batches = []
    if len(prepared.empty):
        row = prepared.empty
        batches.append(batch("geometry.empty", [territory] * len(row), **_names(prepared.plan, row)))
    if prepared.defects:
        batches.append(_invalid(prepared, territory, settings))
    return batches + table_findings(prepared, territory)


def table_findings(prepared: PreparedZones, territory: shapely.Geometry) -> list[pd.DataFrame]:
    """Missing and repeated keys, missing codes; each carries its zone's own polygon."""
    plan = prepared.plan
    zones = plan.zones
    batches = []
    if plan.key_field:
        given = zones["given_key"]
        missing = np.flatnonzero(given == "")
        again = given.duplicated(keep=False)
        counts = given[again].map(given[again].value_counts()).reindex(given.index, fill_value=1)
        repeated = np.flatnonzero((given != "") & again)
        batches.append(_with_polygon("key.missing", prepared, missing, territory, detail=plan.key_field))
        batches.append(
            _with_polygon("key.duplicate", prepared, repeated, territory, detail=counts.to_numpy()[repeated])
        )
    if plan.code_field:
        missing = np.flatnonzero(zones["code"] == "")
        batches.append(_with_polygon("code.missing", prepared, missing, territory))
    return [made for made in batches if made is not None]


def _with_polygon(
    rule: str, prepared: PreparedZones, rows: np.ndarray, territory: shapely.Geometry, **more: object
) -> pd.DataFrame | None:
    if len(rows) == 0:
        return None
    polygons = np.full(len(prepared.plan.zones), None, dtype=object)
    polygons[prepared.row] = prepared.polygons
    shape = polygons[rows]
    area = shapely.area(shape)
    shape[shapely.is_missing(shape)] = territory
    return batch(rule, shape, area_m2=area, **_names(prepared.plan, rows), **more)


def zone_batch(rule: str, prepared: PreparedZones, which: np.ndarray, **more: object) -> pd.DataFrame:
    """Findings of ``rule`` on whole zones, ``which`` of the prepared polygons, with their areas."""
    shape = prepared.polygons[which]
    names = _names(prepared.plan, prepared.row[which])
    return batch(rule, shape, area_m2=shapely.area(shape), **names, **more)


def _invalid(prepared: PreparedZones, territory: shapely.Geometry, settings: Settings) -> pd.DataFrame:
    radius_m = max(settings.tolerance.width_m / 2.0, LEAST_DISC_RADIUS_M)
    defects = prepared.defects
    places = np.array([(d.x, d.y) for d in defects])
    discs = np.full(len(defects), territory, dtype=object)
    placed = np.isfinite(places).all(axis=1)
    discs[placed] = shapely.buffer(shapely.points(places[placed]), radius_m)
    rows = np.array([d.index for d in defects])
    details = [explain(defect, settings.language) for defect in defects]
    return batch("geometry.invalid", discs, detail=details, **_names(prepared.plan, rows))


def explain(defect: InvalidPolygon, language: str) -> str:
    """GEOS's reason, its place, and the area before and after the repair; of a zone of which
    nothing is left the reason alone.
    """
    if not defect.area_after_m2 > 0:
        return text("coverage.invalid_detail_gone", language, reason=_reason(defect.reason, language))
    return text(
        "coverage.invalid_detail" if defect.area_before_m2 > 0 else "coverage.invalid_detail_repaired",
        language,
        reason=_reason(defect.reason, language),
        x=number(defect.x, 2, language),
        y=number(defect.y, 2, language),
        before=area_text(defect.area_before_m2, language),
        after=area_text(defect.area_after_m2, language),
    )


def _reason(reason: str, language: str) -> str:
    """GEOS's reason in the reader's language; GEOS's own words where the catalogue does not have
    them.
    """
    try:
        return text(f"geos.{reason}", language)
    except KeyError:
        return reason


def _names(plan: PlanLayer, rows: np.ndarray) -> dict[str, object]:
    return {
        "plan_a": plan.name,
        "territory": plan.territory,
        "zone_a": plan.zones["key"].to_numpy()[rows],
        "code_a": plan.zones["code"].to_numpy()[rows],
    }
