"""The edges that neighbours share without sharing all vertices, as measures and as a layer of
lines; no finding.

Goes in: the plan's zones and what planar/unmatched.py found among them. Comes out: the measures
unmatched_edge_count and unmatched_length (m), and a table with one row for each stretch along which
an edge of one zone runs along one of another, FIELDS and a line each, in the working CRS.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from ..findings import Measure
from ..kinds import REAL, TEXT
from ..planar.unmatched import Unmatched
from .preparation import PreparedZones

FIELDS: tuple[tuple[str, str], ...] = (
    ("plan", TEXT),
    ("territory", TEXT),
    ("zone_a", TEXT),
    ("code_a", TEXT),
    ("zone_b", TEXT),
    ("code_b", TEXT),
    ("length_m", REAL),
    ("run_id", TEXT),
)


def measures(unmatched: Unmatched) -> list[Measure]:
    """Return how many edges there are, and how long they run along each other."""
    return [
        Measure("unmatched_edge_count", unmatched.edge_count, "count"),
        Measure("unmatched_length", unmatched.length_m, "m"),
    ]


def table(unmatched: Unmatched, zones: np.ndarray, prepared: PreparedZones, run_id: str) -> gpd.GeoDataFrame:
    """Return one row a stretch. ``zones``: the polygon of ``prepared`` that each index in
    ``unmatched`` stands for.
    """
    plan, key, code = prepared.plan, prepared.column("key"), prepared.column("code")
    a, b = zones[unmatched.a], zones[unmatched.b]
    columns = {
        "plan": plan.name,
        "territory": plan.territory,
        "zone_a": key[a],
        "code_a": code[a],
        "zone_b": key[b],
        "code_b": code[b],
        "length_m": shapely.length(unmatched.lines),
        "run_id": run_id,
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(unmatched.lines, crs=plan.crs), index=range(len(a)))
