"""Voronoi cells of uneven density, and their borders drawn as a person would draw them.

In: a wanted spacing (metres) at every place, a seed. Out: :class:`Tessellation` (seeds, and edges
between cells), and for any labelling of the cells the border lines between unlike labels: smooth,
with fractal detail, vertices about ``spacing_m`` apart, coordinates whole millimetres. A border is
one line used by both sides, so polygons made of these lines share all vertices. Lines may rarely
cross; node them before polygonizing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from .noise import hash_pair, uniform

Spacing = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass
class Tessellation:
    """``seeds`` (n, 2); ``nodes`` (k, 2); edge i runs from node ``ends[i, 0]`` to ``ends[i, 1]``
    between cells ``sides[i, 0]`` and ``sides[i, 1]`` (-1 = nothing).
    """

    seeds: np.ndarray
    nodes: np.ndarray
    ends: np.ndarray
    sides: np.ndarray
    area_m2: np.ndarray


def spread_seeds(
    spacing: Spacing, bounds: tuple[float, float, float, float], coarsest_m: float, levels: int, seed: int
) -> np.ndarray:
    """Points (n, 2) about ``spacing`` apart: a quadtree's leaves, each with one point in it."""
    x0, y0, x1, y1 = bounds
    # The grid is anchored to the whole plane, so that a place has the same points whatever the
    # bounds.
    i0, j0 = np.floor(x0 / coarsest_m), np.floor(y0 / coarsest_m)
    i, j = np.meshgrid(np.arange(i0, np.ceil(x1 / coarsest_m)), np.arange(j0, np.ceil(y1 / coarsest_m)))
    i, j, size = i.ravel(), j.ravel(), coarsest_m
    found = []
    for level in range(levels + 1):
        x, y = (i + 0.5) * size, (j + 0.5) * size
        # A random choice at the limit blurs the lines where the density would jump.
        blur = 0.75 + 0.5 * uniform(hash_pair(i, j, seed + 101 + level))
        split = (spacing(x, y) < size * blur * 0.85) if level < levels else np.zeros(len(x), dtype=bool)
        jitter_x = uniform(hash_pair(i, j, seed + 201 + level)) - 0.5
        jitter_y = uniform(hash_pair(i, j, seed + 301 + level)) - 0.5
        found.append(np.stack([x + 0.9 * size * jitter_x, y + 0.9 * size * jitter_y], axis=1)[~split])
        i, j, size = i[split], j[split], size / 2
        i = (2 * i[:, None] + np.array([0, 1, 0, 1])).ravel()
        j = (2 * j[:, None] + np.array([0, 0, 1, 1])).ravel()
    return np.concatenate(found)


def tessellate(seeds: np.ndarray) -> Tessellation:
    """Return the Voronoi cells of seeds and the edges between them."""
    box = shapely.box(*(seeds.min(axis=0) - 3_000), *(seeds.max(axis=0) + 3_000))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=box))
    which_seed, which_cell = shapely.STRtree(cells).query(shapely.points(seeds), predicate="intersects")
    seed_of = np.full(len(cells), -1)
    seed_of[which_cell] = which_seed
    area = np.zeros(len(seeds))
    area[seed_of] = shapely.area(cells)
    xy, owner = shapely.get_coordinates(cells, return_index=True)
    keys = (np.round(xy[:, 0] * 1000).astype(np.int64) << 32) | np.round(xy[:, 1] * 1000).astype(np.int64)
    unique, node = np.unique(keys, return_inverse=True)
    nodes = np.stack([unique >> 32, unique & 0xFFFFFFFF], axis=1) / 1000.0
    here, there = node[:-1], node[1:]
    real = (owner[:-1] == owner[1:]) & (here != there)
    here, there, side = here[real], there[real], seed_of[owner[:-1][real]]
    low, high = np.minimum(here, there), np.maximum(here, there)
    order = np.lexsort((side, high, low))
    low, high, side = low[order], high[order], side[order]
    first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    start = np.flatnonzero(first)
    double = np.diff(np.r_[start, len(low)]) >= 2
    other = np.where(double, side[np.minimum(start + 1, len(side) - 1)], -1)
    ends = np.stack([low[start], high[start]], axis=1)
    return Tessellation(seeds, nodes, ends, np.stack([side[start], other], axis=1), area)


def border_lines(
    cells: Tessellation, label: np.ndarray, spacing_m: np.ndarray | float, roughness: float, seed: int
) -> np.ndarray:
    """LineStrings, one for each edge between cells of different ``label``; ``spacing_m`` per edge
    or one for all.
    """
    padded = np.append(label, -9)
    border = np.flatnonzero(padded[cells.sides[:, 0]] != padded[cells.sides[:, 1]])
    spacing = np.broadcast_to(np.asarray(spacing_m, dtype=float), len(cells.ends))[border]
    return draw_edges(cells.nodes, cells.ends[border], spacing, np.full(len(border), roughness), seed)


