"""Where neighbouring territories meet: which pairs are neighbours, what both cover, what neither
covers, how long it is.

Goes in: one valid polygon or multipolygon a territory, in a projected CRS in metres, and the search
width: how far apart two lines may be and still be the same border. Comes out: a :class:`Border` for
each pair of neighbours, in the original coordinates. Who asks for the border of some gives the
ground of all others near it too: what a third covers is no gap. Edges that two territories draw
alike (to the grid of 1 mm) are settled without any overlay; the rest is compared where edges of two
territories lie within the search width of each other. Pairs are independent of each other, so they
run on a few threads. Raises Cancelled when asked to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..progress import Progress
from .borders_gaps import WINDOW, gaps_between
from .depth import deep_points
from .edges import GRID_M, Edges, directed_edges
from .polygons import parts
from .threads import in_order

SEGMENTS_AT_ONCE = 2_000
NOTHING, NO_WALLS = np.zeros(0, dtype=object), np.zeros(0)


@dataclass(frozen=True)
class Border:
    """Territories ``a`` < ``b``; ``overlaps`` and ``gaps``: connected polygons that both or neither
    of them cover.

    ``alike_m``: how long the two outlines are one line. ``overlap_walls_m`` and ``gap_walls_m``:
    how much of the outline of each piece belongs to the two outlines; half of it is the length of
    border that is drawn apart there.
    """

    a: int
    b: int
    overlaps: np.ndarray
    gaps: np.ndarray
    alike_m: float
    overlap_walls_m: np.ndarray
    gap_walls_m: np.ndarray

    @property
    def length_m(self) -> float:
        """How long the two run together: the mean of the two lines where these are drawn apart."""
        return float(self.alike_m + (self.overlap_walls_m.sum() + self.gap_walls_m.sum()) / 2.0)


@dataclass(frozen=True)
class _Edges:
    """The outlines of all territories: ``line``, ``owner``, and of those drawn alike by two the
    length by pair.
    """

    line: np.ndarray
    owner: np.ndarray
    alike_m: dict[tuple[int, int], float]


def borders(
    territories: np.ndarray, search_m: float, progress: Progress, threads: int = 2, asked: np.ndarray | None = None
) -> list[Border]:
    """Return the borders between ``territories``, ordered by a, then b; see the module's paragraph.

    ``asked``: the indexes of those whose borders with each other are wanted, None: all.
    :func:`reach_m` says how near another one has to lie to matter.
    """
    asked = np.arange(len(territories)) if asked is None else np.asarray(asked)
    edges = _outlines(territories, asked)
    progress.step(0.1)
    progress.checkpoint()
    facing = _facing(edges, search_m, progress.part(0.1, 0.3), threads)
    pairs = sorted({*facing, *_holding(territories, asked)})
    tree = shapely.STRtree(territories)
    tree.query(shapely.Point())  # the index is built at the first question, which must not come from two threads
    compared = set(pairs)
    found = [
        Border(*pair, NOTHING, NOTHING, length_m, NO_WALLS, NO_WALLS)
        for pair, length_m in edges.alike_m.items()
        if pair not in compared
    ]
    rest = progress.part(0.3, 1.0)

    def compare(pair: tuple[int, int]) -> Border:
        return _border(territories, tree, pair, facing.get(pair, (NOTHING, NOTHING)), search_m)

    for done, border in enumerate(in_order(compare, pairs, threads, progress), 1):
        rest.step(done / len(pairs))
        if border.length_m > 0 or len(border.gaps):
            found.append(border)
    return sorted(found, key=lambda border: (border.a, border.b))


def reach_m(search_m: float) -> float:
    """Return how far from each of two territories a third may lie and still change what is found
    between them.

    Edges that face each other lie within ``search_m`` of both, and the window around them is one
    more wide at most.
    """
    return (1.0 + WINDOW + 1.0) * search_m


def _outlines(territories: np.ndarray, asked: np.ndarray) -> _Edges:
    """Return the edges of the outlines of those ``asked`` for; an edge is drawn alike if it stands
    in all outlines twice, once in each direction.
    """
    origin = np.floor(np.nan_to_num(shapely.total_bounds(territories)[:2]))
    edges = _near(directed_edges(territories, origin), asked, len(territories))
    points = np.concatenate([edges.start, edges.end])
    number = pd.factorize(pd.MultiIndex.from_arrays([points[:, 0], points[:, 1]]))[0]
    start, end = number[: len(edges.owner)], number[len(edges.owner) :]
    table = pd.DataFrame({"low": np.minimum(start, end), "high": np.maximum(start, end), "way": start < end})
    table["owner"] = edges.owner
    place = table.groupby(["low", "high"], sort=False)
    alike = (place["way"].transform("size") == 2) & (place["way"].transform("sum") == 1)
    alike &= place["owner"].transform("min") != place["owner"].transform("max")
    length_m = np.linalg.norm((edges.end - edges.start) * GRID_M, axis=1)
    both = pd.DataFrame({"place": place.ngroup(), "owner": edges.owner, "length_m": length_m})[alike]
    both = both.groupby("place").agg(a=("owner", "min"), b=("owner", "max"), length_m=("length_m", "first"))
    both = both[both["a"].isin(asked) & both["b"].isin(asked)]
    lengths = both.groupby(["a", "b"])["length_m"].sum()
    rest = ~alike.to_numpy() & np.isin(edges.owner, asked)
    ends = np.stack([edges.start[rest], edges.end[rest]], axis=1) * GRID_M + origin
    return _Edges(
        np.asarray(shapely.linestrings(ends), dtype=object),
        edges.owner[rest],
        {(int(a), int(b)): float(length) for (a, b), length in lengths.items()},
    )


def _near(edges: Edges, asked: np.ndarray, count: int) -> Edges:
    """Return the edges of those ``asked`` for, and of the others those that may lie on one of
    them.
    """
    mine = np.isin(np.arange(count), asked)[edges.owner]
    if mine.all():
        return edges
    corners = np.concatenate([edges.start[mine], edges.end[mine]])
    least, most = corners.min(axis=0), corners.max(axis=0)
    inside = ((edges.start >= least) & (edges.start <= most)).all(axis=1)
    kept = mine | inside
    return Edges(edges.start[kept], edges.end[kept], edges.owner[kept], edges.origin)


def _facing(
    edges: _Edges, search_m: float, progress: Progress, threads: int
) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """By pair (a, b): the edges of a that lie within ``search_m`` of an edge of b, and those of
    b.
    """
    if len(edges.line) == 0:
        return {}
    tree = shapely.STRtree(edges.line)
    tree.query(shapely.Point())
    starts = range(0, len(edges.line), SEGMENTS_AT_ONCE)

    def near(start: int) -> np.ndarray:
        some = edges.line[start : start + SEGMENTS_AT_ONCE]
        edge, other = tree.query(some, predicate="dwithin", distance=search_m)
        edge = edge + start
        apart = edges.owner[edge] != edges.owner[other]
        return np.unique(np.stack([edge[apart], edges.owner[other[apart]]], axis=1), axis=0)

    found = []
    for done in in_order(near, starts, threads, progress):
        found.append(done)
        progress.step(len(found) / len(starts))
    edge, neighbour = np.concatenate(found).T
    table = pd.DataFrame({"edge": edge, "owner": edges.owner[edge], "neighbour": neighbour})
    sides = {pair: edges.line[rows["edge"].to_numpy()] for pair, rows in table.groupby(["owner", "neighbour"])}
    return {(int(a), int(b)): (sides[a, b], sides[b, a]) for a, b in sides if a < b}


def _holding(territories: np.ndarray, asked: np.ndarray) -> set[tuple[int, int]]:
    """Return the pairs (a, b) of which one holds a whole part of the other, whose edges may be far
    from any edge of its own.
    """
    pieces, owner = parts(territories[asked])
    point, other = shapely.STRtree(territories[asked]).query(deep_points(pieces), predicate="intersects")
    held = owner[point] != other
    pairs = np.sort(np.stack([asked[owner[point[held]]], asked[other[held]]], axis=1), axis=1)
    return {(int(a), int(b)) for a, b in pairs}


def _border(
    territories: np.ndarray,
    tree: shapely.STRtree,
    pair: tuple[int, int],
    facing: tuple[np.ndarray, np.ndarray],
    search_m: float,
) -> Border:
    both = shapely.intersection(*territories[list(pair)])
    overlaps, _ = parts([both])
    gaps, gap_walls_m = NOTHING, NO_WALLS
    if len(facing[0]):
        gaps, gap_walls_m = gaps_between(territories, tree, pair, facing, search_m)
    return Border(*pair, overlaps, gaps, _length_of_lines(both), shapely.length(overlaps), gap_walls_m)


def _length_of_lines(geometry: shapely.Geometry) -> float:
    """Return the length of the lines in what two polygons share: where their outlines coincide
    without area between them.
    """
    pieces = shapely.get_parts(geometry)
    return float(shapely.length(pieces[shapely.get_dimensions(pieces) == 1]).sum())
