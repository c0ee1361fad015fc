"""What one sees: every rule and code has a style, slivers show as markers, words are escaped, styles survive saving."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from planconcord.algorithms import styling
from planconcord.algorithms.styling_findings import (
    FIELD_NAMES,
    MARKERS_FROM_SCALE,
    escaped,
    kind_of,
    kinds,
    symbol_of,
)
from planconcord.algorithms.styling_land_use import CODES, categories, land_uses
from planconcord.engine.catalogue import LANGUAGES, SEVERITIES, read_table, rules, text
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import NAMES
from qgis.core import (
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsFeature,
    QgsGeometry,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsRectangle,
    QgsRenderContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage

from .conftest import ORIGIN, TM3, layer, saved, square

REAL = ("area_m2", "width_m", "share_a", "declared_ha", "measured_ha", "difference_ha", "x", "y")
RECORD = "&".join(f"field={name}:{'double' if name in REAL else 'string'}" for name in NAMES)
NEARLY = 48
# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
COLOUR_BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def findings(records: Iterable[tuple[str, str, str]], kind: str = "MultiPolygon", **columns: object) -> QgsVectorLayer:
    """A findings layer: (wkt, rule, severity) a finding, and columns that all have in common."""
    made = QgsVectorLayer(f"{kind}?crs={TM3}&{RECORD}", "findings", "memory")
    features = []
    for wkt, rule, severity in records:
        feature = QgsFeature(made.fields())
        geometry = QgsGeometry.fromWkt(wkt)
        feature.setGeometry(geometry)
        feature["rule"], feature["severity"], feature["area_m2"] = rule, severity, geometry.area()
        for name, value in columns.items():
            feature[name] = value
        features.append(feature)
    assert made.dataProvider().addFeatures(features)[0]
    made.updateExtents()
    return made


def picture(layers: list[QgsVectorLayer], scale: float, x: float = 0.0, y: float = 0.0, side: int = 400) -> QImage:
    """The layers drawn at 1:scale around a point in metres from ORIGIN, on white."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(layers[0].crs())
    settings.setOutputDpi(96)
    settings.setOutputSize(QSize(side, side))
    half = side / 96 * 0.0254 * scale / 2
    centre_x, centre_y = ORIGIN[0] + x, ORIGIN[1] + y
    settings.setExtent(QgsRectangle(centre_x - half, centre_y - half, centre_x + half, centre_y + half))
    settings.setBackgroundColor(QColor("white"))
    context = QgsExpressionContext()
    context.appendScope(QgsExpressionContextUtils.globalScope())
    context.appendScope(QgsExpressionContextUtils.mapSettingsScope(settings))
    settings.setExpressionContext(context)
    assert settings.scale() == pytest.approx(scale, rel=0.02)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    assert not job.errors()
    return job.renderedImage()


