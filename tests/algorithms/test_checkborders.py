"""checkborders inside QGIS: many layers or one with a territory field, numbers that are those of the findings, refusals."""

from __future__ import annotations

import pytest
from qgis.core import QgsApplication, QgsGeometry, QgsProcessingContext, QgsProcessingException, QgsProject

from .conftest import Listening, Outcome, layer, run, saved, says, square

NORTH = [(square(0, 0), "1", "LUC"), (square(0, 100), "2", "ONT")]
EAST = [(square(95, 0), "1", "RSX"), (square(102, 100), "2", "CLN")]
WEST = [(square(-100, 0, 100, 200), "1", "RPH")]
FIELDS = {"KEY_FIELD": "so", "CODE_FIELD": "ma"}


def layers():
    return [layer(zones, name=name) for zones, name in ((NORTH, "Bắc"), (EAST, "Đông"), (WEST, "Tây"))]


def borders(inputs=None, **more: object) -> Outcome:
    found = run("checkborders", {"INPUT": layers() if inputs is None else inputs, **FIELDS, **more})
    assert found.ok, found.error
    return found


def ground_m2(found: Outcome, rule: str) -> float:
    shapes = [g for g, r in zip(found.geometries, found.findings) if r["rule"] == rule]
    return float(QgsGeometry.unaryUnion(shapes).area()) if shapes else 0.0


def test_one_layer_for_each_territory() -> None:
    found = borders()
    [overlap], [gap] = found.of_rule("border.overlap"), found.of_rule("border.gap")
    named = ("plan_a", "zone_a", "code_a", "plan_b", "zone_b", "code_b")
    assert [overlap[name] for name in named] == ["Bắc", "1", "LUC", "Đông", "1", "RSX"]
    assert [gap[name] for name in named] == ["Bắc", "2", "ONT", "Đông", "2", "CLN"]
    assert overlap["area_m2"] == pytest.approx(500) and gap["area_m2"] == pytest.approx(200, rel=0.005)
    assert found["BORDER_COUNT"] == 2  # the line between Bắc and Tây is one line
    assert [row["severity"] for row in found.of_rule("border.mismatch")] == ["warning"]
    assert found["CONFORMS"] is False


def test_the_numbers_are_those_of_the_findings() -> None:
    found = borders()
    for name, rule in (("OVERLAP", "border.overlap"), ("GAP", "border.gap")):
        assert found[f"{name}_COUNT"] == len(found.of_rule(rule)) == 1
        assert found[f"{name}_AREA"] == pytest.approx(ground_m2(found, rule), rel=1e-9)
    # the two strips, half of their outlines that are borders of the two
    assert found["MISMATCH_LENGTH"] == pytest.approx(105 + 100, rel=0.03)
    assert found["INVALID_COUNT"] == found["ABRUPT_COUNT"] == 0


def test_one_layer_with_a_territory_field() -> None:
    zones = [(*zone, name) for drawn, name in ((NORTH, "Bắc"), (EAST, "Đông"), (WEST, "Tây")) for zone in drawn]
    together = layer(zones, "field=so:string&field=ma:string&field=huyen:string", name="tỉnh")
    found = borders([together], TERRITORY_FIELD="huyen")
    apart = borders()
    rows = [
        [row[name] for name in ("rule", "plan_a", "code_a", "plan_b", "code_b", "area_m2")] for row in found.findings
    ]
    assert rows == [
        [row[name] for name in ("rule", "plan_a", "code_a", "plan_b", "code_b", "area_m2")] for row in apart.findings
    ]


def test_within_the_tolerance_borders_conform() -> None:
    found = borders(SCALE=20_000)
    assert found["CONFORMS"] is True and found["OVERLAP_COUNT"] == found["GAP_COUNT"] == 0
    assert [(row["rule"], row["severity"]) for row in found.findings] == [("border.mismatch", "info")]
    assert found["NOISE_AREA"] == pytest.approx(700, rel=0.005)


@pytest.mark.parametrize(("search", "gaps"), [(1.9, 0), ("1.9", 0), (2.2, 1), (None, 1), ("", 1)])
def test_the_search_width_says_what_is_one_border(search, gaps: int) -> None:
    assert borders(SEARCH_WIDTH=search)["GAP_COUNT"] == gaps


