"""The demo province against brute force: exact coverage, planted defects and nothing else, the same every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from planconcord.demo import create_demo
from planconcord.demo.coverage import segments, shared
from planconcord.demo.files import fresh_folder, note_files
from planconcord.engine.errors import PlanError
from planconcord.engine.progress import Cancelled, Progress
from planconcord.engine.rulesets.reading import read_ruleset

SIZE = 2_000
WIDTH_ON_PAPER_M = 0.5e-3
PROVINCE_TOLERANCE_M = 25.0


class Demo:
    """A made demo and its tables."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.register = pd.read_csv(folder / "register.csv", encoding="utf-8-sig", keep_default_na=False)
        self.truth = pd.read_csv(folder / "truth.csv", encoding="utf-8-sig")
        self.places = gpd.read_file(folder / "truth.gpkg", layer="truth").set_index("defect_id").geometry
        boundaries = gpd.read_file(folder / "ranh_gioi.gpkg", layer="ranh_gioi_huyen")
        self.boundary = boundaries.set_index("ten_huyen").geometry

    @property
    def districts(self) -> pd.DataFrame:
        return self.register[self.register.level == "district"]

    def plan(self, row) -> gpd.GeoDataFrame:
        path, layer = row.source.split("|layername=")
        return gpd.read_file(self.folder / path, layer=layer)

    def provincial(self) -> gpd.GeoDataFrame:
        return self.plan(self.register[self.register.level == "provincial"].iloc[0])

    def planted(self, plan_id: str, rule: str) -> pd.DataFrame:
        return self.truth[(self.truth.plan_a == plan_id) & (self.truth.rule == rule)]


@pytest.fixture(scope="module")
def demo(demo_folder) -> Demo:
    return Demo(demo_folder)


def repaired(geometry) -> np.ndarray:
    """Polygons of valid rows as drawn, of invalid rows made valid, empty ones left out."""
    polygons = np.array(geometry, dtype=object)
    polygons = polygons[~shapely.is_missing(polygons)]
    return np.where(shapely.is_valid(polygons), polygons, shapely.make_valid(polygons))


def parts_of(geometry: shapely.Geometry, least_m2: float = 0.01) -> np.ndarray:
    parts = shapely.get_parts(geometry)
    return parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > least_m2)]


def test_the_province_has_thirteen_districts_and_as_many_zones_as_asked(demo):
    assert len(demo.districts) == 13
    assert demo.districts.territory.is_unique
    assert sum(len(demo.plan(row)) for row in demo.districts.itertuples()) == SIZE
    area_km2 = demo.boundary.area.sum() / 1e6
    assert 5_000 < area_km2 < 6_600


