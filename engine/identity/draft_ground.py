"""The ground of two drafts cut by each other: which piece was in which zone and is in which now.

Two PlanLayers in one projected CRS in metres go in. Each becomes ground that is covered once
(:class:`DraftGround`), so that areas add up; :func:`cut` gives every piece of either with its zone
in both, -1 where one of them has none there. Zones that both drafts draw alike, to the last digit,
are not cut at all. Raises Cancelled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..checks.pieces import DUST_M2
from ..codes import in_one_spelling
from ..plan import PlanLayer
from ..planar.closure import overlapping_pairs
from ..planar.edges import suspect_edges
from ..planar.overlay import ZonePairs, near_pairs, shared
from ..planar.polygons import EMPTY, polygonal
from ..planar.repair import repair
from ..planar.threads import in_order
from ..progress import Progress

NOWHERE = ""
"""The code of ground that one of the drafts does not cover."""
WITHOUT_CODE = "?"
THREADS = 2
ZONES_AT_ONCE = 500
PAIRS_AT_ONCE = 100_000
"""The ground of so many pairs is in memory at a time, but for that which changed its code."""
SAME_AREA = 1e-12


@dataclass(frozen=True)
class DraftGround:
    """The zones of a draft, each ground in one of them only; ``overlap_m2`` is what two of them had
    covered.
    """

    shapes: np.ndarray
    key: np.ndarray
    code: np.ndarray
    overlap_m2: float

    @classmethod
    def of(cls, plan: PlanLayer, shown: Mapping[str, str], progress: Progress) -> DraftGround:
        """Return the ground of a plan, repaired where its zones are invalid; ``shown``: one
        spelling for each code of both drafts.
        """
        zones = plan.zones
        shapes = polygonal(repair(np.asarray(zones.geometry.values, dtype=object))[0])
        shapes = np.where(shapely.is_missing(shapes), EMPTY, shapes)
        code = in_one_spelling(zones["code"], shown)
        code = np.where(code == NOWHERE, WITHOUT_CODE, code)
        once = _once(shapes, code, progress)
        overlap_m2 = float(shapely.area(shapes).sum() - shapely.area(once).sum())
        return cls(once, zones["key"].to_numpy(), code, overlap_m2)

    def codes(self, rows: pd.Series) -> np.ndarray:
        """Return the code of each zone, NOWHERE for -1."""
        return np.array([*self.code, NOWHERE], dtype=object)[rows.to_numpy()]

    def keys(self, rows: pd.Series) -> np.ndarray:
        """Return the key of each zone, "" for -1."""
        return np.array([*self.key, ""], dtype=object)[rows.to_numpy()]


def _once(shapes: np.ndarray, code: np.ndarray, progress: Progress) -> np.ndarray:
    """Return the zones, each ground in one of them only.

    What two zones cover goes to the code that comes first: not to the first feature, because the
    next draft has another order. Of equal codes the smaller zone has it, of equal sizes the one
    further west.
    """
    rank = np.empty(len(shapes), dtype=int)
    rank[np.lexsort((*shapely.bounds(shapes).T[::-1], shapely.area(shapes), code.astype(str)))] = np.arange(len(shapes))
    suspects = suspect_edges(shapes, progress.part(0.0, 0.4))
    tree = shapely.STRtree(shapes)
    i, j, both = overlapping_pairs(shapes, tree, suspects, progress.part(0.4, 1.0))
    some = shapely.area(both) > DUST_M2
    loser, winner = (np.where((rank[i] > rank[j]) == first, i, j)[some] for first in (True, False))
    made = shapes.copy()
    order = np.lexsort((winner, loser))
    for row, first in zip(loser[order].tolist(), winner[order].tolist()):
        made[row] = shapely.difference(made[row], shapes[first])
    return polygonal(made)


def cut(one: DraftGround, other: DraftGround, progress: Progress) -> pd.DataFrame:
    """Return every piece: ``i`` and ``j``, its zones in the two drafts (-1: none), ``area``, both
    codes, and its ``shape`` where they differ.
    """
    same_i, same_j = _drawn_alike(one.shapes, other.shapes)
    alike = (same_i, np.arange(len(one.shapes))), (same_j, np.arange(len(other.shapes)))
    rest_i, rest_j = (np.setdiff1d(every, same) for same, every in alike)
    here, there = one.shapes[rest_i], other.shapes[rest_j]
    near = near_pairs(here, there, progress.part(0.0, 0.1))
    differ = one.code[rest_i][near.i] != other.code[rest_j][near.j]
    common, area = _common(here, there, near, differ, progress.part(0.1, 0.7))
    met = area > 0
    i, j, common, area = near.i[met], near.j[met], common[met], area[met]
    known = (one.code[same_i] != other.code[same_j], one.shapes[same_i])
    rows = [
        {"i": same_i, "j": same_j, "shape": np.where(*known, EMPTY), "area": shapely.area(known[1])},
        {"i": rest_i[i], "j": rest_j[j], "shape": common, "area": area},
    ]
    sides = (("i", here, there, rest_i, (i, j), 0.7), ("j", there, here, rest_j, (j, i), 0.85))
    for side, mine, others, zones, pairs, start in sides:
        left = _left_over(mine, others, pairs, area, progress.part(start, start + 0.15))
        some = np.flatnonzero(shapely.area(left) > 0)
        nowhere = np.full(len(some), -1)
        rows.append(
            {"i": nowhere, "j": nowhere, "shape": left[some], "area": shapely.area(left[some]), side: zones[some]}
        )
    pieces = pd.DataFrame({name: np.concatenate([row[name] for row in rows]) for name in rows[0]})
    pieces["code_before"], pieces["code_after"] = one.codes(pieces["i"]), other.codes(pieces["j"])
    return pieces


def _common(
    here: np.ndarray, there: np.ndarray, near: ZonePairs, wanted: np.ndarray, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """(what each pair shares, its area); of pairs that are not ``wanted`` the area alone, which
    spares most of the memory.
    """
    shapes, area = np.full(len(near), EMPTY, dtype=object), np.zeros(len(near))
    starts = near.upper_zones()[0]
    turns = np.flatnonzero(np.r_[True, np.diff(starts // PAIRS_AT_ONCE) > 0]) if len(starts) else np.zeros(0, dtype=int)
    ends = np.r_[starts[turns], len(near)]
    for first, last in zip(ends[:-1].tolist(), ends[1:].tolist()):
        found = shared(
            here, there, near.where(np.arange(first, last)), progress.part(first / len(near), last / len(near))
        )
        area[first:last] = shapely.area(found)
        shapes[first:last] = np.where(wanted[first:last], found, EMPTY)
    return shapes, area


def _drawn_alike(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the zones with ground that both drafts have to the last digit; none of them meets any
    other zone of the other draft.
    """
    known = {digest: row for row, digest in enumerate(_digests(other))}
    pairs = [(row, known.pop(digest)) for row, digest in enumerate(_digests(one)) if digest in known]
    i, j = np.array(pairs, dtype=int).reshape(-1, 2).T
    solid = ~shapely.is_empty(one[i])
    return i[solid], j[solid]


