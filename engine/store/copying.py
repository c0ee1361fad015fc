"""The findings of a store, without outlines, copied into a database in memory, and what others have
decided since.

Goes in: a place. Whatever the store is, the copy has one table ``listing``, worst findings first. A
GeoPackage is copied inside SQLite and closed again, so that nobody waits for a reader; from PostGIS
the rows come in one snapshot. Fails with PlanError as opening.look_into does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..catalogue import SEVERITIES
from ..errors import PlanError
from . import geopackage
from .connection import BUSY_S, mark, reading
from .decisions import TOOL
from .opening import Layout, layout_of, look_into
from .place import Place, PostgisSchema
from .session import Session, quoted

ATTEMPTS = 3
_LAPSED_SQL = f"CASE WHEN who = '{TOOL}' AND from_status = 'waived' AND to_status = 'open' THEN 1 ELSE 0 END"
_COLUMNS = (
    *("finding_id", "rule", "severity", "territory", "plan_a", "zone_a", "code_a", "plan_b", "zone_b", "code_b"),
    *("verdict", "area_m2", "width_m", "message"),
)
_FILLED = f"fid, {', '.join(_COLUMNS)}, status, severity_rank, minx, miny, maxx, maxy, change, lapsed"


def rank(column: str, names: Sequence[str]) -> str:
    """Return the place of a column's value among ``names``, in SQL."""
    cases = " ".join(f"WHEN '{name}' THEN {place}" for place, name in enumerate(names))
    return f"CASE {column} {cases} ELSE {len(names)} END"


@dataclass(frozen=True)
class Copy:
    """What was copied, and at which state of the store: ``last`` is the number of the last
    decision.
    """

    memory: sqlite3.Connection
    layout: Layout
    rows: int
    last: int
    mark: tuple[object, ...]
    changed: tuple[str, int]


@dataclass(frozen=True)
class News:
    """What has happened since: ``decisions`` as (finding, status, lapsed, number); or the findings
    themselves are others.
    """

    copy: Copy
    decisions: list[tuple[str, str, int, int]]
    findings: bool = False


def copy_findings(place: Place) -> Copy:
    """Return all findings of a store, in a new database in memory."""
    for _ in range(ATTEMPTS):
        seen = mark(place)
        try:
            return _copied(place, seen)
        except PlanError:
            if mark(place) == seen:
                raise
            # while this read, a run has put a new store in the old one's place, whose layer may
            # have another name
    return _copied(place, mark(place))


def _copied(place: Place, seen: tuple[object, ...]) -> Copy:
    layout = look_into(place)
    memory = sqlite3.connect(":memory:", uri=True, isolation_level=None, check_same_thread=False)
    memory.text_factory = geopackage.readable
    memory.execute(
        "CREATE TABLE listing (n INTEGER PRIMARY KEY, fid, finding_id, rule, severity, territory, plan_a, zone_a, code_a,"
        " plan_b, zone_b, code_b, verdict, area_m2, width_m, message, status, severity_rank, minx, miny, maxx, maxy,"
        " change NOT NULL, lapsed NOT NULL, words)"
    )
    copied = _from_database if isinstance(place, PostgisSchema) else _from_file
    rows, last, changed = copied(memory, layout)
    memory.execute("CREATE INDEX by_fid ON listing (fid)")
    memory.execute("CREATE INDEX by_finding ON listing (finding_id)")
    return Copy(memory, layout, rows, last, seen, changed)


def _from_file(memory: sqlite3.Connection, layout: Layout) -> tuple[int, int, tuple[str, int]]:
    path = Path(str(layout.path))
    try:
        memory.execute("ATTACH DATABASE ? AS file", (geopackage.address(path, geopackage.readable_mode(path)),))
        try:
            memory.execute("BEGIN")
            session = geopackage.GeoPackageSession(memory, path)
            made = memory.execute(f"INSERT INTO listing ({_FILLED}) {_question(session, layout, 'file.')}")  # nosec B608
            state = made.rowcount, _last(session, layout), session.changed(layout.table, layout.has_decisions)
            memory.execute("COMMIT")
        except BaseException:
            memory.execute("ROLLBACK")
            raise
        finally:
            memory.execute("DETACH DATABASE file")
    except sqlite3.Error as error:
        raise geopackage.fault(error, path, BUSY_S) from error
    return state


