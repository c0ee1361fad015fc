"""Ground that three territories share goes to the nearest, whatever GEOS makes of points that lie on circles.

Of such points GEOS 3.13 and 3.14 may return one cell that covers all the others and leaves out its own. The oracle asks for the
distance to every point.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.engine.planar.borders_gaps import _nearest

GROUND = shapely.box(-1, -1, 11, 11)
coordinate = st.integers(0, 20).map(lambda number: number / 2)
lattice = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=40, unique=True)


def judged(places: np.ndarray, chosen: np.ndarray) -> None:
    points = np.asarray(shapely.points(places), dtype=object)
    ours, theirs = _nearest(points, chosen, GROUND), _nearest(points, ~chosen, GROUND)
    assert shapely.area(ours) + shapely.area(theirs) == pytest.approx(GROUND.area, abs=1e-6)
    assert shapely.area(shapely.intersection(ours, theirs)) == pytest.approx(0, abs=1e-6)
    asked = np.random.default_rng(0).uniform(-1, 11, (400, 2))
    distance = np.linalg.norm(asked[:, None] - places[None], axis=2)
    lead = np.min(distance[:, ~chosen], axis=1, initial=np.inf) - np.min(distance[:, chosen], axis=1, initial=np.inf)
    clear = np.abs(lead) > 1e-6
    inside = shapely.intersects_xy(ours, asked[:, 0], asked[:, 1])
    assert (inside[clear] == (lead > 0)[clear]).all()


@settings(max_examples=150, deadline=None)
@given(places=lattice, seed=st.integers(0, 3), turn=st.sampled_from([0.0, 0.3, np.pi / 4]))
def test_every_place_goes_to_the_nearest_of_points_on_a_lattice(places, seed, turn) -> None:
    chosen = np.random.default_rng(seed).random(len(places)) < 0.5
    centred = np.array(places) - 5.0
    judged(centred @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]] + 5.0, chosen)


@pytest.mark.parametrize("count", [4, 8, 60, 240])
@pytest.mark.parametrize("start", [0.0, 0.1, 1.0])
def test_every_place_goes_to_the_nearest_of_points_on_circles(count, start) -> None:
    angle = start + np.arange(count) * 2 * np.pi / count
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    judged(np.concatenate([5 + 4 * ring, 5 + 2 * ring]), np.arange(2 * count) % 3 == 0)


def test_every_place_goes_to_the_nearest_along_the_walls_of_a_crossing() -> None:
    """Samples along four squares with two strips between them, as gaps between nine territories have them."""
    steps = np.arange(4.0, 5.0, 1 / 24)
    walls = [(4.0, steps), (6.0, steps + 2), (4.0, steps + 2), (6.0, steps)]
    lines = [np.column_stack(pair) for at, y in walls for pair in ((np.full(24, at), y), (y, np.full(24, at)))]
    places = np.unique(np.round(np.concatenate(lines), 9), axis=0)
    judged(places, np.arange(len(places)) % 2 == 0)


def test_a_place_of_both_sides_is_ours() -> None:
    points = np.asarray(shapely.points([(3, 5), (3, 5), (8, 5)]), dtype=object)
    assert shapely.area(_nearest(points, np.array([True, False, False]), GROUND)) == pytest.approx(6.5 * 12)
