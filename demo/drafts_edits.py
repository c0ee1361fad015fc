"""What a planner does to a draft: conflicts and overlaps fixed, grown, moved, split; new ones; old
ones that come back.

In: a :class:`DraftPlan` (rows, outlines, the places of its planted defects), the provincial plan, a
random generator. :class:`Edits` changes the plan in place, draft by draft, and each :class:`Place`
says what became of it. An edit that finds no room is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Optional

import geopandas as gpd
import numpy as np
import shapely

from ..engine.planar.polygons import polygonal
from .shapes import blob, polygons_of, room, shifted, strip_across
from .verdicts import verdict

APART_M = 60.0
STRIP_M = 4.0
DIRECTIONS = np.arange(8) * (np.pi / 4.0)
NEW_CODES = ("SKK", "SKX", "ONT", "ODT", "TMD", "SKC", "LUC")
Shape = Any


@dataclass
class Place:
    """A planted defect: where it is now (None: nowhere), and what the last draft did to it."""

    rule: str
    kind: str
    noise: bool
    zone_a: str
    zone_b: str
    upper_code: str
    ground: Shape  # or None
    fate: str = "new"
    edit: str = ""


@dataclass
class DraftPlan:
    """The rows of a plan, their outlines as drawn and as repaired, and the places of what is
    wrong.
    """

    rows: list[dict[str, Any]]
    geometry: list[Shape]
    repaired: np.ndarray
    places: dict[str, Place]
    tolerance_m: float

    def row_of(self, key: str) -> Optional[int]:
        """Return the row that alone has this key and is valid."""
        found = [index for index, row in enumerate(self.rows) if row["ma_thua"] == key]
        whole = len(found) == 1 and self.geometry[found[0]] is not None and self.geometry[found[0]].is_valid
        return found[0] if whole else None

    def put(self, row: int, shape: Shape) -> None:
        """Give a row another outline."""
        self.geometry[row] = self.repaired[row] = polygonal(np.array([shape], dtype=object))[0]

    def take(self, row: int, piece: Shape) -> None:
        """Take ground from a row."""
        self.put(row, shapely.difference(self.geometry[row], piece))

    def give(self, row: int, piece: Shape) -> None:
        """Add ground to a row."""
        self.put(row, shapely.union(self.geometry[row], piece))

    def append(self, like: int, shape: Shape, code: str) -> int:
        """Return a further row with a key of its own."""
        key = f"{str(self.rows[like]['ma_thua']).split('-')[0]}-N{len(self.rows):05d}"
        self.rows.append({**self.rows[like], "ma_thua": key, "ma_dat": code, "dien_tich_ha": None})
        self.geometry.append(shape)
        self.repaired = np.append(self.repaired, np.array([None], dtype=object))
        self.put(len(self.rows) - 1, shape)
        return len(self.rows) - 1

    def meeting(self, shape: Shape) -> list[int]:
        """Return the rows that share ground with a shape."""
        there = np.array([g is not None and not g.is_empty for g in self.repaired])
        rows = np.flatnonzero(there)
        rows = rows[shapely.intersects(self.repaired[rows], shape)]
        return rows[shapely.area(shapely.intersection(self.repaired[rows], shape)) > 1e-6].tolist()


class Edits:
    """The edits of one plan."""

    def __init__(self, plan: DraftPlan, upper: gpd.GeoDataFrame, random: np.random.Generator):
        self._plan, self._random = plan, random
        self._upper = dict(zip(upper["ma_vung"], upper.geometry))
        self._upper_code = dict(zip(upper["ma_vung"], upper["ma_khu"]))
        self._undo: dict[str, Callable[[], None]] = {}
        self._count = 0

    def apply(self, draft: int) -> None:
        """Make ``draft`` out of the one before."""
        places = self._plan.places
        for place in places.values():
            place.fate, place.edit = ("" if place.ground is None else "persisting"), ""
        back = list(self._undo.items())
        self._undo = {}
        for kind, ways in self._wishes().items():
            names = [
                name for name, place in places.items() if kind == (place.rule, place.kind) and self._is_open(place)
            ]
            for way in ways:
                for name in list(names):
                    if way(name):
                        names.remove(name)
                        break
        self._new_site(f"N{draft}a")
        self._new_overlap(f"N{draft}b")
        if draft > 2:
            for name, undo in back:
                undo()
                places[name].fate, places[name].edit = "reopened", "undone"

    def _is_open(self, place: Place) -> bool:
        return place.ground is not None and not place.noise and place.fate == "persisting"

    def _wishes(self) -> dict[tuple[str, str], tuple[Callable[[str], bool], ...]]:
        return {
            ("coverage.overlap", "partial"): (self._fix_overlap, self._grow_overlap, self._split_overlap),
            ("coverage.gap", "enclosed"): (self._fix_gap, self._grow_gap),
            ("coverage.gap", "hole"): (self._move_hole,),
            ("coverage.outside", "overhang"): (self._fix_overhang,),
            ("conformity.conflict", "site"): (self._fix_site, self._grow_site, self._move_site),
            ("conformity.conditional", "site"): (self._move_site, self._split_site),
        }

    def _done(self, name: str, edit: str, ground: Optional[Shape]) -> bool:
        place = self._plan.places[name]
        place.fate, place.edit, place.ground = ("resolved" if ground is None else "changed"), edit, ground
        return True

    def _split(self, name: str, parts: list[Shape]) -> bool:
        """Return the larger part stays the place that it was, the other one is a new place."""
        larger, smaller = sorted(parts, key=lambda part: -part.area)
        place = self._plan.places[name]
        place.kind = "part"
        self._plan.places[f"{name}/2"] = replace(place, ground=smaller, fate="new", edit="split off")
        return self._done(name, "split", larger)

    def _is_apart(self, shape: Shape, but: str = "") -> bool:
        """Return whether nothing else that is planted lies near."""
        others = [p.ground for name, p in self._plan.places.items() if name != but and p.ground is not None]
        return not others or float(shapely.distance(np.array(others, dtype=object), shape).min()) > APART_M / 4

    # coverage

    def _two(self, name: str) -> Optional[tuple[int, int, Shape]]:
        place = self._plan.places[name]
        a, b = self._plan.row_of(place.zone_a), self._plan.row_of(place.zone_b)
        return None if a is None or b is None or a == b else (a, b, place.ground)

    def _fix_overlap(self, name: str) -> bool:
        two = self._two(name)
        if two is None:
            return False
        _, b, ground = two
        before = self._plan.geometry[b]
        self._plan.take(b, ground)

        def undo() -> None:
            self._plan.give(b, shapely.intersection(before, ground))
            self._plan.places[name].ground = ground

        self._undo[name] = undo
        return self._done(name, "fixed", None)

    def _grow_overlap(self, name: str) -> bool:
        two = self._two(name)
        if two is None:
            return False
        a, b, ground = two
        more = shapely.intersection(shapely.buffer(ground, 2.0 * self._plan.tolerance_m), self._plan.geometry[b])
        if set(self._plan.meeting(more)) - {a, b} or not self._is_apart(more, name):
            return False
        self._plan.give(a, more)
        return self._done(name, "grown", shapely.union(ground, more))

    def _split_overlap(self, name: str) -> bool:
        two = self._two(name)
        if two is None:
            return False
        _, b, ground = two
        strip = strip_across(ground, STRIP_M)
        rest = shapely.difference(ground, strip)
        if len(polygons_of(rest)) != 2:
            return False
        self._plan.take(b, shapely.intersection(strip, ground))
        return self._split(name, polygons_of(rest))

    def _fix_gap(self, name: str) -> bool:
        two = self._two(name)
        if two is None:
            return False
        a, _, ground = two
        before = self._plan.geometry[a]
        self._plan.give(a, ground)

        def undo() -> None:
            self._plan.take(a, shapely.difference(ground, before))
            self._plan.places[name].ground = ground

        self._undo[name] = undo
        return self._done(name, "fixed", None)

    def _grow_gap(self, name: str) -> bool:
        two = self._two(name)
        if two is None:
            return False
        a, _, ground = two
        more = shapely.intersection(shapely.buffer(ground, 2.0 * self._plan.tolerance_m), self._plan.geometry[a])
        if set(self._plan.meeting(more)) - {a} or not self._is_apart(more, name):
            return False
        self._plan.take(a, more)
        return self._done(name, "grown", shapely.union(ground, more))

    def _move_hole(self, name: str) -> bool:
        place = self._plan.places[name]
        a = self._plan.row_of(place.zone_a)
        if a is None:
            return False
        size_m = float(np.sqrt(place.ground.area))
        for angle in DIRECTIONS:
            moved = shifted(place.ground, 0.4 * size_m, angle)
            whole = shapely.union(self._plan.geometry[a], place.ground)
            if shapely.contains_properly(whole, shapely.buffer(moved, 5.0)) and self._is_apart(moved, name):
                self._plan.put(a, shapely.difference(whole, moved))
                return self._done(name, "moved", moved)
        return False

    def _fix_overhang(self, name: str) -> bool:
        place = self._plan.places[name]
        a = self._plan.row_of(place.zone_a)
        if a is None:
            return False
        self._plan.take(a, place.ground)
        return self._done(name, "fixed", None)

    def _new_overlap(self, name: str) -> bool:
        radius_m = 4.0 * self._plan.tolerance_m
        for a in self._random.permutation(len(self._plan.rows))[:60].tolist():
            shape = self._plan.geometry[a]
            if shape is None or not shape.is_valid or shape.area < 1e5:
                continue
            corner = shapely.get_coordinates(shape)[0]
            disc = blob(corner, radius_m, self._random)
            rows = self._plan.meeting(disc)
            covered = shapely.union_all(self._plan.repaired[rows])
            twice = shapely.area(self._plan.repaired[rows]).sum() - shapely.area(covered) > 1.0
            if len(rows) != 2 or twice or not shapely.contains(covered, disc) or not self._is_apart(disc):
                continue
            b = next(row for row in rows if row != a)
            if not self._plan.geometry[b].is_valid or self._plan.row_of(self._plan.rows[b]["ma_thua"]) is None:
                continue
            ground = shapely.intersection(disc, self._plan.geometry[b])
            if len(polygons_of(ground)) != 1 or ground.area < 0.2 * disc.area:
                continue
            self._plan.give(a, ground)
            keys = (self._plan.rows[a]["ma_thua"], self._plan.rows[b]["ma_thua"])
            return self._add(name, "coverage.overlap", *keys, "", ground)
        return False

    # conformity

    def _site(self, name: str) -> Optional[tuple[int, Shape, Shape, str]]:
        """(row, its outline, the provincial zone around it, that zone's code), for a site that is
        one whole zone.
        """
        place = self._plan.places[name]
        row = self._plan.row_of(place.zone_a)
        if row is None or place.ground.area < 0.97 * self._plan.geometry[row].area:
            return None
        return row, self._plan.geometry[row], self._upper[place.zone_b], place.upper_code

    def _hosts(self, row: int, shape: Shape, upper_code: str) -> list[int]:
        """Return the zones around a site that fit the provincial plan; none, where one does not or
        is not valid.
        """
        rows = [other for other in self._plan.meeting(shape) if other != row]
        plan = self._plan
        good = all(
            plan.geometry[other].is_valid and verdict(upper_code, str(plan.rows[other]["ma_dat"])) == "compatible"
            for other in rows
        )
        return rows if good else []

    def _fix_site(self, name: str) -> bool:
        site = self._site(name)
        if site is None:
            return False
        row, shape, _, upper_code = site
        hosts = self._hosts(row, shapely.buffer(shape, 2.0), upper_code)
        if not hosts:
            return False
        before = self._plan.rows[row]["ma_dat"]
        self._plan.rows[row] = {**self._plan.rows[row], "ma_dat": self._plan.rows[hosts[0]]["ma_dat"]}

        def undo() -> None:
            self._plan.rows[row] = {**self._plan.rows[row], "ma_dat": before}
            self._plan.places[name].ground = shape

        self._undo[name] = undo
        return self._done(name, "fixed", None)

    def _grow_site(self, name: str) -> bool:
        return self._redraw(name, "grown", 0.4, True)

    def _move_site(self, name: str) -> bool:
        return self._redraw(name, "moved", 0.4, False)

    def _redraw(self, name: str, edit: str, part: float, keeps: bool) -> bool:
        site = self._site(name)
        if site is None:
            return False
        row, shape, upper, upper_code = site
        # Beyond the tolerance of the provincial plan (25 m), or nothing has changed.
        step_m = max(part * float(np.sqrt(shape.area)), 60.0)
        for angle in DIRECTIONS:
            made = shifted(shape, step_m, angle)
            made = shapely.union(made, shape) if keeps else made
            around = shapely.buffer(shapely.union(made, shape), 3.0)
            hosts = self._hosts(row, around, upper_code)
            covered = shapely.union_all(self._plan.repaired[[row, *hosts]])
            if not hosts or not shapely.contains(upper, around) or not shapely.contains(covered, around):
                continue
            if len(polygons_of(made)) != 1 or not self._is_apart(made, name):
                continue
            left = shapely.difference(shape, made)
            for host in hosts:
                self._plan.take(host, made)
            self._plan.give(hosts[0], left)
            self._plan.put(row, made)
            return self._done(name, edit, made)
        return False

    def _split_site(self, name: str) -> bool:
        site = self._site(name)
        if site is None:
            return False
        row, shape, _, upper_code = site
        hosts = self._hosts(row, shapely.buffer(shape, 3.0), upper_code)
        strip = strip_across(shape, 10.0 * STRIP_M)
        parts = polygons_of(shapely.difference(shape, strip))
        if not hosts or len(parts) != 2:
            return False
        parts.sort(key=lambda part: -part.area)
        self._plan.put(row, parts[0])
        self._plan.append(row, parts[1], self._plan.rows[row]["ma_dat"])
        self._plan.give(hosts[0], shapely.intersection(shape, strip))
        return self._split(name, parts)

    def _new_site(self, name: str) -> bool:
        for host in self._random.permutation(len(self._plan.rows))[:80].tolist():
            shape = self._plan.geometry[host]
            if shape is None or not shape.is_valid or shape.area < 3e5:
                continue
            centre = room(shape, 130.0, self._random)
            ground = None if centre is None else blob(centre, 80.0, self._random)
            if ground is None or self._plan.meeting(ground) != [host] or not self._is_apart(ground):
                continue
            around = [key for key, zone in self._upper.items() if shapely.contains(zone, ground)]
            if len(around) != 1 or not shapely.contains_properly(shape, ground):
                continue
            code = next((c for c in NEW_CODES if verdict(self._upper_code[around[0]], c) == "conflict"), None)
            if (
                code is None
                or verdict(self._upper_code[around[0]], str(self._plan.rows[host]["ma_dat"])) != "compatible"
            ):
                continue
            self._plan.take(host, ground)
            row = self._plan.append(host, ground, code)
            key = self._plan.rows[row]["ma_thua"]
            return self._add(name, "conformity.conflict", key, around[0], self._upper_code[around[0]], ground)
        return False

    def _add(self, name: str, rule: str, zone_a: str, zone_b: str, upper_code: str, ground: Shape) -> bool:
        self._plan.places[name] = Place(rule, "added", False, zone_a, zone_b, upper_code, ground, "new", "added")
        return True
