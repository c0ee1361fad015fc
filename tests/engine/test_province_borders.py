"""A province says of its borders what one border check of all its plans says: pair by pair, side by side, and with results kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from bordering import quiet
from drawn import moved, plan
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.engine.checks.borders import check_borders
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.province.check import ProvinceResult
from planconcord.engine.tolerance import Tolerance
from small_province import EAST, NORTH, assert_same, check, layer

ADDED = (
    "border_count",
    "overlap_count",
    "gap_count",
    "border_length",
    "mismatch_count",
    "mismatch_length",
    "noise_area",
)
GROUND = {"border.overlap": "overlap_area", "border.gap": "gap_area"}
SAID = ["rule", "severity", "plan_a", "zone_a", "plan_b", "zone_b", "area_m2", "width_m", "message"]
ALL = ("A", "B", "C", "D", "E", "F")


def province(folder: Path, grounds: list[shapely.Geometry]) -> Path:
    """A register of one plan a district, each of one zone."""
    folder.mkdir(exist_ok=True)
    for name, ground in zip(ALL, grounds):
        write(folder, name, ground)
    rows = [f"{name},huyện,Huyện {name},{name}.gpkg,ma,đã phê duyệt" for name, _ in zip(ALL, grounds)]
    register = folder / "register.csv"
    head = "plan_id,level,territory,source,key_field,status"
    register.write_text("\n".join([head, *rows]), encoding="utf-8-sig")
    (folder / "rules.csv").write_text(
        "upper_code,lower_code,verdict,condition,min_area_m2,reason_vi,reason_en,reference\nX,LUC,compatible,,,,,\n",
        encoding="utf-8",
    )
    return register


def write(folder: Path, name: str, ground: shapely.Geometry) -> None:
    layer(folder / f"{name}.gpkg", moved([ground], EAST, NORTH), ma=[f"{name}1"])


def together(grounds: list[shapely.Geometry], width_m: float) -> CheckResult:
    plans = [plan(moved([ground], EAST, NORTH), None, [f"{name}1"], name=name) for name, ground in zip(ALL, grounds)]
    return check_borders(plans, Settings(Tolerance(width_m), "en", "run"))


def said(findings: pd.DataFrame) -> pd.DataFrame:
    """The border findings in an order of their own."""
    rows = findings[findings["rule"].str.startswith("border.")]
    return rows.sort_values(["rule", "plan_a", "plan_b", "x", "y"])[SAID].reset_index(drop=True)


def summed(made: ProvinceResult, name: str) -> float:
    borders = [done.result for done in made.jobs if done.job.kind == "checkborders"]
    return sum(result.value(name) for result in borders if result is not None)


def assert_as_together(made: ProvinceResult, grounds: list[shapely.Geometry], width_m: float) -> None:
    expected = together(grounds, width_m)
    for name in ADDED:
        assert summed(made, name) == pytest.approx(expected.value(name), rel=1e-9, abs=1e-6), name
    if not any(m.name == "offset_freed" and m.value for done in made.jobs for m in done.result.measures):
        for rule, name in GROUND.items():
            shapes = made.result.findings.geometry[made.result.findings["rule"] == rule].to_numpy()
            assert float(shapely.area(shapely.union_all(shapes))) == pytest.approx(expected.value(name), abs=1e-6), name
        pd.testing.assert_frame_equal(said(made.result.findings), said(expected.findings), atol=1e-6, rtol=1e-9)


TONGUE = shapely.box(990, 0, 1010, 300)
"""Ground of C, 20 m wide, that runs 300 m up between A and B."""


def with_tongue() -> list[shapely.Geometry]:
    return [
        shapely.difference(shapely.box(0, 0, 1000, 1000), TONGUE),
        shapely.difference(shapely.box(1000, 0, 2000, 1000), TONGUE),
        shapely.union(shapely.box(0, -1000, 2000, 0), TONGUE),
    ]


def with_hole() -> list[shapely.Geometry]:
    """A hole of 30 m x 30 m where three districts meet."""
    hole = shapely.box(985, -15, 1015, 15)
    whole = [shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000), shapely.box(0, -1000, 2000, 0)]
    return [shapely.difference(ground, hole) for ground in whole]


def test_the_tongue_of_a_third_district_is_no_gap_between_two(tmp_path: Path) -> None:
    made = check(province(tmp_path / "p", with_tongue()), tmp_path / "f.gpkg")
    assert said(made.result.findings).empty and made.result.status == "passed"
    assert summed(made, "border_length") == pytest.approx(700 + 2 * (300 + 10 + 990))
    assert_as_together(made, with_tongue(), 0.1)


def test_a_hole_where_three_meet_is_counted_once(tmp_path: Path) -> None:
    made = check(province(tmp_path / "p", with_hole()), tmp_path / "f.gpkg", width_m=5.0)
    gaps = made.result.findings.query("rule == 'border.gap'")
    assert gaps["area_m2"].sum() == pytest.approx(900.0, abs=1e-6)
    assert float(shapely.area(shapely.union_all(gaps.geometry.to_numpy()))) == pytest.approx(900.0, abs=1e-6)
    assert_as_together(made, with_hole(), 5.0)


def drawn_apart(seed: int, count: int) -> list[shapely.Geometry]:
    """Districts whose outlines differ by metres here and there, with tongues between others, holes and bites."""
    random = np.random.default_rng(seed)
    frame = shapely.box(0, 0, 2000, 2000)
    sites = shapely.multipoints(random.random((count, 2)) * 2000)
    grounds = list(shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(sites, extend_to=frame)), frame))
    if random.random() < 0.6:
        x, y = shapely.get_coordinates(shapely.centroid(grounds[random.integers(count)]))[0]
        strip = shapely.box(x - 700, y - 12, x + 700, y + 12)
        mine = random.integers(count)
        grounds = [
            shapely.union(g, strip) if number == mine else shapely.difference(g, strip)
            for number, g in enumerate(grounds)
        ]
    for number, ground in enumerate(grounds):
        way = random.random()
        if way < 0.5:
            reach_m = random.uniform(-6, 6)
            grounds[number] = shapely.buffer(ground, reach_m, join_style="mitre")
        if random.random() < 0.4:
            x, y = random.random(2) * 2000
            grounds[number] = shapely.difference(grounds[number], shapely.box(x, y, x + 40, y + 40))
    return [ground for ground in grounds if not shapely.is_empty(ground)]


@settings(max_examples=5, **quiet)
@given(st.integers(0, 10**6), st.integers(3, 6), st.sampled_from([0.0, 0.5, 3.0]), st.integers(1, 3))
def test_a_random_province_says_what_all_plans_together_say(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, width_m: float, at_once: int
) -> None:
    folder = tmp_path_factory.mktemp("province")
    grounds = drawn_apart(seed, count)
    register = province(folder, grounds)
    assert_as_together(check(register, folder / "f.gpkg", width_m=width_m, at_once=at_once), grounds, width_m)
    changed = int(np.random.default_rng(seed).integers(len(grounds)))
    grounds[changed] = shapely.difference(grounds[changed], shapely.box(600, 600, 1400, 640))
    write(folder, ALL[changed], grounds[changed])
    again = check(register, folder / "f.gpkg", width_m=width_m, at_once=at_once)
    assert_as_together(again, grounds, width_m)


def test_a_third_district_that_changes_is_seen_though_the_two_beside_it_are_as_before(tmp_path: Path) -> None:
    grounds = with_tongue()
    register, output = province(tmp_path / "p", grounds), tmp_path / "f.gpkg"
    assert check(register, output).result.status == "passed"
    grounds[2] = shapely.box(0, -1000, 2000, 0)
    write(register.parent, "C", grounds[2])
    made = check(register, output)
    assert [done.reused for done in made.jobs if done.job.plans == ("A", "B")] == [False]
    assert made.result.findings.query("rule == 'border.gap'")["area_m2"].sum() == pytest.approx(20 * 300, rel=1e-3)
    assert_as_together(made, grounds, 0.1)
    check(register, tmp_path / "fresh.gpkg", at_once=1)
    assert_same(output, tmp_path / "fresh.gpkg")


def test_the_boundary_stands_in_for_a_third_plan_that_cannot_be_read(tmp_path: Path) -> None:
    grounds = with_tongue()
    register = province(tmp_path / "p", grounds)
    names = [f"Huyện {name}" for name in "ABC"]
    layer(register.parent / "ranh_gioi.gpkg", moved(grounds, EAST, NORTH), ten_huyen=names)
    (register.parent / "C.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    made = check(register, tmp_path / "f.gpkg")
    assert said(made.result.findings).empty
    assert made.result.findings["rule"].tolist() == ["register.unreadable"]


def test_a_third_plan_is_read_once_and_only_where_its_ground_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planconcord.engine.province import check as checking
    from planconcord.engine.province.plans import Plans

    made: list[Plans] = []
    monkeypatch.setattr(checking, "Plans", lambda *given: made.append(Plans(*given)) or made[-1])
    register, output = province(tmp_path / "p", with_tongue()), tmp_path / "f.gpkg"
    check(register, output)
    write(register.parent, "A", shapely.difference(with_tongue()[0], shapely.box(100, 100, 200, 200)))
    check(register, output)
    assert [plans.read_count for plans in made] == [3, 3]
    assert not any(plans._held for plans in made)


def test_versions_of_a_third_plan_and_of_one_side_hide_nothing(tmp_path: Path) -> None:
    """A draft of A in the register is no third plan beside A: the gap that A leaves stays, whatever the draft covers."""
    bitten = shapely.difference(shapely.box(0, 0, 1000, 1000), shapely.box(990, 300, 1000, 360))
    grounds = [bitten, shapely.box(1000, 0, 2000, 1000)]
    register = province(tmp_path / "p", grounds)
    layer(register.parent / "draft.gpkg", moved([shapely.box(0, 0, 1000, 1000)], EAST, NORTH), ma=["1"])
    rows = register.read_text(encoding="utf-8-sig") + "\nA2,huyện,Huyện A,draft.gpkg,ma,đang lập"
    register.write_text(rows, encoding="utf-8-sig")
    made = check(register, tmp_path / "f.gpkg")
    gaps = made.result.findings.query("rule == 'border.gap'")
    assert gaps[["plan_a", "plan_b"]].to_numpy().tolist() == [["A", "B"]]
    assert gaps["area_m2"].item() == pytest.approx(600)
