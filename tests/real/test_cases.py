"""Each small case of ../shared/cases, a folder an input that somebody's program broke on, by the real command line.

A test is named after its folder, gets a copy of it as ``case``, and asserts the right values that ``expected.json`` states:
the measures in capitals by :meth:`Case.holds`, the rest in its own words. ``OWED`` names the folders whose right values the
program does not give yet; such a test must fail, so that the entry goes with the fault.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pyogrio
import pytest
from planconcord.cli.checks import main

HERE = Path(__file__).resolve().parent
FOLDERS = HERE.parents[1].parent / "shared" / "cases"
KEYS = "--key-field key --code-field code --findings f.gpkg"
OWED: dict[str, str] = {
    "hole_over_its_shell": "an overlap that the repair made is not told so",
}


class Ran(NamedTuple):
    """What a command answered: exit status, the lines NAME: value of standard output, standard error."""

    status: int
    told: dict[str, str]
    log: str


class Case:
    """A copy of one folder, in which commands run, and what its ``expected.json`` states."""

    def __init__(self, folder: Path, output: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.right: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["expected"]
        self._output = output

    def run(self, command: str) -> Ran:
        """Run ``python -m planconcord COMMAND`` in this process."""
        self._output.readouterr()
        status = main([*command.split(), "--language", "en"])
        told, log = self._output.readouterr()
        return Ran(status, _by_name(told), log)

    def start(self, command: str) -> Ran:
        """The same in a process of its own, where a traceback and Python's warnings show as a person sees them."""
        program = [sys.executable, "-m", "planconcord", *command.split(), "--language", "en"]
        ran = subprocess.run(program, cwd=self.folder, capture_output=True, encoding="utf-8", check=False)
        assert "Traceback" not in ran.stderr
        return Ran(ran.returncode, _by_name(ran.stdout), ran.stderr)

    def holds(self, ran: Ran) -> None:
        """Assert the exit status and every measure that ``expected.json`` names in capitals."""
        measures = {name: value for name, value in self.right.items() if name.isupper()}
        found = {name: json.loads(ran.told[name]) for name in measures}
        assert found == pytest.approx(measures, rel=1e-9)
        assert ran.status == self.right.get("rc", ran.status)

    def table(self, file: str = "f.gpkg", layer: str | None = None) -> gpd.GeoDataFrame:
        """The layer of a file that was made, the first one unless named."""
        path = self.folder / file
        return pyogrio.read_dataframe(path, layer=layer or pyogrio.list_layers(path)[0][0])

    def rule(self, rule: str, file: str = "f.gpkg") -> gpd.GeoDataFrame:
        """The findings of one rule."""
        findings = self.table(file)
        return findings[findings["rule"] == rule]


def _by_name(told: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+): (.*)$", told, flags=re.MULTILINE))


