"""Which changed ground of two drafts is a change, and which is re-digitising noise.

Pieces of ground with another code go in (polygons in metres), with the zones that each lies in and the tolerance. A piece is real when it is
wider than the tolerance; when it is most of a zone in both drafts, which drawing again cannot do to a narrow zone; or when the changed
ground around it, whatever its codes, is wider: a road inside a new industrial zone has changed with the fields beside it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from ..checks.pieces import Pieces, sort_out
from ..tolerance import Tolerance

MOSTLY = 0.5
NO_SLIVER = 0.1
"""Share of a zone from which on a part of it is more than what drawing again shaves off."""
SLIVER = 0.25
"""Mean width of noise, as a share of the tolerance: pieces above it are looked at together with their neighbours."""
CRACK_M = 0.001


def changes_and_noise(
    changed: pd.DataFrame, areas_before: np.ndarray, areas_after: np.ndarray, tolerance: Tolerance
) -> Pieces:
    """The connected pieces of ``changed`` (columns ``shape``, ``area``, ``i``, ``j``), each real or noise."""
    found = sort_out(np.asarray(changed["shape"].to_numpy(), dtype=object), tolerance)
    area = shapely.area(found.polygons)
    zone = _largest_zone(changed, areas_before, areas_after)
    whole = (changed["area"].to_numpy() > MOSTLY * zone)[found.source] & (area > NO_SLIVER * zone[found.source])
    real = found.real | (whole & (area >= tolerance.area_m2))
    return replace(found, real=real | _within_wider_ground(found.polygons, real, area, tolerance))


def _largest_zone(changed: pd.DataFrame, areas_before: np.ndarray, areas_after: np.ndarray) -> np.ndarray:
    """The area of the larger of a piece's two zones; without end where it has only one."""
    i, j = changed["i"].to_numpy(dtype=int), changed["j"].to_numpy(dtype=int)
    both = (i >= 0) & (j >= 0)
    made = np.full(len(changed), np.inf)
    made[both] = np.maximum(areas_before[i[both]], areas_after[j[both]])
    return made


def _within_wider_ground(polygons: np.ndarray, real: np.ndarray, area: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    """Which of the narrow pieces lie for the most part in changed ground that is wider than the tolerance."""
    made = np.zeros(len(polygons), dtype=bool)
    width_m = tolerance.width_m
    mean_width_m = 2.0 * area / np.maximum(shapely.length(polygons), 1e-9)
    narrow = np.flatnonzero(~real & (mean_width_m > SLIVER * width_m) & (area >= tolerance.area_m2))
    if not len(narrow) or width_m <= 0:
        return made
    beside = np.union1d(narrow, np.flatnonzero(real))
    _, near = shapely.STRtree(polygons[beside]).query(polygons[narrow], predicate="dwithin", distance=width_m)
    around = polygons[beside[np.unique(near)]]
    # Neighbours meet along lines on which rounding leaves cracks; shrinking would start from each of them.
    ground = shapely.union_all(shapely.buffer(around, CRACK_M, join_style="mitre"))
    parts = shapely.get_parts(ground)
    core = shapely.buffer(shapely.buffer(parts, -width_m / 2.0), width_m / 2.0)
    core = core[~shapely.is_empty(core)]
    place, row = shapely.STRtree(core).query(polygons[narrow], predicate="intersects")
    inside = shapely.area(shapely.intersection(polygons[narrow[place]], core[row]))
    share = np.bincount(place, weights=inside, minlength=len(narrow)) / area[narrow]
    made[narrow[share > MOSTLY]] = True
    return made
