"""Geometry as it comes: missing, empty, mixed and invalid zones are reported at their place and repaired for the check."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from drawn import areas, cover, numbers, of, plan, square
from planconcord.engine.errors import PlanError
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar import repair as repairing
from planconcord.engine.planar.repair import repair

BOW_TIE = "POLYGON((0 0,10 10,10 0,0 10,0 0))"
NAN, INF = math.nan, math.inf


def repaired(drawn: str) -> tuple[shapely.Geometry, list[repairing.InvalidPolygon]]:
    made, defects = repair(np.array([shapely.from_wkt(drawn)], dtype=object))
    return made[0], defects


INVALID = {
    "bow-tie": (BOW_TIE, "Self-intersection", 50.0),
    "spike": ("POLYGON((0 0,10 0,10 5,15 5,10 5,10 10,0 10,0 0))", "Self-intersection", 100.0),
    "inner spike": ("POLYGON((0 0,10 0,10 5,5 5,10 5,10 10,0 10,0 0))", "Self-intersection", 100.0),
    "hole outside its shell": (
        "POLYGON((0 0,10 0,10 10,0 10,0 0),(20 0,22 0,22 2,20 2,20 0))", "Hole lies outside shell", 104.0,
    ),
    "nested holes": (
        "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 2,8 8,2 8,2 2),(4 4,6 4,6 6,4 6,4 4))", "Holes are nested", 68.0,
    ),
    "a hole that is its shell": (
        "POLYGON((0 0,10 0,10 10,0 10,0 0),(0 0,10 0,10 10,0 10,0 0))", "Self-intersection", 100.0,
    ),
    "a shell drawn twice": (
        "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((0 0,10 0,10 10,0 10,0 0)))", "Self-intersection", 100.0,
    ),
    "parts over each other": (
        "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((5 0,15 0,15 10,5 10,5 0)))", "Self-intersection", 150.0,
    ),
    "a part inside another": (
        "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((2 2,4 2,4 4,2 4,2 2)))", "Nested shells", 100.0,
    ),
    "parts along a border": (
        "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((10 0,20 0,20 10,10 10,10 0)))", "Self-intersection", 200.0,
    ),
    "too few points": ("POLYGON((0 0,10 0,0 0,0 0))", "Too few points in geometry component", 0.0),
    "interior in two": (
        "POLYGON((0 0,10 0,10 10,0 10,0 0),(0 5,5 0,10 5,5 10,0 5))", "Interior is disconnected", 50.0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_zone_is_repaired_and_told_with_reason_and_area(name: str) -> None:
    drawn, reason, area_m2 = INVALID[name]
    result = cover([drawn, square(100, 0)])
    found = of(result, "geometry.invalid")
    assert len(found) == 1
    assert result.value("invalid_count") == 1
    assert result.value("zone_area") == pytest.approx(area_m2 + 100)
    assert found["severity"][0] == "error"
    assert found["zone_a"][0] == "0"
    assert reason in found["message"][0]
    assert ("m² repaired" if area_m2 else "nothing of it is left") in found["message"][0]
    made, _ = repaired(drawn)
    assert shapely.is_valid(made)
    assert made.geom_type in ("Polygon", "MultiPolygon")


def test_the_place_of_an_invalid_zone_is_a_disc_of_the_tolerance_radius() -> None:
    disc = of(cover([BOW_TIE], width_m=4.0), "geometry.invalid")
    assert disc.geometry[0].centroid.distance(shapely.Point(5, 5)) < 1e-6
    assert disc.geometry[0].area == pytest.approx(math.pi * 2**2, rel=0.01)
    smallest = of(cover([BOW_TIE], width_m=0.0), "geometry.invalid")
    assert smallest.geometry[0].area == pytest.approx(math.pi * 0.5**2, rel=0.01)


def test_the_reason_is_told_in_vietnamese() -> None:
    assert "tự cắt" in of(cover([BOW_TIE], language="vi"), "geometry.invalid")["message"][0]


def test_a_repaired_zone_still_overlaps_and_leaves_gaps() -> None:
    # the two triangles of the bow-tie, 25 m² each; the square covers one of them
    result = cover([BOW_TIE, square(0, 0)])
    assert numbers(result, "overlap_area", "invalid_count") == {"overlap_area": 50, "invalid_count": 1}


@pytest.mark.parametrize(
    ("ring", "area_m2"),
    [
        ([(0, 0), (10, 0), (NAN, NAN), (10, 10), (0, 10), (0, 0)], 100.0),
        ([(0, 0), (10, 0), (INF, 5), (10, 10), (0, 10), (0, 0)], 100.0),
        ([(0, 0), (10, 0), (10, -INF), (0, 0)], 0.0),
        ([(0, 0), (10, NAN), (10, 10), (0, 10), (0, 0)], 50.0),
    ],
)
def test_vertices_that_are_no_numbers_are_dropped(ring: list[tuple[float, float]], area_m2: float) -> None:
    result = cover([shapely.Polygon(ring), square(100, 0)])
    assert result.value("invalid_count") == 1
    assert result.value("zone_area") == pytest.approx(100 + area_m2)
    assert np.isfinite(of(result, "geometry.invalid")[["x", "y"]].to_numpy(dtype=float)).all()


@pytest.mark.parametrize("far", ["1e300", "1e18", "-1e10"])
def test_a_vertex_beyond_the_earth_is_dropped_and_told(far: str) -> None:
    zone = f"POLYGON((0 0,10 0,{far} 5,10 10,0 10,0 0))"
    result = cover([zone, square(8, 0)], square(0, 0, 18, 10))
    assert "Invalid Coordinate" in of(result, "geometry.invalid")["message"][0]
    assert numbers(result, "zone_area", "overlap_area", "outside_area", "invalid_count") == {
        "zone_area": 200, "overlap_area": 20, "outside_area": 0, "invalid_count": 1,
    }  # fmt: skip


def test_a_zone_without_any_number_carries_the_territory_and_not_the_origin() -> None:
    lost = shapely.Polygon([(INF, INF)] * 4)
    result = cover([lost, square(1000, 1000)])
    found = of(result, "geometry.invalid")
    assert found.geometry[0].equals(shapely.from_wkt(square(1000, 1000)))
    assert "Invalid Coordinate" in found["message"][0]


def test_an_invalid_zone_with_its_place_at_the_origin_is_shown_there() -> None:
    found = of(cover(["POLYGON((0 0,0 0,0 0,0 0))", square(100, 0)]), "geometry.invalid")
    assert found.geometry[0].centroid.distance(shapely.Point(0, 0)) < 1e-6


def test_missing_and_empty_geometries_are_told_and_carry_the_territory() -> None:
    boundary = square(0, 0, 20, 10)
    result = cover([None, square(0, 0), "POLYGON EMPTY", square(10, 0), "MULTIPOLYGON EMPTY"], boundary)
    found = of(result, "geometry.empty")
    assert set(found["zone_a"]) == {"0", "2", "4"}
    assert all(shape.equals(shapely.from_wkt(boundary)) for shape in found.geometry)
    assert result.value("empty_count") == 3
    assert result.value("zone_count") == 5
    assert not result.conforms


def test_the_polygons_of_a_collection_are_the_zone_and_its_lines_are_not() -> None:
    mixed = "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,50 0),MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0))))"
    result = cover([mixed, square(8, 0)])
    assert result.value("overlap_area") == 20
    assert result.value("invalid_count") == 0


def test_a_collection_in_a_collection_counts_every_polygon_once() -> None:
    nested = f"GEOMETRYCOLLECTION(GEOMETRYCOLLECTION({square(0, 0)},POINT(3 3)),{square(20, 0)})"
    assert cover([nested]).value("zone_area") == 200


def test_polygons_of_a_collection_that_overlap_are_one_invalid_zone() -> None:
    result = cover([f"GEOMETRYCOLLECTION({square(0, 0)},{square(5, 0)})", square(15, 0)])
    assert numbers(result, "invalid_count", "overlap_area", "zone_area") == {
        "invalid_count": 1, "overlap_area": 0, "zone_area": 250,
    }  # fmt: skip


def test_an_invalid_polygon_in_a_collection_is_repaired() -> None:
    result = cover([f"GEOMETRYCOLLECTION({BOW_TIE},POINT(3 3))", square(20, 0)])
    assert numbers(result, "invalid_count", "zone_area") == {"invalid_count": 1, "zone_area": 150}


def test_a_collection_of_lines_only_has_no_geometry() -> None:
    result = cover(["GEOMETRYCOLLECTION(LINESTRING(0 0,50 0))", square(0, 0)])
    assert of(result, "geometry.empty")["zone_a"].tolist() == ["0"]


def test_lines_and_points_among_polygons_are_left_out_with_a_note() -> None:
    layer = plan(["LINESTRING(0 0,1 1)", square(0, 0), "POINT(3 3)", None])
    assert layer.zones["key"].tolist() == ["1", "3"]
    assert layer.notes == [("note.dropped", {"layer": "plan", "count": 2, "found": "LineString, Point"})]


@pytest.mark.parametrize(
    ("drawn", "key"),
    [
        ([], "error.layer_empty"),
        ([None, None], "error.no_geometry"),
        (["POLYGON EMPTY", None], "error.no_geometry"),
        (["LINESTRING(0 0,1 1)", None], "error.not_polygons"),
        (["POINT(0 0)"], "error.not_polygons"),
        (["POLYGON((0 0,10 0,0 0,0 0))", None], "error.no_geometry"),
        (["GEOMETRYCOLLECTION(POINT(0 0))"], "error.no_geometry"),
    ],
)
def test_a_layer_without_any_area_is_refused(drawn: list[str | None], key: str) -> None:
    with pytest.raises(PlanError) as refused:
        cover(drawn)
    assert refused.value.key == key
    assert "plan" in refused.value.text("vi")


def test_a_layer_of_invalid_zones_only_is_checked() -> None:
    result = cover([BOW_TIE, "POLYGON((20 0,30 10,30 0,20 10,20 0))"])
    assert numbers(result, "invalid_count", "zone_area", "overlap_count") == {
        "invalid_count": 2, "zone_area": 100, "overlap_count": 0,
    }  # fmt: skip


def test_valid_zones_are_not_touched() -> None:
    zone = shapely.from_wkt(square(0, 0))
    made, defects = repair(np.array([zone, None, shapely.Polygon()], dtype=object))
    assert made[0] is zone
    assert made[1] is None
    assert shapely.is_empty(made[2])
    assert defects == []


@pytest.mark.parametrize(
    ("answers", "area_m2"), [("one ring", 50.0), ("structure", 50.0), ("buffer", 25.0), ("nothing", 0.0)]
)
def test_where_geos_raises_the_next_way_of_repair_is_tried(
    answers: str, area_m2: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, buffer, calls = shapely.make_valid, shapely.buffer, []

    def make_valid(polygon: shapely.Geometry, **method: object) -> shapely.Geometry:
        calls.append(polygon)
        if (answers == "one ring" and len(calls) > 1) or (answers == "structure" and method):
            return original(polygon, **method)
        raise shapely.errors.GEOSException("TopologyException: unable to node")

    def buffered(*given: object, **named: object) -> shapely.Geometry:
        if answers == "nothing":
            raise shapely.errors.GEOSException("TopologyException")
        return buffer(*given, **named)

    monkeypatch.setattr(repairing.shapely, "make_valid", make_valid)
    monkeypatch.setattr(repairing.shapely, "buffer", buffered)
    made, defects = repair(np.array([shapely.from_wkt(BOW_TIE)], dtype=object))
    assert made[0].area == area_m2
    assert defects[0].area_after_m2 == area_m2


def test_the_area_before_and_after_the_repair_is_told() -> None:
    told = of(cover(["POLYGON((0 0,100 0,100 50,150 50,100 50,100 100,0 100,0 0))"]), "geometry.invalid")["message"][0]
    assert "area 1.00 ha as drawn, 1.00 ha repaired" in told


def test_measured_zones_keep_only_two_dimensions() -> None:
    layer = plan(["POLYGON Z((0 0 5,10 0 5,10 10 5,0 10 5,0 0 5))"])
    assert not shapely.has_z(layer.zones.geometry.to_numpy()).any()


def test_the_outline_of_a_boundary_is_repaired_and_united() -> None:
    boundary = plan([BOW_TIE, None, square(10, 0), "LINESTRING(0 0,1 1)"])
    assert boundary.outline().area == pytest.approx(150)


def test_a_reprojection_that_loses_a_vertex_is_refused() -> None:
    drawn = [square(105, 21, 0.1), shapely.box(105, 21, 106, 5000)]
    layer = PlanLayer.from_frame(
        gpd.GeoDataFrame(geometry=gpd.GeoSeries([shapely.from_wkt(drawn[0]), drawn[1]], crs=4326)), "far"
    )
    with pytest.raises(PlanError) as refused:
        layer.to_crs(pyproj.CRS.from_epsg(5899))
    assert refused.value.key == "error.transform"


def test_a_vertex_that_is_no_number_does_not_stop_a_reprojection() -> None:
    bad = shapely.Polygon([(105, 21), (105.01, 21), (NAN, NAN), (105.01, 21.01), (105, 21)])
    layer = PlanLayer.from_frame(
        gpd.GeoDataFrame(geometry=gpd.GeoSeries([bad, shapely.box(105, 21, 105.1, 21.1)], crs=4326)), "p"
    )
    result = cover(layer.to_crs(pyproj.CRS.from_epsg(5899)))
    assert result.value("invalid_count") == 1
    assert areas(of(result, "coverage.overlap"))
