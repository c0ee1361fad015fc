"""Not passed unless checked: each place that narrows a check of a province says so, and counts where an input is missing.

The places are listed in docs/decisions/0012.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from planconcord.cli.checks import main
from planconcord.engine.errors import PlanError
from planconcord.engine.province.check import ProvinceResult
from small_province import CRS, DISTRICTS, box, check, content, district, layer, make


@pytest.fixture
def register(tmp_path: Path) -> Path:
    return make(tmp_path / "tỉnh")


def rewrite(register: Path, old: str, new: str) -> None:
    text = register.read_text(encoding="utf-8-sig")
    assert old in text
    register.write_text(text.replace(old, new), encoding="utf-8-sig")


def line(made: ProvinceResult, words: str) -> str:
    """The one line of the log with these words."""
    [told] = [line for line in made.result.log if words in line]
    return told


def assert_narrowed(made: ProvinceResult, count: int, words: str) -> str:
    assert made.result.value("not_assessed_count") == count
    assert made.result.status == "not_assessed" and not made.result.conforms and not made.complete
    return line(made, words)


def assert_only_told(made: ProvinceResult, words: str) -> str:
    assert made.result.value("not_assessed_count") == 0 and made.result.status == "passed"
    return line(made, words)


def test_a_territory_that_the_boundaries_do_not_name(register: Path, tmp_path: Path) -> None:
    rewrite(register, "Huyện B", "Thị xã B")
    district(register.parent, 1, [box(1000, 0, 500, 500), box(1000, 500, 500, 500), box(1500, 0, 500, 1000),
                                  box(1500, 900, 500, 100)])  # fmt: skip
    made = check(register, tmp_path / "f.gpkg")
    assert made.result.value("not_assessed_count") == 1 and made.result.status == "failed"
    told = line(made, "Not wholly assessed")
    for words in ("H1", "Thị xã B", "row 3", "ranh_gioi.gpkg", "Similar names: Huyện B"):
        assert words in told
    assert made.result.findings.query("rule == 'coverage.overlap'")["area_m2"].tolist() == [50_000.0]


def test_it_counts_also_when_nothing_else_is_wrong_and_when_results_are_kept(register: Path, tmp_path: Path) -> None:
    rewrite(register, "Huyện B", "Thị xã B")
    for reused in (0, 13):
        made = check(register, tmp_path / "f.gpkg")
        assert made.reused_count == reused
        assert_narrowed(made, 1, "have no zone called Thị xã B")
    runs = content(tmp_path / "f.gpkg")[3]
    [row] = runs[runs["status"] == "not_assessed"].to_dict("records")
    assert row["check"] == "checkcoverage" and "Thị xã B" in row["options"]
    given = str(register.parent / "ranh_gioi.gpkg")
    assert_narrowed(check(register, tmp_path / "g.gpkg", boundaries=given), 1, "have no zone called Thị xã B")


def test_what_was_found_along_a_boundary_is_not_resolved_when_the_boundary_is_no_longer_found(
    register: Path, tmp_path: Path
) -> None:
    district(register.parent, 1, [box(1000, 0, 500, 500), box(1000, 500, 500, 500), box(1500, 0, 500, 500),
                                  box(1500, 500, 480, 480)])  # fmt: skip
    output = tmp_path / "f.gpkg"
    before = check(register, output).result.findings.query("rule == 'coverage.gap'")
    rewrite(register, "Huyện B", "Thị xã B")
    from planconcord.engine.province.options import ProvinceOptions
    from planconcord.engine.usecases.province import ProvinceRequest, write_province

    wanted = ProvinceRequest(str(register), output, register.parent / "rules.csv", previous=output)
    after = write_province(wanted, ProvinceOptions()).result.findings
    rows = after[after["finding_id"].isin(before["finding_id"])]
    assert len(before) and "resolved" not in rows["status"].tolist()


def test_a_plan_of_a_level_whose_territories_no_boundary_is_for_is_told(register: Path, tmp_path: Path) -> None:
    told = assert_only_told(check(register, tmp_path / "f.gpkg"), "T was checked without a boundary")
    assert "Tỉnh X" in told


def test_a_row_without_a_territory(register: Path, tmp_path: Path) -> None:
    rewrite(register, "Huyện B,h1", ",h1")
    told = assert_narrowed(check(register, tmp_path / "f.gpkg"), 1, "names no territory")
    assert "H1" in told and "row 3" in told


def test_two_neighbours_without_a_territory_are_compared_all_the_same(register: Path, tmp_path: Path) -> None:
    """They counted as versions of one territory's plan, and their border was left out."""
    rewrite(register, "Huyện B,h1", ",h1")
    rewrite(register, "Huyện C,h2", ",h2")
    made = check(register, tmp_path / "f.gpkg")
    assert ("H1", "H2") in {done.job.plans for done in made.jobs if done.job.kind == "checkborders"}


