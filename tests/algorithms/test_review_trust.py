"""Whatever a person presses and whatever others do meanwhile: a decision is about what panel and map show, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.engine.store.decisions import Decision, decide, history
from planconcord.engine.store.opening import look_into
from planconcord.qgis_plugin.review import dock as dock_module
from planconcord.qgis_plugin.review.deciding import reviewer
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QDialog
from stores import ask, ids, statuses, tell, write

from .docks import STORE_CRS, Desk, desk, finding_of, number_of  # noqa: F401 - desk is a fixture

COUNT = 24
KEYS = (
    *("Down", "Down", "Up", "Shift+Down", "Shift+Up", "Ctrl+Down", "Ctrl+Up", "Ctrl+Space", "Space", "Home", "End"),
    *("N", "P", "Shift+N", "Shift+P", "M", "Z", "Left", "Right", "Ctrl+A", "Return", "Escape", "E", "/"),
    *("A", "A", "A", "W", "R", "U"),
)
TYPED = ("A-1", "B-2", "zzz", "khoang ho", "")
FILTERS = (("status", "open"), ("status", "handled"), ("status", ""), ("severity", "warning"), ("severity", ""))
GROUPS = ("severity", "territory", "none")
SORTS = ("area", "zones", "message")
TARGETS = {"A": "accepted", "W": "waived", "R": "open"}


@pytest.fixture(autouse=True)
def _answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The question before a waiver is answered at once; while it stands open, the world goes on."""
    yield from answering(monkeypatch, lambda: None)


def answering(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None]) -> Iterator[None]:
    class Answer:
        note, document, expiry = "lý do", "", ""

        def __init__(self, *_: object):
            pass

        def exec(self) -> int:
            meanwhile()
            return int(QDialog.DialogCode.Accepted)

        def deleteLater(self) -> None:
            pass

    monkeypatch.setattr(dock_module, "WaiveDialog", Answer)
    yield


def ours(path: Path, after: int) -> list[Decision]:
    return [one for one in history(path, after=after) if one.who == reviewer()]


# ── the sentences of a reviewer ─────────────────────────────────────────────────────────────────────────────────────


