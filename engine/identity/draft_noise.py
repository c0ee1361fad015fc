"""Which changed ground of two drafts is a change, and which is re-digitising noise.

Pieces of ground with another code go in (polygons in metres), with the zones that each lies in and
the tolerance. A piece is real when it is wider than the tolerance; when it is most of a zone in
both drafts, which drawing again cannot do to a narrow zone; or when the changed ground around it,
whatever its codes, is wider: a road inside a new industrial zone has changed with the fields beside
it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..checks.pieces import sort_out
from ..planar.polygons import EMPTY
from ..tolerance import Tolerance

MOSTLY = 0.5
NO_SLIVER = 0.1
"""Share of a zone from which on a part of it is more than what drawing again shaves off."""
SLIVER = 0.25
"""Mean width of noise, as a share of the tolerance: pieces above it are looked at together with
their neighbours.
"""
CRACK_M = 0.001
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Changed:
    """Connected pieces of changed ground: the ``source`` row of each, whether it is ``real``, its
    ``area`` in m², and its outline in ``polygons``, which is empty for what is clearly noise.
    """

    polygons: np.ndarray
    source: np.ndarray
    real: np.ndarray
    area: np.ndarray


def changes_and_noise(
    changed: pd.DataFrame, areas_before: np.ndarray, areas_after: np.ndarray, tolerance: Tolerance
) -> Changed:
    """Return the connected pieces of ``changed`` (columns ``shape``, ``area``, ``i``, ``j``), each
    real or noise.
    """
    shapes = np.asarray(changed["shape"].to_numpy(), dtype=object)
    zone = _largest_zone(changed, areas_before, areas_after)
    mostly = changed["area"].to_numpy() > MOSTLY * zone
    made = []
    for start in range(0, max(len(shapes), 1), ROWS_AT_ONCE):
        found = sort_out(shapes[start : start + ROWS_AT_ONCE], tolerance)
        source, area = found.source + start, shapely.area(found.polygons)
        whole = mostly[source] & (area > NO_SLIVER * zone[source])
        real = found.real | (whole & (area >= tolerance.area_m2))
        narrow = 2.0 * area > SLIVER * tolerance.width_m * shapely.length(found.polygons)
        made.append((np.where(real | narrow, found.polygons, EMPTY), source, real, area))
    polygons, source, real, area = (np.concatenate(column) for column in zip(*made))
    return Changed(polygons, source, real | _within_wider_ground(polygons, real, area, tolerance), area)


def _largest_zone(changed: pd.DataFrame, areas_before: np.ndarray, areas_after: np.ndarray) -> np.ndarray:
    """Return the area of the larger of a piece's two zones; without end where it has only one."""
    i, j = changed["i"].to_numpy(dtype=int), changed["j"].to_numpy(dtype=int)
    both = (i >= 0) & (j >= 0)
    made = np.full(len(changed), np.inf)
    made[both] = np.maximum(areas_before[i[both]], areas_after[j[both]])
    return made


def _within_wider_ground(polygons: np.ndarray, real: np.ndarray, area: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    """Return which of the narrow pieces lie for the most part in changed ground that is wider than
    the tolerance.
    """
    made = np.zeros(len(polygons), dtype=bool)
    width_m = tolerance.width_m
    narrow = np.flatnonzero(~real & ~shapely.is_empty(polygons) & (area >= tolerance.area_m2))
    if not len(narrow) or width_m <= 0:
        return made
    beside = np.union1d(narrow, np.flatnonzero(real))
    _, near = shapely.STRtree(polygons[beside]).query(polygons[narrow], predicate="dwithin", distance=width_m)
    around = polygons[beside[np.unique(near)]]
    # Neighbours meet along lines on which rounding leaves cracks; shrinking would start from each
    # of them.
    ground = shapely.union_all(shapely.buffer(around, CRACK_M, join_style="mitre"))
    parts = shapely.get_parts(ground)
    core = shapely.buffer(shapely.buffer(parts, -width_m / 2.0), width_m / 2.0)
    core = core[~shapely.is_empty(core)]
    place, row = shapely.STRtree(core).query(polygons[narrow], predicate="intersects")
    inside = shapely.area(shapely.intersection(polygons[narrow[place]], core[row]))
    share = np.bincount(place, weights=inside, minlength=len(narrow)) / area[narrow]
    made[narrow[share > MOSTLY]] = True
    return made
