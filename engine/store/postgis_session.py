"""An open store in PostGIS: the same tables as in a GeoPackage, found by the search path, and
guarded by triggers.

The triggers hold whoever writes: the history only grows, in one order; a decision sets the status
of its finding, so a reviewer needs no right on the findings; what is edited by hand is on record.
PostGIS's functions are named with their schema, because only the store's own is searched. Fails
with the driver's errors, which :mod:`.postgis` translates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import PlanError
from .place import PostgisSchema
from .schema import FINDING_COLUMNS, HISTORY_IS_KEPT, OWN_TABLES
from .session import Session, quoted

LOCK_CLASS = 1_347_177_539
"""The first half of the advisory lock; the second is the number of the schema. Spells PLNC."""
RUN_WRITES = "SELECT set_config('planconcord.writes', 'run', true)"
"""For this transaction: what is written is no edit by hand."""
BY_HAND = "current_setting('planconcord.writes', true) IS DISTINCT FROM 'run'"
NOW = """to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
OURS = ("findings", *OWN_TABLES)
TRIGGERS = {
    "decisions": ("planconcord_keep", "planconcord_order", "planconcord_decided"),
    "findings": ("planconcord_edited", "planconcord_emptied"),
}


def connection_lost(error: Any, connection: Any) -> bool:
    """Return whether an error means that there is no connection any more."""
    code = getattr(error, "pgcode", None) or ""
    return bool(connection.closed) or type(error).__name__ == "InterfaceError" or code[:3] == "57P" or code[:2] == "08"


