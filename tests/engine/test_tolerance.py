"""The one tolerance: from a scale, from a width, none; and the coarser of two."""

from __future__ import annotations

import math

import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.tolerance import Tolerance


@pytest.mark.parametrize(
    ("scale", "width_m"), [(500, 0.25), (2_000, 1.0), (10_000, 5.0), (25_000, 12.5), (50_000, 25.0), (1, 0.0005)]
)
def test_half_a_millimetre_on_the_map(scale: float, width_m: float) -> None:
    assert Tolerance.from_scale(scale).width_m == width_m
    assert Tolerance.choose(scale_denominator=scale) == Tolerance(width_m, 0.0)


def test_another_drawing_accuracy() -> None:
    assert Tolerance.from_scale(10_000, mm=0.2, area_m2=7.0) == Tolerance(2.0, 7.0)


def test_without_width_and_scale_a_decimetre() -> None:
    assert Tolerance() == Tolerance.choose() == Tolerance(0.1, 0.0)


def test_a_given_width_replaces_the_scale_and_zero_means_zero() -> None:
    assert Tolerance.choose(width_m=0.0, scale_denominator=25_000).width_m == 0.0
    assert Tolerance.choose(width_m=3.0, scale_denominator=25_000).width_m == 3.0


def test_the_coarser_of_two_governs_in_width_and_in_area() -> None:
    assert Tolerance.combine(Tolerance(5.0, 1.0), Tolerance(12.5, 0.5)) == Tolerance(12.5, 1.0)


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf])
def test_a_width_or_area_that_is_none_is_refused(wrong: float) -> None:
    for made in (lambda: Tolerance(wrong), lambda: Tolerance(0.1, wrong)):
        with pytest.raises(PlanError) as refused:
            made()
        assert refused.value.key == "error.tolerance"
        assert refused.value.text("vi") != refused.value.text("en")


@pytest.mark.parametrize("wrong", [0.0, -25_000, math.nan, math.inf])
def test_a_scale_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(PlanError) as refused:
        Tolerance.from_scale(wrong)
    assert refused.value.key == "error.scale"


def test_a_chosen_scale_of_zero_is_refused_and_not_taken_for_none() -> None:
    with pytest.raises(PlanError) as refused:
        Tolerance.choose(scale_denominator=0)
    assert refused.value.key == "error.scale"
