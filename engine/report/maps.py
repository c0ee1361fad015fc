"""The maps of a sheet: one of the whole territory with the numbers of its findings, and a small one of each finding.

Goes in: findings with outlines in metres, and the Ground below them. Comes out: SVG and its scale as text. A finding is drawn in
the colour of its kind (resources/styles/findings.csv), which is also that of the review in QGIS.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
import shapely

from ..catalogue import RESOURCES, read_table, text
from .drawing import Bounds, Drawing
from .ground import Ground
from .reading import Entry

OVERVIEW_MM, OVERVIEW_HEIGHTS_MM = 186.0, (70.0, 150.0)
SMALL_MM = 54.0
LEAST_WINDOW_M = 60.0
DOT_MM = 0.8
LARGE_M2 = 1e6
MOST_LABELS = 7


@functools.cache
def _kinds() -> list[dict[str, str]]:
    return list(read_table(RESOURCES / "styles" / "findings.csv"))


def colour_of(entry: Entry) -> str:
    """The colour of a finding's kind."""
    rule, severity = entry["rule"], entry["severity"]
    for kind in _kinds():
        rules = kind["rules"].split()
        if kind["severity"] == severity and (not rules or rule in rules):
            return kind["colour"]
    return "#5C2E0E"


def overview(told: Sequence[Entry], every: Sequence[Entry], ground: Ground, language: str) -> tuple[str, str]:
    """(SVG, scale) of a territory: the findings that are told, in the frame of all that there are; ("", "") of none."""
    bounds = _bounds(every)
    if bounds is None:
        return "", ""
    made = Drawing(*_fitted(bounds), language, text("sheet.overview", language))
    for piece in ground.within(made.window, 4 * made.finest_m):
        made.outline(piece.outline, f'class="zone" fill="{piece.colour}"')
    for entry in told:
        made.outline(entry.outline, _style(entry, made))
    placed = [entry for entry in told if np.isfinite(entry["x"]) and np.isfinite(entry["y"])]
    for entry in placed:
        made.mark(entry["x"], entry["y"], DOT_MM, f'class="dot" fill="{colour_of(entry)}"')
    for entry in placed:
        made.words(entry["x"], entry["y"], str(entry.number), 2.3, 'class="label"', beside_mm=DOT_MM + 0.3)
    made.grid()
    return made.svg(), made.scale_text()


def province_overview(
    territories: Sequence[tuple[str, Sequence[Entry], Sequence[Entry]]], ground: Ground, language: str
) -> tuple[str, str]:
    """(SVG, scale) of all disputed findings, with the names of the territories; ``territories``: (name, disputed, all)."""
    bounds = _bounds([entry for _, _, every in territories for entry in every])
    if bounds is None:
        return "", ""
    made = Drawing(*_fitted(bounds), language, text("sheet.overview", language))
    for piece in ground.within(made.window, 6 * made.finest_m):
        made.outline(piece.outline, f'class="plain" fill="{piece.colour}"')
    for _, disputed, _ in territories:
        for entry in disputed:
            if np.isfinite(entry["x"]) and np.isfinite(entry["y"]):
                made.mark(entry["x"], entry["y"], 0.6, f'class="dot" fill="{colour_of(entry)}"')
    for name, _, every in territories:
        around = _bounds(every)
        if around is not None and name:
            made.words((around[0] + around[2]) / 2, (around[1] + around[3]) / 2, name, 2.8, 'class="place"')
    made.grid()
    return made.svg(), made.scale_text()


def small_map(entry: Entry, ground: Ground, language: str, named: Callable[[str], str]) -> tuple[str, str]:
    """(SVG, scale) of one finding with the zones around it; ("", "") without an outline. ``named``: the text of a zone's label."""
    bounds = _bounds([entry])
    if bounds is None:
        return "", ""
    west, south, east, north = bounds
    more = max(0.25 * max(east - west, north - south), (LEAST_WINDOW_M - max(east - west, north - south)) / 2)
    wide: Bounds = (west - more, south - more, east + more, north + more)
    made = Drawing(wide, SMALL_MM, SMALL_MM, language, text("sheet.small_map", language, number=entry.number))
    pieces = ground.within(made.window, 3 * made.finest_m)
    for piece in pieces:
        made.outline(piece.outline, f'class="zone" fill="{piece.colour}"')
    colour = colour_of(entry)
    made.outline(entry.outline, _style(entry, made))
    if shapely.area(entry.outline) < (0.8 * made.metres_per_mm) ** 2:
        made.mark(entry["x"], entry["y"], DOT_MM, f'class="ring" stroke="{colour}"')
    for piece in sorted(pieces, key=lambda piece: -piece.outline.area)[:MOST_LABELS]:
        inside = shapely.point_on_surface(piece.outline)
        made.words(inside.x, inside.y, named(piece.code), 2.4, 'class="label"')
    return made.svg(), made.scale_text()


def _style(entry: Entry, made: Drawing) -> str:
    """How an outline is drawn. What has no place of its own carries its whole territory, which must not hide the map."""
    colour = colour_of(entry)
    placeless = not np.isfinite(entry["area_m2"]) and shapely.area(entry.outline) > LARGE_M2
    return f'class="found" fill="{"none" if placeless else colour}" stroke="{colour}"'


def _bounds(entries: Sequence[Entry]) -> Bounds | None:
    outlines = [entry.outline for entry in entries if entry.outline is not None and not entry.outline.is_empty]
    bounds = shapely.bounds(np.array(outlines, dtype=object)) if outlines else np.empty((0, 4))
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None
    low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _fitted(bounds: Bounds) -> tuple[Bounds, float, float]:
    """Bounds with a margin, and the size of a frame across the page that suits their shape."""
    west, south, east, north = bounds
    more = max(0.04 * max(east - west, north - south), LEAST_WINDOW_M / 2)
    wide: Bounds = (west - more, south - more, east + more, north + more)
    shape = (wide[3] - wide[1]) / (wide[2] - wide[0])
    return wide, OVERVIEW_MM, min(max(OVERVIEW_MM * shape, OVERVIEW_HEIGHTS_MM[0]), OVERVIEW_HEIGHTS_MM[1])
