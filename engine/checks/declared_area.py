"""Do the areas that a plan's table declares agree with the map, zone by zone and in total?

Goes in: a PlanLayer in the working CRS in metres whose zones have a column ``declared`` with the
figures as the file holds them. Comes out: a CheckResult with a finding area.declared for each zone
whose figure differs from the map by more than the tolerance, and one for the whole plan where the
zones that agree one by one are off in sum; hectares in declared_ha, measured_ha and difference_ha
(measured less declared). A zone may differ by the rounding of its figure and by the plan's line
width times the root of its area, as the customary limit 0.0004 · scale · √area of area surveys has
it; of a sum by the root of the squares. Fails with PlanError where the column is missing or fits no
unit of area.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from ..catalogue import number, text
from ..errors import PlanError
from ..findings import CheckResult, Measure, assemble, batch
from ..plan import PlanLayer
from .area_units import DeclaredAreas, read_areas
from .preparation import PreparedZones, prepare
from .settings import Settings

RULE = "area.declared"
COMPARED_HA = 0.01
"""Totals are compared to this, as the forms of land-use plans write them."""
ROUND_FACTOR = 0.02


def check_declared_areas(plan: PlanLayer, declared_field: str, settings: Settings) -> CheckResult:
    """Return the declared areas of one plan against its map; see the module's paragraph."""
    if "declared" not in plan.zones:
        raise PlanError("error.declared_field", layer=plan.name, field=declared_field)
    prepared = prepare(plan, settings.progress.part(0.0, 0.8))
    measured_ha = shapely.area(prepared.polygons) / 1e4
    declared = read_areas(prepared.column("declared"), measured_ha * 1e4, plan.name, declared_field)
    areas = _Areas(prepared, declared, measured_ha, settings)
    settings.progress.checkpoint()
    findings = assemble(areas.batches(), plan.crs, settings.language, settings.run_id)
    settings.progress.step(1.0)
    log = areas.log(declared_field)
    return CheckResult(findings, areas.measures(), "passed", log, plan=plan.name, territory=plan.territory)


