"""What a findings store consists of: its tables, their columns, the triggers that guard them, and
the schema's version.

Version 0 is a layer of findings alone, as a check's FINDINGS output leaves it; version 1 is what
the first release wrote, with a table of decisions that nothing filled; version 2 has the history of
decisions, the record of edits by hand, and the table ``store`` with the version. :mod:`.geopackage`
and :mod:`.postgis_tables` make them.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ..record import NAMES
from .session import Session, quoted

SCHEMA_VERSION = 2
FINDING_COLUMNS = tuple(NAMES)
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
HISTORY_IS_KEPT = "The history of decisions is append-only"


def now() -> str:
    """Return the time as GeoPackages write it: UTC, with milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def describe(session: Session, findings: str) -> None:
    """Write into the table ``store`` what the store consists of."""
    tables = [findings, *OWN_TABLES, *(name for name in ("measures", "runs") if session.columns_of(name))]
    session.tell({"application": "planconcord", "schema_version": str(SCHEMA_VERSION), "tables": "\n".join(tables)})


__all__ = ["FINDING_COLUMNS", "OWN_TABLES", "SCHEMA_VERSION", "describe", "now", "quoted"]
