"""Two traps from Quảng Ngãi: a town plan of lines mixed with polygons, and metres that call themselves degrees."""

from __future__ import annotations

import pytest

UTM = "EPSG:32649"


def test_a_town_plan_of_lines_and_polygons(real_layers, over_1_m2, plain) -> None:
    """50 pairs of zones in 62 pieces over 1 m²; all pairs together 580,298 m², all gaps 318 m²."""
    plan = real_layers / "quangngai_mixed" / "QHC_SDD_TTMODUC_2023.geojson"
    ours = over_1_m2(plan, crs=UTM, CODE_FIELD="description")
    layer = plain.read(plan, UTM)
    shared, enclosed_m2 = plain.overlaps(layer.polygons), plain.enclosed_gaps(layer.union())
    assert (len(layer.polygons), layer.invalid, shared.pairs) == (291, 31, 50)
    assert shared.pairs_m2.sum() == pytest.approx(580_298, abs=0.6)
    assert enclosed_m2.sum() == pytest.approx(317, abs=1.0)
    assert "614 features that are not polygons (LineString) were left out" in ours.log
    assert ours.outputs["INVALID_COUNT"] == 31
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == 62
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(shared.ground_m2, abs=0.01)
    # the README has 39 gaps: whether two that meet at a point are one depends on the version of GEOS, their area does not
    assert ours.outputs["GAP_COUNT"] == pytest.approx(plain.over(enclosed_m2)[0], abs=1)
    assert ours.outputs["GAP_AREA"] == pytest.approx(plain.over(enclosed_m2)[1], abs=1.0)
    assert "The balance closes" in ours.log


def test_metres_that_gdal_calls_degrees_are_refused_in_a_clear_sentence(qgis, real_layers, tmp_path) -> None:
    layer = real_layers / "quangngai_mixed" / "2.geojson"
    for language, sentence in (
        ("en", "The coordinates of layer 2 (847620.80, 1609799.03, 945955.96, 1710523.19) are impossible in its CRS"),
        ("vi", "Tọa độ của lớp 2 (847620.80, 1609799.03, 945955.96, 1710523.19) không thể có trong hệ tọa độ"),
    ):
        findings = tmp_path / f"{language}.gpkg"
        inputs = {"INPUT": str(layer), "FINDINGS": str(findings), "LANGUAGE": language}
        assert sentence in qgis.fail("planconcord:checkcoverage", **inputs)
        assert not findings.exists()


def test_the_same_layer_in_degrees_is_checked(real_layers, over_1_m2, plain) -> None:
    """GDAL calls it EPSG:4979, degrees with heights; the check drops the heights and measures in Quảng Ngãi's TM-3 zone."""
    layer = real_layers / "quangngai_mixed" / "PhanVungKinhte.geojson"
    ours = over_1_m2(layer)
    hand = plain.read(layer, "EPSG:5898")
    assert "EPSG:5898" in ours.log
    assert ours.measures["zone_area"] == pytest.approx(hand.area_m2(), rel=1e-6)
    assert ours.outputs["OVERLAP_COUNT"] == plain.overlaps(hand.polygons).pieces
    assert ours.outputs["GAP_AREA"] == pytest.approx(plain.over(plain.enclosed_gaps(hand.union()))[1], abs=0.1)
