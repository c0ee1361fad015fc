"""Zones whose boxes lie over each other but which lie side by side are checked; a stack is refused, and found the same way."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from coverages import coverage, recipes
from drawn import cover, moved, plan
from hypothesis import HealthCheck, assume, given, settings
from planconcord.engine.errors import PlanError
from planconcord.engine.planar import closure, crowds, kernel, overlay
from planconcord.engine.planar.crowds import boxes_crowd, crowd
from planconcord.engine.planar.edges import suspect_edges
from planconcord.engine.progress import Progress

EASTING, NORTHING = 580_000.0, 2_320_000.0


def strips(columns: int, rows: int, width_m: float, length_m: float) -> np.ndarray:
    """Strips side by side, all at 45 degrees."""
    i, j = np.meshgrid(np.arange(columns) * width_m, np.arange(rows) * length_m)
    west, south = i.ravel(), j.ravel()
    turn = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2)
    boxes = shapely.box(west, south, west + width_m, south + length_m)
    return np.asarray(shapely.transform(boxes, lambda c: c @ turn + (EASTING, NORTHING)), dtype=object)


def fan(count: int, radius_m: float = 1000.0) -> np.ndarray:
    """Sectors around one point."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    rim = np.c_[np.cos(turn), np.sin(turn)] * radius_m + (EASTING, NORTHING)
    middle = np.array([EASTING, NORTHING])
    return np.array([shapely.Polygon([middle, rim[i], rim[(i + 1) % count]]) for i in range(count)], dtype=object)


@pytest.mark.parametrize(
    "zones",
    [strips(450, 100, 2.0, 181.0), strips(3000, 1, 2.0, 5000.0), strips(3000, 1, 0.2, 5000.0), fan(10_000)],
    ids=["diagonal", "parallel", "close", "fan"],
)
def test_zones_side_by_side_are_no_crowd(zones: np.ndarray) -> None:
    assert crowd(zones).pairs == 0


def test_a_fan_is_checked_and_few_pairs_are_clipped(monkeypatch: pytest.MonkeyPatch) -> None:
    zones, clipped = fan(2000), 0
    assert boxes_crowd(zones) or len(zones) < 5000
    monkeypatch.setattr(crowds, "MOST_PAIRS", 1000)
    assert boxes_crowd(zones)

    def counted(polygons: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        nonlocal clipped
        clipped += len(i)
        return overlay.clips(polygons, i, j)

    monkeypatch.setattr(closure, "clips", counted)
    result = cover(list(zones))
    assert len(result.findings) == 0 and result.conforms and result.balanced
    assert clipped <= 4 * len(zones)  # 2 million pairs touch in the middle


def test_an_overlap_and_a_gap_in_a_fan_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "MOST_PAIRS", 1000)
    zones = list(fan(600))
    extra = shapely.box(EASTING + 500, NORTHING + 1, EASTING + 510, NORTHING + 3)
    del zones[300]
    result = cover([*zones, extra])
    assert result.value("overlap_area") == pytest.approx(20)
    assert result.value("overlap_count") == len([zone for zone in zones if zone.intersection(extra).area > 0])
    assert not result.conforms


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(recipe=recipes)
def test_beside_the_suspect_edges_the_same_pairs_are_found(recipe: tuple) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 1)
    suspects, tree = suspect_edges(zones, Progress()), shapely.STRtree(zones)
    found = []
    for crowded in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(closure, "boxes_crowd", lambda _, crowded=crowded: crowded)
            i, j, shared = closure.overlapping_pairs(zones, tree, suspects, Progress())
        wide = 2 * shapely.area(shared) > 0.004 * shapely.length(shared)  # thinner is dust on the grid of edges
        found.append(list(zip(i[wide].tolist(), j[wide].tolist(), shapely.area(shared[wide]).tolist())))
    assert found[0] == found[1]


@pytest.mark.parametrize("few", [10**6, 1000])
def test_a_stack_is_refused_by_name(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "MOST_PAIRS", few)
    monkeypatch.setattr(kernel, "cover", None)  # nothing is compared
    zones = shapely.box(EASTING, NORTHING, EASTING + 10 + np.arange(2000) * 1e-5, NORTHING + 10)
    with pytest.raises(PlanError) as error:
        cover(plan(list(zones), name="QH"))
    assert error.value.key == "error.crowded"
    assert error.value.values["count"] == 2000


def test_a_stack_among_strips_is_seen() -> None:
    pile = np.array(moved([shapely.box(0, 0, 100, 100 + step * 1e-4) for step in range(1600)], EASTING, NORTHING))
    found = crowd(np.concatenate([strips(450, 20, 2.0, 181.0), pile]))
    assert found.count >= 1600 and found.too_large
