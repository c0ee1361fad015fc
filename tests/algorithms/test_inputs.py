"""Layers as they come: parts of a layer, unsaved edits, further dimensions, curves, keys and codes of any type."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from qgis.core import (
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProject,
    QgsVectorLayer,
)

from .conftest import ORIGIN, grid, layer, polygon, run, saved, says, square

X, Y = ORIGIN
RICE, FOREST = "Z_LUA", "RSX"
both = pytest.mark.parametrize("language", ["en", "vi"])
OVERLAPPING = [*grid(2, 2), (square(50, 50), "x", "ONT")]  # x lies over a quarter of each of the four
OUTER = square(-100, -100, 400)
BOWTIE = polygon((300, 0), (400, 100), (400, 0), (300, 100))


@pytest.fixture
def in_project():
    """Put a layer into the project, as in the program; it leaves again."""
    added: list[str] = []

    def add(made: QgsVectorLayer) -> QgsVectorLayer:
        QgsProject.instance().addMapLayer(made)
        added.append(made.id())
        return made

    yield add
    QgsProject.instance().removeMapLayers(added)


def selection(made: QgsVectorLayer, expression: str, **more: object) -> QgsProcessingFeatureSourceDefinition:
    made.selectByExpression(expression)
    return QgsProcessingFeatureSourceDefinition(made.id(), selectedFeaturesOnly=True, **more)


# Parts of a layer


def test_only_the_selected_features_are_checked(in_project) -> None:
    plan = in_project(layer(OVERLAPPING))
    assert run("checkcoverage", {"INPUT": plan})["OVERLAP_COUNT"] == 4
    assert run("checkcoverage", {"INPUT": selection(plan, "so != 'x'")})["OVERLAP_COUNT"] == 0
    assert run("checkcoverage", {"INPUT": selection(plan, "so in ('x', '0-0')")})["OVERLAP_COUNT"] == 1


@both
def test_nothing_selected_is_an_error_that_mentions_the_selection(speaking, in_project, language: str) -> None:
    speaking(language)
    refused = run("checkcoverage", {"INPUT": selection(in_project(layer(OVERLAPPING)), "false")})
    assert not refused.ok and says(refused.error, "error.layer_empty", language) and "quy hoạch" in refused.error


def test_the_filter_of_the_parameter_is_respected(in_project) -> None:
    plan = in_project(layer(OVERLAPPING))
    filtered = QgsProcessingFeatureSourceDefinition(plan.id(), filterExpression="so != 'x'")
    assert run("checkcoverage", {"INPUT": filtered})["OVERLAP_COUNT"] == 0


@pytest.mark.parametrize(("driver", "ending"), [("GPKG", "gpkg"), ("ESRI Shapefile", "shp"), ("GeoJSON", "geojson")])
def test_the_filter_of_the_layer_is_respected(tmp_path: Path, driver: str, ending: str) -> None:
    plan = saved(layer(OVERLAPPING), tmp_path / f"huyện Đông.{ending}", driver)
    assert run("checkcoverage", {"INPUT": plan})["OVERLAP_COUNT"] == 4
    assert plan.setSubsetString("so <> 'x'")
    assert run("checkcoverage", {"INPUT": plan})["OVERLAP_COUNT"] == 0


@pytest.mark.parametrize(("driver", "ending"), [("GPKG", "gpkg"), ("ESRI Shapefile", "shp"), ("FlatGeobuf", "fgb")])
def test_a_file_gives_what_the_memory_layer_gives(tmp_path: Path, driver: str, ending: str) -> None:
    path = tmp_path / f"huyện Đông.{ending}"
    saved(layer(OVERLAPPING), path, driver)
    settings = {"KEY_FIELD": "so", "CODE_FIELD": "ma", "PLAN": "huyện"}
    expected = run("checkcoverage", {"INPUT": layer(OVERLAPPING), **settings})
    found = run("checkcoverage", {"INPUT": str(path), **settings})
    assert found.ok, found.error
    assert _overlaps(found) == _overlaps(expected)


def _overlaps(found) -> set[tuple[object, ...]]:
    """Which zones overlap by how much; a format may keep the features in an order of its own."""
    return {(frozenset((r["zone_a"], r["zone_b"])), r["area_m2"]) for r in found.of_rule("coverage.overlap")}


def test_unsaved_edits_are_checked(tmp_path: Path, in_project) -> None:
    plan = in_project(saved(layer(OVERLAPPING), tmp_path / "huyen.gpkg", "GPKG"))
    by_key = {feature["so"]: feature for feature in plan.getFeatures()}
    assert plan.startEditing()
    assert plan.deleteFeature(by_key["x"].id())
    assert plan.changeGeometry(by_key["0-0"].id(), QgsGeometry.fromWkt(square(0, 0, 90)))
    assert plan.changeAttributeValue(by_key["0-1"].id(), plan.fields().lookupField("so"), "đổi")
    added = QgsFeature(plan.fields())
    added.setAttribute("so", "mới")
    added.setGeometry(QgsGeometry.fromWkt(square(150, 0)))
    assert plan.addFeature(added)
    found = run("checkcoverage", {"INPUT": plan, "KEY_FIELD": "so", "BOUNDARY": layer([(square(0, 0, 200), "", "")])})
    [overlap] = found.of_rule("coverage.overlap")
    assert {overlap["zone_a"], overlap["zone_b"]} == {"đổi", "mới"}
    assert found["OVERLAP_AREA"] == pytest.approx(5_000)
    assert found["GAP_AREA"] == pytest.approx(1_900)
    assert found["OUTSIDE_AREA"] == pytest.approx(5_000)
    plan.rollBack()


# Geometries


@pytest.mark.parametrize("dimensions", ["Z", "M", "ZM"])
def test_heights_and_measures_change_nothing(dimensions: str) -> None:
    numbers = " 7" * len(dimensions)
    zones = [(wkt.replace("POLYGON", f"POLYGON {dimensions}"), *rest) for wkt, *rest in OVERLAPPING]
    zones = [(_with(wkt, numbers), *rest) for wkt, *rest in zones]
    found = run("checkcoverage", {"INPUT": layer(zones, kind=f"Polygon{dimensions}"), "KEY_FIELD": "so"})
    assert found.ok, found.error
    assert (found["OVERLAP_COUNT"], found["OVERLAP_AREA"]) == (4, pytest.approx(10_000))
    assert not any(shape.constGet().is3D() or shape.constGet().isMeasure() for shape in found.geometries)


def _with(wkt: str, numbers: str) -> str:
    return wkt.replace(",", f"{numbers},").replace("))", f"{numbers}))")


def _circle(x: float, y: float, radius: float) -> str:
    x, y = X + x, Y + y
    arcs = f"{x - radius} {y}, {x} {y + radius}, {x + radius} {y}, {x} {y - radius}, {x - radius} {y}"
    return f"CURVEPOLYGON(CIRCULARSTRING({arcs}))"


@pytest.mark.parametrize("kind", ["CurvePolygon", "MultiSurface"])
def test_curved_zones_keep_their_area(kind: str) -> None:
    drawn = _circle(150, 150, 50)
    if kind == "MultiSurface":
        drawn = f"MULTISURFACE({drawn})"
    lower = layer([(drawn, "1", FOREST)], kind=kind)
    upper = layer([(OUTER, "A", RICE)])
    found = run("checkconformity", {"LOWER": lower, "LOWER_CODE": "ma", "UPPER": upper, "UPPER_CODE": "ma"})
    assert found.ok, found.error
    assert found["CONFLICT_AREA"] == pytest.approx(math.pi * 50**2, rel=1e-4)
    segments = QgsGeometry(QgsGeometry.fromWkt(drawn).constGet().segmentize())
    assert found["CONFLICT_AREA"] == pytest.approx(segments.area(), rel=1e-9)


def test_curved_neighbours_share_their_arc_without_a_gap() -> None:
    """An arc is cut into the same pieces whichever way round it is drawn."""
    low, bulge, high = f"{X + 100} {Y}", f"{X + 130} {Y + 50}", f"{X + 100} {Y + 100}"
    west, east = f"{X} {Y + 100}, {X} {Y}", f"{X + 200} {Y}, {X + 200} {Y + 100}"
    left = f"(({X} {Y}, {low}), CIRCULARSTRING({low}, {bulge}, {high}), ({high}, {west}))"
    right = f"(({east}, {high}), CIRCULARSTRING({high}, {bulge}, {low}), ({low}, {X + 200} {Y}))"
    left, right = (f"CURVEPOLYGON(COMPOUNDCURVE{side})" for side in (left, right))
    plan = layer([(left, "1", "A"), (right, "2", "B")], kind="CurvePolygon")
    found = run(
        "checkcoverage", {"INPUT": plan, "WIDTH_TOLERANCE": 0, "BOUNDARY": layer([(square(0, 0, 200, 100), "", "")])}
    )
    assert found.ok, found.error
    assert found["EXCESS_AREA"] < 0.01 and found["GAP_AREA"] < 0.01


def test_multipolygons_with_holes_are_one_zone() -> None:
    shell, hole, islet = (
        square(*place).removeprefix("POLYGON((")[:-2] for place in ((0, 0, 90), (30, 30, 30), (99, 0, 9))
    )
    shape = f"MULTIPOLYGON((({shell}), ({hole})), (({islet})))"
    plan = layer([(shape, "1", "A"), (shape, "2", "A")], kind="MultiPolygon")
    found = run("checkcoverage", {"INPUT": plan, "KEY_FIELD": "so"})
    assert found["DUPLICATE_COUNT"] == 1
    [gap] = found.of_rule("coverage.gap")
    assert gap["area_m2"] == pytest.approx(900)


CHECKS = QgsFeatureRequest.InvalidGeometryCheck


@pytest.mark.parametrize(
    "check", [CHECKS.GeometryNoCheck, CHECKS.GeometrySkipInvalid, CHECKS.GeometryAbortOnInvalid], ids=lambda c: c.name
)
def test_invalid_zones_are_repaired_whatever_the_setting_says(check: CHECKS, in_project) -> None:
    plan = in_project(layer([*grid(2, 1), (BOWTIE, "nơ", "A")]))
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    context.setInvalidGeometryCheck(check)
    found = run("checkcoverage", {"INPUT": plan, "KEY_FIELD": "so"}, context=context)
    assert found.ok, found.error
    assert found["INVALID_COUNT"] == 1
    [invalid] = found.of_rule("geometry.invalid")
    assert invalid["zone_a"] == "nơ" and "Self-intersection" in invalid["message"]
    assert (invalid["x"], invalid["y"]) == (pytest.approx(X + 350, abs=1), pytest.approx(Y + 50, abs=1))
    told = QgsProcessingFeatureSourceDefinition(
        plan.id(),
        flags=QgsProcessingFeatureSourceDefinition.Flag.FlagOverrideDefaultGeometryCheck,
        geometryCheck=check,
    )
    assert run("checkcoverage", {"INPUT": told, "KEY_FIELD": "so"}, context=context)["INVALID_COUNT"] == 1


def test_invalid_zones_are_compared_with_the_upper_plan_too() -> None:
    lower, upper = layer([(BOWTIE, "nơ", FOREST)]), layer([(square(0, 0, 500), "A", RICE)])
    found = run("checkconformity", {"LOWER": lower, "LOWER_CODE": "ma", "UPPER": upper, "UPPER_CODE": "ma"})
    assert found["CONFLICT_AREA"] == pytest.approx(5_000)
    assert "repaired for this check" in found.log


def test_zones_without_geometry_are_findings() -> None:
    plan = layer([*grid(2, 1), (None, "trống", "A")])
    found = run("checkcoverage", {"INPUT": plan, "KEY_FIELD": "so"})
    [empty] = found.of_rule("geometry.empty")
    assert empty["zone_a"] == "trống" and not found["CONFORMS"]


@both
def test_a_layer_of_nulls_only_is_an_error(speaking, language: str) -> None:
    speaking(language)
    refused = run("checkcoverage", {"INPUT": layer([(None, "1", "A"), (None, "2", "B")], name="toàn rỗng")})
    assert not refused.ok and says(refused.error, "error.no_geometry", language) and "toàn rỗng" in refused.error
    upper = layer([(None, "1", RICE)], name="tỉnh rỗng")
    refused = run(
        "checkconformity", {"LOWER": layer(grid(1, 1)), "LOWER_CODE": "ma", "UPPER": upper, "UPPER_CODE": "ma"}
    )
    assert not refused.ok and says(refused.error, "error.no_geometry", language) and "tỉnh rỗng" in refused.error


def test_a_boundary_of_several_and_invalid_polygons_is_one_ground() -> None:
    halves = [(square(0, 0, 100, 200), "", ""), (square(100, 0, 100, 200), "", ""), (BOWTIE, "", ""), (None, "", "")]
    found = run("checkcoverage", {"INPUT": layer(grid(2, 2)), "BOUNDARY": layer(halves)})
    assert found.ok, found.error
    assert (found["OUTSIDE_COUNT"], found["GAP_AREA"]) == (0, pytest.approx(5_000))


# Keys and codes


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("string", ("thửa 1", "thửa 2"), {"thửa 1", "thửa 2"}),
        ("integer", (7, 8), {"7", "8"}),
        ("int8", (2**40, 2**40 + 1), {str(2**40), str(2**40 + 1)}),
        ("double", (1.0, 2.5), {"1", "2.5"}),
        ("date", ("2025-07-01", "2025-07-02"), {"2025-07-01", "2025-07-02"}),
        ("bool", (True, False), {"True", "False"}),
    ],
)
def test_a_key_of_any_type_names_the_zones(kind: str, values: tuple, expected: set[str]) -> None:
    plan = layer([(square(0, 0), values[0]), (square(50, 0), values[1])], fields=f"field=so:{kind}")
    found = run("checkcoverage", {"INPUT": plan, "KEY_FIELD": "so"})
    assert found.ok, found.error
    [overlap] = found.of_rule("coverage.overlap")
    assert {overlap["zone_a"], overlap["zone_b"]} == expected


def test_without_a_key_the_feature_id_names_the_zones(tmp_path: Path) -> None:
    plan = saved(layer([(square(0, 0), "", ""), (square(50, 0), "", "")]), tmp_path / "p.gpkg", "GPKG")
    [overlap] = run("checkcoverage", {"INPUT": plan}).of_rule("coverage.overlap")
    ids = {str(feature.id()) for feature in plan.getFeatures()}
    assert {overlap["zone_a"], overlap["zone_b"]} == ids


def test_repeated_and_empty_keys_are_reported_and_told_apart() -> None:
    zones = [
        (square(0, 0), "1", "A"),
        (square(100, 0), "1", "A"),
        (square(200, 0), None, "A"),
        (square(300, 0), " ", "A"),
    ]
    found = run("checkcoverage", {"INPUT": layer(zones), "KEY_FIELD": "so"})
    assert len(found.of_rule("key.duplicate")) == 2 and len(found.of_rule("key.missing")) == 2
    names = [row["zone_a"] for row in found.findings]
    assert len(set(names)) == 4
    assert found["CONFORMS"], "a repeated key is a warning"


def test_zones_without_a_code_are_reported() -> None:
    zones = [(square(0, 0), "1", None), (square(100, 0), "2", ""), (square(200, 0), "3", "LUC")]
    found = run("checkcoverage", {"INPUT": layer(zones), "KEY_FIELD": "so", "CODE_FIELD": "ma"})
    assert {row["zone_a"] for row in found.of_rule("code.missing")} == {"1", "2"}


def test_a_code_may_be_a_number_and_a_field_may_have_a_vietnamese_name(tmp_path: Path) -> None:
    rules = tmp_path / "quy tắc.csv"
    rules.write_text("upper_code,lower_code,verdict\n10,1,conflict\n", encoding="utf-8")
    lower = layer([(square(0, 0), 1)], fields="field=mã loại đất:integer")
    upper = layer([(square(0, 0), 10.0)], fields="field=mã loại đất:double")
    found = run(
        "checkconformity",
        {
            **{"LOWER": lower, "LOWER_CODE": "mã loại đất", "UPPER": upper, "UPPER_CODE": "mã loại đất"},
            "RULES": str(rules),
        },
    )
    assert found.ok, found.error
    assert found["CONFLICT_COUNT"] == 1


def test_field_names_are_found_whatever_their_case() -> None:
    found = run("checkcoverage", {"INPUT": layer(OVERLAPPING), "KEY_FIELD": "SO", "CODE_FIELD": "Ma"})
    assert found.ok, found.error
    assert found.of_rule("coverage.overlap")[0]["code_b"] == "ONT"