def pixels(image: QImage, colour: str) -> int:
    """How many pixels have this colour, or nearly: small shapes are mostly smoothed edge."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    memory = image.constBits()
    memory.setsize(image.sizeInBytes())
    shown = np.frombuffer(memory, np.uint8).reshape(image.height(), -1)[:, : 4 * image.width()].reshape(-1, 4)
    wanted = QColor(colour)
    away = np.abs(shown[:, :3].astype(int) - (wanted.blue(), wanted.green(), wanted.red())).max(axis=1)
    return int((away <= NEARLY).sum())


def kind(name: str):
    return next(each for each in kinds() if each.name == name)


def drawn_as(styled: QgsVectorLayer, feature: QgsFeature) -> list[str]:
    """The keys of the rules that draw a feature, without the headings."""
    context = QgsRenderContext()
    expression_context = styled.createExpressionContext()
    expression_context.setFeature(feature)
    context.setExpressionContext(expression_context)
    renderer = styled.renderer().clone()
    renderer.startRender(context, styled.fields())
    keys = renderer.legendKeysForFeature(feature, context)
    found = [rule.ruleKey() for rule in renderer.rootRule().descendants() if rule.symbol() and rule.ruleKey() in keys]
    renderer.stopRender(context)
    return found


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    assert symbol_of(again, "gap").symbolLayerCount() == symbol_of(loaded, "gap").symbolLayerCount()


def test_the_style_survives_a_saved_project_style(qgis_app, tmp_path):
    made = findings([(square(-1, 0, 2), "coverage.gap", "error")])
    styling.style_findings(made, "en")
    path = tmp_path / "findings.qml"
    assert made.saveNamedStyle(str(path))[1]
    plain = findings([(square(-1, 0, 2), "coverage.gap", "error")])
    plain.loadNamedStyle(str(path))
    plain.setLabelsEnabled(False)
    assert pixels(picture([plain], 500_000), kind("gap").colour) > 30


def _lab(colour: str, matrix: list[list[float]] | None = None) -> np.ndarray:
    rgb = np.array(QColor(colour).getRgbF()[:3])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if matrix is not None:
        linear = np.clip(np.array(matrix) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    ratio = xyz / (0.9505, 1.0, 1.089)
    cube = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * cube[1] - 16, 500 * (cube[0] - cube[1]), 200 * (cube[1] - cube[2])])


@pytest.mark.parametrize("sight", ["normal", *COLOUR_BLINDNESS])
def test_kinds_differ_in_colour_for_every_eye_or_at_least_in_shape(qgis_app, sight):
    matrix = COLOUR_BLINDNESS.get(sight)
    for one, other in combinations([each for each in kinds() if each.severity != "info"], 2):
        apart = np.linalg.norm(_lab(one.colour, matrix) - _lab(other.colour, matrix))
        assert apart > 18 or one.marker != other.marker, (one.name, other.name, round(apart, 1))
    main = [kind(name) for name in ("conflict", "overlap", "gap", "conditional")]
    for one, other in combinations(main, 2):
        assert np.linalg.norm(_lab(one.colour, matrix) - _lab(other.colour, matrix)) > 25, (one.name, other.name)


# ── land use ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_tables_has_a_category_with_name_and_colour(qgis_app, language):
    made = {category.value(): category for category in categories(land_uses(), language)}
    rows = [row for file in ("land_use_codes.csv", "provincial_zones.csv") for row in read_table(CODES / file)]
    assert len(rows) == 107 + 19
    for row in rows:
        category = made[row["code"]]
        assert category.label() == f"{row['code']} – {row[f'name_{language}']}" and row[f"name_{language}"]
        assert category.symbol().color().name().upper() == row["hex"].upper()
    assert made[""].label() == text("style.codes.other", language)


def test_the_code_tables_are_whole():
    codes = {row["code"]: row for row in read_table(CODES / "land_use_codes.csv")}
    classes = {row["class"] for row in read_table(CODES / "land_use_classes.csv")}
    for code, row in codes.items():
        assert row["group"] in ("NNP", "PNN", "CSD", "OBS", "ZONE"), code
        assert row["parent"] == "" or row["parent"] in codes, code
        assert row["map_class"] in classes and row["source"], code
    zones = [row["hex"] for row in read_table(CODES / "provincial_zones.csv")]
    assert len(set(zones)) == 19


def test_codes_are_drawn_in_their_colour_whatever_their_case_and_unknown_ones_stand_out(qgis_app):
    plan = layer([(square(0, 0, 100), 1, " luc "), (square(100, 0, 100), 2, "XYZ"), (square(200, 0, 100), 3, None)])
    styling.style_land_use(plan, "ma", "vi")
    plan.setLabelsEnabled(False)
    image = picture([plan], 5_000, 150, 50)
    assert pixels(image, land_uses()["LUC"].colour) > 4_000
    assert pixels(image, "#C800C8") > 1_000
    assert [category.value() for category in plan.renderer().categories()] == ["LUC", ""]


def test_a_functional_zone_lets_the_district_plan_show_through(qgis_app):
    district = layer([(square(-200, -200, 400), 1, "LUC")])
    provincial = layer([(square(-200, -200, 400), 1, "Z_KPC")], name="quy hoạch tỉnh")
    for plan in (district, provincial):
        styling.style_land_use(plan, "ma", "en")
        plan.setLabelsEnabled(False)
    alone, under = picture([district], 5_000), picture([provincial, district], 5_000)
    assert pixels(under, land_uses()["Z_KPC"].colour) > 500
    # The tint changes every pixel a little; most of them still are closer to the district's colour than to the zone's.
    assert pixels(alone, land_uses()["LUC"].colour) > 80_000
    middle = under.pixelColor(under.width() // 2 + 3, under.height() // 2 + 1)
    assert np.linalg.norm(_lab(middle.name()) - _lab(land_uses()["LUC"].colour)) < 60


def test_overview_classes_are_muted(qgis_app):
    plan = layer([(square(-200, -200, 400), 1, "LUK")])
    styling.style_land_classes(plan, "ma", "en")
    rice = next(row for row in read_table(CODES / "land_use_classes.csv") if row["class"] == "rice")
    assert pixels(picture([plan], 5_000), rice["hex"]) > 80_000
    for row in read_table(CODES / "land_use_classes.csv"):
        assert _lab(row["hex"])[0] > 70, row["class"]


# ── post-processors ─────────────────────────────────────────────────────────────────────────────────────────────────


class Heard(QgsProcessingFeedback):
    def __init__(self):
        super().__init__(False)
        self.warnings: list[str] = []

    def pushWarning(self, warning: str) -> None:
        self.warnings.append(warning)


def test_post_processors_are_kept_and_style_what_is_loaded(qgis_app):
    # QGIS deletes a post-processor with the context of its run, so that a second run needs another.
    assert styling.FindingsStyle.create("vi") is not styling.FindingsStyle.create("vi")
    made, heard = findings([(square(0, 0), "coverage.gap", "error")]), Heard()
    styling.FindingsStyle.create("vi").postProcessLayer(made, QgsProcessingContext(), heard)
    assert drawn_as(made, next(made.getFeatures())) == ["gap"]
    plan = layer([(square(0, 0), 1, "LUC")])
    styling.LandUseStyle.create("ma", "en").postProcessLayer(plan, QgsProcessingContext(), heard)
    assert plan.renderer().type() == "categorizedSymbol" and not heard.warnings


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_layer_without_the_fields_is_named_and_a_post_processor_only_warns(qgis_app, language):
    other = layer([(square(0, 0), 1, "LUC")])
    with pytest.raises(PlanError) as caught:
        styling.style_findings(other, language)
    assert caught.value.values["field"] == "rule" and "so, ma" in caught.value.text(language)
    with pytest.raises(PlanError):
        styling.style_land_use(other, "loaidat", language)
    heard = Heard()
    styling.FindingsStyle.create(language).postProcessLayer(other, QgsProcessingContext(), heard)
    assert len(heard.warnings) == 1 and "rule" in heard.warnings[0]


def test_the_north_arrow_of_the_overview_is_there():
    assert (Path(styling.__file__).parent.parent / "resources" / "styles" / "north_arrow.svg").is_file()
