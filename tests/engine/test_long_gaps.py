"""A long narrow gap beside three territories: the work grows with its length, and the shares are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from planconcord.engine.planar import borders_gaps
from planconcord.engine.planar.borders import borders
from planconcord.engine.progress import Progress


def along_one_gap(length_m: float) -> np.ndarray:
    """A to the north, B to the south and west, C to the east of a closed gap of 1 m."""
    south = shapely.union(shapely.box(-50, -100, length_m, 0), shapely.box(-50, -100, 0, 100))
    shapes = [shapely.box(0, 1, length_m, 100), south, shapely.box(length_m, -100, length_m + 50, 100)]
    return np.array(shapes, dtype=object)


def shares_m2(territories: np.ndarray) -> dict[tuple[int, int], float]:
    return {(b.a, b.b): float(shapely.area(b.gaps).sum()) for b in borders(territories, 20.0, Progress())}


def work(length_m: float, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """(points in all nearest-neighbour questions, points in the largest of them)."""
    asked = []

    def counted(points: np.ndarray, chosen: np.ndarray, ground: shapely.Geometry) -> shapely.Geometry:
        asked.append(len(points))
        return nearest(points, chosen, ground)

    nearest = borders_gaps._nearest
    with monkeypatch.context() as patch:
        patch.setattr(borders_gaps, "_nearest", counted)
        assert sum(shares_m2(along_one_gap(length_m)).values()) == pytest.approx(length_m, rel=1e-6)
    return sum(asked), max(asked)


def test_twice_the_length_is_twice_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    (short, largest), (long, still) = (work(length_m, monkeypatch) for length_m in (1000, 4000))
    assert long < 4.6 * short
    assert still <= 1.5 * largest < 2000


@pytest.mark.parametrize("seed", range(6))
def test_the_shares_of_squares_are_those_of_the_whole(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(seed)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(random.uniform(0, 600, (6, 2)))))
    cells = shapely.intersection(cells, shapely.box(0, 0, 600, 600))
    apart = shapely.buffer(cells, -random.uniform(0.5, 8, len(cells)), join_style="mitre")
    around = shapely.difference(shapely.box(-90, -90, 690, 690), shapely.box(0, 0, 600, 600))
    territories = np.array([*apart[shapely.area(apart) > 0], around], dtype=object)
    in_squares = shares_m2(territories)
    monkeypatch.setattr(borders_gaps, "TILE", 1e9)
    assert in_squares == pytest.approx(shares_m2(territories), abs=1e-6)


def test_whether_a_point_lies_on_an_outline_is_what_its_distance_says() -> None:
    random = np.random.default_rng(2)
    two = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(20, 0, 30, 10)])
    ringed = shapely.difference(shapely.box(40, 0, 60, 20), shapely.box(45, 5, 50, 10))
    covers = np.array([two, ringed], dtype=object)
    on = shapely.get_coordinates(shapely.segmentize(covers, 0.7)) + random.choice([0.0, 0.0005, 0.01], (1, 2))
    points = np.concatenate([on, random.uniform(-5, 65, (200, 2))])
    walls = borders_gaps._Walls(covers)
    near = [shapely.dwithin(outline, shapely.points(points), 0.001) for outline in shapely.boundary(covers)]
    assert (walls.hold(points) == (near[0] | near[1])).all()
    assert (walls.hold(points, [1]) == near[1]).all()
