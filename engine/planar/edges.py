"""Where neighbours do not agree: the suspect edges of a coverage, found without comparing any two
polygons.

In a coverage without defects every edge inside is drawn exactly twice, once in each direction. So
vertices are rounded to GRID_M, each edge becomes a 63-bit hash of its two ends and a direction bit,
the keys are sorted, and an edge is good only if its group is exactly one forward and one reverse;
every other edge is suspect (design, section 6). Overlaps, gaps and overhang can only lie beside
suspect edges. Goes in: valid polygons or multipolygons in a projected CRS in metres. Comes out: the
suspect edges with their polygons, in rounded coordinates. Linear in the vertices but for the sort.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ..progress import Progress
from .polygons import POLYGON
from .threads import in_order

GRID_M = 0.001
CHUNK = 3000
"""Polygons whose keys are made at a time: arrays of a megabyte stay in the cache and are not asked
of the system anew.
"""
BUCKET = 1 << 18
"""About so many keys are sorted at a time: what the processor's cache holds sorts a third faster
than the whole.
"""
MOST_BUCKETS = 256
ONE = np.uint64(1)
SIEVE_BITS = 24


@dataclass(frozen=True)
class Edges:
    """Directed edges: ``start`` and ``end`` (n, 2) in whole grid steps from ``origin``, ``owner``
    the polygon's index.

    The interior of the owner lies to the left.
    """

    start: np.ndarray
    end: np.ndarray
    owner: np.ndarray
    origin: np.ndarray

    def lines(self) -> np.ndarray:
        """Return the edges as lines in metres, without direction and each place once."""
        swap = _code(self.start) > _code(self.end)
        low = np.where(swap[:, None], self.end, self.start)
        high = np.where(swap[:, None], self.start, self.end)
        once = np.unique(np.concatenate([low, high], axis=1), axis=0)
        return np.asarray(shapely.linestrings(once.reshape(-1, 2, 2) * GRID_M + self.origin), dtype=object)


def suspect_edges(polygons: np.ndarray, progress: Progress, threads: int = 2) -> Edges:
    """Return the edges that are not matched by exactly one reverse edge."""
    origin = np.floor(np.nan_to_num(shapely.total_bounds(polygons)[:2]))
    starts = range(0, len(polygons), CHUNK)
    buckets = _bucket_count(int(shapely.get_num_coordinates(polygons).sum()))
    chunks: list[_Chunk] = []

    def keys_of(first: int) -> _Chunk:
        return _Chunk.of(polygons[first : first + CHUNK], first, origin, buckets)

    for done in in_order(keys_of, starts, threads, progress):
        chunks.append(done)
        progress.step(0.6 * len(chunks) / len(starts))
    sieve = _Sieve(_lone_places(chunks, buckets, threads, progress.part(0.6, 0.8)))
    found = [np.zeros(0, dtype=int)]
    for owners_of_chunk in in_order(lambda chunk: chunk.owners_of(sieve), chunks, threads, progress):
        found.append(owners_of_chunk)
        progress.step(0.8 + 0.15 * len(found) / (len(chunks) + 1))
    owners = np.concatenate(found)
    edges = directed_edges(polygons[owners], origin)
    suspect = sieve.holds(_keys(_code(edges.start), _code(edges.end)) >> ONE)
    return Edges(edges.start[suspect], edges.end[suspect], owners[edges.owner[suspect]], origin)


def directed_edges(polygons: np.ndarray, origin: np.ndarray) -> Edges:
    """Return every edge of ``polygons`` longer than the grid, shells counter-clockwise and holes
    clockwise.
    """
    rings = _Rings.of(polygons, origin)
    start, end = rings.grid[:-1][rings.inside], rings.grid[1:][rings.inside]
    turn = rings.backward[rings.ring[:-1][rings.inside]][:, None]
    owner = rings.owner[rings.ring[:-1][rings.inside]]
    moved = (start != end).any(axis=1)
    start, end, turn = start[moved], end[moved], turn[moved]
    return Edges(np.where(turn, end, start), np.where(turn, start, end), owner[moved], origin)


@dataclass(frozen=True)
class _Rings:
    """The vertices of all rings in a row: ``grid`` (n, 2) rounded, the ``ring`` of each, whether a
    vertex and the next are of one ring, and for each ring its ``owner`` and whether it runs
    ``backward``, its interior on the right.
    """

    grid: np.ndarray
    ring: np.ndarray
    inside: np.ndarray
    owner: np.ndarray
    backward: np.ndarray

    @classmethod
    def of(cls, polygons: np.ndarray, origin: np.ndarray) -> _Rings:
        simple = (shapely.get_type_id(polygons) == POLYGON) & (shapely.get_num_interior_rings(polygons) == 0)
        owner = np.flatnonzero(simple)
        hole = np.zeros(len(owner), dtype=bool)
        coordinates, ring = shapely.get_coordinates(polygons[owner], return_index=True)
        rest = np.flatnonzero(~simple)
        if len(rest):
            parts, part_owner = shapely.get_parts(polygons[rest], return_index=True)
            rings, ring_part = shapely.get_rings(parts, return_index=True)
            more, more_ring = shapely.get_coordinates(rings, return_index=True)
            coordinates = np.concatenate([coordinates, more])
            ring = np.concatenate([ring, more_ring + len(owner)])
            owner = np.concatenate([owner, rest[part_owner[ring_part]]])
            hole = np.concatenate([hole, np.r_[False, ring_part[1:] == ring_part[:-1]][: len(ring_part)]])
        local = coordinates - origin
        inside = ring[1:] == ring[:-1]
        cross = local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]
        cross[~inside] = 0.0
        twice_area = np.bincount(ring[:-1], weights=cross, minlength=len(owner)) if len(ring) else np.zeros(0)
        local *= 1.0 / GRID_M
        np.rint(local, out=local)
        return cls(local.astype(np.int64), ring, inside, owner, (twice_area < 0) != hole)


@dataclass(frozen=True)
class _Chunk:
    """The keys of the edges of some polygons, and the polygon of each, from ``first`` on.

    The keys stand by bucket, those of bucket b from ``begin[b]`` to ``begin[b + 1]``; both
    directions of an edge fall into one bucket.
    """

    keys: np.ndarray
    owner: np.ndarray
    first: int
    begin: np.ndarray

    @classmethod
    def of(cls, polygons: np.ndarray, first: int, origin: np.ndarray, buckets: int) -> _Chunk:
        rings = _Rings.of(polygons, origin)
        code = _code(rings.grid)
        keys = _keys(code[:-1], code[1:]) ^ rings.backward[rings.ring[:-1]].astype(np.uint64)
        real = np.flatnonzero(rings.inside & (code[:-1] != code[1:]))
        bucket = ((keys[real] >> np.uint64(56)) // np.uint64(MOST_BUCKETS // buckets)).astype(np.uint8)
        real = real[np.argsort(bucket, kind="stable")]  # a radix sort: linear
        begin = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=buckets))])
        return cls(keys[real], rings.owner[rings.ring[real]].astype(np.int32), first, begin)

    def owners_of(self, sieve: _Sieve) -> np.ndarray:
        """Return the polygons that own an edge at a place in ``sieve``."""
        return np.unique(self.owner[sieve.holds(self.keys >> ONE)]) + self.first


def _code(grid: np.ndarray) -> np.ndarray:
    """Return both coordinates of a vertex in one integer; within 2,147 km of the origin no two
    vertices share one.
    """
    return ((grid[:, 0] << 32) ^ (grid[:, 1] & 0xFFFFFFFF)).view(np.uint64)


def _keys(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a 63-bit hash of the two ends whatever the direction, and the direction in the lowest
    bit.
    """
    swap = a > b
    mixed = np.minimum(a, b) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    mixed += np.maximum(a, b)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(32)
    mixed <<= ONE
    mixed |= swap
    return mixed


