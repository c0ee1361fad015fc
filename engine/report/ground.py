"""The zones of given plan layers as the quiet ground of a map: outlines, codes, colours; nothing
where no layer was given.

It also knows which two zones a finding is about: those of its keys, where the layers have a key
field, else those of its codes that share most ground with it.

Goes in: PlanLayers, the CRS of the store, the rule set that knows names and colours, and whether
defence land is hidden. Then squares of MASK_M around it are cut out of every layer, so that its
neighbours do not draw its outline either, and a layer without a code field is left out, because
nothing says which of its zones are defence land. ``notes`` say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely

from ..codes import fold
from ..errors import PlanError
from ..plan import PlanLayer
from ..rulesets.ruleset import RuleSet
from .reading import SheetFinding
from .redaction import Redaction

MASK_M = 500.0
CLEARLY = 0.5
"""A zone is meant where no other one shares half as much with the finding."""
TOUCHING_M = 0.05
"""A gap lies beside its zones, up to rounding."""
PALE = "#e9e9e4"


@dataclass(frozen=True)
class VisibleZone:
    """A part of a zone inside a map's window."""

    outline: shapely.Geometry
    code: str
    colour: str


class BaseMap:
    """Zones to draw below findings; ``defence`` are the outlines of those that must not be seen."""

    def __init__(self, plans: Sequence[PlanLayer], srs: str, rules: RuleSet, redact: bool):
        self.notes: list[tuple[str, dict[str, object]]] = []
        self.defence: list[shapely.Geometry] = []
        outlines: list[shapely.Geometry] = []
        self._codes: list[str] = []
        self._keys: list[str] = []
        if plans and not srs:
            raise PlanError("error.no_crs", layer="findings")
        hidden = Redaction(rules) if redact else None
        for plan in plans:
            if hidden is not None and not plan.code_field:
                self.notes.append(("sheet.plan_without_codes", {"layer": plan.name}))
                continue
            zones = plan.to_crs(pyproj.CRS.from_user_input(srs)).widened().zones
            keys = zones["key"].tolist() if plan.key_field else [""] * len(zones)
            shapes = _sound(np.asarray(zones.geometry.values, dtype=object))
            for shape, code, key in zip(shapes, zones["code"].tolist(), keys):
                if shape is None or shape.is_empty:
                    continue
                if hidden is not None and hidden.is_defence(code):
                    self.defence.append(shape)
                else:
                    outlines.append(shape)
                    self._codes.append(code)
                    self._keys.append(key)
        self._outlines = _without(np.array(outlines, dtype=object), self.defence)
        self._colours = {code: _colour(rules, code) for code in set(self._codes)}
        self._tree = shapely.STRtree(self._outlines)

    def __len__(self) -> int:
        return len(self._outlines)

    def within(self, window: tuple[float, float, float, float], least_m: float) -> list[VisibleZone]:
        """Return the zones inside ``window`` (west, south, east, north), cut to it; those smaller
        than ``least_m`` across are not drawn.
        """
        if not len(self._outlines):
            return []
        frame = shapely.box(*window)
        rows = np.sort(self._tree.query(frame, predicate="intersects"))
        if not len(rows):
            return []
        cut = shapely.intersection(self._outlines[rows], frame)
        cut = shapely.simplify(cut, least_m / 4)
        areas = shapely.area(cut)
        return [
            VisibleZone(shape, self._codes[row], self._colours[self._codes[row]])
            for row, shape, area in zip(rows, cut, areas)
            if area > least_m**2
        ]

    def zones_of(self, entry: SheetFinding) -> dict[str, shapely.Geometry]:
        """Return the zones of both sides of a finding, as far as they are known and meet it: {"a":
        outline, "b": outline}.
        """
        outline, made, taken = entry.outline, {}, -1
        if outline is None or outline.is_empty or not len(self._outlines):
            return {}
        place = outline if outline.is_valid else shapely.make_valid(outline)
        rows = np.sort(self._tree.query(place, predicate="dwithin", distance=TOUCHING_M))
        for side in ("a", "b"):
            row = self._zone(place, rows[rows != taken], entry[f"zone_{side}"], entry[f"code_{side}"])
            if row is not None:
                made[side], taken = self._outlines[row], row
        return made

    def _zone(self, place: shapely.Geometry, rows: np.ndarray, key: str, code: str) -> int | None:
        """Of ``rows`` the zone of this key, or where its layer has no keys of this code; None where
        two could be meant.
        """
        if not (key or code):
            return None
        named = [row for row in rows.tolist() if key and self._keys[row] == key]
        alike = [row for row in rows.tolist() if not self._keys[row] and fold(self._codes[row]) == fold(code)]
        for some in (named, alike):
            if some:
                shared = shapely.area(shapely.intersection(self._outlines[some], place))
                order = np.argsort(-shared, kind="stable")
                clear = len(some) == 1 or shared[order[1]] < CLEARLY * shared[order[0]]
                return some[order[0]] if clear else None
        return None


def _colour(rules: RuleSet, code: str) -> str:
    known = rules.code(code)
    return known.hex if known and known.hex else PALE


def _sound(shapes: np.ndarray) -> np.ndarray:
    broken = np.flatnonzero(~(shapely.is_valid(shapes) | shapely.is_missing(shapes)))
    if len(broken):
        shapes = shapes.copy()
        shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def _without(outlines: np.ndarray, hidden: Iterable[shapely.Geometry]) -> np.ndarray:
    """``outlines`` without the squares of a fixed grid that the hidden land touches."""
    squares = [square for land in hidden for square in _squares(land)]
    if not squares or not len(outlines):
        return outlines
    mask = shapely.union_all(squares)
    touched = shapely.STRtree(outlines).query(mask, predicate="intersects")
    outlines = outlines.copy()
    outlines[touched] = shapely.difference(outlines[touched], mask)
    return outlines


def _squares(land: shapely.Geometry) -> list[shapely.Geometry]:
    west, south, east, north = (int(bound // MASK_M) for bound in land.bounds)
    columns, rows = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    x, y = columns.ravel() * MASK_M, rows.ravel() * MASK_M
    boxes = shapely.box(x, y, x + MASK_M, y + MASK_M)
    return list(boxes[shapely.intersects(boxes, land)])
