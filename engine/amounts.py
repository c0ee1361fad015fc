"""Areas, widths, lengths and shares as a reader sees them, in messages, lists, sheets and pages
alike.

A number in m², m or as a share from 0 to 1 goes in, its words in a language come out; "–" for one
that is not known. Needs no geopandas. Never fails.
"""

from __future__ import annotations

import math

from .catalogue import number

SMALLEST_SHOWN_M2 = 5e-5


def area_text(area_m2: float, language: str) -> str:
    """Return an area for a reader: in hectares, small pieces in m² as well."""
    if not math.isfinite(area_m2):
        return "–"
    if area_m2 >= 1000:
        return f"{number(area_m2 / 1e4, 2, language)} ha"
    if abs(area_m2) < SMALLEST_SHOWN_M2:
        return "0 m²"
    return f"{number(area_m2, 1 if area_m2 >= 1 else 4, language)} m²"


def width_text(width_m: float, language: str) -> str:
    """Return a width for a reader, in metres."""
    if not math.isfinite(width_m):
        return "–"
    return f"{number(width_m, 1 if width_m >= 1 else 3, language)} m"


def length_text(length_m: float, language: str) -> str:
    """Return the length of a line for a reader, from a kilometre on in km."""
    if length_m >= 1000:
        return f"{number(length_m / 1000.0, 2, language)} km"
    return f"{number(length_m, 1, language)} m"


def share_text(share: float, language: str) -> str:
    """Return a share (0 to 1) for a reader, in percent."""
    return f"{number(100 * share, 1, language)} %" if math.isfinite(share) else "–"
