"""What a script may give, and what the use cases make of it: layers, stores, rules, a CRS, a
function that watches.

A GeoDataFrame or the name of a file becomes a reader of a plan; everything that was given becomes a
Request. Fails with PlanError for a CRS that nobody knows, a store that is none, and as the readers
do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Union

import geopandas as gpd
import pandas as pd

from ..crs import crs_of
from ..identity.draft_attributes import attributes_of
from ..intake.preparing import PreparationOptions, PreparedLayer, prepare, prepare_frame
from ..intake.reading import read_plan
from ..plan import PlanLayer
from ..progress import Progress
from ..rulesets.reading import read_ruleset
from ..rulesets.ruleset import RuleSet
from ..store.place import Place, place_of
from ..tolerance import Tolerance
from ..usecases.assessment import Reader, Request

Zones = Union[gpd.GeoDataFrame, str, "os.PathLike[str]"]
"""A layer: a table with geometries and a CRS, or the name of a file, of a layer in it where it
holds several.
"""


Store = Union[str, "os.PathLike[str]", Place]


Rules = Union[RuleSet, str, "os.PathLike[str]", None]


Watch = Union[Progress, Callable[[float, str], object], None]
"""Called with how much is done, from 0 to 1, and what is being done."""


def read_rules(path: str | os.PathLike[str] | None = None) -> RuleSet:
    """Return a rule set: a folder, a zip, a CSV or XLSX file; the built-in one where none is named."""
    return read_ruleset(None if path is None else Path(path))


COMMON = ("language", "crs", "previous", "progress")


def common(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that every function has, and all that were given for the record of the
    run.
    """
    record = {
        name: str(value)
        for name, value in given.items()
        if isinstance(value, (str, int, float, os.PathLike)) and value != ""
    }
    return {"record": record, **{name: given[name] for name in COMMON if name in given}}


def request_of(
    check: str,
    tolerance: Tolerance,
    record: Mapping[str, object],
    language: str = "en",
    crs: object = None,
    previous: Store | None = None,
    progress: Watch = None,
    rules: RuleSet | None = None,
) -> Request:
    earlier = None if previous is None else place(previous)
    return Request(check, tolerance, language, crs_of(crs), earlier, rules, record, watched(progress))


def place(store: Store) -> Place:
    return place_of(Path(store) if isinstance(store, os.PathLike) else store)


def rules_of(given: Rules) -> RuleSet:
    return given if isinstance(given, RuleSet) else read_rules(given)


class _Called(Progress):
    """A progress that calls a function."""

    def __init__(self, call: Callable[[float, str], object]):
        self._call = call

    def step(self, fraction: float, text: str = "") -> None:
        self._call(fraction, text)


def watched(progress: Watch) -> Progress:
    if progress is None or isinstance(progress, Progress):
        return progress or Progress()
    return _Called(progress)


def reader(
    zones: Zones,
    key: str | None = None,
    code: str | None = None,
    name: str = "",
    field: str | None = None,
    own: str = "",
    **known: Any,
) -> Reader:
    """Return what gives the plan when it is asked; ``own``: the territory that all its zones belong
    to.
    """
    if own and not field:
        known["territory"] = own
    if isinstance(zones, gpd.GeoDataFrame):
        fields: dict[str, Any] = {"key_field": key or "", "code_field": code or "", "territory_field": field or ""}
        return lambda _: PlanLayer.from_frame(zones, name or "zones", **fields, **known)
    return lambda _: read_plan(os.fspath(zones), key or "", code or "", name, field or "", **known)


def numbered(layers: Sequence[Zones], word: str = "") -> list[str]:
    """Names for tables, which have none; a file names itself."""
    return [
        (word or f"layer {rank}") if isinstance(layer, gpd.GeoDataFrame) else ""
        for rank, layer in enumerate(layers, start=1)
    ]


def prepared(zones: Zones, wishes: PreparationOptions) -> PreparedLayer:
    if isinstance(zones, gpd.GeoDataFrame):
        return prepare_frame(zones, "zones", wishes)
    return prepare(os.fspath(zones), wishes)


def draft(zones: Zones, fields: tuple[str | None, str], name: str) -> tuple[PlanLayer, pd.DataFrame]:
    key, code = fields[0] or "", fields[1]
    made = prepared(zones, PreparationOptions(key_field=key, code_field=code))
    key, code = made.field(key), made.field(code)
    title = name if isinstance(zones, gpd.GeoDataFrame) else made.name
    return PlanLayer.from_frame(made.table, title, key, code), attributes_of(made.table, code)
