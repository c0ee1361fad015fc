"""How many zones lie on one place: n of them overlap in n² / 2 pairs, more than any list can hold when a layer was loaded often.

Polygons in metres go in, equal ones once. Comes out: how many pairs meet for certain where more than :data:`CROWD` zones of a
like size lie on a like place, and the largest such crowd. Boxes whose sides are of one power of two and whose middles lie in
one cell of that size always meet, so this counts too few pairs and never too many, in time linear in the zones. In a plan
whose zones lie side by side, however crooked, no cell holds so many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

CROWD = 50
FACTOR = np.uint64(0x9E3779B97F4A7C15)
MOST_PAIRS = 1_000_000
"""So many overlaps take minutes and 4 GB to list, and no person reads them."""


@dataclass(frozen=True)
class Crowd:
    """``pairs`` meet in all crowds together; the largest is of ``count`` zones around ``x``, ``y``."""

    pairs: int
    count: int
    x: float
    y: float

    @property
    def too_large(self) -> bool:
        """Whether the pairs are more than a check lists."""
        return self.pairs > MOST_PAIRS


def crowd(polygons: np.ndarray) -> Crowd:
    """The crowds among ``polygons``, which have areas."""
    if len(polygons) <= CROWD:
        return Crowd(0, len(polygons), 0.0, 0.0)
    bounds = shapely.bounds(polygons)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
    power = np.floor(np.log2(bounds[:, 2:] - bounds[:, :2]))
    cell = np.floor(middle / np.exp2(power))
    # one number for each cell of each size: sorting rows of four takes ten times as long
    number = np.zeros(len(polygons), dtype=np.uint64)
    for column in np.concatenate([power, cell], axis=1).astype(np.int64).T.view(np.uint64):
        number = (number ^ column) * FACTOR
        number ^= number >> np.uint64(29)
    _, first, count = np.unique(number, return_index=True, return_counts=True)
    pairs = int((count * (count - 1) // 2)[count > CROWD].sum())
    largest = int(np.argmax(count))
    x, y = middle[first[largest]]
    return Crowd(pairs, int(count[largest]), float(x), float(y))
