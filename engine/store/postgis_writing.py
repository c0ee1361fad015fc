"""Writing a whole store into a schema of PostGIS: one transaction in which the findings of the last
run make room for the new ones.

Tables stay, so that rights, views and styles of an office stay too; only their rows change. The
history is never written anew: what a run has to say is added at its end, and decisions of another
store that are not there yet. Readers see the old state until the commit, and nobody can decide
meanwhile. Fails with PlanError; the store is then as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..errors import PlanError
from ..findings import fields_of
from ..record import CHANGE_FIELDS, FIELDS, MEASURE_FIELDS, REAL, RUN_FIELDS
from . import postgis
from .connection import BUSY_S
from .decisions import COLUMNS, Decision, all_decisions, follow, values_of
from .opening import Layout, bring_up_to_date, layout_of
from .place import PostgisSchema
from .postgis_session import RUN_WRITES, PostgisSession
from .schema import OWN_TABLES, now
from .session import quoted

FINDINGS = "findings"
CHUNK = 5_000
OWN_SRIDS = (910_000, 998_000)
"""Numbers that PostGIS leaves to its users."""
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})


def write(
    place: PostgisSchema,
    findings: gpd.GeoDataFrame,
    measures: pd.DataFrame,
    runs: pd.DataFrame,
    decisions: object = (),
) -> None:
    """Write the findings of a run into the store ``place``, which is created where it is absent."""
    with postgis.writing(place, BUSY_S) as session:
        session.execute(RUN_WRITES)
        _make_schema(session)
        layout = _there(session)
        old = all_decisions(session, layout) if layout is not None else []
        _make_tables(session, layout, findings.crs)
        _fit(session, findings)
        for table, rows, fields in (
            (FINDINGS, findings, fields_of(findings)),
            ("measures", measures, MEASURE_FIELDS),
            ("runs", runs, RUN_FIELDS),
        ):
            session.execute(f"DELETE FROM {quoted(table)}")  # nosec B608
            _fill(session, table, rows, fields)
        made = bring_up_to_date(session)
        wanted = decisions(list(old)) if callable(decisions) else list(decisions) or old  # type: ignore[call-overload]
        _add(session, old, wanted)
        follow(session, made)
        session.tell({"written": f"{now()} {runs['run_id'].iloc[0] if len(runs) else ''}".strip()})


def _make_schema(session: PostgisSession) -> None:
    """The schema, where it is absent; then whoever waits for its lock waits for us."""
    if session.usable is None:
        allowed = "SELECT has_database_privilege(current_database(), 'CREATE')"
        if not session.execute(allowed).fetchone()[0]:
            values = {"user": session.user(), "what": f"SCHEMA {session.schema}"}
            raise PlanError("error.store_pg_owner", path=session.place, **values)
        session.execute(f"CREATE SCHEMA {quoted(session.schema)}")
        session.usable = True
        postgis.lock(session.connection, session.place)


def _there(session: PostgisSession) -> Layout | None:
    """Return the store that the schema holds; PlanError where its tables are somebody else's or may
    not be replaced.
    """
    known = session.require_tables()
    try:
        layout = layout_of(session)
    except PlanError as error:
        if error.key != session.none:
            raise
        layout = None
    if layout is None or layout.version == 0:
        ours = {FINDINGS, "measures", "runs", *OWN_TABLES} - (
            {FINDINGS} if layout and layout.table == FINDINGS else set()
        )
        foreign = sorted(ours & known)
        if foreign:
            raise PlanError("error.store_occupied", path=session.place, tables=", ".join(foreign))
    return layout


def _make_tables(session: PostgisSession, layout: Layout | None, crs: pyproj.CRS) -> None:
    if layout is not None and layout.version == 0 and layout.table == FINDINGS:
        session.execute(f"DROP TABLE {quoted(FINDINGS)}")  # a layer that a check left alone, without any decision
        session.altered()
    shape = f"{session.of_postgis('geometry')}(MultiPolygon, {_srid(session, crs)})"
    for table, fields in ((FINDINGS, FIELDS), ("measures", MEASURE_FIELDS), ("runs", RUN_FIELDS)):
        if session.columns_of(table):
            continue
        columns = [("geom", shape)] if table == FINDINGS else []
        session.make_table(table, [*columns, *((name, _kind(kind)) for name, kind in fields)])
        if columns:
            session.execute(f"CREATE INDEX planconcord_places ON {quoted(table)} USING gist (geom)")


def _fit(session: PostgisSession, findings: gpd.GeoDataFrame) -> None:
    """The columns of what has changed, where the run knows it, and the CRS of the run."""
    there = session.columns_of(FINDINGS)
    for name, kind in CHANGE_FIELDS:
        if (name in findings) != (name in there):
            action = f"ADD COLUMN {quoted(name)} {_kind(kind)}" if name in findings else f"DROP COLUMN {quoted(name)}"
            session.execute(f"ALTER TABLE {quoted(FINDINGS)} {action}")
    geometry, srid = next((column, srid) for table, column, srid in session.layers() if table == FINDINGS)
    wanted = _srid(session, findings.crs)
    if srid != wanted:
        session.execute(f"DELETE FROM {quoted(FINDINGS)}")  # nosec B608
        session.execute(
            f"ALTER TABLE {quoted(FINDINGS)} ALTER COLUMN {quoted(geometry)} TYPE"
            f" {session.of_postgis('geometry')}(MultiPolygon, {wanted}) USING NULL"
        )
    session.altered()


def _kind(kind: str) -> str:
    return "double precision" if kind == REAL else "text"


def _srid(session: PostgisSession, crs: pyproj.CRS) -> int:
    """Return the number under which the database knows a CRS; one that it does not know is
    registered there, where that is allowed.
    """
    known, epsg = session.of_postgis("spatial_ref_sys"), crs.to_epsg(min_confidence=100)
    if epsg is not None:
        question = f"SELECT srid FROM {known} WHERE auth_name = 'EPSG' AND auth_srid = ?"  # nosec B608
        row = session.execute(question, (epsg,)).fetchone()
        if row is not None:
            return int(row[0])
    text = crs.to_wkt("WKT1_GDAL")
    row = session.execute(f"SELECT srid FROM {known} WHERE srtext = ? ORDER BY srid", (text,)).fetchone()  # nosec B608
    if row is not None:
        return int(row[0])
    if not session.execute("SELECT has_table_privilege(?, 'INSERT')", (known,)).fetchone()[0]:
        raise PlanError("error.store_pg_crs", path=session.place, crs=crs.name, user=session.user())
    made = session.execute(
        f"INSERT INTO {known} (srid, auth_name, auth_srid, srtext, proj4text) SELECT 1 + coalesce(max(srid), ?), ?, ?, ?, ?"  # nosec B608
        f" FROM {known} WHERE srid BETWEEN ? AND ? RETURNING srid",
        (OWN_SRIDS[0], "EPSG" if epsg else "planconcord", epsg or 0, text, "", *OWN_SRIDS),
    )
    return int(made.fetchone()[0])


def _fill(session: PostgisSession, table: str, rows: pd.DataFrame, fields: Sequence[tuple[str, str]]) -> None:
    """All rows of a table, a chunk at a time, in the text form of COPY."""
    spatial = isinstance(rows, gpd.GeoDataFrame)
    names = [*([_geometry(session)] if spatial else []), *(name for name, _ in fields)]
    question = f"COPY {quoted(table)} ({', '.join(map(quoted, names))}) FROM STDIN"
    srid = _srid(session, rows.crs) if spatial else 0
    with session.connection.cursor() as cursor:
        for start in range(0, len(rows), CHUNK):
            part = rows.iloc[start : start + CHUNK]
            columns = [_texts(part[name].tolist()) for name, _ in fields]
            if spatial:
                shapes = shapely.set_srid(np.asarray(part.geometry.values, dtype=object), srid)
                columns.insert(0, _texts(shapely.to_wkb(shapes, hex=True, include_srid=True).tolist()))
            cursor.copy_expert(question, StringIO("".join("\t".join(row) + "\n" for row in zip(*columns))))


def _geometry(session: PostgisSession) -> str:
    return next(column for table, column, _ in session.layers() if table == FINDINGS)


def _texts(values: Sequence[object]) -> Iterator[str]:
    for value in values:
        if value is None or value != value:
            yield "\\N"
        elif isinstance(value, float):
            yield repr(value)
        else:
            yield str(value).encode("utf-8", "replace").decode().translate(ESCAPES)


# ── the history ───────────────────────────────────────────────────────────────────────────────────


def missing(old: Sequence[Decision], wanted: Sequence[Decision]) -> list[Decision]:
    """Return what must be added to the history ``old``, so that everything of ``wanted`` is in it
    and leads where ``wanted`` leads.
    """
    there = {_content(decision) for decision in old}
    last = {decision.finding_id: _content(decision) for decision in wanted}
    leads = {decision.finding_id: _content(decision) for decision in old}
    added = []
    for decision in wanted:
        content = _content(decision)
        again = content == last[decision.finding_id] != leads.get(decision.finding_id)
        if content not in there or again:
            added.append(decision)
            leads[decision.finding_id] = content
    return added


def _content(decision: Decision) -> tuple[object, ...]:
    return values_of(replace(decision, undoes=None))[1:]


def _add(session: PostgisSession, old: Sequence[Decision], wanted: Sequence[Decision]) -> None:
    """Write what is missing under new numbers; what undoes a decision follows it."""
    numbers = {decision.number: decision.number for decision in old}
    known = {_content(decision): decision.number for decision in old}
    numbers.update({one.number: known[_content(one)] for one in wanted if _content(one) in known})
    for decision in missing(old, wanted):
        undoes = None if decision.undoes is None else numbers.get(decision.undoes)
        number = session.insert("decisions", COLUMNS[1:], values_of(replace(decision, undoes=undoes))[1:])
        numbers[decision.number] = number
