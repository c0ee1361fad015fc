"""Zones whose outline stands as a hole of a shell that is a single point, as CAD exports write them, keep their area."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from planconcord.engine.planar.repair import repair

SQUARE = "(0 0,10 0,10 10,0 10,0 0)"
POINT = "(5 5,5 5,5 5,5 5)"


@pytest.mark.parametrize(
    "written",
    [
        f"POLYGON({POINT},{SQUARE})",
        f"POLYGON({POINT},{POINT},{SQUARE})",  # make_valid by linework raises, by structure leaves nothing
        f"POLYGON((5 5,6 6,5 5,5 5),{POINT},{SQUARE})",
        f"MULTIPOLYGON(({POINT},{POINT},{SQUARE}))",
    ],
)
def test_an_outline_written_as_a_hole_of_a_point_is_the_zone(written: str) -> None:
    repaired, defects = repair(np.array([shapely.from_wkt(written)], dtype=object))
    assert shapely.is_valid(repaired[0])
    assert repaired[0].area == 100
    assert defects[0].area_after_m2 == 100


def test_rings_that_enclose_nothing_leave_nothing() -> None:
    repaired, defects = repair(np.array([shapely.from_wkt(f"POLYGON({POINT},{POINT})")], dtype=object))
    assert shapely.is_empty(repaired[0])
    assert len(defects) == 1
