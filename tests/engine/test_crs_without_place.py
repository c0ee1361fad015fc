"""A CRS that has no place on the earth is no CRS to check in: refused by name wherever a layer is taken in, and in a province it
costs the plan that has it, nothing else."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import geopandas as gpd
import openpyxl
import pyogrio
import pyproj
import pytest
import shapely
import small_province as province
from planconcord.cli.checks import main
from planconcord.engine.errors import PlanError
from planconcord.engine.transformation import has_place, require_place

LOCAL = 'LOCAL_CS["Grid of the drawing",UNIT["metre",1]]'
MOON = (
    'PROJCS["Moon",GEOGCS["Moon 2000",DATUM["Moon 2000",SPHEROID["Moon 2000 IAU IAG",1737400,0]],PRIMEM["Reference Meridian",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Equirectangular"],PARAMETER["standard_parallel_1",0],'
    'PARAMETER["central_meridian",0],UNIT["metre",1]]'
)
ONLY_HEIGHTS, GEOCENTRIC = "EPSG:5703", "EPSG:4978"
KINDS = ("nonearth.tab", "nonearth.mif", "cartesian.gpkg", "local.shp", "geocentric.gpkg")


def zones() -> list[shapely.Geometry]:
    return [province.box(500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]


def plan(folder: Path, kind: str) -> Path:
    """Four zones in a file whose CRS lies nowhere."""
    path, crs = folder / kind, GEOCENTRIC if kind.startswith("geocentric") else None
    frame = gpd.GeoDataFrame({"ma": list("1234"), "ma_dat": ["LUC"] * 4}, geometry=zones(), crs=crs)
    driver = {".gpkg": "GPKG", ".shp": "ESRI Shapefile"}.get(path.suffix, "MapInfo File")
    more = {"FORMAT": "MIF"} if path.suffix == ".mif" else {}
    with pytest.warns(UserWarning) if crs is None else contextlib.nullcontext():
        pyogrio.write_dataframe(frame, path, driver=driver, **more)
    if path.suffix == ".mif":
        words = path.read_text(encoding="latin-1")
        path.write_text(words.replace("Columns", 'CoordSys NonEarth Units "m"\nColumns', 1), encoding="latin-1")
    if kind.startswith("cartesian"):
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            for table in ("gpkg_contents", "gpkg_geometry_columns"):
                database.execute(f"UPDATE {table} SET srs_id = -1")
    if path.suffix == ".shp":
        path.with_suffix(".prj").write_text(LOCAL, encoding="ascii")
    return path


@pytest.mark.parametrize("words", [LOCAL, MOON, ONLY_HEIGHTS, GEOCENTRIC])
def test_a_crs_without_a_place_is_known(words: str) -> None:
    crs = pyproj.CRS.from_user_input(words)
    assert not has_place(crs)
    with pytest.raises(PlanError) as refused:
        require_place(crs, "lớp")
    assert refused.value.key == "error.crs_unusable" and "lớp" in refused.value.text("vi")


@pytest.mark.parametrize("code", [5899, 4756, 4326, 3405, 32648, 6956, 9217, 3857])
def test_those_that_have_one_are_left_alone(code: int) -> None:
    crs = pyproj.CRS.from_epsg(code)
    assert has_place(crs) and require_place(crs, "lớp") is crs


def test_a_bound_and_a_compound_crs_have_a_place() -> None:
    bound = pyproj.CRS.from_proj4("+proj=tmerc +lon_0=107.75 +k=0.9999 +x_0=500000 +ellps=WGS84 +towgs84=1,2,3,0,0,0,0")
    assert has_place(bound) and has_place(pyproj.CRS.from_user_input("EPSG:5899+5773"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_that_opens_a_layer_refuses_it_by_name(kind: str, tmp_path: Path, capsys) -> None:
    path, right = plan(tmp_path, kind), tmp_path / "right.gpkg"
    province.layer(right, zones(), ma=list("1234"), ma_dat=["LUC"] * 4)
    out = ["--findings", str(tmp_path / "f.gpkg")]
    commands = [
        ["checkcoverage", "--input", str(path), *out],
        ["checkcoverage", "--input", str(right), "--boundary", str(path), *out],
        ["checkborders", "--input", str(right), "--input", str(path), *out],
        ["diagnosecrs", "--input", str(path), "--outline", str(right)],
        ["diagnosecrs", "--input", str(right), "--outline", str(path)],
        ["diagnosecrs", "--input", str(right), "--outline", str(right), "--neighbour", str(path)],
        ["prepareplan", "--input", str(path), "--output", str(tmp_path / "p.gpkg"), "--target-crs", "EPSG:5899"],
        ["prepareplan", "--input", str(path), "--output", str(tmp_path / "p.gpkg")],
        ["comparedrafts", "--before", str(right), "--after", str(path), "--before-code", "ma_dat",
         "--after-code", "ma_dat", "--changes", str(tmp_path / "c.gpkg")],
    ]  # fmt: skip
    for given in commands:
        assert main([*given, "--language", "en"]) == 2, given
        said = capsys.readouterr().err
        assert f"Layer {path.stem} has no usable CRS" in said and "Name the CRS" in said, said
    assert not (tmp_path / "f.gpkg").exists()


def test_a_crs_that_is_named_stands_in_its_place(tmp_path: Path) -> None:
    path, out = plan(tmp_path, "nonearth.tab"), tmp_path / "p.gpkg"
    assert main(["prepareplan", "--input", str(path), "--output", str(out), "--crs", "EPSG:5899"]) == 0
    assert pyproj.CRS.from_user_input(pyogrio.read_info(out)["crs"]).to_epsg() == 5899
    assert pyogrio.read_info(out)["features"] == 4


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_province_that_plan_alone_is_unreadable(kind: str, tmp_path: Path) -> None:
    register = province.make(tmp_path / "tỉnh")
    path = plan(register.parent, kind)
    lines = register.read_text(encoding="utf-8-sig").replace("h1.gpkg", path.name)
    register.write_text(lines, encoding="utf-8-sig")
    made = province.check(register, tmp_path / "f.gpkg")
    [told] = made.result.findings.loc[made.result.findings["rule"] == "register.unreadable"].itertuples()
    assert told.plan_a == "H1" and "row 3" in told.message and "column crs" in told.message
    assert {done.job.plans for done in made.jobs if done.status == "not_assessed"} == {("H1",), ("H1", "T")}
    assert {done.status for done in made.jobs if "H1" not in done.job.plans} == {"passed"}
    assert main(["check", str(register), "--out", str(tmp_path / "g.gpkg"), "--language", "en"]) == 1
    assert main(["checkregister", str(register), "--findings", str(tmp_path / "r.gpkg"), "--language", "en"]) == 1


def test_a_proposed_register_says_that_the_crs_is_missing(tmp_path: Path) -> None:
    plan(tmp_path, "nonearth.tab")
    out = tmp_path / "register.xlsx"
    assert main(["createregister", "--folder", str(tmp_path), "--output", str(out), "--language", "en"]) == 0
    cells = [str(cell) for row in openpyxl.load_workbook(out).active.iter_rows(values_only=True) for cell in row]
    assert any("diagnosecrs" in cell for cell in cells), json.dumps(cells)


def test_an_outline_in_metres_that_is_called_degrees_is_refused(tmp_path: Path, capsys) -> None:
    path = tmp_path / "outline.gpkg"
    gpd.GeoDataFrame({"ma": list("1234")}, geometry=zones(), crs=4326).to_file(path)
    assert main(["diagnosecrs", "--input", str(path), "--outline", str(path), "--language", "en"]) == 2
    assert "reference layer holds no polygon with a place on the earth" in capsys.readouterr().err
