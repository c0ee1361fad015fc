"""Plans drawn as WKT, and their checks: what the tests of the engine have in common. Coordinates in metres."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.codes import fold
from planconcord.engine.findings import CheckResult
from planconcord.engine.plan import PlanLayer
from planconcord.engine.progress import Progress
from planconcord.engine.rulesets.ruleset import Precedence, RuleSet, Verdict
from planconcord.engine.tolerance import Tolerance

TM3 = 5899


def shapes(drawn: Sequence[Any]) -> list[Any]:
    """Geometries out of WKT; what is none (None, a geometry) stays."""
    return [shapely.from_wkt(shape) if isinstance(shape, str) else shape for shape in drawn]


def square(x: float, y: float, width: float = 10.0, height: float | None = None) -> str:
    """A rectangle by its lower left corner, as WKT."""
    return shapely.box(x, y, x + width, y + (width if height is None else height)).wkt


def moved(drawn: Sequence[Any], x: float, y: float) -> list[Any]:
    """The same shapes elsewhere."""
    return list(shapely.transform(np.array(shapes(drawn), dtype=object), lambda places: places + np.array([x, y])))


def plan(
    drawn: Sequence[Any],
    codes: Sequence[object] | None = None,
    keys: Sequence[object] | None = None,
    fids: Sequence[object] | None = None,
    name: str = "plan",
    crs: int = TM3,
    **known: Any,
) -> PlanLayer:
    """A plan layer; ``codes`` and ``keys`` become its fields "code" and "key" where given."""
    table = gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes(drawn), crs=crs))
    if codes is not None:
        table["code"] = pd.Series(list(codes))
    if keys is not None:
        table["key"] = pd.Series(list(keys))
    return PlanLayer.from_frame(
        table, name, "key" if keys is not None else "", "code" if codes is not None else "", fids, **known
    )


def cover(
    drawn: Sequence[Any] | PlanLayer,
    boundary: str | None = None,
    width_m: float = 0.0,
    area_m2: float = 0.0,
    language: str = "en",
    progress: Progress | None = None,
) -> CheckResult:
    """The coverage check; its balance must close, whatever was drawn."""
    layer = drawn if isinstance(drawn, PlanLayer) else plan(drawn)
    ground = None if boundary is None else shapely.from_wkt(boundary)
    wanted = Settings(Tolerance(width_m, area_m2), language, "run", progress or Progress())
    result = check_coverage(layer, ground, wanted, "boundary")
    assert result.value("balance_residual") <= result.value("balance_allowance"), result.log
    stand_inside(result.findings)
    return result


def conform(
    lower: PlanLayer,
    upper: PlanLayer,
    rules: RuleSet,
    width_m: float = 0.0,
    language: str = "en",
    progress: Progress | None = None,
) -> CheckResult:
    """The conformity check."""
    wanted = Settings(Tolerance(width_m), language, "run", progress or Progress())
    result = check_conformity(lower, upper, rules, wanted)
    stand_inside(result.findings)
    return result


def stand_inside(findings: gpd.GeoDataFrame) -> None:
    """Every finding has a MultiPolygon with area, an id of its own, and x, y inside."""
    assert findings["finding_id"].is_unique
    assert set(findings.geom_type) <= {"MultiPolygon"}
    assert findings.is_valid.all()
    points = shapely.points(findings["x"].to_numpy(dtype=float), findings["y"].to_numpy(dtype=float))
    assert (shapely.distance(findings.geometry.to_numpy(), points) < 1e-6).all()


def numbers(result: CheckResult, *names: str) -> dict[str, float]:
    """Some measures of a result, rounded to the square millimetre."""
    return {name: round(result.value(name), 6) for name in names}


def of(result: CheckResult, rule: str, severity: str | None = None) -> gpd.GeoDataFrame:
    """The findings of one rule, in their order."""
    table = result.findings
    chosen = table["rule"] == rule
    if severity is not None:
        chosen &= table["severity"] == severity
    return table[chosen].reset_index(drop=True)


def same_ground(found: Any, drawn: str) -> bool:
    """Whether two geometries are the same place, whatever their vertices."""
    return bool(shapely.equals(found, shapely.from_wkt(drawn)))


def areas(findings: gpd.GeoDataFrame) -> list[float]:
    """Areas in m², largest first, to the square millimetre."""
    return sorted(np.round(findings["area_m2"].to_numpy(), 6).tolist(), reverse=True)


def rule_set(
    rows: dict[tuple[str, str], str | Verdict], precedence: dict[tuple[str, str], Precedence] | None = None
) -> RuleSet:
    """A rule set out of {(upper, lower): verdict}."""
    made = {
        (fold(upper), fold(lower)): word if isinstance(word, Verdict) else Verdict(word)
        for (upper, lower), word in rows.items()
    }
    return RuleSet("drawn", made, precedence or {}, "0" * 64)
