"""The kinds of defects that are planted in a district's plan, one function a kind.

In: a :class:`Planter`. Each function plants one defect (a stack makes three overlaps) and returns
its truth, or an empty list where the plan has no room for it. Widths are chosen clearly below the
tolerance (noise) or clearly above it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from .planting import PlantedDefect, Planter
from .shapes import blob, room, width_m

Kind = Callable[[Planter], "list[PlantedDefect]"]
UNKNOWN_CODES = ("XYZ", "LUX", "ĐGT", "ONTT", "R5X", "CLN1", "TMDD", "SKKK")


def overlap(least: float, most: float) -> Kind:
    """Return a zone drawn over its neighbour's border, ``least`` to ``most`` times the tolerance
    wide.
    """

    def plant(planter: Planter) -> list[PlantedDefect]:
        wanted = _width(planter, least, most)
        for row in planter.rows(least_m2=20 * wanted**2):
            stretch = planter.stretch(row, _length(planter, wanted), along_boundary=False)
            if stretch is None or planter.draft.zone[stretch.partner] != planter.draft.zone[row]:
                continue
            found = planter.lens(stretch, inwards=False, wanted_m=wanted)
            if found is None or not planter.is_apart(found[0], (row, stretch.partner)):
                continue
            if not planter.is_new_pair(row, stretch.partner):
                continue
            piece, bent = found
            bent_zone = planter.bend(stretch, bent)
            if not bent_zone.is_valid or not _covers(planter.draft.geometry[stretch.partner], piece):
                continue
            if not planter.admitted(planter.draft.code[row], piece):
                continue
            planter.draft.geometry[row] = bent_zone
            planter.claim(piece)
            planter.pairs.add(frozenset((row, stretch.partner)))
            return [PlantedDefect("coverage.overlap", "partial", row, stretch.partner, piece, width_m(piece), most < 1)]
        return []

    return plant


def gap(least: float, most: float, at_boundary: bool = False) -> Kind:
    """Return a zone drawn short of its neighbour's border, or of the district's boundary."""

    def plant(planter: Planter) -> list[PlantedDefect]:
        wanted = _width(planter, least, most)
        for row in planter.rows(least_m2=20 * wanted**2):
            stretch = planter.stretch(row, _length(planter, wanted), along_boundary=at_boundary)
            if stretch is None:
                continue
            found = planter.lens(stretch, inwards=True, wanted_m=wanted)
            rows = (row,) if at_boundary else (row, stretch.partner)
            if found is None or not planter.is_apart(found[0], rows) or not planter.is_new_pair(row, stretch.partner):
                continue
            piece, bent = found
            bent_zone = planter.bend(stretch, bent)
            if not bent_zone.is_valid or not _covers(planter.draft.geometry[row], piece):
                continue
            planter.draft.geometry[row] = bent_zone
            planter.claim(piece)
            planter.pairs.add(frozenset((row, stretch.partner)))
            partner = None if at_boundary else stretch.partner
            kind = "open" if at_boundary else "enclosed"
            return [PlantedDefect("coverage.gap", kind, row, partner, piece, width_m(piece), most < 1)]
        return []

    return plant


def outside(least: float, most: float) -> Kind:
    """Return a zone drawn beyond the district's boundary."""

    def plant(planter: Planter) -> list[PlantedDefect]:
        wanted = _width(planter, least, most)
        for row in planter.rows(least_m2=20 * wanted**2):
            stretch = planter.stretch(row, _length(planter, wanted), along_boundary=True)
            if stretch is None:
                continue
            found = planter.lens(stretch, inwards=False, wanted_m=wanted)
            if found is None or not planter.is_apart(found[0], (row,)):
                continue
            piece, bent = found
            bent_zone = planter.bend(stretch, bent)
            others = planter.tree.query(shapely.buffer(piece, 1.0), predicate="intersects")
            base = np.array([planter.draft.geometry[k] for k in others], dtype=object)
            if not bent_zone.is_valid or shapely.area(shapely.intersection(base, piece)).sum() > 1e-6:
                continue
            if not planter.admitted(planter.draft.code[row], piece):
                continue
            planter.draft.geometry[row] = bent_zone
            planter.claim(piece)
            planter.pairs.add(frozenset((row, stretch.partner)))
            return [PlantedDefect("coverage.outside", "overhang", row, None, piece, width_m(piece), most < 1)]
        return []

    return plant


