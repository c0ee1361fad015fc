"""The finding record: its columns, how a check fills them, and how a finding gets its name, message
and place.

A check makes batches of findings of one rule with :func:`batch` (arrays, one entry a finding) and
joins them with :func:`assemble`, which adds severity and message from the catalogue, an interior
point, an id, and sorts them so that the result does not depend on the order of the features.
Geometries are MultiPolygons in the working CRS, areas in m², widths in m. The columns are those of
record.py.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .amounts import area_text, share_text, width_text
from .catalogue import SEVERITIES, rules
from .planar.polygons import POLYGON, Geometries
from .record import CHANGE_FIELDS, FIELDS, MEASURE_FIELDS, NAMES, REAL

Outcome = Literal["passed", "failed", "not_assessed", "partial"]
"""How a check ended; "not assessed" is never shown as passed, "partial" is a stopped province."""
NOT_STORED = ("detail", "reason", "parts", "name_a", "name_b")


@dataclass(frozen=True)
class Measure:
    """A named number that a check found, with its unit ("m2", "m", "count")."""

    name: str
    value: float
    unit: str


@dataclass
class CheckResult:
    """What a check found. ``status``: passed, failed or not_assessed; "not assessed" is never shown
    as passed.

    ``unmatched``: the edges that neighbours share without all vertices, from a check that looks for
    them. ``balanced``: whether the balance of areas closes, true for a check that has none.
    ``not_looked_for``: the rules, or how their names begin, that this run had no means to look for,
    such as a missing code where no field of codes was chosen: that nothing was found of them says
    nothing. ``told``: what of the ``log`` a run of many checks has to repeat.
    """

    findings: gpd.GeoDataFrame
    measures: list[Measure]
    status: Outcome
    log: list[str] = field(default_factory=list)
    plan: str = ""
    territory: str = ""
    unmatched: gpd.GeoDataFrame | None = None
    balanced: bool = True
    not_looked_for: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)

    def value(self, name: str) -> float:
        """Return the measure called ``name``; KeyError if the check has none."""
        for measure in self.measures:
            if measure.name == name:
                return measure.value
        raise KeyError(name)

    @property
    def conforms(self) -> bool:
        """True when no finding of severity error is open and the balance closes."""
        return self.status == "passed"

    def measures_table(self, run_id: str) -> pd.DataFrame:
        """Return the measures as rows of the table ``measures``."""
        rows = [(m.name, float(m.value), m.unit, self.plan, self.territory, run_id) for m in self.measures]
        return pd.DataFrame(rows, columns=[name for name, _ in MEASURE_FIELDS])


def fields_of(findings: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return the columns of a table of findings: the record, and what has changed where that is
    known.
    """
    return (*FIELDS, *(column for column in CHANGE_FIELDS if column[0] in findings))


def batch(rule: str, geometry: Geometries, **columns: object) -> pd.DataFrame:
    """Findings of one ``rule``: polygons or multipolygons, and columns of FIELDS as arrays or
    single values.

    Besides FIELDS, ``detail``, ``reason``, ``parts``, ``name_a`` and ``name_b`` may be given; they
    only fill the message.
    """
    known = set(NAMES) | set(NOT_STORED)
    unknown = set(columns) - known
    if unknown:
        raise KeyError(f"no such column of a finding: {sorted(unknown)}")
    made = pd.DataFrame({"geometry": np.asarray(geometry, dtype=object)})
    made["rule"] = rule
    for name, value in columns.items():
        made[name] = value
        if name in NOT_STORED:
            made[name] = made[name].map(str)  # whole numbers would become 2.0 beside findings without any
    if "severity" not in made:
        made["severity"] = rules()[rule].severity
    return made


def empty(crs: object) -> gpd.GeoDataFrame:
    """Return a findings layer without findings."""
    return assemble([], crs, "en", "")