def test_the_register_is_complete_and_its_sources_open(demo):
    assert ",".join(demo.register.columns) == (
        "plan_id,title,level,territory,source,key_field,code_field,declared_area_field,scale,nature,status,decision_no,"
        "decision_date,valid_from,valid_to,upper_plans"
    )
    assert set(demo.districts.upper_plans) == {"QHT"}
    assert set(demo.districts.territory) == set(demo.boundary.index)
    for row in demo.register.itertuples():
        plan = demo.plan(row)
        assert {row.key_field, row.code_field, "dien_tich_ha", "ghi_chu"} <= set(plan.columns)
        assert plan.crs.to_epsg() == 5899
    assert (demo.folder / "register.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_one_district_overlaps_exactly_where_planted(demo):
    row = next(demo.districts.itertuples())
    polygons = repaired(demo.plan(row).geometry)
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pairs = first < second
    common = shapely.intersection(polygons[first[pairs]], polygons[second[pairs]])
    found = sorted(np.round(shapely.area(common)[shapely.area(common) > 0.01], 1))
    rules = ("coverage.overlap", "geometry.duplicate")
    planted = pd.concat([demo.planted(row.plan_id, rule) for rule in rules])
    assert found == pytest.approx(sorted(planted.area_m2), abs=0.2)


@pytest.mark.parametrize("number", range(13))
def test_gaps_and_overhang_are_exactly_the_planted_ones(demo, number):
    row = list(demo.districts.itertuples())[number]
    boundary = demo.boundary[row.territory]
    cover = shapely.union_all(repaired(demo.plan(row).geometry))
    for rule, found in (
        ("coverage.gap", shapely.difference(boundary, cover)),
        ("coverage.outside", shapely.difference(cover, boundary)),
    ):
        planted = demo.planted(row.plan_id, rule)
        areas = sorted(shapely.area(parts_of(found)))
        assert areas == pytest.approx(sorted(planted.area_m2), abs=0.2), rule
        places = shapely.union_all(demo.places[planted.defect_id].to_numpy())
        assert shapely.area(shapely.symmetric_difference(places, found)) < 0.5


@pytest.mark.parametrize("number", [0, 6, 12])
def test_away_from_defects_every_edge_is_shared_by_exactly_two_zones(demo, number):
    row = list(demo.districts.itertuples())[number]
    parts = shapely.get_parts(np.array(demo.plan(row).geometry.dropna(), dtype=object))
    edges = segments(parts)
    first, second = shared(edges)
    single = np.ones(len(edges.a), dtype=bool)
    single[first] = single[second] = False
    ends = np.stack([edges.a[single] >> 32, edges.a[single] & 0xFFFFFFFF], axis=1) / 1000.0
    points = shapely.points(ends)
    near = demo.places[demo.truth[demo.truth.plan_a == row.plan_id].defect_id.loc[lambda d: d.isin(demo.places.index)]]
    allowed = shapely.union_all([demo.boundary[row.territory].boundary, *shapely.boundary(near.to_numpy())])
    shapely.prepare(allowed)
    assert shapely.dwithin(allowed, points, 0.002).all()


def test_conflicts_conditions_and_unplanned_ground_are_exactly_the_planted_ones(demo):
    """Intersects every pair of zones of all districts that is not plainly compatible, without any filter before."""
    upper = demo.provincial()
    rules = read_ruleset(None)
    above = upper.geometry.to_numpy()
    cover = shapely.union_all(above)
    tree = shapely.STRtree(above)
    for row in demo.districts.itertuples():
        plan = demo.plan(row).dropna(subset=["geometry"])
        polygons = repaired(plan.geometry)
        found: dict[str, list[float]] = {"conflict": [], "conditional": [], "unplanned": []}
        lower, over = tree.query(polygons, predicate="intersects")
        codes = plan.ma_dat.fillna("").to_numpy()
        for k, j in zip(lower, over):
            verdict = rules.verdict(upper.ma_khu.iloc[j], codes[k]).verdict
            if codes[k] and verdict in found:
                found[verdict] += wide_areas(shapely.intersection(polygons[k], above[j]))
        outside = ~shapely.contains(cover, polygons)
        for polygon in polygons[outside]:
            found["unplanned"] += wide_areas(shapely.difference(polygon, cover))
        for verdict, areas in found.items():
            planted = demo.planted(row.plan_id, f"conformity.{verdict}")
            planted = planted[~planted.noise]
            assert sorted(areas) == pytest.approx(sorted(planted.area_m2), abs=0.5), (row.territory, verdict)
    kinds = set(demo.truth[demo.truth.rule.str.startswith("conformity")].kind)
    assert kinds <= {"site", "strip", "hole", "overhang"}


def wide_areas(geometry: shapely.Geometry) -> list[float]:
    parts = parts_of(geometry, 100.0)
    parts = parts[~shapely.is_empty(shapely.buffer(parts, -0.48 * PROVINCE_TOLERANCE_M))]
    widths = 2 * shapely.length(shapely.maximum_inscribed_circle(parts)) if len(parts) else np.zeros(0)
    return shapely.area(parts[widths > PROVINCE_TOLERANCE_M]).tolist()


def test_widths_are_clearly_noise_or_clearly_not(demo):
    scale = demo.districts.set_index("plan_id").scale.astype(float)
    coverage = demo.truth[demo.truth.rule.isin(["coverage.gap", "coverage.overlap", "coverage.outside"])]
    ratio = coverage.width_m / (coverage.plan_a.map(scale) * WIDTH_ON_PAPER_M)
    assert ratio[coverage.noise].between(0.2, 0.7).all()
    assert (ratio[~coverage.noise] > 1.35).all()
    conformity = demo.truth[demo.truth.rule.str.startswith("conformity")]
    ratio = conformity.width_m / PROVINCE_TOLERANCE_M
    assert (ratio[conformity.noise] < 0.7).all()
    assert (ratio[~conformity.noise] > 1.2).all()


def test_every_district_has_every_kind_of_defect(demo):
    counts = demo.truth.groupby(["plan_a", "kind"]).size().unstack(fill_value=0)
    rare = {"overhang", "stack", "hole", "site", "strip"}
    assert (counts.drop(columns=list(rare & set(counts.columns))) >= 1).all(axis=None)
    assert counts["site"].sum() >= 45
    assert counts["stack"].sum() >= 30


def test_broken_rows_are_broken_as_said(demo):
    for row in demo.districts.itertuples():
        plan = demo.plan(row)
        truth = demo.truth[demo.truth.plan_a == row.plan_id]
        geometry = plan.geometry.to_numpy()
        invalid = np.flatnonzero(~shapely.is_valid(geometry) & ~shapely.is_missing(geometry)) + 1
        assert sorted(invalid) == sorted(truth[truth.rule == "geometry.invalid"].fid_a)
        assert sorted(np.flatnonzero(plan.geometry.isna()) + 1) == sorted(truth[truth.rule == "geometry.empty"].fid_a)
        repeated = plan.ma_thua.notna() & plan.ma_thua.duplicated(keep=False)
        assert sorted(np.flatnonzero(repeated) + 1) == sorted(truth[truth.rule == "key.duplicate"].fid_a)
        assert sorted(np.flatnonzero(plan.ma_thua.isna()) + 1) == sorted(truth[truth.rule == "key.missing"].fid_a)
        assert sorted(np.flatnonzero(plan.ma_dat.isna()) + 1) == sorted(truth[truth.rule == "code.missing"].fid_a)
        measured = shapely.area(shapely.make_valid(geometry)) / 1e4
        wrong = np.abs(plan.dien_tich_ha - measured) > 0.0051
        assert sorted(np.flatnonzero(wrong) + 1) == sorted(truth[truth.rule == "area.declared"].fid_a)


def test_the_balance_of_the_measures_closes(demo):
    measures = pd.read_csv(demo.folder / "truth_measures.csv", encoding="utf-8-sig").set_index("plan_id")
    row = next(demo.districts.itertuples())
    polygons = repaired(demo.plan(row).geometry)
    covered = shapely.area(shapely.union_all(polygons))
    assert measures.covered_area_m2[row.plan_id] == pytest.approx(covered, abs=1.0)
    assert measures.zone_area_m2[row.plan_id] == pytest.approx(shapely.area(polygons).sum(), abs=1.0)
    balance = measures.boundary_area_m2 - measures.gap_area_m2 + measures.outside_area_m2 - measures.covered_area_m2
    assert balance.abs().max() < 0.01


def test_neighbours_boundaries_differ_by_metres_only(demo):
    shapes = demo.boundary.to_numpy()
    cover = shapely.union_all(shapes)
    overlap = shapely.area(shapes).sum() - shapely.area(cover)
    assert overlap > 1_000
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    common = [part for i, j in zip(a, b) if i < j for part in parts_of(shapely.intersection(shapes[i], shapes[j]), 10)]
    widths = 2 * shapely.length(shapely.maximum_inscribed_circle(np.array(common)))
    borders = pd.read_csv(demo.folder / "truth_borders.csv", encoding="utf-8-sig")
    assert 0.5 < widths.max() <= borders.largest_deviation_m.max() < 5.0
    assert borders.overlap_area_m2.sum() == pytest.approx(overlap, rel=0.03)
    assert (borders.length_m > 0).all() and len(borders) >= 18


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in [*sorted(folder.glob("qhsdd_*.gpkg")), folder / "quy_hoach_tinh.gpkg"]:
        plan = gpd.read_file(path)
        for polygon in plan.geometry:
            digest.update(shapely.to_wkb(polygon) if polygon is not None else b"-")
        digest.update(plan.drop(columns="geometry").to_csv().encode())
    digest.update((folder / "truth.csv").read_bytes())
    return digest.hexdigest()


def test_the_same_seed_makes_the_same_province_and_replaces_it(demo, tmp_path):
    folder = tmp_path / "again"
    create_demo(folder, seed=1, size=SIZE, language="en")
    assert fingerprint(folder) == fingerprint(demo.folder)
    assert not (folder / "left").exists()


def test_another_seed_makes_another_province(demo, tmp_path):
    folder = tmp_path / "other"
    create_demo(folder, seed=2, size=SIZE)
    assert fingerprint(folder) != fingerprint(demo.folder)
    (folder / "truth.csv").write_text("over")
    stopping = Stop()
    with pytest.raises(Cancelled):
        create_demo(folder, seed=3, size=SIZE, progress=stopping)
    assert (folder / "truth.csv").read_text() == "over", "a cancelled run leaves the folder as it was"
    assert stopping.told and [p.name for p in tmp_path.iterdir()] == ["other"]


class Stop(Progress):
    told = ""

    def step(self, fraction: float, text: str = "") -> None:
        self.told += text

    def cancelled(self) -> bool:
        return len(self.told) > 40


@pytest.mark.parametrize("name", ["phát hiện.gpkg", "bản vẽ/ghi chú.txt"])
def test_what_somebody_has_put_into_the_demo_is_not_deleted_with_it(tmp_path, name):
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "plan.gpkg").write_text("of the demo")
    note_files(folder, "a demo")
    with fresh_folder(folder) as part:
        (part / "new").touch()
        note_files(part, "a demo")
    assert sorted(path.name for path in folder.iterdir()) == ["DEMO.txt", "new"]
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("precious")
    with pytest.raises(PlanError) as caught, fresh_folder(folder):
        pass
    assert caught.value.key == "demo.others_files" and name in str(caught.value)
    assert (folder / name).read_text() == "precious" and (folder / "new").exists()
    for beside in (tmp_path / "demo.part", tmp_path / "demo.old"):
        beside.mkdir()
        (beside / "mine").touch()
    (folder / name).unlink()
    with fresh_folder(folder) as part:
        (part / "newer").touch()
    assert [path.name for path in folder.iterdir()] == ["newer"]
    assert all((tmp_path / f"demo.{end}" / "mine").exists() for end in ("part", "old")), "folders of others"


def test_a_foreign_folder_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(PlanError) as caught:
        create_demo(tmp_path)
    assert "not empty" in str(caught.value) and "thư mục" in caught.value.text("vi").lower()
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("size", [0, 1_999, 1_000_001])
def test_a_size_out_of_range_is_refused(tmp_path, size):
    with pytest.raises(PlanError) as caught:
        create_demo(tmp_path / "new", size=size)
    assert str(size)[0] in str(caught.value)
    assert not (tmp_path / "new").exists()