def point_gap(planter: Planter) -> list[PlantedDefect]:
    """Return a gap that touches the outside in one point only, so that it is no interior ring of
    the union.
    """
    wanted = _width(planter, 1.8, 4.0)
    for row in planter.rows(least_m2=200 * wanted**2):
        ring, beyond = planter.partners(row)
        polygon = planter.draft.geometry[row]
        middle = np.flatnonzero((beyond[:-1] == -1) & (beyond[1:] == -1)) + 1
        for vertex in planter.random.permutation(middle)[:6].tolist():
            piece = _fan(planter, polygon, ring, vertex, wanted)
            if piece is None or not planter.is_apart(piece, (row,)):
                continue
            planter.draft.geometry[row] = planter.with_hole(row, piece)
            planter.claim(piece)
            return [PlantedDefect("coverage.gap", "touches_outside_at_point", row, None, piece, width_m(piece), False)]
    return []


def hole_gap(planter: Planter) -> list[PlantedDefect]:
    """Return a hole inside one zone, covered by none."""
    wanted = _width(planter, 2.0, 9.0)
    for row, piece in _blobs(planter, wanted / 2):
        planter.draft.geometry[row] = planter.with_hole(row, piece)
        planter.claim(piece)
        return [PlantedDefect("coverage.gap", "hole", row, None, piece, width_m(piece), False)]
    return []


def contained(planter: Planter) -> list[PlantedDefect]:
    """Return a zone drawn on top of another that was not cut out for it."""
    for row, piece in _blobs(planter, _width(planter, 4.0, 12.0) / 2):
        code = _other_code(planter, row, piece)
        extra = planter.draft.append(piece, code, planter.draft.zone[row])
        planter.claim(piece)
        return [PlantedDefect("coverage.overlap", "contained", row, extra, piece, width_m(piece), False)]
    return []


def stack(planter: Planter) -> list[PlantedDefect]:
    """Three zones on one place: two extra ones, which overlap each other, inside a third."""
    for _ in range(15):
        for row, piece in _blobs(planter, _width(planter, 8.0, 14.0) / 2):
            first, second, common = _pair_in(planter, piece)
            if common.geom_type != "Polygon" or width_m(common) < 1.5 * planter.tolerance_m:
                continue
            host = shapely.buffer(planter.draft.geometry[row], -5)
            if not shapely.contains_properly(host, shapely.union(first, second)):
                continue
            zone = planter.draft.zone[row]
            a = planter.draft.append(first, _other_code(planter, row, first), zone)
            b = planter.draft.append(second, _other_code(planter, row, second), zone)
            planter.claim(shapely.union(first, second))
            pairs = ((row, a, first), (row, b, second), (a, b, common))
            return [PlantedDefect("coverage.overlap", "stack", i, j, p, width_m(p), False) for i, j, p in pairs]
    return []


def _pair_in(planter: Planter, piece: shapely.Polygon) -> tuple[shapely.Polygon, shapely.Polygon, shapely.Geometry]:
    """Return (two blobs that overlap, what they have in common) where ``piece`` lies."""
    middle = shapely.get_coordinates(shapely.centroid(piece))[0]
    radius, turn = width_m(piece) / 2, float(planter.random.random()) * np.pi
    shift = np.array([np.cos(turn), np.sin(turn)]) * radius * 0.36
    first = blob(middle - shift, radius * 0.6, planter.random)
    second = blob(middle + shift, radius * 0.6, planter.random)
    return first, second, shapely.intersection(first, second)


def duplicate(planter: Planter) -> list[PlantedDefect]:
    """Return a zone that is there twice."""
    for row in planter.rows(least_m2=30 * planter.tolerance_m**2, most_m2=1.5e6):
        polygon = planter.draft.geometry[row]
        narrow = 2 * polygon.area / polygon.length < 3 * planter.tolerance_m
        if not narrow and planter.is_apart(polygon, (row,)):
            extra = planter.draft.append(polygon, str(planter.draft.code[row]), planter.draft.zone[row])
            planter.claim(polygon, (row, extra))
            return [PlantedDefect("geometry.duplicate", "duplicate", row, extra, polygon, 0.0, False)]
    return []


