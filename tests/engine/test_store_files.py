"""Files that are no store, or cannot be written: refused in words, and left as they were. Older stores are brought up to date."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from planconcord.engine.checks.settings import Settings
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import CheckResult
from planconcord.engine.identity.inheritance import inherit
from planconcord.engine.identity.previous import read_previous
from planconcord.engine.identity.scope import plans_of
from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS
from planconcord.engine.store import connection, geopackage, schema, write_store
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.store.listing import Listing
from planconcord.engine.store.opening import look_into, notes
from planconcord.engine.store.writing import put_in_place
from planconcord.engine.tolerance import Tolerance
from stores import ask, ended, findings, ids, refused, start, state, statuses, tell, write

WHO = "Trần Thị Bình"


@pytest.fixture()
def store(tmp_path: Path) -> Path:
    path = tmp_path / "kho phát hiện #1 100%.gpkg"
    write(path)
    return path


def test_the_status_can_be_seen_by_any_reader_of_geopackages(store: Path) -> None:
    first = ids(store)[0]
    decide(store, [first], "accepted", WHO)
    layers = [name for name, _ in pyogrio.list_layers(store)]
    assert layers[0] == "findings" and {"measures", "runs", "decisions", "edits", "store"} <= set(layers)
    read = pyogrio.read_dataframe(store, layer="findings")
    assert read.set_index("finding_id").loc[first, "status"] == "accepted"
    assert len(pyogrio.read_dataframe(store, layer="decisions")) == 1


def test_a_store_of_a_newer_version_is_refused(store: Path) -> None:
    found = ids(store)
    tell(store, "UPDATE store SET value = '3' WHERE name = 'schema_version'")
    error = refused("error.store_newer", store, lambda: look_into(store))
    assert "3" in error.text("vi")
    refused("error.store_newer", store, lambda: decide(store, found[:1], "accepted", WHO))
    refused("error.store_newer", store, lambda: write(store, 3))


@pytest.mark.parametrize("table", ["findings", "decisions", "edits", "runs", "measures", "store"])
def test_a_missing_table_is_named(store: Path, table: str) -> None:
    tell(store, f"DROP TABLE {table}")
    error = refused("error.store_table_missing", store, lambda: look_into(store))
    assert error.values["table"] == table


def test_a_missing_column_is_named(store: Path) -> None:
    tell(
        store,
        *(f"DROP TRIGGER planconcord_{what}" for what in schema.EDITS),
        "ALTER TABLE findings DROP COLUMN area_m2",
    )
    error = refused("error.store_column_missing", store, lambda: look_into(store))
    assert (error.values["table"], error.values["columns"]) == ("findings", "area_m2")


def test_what_is_no_store_is_refused(tmp_path: Path, store: Path) -> None:
    text = tmp_path / "thư.gpkg"
    text.write_text("không phải GeoPackage " * 100, encoding="utf-8")
    refused("error.store_damaged", text, lambda: look_into(text))
    half = tmp_path / "half.gpkg"
    half.write_bytes(store.read_bytes()[:4096])
    refused("error.store_damaged", half, lambda: decide(half, ["x"], "accepted", WHO))
    with pytest.raises(PlanError) as caught:
        look_into(tmp_path / "không có.gpkg")
    assert caught.value.key == "error.store_missing" and not (tmp_path / "không có.gpkg").exists()


def test_a_locked_store_says_so_after_a_while(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
        import sqlite3, sys
        made = sqlite3.connect(sys.argv[1], isolation_level=None)
        made.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.readline()
    """
    other = start(code, store, stdin=subprocess.PIPE)
    assert other.stdout and other.stdout.readline() == "locked\n"
    first = ids(store)[0]
    monkeypatch.setattr(connection, "BUSY_S", 0.3)
    refused("error.store_locked", store, lambda: decide(store, [first], "accepted", WHO))
    assert len(history(store)) == 0, "reading goes on meanwhile"
    assert other.stdin
    other.stdin.close()
    ended_after = other.wait(20)
    assert ended_after == 0
    assert decide(store, [first], "accepted", WHO)


