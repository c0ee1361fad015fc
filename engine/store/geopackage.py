"""A store in a GeoPackage: connections of SQLite, its locks, its faults, and how its tables and
triggers are created.

A writer takes the lock at the start (BEGIN IMMEDIATE), waits for others, and makes sure afterwards
that the file of that name is still the one that it has opened, because a check that is run again
puts a new file in its place. The journal is left as it is found (docs/decisions/0008). Raises
PlanError: missing, no GeoPackage, damaged, locked, read-only, disk full.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import PlanError
from .schema import FINDING_COLUMNS, HISTORY_IS_KEPT, OWN_TABLES, now
from .session import Session, quoted

ATTEMPTS = 5
FAULTS = (
    ("locked", "error.store_locked"),
    ("busy", "error.store_locked"),
    ("readonly", "error.store_read_only"),
    ("unable to open", "error.store_read_only"),
    ("disk is full", "error.store_full"),
    ("disk i/o", "error.store_disk"),
    ("not a database", "error.store_damaged"),
    ("malformed", "error.store_damaged"),
)
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"


class GeoPackageSession(Session):
    """An open GeoPackage."""

    def __init__(self, connection: sqlite3.Connection, place: Path):
        self.connection, self.place = connection, place

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        return self.connection.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self.connection.executemany(sql, rows)

    def insert(self, table: str, columns: Sequence[str], values: Sequence[object]) -> int:
        names, marks = ", ".join(map(quoted, columns)), ", ".join("?" for _ in columns)
        made = self.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", values)  # nosec B608
        return int(made.lastrowid or 0)

    def require_tables(self) -> set[str]:
        known = {row[0] for row in self.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        if "gpkg_contents" not in known or "gpkg_geometry_columns" not in known:
            raise PlanError(self.damaged, path=self.place, reason="no gpkg_contents")
        return known

    def columns_of(self, table: str) -> list[str]:
        return [row[1] for row in self.execute(f"PRAGMA table_info({quoted(table)})")]

    def layers(self) -> list[tuple[str, str, int]]:
        return self.execute(
            "SELECT g.table_name, g.column_name, g.srs_id FROM gpkg_geometry_columns g JOIN gpkg_contents c"
            " ON c.table_name = g.table_name WHERE c.data_type = 'features' ORDER BY c.rowid"
        ).fetchall()

    def key_of(self, table: str) -> str:
        keys = [row[1] for row in self.execute(f"PRAGMA table_info({quoted(table)})") if row[5]]
        return keys[0] if keys else "rowid"

    def srs_of(self, srs_id: int) -> str:
        row = self.execute(
            "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
            (srs_id,),
        ).fetchone()
        if row is None:
            return ""
        return f"{row[0].upper()}:{row[1]}" if row[0].upper() == "EPSG" else str(row[2])

    def outline(self, column: str) -> str:
        return quoted(column)

    def box(self, table: str, geometry: str, key: str, schema: str = "") -> tuple[str, str]:
        tree = f"rtree_{table}_{geometry}"
        if not self.execute(f"SELECT 1 FROM {schema}sqlite_master WHERE name = ?", (tree,)).fetchone():  # nosec B608
            return "f.x, f.y, f.x, f.y", ""
        joined = f" LEFT JOIN {schema}{quoted(tree)} r ON r.id = f.{quoted(key)}"
        return "r.minx, r.miny, r.maxx, r.maxy", joined

    def make_own_tables(self) -> None:
        for table, columns in OWN_TABLES.items():
            if self.columns_of(table):
                continue
            listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
            # AUTOINCREMENT: the number of a decision is never used twice, and shows which came
            # later.
            self.execute(f"CREATE TABLE {quoted(table)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {listed})")
            self.execute(
                "INSERT OR REPLACE INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
                " VALUES (?, 'attributes', ?, '', ?, 0)",
                (table, table, now()),
            )
        self.execute("CREATE INDEX IF NOT EXISTS planconcord_decisions ON decisions (finding_id)")

    def guard(self, findings: str, geometry: str) -> None:
        layer = quoted(findings)
        for event in ("UPDATE", "DELETE"):
            self.execute(
                f"CREATE TRIGGER IF NOT EXISTS planconcord_keep_{event.lower()} BEFORE {event} ON decisions"
                f" BEGIN SELECT RAISE(ABORT, '{HISTORY_IS_KEPT}'); END"
            )
        self.execute(f"CREATE INDEX IF NOT EXISTS planconcord_finding_id ON {layer} (finding_id)")
        values = [name for name in FINDING_COLUMNS if name != "status"]
        differs = " OR ".join(f"OLD.{quoted(name)} IS NOT NEW.{quoted(name)}" for name in values)
        decided = "(SELECT to_status FROM decisions WHERE finding_id = NEW.finding_id ORDER BY fid DESC LIMIT 1)"
        shape = quoted(geometry)
        kinds = {
            "deleted": ("DELETE", "OLD", ""),
            "added": ("INSERT", "NEW", ""),
            "geometry": (f"UPDATE OF {shape}", "OLD", f"OLD.{shape} IS NOT NEW.{shape}"),
            "values": (f"UPDATE OF {', '.join(map(quoted, values))}", "OLD", differs),
            "status": ("UPDATE OF status", "OLD", f"OLD.status IS NOT NEW.status AND NEW.status IS NOT {decided}"),
        }
        for what, (event, row, condition) in kinds.items():
            when = f"WHEN {condition}" if condition else ""
            self.execute(
                f"CREATE TRIGGER IF NOT EXISTS planconcord_{what} AFTER {event} ON {layer} {when}"  # nosec B608
                f" BEGIN INSERT INTO edits (finding_id, what, noticed) VALUES ({row}.finding_id, '{what}', {NOW}); END"
            )

    def is_guarded(self, findings: str) -> bool:
        return False

    def tell(self, known: dict[str, str]) -> None:
        self.executemany("INSERT OR REPLACE INTO store (name, value) VALUES (?, ?)", known.items())

    def touched(self, *tables: str, when: str) -> None:
        for table in tables:
            self.execute("UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?", (when, table))

    def changed(self, findings: str, has_decisions: bool) -> tuple[str, int]:
        """When the layer was last changed, as the GeoPackage says, and the number of the last edit
        by hand.
        """
        row = self.execute("SELECT last_change FROM gpkg_contents WHERE table_name = ?", (findings,)).fetchone()
        edits = self.execute("SELECT coalesce(max(fid), 0) FROM edits").fetchone()[0] if has_decisions else 0
        return str(row[0]) if row else "", edits

    def forget(self, table: str) -> None:
        """Remove a table and its entry in the GeoPackage's contents."""
        self.execute(f"DROP TABLE {quoted(table)}")
        for contents in ("gpkg_contents", "gpkg_ogr_contents"):
            if self.columns_of(contents):
                self.execute(f"DELETE FROM {contents} WHERE table_name = ?", (table,))  # nosec B608


