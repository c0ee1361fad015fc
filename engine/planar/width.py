"""How wide a piece is: the diameter in metres of the largest circle that fits in it.

:func:`wider_than` answers the yes-or-no question of the tolerance by a ladder, cheapest step first;
:func:`widths` computes the circle itself, for what is reported. Polygons (valid, non-empty,
projected CRS in metres) go in, one at a time in an array; a MultiPolygon counts as its widest part.
"""

from __future__ import annotations

import math

import numpy as np
import shapely

from ..progress import Progress
from .polygons import POLYGON, parts
from .threads import in_order

CIRCLE_ACCURACY = 0.0025
"""How far the radius of a circle may fall short, relative to the mean width."""
SHRINKING_ACCURACY = 0.005
"""How near the two ends of the search come. GEOS simplifies a crooked outline by a hundredth of the
distance by which it shrinks it, so that there the width is not told finer than that.
"""
FIRST_STRIDE = 0.03
THREAD_M = 0.001
SLENDER = 10.0
"""Outline longer than so many mean widths, as that of a box of 1:2: measured by shrinking, which is
up to a thousand times faster, unless only the outline is crooked.
"""
BULKY = 0.25
"""A first rough circle wider than this part of the short side shows that the polygon is no thread,
however crooked.
"""
THREADS = 2
TURN = np.array([[math.cos(0.3), math.sin(0.3)], [-math.sin(0.3), math.cos(0.3)]])
MANY_VERTICES = 1000
"""Beyond so many, as in a gap along all roads, shrinking takes minutes and the search for the
circle seconds.
"""
WIDTHS_AT_ONCE = 500


def wider_than(polygons: np.ndarray, width_m: float) -> np.ndarray:
    """Return whether the largest circle in each polygon has a diameter above ``width_m``.

    Ladder: the mean width 2A/P never exceeds the diameter, since r >= A/P; the short side of the
    smallest enclosing rectangle is never below it; between the two, a circle of the diameter fits
    if the polygon shrunk by half the width is not empty.
    """
    polygons = np.asarray(polygons, dtype=object)
    if width_m <= 0:
        return shapely.area(polygons) > 0
    polygons = _at_the_origin(polygons)
    wide = _mean_width(polygons) > width_m
    rest = np.flatnonzero(~wide)
    rest = rest[_short_side(polygons[rest]) > width_m]
    large = _circles_can_be_searched() & (shapely.get_num_coordinates(polygons[rest]) > MANY_VERTICES)
    small, large = rest[~large], rest[large]
    wide[small] = ~shapely.is_empty(shapely.buffer(polygons[small], -width_m / 2.0))
    wide[large] = widths(polygons[large]) > width_m
    return wide


