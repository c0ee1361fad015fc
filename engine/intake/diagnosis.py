"""In which CRS does a layer really lie? Its coordinates are read in every way that is likely, and
held against an outline.

Goes in: the shapes of a layer with the CRS it is labelled with (or None), and polygons that are
known to be right, such as the province's outline, with their CRS. Comes out: a Diagnosis: the
readings ranked, how far the layer lies off as it is labelled, and what is wrong in words. Nothing
is changed. A reading is better the more of the layer lies inside the outline, and then the closer
their common borders are, of which points on the layer's outer border are samples; readings that the
outline cannot distinguish leave the verdict "undecided".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely

from ..catalogue import number, text
from ..errors import PlanError
from ..planar.polygons import polygonal, writable
from ..planar.repair import repair
from ..transformation import require_place
from .candidates import LARGEST_DEGREES, WRONG_TOWGS84, Candidate, candidates, signs_are_wrong
from .outer_border import SEED, outer_border, zones_with_area
from .shifting import compass

RIGHT, WRONG, UNDECIDED, NOWHERE = "right", "wrong", "undecided", "nowhere"
SAMPLES = 2000
BORDER_SAMPLES = 4000
LONGEST_EDGE_M = 1000.0
"""A longer edge of the outline is no straight line on another plane: 100 km bend by metres."""
DEGREE_M = 111_000.0
MARGIN_M = 500.0
"""A layer whose datum is wrong still counts as inside."""
INSIDE_SHARE = 0.8
SAME_INSIDE = 0.02
COMMON_BORDER_M = 400.0
FEWEST_COMMON = 25
TELLING_M = 0.4
TELLING_RATIO = 0.6
SAME_PLACE_M = 0.05
TOLD_M = 0.25


@dataclass(frozen=True)
class Reading:
    """A candidate, held against the outline. ``distance_m`` from the outline, 0 inside;
    ``border_offset_m`` None where no border is in common; ``moved_m`` from where the layer lies as
    labelled (None: it is unlabelled, or nowhere).
    """

    candidate: Candidate
    inside_share: float
    distance_m: float
    border_offset_m: float | None
    moved_m: float | None

    @property
    def title(self) -> str:
        """The CRS with its code."""
        return self.candidate.title


@dataclass(frozen=True)
class Diagnosis:
    """``readings`` best first; ``labelled`` is that of the layer's own CRS; ``rivals`` fit as well
    as the best.
    """

    verdict: str
    readings: tuple[Reading, ...]
    labelled: Reading | None
    rivals: tuple[Reading, ...] = ()
    wrong_signs: bool = False
    metres_as_degrees: bool = False
    direction: str = ""

    @property
    def best(self) -> Reading | None:
        """The best reading, None where none comes near the outline."""
        return None if self.verdict == NOWHERE or not self.readings else self.readings[0]

    @property
    def off_m(self) -> float | None:
        """How far the layer lies off as it is labelled; None where it has no place as labelled."""
        return None if self.best is None else self.best.moved_m

    def text(self, language: str) -> str:
        """Return what is wrong, and what is most likely, in words."""
        return " ".join(text(key, language, **values) for key, values in self._sentences(language))

    def _sentences(self, language: str) -> list[tuple[str, dict[str, object]]]:
        best = self.best
        if best is None:
            nearest = self.readings[0] if self.readings else None
            far = (
                "–" if nearest is None or not np.isfinite(nearest.distance_m) else _length(nearest.distance_m, language)
            )
            return [("diagnosis.nowhere", {"distance": far})]
        values: dict[str, object] = {
            "best": best.title,
            "labelled": "–" if self.labelled is None else self.labelled.title,
            "inside": round(100 * best.inside_share),
            "off": "–" if self.off_m is None else _length(self.off_m, language),
            "direction": text(f"direction.{self.direction}", language) if self.direction else "",
        }
        told = [(f"diagnosis.{self._kind(best)}", values)]
        if self.verdict == WRONG and self.off_m is not None and best is not self.labelled:
            told.append(("diagnosis.off", values))
        if self.rivals:
            listed = "; ".join(reading.title for reading in self.rivals)
            told.append(("diagnosis.rivals", {"rivals": listed}))
        if best.candidate.kind in ("hanoi", "deprecated"):
            told.append((f"diagnosis.{best.candidate.kind}", values))
        if self.wrong_signs:
            told.append(("diagnosis.wrong_signs", values))
        return told

    def _kind(self, best: Reading) -> str:
        if self.verdict == RIGHT:
            return "right"
        if self.verdict == UNDECIDED:
            return "undecided"
        if best.candidate.kind == WRONG_TOWGS84:
            return "towgs84"
        if best is self.labelled:
            return "fits"
        if self.labelled is None:
            return "unlabelled_swapped" if best.candidate.swapped else "unlabelled"
        if self.metres_as_degrees:
            return "metres_as_degrees_swapped" if best.candidate.swapped else "metres_as_degrees"
        if self.labelled.candidate.crs.is_projected and best.candidate.crs.is_geographic:
            return "degrees_as_metres"
        if best.candidate.swapped:
            same = best.candidate.crs == self.labelled.candidate.crs
            return "swapped" if same else "other_swapped"
        return "other"


def diagnose(
    shapes: np.ndarray,
    crs: pyproj.CRS | None,
    outline: np.ndarray | shapely.Geometry,
    outline_crs: pyproj.CRS,
    layer: str = "",
) -> Diagnosis:
    """Hold ``shapes``, labelled with ``crs``, against ``outline``."""
    shapes = np.asarray(shapes, dtype=object)
    places = _some_vertices(shapes)
    if not len(places):
        raise PlanError("error.no_geometry", layer=layer, count=len(shapes))
    if crs is not None:
        require_place(crs, layer)
    ground = _Ground.of(outline, outline_crs)
    tried = candidates(places, crs)
    plane = [ground.plane(candidate.degrees(places)) for candidate in tried]
    own = plane[0] if crs is not None else None
    inside = [ground.inside(where) for where in plane]
    feasible = [index for index, (share, _) in enumerate(inside) if share >= INSIDE_SHARE]
    border = _border(shapes, places)
    offsets = _offsets([ground.plane(tried[index].degrees(border)) for index in feasible], ground)
    by_candidate = dict(zip(feasible, offsets))
    readings = []
    for index, candidate in enumerate(tried):
        moved = None if own is None else _moved(own, plane[index])
        readings.append(Reading(candidate, *inside[index], by_candidate.get(index), moved))
    labelled = readings[0] if crs is not None else None
    ranked = _ranked(readings)
    direction = ""
    best = ranked[0]
    if own is not None and best.moved_m is not None:
        direction = _direction(own, plane[readings.index(best)])
    rivals = _rivals(ranked, plane, readings)
    as_degrees = crs is not None and crs.is_geographic and bool((np.abs(places) > LARGEST_DEGREES).any())
    told = {"wrong_signs": signs_are_wrong(crs), "metres_as_degrees": as_degrees, "direction": direction}
    return Diagnosis(_verdict(ranked, labelled, rivals), ranked, labelled, rivals, **told)  # type: ignore[arg-type]


def _some_vertices(shapes: np.ndarray) -> np.ndarray:
    places = shapely.get_coordinates(shapes)
    places = places[np.isfinite(places).all(axis=1)]
    chosen = np.random.default_rng(SEED).choice(len(places), min(SAMPLES, len(places)), replace=False)
    sampled: np.ndarray = places[np.sort(chosen)]
    return sampled


def _border(shapes: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Points on the outer border of the layer, in its own coordinates; its ``vertices`` where it
    has no polygons.
    """
    in_degrees = bool((np.abs(vertices) <= LARGEST_DEGREES).all())
    zones = zones_with_area(shapes)
    border = outer_border(zones, BORDER_SAMPLES, DEGREE_M if in_degrees else 1.0).places
    return border if len(border) else vertices


