"""The fast cover is the plain one: same pairs, same gaps, same overhang, and its own balance closes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from coverages import TURNED, coverage, recipes
from hypothesis import HealthCheck, assume, example, given, settings
from planconcord.engine.planar import bruteforce, kernel
from planconcord.engine.planar.cover import Cover
from planconcord.engine.planar.edges import GRID_M, suspect_edges
from planconcord.engine.planar.polygons import parts
from planconcord.engine.progress import Progress

THREAD_M = 4 * GRID_M


def solid(pieces: np.ndarray) -> np.ndarray:
    """The connected pieces that are thicker than the grid's dust."""
    polygons, _ = parts(pieces)
    if len(polygons) == 0:
        return polygons
    return polygons[~shapely.is_empty(shapely.buffer(polygons, -THREAD_M))]


def cores(pieces: np.ndarray) -> np.ndarray:
    """The pieces apart wherever they hang together by less than the grid's dust."""
    return parts(shapely.buffer(solid(pieces), -THREAD_M, join_style="mitre"))[0]


def pairs(cover: Cover) -> set[tuple[int, int]]:
    """The pairs that share more than dust."""
    return {(int(i), int(j)) for i, j, shared in zip(cover.i, cover.j, cover.shared) if len(solid(np.array([shared])))}


def boundary_of(zones: np.ndarray) -> shapely.Geometry:
    west, south, east, north = shapely.total_bounds(zones)
    return shapely.box(west + 1.5, south - 2.0, east - 1.5, north + 0.5)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(recipe=recipes)
@example(recipe=(4, (500_000.0, 2_300_000.0), 4, [("needle", 9, 0, 4.0)]))  # once grew beyond the boundary
@pytest.mark.parametrize("bounded", [False, True])
def test_the_kernel_agrees_with_brute_force(bounded: bool, recipe: tuple) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 0)
    boundary = boundary_of(zones) if bounded else None
    zones = np.array(list({zone.wkb: zone for zone in shapely.normalize(zones)}.values()), dtype=object)
    fast, plain = kernel.cover(zones, boundary, Progress()), bruteforce.cover(zones, boundary, Progress())
    told = shapely.to_wkt(shapely.geometrycollections(zones), rounding_precision=3)
    assert pairs(fast) == pairs(plain), told
    assert len(cores(fast.gaps)) == len(cores(plain.gaps)), told
    length_m = fast.suspect_length_m + plain.suspect_length_m
    assert shapely.area(solid(fast.gaps)).sum() == pytest.approx(
        shapely.area(solid(plain.gaps)).sum(), abs=1e-6 if recipe[2] < TURNED else 1e-4
    ), told
    assert shapely.area(fast.overhang).sum() == pytest.approx(
        shapely.area(plain.overhang).sum(), abs=THREAD_M * length_m
    ), told
    for cover in (fast, plain):
        residual_m2 = shapely.area(zones).sum() - cover.covered_m2 - cover.excess_m2
        assert abs(residual_m2) <= 1e-9 * cover.covered_m2 + cover.step_m * cover.suspect_length_m, told
    assert fast.covered_m2 == pytest.approx(plain.covered_m2, abs=GRID_M * length_m)


@settings(max_examples=50, deadline=None)
@given(recipe=recipes)
def test_order_and_threads_change_nothing(recipe: tuple) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 0)
    order = np.random.default_rng(1).permutation(len(zones))
    one = kernel.cover(zones, None, Progress(), threads=1)
    other = kernel.cover(zones[order], None, Progress(), threads=3)
    turned = {(min(order[i], order[j]), max(order[i], order[j])) for i, j in zip(other.i, other.j)}
    assert turned == set(zip(one.i.tolist(), one.j.tolist()))
    assert sorted(np.round(shapely.area(one.gaps), 6)) == sorted(np.round(shapely.area(other.gaps), 6))


def test_a_clean_coverage_has_only_its_outline_as_suspect_edges() -> None:
    zones = coverage((4, (500_000.0, 2_300_000.0), 3, []))
    assert len(suspect_edges(zones, Progress()).owner) == 4 * 4 * 2


def test_two_drawings_laid_over_each_other_are_paired_from_their_outlines_inwards() -> None:
    zones = np.concatenate([coverage((4, (0.0, 0.0), seed, [])) for seed in (1, 2)])
    fast, plain = kernel.cover(zones, None, Progress()), bruteforce.cover(zones, None, Progress())
    assert pairs(fast) == pairs(plain)
    assert len(pairs(fast)) > 16
    assert fast.excess_m2 == pytest.approx(plain.excess_m2, abs=0.1)


def test_zones_that_were_all_drawn_apart_are_answered_the_plain_way() -> None:
    random = np.random.default_rng(1)
    rings = [shapely.get_coordinates(zone)[:-1] for zone in coverage((4, (0.0, 0.0), 3, []))]
    zones = np.array([shapely.Polygon(ring + random.normal(0.0, 0.3, ring.shape)) for ring in rings], dtype=object)
    fast, plain = kernel.cover(zones, None, Progress()), bruteforce.cover(zones, None, Progress())
    assert fast.step_m == plain.step_m
    assert fast.excess_m2 == plain.excess_m2
    assert len(fast.i) > 16
