"""Small findings stores for tests: squares in a row, written by the engine as a check writes them."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import assemble, batch
from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS
from planconcord.engine.store import write_store
from planconcord.engine.store.place import Place, PostgisSchema

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


def write(path: Place, count: int = 10, **options: Any) -> list[str]:
    """A store with ``count`` findings; their ids in the order of the layer."""
    table = findings(count, **options)
    measures = pd.DataFrame(columns=[name for name, _ in MEASURE_FIELDS])
    runs = pd.DataFrame(columns=[name for name, _ in RUN_FIELDS])
    write_store(path, table, measures, runs)
    return list(table["finding_id"])


def as_role(store: PostgisSchema, user: str) -> PostgisSchema:
    """The same store, seen by another role."""
    return PostgisSchema.of(store.schema, {**dict(store.parameters), "user": user, "password": store.password})


def ids(path: Place) -> list[str]:
    """The findings of a store in the order of its layer."""
    return [row[0] for row in ask(path, "SELECT finding_id FROM findings ORDER BY fid")]


def statuses(path: Place) -> dict[str, str]:
    """What the layer of findings shows."""
    return dict(ask(path, "SELECT finding_id, status FROM findings"))


def ask(path: Place, question: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of a store, read by a program that knows nothing of stores."""
    with closing(_connected(path)) as connection:
        cursor = connection.cursor()
        cursor.execute(_worded(path, question), values)
        return list(cursor.fetchall())


def tell(path: Place, *commands: str) -> None:
    """What another program does to a store, in one transaction: no function of GeoPackages, no care for history."""
    with closing(_connected(path)) as connection:
        for command in commands:
            connection.cursor().execute(command)
        connection.commit()


def _worded(path: Place, question: str) -> str:
    return question.replace("?", "%s") if isinstance(path, PostgisSchema) else question


def _connected(path: Place) -> Any:
    if isinstance(path, PostgisSchema):
        import psycopg2

        schema = path.schema.replace('"', '""')
        options = {**dict(path.parameters), "password": path.password}
        connection = psycopg2.connect(**options)
        connection.cursor().execute(f'SET search_path = "{schema}", public')
        connection.commit()
        return connection
    connection = sqlite3.connect(path)
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        connection.create_function(name, 1, lambda _: 0)
    return connection


def start(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    """A process that runs ``code``; a place among the arguments goes to it as a text, with its password."""
    told = [_in_full(one) if isinstance(one, PostgisSchema) else str(one) for one in arguments]
    command = [sys.executable, "-c", textwrap.dedent(code), *told]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]


def _in_full(place: PostgisSchema) -> str:
    return f"{place} password={place.password}"


def ended(*processes: subprocess.Popen[str]) -> list[str]:
    """What the processes printed, after each has ended well."""
    outputs = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        outputs.append(out)
    return outputs


def state(path: Place) -> object:
    """What must not change when something is refused: a file's bytes, every row of a schema."""
    if not isinstance(path, PostgisSchema):
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    tables = ask(path, "SELECT tablename FROM pg_tables WHERE schemaname = ? ORDER BY tablename", path.schema)
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ? ORDER BY 1, 2"
    rows = {table: ask(path, f'SELECT t::text FROM "{table}" t ORDER BY 1') for (table,) in tables}
    return ask(path, columns, path.schema), rows


def refused(key: str, path: Place, action: Callable[[], object]) -> PlanError:
    """The error of ``action``, which must be ``key`` and leave the store as it was."""
    before = state(path)
    with pytest.raises(PlanError) as caught:
        action()
    assert caught.value.key == key, caught.value
    assert state(path) == before
    said_well(caught.value, path)
    return caught.value


def fails(key: str, path: Place, action: Callable[[], object]) -> PlanError:
    """The error of ``action``, which must be ``key``."""
    with pytest.raises(PlanError) as caught:
        action()
    assert caught.value.key == key, caught.value
    said_well(caught.value, path)
    return caught.value


def said_well(error: PlanError, path: Place) -> None:
    """A message is complete in both languages and never tells a password."""
    for language in ("vi", "en"):
        said = error.text(language)
        assert "{" not in said
        assert not isinstance(path, PostgisSchema) or not path.password or path.password not in said
