"""The districts of Quảng Ninh twice: geoBoundaries, clean but without a CRS, and GADM 4.1, rounded to slivers.

The README beside the layers counts pairs of districts; we count connected pieces, hence 13 there and 24 here on the same
588,452 m².
"""

from __future__ import annotations

from pathlib import Path

import pytest

UTM, TM3 = "EPSG:32648", "EPSG:5899"
DISTRICTS = [
    "Ba Che",
    "Binh Lieu",
    "Cam Pha",
    "Co To",
    "Dam Ha",
    "Dong Trieu",
    "Ha Long",
    "Hai Ha",
    "Hoanh Bo",
    "Mong Cai",
    "Quang Yen",
    "Tien Yen",
    "Uong Bi",
    "Van Don",
]


def gadm_layer(plain, real_layers: Path, level: int, crs: str):
    file = real_layers / "gadm41_quangninh" / f"gadm41_VNM_{level}.json"
    return plain.read(file, crs, where=lambda table: table["GID_1"] == "VNM.49_1")


def test_topojson_without_a_crs_is_refused_with_what_to_do(qgis, topojson, tmp_path) -> None:
    said = qgis.fail("planconcord:checkcoverage", INPUT=str(topojson), FINDINGS=str(tmp_path / "findings.gpkg"))
    assert "Layer topo_2 has no coordinate reference system" in said
    assert "Set it in" in said
    assert not (tmp_path / "findings.gpkg").exists()


def test_the_708_districts_of_geoboundaries_are_clean(with_crs, over_1_m2, plain) -> None:
    ours = over_1_m2(with_crs, KEY_FIELD="shapeID", CODE_FIELD="shapeName")
    layer = plain.read(with_crs, TM3)
    assert ours.measures["zone_count"] == len(layer.polygons) == 708
    shared = plain.overlaps(layer.polygons)
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == shared.pairs == 0
    assert ours.outputs["GAP_COUNT"] == plain.over(plain.enclosed_gaps(layer.union()))[0] == 0
    assert ours.outputs["INVALID_COUNT"] == layer.invalid == 0
    assert ours.outputs["CONFORMS"]


def test_what_qgiss_gdal_read_from_the_topojson_is_what_another_gdal_reads(topojson, with_crs, plain) -> None:
    """The arcs of a TopoJSON are put together by GDAL: 3.6 in Debian 12, a newer one in the wheel of pyogrio."""
    debian, wheel = plain.gpd.read_file(with_crs), plain.gpd.read_file(topojson)
    assert plain.shapely.equals_exact(debian.geometry.values, wheel.geometry.values).all()


def test_the_14_districts_of_quang_ninh_in_geoboundaries(with_crs, over_1_m2) -> None:
    names = ", ".join(f"'{name}'" for name in DISTRICTS)
    ours = over_1_m2(f"{with_crs}|subset=shapeName IN ({names})")
    assert ours.measures["zone_count"] == 14
    assert "EPSG:5899" in ours.log  # the province's TM-3 zone, chosen by the place
    assert (ours.outputs["OVERLAP_COUNT"], ours.outputs["GAP_COUNT"]) == (0, 0)
    assert ours.outputs["CONFORMS"]


@pytest.mark.parametrize(("crs", "overlap_m2", "gaps_m2"), [(UTM, 588_452, 876_552), ("", 588_141, 876_060)])
def test_gadm_has_13_overlapping_pairs_and_22_enclosed_gaps(
    gadm, over_1_m2, plain, real_layers, crs, overlap_m2, gaps_m2
) -> None:
    """Without a CRS the check takes the province's: the areas are 0.053 % smaller, by the scale factors of the two."""
    ours = over_1_m2(gadm(2), crs=crs)
    layer = gadm_layer(plain, real_layers, 2, crs or TM3)
    shared, enclosed_m2 = plain.overlaps(layer.polygons), plain.enclosed_gaps(layer.union())
    assert len(layer.polygons) == 14 and shared.pairs == 13
    assert shared.pairs_m2.sum() == pytest.approx(overlap_m2, abs=0.6)
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == 24
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(shared.ground_m2, abs=0.01)
    named = ours.findings[ours.findings["rule"] == "coverage.overlap"]
    assert len(named[["zone_a", "zone_b"]].drop_duplicates()) == 13
    assert plain.over(enclosed_m2) == (22, pytest.approx(gaps_m2, abs=0.6))
    assert (ours.outputs["GAP_COUNT"], ours.outputs["GAP_AREA"]) == pytest.approx(plain.over(enclosed_m2), abs=0.01)


@pytest.mark.parametrize(("crs", "gaps", "outside"), [(UTM, 273, 260), ("", 274, 258)])
def test_gadm_against_its_own_province(gadm, over_1_m2, plain, real_layers, crs, gaps, outside) -> None:
    """5.42 km² of the province uncovered, 4.33 km² of districts outside it (5.41 and 4.32 in the province's TM-3 zone)."""
    ours = over_1_m2(gadm(2), boundary=gadm(1), crs=crs)
    layer, province = (gadm_layer(plain, real_layers, level, crs or TM3) for level in (2, 1))
    boundary = province.union()
    uncovered = plain.pieces(plain.shapely.difference(boundary, layer.union()))
    beyond = plain.pieces(plain.shapely.difference(layer.polygons, boundary))
    if crs == UTM:
        assert uncovered.sum() / 1e6 == pytest.approx(5.42, abs=0.005)
        assert beyond.sum() / 1e6 == pytest.approx(4.33, abs=0.005)
    assert ours.outputs["GAP_COUNT"] == plain.over(uncovered)[0] == gaps
    assert ours.outputs["GAP_AREA"] == pytest.approx(plain.over(uncovered)[1], abs=0.1)
    assert ours.outputs["OUTSIDE_COUNT"] == plain.over(beyond)[0] == outside
    assert ours.outputs["OUTSIDE_AREA"] == pytest.approx(plain.over(beyond)[1], abs=0.1)
    closing_m2 = ours.measures["boundary_area"] - uncovered.sum() + beyond.sum()
    assert ours.measures["covered_area"] == pytest.approx(closing_m2, abs=1.0)


def test_with_the_tolerance_of_its_scale_gadm_keeps_only_what_is_wide(gadm, over_1_m2, check) -> None:
    """At 1:50,000 a line is good to 25 m: of 24 overlaps some are noise, none is lost."""
    all_of_them = over_1_m2(gadm(2), crs=UTM)
    scaled = check("checkcoverage", INPUT=gadm(2), SCALE=50000, WORKING_CRS=UTM)
    assert 0 < scaled.outputs["OVERLAP_COUNT"] < 24
    real = scaled.findings[scaled.findings["severity"] == "error"]
    assert (real["width_m"] > 25).all()
    assert scaled.area_m2("coverage.overlap") == pytest.approx(all_of_them.area_m2("coverage.overlap"), abs=0.01)
    assert scaled.area_m2("coverage.gap") == pytest.approx(all_of_them.area_m2("coverage.gap"), abs=0.01)
