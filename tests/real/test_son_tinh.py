"""Sơn Tịnh: a detailed plan 1/500 laid on the zoning plan 1/2000 above it, both as CAD wrote them.

Land use stands in `description` as the name of a CAD layer. The README beside the layers counts pairs of zones that share
more than 1 m² and gives the area of all pairs; we count connected pieces, a duplicate once, and give the ground once.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

UPPER, LOWER = "QHPK_SDD_DTSonTinh2014", "QHCT_SDD_SonTinh2015"
UTM = "EPSG:32649"
NEW_HOUSING, GREEN = "D.ODTMOi", "qh dat cayxanh"


@pytest.fixture(scope="module")
def plans(real_layers: Path) -> Callable[[str], Path]:
    return lambda name: real_layers / "quangngai_sontinh" / f"{name}.geojson"


def verdicts(path: Path, *rows: str) -> Path:
    path.write_text("upper_code,lower_code,verdict,reason_vi,reason_en\n" + "\n".join(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "invalid", "pairs", "pairs_m2", "gaps", "gaps_m2"),
    [(UPPER, 3, 14, 30_992, 1, 520), (LOWER, 6, 10, 209, 6, 1_469)],
)
def test_the_readmes_figures_by_plain_shapely(plans, plain, name, invalid, pairs, pairs_m2, gaps, gaps_m2) -> None:
    """They were made with row 225 of the lower plan reduced to nothing."""
    layer = plain.read(plans(name), UTM)
    polygons = plain.np.delete(layer.polygons, 225) if name == LOWER else layer.polygons
    shared, enclosed_m2 = plain.overlaps(polygons), plain.enclosed_gaps(plain.shapely.union_all(polygons))
    assert (layer.invalid, shared.pairs, plain.over(enclosed_m2)[0]) == (invalid, pairs, gaps)
    assert shared.pairs_m2.sum() == pytest.approx(pairs_m2, abs=0.6)
    assert enclosed_m2.sum() == pytest.approx(gaps_m2, abs=0.6)


@pytest.mark.parametrize(("name", "invalid", "pieces", "gaps"), [(UPPER, 3, 14, 1), (LOWER, 6, 10, 6)])
def test_coverage(plans, over_1_m2, plain, name, invalid, pieces, gaps) -> None:
    ours = over_1_m2(plans(name), crs=UTM)
    layer = plain.read(plans(name), UTM)
    shared, enclosed_m2 = plain.overlaps(layer.polygons), plain.enclosed_gaps(layer.union())
    assert ours.outputs["INVALID_COUNT"] == layer.invalid == invalid
    assert ours.outputs["OVERLAP_COUNT"] == shared.pieces == pieces
    assert ours.outputs["OVERLAP_AREA"] == pytest.approx(shared.ground_m2, abs=0.01)
    assert ours.outputs["EXCESS_AREA"] == pytest.approx(layer.area_m2() - layer.union().area, abs=0.01)
    assert ours.outputs["GAP_COUNT"] == gaps
    assert (ours.outputs["GAP_COUNT"], ours.outputs["GAP_AREA"]) == pytest.approx(plain.over(enclosed_m2), abs=0.01)
    assert ours.measures["zone_area"] == pytest.approx(layer.area_m2(), abs=0.01)
    assert "The balance closes" in ours.log
    assert not ours.outputs["CONFORMS"]


def test_noise_and_findings_together_are_all_that_pairs_share(plans, over_1_m2, plain) -> None:
    """Nothing is dropped: the pieces over 1 m², the smaller ones (noise) and the duplicates add up to the pairs' sum."""
    ours = over_1_m2(plans(UPPER), crs=UTM)
    found_m2 = ours.area_m2("coverage.overlap") + ours.area_m2("geometry.duplicate")
    assert found_m2 == pytest.approx(plain.overlaps(plain.read(plans(UPPER), UTM).polygons).pairs_m2.sum(), abs=0.01)


def test_lines_of_the_cad_export_are_left_out_and_counted(plans, over_1_m2) -> None:
    assert "272 features that are not polygons (LineString) were left out" in over_1_m2(plans(UPPER), crs=UTM).log
    assert "1,104 features that are not polygons (LineString)" in over_1_m2(plans(LOWER), crs=UTM).log


