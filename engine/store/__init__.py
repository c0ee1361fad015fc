"""The findings store: one GeoPackage, or one schema of PostGIS, with the layer of findings and the
tables measures, runs, decisions, edits and store.

Reading and deciding need nothing but Python's sqlite3, so that a person can review where geopandas
is not installed; only what a check calls, the functions below, needs geopandas. Whatever goes wrong
is a PlanError that names the store, says what was found and what to do, and leaves the store as it
was.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .decisions import Decision

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from .place import Place
    from .writing import History

__all__ = ["Decision", "write_lines", "write_store", "write_table", "write_zones"]


def write_store(
    path: Place,
    findings: gpd.GeoDataFrame,
    measures: pd.DataFrame,
    runs: pd.DataFrame,
    decisions: History = (),
) -> None:
    """Write a whole store to ``path``; see :mod:`.writing`, which is loaded only now because it
    loads geopandas.
    """
    from .writing import write

    write(path, findings, measures, runs, decisions)


def write_lines(path: Path, layer: str, lines: gpd.GeoDataFrame, fields: Sequence[tuple[str, str]]) -> None:
    """Write one layer of lines to a GeoPackage of its own, replacing a former one."""
    from .writing import write_lines as write

    write(path, layer, lines, fields)


def write_zones(
    path: Path,
    layer: str,
    zones: gpd.GeoDataFrame,
    fields: Sequence[tuple[str, str]],
    known_by: Sequence[str] = (),
) -> None:
    """Write one layer of polygons to a GeoPackage of its own, replacing a former one; see
    :mod:`.writing`.
    """
    from .writing import write_zones as write

    write(path, layer, zones, fields, known_by)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV."""
    from .writing import write_table as write

    write(path, table)
