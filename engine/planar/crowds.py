"""How many zones lie on one place: n of them overlap in n² / 2 pairs, more than any list can hold
when a layer was loaded often.

Polygons in metres go in, equal ones once. First, in time linear in the zones: how many pairs of
boxes meet for certain where more than :data:`CROWD` zones of a like size lie on a like place,
because boxes whose sides are of one power of two and whose middles lie in one cell of that size
always meet. But boxes that meet are not zones that overlap: diagonal strips and the sectors of a
fan lie side by side. So where that count is too large, the zones of each such cell are asked which
of them hold one place; those overlap pair by pair. Both count too few pairs and never too many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .depth import deep_points

CROWD = 50
FACTOR = np.uint64(0x9E3779B97F4A7C15)
MOST_PAIRS = 1_000_000
"""So many overlaps take minutes and 4 GB to list, and no person reads them."""


PROBES = 8
"""Places asked about in each cell."""


@dataclass(frozen=True)
class Crowd:
    """``pairs`` meet in all crowds together; the largest is of ``count`` zones around ``x``,
    ``y``.
    """

    pairs: int
    count: int
    x: float
    y: float

    @property
    def too_large(self) -> bool:
        """Whether the pairs are more than a check lists."""
        return self.pairs > MOST_PAIRS


def crowd(polygons: np.ndarray) -> Crowd:
    """Return the zones among ``polygons``, which have areas, that overlap on one place."""
    cells = _cells(polygons)
    members = [] if _pairs(cells) <= MOST_PAIRS else cells
    found = [_on_one_place(polygons[cell]) for cell in members]
    if not found:
        return Crowd(0, min(len(polygons), 1), 0.0, 0.0)
    count, x, y = max(found)
    return Crowd(sum(one[0] * (one[0] - 1) // 2 for one in found), count, x, y)


def boxes_crowd(polygons: np.ndarray) -> bool:
    """Return whether more pairs of boxes meet than can be looked at one by one, though the zones
    may lie side by side.
    """
    return _pairs(_cells(polygons)) > MOST_PAIRS


def _pairs(cells: list[np.ndarray]) -> int:
    return sum(len(cell) * (len(cell) - 1) // 2 for cell in cells)


def _cells(polygons: np.ndarray) -> list[np.ndarray]:
    """Return the rows of the polygons of each size and place of which there are more than CROWD."""
    if len(polygons) <= CROWD:
        return []
    bounds = shapely.bounds(polygons)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
    sides = bounds[:, 2:] - bounds[:, :2]
    solid = np.flatnonzero((sides > 0).all(axis=1))
    power = np.floor(np.log2(sides[solid]))
    cell = np.floor(middle[solid] / np.exp2(power))
    # one number for each cell of each size: sorting rows of four takes ten times as long
    number = np.zeros(len(solid), dtype=np.uint64)
    for column in np.concatenate([power, cell], axis=1).astype(np.int64).T.view(np.uint64):
        number = (number ^ column) * FACTOR
        number ^= number >> np.uint64(29)
    order = np.argsort(number, kind="stable")
    _, first, count = np.unique(number[order], return_index=True, return_counts=True)
    return [solid[order[start : start + size]] for start, size in zip(first, count) if size > CROWD]


def _on_one_place(zones: np.ndarray) -> tuple[int, float, float]:
    """(how many of ``zones`` hold one place inside, x, y): the place of a few tried that most of
    them hold.
    """
    places = deep_points(zones[np.linspace(0, len(zones) - 1, PROBES).astype(int)])
    tried = [(float(x), float(y)) for x, y in shapely.get_coordinates(places)]
    return max((int(shapely.contains_xy(zones, x, y).sum()), x, y) for x, y in tried)
