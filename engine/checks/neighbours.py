"""Which zones lie beside a gap: the two that share the longest stretch of its outline.

Polygons in metres go in; for each gap come out two row numbers of the zones, -1 where it has fewer
neighbours. A gap's outline consists of the zones' outlines, so each of its segments belongs to the
zone that its middle touches; it was computed, so a millimetre between them is rounding. A zone that
meets the gap in a point only is no neighbour.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from ..progress import Progress

REACH_M = 0.001
SEGMENTS_AT_ONCE = 20_000


def two_nearest(gaps: np.ndarray, zones: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Return an array (number of gaps, 2) of zone rows, the smaller row first."""
    nearest = np.full((len(gaps), 2), -1, dtype=int)
    if len(gaps) == 0:
        return nearest
    touched = contacts(gaps, zones, progress or Progress())
    touched = touched.sort_values(["gap", "length_m", "zone"], ascending=[True, False, True], kind="stable")
    rank = touched.groupby("gap").cumcount().to_numpy()
    for place in (0, 1):
        ranked = touched[rank == place]
        nearest[ranked["gap"].to_numpy(), place] = ranked["zone"].to_numpy()
    both = nearest[:, 1] >= 0
    nearest[both] = np.sort(nearest[both], axis=1)
    return nearest


def contacts(gaps: np.ndarray, zones: np.ndarray, progress: Progress) -> pd.DataFrame:
    """Return how many metres of each gap's outline each zone touches: columns gap, zone,
    length_m.
    """
    gap, middle, length_m = _segments(gaps)
    tree = shapely.STRtree(zones)
    found = []
    for start in range(0, len(gap), SEGMENTS_AT_ONCE):
        progress.checkpoint()
        x, y = middle[start : start + SEGMENTS_AT_ONCE].T
        segment, zone = tree.query(shapely.box(x - REACH_M, y - REACH_M, x + REACH_M, y + REACH_M))
        # prepared: a gap along all roads may have a million segments, a river 100,000 vertices
        shapely.prepare(zones[np.unique(zone)])
        touches = shapely.dwithin(zones[zone], shapely.points(x, y)[segment], REACH_M)
        segment, zone = segment[touches] + start, zone[touches]
        found.append(pd.DataFrame({"gap": gap[segment], "zone": zone, "length_m": length_m[segment]}))
    shapely.destroy_prepared(zones)
    return pd.concat(found).groupby(["gap", "zone"], as_index=False)["length_m"].sum()


def _segments(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (polygon, middle, length) of every straight segment of the outlines."""
    lines, owner = shapely.get_parts(shapely.boundary(polygons), return_index=True)
    points, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    start, end = points[:-1][joined], points[1:][joined]
    return owner[line[:-1][joined]], (start + end) / 2.0, np.linalg.norm(end - start, axis=1)
