"""Intake on files that nobody here drew, and on a whole demo: the CRS of Quảng Ngãi found, good texts left alone."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from planconcord.demo import create_demo
from planconcord.engine.intake.candidates import candidates
from planconcord.engine.intake.diagnosis import NOWHERE, RIGHT, WRONG, diagnose
from planconcord.engine.intake.inspection import inspect
from planconcord.engine.intake.preparing import PreparationOptions, original_table, prepare, zones_of
from planconcord.engine.intake.shift import constant_shift
from planconcord.engine.progress import Progress

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
MIXED = DATA / "quangngai_mixed"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real layers are not beside the checkout")


@pytest.fixture(scope="module")
def regions() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The economic regions of Quảng Ngãi: metres that claim to be degrees, and the same in degrees."""
    return original_table(str(MIXED / "2.geojson")), original_table(str(MIXED / "PhanVungKinhte.geojson"))


def test_metres_labelled_as_degrees_are_utm_48_of_vn_2000(regions: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    metres, degrees = regions
    found = diagnose(metres.geometry.to_numpy(), metres.crs, degrees.geometry.to_numpy(), pyproj.CRS.from_epsg(4326))
    assert found.verdict == WRONG and found.best is not None and found.best.candidate.epsg == 3405
    assert found.metres_as_degrees and not found.rivals and not found.best.candidate.swapped
    assert found.best.inside_share == 1.0
    assert found.best.border_offset_m is not None and found.best.border_offset_m < 0.1
    assert found.readings[1].candidate.epsg == 32648  # the wrong datum is 225 m off, 139 m across the borders
    assert 100 < (found.readings[1].border_offset_m or 0) < 225
    assert found.text("en").startswith("Metres labelled as degrees") and "VN-2000 / UTM zone 48N" in found.text("vi")


def test_the_layer_in_degrees_lies_right_and_was_not_made_with_the_wrong_signs(
    regions: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    metres, degrees = regions
    wgs = pyproj.CRS.from_epsg(4326)
    found = diagnose(degrees.geometry.to_numpy(), wgs, metres.geometry.to_numpy(), pyproj.CRS.from_epsg(3405))
    assert found.verdict == RIGHT and found.off_m == 0.0
    wrong = next(reading for reading in found.readings if reading.candidate.kind == "towgs84")
    assert wrong.moved_m == pytest.approx(0.62, abs=0.05) and (wrong.border_offset_m or 0) > 0.3


def test_the_regions_lie_nowhere_in_quang_ninh(regions: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    provinces = gpd.read_file(DATA / "gadm41_quangninh" / "gadm41_VNM_1.json")
    outline = provinces[provinces.NAME_1 == "Quảng Ninh"].geometry.to_numpy()
    found = diagnose(regions[1].geometry.to_numpy(), regions[1].crs, outline, pyproj.CRS.from_epsg(4326))
    assert found.verdict == NOWHERE and found.best is None and "km" in found.text("vi")


@pytest.fixture(scope="module")
def districts() -> gpd.GeoDataFrame:
    """Districts of Quảng Ninh with natural borders, in TM-3."""
    frame = gpd.read_file(DATA / "geoboundaries_vnm_adm2" / "topo_2.json").set_crs(4326, allow_override=True)
    frame = frame.cx[107.0:108.0, 20.8:21.6].to_crs(5899)
    return frame.reset_index(drop=True)


def neighbours(districts: gpd.GeoDataFrame, most: int = 6) -> list[tuple[np.ndarray, np.ndarray]]:
    shapes = districts.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="touches")
    pairs = [(shapes[[i]], shapes[[j]]) for i, j in zip(one, other) if i < j]
    return pairs[:most]


@pytest.mark.parametrize("offset", [(0.5, 0.0), (2.0, 1.0), (-20.0, 30.0), (112.0, -195.0)])
def test_an_offset_between_real_neighbours_is_found(districts: gpd.GeoDataFrame, offset: tuple[float, float]) -> None:
    for layer, neighbour in neighbours(districts):
        moved = shapely.transform(layer, lambda places: places - offset)
        shift = constant_shift(moved, neighbour)
        assert shift.found and (shift.dx_m, shift.dy_m) == pytest.approx(offset, abs=0.01)
        assert shift.residual_m < 0.01 and shift.confidence > 0.6


def test_real_neighbours_without_an_offset_have_none(districts: gpd.GeoDataFrame) -> None:
    for layer, neighbour in neighbours(districts, 12):
        shift = constant_shift(layer, neighbour)
        assert not shift.found and (shift.dx_m, shift.dy_m) == (0.0, 0.0)


def test_the_datum_shift_itself_is_one_offset(districts: gpd.GeoDataFrame) -> None:
    """VN-2000 coordinates taken for WGS 84: 225 m to the north-west."""
    layer, neighbour = neighbours(districts)[0]
    taken = next(c for c in candidates(np.zeros((1, 2)), None) if c.epsg == 4326 and not c.swapped)
    degrees = gpd.GeoSeries(layer, crs=5899).to_crs(4756).set_crs(taken.crs, allow_override=True)
    shift = constant_shift(degrees.to_crs(5899).to_numpy(), neighbour)
    assert shift.found and shift.length_m == pytest.approx(225, abs=2)
    assert shift.dx_m > 0 > shift.dy_m


def test_quang_ngai_and_gadm_do_not_share_an_offset(districts: gpd.GeoDataFrame) -> None:
    """Generalised borders of another source: they differ everywhere, by no constant."""
    other = gpd.read_file(DATA / "gadm41_quangninh" / "gadm41_VNM_2.json").to_crs(5899)
    shift = constant_shift(districts.geometry.to_numpy()[:4], other.geometry.to_numpy())
    assert not shift.found or shift.length_m > 20.0  # a real offset between two sources may exist; never a small one


def test_other_lands_are_not_decoded() -> None:
    sources = [*sorted((DATA / "plu_france").rglob("*.shp")), DATA / "seattle_zoning" / "seattle-zoning.zip"]
    assert len(sources) == 6
    for source in sources:
        made = prepare(str(source), PreparationOptions())
        assert made.texts == () and not made.report.changed, source.name
        looked = inspect(str(source)).layers[0]
        assert looked.feature_count == len(made.table) and looked.crs == made.table.crs


def test_a_plan_exported_from_cad_becomes_zones() -> None:
    made = prepare(str(MIXED / "QHC_SDD_TTMODUC_2023.geojson"), PreparationOptions(polygons_from_lines=True))
    assert made.report.count("intake.lines_to_areas") == 129
    assert made.report.count("intake.outlines_of_hatches") == 29
    assert len(zones_of(made)) == 291 + 129


def test_the_texts_of_the_demo_are_never_touched(tmp_path: Path) -> None:
    create_demo(tmp_path, seed=3, size=2000, language="vi", progress=Progress())
    seen = 0
    for path in sorted(tmp_path.glob("*.gpkg")):
        made = prepare(str(path), PreparationOptions())
        assert made.texts == () and not made.report.changed, path.name
        original = original_table(str(path))
        assert made.table.drop(columns="geometry").equals(original.drop(columns="geometry"))
        seen += len(original)
    assert seen >= 2000
