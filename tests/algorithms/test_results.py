"""The numbers that come out are those one counts in the findings; the tolerance means what its help says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from planconcord.engine.rulesets.reading import read_ruleset
from qgis.core import QgsGeometry, QgsProcessingFeatureSourceDefinition, QgsProcessingUtils, QgsProject

from .conftest import Outcome, grid, layer, opened, polygon, run, square

RICE, FOREST, PADDY = "Z_LUA", "RSX", "LUC"
BOWTIE = polygon((500, 0), (600, 100), (600, 0), (500, 100))
# Every kind of defect once or more: two pairs that overlap widely and one barely, three zones on one place, a twin, a
# hole, a zone beyond the boundary, a bow tie, an empty zone.
ZONES = [
    *[zone for zone in grid(4, 4) if zone[1] != "2-2"],
    (square(50, 50), "x", "ONT"),
    (square(60, 60, 20), "y", "ONT"),
    (square(300, 300), "twin", PADDY),
    (square(-20, 0, 20.05, 100), "west", "CLN"),
    (BOWTIE, "bow", "CLN"),
    (None, "nothing", "CLN"),
]
BOUNDARY = [(square(-10, 0, 410, 420), "", "")]


def coverage(zones=ZONES, **more: object) -> Outcome:
    found = run("checkcoverage", {"INPUT": layer(zones), "KEY_FIELD": "so", "CODE_FIELD": "ma", **more})
    assert found.ok, found.error
    return found


def conformity(lower, upper, **more: object) -> Outcome:
    layers = {"LOWER": layer(lower, name="huyện"), "UPPER": layer(upper, name="tỉnh")}
    fields = {"LOWER_KEY": "so", "LOWER_CODE": "ma", "UPPER_KEY": "so", "UPPER_CODE": "ma"}
    found = run("checkconformity", {**layers, **fields, **more})
    assert found.ok, found.error
    return found


def ground_m2(found: Outcome, *rules: str) -> float:
    """The ground under the findings of these rules that are no noise, each place counted once, by QGIS."""
    shapes = [g for g, r in zip(found.geometries, found.findings) if r["rule"] in rules and r["severity"] != "info"]
    return float(QgsGeometry.unaryUnion(shapes).area()) if shapes else 0.0


def sum_m2(rows: list[dict]) -> float:
    return sum(row["area_m2"] for row in rows)


def test_the_numbers_of_a_coverage_check_are_those_of_its_findings() -> None:
    found = coverage(BOUNDARY=layer(BOUNDARY))
    overlaps, twins = found.of_rule("coverage.overlap"), found.of_rule("geometry.duplicate")
    assert found["OVERLAP_COUNT"] == len(overlaps) + len(twins) > 5
    assert found["DUPLICATE_COUNT"] == len(twins) == 1
    overlapped_m2 = ground_m2(found, "coverage.overlap", "geometry.duplicate")
    assert found["OVERLAP_AREA"] == pytest.approx(overlapped_m2, rel=1e-9)
    for name, rule in (("GAP", "coverage.gap"), ("OUTSIDE", "coverage.outside")):
        assert found[f"{name}_COUNT"] == len(found.of_rule(rule)) > 0
        assert found[f"{name}_AREA"] == pytest.approx(ground_m2(found, rule), rel=1e-9)
    assert found["INVALID_COUNT"] == len(found.of_rule("geometry.invalid")) == 1
    noise = [row for row in found.findings if row["severity"] == "info"]
    assert found["NOISE_COUNT"] == len(noise) == 1
    assert found["NOISE_AREA"] == pytest.approx(sum_m2(noise), rel=1e-9) == pytest.approx(5)
    assert found["BALANCE_RESIDUAL"] < 1e-6
    assert found["CONFORMS"] is False


def test_the_numbers_of_a_coverage_check_are_those_of_the_ground() -> None:
    found = coverage(BOUNDARY=layer(BOUNDARY))
    # x over four cells, y inside x and one cell: the ground is x and the twin's place
    assert found["OVERLAP_AREA"] == pytest.approx(10_000 + 10_000)
    # each place beyond its first layer: x once, y once more, the twin, the strip of 5 cm
    assert found["EXCESS_AREA"] == pytest.approx(10_000 + 400 + 10_000 + 5)
    assert found["GAP_AREA"] == pytest.approx(10_000 + 410 * 20 + 10 * 300)
    assert found["OUTSIDE_AREA"] == pytest.approx(10 * 100 + 5_000)


def test_a_plan_that_conforms_says_so() -> None:
    found = coverage(grid(3, 3), BOUNDARY=layer([(square(0, 0, 300), "", "")]))
    assert found["CONFORMS"] is True and found.findings == []
    assert [found[f"{name}_COUNT"] for name in ("OVERLAP", "GAP", "OUTSIDE", "NOISE", "INVALID", "DUPLICATE")] == [
        0
    ] * 6


def test_outputs_are_numbers_and_a_truth_value() -> None:
    found = coverage()
    for name, value in found.results.items():
        if name.endswith("_COUNT"):
            assert isinstance(value, (int, float)) and not isinstance(value, bool) and value == int(value), name
        elif name.endswith(("_AREA", "_RESIDUAL")):
            assert isinstance(value, float), name
    assert isinstance(found["CONFORMS"], bool)


LOWER = [
    *[(square(0, 0), "1", FOREST), (square(100, 0), "2", PADDY), (square(200, 0), "3", "ONT")],
    *[(square(300, 0), "4", "mã lạ"), (square(400, 0), "5", PADDY), (square(500, 0), "6", "")],
]
UPPER = [(square(0, 0, 250, 100), "A", RICE), (square(250, 0, 150.05, 100), "B", "Z_ODT"), (square(500, 0), "C", RICE)]


def test_the_numbers_of_a_conformity_check_are_those_of_its_findings() -> None:
    found = conformity(LOWER, UPPER)
    for name in ("conflict", "conditional", "unlisted", "unplanned", "diagram"):
        rows = found.of_rule(f"conformity.{name}")
        assert found[f"{name.upper()}_COUNT"] == len(rows)
        if name != "diagram":
            assert found[f"{name.upper()}_AREA"] == pytest.approx(sum_m2(rows), rel=1e-9)
    assert found["CONFLICT_COUNT"] >= 1
    [unplanned] = found.of_rule("conformity.unplanned")
    assert unplanned["zone_a"] == "5" and unplanned["area_m2"] == pytest.approx(9_995)
    assert found["UNKNOWN_CODE_COUNT"] == len(found.of_rule("code.unknown")) == 1
    assert [row["zone_a"] for row in found.of_rule("code.missing")] == ["6"]
    noise = [row for row in found.findings if row["severity"] == "info"]
    assert found["NOISE_COUNT"] == len(noise)
    assert found["NOISE_AREA"] == pytest.approx(sum_m2(noise), rel=1e-9)
    assert found["CONFORMS"] is False


def test_over_a_diagram_nothing_is_an_error() -> None:
    found = conformity(LOWER[:3], UPPER, UPPER_NATURE="diagram")
    assert found["CONFLICT_COUNT"] == 0 and found["DIAGRAM_COUNT"] >= 1 and found["CONFORMS"] is True
    rows = [row for row in found.findings if row["rule"] == "conformity.diagram"]
    assert {row["severity"] for row in rows} == {"info"}
    assert found["DIAGRAM_COUNT"] == len(rows)


def test_a_finding_names_zones_codes_share_and_who_adjusts() -> None:
    found = conformity([(square(0, 0), "1", FOREST)], [(square(75, 0), "A", RICE)], TERRITORY="huyện Đông")
    [conflict] = found.of_rule("conformity.conflict")
    expected = {"plan_a": "huyện", "zone_a": "1", "code_a": FOREST, "plan_b": "tỉnh", "zone_b": "A", "code_b": RICE}
    assert {name: conflict[name] for name in expected} == expected
    assert (conflict["verdict"], conflict["status"], conflict["territory"]) == ("conflict", "open", "huyện Đông")
    assert conflict["area_m2"] == pytest.approx(2_500) and conflict["share_a"] == pytest.approx(0.25)
    assert conflict["width_m"] == pytest.approx(25, rel=0.01)
    assert conflict["must_adjust"] and conflict["finding_id"] and conflict["run_id"]
    [shape] = [g for g, r in zip(found.geometries, found.findings) if r is conflict]
    assert shape.contains(QgsGeometry.fromWkt(f"POINT({conflict['x']} {conflict['y']})"))


@pytest.mark.parametrize(("language", "words"), [("vi", "chồng lấn"), ("en", "overlap")])
def test_messages_follow_the_parameter_or_qgis(speaking, language: str, words: str) -> None:
    zones = [*grid(2, 1), (square(0, 0, 50), "x", "ONT")]
    assert words in coverage(zones, LANGUAGE=language).of_rule("coverage.overlap")[0]["message"]
    speaking({"vi": "vi_VN", "en": "en_GB"}[language])
    assert words in coverage(zones).of_rule("coverage.overlap")[0]["message"]


# The tolerance


def strip(width: float) -> list:
    """Two zones that overlap in a strip of this width."""
    return [(square(0, 0), "1", "A"), (square(100 - width, 0), "2", "B")]


@pytest.mark.parametrize(
    ("settings", "width", "counted"),
    [
        ({}, 0.09, 0),
        ({}, 0.11, 1),
        ({"WIDTH_TOLERANCE": 0}, 0.01, 1),
        ({"WIDTH_TOLERANCE": 0.0}, 0.01, 1),
        ({"WIDTH_TOLERANCE": "0"}, 0.01, 1),
        ({"WIDTH_TOLERANCE": None}, 0.01, 0),
        ({"WIDTH_TOLERANCE": ""}, 0.01, 0),
        ({"SCALE": 10_000}, 4.9, 0),
        ({"SCALE": 10_000}, 5.1, 1),
        ({"SCALE": "10000"}, 4.9, 0),
        ({"SCALE": 25_000}, 12.4, 0),
        ({"SCALE": 10_000, "WIDTH_TOLERANCE": 0}, 0.01, 1),
        ({"SCALE": 10_000, "WIDTH_TOLERANCE": "6"}, 5.5, 0),
        ({"MIN_AREA": 600}, 5, 0),
        ({"MIN_AREA": "400"}, 5, 1),
    ],
)
def test_what_is_wider_than_the_tolerance_is_counted_and_the_rest_is_noise(settings, width, counted) -> None:
    found = coverage(strip(width), **settings)
    assert (found["OVERLAP_COUNT"], found["NOISE_COUNT"]) == (counted, 1 - counted)
    assert found["EXCESS_AREA"] == pytest.approx(100 * width, rel=1e-6)
    assert found["CONFORMS"] is (counted == 0)


def test_the_coarser_scale_governs_a_comparison_of_two_plans() -> None:
    lower, upper = [(square(0, 0), "1", FOREST), (square(100, 0), "2", PADDY)], [(square(80, 0, 200), "A", RICE)]
    assert conformity(lower, upper, LOWER_SCALE=10_000, UPPER_SCALE=10_000)["CONFLICT_COUNT"] == 1
    for scales in ({"LOWER_SCALE": 10_000, "UPPER_SCALE": 50_000}, {"LOWER_SCALE": "50000"}):
        found = conformity(lower, upper, **scales)
        assert found["CONFLICT_COUNT"] == 0 and found["NOISE_COUNT"] >= 1
    assert conformity(lower, upper, UPPER_SCALE=50_000, WIDTH_TOLERANCE=0)["CONFLICT_COUNT"] == 1


def test_the_log_says_the_tolerance_and_the_balance() -> None:
    log = coverage(strip(10), SCALE=10_000).log
    assert "up to 5 m wide" in log and "Balance: zones" in log and "The balance closes" in log
    assert "OVERLAP_AREA: 1,000" in log


# The tables beside the findings


def table(found: Outcome, name: str) -> list[dict]:
    made = opened(found[name], found.context)
    return [dict(zip(feature.fields().names(), feature.attributes())) for feature in made.getFeatures()]


def test_measures_hold_every_number_with_its_unit() -> None:
    found = coverage(MEASURES="memory:", TERRITORY="huyện Đông")
    rows = table(found, "MEASURES")
    assert list(rows[0]) == ["name", "value", "unit", "plan", "territory", "run_id"]
    values = {row["name"]: row["value"] for row in rows}
    for name in ("OVERLAP_COUNT", "OVERLAP_AREA", "EXCESS_AREA", "GAP_COUNT", "NOISE_AREA", "BALANCE_RESIDUAL"):
        assert values[name.lower()] == pytest.approx(found[name])
    assert {row["unit"] for row in rows} == {"count", "m", "m2"}
    assert {row["territory"] for row in rows} == {"huyện Đông"}
    assert {row["run_id"] for row in rows} == {found.findings[0]["run_id"]}


def test_the_run_says_what_it_was_made_of(tmp_path: Path) -> None:
    rules = tmp_path / "quy tắc.csv"
    rules.write_text(f"upper_code,lower_code,verdict\n{RICE},{FOREST},conflict\n", encoding="utf-8")
    found = conformity(LOWER, UPPER, RULES=str(rules), RUNS="memory:", WIDTH_TOLERANCE=2)
    [row] = table(found, "RUNS")
    assert list(row)[:3] == ["run_id", "check", "tool_version"]
    assert row["run_id"] == found.findings[0]["run_id"] and row["check"] == "checkconformity"
    assert row["status"] == "failed" and row["area_kind"] == "planar" and row["tolerance_width_m"] == 2
    assert row["crs"].startswith("EPSG:5899") and row["rules"] == "quy tắc"
    assert row["rules_sha256"] == read_ruleset(rules).digest
    copy = tmp_path / "copy" / "verdicts.csv"
    copy.parent.mkdir()
    copy.write_text(f"lower_code;upper_code;verdict\r\n{FOREST};{RICE};conflict\r\n", encoding="utf-8-sig")
    again = conformity(LOWER, UPPER, RULES=str(copy), RUNS="memory:", WIDTH_TOLERANCE=2)
    assert table(again, "RUNS")[0]["rules_sha256"] == row["rules_sha256"]  # what it says, not how it was saved
    rules.write_text(f"upper_code,lower_code,verdict\n{RICE},{FOREST},conditional\n", encoding="utf-8")
    assert read_ruleset(rules).digest != row["rules_sha256"]
    inputs = json.loads(row["inputs"])
    assert [(each["layer"], each["zones"], len(each["sha256"])) for each in inputs] == [
        ("huyện", 6, 64),
        ("tỉnh", 3, 64),
    ]
    assert {"shapely", "geopandas", "numpy", "geos"} <= set(json.loads(row["libraries"]))
    assert json.loads(row["options"])["WIDTH_TOLERANCE"] == "2"
    assert row["started"] <= row["ended"]


def test_the_run_tells_which_part_of_which_layer_was_checked() -> None:
    plan = layer(ZONES)
    QgsProject.instance().addMapLayer(plan)
    plan.selectByExpression("so != 'x'")
    chosen = QgsProcessingFeatureSourceDefinition(plan.id(), selectedFeaturesOnly=True)
    found = run("checkcoverage", {"INPUT": chosen, "RUNS": "memory:"})
    [row] = table(found, "RUNS")
    QgsProject.instance().removeMapLayer(plan)
    options = json.loads(row["options"])
    assert "selectedFeaturesOnly=True" in options["INPUT"] and "Polygon?crs=EPSG:5899" in options["INPUT"]
    assert "BOUNDARY" not in options


def test_the_digest_of_an_input_is_of_what_was_checked() -> None:
    def digest(zones) -> str:
        [row] = table(coverage(zones, RUNS="memory:"), "RUNS")
        return str(json.loads(row["inputs"])[0]["sha256"])

    assert digest(grid(2, 2)) == digest(grid(2, 2)) != digest(grid(2, 1))


def test_tables_that_nobody_asked_for_are_not_made() -> None:
    found = coverage()
    assert "MEASURES" not in found.results and "RUNS" not in found.results
    assert QgsProcessingUtils.variantToSource(found["FINDINGS"], found.context) is not None