class PostgisSession(Session):
    """An open schema. ``postgis``: the schema of the extension, None without it; ``usable``:
    whether the store's is, None where absent.
    """

    damaged = "error.store_pg_damaged"
    none = "error.store_pg_none"
    status_follows = True

    def __init__(self, connection: Any, place: PostgisSchema):
        self.connection, self.schema = connection, place.schema
        self.place: PostgisSchema = place
        self.postgis: str | None = None
        self.usable: bool | None = None
        self._columns: dict[str, list[str]] | None = None

    @staticmethod
    def name_of_schema(place: PostgisSchema) -> str:
        """Return the schema inside SQL."""
        return quoted(place.schema)

    @property
    def search_path(self) -> str:
        """Only the store's schema: no table of another can be taken for one of its own."""
        return f"{quoted(self.schema)}, pg_temp"

    def of_postgis(self, name: str) -> str:
        """Return a type or function of PostGIS inside SQL."""
        return f"{quoted(self.postgis or 'public')}.{name}"

    # asking

    def execute(self, sql: str, values: Sequence[object] = ()) -> Any:
        cursor = self.connection.cursor()
        if values:
            cursor.execute(sql.replace("%", "%%").replace("?", "%s"), tuple(values))
        else:
            cursor.execute(sql)
        return cursor

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(sql.replace("%", "%%").replace("?", "%s"), [tuple(row) for row in rows])

    def insert(self, table: str, columns: Sequence[str], values: Sequence[object]) -> int:
        names, marks = ", ".join(map(quoted, columns)), ", ".join("?" for _ in columns)
        made = self.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks}) RETURNING fid", values)  # nosec B608
        return int(made.fetchone()[0])

    def user(self) -> str:
        """Return the role that asks."""
        return str(self.execute("SELECT current_user").fetchone()[0])

    def require_tables(self) -> set[str]:
        if self.usable is None:
            raise PlanError(self.none, path=self.place, layers="–")
        if not self.usable:
            raise PlanError("error.store_no_right", path=self.place, user=self.user(), reason=f"USAGE: {self.schema}")
        if self.postgis is None:
            raise PlanError("error.store_no_postgis", path=self.place, database=self._database())
        return set(self._all_columns())

    def columns_of(self, table: str) -> list[str]:
        return self._all_columns().get(table, [])

    def _all_columns(self) -> dict[str, list[str]]:
        """Return the columns of all tables, asked for once."""
        if self._columns is None:
            found: dict[str, list[str]] = {}
            closed = set()
            rows = self.execute(
                "SELECT c.relname, a.attname, has_table_privilege(c.oid, 'SELECT') FROM pg_class c"
                " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid"
                " WHERE n.nspname = ? AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped"
                " ORDER BY c.relname, a.attnum",
                (self.schema,),
            )
            for table, column, readable in rows.fetchall():
                found.setdefault(table, []).append(column)
                if not readable and table in OURS:
                    closed.add(table)
            if closed:
                reason = f"SELECT: {', '.join(sorted(closed))}"
                raise PlanError("error.store_no_right", path=self.place, user=self.user(), reason=reason)
            self._columns = found
        return self._columns

    def altered(self) -> None:
        """Tables were created or altered: ask again."""
        self._columns = None

    def layers(self) -> list[tuple[str, str, int]]:
        return self.execute(
            f"SELECT f_table_name, f_geometry_column, srid FROM {self.of_postgis('geometry_columns')}"  # nosec B608
            " WHERE f_table_schema = ? ORDER BY f_table_name",
            (self.schema,),
        ).fetchall()

    def key_of(self, table: str) -> str:
        row = self.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
            " WHERE i.indisprimary AND i.indrelid = ?::regclass",
            (f"{quoted(self.schema)}.{quoted(table)}",),
        ).fetchone()
        if row is None:
            raise PlanError("error.store_column_missing", path=self.place, table=table, columns="fid (PRIMARY KEY)")
        return str(row[0])

    def srs_of(self, srs_id: int) -> str:
        row = self.execute(
            f"SELECT auth_name, auth_srid, srtext FROM {self.of_postgis('spatial_ref_sys')} WHERE srid = ?",  # nosec B608
            (srs_id,),
        ).fetchone()
        if row is None:
            return ""
        return f"EPSG:{row[1]}" if str(row[0]).upper() == "EPSG" else str(row[2])

    def outline(self, column: str) -> str:
        return f"{self.of_postgis('ST_AsBinary')}({quoted(column)})"

    def box(self, table: str, geometry: str, key: str, schema: str = "") -> tuple[str, str]:
        sides = (("ST_XMin", "x"), ("ST_YMin", "y"), ("ST_XMax", "x"), ("ST_YMax", "y"))
        shape = quoted(geometry)
        return ", ".join(f"coalesce({self.of_postgis(name)}(f.{shape}), f.{inside})" for name, inside in sides), ""

    def touched(self, *tables: str, when: str) -> None:
        """Nothing to do: :func:`.postgis.mark` looks at the tables themselves."""

    def changed(self, findings: str, has_decisions: bool) -> tuple[str, int]:
        """When a run wrote the findings, and how many edits by hand there were."""
        if not has_decisions:
            return "", 0
        written, edits = self.execute(
            "SELECT (SELECT value FROM store WHERE name = 'written'), (SELECT count(*) FROM edits)"
        ).fetchone()
        return str(written or ""), int(edits)

    def tell(self, known: dict[str, str]) -> None:
        self.executemany(
            "INSERT INTO store (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            list(known.items()),
        )

    # making

    def make_own_tables(self) -> None:
        for table, columns in OWN_TABLES.items():
            if not self.columns_of(table):
                self._may_make(table)
                self.make_table(table, columns)
        if not self.execute("SELECT to_regclass('planconcord_decisions')").fetchone()[0]:
            self.execute("CREATE INDEX planconcord_decisions ON decisions (finding_id)")

    def make_table(self, table: str, columns: Iterable[tuple[str, str]]) -> None:
        """A table with numbered rows."""
        listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
        self.execute(
            f"CREATE TABLE {quoted(table)} (fid bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, {listed})"
        )
        self.altered()

    def is_guarded(self, findings: str) -> bool:
        rows = self.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND t.tgenabled IN ('O', 'A')",
            (self.schema,),
        ).fetchall()
        there = {(str(table), str(name)) for table, name in rows}
        wanted = {
            (findings if table == "findings" else table, name) for table, names in TRIGGERS.items() for name in names
        }
        return wanted <= there

    def guard(self, findings: str, geometry: str) -> None:
        for table in ("decisions", findings):
            self._must_own(table)
        layer = quoted(findings)
        if not self.execute("SELECT to_regclass('planconcord_finding_id')").fetchone()[0]:
            self.execute(f"CREATE INDEX planconcord_finding_id ON {layer} (finding_id)")
        for name, body in self._functions(layer, geometry).items():
            self.execute(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
                f" SET search_path = {self.search_path} AS $planconcord$ BEGIN {body} END $planconcord$"
            )
        for name, table, when in (
            ("planconcord_keep", "decisions", "BEFORE UPDATE OR DELETE OR TRUNCATE {on} FOR EACH STATEMENT"),
            ("planconcord_order", "decisions", "BEFORE INSERT {on} FOR EACH STATEMENT"),
            ("planconcord_decided", "decisions", "AFTER INSERT {on} FOR EACH ROW"),
            ("planconcord_edited", findings, "AFTER INSERT OR UPDATE OR DELETE {on} FOR EACH ROW WHEN ({hand})"),
            ("planconcord_emptied", findings, "BEFORE TRUNCATE {on} FOR EACH STATEMENT"),
        ):
            when = when.format(on=f"ON {quoted(table)}", hand=BY_HAND)
            self.execute(f"DROP TRIGGER IF EXISTS {name} ON {quoted(table)}")
            self.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")

    def _functions(self, layer: str, geometry: str) -> dict[str, str]:
        """Return the bodies of the triggers. PostgreSQL keeps each with the search path, which
        holds the store's schema alone.
        """
        values = [name for name in FINDING_COLUMNS if name != "status"]
        old, new = (", ".join(f"{row}.{quoted(name)}" for name in values) for row in ("OLD", "NEW"))
        was, will_be = (f"{self.of_postgis('ST_AsEWKB')}({row}.{quoted(geometry)})" for row in ("OLD", "NEW"))
        decided = "(SELECT to_status FROM decisions WHERE finding_id = NEW.finding_id ORDER BY fid DESC LIMIT 1)"

        def noted(row: str, what: str) -> str:
            return f"INSERT INTO edits (finding_id, what, noticed) VALUES ({row}.finding_id, '{what}', {NOW});"  # nosec B608

        return {
            "planconcord_keep": f"RAISE EXCEPTION '{HISTORY_IS_KEPT}' USING ERRCODE = 'integrity_constraint_violation';",
            "planconcord_order": (
                f"PERFORM pg_advisory_xact_lock({LOCK_CLASS}, (SELECT relnamespace FROM pg_class WHERE oid = TG_RELID)::int);"  # nosec B608
                " RETURN NULL;"
            ),
            "planconcord_decided": (
                f"UPDATE {layer} SET status = NEW.to_status WHERE finding_id = NEW.finding_id; RETURN NULL;"  # nosec B608
            ),
            "planconcord_edited": (
                f"IF TG_OP = 'DELETE' THEN {noted('OLD', 'deleted')} ELSIF TG_OP = 'INSERT' THEN {noted('NEW', 'added')}"
                f" ELSE IF {was} IS DISTINCT FROM {will_be} THEN {noted('OLD', 'geometry')} END IF;"
                f" IF ROW({old}) IS DISTINCT FROM ROW({new}) THEN {noted('OLD', 'values')} END IF;"
                f" IF OLD.status IS DISTINCT FROM NEW.status AND NEW.status IS DISTINCT FROM {decided}"
                f" THEN {noted('OLD', 'status')} END IF; END IF; RETURN NULL;"
            ),
            "planconcord_emptied": (
                f"INSERT INTO edits (finding_id, what, noticed) SELECT finding_id, 'deleted', {NOW} FROM {layer};"  # nosec B608
                " RETURN NULL;"
            ),
        }

    def _may_make(self, what: str) -> None:
        if not self.execute("SELECT has_schema_privilege(?, 'CREATE')", (self.schema,)).fetchone()[0]:
            raise PlanError("error.store_pg_owner", path=self.place, user=self.user(), what=what)

    def _must_own(self, table: str) -> None:
        name = f"{quoted(self.schema)}.{quoted(table)}"
        question = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = ?::regclass"
        if not self.execute(question, (name,)).fetchone()[0]:
            raise PlanError("error.store_pg_owner", path=self.place, user=self.user(), what=f"{table}: TRIGGER")

    def _database(self) -> str:
        return str(self.execute("SELECT current_database()").fetchone()[0])
