"""What the conformity check must find: a plain overlay of a district's finished plan with the
provincial plan.

In: the district's polygons (repaired) and codes, the provincial plan, the tolerance width. Out: one
:class:`OverlayPiece` for each connected part wider than the tolerance where the rule set says
conflict or conditional, or where the provincial plan says nothing. Every pair of zones that is not
plainly compatible is intersected; nothing is taken from the planting.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ..engine.planar.width import wider_than, widths
from .provincial_plan import ProvincialPlan
from .verdicts import verdicts

TILE_M = 2_000.0


@dataclass
class OverlayPiece:
    """A part of lower zone ``row`` on upper polygon ``upper`` (None = unplanned)."""

    rule: str
    row: int
    upper: int | None
    place: shapely.Geometry
    width_m: float


def unplanned_ground(plan: ProvincialPlan) -> np.ndarray:
    """Pieces of the ground around the province's outline that the provincial plan does not
    cover.
    """
    cover = shapely.coverage_union_all(plan.geometry)
    outline = shapely.boundary(cover)
    x0, y0, x1, y1 = cover.bounds
    x, y = np.meshgrid(np.arange(x0 - TILE_M, x1 + TILE_M, TILE_M), np.arange(y0 - TILE_M, y1 + TILE_M, TILE_M))
    tiles = shapely.box(x.ravel(), y.ravel(), x.ravel() + TILE_M, y.ravel() + TILE_M)
    segments = shapely.get_parts(outline)
    pieces = [shapely.linestrings(np.stack([c[:-1], c[1:]], axis=1)) for c in map(shapely.get_coordinates, segments)]
    near = np.unique(shapely.STRtree(tiles).query(np.concatenate(pieces), predicate="dwithin", distance=150.0)[1])
    inside = shapely.clip_by_rect
    found = []
    for tile in tiles[near]:
        part = inside(cover, *tile.bounds)
        found.append(shapely.difference(tile, part if part.is_valid else shapely.intersection(cover, tile)))
    ground = shapely.get_parts(np.array(found))
    return ground[~shapely.is_empty(ground)]


def conformity_pieces(
    polygons: np.ndarray,
    code: np.ndarray,
    known: np.ndarray,
    plan: ProvincialPlan,
    unplanned: np.ndarray,
    tolerance_m: float,
) -> list[OverlayPiece]:
    """Return every piece wider than ``tolerance_m``; ``known`` marks rows whose code the rule set
    knows.
    """
    row, upper = plan.meeting(polygons)
    verdict = verdicts(plan.zone[upper], np.where(known, code, "")[row])
    found: list[OverlayPiece] = []
    for word in ("conflict", "conditional"):
        here = np.flatnonzero(verdict == word)
        pieces = shapely.intersection(polygons[row[here]], plan.geometry[upper[here]])
        found += _wide(f"conformity.{word}", pieces, row[here], upper[here], tolerance_m)
    ground_row, ground = shapely.STRtree(unplanned).query(polygons, predicate="intersects")
    for k in np.unique(ground_row):
        pieces = shapely.intersection(polygons[k], unplanned[ground[ground_row == k]])
        whole = shapely.union_all(pieces)
        found += _wide("conformity.unplanned", np.array([whole]), np.array([k]), None, tolerance_m)
    return found


def _wide(
    rule: str, pieces: np.ndarray, row: np.ndarray, upper: np.ndarray | None, tolerance_m: float
) -> list[OverlayPiece]:
    parts, which = shapely.get_parts(pieces, return_index=True)
    some = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 0.7 * tolerance_m**2)
    parts, which = parts[some], which[some]
    wide = wider_than(parts, tolerance_m)
    parts, which = parts[wide], which[wide]
    return [
        OverlayPiece(rule, int(row[k]), None if upper is None else int(upper[k]), part, float(width))
        for part, k, width in zip(parts, which, widths(parts))
    ]
