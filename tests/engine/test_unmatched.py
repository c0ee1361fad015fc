"""Edges shared without all vertices: counted, measured, drawn, and never a finding."""

from __future__ import annotations

import math
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from coverages import coverage, recipes
from drawn import cover, moved, plan, square
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from planconcord.cli.checks import main
from planconcord.engine.planar import unmatched
from planconcord.engine.planar.edges import Edges, directed_edges, suspect_edges
from planconcord.engine.progress import Progress
from raster import ALL, Triangles, drawn, plans

FAR = (580_000.0, 2_320_000.0)
quiet = {"deadline": None, "suppress_health_check": list(HealthCheck)}
MEASURES = ("unmatched_edge_count", "unmatched_length")


def found(zones: list[str], x: float = 0.0, y: float = 0.0) -> tuple[float, float]:
    result = cover(moved(zones, x, y) if x else zones)
    assert len(result.findings) == 0
    return result.value("unmatched_edge_count"), round(result.value("unmatched_length"), 3)


def all_edges(zones: list[shapely.Geometry]) -> list[tuple[int, tuple, tuple]]:
    """(zone, start, end) of every edge, the zone to its left."""
    parts = [(i, shapely.orient_polygons(part)) for i, zone in enumerate(zones) for part in shapely.get_parts(zone)]
    rings = [(i, ring) for i, part in parts for ring in shapely.get_rings(part)]
    points = [(i, list(map(tuple, shapely.get_coordinates(ring)))) for i, ring in rings]
    return [(i, a, b) for i, ring in points for a, b in zip(ring, ring[1:])]


@pytest.mark.parametrize("place", [(0.0, 0.0), FAR])
def test_a_vertex_that_the_neighbour_lacks(place: tuple[float, float]) -> None:
    # one edge of the left zone along two of the right one
    assert found([square(0, 0), "POLYGON((10 0,20 0,20 10,10 10,10 4,10 0))"], *place) == (3, 10)


def test_edges_with_the_same_ends_are_matched() -> None:
    assert found([square(0, 0), square(10, 0), square(0, 10)]) == (0, 0)


def test_a_corner_of_two_zones_in_the_middle_of_an_edge() -> None:
    assert found([square(0, 0, 10, 20), square(10, 0), square(10, 10)]) == (3, 20)


def test_edges_of_which_none_holds_the_other() -> None:
    # 10 m each, shifted by 4 m: 6 m in common
    assert found([square(0, 0), square(10, 4)]) == (2, 6)


def test_edges_that_touch_at_a_point_or_meet_end_to_end_do_not_run_along_each_other() -> None:
    assert found([square(0, 0), square(10, 10), square(30, 0), "POLYGON((45 0,50 -5,55 0,50 5,45 0))"]) == (0, 0)


def test_a_hole_and_the_island_in_it() -> None:
    ring = "POLYGON((0 0,20 0,20 20,0 20,0 0),(5 5,15 5,15 15,5 15,5 5))"
    island = "POLYGON((5 5,9 5,15 5,15 15,5 15,5 5))"
    assert found([ring, island]) == (3, 10)


def test_a_vertex_a_tenth_of_a_millimetre_off_the_line_is_a_mismatch_and_one_a_centimetre_off_is_a_gap() -> None:
    beside = "POLYGON((10 0,20 0,20 10,10 10,{x} 4,10 0))"
    near, far = (cover([square(0, 0), beside.format(x=x)]) for x in (10.0001, 10.01))
    assert [near.value(name) for name in MEASURES] == [3, pytest.approx(10)]
    assert [far.value(name) for name in MEASURES] == [0, 0]


def test_zones_on_the_same_side_of_a_line_overlap_and_are_no_mismatch() -> None:
    result = cover([square(0, 0), square(4, 0, 2, 4)])
    assert result.value("unmatched_edge_count") == 0
    assert result.value("overlap_count") == 1


def test_the_lines_say_which_zones_and_how_long() -> None:
    zones = moved([square(0, 0, 10, 20), square(10, 0), square(10, 10)], *FAR)
    result = cover(plan(zones, keys=["r", "s", "t"], codes=["LUC", "ONT", "RSX"], name="QH", territory="H"))
    assert result.unmatched is not None
    rows = result.unmatched[["plan", "territory", "zone_a", "code_a", "zone_b", "code_b", "length_m"]]
    assert rows.values.tolist() == [
        ["QH", "H", "r", "LUC", "s", "ONT", pytest.approx(10)],
        ["QH", "H", "r", "LUC", "t", "RSX", pytest.approx(10)],
    ]
    assert shapely.to_wkt(result.unmatched.geometry[0], rounding_precision=3) == (
        "LINESTRING (580010 2320000, 580010 2320010)"
    )
    assert result.unmatched.crs.to_epsg() == 5899


def test_without_any_the_table_is_there_and_empty() -> None:
    result = cover([square(0, 0), square(10, 0)])
    assert result.unmatched is not None and len(result.unmatched) == 0
    assert result.unmatched.crs.to_epsg() == 5899


