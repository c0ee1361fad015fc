"""Several programs decide in one store at once, in a GeoPackage and in PostGIS: nothing is lost, nothing is done by halves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from planconcord.engine.store import postgis_writing
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.store.listing import Listing
from planconcord.engine.store.place import Place
from postgis_cluster import Office
from stores import ask, ended, ids, start, state, statuses, tell, write

pytestmark = pytest.mark.same_with_every_library

WHO = "Trần Thị Bình"


@pytest.fixture()
def store(store_place: Place) -> Place:
    write(store_place)
    return store_place


WRITER = """
import sys
from planconcord.engine.store.decisions import decide
path, who, *found = sys.argv[1:]
for status in ("accepted", "open", "resolved"):
    for finding in found:
        decide(path, [finding], status, who)
"""


@pytest.mark.parametrize("journal", ["delete", "wal", "postgis"])
def test_three_writers_at_once_lose_nothing(request: pytest.FixtureRequest, tmp_path: Path, journal: str) -> None:
    if journal == "postgis":
        store: Place = request.getfixturevalue("office").place(request.getfixturevalue("schema"))
        write(store)
    else:
        store = tmp_path / "kho.gpkg"
        write(store)
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
    assert journal == "postgis" or ask(store, "PRAGMA integrity_check") == [("ok",)]


REVIEWER = """
import sys
from planconcord.engine.store.decisions import decide
path, who, *found = sys.argv[1:]
for number in range(50):
    decide(path, [found[number % len(found)]], ("waived", "accepted")[number % 2], who, note=f"{who} {number}")
"""


def test_four_reviewers_make_fifty_decisions_each_and_nothing_is_lost(store: Place) -> None:
    found, people = ids(store), ("An", "Bình", "Chi", "Dũng")
    reader = Listing(store)
    ended(*(start(REVIEWER, store, who, *found) for who in people))
    made = history(store)
    assert sorted(d.note for d in made) == sorted(f"{who} {number}" for who in people for number in range(50))
    assert [d.number for d in made] == list(range(1, 201)), "in one order, none given twice"
    last: dict[str, str] = {}
    for decision in made:
        assert decision.from_status == last.get(decision.finding_id, "open"), "each saw the one before"
        last[decision.finding_id] = decision.to_status
    assert statuses(store) == last
    assert reader.refresh() == "decisions" and reader.counts().handled == len(found)
    assert {row.finding_id: row.status for row in reader.rows(0, len(found))} == last


def test_a_reader_misses_no_decision_while_others_write(store: Place) -> None:
    found = ids(store)
    reader, seen = Listing(store), 0
    writers = [start(REVIEWER, store, who, *found) for who in ("An", "Bình")]
    while any(writer.poll() is None for writer in writers):
        before = reader.rows_read
        reader.refresh()
        seen += reader.rows_read - before
    ended(*writers)
    before = reader.rows_read
    reader.refresh()
    assert seen + reader.rows_read - before == 100


def test_a_writer_that_is_killed_in_the_middle_leaves_the_file_as_it_was(tmp_path: Path) -> None:
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
    store = tmp_path / "kho.gpkg"
    write(store)
    before = ask(store, "SELECT * FROM findings")
    process = start(code, store)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert Path(f"{store}-journal").exists(), "it was killed before it had written anything"
    assert decide(store, ids(store)[:1], "accepted", WHO)
    assert ask(store, "SELECT * FROM findings")[1:] == before[1:]


@pytest.mark.skipif(os.name == "nt", reason="a file that is open cannot be replaced there")
def test_a_writer_that_waits_while_a_run_replaces_the_store_decides_in_the_new_one(tmp_path: Path) -> None:
    store = tmp_path / "kho.gpkg"
    write(store)
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


def test_a_reviewer_who_waits_while_a_run_writes_the_schema_anew_decides_about_its_findings(
    office: Office, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = office.place(schema)
    first, second, *_ = write(store)
    decide(store, [first], "accepted", WHO)
    waiting: list[subprocess.Popen[str]] = []
    follow = postgis_writing.follow

    def meanwhile(*arguments: object) -> None:
        code = "import sys; from planconcord.engine.store.decisions import decide; decide(sys.argv[1], [sys.argv[2]], 'accepted', 'người chờ')"
        waiting.append(start(code, store, second))
        with pytest.raises(subprocess.TimeoutExpired):
            waiting[0].wait(1.0)  # it waits for the lock
        assert len(statuses(store)) == 10, "readers still see the old findings"
        follow(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(postgis_writing, "follow", meanwhile)
    write(store, 12)
    ended(*waiting)
    assert [(d.finding_id, d.who) for d in history(store)] == [(first, WHO), (second, "người chờ")]
    assert len(statuses(store)) == 12 and statuses(store)[second] == "accepted"


def test_a_writer_that_is_killed_in_the_middle_leaves_the_schema_as_it_was(office: Office, schema: str) -> None:
    store = office.place(schema)
    found = write(store)
    before = state(store)
    code = """
        import os, sys
        from planconcord.engine.store import connection
        with connection.writing(sys.argv[1]) as made:
            made.execute("DELETE FROM findings")
            os.kill(os.getpid(), 9)
    """
    process = start(code, store)
    process.communicate(timeout=60)
    assert process.returncode == -9 and state(store) == before
    assert decide(store, found[:1], "accepted", WHO), "its lock went with it"
