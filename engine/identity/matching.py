"""Which finding of a set continues which of an earlier set: one to one, best first.

Two GeoDataFrames of findings in the same CRS (metres) go in, with indexes 0 to n - 1; pairs of
indexes come out, and which further findings took over ground of a pair (splits, merges). A pair is
possible between findings of one rule about the same plans whose outlines overlap by at least
LEAST_SHARE of the smaller one, or that lie apart by no more than the tolerance's width and agree in
their codes; where a finding is known by its name (:mod:`.naming`), between findings of one name,
and ground plays no part. Every possible pair has a score, see :func:`possible_pairs`; the best is
taken, then the best of what is left, and so on. Nothing depends on the order of the features: equal
scores are decided by ids. Nothing here fails on findings with valid outlines.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from ..codes import folded
from ..planar.threads import in_order
from ..progress import Progress
from .naming import kinds, known_by_name, names, placeless

LEAST_SHARE = 0.1
"""Of the smaller outline: neighbours that were drawn again touch in slivers, and are not the same
finding.
"""
LEAST_SHARE_OF_NOISE = 0.5
"""Of both outlines together, between noise and a real finding: all slivers along a zone are one
finding, which is another one.
"""
CODES_WEIGHT, ZONES_WEIGHT, DISTANCE_WEIGHT = 0.1, 0.05, 0.04
OVERLAPPING = 1.0
"""Whatever overlaps comes before whatever lies apart."""
PAIRS_AT_ONCE = 2000
THREADS = 2


@dataclass(frozen=True)
class CandidateMatches:
    """Possible pairs: indexes into the previous and the current findings, how much they share, and
    their scores.
    """

    previous: np.ndarray
    current: np.ndarray
    shared_m2: np.ndarray
    score: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def where(self, chosen: np.ndarray) -> CandidateMatches:
        """Return the pairs that a mask, or numbers in their order, choose."""
        return CandidateMatches(self.previous[chosen], self.current[chosen], self.shared_m2[chosen], self.score[chosen])


@dataclass(frozen=True)
class Matching:
    """``continues``: for each current finding the previous one, -1 for none; ``continued_by`` the
    other way round.

    ``split_from``: by current finding, the previous ones of which it has a part too without
    continuing them. ``merged_into``: by previous finding, the current ones that continue another
    one and have ground of this one too.
    """

    continues: np.ndarray
    continued_by: np.ndarray
    shared_m2: np.ndarray
    split_from: dict[int, list[int]]
    merged_into: dict[int, list[int]]


def match(
    previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, width_m: float, progress: Progress | None = None
) -> Matching:
    """Return the findings of ``current`` that continue one of ``previous``; those that were
    resolved come after those that were not.
    """
    progress = progress or Progress()
    possible = possible_pairs(previous, current, width_m, progress)
    live = previous["status"].to_numpy() != "resolved"
    continues, continued_by = np.full(len(current), -1), np.full(len(previous), -1)
    ids = (previous["finding_id"].to_numpy(), current["finding_id"].to_numpy())
    for stage in (live, ~live):
        some = possible.where(stage[possible.previous])
        best_first(some.where(_ranked(some, *ids)), continues, continued_by)
    return _told(possible, continues, continued_by, live)


def _told(possible: CandidateMatches, continues: np.ndarray, continued_by: np.ndarray, live: np.ndarray) -> Matching:
    """Return the chosen pairs, and what the others that overlap say of splits and merges."""
    chosen = continues[possible.current] == possible.previous
    shared_m2 = np.zeros(len(continues))
    shared_m2[possible.current[chosen]] = possible.shared_m2[chosen]
    split_from: dict[int, list[int]] = {}
    merged_into: dict[int, list[int]] = {}
    further = ~chosen & (possible.shared_m2 > 0)
    for p, c in sorted(zip(possible.previous[further].tolist(), possible.current[further].tolist())):
        if live[p] or continued_by[p] >= 0:
            split_from.setdefault(c, []).append(p)
        if continues[c] >= 0:
            merged_into.setdefault(p, []).append(c)
    return Matching(continues, continued_by, shared_m2, split_from, merged_into)


def best_first(ranked: CandidateMatches, continues: np.ndarray, continued_by: np.ndarray) -> None:
    """Take pairs in their order while both of their findings are free; fills the two arrays."""
    for p, c in zip(ranked.previous.tolist(), ranked.current.tolist()):
        if continued_by[p] < 0 and continues[c] < 0:
            continued_by[p], continues[c] = c, p


def _ranked(pairs: CandidateMatches, previous_ids: np.ndarray, current_ids: np.ndarray) -> np.ndarray:
    """Return the order of the pairs: highest score first, equal ones by their ids."""
    return np.lexsort(
        (current_ids[pairs.current].astype(str), previous_ids[pairs.previous].astype(str), -np.round(pairs.score, 9))
    )


def possible_pairs(
    previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, width_m: float, progress: Progress
) -> CandidateMatches:
    """Return every possible pair with its score.

    Overlapping: 1 + shared area / area of both together + 0.1 x codes + 0.05 x zones. Apart: 0.1 x
    codes + 0.05 x zones - 0.04 x distance / tolerance. Of one name: 1 + 0.1 x codes. Codes and
    zones: the share of the two that agree, whichever is a and whichever is b.
    """
    before, after = np.asarray(previous.geometry.values), np.asarray(current.geometry.values)
    named = known_by_name(previous), known_by_name(current)
    p, c = _near(before, after, width_m, progress.part(0.0, 0.3))
    same = (kinds(previous)[p] == kinds(current)[c]) & ~named[0][p] & ~named[1][c]
    p, c = p[same], c[same]
    shared_m2 = _shared_areas(before, after, p, c, progress.part(0.3, 0.9))
    area_p, area_c = shapely.area(before)[p], shapely.area(after)[c]
    union_m2 = area_p + area_c - shared_m2
    noise = (previous["severity"].to_numpy()[p] == "info") != (current["severity"].to_numpy()[c] == "info")
    overlaps = shared_m2 > np.where(noise, LEAST_SHARE_OF_NOISE * union_m2, LEAST_SHARE * np.minimum(area_p, area_c))
    codes, zones = _agreeing(previous, current, "code", p, c), _agreeing(previous, current, "zone", p, c)
    apart_m = np.full(len(p), np.inf)
    candidates = np.flatnonzero(~overlaps & ~noise & (codes == 1.0))
    apart_m[candidates] = shapely.distance(before[p[candidates]], after[c[candidates]])
    likeness = CODES_WEIGHT * codes + ZONES_WEIGHT * zones
    score = np.where(
        overlaps,
        OVERLAPPING + likeness + shared_m2 / np.where(union_m2 > 0, union_m2, 1.0),
        likeness - DISTANCE_WEIGHT * np.where(np.isfinite(apart_m), apart_m, 0.0) / max(width_m, 1e-9),
    )
    kept = overlaps | (apart_m <= width_m)
    placed = CandidateMatches(p, c, np.where(overlaps, shared_m2, 0.0), score).where(kept)
    return _and_those_known_by_name(placed, previous, current, named, progress.part(0.9, 1.0))


def _and_those_known_by_name(
    placed: CandidateMatches,
    previous: gpd.GeoDataFrame,
    current: gpd.GeoDataFrame,
    named: tuple[np.ndarray, np.ndarray],
    progress: Progress,
) -> CandidateMatches:
    """Return the pairs, and those of findings whose ground says nothing of them: one name is one
    finding, whatever it covers.
    """
    p, c = _of_one_name(previous, current, named)
    before, after = np.asarray(previous.geometry.values), np.asarray(current.geometry.values)
    shared_m2 = np.zeros(len(p))
    grounded = np.flatnonzero(~placeless(current)[c])
    shared_m2[grounded] = _shared_areas(before, after, p[grounded], c[grounded], progress)
    score = OVERLAPPING + CODES_WEIGHT * _agreeing(previous, current, "code", p, c)
    return CandidateMatches(
        np.r_[placed.previous, p],
        np.r_[placed.current, c],
        np.r_[placed.shared_m2, shared_m2],
        np.r_[placed.score, score],
    )


def _of_one_name(
    previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, named: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return (previous, current) of every two findings that are known by one name."""
    rows: dict[str, list[int]] = {}
    for row, name in zip(np.flatnonzero(named[0]).tolist(), names(previous)[named[0]]):
        rows.setdefault(name, []).append(row)
    here = zip(np.flatnonzero(named[1]).tolist(), names(current)[named[1]])
    pairs = [(row, c) for c, name in here for row in rows.get(name, ())]
    p, c = np.array(pairs, dtype=int).reshape(-1, 2).T
    return p, c