def test_after_a_search_nothing_is_decided_that_was_not_shown(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    write(tmp_path / "kho.gpkg", COUNT)
    desk.open(tmp_path / "kho.gpkg")
    desk.press("Down")
    desk.wait()
    first = desk.described()
    assert first is not None and desk.outlined() == {first}
    desk.press("/")
    desk.dock.filters.search.setText("A-11")
    desk.press("Escape", desk.dock.filters.search)
    assert desk.described() is None and desk.outlined() == set() and desk.highlighted() == set()
    desk.press("A")
    assert history(tmp_path / "kho.gpkg") == [] and "Choose" in desk.said()
    desk.press("Down")
    desk.press("A")
    assert history(tmp_path / "kho.gpkg") == [], "not before it was shown"
    assert desk.described() == 11 and desk.outlined() == {11} and desk.in_view(11)
    desk.press("A")
    assert [number_of(tmp_path / "kho.gpkg", one.finding_id) for one in history(tmp_path / "kho.gpkg")] == [11]


def test_enter_in_the_search_goes_to_the_first_that_fits(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    write(tmp_path / "kho.gpkg", COUNT)
    desk.open(tmp_path / "kho.gpkg")
    desk.dock.filters.search.setText("A-23")
    desk.press("Return", desk.dock.filters.search)
    desk.wait()
    assert desk.described() == 23 and desk.outlined() == desk.highlighted() == {23} and desk.in_view(23)


def test_what_others_decide_chooses_nothing_for_me(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    desk.dock.filters.status.setCurrentIndex(desk.dock.filters.status.findData("open"))
    desk.wait()
    for _ in range(5):
        desk.press("Down")
    desk.wait()
    mine = desk.described()
    assert mine is not None
    earlier = desk.dock.view.findings.finding(2)
    decide(store, [earlier.finding_id], "waived", "B", note="x")
    desk.look()
    assert desk.described() == mine and desk.outlined() == desk.highlighted() == {mine}, "the rows above have moved up"
    decide(store, [finding_of(store, mine)], "waived", "B", note="x")
    desk.look()
    assert desk.described() is None and desk.outlined() == desk.highlighted() == set()
    desk.press("A")
    assert ours(store, 0) == []
    desk.press("N")
    desk.wait()
    assert desk.described() == int(desk.dock.view.current().zone_a[2:]), "the list goes on where it was"


def test_my_own_decision_leads_to_the_next_and_the_map_goes_there(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    desk.dock.filters.status.setCurrentIndex(desk.dock.filters.status.findData("open"))
    desk.press("Down")
    desk.wait()
    desk.press("Down")
    desk.wait()
    first = desk.described()
    desk.press("A")
    following = desk.described()
    assert following not in (None, first) and desk.outlined() == {following} and desk.in_view(following)
    desk.press("U")
    assert desk.described() == first and desk.outlined() == {first} and desk.in_view(first), "what was undone is shown"


def test_several_are_outlined_and_counted(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    for keys in ("Down", "Shift+Down", "Shift+Down"):
        desk.press(keys)
    desk.wait()
    chosen = desk.highlighted()
    assert len(chosen) == 3 and desk.outlined() == chosen
    assert "3 findings are chosen" in desk.dock.panel.toPlainText()
    desk.press("Ctrl+Space")  # takes the current one out again
    desk.wait()
    assert (
        desk.outlined() == desk.highlighted() == chosen - ({*chosen} - desk.highlighted()) and len(desk.outlined()) == 2
    )
    assert desk.described() in desk.outlined()
    desk.press("A")
    assert {number_of(store, one.finding_id) for one in history(store)} == desk.outlined()


def test_a_key_that_is_held_down_decides_once(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    from qgis.PyQt.QtCore import QEvent, Qt
    from qgis.PyQt.QtGui import QKeyEvent
    from qgis.PyQt.QtWidgets import QApplication

    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    desk.dock.filters.status.setCurrentIndex(desk.dock.filters.status.findData("open"))
    desk.press("Down")
    desk.wait()
    for repeated in (False, True, True, True):
        event = QKeyEvent(QEvent.Type.KeyPress, int(Qt.Key.Key_A), Qt.KeyboardModifier.NoModifier, "a", repeated, 1)
        QApplication.sendEvent(desk.dock.view, event)
    assert len(history(store)) == 1


def test_the_waiver_is_about_what_was_shown_when_it_was_asked(
    desk: Desk,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    desk.press("Down")
    desk.wait()
    shown = desk.described()

    def meanwhile() -> None:
        tell(store, f"DELETE FROM findings WHERE zone_a = 'A-{(shown or 0) + 1}'")
        desk.look()
        desk.dock.view.first()
        desk.press("End")
        desk.wait()

    for _ in answering(monkeypatch, meanwhile):
        desk.press("W")
    assert [number_of(store, one.finding_id) for one in history(store)] == [shown]


# ── the state of an old store on a new one ──────────────────────────────────────────────────────────────────────────


def test_a_new_run_with_other_numbers_keeps_the_finding_and_not_the_row(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    for _ in range(6):
        desk.press("Down")
    desk.wait()
    shown = desk.described()
    before = look_into(store).table
    turn_round(store, tmp_path)
    assert ids(store) != [] and look_into(store).table == before
    desk.look()
    assert desk.described() == shown and desk.outlined() == desk.highlighted() == {shown}
    desk.press("A")
    assert [number_of(store, one.finding_id) for one in history(store)] == [shown]


def test_a_new_run_may_be_in_another_crs_and_with_other_outlines(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    desk.press("Down")
    desk.wait()
    shown = desk.described()
    shrink(store)
    desk.look()
    (band,) = [item for item in desk.iface.canvas.items() if hasattr(item, "asGeometry") and item.isVisible()]
    assert band.asGeometry().area() == pytest.approx(900.0), "the outline of now"
    desk.iface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    assert desk.outlined() == {shown}, "where the map has it now"


def test_a_filter_for_what_is_not_there_any_more_is_lifted_in_list_and_box(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    territories = desk.dock.filters.territory
    territories.setCurrentIndex(territories.findData("Huyện 2"))
    desk.wait()
    tell(store, "DELETE FROM findings WHERE territory = 'Huyện 2'")
    desk.look()
    assert territories.currentIndex() == 0 and desk.dock._listing is not None
    assert desk.dock._listing.shown.total == desk.dock._listing.counts().total == 16


def test_undo_takes_back_my_decision_only(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store, other = tmp_path / "kho.gpkg", tmp_path / "khác.gpkg"
    for path in (store, other):
        write(path, COUNT)
    decide(other, ids(other)[:1], "accepted", "B")
    desk.open(store)
    desk.press("Home")
    desk.wait()
    desk.press("A")
    assert len(ours(store, 0)) == 1
    shutil.copyfile(other, store)  # by a program that knows nothing of stores
    desk.press("U")
    assert [(one.who, one.to_status) for one in history(store)] == [("B", "accepted")]
    assert any("number 1" in one for one in desk.dock.notices.texts())


def test_notices_of_the_old_store_go_with_it(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    found = write(store, COUNT)
    decide(store, found[:2], "waived", "B", note="x", expiry="2020-01-01")
    desk.open(store)
    assert any("2 waiver(s) have expired" in one for one in desk.dock.notices.texts())
    decide(store, found[:1], "open", "B")
    tell(store, "DELETE FROM findings WHERE zone_a = 'A-23'")
    desk.look()
    told = [one for one in desk.dock.notices.texts() if "expired" in one]
    assert len(told) == 1 and told[0].startswith("1 waiver(s)")


def test_a_plan_layer_that_goes_or_comes_is_noticed(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    store = tmp_path / "kho.gpkg"
    write(store, COUNT)
    desk.open(store)
    desk.press("Down")
    desk.wait()
    shown = desk.described()
    assert "not open in this project" in desk.dock.panel.toPlainText()
    plan = QgsVectorLayer("Polygon?crs=EPSG:5899&field=so:string&field=ma:string", "kế hoạch", "memory")
    from qgis.core import QgsFeature, QgsGeometry, QgsRectangle
    from stores import SOUTH, STEP_M, WEST

    feature = QgsFeature(plan.fields())
    feature.setAttributes([f"A-{shown}", "LUC"])
    west = WEST + (shown or 0) * STEP_M
    feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(west, SOUTH, west + 60, SOUTH + 60)))
    plan.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(plan)
    desk.wait()
    assert "Layer kế hoạch" in desk.dock.panel.toPlainText()
    QgsProject.instance().removeMapLayer(plan.id())
    desk.wait()
    decide(store, [finding_of(store, shown or 0)], "waived", "B", note="y")
    desk.look()
    assert "Layer kế hoạch" not in desk.dock.panel.toPlainText() and desk.described() == shown
    desk.press("M")


def turn_round(store: Path, folder: Path) -> None:
    """Put a store with the same findings in its place, numbered from the other end, as another run might."""
    made = folder / "mới.gpkg"
    shutil.copyfile(store, made)
    tell(
        made,
        "UPDATE findings SET fid = -fid",
        f"UPDATE findings SET fid = {COUNT + 1} + fid",
        "UPDATE rtree_findings_geom SET id = -id",
        f"UPDATE rtree_findings_geom SET id = {COUNT + 1} + id",
    )
    made.replace(store)


def shrink(store: Path) -> None:
    """Put a store with the same findings in its place, each with a smaller outline, as a run that was given the old one might."""
    known = dict(ask(store, "SELECT zone_a, finding_id FROM findings"))
    write(store, COUNT, side_m=30.0)
    tell(store, *(f"UPDATE findings SET finding_id = '{one}' WHERE zone_a = '{zone}'" for zone, one in known.items()))


# ── any sequence ────────────────────────────────────────────────────────────────────────────────────────────────────

ACTIONS = st.one_of(
    st.tuples(st.just("key"), st.sampled_from(KEYS)),
    st.tuples(st.just("key"), st.sampled_from(KEYS)),
    st.tuples(st.just("key"), st.sampled_from(KEYS)),
    st.tuples(st.just("type"), st.sampled_from(TYPED)),
    st.tuples(st.just("filter"), st.sampled_from(FILTERS)),
    st.tuples(st.just("group"), st.sampled_from(GROUPS)),
    st.tuples(st.just("sort"), st.sampled_from(SORTS)),
    st.tuples(st.just("wait"), st.just(None)),
    st.tuples(st.just("look"), st.just(None)),
    st.tuples(st.just("other"), st.integers(0, COUNT - 1)),
    st.tuples(st.just("run"), st.sampled_from(["turned", "smaller", "fewer"])),
    st.tuples(st.just("store"), st.sampled_from(["a.gpkg", "b.gpkg"])),
    st.tuples(st.just("crs"), st.sampled_from([STORE_CRS, "EPSG:3857"])),
)


@given(st.lists(ACTIONS, min_size=5, max_size=18))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_sequence_a_decision_is_about_what_is_shown(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("kho")
    for name in ("a.gpkg", "b.gpkg"):
        write(folder / name, COUNT)
    desk = Desk()  # noqa: F811
    try:
        desk.open(folder / "a.gpkg")
        for kind, what in actions:
            act(desk, folder, kind, what)
        desk.wait()
        agree(desk)
    finally:
        desk.close()


def act(desk: Desk, folder: Path, kind: str, what: object) -> None:  # noqa: F811
    """One thing that happens; what it decides must have been shown before it."""
    dock = desk.dock
    assert dock._listing is not None
    store = Path(str(dock._listing.path))
    counts = {path: len(history(path)) for path in folder.glob("?.gpkg")}
    shown, described, were = desk.outlined(), desk.described(), statuses(store)
    if kind == "key":
        desk.press(str(what))
    elif kind == "type":
        dock.filters.search.setText(str(what))
        desk.press("Escape" if what else "Return", dock.filters.search)
    elif kind == "filter":
        box = getattr(dock.filters, what[0])  # type: ignore[index]
        box.setCurrentIndex(box.findData(what[1]))  # type: ignore[index]
    elif kind == "group":
        dock.filters.group.setCurrentIndex(dock.filters.group.findData(what))
    elif kind == "sort":
        dock.view.sort_asked.emit(str(what))
    elif kind == "wait":
        desk.wait()
        agree(desk)
    elif kind == "look":
        desk.look()
    elif kind == "other":
        found = ids(store)
        decide(store, [found[int(str(what)) % len(found)]], "waived", "B", note="x")
    elif kind == "run":
        {
            "turned": lambda: turn_round(store, folder) if len(ids(store)) == COUNT else None,
            "smaller": lambda: shrink(store),
            "fewer": lambda: write(store, COUNT - 6),
        }[str(what)]()
    elif kind == "store":
        desk.open(folder / str(what))
    elif kind == "crs":
        desk.iface.canvas.setDestinationCrs(QgsCoordinateReferenceSystem(str(what)))
    made = {path: ours(path, 0) for path in counts}
    new = [one for path, found in made.items() for one in history(path)[counts[path] :] if one in found]
    if not new:
        return
    decided = {number_of(store, one.finding_id) for one in new}
    assert all(len(history(path)) == count for path, count in counts.items() if path != store), "in the open store"
    if any(one.undoes for one in new):
        assert what == "U" and (desk.outlined() == decided or "filters hide" in desk.said())
        return
    assert decided <= shown and described in shown, f"{what}: decided {decided}, shown {shown}"
    target = TARGETS[str(what)]
    if target != "waived":
        left = {number for number in shown if were[finding_of(store, number)] != target}
        assert decided == left, f"{what}: decided {decided}, shown {shown}, not yet so {left}"


def agree(desk: Desk) -> None:  # noqa: F811
    """When nothing is put off any more, list, panel and map show the same."""
    desk.look()
    assert desk.outlined() == desk.highlighted()
    assert desk.described() in (desk.outlined() or {None})
