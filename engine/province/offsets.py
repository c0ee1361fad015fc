"""A plan that lies off by one constant offset is judged as if it lay where it belongs; what the
offset costs is reported once.

Goes in: the result of a coverage or border check as the plans lie, the plans, and what they are
compared with, in the working CRS. Where the borders show one constant offset
(:func:`.constant_shift`), the check runs once more with the layer moved: what is still wider than
the tolerance is a defect of its own and stays a finding, at its place in the delivered layer;
everything else becomes information, one finding a kind with all its ground. The measures stay those
of the layers as they lie, and say what was found, so that :mod:`.offset_findings` can decide which
of two neighbours is off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..amounts import area_text, width_text
from ..catalogue import text
from ..checks.borders import check_borders
from ..checks.coverage import check_coverage
from ..checks.settings import Settings
from ..findings import CheckResult, Measure, assemble, batch
from ..intake.shift import ConstantShift, constant_shift
from ..intake.shifting import compass
from ..plan import PlanLayer
from ..planar.polygons import polygonal
from ..progress import Progress

ALONG_BOUNDARY = ("coverage.outside", "coverage.gap")
ACROSS_BORDER = ("border.overlap", "border.gap")
LEAST_APART_M = 0.1
"""Ground by length of border. An offset of 0.25 m opens 0.16 m of ground along a border that runs
in all directions.
"""
DECIMALS, TOUCHING_M = 3, 1e-3


@dataclass(frozen=True)
class Offset:
    """What a job has learnt. ``compared``: there was border enough; ``found``: (dx_m, dy_m) must be
    added to its first plan.

    ``before_m`` is the median distance across the border as the layers lie; ``freed``: the findings
    were judged without the offset.
    """

    compared: bool
    found: bool = False
    dx_m: float = 0.0
    dy_m: float = 0.0
    before_m: float = 0.0
    residual_m: float = 0.0
    uncertainty_m: float = 0.0
    freed: bool = False

    @classmethod
    def of(cls, shift: ConstantShift) -> Offset:
        """Return what the comparison of two borders says."""
        compared = shift.reason not in ("apart", "few")
        x, y = round(shift.dx_m, DECIMALS), round(shift.dy_m, DECIMALS)
        return cls(compared, shift.found, x, y, shift.before_m, shift.residual_m, shift.uncertainty_m)

    @property
    def length_m(self) -> float:
        """How far the layers lie off."""
        return float(np.hypot(self.dx_m, self.dy_m))

    def measures(self) -> list[Measure]:
        """Return the offset as numbers of its job."""
        made = [Measure("offset_compared", float(self.compared), "count"), Measure("offset_before", self.before_m, "m")]
        if self.found:
            values = {"x": self.dx_m, "y": self.dy_m, "residual": self.residual_m, "uncertainty": self.uncertainty_m}
            made += [Measure(f"offset_{name}", value, "m") for name, value in values.items()]
            made.append(Measure("offset_freed", float(self.freed), "count"))
        return made

    @classmethod
    def from_measures(cls, measures: list[Measure]) -> Offset | None:
        """Return the offset that :meth:`measures` has reported, None where the job did not look for
        one.
        """
        told = {m.name[len("offset_") :]: m.value for m in measures if m.name.startswith("offset_")}
        if not told:
            return None
        x, y, before, residual, unsure, freed = (
            told.get(name, 0.0) for name in ("x", "y", "before", "residual", "uncertainty", "freed")
        )
        return cls(bool(told["compared"]), "x" in told, x, y, before, residual, unsure, bool(freed))


def coverage_without_offset(
    plan: PlanLayer, boundary: shapely.Geometry, settings: Settings, boundary_name: str, result: CheckResult
) -> CheckResult:
    """Return the ``result`` of the coverage check of ``plan``, freed of an offset from its
    boundary.
    """
    along = result.findings["rule"].isin(ALONG_BOUNDARY) & ~_inner_gaps(result.findings, boundary)
    astray = result.findings[along]
    if float(astray["area_m2"].sum()) < LEAST_APART_M * shapely.length(boundary):
        return _told(result, Offset(compared=True))
    found = Offset.of(constant_shift(_one(plan.outline()), _one(boundary)))
    if not found.found:
        return _told(result, found)
    again = check_coverage(_moved(plan, found), boundary, _silent(settings), boundary_name)
    remaining = _real(again.findings, ALONG_BOUNDARY)
    remaining = _shifted(remaining, -found.dx_m, -found.dy_m)
    told_again = result.findings["rule"].isin(ALONG_BOUNDARY) & (result.findings["severity"] != "info")
    kept = result.findings[~along & ~told_again]
    summed = [_summed(rule, astray, remaining, found, plan, settings) for rule in ALONG_BOUNDARY]
    return _told(_with(result, [kept, remaining, *summed]), replace(found, freed=True))


def _inner_gaps(findings: gpd.GeoDataFrame, boundary: shapely.Geometry) -> np.ndarray:
    """Return which findings are gaps away from the boundary: they move with the layer, and no
    offset opens them.
    """
    inner = (findings["rule"] == "coverage.gap").to_numpy(copy=True)
    line = shapely.boundary(boundary)
    shapely.prepare(line)
    inner[inner] = ~shapely.dwithin(np.asarray(findings.geometry.values[inner], dtype=object), line, TOUCHING_M)
    return inner


def borders_without_offset(
    plans: list[PlanLayer],
    settings: Settings,
    grounds: dict[str, shapely.Geometry],
    others: dict[str, shapely.Geometry],
    result: CheckResult,
) -> CheckResult:
    """Return the ``result`` of the border check of two plans, freed of an offset of the first one
    that is wider than the tolerance.
    """
    apart_m2 = float(result.findings.loc[result.findings["rule"] == "border.mismatch", "area_m2"].sum())
    length_m = result.value("border_length")
    if length_m == 0 and apart_m2 == 0:
        return result
    if apart_m2 < LEAST_APART_M * length_m:
        return _told(result, Offset(compared=True))
    first, second = (_one(grounds[plan.name]) for plan in plans)
    found = Offset.of(constant_shift(first, second))
    if not found.found or found.length_m <= settings.tolerance.width_m:
        return _told(result, found)
    moved = {plans[0].name: _by(first, found)[0], plans[1].name: second[0]}
    remaining = _remaining([_moved(plans[0], found), plans[1]], settings, moved, others, found)
    kept = result.findings[~result.findings["rule"].isin(ACROSS_BORDER)].copy()
    mismatch = kept["rule"] == "border.mismatch"
    kept.loc[mismatch, "severity"] = "info"
    values = {"plan": plans[0].name, **offset_values(found, settings.language)}
    kept.loc[mismatch, "message"] += " " + text("offset.border", settings.language, **values)
    return _told(_with(result, [kept, remaining]), replace(found, freed=True))


def _remaining(
    plans: list[PlanLayer],
    settings: Settings,
    grounds: dict[str, shapely.Geometry],
    others: dict[str, shapely.Geometry],
    found: Offset,
) -> gpd.GeoDataFrame:
    """Return what is still wider than the tolerance with the first of ``plans`` moved.

    Third plans lie right beside the one that is not off: they stay where the first one is, and go
    with it where the second one is. Nobody knows yet which, so the way that leaves less is taken.
    """
    ways = [others] if not others else [others, {name: _by(_one(ground), found)[0] for name, ground in others.items()}]
    left = [
        _real(check_borders(plans, _silent(settings), grounds=dict(grounds), others=way).findings, ACROSS_BORDER)
        for way in ways
    ]
    return min(left, key=lambda findings: float(findings["area_m2"].sum()))


def offset_values(found: Offset, language: str) -> dict[str, object]:
    """Return the offset for a sentence: how far and where to the layer lies off, and what must be
    added to it.
    """
    return {
        "length": width_text(found.length_m, language),
        "direction": text(f"direction.{compass(-found.dx_m, -found.dy_m)}", language),
        "dx": found.dx_m,
        "dy": found.dy_m,
    }


def _silent(settings: Settings) -> Settings:
    """Return the same, without moving the bar back; the person may still stop it."""
    return replace(settings, progress=_Asking(settings.progress))


class _Asking(Progress):
    def __init__(self, asked: Progress):
        self._asked = asked

    def cancelled(self) -> bool:
        """Return whether the person wants to stop."""
        return self._asked.cancelled()


def _one(ground: shapely.Geometry) -> np.ndarray:
    return np.array([ground], dtype=object)


def _moved(plan: PlanLayer, found: Offset) -> PlanLayer:
    shapes = _by(np.array(plan.zones.geometry.values, dtype=object), found)
    zones = plan.zones.set_geometry(gpd.GeoSeries(shapes, index=plan.zones.index, crs=plan.crs))
    return replace(plan, zones=zones)


def _by(shapes: np.ndarray, found: Offset) -> np.ndarray:
    places = shapely.get_coordinates(shapes) + np.array([found.dx_m, found.dy_m])
    return np.asarray(shapely.set_coordinates(shapes.copy(), places), dtype=object)


def _real(findings: gpd.GeoDataFrame, rules: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Return the findings of ``rules`` wider than the tolerance."""
    return findings[findings["rule"].isin(rules) & (findings["severity"] != "info")]


