"""The ground of two drafts cut by each other: which piece was in which zone and is in which now.

Two PlanLayers in one projected CRS in metres go in. Each becomes ground that is covered once (:class:`DraftGround`), so that areas add up;
:func:`cut` gives every piece of either with its zone in both, -1 where one of them has none there. Zones that both drafts draw alike,
to the last digit, are not cut at all. Raises Cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..checks.pieces import DUST_M2
from ..plan import PlanLayer
from ..planar.closure import overlapping_pairs
from ..planar.edges import suspect_edges
from ..planar.overlay import near_pairs, shared
from ..planar.polygons import EMPTY, polygonal
from ..planar.repair import repair
from ..planar.threads import in_order
from ..progress import Progress

NOWHERE = ""
"""The code of ground that one of the drafts does not cover."""
WITHOUT_CODE = "?"
THREADS = 2
ZONES_AT_ONCE = 500
SAME_AREA = 1e-12


@dataclass(frozen=True)
class DraftGround:
    """The zones of a draft, each ground in one of them only; ``overlap_m2`` is what two of them had covered."""

    shapes: np.ndarray
    key: np.ndarray
    code: np.ndarray
    overlap_m2: float

    @classmethod
    def of(cls, plan: PlanLayer, progress: Progress) -> DraftGround:
        """The ground of a plan, repaired where its zones are invalid."""
        zones = plan.zones
        shapes = polygonal(repair(np.asarray(zones.geometry.values, dtype=object))[0])
        shapes = np.where(shapely.is_missing(shapes), EMPTY, shapes)
        code = np.where(zones["code"].to_numpy() == NOWHERE, WITHOUT_CODE, zones["code"].to_numpy())
        once = _once(shapes, code, progress)
        overlap_m2 = float(shapely.area(shapes).sum() - shapely.area(once).sum())
        return cls(once, zones["key"].to_numpy(), code, overlap_m2)

    def codes(self, rows: pd.Series) -> np.ndarray:
        """The code of each zone, NOWHERE for -1."""
        return np.array([*self.code, NOWHERE], dtype=object)[rows.to_numpy()]

    def keys(self, rows: pd.Series) -> np.ndarray:
        """The key of each zone, "" for -1."""
        return np.array([*self.key, ""], dtype=object)[rows.to_numpy()]


def _once(shapes: np.ndarray, code: np.ndarray, progress: Progress) -> np.ndarray:
    """The zones, each ground in one of them only.

    What two zones cover goes to the code that comes first: not to the first feature, because the next draft has another order.
    """
    rank = np.empty(len(shapes), dtype=int)
    rank[np.lexsort((shapely.area(shapes), code.astype(str)))] = np.arange(len(shapes))
    suspects = suspect_edges(shapes, progress.part(0.0, 0.4)).owner
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
    """Every piece: ``i`` and ``j``, its zones in the two drafts (-1: none), ``shape``, ``area``, and both codes."""
    same_i, same_j = _drawn_alike(one.shapes, other.shapes)
    rest_i, rest_j = (
        np.setdiff1d(np.arange(len(all_)), same) for all_, same in ((one.shapes, same_i), (other.shapes, same_j))
    )
    here, there = one.shapes[rest_i], other.shapes[rest_j]
    near = near_pairs(here, there, progress.part(0.0, 0.1))
    common = shared(here, there, near, progress.part(0.1, 0.7))
    kept = shapely.area(common) > 0
    i, j, common = near.i[kept], near.j[kept], common[kept]
    rows = [
        pd.DataFrame({"i": same_i, "j": same_j, "shape": one.shapes[same_i]}),
        pd.DataFrame({"i": rest_i[i], "j": rest_j[j], "shape": common}),
    ]
    for side, mine, zones, owner, start in (("i", here, rest_i, i, 0.7), ("j", there, rest_j, j, 0.85)):
        left = _left_over(mine, owner, common, progress.part(start, start + 0.15))
        some = np.flatnonzero(shapely.area(left) > 0)
        rows.append(pd.DataFrame({"i": -1, "j": -1, "shape": left[some]}).assign(**{side: zones[some]}))
    pieces = pd.concat([table for table in rows if len(table)] or rows[:1], ignore_index=True)
    pieces["area"] = shapely.area(pieces["shape"].to_numpy())
    pieces["code_before"], pieces["code_after"] = one.codes(pieces["i"]), other.codes(pieces["j"])
    return pieces


def _drawn_alike(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The zones with ground that both drafts have to the last digit; none of them meets any other zone of the other draft."""
    known = {shape: row for row, shape in enumerate(shapely.to_wkb(other).tolist())}
    pairs = [(row, known.pop(shape)) for row, shape in enumerate(shapely.to_wkb(one).tolist()) if shape in known]
    i, j = np.array(pairs, dtype=int).reshape(-1, 2).T
    solid = ~shapely.is_empty(one[i])
    return i[solid], j[solid]


def _left_over(ground: np.ndarray, owner: np.ndarray, common: np.ndarray, progress: Progress) -> np.ndarray:
    """What of each zone the other draft does not cover."""
    left = ground.copy()
    share = np.bincount(owner, weights=shapely.area(common), minlength=len(ground))
    area = shapely.area(ground)
    whole = share >= area - np.maximum(DUST_M2, SAME_AREA * area)
    left[whole] = EMPTY
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(ground) + 1))
    open_ground = np.flatnonzero(~whole & (share > 0))
    chunks = [open_ground[start : start + ZONES_AT_ONCE] for start in range(0, len(open_ground), ZONES_AT_ONCE)]

    def rest_of(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        covered = [shapely.union_all(polygonal(common[order[starts[row] : starts[row + 1]]])) for row in rows.tolist()]
        return rows, shapely.difference(ground[rows], np.array(covered, dtype=object))

    for done, (rows, rest) in enumerate(in_order(rest_of, chunks, THREADS, progress), 1):
        left[rows] = rest
        progress.step(done / len(chunks))
    return polygonal(left)
