"""The CRS in which areas are measured: which one is taken, which is refused, and what a person is told."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from planconcord.engine.catalogue import LANGUAGES
from planconcord.engine.crs import provinces, tm3_zones, working_crs
from planconcord.engine.errors import PlanError
from planconcord.engine.plan import PlanLayer

HANOI = (105.85, 21.03)
SON_TINH = (108.7, 15.2)
HA_LONG = (107.08, 20.95)
PARIS = (2.35, 48.85)


def layer(
    place: tuple[float, float], epsg: int = 4326, name: str = "quy hoạch", size_degrees: float = 0.02
) -> PlanLayer:
    """A square around a place in degrees, in another CRS."""
    square = shapely.box(*(np.array([*place, *place]) + size_degrees * np.array([-1, -1, 1, 1]) / 2))
    table = gpd.GeoDataFrame(geometry=gpd.GeoSeries([square], crs=4326)).to_crs(epsg)
    return PlanLayer.from_frame(table, name)


def raw(bounds: tuple[float, float, float, float], epsg: int) -> PlanLayer:
    return PlanLayer.from_frame(gpd.GeoDataFrame(geometry=gpd.GeoSeries([shapely.box(*bounds)], crs=epsg)), "quy hoạch")


def taken(*layers: PlanLayer, wanted: int | None = None) -> int:
    """The code of the working CRS; the reason must be told in both languages and name the CRS."""
    for language in LANGUAGES:
        crs, why = working_crs(list(layers), None if wanted is None else pyproj.CRS.from_epsg(wanted), language)
        assert f"EPSG:{crs.to_epsg()}" in why
        assert crs.is_projected
    return int(crs.to_epsg())


def refused(*layers: PlanLayer, wanted: int | None = None) -> PlanError:
    with pytest.raises(PlanError) as error:
        working_crs(list(layers), None if wanted is None else pyproj.CRS.from_epsg(wanted), "en")
    assert error.value.text("vi") != error.value.text("en")
    return error.value


@pytest.mark.parametrize("epsg", sorted(tm3_zones()))
def test_a_layer_in_a_tm3_zone_stays_there(epsg: int) -> None:
    assert taken(layer(HANOI, epsg)) == epsg


def test_any_layer_in_a_tm3_zone_decides_before_the_province() -> None:
    assert taken(layer(SON_TINH, 4326), layer(SON_TINH, 5899)) == 5899


@pytest.mark.parametrize("epsg", [4326, 4756, 3405, 3406, 32649, 3857])
@pytest.mark.parametrize(("place", "zone"), [(SON_TINH, 5898), (HA_LONG, 5899)])
def test_in_vietnam_the_zone_of_the_nearest_province_is_taken(place: tuple[float, float], zone: int, epsg: int) -> None:
    assert taken(layer(place, epsg)) == zone


def test_every_province_gets_its_own_zone_at_its_seat() -> None:
    for province in provinces():
        assert taken(layer((province.longitude, province.latitude))) == province.epsg, province.name
        assert province.epsg in tm3_zones()


def test_the_reason_names_the_province_and_the_layer() -> None:
    crs, why = working_crs([layer(SON_TINH)], None, "vi")
    assert crs.to_epsg() == 5898
    assert "Quảng Ngãi" in why
    assert "quy hoạch" in why


@pytest.mark.parametrize(
    ("place", "zone"),
    [(PARIS, 32631), ((-58.4, -34.6), 32721), ((179.99, 10), 32660), ((-179.99, 10), 32601), ((102.6, 18.0), 32648)],
)
def test_elsewhere_degrees_are_measured_in_the_utm_zone(place: tuple[float, float], zone: int) -> None:
    assert taken(layer(place, size_degrees=0.01)) == zone


@pytest.mark.parametrize(
    ("place", "epsg"), [(PARIS, 2154), (PARIS, 32631), ((102.6, 18.0), 32648), ((7.4, 46.9), 2056)]
)
def test_elsewhere_a_layer_in_metres_stays_in_its_own_crs(place: tuple[float, float], epsg: int) -> None:
    assert taken(layer(place, epsg)) == epsg


def test_web_mercator_is_not_measured_in_because_it_shows_areas_falsely() -> None:
    assert taken(layer(PARIS, 3857)) == 32631
    why = working_crs([layer(PARIS, 3857)], None, "en")[1]
    assert "falsely by 13" in why  # 1 / cos² 48.85° = 2.31: 131 % too large
    error = refused(layer(SON_TINH), wanted=3857)
    assert error.key == "error.crs_false_areas"
    assert error.values["percent"] == pytest.approx(100 * (1 / math.cos(math.radians(15.2)) ** 2 - 1), abs=0.7)


def test_a_layer_in_feet_is_measured_in_utm() -> None:
    assert taken(layer((-122.33, 47.6), 2285)) == 32610


@pytest.mark.parametrize("wanted", [5897, 3405, 32648])
def test_the_wanted_crs_is_taken(wanted: int) -> None:
    assert taken(layer(HANOI), wanted=wanted) == wanted


@pytest.mark.parametrize("wanted", [4326, 4756, 2285])
def test_a_wanted_crs_that_is_not_in_metres_is_refused(wanted: int) -> None:
    assert refused(layer(HANOI), wanted=wanted).key == "error.working_crs"


@pytest.mark.parametrize("epsg", [6956, 6957, 6958, 6959])
def test_the_deprecated_zones_are_refused_as_layer_and_as_wish(epsg: int) -> None:
    bad = raw((2_000_000, 500_000, 2_000_100, 500_100), epsg)
    for error in (refused(bad), refused(layer(HANOI), bad), refused(layer(HANOI), wanted=epsg)):
        assert error.key == "error.crs_deprecated"
        assert f"EPSG:{epsg}" in error.text("vi")


@pytest.mark.parametrize("epsg", [4147, 2044, 2045])
def test_hanoi_1972_is_refused(epsg: int) -> None:
    bad = raw((105, 21, 106, 22) if epsg == 4147 else (18_500_000, 2_300_000, 18_500_100, 2_300_100), epsg)
    for error in (refused(bad), refused(layer(HANOI), bad), refused(layer(HANOI), wanted=epsg)):
        assert error.key == "error.crs_hanoi_1972"


def test_a_layer_without_crs_is_refused() -> None:
    with pytest.raises(PlanError) as error:
        PlanLayer.from_frame(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)]), "huyện")
    assert error.value.key == "error.no_crs"
    assert "huyện" in error.value.text("vi")


@pytest.mark.parametrize(
    ("bounds", "epsg"),
    [
        ((500_000, 2_300_000, 500_100, 2_300_100), 4326),  # metres called degrees
        ((105.0, 21.0, 105.1, 21.1), 5899),  # degrees called metres: every area would be next to nothing
        ((105.0, 21.0, 105.1, 21.1), 32648),
        ((2.3, 48.8, 2.4, 48.9), 2154),
        ((2_300_000, 500_000, 2_300_100, 500_100), 5899),  # northing and easting swapped
        ((1e9, 1e9, 1e9 + 100, 1e9 + 100), 32648),
        ((500_000, 2_300_000, 500_100, 2_300_100), 4979),
    ],
)
def test_impossible_coordinates_are_refused_with_their_extent(
    bounds: tuple[float, float, float, float], epsg: int
) -> None:
    error = refused(raw(bounds, epsg))
    assert error.key == "error.crs_impossible"
    assert f"{bounds[0]:.2f}" in error.text("en")


def test_a_stray_zone_at_the_origin_does_not_choose_the_crs() -> None:
    zones = [shapely.box(SON_TINH[0] + n / 100, 15.2, SON_TINH[0] + n / 100 + 0.01, 15.21) for n in range(5)]
    table = gpd.GeoDataFrame(geometry=gpd.GeoSeries([shapely.box(0, 0, 0.001, 0.001), *zones], crs=4326))
    assert taken(PlanLayer.from_frame(table, "quy hoạch")) == 5898


def test_a_vertex_that_is_no_number_does_not_choose_the_crs() -> None:
    bad = shapely.Polygon([(math.inf, 15), (math.inf, 15), (math.inf, 15), (math.inf, 15)])
    table = gpd.GeoDataFrame(geometry=gpd.GeoSeries([bad, shapely.box(108.7, 15.2, 108.8, 15.3)], crs=4326))
    assert taken(PlanLayer.from_frame(table, "quy hoạch")) == 5898


def test_a_layer_of_the_same_crs_is_not_reprojected() -> None:
    plan = layer(HANOI, 5897)
    assert plan.to_crs(pyproj.CRS.from_epsg(5897)) is plan


def test_a_reprojected_layer_says_so() -> None:
    made = layer(HANOI, 4326).to_crs(pyproj.CRS.from_epsg(5897))
    assert made.notes[-1][0] == "note.reprojected"
    assert made.crs.to_epsg() == 5897
