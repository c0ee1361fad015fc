"""How far two overlays agree: the areas of every pair of zones, one pair after the other.

:class:`PairAreas` holds what one tool found: lower zone, upper zone, m². ``compare(ours, theirs)``
answers with the number of pairs, how many of them differ by more than SAME, and the largest
difference, relative to the area, or to 1 m² where it is smaller: at these coordinates a double is
half a nanometre, and a piece of dust has no area that two computations could agree on. A pair that
only one of the two found has the area 0 in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SAME = 1e-6
LEAST_M2 = 1.0
MOST_ZONES = 10_000_000


@dataclass(frozen=True)
class PairAreas:
    """Numbers of lower zones (``i``) and of upper zones (``j``) and what they share; a pair may
    come in parts.
    """

    i: np.ndarray
    j: np.ndarray
    area_m2: np.ndarray

    def where(self, chosen: np.ndarray) -> PairAreas:
        """Some of them."""
        return PairAreas(self.i[chosen], self.j[chosen], self.area_m2[chosen])

    def summed(self) -> tuple[np.ndarray, np.ndarray]:
        """(a number for each pair, its area)."""
        pair, which = np.unique(self.j.astype(np.int64) * MOST_ZONES + self.i.astype(np.int64), return_inverse=True)
        return pair, np.bincount(which, self.area_m2, len(pair))


def compare(ours: PairAreas, theirs: PairAreas) -> dict[str, Any]:
    """``pairs`` (with area in either), ``differing``, ``largest`` (relative), ``ours_m2`` and
    ``theirs_m2`` in all.
    """
    (one, our_m2), (other, their_m2) = ours.summed(), theirs.summed()
    pair = np.union1d(one, other)
    first, second = np.zeros(len(pair)), np.zeros(len(pair))
    first[np.searchsorted(pair, one)] = our_m2
    second[np.searchsorted(pair, other)] = their_m2
    apart = np.abs(first - second) / np.maximum(np.maximum(first, second), LEAST_M2)
    return {
        "pairs": int(((first > 0) | (second > 0)).sum()),
        "differing": int((apart > SAME).sum()),
        "largest": float(apart.max(initial=0.0)),
        "ours_m2": float(first.sum()),
        "theirs_m2": float(second.sum()),
    }


def worst(*answers: dict[str, Any]) -> dict[str, Any]:
    """Several comparisons in one: the most pairs, differences and distance that any of them has."""
    return {name: max(answer[name] for answer in answers) for name in answers[0]}
