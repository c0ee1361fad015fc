"""A plan layer out of a table: keys, codes and fields as they come."""

from __future__ import annotations

import datetime
from decimal import Decimal

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from drawn import cover, of, plan, square
from planconcord.engine.errors import PlanError
from planconcord.engine.plan import PlanLayer
from planconcord.engine.run import digest

FOUR = [square(0, 0), square(10, 0), square(20, 0), square(30, 0)]


def keys(values: object, **more: object) -> list[str]:
    """The keys of four squares whose key field holds ``values``."""
    table = gpd.GeoDataFrame({"key": values}, geometry=gpd.GeoSeries.from_wkt(FOUR, crs=5899))
    return PlanLayer.from_frame(table, "plan", "key", **more).zones["key"].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["A1", "A2", "A3", "A4"], ["A1", "A2", "A3", "A4"]),
        ([1, 2, 3, 4], ["1", "2", "3", "4"]),
        ([1.0, 2.0, 3.5, 4.0], ["1", "2", "3.5", "4"]),
        (np.array([1, 2, 3, 4], dtype="float32"), ["1", "2", "3", "4"]),
        ([1.0, None, np.nan, 4.0], ["1", "fid=1", "fid=2", "4"]),
        (pd.array([1, None, 3, 4], dtype="Int64"), ["1", "fid=1", "3", "4"]),
        (pd.array(["a", None, "c", "d"], dtype="string"), ["a", "fid=1", "c", "d"]),
        (["A", "A", "", " "], ["A (fid=0)", "A (fid=1)", "fid=2", "fid=3"]),
        (["A ", "A", "B\n", "B\u00a0C"], ["A (fid=0)", "A (fid=1)", "B", "B C"]),
        ([True, False, None, "x"], ["True", "False", "fid=2", "x"]),
        ([Decimal("1.50"), 2, "3", 10**20], ["1.50", "2", "3", "100000000000000000000"]),
        (pd.to_datetime(["2025-07-01", None, "2025-07-02", "2025-07-03"]), None),
        ([datetime.date(2025, 7, 1), None, 3, 4], ["2025-07-01", "fid=1", "3", "4"]),
    ],
)
def test_keys_of_every_type_are_names(values: object, expected: list[str] | None) -> None:
    made = keys(values)
    assert len(set(made)) == 4
    if expected is not None:
        assert made == expected


def test_labels_are_composed_so_that_they_compare() -> None:
    composed, decomposed = "Đất ở", "Đất ở"
    assert keys([composed, decomposed, "x", "y"])[:2] == ["Đất ở (fid=0)", "Đất ở (fid=1)"]


def test_a_key_that_looks_like_a_name_we_give_stays_apart() -> None:
    made = keys(["A", "A", "A (fid=0)", "fid=3"])
    assert len(set(made)) == 4
    assert made[2] == "A (fid=0)" or made[0] == "A (fid=0)"


def test_without_a_key_field_the_feature_ids_are_the_keys() -> None:
    assert plan(FOUR).zones["key"].tolist() == ["0", "1", "2", "3"]
    assert plan(FOUR, fids=[7, 9, 11, 13]).zones["key"].tolist() == ["7", "9", "11", "13"]


def test_feature_ids_that_repeat_are_told_apart() -> None:
    assert plan(FOUR, fids=[1, 1, 2, 1]).zones["key"].tolist() == ["1", "1 [2]", "2", "1 [3]"]


def test_missing_and_repeated_keys_are_reported_and_the_zones_told_apart() -> None:
    result = cover(plan(FOUR, keys=["A", "A", None, "B"]))
    repeated, missing = of(result, "key.duplicate"), of(result, "key.missing")
    assert set(repeated["zone_a"]) == {"A (fid=0)", "A (fid=1)"}
    assert missing["zone_a"].tolist() == ["fid=2"]
    assert missing.geometry[0].equals(shapely.from_wkt(FOUR[2]))
    assert set(repeated["severity"]) == {"warning"}
    assert all(told.endswith("its key is used by 2 zones.") for told in repeated["message"])
    assert "in field key" in missing["message"][0]
    assert result.conforms