def widths(polygons: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Return the diameter of the largest circle in each polygon, in metres; below THREAD_M the mean
    width 2A/P.

    To 0.5 % in a compact polygon and in a strip, to 1 % in a crooked sliver.

    The search for the circle's centre covers the polygon with cells of the wanted accuracy, which
    takes 50 ms for a box of 1:60 and gives up on a longer one; what is not compact is shrunk
    instead, unless it has many vertices.
    """
    polygons = np.asarray(polygons, dtype=object)
    if (shapely.get_type_id(polygons) != POLYGON).any():
        single, source = parts(polygons)
        widest = np.zeros(len(polygons))
        np.maximum.at(widest, source, widths(single, progress))
        return widest
    width_m = np.zeros(len(polygons))
    chunks = [slice(start, start + WIDTHS_AT_ONCE) for start in range(0, len(polygons), WIDTHS_AT_ONCE)]
    for some, found in in_order(lambda some: (some, _widths(polygons[some])), chunks, THREADS, progress or Progress()):
        width_m[some] = found
    return width_m


def _widths(polygons: np.ndarray) -> np.ndarray:
    polygons = _at_the_origin(polygons)
    width_m = _mean_width(polygons)
    short_m, long_m = _sides(polygons)
    thick = np.flatnonzero(short_m > THREAD_M)
    slender = _slender(polygons[thick], width_m[thick], short_m[thick], long_m[thick])
    compact, slender = thick[~slender], thick[slender]
    width_m[slender] = _widths_by_shrinking(polygons[slender])
    circles = _circles(polygons[compact], width_m[compact] * CIRCLE_ACCURACY)
    width_m[compact] = np.maximum(circles, width_m[compact])
    return width_m


def _slender(polygons: np.ndarray, mean_m: np.ndarray, short_m: np.ndarray, long_m: np.ndarray) -> np.ndarray:
    """Return which polygons are measured faster by shrinking than by the search for a circle."""
    if not _circles_can_be_searched():
        return np.ones(len(polygons), dtype=bool)
    slender = shapely.length(polygons) > SLENDER * mean_m
    slender &= shapely.get_num_coordinates(polygons) <= MANY_VERTICES
    crooked = np.flatnonzero(slender & (long_m < 4.0 * short_m))
    slender[crooked] = _circles(polygons[crooked], short_m[crooked] / 8.0) < BULKY * short_m[crooked]
    return slender


def _circles(polygons: np.ndarray, accuracy_m: np.ndarray) -> np.ndarray:
    """Return the diameters of the largest circles, not more than twice ``accuracy_m`` too small."""
    if len(polygons) == 0:
        return np.zeros(0)
    # turned, because in a long box along an axis the search starts with too many cells and gives up
    # early
    turned = shapely.transform(polygons, lambda places: places @ TURN)
    return np.asarray(2.0 * shapely.length(shapely.maximum_inscribed_circle(turned, tolerance=accuracy_m)))


def _at_the_origin(polygons: np.ndarray) -> np.ndarray:
    """Return each polygon moved by itself: at coordinates of some million metres, shrinking by
    millimetres errs by percents.
    """
    places, owner = shapely.get_coordinates(polygons, return_index=True)
    corner = np.nan_to_num(shapely.bounds(polygons)[:, :2])
    return np.asarray(shapely.set_coordinates(polygons.copy(), places - corner[owner]), dtype=object)


def _circles_can_be_searched() -> bool:
    """Shapely 2.0 cannot."""
    return hasattr(shapely, "maximum_inscribed_circle")


def _mean_width(polygons: np.ndarray) -> np.ndarray:
    perimeter = shapely.length(polygons)
    return 2.0 * shapely.area(polygons) / np.where(perimeter > 0, perimeter, 1.0)


def _short_side(polygons: np.ndarray) -> np.ndarray:
    return _sides(polygons)[0]


def _sides(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the short and the long side of the smallest enclosing rectangle."""
    shorter, longer = np.zeros(len(polygons)), np.zeros(len(polygons))
    if len(polygons):
        rectangles = shapely.oriented_envelope(polygons)
        full = shapely.get_type_id(rectangles) == 3  # a degenerate envelope is a line: width 0
        corners = shapely.get_coordinates(rectangles[full]).reshape(-1, 5, 2)
        sides = np.linalg.norm(corners[:, 1:3] - corners[:, 0:2], axis=2)
        shorter[full], longer[full] = sides.min(axis=1), sides.max(axis=1)
    return shorter, longer


def _widths_by_shrinking(polygons: np.ndarray) -> np.ndarray:
    """Narrow the interval in which the shrunk polygon vanishes: between the mean width and the
    short side.

    In a convex sliver the circle is not wider than twice the mean width, and in most slivers nearly
    so: there the search begins, and strides away from it ever faster until the width is between two
    probes.
    """
    mean = _mean_width(polygons)
    low, high = mean.copy(), np.maximum(_short_side(polygons), mean)
    exact = shapely.get_num_coordinates(polygons) == 4  # the circle in a triangle has the radius 2A/P
    low[exact] = high[exact] = 2.0 * mean[exact]
    probe, stride = np.clip(2.0 * mean, low, high), 0.0
    while len(rest := np.flatnonzero(high - low > SHRINKING_ACCURACY * high)):
        near = probe[rest]
        probe[rest] = np.clip((low[rest] + high[rest]) / 2.0, near * (1.0 - stride), near * (1.0 + stride))
        stride = max(2.0 * stride, FIRST_STRIDE)
        fits = ~shapely.is_empty(shapely.buffer(polygons[rest], -probe[rest] / 2.0))
        low[rest] = np.where(fits, probe[rest], low[rest])
        high[rest] = np.where(fits, high[rest], probe[rest])
    return (low + high) / 2.0