def bow_tie(planter: Planter) -> list[PlantedDefect]:
    """Return a zone drawn as a bow-tie that crosses itself; repaired into two triangles it fits its
    neighbour exactly.
    """
    for row, piece in _blobs(planter, _width(planter, 8.0, 14.0) / 2):
        middle = np.round(shapely.get_coordinates(shapely.centroid(piece))[0], 3)
        radius, turn = width_m(piece) / 2 * 0.8, float(planter.random.random()) * np.pi
        one = np.round(radius * np.array([np.cos(turn), np.sin(turn)]), 3)
        two = np.round(radius * np.array([np.cos(turn + 1.0), np.sin(turn + 1.0)]), 3)
        corners = [middle + one, middle + two, middle - two, middle - one]
        lobes = [shapely.polygons([middle, corners[0], corners[1]]), shapely.polygons([middle, corners[2], corners[3]])]
        zone = planter.draft.zone[row]
        planter.draft.geometry[row] = planter.with_hole(row, *lobes)
        tie = shapely.polygons(np.round(corners, 3))
        place = shapely.multipolygons(lobes)
        extra = planter.draft.append(tie, _other_code(planter, row, place), zone)
        planter.claim(shapely.convex_hull(place), (extra,))
        return [PlantedDefect("geometry.invalid", "bow_tie", extra, None, place, 0.0, False)]
    return []


def self_touch(planter: Planter) -> list[PlantedDefect]:
    """Return a zone whose outer ring touches itself where it should have a hole; the hole is
    another zone.
    """
    wanted = _width(planter, 5.0, 9.0)
    for row in planter.rows(least_m2=100 * wanted**2):
        polygon = planter.draft.geometry[row]
        ring, _ = planter.partners(row)
        for vertex in planter.random.permutation(np.arange(1, len(ring) - 1))[:4].tolist():
            piece = _fan(planter, polygon, ring, vertex, wanted)
            if piece is None or not planter.is_apart(polygon, (row,)):
                continue
            loop = shapely.get_coordinates(piece.exterior)
            if shapely.is_ccw(piece.exterior) == shapely.is_ccw(shapely.linearrings(ring)):
                loop = loop[::-1]
            touching = shapely.Polygon(np.vstack([ring[:vertex], loop, ring[vertex + 1 :]]), polygon.interiors)
            if touching.is_valid or abs(touching.area - polygon.area + piece.area) > 1e-3:
                continue
            planter.draft.geometry[row] = touching
            extra = planter.draft.append(piece, _other_code(planter, row, piece), planter.draft.zone[row])
            planter.claim(polygon, (row, extra))
            repaired = shapely.Polygon(polygon.exterior, [*polygon.interiors, piece.exterior])
            return [PlantedDefect("geometry.invalid", "self_touch", row, None, repaired, 0.0, False)]
    return []


def spike(planter: Planter) -> list[PlantedDefect]:
    """Return a zone whose ring runs out to a point and back on the same line."""
    for row in planter.rows(least_m2=400 * planter.tolerance_m**2):
        polygon = planter.draft.geometry[row]
        if not planter.is_apart(polygon, (row,)):
            continue
        ring, _ = planter.partners(row)
        for vertex in planter.random.permutation(np.arange(1, len(ring) - 1))[:6].tolist():
            inner = room(polygon, 2 * planter.tolerance_m, planter.random)
            if inner is None:
                break
            way = inner - ring[vertex]
            tip = np.round(ring[vertex] + way * min(0.5, 60.0 / np.hypot(*way)), 3)
            needle = shapely.linestrings([ring[vertex] + 0.02 * (tip - ring[vertex]), tip])
            if not shapely.contains_properly(polygon, needle):
                continue
            spiked = np.vstack([ring[: vertex + 1], tip, ring[vertex:]])
            planter.draft.geometry[row] = shapely.Polygon(spiked, polygon.interiors)
            if planter.draft.geometry[row].is_valid:
                planter.draft.geometry[row] = polygon
                continue
            planter.claim(polygon, (row,))
            return [PlantedDefect("geometry.invalid", "spike", row, None, polygon, 0.0, False)]
    return []


def empty(planter: Planter) -> list[PlantedDefect]:
    """Return a row with no geometry at all."""
    extra = planter.draft.append(None, "DGT", -1)
    planter.draft.declared_ha[extra] = None
    planter.busy.add(extra)
    return [PlantedDefect("geometry.empty", "absent", extra, None, None, 0.0, False)]


