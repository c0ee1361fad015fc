"""What one sees of land use, and how styles come to layers that QGIS loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from planconcord.engine.catalogue import LANGUAGES, read_table, text
from planconcord.engine.errors import PlanError
from planconcord.qgis_bridge import styling
from planconcord.qgis_bridge.styling_land_use import CODES, categories, land_uses
from qgis.core import (
    QgsProcessingContext,
    QgsProcessingFeedback,
)

from .conftest import layer, square
from .styled import drawn_as, findings, lab, picture, pixels


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
    plan = layer(
        [(square(0, 0, 100), 1, " luc\u00a0 "), (square(100, 0, 100), 2, "XYZ"), (square(200, 0, 100), 3, None)]
    )
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
    assert np.linalg.norm(lab(middle.name()) - lab(land_uses()["LUC"].colour)) < 60


def test_overview_classes_are_muted(qgis_app):
    plan = layer([(square(-200, -200, 400), 1, "LUK")])
    styling.style_land_classes(plan, "ma", "en")
    rice = next(row for row in read_table(CODES / "land_use_classes.csv") if row["class"] == "rice")
    assert pixels(picture([plan], 5_000), rice["hex"]) > 80_000
    for row in read_table(CODES / "land_use_classes.csv"):
        assert lab(row["hex"])[0] > 70, row["class"]


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
    styling.VerdictStyle.create("en").postProcessLayer(plan, QgsProcessingContext(), heard)
    assert len(heard.warnings) == 1


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
