"""Where defects can be planted in a finished plan, and how a zone's outline is bent to make them.

In: a :class:`Draft` (the plan's rows), the tolerance width, what the provincial plan admits.
:class:`Planter` finds stretches of border between two zones, or along the district's boundary, and
bends one side of them: the result is a gap, an overlap or an overhang of a known shape, while every
other edge stays shared exactly. Planted places keep apart. Finding no place is no error: the method
returns None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from .coverage import node_keys, segments
from .noise import mix
from .regions import BLOCK, FREE
from .shapes import width_m

APART_M = 25.0
BOUNDARY, UNKNOWN = -1, -2
Admitted = Callable[[str, shapely.Geometry], bool]


@dataclass
class Draft:
    """The rows of a plan under construction; extras are appended, so a row's number is its place in
    the file.
    """

    geometry: list[Any]  # polygons; None for a row without geometry
    key: list[str | None]
    code: list[Any]  # text; None where the code is missing
    zone: list[int]
    kind: list[int]
    note: list[str]
    declared_ha: dict[int, float | None] = field(default_factory=dict)
    prefix: str = ""

    def append(self, geometry: shapely.Geometry | None, code: str, zone: int, note: str = "") -> int:
        """Return a further row with the next key; its number."""
        self.geometry.append(geometry)
        self.key.append(f"{self.prefix}-{len(self.key) + 1:05d}")
        self.code.append(code)
        self.zone.append(zone)
        self.kind.append(FREE)
        self.note.append(note)
        return len(self.key) - 1


@dataclass
class PlantedDefect:
    """One planted defect: rows a and b of the plan (None = no second zone), its place and its
    width.
    """

    rule: str
    kind: str
    a: int
    b: int | None
    place: shapely.Geometry | None
    width_m: float  # 0 where a defect has no width of its own
    noise: bool


@dataclass
class Stretch:
    """Vertices ``first`` to ``last`` of a row's outer ring, all against the same ``partner``."""

    row: int
    ring: np.ndarray
    first: int
    last: int
    partner: int


