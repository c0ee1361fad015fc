"""Polygons that share their edges exactly: who touches whom, and what they make when merged.

In: polygons (metres, whole millimetres) whose common edges have the same vertices on both sides. Out: pairs of
neighbours with the length of their common edges, and merged polygons in which every vertex is kept, so that a merged
polygon still fits its neighbours exactly. Polygons that do not share vertices are simply no neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ..engine.planar.polygons import writable
from .tessellation import components


@dataclass
class Segments:
    """Every straight piece of every ring: from node key ``a`` to ``b`` (packed millimetres), of polygon ``owner``."""

    a: np.ndarray
    b: np.ndarray
    owner: np.ndarray
    length_m: np.ndarray


def node_keys(xy: np.ndarray) -> np.ndarray:
    """One 64-bit number for each point, to the millimetre."""
    mm = np.round(xy * 1000).astype(np.int64)
    return (mm[:, 0] << 32) | mm[:, 1]


def segments(polygons: np.ndarray) -> Segments:
    """All ring segments of polygons, in ring order."""
    rings, polygon = shapely.get_rings(writable(polygons), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    keys = node_keys(xy)
    real = (ring[:-1] == ring[1:]) & (keys[:-1] != keys[1:])
    here = np.flatnonzero(real)
    length = np.hypot(*(xy[here + 1] - xy[here]).T)
    return Segments(keys[here], keys[here + 1], polygon[ring[here]], length)


def shared(parts: Segments) -> tuple[np.ndarray, np.ndarray]:
    """(first, second) positions of segments that two polygons share, each pair once."""
    low, high = np.minimum(parts.a, parts.b), np.maximum(parts.a, parts.b)
    order = np.lexsort((high, low))
    same = (low[order][1:] == low[order][:-1]) & (high[order][1:] == high[order][:-1])
    return order[:-1][same], order[1:][same]


def neighbours(polygons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(pairs (n, 2) with the lower number first, common length in metres) of polygons that share edges."""
    parts = segments(polygons)
    first, second = shared(parts)
    a, b = parts.owner[first], parts.owner[second]
    other = a != b
    low, high = np.minimum(a, b)[other], np.maximum(a, b)[other]
    if len(low) == 0:
        return np.zeros((0, 2), dtype=int), np.zeros(0)
    packed, inverse = np.unique(low * np.int64(len(polygons)) + high, return_inverse=True)
    length = np.bincount(inverse, weights=parts.length_m[first][other])
    return np.stack([packed // len(polygons), packed % len(polygons)], axis=1), length


def merged(polygons: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(one geometry a group, the groups' numbers): the union of the polygons of each group, all vertices kept."""
    order = np.argsort(group, kind="stable")
    number, start = np.unique(group[order], return_index=True)
    stop = np.append(start[1:], len(order))
    result = np.empty(len(number), dtype=object)
    single = stop - start == 1
    result[single] = polygons[order[start[single]]]
    for k in np.flatnonzero(~single):
        result[k] = shapely.coverage_union_all(polygons[order[start[k] : stop[k]]])
    return result, number


def dissolve(polygons: np.ndarray, label: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The component of each polygon: neighbours with the same label belong together."""
    return components(len(polygons), pairs[label[pairs[:, 0]] == label[pairs[:, 1]]])


def merge_small(small: np.ndarray, pairs: np.ndarray, length_m: np.ndarray, preference: np.ndarray) -> np.ndarray:
    """For each polygon the one that takes it in (itself if none): the longest common edge among the most preferred.

    ``preference`` (pairs, 2) ranks taking the first by the second and the second by the first; below 0 = never.
    Chains of small ones end at one that is not small where there is one.
    """
    target = np.arange(len(small))
    a = np.concatenate([pairs[:, 0], pairs[:, 1]])
    b = np.concatenate([pairs[:, 1], pairs[:, 0]])
    rank = np.concatenate([preference[:, 0], preference[:, 1]]).astype(float)
    length = np.concatenate([length_m, length_m])
    waiting = small.copy()
    for _ in range(12):
        mine = waiting[a] & ~waiting[b] & (rank >= 0)
        if not mine.any():
            break
        order = np.lexsort((length[mine], rank[mine], a[mine]))
        aa, bb = a[mine][order], b[mine][order]
        last = np.r_[aa[1:] != aa[:-1], True]
        target[aa[last]] = target[bb[last]]
        waiting[aa[last]] = False
    return target
