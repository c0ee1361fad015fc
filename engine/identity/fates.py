"""What became of each finding from one set to the next: new, persisting, changed, reopened or
resolved, and in which way.

Goes in: two sets of findings in one CRS (metres), their matching, the tolerance. Comes out: a word
for each finding and the ways in which a pair differs. "Grown" is ground that the earlier one did
not have, wider than the tolerance; "shrunk" the reverse; both together are "moved"; what has no
place of its own does neither. What is within the tolerance has not changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from ..amounts import area_text
from ..catalogue import text
from ..checks.pieces import DUST_M2, sort_out
from ..codes import folded
from ..planar.threads import in_order
from ..progress import Progress
from ..tolerance import Tolerance
from .matching import Matching
from .naming import placeless

NEW, PERSISTING, CHANGED, REOPENED, RESOLVED = FATES = ("new", "persisting", "changed", "reopened", "resolved")
WAYS = ("grown", "shrunk", "moved", "codes", "severity", "figures")
UNASSESSED, OUTSIDE = "unassessed", "outside"
"""Of previous findings only, where a run was not whole: what it could not look for, and what it was
not asked to look for.
"""
LAPSING = ("grown", "moved", "codes", "severity", "figures")
"""A waiver was given for less than this."""
FINDINGS_AT_ONCE = 500
THREADS = 2
ROUNDING_HA = 0.01
"""Declared areas are given in hectares with two decimals."""


@dataclass(frozen=True)
class Fates:
    """``current``: the fate of each current finding; ``previous``: "resolved" for what no finding
    continues, else "".

    ``ways``: by current finding, in which ways it differs from the one that it continues.
    """

    current: np.ndarray
    previous: np.ndarray
    ways: dict[int, list[str]]


def fates(
    previous: gpd.GeoDataFrame,
    current: gpd.GeoDataFrame,
    matching: Matching,
    tolerance: Tolerance,
    progress: Progress | None = None,
) -> Fates:
    """Return the fate of every finding of both sets."""
    c = np.flatnonzero(matching.continues >= 0)
    ways = _ways(previous, current, c, matching, tolerance, progress or Progress())
    told = np.full(len(current), NEW, dtype=object)
    resolved = previous["status"].to_numpy() == "resolved"
    for index in c.tolist():
        told[index] = CHANGED if index in ways else PERSISTING
        if resolved[matching.continues[index]]:
            told[index] = REOPENED
    gone = np.where((matching.continued_by < 0) & ~resolved, RESOLVED, "").astype(object)
    return Fates(told, gone, ways)


def _ways(
    previous: gpd.GeoDataFrame,
    current: gpd.GeoDataFrame,
    c: np.ndarray,
    matching: Matching,
    tolerance: Tolerance,
    progress: Progress,
) -> dict[int, list[str]]:
    p = matching.continues[c]
    before, after = np.asarray(previous.geometry.values)[p], np.asarray(current.geometry.values)[c]
    shared_m2, somewhere = matching.shared_m2[c], ~placeless(current)[c]
    more = somewhere & _differs(after, before, shared_m2, tolerance, progress.part(0.0, 0.5))
    less = somewhere & _differs(before, after, shared_m2, tolerance, progress.part(0.5, 1.0))
    true = {
        "grown": more & ~less,
        "shrunk": less & ~more,
        "moved": more & less,
        "codes": ~_same_codes(previous, current, p, c),
        "severity": previous["severity"].to_numpy()[p] != current["severity"].to_numpy()[c],
        "figures": _worse_figures(previous, current, p, c),
    }
    ways: dict[int, list[str]] = {}
    for way in WAYS:
        for index in c[true[way]].tolist():
            ways.setdefault(index, []).append(way)
    return ways


def _differs(
    one: np.ndarray, other: np.ndarray, shared_m2: np.ndarray, tolerance: Tolerance, progress: Progress
) -> np.ndarray:
    """Return whether ``one`` has ground that ``other`` has not, wider than the tolerance."""
    made = np.zeros(len(one), dtype=bool)
    some = np.flatnonzero(shapely.area(one) - shared_m2 > max(DUST_M2, tolerance.area_m2))
    chunks = [some[start : start + FINDINGS_AT_ONCE] for start in range(0, len(some), FINDINGS_AT_ONCE)]

    def wide(rows: np.ndarray) -> np.ndarray:
        pieces = sort_out(shapely.difference(one[rows], other[rows]), tolerance)
        found: np.ndarray = rows[pieces.source[pieces.real]]
        return found

    for done, rows in enumerate(in_order(wide, chunks, THREADS, progress), 1):
        made[rows] = True
        progress.step(done / len(chunks))
    return made


def _same_codes(previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, p: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return whether the two codes and the verdict are the same, whichever zone is a and whichever
    is b.
    """
    a, b = (folded(previous[name].to_numpy()[p]) for name in ("code_a", "code_b"))
    x, y = (folded(current[name].to_numpy()[c]) for name in ("code_a", "code_b"))
    verdict, now = previous["verdict"].to_numpy()[p], current["verdict"].to_numpy()[c]
    return np.asarray((((a == x) & (b == y)) | ((a == y) & (b == x))) & (verdict == now), dtype=bool)


def _worse_figures(previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, p: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return whether a difference between declared and measured hectares is another one now."""
    before, now = previous["difference_ha"].to_numpy()[p], current["difference_ha"].to_numpy()[c]
    return np.asarray(np.abs(np.nan_to_num(now) - np.nan_to_num(before)) > ROUNDING_HA, dtype=bool)


def detail(
    index: int, previous: gpd.GeoDataFrame, current: gpd.GeoDataFrame, matching: Matching, made: Fates, language: str
) -> str:
    """In words, how a current finding differs from the one it continues, and of which others it has
    a part.
    """
    words = []
    if index in made.ways:
        before, now = previous.iloc[matching.continues[index]], current.iloc[index]
        values = {
            "before": area_text(before["area_m2"], language),
            "now": area_text(now["area_m2"], language),
            "codes_before": codes_text(before),
            "codes_now": codes_text(now),
        }
        words = [text(f"identity.way.{way}", language, **values) for way in made.ways[index]]
    others = previous["finding_id"].to_numpy()[matching.split_from.get(index, [])]
    if len(others):
        key = "identity.takes_in" if matching.continues[index] >= 0 else "identity.split_from"
        words.append(text(key, language, findings=", ".join(others)))
    return "; ".join(words)


def gone_detail(index: int, current_ids: np.ndarray, matching: Matching, language: str) -> str:
    """In words, which findings have taken over the ground of a previous finding that is not
    continued.
    """
    others = current_ids[matching.merged_into.get(index, [])]
    return text("identity.merged_into", language, findings=", ".join(others)) if len(others) else ""


def codes_text(row: object) -> str:
    """Return the codes of a finding as one text."""
    codes = [row["code_a"] or "–", row["code_b"]]  # type: ignore[index]
    return " / ".join(code for code in codes if code)