AS_SOMEBODY = """
import os, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
from planconcord.engine.errors import PlanError
from planconcord.engine.store.decisions import decide, history
path, finding = sys.argv[1:]
try:
    decide(path, [finding], "accepted", "x")
except PlanError as error:
    print(error.key, len(history(path)))
"""


@pytest.mark.parametrize("kind", ["file", "folder", "folder with a write-ahead log"])
def test_a_read_only_store_can_be_read_and_says_why_it_cannot_be_decided(tmp_path: Path, kind: str) -> None:
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("needs another user to whom a file is read-only; only root can become one")
    folder = Path("/var/tmp") / f"planconcord-{os.getpid()}-{kind.replace(' ', '')}"
    folder.mkdir()
    try:
        path = folder / "store.gpkg"
        first = write(path)[0]
        decide(path, [first], "waived", WHO, note="x")
        if "log" in kind:
            tell(path, "PRAGMA journal_mode = wal")
        path.chmod(0o444 if kind == "file" else 0o666)
        folder.chmod(0o777 if kind == "file" else 0o555)
        before = state(path)
        if not _reachable(path):
            pytest.skip("the checkout cannot be read by another user here")
        (told,) = ended(start(AS_SOMEBODY, path, first))
        assert told.split() == ["error.store_read_only" if kind == "file" else "error.store_folder_read_only", "1"]
        assert state(path) == before
    finally:
        folder.chmod(0o777)
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()


def _reachable(path: Path) -> bool:
    code = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534); import planconcord.engine.store"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_a_disk_that_fills_up_loses_nothing(store: Path) -> None:
    first = ids(store)[0]
    before = state(store)

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    code = """
        import signal, sys
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        from planconcord.engine.errors import PlanError
        from planconcord.engine.store.decisions import decide
        try:
            decide(sys.argv[1], [sys.argv[2]], "accepted", "x")
        except PlanError as error:
            print(error.key)
    """
    (told,) = ended(start(code, store, first, preexec_fn=no_room))
    assert told.strip() in ("error.store_disk", "error.store_full")
    assert history(store) == [] and statuses(store)[first] == "open"
    if not Path(f"{store}-journal").exists():
        assert state(store) == before


def test_a_full_disk_is_called_so(store: Path) -> None:
    full = geopackage.fault(sqlite3.OperationalError("database or disk is full"), store, 10.0)
    assert full.key == "error.store_full" and "đầy" in full.text("vi")


def test_a_store_in_the_temporary_folder_of_qgis_says_that_it_will_be_deleted(tmp_path: Path) -> None:
    for folder, told in (
        ("processing_AbC1xZ", ["store.note_temporary"]),
        ("processing", []),
        ("processing_results", []),
    ):
        place = tmp_path / folder / "a1b2" / "FINDINGS.gpkg"
        write(place)
        assert [key for key, _ in notes(place)] == told


# ── older stores ────────────────────────────────────────────────────────────────────────────────────────────────────────


def version_1(path: Path) -> list[str]:
    """What the first release wrote."""
    found = write(path)
    triggers = [
        row[0]
        for row in ask(path, "SELECT name FROM sqlite_master WHERE name LIKE 'planconcord%' AND type = 'trigger'")
    ]
    tell(
        path,
        *(f"DROP TRIGGER {name}" for name in triggers),
        "DROP INDEX planconcord_finding_id",
        *(f"DROP TABLE {name}" for name in schema.OWN_TABLES),
        "DELETE FROM gpkg_contents WHERE table_name IN ('decisions', 'edits', 'store')",
        "CREATE TABLE decisions (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, finding_id TEXT, status TEXT, who TEXT,"
        " decided TEXT, note TEXT, document TEXT, expiry TEXT)",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('decisions', 'attributes', 'decisions', 0)",
        f"INSERT INTO decisions (finding_id, status, who, decided) VALUES ('{found[0]}', 'accepted', 'A', '2026-01-01')",
        f"INSERT INTO decisions (finding_id, status, who, decided, note) VALUES ('{found[0]}', 'waived', 'B', '2026-01-02', 'n')",
    )
    return found


