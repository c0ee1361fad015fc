"""A store in which one text holds a byte that is no UTF-8: everything that reads it goes on, and one character is strange."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import stores
from planconcord.engine.errors import PlanError
from planconcord.engine.identity.comparing import compare_findings
from planconcord.engine.identity.previous import read_previous
from planconcord.engine.report.reading import read_contents
from planconcord.engine.store import write_store
from planconcord.engine.store.decisions import decide, expired, history, undo
from planconcord.engine.store.listing import Filter, Listing
from planconcord.engine.store.opening import notes
from planconcord.engine.tolerance import Tolerance

BAD = "CAST(x'4b68' || x'f4' || x'6e67' AS TEXT)"
"""A word in Windows-1258."""
SEEN = "Kh\ufffdng"
COLUMNS = [
    *(("findings", name) for name in ("finding_id", "rule", "severity", "status", "territory", "plan_a", "zone_a")),
    *(("findings", name) for name in ("code_b", "verdict", "must_adjust", "reference", "message", "run_id")),
    *(("decisions", name) for name in ("finding_id", "who", "note", "document", "expiry", "decided")),
    *(("runs", name) for name in ("run_id", "libraries", "options")),
    *(("edits", name) for name in ("finding_id", "what")),
    ("measures", "name"),
]


def spoilt(path: Path, table: str, column: str) -> str:
    """A store of four findings, two of them decided, with a bad byte in the last row of a column; the first finding's id."""
    runs = pd.DataFrame([{name: "run-1" for name, _ in stores.RUN_FIELDS}]).assign(tolerance_width_m=1.0)
    measures = pd.DataFrame(
        [{"name": "gap_count", "value": 1.0, "unit": "count", "plan": "", "territory": "", "run_id": ""}]
    )
    runs["tolerance_area_m2"] = 0.0
    write_store(path, stores.findings(4), measures, runs)
    ids = stores.ids(path)
    decide(path, ids[:2], "waived", "Lan", "đã thống nhất", "12/QĐ", "2026-01-01")
    stores.tell(path, "UPDATE findings SET share_a = 0.5 WHERE fid = 4")
    stores.tell(
        path,
        "DROP TRIGGER planconcord_keep_update",
        f"UPDATE {table} SET {column} = {BAD} WHERE fid = (SELECT max(fid) FROM {table})",
    )
    return ids[0]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_bad_byte_stops_nobody(tmp_path: Path, table: str, column: str) -> None:
    path = tmp_path / "store.gpkg"
    first = spoilt(path, table, column)
    earlier = read_previous(path)
    assert len(earlier.findings) == 4 and len(earlier.decisions) == 2
    if table == "findings":
        assert earlier.findings[column].tolist().count(SEEN) == 1
    _, counts, log = compare_findings(earlier.findings, earlier.findings, Tolerance(1.0), "vi")
    assert sum(counts.values()) == 4 and len(log) == 2 * (table == "findings")
    listing = Listing(path)
    listing.show(Filter(text="chồng"), "territory", "message")
    listing.show()
    assert len(rows := listing.rows(0, 9)) == 4
    assert all(listing.whole(row.fid) for row in rows)
    listing.run("run-1"), listing.choices("rule"), notes(path), expired(path, date(2026, 6, 1))
    contents = read_contents(path, date(2026, 6, 1))
    assert len(contents.entries()) == 4
    made = decide(path, [first], "accepted", "Minh")
    assert listing.refresh() in ("all", "decisions")
    undo(path, made, "Minh")
    before = history(path)
    assert len(before) == 4
    empty = [
        pd.DataFrame(columns=[name for name, _ in fields]) for fields in (stores.MEASURE_FIELDS, stores.RUN_FIELDS)
    ]
    write_store(path, stores.findings(4), *empty)
    assert history(path) == before


def test_a_bad_byte_in_what_the_store_says_of_itself_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.gpkg"
    spoilt(path, "measures", "name")
    stores.tell(path, f"UPDATE store SET value = {BAD} WHERE name = 'schema_version'")
    with pytest.raises(PlanError) as error:
        read_previous(path)
    assert error.value.key == "error.store_damaged"