def test_a_boundary_of_a_row_that_cannot_be_read_leaves_the_coverage_undone(register: Path, tmp_path: Path) -> None:
    rewrite(register, "upper_plans", "upper_plans,boundary")
    rewrite(register, "2030,T\nH1", "2030,T,gone.gpkg\nH1")
    made = check(register, tmp_path / "f.gpkg")
    assert "gone.gpkg" in assert_narrowed(made, 1, "Not assessed")


def test_no_boundaries_at_all_are_told(register: Path, tmp_path: Path) -> None:
    (register.parent / "ranh_gioi.gpkg").unlink()
    assert_only_told(check(register, tmp_path / "f.gpkg"), "No boundaries were given")


def test_the_only_zone_of_another_name_is_told(register: Path, tmp_path: Path) -> None:
    layer(register.parent / "ranh_gioi.gpkg", [box(0, 0, 3000, 1000)], ten=["toàn tỉnh"])
    rows = register.read_text(encoding="utf-8-sig").split("\n")
    register.write_text("\n".join([rows[0], rows[4]]), encoding="utf-8-sig")
    told = assert_only_told(check(register, tmp_path / "f.gpkg"), "the only zone of the boundaries")
    assert "Tỉnh X" in told


@pytest.mark.parametrize(("lower", "upper", "named"), [(True, False, "H1."), (False, True, "T.")])
def test_a_plan_without_a_code_field_where_a_plan_above_is_named(
    lower: bool, upper: bool, named: str, register: Path, tmp_path: Path
) -> None:
    if lower:
        rewrite(register, "h1.gpkg,ma,ma_dat", "h1.gpkg,ma,")
        told = assert_narrowed(check(register, tmp_path / "f.gpkg"), 1, "no code field")
        assert "H1 against T" in told and f"for {named}" in told
    if upper:
        rewrite(register, "tinh.gpkg,ma,ma_khu", "tinh.gpkg,ma,")
        made = check(register, tmp_path / "f.gpkg")
        assert made.result.value("not_assessed_count") == 3 and made.result.status == "not_assessed"


def test_a_plan_that_names_no_plan_above_it_though_others_do(register: Path, tmp_path: Path) -> None:
    rewrite(register, "2030,T\nH1", "2030,\nH1")
    told = assert_narrowed(check(register, tmp_path / "f.gpkg"), 1, "against a plan above it")
    assert "H0" in told and "row 2" in told


def test_no_plan_names_one_above_it(register: Path, tmp_path: Path) -> None:
    rewrite(register, "2030,T", "2030,")
    assert check(register, tmp_path / "f.gpkg").result.status == "passed"


def test_a_plan_above_that_has_no_file_yet(register: Path, tmp_path: Path) -> None:
    rewrite(register, 'tinh.gpkg,ma,ma_khu,"1:50.000",đã phê duyệt', ',ma,ma_khu,"1:50.000",đang lập')
    made = check(register, tmp_path / "f.gpkg")
    assert made.result.value("not_assessed_count") == 3 and made.result.status == "not_assessed"


def test_a_plan_without_a_scale_is_told(register: Path, tmp_path: Path) -> None:
    rewrite(register, "h1.gpkg,ma,ma_dat,1:10.000", "h1.gpkg,ma,ma_dat,")
    told = assert_only_told(check(register, tmp_path / "f.gpkg"), "No scale is given for H1")
    assert "0.1 m" in told
    assert not any("No scale" in one for one in check(register, tmp_path / "g.gpkg", width_m=1.0).result.log)


