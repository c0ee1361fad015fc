"""Plans drawn elsewhere: a province with its boundary (Vientiane), a French plan, Seattle out of a zip."""

from __future__ import annotations

import pytest


def test_vientiane_with_its_boundary(real_layers, over_1_m2, plain) -> None:
    """The plan covers 616 of the province's 3,640 km², so the rest is one gap, and it reaches 0.31 km² outside."""
    folder = real_layers / "vientiane_2030"
    plan, boundary = folder / "glup2030_cdudcp_v1.shp", folder / "provinceboundary_cdudcp_v1.shp"
    ours = over_1_m2(plan, boundary, crs="EPSG:32648", CODE_FIELD="zoning")
    layer, province = plain.read(plan), plain.read(boundary).union()
    shared = plain.overlaps(layer.polygons)
    beyond = plain.pieces(plain.shapely.difference(layer.polygons, province))
    uncovered = plain.pieces(plain.shapely.difference(province, layer.union()))
    assert len(layer.polygons) == 63
    assert ours.outputs["OVERLAP_COUNT"] == shared.pairs == 1
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(15.30, abs=0.01)
    assert ours.outputs["OUTSIDE_COUNT"] == plain.over(beyond)[0] == 2
    assert ours.outputs["OUTSIDE_AREA"] / 1e6 == pytest.approx(0.31, abs=0.005)
    assert ours.outputs["OUTSIDE_AREA"] == pytest.approx(plain.over(beyond)[1], abs=0.01)
    assert ours.outputs["GAP_COUNT"] == plain.over(uncovered)[0] == 3  # the rest of the province in two, and one inside
    assert ours.outputs["GAP_AREA"] == pytest.approx(plain.over(uncovered)[1], rel=1e-9)
    assert "The balance closes" in ours.log


def found_gaps(checked) -> int:
    """How many places without cover a run reports, noise included."""
    return int((checked.findings["rule"] == "coverage.gap").sum())


def test_vientiane_alone_has_one_gap_among_750_crumbs(real_layers, over_1_m2, check, plain) -> None:
    """Its zones meet to a few nanometres only; what is smaller than 1e-6 m² is rounding, and no finding."""
    plan = real_layers / "vientiane_2030" / "glup2030_cdudcp_v1.shp"
    ours = over_1_m2(plan, crs="EPSG:32648")
    crumbs = plain.enclosed(plain.read(plan).union())
    areas_m2 = plain.shapely.area(crumbs)
    assert (ours.outputs["GAP_COUNT"], ours.outputs["GAP_AREA"]) == (1, pytest.approx(389.92, abs=0.01))
    assert plain.over(areas_m2) == (1, pytest.approx(389.92, abs=0.01))
    assert len(crumbs) > 600
    everything = check("checkcoverage", INPUT=plan, WIDTH_TOLERANCE=0, WORKING_CRS="EPSG:32648")
    assert found_gaps(everything) == (areas_m2 > 1e-6).sum()


def test_a_french_plan_stays_in_lambert_93(real_layers, over_1_m2, check, plain) -> None:
    """32 pairs of zones in 43 pieces over 1 m²; 105,607 m² is the sum of all pairs, and with it of all our findings."""
    plan = real_layers / "plu_france" / "200011781_PLUi_20180101" / "ZONE_URBA.shp"
    ours = over_1_m2(plan, CODE_FIELD="TYPEZONE")
    layer = plain.read(plan)
    shared, enclosed_m2 = plain.overlaps(layer.polygons), plain.enclosed_gaps(layer.union())
    assert "lies outside Vietnam and is in metres already" in ours.log
    assert "LAMB93" in ours.log.upper()
    assert (len(layer.polygons), shared.pairs) == (222, 32)
    assert shared.pairs_m2.sum() == pytest.approx(105_607, abs=0.6)
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == 43
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(shared.ground_m2, abs=0.01)
    assert ours.area_m2("coverage.overlap") == pytest.approx(shared.pairs_m2.sum(), abs=0.01)
    assert ours.outputs["GAP_COUNT"] == plain.over(enclosed_m2)[0]
    assert ours.outputs["GAP_AREA"] == pytest.approx(plain.over(enclosed_m2)[1], abs=0.01)
    everything = check("checkcoverage", INPUT=plan, WIDTH_TOLERANCE=0)
    assert found_gaps(everything) == (enclosed_m2 > 1e-6).sum() == 11
    assert everything.outputs["GAP_AREA"] == pytest.approx(61_205.69, abs=0.01)


def test_reprojecting_the_french_plan_would_change_areas_by_a_tenth_of_a_percent(real_layers, over_1_m2) -> None:
    """Why a plan outside Vietnam that is in metres is measured where it was drawn."""
    plan = real_layers / "plu_france" / "200011781_PLUi_20180101" / "ZONE_URBA.shp"
    own, utm = over_1_m2(plan, CODE_FIELD="TYPEZONE"), over_1_m2(plan, crs="EPSG:32631")
    assert utm.outputs["EXCESS_AREA"] / own.outputs["EXCESS_AREA"] - 1 == pytest.approx(0.00103, abs=0.00002)


def test_seattle_out_of_its_zip(real_layers, over_1_m2, plain) -> None:
    """In degrees, inside a zip: measured in the UTM zone. One zone stands there several times, so pairs exceed pieces."""
    archive = real_layers / "seattle_zoning" / "seattle-zoning.zip"
    inside = f"/vsizip/{archive}/seattle-zoning/City_of_Seattle_Zoning.shp"
    ours = over_1_m2(inside)
    layer = plain.read(inside, "EPSG:32610")
    shared, enclosed_m2 = plain.overlaps(layer.polygons), plain.enclosed_gaps(layer.union())
    assert "EPSG:32610" in ours.log and "UTM zone" in ours.log
    assert ours.measures["zone_count"] == len(layer.polygons) == 2571
    assert ours.outputs["INVALID_COUNT"] == layer.invalid == 9
    assert ours.outputs["DUPLICATE_COUNT"] == shared.duplicates == 20
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == 52
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(shared.ground_m2, abs=0.01)
    assert ours.outputs["GAP_COUNT"] == plain.over(enclosed_m2)[0]
    assert ours.outputs["GAP_AREA"] == pytest.approx(plain.over(enclosed_m2)[1], abs=0.01)
