"""One row on two plans, alone in its process: `conformity_rows.py ROW KIND ZONES` prints one line
of JSON.

Like rows.py: the WKB of both layers is read, the row prepares what it needs, and only its work is
timed; ``peak_mib`` is the largest resident memory up to the end of the work. Then the areas that it
found are compared with ours, pair of zones by pair of zones (agreement.py). Our rows take the
layers as they are, invalid zones included; so does geopandas, which repairs by itself. DuckDB gets
them repaired. ROWS lists what there is.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Optional

import duckdb_spatial
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from agreement import PairAreas, compare, worst
from layers import CODES, prepare, table
from planconcord.engine.checks import preparation
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.settings import Settings
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar.edges import suspect_edges
from planconcord.engine.planar.overlay import ZonePairs, near_pairs, shared, shared_areas
from planconcord.engine.planar.overlay_uncovered import uncovered
from planconcord.engine.progress import Progress
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.rulesets.ruleset import RuleSet
from planconcord.engine.tolerance import Tolerance
from two_plans import WORDS, write_verdicts
from watching import peak_mib

TOLERANCE = Tolerance(5.0)
ALL_PAIRS = """SELECT lower.place AS i, upper.place AS j, ST_Area(ST_Intersection(lower.geom, upper.geom)) AS m2
FROM lower JOIN upper ON ST_Intersects(lower.geom, upper.geom)"""


@dataclass
class Subject:
    """What a row works on: the zones of both plans, and what the row made of them beforehand."""

    lower: np.ndarray
    upper: np.ndarray
    rules: RuleSet
    plans: tuple[PlanLayer, ...] = ()
    frames: tuple[gpd.GeoDataFrame, ...] = ()
    database: Optional[Any] = field(default=None)


def rule_set() -> RuleSet:
    """Return the rule set of two_plans.py, read as a user's would be."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "verdicts.csv"
        write_verdicts(CODES, path)
        return read_ruleset(path)


# Plan Concord -------------------------------------------------------------------------------------


def as_plans(subject: Subject) -> None:
    """Both layers as a check takes them."""
    layers = ((subject.lower, "lower"), (subject.upper, "upper"))
    subject.plans = tuple(PlanLayer.from_frame(table(zones), name, "zone", "code") for zones, name in layers)


def overlay(subject: Subject) -> PairAreas:
    """Return the pieces that a check cuts: repair, verdicts, and the reported pairs clipped."""
    return _pieces(*_near(subject))


def with_open_ground(subject: Subject) -> PairAreas:
    """Return the same, and what the upper plan leaves open."""
    below, above, near, reported = _near(subject)
    found = _pieces(below, above, near, reported)
    uncovered(below.polygons, suspect_edges(above.polygons, Progress()), above.polygons, near, Progress())
    return found


def _near(subject: Subject) -> tuple[preparation.PreparedZones, preparation.PreparedZones, ZonePairs, ZonePairs]:
    """(lower plan, upper plan, the pairs whose boxes meet, those of them that are reported)."""
    below, above = (preparation.prepare(plan) for plan in subject.plans)
    near = near_pairs(below.polygons, above.polygons, Progress())
    answers = subject.rules.answers(above.column("code"), below.column("code"), near.j, near.i)
    return below, above, near, near.where(answers.among((*WORDS, "unlisted")))


def _pieces(
    below: preparation.PreparedZones, above: preparation.PreparedZones, _: ZonePairs, pairs: ZonePairs
) -> PairAreas:
    pieces = shared(below.polygons, above.polygons, pairs, Progress())
    return PairAreas(below.row[pairs.i], above.row[pairs.j], shapely.area(pieces))


def cross_table(subject: Subject) -> PairAreas:
    """Return the areas of all pairs, whatever the verdict, and their sums by code."""
    below, above = (preparation.prepare(plan) for plan in subject.plans)
    near = near_pairs(below.polygons, above.polygons, Progress())
    area_m2 = shared_areas(below.polygons, above.polygons, near, Progress())
    codes = {"upper": above.column("code")[near.j], "lower": below.column("code")[near.i]}
    pd.DataFrame({**codes, "m2": area_m2}).groupby(["upper", "lower"])["m2"].sum()
    return PairAreas(below.row[near.i], above.row[near.j], area_m2)


def check(subject: Subject) -> gpd.GeoDataFrame:
    """Return the whole check: widths, noise, messages and measures of every finding, and what the
    lower plan does not carry out.
    """
    return check_conformity(*subject.plans, subject.rules, Settings(TOLERANCE)).findings


