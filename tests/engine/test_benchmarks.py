"""The makers of the benchmarks' layers: what they promise of vertices, planted defects and scores, on small layers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import shapely
from planconcord.engine.planar import bruteforce
from planconcord.engine.progress import Progress
from planconcord.engine.rulesets.reading import read_ruleset
from small_province import make

pytestmark = pytest.mark.same_with_every_library

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
NAMES = (
    "drawing",
    "planting",
    "two_plans",
    "layers",
    "scoring",
    "agreement",
    "targets",
    "children",
    "duckdb_spatial",
    "watching",
    "conformity_rows",
    "drafts_rows",
    "province_rows",
    "page",
    "run",
)


@pytest.fixture(scope="module")
def bench() -> Iterator[dict[str, ModuleType]]:
    """The modules of benchmarks/ by name; they are scripts, and found only while these tests run."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield {name: importlib.import_module(name) for name in NAMES}
    finally:
        sys.path.remove(str(FOLDER))
        for name in NAMES:
            sys.modules.pop(name, None)


def test_a_drawing_covers_its_boundary_once_and_wholly(bench: dict[str, ModuleType]) -> None:
    drawing = bench["drawing"].draw(3_000, seed=4)
    assert len(drawing.zones) == 3_000
    assert shapely.is_valid(drawing.zones).all()
    assert shapely.get_num_coordinates(drawing.zones).mean() == pytest.approx(55, abs=2)
    assert (shapely.get_type_id(drawing.zones) == 6).sum() == 30
    assert (shapely.get_num_interior_rings(drawing.zones) == 1).sum() == 90
    made = bruteforce.cover(drawing.zones, drawing.boundary, Progress())
    assert len(made.i) == 0
    assert shapely.area(made.gaps).sum() < 1e-6
    assert shapely.area(made.overhang).sum() < 1e-6


def test_planted_defects_are_all_that_there_is(bench: dict[str, ModuleType]) -> None:
    layer = bench["planting"].plant(4_000)
    planted = layer.planted
    assert len(layer.zones) == 4_000
    assert {kind: len(ground) for kind, ground in planted.items()} == {
        "overlap": 4,
        "gap": 4,
        "outside": 1,
        "duplicate": 1,
        "invalid": 1,
    }
    assert (~shapely.is_valid(layer.zones)).sum() == 1
    made = bruteforce.cover(shapely.make_valid(layer.zones), layer.boundary, Progress())
    twice = np.concatenate([planted["overlap"], planted["duplicate"]])
    assert shapely.area(made.shared).sum() == pytest.approx(shapely.area(twice).sum())
    assert shapely.area(made.gaps).sum() == pytest.approx(shapely.area(planted["gap"]).sum())
    assert shapely.area(made.overhang).sum() == pytest.approx(shapely.area(planted["outside"]).sum())
    score = bench["scoring"].ground
    assert score(planted["overlap"], made.shared, planted["duplicate"]) == {"planted": 4, "found": 4, "false": 0}
    assert score(planted["gap"], made.gaps) == {"planted": 4, "found": 4, "false": 0}
    assert score(planted["gap"], made.shared) == {"planted": 4, "found": 0, "false": 5}


def test_a_redrawn_layer_matches_nowhere(bench: dict[str, ModuleType]) -> None:
    layer = bench["planting"].redrawn(1_000)
    assert len(layer.zones) == 1_000
    assert shapely.is_valid(layer.zones).all()
    i, _ = shapely.STRtree(layer.zones).query(layer.zones, predicate="overlaps")
    assert len(np.unique(i)) > 980


def test_edges_are_found_near_what_was_planted_and_false_elsewhere(bench: dict[str, ModuleType]) -> None:
    planted = np.array([shapely.box(0, 0, 1, 1), shapely.box(100, 0, 101, 1)])
    reported = np.array([shapely.LineString([(0, 0), (1, 0)]), shapely.LineString([(50, 0), (51, 0)])])
    assert bench["scoring"].edges(planted, reported, planted) == {"planted": 2, "found": 1, "false": 1}


def record(row: str, seconds: float, **more: object) -> dict[str, object]:
    run = {"seconds": seconds, **more}
    return {"section": "coverage", "row": row, "layer": "planted", "zone_count": 9, "runs": [run, {"failed": "so"}]}


