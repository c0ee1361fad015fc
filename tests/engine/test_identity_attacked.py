"""The match of findings under what happens to drafts: brute force as its judge, and one case for each thing that may be done."""

from __future__ import annotations

import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from overlaps import CRS, found
from planconcord.cli.checks import main
from planconcord.engine.identity.comparing import compare_findings
from planconcord.engine.identity.matching import match, possible_pairs
from planconcord.engine.identity.previous import transformed
from planconcord.engine.progress import Progress
from planconcord.engine.tolerance import Tolerance

WIDTH_M = 2.0
boxes = st.lists(
    st.tuples(
        st.integers(0, 30), st.integers(0, 30), st.integers(4, 25), st.integers(4, 25), st.sampled_from(["LUC", "CLN"])
    ),
    min_size=1,
    max_size=6,
)


def findings(some: list[tuple[int, int, int, int, str]], zones: str = "") -> gpd.GeoDataFrame:
    """One overlap a box, with its code and a zone of its own."""
    tables = [found(box[:4], code=box[4], zone_a=f"{zones}{row}") for row, box in enumerate(some)]
    table = gpd.GeoDataFrame(gpd.pd.concat(tables, ignore_index=True), geometry="geometry", crs=CRS)
    return table.assign(finding_id=[f"{zones}{row}" for row in range(len(table))])


def best_total(scores: dict[tuple[int, int], float], m: int, n: int) -> float:
    """The largest sum of scores of any matching, by trying all."""
    best = 0.0
    for choice in itertools.permutations(range(max(m, n)), m):
        best = max(best, sum(scores.get((p, c), 0.0) for p, c in enumerate(choice)))
    return best


@given(boxes, boxes)
@example([(0, 0, 20, 20, "LUC")] * 3, [(0, 0, 20, 20, "LUC")] * 2)
@examples(max_examples=25, deadline=None)
def test_no_two_findings_would_rather_have_each_other(one: list, other: list) -> None:
    """One to one; each pair that was left has a finding whose own pair is at least as good. So the best pair is never lost,
    and the sum is at least half of the largest that any matching has; it is the largest where best partners agree."""
    before, after = findings(one), findings(other, "n")
    matching = match(before, after, WIDTH_M)
    pairs = possible_pairs(before, after, WIDTH_M, Progress())
    scores = dict(zip(zip(pairs.previous.tolist(), pairs.current.tolist()), np.round(pairs.score, 9).tolist()))
    chosen = {(p, c) for c, p in enumerate(matching.continues.tolist()) if p >= 0}
    assert chosen == {(p, c) for p, c in enumerate(matching.continued_by.tolist()) if c >= 0} <= set(scores)
    of_previous, of_current = {p: scores[p, c] for p, c in chosen}, {c: scores[p, c] for p, c in chosen}
    for (p, c), score in scores.items():
        assert score <= max(of_previous.get(p, -9.0), of_current.get(c, -9.0))
    total, largest = sum(scores[pair] for pair in chosen), best_total(scores, len(one), len(other))
    assert total >= largest / 2 - 1e-9
    best = {p: max((s, -c) for (q, c), s in scores.items() if q == p) for p, _ in scores}
    back = {c: max((s, -p) for (p, d), s in scores.items() if d == c) for _, c in scores}
    if all(back[-c][1] == -p for p, (_, c) in best.items()) and all(best[-p][1] == -c for c, (_, p) in back.items()):
        assert total == pytest.approx(largest)


def test_several_pieces_of_one_pair_of_zones_keep_to_their_places() -> None:
    pieces = [(50 * place, 0, 20 + place, 15) for place in range(6)]
    before = found(*pieces)
    after = found(*[(x + 1.5, y + 1, w - 1, h) for x, y, w, h in pieces[1:]], (400, 0, 21, 15))
    assert match(before, after, WIDTH_M).continues.tolist() == [1, 2, 3, 4, 5, -1]


def test_findings_that_lie_on_each_other_are_paired_one_to_one() -> None:
    """A zone that is there three times overlaps itself three times, on the same ground."""
    before, after = found(*[(0, 0, 30, 30)] * 3), found(*[(1, 0, 30, 30)] * 3)
    assert sorted(match(before, after, WIDTH_M).continues.tolist()) == [0, 1, 2]
    assert sorted(match(before, after.iloc[:2].reset_index(drop=True), WIDTH_M).continued_by.tolist()) == [-1, 0, 1]
    _, counts, _ = compare_findings(before, after, Tolerance(WIDTH_M), "en")
    assert counts == {"new": 0, "persisting": 3, "changed": 0, "reopened": 0, "resolved": 0}


def test_two_findings_that_swap_their_codes_stay_where_they_are() -> None:
    before = findings([(0, 0, 20, 20, "LUC"), (60, 0, 20, 20, "CLN")])
    after = findings([(60, 0, 20, 20, "LUC"), (0, 0, 20, 20, "CLN")], "n")
    assert match(before, after, WIDTH_M).continues.tolist() == [1, 0]
    told, counts, _ = compare_findings(before, after, Tolerance(WIDTH_M), "en")
    assert counts["changed"] == 2
    assert sorted(told["detail"]) == [
        "codes CLN / ODT before and LUC / ODT now",
        "codes LUC / ODT before and CLN / ODT now",
    ]


