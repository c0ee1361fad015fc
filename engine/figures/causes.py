"""What a table's wrong sums are likely caused by: one change of cells that closes them all exactly.

Goes in: a FigureTable, its sums, and which of them do not close. Comes out: for each wrong sum a
Cause, or None. A cause counts only where it closes every wrong sum that its cells take part in,
opens none that closed, and no other cause of its kind closes as many: two columns exchanged in a
row, a value in another row, a lost sign, a factor of ten, one cell that two sums agree on; at last
a natural area that changed by just this difference. Nothing is corrected. Never fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .layout import STOCK
from .rows import TOTAL
from .sums import Cell, Sum, allowed
from .table import FigureTable

KINDS = ("exchanged", "wrong_row", "sign", "factor", "cell")
FACTORS = (10.0, 0.1, 100.0, 0.01, 1000.0, 0.001)
MOST_CELLS = 400
"""Of one wrong sum; a sum of more is not searched."""


class Cause(NamedTuple):
    """``key``: how it is told. ``changes``: the value that each cell would have."""

    key: str
    changes: tuple[tuple[Cell, float], ...]
    closes: int


class Causes:
    """Look for causes in one table."""

    def __init__(self, table: FigureTable, sums: Sequence[Sum], wrong: Sequence[Sum], values: Mapping[Cell, float]):
        self._table, self._values = table, values
        self._wrong = set(map(id, wrong))
        self._by_cell: dict[Cell, list[Sum]] = {}
        for one in sums:
            for cell in one.cells:
                self._by_cell.setdefault(cell, []).append(one)
        self._allowed = {id(one): allowed(table, one) for one in sums}
        self._stock = [place for place, column in enumerate(table.columns) if column.role in STOCK]

    def of(self, one: Sum) -> Cause | None:
        """Return the cause of a wrong sum, None where there is none."""
        if len(one.cells) > MOST_CELLS:
            return None
        best: list[Cause] = []
        for kind in KINDS:
            found = [cause for changes in getattr(self, f"_{kind}")(one) if (cause := self._tried(kind, one, changes))]
            most = max((cause.closes for cause in found), default=0)
            first = [cause for cause in found if cause.closes == most]
            distinct = {frozenset(cause.changes): cause for cause in first}
            if len(distinct) == 1 and (not best or most > best[0].closes):
                best = [next(iter(distinct.values()))]
        return best[0] if best else self._boundary(one)

    def _tried(self, kind: str, one: Sum, changes: dict[Cell, float]) -> Cause | None:
        values = {**{cell: self._values[cell] for cell in self._around(changes)}, **changes}
        touched = {id(each): each for cell in changes for each in self._by_cell.get(cell, ())}
        if id(one) not in touched:
            return None
        if any(abs(each.off(values)) > self._allowed[key] for key, each in touched.items()):
            return None
        closes = sum(key in self._wrong for key in touched)
        if kind == "cell" and closes < 2:
            return None
        return Cause(f"figures.cause.{kind}", tuple(sorted(changes.items())), closes)

    def _around(self, changes: Mapping[Cell, float]) -> set[Cell]:
        return {cell for changed in changes for each in self._by_cell.get(changed, ()) for cell in each.cells}

    def _exchanged(self, one: Sum) -> Iterator[dict[Cell, float]]:
        for row, column in one.cells:
            for other in self._stock:
                here, there = (row, column), (row, other)
                if other != column and there in self._values and self._values[here] != self._values[there]:
                    yield {here: self._values[there], there: self._values[here]}

    def _wrong_row(self, one: Sum) -> Iterator[dict[Cell, float]]:
        """Yield a blank cell of the sum whose value, perhaps with another sign, stands in another
        row of its column.
        """
        for row, column in one.cells:
            here = (row, column)
            rows = range(len(self._table.rows))
            if self._table.figures[here].blank:
                sources = [((place, column), here) for place in rows if place != row]
            else:
                sources = [(here, (place, column)) for place in rows if self._table.figures[place, column].blank]
            for source, place in sources:
                if self._values.get(source):
                    for sign in (1.0, -1.0):
                        yield {place: sign * self._values[source], source: 0.0}

    def _sign(self, one: Sum) -> Iterator[dict[Cell, float]]:
        for cell in one.cells:
            if self._values[cell]:
                yield {cell: -self._values[cell]}

    def _factor(self, one: Sum) -> Iterator[dict[Cell, float]]:
        for cell in one.cells:
            for factor in FACTORS if self._values[cell] else ():
                yield {cell: self._values[cell] * factor}

    def _cell(self, one: Sum) -> Iterator[dict[Cell, float]]:
        """Yield the one figure that would close the sum, where another wrong sum asks for the
        same.
        """
        off = one.off(self._values)
        factors = {one.target: -1.0, **dict(one.terms)}
        for cell, factor in factors.items():
            if any(id(each) in self._wrong and each is not one for each in self._by_cell[cell]):
                yield {cell: self._values[cell] + off / factor}

    def _boundary(self, one: Sum) -> Cause | None:
        """Return the natural area that differs between two columns by what the sum is off."""
        total = next((place for place, row in enumerate(self._table.rows) if row.code == TOTAL), None)
        if total is None:
            return None
        places = self._stock
        off = abs(one.off(self._values))
        for number, place in enumerate(places):
            for other in places[number + 1 :]:
                before, after = self._values.get((total, place)), self._values.get((total, other))
                if not before or not after:
                    continue
                if (
                    abs(before - after) > self._allowed[id(one)]
                    and abs(abs(before - after) - off) <= self._allowed[id(one)]
                ):
                    return Cause("figures.cause.boundary", (((total, place), before), ((total, other), after)), 1)
        return None
