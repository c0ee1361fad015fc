"""The list of a store's findings: what filters, groups and orders give, how little is fetched, and what others' writing changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from planconcord.engine.record import MEASURE_FIELDS, RUN_FIELDS
from planconcord.engine.store import copying, write_store
from planconcord.engine.store.decisions import TOOL, decide
from planconcord.engine.store.listing import GROUPS, LAPSED, SORTS, Filter, Listing, folded
from planconcord.engine.store.opening import Layout, look_into
from planconcord.engine.store.place import Place
from stores import SIDE_M, SOUTH, STEP_M, WEST, ask, findings, tell, write

COUNT = 120


@pytest.fixture()
def listing(store_place: Place) -> Listing:
    write(store_place, COUNT)
    return Listing(store_place)


def everything(listing: Listing) -> list:  # type: ignore[type-arg]
    return listing.rows(0, COUNT)


def test_all_findings_are_counted_with_their_ground(listing: Listing) -> None:
    counts = listing.counts()
    area_m2 = sum(SIDE_M * SIDE_M + number for number in range(COUNT))
    assert (counts.total, counts.open, counts.handled, counts.area_m2) == (COUNT, COUNT, 0, area_m2)
    assert listing.shown == counts


def test_groups_are_in_order_and_add_up(listing: Listing) -> None:
    table = findings(COUNT)
    for group, columns in (
        ("severity", ["severity"]),
        ("rule", ["rule"]),
        ("territory", ["territory"]),
        ("plans", ["plan_a", "plan_b"]),
    ):
        listing.show(group=group)
        expected = table.groupby(columns).size()
        got = {one.key if len(one.key) > 1 else one.key[0]: one.findings for one in listing.groups}
        assert got == expected.to_dict()
        assert sum(one.area_m2 for one in listing.groups) == table["area_m2"].sum()
    listing.show(group="severity")
    assert [one.key for one in listing.groups] == [("error",), ("warning",)], "worst first"


def test_rows_lie_group_after_group(listing: Listing) -> None:
    for group in GROUPS[:3]:
        listing.show(group=group)
        column = [getattr(row, group) for row in everything(listing)]
        assert column == [one.key[0] for one in listing.groups for _ in range(one.findings)]


@pytest.mark.parametrize("sort", SORTS)
def test_sorting_turns_round_and_loses_nothing(listing: Listing, sort: str) -> None:
    listing.show(group="none", sort=sort)
    up = everything(listing)
    listing.show(group="none", sort=sort, descending=True)
    down = everything(listing)
    assert {row.fid for row in up} == {row.fid for row in down} and len(up) == COUNT
    if sort in ("area", "width"):
        values = [getattr(row, {"area": "area_m2", "width": "width_m"}[sort]) for row in up]
        assert values == sorted(values)


def test_filters_combine(listing: Listing) -> None:
    table = findings(COUNT)
    wanted = Filter(rule="coverage.overlap", territory="Huyện 1", area_from_m2=2520, area_to_m2=2600, width_to_m=60)
    listing.show(wanted)
    expected = table[
        (table["rule"] == "coverage.overlap") & (table["territory"] == "Huyện 1") & table["area_m2"].between(2520, 2600)
    ]
    assert {row.finding_id for row in everything(listing)} == set(expected["finding_id"]) and len(expected) > 3
    listing.show(Filter(rule="coverage.overlap", width_from_m=60))
    assert listing.shown.total == 0 and listing.groups == []


def test_text_is_found_without_accents_and_words_combine(listing: Listing) -> None:
    assert folded("Chồng LẤN Đất") == "chong lan dat"
    for words, count in (
        ("HUYEN 2", 40),
        ("a-77 chong", 1),
        ("a-77 khoang ho", 0),
        ("a-77 overlap", 1),
        ("không có gì như vậy", 0),
    ):
        listing.show(Filter(text=words))
        assert listing.shown.total >= count if count == 40 else listing.shown.total == count, words
    listing.show(Filter(text="%"))
    assert listing.shown.total == 0, "a sign of SQL is a letter"


def test_the_window_of_the_map_chooses_by_the_box_of_a_finding(listing: Listing) -> None:
    edge = WEST + 9 * STEP_M + SIDE_M
    listing.show(Filter(extent=(edge - 1, SOUTH - 5, edge + 1, SOUTH + 5)), "none")
    assert [row.zone_a for row in everything(listing)] == ["A-9"]
    listing.show(Filter(), "none")
    assert len(listing.at(WEST + 1, SOUTH + 1, WEST + 2, SOUTH + 2)) == 1


def test_status_and_handled(listing: Listing) -> None:
    chosen = [row.finding_id for row in listing.rows(0, 3)]
    decide(listing.path, chosen[:2], "accepted", "A")
    decide(listing.path, chosen[2:], "waived", "A", note="x")
    assert listing.refresh() == "decisions"
    for status, count in (("accepted", 2), ("waived", 1), ("handled", 3), ("open", COUNT - 3)):
        listing.show(Filter(status=status))
        assert listing.shown.total == count, status


def test_only_what_is_looked_at_is_fetched(store_place: Place) -> None:
    path = store_place
    write(path, 5000)
    listing = Listing(path)
    assert (listing.rows_read, listing.rows_fetched) == (5000, 2), "once from the file; two groups"
    listing.show(Filter(severity="error"), "rule", "area", True)
    listing.rows(2000, 40)
    assert (listing.rows_read, listing.rows_fetched) == (5000, 2 + 2 + 40)
    decide(path, [listing.rows(0, 1)[0].finding_id], "accepted", "A")
    listing.refresh()
    assert listing.rows_read == 5001, "one decision, one row"


def test_what_others_decide_appears_and_nothing_else_is_read(listing: Listing) -> None:
    assert listing.refresh() == ""
    first = listing.rows(0, 1)[0]
    decide(listing.path, [first.finding_id], "waived", "B", note="x")
    before = listing.rows_read
    assert listing.refresh() == "decisions" and listing.rows_read == before + 1
    (position,) = listing.positions_of([first[:2]])
    assert position is not None and listing.rows(position, 1)[0].status == "waived"
    assert listing.refresh() == ""


def test_an_edit_by_hand_or_a_new_run_is_read_anew(listing: Listing) -> None:
    listing.show(Filter(severity="error"), "territory")
    errors = listing.shown.total
    first = listing.rows(0, 1)[0]
    tell(listing.path, f"DELETE FROM findings WHERE fid = {first.fid}")
    assert listing.refresh() == "all"
    assert listing.shown.total == errors - 1 and listing.positions_of([first[:2]]) == [None]
    write(listing.path, 30)
    assert listing.refresh() == "all" and listing.counts().total == 30


def test_the_file_is_not_held_open(tmp_path: Path) -> None:
    write(tmp_path / "kho.gpkg", COUNT)
    listing = Listing(tmp_path / "kho.gpkg")
    tell(listing.path, "BEGIN EXCLUSIVE", "COMMIT")
    assert listing.whole(1) is not None
    tell(listing.path, "BEGIN EXCLUSIVE", "COMMIT")


def test_a_whole_finding_comes_with_its_outline(listing: Listing) -> None:
    import shapely

    row = listing.rows(0, 1)[0]
    found = listing.whole(row.fid)
    assert found is not None
    values, outline = found
    assert values["finding_id"] == row.finding_id and values["run_id"] == "run-1"
    assert shapely.from_wkb(outline).area == SIDE_M * SIDE_M
    assert listing.whole(10_000) is None and listing.run("run-1") == {}


def test_a_layer_alone_is_listed_too(tmp_path: Path) -> None:
    import pyogrio

    write(tmp_path / "kho.gpkg", COUNT)
    listing = Listing(tmp_path / "kho.gpkg")

    path = tmp_path / "một lớp.gpkg"
    pyogrio.write_dataframe(pyogrio.read_dataframe(listing.path, layer="findings"), path, layer="một lớp")
    before = path.read_bytes()
    alone = Listing(path)
    assert alone.counts().total == COUNT and alone.choices("rule") == listing.choices("rule")
    assert path.read_bytes() == before
    decide(path, [alone.rows(0, 1)[0].finding_id], "accepted", "A")
    assert alone.refresh() == "decisions" and alone.counts().handled == 1
    assert ask(path, "SELECT count(*) FROM edits") == [(0,)]


def test_what_became_of_findings_and_lapsed_waivers_can_be_chosen(store_place: Place) -> None:
    path = store_place
    ids = write(path, 12)
    assert Listing(path).rows(0, 1)[0].change == "", "without an earlier run nothing is new"
    fates = ["new", "changed", "persisting", "reopened"]
    cases = " ".join(f"WHEN {rank} THEN '{fate}'" for rank, fate in enumerate(fates))
    tell(
        path,
        "ALTER TABLE findings ADD COLUMN change TEXT",
        "ALTER TABLE findings ADD COLUMN change_detail TEXT",
        f"UPDATE findings SET change = CASE fid % 4 {cases} END, change_detail = 'tách ra'",
    )
    decide(path, ids[:2], "waived", "An", note="họp")
    decide(path, ids[:2], "open", TOOL, note="lớn lên")
    listing = Listing(path)
    for fate in fates:
        listing.show(Filter(change=fate))
        assert listing.shown.total == 3 and {row.change for row in listing.rows(0, 12)} == {fate}
    listing.show(Filter(change=LAPSED))
    assert listing.lapsed() == 2 and [row.finding_id for row in listing.rows(0, 12)] == ids[:2]
    values, _ = listing.whole(listing.rows(0, 1)[0].fid) or ({}, b"")
    assert values["change"] in fates and values["change_detail"] == "tách ra"
    decide(path, ids[:1], "waived", "An", note="lại họp")
    assert listing.refresh() == "decisions"
    assert listing.lapsed() == 1 and listing.shown.total == 1, "who decides again is no longer asked"
    decide(path, ids[1:2], "open", "Bình", note="x")
    decide(path, ids[2:3], "waived", "An", note="x")
    decide(path, ids[2:3], "open", "An", note="x")
    assert listing.refresh() == "decisions" and listing.lapsed() == 0, "who opens a waiver himself knows of it"


def rename_layer(store: Path) -> None:
    """Give the layer of findings the name that QGIS gives to a run's."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("ALTER TABLE findings RENAME TO ket_qua")
        for table in ("gpkg_contents", "gpkg_geometry_columns"):
            connection.execute(f"UPDATE {table} SET table_name = 'ket_qua' WHERE table_name = 'findings'")
        connection.execute("UPDATE store SET value = replace(value, 'findings', 'ket_qua') WHERE name = 'tables'")
        connection.commit()


