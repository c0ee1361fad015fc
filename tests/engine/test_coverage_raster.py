"""Coverage against counting: random plans of triangles, whose every overlap, gap and overhang is an exact count."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely
from drawn import areas, cover, of, plan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.engine.planar import bruteforce, kernel
from planconcord.engine.progress import Progress
from raster import ALL, Triangles, area_m2, drawn, enclosed, pieces, plans, zones

EASTING, NORTHING = 580_000.0, 2_320_000.0
quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}
places = st.sampled_from([(0.0, 0.0), (EASTING, NORTHING)])


def union(sets: list[Triangles]) -> Triangles:
    return frozenset().union(*sets)


def depth(sets: list[Triangles]) -> Counter[int]:
    return Counter(one for zone in sets for one in zone)


@pytest.mark.parametrize("way", [bruteforce, kernel])
@settings(max_examples=100, **quiet)
@given(sets=plans, boundary=st.none() | zones, place=places)
def test_pairs_gaps_overhang_and_depth_are_counted_right(
    way: Any, sets: list[Triangles], boundary: Triangles | None, place: tuple[float, float]
) -> None:
    sets = list(dict.fromkeys(sets))  # the check itself sets equal outlines apart before
    polygons = np.array([drawn(zone, *place) for zone in sets], dtype=object)
    made = way.cover(polygons, None if boundary is None else drawn(boundary, *place), Progress())
    shared = {(i, j): a & b for (i, a), (j, b) in combinations(enumerate(sets), 2) if a & b}
    assert {(int(i), int(j)): round(piece.area, 6) for i, j, piece in zip(made.i, made.j, made.shared)} == {
        pair: area_m2(common) for pair, common in shared.items()
    }
    covered = union(sets)
    gaps = enclosed(covered) if boundary is None else pieces(boundary - covered)
    assert sorted(np.round(shapely.area(made.gaps), 6)) == sorted(map(area_m2, gaps))
    assert made.covered_m2 == pytest.approx(area_m2(covered))
    assert made.excess_m2 == pytest.approx(sum(count - 1 for count in depth(sets).values()))
    if boundary is not None:
        beyond = {index: area_m2(zone - boundary) for index, zone in enumerate(sets) if zone - boundary}
        assert dict(zip(made.beyond.tolist(), np.round(shapely.area(made.overhang), 6))) == beyond
        assert made.gap_m2 == pytest.approx(area_m2(boundary - covered))
        assert made.outside_m2 == pytest.approx(area_m2(covered - boundary))


@settings(max_examples=80, **quiet)
@given(sets=plans, boundary=st.none() | zones.map(lambda zone: zone | {0, 1, 2, 3}), place=places)
def test_findings_and_measures_are_counted_right(
    sets: list[Triangles], boundary: Triangles | None, place: tuple[float, float]
) -> None:
    sets = [*sets, frozenset({0})]  # so that plan and boundary always meet
    polygons = [drawn(zone, *place) for zone in sets]
    result = cover(plan(polygons), None if boundary is None else drawn(boundary, *place).wkt)
    kinds = Counter(sets)
    first = {zone: sets.index(zone) for zone in kinds}
    overlaps = [
        (f"{i}", f"{j}", area_m2(piece))
        for (i, a), (j, b) in combinations(enumerate(sets), 2)
        if a != b
        for piece in pieces(a & b)
    ]
    found = of(result, "coverage.overlap")
    assert sorted(zip(found["zone_a"], found["zone_b"], np.round(found["area_m2"], 6))) == sorted(overlaps)
    twins = of(result, "geometry.duplicate")
    assert sorted(zip(twins["zone_a"], twins["zone_b"])) == sorted(
        (f"{first[zone]}", f"{i}") for i, zone in enumerate(sets) if first[zone] != i
    )
    covered, layers = union(sets), depth(sets)
    gaps = enclosed(covered) if boundary is None else pieces(boundary - covered)
    assert areas(of(result, "coverage.gap")) == sorted(map(area_m2, gaps), reverse=True)
    outside = [] if boundary is None else [piece for zone in sets for piece in pieces(zone - boundary)]
    assert areas(of(result, "coverage.outside")) == sorted(map(area_m2, outside), reverse=True)
    expected = {
        "zone_area": sum(map(area_m2, sets)),
        "covered_area": area_m2(covered),
        "overlap_area": sum(count > 1 for count in layers.values()),
        "excess_area": sum(count - 1 for count in layers.values()),
        "overlap_count": len(overlaps) + len(twins),
        "duplicate_count": len(sets) - len(kinds),
        "gap_count": len(gaps),
        "gap_area": sum(map(area_m2, gaps)),
        "outside_count": len(outside),
        "outside_area": area_m2(union(outside)),
        "noise_count": 0,
    }
    assert {name: round(result.value(name), 6) for name in expected} == expected
    assert result.conforms == (len(result.findings) == 0)


@settings(max_examples=30, **quiet)
@given(sets=plans, seed=st.integers(0, 1000))
def test_the_order_of_the_features_changes_nothing(sets: list[Triangles], seed: int) -> None:
    polygons = [drawn(zone, EASTING, NORTHING) for zone in sets]
    fids = list(range(8, 8 + len(sets)))  # 8, 9, 10: text would sort 10 before 8
    order = np.random.default_rng(seed).permutation(len(sets))
    one = cover(plan(polygons, fids=fids))
    other = cover(plan([polygons[i] for i in order], fids=[fids[i] for i in order]))
    assert one.findings.to_wkb().equals(other.findings.to_wkb())
    assert [(m.name, m.value) for m in one.measures] == [(m.name, m.value) for m in other.measures]


def test_the_oracle_counts_the_whole_plate() -> None:
    assert drawn(ALL).area == area_m2(ALL)
    assert len(pieces(ALL)) == 1
