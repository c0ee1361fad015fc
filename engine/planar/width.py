"""How wide a piece is: the diameter in metres of the largest circle that fits in it.

:func:`wider_than` answers the yes-or-no question of the tolerance by a ladder, cheapest step first; :func:`widths`
computes the circle itself, for what is reported. Polygons (valid, non-empty, projected CRS in metres) go in, one at a
time in an array; a MultiPolygon counts as its widest part.
"""

from __future__ import annotations

import numpy as np
import shapely

from .polygons import parts

RELATIVE_ACCURACY = 0.002


def wider_than(polygons: np.ndarray, width_m: float) -> np.ndarray:
    """Whether the largest circle in each polygon has a diameter above ``width_m``.

    Ladder: the mean width 2A/P never exceeds the diameter, since r >= A/P; the short side of the smallest enclosing
    rectangle is never below it; between the two, a circle of the diameter fits if the polygon shrunk by half the width
    is not empty.
    """
    polygons = np.asarray(polygons, dtype=object)
    if width_m <= 0:
        return shapely.area(polygons) > 0
    wide = _mean_width(polygons) > width_m
    rest = np.flatnonzero(~wide)
    rest = rest[_short_side(polygons[rest]) > width_m]
    wide[rest] = ~shapely.is_empty(shapely.buffer(polygons[rest], -width_m / 2.0))
    return wide


def widths(polygons: np.ndarray) -> np.ndarray:
    """The diameter of the largest circle in each polygon, in metres, to 0.2 %."""
    polygons = np.asarray(polygons, dtype=object)
    if len(polygons) == 0:
        return np.zeros(0)
    if np.any(shapely.get_type_id(polygons) != 3):
        single, source = parts(polygons)
        widest = np.zeros(len(polygons))
        np.maximum.at(widest, source, widths(single))
        return widest
    if not hasattr(shapely, "maximum_inscribed_circle"):
        return _widths_by_shrinking(polygons)
    accuracy_m = np.maximum(_mean_width(polygons) * RELATIVE_ACCURACY, 1e-6)
    return 2.0 * shapely.length(shapely.maximum_inscribed_circle(polygons, tolerance=accuracy_m))


def _mean_width(polygons: np.ndarray) -> np.ndarray:
    perimeter = shapely.length(polygons)
    return 2.0 * shapely.area(polygons) / np.where(perimeter > 0, perimeter, 1.0)


def _short_side(polygons: np.ndarray) -> np.ndarray:
    if len(polygons) == 0:
        return np.zeros(0)
    rectangles = shapely.oriented_envelope(polygons)
    shorter = np.zeros(len(polygons))
    full = shapely.get_type_id(rectangles) == 3  # a degenerate envelope is a line: width 0
    corners = shapely.get_coordinates(rectangles[full]).reshape(-1, 5, 2)
    sides = np.linalg.norm(corners[:, 1:3] - corners[:, 0:2], axis=2)
    shorter[full] = sides.min(axis=1)
    return shorter


def _widths_by_shrinking(polygons: np.ndarray) -> np.ndarray:
    """For shapely 2.0, which has no inscribed circle: halve the interval in which the shrunk polygon vanishes."""
    low = _mean_width(polygons)
    high = np.maximum(_short_side(polygons), low)
    while np.any(high - low > RELATIVE_ACCURACY * high + 1e-6):
        middle = (low + high) / 2.0
        fits = ~shapely.is_empty(shapely.buffer(polygons, -middle / 2.0))
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return (low + high) / 2.0