def test_a_finding_is_never_shown_under_the_number_of_another(tmp_path: Path) -> None:
    """A run puts a new store in the old one's place between two looks of the dock: other name, other numbers."""
    store, beside = tmp_path / "kho.gpkg", tmp_path / "mới.gpkg"
    write(store, COUNT)
    empty = [pd.DataFrame(columns=[name for name, _ in fields]) for fields in (MEASURE_FIELDS, RUN_FIELDS)]
    write_store(beside, findings(COUNT).iloc[:0:-1], *empty)
    rename_layer(beside)
    listing = Listing(store)
    before = listing.rows(0, COUNT)
    beside.replace(store)
    gone = 0
    for row in before:
        found = listing.whole(row.fid)
        gone += found is None
        assert found is None or found[0]["finding_id"] == row.finding_id
    assert gone == 1, "the one that is no longer there"
    assert listing.run("run-1") == {}


def test_a_run_that_replaces_the_store_while_it_is_read_is_followed(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    store, beside = tmp_path / "kho.gpkg", tmp_path / "mới.gpkg"
    write(store, COUNT)
    write(beside, 30)
    rename_layer(beside)
    looked = []

    def look_and_replace(path: Place) -> Layout:
        looked.append(look_into(path))
        if len(looked) == 1:
            beside.replace(store)
        return looked[-1]

    monkeypatch.setattr(copying, "look_into", look_and_replace)
    listing = Listing(store)
    assert listing.counts().total == 30
    assert [layout.table for layout in looked] == ["findings", "ket_qua"]
