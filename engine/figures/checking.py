"""Does a table of figures agree with itself?

Goes in: a file of tables. Comes out: a FiguresResult: findings figures.closure and figures.total
for each sum that is off by more than its rounding, with the cells, what is printed (declared_ha),
what its parts add up to (measured_ha), the difference and the likely cause; figures.unread for what
could not be understood; the tables as they were understood. Findings have no place: their geometry
is null. A file without any sum that could be tested is not assessed, which is no pass. Fails with
PlanError as the readers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..catalogue import number, text
from ..errors import PlanError
from ..findings import CheckResult, Measure, Outcome, assemble, batch
from ..progress import Progress
from .causes import Cause, Causes
from .grids import read_grids
from .rows import TOTAL
from .sums import CLOSURE, SUM, Sum, allowed, sums_of
from .table import TABLE_FIELDS, FigureTable, table_of

UNREAD = "figures.unread"
SHOWN_TERMS = 6


@dataclass
class FiguresResult(CheckResult):
    """``table``: what was understood, a row for each figure, with the columns of TABLE_FIELDS."""

    table: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_tables(path: Path, language: str) -> tuple[list[FigureTable], list[str]]:
    """Read the tables of a file, and what a person should know of how they were read.

    PlanError where there is none.
    """
    grids = read_grids(path)
    found = [(grid, table_of(grid, path.name)) for grid in grids]
    tables = [table for _, table in found if table is not None]
    without = [grid.sheet or path.name for grid, table in found if table is None]
    if not tables:
        raise PlanError("figures.file.no_table", file=path.name, sheets=", ".join(filter(None, without)) or "–")
    log = [text(key, language, **values) for grid in grids for key, values in grid.notes]
    if without:
        log.append(text("figures.note.without", language, count=len(without), sheets=", ".join(without)))
    for table in tables:
        counts = {"rows": len(table.rows), "columns": len(table.columns), "unread": len(table.unread)}
        log.append(text("figures.note.understood", language, sheet=table.sheet or table.file, **counts))
        log += [text(key, language, **values) for key, values in table.notes]
    return tables, log


def check_tables(
    tables: Sequence[FigureTable], crs: object, language: str, run_id: str, progress: Progress | None = None
) -> FiguresResult:
    """Hold each table against itself."""
    progress = progress or Progress()
    batches, log, tested, skipped = [], [], 0, 0
    for place, table in enumerate(tables):
        progress.step(place / len(tables), table.sheet)
        progress.checkpoint()
        sums, untested = sums_of(table)
        tested, skipped = tested + len(sums), skipped + untested
        values = {cell: printed.value for cell, printed in table.figures.items() if printed.value is not None}
        wrong = [one for one in sums if abs(one.off(values)) > allowed(table, one)]
        causes = Causes(table, sums, wrong, values)
        batches += [_finding(table, one, values, causes.of(one), language) for one in wrong]
        batches += _doubts(table, language)
        log += _alone(table, sums, language)
    log.append(text("figures.note.tested", language, count=tested, skipped=skipped))
    findings = assemble(batches, crs, language, run_id)
    rows = [row for table in tables for row in table.understood()]
    understood = pd.DataFrame(rows, columns=[name for name, _ in TABLE_FIELDS])
    counts = {rule: int((findings["rule"] == rule).sum()) for rule in (CLOSURE, SUM, UNREAD)}
    measures = [
        Measure("table_count", len(tables), "count"),
        Measure("figure_count", len(understood), "count"),
        Measure("sum_count", tested, "count"),
        Measure("untested_count", skipped, "count"),
        Measure("closure_count", counts[CLOSURE] + counts[SUM], "count"),
        Measure("unread_count", counts[UNREAD], "count"),
    ]
    failed = bool((findings["severity"] == "error").any())
    status: Outcome = "failed" if failed else "passed" if tested else "not_assessed"
    progress.step(1.0)
    return FiguresResult(findings, measures, status, log, plan=tables[0].file, table=understood)


def _finding(table: FigureTable, one: Sum, values: dict, cause: Cause | None, language: str) -> pd.DataFrame:
    printed, computed = values[one.target], one.computed(values)
    row, column = one.target
    told = {
        "printed": _shown(table, one.target, printed, language),
        "computed": _shown(table, one.target, computed, language),
        "difference": _shown(table, one.target, abs(printed - computed), language),
        "rounding": number(allowed(table, one), 3, language, trim=True),
        "terms": _terms(table, one),
    }
    detail = text(one.key, language, **told)
    if cause is not None:
        detail += " " + _told_cause(table, cause, language)
    return batch(
        one.rule,
        [None],
        plan_a=table.file,
        zone_a=_where(table, table.cell(*one.target)),
        zone_b="+".join(table.cell(*cell) for cell, _ in one.terms[:SHOWN_TERMS]),
        code_a="" if table.rows[row].code == TOTAL else table.rows[row].code,
        name_a=f"{table.rows[row].shown}, {table.columns[column].title}",
        declared_ha=printed,
        measured_ha=computed,
        difference_ha=computed - printed,
        verdict="" if cause is None else cause.key.rpartition(".")[2],
        detail=detail,
    )


def _told_cause(table: FigureTable, cause: Cause, language: str) -> str:
    (first, value), *rest = cause.changes
    other = rest[0][0] if rest else first
    return text(
        cause.key,
        language,
        cell=table.cell(*first),
        other=table.cell(*other),
        value=_shown(table, first, value, language),
        other_value=_shown(table, other, rest[0][1] if rest else value, language),
    )


def _doubts(table: FigureTable, language: str) -> list[pd.DataFrame]:
    return [
        batch(
            UNREAD,
            [None],
            plan_a=table.file,
            zone_a=_where(table, doubt.cell),
            detail=text(doubt.key, language, **doubt.values),
        )
        for doubt in table.doubts
    ]


def _alone(table: FigureTable, sums: Sequence[Sum], language: str) -> list[str]:
    """Name the columns that no sum reaches, which is told because nothing of them was tested."""
    reached = {column for one in sums for _, column in one.cells}
    titles = [column.title for place, column in enumerate(table.columns) if place not in reached]
    where = table.sheet or table.file
    return [text("figures.note.alone", language, sheet=where, columns="; ".join(titles))] if titles else []


def _terms(table: FigureTable, one: Sum) -> str:
    cells = [("−" if factor < 0 else "+") + table.cell(*cell) for cell, factor in one.terms]
    return "".join(cells[:SHOWN_TERMS]).lstrip("+") + (" …" if len(cells) > SHOWN_TERMS else "")


def _where(table: FigureTable, cell: str) -> str:
    return f"{table.sheet}!{cell}" if table.sheet else cell


def _shown(table: FigureTable, cell: tuple[int, int], value: float, language: str) -> str:
    decimals = max(table.figures[cell].decimals, 0)
    exact = round(value, 4)
    while decimals < 4 and round(exact, decimals) != exact:
        decimals += 1
    return number(value, decimals, language)