def assemble(batches: Sequence[pd.DataFrame], crs: object, language: str, run_id: str) -> gpd.GeoDataFrame:
    """Return one findings layer out of batches: complete columns, messages in ``language``, sorted,
    with ids.

    Sorted by severity (errors first), rule, and descending area; ids are unique and depend on what
    was found, not on the order of the features.
    """
    filled = [part for part in batches if len(part)]
    table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame({"geometry": []}, dtype=object)
    for name, kind in FIELDS:
        if name not in table:
            table[name] = np.nan if kind == REAL else ""
        if kind == REAL:
            table[name] = table[name].astype(float)
        else:
            table[name] = table[name].astype(object).where(table[name].notna(), "")
    for name in NOT_STORED:
        table[name] = table[name].where(table[name].notna(), "") if name in table else ""
    table["status"] = "open"
    table["run_id"] = run_id
    geometry = _multipolygons(np.asarray(table["geometry"], dtype=object))
    table["geometry"] = geometry
    inside = shapely.point_on_surface(geometry)
    table["x"], table["y"] = shapely.get_x(inside), shapely.get_y(inside)
    # texts are objects in every column, with or without rows: pandas 3 would infer those of a list
    # by looking at them
    table["message"] = pd.Series(_messages(table, language), index=table.index, dtype=object)
    table["finding_id"] = pd.Series(_ids(table), index=table.index, dtype=object)
    table["_order"] = table["severity"].map({name: rank for rank, name in enumerate(SEVERITIES)})
    table = table.sort_values(
        ["_order", "rule", "area_m2", "finding_id"], ascending=[True, True, False, True], kind="stable"
    )
    return gpd.GeoDataFrame(table[[*NAMES, "geometry"]].reset_index(drop=True), geometry="geometry", crs=crs)


def _multipolygons(geometry: np.ndarray) -> np.ndarray:
    made = geometry.copy()
    single = np.flatnonzero(shapely.get_type_id(geometry) == POLYGON)
    if len(single):
        made[single] = shapely.multipolygons(geometry[single], indices=np.arange(len(single)))
    return made


def without_place(area_m2: np.ndarray | float, outlines: Geometries) -> np.ndarray:
    """Return whether findings of these areas, NaN for none, carry their whole territory for want of
    a place, or no outline at all.

    A finding without area that has a place is marked by a disc.
    """
    outline_m2, length_m = np.nan_to_num(shapely.area(outlines)), np.nan_to_num(shapely.length(outlines))
    round_ = 4.0 * np.pi * outline_m2 > ROUND * length_m**2
    disc = round_ & (outline_m2 <= LARGEST_PLACE_M2)
    return np.asarray((~np.isfinite(area_m2) & ~disc) | (outline_m2 == 0.0))


LARGEST_PLACE_M2 = 1e6
"""The disc that marks a place, such as a vertex, is smaller at any scale."""
ROUND = 0.985
"""4πA/P² of a disc of 32 corners is 0.997, and a little less where degrees have squeezed it; of a
square 0.785.
"""


def _messages(table: pd.DataFrame, language: str) -> list[str]:
    """Return the message of each finding: its rule's template, filled with what the template
    names.
    """
    ways: dict[str, tuple[str, Callable[[Any], str]]] = {
        "area": ("area_m2", lambda value: area_text(value, language)),
        "width": ("width_m", lambda value: width_text(value, language)),
        "share": ("share_a", lambda value: share_text(value, language)),
        "reason": ("reason", _sentence),
        **{name: (name, str) for name in ("detail", "name_a", "name_b")},
    }
    messages = np.full(len(table), "", dtype=object)
    for rule, rows in table.groupby("rule", sort=False).indices.items():
        template = rules()[str(rule)].text("message", language)
        named = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        filled = {}
        for name in named:
            column, way = ways.get(name, (name, lambda value: str(value) or "–"))
            filled[name] = [way(value) for value in table[column].to_numpy()[rows].tolist()]
        messages[rows] = [template.format_map(dict(zip(filled, values))).strip() for values in zip(*filled.values())]
    return messages.tolist()


def _sentence(words: str) -> str:
    """Return a reason as a rule set writes it, with a capital and a full stop."""
    return words[:1].upper() + words[1:] + ("" if not words or words.endswith((".", "!", "?", ")")) else ".")


def _ids(table: pd.DataFrame) -> list[str]:
    """Twelve hex digits of a hash over rule, plans, zones and place (to 1 cm), with a suffix where
    two still agree.
    """
    seen: dict[str, int] = {}
    ids = []
    columns = [table[name] for name in ("rule", "plan_a", "zone_a", "plan_b", "zone_b")]
    for *names, x, y in zip(*columns, table["x"].round(2), table["y"].round(2)):
        key = "\x1f".join([*map(str, names), f"{x:.2f}", f"{y:.2f}"])
        digest = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
        seen[digest] = seen.get(digest, 0) + 1
        ids.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return ids
