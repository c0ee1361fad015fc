"""What surveying and drawing do to a line: every office draws the same border a little elsewhere.

In: geometries in the master frame, the largest deviation (metres), its wavelength, a seed. Out: the
same geometries moved by a smooth field and rounded to the millimetre. Equal coordinates stay equal,
so an exact coverage stays exact.
"""

from __future__ import annotations

import numpy as np
import shapely

from .noise import smooth_noise

DISTRICT_DEVIATION_M, DISTRICT_WAVELENGTH_M = 1.5, 2_700.0
PROVINCE_DEVIATION_M, PROVINCE_WAVELENGTH_M = 3.0, 1_300.0


def deviation(xy: np.ndarray, largest_m: float, wavelength_m: float, seed: int) -> np.ndarray:
    """Return the shift (n, 2) of points; at most about 1.4 times ``largest_m``, none at all in some
    places.
    """
    x, y = xy.T
    return np.stack(
        [largest_m * smooth_noise(x, y, wavelength_m, seed), largest_m * smooth_noise(x, y, wavelength_m, seed + 1)],
        axis=1,
    )


def district_deviation(xy: np.ndarray, seed: int, number: int) -> np.ndarray:
    """Return how far the survey of district ``number`` puts points from where they are."""
    return deviation(xy, DISTRICT_DEVIATION_M, DISTRICT_WAVELENGTH_M, seed + 2_000 + 2 * number)


def surveyed(geometry: np.ndarray, seed: int, number: int) -> np.ndarray:
    """Return the geometries as district ``number`` surveyed them."""
    return redrawn(geometry, DISTRICT_DEVIATION_M, DISTRICT_WAVELENGTH_M, seed + 2_000 + 2 * number)


def redrawn(geometry: np.ndarray, largest_m: float, wavelength_m: float, seed: int) -> np.ndarray:
    """Return the geometries as that office drew them, whole millimetres."""
    geometry = np.array(geometry, dtype=object)
    xy = shapely.get_coordinates(geometry)
    return shapely.set_coordinates(geometry, np.round(xy + deviation(xy, largest_m, wavelength_m, seed), 3))
