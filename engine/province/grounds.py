"""The ground that all zones of a plan cover together, which every border of the plan asks for:
united once, then kept.

Goes in: a plan, and its layer in the working CRS where it has been read. Comes out: a geometry of
the asker's own, because threads must not share what one of them may prepare; None for a plan
without a polygon. It is kept beside the findings like a result, under the hash of everything it
depends on, so that a changed district neither reads nor unites its neighbours again. For a plan
that cannot be read its territory's boundary stands in, where that is known: a gap between two
neighbours must not be reported on the ground of a third. Raises Cancelled when asked to.
"""

from __future__ import annotations

import hashlib
import json
import threading

import numpy as np
import pyproj
import shapely

from ..checks.preparation import prepare
from ..checks.territories import united
from ..errors import PlanError
from ..plan import PlanLayer
from ..planar.threads import GLANCE_S, watched
from ..progress import Progress
from .boundaries import Boundaries
from .kept import Kept
from .options import program_digest
from .plans import Plans

KIND = "ground"


class Grounds:
    """Asked by several threads; boxes and keys by one, before them."""

    def __init__(self, plans: Plans, boundaries: Boundaries, kept: Kept, crs: pyproj.CRS):
        self._plans, self._boundaries, self._kept, self._crs = plans, boundaries, kept, crs
        self._united: dict[str, bytes] = {}
        self._standing_in: dict[str, bytes] = {}
        self._uniting = {plan_id: threading.Lock() for plan_id in plans.plans}

    def readable(self, plan_id: str) -> bool:
        """Return whether the plan itself shows its ground, as far as is known."""
        return self._plans.plans[plan_id].error is None

    @property
    def stood_in(self) -> list[str]:
        """The plans that cannot be read and for which a boundary stands in."""
        return [plan_id for plan_id, packed in self._standing_in.items() if packed]

    def box(self, plan_id: str) -> np.ndarray | None:
        """Return the bounds of the plan, or of what stands in for it, in the working CRS; None
        where neither is known.
        """
        if self.readable(plan_id):
            return self._plans.box(plan_id)
        packed = self._stand_in(plan_id)
        return np.array(shapely.bounds(shapely.from_wkb(packed))) if packed else None

    def key(self, plan_id: str) -> str:
        """Return the hash of all that the ground depends on; it stays kept though nobody may ask
        for it in this run.
        """
        if not self.readable(plan_id):
            return hashlib.sha256(self._stand_in(plan_id)).hexdigest()
        told = [KIND, program_digest(), self._crs.to_wkt(), self._plans.plans[plan_id].digest]
        made = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        self._kept.uses(made)
        return made

    def of_third(self, plan_id: str, progress: Progress) -> shapely.Geometry | None:
        """Return the ground of a plan that nothing else is asked of; it is read only where its
        ground is not kept.
        """
        try:
            if self.readable(plan_id):
                return self.of(plan_id, progress)
        except PlanError:
            pass  # the plan is told as unreadable
        packed = self._stand_in(plan_id)
        return shapely.from_wkb(packed) if packed else None

    def of(self, plan_id: str, progress: Progress, layer: PlanLayer | None = None) -> shapely.Geometry | None:
        """Return the ground of a plan, whose ``layer`` need not be read again. PlanError where it
        cannot be read.
        """
        lock = self._uniting[plan_id]
        while not lock.acquire(timeout=GLANCE_S):  # another border of the plan unites it just now
            progress.checkpoint()
        try:
            if plan_id not in self._united:
                self._united[plan_id] = self._find(plan_id, layer, progress)
            packed = self._united[plan_id]
        finally:
            lock.release()
        return shapely.from_wkb(packed) if packed else None

    def _find(self, plan_id: str, layer: PlanLayer | None, progress: Progress) -> bytes:
        key = self.key(plan_id)
        packed = self._kept.shape(key)
        if packed is None:
            zones = prepare(self._plans.get(plan_id) if layer is None else layer).polygons
            if len(zones) == 0:
                return b""
            packed = shapely.to_wkb(watched(lambda: united(zones), progress))
            self._kept.keep_shape(key, packed)
        return packed

    def _stand_in(self, plan_id: str) -> bytes:
        """Return the boundary of the plan's territory as WKB, b"" where it is not known."""
        if plan_id not in self._standing_in:
            try:
                ground = self._boundaries.of(self._plans.plans[plan_id].entry, self._crs)
            except PlanError:
                ground = None  # what is wrong with the boundaries is told by the plan's own check
            self._standing_in[plan_id] = b"" if ground is None else shapely.to_wkb(ground.shape)
        return self._standing_in[plan_id]
