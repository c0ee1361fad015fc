"""The sums that a table of figures must satisfy, and how far each is off.

Goes in: a FigureTable. Comes out: Sums, each with the cell that is a sum of others: a row of its
parts, a total of its territories or years, what is allotted and set, a difference, what a heading's
formula says. A sum may be off by what rounding explains: half of the last printed place of each of
its figures, or five standard deviations of so many roundings, whichever is less. "Trong đó" is held
against at most. Cells that were not read take their sums out; these are counted. Never fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .layout import STOCK
from .rows import TOTAL, is_complete
from .table import FigureTable

Cell = tuple  # (row, column)
CLOSURE, SUM = "figures.closure", "figures.total"
FIVE_SIGMA = 5.0 / math.sqrt(3.0)
"""Of a rounding, whose error is spread evenly over twice its half unit."""


@dataclass(frozen=True)
class Sum:
    """``target`` must be the sum of ``terms``, each a cell with its factor.

    ``at_most``: the terms may be less. ``either_sign``: of the difference, which forms write both
    ways. ``key``: how the sum is told.
    """

    rule: str
    key: str
    target: Cell
    terms: tuple[tuple[Cell, float], ...]
    at_most: bool = False
    either_sign: bool = False

    @property
    def cells(self) -> list[Cell]:
        """Return all cells of the sum."""
        return [self.target, *(cell for cell, _ in self.terms)]

    def computed(self, values: Mapping[Cell, float]) -> float:
        """Return what the terms add up to."""
        made = math.fsum(factor * values[cell] for cell, factor in self.terms)
        target = values[self.target]
        return -made if self.either_sign and abs(target + made) < abs(target - made) else made

    def off(self, values: Mapping[Cell, float]) -> float:
        """Return the target less what the terms add up to, 0 where they may be less."""
        off = values[self.target] - self.computed(values)
        return min(off, 0.0) if self.at_most else off


def allowed(table: FigureTable, one: Sum) -> float:
    """Return by how much rounding may put a sum off."""
    halves = [table.half_unit(*cell) for cell in one.cells]
    return min(math.fsum(halves), FIVE_SIGMA * math.sqrt(math.fsum(half * half for half in halves))) * (1 + 1e-9)


def sums_of(table: FigureTable) -> tuple[list[Sum], int]:
    """Return the sums that can be tested, and how many cannot because a cell of theirs was not
    read.
    """
    every = [*_of_rows(table), *_of_columns(table)]
    there = [one for one in every if not table.unread.intersection(one.cells)]
    return there, len(every) - len(there)


def _filled(table: FigureTable, cell: Cell) -> bool:
    return not table.figures[cell].blank or cell in table.unread


def _of_rows(table: FigureTable) -> list[Sum]:
    """Return the sums of a row's parts, in each column in which rows add up."""
    parts: dict[int, list[int]] = {}
    for place, row in enumerate(table.rows):
        if row.parent is not None and not row.overlapping:
            parts.setdefault(row.parent, []).append(place)
    columns = [place for place, column in enumerate(table.columns) if column.role in (*STOCK, "difference")]
    made = []
    for parent, rows in parts.items():
        row = table.rows[parent]
        whole = is_complete(row, [table.rows[one] for one in rows])
        of_which = [one for one in rows if not table.rows[one].part]
        named = rows if whole and len(of_which) in (0, len(rows)) else [r for r in rows if r not in of_which]
        groups = [(named, not whole)] if named else []
        groups += [([one], True) for one in of_which if one not in named]
        for column in columns:
            if table.columns[column].role == "difference" or table.columns[column].formula:
                groups_here = [
                    group for group in groups if not group[1]
                ]  # of changes a part may be more than the whole
            else:
                groups_here = groups
            for group, at_most in groups_here:
                terms = tuple(((one, column), 1.0) for one in group)
                if any(_filled(table, cell) for cell, _ in terms):
                    rule = SUM if row.code == TOTAL else CLOSURE
                    key = "figures.sum.at_most" if at_most else "figures.sum.rows"
                    made.append(Sum(rule, key, (parent, column), terms, at_most))
    return made


def _of_columns(table: FigureTable) -> list[Sum]:
    """Return totals, differences and formulas of headings, in each row."""
    by_role: dict[str, list[int]] = {}
    for place, column in enumerate(table.columns):
        by_role.setdefault(column.role, []).append(place)
    one = {role: places[0] for role, places in by_role.items() if len(places) == 1}
    wanted: list[tuple[str, str, int, list[tuple[int, float]], bool]] = []
    if "total" in one and by_role.get("unit"):
        wanted.append((SUM, "figures.sum.units", one["total"], [(place, 1.0) for place in by_role["unit"]], False))
    if "total" in one and by_role.get("year"):
        wanted.append((SUM, "figures.sum.years", one["total"], [(place, 1.0) for place in by_role["year"]], False))
    if {"total", "allotted", "set"} <= one.keys():
        wanted.append((CLOSURE, "figures.sum.set", one["total"], [(one["allotted"], 1.0), (one["set"], 1.0)], False))
    if {"difference", "approved", "result"} <= one.keys() and not table.columns[one["difference"]].formula:
        terms = [(one["result"], 1.0), (one["approved"], -1.0)]
        wanted.append((CLOSURE, "figures.sum.difference", one["difference"], terms, True))
    numbers = {column.number: place for place, column in enumerate(table.columns) if column.number is not None}
    for place, column in enumerate(table.columns):
        if column.formula and all(number in numbers for number, _ in column.formula):
            terms = [(numbers[number], factor) for number, factor in column.formula]
            wanted.append((CLOSURE, "figures.sum.formula", place, terms, False))
    return [made for row in range(len(table.rows)) for want in wanted if (made := _in_row(table, row, *want))]


def _in_row(
    table: FigureTable, row: int, rule: str, key: str, target: int, terms: list[tuple[int, float]], either: bool
) -> Sum | None:
    """Return the sum in one row.

    None where its terms are all blank, as what is set is in rows that nobody allots.
    """
    cells = tuple(((row, place), factor) for place, factor in terms)
    if not any(_filled(table, cell) for cell, _ in cells):
        return None
    return Sum(rule, key, (row, target), cells, either_sign=either)
