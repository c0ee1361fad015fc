"""No check measures degrees, feet, or two planes as one: each refuses by name, wherever it prepares its plans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from drawn import TM3, plan, rule_set, square
from planconcord.engine.checks.borders import check_borders
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.declared_area import check_declared_areas
from planconcord.engine.checks.meeting_codes import meeting_codes
from planconcord.engine.checks.settings import Settings
from planconcord.engine.corridors import Corridor
from planconcord.engine.errors import PlanError
from planconcord.engine.identity.drafts import compare_drafts
from planconcord.engine.plan import PlanLayer

UTM_48, DEGREES, US_FEET, GEOCENTRIC, UNKNOWN_PLACE = 32648, 4756, 2249, 4978, None
WISHES, RULES = Settings(), rule_set({("R", "A"): "conflict"})
BOUNDARY = shapely.box(0, 0, 30, 10)


def layer(name: str, crs: int | None, x: float = 0.0) -> PlanLayer:
    made = plan([square(x, 0), square(x + 5, 0)], ["A", "A"], name=name)
    zones = made.zones.assign(declared="100")
    zones = gpd.GeoDataFrame(pd.DataFrame(zones), geometry="geometry")
    zones.crs = None
    return PlanLayer(name, zones if crs is None else zones.set_crs(crs, allow_override=True), code_field="code")


def neighbours(one: PlanLayer, other: PlanLayer) -> Any:
    return check_borders([one, other], WISHES)


def conformity(one: PlanLayer, other: PlanLayer) -> Any:
    return check_conformity(one, other, RULES, WISHES)


ALONE: dict[str, Callable[[PlanLayer, PlanLayer], Any]] = {
    "coverage": lambda one, _: check_coverage(one, None, WISHES),
    "coverage in a boundary": lambda one, _: check_coverage(one, BOUNDARY, WISHES),
    "declared areas": lambda one, _: check_declared_areas(one, "declared", WISHES),
}
TOGETHER: dict[str, Callable[[PlanLayer, PlanLayer], Any]] = {
    "lower": conformity,
    "upper": lambda one, other: conformity(other, one),
    "first neighbour": neighbours,
    "second neighbour": lambda one, other: neighbours(other, one),
    "third neighbour": lambda one, other: check_borders([other, layer("C", TM3, 20.0), one], WISHES),
    "land use at the border": lambda one, other: check_borders([one, other], WISHES, None, RULES),
    "codes that meet": lambda one, other: meeting_codes(one, other, WISHES),
    "first draft": lambda one, other: compare_drafts(one, other, WISHES),
    "second draft": lambda one, other: compare_drafts(other, one, WISHES),
}
EVERY = {**ALONE, **TOGETHER}


def refusal(ask: Callable[[], Any]) -> PlanError:
    with pytest.raises(PlanError) as error:
        ask()
    for language in ("en", "vi"):
        assert "{" not in error.value.text(language)
        assert "WRONG" in error.value.text(language)
    return error.value


@pytest.mark.parametrize("check", EVERY)
@pytest.mark.parametrize(
    ("crs", "key"),
    [
        (DEGREES, "error.not_in_metres"),
        (US_FEET, "error.not_in_metres"),
        (GEOCENTRIC, "error.not_in_metres"),
        (UNKNOWN_PLACE, "error.no_crs"),
    ],
)
def test_a_plan_that_does_not_measure_in_metres_is_refused_by_name(check: str, crs: int | None, key: str) -> None:
    wrong, right = layer("WRONG", crs), layer("B", TM3, 12.0)
    assert refusal(lambda: EVERY[check](wrong, right)).key == key


@pytest.mark.parametrize("check", EVERY)
def test_two_plans_in_degrees_are_refused_too(check: str) -> None:
    assert refusal(lambda: EVERY[check](layer("WRONG", DEGREES), layer("WRONG", DEGREES))).key == "error.not_in_metres"


@pytest.mark.parametrize("check", TOGETHER)
def test_plans_in_two_planes_are_refused(check: str) -> None:
    error = refusal(lambda: TOGETHER[check](layer("WRONG", UTM_48), layer("B", TM3, 12.0)))
    assert error.key == "error.two_crs"
    assert {error.values["layer"], error.values["other"]} == {"WRONG", "B"}
    assert "EPSG:32648" in error.text("en") and "EPSG:5899" in error.text("en")


def test_half_of_two_zones_in_degrees_is_not_zero_square_metres() -> None:
    zones = [shapely.box(105.0, 21.0, 105.01, 21.01), shapely.box(105.005, 21.0, 105.015, 21.01)]
    wrong = plan(zones, name="WRONG", crs=4326)
    assert refusal(lambda: check_coverage(wrong, None, WISHES)).key == "error.not_in_metres"


def test_corridors_along_lines_in_degrees_are_refused() -> None:
    table = gpd.GeoDataFrame(
        {"code": ["R"]}, geometry=gpd.GeoSeries([shapely.LineString([(105, 21), (106, 21)])], crs=4326)
    )
    upper = PlanLayer.from_frame(table, "WRONG", code_field="code", corridor=Corridor(width_m=20.0))
    assert refusal(lambda: conformity(layer("B", TM3), upper)).key == "error.not_in_metres"


def test_what_asked_for_a_change_must_lie_in_the_plane_of_the_drafts() -> None:
    comments = gpd.GeoDataFrame({"note": ["?"]}, geometry=gpd.GeoSeries([shapely.Point(105, 21)], crs=4326))
    drafts = layer("WRONG", TM3), layer("B", TM3)
    assert refusal(lambda: compare_drafts(*drafts, WISHES, comments)).key == "error.asked_crs"


@pytest.mark.parametrize("check", EVERY)
def test_plans_in_one_plane_are_checked(check: str) -> None:
    EVERY[check](
        layer("A", TM3), layer("B", TM3, 12.0) if "neighbour" in check or "border" in check else layer("B", TM3)
    )