def test_a_store_of_version_1_is_read_as_it_is_and_migrated_by_the_first_decision(tmp_path: Path) -> None:
    path = tmp_path / "store.gpkg"
    found = version_1(path)
    before = path.read_bytes()
    told = [("open", "accepted", "A"), ("accepted", "waived", "B")]
    assert look_into(path).version == 1
    assert [(d.from_status, d.to_status, d.who) for d in history(path)] == told
    assert [d.number for d in history(path, found[0], after=1)] == [2] and history(path, found[1]) == []
    assert {row.finding_id: row.status for row in Listing(path).rows(0, 99)}[found[0]] == "waived"
    assert path.read_bytes() == before
    decide(path, found[1:2], "accepted", WHO)
    assert look_into(path).version == schema.SCHEMA_VERSION
    assert [(d.from_status, d.to_status, d.who) for d in history(path)] == [
        *told,
        ("open", "accepted", WHO),
    ]
    copy = tmp_path / "store.version1.gpkg"
    assert look_into(copy).version == 1
    assert ask(copy, "SELECT * FROM findings") and ask(copy, "SELECT count(*) FROM decisions") == [(2,)]


def test_the_decisions_of_a_store_of_version_1_survive_a_run_that_writes_onto_it(tmp_path: Path) -> None:
    path, beside = tmp_path / "store.gpkg", tmp_path / "beside.gpkg"
    found = version_1(path)
    told = history(path)
    write(beside)
    shutil.copy(path, tmp_path / "previous.gpkg")
    write(path)
    assert history(path) == told and look_into(path).version == schema.SCHEMA_VERSION
    assert dict(ask(path, "SELECT finding_id, status FROM findings"))[found[0]] == "waived"
    put_in_place(beside, tmp_path / "previous.gpkg")  # as the window's sink does
    assert history(tmp_path / "previous.gpkg") == told


def test_the_decisions_of_a_store_of_version_1_go_with_its_findings_to_the_next_draft(tmp_path: Path) -> None:
    found = version_1(tmp_path / "1.gpkg")
    earlier = read_previous(tmp_path / "1.gpkg")
    assert dict(zip(earlier.findings["finding_id"], earlier.findings["status"]))[found[0]] == "waived"
    result = CheckResult(findings(10), [], "failed")
    plans = plans_of(earlier.findings)
    made = inherit(result, earlier, "checkprovince", plans, Settings(Tolerance(1.0), "en"))
    empty = [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]
    write_store(tmp_path / "2.gpkg", made.result.findings, *empty, made.history(tmp_path / "2.gpkg"))
    assert history(tmp_path / "2.gpkg") == earlier.decisions != []
    assert dict(ask(tmp_path / "2.gpkg", "SELECT finding_id, status FROM findings"))[found[0]] == "waived"


def test_a_migration_that_fails_leaves_the_store_and_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.gpkg"
    found = version_1(path)
    before = ask(path, "SELECT name, sql FROM sqlite_master")

    def fails(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(geopackage.GeoPackageSession, "guard", fails)
    with pytest.raises(PlanError) as caught:
        decide(path, found[:1], "accepted", WHO)
    assert caught.value.key == "error.store_full"
    assert ask(path, "SELECT name, sql FROM sqlite_master") == before


def test_a_layer_of_findings_alone_becomes_a_store_by_the_first_decision(tmp_path: Path, store: Path) -> None:
    """What the FINDINGS output of an algorithm leaves: one layer, called like its file."""
    path = tmp_path / "kết quả kiểm tra.gpkg"
    pyogrio.write_dataframe(pyogrio.read_dataframe(store, layer="findings"), path, layer="kết quả kiểm tra")
    layout = look_into(path)
    assert (layout.version, layout.table, layout.srs) == (0, "kết quả kiểm tra", "EPSG:5899")
    first = ids(store)[0]
    decide(path, [first], "waived", WHO, note="x")
    assert dict(ask(path, 'SELECT finding_id, status FROM "kết quả kiểm tra"'))[first] == "waived"
    assert next(name for name, _ in pyogrio.list_layers(path)) == "kết quả kiểm tra"