# ── connections ───────────────────────────────────────────────────────────────────────────────────


def address(path: Path, mode: str) -> str:
    """Return the path as SQLite's URI; a path on a server (\\\\server\\share) keeps its two
    slashes.
    """
    name = Path(path).absolute().as_posix()
    return f"file://{'' if name.startswith('/') else '/'}{quote(name)}?{mode}"


def connect(path: Path, mode: str, busy_s: float) -> sqlite3.Connection:
    """Return a connection that begins transactions only on request; the file must exist."""
    if not Path(path).is_file():
        raise PlanError("error.store_missing", path=path)
    made = sqlite3.connect(address(path, mode), uri=True, timeout=busy_s, isolation_level=None)
    made.text_factory = readable
    # The spatial index of a GeoPackage has triggers that call these; SQLite asks for them before
    # any update.
    made.create_function("ST_IsEmpty", 1, _is_empty, deterministic=True)
    for place, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        made.create_function(name, 1, _bound(place), deterministic=True)
    return made


def readable(text: bytes) -> str:
    """Return a text of the file. SQLite checks none that is written: a byte that is no UTF-8 shows
    as one strange character.
    """
    return text.decode("utf-8", "replace")


@contextmanager
def reading(path: Path, busy_s: float) -> Iterator[GeoPackageSession]:
    """A session that sees one state of the file, closed at the end, so that nobody waits long for a
    reader.
    """
    mode = readable_mode(path)
    connection = None
    try:
        connection = connect(path, mode, busy_s)
        connection.execute("BEGIN")
        yield GeoPackageSession(connection, path)
    except sqlite3.Error as error:
        raise fault(error, path, busy_s) from error
    finally:
        if connection is not None:
            connection.close()


