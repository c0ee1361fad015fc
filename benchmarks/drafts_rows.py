"""One row on two drafts, alone in its process: `drafts_rows.py ROW LAYER ZONES` prints one line of
JSON.

Two drafts of a plan: the zones of the layer, and the same with another code in one zone in a
hundred, in another order; ``redrawn`` with every vertex digitised again. Two sets of findings:
every second zone of the layer with a rule and codes, touching its neighbours, and the same with a
tenth gone, a tenth new, in another order, with other ids, each digitised by itself. Only the row's
work is timed. Then what it says is compared with what was done: ``scores`` counts changed zones and
pairs of findings. ROWS lists what there is.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from layers import CODES, CRS, prepare
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import assemble, batch
from planconcord.engine.identity.comparing import compare_findings
from planconcord.engine.identity.drafts import DraftChanges, compare_drafts
from planconcord.engine.plan import PlanLayer
from planconcord.engine.tolerance import Tolerance
from planting import _shaken
from two_plans import _digitised_again
from watching import peak_mib

TOLERANCE = Tolerance(5.0)
CHANGED_EACH, NEW_CODE = 100, "TMD"
RULES = ("coverage.overlap", "conformity.conflict", "conformity.conditional")
GONE, NEW = 0.1, 0.1


@dataclass
class Drafts:
    """Zones and codes of both drafts; ``changed``: the zones of the first that have another code in
    the second.
    """

    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame
    changed: np.ndarray


@dataclass
class Findings:
    """Both sets, with the column ``place`` that names the same finding in both."""

    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame


# the subjects -------------------------------------------------------------------------------------


def edited(zones: np.ndarray) -> Drafts:
    """Nothing but codes differs."""
    return _drafts(zones, zones)


def redrawn(zones: np.ndarray) -> Drafts:
    """Return every vertex was digitised again; neighbours go on sharing it."""
    moved = shapely.transform(zones, _digitised_again)
    return _drafts(zones, np.where(shapely.is_valid(moved), moved, shapely.make_valid(moved)))


def _drafts(before: np.ndarray, after: np.ndarray) -> Drafts:
    random = np.random.default_rng(11)
    number = np.arange(len(before))
    codes = np.array(CODES, dtype=object)[random.integers(0, len(CODES), len(before))]
    changed = random.permutation(number)[: len(before) // CHANGED_EACH]
    later = codes.copy()
    later[changed] = NEW_CODE
    order = random.permutation(number)
    tables = [
        gpd.GeoDataFrame({"zone": some + 1, "code": code[some]}, geometry=gpd.GeoSeries(shapes[some], crs=CRS))
        for shapes, code, some in ((before, codes, number), (after, later, order))
    ]
    return Drafts(*tables, changed)


def two_sets(zones: np.ndarray) -> Findings:
    """Return every second zone is a finding, so that most of them touch several others."""
    random = np.random.default_rng(12)
    chosen = np.sort(random.permutation(len(zones))[: len(zones) // 2])
    gone, kept, new = np.split(random.permutation(chosen), [int(GONE * len(chosen)), int((1 - NEW) * len(chosen))])
    before, after = np.concatenate([gone, kept]), random.permutation(np.concatenate([kept, new]))
    moved = shapely.make_valid(_shaken(zones[after], random))
    return Findings(_findings(zones[before], before, "0"), _findings(moved, after, "1"))


def _findings(shapes: np.ndarray, place: np.ndarray, run: str) -> gpd.GeoDataFrame:
    rules = np.array(RULES, dtype=object)[place % len(RULES)]
    codes = np.array(CODES, dtype=object)
    batches = []
    for rule in RULES:
        some = rules == rule
        columns = {"plan_a": "A", "plan_b": "B", "zone_a": [f"{run}-{row}" for row in np.flatnonzero(some)]}
        columns |= {"code_a": codes[place[some] * 7919 % 7], "code_b": codes[place[some] * 104729 % 10]}
        batches.append(batch(rule, shapes[some], area_m2=shapely.area(shapes[some]), width_m=20.0, **columns))
    made = assemble(batches, CRS, "en", run)
    row = made["zone_a"].str.split("-").str[1].astype(int)
    return made.assign(place=place[row.to_numpy()])


# Plan Concord -------------------------------------------------------------------------------------


def compare(subject: Drafts) -> DraftChanges:
    """Return the whole comparison: matrix, changed ground with widths, noise."""
    plans = (PlanLayer.from_frame(table, "draft", "zone", "code") for table in (subject.before, subject.after))
    return compare_drafts(*plans, Settings(TOLERANCE))


def score_changes(subject: Drafts, found: DraftChanges) -> dict[str, Any]:
    """Return how many of the changed zones are among the changes, and how many changes lie
    elsewhere.
    """
    zones = found.changes["zone_before"].astype(int).to_numpy() - 1
    right = np.isin(zones, subject.changed)
    scores = {"planted": len(subject.changed), "found": len(np.unique(zones[right])), "false": int((~right).sum())}
    return {"scores": {"change": scores}, "closes": found.closes}


def identity(subject: Findings) -> np.ndarray:
    """comparefindings: pairs one to one, and what became of each; (previous, current) by place."""
    told, _, _ = compare_findings(subject.before, subject.after, TOLERANCE, "en")
    told = told[(told["previous_id"] != "") & (told["current_id"] != "")]
    places = [dict(zip(one["finding_id"], one["place"])) for one in (subject.before, subject.after)]
    return np.array([told["previous_id"].map(places[0]), told["current_id"].map(places[1])])


def score_pairs(subject: Findings, pairs: np.ndarray) -> dict[str, Any]:
    """Return how many of the true pairs were made, and how many others."""
    right = pairs[0] == pairs[1]
    true = len(np.intersect1d(subject.before["place"], subject.after["place"]))
    return {"scores": {"pair": {"planted": true, "found": int(right.sum()), "false": int((~right).sum())}}}


# What one would use instead -----------------------------------------------------------------------


def union(subject: Drafts) -> gpd.GeoDataFrame:
    """geopandas.overlay, everything of both drafts."""
    return gpd.overlay(subject.before, subject.after, how="union", keep_geom_type=True)


def intersection(subject: Drafts) -> gpd.GeoDataFrame:
    """geopandas.overlay, what both drafts cover: no ground that one of them lacks, so nothing
    closes.
    """
    return gpd.overlay(subject.before, subject.after, how="intersection", keep_geom_type=True)


def score_union(subject: Drafts, made: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the same, with every piece whose code differs taken for a change."""
    differs = made[(made["code_1"] != made["code_2"]) & (made.geometry.area > 0)]
    whole = differs[differs["zone_1"] == differs["zone_2"]]
    right = np.isin(whole["zone_1"].to_numpy() - 1, subject.changed)
    scores = {"planted": len(subject.changed), "found": int(right.sum()), "false": len(differs) - int(right.sum())}
    return {"scores": {"change": scores}}


