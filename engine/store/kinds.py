"""Which GeoPackages a run may replace: a findings store of ours, or a layer that the same command
has written.

Goes in: a path where a file lies. Comes out: "" where it is our own former output, else what is in
it. A store with further tables (a layer of somebody's, a QGIS project) is not ours alone. Raises
PlanError for a store that is newer, damaged in parts, or locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import PlanError
from ..tables.writing import SHOWN, OutputKind
from .connection import reading
from .opening import layout_of
from .schema import OWN_TABLES
from .session import Session

GPKG = (".gpkg",)
OF_THE_FORMAT = ("gpkg_", "rtree_", "sqlite_", "idx_")
STYLES = "layer_styles"
"""Where QGIS keeps how a layer is drawn; it goes into the new file (:mod:`.styles`)."""
BESIDE_FINDINGS = ("measures", "runs")
NO_STORE = ("error.store_no_findings", "error.store_damaged")


def strange_in_store(path: Path) -> str:
    """Return what of the file is no findings store of ours."""
    try:
        with reading(path) as session:
            layout = layout_of(session)
            return _named(_tables(session) - {layout.table, *OWN_TABLES, *BESIDE_FINDINGS})
    except PlanError as error:
        if error.key not in NO_STORE:
            raise
        return _what_lies_there(path)


def layer_kind(columns: Sequence[str]) -> OutputKind:
    """Return a GeoPackage with one layer that has these columns."""

    def stranger(path: Path) -> str:
        try:
            with reading(path) as session:
                found = _tables(session)
                ours = len(found) == 1 and {*columns} <= {*session.columns_of(*found)}
                return "" if ours else _named(found) or path.name
        except PlanError as error:
            if error.key not in NO_STORE:
                raise
            return _what_lies_there(path)

    return OutputKind(GPKG, "error.output_ending_layer", stranger)


STORE = OutputKind(GPKG, "error.output_ending_findings", strange_in_store)


def _what_lies_there(path: Path) -> str:
    """Return the tables of a GeoPackage, or how a file that is none begins."""
    try:
        with reading(path) as session:
            return _named(_tables(session)) or path.name
    except PlanError:
        with open(path, "rb") as file:
            head = file.read(60).decode("utf-8", errors="replace").split("\n", 1)[0]
        return "".join(letter for letter in head if letter.isprintable()) or path.name


def _tables(session: Session) -> set[str]:
    """Return the tables of a GeoPackage that hold somebody's data."""
    known = {str(row[0]) for row in session.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    return {name for name in known if not name.startswith(OF_THE_FORMAT) and name != STYLES}


def _named(tables: set[str]) -> str:
    listed = sorted(tables)
    return ", ".join(listed[:SHOWN]) + (" …" if len(listed) > SHOWN else "")