def test_row_225_that_make_valid_refuses_keeps_its_4_39_ha(plans, over_1_m2) -> None:
    """Its shell and one hole are single points, its outline stands as a hole; dropped, it would be 4.39 ha of river less."""
    findings = over_1_m2(plans(LOWER), crs=UTM).findings
    row = findings[(findings["rule"] == "geometry.invalid") & (findings["zone_a"] == "225")]
    assert len(row) == 1
    assert "Too few points in geometry component" in row["message"].iloc[0]
    assert "4.39 ha repaired" in row["message"].iloc[0]


def test_new_housing_under_planned_green_is_found(plans, check, tmp_path) -> None:
    """As a technician asks it: scales given, the CRS left to the tool; 2.33 ha, in findings that say where and why."""
    rules = verdicts(
        tmp_path / "verdicts.csv",
        f"{NEW_HOUSING},{GREEN},conflict,Phân khu quy hoạch đất ở mới,the zoning plan has new housing here",
        "*,*,compatible,,",
    )
    ours = check(
        "checkconformity",
        LOWER=plans(LOWER),
        LOWER_CODE="description",
        UPPER=plans(UPPER),
        UPPER_CODE="description",
        RULES=rules,
        LOWER_SCALE=500,
        UPPER_SCALE=2000,
        LOWER_LEVEL="detailed",
        UPPER_LEVEL="zoning",
    )
    assert "EPSG:5898" in ours.log  # the TM-3 zone of Quảng Ngãi
    assert "pieces up to 1 m wide are noise" in ours.log  # 0.5 mm at 1:2,000, the coarser
    assert ours.outputs["CONFLICT_COUNT"] == 11
    assert ours.outputs["CONFLICT_AREA"] == pytest.approx(23_280, abs=1)
    conflicts = ours.findings[ours.findings["rule"] == "conformity.conflict"]
    assert conflicts["area_m2"].sum() / 1e4 == pytest.approx(2.33, abs=0.005)  # the noise belongs to the 2.33 ha
    real = conflicts[conflicts["severity"] == "error"]
    assert len(real) == 11 and (real["width_m"] > 1.0).all()
    assert set(real["code_a"]) == {GREEN} and set(real["code_b"]) == {NEW_HOUSING}
    assert real["message"].str.contains("The zoning plan has new housing here").all()
    assert not ours.outputs["CONFORMS"]


def test_the_whole_matrix_of_labels(plans, check, plain, real_layers, tmp_path) -> None:
    """Every pair a conflict, no tolerance: the findings add up to the table of hectares that came with the layers."""
    rules = verdicts(tmp_path / "verdicts.csv", "*,*,conflict,,")
    ours = check(
        "checkconformity",
        LOWER=plans(LOWER),
        LOWER_CODE="description",
        UPPER=plans(UPPER),
        UPPER_CODE="description",
        RULES=rules,
        WIDTH_TOLERANCE=0,
        WORKING_CRS=UTM,
    )
    conflicts = ours.findings[ours.findings["rule"] == "conformity.conflict"]
    found_ha = (conflicts.groupby(["code_b", "code_a"])["area_m2"].sum() / 1e4).to_dict()
    with open(real_layers / "quangngai_sontinh" / "derived_sontinh_label_matrix_ha.csv", encoding="utf-8") as file:
        table = {(row["description_1"], row["description_2"]): float(row["ha"]) for row in csv.DictReader(file)}
    assert len(table) == 34
    for pair, hectares in table.items():
        assert found_ha[pair] == pytest.approx(hectares, abs=0.01), pair
    # The table was made with row 225 reduced to nothing. It is the river, and lies on the river of the zoning plan.
    assert {pair: hectares for pair, hectares in found_ha.items() if pair not in table} == {
        ("SNen-Song Suoi", "SNen-Song Suoi"): pytest.approx(4.386, abs=0.001)
    }
    lower, upper = plain.read(plans(LOWER), UTM), plain.read(plans(UPPER), UTM)
    by_hand = plain.shared_ha(lower, upper, "description")
    assert found_ha == pytest.approx({p: ha for p, ha in by_hand.items() if ha > 1e-10}, abs=1e-6)
    assert ours.outputs["CONFLICT_AREA"] / 1e4 == pytest.approx(sum(by_hand.values()), abs=1e-4)
    beyond = plain.pieces(plain.shapely.difference(lower.polygons, upper.union()))
    assert ours.outputs["UNPLANNED_AREA"] == pytest.approx(beyond.sum(), abs=0.1)