def by_comparing_all(edges: Edges) -> tuple[int, float]:
    """(edges, length in m) by exact arithmetic on every pair of edges."""
    taking_part, length = set(), 0.0
    table = list(zip(edges.start.tolist(), edges.end.tolist(), edges.owner.tolist()))
    for (i, (a, b, owner)), (j, (d, c, other)) in combinations(enumerate(table), 2):
        if owner == other or (max(abs(a[0] - c[0]), abs(a[1] - c[1]), abs(b[0] - d[0]), abs(b[1] - d[1])) <= 1):
            continue
        if owner > other:
            a, b, c, d = d, c, b, a
        long = math.dist(a, b)
        along = [((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / long for p in (c, d)]
        aside = [((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])) / long for p in (c, d)]
        begin, stop = max(along[0], 0.0), min(along[1], long)
        if stop - begin <= unmatched.LEAST_STEPS:
            continue
        slope = (aside[1] - aside[0]) / (along[1] - along[0])
        if all(abs(aside[0] + slope * (at - along[0])) <= unmatched.REACH_STEPS for at in (begin, stop)):
            taking_part |= {i, j}
            length += stop - begin
    return len(taking_part), length / 1000.0


@settings(max_examples=100, **quiet)
@given(recipe=recipes, strip=st.sampled_from([3, 20, 100_000]), threads=st.integers(1, 3))
def test_strips_and_trees_lose_no_pair(recipe: tuple, strip: int, threads: int) -> None:
    zones = coverage(recipe)
    assume(len(zones) > 0)
    suspects = suspect_edges(zones, Progress())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unmatched, "STRIP", strip)
        ours = unmatched.unmatched_edges(suspects, Progress(), threads)
    count, length_m = by_comparing_all(suspects)
    assert ours.edge_count == count
    assert ours.length_m == pytest.approx(length_m, abs=1e-6)
    assert (ours.a < ours.b).all()


@settings(max_examples=100, **quiet)
@given(sets=plans, plain=st.sets(st.integers(0, 7)), place=st.sampled_from([(0.0, 0.0), FAR]))
def test_length_and_count_are_those_of_the_common_outlines(
    sets: list[Triangles], plain: set[int], place: tuple[float, float]
) -> None:
    """Zones side by side on a raster, some without the vertices between their corners."""
    taken: set[int] = set()
    zones = []
    for number, triangles in enumerate([*sets, ALL]):
        rest = frozenset(triangles - taken)
        taken |= rest
        if rest:
            zone = drawn(rest)
            zones.append(shapely.normalize(shapely.simplify(zone, 0.0)) if number in plain else zone)
    edges = all_edges(zones)
    alike = {(a, b) for _, a, b in edges} & {(b, a) for _, a, b in edges}
    outlines = shapely.boundary(np.array(zones, dtype=object))
    common = [shapely.length(shapely.intersection(one, other)) for one, other in combinations(outlines, 2)]
    matched_m = sum(math.dist(a, b) for a, b in alike) / 2.0
    lone = [(i, shapely.LineString([a, b])) for i, a, b in edges if (a, b) not in alike]
    count = sum(any(i != j and line.intersection(other).length > 0 for j, other in lone) for i, line in lone)
    moved_zones = shapely.transform(np.array(zones, dtype=object), lambda places: places + np.array(place))
    ours = unmatched.unmatched_edges(suspect_edges(moved_zones, Progress()), Progress())
    assert ours.length_m == pytest.approx(sum(common) - matched_m, abs=1e-6)
    assert ours.edge_count == count


def test_crooked_lines_of_which_one_has_twice_the_vertices() -> None:
    random = np.random.default_rng(3)
    line = np.cumsum(random.uniform(0.5, 2.0, (400, 2)), axis=0)
    more = np.array(sorted(map(tuple, np.concatenate([line, (line[1:] + line[:-1]) / 2]))))
    right = np.round(np.r_[more, [[line[-1][0] + 100, line[0][1]]]] + FAR, 3)
    left = np.round(np.r_[line, [[line[0][0], line[-1][1] + 100]]] + FAR, 3)
    zones = np.array([shapely.Polygon(left), shapely.Polygon(right)], dtype=object)
    assert shapely.is_valid(zones).all()
    ours = unmatched.unmatched_edges(suspect_edges(zones, Progress()), Progress())
    assert ours.edge_count == 399 * 3
    assert ours.length_m == pytest.approx(np.linalg.norm(np.diff(line, axis=0), axis=1).sum(), abs=0.399)


def test_no_suspect_edges_at_all() -> None:
    nothing = directed_edges(np.zeros(0, dtype=object), np.zeros(2))
    ours = unmatched.unmatched_edges(nothing, Progress())
    assert (ours.edge_count, ours.length_m, len(ours.lines)) == (0, 0.0, 0)


def test_the_command_line_prints_the_numbers_and_writes_the_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zones = moved([square(0, 0, 10, 20), square(10, 0), square(10, 10)], *FAR)
    source, lines = tmp_path / "quy hoạch.gpkg", tmp_path / "cạnh.gpkg"
    gpd.GeoDataFrame(geometry=gpd.GeoSeries(zones, crs=5899)).to_file(source)
    given = ["--input", str(source), "--findings", str(tmp_path / "f.gpkg"), "--unmatched-edges", str(lines)]
    assert main(["checkcoverage", *given]) == 0
    told = capsys.readouterr().out
    assert "UNMATCHED_EDGE_COUNT: 3\nUNMATCHED_LENGTH: 20\n" in told
    assert f"UNMATCHED_EDGES: {lines}" in told
    made = gpd.read_file(lines)
    assert made["length_m"].tolist() == [pytest.approx(10), pytest.approx(10)]
    assert set(made.geom_type) == {"LineString"}
