"""Does a whole layer lie off its neighbour by one constant offset, as after a wrong datum, and by
how much?

Goes in: polygons of two layers in one projected CRS in metres: a plan, and its neighbour, boundary
or another draft. Comes out: a ConstantShift, ``dx_m``, ``dy_m`` being what must be ADDED to the
layer. Only the outer borders are compared. First every pair of border points of like direction
votes for an offset; then the best offsets are refined by least squares of the distances across the
border. Leaving out one stretch of border after the other shows how sure the result is: one border
drawn wrongly, noise of digitising, or borders that have nothing in common give ``found`` False and
an offset of 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely

from ..planar.edges import GRID_M, suspect_edges
from ..planar.polygons import polygonal
from ..planar.repair import repair
from ..progress import Progress

SEARCH_M = 260.0
"""VN-2000 taken for WGS 84 is 225 m off."""
SMALLEST_M = 0.25
BIN_M = 5.0
SAMPLES, REFERENCE_SAMPLES = 1200, 60_000
FEWEST = 20
STRETCHES = 10
STARTS = 5
LIKE_DIRECTION = np.cos(np.radians(20.0))
GATES_M = (25.0, 12.0, 6.0, 3.0)
STRAIGHT = 0.02
"""Below this share of the border's directions an offset along the border shows nowhere."""
SURE = 0.4
PLAIN = 0.8
"""From this share of the border on, what lies near is the partner, and nothing farther away need be
tried.
"""
TIMES_UNCERTAINTY = 4.0


@dataclass(frozen=True)
class ConstantShift:
    """``confidence`` 0 to 1; ``residual_m`` the median distance across the border after the shift,
    ``before_m`` before it.

    ``uncertainty_m`` is the standard error of the offset, 0 where there is none to judge;
    ``along_border_unknown``: the common border is straight, so only the offset across it is known.
    ``reason`` is a word for why nothing was found: "", apart, few, noise, same, changing.
    """

    dx_m: float = 0.0
    dy_m: float = 0.0
    confidence: float = 0.0
    residual_m: float = 0.0
    before_m: float = 0.0
    uncertainty_m: float = 0.0
    along_border_unknown: bool = False
    found: bool = False
    reason: str = ""

    @property
    def length_m(self) -> float:
        """How far the layer lies off."""
        return float(np.hypot(self.dx_m, self.dy_m))


@dataclass(frozen=True)
class _Border:
    """Points on borders with the unit direction of the border there."""

    places: np.ndarray
    directions: np.ndarray

    def some(self, count: int) -> _Border:
        """At most ``count`` of them, evenly."""
        if len(self.places) <= count:
            return self
        chosen = np.linspace(0, len(self.places) - 1, count).astype(int)
        return _Border(self.places[chosen], self.directions[chosen])


@dataclass(frozen=True)
class _Fit:
    shift: np.ndarray
    cost: float
    share: float
    residual_m: float
    straight: bool


