"""Two sets of findings side by side: what became of each, as one layer.

Goes in: two findings layers or stores in any CRS. Comes out: a row for every current finding and
for every earlier one that is gone, in the CRS of the current findings (if that is in degrees: of
the earlier ones, or of a UTM zone), and counts. Nothing is decided and nothing is written into
either store.
"""

from __future__ import annotations

from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..catalogue import text
from ..crs import measures_in_metres
from ..kinds import REAL, TEXT
from ..planar.polygons import gather, parts
from ..progress import Progress
from ..tolerance import Tolerance
from .fates import FATES, RESOLVED, detail, fates, gone_detail
from .matching import match
from .naming import placeless
from .previous import told_of_bytes, transformed
from .scope import plans_of, rename, renamed

FATE_FIELDS: tuple[tuple[str, str], ...] = (
    ("fate", TEXT),
    ("detail", TEXT),
    ("rule", TEXT),
    ("severity", TEXT),
    ("territory", TEXT),
    ("plan_a", TEXT),
    ("plan_b", TEXT),
    ("previous_id", TEXT),
    ("current_id", TEXT),
    ("previous_status", TEXT),
    ("current_status", TEXT),
    ("previous_zones", TEXT),
    ("current_zones", TEXT),
    ("previous_area_m2", REAL),
    ("current_area_m2", REAL),
    ("shared_area_m2", REAL),
    ("message", TEXT),
)


def compare_findings(
    previous: gpd.GeoDataFrame,
    current: gpd.GeoDataFrame,
    tolerance: Tolerance,
    language: str,
    progress: Progress | None = None,
) -> tuple[gpd.GeoDataFrame, dict[str, int], list[str]]:
    """(the fates as a layer, how many there are of each, what to report). Both are findings as
    ``previous.as_findings`` makes them.
    """
    # A finding that had been resolved in the current store is no longer there.
    current = current[current["status"] != "resolved"].reset_index(drop=True)
    crs = _in_metres(current, previous)
    log = [
        line
        for one, name in ((previous, "PREVIOUS"), (current, "CURRENT"))
        for line in told_of_bytes(one, name, language)
    ]
    current, previous = transformed(current, crs, "CURRENT"), transformed(previous, crs, "PREVIOUS")
    new_name = renamed(previous, current, plans_of(current))
    if new_name:
        previous = rename(previous, *new_name)
        log.append(text("identity.renamed", language, old=new_name[0], new=new_name[1]))
    progress = progress or Progress()
    matching = match(previous, current, tolerance.width_m, progress.part(0.0, 0.3))
    made = fates(previous, current, matching, tolerance, progress.part(0.3, 1.0))
    here = pd.DataFrame(
        {name: current[name] for name in ("rule", "severity", "territory", "plan_a", "plan_b", "message")}
    )
    here["fate"] = made.current
    here["detail"] = [detail(index, previous, current, matching, made, language) for index in range(len(current))]
    partner = matching.continues
    here["previous_id"], here["previous_status"], here["previous_zones"] = (
        _of(previous, name, partner) for name in ("finding_id", "status", "zones")
    )
    here["current_id"], here["current_status"], here["current_zones"] = (
        _of(current, name, np.arange(len(current))) for name in ("finding_id", "status", "zones")
    )
    here["previous_area_m2"] = (
        np.where(partner >= 0, previous["area_m2"].to_numpy()[partner], np.nan) if len(previous) else np.nan
    )
    here["current_area_m2"] = current["area_m2"].to_numpy()
    here["shared_area_m2"] = np.where((partner >= 0) & ~placeless(current), matching.shared_m2, np.nan)
    here["geometry"] = _multipolygons(current)
    gone = np.flatnonzero(made.previous == RESOLVED)
    there = previous.iloc[gone][["rule", "severity", "territory", "plan_a", "plan_b", "message"]].reset_index(drop=True)
    ids = current["finding_id"].to_numpy()
    there["fate"], there["detail"] = RESOLVED, [gone_detail(index, ids, matching, language) for index in gone.tolist()]
    there["previous_id"], there["previous_status"], there["previous_zones"] = (
        _of(previous, name, gone) for name in ("finding_id", "status", "zones")
    )
    for name in ("current_id", "current_status", "current_zones"):
        there[name] = ""
    there["previous_area_m2"] = previous["area_m2"].to_numpy()[gone]
    there["current_area_m2"] = there["shared_area_m2"] = np.nan
    there["geometry"] = _multipolygons(previous)[gone]
    both = [table for table in (here, there) if len(table)] or [here]
    layer = pd.concat(both, ignore_index=True)[[*(name for name, _ in FATE_FIELDS), "geometry"]]
    counts = Counter(layer["fate"])
    told = {fate: int(counts[fate]) for fate in FATES}
    return gpd.GeoDataFrame(layer, geometry="geometry", crs=current.crs), told, log


def _in_metres(current: gpd.GeoDataFrame, previous: gpd.GeoDataFrame) -> pyproj.CRS:
    """Return the CRS to compare in: the first of the two that is in metres, since a tolerance in
    degrees would be that of a province.
    """
    for findings in (current, previous):
        if measures_in_metres(findings.crs):
            return findings.crs
    known = [findings for findings in (current, previous) if len(findings)]
    return known[0].estimate_utm_crs() if known else current.crs


def _of(findings: gpd.GeoDataFrame, name: str, rows: np.ndarray) -> np.ndarray:
    """Return a text of each row, "" for -1; "zones" are both zones as one text."""
    if name == "zones":
        pairs = zip(findings["zone_a"], findings["zone_b"])
        values = [" / ".join(zone for zone in pair if zone) for pair in pairs]
    else:
        values = findings[name].tolist()
    return np.array([*values, ""], dtype=object)[rows]


def _multipolygons(findings: gpd.GeoDataFrame) -> np.ndarray:
    shapes = np.asarray(findings.geometry.values, dtype=object)
    if not len(shapes) or (shapely.get_type_id(shapes) == 6).all():
        return shapes
    polygons, source = parts(shapes)
    return gather(polygons, source, len(shapes))
