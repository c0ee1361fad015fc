"""Connections to a store in PostGIS: snapshots to read, transactions in which nobody else decides,
and faults in words.

Goes in: a :class:`.place.PostgisSchema`. psycopg2, which QGIS brings, is loaded only here and only
when a store in PostGIS is opened. A writer waits for others with an advisory lock of the schema,
which the trigger on ``decisions`` takes for everybody else, so that the numbers of decisions come
in the order in which they can be seen. One idle connection per place is kept for the next question.
Raises PlanError: no driver, server gone, refused, no PostGIS, no right, locked, lost; nothing was
written then.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..errors import PlanError
from ..passwords import without_password
from .place import EXAMPLE, PostgisSchema
from .postgis_session import LOCK_CLASS, PostgisSession, connection_lost

CONNECT_S = 5
DEFAULTS = {
    "connect_timeout": str(CONNECT_S),
    "application_name": "Plan Concord",
    "client_encoding": "UTF8",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
LOCKED, FORBIDDEN, FULL = ("55P03", "40P01", "57014"), ("42501", "25006"), ("53100",)
ALTERED = ("42P01", "42703", "3F000")
START = (
    "SELECT set_config('search_path', %(path)s, true), set_config('lock_timeout', %(wait)s, true),"
    " (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'),"
    " (SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = %(schema)s)"
)
LOCK = "SELECT pg_advisory_xact_lock(%(class)s, coalesce((SELECT oid FROM pg_namespace WHERE nspname = %(schema)s), 0)::int)"
_idle: dict[object, Any] = {}
_guard = threading.Lock()


def driver() -> Any:
    """psycopg2."""
    try:
        import psycopg2
    except ImportError as error:
        raise PlanError("error.store_driver", python=sys.executable) from error
    return psycopg2


def connect(place: PostgisSchema) -> Any:
    """Return a new connection."""
    psycopg2 = driver()
    if place.get("connection"):
        raise PlanError("error.store_connection_name", path=place, name=place.get("connection"), example=EXAMPLE)
    wanted = {**DEFAULTS, **dict(place.parameters)}
    if place.password:
        wanted["password"] = place.password
    try:
        return psycopg2.connect(**wanted)
    except psycopg2.ProgrammingError as error:
        raise PlanError("error.store_place", given=place, example=EXAMPLE) from error
    except psycopg2.Error as error:
        raise _refused(error, place) from error


def _refused(error: Exception, place: PostgisSchema) -> PlanError:
    """Why there is no connection. libpq gives no code for that, only words, which a server may say
    in its own language.
    """
    said = _reason(error)
    lower = said.lower()
    values = {"server": place.server, "user": place.get("user") or "–", "database": place.get("dbname") or "–"}
    if "database" in lower and "does not exist" in lower:
        key = "error.store_database"
    elif any(words in lower for words in ("password", "authentication", "pg_hba", "role ")):
        key = "error.store_login"
    else:
        key = "error.store_server"
    return PlanError(key, reason=said, **values)


# ── one idle connection for the next question ─────────────────────────────────────────────────────


def _key(place: PostgisSchema) -> object:
    return os.getpid(), place.parameters, place.password


def _taken(place: PostgisSchema) -> Any:
    with _guard:
        return _idle.pop(_key(place), None)


def _give_back(connection: Any, place: PostgisSchema) -> None:
    with suppress(driver().Error):
        connection.rollback()
    with _guard:
        other = _idle.get(_key(place))
        if not connection.closed and other is None:
            _idle[_key(place)] = connection
            return
    _close(connection)


def _close(connection: Any) -> None:
    with suppress(driver().Error):
        connection.close()


def close_idle() -> None:
    """Close what is kept for the next question."""
    with _guard:
        left = list(_idle.values())
        _idle.clear()
    for connection in left:
        _close(connection)


@contextmanager
def _connected(place: PostgisSchema, busy_s: float, begin: Any) -> Iterator[tuple[Any, Any]]:
    """A connection on which ``begin`` has been done, and what that gave: one that is kept, or,
    where that has died, a new one.
    """
    psycopg2 = driver()
    connection, begun = _taken(place), None
    if connection is not None:
        try:
            begun = begin(connection)
        except psycopg2.Error as error:
            if not connection_lost(error, connection):
                _give_back(connection, place)
                raise fault(error, place, busy_s, True) from error
            _close(connection)
            connection = None
    if connection is None:
        connection = connect(place)
        try:
            begun = begin(connection)
        except psycopg2.Error as error:
            _close(connection)
            raise fault(error, place, busy_s, True) from error
    try:
        yield connection, begun
    finally:
        _give_back(connection, place)


# ── sessions ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def reading(place: PostgisSchema, busy_s: float) -> Iterator[PostgisSession]:
    """A session that sees one state of the store and cannot write."""

    def begin(connection: Any) -> PostgisSession:
        connection.set_session("REPEATABLE READ", readonly=True, autocommit=False)
        return _started(connection, place, busy_s)

    with _connected(place, busy_s, begin) as (connection, session), _told(place, busy_s, connection, False):
        yield session


@contextmanager
def writing(place: PostgisSchema, busy_s: float) -> Iterator[PostgisSession]:
    """A transaction that holds the lock of the store from its start: committed as a whole at the
    end, or not at all.
    """

    def begin(connection: Any) -> PostgisSession:
        connection.set_session("READ COMMITTED", readonly=False, autocommit=False)
        session = _started(connection, place, busy_s)
        lock(connection, place)
        return session

    with _connected(place, busy_s, begin) as (connection, session):
        with _told(place, busy_s, connection, True):
            yield session
        try:
            connection.commit()
        except driver().Error as error:
            if connection_lost(error, connection):
                raise PlanError("error.store_unknown_end", path=place) from error
            raise fault(error, place, busy_s, True) from error


def lock(connection: Any, place: PostgisSchema) -> None:
    """Wait until nobody else writes to the schema; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"class": LOCK_CLASS, "schema": place.schema})


