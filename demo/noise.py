"""Smooth pseudo-random fields over the plane: what makes a coast, a hill or a drawn line look
natural.

In: coordinates in metres (arrays of one shape), a wavelength in metres, an integer seed. Out:
values of the same shape, about -1 to 1, the same on every machine because they come from integer
hashing and not from a generator's state. Nothing here can fail on finite input.
"""

from __future__ import annotations

import numpy as np

_DIRECTIONS = 256
_ANGLES = np.arange(_DIRECTIONS) * (2.0 * np.pi / _DIRECTIONS)
_COS, _SIN = np.cos(_ANGLES), np.sin(_ANGLES)


def mix(values: np.ndarray) -> np.ndarray:
    """Well-mixed 64-bit integers out of 64-bit integers (the finaliser of splitmix64)."""
    # Wrapping round is the point; numpy warns of it for single numbers only.
    with np.errstate(over="ignore"):
        z = np.asarray(values, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hash_pair(a: np.ndarray | int, b: np.ndarray | int, seed: int) -> np.ndarray:
    """64-bit hashes of pairs of whole numbers."""
    a = np.asarray(a).astype(np.int64).astype(np.uint64)
    b = np.asarray(b).astype(np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        return mix(mix(a + mix(np.array(seed, dtype=np.uint64))) ^ (b * np.uint64(0xD6E8FEB86659FD93)))


def uniform(hashes: np.ndarray) -> np.ndarray:
    """Hashes to numbers in [0, 1)."""
    return (hashes >> np.uint64(11)).astype(np.float64) * (1.0 / (1 << 53))


def smooth_noise(x: np.ndarray, y: np.ndarray, wavelength_m: float, seed: int) -> np.ndarray:
    """Gradient noise: zero on the lattice's nodes, smooth between them, about -1 to 1."""
    # An offset off the origin, so that fields of different wavelength do not share their zeros.
    u = np.asarray(x, dtype=np.float64) / wavelength_m + 0.137 * (seed % 1013)
    v = np.asarray(y, dtype=np.float64) / wavelength_m - 0.211 * (seed % 1009)
    i, j = np.floor(u), np.floor(v)
    fu, fv = u - i, v - j
    su, sv = fu**3 * (fu * (fu * 6 - 15) + 10), fv**3 * (fv * (fv * 6 - 15) + 10)

    def corner(di: int, dj: int) -> np.ndarray:
        direction = (hash_pair(i + di, j + dj, seed) >> np.uint64(56)).astype(np.intp)
        return _COS[direction] * (fu - di) + _SIN[direction] * (fv - dj)

    low = corner(0, 0) * (1 - su) + corner(1, 0) * su
    high = corner(0, 1) * (1 - su) + corner(1, 1) * su
    return (low * (1 - sv) + high * sv) * 1.6


def fractal_noise(
    x: np.ndarray, y: np.ndarray, wavelength_m: float, seed: int, octaves: int = 4, gain: float = 0.5
) -> np.ndarray:
    """Octaves of smooth noise, each half as long and ``gain`` as strong; about -1 to 1."""
    total = np.zeros(np.shape(x), dtype=np.float64)
    weight, sum_of_squares = 1.0, 0.0
    for octave in range(octaves):
        total += weight * smooth_noise(x, y, wavelength_m / 2**octave, seed * 31 + octave * 7919 + 17)
        sum_of_squares += weight**2
        weight *= gain
    return total / np.sqrt(sum_of_squares)


def ridged_noise(x: np.ndarray, y: np.ndarray, wavelength_m: float, seed: int, octaves: int = 5) -> np.ndarray:
    """Sharp crests between wide valleys, 0 to about 1."""
    total = np.zeros(np.shape(x), dtype=np.float64)
    weight, sum_of_weights = 1.0, 0.0
    for octave in range(octaves):
        crest = 1.0 - np.abs(smooth_noise(x, y, wavelength_m / 2**octave, seed * 37 + octave * 6151 + 5))
        total += weight * np.clip(crest, 0.0, 1.0) ** 2
        sum_of_weights += weight
        weight *= 0.5
    return total / sum_of_weights


def smoothstep(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
