"""Gaps without a boundary: found wherever they lie and however they were turned, and a loss shows in the balance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from drawn import cover, plan, stand_inside
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.planar import arrangement, bruteforce, depth, kernel
from planconcord.engine.planar.depth import deep_points
from planconcord.engine.progress import Progress
from planconcord.engine.tolerance import Tolerance

WAYS = [bruteforce, kernel]


def turned(random: np.random.Generator, drawn: list[Any]) -> np.ndarray:
    """The shapes as after a change of CRS: turned and shifted, with coordinates of full precision."""
    angle = random.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    shift = np.array([500_000.0, 2_300_000.0]) + random.uniform(-1e4, 1e4, 2)
    return np.asarray(shapely.transform(np.array(drawn, dtype=object), lambda c: c @ turn + shift), dtype=object)


def notched(random: np.random.Generator) -> tuple[np.ndarray, float]:
    """(two zones side by side, area of the notch between them): the notch ends in needles of no width along their line."""
    side = random.uniform(500, 4000)
    west, east = (np.array([x, random.uniform(0.3, 0.7) * side]) for x in (0.0, side))
    first, last = (west + share * (east - west) for share in np.sort(random.uniform(0.05, 0.95, 2)))
    along = (east - west) / np.linalg.norm(east - west)
    tip = (first + last) / 2 + np.array([-along[1], along[0]]) * random.uniform(5, 0.25 * side)
    notch = [(first, tip, last), (first, tip, east), (west, tip, last)][random.integers(3)]
    line = [place for place in notch if place is not west and place is not east]
    above = shapely.Polygon([(0, side), west, *line, east, (side, side)])
    below = shapely.Polygon([(0, 0), west, east, (side, 0)])
    return turned(random, [above, below]), shapely.Polygon(notch).area


def lidded(random: np.random.Generator) -> tuple[np.ndarray, float]:
    """(a zone like a U and one that lies on both its arms and has no vertex there, the area between them)."""
    side = random.uniform(200, 2000)
    inner = shapely.box(0.25 * side, 0.5 * side, 0.75 * side, side)
    zones = [
        shapely.difference(shapely.box(0, 0, side, side), inner),
        shapely.box(-0.1 * side, side, 1.1 * side, 1.4 * side),
    ]
    return turned(random, zones), inner.area


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("drawn", [notched, lidded])
def test_no_gap_of_two_hundred_turned_plans_is_missed(drawn: Any, way: Any) -> None:
    random = np.random.default_rng(11)
    missed = []
    for _ in range(200):
        zones, area_m2 = drawn(random)
        found_m2 = shapely.area(way.cover(zones, None, Progress()).gaps).sum()
        if found_m2 != pytest.approx(area_m2, rel=1e-4):
            missed.append((found_m2, area_m2, shapely.to_wkt(zones, rounding_precision=17).tolist()))
    assert missed == []


def test_the_gap_behind_a_needle_is_one_finding_and_the_balance_closes() -> None:
    zones, area_m2 = notched(np.random.default_rng(3))
    result = cover(list(zones), width_m=0.1)
    assert result.value("gap_count") == 1
    assert result.value("gap_area") == pytest.approx(area_m2, rel=1e-6)
    assert not result.conforms


def test_a_bay_that_is_really_open_is_no_gap() -> None:
    inner = shapely.box(30, 50, 60, 100)
    zones = [shapely.difference(shapely.box(0, 0, 100, 100), inner), shapely.box(-10, 100.005, 110, 140)]
    for way in WAYS:
        assert len(way.cover(np.array(zones, dtype=object), None, Progress()).gaps) == 0


def check(zones: np.ndarray) -> CheckResult:
    result = check_coverage(plan(list(zones)), None, Settings(Tolerance(0.1)))
    stand_inside(result.findings)
    return result


def at_a_vertex(faces: np.ndarray) -> np.ndarray:
    """What a point inside must never be."""
    return np.asarray(shapely.points([shapely.get_coordinates(face)[0] for face in faces]), dtype=object)


@pytest.mark.parametrize("plain_vertices", [10**6, 0], ids=["plain", "kernel"])
def test_a_depth_that_takes_a_gap_for_covered_breaks_the_balance(
    plain_vertices: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "PLAIN_VERTICES", plain_vertices)
    zones = [shapely.box(x, y, x + 10, y + 10) for x in range(0, 100, 10) for y in range(0, 100, 10)]
    del zones[55]
    assert check(np.array(zones, dtype=object)).balanced
    if plain_vertices:
        monkeypatch.setattr(depth, "deep_points", at_a_vertex)
    else:
        monkeypatch.setattr(arrangement, "covering", lambda zones, faces, *_: np.ones(len(faces), dtype=int))
    result = check(np.array(zones, dtype=object))
    assert result.value("gap_count") == 0
    assert not result.balanced
    assert not result.conforms
    assert any("DOES NOT CLOSE" in line for line in result.log)
    if plain_vertices:
        assert any("found 0.0000 m², counted 100.0000 m²" in line for line in result.log)


def test_points_inside_lie_well_inside_whatever_the_face() -> None:
    random = np.random.default_rng(5)
    faces = []
    for _ in range(300):
        needle = random.uniform(1e-9, 1e-3)
        length = random.uniform(10, 5000)
        body = shapely.box(length, 0, length + random.uniform(1, 50), random.uniform(1, 50))
        faces.append(shapely.union(body, shapely.Polygon([(0, 0), (length, 0), (length, needle)])))
    many = np.linspace(0, 2 * np.pi, 3000)
    faces.append(shapely.Polygon(np.c_[np.cos(many) * 1e5, np.sin(many)]))  # too long for the search of a circle
    shapes = turned(random, faces)
    within_m = shapely.distance(deep_points(shapes), shapely.boundary(shapes))
    mean_m = 2 * shapely.area(shapes) / shapely.length(shapes)
    assert (within_m >= 0.999 * np.minimum(mean_m / 8, depth.DEEP_M)).all()
    assert shapely.contains(shapes, deep_points(shapes)).all()
