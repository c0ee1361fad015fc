"""The findings of a store as a list to look through: filtered, grouped, sorted and counted in SQL, fetched a page at a time.

Goes in: the path of a store. Its findings, without outlines, are copied once into a database in memory, inside SQLite; the file is
closed again, so that nobody waits for a reader, and a slow network drive is read once. :meth:`Listing.show` then chooses and orders,
:meth:`Listing.rows` fetches what is looked at. :meth:`Listing.refresh` takes over what others decided since. ``rows_read`` counts
rows copied from the file, ``rows_fetched`` rows that reached Python. Fails with PlanError as opening.look_into does.
"""

from __future__ import annotations

import os
import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..catalogue import LANGUAGES, SEVERITIES, rules
from .connection import BUSY_S, address, fault, readable_mode, reading, wkb
from .decisions import STATUSES, TOOL
from .opening import Layout, layout_of, look_into
from .schema import FINDING_COLUMNS, columns_of, quoted

GROUPS = ("severity", "rule", "territory", "plans", "none")
SORTS = ("severity", "rule", "status", "territory", "zones", "area", "width", "message")
HANDLED = "handled"
"""A filter's status: any but open."""
CHANGES = ("new", "changed", "reopened", "persisting", "resolved")
"""What became of a finding since the last run, as the column ``change`` has it."""
TOLD_OF_CHANGE = ("change", "change_detail")
LAPSED = "lapsed"
"""A filter's change: findings that are open because a run let their waiver lapse, and nobody has decided since."""
SEARCH_CHUNK = 10_000
_BETWEEN = "\x1f"
_MARKS = re.compile("[\u0300-\u036f]")


def _rank(column: str, names: Sequence[str]) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(names))
    return f"CASE {column} {cases} ELSE {len(names)} END"


_GROUP_SQL = {
    "severity": "severity_rank",
    "rule": "rule",
    "territory": "territory",
    "plans": f"plan_a || '{_BETWEEN}' || plan_b",
    "none": "''",
}
_SORT_SQL = {
    "severity": "severity_rank",
    "rule": "rule",
    "status": _rank("status", STATUSES),
    "territory": "territory",
    "zones": "zone_a {way}, zone_b",
    "area": "area_m2",
    "width": "width_m",
    "message": "message",
}
_LAPSED_SQL = f"(who = '{TOOL}' AND from_status = 'waived' AND to_status = 'open')"
_COPIED = (
    *("finding_id", "rule", "severity", "territory", "plan_a", "zone_a", "code_a", "plan_b", "zone_b", "code_b"),
    *("verdict", "area_m2", "width_m", "message"),
)


@dataclass(frozen=True)
class Filter:
    """What to show; conditions combine. ``extent`` is (west, south, east, north) in the store's CRS; None and "" mean any."""

    text: str = ""
    rule: str = ""
    severity: str = ""
    status: str = ""
    territory: str | None = None
    extent: tuple[float, float, float, float] | None = None
    area_from_m2: float | None = None
    area_to_m2: float | None = None
    width_from_m: float | None = None
    width_to_m: float | None = None
    change: str = ""


class Row(NamedTuple):
    """One finding of the list."""

    fid: int
    finding_id: str
    rule: str
    severity: str
    status: str
    territory: str
    plan_a: str
    zone_a: str
    code_a: str
    plan_b: str
    zone_b: str
    code_b: str
    area_m2: float | None
    width_m: float | None
    message: str
    change: str
    lapsed: int


class Group(NamedTuple):
    """One group of the list: its key (for plans, the two plans), its findings, how many are open, and the ground they cover."""

    key: tuple[str, ...]
    findings: int
    open: int
    area_m2: float


class Counts(NamedTuple):
    """Findings of a store, or of a filter: all, open, and the ground they cover."""

    total: int
    open: int
    area_m2: float

    @property
    def handled(self) -> int:
        """Accepted, waived or resolved."""
        return self.total - self.open


