"""How far the boundaries of neighbouring districts, surveyed apart, are from each other: truth for
a check of borders.

In: the districts' ground in the master frame (shared vertices) and the seed. Out: one row for each
pair of neighbours: length of the common border, largest and mean deviation, and the ground that
both or neither of them covers, by summing the known deviation along the border (good to a few per
cent, because the deviation is smooth).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from .coverage import segments, shared
from .names import District
from .survey import district_deviation


def border_frame(ground: list[shapely.Geometry], districts: list[District], seed: int) -> pd.DataFrame:
    """Return the table truth_borders.csv."""
    # In normal form shells run clockwise, so that beyond lies to the left.
    parts, owner = shapely.get_parts(shapely.normalize(np.array(ground, dtype=object)), return_index=True)
    pieces = segments(parts)
    first, second = shared(pieces)
    start, stop = _places(pieces.a[first]), _places(pieces.b[first])
    a, b = owner[pieces.owner[first]], owner[pieces.owner[second]]
    length = pieces.length_m[first]
    left = np.stack([-(stop - start)[:, 1], (stop - start)[:, 0]], axis=1) / length[:, None]
    middle = (start + stop) / 2
    apart = np.zeros_like(middle)
    for number in range(len(ground)):
        for side, sign in ((a, 1.0), (b, -1.0)):
            here = side == number
            apart[here] += sign * district_deviation(middle[here], seed, number)
    # Above 0: both claim the ground; below: neither does.
    common = (apart * left).sum(axis=1)
    size = np.hypot(*apart.T)
    rows = []
    for i, j in sorted(set(zip(np.minimum(a, b).tolist(), np.maximum(a, b).tolist()))):
        here = (np.minimum(a, b) == i) & (np.maximum(a, b) == j) & (a != b)
        if here.any():
            rows.append(
                {
                    "territory_a": districts[i].full_name,
                    "territory_b": districts[j].full_name,
                    "length_m": round(float(length[here].sum()), 1),
                    "largest_deviation_m": round(float(size[here].max()), 2),
                    "mean_deviation_m": round(float(np.average(size[here], weights=length[here])), 2),
                    "overlap_area_m2": round(float((np.maximum(common, 0) * length)[here].sum()), 1),
                    "gap_area_m2": round(float((np.maximum(-common, 0) * length)[here].sum()), 1),
                }
            )
    return pd.DataFrame(rows)


def _places(nodes: np.ndarray) -> np.ndarray:
    return np.stack([nodes >> 32, nodes & 0xFFFFFFFF], axis=1) / 1000.0
