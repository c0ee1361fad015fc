"""The provincial plan map: functional zones drawn at 1:50,000, independently of the districts'
plans.

In: the regions of the province (master frame). Out: :class:`ProvincialPlan`, zone polygons that
cover the province without overlaps; their borders are generalised and moved, at most about 10 m
from where the districts draw them, which is noise at 1:50,000 (25 m). Holes can be cut where the
plan is to say nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .coverage import dissolve, merged, neighbours, segments
from .regions import Regions
from .survey import PROVINCE_DEVIATION_M, PROVINCE_WAVELENGTH_M, deviation, redrawn

SCALE = 50_000
GENERALISED_M = 5.0


@dataclass
class ProvincialPlan:
    """``zone`` is the index into ZONES of each polygon, ``keys`` are the names, ``number`` the
    places in the whole plan.
    """

    geometry: np.ndarray
    zone: np.ndarray
    keys: np.ndarray
    number: np.ndarray

    def near(self, bounds: tuple[float, float, float, float]) -> ProvincialPlan:
        """Return the plan around a rectangle (500 m wider), in polygons small enough for many
        questions.
        """
        x0, y0, x1, y1 = bounds
        box = shapely.box(x0 - 500, y0 - 500, x1 + 500, y1 + 500)
        touching = np.flatnonzero(shapely.intersects(box, self.geometry))
        parts, which = shapely.get_parts(shapely.intersection(self.geometry[touching], box), return_index=True)
        some = shapely.get_type_id(parts) == 3
        chosen = touching[which[some]]
        return ProvincialPlan(parts[some], self.zone[chosen], self.keys[chosen], self.number[chosen])

    def meeting(self, polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(polygon, plan's polygon) of all pairs that intersect."""
        shapely.prepare(self.geometry)
        row, upper = shapely.STRtree(self.geometry).query(polygons)
        meet = shapely.intersects(self.geometry[upper], polygons[row])
        return row[meet], upper[meet]

    def cut(self, number: int, hole: shapely.Polygon) -> None:
        """Say nothing where ``hole`` lies, strictly inside polygon ``number``."""
        polygon = self.geometry[number]
        self.geometry[number] = shapely.Polygon(polygon.exterior, [*polygon.interiors, hole.exterior])


def make_provincial_plan(regions: Regions, seed: int) -> ProvincialPlan:
    """Return the functional zones of all regions, dissolved, generalised and redrawn."""
    pairs, _ = neighbours(regions.geometry)
    zones, first = merged(regions.geometry, dissolve(regions.geometry, regions.zone, pairs))
    zone = regions.zone[first]
    arcs = _arcs(zones)
    drawn = redrawn(shapely.simplify(arcs, GENERALISED_M), PROVINCE_DEVIATION_M, PROVINCE_WAVELENGTH_M, seed + 1001)
    faces = shapely.get_parts(shapely.polygonize([shapely.unary_union(drawn, grid_size=0.001)]))
    label = _zone_at(faces, zones, zone, seed)
    faces, label = faces[label >= 0], label[label >= 0]
    pairs, _ = neighbours(faces)
    geometry, first = merged(faces, dissolve(faces, label, pairs))
    label = label[first]
    bounds = shapely.bounds(geometry)
    order = np.lexsort((bounds[:, 0], -bounds[:, 3], label))
    keys = np.array([f"QHT-{number:04d}" for number in range(1, len(order) + 1)], dtype=object)
    return ProvincialPlan(geometry[order], label[order], keys, np.arange(len(order)))


def _arcs(polygons: np.ndarray) -> np.ndarray:
    """Return the borders of a coverage, each once, from node to node."""
    parts = segments(polygons)
    low, high = np.minimum(parts.a, parts.b), np.maximum(parts.a, parts.b)
    once = np.unique(np.stack([low, high], axis=1), axis=0)
    xy = np.stack([once >> 32, once & 0xFFFFFFFF], axis=2) / 1000.0
    return shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.linestrings(xy))))


def _zone_at(faces: np.ndarray, zones: np.ndarray, zone: np.ndarray, seed: int) -> np.ndarray:
    """Return the zone of each redrawn face: what lies under its inner point before redrawing; -1
    outside the province.
    """
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    inner = inner - deviation(inner, PROVINCE_DEVIATION_M, PROVINCE_WAVELENGTH_M, seed + 1001)
    point, polygon = shapely.STRtree(zones).query(shapely.points(inner), predicate="intersects")
    label = np.full(len(faces), -1)
    label[point] = zone[polygon]
    return label
