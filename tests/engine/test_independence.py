"""The same plan gives the same findings with the same ids: whatever the order of features, threads, chunks, and the way taken."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from coverages import coverage, recipes
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from planconcord.engine import planar
from planconcord.engine.checks import neighbours
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar import kernel, threads
from planconcord.engine.tolerance import Tolerance

DUST_M = 0.01
quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}
MODULES = [
    importlib.import_module(f"{planar.__name__}.{found.name}") for found in pkgutil.iter_modules(planar.__path__)
]
CHUNKS = [
    (module, name)
    for module in (*MODULES, neighbours)
    for name, value in vars(module).items()
    if re.search("CHUNK|AT_ONCE|PARTITION|STRIP", name) and isinstance(value, int)
]


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name in CHUNKS:
            patch.setattr(module, name, size)
        yield


@contextmanager
def workers(count: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "ThreadPoolExecutor", lambda *given, **named: ThreadPoolExecutor(count))
        yield


@contextmanager
def by_the(way: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "PLAIN_VERTICES", 0 if way == "kernel" else 10**9)
        yield


def drawn(zones: np.ndarray, order: np.ndarray | None = None) -> PlanLayer:
    order = np.arange(len(zones)) if order is None else order
    table = gpd.GeoDataFrame({"key": [f"z{index}" for index in order]}, geometry=gpd.GeoSeries(zones[order], crs=5899))
    return PlanLayer.from_frame(table, "plan", "key", fids=(order + 1).tolist())


def check(plan: PlanLayer, boundary: shapely.Geometry | None, width_m: float = 0.0) -> CheckResult:
    return check_coverage(plan, boundary, Settings(Tolerance(width_m), run_id="run"))


def same(one: CheckResult, other: CheckResult) -> bool:
    """Every column of every finding, every vertex of every geometry, every measure, every unmatched edge."""
    measures = [[(m.name, m.value) for m in result.measures] for result in (one, other)]
    tables = [(one.findings, other.findings), (one.unmatched, other.unmatched)]
    return measures[0] == measures[1] and all(a.to_wkb().equals(b.to_wkb()) for a, b in tables)


def test_chunks_are_found_in_the_code() -> None:
    assert {module.__name__.split(".")[-1] for module, _ in CHUNKS} >= {"edges", "closure", "bruteforce", "unmatched"}


@settings(max_examples=15, **quiet)
@given(recipe=recipes, bounded=st.booleans(), size=st.sampled_from([1, 3, 50]), count=st.sampled_from([1, 3]))
@pytest.mark.parametrize("way", ["plain", "kernel"])
def test_random_coverages(way: str, recipe: tuple, bounded: bool, size: int, count: int) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 0)
    boundary = shapely.buffer(shapely.box(*shapely.total_bounds(zones)), -1.5) if bounded else None
    assume(boundary is None or shapely.intersects(boundary, zones).any())
    order = np.random.default_rng(size).permutation(len(zones))
    with by_the(way):
        first = check(drawn(zones), boundary)
        assert same(first, check(drawn(zones, order), boundary))
        with chunks_of(size), workers(count):
            assert same(first, check(drawn(zones), boundary))


def wide(result: CheckResult) -> dict[tuple[str, ...], list[float]]:
    """The areas of what is wider than the dust, by rule and zones."""
    found: dict[tuple[str, ...], list[float]] = {}
    for row in result.findings[result.findings["severity"] == "error"].to_dict("records"):
        found.setdefault((row["rule"], row["zone_a"], row["zone_b"]), []).append(row["area_m2"])
    return {name: sorted(areas) for name, areas in found.items()}


@settings(max_examples=40, **quiet)
@given(recipe=recipes, bounded=st.booleans())
def test_both_ways_find_the_same_but_for_dust(recipe: tuple, bounded: bool) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 0)
    boundary = shapely.buffer(shapely.box(*shapely.total_bounds(zones)), -1.5) if bounded else None
    assume(boundary is None or shapely.intersects(boundary, zones).any())
    with by_the("plain"):
        plain = check(drawn(zones), boundary, DUST_M)
    with by_the("kernel"):
        fast = check(drawn(zones), boundary, DUST_M)
    rules = [sorted(name[0] for name in wide(result)) for result in (plain, fast)]
    assert rules[0] == rules[1]
    for name in ("overlap_area", "gap_area", "outside_area", "duplicate_count", "unmatched_edge_count"):
        assert fast.value(name) == pytest.approx(plain.value(name), abs=0.02), name


@pytest.fixture(scope="module")
def district(demo_folder: Path) -> tuple[gpd.GeoDataFrame, shapely.Geometry]:
    """A plan of the demo with its planted defects, and its boundary."""
    register = pd.read_csv(demo_folder / "register.csv", encoding="utf-8-sig").set_index("plan_id")
    row = register.loc["QHSDD-H12"]
    file, layer = row["source"].split("|layername=")
    boundaries = gpd.read_file(demo_folder / "ranh_gioi.gpkg", layer="ranh_gioi_huyen").set_index("ten_huyen").geometry
    return gpd.read_file(demo_folder / file, layer=layer), boundaries[row["territory"]]


@pytest.mark.parametrize("way", ["plain", "kernel"])
def test_a_district_of_the_demo(way: str, district: tuple[gpd.GeoDataFrame, shapely.Geometry]) -> None:
    table, boundary = district
    fids = np.arange(1, len(table) + 1)

    def result(order: np.ndarray) -> CheckResult:
        plan = PlanLayer.from_frame(
            table.iloc[order].reset_index(drop=True), "QH", "ma_thua", fids=fids[order].tolist()
        )
        return check(plan, boundary, 5.0)

    given_order, shuffled = np.arange(len(table)), np.random.default_rng(1).permutation(len(table))
    with by_the(way):
        first = result(given_order)
        assert len(first.findings) > 20
        assert same(first, result(shuffled))
        with chunks_of(7), workers(1):
            assert same(first, result(given_order))
        with chunks_of(100), workers(4):
            assert same(first, result(shuffled))


def test_a_district_of_the_demo_has_the_same_ids_by_both_ways(
    district: tuple[gpd.GeoDataFrame, shapely.Geometry],
) -> None:
    plan = PlanLayer.from_frame(district[0], "QH", "ma_thua")
    with by_the("plain"):
        plain = check(plan, district[1], 5.0)
    with by_the("kernel"):
        fast = check(plan, district[1], 5.0)
    assert plain.findings["finding_id"].tolist() == fast.findings["finding_id"].tolist()
    assert plain.findings["area_m2"].tolist() == pytest.approx(fast.findings["area_m2"].tolist(), abs=1e-3, nan_ok=True)