def test_features_that_are_no_polygons_are_told(register: Path, tmp_path: Path) -> None:
    shapes = [box(1000 + 500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]
    shapes += [shapely.boundary(shapes[0]), shapely.Point(shapely.centroid(shapes[0]))]
    table = gpd.GeoDataFrame({"ma": list("abcdef"), "ma_dat": ["LUC"] * 6}, geometry=shapes, crs=CRS)
    (register.parent / "h1.gpkg").unlink()
    pyogrio.write_dataframe(table, register.parent / "h1.gpkg", layer="h1", geometry_type="Unknown")
    for _ in range(2):  # the second time from kept results
        told = assert_only_told(check(register, tmp_path / "f.gpkg"), "left out")
        assert "H1" in told and "2" in told


def test_an_unreadable_plan_whose_ground_nothing_tells(register: Path, tmp_path: Path) -> None:
    (register.parent / "ranh_gioi.gpkg").unlink()
    (register.parent / "h2.gpkg").write_bytes(b"SQLite format 3\0 and no more")
    made = check(register, tmp_path / "f.gpkg")
    assert "H2" in line(made, "Borders were compared without the ground of")


@pytest.mark.parametrize("command", ["check", "checkregister"])
def test_a_territory_that_no_row_has_is_refused_with_names_like_it(
    command: str, register: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """checkregister found nothing wrong with a territory that does not exist."""
    output = ("--out" if command == "check" else "--findings", str(tmp_path / "f.gpkg"))
    assert main([command, str(register), *output, "--territory", "Thị xã A", "--language", "en"]) == 2
    assert "Similar names: Huyện A" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--previous", "--rules", "--boundaries", "--expected"])
def test_an_input_that_was_named_and_is_not_there(option: str, register: Path, tmp_path: Path) -> None:
    arguments = ["check", str(register), "--out", str(tmp_path / "f.gpkg"), option, str(tmp_path / "gone.gpkg")]
    status = main([*arguments, "--language", "en"])
    assert status == (1 if option == "--boundaries" else 2)


def test_the_boundaries_that_were_named_and_are_not_there_leave_every_coverage_undone(
    register: Path, tmp_path: Path
) -> None:
    made = check(register, tmp_path / "f.gpkg", boundaries=str(tmp_path / "gone.gpkg"))
    assert made.result.value("not_assessed_count") == 4 and made.result.status == "not_assessed"


def test_a_register_that_is_complete_tells_nothing(register: Path, tmp_path: Path) -> None:
    boxes = [box(0, 0, 3000, 1000), *(box(1000.0 * n, 0, 1000, 1000) for n in range(3))]
    layer(register.parent / "ranh_gioi.gpkg", boxes, ten=["Tỉnh X", *DISTRICTS])
    made = check(register, tmp_path / "f.gpkg")
    assert made.result.status == "passed" and made.complete
    assert len([one for one in made.result.log if "without" in one or "taken for" in one]) == 0


def test_a_single_check_without_a_boundary_says_so(
    register: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, output = str(register.parent / "h0.gpkg"), str(tmp_path / "f.gpkg")
    assert main(["checkcoverage", "--input", plan, "--findings", output, "--language", "en"]) == 0
    assert "boundary" in capsys.readouterr().err.lower()


def test_single_checks_refuse_what_they_cannot_do_without(register: Path, tmp_path: Path) -> None:
    plan, output = str(register.parent / "h0.gpkg"), str(tmp_path / "f.gpkg")
    for more in (["--boundary", str(tmp_path / "gone.gpkg")], ["--previous", str(tmp_path / "gone.gpkg")],
                 ["--key-field", "gone"], ["--code-field", "gone"]):  # fmt: skip
        assert main(["checkcoverage", "--input", plan, "--findings", output, *more, "--language", "en"]) == 2
    with pytest.raises(PlanError):
        check(register, tmp_path / "f.gpkg", territory="Huyện Z")
