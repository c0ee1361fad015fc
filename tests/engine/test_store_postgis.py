"""A store in PostGIS: what the database holds by itself, whoever writes; and what goes wrong between here and the server."""

from __future__ import annotations

import re
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from planconcord.engine.errors import PlanError
from planconcord.engine.identity.previous import read_previous
from planconcord.engine.report.reading import read_contents
from planconcord.engine.store import connection, postgis, postgis_writing
from planconcord.engine.store.connection import refuse_read_only
from planconcord.engine.store.decisions import Decision, decide, history, undo
from planconcord.engine.store.frames import read_layer
from planconcord.engine.store.listing import Listing
from planconcord.engine.store.opening import look_into, notes
from planconcord.engine.store.place import PostgisSchema
from planconcord.engine.store.postgis_writing import missing
from postgis_cluster import BARE_DATABASE, Office
from pyproj import CRS
from stores import ask, ended, findings, ids, refused, said_well, start, state, statuses, tell, write

WHO = "Trần Thị Bình"
GUIDES = [Path(__file__).resolve().parents[2] / "docs" / name for name in ("store.md", "store.vi.md")]


@pytest.fixture()
def store(office: Office, schema: str) -> PostgisSchema:
    made = office.place(schema)
    write(made)
    return made


def as_role(store: PostgisSchema, user: str) -> PostgisSchema:
    """The same store, seen by another role."""
    return PostgisSchema.of(store.schema, {**dict(store.parameters), "user": user, "password": store.password})


def fails(key: str, place: PostgisSchema, action) -> PlanError:  # type: ignore[no-untyped-def]
    with pytest.raises(PlanError) as caught:
        action()
    assert caught.value.key == key, caught.value
    said_well(caught.value, place)
    return caught.value


# ── what the database holds ─────────────────────────────────────────────────────────────────────────────────────────


