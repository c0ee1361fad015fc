"""How many of the planted defects a tool found, and how many things it reported that are none.

A planted defect is found when what was reported covers half of its ground; something reported is
false when less than half of it lies on planted ground. Tools that report edges instead of ground
have found a defect when an edge runs within EDGE_REACH_M of it, and an edge is false where no
defect of any kind is so near.
"""

from __future__ import annotations

import numpy as np
import shapely

HALF = 0.5
EDGE_REACH_M = 0.5
DUST_M2 = 1e-6


def ground(planted: np.ndarray, reported: np.ndarray, excused: np.ndarray | None = None) -> dict[str, int]:
    """Scores of reported polygons. ``excused``: ground of planted defects of another kind, neither
    found nor false.
    """
    reported = shapely.get_parts(reported)
    reported = reported[shapely.area(reported) > DUST_M2]
    found = _covered(planted, reported) > HALF
    known = planted if excused is None else np.concatenate([planted, excused])
    false = _covered(reported, known) < HALF
    return {"planted": len(planted), "found": int(found.sum()), "false": int(false.sum())}


def edges(planted: np.ndarray, reported: np.ndarray, anything: np.ndarray) -> dict[str, int]:
    """Scores of reported lines. ``anything``: the ground of planted defects of every kind."""
    reported = shapely.get_parts(reported)
    reported = reported[~shapely.is_empty(reported)]
    near = shapely.STRtree(reported).query(planted, predicate="dwithin", distance=EDGE_REACH_M)[0]
    true = shapely.STRtree(anything).query(reported, predicate="dwithin", distance=EDGE_REACH_M)[0]
    false = len(reported) - len(np.unique(true))
    return {"planted": len(planted), "found": len(np.unique(near)), "false": int(false)}


def _covered(ground_of: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return the share of each geometry's area that ``by`` covers, at most 1."""
    if len(ground_of) == 0 or len(by) == 0:
        return np.zeros(len(ground_of))
    i, j = shapely.STRtree(by).query(ground_of, predicate="intersects")
    shared = shapely.area(shapely.intersection(ground_of[i], by[j]))
    return np.asarray(np.minimum(np.bincount(i, shared, len(ground_of)) / shapely.area(ground_of), 1.0))
