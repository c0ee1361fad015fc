"""Lines and points of an upper plan as the ground that they take: a corridor along a line, a disc
around a point.

A road, a power line or a waterway is drawn as a line and takes a corridor of some width; a
protected monument is a point with a radius. A :class:`Corridor` says which field holds these metres
and what holds where the field is empty. Goes in: a table of any geometries. Comes out: for each the
distance in metres from the drawn geometry to the edge of its ground (half the width, or the
radius), NaN for polygons; :func:`widened` makes the polygons, in a CRS in metres. Fails with
PlanError that counts and names the lines and points for which no width or radius is to be found.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from .errors import PlanError
from .values import is_missing

POINTS, LINES = (0, 4), (1, 2, 5)
QUARTER_SEGMENTS = 16
SHOWN = 10
NUMBER = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(?:m|mét|met|metres?|meters?)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Corridor:
    """Full ``width_m`` of corridors along lines, ``radius_m`` around points; a field's value goes
    before these.
    """

    width_m: float | None = None
    width_field: str = ""
    radius_m: float | None = None
    radius_field: str = ""

    def fields(self) -> list[str]:
        """Return the fields that are read."""
        return [field for field in (self.width_field, self.radius_field) if field]

    def takes(self, kinds: np.ndarray) -> np.ndarray:
        """Return whether a geometry of each kind (shapely's type ids) gets ground."""
        lines = np.isin(kinds, LINES) & bool(self.width_field or self.width_m is not None)
        points = np.isin(kinds, POINTS) & bool(self.radius_field or self.radius_m is not None)
        return np.asarray(lines | points)

    def reach_m(self, frame: gpd.GeoDataFrame, geometry: np.ndarray, numbers: np.ndarray, name: str) -> np.ndarray:
        """Half the width of each line, the radius of each point, NaN for the rest. ``numbers`` name
        the features.
        """
        kinds = shapely.get_type_id(geometry)
        reach = np.full(len(geometry), np.nan)
        ways = (
            (LINES, self.width_m, self.width_field, 0.5, "error.corridor_width"),
            (POINTS, self.radius_m, self.radius_field, 1.0, "error.corridor_radius"),
        )
        for wanted, general_m, field, factor, key in ways:
            rows = np.flatnonzero(np.isin(kinds, wanted) & ~shapely.is_empty(geometry))
            written = frame[field].iloc[rows].tolist() if field else [None] * len(rows)
            metres = np.array([_metres(value) for value in written], dtype=float)
            if general_m is not None:
                metres[np.isnan(metres)] = general_m if general_m > 0 else np.nan
            wrong = np.flatnonzero(np.isnan(metres))
            if len(wrong):
                which = [f"{numbers[rows[k]]} ({_shown(written[k])})" for k in wrong[:SHOWN]]
                more = ", …" if len(wrong) > SHOWN else ""
                values = {"layer": name, "count": len(wrong), "total": len(rows), "field": field or "–"}
                raise PlanError(key, which=", ".join(which) + more, **values)
            reach[rows] = factor * metres
        return reach


def widened(geometry: np.ndarray, reach_m: np.ndarray) -> np.ndarray:
    """Return the geometries with the lines and points among them as polygons; round at ends and
    bends.
    """
    made = np.array(geometry, dtype=object)
    some = np.flatnonzero(~np.isnan(reach_m))
    made[some] = shapely.buffer(made[some], reach_m[some], quad_segs=QUARTER_SEGMENTS)
    return made


def _metres(value: object) -> float:
    """Return a positive number of metres, written as a number or as "20", "20,5" or "20 m"; else
    NaN.
    """
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        number = float(value)
    else:
        found = NUMBER.fullmatch(str(value)) if not is_missing(value) else None
        number = float(found.group(1).replace(",", ".")) if found else math.nan
    return number if math.isfinite(number) and number > 0 else math.nan


def _shown(value: object) -> str:
    return "NULL" if is_missing(value) else str(value)
