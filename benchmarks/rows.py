"""One row of the benchmark, alone in its process: `rows.py ROW LAYER ZONES` prints one line of
JSON.

Every row reads the layer's WKB with shapely.from_wkb, prepares what it needs, then does its work;
only the work is timed (``seconds``), the parsing beside it (``parse_s``). ``peak_mib`` is the
largest resident memory of the whole process up to the end of the work. Then what was found is
scored against what was planted. The alternatives get the zones already repaired, as Plan Concord's
cover does. ROWS lists what there is.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Optional

import geopandas as gpd
import numpy as np
import scoring
import shapely
from layers import Stored, prepare, table
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar import arrangement, bruteforce, closure, edges, kernel
from planconcord.engine.planar.cover import Cover
from planconcord.engine.planar.polygons import polygonal
from planconcord.engine.planar.repair import repair
from planconcord.engine.progress import Progress
from planconcord.engine.tolerance import Tolerance
from planting import LARGEST_RADIUS_M
from watching import Watching, cancelled_at_random, peak_mib

THREADS = 2
TOLERANCE = Tolerance(0.5)
CHUNK = 20_000
GAP_WIDTH_M = 2 * LARGEST_RADIUS_M + 1.0


@dataclass
class Subject:
    """What a row works on; ``plan`` and ``valid`` only where the row asks for them."""

    stored: Stored
    zones: np.ndarray
    boundary: shapely.Geometry
    plan: Optional[PlanLayer] = None

    def planted(self, *kinds: str) -> np.ndarray:
        """Return the ground of the planted defects of these kinds."""
        return np.concatenate([self.stored.planted(kind) for kind in kinds])


Work = Callable[[Subject], Any]
Score = Callable[[Subject, Any], "dict[str, Any]"]


@dataclass(frozen=True)
class Row:
    """``prepare`` is not timed, ``work`` is, ``score`` looks at what the work returned."""

    work: Work
    score: Score
    prepare: Callable[[Subject], None]


def as_plan(subject: Subject) -> None:
    """The zones as the plan layer that a check takes, which has copies of them; they are in memory
    once.
    """
    subject.plan = PlanLayer.from_frame(table(subject.zones), "zones", "zone", "code")
    subject.zones = np.zeros(0, dtype=object)


def repaired(subject: Subject) -> None:
    """Invalid zones repaired, as the check does before it looks for overlaps."""
    subject.zones = polygonal(repair(subject.zones)[0])


# Plan Concord -------------------------------------------------------------------------------------


def check(subject: Subject) -> Any:
    """Return the whole check."""
    watching = Watching()
    result = check_coverage(subject.plan, subject.boundary, Settings(TOLERANCE, progress=watching))
    return result, watching.report()


def score_check(subject: Subject, answer: Any) -> dict[str, Any]:
    """Return every kind by itself, findings wider than the tolerance; a balance that does not close
    is told.
    """
    result, watched = answer
    findings = result.findings[result.findings["severity"] != "info"]
    scores = {}
    for rule, kind in (("coverage.overlap", "overlap"), ("coverage.gap", "gap"), ("coverage.outside", "outside")):
        scores[kind] = scoring.ground(
            subject.planted(kind), _of(findings, rule), subject.planted("duplicate") if kind == "overlap" else None
        )
    scores["duplicate"] = scoring.ground(subject.planted("duplicate"), _of(findings, "geometry.duplicate"))
    invalid, planted = int(result.value("invalid_count")), len(subject.planted("invalid"))
    scores["invalid"] = {"planted": planted, "found": min(invalid, planted), "false": max(invalid - planted, 0)}
    balance = {"residual_m2": result.value("balance_residual"), "allowance_m2": result.value("balance_allowance")}
    return {"scores": scores, "balance": balance, "noise_count": result.value("noise_count"), **watched}


def _of(findings: gpd.GeoDataFrame, rule: str) -> np.ndarray:
    return np.asarray(findings.geometry[findings["rule"] == rule].values, dtype=object)


def cover(subject: Subject) -> Cover:
    """Overlaps, gaps and overhang at once by the kernel."""
    return kernel.cover(subject.zones, subject.boundary, Progress(), THREADS)


def plain_cover(subject: Subject) -> Cover:
    """Return the same the straightforward way."""
    return bruteforce.cover(subject.zones, subject.boundary, Progress(), THREADS)


def score_cover(subject: Subject, made: Cover) -> dict[str, Any]:
    """Scores, and numbers by which two covers of one layer are compared: pairs by a hash, areas by
    their sums.
    """
    large = shapely.area(made.shared) > scoring.DUST_M2
    pairs = np.stack([made.i[large], made.j[large]]).astype("int64")
    answer = {
        "pairs": f"{large.sum()} {hashlib.sha256(pairs.tobytes()).hexdigest()[:16]}",
        "shared_m2": float(shapely.area(made.shared).sum()),
        "gap_m2": float(shapely.area(made.gaps).sum()),
        "overhang_m2": float(shapely.area(made.overhang).sum()),
    }
    if len(subject.planted("overlap")) == 0:
        return {"answer": answer}
    return {"answer": answer, "scores": {**score_overlaps(subject, made.shared), **score_gaps(subject, made.gaps)}}


def overlaps(subject: Subject) -> np.ndarray:
    """Overlaps alone: suspect edges, tree, closure."""
    quiet = Progress()
    suspects = edges.suspect_edges(subject.zones, quiet, THREADS)
    tree = shapely.STRtree(subject.zones)
    return closure.overlapping_pairs(subject.zones, tree, suspects, quiet, THREADS)[2]


def gaps(subject: Subject) -> np.ndarray:
    """Gaps alone: suspect edges, tree, faces with depth, each gap from the original coordinates."""
    quiet = Progress()
    suspects = edges.suspect_edges(subject.zones, quiet, THREADS)
    tree = shapely.STRtree(subject.zones)
    plane = arrangement.arrange(subject.zones, tree, suspects, subject.boundary, quiet)
    return kernel._exact_gaps(plane.gaps, subject.zones, tree, subject.boundary, quiet, THREADS)


def score_overlaps(subject: Subject, shared: np.ndarray) -> dict[str, Any]:
    """Return what pairs share; duplicates overlap too, and are not false."""
    return {"overlap": scoring.ground(subject.planted("overlap"), shared, subject.planted("duplicate"))}


def score_gaps(subject: Subject, found: np.ndarray) -> dict[str, Any]:
    """Ground that nothing covers."""
    return {"gap": scoring.ground(subject.planted("gap"), found)}


def scored(score: Callable[[Subject, Any], dict[str, Any]]) -> Score:
    """Return a score by kind under the name that the page looks for."""
    return lambda subject, answer: {"scores": score(subject, answer)}


# What one would use instead -----------------------------------------------------------------------


def box_pairs(subject: Subject) -> np.ndarray:
    """Return the intersection of every two zones whose boxes meet, in two threads."""
    zones = subject.zones
    tree = shapely.STRtree(zones)

    def chunk(start: int) -> np.ndarray:
        i, j = tree.query(zones[start : start + CHUNK])
        i = i + start
        i, j = i[i < j], j[i < j]
        shared = shapely.intersection(zones[i], zones[j])
        return shared[shapely.area(shared) > 0]

    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(chunk, range(0, len(zones), CHUNK))))


def union_gaps(subject: Subject) -> np.ndarray:
    """Return the boundary without the union of all zones."""
    return np.array([shapely.difference(subject.boundary, shapely.union_all(subject.zones))])


def coverage_union_gaps(subject: Subject) -> np.ndarray:
    """Return the boundary without the coverage union, which takes it for granted that the zones are
    a valid coverage.
    """
    return np.array([shapely.difference(subject.boundary, shapely.coverage_union_all(subject.zones))])


def invalid_edges(gap_width_m: float) -> Work:
    """shapely.coverage_invalid_edges."""
    return lambda subject: shapely.coverage_invalid_edges(subject.zones, gap_width=gap_width_m)


def score_edges(subject: Subject, found: np.ndarray) -> dict[str, Any]:
    """Edges near planted overlaps and gaps."""
    anything = subject.planted("overlap", "gap", "outside", "duplicate", "invalid")
    return {kind: scoring.edges(subject.planted(kind), found, anything) for kind in ("overlap", "gap")}


def overlay(subject: Subject) -> np.ndarray:
    """geopandas.overlay of the layer with itself, every pair once."""
    layer = table(subject.zones)[["zone", "geometry"]]
    both = gpd.overlay(layer, layer, how="intersection", keep_geom_type=True)
    return np.asarray(both.geometry[both["zone_1"] < both["zone_2"]].values, dtype=object)


# --------------------------------------------------------------------------------------------------


def nothing(subject: Subject) -> None:
    """No work, or nothing to prepare."""


def unscored(subject: Subject, answer: Any) -> dict[str, Any]:
    """Whatever the work returned."""
    return dict(answer or {})


def cancel(subject: Subject) -> dict[str, Any]:
    """Return the check, cancelled at random moments: how long it takes to answer."""
    return cancelled_at_random(
        lambda progress: check_coverage(subject.plan, subject.boundary, Settings(TOLERANCE, progress=progress))
    )


ROWS = {
    "floor": Row(nothing, unscored, nothing),
    "check": Row(check, score_check, as_plan),
    "cover": Row(cover, score_cover, repaired),
    "overlaps": Row(overlaps, scored(score_overlaps), repaired),
    "gaps": Row(gaps, scored(score_gaps), repaired),
    "box pairs": Row(box_pairs, scored(score_overlaps), repaired),
    "union gaps": Row(union_gaps, scored(score_gaps), repaired),
    "coverage union gaps": Row(coverage_union_gaps, scored(score_gaps), repaired),
    "invalid edges": Row(invalid_edges(0.0), scored(score_edges), repaired),
    "invalid edges with gaps": Row(invalid_edges(GAP_WIDTH_M), scored(score_edges), repaired),
    "geopandas overlay": Row(overlay, scored(score_overlaps), repaired),
    "plain cover": Row(plain_cover, score_cover, repaired),
    "cancel": Row(cancel, unscored, as_plan),
}


def main() -> None:
    """Run one row."""
    name, layer, zone_count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    row, (stored,) = ROWS[name], prepare(layer, zone_count)
    zones, parse_s = stored.zones()
    subject = Subject(stored, zones, stored.boundary())
    del zones
    started = time.perf_counter()
    row.prepare(subject)
    prepared_s = time.perf_counter() - started
    started = time.perf_counter()
    answer = row.work(subject)
    seconds = parse_s if name == "floor" else time.perf_counter() - started
    measured = {"seconds": seconds, "parse_s": parse_s, "prepared_s": prepared_s, "peak_mib": peak_mib()}
    print(json.dumps({**measured, **row.score(subject, answer)}))


if __name__ == "__main__":
    main()
