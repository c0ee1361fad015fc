"""The library's face: what a script gets is what the command line writes, and nothing passes silently."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import planconcord as pc
import pyogrio
import pytest
import shapely
from planconcord.cli.checks import main
from planconcord.engine.progress import Cancelled, Progress

LEFT, BOTTOM = 500_000.0, 2_300_000.0
NOT_COMPARED = ["run_id"]


def zones(*boxes: tuple[float, float, float, float], crs: str = "EPSG:5899", **columns: list) -> gpd.GeoDataFrame:
    """Boxes in metres from the lower left corner of a place in the province."""
    shapes = [shapely.box(LEFT + x0, BOTTOM + y0, LEFT + x1, BOTTOM + y1) for x0, y0, x1, y1 in boxes]
    ids = [f"Z{number}" for number in range(1, len(boxes) + 1)]
    return gpd.GeoDataFrame({"id": ids, "code": "LUC", **columns}, geometry=shapes, crs="EPSG:5899").to_crs(crs)


def stored(path: Path) -> pd.DataFrame:
    table = pyogrio.read_dataframe(path, layer="findings")
    return table.drop(columns=NOT_COMPARED)


def measures(path: Path) -> dict[str, float]:
    table = pyogrio.read_dataframe(path, layer="measures", read_geometry=False)
    return dict(zip(table["name"], table["value"]))


def test_the_package_loads_no_geopandas_until_a_check_is_asked_for() -> None:
    code = (
        "import sys, planconcord as pc\n"
        "assert 'geopandas' not in sys.modules and 'qgis' not in sys.modules\n"
        "assert set(pc.__all__) <= set(dir(pc))\n"
        "assert all(callable(getattr(pc, name)) for name in pc.__all__ if name != '__version__')\n"
        "assert 'geopandas' in sys.modules and 'qgis' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    with pytest.raises(AttributeError, match="no attribute 'check_everything'"):
        pc.check_everything  # noqa: B018


@pytest.mark.parametrize(
    "name",
    ["planconcord", *(f"planconcord.engine.{part}" for part in ("library", "library.checks", "stages"))],
)
def test_the_examples_run(name: str) -> None:
    failed, ran = doctest.testmod(importlib.import_module(name))
    assert ran > 0
    assert failed == 0


def test_coverage_is_what_the_command_line_writes(demo_folder: Path, tmp_path: Path) -> None:
    boundary = demo_folder / "ranh_gioi.gpkg"
    limits = pyogrio.read_dataframe(boundary, layer="ranh_gioi_huyen")
    register = pd.read_csv(demo_folder / "register.csv", dtype=str, encoding="utf-8-sig")
    row = register[register["plan_id"] == "QHSDD-H12"].iloc[0]
    plan = demo_folder / row["source"].split("|")[0]
    limit = tmp_path / "limit.gpkg"
    limits[limits["ten_huyen"] == row["territory"]].to_file(limit)
    fields = [f"--{name}" for name in ("key-field", "code-field")]
    given = [fields[0], row["key_field"], fields[1], row["code_field"], "--scale", row["scale"]]
    written = tmp_path / "cli.gpkg"
    assert (
        main(["checkcoverage", "--input", str(plan), "--boundary", str(limit), *given, "--findings", str(written)]) == 1
    )

    result = pc.check_coverage(plan, limit, key=row["key_field"], code=row["code_field"], scale=float(row["scale"]))
    saved = tmp_path / "face.gpkg"
    result.to_file(saved)
    pd.testing.assert_frame_equal(stored(saved), stored(written))
    assert measures(saved) == measures(written) == pytest.approx(dict(result.measures))
    assert not result.conforms
    assert len(result.findings) == len(stored(written)) > 10

    frame = pyogrio.read_dataframe(plan, fid_as_index=True)
    again = pc.check_coverage(
        frame,
        pyogrio.read_dataframe(limit),
        key=row["key_field"],
        code=row["code_field"],
        scale=float(row["scale"]),
        plan=plan.stem,
    )
    assert dict(again.measures) == dict(result.measures)
    assert again.findings["finding_id"].tolist() == result.findings["finding_id"].tolist()


def test_degrees_are_brought_into_metres_and_no_crs_is_refused() -> None:
    overlapping = zones((0, 0, 100, 100), (90, 0, 200, 100), crs="EPSG:4756")
    result = pc.check_coverage(overlapping, key="id", code="code")
    assert result.measures["overlap_count"] == 1
    assert result.measures["overlap_area"] == pytest.approx(1000.0, abs=0.1)
    assert result.findings.crs.is_projected
    with pytest.raises(pc.PlanError) as refused:
        pc.check_coverage(overlapping.set_crs(None, allow_override=True), key="id")
    assert "zones" in refused.value.text("vi")


def test_two_crss_are_brought_together() -> None:
    lower = zones((0, 0, 100, 100), code=["ONT"])
    upper = zones((0, 0, 100, 100), crs="EPSG:32648", code=["Z_RPH"])
    result = pc.check_conformity(
        lower, upper, lower_code="code", upper_code="code", cross_table=True, zone_verdicts=True
    )
    assert result.measures["conflict_area"] == pytest.approx(10_000.0, abs=1.0)
    assert result.findings.crs == lower.crs
    assert result.tables["zones"]["verdict"].tolist() == ["conflict"]
    assert set(result.tables) == {"cross_table", "zones"}


def test_borders_take_names_or_a_field() -> None:
    one, other = zones((0, 0, 100, 100)), zones((102, 0, 200, 100))
    by_name = pc.check_borders({"A": one, "B": other}, width_tolerance=0.5, search_width=10)
    both = pd.concat([one.assign(district="A"), other.assign(district="B")], ignore_index=True)
    by_field = pc.check_borders(both, territory="district", width_tolerance=0.5, search_width=10)
    assert by_name.measures["gap_area"] == by_field.measures["gap_area"] == pytest.approx(200.0, abs=0.1)
    assert by_name.findings["territory"].tolist() == by_field.findings["territory"].tolist()


def test_a_decision_goes_on_from_store_to_store(tmp_path: Path) -> None:
    plan = zones((0, 0, 100, 100), (90, 0, 200, 100))
    first = pc.check_coverage(plan, key="id", code="code")
    store = tmp_path / "first.gpkg"
    first.to_file(store)
    moved = plan.assign(geometry=[plan.geometry[0], shapely.box(LEFT + 91, BOTTOM, LEFT + 200, BOTTOM + 100)])
    second = pc.check_coverage(moved, key="id", code="code", previous=store)
    assert second.findings["finding_id"].tolist() == first.findings["finding_id"].tolist()
    assert second.measures["persisting_count"] + second.measures["changed_count"] == 1
    after = tmp_path / "second.gpkg"
    second.to_file(after)
    compared = pc.compare_findings(store, after)
    assert sum(compared.counts.values()) == 1


def test_drafts_are_compared() -> None:
    before = zones((0, 0, 100, 100), (100, 0, 200, 100))
    after = before.assign(code=["LUC", "ONT"])
    made = pc.compare_drafts(before, after, code="code", key="id")
    assert made.closes
    assert made.value("change_area") == pytest.approx(10_000.0)
    assert made.changes[["code_before", "code_after"]].to_numpy().tolist() == [["LUC", "ONT"]]


def test_the_progress_moves_forward_and_can_stop() -> None:
    told: list[float] = []
    pc.check_coverage(zones((0, 0, 100, 100)), progress=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)
    assert told[0] == 0.0
    assert 0.9 < told[-1] <= 1.0

    class Stopped(Progress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        pc.check_coverage(zones((0, 0, 100, 100)), progress=Stopped())


def test_a_layer_without_a_crs_is_diagnosed_and_prepared(tmp_path: Path) -> None:
    plan = zones((0, 0, 3000, 2000), (3000, 0, 6000, 2000))
    file = tmp_path / "plan.gpkg"
    plan.to_file(file)
    outline = zones((0, 0, 6000, 2000))
    assert pc.diagnose_crs(file, outline).verdict == "right"
    table, said = pc.prepare_plan(file, target_crs="EPSG:32648", code_field="code")
    assert table.crs.to_epsg() == 32648
    assert len(table) == 2
    assert len(said) == 1


def test_the_example_of_the_docs_runs_and_draws(demo_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    example = Path(pc.__file__).parent / "docs" / "examples" / "check_a_district.py"
    folder = tmp_path / "demo"
    folder.symlink_to(demo_folder, target_is_directory=True)
    done = subprocess.run([sys.executable, str(example), str(folder)], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("failed - 20 errors, 80.67 ha covered twice")
    assert len(stored(tmp_path / "district.gpkg")) > 20
    assert (tmp_path / "district.png").stat().st_size > 20_000