def _from_database(memory: sqlite3.Connection, layout: Layout) -> tuple[int, int, tuple[str, int]]:
    marks = ", ".join("?" for _ in _FILLED.split(","))
    with reading(layout.path) as session:
        rows = session.execute(_question(session, layout)).fetchall()
        state = len(rows), _last(session, layout), session.changed(layout.table, layout.has_decisions)
    memory.execute("BEGIN")
    memory.executemany(f"INSERT INTO listing ({_FILLED}) VALUES ({marks})", rows)  # nosec B608
    memory.execute("COMMIT")
    return state


def _question(session: Session, layout: Layout, schema: str = "") -> str:
    """Return what to copy, in the order of the list: worst first."""
    text = {name: f"coalesce(f.{name}, '')" for name in _COLUMNS if name not in ("area_m2", "width_m")}
    copied = ", ".join(text.get(name, f"f.{name}") for name in _COLUMNS)
    status, decisions, lapsed = "coalesce(nullif(f.status, ''), 'open')", "", "0"
    if layout.has_history:
        there = layout.decided(schema)
        decisions = (
            f" LEFT JOIN (SELECT finding_id, max(fid) AS fid FROM {there} GROUP BY finding_id) latest"  # nosec B608
            f" ON latest.finding_id = f.finding_id LEFT JOIN {there} d ON d.fid = latest.fid"
        )
        status, lapsed = f"coalesce(d.to_status, {status})", f"CASE WHEN d.fid IS NULL THEN 0 ELSE {_LAPSED_SQL} END"
    box, index = session.box(layout.table, layout.geometry, layout.key, schema)
    order = rank("f.severity", SEVERITIES)
    change = "coalesce(f.change, '')" if layout.changes else "''"
    return (
        f"SELECT f.{quoted(layout.key)}, {copied}, {status}, {order}, {box}, {change}, {lapsed}"  # nosec B608
        f" FROM {schema}{layout.layer} f{decisions}{index}"
        f" ORDER BY {order}, f.rule, f.area_m2 DESC NULLS LAST, f.{quoted(layout.key)}"
    )


def _last(session: Session, layout: Layout) -> int:
    if not layout.has_decisions:
        return 0
    return int(session.execute("SELECT coalesce(max(fid), 0) FROM decisions").fetchone()[0])


def news(copy: Copy, busy_s: float = BUSY_S) -> News:
    """Return what was written to the store since ``copy`` was filled or last brought up to date;
    nothing is changed in memory.
    """
    seen = mark(copy.layout.path, busy_s)
    if seen == copy.mark:
        return News(copy, [])
    with reading(copy.layout.path, busy_s) as session:
        layout = layout_of(session)
        changed = session.changed(layout.table, layout.has_decisions)
        rows: list[tuple[Any, ...]] = []
        latest = ""
        if layout.has_decisions:
            rows = session.execute(
                f"SELECT finding_id, to_status, {_LAPSED_SQL}, fid, decided FROM decisions WHERE fid > ? ORDER BY fid",  # nosec B608
                (copy.last,),
            ).fetchall()
            latest = rows[-1][4] if rows else ""
    # A decision stamps the layer with its own time: any other stamp is of somebody who wrote into
    # the layer.
    same_layer = replace(layout, version=copy.layout.version) == copy.layout
    others = not same_layer or changed not in (copy.changed, (latest, copy.changed[1]))
    last = rows[-1][3] if rows else copy.last
    return News(replace(copy, layout=layout, mark=seen, changed=changed, last=last), [row[:4] for row in rows], others)
