"""A store in PostGIS: what the database holds by itself, whoever writes; and what goes wrong between here and the server."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import shapely
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.identity.inheritance import inherit
from planconcord.engine.identity.previous import read_previous
from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS
from planconcord.engine.report.reading import read_contents
from planconcord.engine.store import postgis_writing, write_store
from planconcord.engine.store.connection import refuse_read_only
from planconcord.engine.store.decisions import Decision, decide, history, undo
from planconcord.engine.store.frames import read_layer
from planconcord.engine.store.listing import Listing
from planconcord.engine.store.opening import look_into, notes
from planconcord.engine.store.place import PostgisSchema
from planconcord.engine.store.postgis_writing import missing
from planconcord.engine.tolerance import Tolerance
from postgis_cluster import DATABASE, Office, programs
from pyproj import CRS
from stores import as_role, ask, fails, findings, ids, refused, state, statuses, tell, write

WHO = "Trần Thị Bình"
GUIDES = [Path(__file__).resolve().parents[2] / "docs" / name for name in ("store.md", "store.vi.md")]


@pytest.fixture()
def store(office: Office, schema: str) -> PostgisSchema:
    made = office.place(schema)
    write(made)
    return made


def test_a_run_that_found_nothing_is_a_previous_one(office: Office, schema: str) -> None:
    place = office.place(schema)
    empty = [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]
    write_store(place, findings(3).iloc[:0], *empty)
    earlier = read_previous(place)
    assert len(earlier.findings) == 0 and Listing(place).counts().total == 0 and notes(place) == []
    made = inherit(
        CheckResult(findings(3), [], "failed"), earlier, "checkprovince", ["P"], Settings(Tolerance(1.0), "en")
    )
    assert made.result.value("new_count") == 3
    write_store(place, made.result.findings, *empty, made.history(place))
    assert len(read_previous(place).findings) == 3


# ── what the database holds ─────────────────────────────────────────────────────────────────────────────────────────


def blocks(guide: Path, schema: str = "khanh_hoa") -> list[list[str]]:
    """What the administrator does before and after the first check, as the guide has it."""
    told = re.findall(r"```sql\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)
    plain = [re.sub("--.*", "", block).replace("khanh_hoa", f'"{schema}"') for block in told]
    return [[one.strip() for one in block.split(";") if one.strip()] for block in plain]


def test_the_guide_works_as_it_is_written(office: Office, schema: str) -> None:
    name, people = office.place(schema).schema, ("checker", "lan", "minh", "thu")
    assert blocks(GUIDES[0]) == blocks(GUIDES[1]) and [len(block) for block in blocks(GUIDES[0])] == [6, 4]
    before, after = blocks(GUIDES[0], name)
    office.tell(*(f"CREATE ROLE {one} LOGIN PASSWORD '{office.password}'" for one in people))
    try:
        office.tell(*before)
        checker, lan, thu = (office.place(schema, user=one) for one in ("checker", "lan", "thu"))
        first, *_ = write(checker)
        office.tell(*after)
        refuse_read_only(lan)
        (made,) = decide(lan, [first], "waived", WHO, note="được phép")
        assert Listing(thu).counts().handled == 1 and history(thu) == [made]
        refused("error.store_pg_read_only", checker, lambda: decide(thu, [first], "open", WHO))
        write(checker, 12)
        assert decide(lan, [first], "accepted", WHO), "a later check leaves the rights"
    finally:
        office.tell(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')
        roles = [*people, "plan_reviewers", "plan_readers"]
        office.tell(*(f"DROP OWNED BY {one}" for one in roles), *(f"DROP ROLE {one}" for one in roles))


def grant(office: Office, store: PostgisSchema, role: str, decide: bool) -> None:
    """The rights of a reader or a reviewer."""
    office.tell(
        f'GRANT USAGE ON SCHEMA "{store.schema}" TO {role}',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA "{store.schema}" TO {role}',
        *([f'GRANT INSERT ON "{store.schema}".decisions TO {role}'] if decide else []),
    )


def test_a_reviewer_can_decide_and_nothing_else(office: Office, store: PostgisSchema) -> None:
    grant(office, store, "reviewer", True)
    reviewer, (first, second, *_) = as_role(store, "reviewer"), ids(store)
    made = decide(reviewer, [first, second], "waived", WHO, note="được phép", document="1/QĐ")
    undo(reviewer, made[1:], WHO)
    assert statuses(store)[first] == "waived" and statuses(store)[second] == "open" and notes(reviewer) == []
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


def test_who_may_only_read_is_told_so(office: Office, store: PostgisSchema) -> None:
    grant(office, store, "reader", False)
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
    grant(office, store, "reviewer", True)
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
    from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS
    from planconcord.engine.store import write_store

    empty = [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]
    write_store(store, table, *empty)
    read = read_layer(store)
    assert read["message"].tolist() == odd and read["zone_a"].fillna("NULL").tolist() == ["", "NULL", "a\ufffdb"]
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
    from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS

    return [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]


def test_a_copy_by_pg_dump_is_a_store_again(office: Office, store: PostgisSchema, tmp_path: Path) -> None:
    first, second, *_ = ids(store)
    decide(store, [first], "waived", WHO, note="x")
    server = {"PGHOST": "127.0.0.1", "PGPORT": str(office.port), "PGUSER": "postgres", "PGPASSWORD": office.password}
    variables, copy = {**os.environ, **server}, tmp_path / "kho.dump"
    wanted = [programs() / "pg_dump", f'--schema="{store.schema}"', "--format=custom", f"--file={copy}", DATABASE]
    subprocess.run(wanted, env=variables, check=True)
    before = ask(store, "SELECT * FROM findings ORDER BY fid"), history(store)
    office.tell(f'DROP SCHEMA "{store.schema}" CASCADE')
    subprocess.run([programs() / "pg_restore", f"--dbname={DATABASE}", copy], env=variables, check=True)
    assert (ask(store, "SELECT * FROM findings ORDER BY fid"), history(store)) == before and notes(store) == []
    (made,) = decide(store, [second], "accepted", WHO)
    assert made.number == 2 and statuses(store)[second] == "accepted"
    with pytest.raises(Exception, match="append-only"):
        tell(store, "DELETE FROM decisions")


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
