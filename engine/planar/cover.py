"""What a set of zones covers, once, twice, or not at all: the answer that the coverage check turns
into findings.

Two ways lead to a :class:`Cover`: the plain one of bruteforce.py, which is the oracle, and the fast
one of kernel.py. Areas in m², lengths in m, on the plane of the zones' CRS; geometries in the
original coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .edges import Edges


@dataclass(frozen=True)
class Cover:
    """``i`` < ``j`` and ``shared``: the pairs of zones that share area, and what they share.
    ``gaps``: connected polygons that no zone covers. ``beyond`` and ``overhang``: zones that leave
    the boundary, and what of them lies outside.

    ``covered_m2`` is the ground covered at least once, ``excess_m2`` every further layer,
    ``gap_m2`` and ``outside_m2`` the whole ground inside the boundary that is not covered and
    outside that is, rounding included. Without a boundary ``gap_m2`` is the ground that the zones
    enclose without covering it. ``suspect_length_m`` times ``step_m`` is what rounding may have
    cost.

    The same ground counted by depth proves that nothing found was lost: ``pairs_m2`` is what all
    pairs must share, d (d - 1) / 2 times the ground of depth d, and ``overhang_m2`` what all zones
    must have outside the boundary, d times that ground.

    ``suspects``: the suspect edges, where this way looked for them.
    """

    i: np.ndarray
    j: np.ndarray
    shared: np.ndarray
    gaps: np.ndarray
    beyond: np.ndarray
    overhang: np.ndarray
    covered_m2: float
    excess_m2: float
    gap_m2: float
    outside_m2: float
    pairs_m2: float
    overhang_m2: float
    suspect_length_m: float
    step_m: float
    suspects: Edges | None = None