class Listing:
    """The findings of one store; see the module's paragraph."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self.rows_read = self.rows_fetched = 0
        self.load()

    def load(self) -> None:
        """Copy the findings anew."""
        self._memory = sqlite3.connect(":memory:", uri=True, isolation_level=None, check_same_thread=False)
        self._searchable = 0
        self._shown = (Filter(), "severity", "", False)
        self._mark = _mark(self.path)
        self.layout: Layout = look_into(self.path)
        self._memory.execute(
            "CREATE TABLE listing (n INTEGER PRIMARY KEY, fid, finding_id, rule, severity, territory, plan_a, zone_a, code_a,"
            " plan_b, zone_b, code_b, verdict, area_m2, width_m, message, status, severity_rank, minx, miny, maxx, maxy,"
            " change NOT NULL, lapsed NOT NULL, words)"
        )
        try:
            self._memory.execute("ATTACH DATABASE ? AS file", (address(self.path, readable_mode(self.path)),))
            try:
                self._memory.execute("BEGIN")
                self._copy()
                self._memory.execute("COMMIT")
            except BaseException:
                self._memory.execute("ROLLBACK")
                raise
            finally:
                self._memory.execute("DETACH DATABASE file")
        except sqlite3.Error as error:
            raise fault(error, self.path) from error
        self._memory.execute("CREATE INDEX by_fid ON listing (fid)")
        self._memory.execute("CREATE INDEX by_finding ON listing (finding_id)")
        self.show()

    def _copy(self) -> None:
        layout = self.layout
        text = {name: f"coalesce(f.{name}, '')" for name in _COPIED if name not in ("area_m2", "width_m")}
        copied = ", ".join(text.get(name, f"f.{name}") for name in _COPIED)
        status, decisions, lapsed, self._last = "coalesce(nullif(f.status, ''), 'open')", "", "0", 0
        if layout.has_decisions:
            decisions = (
                f" LEFT JOIN (SELECT finding_id, to_status, {_LAPSED_SQL} AS lapsed, max(fid) FROM file.decisions"
                " GROUP BY finding_id) d ON d.finding_id = f.finding_id"
            )
            status, lapsed = f"coalesce(d.to_status, {status})", "coalesce(d.lapsed, 0)"
            self._last = self._memory.execute("SELECT coalesce(max(fid), 0) FROM file.decisions").fetchone()[0]
        box, index = "f.x, f.y, f.x, f.y", ""
        tree = f"rtree_{layout.table}_{layout.geometry}"
        if self._memory.execute("SELECT 1 FROM file.sqlite_master WHERE name = ?", (tree,)).fetchone():
            box, index = (
                "r.minx, r.miny, r.maxx, r.maxy",
                f" LEFT JOIN file.{quoted(tree)} r ON r.id = f.{quoted(layout.key)}",
            )
        rank = _rank("f.severity", SEVERITIES)
        change = "coalesce(f.change, '')" if layout.changes else "''"
        made = self._memory.execute(
            f"INSERT INTO listing (fid, {', '.join(_COPIED)}, status, severity_rank, minx, miny, maxx, maxy, change, lapsed)"  # nosec B608
            f" SELECT f.{quoted(layout.key)}, {copied}, {status}, {rank}, {box}, {change}, {lapsed}"
            f" FROM file.{layout.layer} f{decisions}{index}"
            f" ORDER BY {rank}, f.rule, f.area_m2 DESC, f.{quoted(layout.key)}"
        )
        self.rows_read += made.rowcount
        self._changed = _changed(self._memory, layout, "file")

    # choosing

    def show(
        self, wanted: Filter | None = None, group: str = "severity", sort: str = "", descending: bool = False
    ) -> None:
        """Choose and order what ``groups``, ``counts`` and ``rows`` speak of; ``sort`` "" is worst first."""
        wanted = wanted or Filter()
        self._shown = (wanted, group, sort, descending)
        condition, values = self._condition(wanted)
        way = "DESC" if descending else "ASC"
        order = [_GROUP_SQL[group]] if group != "none" else []
        if sort:
            expression = _SORT_SQL[sort]
            order.append(f"{expression.format(way=way) if '{way}' in expression else expression} {way}")
        order.append("n")
        self._memory.execute("DROP TABLE IF EXISTS shown")
        self._memory.execute("CREATE TABLE shown (position INTEGER PRIMARY KEY, n INTEGER)")
        self._memory.execute(
            f"INSERT INTO shown (n) SELECT n FROM listing WHERE {condition} ORDER BY {', '.join(order)}",  # nosec B608
            values,
        )
        key = "severity" if group == "severity" else _GROUP_SQL[group]
        self._groups = [
            Group(tuple(str(name).split(_BETWEEN)), count, opened, area)
            for name, count, opened, area in self._memory.execute(
                f"SELECT {key}, count(*), sum(status = 'open'), total(area_m2) FROM listing WHERE {condition}"  # nosec B608
                f" GROUP BY {_GROUP_SQL[group]} ORDER BY {_GROUP_SQL[group]}",
                values,
            )
        ]
        self.rows_fetched += len(self._groups)

    def _condition(self, wanted: Filter) -> tuple[str, list[Any]]:
        parts, values = ["1"], []
        for column in ("rule", "severity"):
            if getattr(wanted, column):
                parts.append(f"{column} = ?")
                values.append(getattr(wanted, column))
        if wanted.territory is not None:
            parts.append("territory = ?")
            values.append(wanted.territory)
        if wanted.status:
            parts.append("status <> ?" if wanted.status == HANDLED else "status = ?")
            values.append("open" if wanted.status == HANDLED else wanted.status)
        for column, sign, limit in (
            ("area_m2", ">=", wanted.area_from_m2),
            ("area_m2", "<=", wanted.area_to_m2),
            ("width_m", ">=", wanted.width_from_m),
            ("width_m", "<=", wanted.width_to_m),
        ):
            if limit is not None:
                parts.append(f"{column} {sign} ?")
                values.append(limit)
        if wanted.extent is not None:
            west, south, east, north = wanted.extent
            parts.append("minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?")
            values += [east, west, north, south]
        if wanted.change:
            parts.append("lapsed" if wanted.change == LAPSED else "change = ?")
            values += [] if wanted.change == LAPSED else [wanted.change]
        for word in folded(wanted.text).split():
            while self.make_searchable():
                pass
            parts.append("instr(words, ?) > 0")
            values.append(word)
        return " AND ".join(parts), values

    def make_searchable(self) -> bool:
        """Prepare some more findings for the search by text; False when all are. A list does so while nobody waits."""
        rows = self._memory.execute(
            "SELECT n, rule, finding_id || ' ' || rule || ' ' || territory || ' ' || plan_a || ' ' || zone_a || ' ' || code_a"
            " || ' ' || plan_b || ' ' || zone_b || ' ' || code_b || ' ' || message FROM listing WHERE n > ? ORDER BY n LIMIT ?",
            (self._searchable, SEARCH_CHUNK),
        ).fetchall()
        if not rows:
            return False
        titles = {
            code: " ".join(rule.text("title", language) for language in LANGUAGES) for code, rule in rules().items()
        }
        words = folded("\n".join(f"{row[2]} {titles.get(row[1], '')}".replace("\n", " ") for row in rows)).split("\n")
        self._memory.execute("BEGIN")
        self._memory.executemany("UPDATE listing SET words = ? WHERE n = ?", zip(words, (row[0] for row in rows)))
        self._memory.execute("COMMIT")
        self._searchable = rows[-1][0]
        return True

    # looking

    @property
    def groups(self) -> list[Group]:
        """The groups of what is shown, in order."""
        return self._groups

    @property
    def shown(self) -> Counts:
        """Counts of what is shown."""
        return Counts(
            sum(group.findings for group in self._groups),
            sum(group.open for group in self._groups),
            sum(group.area_m2 for group in self._groups),
        )

    def counts(self) -> Counts:
        """Counts of the whole store."""
        return Counts(
            *self._memory.execute(
                "SELECT count(*), coalesce(sum(status = 'open'), 0), total(area_m2) FROM listing"
            ).fetchone()
        )

    def lapsed(self) -> int:
        """How many findings are open because a run let their waiver lapse."""
        return int(self._memory.execute("SELECT coalesce(sum(lapsed), 0) FROM listing").fetchone()[0])

    def choices(self, column: str) -> list[tuple[str, int]]:
        """(value, number of findings) of ``rule``, ``territory`` or ``change`` in the whole store, in order."""
        return self._memory.execute(
            f"SELECT {column}, count(*) FROM listing GROUP BY {column} ORDER BY {column}"  # nosec B608
        ).fetchall()

    def rows(self, first: int, count: int) -> list[Row]:
        """``count`` findings of what is shown, from position ``first`` (0 is the first)."""
        columns = ", ".join(f"l.{name}" for name in Row._fields)
        rows = self._memory.execute(
            f"SELECT {columns} FROM shown s JOIN listing l ON l.n = s.n WHERE s.position BETWEEN ? AND ? ORDER BY s.position",  # nosec B608
            (first + 1, first + count),
        ).fetchall()
        self.rows_fetched += len(rows)
        return [Row(*row) for row in rows]

    def position_of(self, fid: int) -> int | None:
        """Where a finding is in what is shown; None when it is not."""
        row = self._memory.execute(
            "SELECT min(s.position) FROM shown s JOIN listing l ON l.n = s.n WHERE l.fid = ?", (fid,)
        ).fetchone()
        return None if row[0] is None else row[0] - 1

    def at(self, west: float, south: float, east: float, north: float) -> list[int]:
        """The fids of what is shown whose box meets a rectangle, in order."""
        rows = self._memory.execute(
            "SELECT l.fid FROM listing l JOIN shown s ON s.n = l.n"
            " WHERE minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ? ORDER BY s.position",
            (east, west, north, south),
        ).fetchall()
        self.rows_fetched += len(rows)
        return [row[0] for row in rows]

    def whole(self, fid: int) -> tuple[dict[str, Any], bytes] | None:
        """All values of a finding and its outline as WKB, from the file; None when it is gone."""
        with reading(self.path) as connection:
            names = [*FINDING_COLUMNS, *(n for n in TOLD_OF_CHANGE if n in columns_of(connection, self.layout.table))]
            columns = ", ".join(quoted(name) for name in (*names, self.layout.geometry))
            row = connection.execute(
                f"SELECT {columns} FROM {self.layout.layer} WHERE {quoted(self.layout.key)} = ?",  # nosec B608
                (fid,),
            ).fetchone()
        self.rows_read += row is not None
        return None if row is None else (dict(zip(names, row)), wkb(row[-1]))

    def run(self, run_id: str) -> dict[str, str]:
        """What is recorded of a run; nothing where the store has no runs."""
        if not self.layout.runs:
            return {}
        with reading(self.path) as connection:
            found = connection.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,))
            names = [column[0] for column in found.description]
            row = found.fetchone()
        return {} if row is None else {name: str(value or "") for name, value in zip(names, row)}

    # what others do

    def refresh(self, busy_s: float = BUSY_S) -> str:
        """Take over what was written since: "" nothing, "decisions" (statuses only) or "all" (the findings themselves)."""
        mark = _mark(self.path)
        if mark == self._mark:
            return ""
        with reading(self.path, busy_s) as connection:
            layout = layout_of(connection, self.path)
            changed = _changed(connection, layout)
            rows: list[tuple[Any, ...]] = []
            latest = ""
            if layout.has_decisions:
                rows = connection.execute(
                    f"SELECT finding_id, to_status, {_LAPSED_SQL}, fid, decided FROM decisions WHERE fid > ? ORDER BY fid",  # nosec B608
                    (self._last,),
                ).fetchall()
                latest = rows[-1][4] if rows else ""
        # A decision stamps the layer with its own time: any other stamp is of somebody who wrote into the layer.
        same_layer = replace(layout, version=self.layout.version) == self.layout
        if not same_layer or changed not in (self._changed, (latest, self._changed[1])):
            self._reload()
            return "all"
        self.layout, self._mark, self._changed = layout, mark, changed
        self.rows_read += len(rows)
        for finding_id, status, lapsed, number, _ in rows:
            self._memory.execute(
                "UPDATE listing SET status = ?, lapsed = ? WHERE finding_id = ?", (status, lapsed, finding_id)
            )
            self._last = number
        if rows:
            self.show(*self._shown)
        return "decisions" if rows else ""

    def _reload(self) -> None:
        shown = self._shown
        self.load()
        self.show(*shown)


def _changed(connection: sqlite3.Connection, layout: Layout, schema: str = "main") -> tuple[str, int]:
    """When the layer of findings was last changed, as the GeoPackage says, and how often by hand."""
    row = connection.execute(
        f"SELECT last_change FROM {schema}.gpkg_contents WHERE table_name = ?",  # nosec B608
        (layout.table,),
    ).fetchone()
    edits = (
        connection.execute(f"SELECT coalesce(max(fid), 0) FROM {schema}.edits").fetchone()[0]  # nosec B608
        if layout.has_decisions
        else 0
    )
    return str(row[0]) if row else "", edits


def folded(text: str) -> str:
    """A text without case and accents, because people search without them: "chồng lấn" as "chong lan"."""
    return _MARKS.sub("", unicodedata.normalize("NFD", text.casefold())).replace("đ", "d")


def _mark(path: Path) -> tuple[object, ...]:
    """What changes when a program writes to the store. Only asked for: to open the file and close it would drop locks."""
    marks: list[object] = []
    for name in (path, Path(f"{path}-wal")):
        try:
            status = os.stat(name)
        except OSError:
            marks.append(None)
        else:
            marks += [status.st_ino, status.st_size, status.st_mtime_ns]
    return tuple(marks)
