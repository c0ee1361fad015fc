"""A regular plan against an outline that it touches on a part of its border, and files that are not what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from planconcord.engine.errors import PlanError
from planconcord.engine.intake.diagnosis import RIGHT, UNDECIDED, WRONG, diagnose
from planconcord.engine.intake.errors import IntakeError
from planconcord.engine.intake.formats import format_of
from planconcord.engine.intake.outer_border import outer_border, zones_with_area
from planconcord.engine.intake.reading import read_plan
from planconcord.engine.intake.shift import constant_shift

TRUE = pyproj.CRS.from_epsg(5899)
WEST, SOUTH = 500_000.0, 2_300_000.0
PROVINCE = shapely.box(WEST, SOUTH - 30_000, WEST + 150_000, SOUTH + 90_000)


def squares(count: int, side_m: float, west: float = WEST, south: float = SOUTH) -> np.ndarray:
    """``count`` by ``count`` zones that share all their inner edges."""
    x, y = np.meshgrid(west + side_m * np.arange(count), south + side_m * np.arange(count))
    return shapely.box(x.ravel(), y.ravel(), x.ravel() + side_m, y.ravel() + side_m)


def drawn_in(shapes: np.ndarray, epsg: int) -> np.ndarray:
    moved = pyproj.Transformer.from_crs(TRUE, epsg, always_xy=True)
    return shapely.transform(shapes, lambda places: np.column_stack(moved.transform(places[:, 0], places[:, 1])))


@pytest.mark.parametrize("epsg", [5899, 5898, 3405, 32648, 4326])
@pytest.mark.parametrize(("count", "side_m"), [(60, 333.0), (120, 167.0), (20, 1000.0), (7, 13.0)])
def test_a_regular_district_whose_west_side_is_shared_is_placed(count: int, side_m: float, epsg: int) -> None:
    found = diagnose(drawn_in(squares(count, side_m), epsg), None, np.array([PROVINCE]), TRUE)
    assert (found.verdict, found.best.candidate.epsg, found.rivals) == (WRONG, epsg, ())
    assert found.best.border_offset_m == pytest.approx(0.0, abs=0.05)
    labelled = diagnose(drawn_in(squares(count, side_m), epsg), pyproj.CRS.from_epsg(epsg), np.array([PROVINCE]), TRUE)
    assert labelled.verdict == RIGHT and labelled.off_m == 0.0


@pytest.mark.parametrize("noise_m", [0.0, 0.3, 3.0])
def test_slivers_between_all_zones_are_no_outer_border(noise_m: float) -> None:
    draw = np.random.default_rng(7)
    zones = squares(40, 250.0)
    moved = [shapely.transform(zone, lambda places: places + draw.normal(0.0, noise_m, 2)) for zone in zones]
    border = outer_border(zones_with_area(np.array(moved, dtype=object)), 2_000)
    outside = shapely.distance(shapely.box(*shapely.total_bounds(zones)).exterior, shapely.points(border.places))
    assert len(border.places) > 1_000 and (outside < 15.0).mean() > 0.97
    found = diagnose(np.array(moved, dtype=object), None, np.array([PROVINCE]), TRUE)
    assert (found.verdict, found.best.candidate.epsg) == (WRONG, 5899)


def test_a_twentieth_of_the_border_is_enough_and_none_is_told() -> None:
    tongue = shapely.box(WEST, SOUTH + 4_000, WEST + 5_000, SOUTH + 6_000)  # the district's only way to the outline
    touching = np.append(squares(60, 333.0, WEST + 5_000), tongue)
    found = diagnose(touching, None, np.array([PROVINCE]), TRUE)
    assert (found.verdict, found.best.candidate.epsg) == (WRONG, 5899)
    inner = diagnose(squares(60, 333.0, WEST + 20_000), None, np.array([PROVINCE]), TRUE)
    assert inner.verdict == UNDECIDED and inner.best.border_offset_m is None
    assert 5899 in {reading.candidate.epsg for reading in (inner.best, *inner.rivals)}


def test_a_triangle_and_a_strip_and_one_zone_are_placed() -> None:
    triangle = shapely.Polygon([(WEST, SOUTH), (WEST, SOUTH + 9_000), (WEST + 12_000, SOUTH + 4_000)])
    strip = shapely.box(WEST, SOUTH, WEST + 60, SOUTH + 30_000)
    for shape in (triangle, strip):
        found = diagnose(drawn_in(np.array([shape]), 9217), None, np.array([PROVINCE]), TRUE)
        assert (found.verdict, found.best.candidate.epsg) == (WRONG, 9217)


def test_the_sample_is_the_same_in_every_run() -> None:
    zones = squares(30, 100.0)
    one, other = (outer_border(zones_with_area(zones), 500) for _ in range(2))
    assert np.array_equal(one.places, other.places)
    steps = np.hypot(*np.diff(one.places, axis=0).T)
    assert len(np.unique(steps.round(3))) > 400  # not at one distance, which could fall in step with the plan


@pytest.mark.parametrize("offset", [(225.0, -60.0), (0.8, 0.5)])
def test_the_offset_of_a_regular_layer_from_its_like_neighbour(offset: tuple[float, float]) -> None:
    ours, theirs = squares(40, 250.0), squares(40, 250.0, WEST + 10_000)
    ours = np.append(
        ours, shapely.box(WEST + 10_000, SOUTH, WEST + 10_700, SOUTH + 900)
    )  # a corner in the common border
    theirs = np.array([shapely.difference(zone, ours[-1]) for zone in theirs], dtype=object)
    found = constant_shift(shapely.transform(ours, lambda places: places - offset), theirs, 260.0)
    assert found.found and (found.dx_m, found.dy_m) == pytest.approx(offset, abs=0.02)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("plan.shp", "Ghi chú: bản đồ gửi sau\n".encode(), "plan.shp is no shapefile but a text file; it begins with: Ghi chú: bản đồ gửi sau."),
        ("plan.shp", b"<!DOCTYPE html><html><body>Please log in</body></html>", "is no shapefile: by its content it is HTML"),
        ("plan.shp", b"PK\x03\x04" + bytes(200), "is no shapefile: by its content it is ZIP"),
        ("plan.shp", b"%PDF-1.7 " + bytes(200), "is no shapefile: by its content it is PDF"),
        ("plan.gpkg", b"id,code\n1,LUC\n", "is no GeoPackage but a text file; it begins with: id,code 1,LUC"),
        ("plan.zip", b"\n <html><head>", "is no ZIP: by its content it is HTML"),
        ("plan.geojson", b"<html><title>404</title></html>", "is no GeoJSON: by its content it is HTML"),
        ("plan.kml", b"<!doctype HTML>", "is no KML: by its content it is HTML"),
        ("plan.tab", b"x\ty\n1\t2\n", "is no MapInfo TAB but a text file"),
        ("plan.shp", b"\x07\x00\x01\x02" * 50, "cannot be read: shapefile: 07 00 01 02 07 00 01 02"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_it_is_called_is_told_as_what_it_is(
    name: str, content: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(PlanError) as caught:
        read_plan(str(path))
    assert says in caught.value.text("en") and "cut off" not in caught.value.text("en")
    assert caught.value.text("vi") != caught.value.text("en")


@pytest.mark.parametrize("kept", [1, 3, 60, 99])
def test_a_shapefile_that_is_cut_off_is_still_told_so(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "plan.shp"
    path.write_bytes((b"\x00\x00\x27\x0a" + bytes(96))[:kept])
    assert format_of(path) == "shp"
    with pytest.raises(IntakeError) as caught:
        read_plan(str(path))
    assert caught.value.state == "truncated"
