"""No output of any check depends on the order of the features: findings, measures, tables, lines, logs, all of them.

With a key of its own a feature keeps its name, and everything must be the same to the last digit. Without one the feature's
number names it, which is another in another order: then the numbers and the ground must be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from coverages import coverage, recipes
from drawn import conform, plan, rule_set
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from planconcord.engine.checks.borders import check_borders
from planconcord.engine.checks.conformity import ConformityResult, Options, check_conformity
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.declared_area import check_declared_areas
from planconcord.engine.checks.preparation import in_order_of_names
from planconcord.engine.checks.settings import Settings
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import CheckResult, Measure
from planconcord.engine.identity.drafts import compare_drafts
from planconcord.engine.plan import PlanLayer
from planconcord.engine.rulesets.ruleset import Verdict
from planconcord.engine.tolerance import Tolerance

quiet = {"deadline": None, "suppress_health_check": list(HealthCheck), "max_examples": 12, "phases": [Phase.generate]}
UPPER, LOWER = ["R", "N", "r", "K", ""], ["A", "B", "C", "Z", ""]
RULES = rule_set(
    {
        ("R", "A"): Verdict("conflict"),
        ("R", "B"): Verdict("conflict", min_area_m2=20.0),
        ("N", "A"): Verdict("conditional"),
        ("N", "B"): Verdict("conflict"),
        ("K", "A"): Verdict("compatible"),
        ("K", "C"): Verdict("conditional", min_area_m2=5.0),
    }
)
WISHES = Settings(Tolerance(0.3, 2.0), "en", "run")


class Drawn:
    """Zones with code, key and declared area, which can be asked for in any order."""

    def __init__(self, seed: int, recipe: tuple, codes: list[str], name: str):
        random = np.random.default_rng(seed)
        self.zones = coverage(recipe)
        assume(len(self.zones) > 1)
        self.name, self.codes = name, random.choice(codes, len(self.zones))
        self.declared = np.round(shapely.area(self.zones) * random.choice([1.0, 1.0, 2.0], len(self.zones)), 1)
        self.fields = pd.DataFrame({"note": random.choice(["a", "b"], len(self.zones))})

    def plan(self, order: np.ndarray, keyed: bool) -> PlanLayer:
        table = gpd.GeoDataFrame(
            {"key": [f"z{row}" for row in order], "code": self.codes[order], "declared": self.declared[order]},
            geometry=gpd.GeoSeries(self.zones[order], crs=5899),
        )
        # a file without keys numbers its features in their order
        return PlanLayer.from_frame(table, self.name, "key" if keyed else "", "code", declared_field="declared")

    def order(self, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).permutation(len(self.zones))


def told(result: Any) -> dict[str, Any]:
    """Every output of a result by name; geometries as WKB."""
    made: dict[str, Any] = {}
    for name, value in vars(result).items():
        if isinstance(value, gpd.GeoDataFrame):
            made[name] = value.to_wkb()
        elif isinstance(value, list) and value and isinstance(value[0], Measure):
            made[name] = {measure.name: measure.value for measure in value}
        else:
            made[name] = value
    return made


def assert_identical(one: Any, other: Any, row_names: str = "") -> None:
    """Identical to the last digit. Rows that stand for the features themselves are compared by their keys."""
    for name, value in told(one).items():
        again = told(other)[name]
        if isinstance(value, pd.DataFrame):
            if name == "zone_verdicts":
                value, again = (table.sort_values("key").reset_index(drop=True) for table in (value, again))
            pd.testing.assert_frame_equal(value, again, check_exact=True, obj=name)
        else:
            assert value == again, name


NAMED = ("key", "zone_a", "zone_b", "zone_before", "zone_after", "finding_id", "message", "x", "y", "detail")
SIDES = ("code_a", "code_b", "share_a")
"""Of two zones of one plan the one that comes first by its name is a, and of two on one place it is the one that is named."""
WIDTH_SHARE = 0.01
"""The circle of a width is searched to a hundredth, from the vertex on with which the outline begins."""
ALONG_M = 2e-3
"""An edge without a counterpart is drawn along side a; the edge of side b may lie 1.5 mm beside it."""


def assert_same_numbers(one: Any, other: Any) -> None:
    """The same measures and the same rows but for names, and for the last digits, which the order of a sum decides."""
    for name, value in told(one).items():
        again = told(other)[name]
        if isinstance(value, dict):
            assert again == pytest.approx(value, rel=1e-9, abs=1e-6), name
        elif isinstance(value, pd.DataFrame):
            within = ALONG_M if name == "unmatched" else 1e-6
            tables = [_nameless(made, name) for made in (one, other)]
            widths = [table.pop("width_m").to_numpy() for table in tables if "width_m" in table]
            if widths:
                np.testing.assert_allclose(*widths, rtol=WIDTH_SHARE, atol=1e-4, err_msg=name)
            pd.testing.assert_frame_equal(*tables, rtol=1e-6, atol=within, obj=name)
        elif name != "log":
            assert value == again, name


def _nameless(result: Any, name: str) -> pd.DataFrame:
    table = getattr(result, name)
    made = pd.DataFrame(table.drop(columns=[column for column in NAMED if column in table]))
    of_borders = "rule" in made and bool(made["rule"].astype(str).str.startswith("border.").any())
    if getattr(result, "unmatched", None) is not None or of_borders:
        made = made.drop(columns=[column for column in SIDES if column in made])
    if "geometry" in made:
        bounds = pd.DataFrame(np.round(table.geometry.bounds.to_numpy(), 4), columns=list("wsen"), index=made.index)
        made = pd.concat([made.drop(columns="geometry"), bounds, table.geometry.area.rename("ground")], axis=1)
    rough = made.apply(lambda column: column.round(3) if column.dtype.kind == "f" else column.astype(str))
    order = rough.sort_values([name for name in rough.columns if name != "width_m"], kind="stable").index
    return made.loc[order].reset_index(drop=True)


Check = Callable[[list[PlanLayer]], Any]


def coverage_of(plans: list[PlanLayer]) -> CheckResult:
    return check_coverage(plans[0], shapely.envelope(plans[0].outline()), WISHES)


def coverage_without_boundary(plans: list[PlanLayer]) -> CheckResult:
    return check_coverage(plans[0], None, WISHES)


def conformity_of(plans: list[PlanLayer]) -> ConformityResult:
    return check_conformity(plans[0], plans[1], RULES, WISHES, Options(cross_table=True, zone_verdicts=True))


def borders_of(plans: list[PlanLayer]) -> CheckResult:
    return check_borders(plans, WISHES, 3.0, RULES)


def declared_of(plans: list[PlanLayer]) -> CheckResult:
    return check_declared_areas(plans[0], "declared", WISHES)


def drafts_of(plans: list[PlanLayer]) -> Any:
    return compare_drafts(plans[0], plans[1], WISHES)


CHECKS = [coverage_of, coverage_without_boundary, conformity_of, borders_of, declared_of, drafts_of]


def answer(check: Check, plans: list[PlanLayer]) -> Any:
    try:
        return check(plans)
    except PlanError as refusal:
        assume(False)
        raise refusal


@settings(**quiet)
@given(below=recipes, above=recipes, seed=st.integers(0, 50), keyed=st.booleans())
@pytest.mark.parametrize("check", CHECKS)
def test_in_another_order_every_output_is_the_same(
    check: Check, below: tuple, above: tuple, seed: int, keyed: bool
) -> None:
    place = below[1]
    drawn = [Drawn(seed, below, LOWER, "lower"), Drawn(seed + 1, (above[0], place, *above[2:]), UPPER, "upper")]
    straight = [side.plan(np.arange(len(side.zones)), keyed) for side in drawn]
    shuffled = [side.plan(side.order(seed + rank), keyed) for rank, side in enumerate(drawn)]
    compare = assert_identical if keyed else assert_same_numbers
    compare(answer(check, straight), check(shuffled))
    if check is borders_of and keyed:
        compare(check(straight), check(shuffled[::-1]))


@pytest.mark.parametrize("first", ["SMALL", "BIG"])
def test_noise_takes_no_ground_from_a_real_conflict(first: str) -> None:
    shapes = {"SMALL": shapely.box(0, 0, 5, 5), "BIG": shapely.box(0, 0, 10, 10)}
    names = [first, *(name for name in shapes if name != first)]
    rules = rule_set({("SMALL", "ODT"): Verdict("conflict", min_area_m2=50.0), ("BIG", "ODT"): Verdict("conflict")})
    upper = plan([shapes[name] for name in names], codes=names)
    result = conform(plan([shapely.box(0, 0, 10, 10)], codes=["ODT"]), upper, rules)
    assert result.value("conflict_count") == 1
    assert result.value("conflict_area") == 100
    assert result.value("conflict_ground") == 100
    assert result.value("noise_area") == 25


@pytest.mark.parametrize("first", ["conflict", "conditional"])
def test_a_strict_sliver_within_the_tolerance_takes_no_ground_from_a_wide_condition(first: str) -> None:
    shapes = {"conflict": shapely.box(0, 0, 10, 0.4), "conditional": shapely.box(0, 0, 10, 10)}
    names = [first, *(name for name in shapes if name != first)]
    rules = rule_set({(name, "ODT"): name for name in names})
    upper = plan([shapes[name] for name in names], codes=names)
    result = conform(plan([shapely.box(0, 0, 10, 10)], codes=["ODT"]), upper, rules, width_m=0.5)
    assert result.value("conflict_ground") == 0
    assert result.value("conditional_ground") == 100


def test_two_names_of_one_number_keep_their_order() -> None:
    names = np.array(["1", "01", "2", "001"], dtype=object)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        assert names[order][in_order_of_names(names[order])].tolist() == ["001", "01", "1", "2"]


@pytest.mark.parametrize("turned", [False, True])
def test_ground_of_two_equal_zones_of_a_draft_goes_to_the_western_one(turned: bool) -> None:
    order = [1, 0] if turned else [0, 1]
    west, east = shapely.box(0, 0, 10, 10), shapely.box(4, 0, 14, 10)
    before = plan([[west, east][row] for row in order], ["ODT"] * 2, keys=[["W", "E"][row] for row in order])
    after = plan([shapely.box(0, 0, 14, 10)], ["LUC"], keys=["one"])
    changes = compare_drafts(before, after, Settings(Tolerance(0.1))).changes
    assert dict(zip(changes["zone_before"], changes["area_m2"])) == {"W": 100.0, "E": 40.0}