def test_neighbours_that_swap_their_codes_go_with_the_ground_they_mostly_cover() -> None:
    before = findings([(0, 0, 20, 20, "LUC"), (20, 0, 20, 20, "CLN")])
    after = findings([(0, 0, 20.5, 20, "CLN"), (20.5, 0, 19.5, 20, "LUC")], "n")
    assert match(before, after, WIDTH_M).continues.tolist() == [0, 1]


def test_new_zone_keys_order_ids_and_run_do_not_matter() -> None:
    before = findings([(30 * place, 0, 20, 20, "LUC") for place in range(8)])
    after = before.sample(frac=1.0, random_state=4).reset_index(drop=True)
    truth = after["finding_id"].astype(int).tolist()
    after = after.assign(zone_a="fid=9", zone_b="fid=8", finding_id=[f"x{row}" for row in range(8)], run_id="r2")
    assert match(before, after, WIDTH_M).continues.tolist() == truth


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32648", "EPSG:5897", "EPSG:3405"])
def test_either_set_may_be_in_another_crs(crs: str) -> None:
    before = found((0, 0, 40, 20), (100, 0, 40, 20), (300, 0, 12, 12))
    after = found((0.5, 0, 40, 20), (100, 0, 40, 60), (500, 0, 12, 12))
    away = gpd.GeoSeries([], crs=crs).crs
    expected = {"new": 1, "persisting": 1, "changed": 1, "reopened": 0, "resolved": 1}
    for one, other in ((transformed(before, away, "x"), after), (before, transformed(after, away, "x"))):
        assert compare_findings(one, other, Tolerance(WIDTH_M), "en")[1] == expected
    both = compare_findings(*(transformed(one, away, "x") for one in (before, after)), Tolerance(WIDTH_M), "en")
    assert both[1] == expected
    assert both[0].crs.axis_info[0].unit_name == "metre"


def test_a_split_into_three_and_a_merge_of_three_are_told() -> None:
    whole = found((0, 0, 120, 20))
    parts = found((0, 0, 50, 20), (55, 0, 30, 20), (90, 0, 30, 20))
    told, counts, _ = compare_findings(whole, parts, Tolerance(WIDTH_M), "en")
    assert (counts["changed"], counts["new"]) == (1, 2)
    assert told[told["fate"] == "new"]["detail"].tolist() == [f"split from {whole['finding_id'][0]}"] * 2
    told, counts, _ = compare_findings(parts, whole, Tolerance(WIDTH_M), "en")
    assert (counts["changed"], counts["resolved"]) == (1, 2)
    assert set(told[told["fate"] == "resolved"]["detail"]) == {f"merged into {whole['finding_id'][0]}"}


def test_a_finding_that_moved_by_more_than_its_width_is_another_one() -> None:
    matching = match(found((0, 0, 6, 50)), found((9, 0, 6, 50)), WIDTH_M)
    assert matching.continues.tolist() == [-1]


def test_nothing_to_nothing_and_nothing_to_something() -> None:
    none, some = found((0, 0, 5, 5)).iloc[:0], found((0, 0, 5, 5))
    for one, other, expected in ((none, none, (0, 0)), (none, some, (1, 0)), (some, none, (0, 1))):
        told, counts, _ = compare_findings(one, other, Tolerance(WIDTH_M), "vi")
        assert (counts["new"], counts["resolved"]) == expected and len(told) == sum(expected)


def test_outlines_that_are_broken_or_empty_are_matched_by_what_is_known() -> None:
    before = found((0, 0, 20, 20), (50, 0, 20, 20))
    before.loc[1, "geometry"] = shapely.MultiPolygon()
    assert match(before, before, WIDTH_M).continues.tolist() == [0, 1]


def test_a_plan_in_a_file_of_another_name_is_the_same_plan_by_its_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Other file, other layer, other order, other CRS, a vertex more; the plan's id stays."""
    zones = found((0, 0, 60, 60), (40, 0, 60, 60))[["code_a", "geometry"]]
    paths = tmp_path / "quy hoạch.gpkg", tmp_path / "QHSDD_lan2 (final).geojson"
    zones.to_file(paths[0], layer="thua")
    zones.iloc[::-1].set_geometry(zones.geometry.segmentize(25.0)).to_crs(4326).to_file(paths[1])
    for draft, path in enumerate(paths):
        stores = [f"--findings={tmp_path / f'{draft}.gpkg'}", *([f"--previous={tmp_path / '0.gpkg'}"] if draft else [])]
        given = [f"--input={path}", "--code-field=code_a", "--plan=QH-1", "--width-tolerance=1", "--language=en"]
        assert main(["checkcoverage", *given, "--working-crs=EPSG:5899", *stores]) == 1
    told = capsys.readouterr().out
    assert "PERSISTING_COUNT: 1" in told and "NEW_COUNT: 0" in told and "RESOLVED_COUNT: 0" in told