def score_check(subject: Subject, findings: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return how many findings, and whether the areas they tell are those of the pieces."""
    return {"pieces": len(findings), "agreement": compare(overlay(subject), told(findings))}


def told(findings: pd.DataFrame) -> PairAreas:
    """Return the areas that findings of a conflict or a condition tell."""
    some = findings[findings["verdict"].isin(WORDS)]
    zones = (some[name].astype(np.int64).to_numpy() - 1 for name in ("zone_a", "zone_b"))
    return PairAreas(*zones, some["area_m2"].to_numpy(float))


def count(subject: Subject, found: PairAreas) -> dict[str, Any]:
    """Return how many pieces there are."""
    return {"pieces": int((found.area_m2 > 0).sum())}


# What one would use instead -----------------------------------------------------------------------


def as_frames(subject: Subject) -> None:
    """Both layers as geopandas takes them."""
    subject.frames = (table(subject.lower), table(subject.upper))


def geopandas_overlay(subject: Subject) -> PairAreas:
    """geopandas.overlay as its manual shows it."""
    made = gpd.overlay(*subject.frames, how="intersection", keep_geom_type=True)
    zones = (made[name].to_numpy() - 1 for name in ("zone_1", "zone_2"))
    return PairAreas(*zones, made.geometry.area.to_numpy())


def geopandas_answers(subject: Subject) -> pd.DataFrame:
    """Return what the findings tell, by geopandas: overlay, verdicts, then area and width of each
    reported piece, and the open ground.
    """
    lower, upper = subject.frames
    made = gpd.overlay(lower, upper, how="intersection", keep_geom_type=True)
    answers = subject.rules.answers(made["code_2"].to_numpy(), made["code_1"].to_numpy())
    reported = answers.among((*WORDS, "unlisted"))
    pieces = made[reported].explode(index_parts=False)
    circles = shapely.maximum_inscribed_circle(
        pieces.geometry.values
    )  # to a thousandth of the box, as it does by itself
    beyond = gpd.overlay(lower, upper, how="difference", keep_geom_type=True)
    columns = {"zone_a": pieces["zone_1"], "zone_b": pieces["zone_2"], "area_m2": pieces.geometry.area}
    open_ground = pd.DataFrame({"zone_a": beyond["zone"], "zone_b": 0, "area_m2": beyond.geometry.area, "width_m": 0.0})
    return pd.concat([pd.DataFrame({**columns, "width_m": 2.0 * shapely.length(circles)}), open_ground])


def as_tables(subject: Subject) -> None:
    """Both layers as tables of DuckDB."""
    subject.database = duckdb_spatial.connect()
    for name, zones in (("lower", subject.lower), ("upper", subject.upper)):
        usable = np.where(shapely.is_valid(zones), zones, shapely.make_valid(zones))
        written = pd.DataFrame({"place": np.arange(len(zones)), "wkb": shapely.to_wkb(usable)})
        subject.database.register("written", written)
        subject.database.execute(f"CREATE TABLE {name} AS SELECT place, ST_GeomFromWKB(wkb) AS geom FROM written")
        subject.database.unregister("written")


def duckdb_overlay(subject: Subject) -> PairAreas:
    """Return a join in SQL; areas only, no pieces are kept."""
    assert subject.database
    made = subject.database.execute(ALL_PAIRS).fetchnumpy()
    return PairAreas(made["i"], made["j"], made["m2"])


def score_all(subject: Subject, theirs: PairAreas) -> dict[str, Any]:
    """Theirs beside our cross table, and their share of the reported pairs beside our pieces."""
    as_plans(subject)
    return {**count(subject, theirs), "agreement": against_ours(subject, theirs)}


def against_ours(subject: Subject, theirs: PairAreas) -> dict[str, Any]:
    """Return the worse of two comparisons: all pairs, and the reported ones."""
    lower_code, upper_code = (plan.zones["code"].to_numpy() for plan in subject.plans)
    reported = subject.rules.answers(upper_code, lower_code, theirs.j, theirs.i).among(WORDS)
    return worst(compare(overlay(subject), theirs.where(reported)), compare(cross_table(subject), theirs))


# --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """``prepare`` is not timed, ``work`` is, ``score`` looks at what the work returned."""

    prepare: Callable[[Subject], None]
    work: Callable[[Subject], Any]
    score: Callable[[Subject, Any], dict[str, Any]]


ROWS = {
    "overlay": Row(as_plans, overlay, count),
    "overlay and open ground": Row(as_plans, with_open_ground, count),
    "cross table": Row(as_plans, cross_table, count),
    "check": Row(as_plans, check, score_check),
    "geopandas overlay": Row(as_frames, geopandas_overlay, score_all),
    "geopandas answers": Row(as_frames, geopandas_answers, lambda _, answers: {"pieces": len(answers)}),
    "duckdb": Row(as_tables, duckdb_overlay, score_all),
}


def subject_of(kind: str, zone_count: int) -> tuple[Subject, float]:
    """(both plans, the seconds that shapely.from_wkb took for them)."""
    (lower, lower_s), (upper, upper_s) = (stored.zones() for stored in prepare(kind, zone_count))
    return Subject(lower, upper, rule_set()), lower_s + upper_s


def main() -> None:
    """Run one row."""
    row = ROWS[sys.argv[1]]
    subject, parse_s = subject_of(sys.argv[2], int(sys.argv[3]))
    row.prepare(subject)
    started = time.perf_counter()
    answer = row.work(subject)
    measured = {"seconds": time.perf_counter() - started, "parse_s": parse_s, "peak_mib": peak_mib()}
    print(json.dumps({**measured, **row.score(subject, answer)}))


if __name__ == "__main__":
    main()