def _digests(shapes: np.ndarray) -> Iterator[bytes]:
    for start in range(0, len(shapes), ZONES_AT_ONCE):
        for wkb in shapely.to_wkb(shapes[start : start + ZONES_AT_ONCE]).tolist():
            yield hashlib.blake2b(wkb, digest_size=16).digest()


def _left_over(
    ground: np.ndarray,
    others: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray],
    shared_m2: np.ndarray,
    progress: Progress,
) -> np.ndarray:
    """Return what of each zone the other draft does not cover. ``pairs``: the zone and the other
    draft's zone of each piece.
    """
    left, (owner, partner) = ground.copy(), pairs
    share = np.bincount(owner, weights=shared_m2, minlength=len(ground))
    area = shapely.area(ground)
    whole = share >= area - np.maximum(DUST_M2, SAME_AREA * area)
    left[whole] = EMPTY
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(ground) + 1))
    open_ground = np.flatnonzero(~whole & (share > 0))
    chunks = [open_ground[start : start + ZONES_AT_ONCE] for start in range(0, len(open_ground), ZONES_AT_ONCE)]

    def rest_of(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rest = []
        for row in rows.tolist():
            near = others[partner[order[starts[row] : starts[row + 1]]]]
            rest.append(
                shapely.difference(ground[row], shapely.union_all(polygonal(shapely.intersection(near, ground[row]))))
            )
        return rows, np.array(rest, dtype=object)

    for done, (rows, rest) in enumerate(in_order(rest_of, chunks, THREADS, progress), 1):
        left[rows] = rest
        progress.step(done / len(chunks))
    return polygonal(left)
