"""The plans of a register: looked into at the start, read when a job needs them, let go when none does or memory is short.

``memory_bytes`` bounds what is held beside the plans of the job at hand; None: as much as the two largest plans take, so that the
peak follows the largest pair and not the province. A plan that cannot be read stays known by its error, and is not tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from dataclasses import asdict, dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from ..crs import describe, working_crs
from ..errors import PlanError
from ..intake.inspection import inspect
from ..intake.preparing import prepare_plan
from ..intake.source import Source
from ..plan import PlanLayer
from ..register.entry import Entry, Register
from .sources import Snapshot

DESCRIBING = (
    "row",
    "title",
    "status",
    "decision_no",
    "decision_date",
    "valid_from",
    "valid_to",
    "replaces",
    "upper_plans",
)
"""Columns of a row that no check asks for."""


@dataclass
class Plan:
    """A row with what is known of its file. ``digest``: over the file's bytes and what the row says of it."""

    entry: Entry
    snapshot: Snapshot | None = None
    digest: str = ""
    memory_bytes: int = 0
    crs: pyproj.CRS | None = None
    bounds: tuple[float, float, float, float] | None = None
    error: PlanError | None = None
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def outline(self) -> PlanLayer:
        """A layer with the box around the plan, enough to choose a CRS by."""
        box = gpd.GeoSeries([shapely.box(*self.bounds)] if self.bounds else [], crs=self.crs)
        zones = gpd.GeoDataFrame({"key": [""] * len(box), "code": [""] * len(box)}, geometry=box)
        return PlanLayer(self.entry.plan_id, zones)


class Plans:
    """All plans of a register; :meth:`choose_crs` comes before :meth:`get`."""

    def __init__(self, register: Register, memory_bytes: int | None = None):
        self._register, self._limit = register, memory_bytes
        self.plans = {entry.plan_id: Plan(entry) for entry in register.entries if entry.source}
        self._held: OrderedDict[str, PlanLayer] = OrderedDict()
        self._crs: pyproj.CRS | None = None
        self.read_count = 0

    def look(self, plan_id: str) -> None:
        """Learn CRS, bounds, size and digest of a plan, or its error."""
        plan = self.plans[plan_id]
        entry = plan.entry
        source = self._register.located(entry.source)
        try:
            found = inspect(source)
            layer = found.layer(Source.of(source).layer)
            plan.crs = pyproj.CRS.from_user_input(entry.crs) if entry.crs else layer.crs
            if plan.crs is None:
                raise PlanError("error.no_crs", layer=plan_id)
            plan.memory_bytes = found.memory_bytes
            paths = [found.path, *([self._register.folder / entry.label_map] if entry.label_map else [])]
            plan.snapshot = Snapshot.of(*paths)
            plan.digest = _digest(entry, plan.snapshot)
            plan.bounds = layer.bounds or self._bounds_by_reading(plan, source)
            if not np.isfinite(plan.bounds).all():
                plan.bounds = self._bounds_by_reading(plan, source)
            working_crs([plan.outline()], None, "en")
        except PlanError as error:
            plan.error = error
        except OSError as error:
            plan.error = PlanError("error.province.unreadable", path=source, reason=error.strerror or error)

    def _bounds_by_reading(self, plan: Plan, source: str) -> tuple[float, float, float, float]:
        zones = prepare_plan(source, self._register.wishes(plan.entry), plan.entry.plan_id)[0].zones
        west, south, east, north = (float(value) for value in zones.total_bounds)
        return west, south, east, north

    def choose_crs(self, wanted: pyproj.CRS | None, language: str) -> tuple[pyproj.CRS, str]:
        """(working CRS, why) for all plans that can be read. PlanError where none can.

        The lowest plans decide, and among them the CRS of most: one plan with a wrong label must not decide for all.
        """
        readable = [plan for plan in self.plans.values() if plan.error is None]
        if not readable:
            reasons = "; ".join(plan.error.text(language) for plan in self.plans.values() if plan.error is not None)
            raise PlanError(
                "error.province.nothing_readable",
                path=self._register.path,
                count=len(self.plans),
                reasons=reasons or "–",
            )
        uppers = {upper for plan in readable for upper in plan.entry.upper_plans}
        told = {plan.entry.plan_id: describe(plan.crs) for plan in readable if plan.crs is not None}
        shared = Counter(told[name] for name in told if name not in uppers)
        readable.sort(key=lambda plan: (plan.entry.plan_id in uppers, -shared[told[plan.entry.plan_id]]))
        self._crs, why = working_crs([plan.outline() for plan in readable], wanted, language)
        largest = sorted(plan.memory_bytes for plan in readable)[-2:]
        self._limit = max(self._limit or 0, sum(largest))
        return self._crs, why

    def box(self, plan_id: str) -> np.ndarray:
        """The bounds of a plan in the working CRS."""
        plan = self.plans[plan_id]
        if plan.bounds is None or plan.crs is None or self._crs is None:
            raise ValueError(f"{plan_id} has no place yet")
        transformer = pyproj.Transformer.from_crs(plan.crs, self._crs, always_xy=True)
        return np.array(transformer.transform_bounds(*plan.bounds))

    def get(self, plan_id: str, beside: tuple[str, ...] = ()) -> PlanLayer:
        """The plan in the working CRS; others than those ``beside`` it are let go where memory is short."""
        plan = self.plans[plan_id]
        if plan.error is not None:
            raise plan.error
        if plan_id in self._held:
            self._held.move_to_end(plan_id)
            return self._held[plan_id]
        self._make_room(plan.memory_bytes, {plan_id, *beside})
        try:
            layer = self._read(plan)
        except PlanError as error:
            plan.error = error
            raise
        self._held[plan_id] = layer
        return layer

    def _read(self, plan: Plan) -> PlanLayer:
        entry = plan.entry
        known = {"level": entry.level, "territory": entry.territory, "nature": entry.nature}
        layer, report = prepare_plan(
            self._register.located(entry.source),
            self._register.wishes(entry),
            entry.plan_id,
            scale_denominator=entry.scale,
            **known,
        )
        self.read_count += 1
        if plan.snapshot is not None and not plan.snapshot.still_true():
            raise PlanError("error.province.changed", plan=entry.plan_id, path=entry.source)
        plan.notes = list(report.entries)
        if self._crs is None:
            raise ValueError("no working CRS yet")
        return layer.to_crs(self._crs)

    def release(self, plan_id: str) -> None:
        """No job needs the plan any more."""
        self._held.pop(plan_id, None)

    def _make_room(self, needed_bytes: int, kept: set[str]) -> None:
        limit = self._limit or 0
        for name in list(self._held):
            if needed_bytes + sum(self.plans[held].memory_bytes for held in self._held) <= limit:
                return
            if name not in kept:
                del self._held[name]


def _digest(entry: Entry, snapshot: Snapshot) -> str:
    told = {name: value for name, value in asdict(entry).items() if name not in DESCRIBING}
    made = json.dumps([told, snapshot.digest, Path(entry.source).name], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(made.encode()).hexdigest()
