"""The overlay of chosen pairs against plain shapely: windows, containment, what is left uncovered, ground counted once."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from planconcord.engine.planar import overlay
from planconcord.engine.planar.edges import suspect_edges
from planconcord.engine.planar.overlay import ZonePairs, inside, minus, near_pairs, shared, shared_areas
from planconcord.engine.planar.overlay_uncovered import uncovered
from planconcord.engine.progress import Cancelled, Progress
from raster import Triangles, area_m2, drawn, plans

SILENT = Progress()
EASTING, NORTHING = 580_000.0, 2_320_000.0


def polygons(zones: list[Triangles]) -> np.ndarray:
    return np.array([drawn(zone, EASTING, NORTHING) for zone in zones], dtype=object)


def forest(vertices: int, radius_m: float = 5_000.0) -> shapely.Polygon:
    """A zone with a crooked outline and a crooked clearing."""
    random = np.random.default_rng(3)
    turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    far = radius_m * (1 + 0.2 * np.sin(5 * turn)) + random.normal(0, 2, vertices)
    ring = np.column_stack([EASTING + far * np.cos(turn), NORTHING + far * np.sin(turn)])
    hole = np.column_stack([EASTING + 900 * np.cos(turn[::10]), NORTHING + 700 * np.sin(turn[::10])])
    return shapely.Polygon(ring, [hole])


def fields(count: int, width_m: float) -> np.ndarray:
    """A grid of squares around the forest's middle."""
    steps = (np.arange(count) - count / 2) * width_m
    x, y = np.meshgrid(EASTING + steps, NORTHING + steps)
    return shapely.box(x.ravel(), y.ravel(), x.ravel() + width_m, y.ravel() + width_m)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(below=plans, above=plans)
def test_pairs_areas_and_uncovered_ground_are_counted_right(below: list[Triangles], above: list[Triangles]) -> None:
    lower, upper = polygons(below), polygons(above)
    near = near_pairs(lower, upper, SILENT)
    found = {
        (i, j): area for i, j, area in zip(near.i, near.j, shared_areas(lower, upper, near, SILENT)) if area > 1e-6
    }
    by_hand = {(i, j): area_m2(a & b) for i, a in enumerate(below) for j, b in enumerate(above) if a & b}
    assert found == pytest.approx(by_hand)
    which, rest = uncovered(lower, suspect_edges(upper, SILENT), upper, near, SILENT)
    left = {i: area for i, area in zip(which, shapely.area(rest)) if area > 1e-6}
    everything = frozenset().union(*above)
    assert left == pytest.approx({i: area_m2(zone - everything) for i, zone in enumerate(below) if zone - everything})


def test_a_forest_of_many_vertices_is_cut_into_windows_and_the_areas_stay() -> None:
    zones, lower = np.array([forest(20_000)], dtype=object), fields(40, 330.0)
    near = near_pairs(lower, zones, SILENT)
    windows = {id(task.upper[0]): task.upper[0] for task in overlay._tasks(lower, zones, near, SILENT)}
    assert len(windows) > 10
    plain = shapely.area(shapely.intersection(lower[near.i], zones[0]))  # each against all vertices
    made = shared(lower, zones, near, SILENT)
    assert shapely.area(made) == pytest.approx(plain, rel=1e-9, abs=1e-6)
    assert shapely.is_valid(made).all()
    clips = shapely.intersection(lower[near.i], zones[0])
    some = shapely.area(clips) > 1e-6
    assert (shapely.get_num_geometries(made[some]) == shapely.get_num_geometries(clips[some])).all()
    assert (inside(lower, zones, near, SILENT) == shapely.contains_properly(zones[0], lower[near.i])).all()
    which, rest = minus(lower, zones, near, SILENT)
    assert shapely.area(rest) == pytest.approx(
        shapely.area(lower[which]) - plain[np.argsort(near.i)], rel=1e-9, abs=1e-6
    )


def test_a_zone_inside_another_is_taken_as_it_is() -> None:
    lower, upper = fields(2, 10.0), np.array([forest(500)], dtype=object)
    upper[0] = shapely.Polygon(upper[0].exterior)
    made = shared(lower, upper, near_pairs(lower, upper, SILENT), SILENT)
    assert all(one is zone for one, zone in zip(made, lower))


def test_no_pairs_and_pairs_of_zones_apart_share_nothing() -> None:
    lower = fields(2, 10.0)
    nothing = ZonePairs(np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    assert len(shared(lower, lower, nothing, SILENT)) == 0
    apart = shared(lower, lower[::-1].copy(), ZonePairs(np.array([0]), np.array([0])), SILENT)
    assert shapely.area(apart).tolist() == [0.0]


@pytest.mark.parametrize("gap_m", [0.004, 0.5])
def test_a_narrow_gap_of_the_upper_plan_is_found_through_everything_below(gap_m: float) -> None:
    upper = np.array([shapely.box(0, 0, 50, 100), shapely.box(50 + gap_m, 0, 100, 100)], dtype=object)
    lower = np.array(
        [shapely.box(10, 10, 20, 20), shapely.box(40, 40, 60, 60), shapely.box(200, 0, 210, 10)], dtype=object
    )
    near = near_pairs(lower, upper, SILENT)
    which, rest = uncovered(lower, suspect_edges(upper, SILENT), upper, near, SILENT)
    assert which.tolist() == [1, 2]
    assert shapely.area(rest) == pytest.approx([20 * gap_m, 100])


def test_a_zone_outside_that_shares_the_outline_is_uncovered_as_a_whole() -> None:
    upper = np.array([shapely.Polygon([(0, 0), (10, 0), (10, 5), (10, 10), (0, 10)])], dtype=object)
    lower = np.array([shapely.Polygon([(10, 5), (20, 5), (20, 10), (10, 10)]), shapely.box(0, 0, 10, 10)], dtype=object)
    near = near_pairs(lower, upper, SILENT)
    which, rest = uncovered(lower, suspect_edges(upper, SILENT), upper, near, SILENT)
    assert (which.tolist(), shapely.area(rest).tolist()) == ([0], [50.0])


def test_a_cancel_is_heard_while_a_large_zone_is_cut() -> None:
    class Never(Progress):
        def cancelled(self) -> bool:
            return True

    lower, upper = fields(30, 300.0), np.array([forest(20_000)], dtype=object)
    with pytest.raises(Cancelled):
        shared(lower, upper, near_pairs(lower, upper, SILENT), Never())


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_a_lower_zone_on_a_line_that_two_upper_zones_draw_a_micrometre_apart_is_covered(start: int) -> None:
    upper = np.array([shapely.box(-100, -100, 0, 100), shapely.box(1e-6, -100, 100, 100)], dtype=object)
    corner, middle = 5e-7, 10.0
    for west, east in ((corner, middle), (corner - middle, corner + middle)):  # a corner, or the middle, in the slit
        ring = np.roll([(west, -5.0), (east, -5.0), (east, 5.0), (west, 5.0)], start, axis=0)
        lower = np.array([shapely.Polygon(ring)], dtype=object)
        near = near_pairs(lower, upper, SILENT)
        which, _ = uncovered(lower, suspect_edges(upper, SILENT), upper, near, SILENT)
        assert which.tolist() == []
