"""Layers in whatever CRS they come: brought together, measured in the province's own, refused where that is unsafe."""

from __future__ import annotations

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsProcessingContext,
    QgsProject,
    QgsVectorLayer,
)

from .conftest import TM3, grid, layer, run, says, square

RICE, FOREST = "Z_LUA", "RSX"
ELSEWHERE = "POLYGON((2.30 48.85, 2.31 48.85, 2.31 48.86, 2.30 48.86, 2.30 48.85))"
both = pytest.mark.parametrize("language", ["en", "vi"])


def moved(wkt: str, target: str, source: str = TM3) -> str:
    """A shape in another CRS, by QGIS and not by what the checks use."""
    shape = QgsGeometry.fromWkt(wkt)
    crs = QgsCoordinateReferenceSystem
    shape.transform(QgsCoordinateTransform(crs(source), crs(target), QgsProject.instance()))
    return str(shape.asWkt(15))


def conformity(lower: QgsVectorLayer, upper: QgsVectorLayer, **more: object):
    return run("checkconformity", {"LOWER": lower, "LOWER_CODE": "ma", "UPPER": upper, "UPPER_CODE": "ma", **more})


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3405", "EPSG:4756", "EPSG:32648", "EPSG:5897", TM3])
def test_the_area_of_a_conflict_does_not_depend_on_the_crs_of_the_upper_plan(crs: str) -> None:
    lower = layer([(square(0, 0, 200), "1", FOREST)], name="huyện")
    drawn = moved(square(-50, 50, 200), crs)
    upper = layer([(drawn, "A", RICE)], crs=crs, name="tỉnh")
    found = conformity(lower, upper)
    assert found.ok, found.error
    back = QgsGeometry.fromWkt(moved(drawn, TM3, crs))
    expected_m2 = back.intersection(QgsGeometry.fromWkt(square(0, 0, 200))).area()
    assert expected_m2 == pytest.approx(22_500, rel=1e-5)
    assert found["CONFLICT_AREA"] == pytest.approx(expected_m2, rel=1e-6)
    [conflict] = found.of_rule("conformity.conflict")
    assert conflict["area_m2"] == pytest.approx(expected_m2, rel=1e-6)
    [shape] = found.geometries[:1]
    assert shape.symDifference(back.intersection(QgsGeometry.fromWkt(square(0, 0, 200)))).area() < 0.01


def test_a_geographic_lower_plan_is_measured_in_metres_of_the_province() -> None:
    zones = [(moved(wkt, "EPSG:4326"), *rest) for wkt, *rest in grid(2, 2)]
    found = run("checkcoverage", {"INPUT": layer(zones, crs="EPSG:4326")})
    assert found.ok, found.error
    assert "Working CRS EPSG:" in found.log and "whose old provincial seat is nearest" in found.log
    assert (found["OVERLAP_COUNT"], found["GAP_COUNT"], found["CONFORMS"]) == (0, 0, True)


def test_the_findings_carry_the_working_crs() -> None:
    zones = [*grid(2, 1), (square(0, 0, 50), "x", "ONT")]
    context = QgsProcessingContext()
    found = run("checkcoverage", {"INPUT": layer(zones), "WORKING_CRS": "EPSG:3405"}, context=context)
    made = context.getMapLayer(found["FINDINGS"])
    assert made.crs().authid() == "EPSG:3405"
    expected_m2 = QgsGeometry.fromWkt(moved(square(0, 0, 50), "EPSG:3405")).area()
    assert found["OVERLAP_AREA"] == pytest.approx(expected_m2, rel=1e-6)


def test_the_log_says_which_crs_was_taken_and_why() -> None:
    assert "the VN-2000 TM-3 zone of layer quy hoạch" in run("checkcoverage", {"INPUT": layer(grid(1, 1))}).log
    given = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": "EPSG:5898"})
    assert "EPSG:5898" in given.log and "as chosen" in given.log
    utm = layer([(moved(wkt, "EPSG:3405"), *rest) for wkt, *rest in grid(1, 1)], crs="EPSG:3405")
    assert "whose old provincial seat is nearest" in run("checkcoverage", {"INPUT": utm}).log
    paris = layer([(ELSEWHERE, "1", "A")], crs="EPSG:4326")
    assert "the UTM zone of layer" in run("checkcoverage", {"INPUT": paris}).log
    lambert = layer([(moved(ELSEWHERE, "EPSG:2154", "EPSG:4326"), "1", "A")], crs="EPSG:2154")
    assert "in metres already" in run("checkcoverage", {"INPUT": lambert}).log


def test_a_working_crs_may_be_given_as_an_object_or_as_wkt() -> None:
    crs = QgsCoordinateReferenceSystem("EPSG:5898")
    for given in (crs, crs.authid(), crs.toWkt(), f"PROJ:{crs.toProj()}"):
        found = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": given})
        assert found.ok, (given, found.error)
        assert "as chosen" in found.log


def test_a_custom_crs_without_a_code_works() -> None:
    custom = QgsCoordinateReferenceSystem()
    custom.createFromProj(
        "+proj=tmerc +lat_0=0 +lon_0=107.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84"
        " +towgs84=-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278 +units=m"
    )
    plan = layer([*grid(2, 1), (square(0, 0, 50), "x", "ONT")])
    plan.setCrs(custom)
    found = run("checkcoverage", {"INPUT": plan})
    assert found.ok, found.error
    assert found["OVERLAP_AREA"] == pytest.approx(2500, rel=1e-4)