def test_how_often_a_key_is_used_is_a_whole_number_beside_other_findings() -> None:
    result = cover(plan([*FOUR, square(5, 0)], keys=["A", "A", "B", "C", "D"]))
    assert len(of(result, "coverage.overlap")) == 2
    assert all("used by 2 zones" in told for told in of(result, "key.duplicate")["message"])
    assert not result.findings["message"].str.contains("nan|None").any()


def test_without_a_key_field_no_key_is_missing() -> None:
    assert len(cover(plan(FOUR)).findings) == 0


def test_missing_codes_are_an_error_with_the_zone_and_its_area() -> None:
    result = cover(plan(FOUR, codes=["LUA", None, " ", "ODT"]))
    found = of(result, "code.missing")
    assert set(found["zone_a"]) == {"1", "2"}
    assert found["area_m2"].tolist() == [100, 100]
    assert not result.conforms


def test_a_zone_without_geometry_and_code_carries_the_territory() -> None:
    result = cover(plan([square(0, 0), None], codes=["LUA", ""]), square(0, 0))
    assert set(result.findings["rule"]) == {"geometry.empty", "code.missing"}
    assert result.findings.geometry.geom_equals(shapely.from_wkt(square(0, 0))).all()


def test_codes_stand_in_the_findings_as_they_are_written() -> None:
    result = cover(plan([square(0, 0), square(5, 0)], codes=[" lua ", 12.0]))
    assert result.findings.loc[0, ["code_a", "code_b"]].tolist() == ["lua", "12"]


def test_zones_are_named_in_the_order_in_which_people_count() -> None:
    result = cover(plan([square(0, 0), square(5, 0)], keys=["TH-10", "TH-9"]))
    assert result.findings.loc[0, ["zone_a", "zone_b"]].tolist() == ["TH-9", "TH-10"]


@pytest.mark.parametrize("field", ["key_field", "code_field"])
def test_a_field_that_is_not_there_is_refused_with_those_that_are(field: str) -> None:
    table = gpd.GeoDataFrame({"ma": [1], "loai": [2]}, geometry=gpd.GeoSeries.from_wkt([square(0, 0)], crs=5899))
    with pytest.raises(PlanError) as refused:
        PlanLayer.from_frame(table, "quy hoạch", **{field: "MA"})
    assert refused.value.key == "error.field_missing"
    assert "ma, loai" in refused.value.text("vi")
    assert "quy hoạch" in refused.value.text("en")


def test_a_table_without_any_field_says_so() -> None:
    table = gpd.GeoDataFrame(geometry=gpd.GeoSeries.from_wkt([square(0, 0)], crs=5899))
    with pytest.raises(PlanError) as refused:
        PlanLayer.from_frame(table, "plan", "ma")
    assert refused.value.values["fields"] == "–"


def test_names_with_braces_and_quotes_do_no_harm() -> None:
    result = cover(plan([square(0, 0), square(5, 0)], keys=["{0}", "%s {zone_a}"], codes=["{x}", '"'], name="{plan_b}"))
    assert "{0}" in result.findings["message"][0]
    assert "{plan_b}" in result.findings["message"][0]


def test_the_digest_is_that_of_the_zones_and_not_of_the_file() -> None:
    one, other = plan(FOUR, keys=["a", "b", "c", "d"]), plan(FOUR, keys=["a", "b", "c", "d"], name="copy")
    assert digest(one) == digest(other)
    assert digest(plan(FOUR, keys=["a", "b", "c", "e"])) != digest(one)
    assert digest(plan([square(0, 0, 11), *FOUR[1:]], keys=["a", "b", "c", "d"])) != digest(one)
    assert len(digest(plan([None, *FOUR]))) == 64
