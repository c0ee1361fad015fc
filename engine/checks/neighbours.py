"""Which zones lie beside a gap: the two that share the longest stretch of its outline.

Polygons in metres go in; for each gap come out two row numbers of the zones, -1 where it has fewer neighbours. A gap's
outline was computed, so it may miss a zone's by rounding; the gap is grown by one millimetre before the comparison.
"""

from __future__ import annotations

import numpy as np
import shapely

REACH_M = 0.001


def two_nearest(gaps: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """An array (number of gaps, 2) of zone rows, in the order of the layer."""
    nearest = np.full((len(gaps), 2), -1, dtype=int)
    if len(gaps) == 0:
        return nearest
    grown = shapely.buffer(gaps, REACH_M, join_style="mitre")
    gap, zone = shapely.STRtree(zones).query(grown, predicate="intersects")
    contact_m = shapely.area(shapely.intersection(grown[gap], zones[zone])) / REACH_M
    order = np.lexsort((zone, -contact_m, gap))
    gap, zone, contact_m = gap[order], zone[order], contact_m[order]
    gap, zone = gap[contact_m > 0], zone[contact_m > 0]
    starts = np.flatnonzero(np.r_[True, gap[1:] != gap[:-1]]) if len(gap) else np.zeros(0, dtype=int)
    nearest[gap[starts], 0] = zone[starts]
    seconds = starts + 1
    seconds = seconds[(seconds < len(gap))]
    seconds = seconds[gap[seconds] == gap[seconds - 1]]
    nearest[gap[seconds], 1] = zone[seconds]
    both = nearest[:, 1] >= 0
    nearest[both] = np.sort(nearest[both], axis=1)
    return nearest
