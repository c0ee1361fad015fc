"""What lies in a place that is said to be a store: its version, its layer of findings, and what is
wrong with it.

:func:`look_into` reads and never writes; it raises PlanError when that is no store, is newer than
this program, or lacks tables or columns. What a person did by hand to the layer of findings does
not stop the work; :func:`notes` says so. :func:`bring_up_to_date` gives an older store what it
lacks, inside the transaction of the first decision, after a backup.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PlanError
from .connection import reading
from .geopackage import GeoPackageSession
from .place import Place
from .schema import FINDING_COLUMNS, OWN_TABLES, SCHEMA_VERSION, describe
from .session import Session, quoted

OLD_DECISIONS = ("finding_id", "status", "who", "decided", "note", "document", "expiry")
NEW_DECISIONS = ("finding_id", "decided", "who", "from_status", "to_status", "note", "document", "expiry")
NAMED = 3
"""How many findings a note names."""


@dataclass(frozen=True)
class Layout:
    """Where the findings of a store are. ``version``: 0 the layer alone, 1 and 2 a store; ``srs``
    as "EPSG:5899" or WKT.
    """

    path: Place
    version: int
    table: str
    geometry: str
    key: str
    srs: str
    runs: bool
    changes: bool

    @property
    def layer(self) -> str:
        """The name of the layer inside SQL."""
        return quoted(self.table)

    @property
    def has_decisions(self) -> bool:
        """Whether there is a history as this version keeps it, and a record of edits by hand."""
        return self.version >= SCHEMA_VERSION

    @property
    def has_history(self) -> bool:
        """Whether there are decisions to read, those of a store of version 1 too."""
        return self.version >= 1

    def decided(self, schema: str = "") -> str:
        """Return the table of decisions inside SQL, with the columns of this version that a list
        asks for.
        """
        if self.has_decisions:
            return f"{schema}decisions"
        renamed = (
            "fid, finding_id, coalesce(status, '') AS to_status, '' AS from_status, who, coalesce(expiry, '') AS expiry"
        )
        return f"(SELECT {renamed} FROM {schema}decisions)"  # nosec B608


def is_temporary(path: Place) -> bool:
    """Return whether a store lies where QGIS keeps results that nobody named, and deletes them at
    its end.
    """
    return isinstance(path, Path) and any(re.fullmatch(r"processing_\w{6}", one.name) for one in path.parents)


def look_into(path: Place) -> Layout:
    """Return the layout of the store ``path``."""
    with reading(path) as session:
        return layout_of(session)


def layout_of(session: Session) -> Layout:
    """Return the layout of the store that is open."""
    path, known = session.place, session.require_tables()
    version, promised = _promised(session, known)
    for table in promised:
        if table not in known:
            raise PlanError("error.store_table_missing", path=path, table=table)
    table, geometry, srs_id = _layer(session, promised[0] if promised else "")
    for own, columns in OWN_TABLES.items():
        if version >= SCHEMA_VERSION:
            _all_there(session, own, [name for name, _ in columns])
    return Layout(
        path=path,
        version=version,
        table=table,
        geometry=geometry,
        key=session.key_of(table),
        srs=session.srs_of(srs_id),
        runs="runs" in known,
        changes="change" in session.columns_of(table),
    )


def _promised(session: Session, known: set[str]) -> tuple[int, list[str]]:
    """Return the version of the schema and the tables that the store says it has."""
    path = session.place
    if "store" in known and {"name", "value"} <= set(session.columns_of("store")):
        told = dict(session.execute("SELECT name, value FROM store").fetchall())
        if told.get("application") == "planconcord":
            version = told.get("schema_version", "")
            if not version.isdigit():
                raise PlanError(session.damaged, path=path, reason=f"schema_version {version!r}")
            if int(version) > SCHEMA_VERSION:
                raise PlanError("error.store_newer", path=path, version=version, known=str(SCHEMA_VERSION))
            return int(version), told.get("tables", "").split("\n")
    if "decisions" in known and "findings" in known:
        missing = set(OLD_DECISIONS) - set(session.columns_of("decisions"))
        if missing:
            if "to_status" in session.columns_of("decisions"):
                raise PlanError("error.store_table_missing", path=path, table="store")
            raise PlanError(
                "error.store_column_missing", path=path, table="decisions", columns=", ".join(sorted(missing))
            )
        return 1, ["findings", "decisions"]
    return 0, []


def _layer(session: Session, promised: str) -> tuple[str, str, int]:
    """Return (table, geometry column, srs) of the layer of findings: the one promised, else the
    first one that looks like one.
    """
    layers = session.layers()
    for layer in layers:
        if layer[0] == (promised or "findings"):
            _all_there(session, layer[0], FINDING_COLUMNS)
            return layer
    if promised:
        raise PlanError("error.store_table_missing", path=session.place, table=promised)
    for layer in layers:
        if set(FINDING_COLUMNS) <= set(session.columns_of(layer[0])):
            return layer
    names = ", ".join(layer[0] for layer in layers) or "–"
    raise PlanError(session.none, path=session.place, layers=names)


def _all_there(session: Session, table: str, columns: tuple[str, ...] | list[str]) -> None:
    there = set(session.columns_of(table))
    missing = [name for name in columns if name not in there]
    if missing:
        raise PlanError("error.store_column_missing", path=session.place, table=table, columns=", ".join(missing))


# ── what was done by hand ─────────────────────────────────────────────────────────────────────────


def notes(path: Place) -> list[tuple[str, dict[str, object]]]:
    """Return (key of the catalogue, values) for what a person should know first: that the store
    will be deleted, what was done to it by hand.
    """
    told: list[tuple[str, dict[str, object]]] = [("store.note_temporary", {"path": path})] if is_temporary(path) else []
    with reading(path) as session:
        layout = layout_of(session)
        # Two checks may find the same (a zone without a code): the same finding, of two runs. A
        # copy has its run's number too.
        questions = {
            "store.note_duplicates": f"SELECT DISTINCT finding_id FROM {layout.layer} GROUP BY finding_id, run_id HAVING count(*) > 1"  # nosec B608
        }
        if layout.has_decisions:
            there = f"finding_id IN (SELECT finding_id FROM {layout.layer})"  # nosec B608
            for what in ("geometry", "values", "added", "status"):
                edited = f"SELECT DISTINCT finding_id FROM edits WHERE what = '{what}' AND {there}"  # nosec B608
                questions[f"store.note_{what}"] = edited
            questions["store.note_deleted"] = (
                f"SELECT finding_id FROM edits WHERE what = 'deleted' AND NOT {there}"  # nosec B608
                f" UNION SELECT finding_id FROM decisions WHERE NOT {there}"
            )
        for key, question in questions.items():
            found = [str(row[0]) for row in session.execute(question).fetchall()]
            if found:
                named = ", ".join(sorted(found)[:NAMED]) + (" …" if len(found) > NAMED else "")
                told.append((key, {"path": path, "count": len(found), "findings": named}))
    return told


# ── older stores ──────────────────────────────────────────────────────────────────────────────────


def bring_up_to_date(session: Session) -> Layout:
    """Return the layout of the store that ``session`` holds a write transaction on, after making it
    one of this version.
    """
    layout = layout_of(session)
    if layout.version >= SCHEMA_VERSION and session.is_guarded(layout.table):
        return layout
    if layout.version == 1 and isinstance(session, GeoPackageSession):  # no other store was ever of that version
        _back_up(Path(str(session.place)), layout.version)
        _renew_decisions(session)
    session.make_own_tables()
    session.guard(layout.table, layout.geometry)
    if layout.version < SCHEMA_VERSION:
        describe(session, layout.table)
        layout = layout_of(session)
    return layout


def backup_path(path: Path, version: int) -> Path:
    """Return where the copy of a store of an older version goes: beside it, under a name that is
    free.
    """
    number = 1
    while True:
        ending = f".version{version}" if number == 1 else f".version{version}-{number}"
        place = path.with_name(f"{path.stem}{ending}{path.suffix}")
        if not place.exists():
            return place
        number += 1


def _back_up(path: Path, version: int) -> None:
    """A copy as the file is now; the caller's lock keeps others from writing meanwhile."""
    place = backup_path(path, version)
    try:
        with reading(path) as source:
            copy = sqlite3.connect(place)
            try:
                source.connection.backup(copy)  # type: ignore[attr-defined]
            finally:
                copy.close()
    except BaseException:
        place.unlink(missing_ok=True)
        raise


def decisions_of_version_1(session: Session) -> list[tuple[Any, ...]]:
    """Return the table of decisions of version 1 as NEW_DECISIONS, in their order: each row says
    from which status it led.
    """
    listed = ", ".join(f"coalesce({name}, '')" for name in OLD_DECISIONS)
    rows = session.execute(f"SELECT {listed} FROM decisions ORDER BY fid").fetchall()  # nosec B608
    before: dict[str, str] = {}
    made: list[tuple[Any, ...]] = []
    for finding_id, status, who, decided, note, document, expiry in rows:
        made.append((finding_id, decided, who, before.get(finding_id, "open"), status, note, document, expiry))
        before[finding_id] = status
    return made


def _renew_decisions(session: GeoPackageSession) -> None:
    """The table of decisions of version 1 becomes the history."""
    rows = decisions_of_version_1(session)
    session.forget("decisions")
    session.make_own_tables()
    for values in rows:
        session.insert("decisions", NEW_DECISIONS, values)
