"""A store in PostGIS when something is wrong: server, rights, tables, connection. Told in words, and the store is as it was."""

from __future__ import annotations

import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.store import connection, postgis, postgis_writing
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.store.listing import Listing
from planconcord.engine.store.opening import look_into
from planconcord.engine.store.place import PostgisSchema
from postgis_cluster import BARE_DATABASE, Office
from stores import as_role, ask, ended, fails, ids, refused, start, statuses, tell, write

pytestmark = pytest.mark.same_with_every_library

WHO = "Trần Thị Bình"


@pytest.fixture()
def store(office: Office, schema: str) -> PostgisSchema:
    made = office.place(schema)
    write(made)
    return made


# ── what goes wrong ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_server_that_is_gone_or_refuses_says_which(office: Office, store: PostgisSchema) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        gone = replace(
            store, parameters=tuple({**dict(store.parameters), "port": str(unused.getsockname()[1])}.items())
        )
        assert "127.0.0.1" in fails("error.store_server", gone, lambda: look_into(gone)).text("vi")
        fails("error.store_server", gone, lambda: write(gone))
    wrong = replace(store, password="geheim")
    fails("error.store_login", wrong, lambda: decide(wrong, ["x"], "accepted", WHO))
    fails("error.store_login", wrong, lambda: look_into(PostgisSchema.of("x", dict(store.parameters))))
    nobody = as_role(store, "nobody at all")
    fails("error.store_login", nobody, lambda: look_into(nobody))
    elsewhere = office.place("x", database="không có")
    assert "không có" in fails("error.store_database", elsewhere, lambda: look_into(elsewhere)).text("en")
    odd = PostgisSchema.of("x", {"host": "127.0.0.1", "nonsense": "1"})
    fails("error.store_place", odd, lambda: look_into(odd))
    named = PostgisSchema.of("x", {"connection": "Văn phòng"})
    assert "Văn phòng" in fails("error.store_connection_name", named, lambda: look_into(named)).text("vi")


def test_a_schema_without_a_store_says_so(office: Office, schema: str) -> None:
    place = office.place(schema)
    for action in (lambda: look_into(place), lambda: decide(place, ["x"], "accepted", WHO), lambda: Listing(place)):
        fails("error.store_pg_none", place, action)
    office.tell(f'CREATE SCHEMA "{place.schema}" AUTHORIZATION owner')
    fails("error.store_pg_none", place, lambda: look_into(place))


def test_a_database_without_postgis_says_so(office: Office, schema: str) -> None:
    place = office.place(schema, database=BARE_DATABASE)
    assert BARE_DATABASE in fails("error.store_no_postgis", place, lambda: write(place)).text("vi")
    fails("error.store_pg_none", place, lambda: look_into(place))


def test_a_schema_is_made_only_by_whom_the_database_lets(office: Office, schema: str) -> None:
    place = office.place(schema, user="stranger")
    assert place.schema in fails("error.store_pg_owner", place, lambda: write(place)).text("en")


def test_tables_of_something_else_are_left_alone(office: Office, schema: str) -> None:
    place = office.place(schema)
    office.tell(f'CREATE SCHEMA "{place.schema}" AUTHORIZATION owner')
    tell(place, "CREATE TABLE runs (km double precision)", "INSERT INTO runs VALUES (42.195)")
    assert "runs" in refused("error.store_occupied", place, lambda: write(place)).text("vi")
    assert ask(place, "SELECT km FROM runs") == [(42.195,)]


def test_a_store_of_a_newer_version_is_refused(store: PostgisSchema) -> None:
    found = ids(store)
    tell(store, "UPDATE store SET value = '3' WHERE name = 'schema_version'")
    for action in (lambda: look_into(store), lambda: decide(store, found, "accepted", WHO), lambda: write(store, 3)):
        refused("error.store_newer", store, action)
    tell(store, "UPDATE store SET value = 'ba' WHERE name = 'schema_version'")
    refused("error.store_pg_damaged", store, lambda: look_into(store))


@pytest.mark.parametrize("table", ["findings", "decisions", "edits", "runs", "measures", "store"])
def test_a_missing_table_is_named(store: PostgisSchema, table: str) -> None:
    tell(store, f"DROP TABLE {table}")
    for action in (lambda: look_into(store), lambda: write(store, 3)):
        assert refused("error.store_table_missing", store, action).values["table"] == table


