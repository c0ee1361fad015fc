"""What a sheet says of a store: its findings with their outlines and what was last decided, grouped
by territory.

Goes in: the path of a store and today's date. A finding that two checks have found stands once. Its
status is where its last decision led, as in the review dock; a waiver whose day has passed is
disputed again. Outlines are shapely geometries in the store's CRS, in metres. Fails with PlanError
as engine/store does; the file is closed again at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely

from ..catalogue import SEVERITIES
from ..store.connection import reading, wkb
from ..store.decisions import STATUSES, Decision, expired, history
from ..store.opening import layout_of
from ..store.place import Place, place_of
from ..store.schema import FINDING_COLUMNS, quoted

NUMERIC = ("area_m2", "width_m", "share_a", "declared_ha", "measured_ha", "difference_ha", "x", "y")
LISTED = ("error", "warning")
"""Severities whose findings are told one by one; the rest is counted."""


@dataclass
class SheetFinding:
    """One finding: the columns of the record in ``values``, its outline, its status, its last
    decision.
    """

    values: dict[str, Any]
    outline: Any
    status: str
    decision: Decision | None = None
    lapsed: bool = False
    number: int = 0
    """Its number on the sheet of its territory, 0 where it is only counted."""

    def __getitem__(self, column: str) -> Any:
        return self.values[column]

    @property
    def disputed(self) -> bool:
        """Whether people still have to agree: an error or warning that is open, or whose waiver has
        run out.
        """
        return self["severity"] in LISTED and (self.status == "open" or self.lapsed)

    @property
    def area_m2(self) -> float:
        """The area, 0 where the finding has none."""
        return float(self["area_m2"]) if np.isfinite(self["area_m2"]) else 0.0


@dataclass
class Contents:
    """All findings of a store by territory, its CRS as text ("" unknown), and the time of its last
    run (ISO, "" unknown).
    """

    path: Place
    srs: str
    territories: dict[str, list[SheetFinding]]
    last_run: str = ""
    notes: list[str] = field(default_factory=list)

    def entries(self) -> list[SheetFinding]:
        """Return the findings of all territories."""
        return [entry for found in self.territories.values() for entry in found]


def read_contents(path: Place, today: date) -> Contents:
    """Return the findings of the store ``path``."""
    path = place_of(path)
    with reading(path) as session:
        layout = layout_of(session)
        columns = ", ".join([*map(quoted, FINDING_COLUMNS), session.outline(layout.geometry)])
        rows = session.execute(f"SELECT {columns} FROM {layout.layer} ORDER BY {quoted(layout.key)}").fetchall()  # nosec B608
        last_run = ""
        if layout.runs:
            last_run = str(session.execute("SELECT max(ended) FROM runs").fetchone()[0] or "")
    last = {decision.finding_id: decision for decision in history(path)}
    run_out = set(expired(path, today))
    outlines = shapely.from_wkb([wkb(row[-1]) or None for row in rows], on_invalid="ignore")
    territories: dict[str, list[SheetFinding]] = {}
    seen: set[str] = set()
    for row, outline in zip(rows, outlines):
        values = {name: _value(name, value) for name, value in zip(FINDING_COLUMNS, row)}
        if values["finding_id"] in seen:
            continue
        seen.add(values["finding_id"])
        decision = last.get(values["finding_id"])
        status = decision.to_status if decision else values["status"] or "open"
        entry = SheetFinding(
            values,
            outline,
            status if status in STATUSES else "open",
            decision,
            status == "waived" and values["finding_id"] in run_out,
        )
        territories.setdefault(values["territory"], []).append(entry)
    return Contents(path, layout.srs, dict(sorted(territories.items())), last_run)


def _value(name: str, value: object) -> Any:
    if name in NUMERIC:
        return float(value) if isinstance(value, (int, float)) else float("nan")
    return "" if value is None else str(value)


def number_entries(entries: list[SheetFinding]) -> list[SheetFinding]:
    """Return the findings to be listed singly, worst first, numbered from 1."""
    told = [entry for entry in entries if entry["severity"] in LISTED]
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    told.sort(key=lambda e: (rank[e["severity"]], e["rule"], -e.area_m2, e["finding_id"]))
    for place, entry in enumerate(told, start=1):
        entry.number = place
    return told