class Planter:
    """Finds places and remembers which are taken."""

    def __init__(self, draft: Draft, tolerance_m: float, admitted: Admitted, random: np.random.Generator):
        self.draft, self.tolerance_m, self.admitted, self.random = draft, tolerance_m, admitted, random
        self.busy: set[int] = set()
        self.footprints: list[shapely.Geometry] = []
        self.pairs: set[frozenset[int]] = set()
        self.count = len(draft.key)
        base = np.array(draft.geometry, dtype=object)
        self.area = shapely.area(base)
        self.tree = shapely.STRtree(base)
        self._index_edges(base)

    def _index_edges(self, base: np.ndarray) -> None:
        parts = segments(base)
        keys = _edge_keys(parts.a, parts.b)
        order = np.argsort(keys, kind="stable")
        self._edge_keys, self._edge_owner = keys[order], parts.owner[order]

    def rows(self, least_m2: float = 0.0, most_m2: float = np.inf) -> Iterator[int]:
        """Open rows in random order, not busy, of a size."""
        kind = np.array(self.draft.kind[: self.count])
        fitting = np.isin(kind, (FREE, BLOCK)) & (self.area >= least_m2) & (self.area <= most_m2)
        # Towns are many small zones; taking areas as weights would leave only forest, so all count
        # alike.
        for row in self.random.permutation(np.flatnonzero(fitting))[:500].tolist():
            if row not in self.busy:
                yield row

    def is_apart(self, footprint: shapely.Geometry, rows: tuple[int, ...] = ()) -> bool:
        """Return whether nothing planted lies near and none of the rows is taken whole."""
        if any(row in self.busy for row in rows):
            return False
        return not self.footprints or bool(shapely.distance(np.array(self.footprints), footprint).min() > APART_M)

    def is_new_pair(self, row: int, partner: int) -> bool:
        """Return whether the two have nothing planted between them: a check reports the noise of a
        pair as one finding.
        """
        return frozenset((row, partner)) not in self.pairs

    def claim(self, footprint: shapely.Geometry, busy: tuple[int, ...] = ()) -> None:
        """Keep others away from a place, and from whole rows."""
        self.footprints.append(footprint)
        self.busy.update(busy)

    def partners(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """(outer ring (n, 2), what lies beyond each of its n - 1 edges: a row, BOUNDARY or
        UNKNOWN).
        """
        ring = shapely.get_coordinates(self.draft.geometry[row].exterior)
        nodes = node_keys(ring)
        keys = _edge_keys(nodes[:-1], nodes[1:])
        left = np.searchsorted(self._edge_keys, keys, side="left")
        number = np.searchsorted(self._edge_keys, keys, side="right") - left
        beyond = np.full(len(keys), UNKNOWN)
        beyond[number == 1] = BOUNDARY
        two = np.flatnonzero(number == 2)
        first, second = self._edge_owner[left[two]], self._edge_owner[left[two] + 1]
        beyond[two] = np.where(first == row, second, first)
        return ring, beyond

    def stretch(self, row: int, length_m: float, along_boundary: bool) -> Stretch | None:
        """Return a stretch about ``length_m`` long of a row's ring, fairly straight, against one
        zone or the boundary.
        """
        ring, beyond = self.partners(row)
        step = np.hypot(*np.diff(ring, axis=0).T)
        for start in self.random.permutation(len(beyond))[:12].tolist():
            partner = int(beyond[start])
            if (partner == BOUNDARY) != along_boundary or partner == UNKNOWN:
                continue
            stop, length = start, 0.0
            while stop < len(beyond) and beyond[stop] == partner and length < length_m:
                length += float(step[stop])
                stop += 1
            chord = float(np.hypot(*(ring[stop] - ring[start])))
            if length >= 0.7 * length_m and length < 3 * length_m and chord > 0.75 * length:
                return Stretch(row, ring, start, stop, partner)
        return None

    def lens(self, stretch: Stretch, inwards: bool, wanted_m: float) -> tuple[shapely.Polygon, np.ndarray] | None:
        """(the piece between the stretch and its bent copy, about ``wanted_m`` wide; the bent
        copy's points).
        """
        base = stretch.ring[stretch.first : stretch.last + 1]
        chord = base[-1] - base[0]
        span = float(np.hypot(*chord))
        left = np.array([-chord[1], chord[0]]) / span
        counter_clockwise = bool(shapely.is_ccw(shapely.linearrings(stretch.ring)))
        side = left if counter_clockwise == inwards else -left
        along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(base, axis=0).T))]
        count = int(np.clip(along[-1] / 25.0, 7, 40))
        t = np.linspace(0, along[-1], count + 1)[1:-1]
        copy = np.stack([np.interp(t, along, base[:, 0]), np.interp(t, along, base[:, 1])], axis=1)
        bulge = np.sin(np.pi * t / along[-1]) ** 0.55
        jitter = 1.0 + 0.08 * (self.random.random(len(t)) - 0.5)
        for _ in range(5):
            bent = np.round(copy + side * (wanted_m * bulge * jitter)[:, None], 3)
            piece = shapely.polygons(np.vstack([base, bent[::-1]]))
            if not piece.is_valid:
                return None
            found = width_m(piece)
            if abs(found - wanted_m) < 0.12 * wanted_m:
                return piece, bent
            jitter = jitter * (wanted_m / max(found, 0.2 * wanted_m))
        return None

    def bend(self, stretch: Stretch, bent: np.ndarray) -> shapely.Polygon:
        """Return the row's polygon with the stretch replaced by its bent copy."""
        polygon = self.draft.geometry[stretch.row]
        ring = np.vstack([stretch.ring[: stretch.first + 1], bent, stretch.ring[stretch.last :]])
        return shapely.Polygon(ring, polygon.interiors)

    def with_hole(self, row: int, *holes: shapely.Polygon) -> shapely.Polygon:
        """Return the row's polygon with further holes."""
        polygon = self.draft.geometry[row]
        return shapely.Polygon(polygon.exterior, [*polygon.interiors, *(hole.exterior for hole in holes)])


def _edge_keys(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return mix(mix(low) ^ high)