def _near(before: np.ndarray, after: np.ndarray, width_m: float, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose boxes come within the tolerance of each other."""
    if not len(before) or not len(after):
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    tree = shapely.STRtree(before)
    west, south, east, north = shapely.bounds(after).T
    boxes = shapely.box(west - width_m, south - width_m, east + width_m, north + width_m)
    progress.checkpoint()
    c, p = tree.query(boxes)
    progress.step(1.0)
    return p, c


def _agreeing(
    previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, column: str, p: np.ndarray, c: np.ndarray
) -> np.ndarray:
    """Return the share of the two codes (or zones) in which the pairs agree: 0, 0.5 or 1; straight
    or crosswise, whichever is more.
    """
    told = folded if column == "code" else np.asarray
    a, b = (told(previous[f"{column}_{side}"].to_numpy()[p]) for side in "ab")
    x, y = (told(current[f"{column}_{side}"].to_numpy()[c]) for side in "ab")
    straight = (a == x).astype(float) + (b == y)
    crosswise = (a == y).astype(float) + (b == x)
    return np.asarray(np.maximum(straight, crosswise) / 2.0, dtype=float)


def _shared_areas(
    before: np.ndarray, after: np.ndarray, p: np.ndarray, c: np.ndarray, progress: Progress
) -> np.ndarray:
    """Return the area in m² that each pair has in common."""
    made = np.zeros(len(p))
    chunks = [slice(start, start + PAIRS_AT_ONCE) for start in range(0, len(p), PAIRS_AT_ONCE)]

    def shared(some: slice) -> tuple[slice, np.ndarray]:
        return some, shapely.area(shapely.intersection(before[p[some]], after[c[some]]))

    for some, found in in_order(shared, chunks, THREADS, progress):
        made[some] = found
        progress.step(some.stop / max(len(p), 1))
    return made
