"""The maps of a sheet: one of the whole territory with the numbers of its findings, and a small one
of each finding.

Goes in: findings with outlines in metres, and the BaseMap below them. Comes out: SVG and its scale
as text. A finding is drawn in the colour of its kind (resources/styles/findings.csv), which is also
that of the review in QGIS; so are those of its two zones.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import shapely

from ..catalogue import RESOURCES, read_table, text
from ..findings import without_place
from .drawing import Bounds, Drawing
from .ground import BaseMap
from .reading import SheetFinding

OVERVIEW_MM, OVERVIEW_HEIGHTS_MM = 185.0, (70.0, 150.0)
SMALL_MM = 54.0
LEAST_WINDOW_M = 60.0
DOT_MM = 0.8
ZONE_COLOURS = {"a": "#0072B2", "b": "#E69F00"}
"""Told apart by people who see no red or green; the zone of side b is dashed, for printers without
colour.
"""
AROUND = 0.25
AROUND_ZONES = 1.5
"""How far a small map reaches beyond its finding, in sizes of the finding: at least, and at most to
show its zones.
"""
AROUND_DOT_M = 60.0
LABEL_MM = 12.0
"""A zone that is narrower on paper has its label beside it."""
BETWEEN = " – "
"""Between the names of two neighbours, which a finding on their border has for its territory."""
BESIDE = 0.1
"""Share of a zone that must lie beside the finding for the label to stand there."""
MOST_LABELS = 7


@functools.cache
def _kinds() -> list[dict[str, str]]:
    return list(read_table(RESOURCES / "styles" / "findings.csv"))


def colour_of(entry: SheetFinding) -> str:
    """Return the colour of a finding's kind."""
    rule, severity = entry["rule"], entry["severity"]
    for kind in _kinds():
        rules = kind["rules"].split()
        if kind["severity"] == severity and (not rules or rule in rules):
            return kind["colour"]
    return "#5C2E0E"


def overview(
    told: Sequence[SheetFinding], every: Sequence[SheetFinding], ground: BaseMap, language: str
) -> tuple[str, str]:
    """(SVG, scale) of a territory: the findings that are listed, in the frame of all that there
    are; ("", "") of none.
    """
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
    territories: Sequence[tuple[str, Sequence[SheetFinding], Sequence[SheetFinding]]], ground: BaseMap, language: str
) -> tuple[str, str]:
    """(SVG, scale) of all disputed findings, with the names of the territories; ``territories``:
    (name, disputed, all).
    """
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
    names = {name for name, _, _ in territories}
    for name, _, every in territories:
        around = _bounds(every)
        of_two = all(part in names for part in name.split(BETWEEN)) and BETWEEN in name
        if around is not None and name and not of_two:
            made.words((around[0] + around[2]) / 2, (around[1] + around[3]) / 2, name, 2.8, 'class="place"')
    made.grid()
    return made.svg(), made.scale_text()


def small_map(entry: SheetFinding, ground: BaseMap, language: str) -> tuple[str, str, frozenset[str]]:
    """(SVG, scale, sides whose zones are outlined) of one finding with what lies around it; nothing
    without an outline.
    """
    bounds = _bounds([entry])
    if bounds is None:
        return "", "", frozenset()
    zones = ground.zones_of(entry)
    label = text("sheet.small_map", language, number=entry.number)
    made = Drawing(_around(bounds, zones), SMALL_MM, SMALL_MM, language, label)
    pieces = ground.within(made.window, 3 * made.finest_m)
    for piece in pieces:
        made.outline(piece.outline, f'class="zone" fill="{piece.colour}"')
    colour = colour_of(entry)
    made.outline(entry.outline, _style(entry, made))
    for side, outline in zones.items():  # where both are the same, the dashes of b lie on a
        made.outline(outline, f'class="side {side}" stroke="{ZONE_COLOURS[side]}"')
    if shapely.area(entry.outline) < (0.8 * made.metres_per_mm) ** 2:
        made.mark(entry["x"], entry["y"], DOT_MM, f'class="ring" stroke="{colour}"')
    seen = shapely.intersection(np.array(list(zones.values()), dtype=object), shapely.box(*made.window))
    for side, outline in zip(zones, seen):
        _label(made, outline, entry, f"{side.upper()} {entry[f'code_{side}']}".strip(), 2.6, f'class="of {side}"')
    others = [piece for piece in pieces if not any(_same_ground(piece.outline, outline) for outline in seen)]
    for piece in sorted(others, key=lambda piece: -piece.outline.area)[:MOST_LABELS]:
        _label(made, piece.outline, entry, piece.code, 2.4, 'class="label"')
    return made.svg(), made.scale_text(), frozenset(zones)


def _label(
    made: Drawing, outline: shapely.Geometry, entry: SheetFinding, said: str, size_mm: float, style: str
) -> None:
    """A zone's label, beside the finding where there is room; beside the zone where that is
    small.
    """
    west, south, east, north = outline.bounds if not outline.is_empty else (0.0,) * 4
    if 0 < east - west < LABEL_MM * made.metres_per_mm and made.words(
        east, (south + north) / 2, said, size_mm, style, beside_mm=0.6
    ):
        return
    sound = entry.outline.is_valid and outline.is_valid
    beside = shapely.difference(outline, entry.outline) if sound else outline
    inside = shapely.point_on_surface(outline if beside.area < BESIDE * outline.area else beside)
    if not inside.is_empty:
        made.words(inside.x, inside.y, said, size_mm, style)


def _same_ground(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Return whether two outlines, of which one was simplified, are those of one zone."""
    near = bool(np.allclose(one.bounds, other.bounds, atol=0.01 * max(other.bounds[2] - other.bounds[0], 1.0)))
    return near and abs(one.area - other.area) < 0.02 * other.area


def _around(bounds: Bounds, zones: dict[str, shapely.Geometry]) -> Bounds:
    """Return the ground of a small map: the finding with a margin, and as much of its zones as lets
    it be seen.
    """
    west, south, east, north = bounds
    size = max(east - west, north - south)
    least = max(AROUND * size, (LEAST_WINDOW_M - size) / 2)
    most = max(AROUND_ZONES * size, least, AROUND_DOT_M)
    low, high = np.array([west, south]), np.array([east, north])
    reach = shapely.bounds(np.array(list(zones.values()), dtype=object)) if zones else np.empty((0, 4))
    wanted_low = np.min([low, *reach[:, :2]], axis=0) - least / 2
    wanted_high = np.max([high, *reach[:, 2:]], axis=0) + least / 2
    low = np.clip(wanted_low, low - most, low - least)
    high = np.clip(wanted_high, high + least, high + most)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _style(entry: SheetFinding, made: Drawing) -> str:
    """Return how an outline is drawn. What has no place of its own carries its whole territory,
    which must not hide the map.
    """
    colour = colour_of(entry)
    placeless = bool(without_place(entry["area_m2"], entry.outline))
    return f'class="found" fill="{"none" if placeless else colour}" stroke="{colour}"'


def _bounds(entries: Sequence[SheetFinding]) -> Bounds | None:
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