@dataclass(frozen=True)
class _Ground:
    """The outline on a plane of its own in metres."""

    to_plane: pyproj.Transformer
    area: shapely.Geometry
    tree: shapely.STRtree

    @classmethod
    def of(cls, outline: np.ndarray | shapely.Geometry, crs: pyproj.CRS) -> _Ground:
        polygons = polygonal(repair(shapely.force_2d(np.atleast_1d(np.asarray(outline, dtype=object))))[0])
        polygons = polygons[~(shapely.is_missing(polygons) | shapely.is_empty(polygons))]
        if not len(polygons):
            raise PlanError("error.diagnosis_outline")
        longest = LONGEST_EDGE_M / (DEGREE_M if crs.is_geographic else 1.0)
        degrees = _transformed(
            shapely.segmentize(polygons, longest), pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        )
        west, south, east, north = shapely.total_bounds(degrees)
        if not np.isfinite([west, south, east, north]).all() or max(abs(south), abs(north)) > 90.0:
            raise PlanError("error.diagnosis_outline")
        centre = f"+proj=laea +lat_0={(south + north) / 2} +lon_0={(west + east) / 2} +ellps=WGS84 +units=m +no_defs"
        to_plane = pyproj.Transformer.from_crs("EPSG:4326", centre, always_xy=True)
        plane = _transformed(degrees, to_plane)
        area = shapely.buffer(shapely.union_all(shapely.make_valid(plane)), MARGIN_M, quad_segs=2)
        shapely.prepare(area)
        return cls(to_plane, area, shapely.STRtree(_border_pieces(plane)))

    def plane(self, degrees: np.ndarray) -> np.ndarray:
        return np.column_stack(self.to_plane.transform(degrees[:, 0], degrees[:, 1]))

    def inside(self, where: np.ndarray) -> tuple[float, float]:
        """(share of the vertices inside, distance of the middle one in metres)."""
        real = np.isfinite(where).all(axis=1)
        if not real.any():
            return 0.0, float("inf")
        share = float(shapely.contains_xy(self.area, where[real, 0], where[real, 1]).sum() / len(where))
        middle = shapely.Point(np.median(where[real], axis=0))
        return share, float(shapely.distance(self.area, middle))

    def from_border(self, where: np.ndarray) -> np.ndarray:
        """Return the distance of each vertex from the nearest border of the outline; infinite
        beyond COMMON_BORDER_M.
        """
        away = np.full(len(where), np.inf)
        real = np.flatnonzero(np.isfinite(where).all(axis=1))
        (found, _), distances = self.tree.query_nearest(
            shapely.points(where[real]), max_distance=COMMON_BORDER_M, return_distance=True, all_matches=False
        )
        away[real[found]] = distances
        return away