def draw_edges(
    nodes: np.ndarray, ends: np.ndarray, spacing_m: np.ndarray, roughness: np.ndarray, seed: int
) -> np.ndarray:
    """LineStrings along edges between nodes: bends rounded, fractal detail of ``roughness`` times
    the edge's length.
    """
    if len(ends) == 0:
        return np.array([], dtype=object)
    before, after = _neighbours(len(nodes), ends)
    passing = before >= 0
    place = nodes.copy()
    for _ in range(2):
        mean = 0.5 * (place[before[passing]] + place[after[passing]])
        place[passing] = 0.5 * place[passing] + 0.5 * mean
    a, b = ends[:, 0], ends[:, 1]
    start, stop = place[a], place[b]
    length = np.maximum(np.hypot(*(stop - start).T), 1e-6)
    beyond_a = np.where(passing[a, None], place[np.where(before[a] == b, after[a], before[a])], 2 * start - stop)
    beyond_b = np.where(passing[b, None], place[np.where(before[b] == a, after[b], before[b])], 2 * stop - start)
    tangent_a, tangent_b = _limited(stop - beyond_a, length), _limited(beyond_b - start, length)
    pieces = np.power(2, np.clip(np.round(np.log2(length / spacing_m)), 0, 7)).astype(int)
    lines = np.empty(len(ends), dtype=object)
    for count in np.unique(pieces):
        here = np.flatnonzero(pieces == count)
        t = np.linspace(0, 1, count + 1)[None, :, None]
        curve = (
            (2 * t**3 - 3 * t**2 + 1) * start[here, None]
            + (t**3 - 2 * t**2 + t) * tangent_a[here, None]
            + (3 * t**2 - 2 * t**3) * stop[here, None]
            + (t**3 - t**2) * tangent_b[here, None]
        )
        across = np.stack([-(stop - start)[here, 1], (stop - start)[here, 0]], axis=1)
        curve = curve + (_wander(count, a[here], b[here], seed) * roughness[here, None])[:, :, None] * across[:, None]
        curve[:, 0], curve[:, -1] = start[here], stop[here]
        lines[here] = shapely.linestrings(np.round(curve, 3))
    return lines


def draw_apart(cells: Tessellation, spacing_m: np.ndarray, roughness: float, seed: int) -> np.ndarray:
    """LineStrings along all edges that meet in their ends only.

    A line that keeps to the kite of its edge (the triangles from the edge to the seeds on both
    sides) meets no other, because kites do not overlap. One that strays is drawn smoother, at last
    straight.
    """
    rough = np.full(len(cells.ends), roughness)
    lines = draw_edges(cells.nodes, cells.ends, spacing_m, rough, seed)
    for smoother in (0.4, 0.0):
        rough[_strays(cells, lines)] = roughness * smoother
        lines = draw_edges(cells.nodes, cells.ends, spacing_m, rough, seed)
    return lines


def _strays(cells: Tessellation, lines: np.ndarray) -> np.ndarray:
    """Return which lines leave their kites."""
    xy, edge = shapely.get_coordinates(lines, return_index=True)
    a, b = cells.nodes[cells.ends[edge, 0]], cells.nodes[cells.ends[edge, 1]]
    offset = _cross(b - a, xy - a)
    astray = np.zeros(len(lines), dtype=bool)
    for side in (0, 1):
        seed = cells.seeds[cells.sides[edge, side]]
        facing = np.sign(_cross(b - a, seed - a))
        here = (offset * facing > 0) & (cells.sides[edge, side] >= 0)
        inside = (_cross(a - seed, xy - seed) * facing >= 0) & (_cross(b - seed, xy - seed) * facing <= 0)
        astray[edge[here & ~inside]] = True
    return astray


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]


def _limited(tangent: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Half the chord over three nodes, never longer than the edge, or short edges would loop."""
    tangent = tangent * 0.5
    size = np.maximum(np.hypot(*tangent.T), 1e-9)
    return tangent * np.minimum(1.0, length / size)[:, None]


def _wander(count: int, a: np.ndarray, b: np.ndarray, seed: int) -> np.ndarray:
    """Midpoint displacement (edges, count + 1), 0 at both ends, the same whichever run asks for the
    edge.
    """
    offset = np.zeros((len(a), count + 1))
    step, base = count, hash_pair(a, b, seed)
    while step > 1:
        middle = np.arange(step // 2, count, step)
        mean = 0.5 * (offset[:, middle - step // 2] + offset[:, middle + step // 2])
        throw = uniform(hash_pair(base[:, None], middle[None, :], seed + step)) - 0.5
        offset[:, middle] = mean + throw * (step / count) ** 0.9 * 2.0
        step //= 2
    return offset


def _neighbours(count: int, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(one, the other) neighbour of each node on exactly two edges; -1 for the rest."""
    one, other = np.full(count, -1), np.full(count, -1)
    node = np.concatenate([ends[:, 0], ends[:, 1]])
    partner = np.concatenate([ends[:, 1], ends[:, 0]])
    order = np.argsort(node, kind="stable")
    node, partner = node[order], partner[order]
    start = np.flatnonzero(np.r_[True, node[1:] != node[:-1]])
    two = np.diff(np.r_[start, len(node)]) == 2
    one[node[start[two]]] = partner[start[two]]
    other[node[start[two]]] = partner[start[two] + 1]
    return one, other


def components(count: int, links: np.ndarray) -> np.ndarray:
    """Return the smallest member's number for each of ``count`` things connected by ``links`` (m,
    2).
    """
    root = np.arange(count)
    while len(links):
        low = np.minimum(root[links[:, 0]], root[links[:, 1]])
        before = root.copy()
        np.minimum.at(root, root[links[:, 0]], low)
        np.minimum.at(root, root[links[:, 1]], low)
        while not np.array_equal(root, root[root]):
            root = root[root]
        if np.array_equal(before, root):
            break
        links = links[root[links[:, 0]] != root[links[:, 1]]]
    return root
