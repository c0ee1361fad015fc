"""Measuring the match of two drafts of the demo against the truth: which finding lies on which planted place."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.identity.matching import Matching
from planconcord.engine.plan import PlanLayer
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.tolerance import Tolerance

UPPER_SCALE = 50_000
PROVINCIAL = "quy_hoach_tinh"


def draft_file(folder: Path, source: str, draft: int) -> Path:
    """Where a draft of a district's plan lies; draft 1 is the plan of the demo."""
    return folder / (f"{source}.gpkg" if draft == 1 else f"{source}_lan{draft}.gpkg")


def plan_of(table: gpd.GeoDataFrame, plan_id: str) -> PlanLayer:
    """A draft without its keys: a new office has numbered its zones anew."""
    return PlanLayer.from_frame(table, plan_id, "", "ma_dat", fids=list(range(1, len(table) + 1)))


def coverage_of(table: gpd.GeoDataFrame, plan_id: str, scale: float, boundary: shapely.Geometry) -> gpd.GeoDataFrame:
    """What checkcoverage finds in a draft."""
    settings = Settings(Tolerance.from_scale(scale), "en")
    return check_coverage(plan_of(table, plan_id), boundary, settings).findings


def conformity_of(table: gpd.GeoDataFrame, plan_id: str, upper: PlanLayer) -> gpd.GeoDataFrame:
    """What checkconformity finds in a draft."""
    settings = Settings(Tolerance.from_scale(UPPER_SCALE), "en")
    return check_conformity(plan_of(table, plan_id), upper, read_ruleset(None), settings).findings


def upper_plan(folder: Path) -> PlanLayer:
    """The provincial plan of the demo."""
    table = pyogrio.read_dataframe(folder / f"{PROVINCIAL}.gpkg")
    return PlanLayer.from_frame(table, PROVINCIAL, "ma_vung", "ma_khu")


def drawn_anew(table: gpd.GeoDataFrame, sigma_m: float, seed: int) -> gpd.GeoDataFrame:
    """Every zone with errors of its own, so that no border is shared any more."""
    random = np.random.default_rng(seed)
    shapes = np.array(table.geometry.values, dtype=object)
    moved = []
    for shape in shapes:
        if shape is None:
            moved.append(None)
            continue
        parts = []
        for part in shapely.get_parts(shape):
            rings = [shapely.get_coordinates(ring)[:-1] for ring in (part.exterior, *part.interiors)]
            rings = [ring + random.normal(0.0, sigma_m, ring.shape) for ring in rings]
            parts.append(shapely.Polygon(rings[0], rings[1:]))
        moved.append(shapely.MultiPolygon(parts))
    return table.set_geometry(gpd.GeoSeries(moved, index=table.index, crs=table.crs))


def places_of(findings: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> np.ndarray:
    """The name of the place on which each finding mostly lies, "" for one that lies on none; findings wider than the tolerance."""
    made = np.full(len(findings), "", dtype=object)
    real = np.flatnonzero((findings["severity"] != "info").to_numpy())
    truth = truth[truth.geometry.notna() & ~truth["noise"].astype(bool)]
    shapes, grounds = findings.geometry.to_numpy(), truth.geometry.to_numpy()
    i, j = shapely.STRtree(grounds).query(shapes[real], predicate="intersects")
    i = real[i]
    same = findings["rule"].to_numpy()[i] == truth["rule"].to_numpy()[j]
    i, j = i[same], j[same]
    shared = shapely.area(shapely.intersection(shapes[i], grounds[j]))
    share = shared / np.maximum(shapely.area(shapes[i]), shapely.area(grounds[j]))
    order = np.argsort(share, kind="stable")
    order = order[share[order] > 0.5]
    made[i[order]] = truth["defect_id"].to_numpy()[j[order]]
    return made


@dataclass
class Score:
    """Pairs that the truth has, pairs that were made, pairs that are both; and findings that nobody planted."""

    true: int = 0
    made: int = 0
    right: int = 0
    unplanted: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(*(a + b for a, b in zip(astuple(self), astuple(other))))

    @property
    def precision(self) -> float:
        return self.right / self.made

    @property
    def recall(self) -> float:
        return self.right / self.true


def score(before: np.ndarray, after: np.ndarray, matching: Matching) -> Score:
    """How a matching agrees with the places on which the findings of both drafts lie."""
    known = {place: index for index, place in enumerate(before) if place}
    names = pd.Series([place for place in after if place])
    assert not names.duplicated().any(), "two findings on one place"
    result = Score(unplanted=int((after == "").sum()))
    for index, place in enumerate(after):
        partner = matching.continues[index]
        if not place and (partner < 0 or not before[partner]):
            continue
        expected = known.get(place, -1) if place else -1
        result.true += expected >= 0
        result.made += partner >= 0
        result.right += expected >= 0 and partner == expected
    return result
