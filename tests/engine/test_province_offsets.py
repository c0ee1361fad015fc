"""A plan that lies off by one constant offset is one finding register.crs, and no defect of its own is lost over it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from demo_province import DISTRICT, TERRITORY, checked, with_districts_moved
from planconcord.engine.intake.shifting import compass, reading_of_offset
from planconcord.engine.province.offset_findings import Astray, Measured, astray
from planconcord.engine.province.offsets import Offset
from small_province import CRS, box, check, district, make

ALONG = ["coverage.outside", "coverage.gap", "border.overlap", "border.gap"]


@pytest.fixture(scope="module")
def as_drawn(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("drawn")
    register = with_districts_moved(demo_folder, folder / "tỉnh", {})
    return checked(register, folder / "f.gpkg", territory=TERRITORY).result.findings


def defects(findings: pd.DataFrame) -> dict[str, list[float]]:
    """The areas of what is wider than the tolerance along boundary and borders of the district, by rule."""
    real = findings[findings["rule"].isin(ALONG) & (findings["severity"] == "error")]
    mine = real[(real["plan_a"] == DISTRICT) | (real["plan_b"] == DISTRICT)]
    return {rule: sorted(mine.loc[mine["rule"] == rule, "area_m2"]) for rule in ALONG}


def test_districts_drawn_apart_are_not_called_moved(as_drawn: pd.DataFrame) -> None:
    assert not (as_drawn["rule"] == "register.crs").any()
    assert {rule: len(areas) for rule, areas in defects(as_drawn).items()} == {
        "coverage.outside": 2, "coverage.gap": 5, "border.overlap": 3, "border.gap": 2
    }  # fmt: skip


@pytest.mark.parametrize(("by", "severity"), [((0.7, -0.4), "warning"), ((160.0, -120.0), "error")])
def test_a_district_moved_is_one_finding_and_keeps_its_own_defects(
    by: tuple[float, float], severity: str, as_drawn: pd.DataFrame, demo_folder: Path, tmp_path: Path
) -> None:
    register = with_districts_moved(demo_folder, tmp_path / "moved", {DISTRICT: by})
    made = checked(register, tmp_path / "f.gpkg", territory=TERRITORY)
    found = made.result.findings
    told = found[found["rule"] == "register.crs"]
    assert told[["plan_a", "severity", "territory"]].to_numpy().tolist() == [[DISTRICT, severity, TERRITORY]]
    message = told["message"].item()
    assert "to the south-east" in message
    assert f"{-by[0]:,.2f} m would have to be added to x and {-by[1]:,.2f} m to y" in message
    for rule, areas in defects(as_drawn).items():
        assert len(defects(found)[rule]) == len(areas)
        if rule.startswith("coverage"):  # between neighbours, drawn apart, a piece's area takes in the noise beside it
            assert defects(found)[rule] == pytest.approx(areas, rel=1e-3)
    summed = found[(found["plan_a"] == DISTRICT) & found["rule"].isin(ALONG[:2]) & (found["severity"] == "info")]
    explained = summed["message"].str.contains("register.crs")
    assert sorted(summed.loc[explained, "rule"]) == ["coverage.gap", "coverage.outside"]
    assert (summed.loc[~explained, "rule"] == "coverage.gap").all()  # noise inside the plan is still there
    coverage = next(done for done in made.jobs if done.job.kind == "checkcoverage" and done.job.plans == (DISTRICT,))
    assert coverage.result is not None
    assert coverage.result.value("offset_x") == pytest.approx(-by[0], abs=2e-3)
    assert coverage.result.value("offset_y") == pytest.approx(-by[1], abs=2e-3)
    if severity == "error":
        assert coverage.result.value("outside_count") > 20 and coverage.result.value("outside_area") > 6e6


def moved(folder: Path, number: int, x: float, y: float) -> None:
    shapes = [box(1000.0 * number + 500 * i + x, 500 * j + y, 500, 500) for i in (0, 1) for j in (0, 1)]
    district(folder, number, shapes)


def test_an_offset_is_told_once_in_a_small_province(tmp_path: Path) -> None:
    register = make(tmp_path / "tỉnh")
    moved(register.parent, 1, 30.0, 40.0)
    found = check(register, tmp_path / "f.gpkg").result.findings
    again = check(register, tmp_path / "f.gpkg")
    assert again.reused_count == len(again.jobs)
    columns = ["finding_id", "rule", "severity", "message", "area_m2"]
    pd.testing.assert_frame_equal(found[columns], again.result.findings[columns], check_dtype=False)
    assert found.loc[found["severity"] == "error", ["rule", "plan_a"]].to_numpy().tolist() == [["register.crs", "H1"]]
    assert "50.0 m to the north-east" in found.loc[found["rule"] == "register.crs", "message"].item()
    rest = found[found["severity"] == "info"].set_index("rule")["area_m2"]
    # 30 m of 1,000 m and 40 m of 970 m stick out, and as much stays open
    assert rest["coverage.outside"] == pytest.approx(68_800) and rest["coverage.gap"] == pytest.approx(68_800)


def test_an_offset_within_the_tolerance_is_a_warning_and_leaves_the_status(tmp_path: Path) -> None:
    register = make(tmp_path / "tỉnh")
    moved(register.parent, 1, 0.7, -0.4)
    made = check(register, tmp_path / "f.gpkg")
    found = made.result.findings
    assert made.result.status == "passed"
    assert found.loc[found["severity"] == "warning", ["rule", "plan_a"]].to_numpy().tolist() == [["register.crs", "H1"]]
    assert "0.806 m to the south-east" in found.loc[found["rule"] == "register.crs", "message"].item()


def ragged(shapes: list[shapely.Geometry]) -> list[shapely.Geometry]:
    """The same polygons with wavy edges, equal edges staying equal."""

    def bend(places: np.ndarray) -> np.ndarray:
        x, y = places.T
        return places + 15.0 * np.column_stack([np.sin(y / 60.0) + np.sin(y / 23.0), np.sin(x / 60.0)])

    return [shapely.transform(shapely.segmentize(shape, 20.0), bend) for shape in shapes]


def test_without_boundaries_two_neighbours_say_which_plan_is_off(tmp_path: Path) -> None:
    register = make(tmp_path / "tỉnh")
    (register.parent / "ranh_gioi.gpkg").unlink()
    for number, (x, y) in enumerate([(0.0, 0.0), (30.0, 40.0), (0.0, 0.0)]):
        shapes = [box(1000.0 * number + 500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]
        district(
            register.parent,
            number,
            [shapely.transform(s, lambda p, by=(x, y): p + np.array(by)) for s in ragged(shapes)],
        )
    found = check(register, tmp_path / "f.gpkg").result.findings
    told = found[found["rule"] == "register.crs"]
    assert told["plan_a"].tolist() == ["H1"]
    assert "50.0 m to the north-east (H0, H2)" in told["message"].item()
    assert not found["rule"].isin(["border.gap", "border.overlap"]).any()
    assert found.loc[found["rule"] == "border.mismatch", "severity"].tolist() == ["info", "info"]


def test_the_datum_is_named_that_explains_the_offset(tmp_path: Path) -> None:
    register = make(tmp_path / "tỉnh")
    path = register.parent / "h1.gpkg"
    zones = gpd.read_file(path, engine="pyogrio").to_crs(32648).set_crs(3405, allow_override=True)
    path.unlink()
    pyogrio.write_dataframe(zones, path, layer="h1", driver="GPKG")
    found = check(register, tmp_path / "f.gpkg").result.findings
    message = found.loc[found["rule"] == "register.crs", "message"].item()
    assert "The coordinates fit EPSG:32648" in message and "not VN-2000 / UTM zone 48N" in message


def test_a_place_knows_what_its_offset_comes_from() -> None:
    place, plane = np.array([[560_000.0, 1_800_000.0]]), pyproj.CRS.from_user_input(CRS)
    assert reading_of_offset(place, plane, plane, np.array([3.0, 40.0])) is None
    assert [compass(*vector) for vector in ((1, 0), (0, 1), (-1, -1), (1, -0.1))] == ["e", "n", "sw", "e"]


def between(plan: str, other: str, x: float, y: float = 0.0, freed: bool = True, width_m: float = 1.0) -> Measured:
    return Measured(plan, other, Offset(True, True, x, y, abs(x), freed=freed), width_m)


def quiet(plan: str, other: str = "") -> Measured:
    return Measured(plan, other, Offset(True), 1.0)


def names(found: list[Astray]) -> list[tuple[str, str, list[str]]]:
    return [(one.plan, one.either, one.against) for one in found]


def test_the_boundary_decides_which_of_two_neighbours_is_off() -> None:
    found = astray([quiet("A"), between("B", "", 30.0), between("A", "B", -30.0)])
    assert names(found) == [("B", "", ["A"])] and found[0].boundary
    assert (found[0].offset.dx_m, found[0].offset.dy_m) == (30.0, 0.0)


def test_an_end_of_a_row_is_told_by_the_neighbour_that_fits_the_others() -> None:
    assert names(astray([between("A", "B", 30.0), quiet("B", "C")])) == [("A", "", ["B"])]


def test_two_plans_alone_are_both_named() -> None:
    assert names(astray([between("A", "B", 30.0)])) == [("A", "B", [])]


def test_a_pair_that_the_boundaries_contradict_is_still_told() -> None:
    assert names(astray([quiet("A"), quiet("B"), between("A", "B", 30.0)])) == [("A", "B", [])]


def test_one_neighbour_alone_within_the_tolerance_says_nothing() -> None:
    assert astray([between("A", "B", 0.9, freed=False), quiet("B", "C")]) == []


def test_two_plans_off_in_one_province_are_told_apart() -> None:
    pairs = [between("A", "B", 30.0), between("A", "C", 30.0), between("D", "C", -7.0), between("D", "E", -7.0)]
    found = astray([*pairs, quiet("B", "C"), quiet("C", "E")])
    assert names(found) == [("A", "", ["B", "C"]), ("D", "", ["C", "E"])]
    assert [one.offset.dx_m for one in found] == [30.0, -7.0]


def test_neighbours_moved_alike_are_told_each() -> None:
    pairs = [between("A", "C", 30.0), between("A", "D", 30.0), between("B", "D", 30.0), between("B", "E", 30.0)]
    assert [one.plan for one in astray([*pairs, quiet("A", "B"), quiet("C", "D"), quiet("D", "E")])] == ["A", "B"]
