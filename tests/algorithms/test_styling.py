"""What one sees of findings: every rule has a style, slivers show as markers, words are escaped, styles survive saving."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from planconcord.engine.catalogue import LANGUAGES, SEVERITIES, rules, text
from planconcord.engine.record import NAMES
from planconcord.qgis_bridge import styling
from planconcord.qgis_bridge.styling_findings import FIELD_NAMES, MARKERS_FROM_SCALE, escaped, kind_of, kinds
from qgis.core import (
    QgsExpression,
    QgsVectorLayer,
)

from .conftest import saved, square
from .styled import drawn_as, findings, kind, lab, picture, pixels

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
COLOUR_BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def test_the_record_that_is_styled_is_the_record_of_the_engine():
    assert FIELD_NAMES == NAMES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_the_catalogue_is_drawn_by_exactly_one_style_rule(qgis_app, language):
    every = [(square(0, 0), rule, severity) for rule in rules() for severity in SEVERITIES]
    styled = findings(every)
    styling.style_findings(styled, language)
    for feature in styled.getFeatures():
        expected = kind_of(feature["rule"], feature["severity"])
        assert drawn_as(styled, feature) == [expected.name], (feature["rule"], feature["severity"])


def test_a_rule_of_tomorrow_and_a_finding_without_severity_are_drawn_too(qgis_app):
    styled = findings([(square(0, 0), "new.rule", "error"), (square(0, 0), "coverage.gap", "")])
    styling.style_findings(styled, "en")
    assert [drawn_as(styled, feature) for feature in styled.getFeatures()] == [["other_error"], ["unknown"]]


def test_kinds_name_only_rules_of_the_catalogue_with_their_own_severity():
    for each in kinds():
        for rule in each.rules:
            assert rules()[rule].severity == each.severity or rule == "geometry.duplicate", rule


@pytest.mark.parametrize("name", ["conflict", "overlap", "gap", "outside", "conditional", "undecided"])
def test_a_sliver_is_a_marker_province_wide_and_its_own_shape_close_by(qgis_app, name):
    wanted = kind(name)
    sliver = square(-20, 0, 40, 1)
    styled = findings([(sliver, wanted.rules[0], wanted.severity)])
    styling.style_findings(styled, "en")
    styled.setLabelsEnabled(False)
    small, large = picture([styled], 500_000), picture([styled], 5_000)
    area_px = (wanted.size_mm / 25.4 * 96) ** 2
    assert 0.15 * area_px < pixels(small, wanted.colour) < 1.5 * area_px
    # 40 m are 30 pixels at 1:5,000; the outline is two pixels wide.
    assert 25 < pixels(large, wanted.colour) < 130


def test_markers_appear_at_their_scale_and_not_before(qgis_app):
    gap = kind("gap")
    styled = findings([(square(-0.5, -0.5, 1), "coverage.gap", "error")])
    styling.style_findings(styled, "en")
    styled.setLabelsEnabled(False)
    assert pixels(picture([styled], MARKERS_FROM_SCALE * 1.1), gap.colour) > 30
    assert pixels(picture([styled], MARKERS_FROM_SCALE * 0.9), gap.colour) < 12


def test_a_finding_without_area_is_a_marker_only_at_every_scale(qgis_app):
    territory = square(-1_000, -1_000, 2_000)
    styled = findings([(territory, "geometry.empty", "error")], area_m2=0.0)
    unknown = findings([(territory, "quota.shortfall", "error")], area_m2=None)
    for one, name in ((styled, "defective"), (unknown, "other_error")):
        styling.style_findings(one, "en")
        one.setLabelsEnabled(False)
        for scale in (5_000, 50_000):
            shown = pixels(picture([one], scale), kind(name).colour)
            assert 12 < shown < (kind(name).size_mm / 25.4 * 96) ** 2, (name, scale)


@pytest.mark.parametrize("x, y", [(0, 0), (150, 0), (-120, 130)])
def test_a_marker_keeps_its_place_when_the_window_shows_a_part_of_the_finding(qgis_app, x, y):
    styled = findings([(square(-1_000, -1_000, 2_000), "geometry.empty", "error")], area_m2=0.0)
    styling.style_findings(styled, "en")
    styled.setLabelsEnabled(False)
    image = picture([styled], 5_000, x, y)
    pixel_m = 5_000 * 0.0254 / 96
    where = image.copy(round(200 - x / pixel_m) - 8, round(200 + y / pixel_m) - 8, 16, 16)
    assert pixels(where, kind("defective").colour) == pixels(image, kind("defective").colour) > 12


def test_noise_is_small_and_lies_below_an_error_at_the_same_place(qgis_app):
    place = square(-1, -1, 2)
    both = findings([(place, "coverage.gap", "error"), (place, "coverage.gap", "info")])
    alone = findings([(place, "coverage.gap", "info")])
    for styled in (both, alone):
        styling.style_findings(styled, "en")
        styled.setLabelsEnabled(False)
    noise, gap = kind("noise"), kind("gap")
    error_px = pixels(picture([both], 500_000), gap.colour)
    noise_px = pixels(picture([alone], 500_000), noise.colour)
    assert 1 <= noise_px < error_px / 3
    assert pixels(picture([both], 500_000), noise.colour) == 0


def test_labels_show_only_close_by_and_not_for_information(qgis_app):
    styled = findings([(square(-100, -100, 200), "coverage.overlap", "error")])
    noise = findings([(square(-100, -100, 200), "coverage.overlap", "info")])
    counts = {}
    for name, one in (("error", styled), ("info", noise)):
        styling.style_findings(one, "vi")
        for scale in (5_000, 50_000):
            one.setLabelsEnabled(True)
            labelled = pixels(picture([one], scale), "#1A1A1A")
            counts[name, scale] = labelled
    assert counts["error", 5_000] > 20
    assert [counts[key] for key in (("error", 50_000), ("info", 5_000), ("info", 50_000))] == [0, 0, 0]


@pytest.mark.parametrize("language, area", [("en", "1.00 ha"), ("vi", "1,00 ha")])
def test_the_map_tip_says_it_in_the_language_and_escapes_what_layers_say(qgis_app, language, area):
    evil = "<script>alert('1')</script> & <img src=x onerror=y> \"quoted\" [% 1+1 %]"
    made = findings(
        [(square(0, 0), "coverage.overlap", "error")], message=evil, must_adjust=evil, reference=evil, status=evil
    )
    styling.style_findings(made, language)
    feature = next(made.getFeatures())
    context = made.createExpressionContext()
    context.setFeature(feature)
    shown = QgsExpression.replaceExpressionText(made.mapTipTemplate(), context)
    assert (
        shown.count("&lt;script&gt;alert('1')&lt;/script&gt; &amp; &lt;img src=x onerror=y&gt; &quot;quoted&quot;") == 4
    )
    assert "<script" not in shown and "<img" not in shown and "[% 1+1 %]" in shown
    assert rules()["coverage.overlap"].text("title", language) in shown
    assert area in shown and text(f"severity.{'error'}", language) in shown


def test_the_map_tip_names_an_unknown_rule_escaped_and_leaves_out_what_is_missing(qgis_app):
    made = findings([(square(0, 0), "<b>rule</b>", "error")])
    styling.style_findings(made, "en")
    context = made.createExpressionContext()
    context.setFeature(next(made.getFeatures()))
    shown = QgsExpression.replaceExpressionText(made.mapTipTemplate(), context)
    assert "&lt;b&gt;rule&lt;/b&gt;" in shown and text("field.must_adjust", "en") not in shown


def test_escaping_writes_every_mark_once(qgis_app):
    expression = QgsExpression(escaped("'<a href=\"x\">&amp;</a>'"))
    assert expression.evaluate() == "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;"


@pytest.mark.parametrize("language", LANGUAGES)
def test_fields_and_coded_values_are_in_words(qgis_app, language):
    made = findings([(square(0, 0), "coverage.gap", "error")], status="open")
    styling.style_findings(made, language)
    for index, name in enumerate(made.fields().names()):
        assert made.attributeAlias(index) == text(f"field.{name}", language)
    severity = made.editorWidgetSetup(made.fields().lookupField("severity")).config()["map"]
    assert {text("severity.error", language): "error"} in severity
    legend = {item.label() for item in made.renderer().legendSymbolItems()}
    assert rules()["coverage.gap"].text("title", language) in legend
    assert text("style.kind.noise", language) in legend and text("style.severity.warning", language) in legend


def test_the_names_of_a_shapefile_are_understood(qgis_app, tmp_path):
    made = findings([(square(0, 0), "coverage.gap", "error")], must_adjust="district plan", message="gap")
    loaded = saved(made, tmp_path / "findings.shp", "ESRI Shapefile")
    assert "must_adjus" in loaded.fields().names()
    styling.style_findings(loaded, "en")
    context = loaded.createExpressionContext()
    context.setFeature(next(loaded.getFeatures()))
    assert "district plan" in QgsExpression.replaceExpressionText(loaded.mapTipTemplate(), context)


def test_the_style_kept_in_a_geopackage_is_there_when_it_is_opened_again(qgis_app, tmp_path):
    made = findings([(square(0, 0), "coverage.gap", "error")])
    path = tmp_path / "findings.gpkg"
    loaded = saved(made, path, "GPKG")
    styling.style_findings(loaded, "vi")
    assert styling.store_style(loaded, "findings") == ""
    again = QgsVectorLayer(str(path), "findings", "ogr")
    assert drawn_as(again, next(again.getFeatures())) == ["gap"]
    assert again.mapTipTemplate() == loaded.mapTipTemplate()
    symbols = [layer.renderer().rootRule().findRuleByKey("gap").symbol() for layer in (again, loaded)]
    assert symbols[0].symbolLayerCount() == symbols[1].symbolLayerCount()


def test_the_style_survives_a_saved_project_style(qgis_app, tmp_path):
    made = findings([(square(-1, 0, 2), "coverage.gap", "error")])
    styling.style_findings(made, "en")
    path = tmp_path / "findings.qml"
    assert made.saveNamedStyle(str(path))[1]
    plain = findings([(square(-1, 0, 2), "coverage.gap", "error")])
    plain.loadNamedStyle(str(path))
    plain.setLabelsEnabled(False)
    assert pixels(picture([plain], 500_000), kind("gap").colour) > 30


@pytest.mark.parametrize("sight", ["normal", *COLOUR_BLINDNESS])
def test_kinds_differ_in_colour_for_every_eye_or_at_least_in_shape(qgis_app, sight):
    matrix = COLOUR_BLINDNESS.get(sight)
    for one, other in combinations([each for each in kinds() if each.severity != "info"], 2):
        apart = np.linalg.norm(lab(one.colour, matrix) - lab(other.colour, matrix))
        assert apart > 18 or one.marker != other.marker, (one.name, other.name, round(apart, 1))
    main = [kind(name) for name in ("conflict", "overlap", "gap", "conditional")]
    for one, other in combinations(main, 2):
        assert np.linalg.norm(lab(one.colour, matrix) - lab(other.colour, matrix)) > 25, (one.name, other.name)