def test_a_missing_column_is_named(store: PostgisSchema) -> None:
    tell(store, "ALTER TABLE findings RENAME COLUMN area_m2 TO dien_tich")
    error = refused("error.store_column_missing", store, lambda: decide(store, ["x"], "accepted", WHO))
    assert (error.values["table"], error.values["columns"]) == ("findings", "area_m2")


def test_a_locked_store_says_so_after_a_while(store: PostgisSchema, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ids(store)[0]
    monkeypatch.setattr(connection, "BUSY_S", 0.3)
    with postgis.writing(store, 1.0):
        assert len(Listing(store).rows(0, 10)) == 10, "reading goes on meanwhile"
        refused("error.store_locked", store, lambda: decide(store, [first], "accepted", WHO))
    assert decide(store, [first], "accepted", WHO)


def test_a_connection_that_is_lost_during_writing_leaves_the_store(
    office: Office, store: PostgisSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ids(store)[0]
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner' AND state LIKE 'idle in%'"
    follow = postgis_writing.follow

    def cut_off(*arguments: object) -> None:
        office.ask(end)
        follow(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(postgis_writing, "follow", cut_off)
    error = refused("error.store_lost", store, lambda: write(store, 30))
    assert "127.0.0.1" in error.text("vi")
    assert decide(store, [first], "accepted", WHO), "the next question makes a new connection"


def test_a_connection_that_is_lost_in_the_commit_is_told_apart(
    office: Office, store: PostgisSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only then nobody knows whether it was written."""
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner' AND state LIKE 'idle in%'"

    def act() -> None:
        with postgis.writing(store, 1.0) as session:
            session.execute("DELETE FROM edits")
            office.ask(end)

    refused("error.store_unknown_end", store, act)


def test_an_idle_connection_that_the_server_closed_is_replaced_unseen(office: Office, store: PostgisSchema) -> None:
    listing, first = Listing(store), ids(store)[0]
    for action in (listing.refresh, lambda: decide(store, [first], "accepted", WHO), lambda: history(store)):
        office.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'")
        action()
    assert listing.refresh() == "decisions"


def test_a_server_that_stays_away_is_not_asked_every_second(
    store: PostgisSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, asked = Listing(store), []

    def gone(place: PostgisSchema) -> None:
        asked.append(place)
        raise PlanError("error.store_server", server=place.server, reason="?")

    postgis.close_idle()
    monkeypatch.setattr(postgis, "connect", gone)
    fails("error.store_server", store, listing.refresh)
    assert [listing.refresh() for _ in range(5)] == [""] * 5 and len(asked) == 1


def test_without_the_driver_one_sentence_says_what_to_do(office: Office, store: PostgisSchema) -> None:
    code = """
        import sys
        sys.modules["psycopg2"] = None
        from planconcord.engine.errors import PlanError
        from planconcord.engine.store.opening import look_into
        try:
            look_into(sys.argv[1])
        except PlanError as error:
            print(error.text("en"))
    """
    (told,) = ended(start(code, store))
    assert "psycopg2" in told and sys.executable in told and store.password not in told


def test_the_check_of_a_whole_run_by_the_command_line(
    office: Office, schema: str, demo_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from planconcord.cli.checks import main

    place, plan = office.place(schema), demo_folder / "qhsdd_an_trach.gpkg"
    wanted = [
        "checkcoverage",
        "--input",
        str(plan),
        "--key-field",
        "ma_thua",
        "--code-field",
        "ma_dat",
        "--scale",
        "10000",
    ]
    told = office.text(schema)
    assert main([*wanted, "--language", "vi", "--findings", told]) in (0, 1)
    found = ids(place)
    assert len(found) > 5 and look_into(place).runs
    decide(place, found[:1], "waived", WHO, note="được phép")
    assert main([*wanted, "--language", "en", "--previous", told, "--findings", told]) in (0, 1)
    assert statuses(place)[found[0]] == "waived" and [d.note for d in history(place)] == ["được phép"]
    assert {change for (change,) in ask(place, "SELECT change FROM findings")} == {"persisting"}
    assert all(office.password not in str(row) for row in ask(place, "SELECT options FROM runs"))
    said = capsys.readouterr()
    assert office.password not in said.out + said.err
    assert main([*wanted, "--language", "en", "--findings", told.replace(office.password, "geheim")]) == 2
    assert "does not let owner in" in capsys.readouterr().err
    folder = tmp_path / "phiếu"
    assert main(["writesheet", "--language", "vi", "--findings", told, "--output", str(folder)]) == 0
    assert office.password not in "".join(page.read_text(encoding="utf-8") for page in folder.glob("*.html"))
