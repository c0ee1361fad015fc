"""Small findings stores for tests: squares in a row, written by the engine as a check writes them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from planconcord.engine.findings import MEASURE_FIELDS, assemble, batch
from planconcord.engine.run import RUN_FIELDS
from planconcord.engine.store import write_store

CRS = 5899
WEST, SOUTH, STEP_M, SIDE_M = 526_000.0, 1_658_000.0, 100.0, 50.0


def findings(count: int, side_m: float = SIDE_M, run_id: str = "run-1"):  # type: ignore[no-untyped-def]
    """``count`` overlaps of ``side_m`` in rows of 100; every third is a gap, every fifth a warning, in three territories."""
    numbers = np.arange(count)
    west, south = WEST + numbers % 100 * STEP_M, SOUTH + numbers // 100 * STEP_M
    squares = shapely.box(west, south, west + side_m, south + side_m)
    made = []
    for rule, severity, chosen in (
        ("coverage.overlap", "error", (numbers % 3 > 0) & (numbers % 5 > 0)),
        ("coverage.gap", "error", (numbers % 3 == 0) & (numbers % 5 > 0)),
        ("conformity.conditional", "warning", numbers % 5 == 0),
    ):
        rows = numbers[chosen]
        if not len(rows):
            continue
        made.append(
            batch(
                rule,
                squares[chosen],
                severity=severity,
                territory=[f"Huyện {number % 3}" for number in rows],
                plan_a="kế hoạch",
                zone_a=[f"A-{number}" for number in rows],
                code_a="LUC",
                plan_b="quy hoạch tỉnh" if severity == "warning" else "kế hoạch",
                zone_b=[f"B-{number}" for number in rows],
                code_b="ODT",
                area_m2=side_m * side_m + rows * 1.0,
                width_m=side_m,
            )
        )
    return assemble(made, CRS, "vi", run_id)


def write(path: Path, count: int = 10, **options: Any) -> list[str]:
    """A store with ``count`` findings; their ids in the order of the layer."""
    table = findings(count, **options)
    measures = pd.DataFrame(columns=[name for name, _ in MEASURE_FIELDS])
    runs = pd.DataFrame(columns=[name for name, _ in RUN_FIELDS])
    write_store(path, table, measures, runs)
    return list(table["finding_id"])


def ask(path: Path, question: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a store, read by plain sqlite3."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question, values).fetchall()
    finally:
        connection.close()


def tell(path: Path, *commands: str) -> None:
    """What another program does to a store: no function of GeoPackages, no care for history."""
    connection = sqlite3.connect(path)
    try:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            connection.create_function(name, 1, lambda _: 0)
        for command in commands:
            connection.execute(command)
        connection.commit()
    finally:
        connection.close()
