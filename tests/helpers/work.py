"""Work that is counted, where a clock would only say how busy the machine is.

``at_most`` counts what a test has GEOS do: vertices that go into constructions and distances (each geometry as often as it is used,
prepared or not) and pairs that an index finds. Both grow with the square of the input where an algorithm does, and are the same on every machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pytest
import shapely

CONSTRUCTIONS = (
    *("intersection", "difference", "symmetric_difference", "union", "union_all", "coverage_union_all", "buffer"),
    *("make_valid", "polygonize", "node", "line_merge", "voronoi_polygons", "maximum_inscribed_circle", "segmentize"),
    *("point_on_surface", "oriented_envelope", "is_valid", "normalize", "convex_hull", "distance", "dwithin"),
)


class Work:
    """What was counted so far."""

    def __init__(self) -> None:
        self.vertices, self.pairs, self._lock = 0, 0, threading.Lock()

    def construct(self, way: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Count a construction, and do it."""
        given = [np.asarray(value, dtype=object) for value in arguments if _is_geometry(value)]
        size = (
            np.broadcast_shapes(*(value.shape for value in given))
            if len(given) > 1
            else given[0].shape
            if given
            else ()
        )
        times = int(np.prod(size))
        used = sum(int(shapely.get_num_coordinates(value).sum()) * times // max(value.size, 1) for value in given)
        with self._lock:
            self.vertices += used
        return way(*arguments, **options)

    def query(self, way: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Ask an index, and count what it finds."""
        found = way(*arguments, **options)
        with self._lock:
            self.pairs += found.shape[-1]
        return found


def _is_geometry(value: object) -> bool:
    if not isinstance(value, (shapely.Geometry, list, tuple, np.ndarray)):
        return False
    items = np.asarray(value, dtype=object)
    return bool((shapely.is_geometry(items) | shapely.is_missing(items)).all())


@contextmanager
def counted() -> Iterator[Work]:
    """All work inside is counted."""
    work = Work()
    with pytest.MonkeyPatch.context() as patch:
        for name in filter(partial(hasattr, shapely), CONSTRUCTIONS):  # shapely 2.0 lacks some
            patch.setattr(shapely, name, partial(work.construct, getattr(shapely, name)))
        query = shapely.STRtree.query
        patch.setattr(
            shapely.STRtree, "query", lambda tree, *given, **more: work.query(partial(query, tree), *given, **more)
        )
        yield work


@contextmanager
def at_most(vertices: int, pairs: int) -> Iterator[Work]:
    """No more work than this, of which there is usually a third."""
    with counted() as work:
        yield work
    found = f"{work.vertices:,} vertices went into constructions and {work.pairs:,} pairs were found"
    assert work.vertices <= vertices and work.pairs <= pairs, (
        f"{found}; at most {vertices:,} and {pairs:,} are expected"
    )