def _shifted(findings: gpd.GeoDataFrame, dx_m: float, dy_m: float) -> gpd.GeoDataFrame:
    moved = findings.set_geometry(findings.geometry.translate(dx_m, dy_m))
    return moved.assign(x=moved["x"] + dx_m, y=moved["y"] + dy_m)


def _summed(
    rule: str,
    astray: gpd.GeoDataFrame,
    remaining: gpd.GeoDataFrame,
    found: Offset,
    plan: PlanLayer,
    settings: Settings,
) -> gpd.GeoDataFrame:
    """Return all ground of ``rule`` that the offset costs, as one piece of information."""
    rows = astray[astray["rule"] == rule]
    ground = shapely.union_all(np.asarray(rows.geometry.values, dtype=object))
    told = shapely.union_all(np.asarray(remaining.geometry[remaining["rule"] == rule].values, dtype=object))
    ground = polygonal([shapely.difference(ground, told)])[0]
    area_m2 = float(shapely.area(ground)) if ground is not None else 0.0
    if area_m2 == 0.0:
        return assemble([], plan.crs, settings.language, settings.run_id)
    width_m = float(rows["width_m"].max())
    columns = {"plan_a": plan.name, "territory": plan.territory, "severity": "info", "width_m": width_m}
    made = assemble([batch(rule, [ground], area_m2=area_m2, **columns)], plan.crs, settings.language, settings.run_id)
    values = {"plan": plan.name, "count": len(rows), "area": area_text(area_m2, settings.language)}
    values.update(offset_values(found, settings.language))
    return made.assign(message=text(f"offset.{rule.rpartition('.')[2]}", settings.language, **values))


def _with(result: CheckResult, parts: list[gpd.GeoDataFrame]) -> CheckResult:
    """Return the result with other findings, and the status that follows from them."""
    filled = [part for part in parts if len(part)] or parts[:1]
    findings = gpd.GeoDataFrame(pd.concat(filled, ignore_index=True), geometry="geometry", crs=result.findings.crs)
    passed = result.balanced and not (findings["severity"] == "error").any()
    return replace(result, findings=findings, status="passed" if passed else "failed")


def _told(result: CheckResult, found: Offset) -> CheckResult:
    return replace(result, measures=[*result.measures, *found.measures()])