def constant_shift(
    layer: gpd.GeoDataFrame | np.ndarray, reference: gpd.GeoDataFrame | np.ndarray, search_m: float = SEARCH_M
) -> ConstantShift:
    """Return the constant offset of ``layer`` from ``reference``, if there is one of at most
    ``search_m``.
    """
    ours, theirs = _segments(layer), _segments(reference)
    ours, theirs = _near(ours, theirs, search_m), _near(theirs, ours, search_m)
    if not len(ours) or not len(theirs):
        return ConstantShift(reason="apart")
    lines = shapely.linestrings(theirs)
    tree = shapely.STRtree(lines)
    border = _sampled(ours, SAMPLES)
    border = _within(border, tree, search_m).some(SAMPLES)
    if len(border.places) < FEWEST:
        return ConstantShift(reason="few")
    matcher = _Matcher(theirs, tree)
    as_it_lies = matcher.judge(border, np.zeros(2))
    if as_it_lies.share >= PLAIN and as_it_lies.residual_m < SMALLEST_M / 2.0:
        return ConstantShift(residual_m=as_it_lies.residual_m, before_m=as_it_lies.residual_m, reason="same")
    few = border.some(SAMPLES // 3)
    rough = [matcher.refine(few, np.zeros(2))]
    if rough[0].share < PLAIN:
        starts = _votes(border, _sampled(theirs, REFERENCE_SAMPLES), search_m)
        rough += [matcher.refine(few, start) for start in starts]
    best = matcher.refine(border, max(rough, key=lambda fit: (fit.share, -fit.residual_m)).shift)
    return _judged(matcher, border, best)


def _segments(layer: gpd.GeoDataFrame | np.ndarray) -> np.ndarray:
    """Return the outer borders of a layer as segments (n, 2, 2): edges that no second zone
    shares.
    """
    shapes = layer.geometry.values if isinstance(layer, gpd.GeoDataFrame) else layer
    shapes = np.asarray(shapes, dtype=object)
    polygons = polygonal(repair(shapely.force_2d(shapes[shapely.is_geometry(shapes)]))[0])
    polygons = polygons[shapely.area(polygons) > 0] if len(polygons) else polygons
    if not len(polygons):
        return np.zeros((0, 2, 2))
    edges = suspect_edges(polygons, Progress())
    return np.stack([edges.start, edges.end], axis=1) * GRID_M + edges.origin


def _near(segments: np.ndarray, others: np.ndarray, search_m: float) -> np.ndarray:
    """Return the segments that reach into the box around ``others``."""
    if not len(segments) or not len(others):
        return segments[:0]
    low, high = others.min(axis=(0, 1)) - search_m, others.max(axis=(0, 1)) + search_m
    return segments[((segments.max(axis=1) >= low) & (segments.min(axis=1) <= high)).all(axis=1)]


def _sampled(segments: np.ndarray, count: int) -> _Border:
    """About four times ``count`` points at even distances along the segments."""
    vectors = segments[:, 1] - segments[:, 0]
    lengths = np.hypot(vectors[:, 0], vectors[:, 1])
    kept = lengths > 0
    segments, vectors, lengths = segments[kept], vectors[kept], lengths[kept]
    spacing = max(lengths.sum() / (4 * count), 0.5)
    ends = np.cumsum(lengths)
    at = np.arange(spacing / 2, ends[-1], spacing)
    index = np.searchsorted(ends, at)
    along = (at - (ends[index] - lengths[index])) / lengths[index]
    places = segments[index, 0] + along[:, None] * vectors[index]
    return _Border(places, vectors[index] / lengths[index][:, None])


def _within(border: _Border, tree: shapely.STRtree, search_m: float) -> _Border:
    near = np.unique(tree.query(shapely.points(border.places), predicate="dwithin", distance=search_m)[0])
    return _Border(border.places[near], border.directions[near])


def _votes(border: _Border, reference: _Border, search_m: float) -> list[np.ndarray]:
    """Return the offsets for which most border points have a partner of like direction, best
    first.
    """
    few = border.some(SAMPLES // 3)
    tree = shapely.STRtree(shapely.points(reference.places))
    one, other = tree.query(shapely.points(few.places), predicate="dwithin", distance=search_m)
    alike = np.abs((few.directions[one] * reference.directions[other]).sum(axis=1)) >= LIKE_DIRECTION
    one, other = one[alike], other[alike]
    size = int(np.ceil(search_m / BIN_M)) * 2 + 1
    cell = np.rint((reference.places[other] - few.places[one]) / BIN_M).astype(int) + size // 2
    within = ((cell >= 0) & (cell < size)).all(axis=1)
    cells = size * size
    once = np.unique(one[within] * cells + cell[within, 0] * size + cell[within, 1]) % cells
    counts = np.bincount(once, minlength=cells).reshape(size, size).astype(float)
    padded = np.pad(counts, 1)
    smooth = np.zeros_like(counts)
    for row, column in np.ndindex(3, 3):
        smooth += padded[row : row + size, column : column + size]
    starts = []
    for _ in range(STARTS):
        top = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
        starts.append((np.array(top) - size // 2) * BIN_M)
        smooth[max(0, top[0] - 3) : top[0] + 4, max(0, top[1] - 3) : top[1] + 4] = -1.0
    return starts


class _Matcher:
    """Distances across the border from points to the reference's segments."""

    def __init__(self, segments: np.ndarray, tree: shapely.STRtree):
        self._segments, self._tree = segments, tree
        vectors = segments[:, 1] - segments[:, 0]
        self._unit = vectors / np.maximum(np.hypot(vectors[:, 0], vectors[:, 1]), GRID_M)[:, None]

    def refine(self, border: _Border, start: np.ndarray, gates_m: tuple[float, ...] = GATES_M) -> _Fit:
        """Return the offset near ``start`` that brings the border closest, by narrowing gates."""
        shift = np.array(start, dtype=float)
        for gate in gates_m:
            for _ in range(4):
                normals, across, matched = self.match(border, shift, gate)
                if matched.sum() < FEWEST // 2:
                    break
                step, _ = _solve(normals[matched], across[matched])
                shift = shift + step
                if np.hypot(*step) < 1e-4:
                    break
        return self.judge(border, shift)

    def match(self, border: _Border, shift: np.ndarray, gate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (normal of the nearest segment, distance across it, whether it is a partner) for
        each point.
        """
        places = border.places + shift
        nearest = self._tree.nearest(shapely.points(places))
        unit = self._unit[nearest]
        normals = np.column_stack([-unit[:, 1], unit[:, 0]])
        away = self._segments[nearest, 0] - places
        across = (away * normals).sum(axis=1)
        length = np.hypot(*(self._segments[nearest, 1] - self._segments[nearest, 0]).T)
        along = -(away * unit).sum(axis=1)
        beside = (along >= -gate) & (along <= length + gate)
        alike = np.abs((unit * border.directions).sum(axis=1)) >= LIKE_DIRECTION
        return normals, across, beside & alike & (np.abs(across) <= gate)

    def judge(self, border: _Border, shift: np.ndarray, scale_m: float | None = None) -> _Fit:
        """Return how well the border fits after ``shift``; ``scale_m`` bounds what one point can
        cost.
        """
        normals, across, matched = self.match(border, shift, GATES_M[-1] if scale_m is None else 1e9)
        if not matched.any():
            return _Fit(shift, 1.0, 0.0, float("inf"), True)
        residual = float(np.median(np.abs(across[matched])))
        bound = scale_m or 4.0 * max(residual, 0.02)
        cost = float(np.mean(np.minimum(np.where(matched, across, bound) ** 2, bound**2)) / bound**2)
        straight = matched.sum() < 2 or _solve(normals[matched], across[matched])[1]
        return _Fit(shift, cost, float(matched.mean()), residual, straight)


def _solve(normals: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, bool]:
    """(offset that takes the distances away, whether all normals point one way so that one
    component stays 0).
    """
    weights = 1.0 / np.maximum(np.abs(across), 0.01 + float(np.median(np.abs(across))))
    matrix = (normals * weights[:, None]).T @ normals
    values, vectors = np.linalg.eigh(matrix)
    straight = bool(values[0] < STRAIGHT * values.sum())
    inverse = np.where(values > (STRAIGHT * values.sum()), 1.0 / np.maximum(values, 1e-12), 0.0)
    return vectors @ (inverse * (vectors.T @ ((normals * weights[:, None]).T @ across))), straight


def _judged(matcher: _Matcher, border: _Border, best: _Fit) -> ConstantShift:
    """Return the best offset, if it is one: not noise, not nothing, and the same all along the
    border.
    """
    bound = 4.0 * max(best.residual_m, 0.02)
    if not np.isfinite(bound):
        return ConstantShift(reason="noise")
    fitted, still = matcher.judge(border, best.shift, bound), matcher.judge(border, np.zeros(2), bound)
    shares = 1.0 - fitted.cost
    confidence = max(0.0, shares * (1.0 - fitted.cost / still.cost)) if still.cost > 0 else 0.0
    told = ConstantShift(
        confidence=round(confidence, 3),
        residual_m=still.residual_m,
        before_m=still.residual_m,
        along_border_unknown=best.straight,
    )
    length = float(np.hypot(*best.shift))
    if length < SMALLEST_M or still.cost == 0:
        return replace(told, confidence=0.0, reason="same")
    if best.share < SURE or confidence < SURE:
        return replace(told, reason="noise")
    uncertainty = _uncertainty(matcher, border, best.shift)
    told = replace(told, uncertainty_m=uncertainty)
    if length < TIMES_UNCERTAINTY * uncertainty:
        return replace(told, reason="changing")
    dx, dy = (float(value) for value in best.shift)
    return replace(told, dx_m=dx, dy_m=dy, residual_m=best.residual_m, found=True)


def _uncertainty(matcher: _Matcher, border: _Border, shift: np.ndarray) -> float:
    """Return the standard error of the offset, from leaving out one stretch of the border after the
    other.
    """
    order = np.argsort(border.places @ _main_direction(border.places), kind="stable")
    stretches = np.array_split(order, STRETCHES)
    found = []
    for left_out in stretches:
        kept = np.setdiff1d(order, left_out)
        found.append(matcher.refine(_Border(border.places[kept], border.directions[kept]), shift, GATES_M[-2:]).shift)
    spread = np.array(found) - np.mean(found, axis=0)
    return float(np.sqrt((STRETCHES - 1) / STRETCHES * (spread**2).sum()))


def _main_direction(places: np.ndarray) -> np.ndarray:
    centred = places - places.mean(axis=0)
    direction: np.ndarray = np.linalg.eigh(centred.T @ centred)[1][:, 1]
    return direction
