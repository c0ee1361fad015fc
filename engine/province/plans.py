"""The plans of a register: looked into at the start, read when a job needs them, held packed for
the next job that does.

Several threads may ask: each gets geometries of its own, because what one thread prepares no other
may ask, and a plan is read by one while others wait for it. What is held is bounded by
:meth:`Memory.held_bytes`; the plan that is needed last is let go first. A plan that cannot be read
stays known by its error, and is not tried again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from ..crs import working_crs
from ..errors import PlanError
from ..faults import told_faults
from ..intake.inspection import inspect
from ..intake.preparing import PreparationOptions, prepare_plan
from ..intake.source import Source
from ..plan import PlanLayer
from ..register.entry import Register, RegisterEntry
from ..register.mistakes import outside_error
from ..transformation import require_place
from .memory import Memory
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
IN_A_REGISTER = {
    "error.no_crs": "error.register.plan_no_crs",
    "error.crs_unusable": "error.register.plan_crs_unusable",
    "error.crs_impossible": "error.register.plan_crs_impossible",
}
"""Refusals whose remedy is a cell of the register, not the properties of a layer in QGIS."""


@dataclass
class RegisteredPlan:
    """A row with what is known of its file. ``digest``: over the file's bytes and what the row says
    of it.
    """

    entry: RegisterEntry
    snapshot: Snapshot | None = None
    digest: str = ""
    memory_bytes: int = 0
    crs: pyproj.CRS | None = None
    bounds: tuple[float, float, float, float] | None = None
    error: PlanError | None = None
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def outline(self) -> PlanLayer:
        """Return a layer with the box around the plan, enough to choose a CRS by."""
        box = gpd.GeoSeries([shapely.box(*self.bounds)] if self.bounds else [], crs=self.crs)
        zones = gpd.GeoDataFrame({"key": [""] * len(box), "code": [""] * len(box)}, geometry=box)
        return PlanLayer(self.entry.plan_id, zones)


@dataclass(frozen=True)
class _Packed:
    """A plan in the working CRS whose geometries are bytes: a third of the size, and shared by
    nobody.
    """

    layer: PlanLayer
    wkb: np.ndarray
    size_bytes: int

    @classmethod
    def of(cls, layer: PlanLayer) -> _Packed:
        wkb = shapely.to_wkb(np.asarray(layer.zones.geometry.values, dtype=object))
        table = layer.zones.set_geometry(gpd.GeoSeries([None] * len(wkb), index=layer.zones.index, crs=layer.crs))
        return cls(replace(layer, zones=table), wkb, sum(len(shape) for shape in wkb if shape is not None))

    def unpacked(self) -> PlanLayer:
        """Return the plan with geometries of its own."""
        zones = self.layer.zones
        shapes = gpd.GeoSeries(shapely.from_wkb(self.wkb), index=zones.index, crs=zones.crs)
        return replace(self.layer, zones=zones.set_geometry(shapes))


class Plans:
    """All plans of a register; :meth:`choose_crs` comes before :meth:`get`."""

    def __init__(self, register: Register, memory_bytes: int | None = None):
        self._register, self._given_bytes = register, memory_bytes
        self.plans = {entry.plan_id: RegisteredPlan(entry) for entry in register.entries if entry.source}
        self.memory = Memory(memory_bytes)
        self._alike: dict[tuple[str, ...], RegisteredPlan] = {}
        self._crs: pyproj.CRS | None = None
        self._held: dict[str, _Packed] = {}
        self._needed: dict[str, list[int]] = {}
        self._reading = {plan_id: threading.Lock() for plan_id in self.plans}
        self._holding = threading.Lock()
        self.read_count = 0

    def look(self, plan_id: str) -> None:
        """Learn CRS, bounds, size and digest of a plan, or its error; a file that many rows name is
        looked into once.
        """
        plan = self.plans[plan_id]
        entry = plan.entry
        asked = (
            entry.source,
            entry.outside,
            entry.crs,
            entry.encoding,
            entry.label_map,
            entry.key_field,
            entry.code_field,
        )
        first = self._alike.setdefault(asked, plan)
        if first is plan:
            self._look(plan)
            return
        plan.crs, plan.bounds, plan.snapshot = first.crs, first.bounds, first.snapshot
        plan.memory_bytes, plan.error = first.memory_bytes, first.error
        if plan.snapshot is not None:
            plan.digest = _digest(entry, plan.snapshot)
        if plan.error is not None and plan.error.values.get("layer") == first.entry.plan_id:
            plan.error = PlanError(plan.error.key, **{**plan.error.values, "layer": plan_id})

    def _look(self, plan: RegisteredPlan) -> None:
        entry = plan.entry
        if entry.outside:
            plan.error = outside_error(self._register, entry)
            return
        source = self._register.located(entry.source)
        try:
            with _refusing(entry):
                self._learn(plan, source)
        except PlanError as error:
            told = {**error.values, "row": entry.row}
            plan.error = PlanError(IN_A_REGISTER[error.key], **told) if error.key in IN_A_REGISTER else error

    def _learn(self, plan: RegisteredPlan, source: str) -> None:
        entry = plan.entry
        found = inspect(source, self._given_bytes)
        layer = found.layer(Source.of(source).layer)
        plan.crs = pyproj.CRS.from_user_input(entry.crs) if entry.crs else layer.crs
        plan.crs = require_place(plan.crs, entry.plan_id)
        plan.memory_bytes = found.memory_bytes
        paths = [found.path, *([self._register.folder / entry.label_map] if entry.label_map else [])]
        plan.snapshot = Snapshot.of(*paths)
        plan.digest = _digest(entry, plan.snapshot)
        plan.bounds = layer.bounds or self._bounds_by_reading(plan, source)
        if not np.isfinite(plan.bounds).all():
            plan.bounds = self._bounds_by_reading(plan, source)
        working_crs([plan.outline()], None, "en")

    def _bounds_by_reading(self, plan: RegisteredPlan, source: str) -> tuple[float, float, float, float]:
        zones = prepare_plan(source, self._wishes(plan.entry), plan.entry.plan_id)[0].zones
        west, south, east, north = (float(value) for value in zones.total_bounds)
        return west, south, east, north

    def _wishes(self, entry: RegisterEntry) -> PreparationOptions:
        return replace(self._register.wishes(entry), memory_limit_bytes=self._given_bytes)

    def choose_crs(self, wanted: pyproj.CRS | None, language: str) -> tuple[pyproj.CRS, str]:
        """(working CRS, why) for all plans that can be read. PlanError where none can.

        The lowest plans decide, and among them the CRS of most: one plan with a wrong label must
        not decide for all.
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
        systems = {plan.entry.plan_id: plan.crs.to_wkt() for plan in readable if plan.crs is not None}
        shared = Counter(systems[name] for name in systems if name not in uppers)
        readable.sort(key=lambda plan: (plan.entry.plan_id in uppers, -shared[systems[plan.entry.plan_id]]))
        first_of_each = {systems[plan.entry.plan_id]: plan for plan in reversed(readable)}
        deciding = [plan for plan in readable if first_of_each[systems[plan.entry.plan_id]] is plan]
        self._crs, why = working_crs([plan.outline() for plan in deciding], wanted, language)
        self.memory = Memory(self._given_bytes, [plan.memory_bytes for plan in readable])
        for plan in readable:
            self._place(plan)
        return self._crs, why

    def _place(self, plan: RegisteredPlan) -> None:
        """A plan that has no place in the working CRS is unreadable; the others do not wait for
        it.
        """
        try:
            with _refusing(plan.entry):
                self.box(plan.entry.plan_id)
        except PlanError as error:
            plan.error = error

    def box(self, plan_id: str) -> np.ndarray:
        """Return the bounds of a plan in the working CRS."""
        plan = self.plans[plan_id]
        if plan.bounds is None or plan.crs is None or self._crs is None:
            raise ValueError(f"{plan_id} has no place yet")
        return np.array(_operation(plan.crs.to_wkt(), self._crs.to_wkt()).transform_bounds(*plan.bounds))

    def expect(self, jobs: Sequence[Sequence[str]]) -> None:
        """The plans of each job that will ask, in the order of the jobs."""
        self._needed = {}
        for number, names in enumerate(jobs):
            for name in names:
                self._needed.setdefault(name, []).append(number)

    def get(self, plan_id: str) -> PlanLayer:
        """Return the plan in the working CRS, its geometries the asker's own."""
        plan = self.plans[plan_id]
        with self._reading[plan_id]:
            if plan.error is not None:
                raise plan.error
            packed = self._held.get(plan_id)
            if packed is None:
                try:
                    with _refusing(plan.entry):
                        layer = self._read(plan)
                except PlanError as error:
                    plan.error = error
                    raise
                self._hold(plan_id, layer)
                return layer
        return packed.unpacked()

    def release(self, job: int, names: Sequence[str]) -> None:
        """The job of that number no longer needs its plans."""
        with self._holding:
            for name in names:
                self._needed[name].remove(job)
                if not self._needed[name]:
                    self._held.pop(name, None)

    def _hold(self, plan_id: str, layer: PlanLayer) -> None:
        if len(self._needed.get(plan_id, ())) < 2:
            return  # the job that asked is the last
        packed = _Packed.of(layer)
        with self._holding:
            self._held[plan_id] = packed
            while sum(held.size_bytes for held in self._held.values()) > self.memory.held_bytes:
                del self._held[max(self._held, key=self._next_need)]

    def _next_need(self, plan_id: str) -> int:
        """Return the next job that needs the plan again; the one at hand has it already."""
        return self._needed[plan_id][min(1, len(self._needed[plan_id]) - 1)]

    def _read(self, plan: RegisteredPlan) -> PlanLayer:
        entry = plan.entry
        known = {"level": entry.level, "territory": entry.territory, "nature": entry.nature}
        layer, report = prepare_plan(
            self._register.located(entry.source),
            self._wishes(entry),
            entry.plan_id,
            scale_denominator=entry.scale,
            **known,
        )
        with self._holding:
            self.read_count += 1
        if plan.snapshot is not None and not plan.snapshot.still_true():
            raise PlanError("error.province.changed", plan=entry.plan_id, path=entry.source)
        plan.notes = list(report.entries)
        if self._crs is None:
            raise ValueError("no working CRS yet")
        return layer.to_crs(self._crs)


@contextlib.contextmanager
def _refusing(entry: RegisterEntry) -> Iterator[None]:
    """Whatever goes wrong with the file of a row is the error of that plan, and of no other."""
    try:
        with told_faults(f"{entry.plan_id}: {entry.source}", OSError):
            yield
    except OSError as error:
        raise PlanError("error.province.unreadable", path=entry.source, reason=error.strerror or error) from error


@functools.lru_cache(maxsize=64)
def _operation(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(pyproj.CRS.from_wkt(source), pyproj.CRS.from_wkt(target), always_xy=True)


def _digest(entry: RegisterEntry, snapshot: Snapshot) -> str:
    told = {name: value for name, value in asdict(entry).items() if name not in DESCRIBING}
    made = json.dumps([told, snapshot.digest, Path(entry.source).name], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(made.encode()).hexdigest()