class _Areas:
    """The figures beside the map."""

    def __init__(self, prepared: PreparedZones, declared: DeclaredAreas, measured_ha: np.ndarray, settings: Settings):
        self._prepared, self._declared, self._measured_ha = prepared, declared, measured_ha
        self._language = settings.language
        width_m = settings.tolerance.width_m
        self._allowed_ha = width_m * np.sqrt(measured_ha * 1e4) / 1e4 + declared.rounding_ha
        self._difference_ha = measured_ha - declared.declared_ha
        self._there = np.isfinite(declared.declared_ha)
        with np.errstate(invalid="ignore"):
            # a figure that is right but for its last digit must not fail over the last bit
            self._differs = self._there & (np.abs(self._difference_ha) > self._allowed_ha * (1.0 + 1e-9))

    def batches(self) -> list[pd.DataFrame]:
        """Return the zones that differ, the figures that are none, and the plan where its total
        differs.
        """
        return [*self._zones(), *self._unreadable(), *self._total()]

    def _zones(self) -> list[pd.DataFrame]:
        which = np.flatnonzero(self._differs)
        declared, measured = self._declared.declared_ha[which], self._measured_ha[which]
        details = [
            " ".join(filter(None, [self._detail(*figures), self._hint(*figures[:2])]))
            for figures in zip(declared, measured, self._allowed_ha[which])
        ]
        figures = {"declared_ha": declared, "measured_ha": measured, "difference_ha": measured - declared}
        return [self._batch(which, details, **figures)] if len(which) else []

    def _unreadable(self) -> list[pd.DataFrame]:
        which = np.flatnonzero(self._declared.unreadable)
        written = self._prepared.column("declared")[which]
        details = [text("declared.no_area", self._language, written=str(value)) for value in written]
        return [self._batch(which, details, measured_ha=self._measured_ha[which])] if len(which) else []

    def _batch(self, which: np.ndarray, details: list[str], **figures: np.ndarray) -> pd.DataFrame:
        shape, plan = self._prepared.polygons[which], self._prepared.plan
        key, code = (self._prepared.column(name)[which] for name in ("key", "code"))
        names = [text("declared.zone", self._language, zone=k, code=c or "–") for k, c in zip(key, code)]
        return batch(
            RULE,
            shape,
            area_m2=shapely.area(shape),
            plan_a=plan.name,
            territory=plan.territory,
            zone_a=key,
            code_a=code,
            name_a=names,
            detail=details,
            **figures,
        )

    def _total(self) -> list[pd.DataFrame]:
        """Return one finding where the zones that agree one by one are off together: all too large,
        or all too small.
        """
        agree = self._there & ~self._differs
        off_ha = float(self._difference_ha[agree].sum())
        allowed_ha = max(COMPARED_HA, float(np.sqrt((self._allowed_ha[agree] ** 2).sum())))
        if abs(off_ha) <= allowed_ha:
            return []
        declared_ha = float(self._declared.declared_ha[agree].sum())
        measured_ha = float(self._measured_ha[agree].sum())
        share = number(100.0 * off_ha / declared_ha, 3, self._language) if declared_ha else "–"
        detail = self._detail(declared_ha, measured_ha, allowed_ha)
        detail += " " + text("declared.share", self._language, share=share)
        plan, west_to_east = self._prepared.plan, shapely.total_bounds(self._prepared.polygons)
        place = shapely.convex_hull(shapely.union_all(shapely.envelope(self._prepared.polygons)))
        place = place if shapely.area(place) > 0 else shapely.box(*west_to_east)
        return [
            batch(
                RULE,
                [place],
                plan_a=plan.name,
                territory=plan.territory,
                name_a=text("declared.total", self._language, count=int(agree.sum())),
                declared_ha=declared_ha,
                measured_ha=measured_ha,
                difference_ha=off_ha,
                detail=detail,
            )
        ]

    def _detail(self, declared_ha: float, measured_ha: float, allowed_ha: float) -> str:
        values = {
            "declared": declared_ha,
            "measured": measured_ha,
            "difference": abs(measured_ha - declared_ha),
            "allowed": allowed_ha,
        }
        told = {name: number(value, _decimals(value), self._language) for name, value in values.items()}
        key = "declared.less" if declared_ha < measured_ha else "declared.more"
        return text(key, self._language, **told)

    def _hint(self, declared_ha: float, measured_ha: float) -> str:
        """Return what a round factor between figure and map points to."""
        if not declared_ha > 0:
            return ""
        power = float(np.log10(declared_ha / measured_ha))
        nearest = round(power)
        if nearest == 0 or abs(10.0 ** (power - nearest) - 1.0) > ROUND_FACTOR:
            return ""
        if abs(nearest) == 4:
            return text("declared.hint.unit", self._language)
        factor = f"{10.0 ** abs(nearest):.0f}"
        return text("declared.hint.point", self._language, factor=factor)

    def measures(self) -> list[Measure]:
        """Totals over the zones with a figure, and how many have none."""
        there = self._there
        declared_ha = self._declared.declared_ha[there]
        return [
            Measure("declared_area", float(declared_ha.sum()) * 1e4, "m2"),
            Measure("measured_area", float(self._measured_ha[there].sum()) * 1e4, "m2"),
            Measure("declared_difference", float(self._difference_ha[there].sum()) * 1e4, "m2"),
            Measure("declared_count", int(there.sum()), "count"),
            Measure("declared_differing_count", int(self._differs.sum()), "count"),
            Measure("declared_blank_count", int(self._declared.blank.sum()), "count"),
            Measure("declared_unreadable_count", int(self._declared.unreadable.sum()), "count"),
        ]

    def log(self, column: str) -> list[str]:
        """Return how the column was read, and the totals."""
        language, declared = self._language, self._declared
        there = self._there
        values = {
            "plan": self._prepared.plan.name,
            "field": column,
            "unit": text(f"declared.unit.{declared.unit}", language),
            "sign": text(
                f"declared.sign.{'number' if not declared.decimal_sign else SIGNS[declared.decimal_sign]}", language
            ),
            "agreeing": declared.agreeing,
            "count": int(there.sum()),
            "blank": int(declared.blank.sum()),
            "declared": number(float(declared.declared_ha[there].sum()), 2, language),
            "measured": number(float(self._measured_ha[there].sum()), 2, language),
        }
        return [text("declared.read" if there.any() else "declared.none", language, **values)]


SIGNS = {",": "comma", ".": "point"}


def _decimals(value_ha: float) -> int:
    """Two decimals of a hectare, more for what is smaller than that."""
    return 2 if value_ha >= 0.1 or value_ha == 0 else 4
