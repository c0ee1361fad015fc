"""Which land-use code a place gets in a district's plan, given the functional zone it lies in.

In: the zone, the place (metres), height, distance to the shore, a hash for chance. Out: codes of TT
01/2021. Every code is one that the provincial plan's zone admits without a condition, so that
conflicts lie only where they are planted. The shares are the table resources/demo/land_use.csv
(zone, code, share, pattern): pattern ``field`` = broad patches by smooth noise, ``spot`` = single
parcels by chance, ``coast`` or ``inland`` = ``field``, but only there.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from ..engine.catalogue import RESOURCES, read_table
from .noise import fractal_noise, uniform
from .zoning import ZONES

DEMO = Path(RESOURCES) / "demo"
COAST_M = 2_600.0


@functools.cache
def shares() -> dict[str, list[tuple[str, float, str]]]:
    """(code, share, pattern) by zone, in the order of the table, which is the order of
    neighbourhood.
    """
    found: dict[str, list[tuple[str, float, str]]] = {zone: [] for zone in ZONES}
    for row in read_table(DEMO / "land_use.csv"):
        found[row["zone"]].append((row["code"], float(row["share"]), row["pattern"]))
    return found


def choose_codes(
    zone: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    shore_m: np.ndarray,
    wavelength_m: np.ndarray,
    chance: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Return a code for each place; ``wavelength_m`` is the size of patches there, ``chance`` a
    64-bit hash of the place.
    """
    codes = np.full(len(zone), "", dtype=object)
    for number in np.unique(zone[zone >= 0]):
        for coastal in (True, False):
            here = np.flatnonzero((zone == number) & ((shore_m < COAST_M) == coastal))
            if len(here):
                rows = [row for row in shares()[ZONES[number]] if row[2] != ("inland" if coastal else "coast")]
                codes[here] = _chosen(rows, x[here], y[here], wavelength_m[here], chance[here], seed + 13 * int(number))
    return codes


def _chosen(
    rows: list[tuple[str, float, str]],
    x: np.ndarray,
    y: np.ndarray,
    wavelength_m: np.ndarray,
    chance: np.ndarray,
    seed: int,
) -> np.ndarray:
    fields = [(code, share) for code, share, pattern in rows if pattern != "spot"]
    spots = [(code, share) for code, share, pattern in rows if pattern == "spot"]
    level = np.zeros(len(x))
    for scale in np.unique(wavelength_m):
        some = wavelength_m == scale
        level[some] = fractal_noise(x[some], y[some], float(scale), seed, octaves=3, gain=0.6)
    # The noise is about normal; its distribution function makes it uniform, so that shares come out
    # as asked.
    level = 1.0 / (1.0 + np.exp(-1.702 * level / 0.40))
    limits = np.cumsum([share for _, share in fields])
    names = np.array([code for code, _ in fields], dtype=object)
    codes = names[np.minimum(np.searchsorted(limits / limits[-1], level), len(names) - 1)]
    if spots:
        draw = uniform(chance)
        limits = np.cumsum([share for _, share in spots]) / 100.0
        names = np.append(np.array([code for code, _ in spots], dtype=object), "")
        place = np.searchsorted(limits, draw)
        codes = np.where(place < len(spots), names[np.minimum(place, len(spots))], codes)
    return codes