def test_a_target_whose_row_failed_or_is_missing_is_not_met(bench: dict[str, ModuleType]) -> None:
    records = [record("floor", 1.0), record("check", 7.0, scores={"gap": {"planted": 2, "found": 2, "false": 1}})]
    met = {verdict.target: (verdict.value, verdict.met) for verdict in bench["targets"].verdicts(records)}
    assert met == {"whole": (7.0, True), "overlaps": (None, False), "gaps": (None, False), "all found": (0.0, False)}


def test_a_row_that_fails_or_hangs_says_so(
    bench: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench["children"], "HERE", tmp_path)
    (tmp_path / "wrong.py").write_text("raise ValueError('out of zones')")
    (tmp_path / "slow.py").write_text("import time; time.sleep(60)")
    (tmp_path / "right.py").write_text("print('words'); print('{\"seconds\": 1.5}')")
    run = bench["children"].run
    assert run("wrong.py", cap_s=30) == {"failed": "ValueError: out of zones"}
    assert run("slow.py", cap_s=0.5) == {"unfinished_s": 0.5}
    assert run("right.py", cap_s=30) == {"seconds": 1.5}


def test_an_upper_plan_lies_on_the_ground_of_the_lower_one(bench: dict[str, ModuleType]) -> None:
    plans = bench["two_plans"]
    below = plans.lower(4_000)
    for above, left_open, few, many in (
        (plans.upper_apart(4_000), 0.04, 1_000, 1_000),
        (plans.upper_redrawn(4_000), 1e-4, 900, 1_024),
    ):
        assert few <= len(above.zones) <= many
        assert shapely.is_valid(above.zones).all()
        ground = shapely.union_all(above.zones)
        assert shapely.area(ground) == pytest.approx(shapely.area(above.zones).sum(), rel=1e-3)
        rest = shapely.area(shapely.difference(below.boundary, ground)) / shapely.area(below.boundary)
        assert 0 < rest < left_open


def test_redrawn_borders_meet_the_lower_ones_in_noise_alone(bench: dict[str, ModuleType]) -> None:
    plans = bench["two_plans"]
    below, above = plans.lower(4_000).zones, plans.upper_redrawn(4_000).zones
    i, j = shapely.STRtree(above).query(below, predicate="intersects")
    shared = shapely.area(shapely.intersection(below[i], above[j]))
    whole = shared > 0.5 * shapely.area(below[i])
    assert whole.sum() == 4_000
    noise = ~whole & (shared > 0)
    assert noise.sum() > 4_000
    assert shared[noise].sum() < 0.01 * shared.sum()


def test_one_lower_zone_in_a_thousand_crosses_itself(bench: dict[str, ModuleType]) -> None:
    broken = ~shapely.is_valid(bench["two_plans"].crossing_itself(4_000).zones)
    assert 3 <= broken.sum() <= 4