def _bucket_count(edges: int) -> int:
    """Return a power of two."""
    return min(MOST_BUCKETS, 1 << max(0, (edges // BUCKET).bit_length()))


def _lone_places(chunks: list[_Chunk], buckets: int, threads: int, progress: Progress) -> np.ndarray:
    """Return the hashes (without direction) of edges that are not exactly one forward and one
    reverse, sorted.
    """

    def lone(bucket: int) -> np.ndarray:
        ordered = np.concatenate([chunk.keys[chunk.begin[bucket] : chunk.begin[bucket + 1]] for chunk in chunks])
        ordered.sort()
        pair = np.zeros(len(ordered), dtype=bool)
        pair[:-1] = (ordered[1:] - ordered[:-1] == 1) & ((ordered[:-1] & ONE) == 0)
        pair[1:] |= pair[:-1]
        return np.unique(ordered[~pair] >> ONE)

    found = [np.zeros(0, dtype=np.uint64)]
    for places in in_order(lone, range(buckets), threads, progress):
        found.append(places)
        progress.step(len(found) / (buckets + 1))
    return np.concatenate(found)


class _Sieve:
    """Whether a hash is among the lone ones: a table of bits first, the sorted list for what passes
    it.
    """

    def __init__(self, places: np.ndarray):
        self._places = places
        self._mask = np.uint64((1 << SIEVE_BITS) - 1)
        self._table = np.zeros(1 << SIEVE_BITS, dtype=bool)
        self._table[places & self._mask] = True

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Return a mask of ``values``."""
        held = self._table[values & self._mask]
        candidates = np.flatnonzero(held)
        if len(candidates):
            position = np.minimum(np.searchsorted(self._places, values[candidates]), len(self._places) - 1)
            held[candidates] = self._places[position] == values[candidates]
        return held
