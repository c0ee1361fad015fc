"""What a findings store consists of: its tables, their columns, the triggers that guard them, and the schema's version.

Version 0 is a layer of findings alone, as a check's FINDINGS output leaves it; version 1 is what the first release wrote, with a
table of decisions that nothing filled; version 2 has the history of decisions, the record of edits by hand, and the table
``store`` with the version. Goes in: an open connection inside a transaction. Fails with sqlite3.Error.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone

SCHEMA_VERSION = 2
# The finding record as engine/findings.py defines it, which cannot be imported without geopandas; a test compares them.
# fmt: off
FINDING_COLUMNS = (
    "finding_id", "rule", "severity", "status", "territory", "plan_a", "zone_a", "code_a",
    "plan_b", "zone_b", "code_b", "verdict", "area_m2", "width_m", "share_a", "declared_ha",
    "measured_ha", "difference_ha", "must_adjust", "reference", "message", "x", "y", "run_id",
)
# fmt: on
OWN_TABLES = {
    "decisions": (
        ("finding_id", "TEXT NOT NULL"),
        ("decided", "TEXT NOT NULL"),
        ("who", "TEXT NOT NULL"),
        ("from_status", "TEXT NOT NULL"),
        ("to_status", "TEXT NOT NULL"),
        ("note", "TEXT NOT NULL DEFAULT ''"),
        ("document", "TEXT NOT NULL DEFAULT ''"),
        ("expiry", "TEXT NOT NULL DEFAULT ''"),
        ("undoes", "INTEGER"),
    ),
    "edits": (("finding_id", "TEXT"), ("what", "TEXT NOT NULL"), ("noticed", "TEXT NOT NULL")),
    "store": (("name", "TEXT NOT NULL UNIQUE"), ("value", "TEXT NOT NULL")),
}
EDITS = ("deleted", "added", "geometry", "values", "status")
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
HISTORY_IS_KEPT = "The history of decisions is append-only"


def now() -> str:
    """The time as GeoPackages write it: UTC, with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def quoted(name: str) -> str:
    """A name of a table or column inside SQL."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of ``table``; none where there is no such table."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]


def make_own_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of version 2 that are not there, and tell the GeoPackage of them."""
    for table, columns in OWN_TABLES.items():
        if columns_of(connection, table):
            continue
        listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
        # AUTOINCREMENT: the number of a decision is never given twice, and tells which came later.
        connection.execute(f"CREATE TABLE {quoted(table)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {listed})")
        connection.execute(
            "INSERT OR REPLACE INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)"
            " VALUES (?, 'attributes', ?, '', ?, 0)",
            (table, table, now()),
        )
    connection.execute("CREATE INDEX IF NOT EXISTS planconcord_decisions ON decisions (finding_id)")


def guard(connection: sqlite3.Connection, findings: str, geometry: str) -> None:
    """Triggers that hold whoever writes: the history only grows, and what is edited by hand is on record."""
    layer = quoted(findings)
    for event in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER IF NOT EXISTS planconcord_keep_{event.lower()} BEFORE {event} ON decisions"
            f" BEGIN SELECT RAISE(ABORT, '{HISTORY_IS_KEPT}'); END"
        )
    connection.execute(f"CREATE INDEX IF NOT EXISTS planconcord_finding_id ON {layer} (finding_id)")
    values = [name for name in FINDING_COLUMNS if name != "status"]
    differs = " OR ".join(f"OLD.{quoted(name)} IS NOT NEW.{quoted(name)}" for name in values)
    decided = "(SELECT to_status FROM decisions WHERE finding_id = NEW.finding_id ORDER BY fid DESC LIMIT 1)"
    kinds = {
        "deleted": ("DELETE", "OLD", ""),
        "added": ("INSERT", "NEW", ""),
        "geometry": (f"UPDATE OF {quoted(geometry)}", "OLD", f"OLD.{quoted(geometry)} IS NOT NEW.{quoted(geometry)}"),
        "values": (f"UPDATE OF {', '.join(map(quoted, values))}", "OLD", differs),
        "status": ("UPDATE OF status", "OLD", f"OLD.status IS NOT NEW.status AND NEW.status IS NOT {decided}"),
    }
    for what, (event, row, condition) in kinds.items():
        when = f"WHEN {condition}" if condition else ""
        connection.execute(
            f"CREATE TRIGGER IF NOT EXISTS planconcord_{what} AFTER {event} ON {layer} {when}"  # nosec B608
            f" BEGIN INSERT INTO edits (finding_id, what, noticed) VALUES ({row}.finding_id, '{what}', {NOW}); END"
        )


def describe(connection: sqlite3.Connection, findings: str) -> None:
    """Write into the table ``store`` what the store is made of."""
    tables = [findings, *OWN_TABLES, *(name for name in ("measures", "runs") if columns_of(connection, name))]
    known = {"application": "planconcord", "schema_version": str(SCHEMA_VERSION), "tables": "\n".join(tables)}
    for name, value in known.items():
        connection.execute("INSERT OR REPLACE INTO store (name, value) VALUES (?, ?)", (name, value))


def touched(connection: sqlite3.Connection, *tables: str, when: str) -> None:
    """Tell the GeoPackage that ``tables`` have changed."""
    for table in tables:
        connection.execute("UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?", (when, table))
