"""Geometries in bytes become shapes, each for itself: one that no check knows, or that is cut
short, loses nothing but itself.

Goes in: an array of WKB (bytes, or None where a row has no geometry), of any dimension. Comes out:
shapes, None where there is none, and the names of those that could not become one: surfaces in 3D
such as a mesh or a TIN. A ring that is not closed is closed where shapely (2.1) can do so, else its
zone counts as empty, which the checks report. Nothing here fails.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

UNCLOSED = "fix" if hasattr(shapely, "coverage_is_valid") else "ignore"
EWKB_FLAGS = 0x0FFFFFFF
SURFACES = {15: "PolyhedralSurface", 16: "TIN", 17: "Triangle"}
"""Kinds of geometry that have no plan of their own; shapely knows none of them."""


@dataclass(frozen=True)
class Shapes:
    """``shapes`` one a row; ``unknown``: the rows whose geometry is none of a map, and the name of
    each.
    """

    shapes: np.ndarray
    unknown: dict[int, str]


def shapes_of(wkb: np.ndarray) -> Shapes:
    """Return the shapes of an array of WKB."""
    with np.errstate(invalid="ignore"):  # vertices that are no numbers are reported by the checks
        made = np.asarray(shapely.from_wkb(wkb, on_invalid=UNCLOSED), dtype=object)
    lost = [row for row in np.flatnonzero(shapely.is_missing(made)) if wkb[row] is not None]
    named = {int(row): SURFACES.get(_code(wkb[row]), "") for row in lost}
    return Shapes(made, {row: name for row, name in named.items() if name})


def _code(wkb: bytes) -> int:
    """Return the kind of geometry, without the marks of a third or fourth coordinate."""
    if len(wkb) < 5:
        return 0
    (code,) = struct.unpack(("<" if wkb[0] else ">") + "I", wkb[1:5])
    return int(code & EWKB_FLAGS) % 1000


def found_of(unknown: Mapping[int, str]) -> str:
    """Return the names of what is unknown, most frequent first."""
    return ", ".join(name for name, _ in Counter(unknown.values()).most_common())
