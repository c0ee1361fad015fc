"""The findings store: decisions are kept, whoever writes and whatever breaks; what is no store is refused and left alone."""

from __future__ import annotations

import hashlib
import os
import resource
import sqlite3
import subprocess
import sys
import textwrap
from datetime import date
from pathlib import Path

import pyogrio
import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import NAMES
from planconcord.engine.store import connection, geopackage, schema
from planconcord.engine.store.decisions import decide, expired, history, undo
from planconcord.engine.store.opening import look_into, notes
from stores import ask, tell, write

WHO = "Trần Thị Bình"


@pytest.fixture()
def store(tmp_path: Path) -> Path:
    path = tmp_path / "kho phát hiện #1 100%.gpkg"
    write(path)
    return path


def ids(path: Path) -> list[str]:
    return [row[0] for row in ask(path, "SELECT finding_id FROM findings ORDER BY fid")]


def statuses(path: Path) -> dict[str, str]:
    return dict(ask(path, "SELECT finding_id, status FROM findings"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refused(key: str, path: Path, action) -> PlanError:  # type: ignore[no-untyped-def]
    """The error of ``action``, which must be ``key`` and leave the file as it was."""
    before = digest(path)
    with pytest.raises(PlanError) as caught:
        action()
    assert caught.value.key == key, caught.value
    assert digest(path) == before
    for language in ("vi", "en"):
        assert "{" not in caught.value.text(language)
    return caught.value


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_columns_are_those_of_the_finding_record() -> None:
    assert list(schema.FINDING_COLUMNS) == NAMES


def test_a_decision_is_one_row_and_the_status_follows(store: Path) -> None:
    first, second, *_ = ids(store)
    (made,) = decide(
        store, [first], "waived", WHO, note="được tỉnh cho phép", document="12/QĐ-UBND", expiry="2030-01-01"
    )
    assert (made.number, made.from_status, made.to_status, made.who) == (1, "open", "waived", WHO)
    assert history(store) == [made]
    assert ask(store, "SELECT note, document, expiry FROM decisions") == [
        ("được tỉnh cho phép", "12/QĐ-UBND", "2030-01-01")
    ]
    assert statuses(store)[first] == "waived" and statuses(store)[second] == "open"


def test_the_status_can_be_seen_by_any_reader_of_geopackages(store: Path) -> None:
    first = ids(store)[0]
    decide(store, [first], "accepted", WHO)
    layers = [name for name, _ in pyogrio.list_layers(store)]
    assert layers[0] == "findings" and {"measures", "runs", "decisions", "edits", "store"} <= set(layers)
    read = pyogrio.read_dataframe(store, layer="findings")
    assert read.set_index("finding_id").loc[first, "status"] == "accepted"
    assert len(pyogrio.read_dataframe(store, layer="decisions")) == 1


def test_many_are_decided_in_one_transaction_and_undone_by_their_numbers(store: Path) -> None:
    chosen = ids(store)[:4]
    decide(store, chosen[:1], "waived", WHO, note="lý do", document="7/CV", expiry="2031-05-01")
    made = decide(store, chosen, "accepted", WHO)
    assert len(made) == 4 and len({d.decided for d in made}) == 1
    back = undo(store, [d.number for d in made], WHO)
    assert [statuses(store)[one] for one in chosen] == ["waived", "open", "open", "open"]
    assert (back[0].note, back[0].document, back[0].expiry, back[0].undoes) == (
        "lý do",
        "7/CV",
        "2031-05-01",
        made[0].number,
    )
    assert len(history(store)) == 9, "to undo is to decide again; nothing was taken away"


def test_an_undo_can_be_undone(store: Path) -> None:
    first = ids(store)[0]
    (made,) = decide(store, [first], "accepted", WHO)
    (back,) = undo(store, [made.number], WHO)
    undo(store, [back.number], WHO)
    assert statuses(store)[first] == "accepted"


def test_what_someone_else_has_decided_meanwhile_is_not_overruled_unseen(store: Path) -> None:
    first, second, *_ = ids(store)
    seen = {first: "open", second: "open"}
    decide(store, [second], "waived", "Lê Văn An", note="đã thỏa thuận")
    error = refused("error.store_overtaken", store, lambda: decide(store, [first, second], "accepted", WHO, seen=seen))
    assert "Lê Văn An" in error.text("vi") and second in error.text("en")
    assert statuses(store)[first] == "open", "all or none"
    mine = decide(store, [first], "accepted", WHO)[0].number
    decide(store, [first], "open", "Lê Văn An")
    refused("error.store_overtaken", store, lambda: undo(store, [mine], WHO))


def test_a_waiver_asks_for_a_reason_and_a_day(store: Path) -> None:
    first = ids(store)[0]
    refused("error.decision_reason", store, lambda: decide(store, [first], "waived", WHO, note="  "))
    refused(
        "error.decision_expiry", store, lambda: decide(store, [first], "waived", WHO, note="x", expiry="31/12/2030")
    )
    refused("error.decision_nobody", store, lambda: decide(store, [first], "accepted", " "))
    refused("error.store_finding_gone", store, lambda: decide(store, ["không có"], "accepted", WHO))


def test_the_same_status_again_is_no_decision(store: Path) -> None:
    first = ids(store)[0]
    assert decide(store, [first], "open", WHO) == []
    decide(store, [first], "waived", WHO, note="a")
    assert len(decide(store, [first], "waived", WHO, note="b", document="gia hạn")) == 1


def test_waivers_that_have_expired_are_named(store: Path) -> None:
    first, second, third, *_ = ids(store)
    decide(store, [first, second, third], "waived", WHO, note="tạm", expiry="2026-11-21")
    decide(store, [second], "open", WHO)
    decide(store, [third], "waived", WHO, note="gia hạn", expiry="2027-11-21")
    assert expired(store, date(2026, 11, 21)) == []
    assert expired(store, date(2026, 11, 22)) == [first]


def test_nobody_can_change_or_delete_the_history_not_even_by_hand(store: Path) -> None:
    decide(store, ids(store)[:1], "accepted", WHO)
    for command in ("DELETE FROM decisions", "UPDATE decisions SET who = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            tell(store, command)
    assert history(store)[0].who == WHO


def test_a_run_that_replaces_the_store_keeps_its_history(store: Path) -> None:
    first, second, *_ = ids(store)
    decide(store, [first], "waived", WHO, note="lý do", document="9/QĐ")
    before = history(store)
    write(store, 12)
    assert history(store) == before
    assert statuses(store)[first] == "waived" and len(statuses(store)) == 12
    assert notes(store) == []
    assert decide(store, [second], "accepted", WHO)[0].number == 2


# ── several writers ─────────────────────────────────────────────────────────────────────────────────────────────────

WRITER = """
import sys
from planconcord.engine.store.decisions import decide
path, who, *found = sys.argv[1:]
for status in ("accepted", "open", "resolved"):
    for finding in found:
        decide(path, [finding], status, who)
"""


def start(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]


def ended(*processes: subprocess.Popen[str]) -> list[str]:
    outputs = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        outputs.append(out)
    return outputs


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_three_writers_at_once_lose_nothing(store: Path, journal: str) -> None:
    tell(store, f"PRAGMA journal_mode = {journal}")
    found = ids(store)
    ended(*(start(WRITER, store, who, *found) for who in ("một", "hai", "ba")))
    made = history(store)
    last = {decision.finding_id: decision.to_status for decision in made}
    assert statuses(store) == last
    for finding in found:
        chain = [d for d in made if d.finding_id == finding]
        assert [d.from_status for d in chain] == ["open", *(d.to_status for d in chain[:-1])]
        assert len(chain) >= 3 and all(d.from_status != d.to_status for d in chain)
    assert ask(store, "PRAGMA integrity_check") == [("ok",)]


def test_a_writer_that_is_killed_in_the_middle_leaves_the_store_as_it_was(store: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from planconcord.engine.store import connection, opening
        path = Path(sys.argv[1])
        with connection.writing(path) as made:
            opening.bring_up_to_date(made)
            made.execute("PRAGMA cache_size = 1")  # so that it writes into the file before the end
            made.execute("UPDATE findings SET status = 'waived', message = hex(randomblob(9000))")
            os.kill(os.getpid(), 9)
    """
    before = ask(store, "SELECT * FROM findings")
    process = start(code, store)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert Path(f"{store}-journal").exists(), "it was killed before it had written anything"
    assert decide(store, ids(store)[:1], "accepted", WHO)
    assert ask(store, "SELECT * FROM findings")[1:] == before[1:]


@pytest.mark.skipif(os.name == "nt", reason="a file that is open cannot be replaced there")
def test_a_writer_that_waits_while_a_run_replaces_the_store_decides_in_the_new_one(store: Path) -> None:
    first, second, *_ = ids(store)
    decide(store, [first], "accepted", WHO)
    code = """
        import sys
        from planconcord.engine.store.decisions import decide
        print("ready", flush=True)
        sys.stdin.readline()
        print("go", flush=True)
        decide(sys.argv[1], [sys.argv[2]], "accepted", "người chờ")
    """
    from planconcord.engine.store import writing as module

    waiting = start(code, store, second, stdin=subprocess.PIPE)
    assert waiting.stdout and waiting.stdin and waiting.stdout.readline() == "ready\n"
    replace = os.replace

    def meanwhile(source: object, place: object) -> None:
        assert waiting.stdin and waiting.stdout
        waiting.stdin.write("\n")
        waiting.stdin.flush()
        assert waiting.stdout.readline() == "go\n"
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.5)  # it waits for the lock
        replace(source, place)  # type: ignore[arg-type]

    patched = pytest.MonkeyPatch()
    with patched.context() as patch:
        patch.setattr(module.os, "replace", meanwhile)
        write(store, 12)
    ended(waiting)
    assert [(d.finding_id, d.who) for d in history(store)] == [(first, WHO), (second, "người chờ")]


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────────────────────────


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
        before = digest(path)
        if not _reachable(path):
            pytest.skip("the checkout cannot be read by another user here")
        (told,) = ended(start(AS_SOMEBODY, path, first))
        assert told.split() == ["error.store_read_only" if kind == "file" else "error.store_folder_read_only", "1"]
        assert digest(path) == before
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
    before = digest(store)

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
        assert digest(store) == before


def test_a_full_disk_is_called_so(store: Path) -> None:
    full = geopackage.fault(sqlite3.OperationalError("database or disk is full"), store, 10.0)
    assert full.key == "error.store_full" and "đầy" in full.text("vi")


def test_edits_by_hand_are_told_and_do_not_stop_the_work(store: Path) -> None:
    found = ids(store)
    decide(store, found[:2], "accepted", WHO)
    tell(
        store,
        f"DELETE FROM findings WHERE finding_id = '{found[0]}'",
        f"UPDATE findings SET geom = x'4750' WHERE finding_id = '{found[2]}'",
        f"UPDATE findings SET area_m2 = 1 WHERE finding_id IN ('{found[3]}', '{found[4]}')",
        f"UPDATE findings SET status = 'resolved' WHERE finding_id = '{found[1]}'",
        f"INSERT INTO findings (finding_id, rule, status, run_id) SELECT finding_id, rule, status, run_id FROM findings"
        f" WHERE finding_id = '{found[5]}'",
    )
    told = {key.rsplit("_", 1)[1]: (values["count"], values["findings"]) for key, values in notes(store)}
    assert told == {
        "deleted": (1, found[0]),
        "geometry": (1, found[2]),
        "values": (2, ", ".join(sorted(found[3:5]))),
        "status": (1, found[1]),
        "added": (1, found[5]),
        "duplicates": (1, found[5]),
    }
    (made,) = decide(store, [found[1]], "open", WHO)
    assert made.from_status == "accepted", "the history knows better than the layer"
    assert statuses(store)[found[1]] == "open"


def test_what_two_checks_have_found_is_no_copy_by_hand(store: Path) -> None:
    first = ids(store)[0]
    tell(
        store,
        "INSERT INTO findings (finding_id, status, run_id) SELECT finding_id, status, 'another' FROM findings LIMIT 1",
        "DELETE FROM edits",
    )
    assert notes(store) == []
    decide(store, [first], "accepted", WHO)
    assert [row[0] for row in ask(store, "SELECT status FROM findings WHERE finding_id = ?", first)] == ["accepted"] * 2


# ── older stores ────────────────────────────────────────────────────────────────────────────────────────────────────


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
    assert look_into(path).version == 1 and history(path) == []
    assert path.read_bytes() == before
    decide(path, found[1:2], "accepted", WHO)
    assert look_into(path).version == schema.SCHEMA_VERSION
    assert [(d.from_status, d.to_status, d.who) for d in history(path)] == [
        ("open", "accepted", "A"),
        ("accepted", "waived", "B"),
        ("open", "accepted", WHO),
    ]
    copy = tmp_path / "store.version1.gpkg"
    assert look_into(copy).version == 1
    assert ask(copy, "SELECT * FROM findings") and ask(copy, "SELECT count(*) FROM decisions") == [(2,)]


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
