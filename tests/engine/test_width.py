"""How wide a piece is, against circles known exactly; and what of it is noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.engine.planar import width as measuring
from planconcord.engine.planar.width import wider_than, widths
from work import at_most

FAR = (580_000.0, 2_320_000.0)
sides = st.floats(0.01, 1000.0)
turns = st.floats(0.0, 180.0)
RELATIVE = 0.006


def turned(shape: shapely.Geometry, degrees: float, place: tuple[float, float] = FAR) -> shapely.Geometry:
    return shapely.affinity.translate(shapely.affinity.rotate(shape, degrees, origin=(0, 0)), *place)


def one(shape: shapely.Geometry) -> np.ndarray:
    return np.array([shape], dtype=object)


@pytest.fixture(params=["circle", "shapely 2.0"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With and without the search for the largest circle, which shapely 2.0 does not have."""
    if request.param == "shapely 2.0":
        monkeypatch.delattr(shapely, "maximum_inscribed_circle", raising=False)
    return str(request.param)


def agrees(shape: shapely.Geometry, diameter_m: float) -> None:
    assert widths(one(shape))[0] == pytest.approx(diameter_m, rel=RELATIVE)
    assert wider_than(one(shape), diameter_m * (1 - 2 * RELATIVE))[0]
    assert not wider_than(one(shape), diameter_m * (1 + 2 * RELATIVE))[0]


@settings(max_examples=150, deadline=None)
@given(length=sides, width=sides, degrees=turns)
def test_a_rectangle_is_as_wide_as_its_short_side(length: float, width: float, degrees: float) -> None:
    agrees(turned(shapely.box(0, 0, length, width), degrees), min(length, width))


@settings(max_examples=150, deadline=None)
@given(base=sides, height=sides, top=st.floats(-0.5, 1.5), degrees=turns)
def test_a_triangle_is_as_wide_as_its_inscribed_circle(base: float, height: float, top: float, degrees: float) -> None:
    triangle = turned(shapely.Polygon([(0, 0), (base, 0), (base * top, height)]), degrees)
    agrees(triangle, 4.0 * triangle.area / triangle.length)


@pytest.mark.parametrize("degrees", [0, 30, 45])
def test_known_shapes(way: str, degrees: float) -> None:
    arms = shapely.Polygon([(0, 0), (50, 0), (50, 2), (2, 2), (2, 50), (0, 50)])
    ring = shapely.Point(0, 0).buffer(50, quad_segs=200).difference(shapely.Point(0, 0).buffer(47, quad_segs=200))
    cross = shapely.union(shapely.box(-30, -1, 30, 1), shapely.box(-1, -30, 1, 30))
    square = shapely.difference(shapely.box(0, 0, 10, 10), shapely.box(4, 4, 6, 6))
    for shape, diameter_m in (
        (shapely.box(0, 0, 1000, 0.5), 0.5),
        (arms, 2 * (4 - 2 * math.sqrt(2))),  # the circle in the corner, touching the inner corner
        (ring, 3.0),
        (cross, 2 * math.sqrt(2)),
        (square, 8 * math.sqrt(2) / (1 + math.sqrt(2))),  # touching two sides and a corner of the hole
        (shapely.Point(0, 0).buffer(5, quad_segs=200), 10.0),
    ):
        agrees(turned(shape, degrees), diameter_m)


def test_a_multipolygon_is_as_wide_as_its_widest_part(way: str) -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 9, 1), shapely.box(20, 0, 29, 3), shapely.box(40, 0, 49, 2)])
    assert widths(one(parts))[0] == pytest.approx(3, rel=RELATIVE)
    assert list(widths(np.array([parts, shapely.box(0, 0, 5, 5)], dtype=object))) == pytest.approx([3, 5], rel=RELATIVE)


def test_both_ways_agree_on_crooked_slivers(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    slivers = []
    for _ in range(60):
        x = np.linspace(0, 100, 40)
        y, gap = np.cumsum(random.normal(0, 0.5, 40)), np.abs(random.normal(0.3, 0.2, 40)) + 0.02
        slivers.append(shapely.Polygon(np.r_[np.c_[x, y], np.c_[x, y + gap][::-1]] + np.array(FAR)))
    polygons = np.array(slivers, dtype=object)
    circles = 2 * shapely.length(shapely.maximum_inscribed_circle(polygons, tolerance=1e-4))
    assert widths(polygons) == pytest.approx(circles, rel=0.01)
    for width_m in (0.1, 0.5, 0.8):
        sure = np.abs(circles / width_m - 1) > 0.02
        assert (wider_than(polygons, width_m)[sure] == (circles > width_m)[sure]).all()
    monkeypatch.delattr(shapely, "maximum_inscribed_circle")
    assert widths(polygons) == pytest.approx(circles, rel=0.01)


def test_every_step_of_the_ladder_answers_like_the_circle() -> None:
    # kept by its mean width; rejected by its box; decided by the circle
    bent = shapely.LineString([(0, 0), (50, 50), (100, 0)]).buffer(0.45, join_style="mitre", cap_style="flat")
    shapes = [shapely.box(0, 0, 10, 10), shapely.box(0, 0, 100, 0.9), bent]
    assert wider_than(np.array(shapes, dtype=object), 1.1).tolist() == [True, False, False]
    assert wider_than(np.array(shapes, dtype=object), 0.8).tolist() == [True, True, True]


def test_width_zero_keeps_whatever_has_an_area() -> None:
    shapes = np.array([shapely.box(0, 0, 1e-7, 1e-7), shapely.Polygon()], dtype=object)
    assert wider_than(shapes, 0.0).tolist() == [True, False]


def test_nothing_is_measured_of_nothing(way: str) -> None:
    nothing = np.zeros(0, dtype=object)
    assert len(widths(nothing)) == 0
    assert len(wider_than(nothing, 1.0)) == 0
    assert widths(one(shapely.MultiPolygon())).tolist() == [0.0]


def test_threads_and_long_slivers_take_little_work(way: str) -> None:
    slivers = [turned(shapely.box(0, 0, 20_000, width), 37) for width in (1e-5, 1e-3, 0.01, 0.1, 1.0)] * 20
    with at_most(vertices=60_000, pairs=0):
        found = widths(np.array(slivers, dtype=object))
    assert found[1::5] == pytest.approx(1e-3, rel=0.05)
    assert found[2::5] == pytest.approx(0.01, rel=0.01)


def test_a_gap_along_all_roads_is_measured_with_little_work() -> None:
    blocks = [shapely.box(x, y, x + 90, y + 90).exterior for x in range(0, 6000, 100) for y in range(0, 6000, 100)]
    roads = shapely.Polygon(shapely.box(-10, -10, 6000, 6000).exterior, blocks)
    with at_most(vertices=500_000, pairs=0):
        assert widths(one(roads))[0] == pytest.approx(10 * math.sqrt(2), rel=RELATIVE)
        assert wider_than(one(roads), 14.0).tolist() == [True]
        assert wider_than(one(roads), 14.3).tolist() == [False]
    assert shapely.get_num_coordinates(roads) > measuring.MANY_VERTICES