def rights(guide: Path, store: PostgisSchema) -> list[str]:
    """What the administrator does after the first check, out of the guide."""
    blocks = re.findall(r"```sql\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    text = blocks[1].replace("khanh_hoa", f'"{store.schema}"').replace("plan_reviewers", "reviewer")
    commands = re.sub("--.*", "", text.replace("plan_readers", "reader")).split(";")
    return [one.strip() for one in commands if one.strip() and not one.strip().startswith("GRANT reviewer TO")][:2]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_a_reviewer_needs_no_more_than_the_guide_gives(office: Office, store: PostgisSchema, guide: Path) -> None:
    office.tell(f'GRANT USAGE ON SCHEMA "{store.schema}" TO reviewer, reader', *rights(guide, store))
    reviewer, reader = as_role(store, "reviewer"), as_role(store, "reader")
    first, second, *_ = ids(store)
    refuse_read_only(reviewer)
    made = decide(reviewer, [first, second], "waived", WHO, note="được phép", document="1/QĐ")
    undo(reviewer, [made[1].number], WHO)
    assert statuses(store)[first] == "waived" and statuses(store)[second] == "open"
    assert len(history(reader)) == 3 and Listing(reader).counts().handled == 1 and notes(reader) == []
    for command in (
        "UPDATE findings SET status = 'open'",
        "DELETE FROM findings",
        "DELETE FROM decisions",
        "UPDATE decisions SET who = 'x'",
        "ALTER TABLE decisions DISABLE TRIGGER ALL",
        "INSERT INTO edits (finding_id, what, noticed) VALUES ('a', 'b', 'c')",
    ):
        with pytest.raises(Exception, match=r"permission denied|must be owner"):
            tell(reviewer, command)
    write(store, 12)
    assert statuses(store)[first] == "waived"
    assert decide(reviewer, [second], "accepted", WHO), "a later check leaves the rights"


def test_who_may_only_read_is_told_so(office: Office, store: PostgisSchema) -> None:
    office.tell(f'GRANT USAGE ON SCHEMA "{store.schema}" TO reader')
    office.tell(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{store.schema}" TO reader')
    reader, first = as_role(store, "reader"), ids(store)[0]
    assert "reader" in fails("error.store_pg_read_only", reader, lambda: refuse_read_only(reader)).text("vi")
    refused("error.store_pg_read_only", store, lambda: decide(reader, [first], "accepted", WHO))
    refused("error.store_pg_read_only", store, lambda: write(reader, 3))


def test_who_may_not_even_read_is_told_what_to_ask_for(office: Office, store: PostgisSchema) -> None:
    stranger = as_role(store, "stranger")
    assert "USAGE" in fails("error.store_no_right", stranger, lambda: look_into(stranger)).text("en")
    office.tell(f'GRANT USAGE ON SCHEMA "{store.schema}" TO stranger')
    assert "findings" in fails("error.store_no_right", stranger, lambda: Listing(stranger)).text("vi")
    assert "stranger" in fails("error.store_no_right", stranger, lambda: history(stranger)).text("vi")


def test_a_decision_by_plain_sql_counts_and_sets_the_status(office: Office, store: PostgisSchema) -> None:
    first = ids(store)[0]
    reader = Listing(store)
    tell(
        store,
        "INSERT INTO decisions (finding_id, decided, who, from_status, to_status)"
        f" VALUES ('{first}', '2026-11-22T00:00:00.000Z', 'psql', 'open', 'accepted')",
    )
    assert statuses(store)[first] == "accepted" and notes(store) == []
    assert reader.refresh() == "decisions" and reader.counts().handled == 1


def test_emptying_the_layer_by_hand_is_on_record(store: PostgisSchema) -> None:
    tell(store, "TRUNCATE findings")
    assert {key: values["count"] for key, values in notes(store)} == {"store.note_deleted": 10}


def test_guards_that_were_removed_are_put_back_by_the_owner_and_missed_by_others(
    office: Office, store: PostgisSchema
) -> None:
    office.tell(f'GRANT USAGE ON SCHEMA "{store.schema}" TO reviewer')
    office.tell(*(command.replace("lan, minh", "reviewer") for command in rights(GUIDES[0], store)))
    tell(
        store, "DROP TRIGGER planconcord_keep ON decisions", "ALTER TABLE decisions DISABLE TRIGGER planconcord_decided"
    )
    first, reviewer = ids(store)[0], as_role(store, "reviewer")
    refused("error.store_pg_owner", store, lambda: decide(reviewer, [first], "accepted", WHO))
    decide(store, [first], "accepted", WHO)
    assert statuses(store)[first] == "accepted"
    with pytest.raises(Exception, match="append-only"):
        tell(store, "DELETE FROM decisions")
    assert decide(reviewer, [first], "open", WHO)


def test_every_letter_comes_back_as_it_was(store: PostgisSchema) -> None:
    table = findings(3)
    odd = ["tab\t, line\nbreak\r, back\\slash \\N", "'quote' \"double\" ; -- %s %% {x} ?", "Đất ở \U0001f600 \u200b"]
    table["message"], table["zone_a"] = odd, ["", None, "a\0b"]
    table["share_a"] = [0.1 + 0.2, float("nan"), 1e-300]
    import pandas as pd
    from planconcord.engine.findings import MEASURE_FIELDS
    from planconcord.engine.run import RUN_FIELDS
    from planconcord.engine.store import write_store

    empty = [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]
    write_store(store, table, *empty)
    read = read_layer(store)
    assert read["message"].tolist() == odd and read["zone_a"].tolist() == ["", None, "a\ufffdb"]
    assert read["share_a"].tolist()[::2] == [0.1 + 0.2, 1e-300] and read.crs == CRS(5899)
    assert shapely.equals_exact(read.geometry.values, table.geometry.values).all()
    note = "O'Brien %s ? \\ {0} \u200b"
    decide(store, [table["finding_id"][0]], "waived", "ng'ười %", note=note)
    assert (history(store)[0].note, history(store)[0].who) == (note, "ng'ười %")


def test_the_last_draft_and_the_sheets_are_read_from_it(store: PostgisSchema) -> None:
    from datetime import date

    first = ids(store)[0]
    decide(store, [first], "waived", WHO, note="x", expiry="2026-01-01")
    previous = read_previous(store)
    assert len(previous.findings) == 10 and [d.note for d in previous.decisions] == ["x"]
    assert dict(zip(previous.findings["finding_id"], previous.findings["status"]))[first] == "waived"
    contents = read_contents(store, date(2026, 11, 22))
    entries = {entry["finding_id"]: entry for entry in contents.entries()}
    assert len(entries) == 10 and entries[first].lapsed and entries[first].outline.area == 2500.0


def test_a_run_in_another_crs_and_one_that_tells_changes_fit_into_the_same_tables(store: PostgisSchema) -> None:
    table = findings(4).to_crs(32648)
    table["change"], table["change_detail"] = "new", ""
    postgis_writing.write(store, table, *_empty())
    assert (look_into(store).srs, look_into(store).changes) == ("EPSG:32648", True)
    assert shapely.equals_exact(read_layer(store).geometry.values, table.geometry.values).all()
    write(store, 5)
    assert (look_into(store).srs, look_into(store).changes, len(ids(store))) == ("EPSG:5899", False, 5)


def test_a_crs_that_the_database_does_not_know_is_told_to_it_or_refused(office: Office, store: PostgisSchema) -> None:
    own = CRS("+proj=tmerc +lat_0=0 +lon_0=108.33 +k=0.9999 +x_0=500000 +ellps=WGS84 +units=m")
    table = findings(2).set_crs(own, allow_override=True)
    refused("error.store_pg_crs", store, lambda: postgis_writing.write(store, table, *_empty()))
    office.tell("GRANT SELECT, INSERT ON spatial_ref_sys TO owner")
    try:
        for _ in range(2):
            postgis_writing.write(store, table, *_empty())
        assert CRS(look_into(store).srs).equals(own, ignore_axis_order=True)
        assert len(office.ask("SELECT srid FROM spatial_ref_sys WHERE auth_name = 'planconcord'")) == 1
    finally:
        office.tell("REVOKE INSERT ON spatial_ref_sys FROM owner", "DELETE FROM spatial_ref_sys WHERE srid > 910000")


def _empty() -> list:  # type: ignore[type-arg]
    import pandas as pd
    from planconcord.engine.findings import MEASURE_FIELDS
    from planconcord.engine.run import RUN_FIELDS

    return [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]


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
    from planconcord.engine.command import main

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


# ── histories of two stores ─────────────────────────────────────────────────────────────────────────────────────────


def row(number: int, finding: str, status: str, note: str = "", undoes: int | None = None) -> Decision:
    return Decision(number, finding, "t", "A", "open", status, note, undoes=undoes)


def test_only_what_is_missing_is_added_to_a_history() -> None:
    a, b, c = row(1, "x", "waived"), row(2, "x", "open"), row(3, "y", "accepted")
    assert missing([a, b], [a, b, c]) == [c]
    assert missing([c], [a, b]) == [a, b]
    assert missing([a, b, c], [a, b]) == [] and missing([], []) == []
    since = row(9, "x", "resolved", "later")
    assert missing([a, since], [a, b, since]) == [b, since], "what leads is said again, at the end"


def test_the_history_of_another_store_comes_along_and_what_was_decided_here_stays(
    office: Office, store: PostgisSchema, tmp_path: Path
) -> None:
    first, second, third, *_ = ids(store)
    made = decide(store, [first], "accepted", "đây")
    other = [row(1, second, "waived", "kia"), row(2, second, "open", "kia", 1), row(3, third, "waived", "kia")]
    postgis_writing.write(store, findings(10), *_empty(), [*made, *[replace(d, number=d.number + 7) for d in other]])
    told = [(d.finding_id, d.to_status, d.note) for d in history(store)]
    assert told == [
        (first, "accepted", ""),
        (second, "waived", "kia"),
        (second, "open", "kia"),
        (third, "waived", "kia"),
    ]
    assert (statuses(store)[first], statuses(store)[second], statuses(store)[third]) == ("accepted", "open", "waived")
    assert state(store) and notes(store) == []
