"""Declared areas against the map: how the column is read, what differs, and what is left to rounding and the line's width."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from demo_province import DISTRICT, TERRITORY
from demo_province import checked as checked_province
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.engine.checks.area_units import read_areas
from planconcord.engine.checks.declared_area import check_declared_areas
from planconcord.engine.checks.settings import Settings
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import CheckResult
from planconcord.engine.plan import PlanLayer
from planconcord.engine.tolerance import Tolerance
from small_province import CRS, box, check, make

ROOT = Path(__file__).resolve().parents[2]
MAP_M2 = np.array([125_000.0, 1_234_560.0, 3_500.0, 20_000.0])


def hectares(*values: object) -> list[float]:
    return read_areas(np.array(values, dtype=object), MAP_M2[: len(values)], "L", "F").declared_ha.tolist()


def test_texts_with_a_decimal_comma_and_grouped_thousands() -> None:
    read = read_areas(np.array(["12,5", "123,456", "0,35", "2"], dtype=object), MAP_M2, "L", "F")
    assert read.declared_ha.tolist() == [12.5, 123.456, 0.35, 2.0]
    assert (read.unit, read.decimal_sign, read.agreeing) == ("ha", ",", 4)
    assert read.rounding_ha.tolist() == [0.0005] * 4


def test_the_same_point_is_a_decimal_in_one_column_and_thousands_in_another() -> None:
    assert hectares("12.5", "123.456", "0.35") == [12.5, 123.456, 0.35]
    assert hectares("125.000", "1.234.560", "3.500") == [12.5, 123.456, 0.35]  # m²
    assert hectares("125,000.0", "1,234,560.0", "3,500.0") == [12.5, 123.456, 0.35]
    assert hectares("125 000", "1 234 560", "3 500,0") == [12.5, 123.456, 0.35]


def test_numbers_in_square_metres_and_square_kilometres() -> None:
    read = read_areas(MAP_M2.astype(object), MAP_M2, "L", "F")
    assert read.unit == "m2" and read.declared_ha.tolist() == pytest.approx((MAP_M2 / 1e4).tolist())
    assert read.rounding_ha.tolist() == pytest.approx([5e-5] * 4)
    assert read_areas(MAP_M2 / 1e6, MAP_M2, "L", "F").unit == "km2"


def test_a_value_may_name_its_own_unit() -> None:
    assert hectares("12,5 ha", "1.234.560 m²", "0,35ha", "2 ha") == [12.5, 123.456, 0.35, 2.0]


def test_blank_is_told_from_what_is_no_number() -> None:
    read = read_areas(np.array(["12,5", None, "khoảng 3", "-2,0"], dtype=object), MAP_M2, "L", "F")
    assert read.blank.tolist() == [False, True, False, False]
    assert read.unreadable.tolist() == [False, False, True, True]


def test_figures_that_fit_no_unit_are_refused_by_name() -> None:
    with pytest.raises(PlanError) as caught:
        read_areas(np.array([1.0, 2.0, 3.0, 4.0], dtype=object), MAP_M2, "H1", "so_to")
    assert "H1: the figures in so_to (1.0, 2.0, 3.0 …)" in caught.value.text("en")
    assert "so_to" in caught.value.text("vi")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(min_value=60.0, max_value=4e8), min_size=3, max_size=12),
    st.sampled_from(["ha", "m2"]),
    st.sampled_from([",", "."]),
)
def test_whatever_the_writing_the_hectares_are_those_of_the_map(areas_m2: list[float], unit: str, sign: str) -> None:
    in_unit = [area / (1e4 if unit == "ha" else 1.0) for area in areas_m2]
    written = [
        f"{value:,.4f}".replace(",", "_").replace(".", sign).replace("_", "." if sign == "," else ",")
        for value in in_unit
    ]
    read = read_areas(np.array(written, dtype=object), np.array(areas_m2), "L", "F")
    assert read.unit == unit
    assert read.declared_ha == pytest.approx(np.array(areas_m2) / 1e4, abs=6e-5)


def plan(declared: list, widths_m: list[float] | None = None, scale: float | None = 10_000) -> PlanLayer:
    widths_m = widths_m or [100.0] * len(declared)
    shapes = [box(1000.0 * number, 0, width, 100.0) for number, width in enumerate(widths_m)]
    frame = gpd.GeoDataFrame({"ma": [str(n) for n in range(len(declared))], "dt": declared}, geometry=shapes, crs=CRS)
    return PlanLayer.from_frame(frame, "H1", key_field="ma", declared_field="dt", scale_denominator=scale)


def checked(layer: PlanLayer, width_m: float = 5.0, language: str = "en") -> CheckResult:
    return check_declared_areas(layer, "dt", Settings(Tolerance(width_m), language))


def test_a_zone_may_differ_by_its_line_width_and_the_rounding() -> None:
    # 1 ha at 1:10,000: 5 m times 100 m are 0.05 ha, and 0.005 ha of rounding
    found = checked(plan([1.05, 1.06, 1.0, 0.94, 1.0])).findings
    assert sorted(found["zone_a"]) == ["1", "3"]
    row = found.set_index("zone_a").loc["1"]
    assert (row["declared_ha"], row["measured_ha"]) == (1.06, pytest.approx(1.0))
    assert row["difference_ha"] == pytest.approx(-0.06) and row["severity"] == "warning"
    assert "1.06 ha declared, 1.00 ha on the map, 0.0600 ha too much" in row["message"]


def test_round_factors_are_explained() -> None:
    found = checked(plan([10.0, 1.0, 1.0, 10_000.0, 1.0])).findings.set_index("zone_a")["message"]
    assert "10 times off: the decimal point may have slipped" in found["0"]
    assert "m² instead of hectares" in found["3"]
    assert "sai dấu thập phân" in checked(plan([10.0, 1.0, 1.0]), language="vi").findings.loc[0, "message"]


def test_a_total_that_is_off_throughout_is_one_finding_of_the_plan() -> None:
    # each zone 0.04 ha too small is within its line, forty of them are not: 1.6 ha against 0.35
    found = checked(plan([1.04] * 40)).findings
    assert found["zone_a"].tolist() == [""]
    row = found.iloc[0]
    assert (row["declared_ha"], row["measured_ha"]) == (pytest.approx(41.6), pytest.approx(40.0))
    assert "-3.846 %" in row["message"] and "40 zones together" in row["message"]
    assert len(checked(plan([1.04, 0.96] * 20)).findings) == 0


def test_how_the_column_was_read_is_told_with_the_totals() -> None:
    result = checked(plan(["1,00", "1,00", "", "abc", "9,99"]))
    assert result.log == [
        "H1: the declared areas in dt (texts with a decimal comma) are read as hectares, because 2 of 3 zones then agree"
        " with the map within a factor of 1.4; 1 zone has none. Total declared 11.99 ha, on the map 3.00 ha."
    ]
    assert {m.name: m.value for m in result.measures if m.unit == "count"} == {
        "declared_count": 3, "declared_differing_count": 1, "declared_blank_count": 1, "declared_unreadable_count": 1
    }  # fmt: skip
    assert "“abc” is no area" in result.findings.set_index("zone_a").loc["3", "message"]
    assert result.status == "passed"


def test_in_a_province_the_field_of_the_register_is_checked_and_a_wrong_one_costs_nothing_else(tmp_path: Path) -> None:
    register = make(tmp_path / "tỉnh")
    path = register.parent / "h0.gpkg"
    zones = gpd.read_file(path, engine="pyogrio").assign(dt=["25,0", "25,0", "27,0", "25,0"])
    zones.to_file(path, layer="h0", engine="pyogrio")
    lines = register.read_text(encoding="utf-8-sig").splitlines()
    fields = [line + end for line, end in zip(lines, [",declared_area_field", ",dt", ",khong_co", ",", ","])]
    register.write_text("\n".join(fields), encoding="utf-8-sig")
    made = check(register, tmp_path / "f.gpkg")
    found = made.result.findings
    assert found[["rule", "plan_a", "declared_ha"]].to_numpy().tolist() == [["area.declared", "H0", 27.0]]
    assert made.result.status == "not_assessed"
    told = "\n".join(made.result.log)
    assert "H0: the declared areas in dt (texts with a decimal comma) are read as hectares" in told
    assert "H1 has no field khong_co with declared areas" in told
    assert [done.job.plans for done in made.jobs if done.status == "not_assessed"] == [("H1",)]


def test_every_planted_figure_of_the_demo_is_found_and_nothing_else(demo_folder: Path) -> None:
    register = pd.read_csv(demo_folder / "register.csv", dtype=str, keep_default_na=False)
    truth = pd.read_csv(demo_folder / "truth.csv")
    planted = truth[truth["rule"] == "area.declared"]
    found = []
    for row in register[register["declared_area_field"] != ""].to_dict("records"):
        zones = gpd.read_file(demo_folder / row["source"].split("|")[0], engine="pyogrio", fid_as_index=True)
        layer = PlanLayer.from_frame(
            zones, row["plan_id"], row["key_field"], row["code_field"], declared_field=row["declared_area_field"]
        )
        result = check_declared_areas(layer, "dien_tich_ha", Settings(Tolerance.choose(None, float(row["scale"]))))
        found.append(result.findings)
        assert "read as hectares" in result.log[0]
    table = pd.concat(found)
    assert len(planted) == 26
    wanted = planted.set_index(["plan_a", "zone_a"]).sort_index()
    told = table.set_index(["plan_a", "zone_a"]).sort_index()
    assert told.index.tolist() == wanted.index.tolist()
    assert told["measured_ha"].to_numpy() * 1e4 == pytest.approx(wanted["area_m2"].to_numpy(), rel=1e-6)
    off = (told["declared_ha"] / told["measured_ha"]).to_numpy()
    decimal = wanted["kind"].to_numpy() == "decimal"
    assert off[decimal] == pytest.approx(10.0, rel=1e-3)
    assert ((off[~decimal] > 1.079) & (off[~decimal] < 1.281)).all()
    assert shapely.area(told.geometry.to_numpy()) == pytest.approx(told["area_m2"].to_numpy())


def test_in_the_checked_province_every_planted_defect_of_a_district_is_found_and_nothing_else(
    demo_folder: Path, tmp_path: Path
) -> None:
    made = checked_province(demo_folder / "register.csv", tmp_path / "f.gpkg", territory=TERRITORY)
    truth = pd.read_csv(demo_folder / "truth.csv", dtype=str, keep_default_na=False)
    truth[truth["plan_a"] == DISTRICT].to_csv(tmp_path / "truth.csv", index=False)
    spec = importlib.util.spec_from_file_location("demo_truth", ROOT / "tools" / "demo_truth.py")
    assert spec and spec.loader
    demo_truth = importlib.util.module_from_spec(spec)
    sys.modules["demo_truth"] = demo_truth
    spec.loader.exec_module(demo_truth)
    agreement = demo_truth.compare(made.result.findings, tmp_path / "truth.csv", demo_truth.PROVINCE_CHECKED)
    assert agreement.complete, "\n".join(agreement.lines)
    assert f"{'area.declared':<28}{2:>9}{2:>8}{0:>8}{0:>7}" in agreement.lines
    told = [line for line in made.result.log if line.startswith(f"{DISTRICT}: the declared areas in dien_tich_ha")]
    assert len(told) == 1
