"""Borders between real districts: geoBoundaries, whose neighbours share every line, and GADM 4.1, rounded to slivers."""

from __future__ import annotations

import pytest

UTM = "EPSG:32648"


@pytest.mark.parametrize("search_m", [None, 250])
def test_the_708_districts_of_vietnam_share_every_line(with_crs, check, search_m) -> None:
    """Where two coasts part at a river's mouth there is no gap, however wide the search."""
    inputs = {"INPUT": [str(with_crs)], "TERRITORY_FIELD": "shapeID", "WIDTH_TOLERANCE": 0}
    if search_m:
        inputs["SEARCH_WIDTH"] = search_m
    ours = check("checkborders", **inputs)
    assert ours.measures["territory_count"] == 708
    assert len(ours.findings) == 0 and ours.outputs["CONFORMS"]
    assert (ours.outputs["BORDER_COUNT"], ours.outputs["MISMATCH_LENGTH"]) == (1847, 0)


@pytest.fixture(scope="module")
def districts(plain, real_layers):
    file = real_layers / "gadm41_quangninh" / "gadm41_VNM_2.json"
    return plain.read(file, UTM, where=lambda table: table["GID_1"] == "VNM.49_1")


def gadm_borders(gadm, check, **more):
    return check("checkborders", INPUT=[gadm(2)], TERRITORY_FIELD="NAME_2", WORKING_CRS=UTM, **more)


def test_gadm_overlaps_are_those_of_plain_shapely(gadm, check, plain, districts) -> None:
    ours = gadm_borders(gadm, check, WIDTH_TOLERANCE=0, SEARCH_WIDTH=125)
    shared = plain.overlaps(districts.polygons)
    assert shared.pairs == 13 and shared.pairs_m2.sum() == pytest.approx(588_452, abs=0.6)
    overlaps = ours.findings[ours.findings["rule"] == "border.overlap"]
    assert len(overlaps[["plan_a", "plan_b"]].drop_duplicates()) == 13
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == 24
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(shared.ground_m2, abs=0.01)


def test_gadm_enclosed_gaps_are_all_there_and_open_ones_beside_them(gadm, check, plain, districts) -> None:
    """The widest of the 22 enclosed gaps is 109.3 m wide; two others are open to the next province."""
    ours = gadm_borders(gadm, check, WIDTH_TOLERANCE=0, SEARCH_WIDTH=125)
    found = plain.shapely.union_all(ours.findings.loc[ours.findings["rule"] == "border.gap", "geometry"].to_numpy())
    union = districts.union()
    holes = plain.shapely.polygons(
        [ring for part in plain.shapely.get_parts(union) for ring in plain.shapely.get_rings(part)[1:]]
    )
    holes = holes[plain.shapely.area(holes) > 1]
    holes_m2 = plain.shapely.area(holes)
    assert plain.over(holes_m2) == (22, pytest.approx(876_552, abs=0.6))
    inside_m2 = plain.shapely.area(plain.shapely.intersection(found, holes))
    touched = [(plain.shapely.distance(districts.polygons, hole) < 0.001).sum() for hole in holes]
    assert sorted(touched)[:2] == [1, 2]  # a hole of 230 m² lies in Quảng Yên alone and is no matter of its borders
    between_m2 = holes_m2 * [count > 1 for count in touched]
    assert inside_m2 == pytest.approx(between_m2, abs=0.01)
    open_m2 = ours.outputs["GAP_AREA"] - between_m2.sum()
    assert 40_000 < open_m2 < 50_000
    assert plain.shapely.area(plain.shapely.intersection(found, union)) < 0.01


def test_gadm_at_its_scale_tells_wide_pieces_from_noise(gadm, check) -> None:
    everything = gadm_borders(gadm, check, WIDTH_TOLERANCE=0, SEARCH_WIDTH=250)
    ours = gadm_borders(gadm, check, SCALE=50_000)
    single = ours.findings[ours.findings["rule"] != "border.mismatch"]
    assert (single["width_m"] > 25).all() and 0 < ours.outputs["OVERLAP_COUNT"] < 24
    assert ours.area_m2("border.mismatch") == pytest.approx(everything.area_m2("border.mismatch"), rel=1e-6)
    noise = ours.findings[ours.findings["severity"] == "info"]
    assert (noise["rule"] == "border.mismatch").all() and (noise["width_m"] <= 25).all()
