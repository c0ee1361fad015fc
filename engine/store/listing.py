"""The findings of a store as a list to look through: filtered, grouped, sorted and counted in SQL, fetched a page at a time.

Goes in: the place of a store, whose findings are copied once into memory (:mod:`.copying`). :meth:`Listing.show` then chooses and orders,
:meth:`Listing.rows` fetches what is looked at. :meth:`Listing.refresh` takes over what others decided since. ``rows_read`` counts
rows copied from the store, ``rows_fetched`` rows that reached Python. Fails with PlanError as opening.look_into does.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..catalogue import LANGUAGES, rules
from ..errors import PlanError
from .connection import BUSY_S, reading, wkb
from .copying import copy_findings, news
from .filtering import BETWEEN, CHANGES, GROUP_SQL, GROUPS, HANDLED, LAPSED, SORT_SQL, SORTS, Filter, folded
from .opening import layout_of
from .place import Place, place_of
from .schema import FINDING_COLUMNS, quoted

TOLD_OF_CHANGE = ("change", "change_detail")
SEARCH_CHUNK = 10_000
OUTLINES_AT_ONCE = 500
UNREACHABLE = ("error.store_server", "error.store_lost")
ASK_AGAIN_S = 15.0


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

    def __init__(self, path: Place):
        self.path = place_of(path)
        self._not_before = 0.0
        self.rows_read = self.rows_fetched = 0
        self.load()

    def load(self) -> None:
        """Copy the findings anew."""
        self._copy = copy_findings(self.path)
        self._memory, self.layout = self._copy.memory, self._copy.layout
        self._searchable = 0
        self.rows_read += self._copy.rows
        self.show()

    # choosing

    def show(
        self, wanted: Filter | None = None, group: str = "severity", sort: str = "", descending: bool = False
    ) -> None:
        """Choose and order what ``groups``, ``counts`` and ``rows`` speak of; ``sort`` "" is worst first."""
        wanted = wanted or Filter()
        self._shown = (wanted, group, sort, descending)
        while wanted.words and self.make_searchable():
            pass
        condition, values = wanted.condition()
        way = "DESC" if descending else "ASC"
        order = [GROUP_SQL[group]] if group != "none" else []
        if sort:
            expression = SORT_SQL[sort]
            order.append(f"{expression.format(way=way) if '{way}' in expression else expression} {way}")
        order.append("n")
        self._memory.execute("DROP TABLE IF EXISTS shown")
        self._memory.execute("CREATE TABLE shown (position INTEGER PRIMARY KEY, n INTEGER)")
        self._memory.execute(
            f"INSERT INTO shown (n) SELECT n FROM listing WHERE {condition} ORDER BY {', '.join(order)}",  # nosec B608
            values,
        )
        key = "severity" if group == "severity" else GROUP_SQL[group]
        self._groups = [
            Group(tuple(str(name).split(BETWEEN)), count, opened, area)
            for name, count, opened, area in self._memory.execute(
                f"SELECT {key}, count(*), sum(status = 'open'), total(area_m2) FROM listing WHERE {condition}"  # nosec B608
                f" GROUP BY {GROUP_SQL[group]} ORDER BY {GROUP_SQL[group]}",
                values,
            )
        ]
        self.rows_fetched += len(self._groups)

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

    def positions_of(self, findings: Iterable[tuple[int, str]]) -> list[int | None]:
        """Where findings, given as (fid, finding_id), are in what is shown; None for one that is not.

        A finding is known by its id: a run that has put a new store in the old one's place may have given its number to another.
        The number tells only two rows of one id apart.
        """
        asked = [(place, fid, finding_id) for place, (fid, finding_id) in enumerate(findings)]
        self._memory.execute("BEGIN")
        self._memory.execute("DROP TABLE IF EXISTS asked")
        self._memory.execute("CREATE TABLE asked (place INTEGER PRIMARY KEY, fid, finding_id)")
        self._memory.executemany("INSERT INTO asked VALUES (?, ?, ?)", asked)
        self._memory.execute("COMMIT")
        positions: list[int | None] = [None] * len(asked)
        for place, position in self._memory.execute(
            "SELECT a.place, s.position FROM asked a JOIN listing l ON l.finding_id = a.finding_id JOIN shown s ON s.n = l.n"
            " ORDER BY a.place, l.fid = a.fid, s.position DESC"
        ):
            positions[place] = position - 1  # the best comes last
        return positions

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
        """All values of a finding and its outline as WKB, from the file; None when it is gone.

        ``fid`` is a number of this list. A run may have put a new store in the old one's place since: its layer may have another
        name, and the number may be another finding's, so the finding is looked for by its id.
        """
        known = self._memory.execute("SELECT finding_id FROM listing WHERE fid = ?", (fid,)).fetchone()
        if known is None:
            return None
        with reading(self.path) as session:
            layout = layout_of(session)
            there = session.columns_of(layout.table)
            names = [*FINDING_COLUMNS, *(name for name in TOLD_OF_CHANGE if name in there)]
            columns = ", ".join([*map(quoted, names), session.outline(layout.geometry)])
            key = quoted(layout.key)
            rows = session.execute(
                f"SELECT {columns} FROM {layout.layer} WHERE {key} = ? OR finding_id = ?"  # nosec B608
                f" ORDER BY CASE {key} WHEN ? THEN 0 ELSE 1 END, {key}",
                (fid, known[0], fid),
            ).fetchall()
        place = FINDING_COLUMNS.index("finding_id")
        row = next((row for row in rows if row[place] == known[0]), None)
        self.rows_read += row is not None
        return None if row is None else (dict(zip(names, row)), wkb(row[-1]))

    def outlines(self, findings: Sequence[str]) -> list[bytes]:
        """The outlines of findings, by their ids, as WKB, from the file; in no order, without those that are gone."""
        found: list[bytes] = []
        with reading(self.path) as session:
            layout = layout_of(session)
            outline = session.outline(layout.geometry)
            for start in range(0, len(findings), OUTLINES_AT_ONCE):
                asked = findings[start : start + OUTLINES_AT_ONCE]
                marks = ", ".join("?" for _ in asked)
                question = f"SELECT {outline} FROM {layout.layer} WHERE finding_id IN ({marks})"  # nosec B608
                found += [wkb(row[0]) for row in session.execute(question, asked).fetchall() if row[0] is not None]
        self.rows_read += len(found)
        return found

    def run(self, run_id: str) -> dict[str, str]:
        """What is recorded of a run; nothing where the store has no runs."""
        with reading(self.path) as session:
            if not layout_of(session).runs:
                return {}
            found = session.execute("SELECT * FROM runs WHERE run_id = ?", (run_id,))
            names = [column[0] for column in found.description]
            row = found.fetchone()
        return {} if row is None else {name: str(value or "") for name, value in zip(names, row)}

    # what others do

    def refresh(self, busy_s: float = BUSY_S) -> str:
        """Take over what was written since: "" nothing, "decisions" (statuses only) or "all" (the findings themselves)."""
        if time.monotonic() < self._not_before:
            return ""
        try:
            told = news(self._copy, busy_s)
        except PlanError as error:
            if error.key in UNREACHABLE:  # to ask a server that is gone takes seconds each time
                self._not_before = time.monotonic() + ASK_AGAIN_S
            raise
        if told.findings:
            self._reload()
            return "all"
        self._copy, self.layout = told.copy, told.copy.layout
        self.rows_read += len(told.decisions)
        for finding_id, status, lapsed, _ in told.decisions:
            self._memory.execute(
                "UPDATE listing SET status = ?, lapsed = ? WHERE finding_id = ?", (status, lapsed, finding_id)
            )
        if told.decisions:
            self.show(*self._shown)
        return "decisions" if told.decisions else ""

    def _reload(self) -> None:
        shown = self._shown
        self.load()
        self.show(*shown)


__all__ = ["CHANGES", "GROUPS", "HANDLED", "LAPSED", "SORTS", "Counts", "Filter", "Group", "Listing", "Row", "folded"]