def sjoin(subject: Findings) -> np.ndarray:
    """geopandas.sjoin: all that touch."""
    made = gpd.sjoin(subject.after, subject.before, predicate="intersects", lsuffix="now", rsuffix="then")
    return np.array([made["place_then"], made["place_now"]])


def largest_overlap(subject: Findings) -> np.ndarray:
    """geopandas.overlay, for each current finding the earlier one with which it shares most."""
    columns = ["place", "geometry"]
    made = gpd.overlay(subject.after[columns], subject.before[columns], how="intersection", keep_geom_type=True)
    made = made.assign(area_m2=made.geometry.area).sort_values("area_m2", ascending=False).drop_duplicates("place_1")
    return np.array([made["place_2"], made["place_1"]])


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """``prepare`` makes the subject of the layer's zones and is not timed, ``work`` is, ``score``
    looks at what it returned.
    """

    prepare: Callable[[np.ndarray], Any]
    work: Callable[[Any], Any]
    score: Callable[[Any, Any], dict[str, Any]]


ROWS = {
    "edited drafts": Row(edited, compare, score_changes),
    "redrawn drafts": Row(redrawn, compare, score_changes),
    "union of redrawn drafts": Row(redrawn, union, score_union),
    "intersection of redrawn drafts": Row(redrawn, intersection, score_union),
    "identity": Row(two_sets, identity, score_pairs),
    "spatial join": Row(two_sets, sjoin, score_pairs),
    "largest overlap": Row(two_sets, largest_overlap, score_pairs),
}


def main() -> None:
    """Run one row."""
    row = ROWS[sys.argv[1]]
    (stored,) = prepare(sys.argv[2], int(sys.argv[3]))
    zones, parse_s = stored.zones()
    subject = row.prepare(zones)
    started = time.perf_counter()
    answer = row.work(subject)
    measured = {"seconds": time.perf_counter() - started, "parse_s": parse_s, "peak_mib": peak_mib()}
    print(json.dumps({**measured, **row.score(subject, answer)}))


if __name__ == "__main__":
    main()