def test_layers_of_the_project_by_id_and_files_by_path(tmp_path) -> None:
    held = layers()[0]
    QgsProject.instance().addMapLayer(held, False)
    try:
        files = [
            saved(layer(zones, name=name), tmp_path / f"{name}.gpkg", "GPKG").source()
            for zones, name in ((EAST, "Đông"), (WEST, "Tây"))
        ]
        assert borders([held.id(), *files])["OVERLAP_COUNT"] == 1
    finally:
        QgsProject.instance().removeMapLayer(held.id())


def test_rules_report_what_changes_abruptly_over_a_border(tmp_path) -> None:
    rules = tmp_path / "rules.csv"
    rules.write_text(
        "upper_code,lower_code,verdict,reason_vi,reason_en\nRPH,LUC,conflict,lý do,reason\n*,*,compatible,,\n",
        encoding="utf-8",
    )
    found = borders(RULES=str(rules), LANGUAGE="en")
    [abrupt] = found.of_rule("border.abrupt")
    assert (abrupt["zone_a"], abrupt["code_a"], abrupt["code_b"]) == ("1", "LUC", "RPH")
    assert abrupt["message"].endswith("lie side by side over 100.2 m of their border. Reason.")  # 0.1 m at either end
    assert found["ABRUPT_COUNT"] == 1


def refused(**parameters: object) -> str:
    outcome = run("checkborders", parameters)
    assert not outcome.ok, outcome.results
    assert "Traceback" not in outcome.error
    return outcome.error


@pytest.mark.parametrize("language", ["en", "vi"])
def test_refusals_say_what_to_do(speaking, language: str, tmp_path) -> None:
    speaking(language)
    one = layer(NORTH, name="Bắc")
    assert says(refused(INPUT=[one]), "error.one_territory", language)
    said = refused(INPUT=layers(), TERRITORY_FIELD="huyen")
    assert "huyen" in said and says(said, "error.field_missing", language)
    assert says(refused(INPUT=layers(), SCALE=10_000, SEARCH_WIDTH=5), "error.search_width", language)
    said = refused(INPUT=layers(), RULES=str(_rules(tmp_path)))
    assert says(said, "error.no_code_field", language)
    nameless = layer([(square(0, 0), "k7", ""), (square(100, 0), "k8", "B")], name="tỉnh")
    said = refused(INPUT=[nameless], TERRITORY_FIELD="ma", KEY_FIELD="so")
    assert "k7" in said and says(said, "error.territory_empty", language)
    assert refused(INPUT=[])


@pytest.mark.parametrize("language", ["en", "vi"])
def test_no_layer_that_cannot_be_opened_is_passed_over(speaking, language: str, tmp_path) -> None:
    speaking(language)
    lost = str(tmp_path / "không có.gpkg")
    assert refused(INPUT=[*layers(), lost])
    # QGIS refuses it before the run; a script that does not ask QGIS to check is refused by us.
    feedback, context = Listening(), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    asked = {"INPUT": [*layers(), lost], "FINDINGS": "memory:findings"}
    algorithm = QgsApplication.processingRegistry().algorithmById("planconcord:checkborders").create()
    with pytest.raises(QgsProcessingException) as raised:
        algorithm.run(asked, context, feedback, {}, False)
    assert lost in str(raised.value) and says(str(raised.value), "error.layer_unreadable", language)


def _rules(folder):
    path = folder / "rules.csv"
    path.write_text("upper_code,lower_code,verdict\n*,*,compatible\n", encoding="utf-8")
    return path


def test_an_output_never_replaces_an_input(tmp_path) -> None:
    files = [
        saved(layer(zones, name=name), tmp_path / f"{name}.gpkg", "GPKG").source()
        for zones, name in ((EAST, "e"), (WEST, "w"))
    ]
    said = refused(INPUT=files, FINDINGS=str(tmp_path / "w.gpkg"))
    assert "w.gpkg" in said and (tmp_path / "w.gpkg").exists()


def test_cancel_leaves_no_result() -> None:
    feedback = Listening(cancel_after=20)
    outcome = run("checkborders", {"INPUT": layers()}, feedback)
    assert "FINDINGS" not in outcome.results
