"""Defects whose number, place and area are known, planted into a drawing: what a benchmark counts
as found or false.

``plant(zone_count)`` gives a layer of exactly that many zones with zone_count / 1000 planted
overlaps (three quarters partial, one quarter contained), as many gaps (half inside one zone, a
quarter between two, a quarter open to the boundary), and a quarter as many places beyond the
boundary, duplicates and invalid zones. No zone takes part in two defects. ``stacked`` and
``redrawn`` give layers in which nothing, or a share, of the borders match.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from drawing import CELL_M, Drawing, draw

LEAST_RADIUS_M, LARGEST_RADIUS_M = 3.0, 15.0
SIGMA_M = 0.3
KINDS = ("overlap", "gap", "outside", "duplicate", "invalid")


@dataclass(frozen=True)
class Layer:
    """``zones`` as a table has them, the ``boundary``, and the ground of each planted defect by its
    kind (KINDS).
    """

    zones: np.ndarray
    boundary: shapely.Geometry
    planted: dict[str, np.ndarray] = field(default_factory=dict)


def plant(zone_count: int, seed: int = 1) -> Layer:
    """Return a layer with defects; see the module's paragraph."""
    some = max(zone_count // 1000, 4)
    quarter = some // 4
    drawing = draw(zone_count - 2 * quarter, seed)
    planter = _Planter(drawing, seed)
    planted = {
        "overlap": np.concatenate([planter.across(some - quarter), planter.contained(quarter)]),
        "gap": np.concatenate([planter.holes(some - 2 * quarter), planter.between(quarter), planter.bites(quarter)]),
        "outside": planter.beyond(quarter),
        "duplicate": planter.twice(quarter),
        "invalid": planter.spikes(quarter),
    }
    return Layer(np.concatenate([planter.zones, *planter.more]), drawing.boundary, planted)


def stacked(zone_count: int, seed: int = 1) -> Layer:
    """Two independent drawings of the same ground in one layer: every edge is alone, everything
    overlaps.
    """
    below, above = draw(zone_count // 2, seed), draw(zone_count - zone_count // 2, seed + 1, 0.37 * CELL_M)
    return Layer(np.concatenate([below.zones, above.zones]), shapely.union(below.boundary, above.boundary))


def redrawn(zone_count: int, share: float = 1.0, seed: int = 1) -> Layer:
    """Return each zone, or a ``share`` of them, digitised by itself: every vertex moved by a normal
    error of SIGMA_M.
    """
    drawing = draw(zone_count, seed)
    random = np.random.default_rng(seed + 7)
    chosen = np.flatnonzero(random.random(zone_count) < share)
    zones = drawing.zones.copy()
    zones[chosen] = shapely.make_valid(_shaken(zones[chosen], random))
    return Layer(zones, drawing.boundary)


def _shaken(zones: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """``zones`` with every vertex moved; a ring stays closed."""
    parts, zone = shapely.get_parts(zones, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    places = places + random.normal(0.0, SIGMA_M, places.shape)
    first = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    places[np.r_[first[1:] - 1, len(places) - 1]] = places[first]
    made = shapely.polygons(shapely.linearrings(places, indices=ring), indices=part)
    whole = shapely.multipolygons(made, indices=zone)
    single = np.bincount(zone) == 1
    whole[single] = shapely.get_geometry(whole[single], 0)
    return np.asarray(whole, dtype=object)


class _Planter:
    """The zones of a drawing while defects are planted: each method returns the ground of its
    defects.
    """

    def __init__(self, drawing: Drawing, seed: int):
        self.zones = drawing.zones.copy()
        self.more: list[np.ndarray] = []
        self._drawing, self._random = drawing, np.random.default_rng(seed + 3)
        self._used = np.zeros(len(self.zones), dtype=bool)
        borders = drawing.borders
        single = np.r_[shapely.get_type_id(self.zones) == 3, False]  # the last is for -1, the outside
        inner = (borders.left != borders.right) & single[borders.left] & single[borders.right]
        # A zone twice in the order of a permutation is refused by _take.
        self._inner = self._random.permutation(np.flatnonzero(inner))
        outer = (borders.left < 0) != (borders.right < 0)
        inside = np.maximum(borders.left, borders.right)
        self._outer = self._random.permutation(np.flatnonzero(outer & single[inside]))
        self._plain = self._random.permutation(len(drawing.plain))

    def across(self, count: int) -> np.ndarray:
        """Return a zone grows over the middle of a border into its neighbour."""
        discs, one, other = self._at_inner_borders(count)
        self.zones[one] = shapely.union(self.zones[one], discs)
        return shapely.intersection(discs, self._drawing.zones[other])

    def contained(self, count: int) -> np.ndarray:
        """Return one more zone, drawn inside another."""
        discs, _ = self._inside_zones(count)
        self.more.append(discs)
        return discs

    def holes(self, count: int) -> np.ndarray:
        """Return a hole in a zone that nothing fills."""
        discs, zone = self._inside_zones(count)
        self.zones[zone] = shapely.difference(self.zones[zone], discs)
        return discs

    def between(self, count: int) -> np.ndarray:
        """Return a gap on the border of two zones."""
        discs, one, other = self._at_inner_borders(count)
        for side in (one, other):
            self.zones[side] = shapely.difference(self.zones[side], discs)
        return discs

    def bites(self, count: int) -> np.ndarray:
        """Return a gap that is open to the boundary."""
        discs, zone = self._at_outer_borders(count)
        self.zones[zone] = shapely.difference(self.zones[zone], discs)
        return shapely.intersection(discs, self._drawing.boundary)

    def beyond(self, count: int) -> np.ndarray:
        """Return a zone grows over the boundary."""
        discs, zone = self._at_outer_borders(count)
        self.zones[zone] = shapely.union(self.zones[zone], discs)
        return shapely.difference(discs, self._drawing.boundary)

    def twice(self, count: int) -> np.ndarray:
        """Return a zone that is in the table twice."""
        _, zone = self._inside_zones(count)
        self.more.append(self.zones[zone])
        return self.zones[zone]

    def spikes(self, count: int) -> np.ndarray:
        """Return a zone whose shell runs to its middle and back the same way: invalid, but without
        any area lost.
        """
        _, zone = self._inside_zones(count)
        for index in zone:
            shell = shapely.get_coordinates(self.zones[index].exterior)
            middle = shapely.get_coordinates(shapely.centroid(self.zones[index]))
            self.zones[index] = shapely.Polygon(np.concatenate([shell[:1], middle, shell]))
        return self.zones[zone]

    def _discs(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        radius_m = self._random.uniform(LEAST_RADIUS_M, LARGEST_RADIUS_M, len(x))
        return np.asarray(shapely.buffer(shapely.points(x, y), radius_m), dtype=object)

    def _inside_zones(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(discs deep inside zones of one cell, the zones)."""
        taken = self._take(self._plain, count, self._drawing.plain[:, None])
        x, y = self._drawing.centre[taken].T
        return self._discs(x, y), self._drawing.plain[taken]

    def _at_inner_borders(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(discs on the middles of borders, the two zones of each)."""
        borders = self._drawing.borders
        taken = self._take(self._inner, count, np.stack([borders.left, borders.right], axis=1))
        return self._discs(borders.x[taken], borders.y[taken]), borders.left[taken], borders.right[taken]

    def _at_outer_borders(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(discs on the middles of borders of the territory, the zone of each)."""
        borders = self._drawing.borders
        inside = np.maximum(borders.left, borders.right)
        taken = self._take(self._outer, count, inside[:, None])
        return self._discs(borders.x[taken], borders.y[taken]), inside[taken]

    def _take(self, candidates: np.ndarray, count: int, zones: np.ndarray) -> np.ndarray:
        """Return the first ``count`` candidates whose zones no defect has touched yet."""
        taken = []
        for candidate in candidates:
            if len(taken) == count:
                return np.array(taken, dtype=int)
            if not self._used[zones[candidate]].any():
                self._used[zones[candidate]] = True
                taken.append(candidate)
        if len(taken) < count:
            raise ValueError(f"{count} places for a defect were asked for, {len(taken)} are left: more zones, please")
        return np.array(taken, dtype=int)
