"""Towns and industrial parks: blocks with streets between them, as rectangular as planners draw
them.

In: a centre (metres), a direction, the spacing of the streets and the ground that may be built on.
Out: :class:`Grid` with the blocks and the core (blocks and streets together), corners rounded to
the millimetre; or None where nothing fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .noise import hash_pair, smooth_noise, uniform


@dataclass
class Grid:
    """``blocks`` lie inside ``core``; what is left of the core is street."""

    blocks: np.ndarray
    core: shapely.Geometry
    centre: np.ndarray


def street_grid(
    centre: np.ndarray,
    angle: float,
    counts: tuple[int, int],
    spacing_m: tuple[float, float],
    street_m: float,
    allowed: shapely.Geometry,
    bend_m: float,
    round_town: bool,
    seed: int,
) -> Grid | None:
    """Blocks of a grid around ``centre`` that lie inside ``allowed``."""
    across, up = counts
    u = _offsets(across, spacing_m[0], seed)
    v = _offsets(up, spacing_m[1], seed + 1)
    uu, vv = np.meshgrid(u, v, indexing="ij")
    x = centre[0] + uu * np.cos(angle) - vv * np.sin(angle)
    y = centre[1] + uu * np.sin(angle) + vv * np.cos(angle)
    bent_x = x + bend_m * smooth_noise(x, y, 1_100, seed + 2)
    bent_y = y + bend_m * smooth_noise(x, y, 1_100, seed + 3)
    node = np.round(np.stack([bent_x, bent_y], axis=2), 3)
    corners = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=2)
    i, j = np.meshgrid(np.arange(across), np.arange(up), indexing="ij")
    quads = shapely.polygons(corners.reshape(-1, 4, 2))
    i, j = i.ravel(), j.ravel()
    shapely.prepare(allowed)
    keep = shapely.contains_properly(allowed, quads)
    if round_town:
        reach = np.hypot(uu[:-1, :-1] + np.diff(u)[:, None] / 2, vv[:-1, :-1] + np.diff(v)[None, :] / 2).ravel()
        ragged = 0.85 + 0.3 * uniform(hash_pair(i, j, seed + 4))
        keep &= reach < max(u[-1], v[-1]) * ragged
    if not keep.any():
        return None
    core = shapely.union_all(quads[keep], grid_size=0.001)
    if core.geom_type != "Polygon":
        core = max(core.geoms, key=lambda part: part.area)
        keep &= shapely.intersects(shapely.buffer(core, -1), quads)
    core = shapely.Polygon(core.exterior)
    return Grid(_blocks(quads, keep, i, j, street_m, seed), core, centre)


def _offsets(count: int, spacing_m: float, seed: int) -> np.ndarray:
    step = spacing_m * (0.75 + 0.5 * uniform(hash_pair(np.arange(count), 7, seed)))
    edges = np.r_[0, np.cumsum(step)]
    return edges - edges[-1] / 2


def _blocks(
    quads: np.ndarray, keep: np.ndarray, i: np.ndarray, j: np.ndarray, street_m: float, seed: int
) -> np.ndarray:
    """Quads shrunk by half a street; here and there two of them are one block."""
    number = {(a, b): k for k, (a, b) in enumerate(zip(i.tolist(), j.tolist())) if keep[k]}
    done: set[int] = set()
    shapes = []
    for (a, b), k in number.items():
        if k in done:
            continue
        done.add(k)
        partner = number.get((a + 1, b))
        shape = quads[k]
        if partner is not None and partner not in done and uniform(hash_pair(a, b, seed + 5)) < 0.22:
            done.add(partner)
            shape = shapely.union_all([shape, quads[partner]], grid_size=0.001)
        shapes.append(shape)
    blocks = shapely.buffer(np.array(shapes), -street_m / 2, join_style="mitre", mitre_limit=2.0)
    blocks = shapely.set_precision(blocks, 0.001)
    blocks = blocks[(shapely.get_type_id(blocks) == 3) & (shapely.area(blocks) > 900)]
    # A set precision would stick to the geometry and round every later result.
    return shapely.from_wkb(shapely.to_wkb(blocks))
