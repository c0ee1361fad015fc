"""Decisions about findings, in a GeoPackage and in PostGIS alike: kept, undone, refused, and what was edited by hand."""

from __future__ import annotations

from datetime import date

import pytest
from planconcord.engine.record import NAMES
from planconcord.engine.store import schema as tables
from planconcord.engine.store.decisions import decide, expired, history, undo
from planconcord.engine.store.opening import notes
from planconcord.engine.store.place import Place, PostgisSchema
from stores import ask, ids, refused, statuses, tell, write

WHO = "Trần Thị Bình"


@pytest.fixture()
def store(store_place: Place) -> Place:
    write(store_place)
    return store_place


def test_the_columns_are_those_of_the_finding_record() -> None:
    assert list(tables.FINDING_COLUMNS) == NAMES


def test_a_decision_is_one_row_and_the_status_follows(store: Place) -> None:
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


def test_many_are_decided_in_one_transaction_and_undone_by_their_numbers(store: Place) -> None:
    chosen = ids(store)[:4]
    decide(store, chosen[:1], "waived", WHO, note="lý do", document="7/CV", expiry="2031-05-01")
    made = decide(store, chosen, "accepted", WHO)
    assert len(made) == 4 and len({d.decided for d in made}) == 1
    back = undo(store, made, WHO)
    assert [statuses(store)[one] for one in chosen] == ["waived", "open", "open", "open"]
    assert (back[0].note, back[0].document, back[0].expiry, back[0].undoes) == (
        "lý do",
        "7/CV",
        "2031-05-01",
        made[0].number,
    )
    assert len(history(store)) == 9, "to undo is to decide again; nothing was taken away"


def test_an_undo_can_be_undone(store: Place) -> None:
    first = ids(store)[0]
    (made,) = decide(store, [first], "accepted", WHO)
    (back,) = undo(store, [made], WHO)
    undo(store, [back], WHO)
    assert statuses(store)[first] == "accepted"


def test_what_someone_else_has_decided_meanwhile_is_not_overruled_unseen(store: Place) -> None:
    first, second, *_ = ids(store)
    seen = {first: "open", second: "open"}
    decide(store, [second], "waived", "Lê Văn An", note="đã thỏa thuận")
    error = refused("error.store_overtaken", store, lambda: decide(store, [first, second], "accepted", WHO, seen=seen))
    assert "Lê Văn An" in error.text("vi") and second in error.text("en")
    assert statuses(store)[first] == "open", "all or none"
    mine = decide(store, [first], "accepted", WHO)
    decide(store, [first], "open", "Lê Văn An")
    refused("error.store_overtaken", store, lambda: undo(store, mine, WHO))


def test_a_waiver_asks_for_a_reason_and_a_day(store: Place) -> None:
    first = ids(store)[0]
    refused("error.decision_reason", store, lambda: decide(store, [first], "waived", WHO, note="  "))
    refused(
        "error.decision_expiry", store, lambda: decide(store, [first], "waived", WHO, note="x", expiry="31/12/2030")
    )
    refused("error.decision_nobody", store, lambda: decide(store, [first], "accepted", " "))
    refused("error.store_finding_gone", store, lambda: decide(store, ["không có"], "accepted", WHO))


def test_the_same_status_again_is_no_decision(store: Place) -> None:
    first = ids(store)[0]
    assert decide(store, [first], "open", WHO) == []
    decide(store, [first], "waived", WHO, note="a")
    assert len(decide(store, [first], "waived", WHO, note="b", document="gia hạn")) == 1


def test_waivers_that_have_expired_are_named(store: Place) -> None:
    first, second, third, *_ = ids(store)
    decide(store, [first, second, third], "waived", WHO, note="tạm", expiry="2026-11-21")
    decide(store, [second], "open", WHO)
    decide(store, [third], "waived", WHO, note="gia hạn", expiry="2027-11-21")
    assert expired(store, date(2026, 11, 21)) == []
    assert expired(store, date(2026, 11, 22)) == [first]


def test_nobody_can_change_or_delete_the_history_not_even_by_hand(store: Place) -> None:
    decide(store, ids(store)[:1], "accepted", WHO)
    commands = ["DELETE FROM decisions", "UPDATE decisions SET who = 'x'", "DELETE FROM decisions WHERE fid = 1"]
    for command in [*commands, *(["TRUNCATE decisions"] if isinstance(store, PostgisSchema) else [])]:
        with pytest.raises(Exception, match="append-only"):
            tell(store, command)
    assert history(store)[0].who == WHO


def test_a_run_that_replaces_the_store_keeps_its_history(store: Place) -> None:
    first, second, *_ = ids(store)
    decide(store, [first], "waived", WHO, note="lý do", document="9/QĐ")
    before = history(store)
    write(store, 12)
    assert history(store) == before
    assert statuses(store)[first] == "waived" and len(statuses(store)) == 12
    assert notes(store) == []
    assert decide(store, [second], "accepted", WHO)[0].number == 2


def test_edits_by_hand_are_told_and_do_not_stop_the_work(store: Place) -> None:
    found = ids(store)
    decide(store, found[:2], "accepted", WHO)
    moved = "ST_Translate(geom, 1, 0)" if isinstance(store, PostgisSchema) else "x'4750'"
    tell(
        store,
        f"DELETE FROM findings WHERE finding_id = '{found[0]}'",
        f"UPDATE findings SET geom = {moved} WHERE finding_id = '{found[2]}'",
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


def test_what_two_checks_have_found_is_no_copy_by_hand(store: Place) -> None:
    first = ids(store)[0]
    tell(
        store,
        "INSERT INTO findings (finding_id, status, run_id) SELECT finding_id, status, 'another' FROM findings LIMIT 1",
        "DELETE FROM edits",
    )
    assert notes(store) == []
    decide(store, [first], "accepted", WHO)
    assert [row[0] for row in ask(store, "SELECT status FROM findings WHERE finding_id = ?", first)] == ["accepted"] * 2