@pytest.fixture
def case(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Case:
    """The case that the test is named after."""
    name = request.node.originalname.replace("test_", "", 1)
    if not FOLDERS.is_dir():
        pytest.skip("the cases are not here: ../shared/cases beside the checkout is absent")
    if name in OWED:
        request.applymarker(pytest.mark.xfail(reason=OWED[name], strict=True))
    folder = tmp_path / name
    shutil.copytree(FOLDERS / name, folder, copy_function=shutil.copyfile)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    monkeypatch.chdir(folder)
    return Case(folder, capsys)


def test_every_folder_has_a_test() -> None:
    if not FOLDERS.is_dir():
        pytest.skip("the cases are not here: ../shared/cases beside the checkout is absent")
    folders = {path.name for path in FOLDERS.iterdir() if path.is_dir()}
    tests = {name for name, tried in globals().items() if name.startswith("test_") and "case" in tried.__annotations__}
    assert {f"test_{folder}" for folder in folders} == tests
    assert folders >= set(OWED)


# Ground: what two zones cover, what none covers


def test_arcs_between_neighbours(case: Case) -> None:
    case.run("prepareplan --input arcs.dxf --crs EPSG:5899 --polygons-from-lines --output o.gpkg")
    case.holds(case.run("checkcoverage --input o.gpkg --findings f.gpkg"))


def test_empty_parts(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input emptypart.gpkg {KEYS}"))


def test_gap_between_parts(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input multigap.gpkg {KEYS}"))


def test_gap_touching_outside(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input touchhole.gpkg {KEYS}"))


def test_hole_over_its_shell(case: Case) -> None:
    case.run(f"checkcoverage --input e_hole_out.shp {KEYS} --boundary bound.gpkg")
    assert len(case.rule("geometry.invalid")) == case.right["geometry.invalid"]
    assert case.rule("coverage.gap")["area_m2"].tolist() == pytest.approx([case.right["gap_m2"]])
    assert all("repair" in message for message in case.rule("coverage.overlap")["message"])


def test_holes_before_shells(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input d_order.shp {KEYS} --boundary bound7.gpkg"))


def test_multisurface_in_multipolygon(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input curves.gpkg {KEYS}"))


def test_nan_vertices(case: Case) -> None:
    ran = case.start(f"checkcoverage --input nan.gpkg {KEYS}")
    case.holds(ran)
    assert "Warning" not in ran.log
    messages = case.rule("geometry.invalid").set_index("zone_a")["message"]
    assert not messages.str.contains("x nan").any()
    assert "It was repaired" not in messages["c"]  # nothing of it is left


def test_overlap_and_touch(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input touchover.gpkg {KEYS}"))


def test_overlapping_ring_boundary(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input donut.gpkg {KEYS} --boundary donut_b.gpkg"))


def test_rings_both_ccw(case: Case) -> None:
    case.run(f"checkcoverage --input a_both_ccw.shp {KEYS} --boundary bound.gpkg")
    assert len(case.rule("geometry.invalid")) == case.right["geometry.invalid"]
    assert case.rule("coverage.overlap")["area_m2"].tolist() in ([], [10_000.0])  # read as a hole, or as two shells


def test_t_junction(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input tjunc.gpkg {KEYS}"))


# Files: what a reader makes of them


def test_attribute_named_geometry(case: Case) -> None:
    ran = case.run("prepareplan --input geomcol.shp --output o.gpkg")
    made = case.table("o.gpkg").drop(columns="geometry")
    assert {"label", "index", "key"} <= set(made.columns) and made["index"].dtype.kind == "i"
    assert any(name.startswith("geometry") for name in made) or "column geometry" in ran.log


def test_cpg_with_bom(case: Case) -> None:
    case.run("checkcoverage --input cpgbom.shp --key-field TEN --code-field CODE --findings f.gpkg")
    assert case.table()["zone_a"].tolist() == [case.right["zone_a"]]


def test_dbf_duplicate_field_names(case: Case) -> None:
    ran = case.start("checkcoverage --input dupname.shp --key-field KEY --code-field MALOAIDAT_ --findings f.gpkg")
    case.holds(ran)
    overlap = case.rule("coverage.overlap").iloc[0]
    assert (overlap["code_a"], overlap["code_b"]) == (case.right["code_a"], case.right["code_b"])
    assert len(case.rule("code.missing")) == case.right["code.missing"]


def test_duplicate_fid_column(case: Case) -> None:
    case.run("prepareplan --input fid.geojson --output o.gpkg")
    assert [str(value) for value in case.table("o.gpkg")["fid_"]] == ["1", "1", "2"]
    upper = "--upper upper.gpkg --upper-key key --upper-code code"
    case.run(f"checkconformity --lower o.gpkg --lower-key key --lower-code ma {upper} --findings f.gpkg --zones z.gpkg")
    assert len(case.table("z.gpkg")) == case.right["rows"]


def test_dxf_lines_open_corners(case: Case) -> None:
    ran = case.run("prepareplan --input lines.dxf --crs EPSG:5899 --polygons-from-lines --output o.gpkg")
    case.holds(ran)
    assert "0.014 m" in ran.log and "ask for zones from closed lines" not in ran.log


def test_dxf_paper_space(case: Case) -> None:
    ran = case.run("prepareplan --input misc.dxf --crs EPSG:5899 --polygons-from-lines --output o.gpkg")
    assert ran.told["ZONE_COUNT"] == "2"
    assert set(case.table("o.gpkg")["label"]) == {"LUC", "RPH"}
    assert re.search("layout|paper", ran.log) and re.search("hidden|invisible|frozen", ran.log)


def test_dxf_polyface_mesh(case: Case) -> None:
    ran = case.run("prepareplan --input mesh.dxf --crs EPSG:5899 --polygons-from-lines --output o.gpkg")
    case.holds(ran)
    assert "left out" in ran.log


def test_esri_prj_unknown_datum(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input unk.shp {KEYS} --boundary bound.gpkg"))


def test_geojson_crs_lower_case(case: Case) -> None:
    ran = case.run(f"checkcoverage --input lower.geojson {KEYS}")
    case.holds(ran)
    assert f"Working CRS {case.right['crs']}" in ran.log


def test_gpkg_first_layer_is_points(case: Case) -> None:
    ran = case.run(f"checkcoverage --input many.gpkg {KEYS}")
    case.holds(ran)
    assert "text" in ran.log and "ranh" in ran.log and "quy hoạch 2030" in ran.log


def test_gpkg_tin(case: Case) -> None:
    ran = case.run(f"checkcoverage --input tin.gpkg {KEYS}")
    case.holds(ran)
    assert "3D" in ran.log and "WKB" not in ran.log


def test_gpkg_undefined_geographic(case: Case) -> None:
    ran = case.run("checkcoverage --input none.gpkg --findings f.gpkg")
    case.holds(ran)
    assert "impossible" in ran.log or "no CRS" in ran.log


def test_hatch_of_separate_areas(case: Case) -> None:
    case.holds(case.run("prepareplan --input hatch2.dxf --crs EPSG:5899 --output o.gpkg"))
    assert sorted(case.table("o.gpkg").area) == pytest.approx(sorted(case.right["areas"]))


def test_int64_ids_prepared(case: Case) -> None:
    case.run("prepareplan --input bigkey.shp --output o.gpkg")
    assert [str(value) for value in case.table("o.gpkg")["SOTHUA"]] == case.right["SOTHUA"]


def test_kml_two_holes_in_one_boundary(case: Case) -> None:
    ran = case.run("checkcoverage --input inner.kml --key-field Name --code-field code --findings f.gpkg")
    if "hole" not in ran.log:
        case.holds(ran)


def test_list_valued_code(case: Case) -> None:
    case.run("checkcoverage --input lists.geojson --key-field key --code-field ma --findings f.gpkg")
    findings = case.table()
    assert (findings["rule"] == "code.missing").sum() == case.right["code.missing"]
    assert "ODT, TMD" in {*findings["code_a"], *findings["code_b"]}
    assert {"true", "false"} & {str(key).lower() for key in (*findings["zone_a"], *findings["zone_b"])}


def test_measured_polygons(case: Case) -> None:
    ran = case.start(f"checkcoverage --input m.gpkg {KEYS}")
    case.holds(ran)
    assert "Warning" not in ran.log


def test_mixed_encodings_in_a_column(case: Case) -> None:
    ran = case.run("prepareplan --input mixed.shp --output o.gpkg")
    told = all(word in ran.log for word in ("TEN", "UTF-8", "TCVN3"))
    assert told or case.table("o.gpkg")["TEN"].tolist() == case.right["TEN"]


def test_nonearth_tab(case: Case) -> None:
    ran = case.start("checkcoverage --input grid.tab --key-field KEY --code-field CODE --findings f.gpkg")
    case.holds(ran)
    assert "CRS" in ran.log and re.search("non-?earth", ran.log, re.IGNORECASE)
    outline = gpd.GeoDataFrame(geometry=case.table("grid.tab").envelope.to_numpy(), crs="EPSG:5899")
    outline.to_file("outline.gpkg")
    assert case.start("diagnosecrs --input grid.tab --outline outline.gpkg").log


def test_tab_grid_rounding(case: Case) -> None:
    case.run("prepareplan --input grid.tab --crs EPSG:5899 --output o.gpkg")
    fields = "--key-field KEY --code-field CODE"
    ran = case.run(f"checkcoverage --input o.gpkg {fields} --boundary bound.gpkg --findings f.gpkg")
    case.holds(ran)
    assert set(case.table()["severity"]) == {"info"} and ran.told["CONFORMS"] == "true"


def test_zip_with_legacy_names(case: Case) -> None:
    case.holds(case.run(f"checkcoverage --input legacy.zip {KEYS}"))


# Outputs: what is already there stays


def test_findings_named_shp(case: Case) -> None:
    for ending in ("shp", "geojson", "tab", "xlsx"):
        ran = case.run(f"checkcoverage --input plan.gpkg --findings f.{ending}")
        case.holds(ran)
        assert "GeoPackage" in ran.log and ".gpkg" in ran.log
    assert sorted(os.listdir()) == ["expected.json", "plan.gpkg"]


def test_overwrite_input(case: Case) -> None:
    before = Path("low.gpkg").read_bytes()
    ran = case.run("checkcoverage --input low.gpkg --findings low.gpkg")
    case.holds(ran)
    assert "low.gpkg" in ran.log and re.search("input", ran.log, re.I) and re.search("findings", ran.log, re.I)
    assert Path("low.gpkg").read_bytes() == before


def test_overwrite_user_file(case: Case) -> None:
    before = case.table("user.gpkg", "my survey").to_wkt()
    ran = case.run("checkcoverage --input low.gpkg --findings user.gpkg")
    assert case.table("user.gpkg", "my survey").to_wkt().equals(before)
    if ran.status == case.right["or_rc"]:
        assert "user.gpkg" in ran.log and "my survey" in ran.log


# Drafts, registers and the province


def test_draft_through_degrees(case: Case) -> None:
    before = "--before before.gpkg --before-key key --before-code code"
    after = "--after after84.geojson --after-key key --after-code code"
    case.holds(case.run(f"comparedrafts {before} {after} --scale 10000 --changes c.gpkg"))


def test_drafts_case_of_code(case: Case) -> None:
    before = "--before before.gpkg --before-key key --before-code code"
    after = "--after after.gpkg --after-key key --after-code code"
    case.holds(case.run(f"comparedrafts {before} {after} --changes c.gpkg --transitions t.csv"))
    kinds = [
        f"{row.kind} {'->'.join(filter(None, (row.code_before, row.code_after)))} {row.area_m2:.0f}"
        for row in case.table("c.gpkg").itertuples()
    ]
    assert sorted(kinds) == sorted(case.right["kinds"])


def test_communes_hai_ha(case: Case) -> None:
    ran = case.run("check register.xlsx --out f.gpkg --date 30/11/2026")
    case.holds(ran)
    assert case.right["board"] in ran.log
    gaps = case.rule("coverage.gap")
    assert sorted(gaps["width_m"]) == pytest.approx([2.0, 3.0], abs=0.1)
    assert sorted(gaps["area_m2"]) == pytest.approx([400.0, 600.0])
    assert case.rule("border.gap")["area_m2"].sum() == pytest.approx(
        1_000.0, rel=1e-3
    )  # the ends of an open gap are drawn by circles


def test_register_merged_cells(case: Case) -> None:
    ran = case.run("checkregister merged3.xlsx --findings f.gpkg --date 30/11/2026")
    case.holds(ran)
    assert ran.told["WARNING_COUNT"] == "0"


def test_register_title_rows(case: Case) -> None:
    ran = case.run("checkregister merged.xlsx --findings f.gpkg --date 30/11/2026")  # without the plans that it lists
    assert ran.status == 2 and "None of the 4 plans" in ran.log and "quotation marks" not in ran.log
    for name in ("p1", "p2", "p3", "p4"):
        shutil.copyfile(FOLDERS / "register_merged_cells" / f"{name}.gpkg", f"{name}.gpkg")
    ran = case.run("checkregister merged.xlsx --findings f.gpkg --date 30/11/2026")
    assert "row 3" in ran.log and "quotation marks" not in ran.log
    assert (ran.told["PLAN_COUNT"], ran.told["APPROVED_COUNT"]) == ("4", "4")


def test_territory_without_boundary(case: Case) -> None:
    right = case.run("check right.xlsx --out right.gpkg --date 30/11/2026")
    values = case.right["right.xlsx"]
    assert json.loads(right.told["ERROR_COUNT"]) == values["ERROR_COUNT"]
    assert case.rule("coverage.gap", "right.gpkg")["area_m2"].sum() == pytest.approx(values["gap_m2"])
    assert case.rule("coverage.outside", "right.gpkg")["area_m2"].sum() == pytest.approx(values["outside_m2"])
    other = case.run("check other.xlsx --out other.gpkg --date 30/11/2026")
    assert other.told["CONFORMS"] == "false" and int(other.told["NOT_ASSESSED_COUNT"]) >= 1
    assert "Phường Hai" in other.log
    line_end = case.run("check cr.xlsx --out cr.gpkg --date 30/11/2026")  # the name with a line end that Excel wrote
    assert line_end.told["CONFORMS"] == "false"
    assert line_end.told["ERROR_COUNT"] == right.told["ERROR_COUNT"] or int(line_end.told["NOT_ASSESSED_COUNT"])
