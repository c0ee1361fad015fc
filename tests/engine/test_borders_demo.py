"""The borders of the demo's districts, which were drawn apart by known distances, against the truth that their maker wrote."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from planconcord.engine.checks.borders import check_borders
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar.borders import borders
from planconcord.engine.planar.polygons import parts
from planconcord.engine.progress import Progress
from planconcord.engine.tolerance import Tolerance

AREA_M2 = 16.0
"""Where three districts meet, and where a border ends at the sea, both ends of a strip are a matter of taste."""


@pytest.fixture(scope="module")
def truth(demo_folder: Path) -> pd.DataFrame:
    table = pd.read_csv(demo_folder / "truth_borders.csv", encoding="utf-8-sig")
    pairs = [tuple(sorted(pair)) for pair in zip(table["territory_a"], table["territory_b"])]
    return table.set_index(pd.Index(pairs, tupleize_cols=False)).sort_index()


@pytest.fixture(scope="module")
def districts(demo_folder: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(demo_folder / "ranh_gioi.gpkg", layer="ranh_gioi_huyen")


@pytest.fixture(scope="module")
def result(districts: gpd.GeoDataFrame) -> CheckResult:
    plan = PlanLayer.from_frame(districts, "huyện", "ten_huyen", territory_field="ten_huyen")
    return check_borders([plan], Settings(Tolerance(0.0)))


def test_every_border_has_its_overlap_gap_and_length(districts: gpd.GeoDataFrame, truth: pd.DataFrame) -> None:
    ground, name = districts.geometry.to_numpy(), districts["ten_huyen"].to_numpy()
    found = {}
    for border in borders(ground, 20.0, Progress()):
        overlap_m2, gap_m2 = (sum(part.area for part in parts(kind)[0]) for kind in (border.overlaps, border.gaps))
        found[tuple(sorted((name[border.a], name[border.b])))] = (overlap_m2, gap_m2, border.length_m)
    assert sorted(found) == truth.index.tolist()
    assert len(found) == 24
    for pair, (overlap_m2, gap_m2, length_m) in found.items():
        expected = truth.loc[[pair]].iloc[0]
        assert overlap_m2 == pytest.approx(expected["overlap_area_m2"], abs=AREA_M2), pair
        assert gap_m2 == pytest.approx(expected["gap_area_m2"], abs=AREA_M2), pair
        assert length_m == pytest.approx(expected["length_m"], rel=0.002), pair


def test_the_findings_are_those_borders(result: CheckResult, truth: pd.DataFrame) -> None:
    mismatches = result.findings[result.findings["rule"] == "border.mismatch"]
    pairs = [tuple(sorted(pair)) for pair in zip(mismatches["plan_a"], mismatches["plan_b"])]
    assert sorted(pairs) == truth.index.tolist()
    assert result.value("border_count") == result.value("mismatch_count") == 24
    for kind in ("overlap", "gap"):
        assert result.value(f"{kind}_area") == pytest.approx(truth[f"{kind}_area_m2"].sum(), rel=0.002)
    assert result.value("border_length") == pytest.approx(truth["length_m"].sum(), rel=0.001)


def test_no_piece_is_wider_than_the_border_was_moved(result: CheckResult, truth: pd.DataFrame) -> None:
    single = result.findings[result.findings["rule"].isin(["border.overlap", "border.gap"])]
    most_m = [
        truth.loc[[tuple(sorted(pair))], "largest_deviation_m"].iloc[0] for pair in zip(single.plan_a, single.plan_b)
    ]
    assert len(single) > 100
    assert (single["width_m"] <= pd.Series(most_m, index=single.index) * 1.5 + 0.5).all()