def of_attributes(planter: Planter) -> list[PlantedDefect]:
    """Return one row each: key missing, key twice, code missing, code unknown, and two with a wrong
    declared area.
    """
    draft, found = planter.draft, []
    # Neither specks nor whole mountains, as far as there are others.
    sizes = ((60_000.0, 1.5e6), (3_000.0, 6e6), (3_000.0, np.inf))
    rows: list[int] = []
    for row in (row for least, most in sizes for row in planter.rows(least, most)):
        if len(rows) < 7 and row not in rows and _untouched(planter, row):
            rows.append(row)
        elif len(rows) == 7:
            break
    if len(rows) < 7:
        return []
    planter.busy.update(rows)

    def note(rule: str, kind: str, a: int, b: int | None = None) -> None:
        found.append(PlantedDefect(rule, kind, a, b, draft.geometry[a], 0.0, False))

    draft.key[rows[0]] = None
    note("key.missing", "absent", rows[0])
    draft.key[rows[1]] = draft.key[rows[2]]
    # A check reports each zone that bears the key.
    note("key.duplicate", "original", rows[2], rows[1])
    note("key.duplicate", "copied", rows[1], rows[2])
    draft.code[rows[3]] = None
    note("code.missing", "absent", rows[3])
    draft.code[rows[4]] = UNKNOWN_CODES[int(planter.random.integers(len(UNKNOWN_CODES)))]
    note("code.unknown", "typing", rows[4])
    for row, factor, kind in (
        (rows[5], 1.0 + 0.08 + 0.2 * planter.random.random(), "stale"),
        (rows[6], 10.0, "decimal"),
    ):
        draft.declared_ha[row] = round(float(planter.area[row]) / 1e4 * factor, 2)
        note("area.declared", kind, row)
    return found


def _untouched(planter: Planter, row: int) -> bool:
    footprints = planter.footprints
    return not footprints or bool(shapely.distance(np.array(footprints), planter.draft.geometry[row]).min() > 1.0)


def _width(planter: Planter, least: float, most: float) -> float:
    # Small ones are commoner than large ones.
    return planter.tolerance_m * (least + (most - least) * float(planter.random.random()) ** 1.6)


def _length(planter: Planter, width: float) -> float:
    return max(60.0, width * (4.0 + 6.0 * float(planter.random.random())))


def _covers(polygon: shapely.Geometry, piece: shapely.Geometry) -> bool:
    return bool(polygon.is_valid and shapely.area(shapely.difference(piece, polygon)) < 1e-6)


def _other_code(planter: Planter, row: int, piece: shapely.Geometry) -> str:
    """Another code that the provincial plan admits there, else the row's own."""
    for code in ("TMD", "DGD", "DTT", "HNK", "CLN", "MNC", "BCS", "DTL"):
        if code != planter.draft.code[row] and planter.admitted(code, piece):
            return code
    return str(planter.draft.code[row])


def _blobs(planter: Planter, radius_m: float) -> list[tuple[int, shapely.Polygon]]:
    """At most one (row, blob well inside it) with room."""
    for row in planter.rows(least_m2=12 * radius_m**2 + 9_000):
        polygon = planter.draft.geometry[row]
        if not polygon.is_valid:
            continue
        centre = room(polygon, 1.35 * radius_m + 20.0, planter.random)
        if centre is None:
            continue
        piece = blob(centre, radius_m, planter.random)
        if shapely.contains_properly(polygon, shapely.buffer(piece, 10.0)) and planter.is_apart(piece, (row,)):
            return [(row, piece)]
    return []


def _fan(
    planter: Planter, polygon: shapely.Polygon, ring: np.ndarray, vertex: int, wanted_m: float
) -> shapely.Polygon | None:
    """Return a triangle inside the polygon that touches its border in the given vertex only."""
    if not polygon.is_valid:
        return None
    apex = ring[vertex]
    towards = (ring[vertex - 1] - apex) / max(np.hypot(*(ring[vertex - 1] - apex)), 1e-9)
    towards = towards + (ring[vertex + 1] - apex) / max(np.hypot(*(ring[vertex + 1] - apex)), 1e-9)
    normal = np.array([-(ring[vertex + 1] - ring[vertex - 1])[1], (ring[vertex + 1] - ring[vertex - 1])[0]])
    for direction in (normal, -normal):
        size = np.hypot(*direction)
        if size < 1e-6:
            continue
        unit = direction / size
        side = np.array([-unit[1], unit[0]])
        reach = wanted_m * 2.3
        corners = [apex, apex + reach * (unit + 0.38 * side), apex + reach * (unit - 0.38 * side)]
        piece = shapely.polygons(np.round(corners, 3))
        away = np.round(np.array(corners[1:]), 3)
        border = shapely.boundary(polygon)
        clear = shapely.distance(border, shapely.linestrings(away)) > 4.0
        if clear and _covers(polygon, piece) and shapely.intersection(border, piece).geom_type == "Point":
            return piece
    return None
