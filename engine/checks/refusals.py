"""What no coverage check can work on: layers without ground on this earth, and more zones on one
place than can be listed.

Goes in: a prepared plan, and what is known of its zones. Raises PlanError, which names the layer,
the place and the limit.
"""

from __future__ import annotations

import numpy as np
import shapely

from ..errors import PlanError
from ..planar.crowds import MOST_PAIRS, crowd
from ..planar.repair import NOWHERE
from .preparation import PreparedZones


def refuse_without_ground(prepared: PreparedZones) -> None:
    """Raise PlanError where no zone has an area, and why."""
    if len(prepared.polygons):
        return
    plan = prepared.plan
    nowhere = sum(defect.reason == NOWHERE for defect in prepared.defects)
    key = "error.nowhere" if nowhere and nowhere == len(prepared.defects) else "error.no_geometry"
    raise PlanError(key, layer=plan.name, count=len(plan.zones), crs=str(plan.crs.name))


def refuse_crowds(prepared: PreparedZones, zones: np.ndarray) -> None:
    """Raise PlanError where so many of the ``zones``, all different, lie on one place that their
    overlaps cannot be listed.
    """
    found = crowd(zones)
    if found.too_large:
        raise _crowded(prepared, found.count, found.x, found.y)


def refuse_repeated_pairs(prepared: PreparedZones, zones: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]) -> None:
    """Raise PlanError where ``pairs`` of different outlines, each drawn by several zones, are too
    many.

    ``zones``: for each zone the first one with its outline; ``pairs``: such first ones.
    """
    copies = np.bincount(zones, minlength=len(zones))
    each = copies[pairs[0]] * copies[pairs[1]]
    if each.sum() <= MOST_PAIRS or each.max() == 1:
        return
    worst = int(np.argmax(each))
    one, two = pairs[0][worst], pairs[1][worst]
    place = shapely.point_on_surface(prepared.polygons[one])
    raise _crowded(prepared, int(copies[one] + copies[two]), shapely.get_x(place), shapely.get_y(place))


def _crowded(prepared: PreparedZones, count: int, x: float, y: float) -> PlanError:
    return PlanError("error.crowded", layer=prepared.plan.name, count=count, limit=MOST_PAIRS, x=round(x), y=round(y))