def test_three_pairs_of_codes_in_ten_are_reported(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    codes = tuple(f"C{place}" for place in range(10))
    bench["two_plans"].write_verdicts(codes, tmp_path / "verdicts.csv")
    rules = read_ruleset(tmp_path / "verdicts.csv")
    words = [rules.verdict(upper, lower).verdict for upper in codes for lower in codes]
    assert {word: words.count(word) for word in words} == {"compatible": 70, "conflict": 15, "conditional": 15}


def test_areas_are_compared_pair_by_pair(bench: dict[str, ModuleType]) -> None:
    def areas(*found: tuple[int, int, float]) -> object:
        return bench["agreement"].PairAreas(*(np.array(column) for column in zip(*found)))

    compare = bench["agreement"].compare
    ours = areas((0, 0, 100.0), (1, 0, 50.0), (1, 1, 0.0))
    assert compare(ours, areas((1, 0, 30.0), (0, 0, 100.0), (1, 0, 20.0))) == {
        "pairs": 2,
        "differing": 0,
        "largest": 0.0,
        "ours_m2": 150.0,
        "theirs_m2": 150.0,
    }
    swapped = compare(ours, areas((0, 0, 50.0), (1, 0, 100.0)))
    assert (swapped["differing"], swapped["largest"]) == (2, 0.5)
    missing = compare(ours, areas((0, 0, 100.0)))
    assert (missing["pairs"], missing["differing"], missing["largest"]) == (2, 1, 1.0)
    dust = compare(ours, areas((0, 0, 100.0), (1, 0, 50.0), (7, 7, 1e-7)))
    assert (dust["pairs"], dust["differing"]) == (3, 0)


def test_rows_of_two_plans_agree_pair_by_pair(bench: dict[str, ModuleType]) -> None:
    rows = bench["conformity_rows"]
    plans = bench["two_plans"]
    subject = rows.Subject(plans.crossing_itself(1_500).zones, plans.upper_apart(1_500).zones, rows.rule_set())
    for name in ("check", "geopandas overlay"):
        row = rows.ROWS[name]
        row.prepare(subject)
        told = row.score(subject, row.work(subject))
        assert told["agreement"]["pairs"] > 1_000
        assert (told["agreement"]["differing"], told["agreement"]["largest"] < 1e-6) == (0, True)


def test_a_comparison_that_differs_or_is_missing_is_not_met(bench: dict[str, ModuleType]) -> None:
    def two_plans(row: str, **run: object) -> dict[str, object]:
        return {**record(row, 4.0, **run), "section": "conformity", "layer": "apart"}

    records = [
        two_plans("overlay"),
        two_plans("geopandas overlay", agreement={"pairs": 9, "largest": 1e-5}),
        two_plans("check", agreement={"pairs": 9, "largest": 1e-9}),
    ]
    met = [(verdict.target, verdict.words.get("row"), verdict.met) for verdict in bench["targets"].verdicts(records)]
    assert met == [
        ("overlay", None, False),
        ("cross table", None, False),
        ("pairs", "geopandas overlay", False),
        ("pairs", "duckdb", False),
        ("pairs", "findings", True),
    ]


def test_a_small_benchmark_takes_nothing_from_the_large_one(
    bench: dict[str, ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench["run"]
    monkeypatch.setattr(run, "FOLDER", tmp_path)
    large, small = (
        [entry for entry in run.entries(size) if entry.section == "coverage"][:2] for size in (200_000, 20_000)
    )
    for plan in (large, small[:1]):
        run.keep([{**vars(entry), "commit": "c", "runs": [{"seconds": 1.0}]} for entry in plan], plan, afresh=False)
    assert [record["zone_count"] for record in run.keep([], large, afresh=False)["records"]] == [200_000, 200_000]
    assert [record["row"] for record in run.keep([], small, afresh=False)["records"]] == [small[0].row]


def test_rows_of_two_drafts_count_what_was_changed(bench: dict[str, ModuleType]) -> None:
    rows, zones = bench["drafts_rows"].ROWS, bench["drawing"].draw(1_500, seed=2).zones
    for name, kind, planted, false in (
        ("edited drafts", "change", 15, range(1)),
        ("redrawn drafts", "change", 15, range(1)),
        ("intersection of redrawn drafts", "change", 15, range(5_000, 20_000)),
        ("identity", "pair", 600, range(7)),
        ("spatial join", "pair", 600, range(500, 5_000)),
        ("largest overlap", "pair", 600, range(30, 200)),
    ):
        subject = rows[name].prepare(zones)
        scores = rows[name].score(subject, rows[name].work(subject))["scores"][kind]
        assert (scores["planted"], scores["found"]) == (planted, planted), name
        assert scores["false"] in false, (name, scores)


def test_rows_of_a_province_keep_what_did_not_change(bench: dict[str, ModuleType], tmp_path: Path) -> None:
    rows, once, twice = bench["province_rows"], tmp_path / "once", tmp_path / "twice"
    make(once)
    counts = [
        (name, made["checks"], made["kept"])
        for name in ("single checks", "whole province", "unchanged", "changed", "largest pair")
        for made in [rows.ROWS[name](once)]
    ]
    assert counts == [
        ("single checks", 13, 0),
        ("whole province", 13, 0),
        ("unchanged", 13, 13),
        ("changed", 13, 9),
        ("largest pair", 7, 0),
    ]
    rows._write_twice(once, twice)
    single, double = rows.unchanged(once), rows.whole(twice)
    assert single["findings"] > 0
    assert (double["checks"], double["findings"]) == (26, 2 * single["findings"])


def test_a_province_is_held_against_its_single_checks(bench: dict[str, ModuleType]) -> None:
    def row(name: str, seconds: float, layer: str = "province") -> dict[str, object]:
        return {**record(name, seconds, peak_mib=100.0 * seconds), "section": "province", "layer": layer}

    records = [
        row("single checks", 4.0),
        row("whole province", 2.0),
        row("changed", 0.6),
        row("whole province", 2.2, "province twice"),
    ]
    verdicts = [(v.target, v.value, v.met) for v in bench["targets"].verdicts(records)]
    assert verdicts == [
        ("province", 0.5, True),
        ("province changed", 0.3, False),
        ("province unchanged", None, False),
        ("province memory", pytest.approx(1.1), True),
    ]