def _started(connection: Any, place: PostgisSchema, busy_s: float) -> PostgisSession:
    session = PostgisSession(connection, place)
    wait = str(max(1, int(busy_s * 1000)))
    with connection.cursor() as cursor:
        cursor.execute(START, {"path": session.search_path, "wait": wait, "schema": place.schema})
        _, _, session.postgis, session.usable = cursor.fetchone()
    return session


@contextmanager
def _told(place: PostgisSchema, busy_s: float, connection: Any, writes: bool) -> Iterator[None]:
    try:
        yield
    except driver().Error as error:
        if connection_lost(error, connection):
            raise PlanError("error.store_lost", path=place, server=place.server, reason=_reason(error)) from error
        raise fault(error, place, busy_s, writes) from error


def mark(place: PostgisSchema, busy_s: float) -> tuple[object, ...]:
    """Return the state of a store in one question: the last run, edits by hand, the last decision.
    A bare layer has none.
    """
    schema = PostgisSession.name_of_schema(place)
    question = (
        f"SELECT (SELECT value FROM {schema}.store WHERE name = 'written'), (SELECT count(*) FROM {schema}.edits),"  # nosec B608
        f" (SELECT max(fid) FROM {schema}.decisions)"
    )
    psycopg2 = driver()

    def begin(connection: Any) -> tuple[object, ...]:
        connection.set_session("READ COMMITTED", readonly=True, autocommit=True)
        try:
            with connection.cursor() as cursor:
                cursor.execute(question)
                return tuple(cursor.fetchone())
        except psycopg2.Error as error:
            if error.pgcode in (*ALTERED, *FORBIDDEN):  # a closer look says what is missing
                return ()
            raise

    with _connected(place, busy_s, begin) as (_, seen):
        return tuple(seen)


def schemas_with_findings(place: PostgisSchema) -> list[str]:
    """Return the schemas of the database in which there is a table of findings that the role may
    read.
    """
    question = (
        "SELECT DISTINCT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'finding_id' AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p') AND c.relname <> 'decisions' AND c.relname <> 'edits'"
        " AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
    )
    with reading(place, CONNECT_S) as session:
        return [str(row[0]) for row in session.execute(question).fetchall()]


def refuse_read_only(place: PostgisSchema) -> None:
    """Raise PlanError when the role may not write decisions, or the whole server only reads."""
    with reading(place, CONNECT_S) as session:
        if "decisions" in session.require_tables():
            right = "has_table_privilege('decisions', 'INSERT')"
        else:
            right = "has_schema_privilege(current_schema(), 'CREATE')"
        allowed, waiting, only = session.execute(
            f"SELECT {right}, pg_is_in_recovery(), current_setting('default_transaction_read_only')"  # nosec B608
        ).fetchone()
        if not allowed or waiting or only == "on":
            raise PlanError("error.store_pg_read_only", path=place, user=session.user())


def fault(error: Any, place: PostgisSchema, busy_s: float, writes: bool) -> PlanError:
    """Return what PostgreSQL says, as a message for a person."""
    code = error.pgcode or ""
    if code in LOCKED:
        return PlanError("error.store_locked", path=place, seconds=busy_s)
    if code in FULL:
        return PlanError("error.store_full", path=place)
    if code in FORBIDDEN:
        key = "error.store_pg_read_only" if writes else "error.store_no_right"
        values = {} if writes else {"reason": _reason(error)}
        return PlanError(key, path=place, user=place.get("user") or "–", **values)
    if code in ALTERED:
        return PlanError("error.store_pg_damaged", path=place, reason=_reason(error))
    return PlanError("error.store_disk", path=place, reason=_reason(error))


def _reason(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return without_password("; ".join(lines[:2])) or type(error).__name__
