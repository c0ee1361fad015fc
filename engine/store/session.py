"""What every kind of store can do while it is open: the few things that SQLite and PostgreSQL say
differently.

Everything else of the store is SQL that both understand, with ``?`` for each value, names of tables
and columns through :func:`quoted`. :mod:`.geopackage` and :mod:`.postgis` are the two kinds. A
fault of the database becomes a PlanError in whoever opened the session (:mod:`.connection`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from .place import Place


def quoted(name: str) -> str:
    """Return a name of a table or column inside SQL."""
    return '"' + name.replace('"', '""') + '"'


class Session(ABC):
    """An open store. The tables are found by their bare names."""

    place: Place
    damaged = "error.store_damaged"
    """The message for a store that nothing of ours has written."""
    none = "error.store_no_findings"
    """The message for a place that holds no findings."""
    status_follows = False
    """Whether the store itself sets the status of a finding when a decision is written."""

    @abstractmethod
    def execute(self, sql: str, values: Sequence[object] = ()) -> Any:
        """Return a cursor: fetchone, fetchall, description, rowcount."""

    @abstractmethod
    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement with many values."""

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], values: Sequence[object]) -> int:
        """Write one row; its number."""

    @abstractmethod
    def require_tables(self) -> set[str]:
        """Return the tables and views of the store; PlanError where this is no place for a store at
        all.
        """

    @abstractmethod
    def columns_of(self, table: str) -> list[str]:
        """Return the columns of ``table``; none where there is no such table."""

    @abstractmethod
    def layers(self) -> list[tuple[str, str, int]]:
        """(table, geometry column, number of the CRS) of the layers, in their order."""

    @abstractmethod
    def key_of(self, table: str) -> str:
        """Return the column that numbers the rows of a layer."""

    @abstractmethod
    def srs_of(self, srs_id: int) -> str:
        """Return a CRS as "EPSG:5899" or WKT, "" where it is not known."""

    @abstractmethod
    def outline(self, column: str) -> str:
        """Return the SQL expression that gives a geometry in the form that :func:`wkb` takes."""

    @abstractmethod
    def box(self, table: str, geometry: str, key: str, schema: str = "") -> tuple[str, str]:
        """SQL for the bounds of the layer ``f``: four expressions, and what must be joined for
        them.
        """

    @abstractmethod
    def make_own_tables(self) -> None:
        """Create the tables of decisions, edits and what the store consists of, where they are
        absent.
        """

    @abstractmethod
    def guard(self, findings: str, geometry: str) -> None:
        """Let nobody change the history, and put on record what is edited by hand."""

    @abstractmethod
    def is_guarded(self, findings: str) -> bool:
        """Return whether ``guard`` needs no call; a store that costs nothing to guard again says
        no.
        """

    @abstractmethod
    def tell(self, known: dict[str, str]) -> None:
        """Write into the table ``store``."""

    @abstractmethod
    def touched(self, *tables: str, when: str) -> None:
        """Tell other programs that ``tables`` have changed."""

    @abstractmethod
    def changed(self, findings: str, has_decisions: bool) -> tuple[str, int]:
        """Return what is another when the layer of findings has been written anew, and when it was
        edited by hand.
        """


ENVELOPE_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def wkb(value: Any) -> bytes:
    """Return the WKB of a geometry as :meth:`Session.outline` gives it, b"" where there is none."""
    blob = bytes(value or b"")
    if blob[:2] == b"GP":
        return blob[8 + ENVELOPE_BYTES.get(blob[3] >> 1 & 7, 0) :]
    return blob if blob[:1] in (b"\0", b"\1") else b""
