"""Connections to a store: short ones to read, and transactions to write, with every fault of SQLite told to a person.

A writer takes the lock at the start (BEGIN IMMEDIATE), waits for others up to BUSY_S, and makes sure afterwards that the file
of that name is still the one that it has opened, because a check that is run again puts a new file in its place. The journal is
left as it is found (docs/decisions/0011). Raises PlanError: missing, no GeoPackage, damaged, locked, read-only, disk full.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ..errors import PlanError

BUSY_S = 10.0
ATTEMPTS = 5
ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
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


def address(path: Path, mode: str) -> str:
    """The path as SQLite's URI; a path on a server (\\\\server\\share) keeps its two slashes."""
    name = Path(path).absolute().as_posix()
    return f"file://{'' if name.startswith('/') else '/'}{quote(name)}?{mode}"


def connect(path: Path, mode: str = "mode=ro", busy_s: float = BUSY_S) -> sqlite3.Connection:
    """A connection that begins transactions only when told to; the file must exist."""
    if not Path(path).is_file():
        raise PlanError("error.store_missing", path=path)
    made = sqlite3.connect(address(path, mode), uri=True, timeout=busy_s, isolation_level=None)
    # The spatial index of a GeoPackage has triggers that call these; SQLite asks for them before any update.
    made.create_function("ST_IsEmpty", 1, _is_empty, deterministic=True)
    for place, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        made.create_function(name, 1, _bound(place), deterministic=True)
    return made


@contextmanager
def reading(path: Path, busy_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
    """A connection to read with, closed at the end, so that nobody waits for a reader."""
    mode = readable_mode(path)
    connection = None
    try:
        connection = connect(path, mode, busy_s)
        yield connection
    except sqlite3.Error as error:
        raise fault(error, path, busy_s) from error
    finally:
        if connection is not None:
            connection.close()


def readable_mode(path: Path) -> str:
    """ "mode=ro"; where SQLite could not write its index of a write-ahead log beside the file, the file taken as it is."""
    log = Path(f"{path}-wal")
    if os.access(Path(path).parent, os.W_OK) or (log.exists() and log.stat().st_size):
        return "mode=ro"
    return "mode=ro&immutable=1"


@contextmanager
def writing(path: Path, busy_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
    """A transaction that holds the write lock from its start: committed as a whole at the end, or not at all."""
    connection = None
    try:
        connection = _locked(path, busy_s)
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise fault(error, path, busy_s) from error
    finally:
        if connection is not None:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.close()


def _locked(path: Path, busy_s: float) -> sqlite3.Connection:
    """A connection in a transaction, to the file that has this name now."""
    for _ in range(ATTEMPTS):
        refuse_read_only(path)
        before = _identity(path)
        connection = connect(path, "mode=rw", busy_s)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            if before == _identity(path):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()  # while this waited, a run has put a new store in the old one's place
    raise PlanError("error.store_locked", path=path, seconds=busy_s)


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def refuse_read_only(path: Path) -> None:
    """PlanError when the file or its folder cannot be written: SQLite keeps its journal in the folder."""
    path = Path(path)
    if not path.is_file():
        raise PlanError("error.store_missing", path=path)
    for place, key in ((path, "error.store_read_only"), (path.parent, "error.store_folder_read_only")):
        if not os.access(place, os.W_OK):
            raise PlanError(key, path=place)


def fault(error: sqlite3.Error, path: Path, busy_s: float = BUSY_S) -> PlanError:
    """What SQLite says, as a message for a person."""
    said = str(error).lower()
    key = next((key for words, key in FAULTS if words in said), "error.store_disk")
    values: dict[str, object] = {"path": path}
    if key == "error.store_locked":
        values["seconds"] = busy_s
    elif key in ("error.store_disk", "error.store_damaged"):
        values["reason"] = error
    return PlanError(key, **values)


# ── geometries as GeoPackages keep them ─────────────────────────────────────────────────────────────────────────────


def wkb(blob: bytes | None) -> bytes:
    """The WKB of a geometry of a GeoPackage, b"" where there is none."""
    if not blob or blob[:2] != b"GP":
        return b""
    return bytes(blob[8 + ENVELOPE_BYTES.get(blob[3] >> 1 & 7, 0) :])


def _is_empty(blob: bytes | None) -> int | None:
    return None if blob is None else int(blob[3] >> 4 & 1)


def _bound(place: int) -> Callable[[bytes | None], float | None]:
    def bound(blob: bytes | None) -> float | None:
        if blob is None or not blob[3] >> 1 & 7:
            return None
        return float(struct.unpack_from(("<" if blob[3] & 1 else ">") + "4d", blob, 8)[place])

    return bound
