"""The ground that all zones of a plan cover together, which every border of the plan asks for: united once, then kept.

Goes in: a plan and its layer in the working CRS. Comes out: a geometry of the asker's own, because threads must not share what one
of them may prepare; None for a plan without a polygon. It is kept beside the findings like a result, under the hash of
everything it depends on, so that a changed district does not unite its neighbours again. Raises Cancelled when asked to.
"""

from __future__ import annotations

import hashlib
import json
import threading

import pyproj
import shapely

from ..checks.preparation import prepare
from ..checks.territories import united
from ..plan import PlanLayer
from ..planar.threads import GLANCE_S, watched
from ..progress import Progress
from .kept import Kept
from .options import program_digest
from .plans import Plans

KIND = "ground"


class Grounds:
    """Asked by several threads."""

    def __init__(self, plans: Plans, kept: Kept, crs: pyproj.CRS):
        self._plans, self._kept, self._crs = plans, kept, crs
        self._united: dict[str, bytes] = {}
        self._uniting = {plan_id: threading.Lock() for plan_id in plans.plans}

    def expect(self, plan_id: str) -> None:
        """A plan with borders, whose ground stays kept though nobody may ask for it in this run."""
        self._kept.uses(self._key(plan_id))

    def of(self, plan: PlanLayer, progress: Progress) -> shapely.Geometry | None:
        """The ground of ``plan``, whose name is its id."""
        lock = self._uniting[plan.name]
        while not lock.acquire(timeout=GLANCE_S):  # another border of the plan unites it just now
            progress.checkpoint()
        try:
            if plan.name not in self._united:
                self._united[plan.name] = self._find(plan, progress)
            packed = self._united[plan.name]
        finally:
            lock.release()
        return shapely.from_wkb(packed) if packed else None

    def _find(self, plan: PlanLayer, progress: Progress) -> bytes:
        key = self._key(plan.name)
        packed = self._kept.shape(key)
        if packed is None:
            zones = prepare(plan).polygons
            if len(zones) == 0:
                return b""
            packed = shapely.to_wkb(watched(lambda: united(zones), progress))
            self._kept.keep_shape(key, packed)
        return packed

    def _key(self, plan_id: str) -> str:
        told = [KIND, program_digest(), self._crs.to_wkt(), self._plans.plans[plan_id].digest]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