def readable_mode(path: Path) -> str:
    """ "mode=ro"; where SQLite could not write its index of a write-ahead log beside the file, the
    file taken as it is.
    """
    log = Path(f"{path}-wal")
    if os.access(Path(path).parent, os.W_OK) or (log.exists() and log.stat().st_size):
        return "mode=ro"
    return "mode=ro&immutable=1"


@contextmanager
def writing(path: Path, busy_s: float) -> Iterator[GeoPackageSession]:
    """A transaction that holds the write lock from its start: committed as a whole at the end, or
    not at all.
    """
    connection = None
    try:
        connection = _locked(path, busy_s)
        yield GeoPackageSession(connection, path)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise fault(error, path, busy_s) from error
    finally:
        if connection is not None:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.close()


def _locked(path: Path, busy_s: float) -> sqlite3.Connection:
    """Return a connection in a transaction, to the file that has this name now."""
    for _ in range(ATTEMPTS):
        refuse_read_only(path)
        before = file_number(path)
        connection = connect(path, "mode=rw", busy_s)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            if before == file_number(path):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()  # while this waited, a run has put a new store in the old one's place
    raise PlanError("error.store_locked", path=path, seconds=busy_s)


def file_number(path: Path) -> tuple[int, int]:
    """Return what identifies a file, so that another one that takes its name is noticed; (0, 0)
    where there is none.
    """
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def refuse_read_only(path: Path) -> None:
    """Raise PlanError when the file or its folder cannot be written: SQLite keeps its journal in
    the folder.
    """
    path = Path(path)
    if not path.is_file():
        raise PlanError("error.store_missing", path=path)
    for place, key in ((path, "error.store_read_only"), (path.parent, "error.store_folder_read_only")):
        if not os.access(place, os.W_OK):
            raise PlanError(key, path=place)


def mark(path: Path) -> tuple[object, ...]:
    """Return what changes when a program writes to the file. Only asked for: to open the file and
    close it would drop locks.
    """
    marks: list[object] = []
    for name in (path, Path(f"{path}-wal")):
        try:
            status = os.stat(name)
        except OSError:
            marks.append(None)
        else:
            marks += [status.st_ino, status.st_size, status.st_mtime_ns]
    return tuple(marks)


def fault(error: sqlite3.Error, path: Path, busy_s: float) -> PlanError:
    """Return what SQLite says, as a message for a person."""
    said = str(error).lower()
    key = next((key for words, key in FAULTS if words in said), "error.store_disk")
    values: dict[str, object] = {"path": path}
    if key == "error.store_locked":
        values["seconds"] = busy_s
    elif key in ("error.store_disk", "error.store_damaged"):
        values["reason"] = error
    return PlanError(key, **values)


# ── geometries as GeoPackages keep them ───────────────────────────────────────────────────────────


def _is_empty(blob: bytes | None) -> int | None:
    return None if blob is None else int(blob[3] >> 4 & 1)


def _bound(place: int) -> Callable[[bytes | None], float | None]:
    def bound(blob: bytes | None) -> Any:
        if blob is None or not blob[3] >> 1 & 7:
            return None
        return float(struct.unpack_from(("<" if blob[3] & 1 else ">") + "4d", blob, 8)[place])

    return bound