def test_the_boundary_may_be_in_another_crs() -> None:
    boundary = layer([(moved(square(-100, 0, 400, 200), "EPSG:3405"),)], fields="field=a:string", crs="EPSG:3405")
    found = run("checkcoverage", {"INPUT": layer(grid(2, 2)), "BOUNDARY": boundary})
    assert found["OUTSIDE_COUNT"] == 0
    assert found["GAP_AREA"] == pytest.approx(40_000, rel=1e-4)


@both
def test_a_layer_without_crs_is_refused_by_name_with_what_to_do(speaking, language: str) -> None:
    speaking(language)
    plan = layer(grid(1, 1), name="huyện không hệ")
    plan.setCrs(QgsCoordinateReferenceSystem())
    found = run("checkcoverage", {"INPUT": plan})
    assert not found.ok
    assert says(found.error, "error.no_crs", language)
    assert "huyện không hệ" in found.error and "EPSG:5899" in found.error
    upper = layer([(square(0, 0), "A", RICE)], name="tỉnh không hệ")
    upper.setCrs(QgsCoordinateReferenceSystem())
    refused = conformity(layer(grid(1, 1)), upper)
    assert not refused.ok and says(refused.error, "error.no_crs", language) and "tỉnh không hệ" in refused.error


@pytest.mark.parametrize("crs", ["EPSG:6956", "EPSG:6957", "EPSG:6958", "EPSG:6959"])
def test_the_deprecated_tm3_zones_are_refused(speaking, crs: str) -> None:
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1), crs=crs)})
    assert not refused.ok and "deprecated" in refused.error and crs in refused.error
    speaking("vi")
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": crs})
    assert not refused.ok and says(refused.error, "error.crs_deprecated", "vi")


@pytest.mark.parametrize("crs", ["EPSG:4147", "EPSG:2044", "EPSG:2045"])
def test_hanoi_1972_is_refused(speaking, crs: str) -> None:
    drawn = "POLYGON((107 15, 107.1 15, 107.1 15.1, 107 15))" if crs == "EPSG:4147" else square(0, 0)
    refused = run("checkcoverage", {"INPUT": layer([(drawn, "1", "A")], crs=crs)})
    assert not refused.ok and "Hanoi 1972" in refused.error
    upper = layer([(drawn, "1", RICE)], crs=crs, name="tỉnh")
    speaking("vi")
    refused = conformity(layer(grid(1, 1)), upper)
    assert not refused.ok and says(refused.error, "error.crs_hanoi_1972", "vi") and "tỉnh" in refused.error


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4756", "EPSG:2230"])
def test_a_working_crs_without_metres_is_refused(crs: str) -> None:
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": crs})
    assert not refused.ok and "does not measure in metres" in refused.error


@pytest.mark.parametrize("given", [None, "", QgsCoordinateReferenceSystem()])
def test_an_empty_working_crs_means_the_default(given: object) -> None:
    found = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": given})
    assert found.ok and "the VN-2000 TM-3 zone of layer" in found.log


@both
@pytest.mark.parametrize("given", ["EPSG:999999", "VN-2000", "+proj=tmerc +lon_0=108"])
def test_a_working_crs_that_nobody_knows_is_not_passed_over(speaking, language: str, given: str) -> None:
    speaking(language)
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": given})
    assert not refused.ok and says(refused.error, "error.working_crs_unknown", language) and given in refused.error


def test_a_geocentric_crs_is_refused_or_never_measured_in() -> None:
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "WORKING_CRS": "EPSG:4978"})
    assert not refused.ok and refused.error and "Traceback" not in refused.error


def test_plans_in_different_places_are_refused(speaking) -> None:
    far = layer([(square(50_000, 0), "A", RICE)], name="tỉnh khác")
    refused = conformity(layer(grid(1, 1), name="huyện"), far)
    assert not refused.ok and "do not meet anywhere" in refused.error
    assert "tỉnh khác" in refused.error and "huyện" in refused.error
    speaking("vi")
    assert says(conformity(layer(grid(1, 1)), far).error, "error.plans_apart", "vi")


def test_metres_declared_as_degrees_are_told() -> None:
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1), crs="EPSG:4326", name="sai hệ")})
    assert not refused.ok and "impossible" in refused.error and "sai hệ" in refused.error
    boundary = layer([(square(0, 0),)], fields="field=a:string", crs="EPSG:4326", name="ranh sai hệ")
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "BOUNDARY": boundary})
    assert not refused.ok and "ranh sai hệ" in refused.error


def test_a_boundary_in_another_place_is_refused(speaking) -> None:
    boundary = layer([(square(50_000, 0),)], fields="field=a:string", name="ranh khác")
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "BOUNDARY": boundary})
    assert not refused.ok and "different places" in refused.error and "ranh khác" in refused.error
    speaking("vi")
    refused = run("checkcoverage", {"INPUT": layer(grid(1, 1)), "BOUNDARY": boundary})
    assert not refused.ok and says(refused.error, "error.boundary_elsewhere", "vi")
