"""Bad input: memory stays bounded, nothing hangs, and what cannot be checked is refused with the place and the limit."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import shapely
from drawn import cover, numbers, of, plan
from planconcord.engine.errors import PlanError
from planconcord.engine.planar.crowds import MOST_PAIRS, crowd
from work import at_most

EASTING, NORTHING = 580_000.0, 2_320_000.0
NAN, INF = float("nan"), float("inf")


def box(x: float, y: float, width: float = 10.0, height: float = 10.0) -> shapely.Polygon:
    return shapely.box(EASTING + x, NORTHING + y, EASTING + x + width, NORTHING + y + height)


def circle(vertices: int, radius_m: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return np.c_[EASTING + x + radius_m * np.cos(turn), NORTHING + y + radius_m * np.sin(turn)]


def ring(*places: tuple[float, float]) -> shapely.Polygon:
    """A polygon as a file may hold it, whatever its coordinates."""
    packed = struct.pack("<BIII", 1, 3, 1, len(places)) + b"".join(struct.pack("<dd", *place) for place in places)
    with np.errstate(invalid="ignore"):
        return shapely.from_wkb(packed)


def refused(zones: list[shapely.Geometry], boundary: str | None = None) -> PlanError:
    with pytest.raises(PlanError) as error:
        cover(plan(zones, name="QH"), boundary)
    for language in ("en", "vi"):
        assert "QH" in error.value.text(language)
    return error.value


def test_many_identical_polygons_are_one_duplicate_each() -> None:
    count = 20_000
    with at_most(vertices=1_600_000, pairs=100):
        result = cover([box(0, 0)] * count)
    assert len(of(result, "geometry.duplicate")) == len(result.findings) == count - 1
    assert set(of(result, "geometry.duplicate")["zone_a"]) == {"0"}
    assert numbers(result, "duplicate_count", "overlap_count", "overlap_area", "covered_area", "excess_area") == {
        "duplicate_count": count - 1, "overlap_count": count - 1, "overlap_area": 100, "covered_area": 100,
        "excess_area": 100 * (count - 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    "zones",
    [
        [box(0, 0, 10 + step * 1e-5) for step in range(2000)],
        [box(0, 0, 1000, 10 + step * 1e-3) for step in range(5000)],
        [box(step * 1e-3, 0, 100, 10) for step in range(2000)],
        [*[box(0, 0)] * 2000, *[box(5, 0)] * 2000],
    ],
    ids=["almost equal", "long", "shifted", "two stacks of equal ones"],
)
def test_a_crowd_on_one_place_is_refused_with_the_place_and_the_limit(zones: list[shapely.Geometry]) -> None:
    with at_most(vertices=2_000_000, pairs=1_000_000):
        error = refused(zones)
    assert error.key == "error.crowded"
    for language, limit, east in (("en", "1,000,000", "x 580,"), ("vi", "1.000.000", "x 580.")):
        told = error.text(language)
        assert limit in told and east in told
    assert error.values["count"] == pytest.approx(len(zones), abs=len(zones) / 2)


def test_a_crowd_below_the_limit_is_checked() -> None:
    result = cover([box(step * 1e-2, 0, 100, 10) for step in range(60)])
    assert result.value("overlap_count") == 60 * 59 / 2


def test_zones_side_by_side_are_no_crowd_however_many_and_crooked() -> None:
    random = np.random.default_rng(1)
    west, south = random.uniform(0, 1e5, (2, 200_000))
    bound = shapely.box(
        west, south, west + random.uniform(1, 300, west.size), south + random.uniform(1, 300, west.size)
    )
    assert crowd(bound).pairs == 0
    assert MOST_PAIRS == 1_000_000


def test_a_polygon_of_many_vertices() -> None:
    vertices = 300_000
    with at_most(vertices=10_000_000, pairs=2_700_000):
        result = cover([shapely.Polygon(circle(vertices, 10_000.0))], box(-5000, -5000, 10_000, 10_000).wkt)
    assert result.value("outside_area") == pytest.approx(np.pi * 1e8 - 1e8, rel=1e-9)
    assert result.value("gap_count") == 0


def test_a_zone_as_large_as_the_province_with_many_holes() -> None:
    side, count = 1000.0, 40
    middles = [((i + 0.5) * side, (j + 0.5) * side) for i in range(count) for j in range(count)]
    holes = [circle(24, 300.0, *middle) for middle in middles]
    province = shapely.Polygon(box(0, 0, side * count, side * count).exterior, holes)
    islands = [shapely.Polygon(hole) for hole in holes]
    boundary = box(0, 0, side * count, side * count).wkt
    with at_most(vertices=4_600_000_000, pairs=500_000):
        assert len(cover([province, *islands], boundary).findings) == 0
        result = cover([province], boundary)
    assert result.value("gap_count") == count**2
    assert result.value("gap_area") == pytest.approx(sum(island.area for island in islands))


SQUARE = [(EASTING, NORTHING), (EASTING + 10, NORTHING), (EASTING + 10, NORTHING + 10), (EASTING, NORTHING + 10)]


@pytest.mark.parametrize(
    "place", [(NAN, NORTHING), (INF, NORTHING), (EASTING, -INF), (1e300, 0.0), (1e9, 1e9), (2e8, 0)]
)
def test_a_vertex_nowhere_is_told_and_passed_over(place: tuple[float, float]) -> None:
    result = cover([ring(*SQUARE[:2], place, *SQUARE[2:], SQUARE[0]), box(10, 0)])
    assert result.findings["rule"].tolist() == ["geometry.invalid"]
    assert result.value("covered_area") == pytest.approx(200)
    assert len(result.findings["message"][0]) < 300


@pytest.mark.parametrize("place", [(1e9, 1e9), (-5e8, 3e8), (1e300, 1e300)])
def test_a_layer_off_the_earth_is_refused(place: tuple[float, float]) -> None:
    x, y = place
    error = refused([ring((x, y), (x * 1.1, y), (x * 1.1, y * 1.1), (x, y))] * 3)
    assert error.key == "error.nowhere"
    assert "VN-2000" in error.text("vi")


def test_a_layer_of_infinite_coordinates_is_refused() -> None:
    assert refused([ring(*[(INF, INF)] * 4)] * 3).key == "error.nowhere"


def test_a_layer_in_which_every_zone_is_invalid_is_checked() -> None:
    ties = [shapely.Polygon([(x, y), (x + 10, y + 10), (x + 10, y), (x, y + 10)]) for x, y in grid(30)]
    with at_most(vertices=600_000, pairs=75_000):
        result = cover(ties)
    assert result.value("invalid_count") == len(of(result, "geometry.invalid")) == 900
    assert result.value("covered_area") == pytest.approx(900 * 50)
    assert result.status == "failed"


def test_a_layer_in_which_every_zone_has_collapsed_is_refused() -> None:
    flat = [shapely.Polygon([(x, y), (x + 10, y + 10), (x, y)]) for x, y in grid(5)]
    assert refused(flat).key == "error.no_geometry"


def grid(count: int) -> list[tuple[float, float]]:
    return [(EASTING + 20 * i, NORTHING + 20 * j) for i in range(count) for j in range(count)]


@pytest.mark.parametrize("boundary", ["POLYGON EMPTY", "MULTIPOLYGON EMPTY", "POLYGON((0 0,1 1,0 0))"])
def test_an_empty_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(PlanError) as error:
        cover([box(0, 0)], boundary)
    assert error.value.key == "error.boundary_empty"


def test_a_boundary_in_another_place_is_refused_with_both_extents() -> None:
    error = refused([box(0, 0)], box(100_000, 0).wkt)
    assert error.key == "error.boundary_elsewhere"
    for language in ("en", "vi"):
        told = error.text(language)
        assert "x 580000–580010, y 2320000–2320010" in told
        assert "x 680000–680010, y 2320000–2320010" in told