def _transformed(shapes: np.ndarray, operation: pyproj.Transformer) -> np.ndarray:
    places = shapely.get_coordinates(shapes)
    moved = np.column_stack(operation.transform(places[:, 0], places[:, 1]))
    return np.asarray(shapely.set_coordinates(shapes.copy(), moved), dtype=object)


def _border_pieces(polygons: np.ndarray) -> np.ndarray:
    """Return every edge of the borders as a line of its own."""
    places, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(writable(polygons))), return_index=True)
    inside = ring[1:] == ring[:-1]
    return np.asarray(shapely.linestrings(np.stack([places[:-1][inside], places[1:][inside]], axis=1)), dtype=object)


def _offsets(plane: Sequence[np.ndarray], ground: _Ground) -> list[float | None]:
    """Return how far the common border lies off in each reading: the median over the points that
    come near it in any reading.
    """
    if not plane:
        return []
    away = np.array([ground.from_border(where) for where in plane])
    closest = away.min(axis=0)
    common = closest <= max(2.0, 3.0 * float(np.min([_lower_quartile(row) for row in away])))
    if common.sum() < FEWEST_COMMON:
        return [None] * len(plane)
    return [float(np.median(np.minimum(row[common], COMMON_BORDER_M))) for row in away]


def _lower_quartile(away: np.ndarray) -> float:
    near = away[np.isfinite(away)]
    return float(np.quantile(near, 0.25)) if len(near) >= FEWEST_COMMON else COMMON_BORDER_M / 3


def _moved(own: np.ndarray, other: np.ndarray) -> float | None:
    both = np.isfinite(own).all(axis=1) & np.isfinite(other).all(axis=1)
    if not both.any():
        return None
    return float(np.median(np.hypot(*(other[both] - own[both]).T)))


def _direction(own: np.ndarray, best: np.ndarray) -> str:
    """Return where the layer lies as labelled, seen from where it belongs."""
    both = np.isfinite(own).all(axis=1) & np.isfinite(best).all(axis=1)
    if not both.any():
        return ""
    east, north = np.median(own[both] - best[both], axis=0)
    return compass(float(east), float(north))


def _ranked(readings: list[Reading]) -> tuple[Reading, ...]:
    """Best first: inside, close at the border, in a CRS that one may use, as labelled, as it
    stands, near.
    """
    most = max(reading.inside_share for reading in readings)

    def rank(item: tuple[int, Reading]) -> tuple[object, ...]:
        order, reading = item
        apart = max(0.0, most - reading.inside_share - SAME_INSIDE)
        offset = COMMON_BORDER_M if reading.border_offset_m is None else reading.border_offset_m
        distance = reading.distance_m if np.isfinite(reading.distance_m) else 1e12
        steps = int(offset / TELLING_M)
        return (round(apart, 3), steps, bool(reading.candidate.kind), reading.candidate.swapped, distance, order)

    return tuple(reading for _, reading in sorted(enumerate(readings), key=rank))


def _rivals(ranked: tuple[Reading, ...], plane: list[np.ndarray], readings: list[Reading]) -> tuple[Reading, ...]:
    """Return the readings that fit the outline as well as the best although they lie elsewhere;
    those in unusable CRSs aside.
    """
    best = ranked[0]
    if best.inside_share < INSIDE_SHARE:
        return ()
    here, found = plane[readings.index(best)], []
    for reading in ranked[1:]:
        if reading.inside_share < best.inside_share - SAME_INSIDE or reading.candidate.kind:
            continue
        apart = _moved(here, plane[readings.index(reading)])
        if apart is not None and apart > SAME_PLACE_M and not _told_apart(best, reading):
            found.append(reading)
    return tuple(found)


def _told_apart(best: Reading, other: Reading) -> bool:
    if best.border_offset_m is None or other.border_offset_m is None:
        return False
    farther = other.border_offset_m - best.border_offset_m
    return farther > TELLING_M and best.border_offset_m <= TELLING_RATIO * other.border_offset_m


def _verdict(ranked: tuple[Reading, ...], labelled: Reading | None, rivals: tuple[Reading, ...]) -> str:
    best = ranked[0]
    if best.inside_share < INSIDE_SHARE:
        return NOWHERE
    if labelled is not None and not labelled.candidate.kind:
        stays = labelled is best or (best.moved_m is not None and best.moved_m <= TOLD_M)
        if stays or labelled in rivals:
            return RIGHT
    return UNDECIDED if rivals else WRONG


def _length(value_m: float, language: str) -> str:
    if value_m < 1000:
        return f"{number(value_m, 1 if value_m < 100 else 0, language)} m"
    return f"{number(value_m / 1000, 1 if value_m < 100_000 else 0, language)} km"
