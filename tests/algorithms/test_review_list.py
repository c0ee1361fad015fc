"""The list of the review dock and its side panel without a window: how little they fetch, what they show, that they escape."""

from __future__ import annotations

from pathlib import Path

import pytest
from planconcord.engine.store.decisions import Decision, decide, history
from planconcord.engine.store.listing import Filter, Listing
from planconcord.engine.store.opening import notes
from planconcord.qgis_plugin.review import words
from planconcord.qgis_plugin.review.filters import FilterPanel
from planconcord.qgis_plugin.review.findings_view import FindingsView
from planconcord.qgis_plugin.review.table_model import PAGE
from planconcord.qgis_plugin.review.zones import zones_of
from qgis.core import QgsCoordinateReferenceSystem, QgsFeature, QgsGeometry, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QApplication
from stores import write

COUNT, HEIGHT_PX = 3000, 400
EVIL = '<img src="x" onerror="alert(1)">&'


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("store") / "kho.gpkg"
    write(made, COUNT)
    return made


@pytest.fixture()
def view(path: Path) -> FindingsView:
    made = FindingsView("en")
    made.findings.look_at(Listing(path))
    made.resize(900, HEIGHT_PX)
    made.show()
    QApplication.processEvents()
    return made


def fetched(view: FindingsView) -> int:
    return view.findings._listing.rows_fetched


def test_only_the_rows_on_the_screen_are_fetched(view: FindingsView) -> None:
    assert view.findings.rowCount() == COUNT + 2, "two headings"
    begin = fetched(view)
    assert begin <= 2 + 2 * PAGE
    view.scrollToBottom()
    QApplication.processEvents()
    assert fetched(view) - begin <= 2 * PAGE
    read = view.findings._listing.rows_read
    view.keep(lambda: view.findings.show(Filter(severity="error"), "rule", "area", True))
    QApplication.processEvents()
    assert view.findings._listing.rows_read == read == COUNT, "a filter reads nothing from the file"
    assert fetched(view) - begin <= 6 * PAGE


def test_rows_and_positions_agree_with_headings_folded_or_not(view: FindingsView) -> None:
    model = view.findings
    model.show(Filter(), "territory", "", False)
    headings = model.headings()
    assert len(headings) == 3
    for folded in (False, True):
        if folded:
            assert model.fold(headings[1], True) and not model.fold(headings[1], True)
        seen = [row for row in range(model.rowCount()) if model.position(row) is not None]
        assert all(model.row_at(model.position(row)) == row for row in seen)
        assert len(seen) == COUNT - (model._groups[1].findings if folded else 0)
    assert model.row_at(model._firsts[1]) == headings[1], "a finding of a folded group is found at its heading"


def test_steps_skip_headings_and_end_at_the_ends(view: FindingsView) -> None:
    model = view.findings
    second = model.headings()[1]
    assert model.step(second - 1, 1) == second + 1 and model.step(second + 1, -1) == second - 1
    assert model.step(model.rowCount() - 1, 1) is None and model.step(1, -1) is None


def test_a_finding_that_leaves_the_list_gives_its_place_to_the_next(tmp_path: Path) -> None:
    store = tmp_path / "kho.gpkg"
    write(store, 12)
    view = FindingsView("vi")
    view.findings.look_at(Listing(store))
    view.findings.show(Filter(status="open"), "none", "", False)
    view.take(4)
    view.settle()
    first, following = view.findings.finding(4), view.findings.finding(5)
    decide(store, [first.finding_id], "accepted", "A")
    assert view.findings._listing.refresh() == "decisions"
    view.keep(view.findings.renew, advance=True)
    assert view.current().fid == following.fid and [row.fid for row in view.selected()] == [following.fid]


def test_all_can_be_chosen_at_once(view: FindingsView) -> None:
    view.selectAll()
    assert len(view.selected()) == COUNT


@pytest.mark.parametrize("language", ["vi", "en"])
def test_whatever_comes_from_a_layer_is_escaped(language: str) -> None:
    values = dict.fromkeys(("rule", "severity", "status", "message", "territory", "must_adjust", "reference"), EVIL)
    values |= {f"{name}_{side}": EVIL for name in ("zone", "code", "plan") for side in "ab"}
    values |= {"verdict": "", "area_m2": 12.0, "width_m": None}
    decision = Decision(1, "f", EVIL, EVIL, "open", EVIL, EVIL, EVIL, EVIL, 1)
    made = words.finding_html(values, (0, 3), {"a": (EVIL, [(EVIL, EVIL)])}, [decision], language)
    assert "<img" not in made and made.count("&lt;img") >= 15


def test_limits_take_commas_and_what_is_no_number_limits_nothing() -> None:
    panel = FilterPanel("vi")
    for typed, value in (("12,5", 12.5), ("1 000", 1000.0), ("mười", None), ("", None)):
        panel.limits["area_from"].setText(typed)
        assert panel.wanted().area_from_m2 == value
    panel.sort_by("area")
    assert panel.order() == ("severity", "area", True), "the greatest first"
    panel.sort_by("area")
    assert panel.order() == ("severity", "area", False)


def zone_layer(name: str, fields: str, attributes: list[object]) -> QgsVectorLayer:
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:5899&{fields}", name, "memory")
    feature = QgsFeature(layer.fields())
    feature.setAttributes(attributes)
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON((0 0,10 0,10 10,0 10,0 0))"))
    layer.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_zones_are_found_by_the_layers_name_or_by_key_and_code_together() -> None:
    QgsProject.instance().clear()
    zone_layer("Kế hoạch", "field=so:integer&field=ma:string", [7, "LUC"])
    zone_layer("một lớp khác", "field=khu:string&field=loai:string", ["P1", "Z"])
    outline, crs = QgsGeometry.fromWkt("POLYGON((1 1,2 1,2 2,1 1))"), QgsCoordinateReferenceSystem("EPSG:5899")
    values = {"plan_a": "kế hoạch", "zone_a": "7", "code_a": "LUC", "plan_b": "QHT", "zone_b": "P1", "code_b": "Z"}
    found = zones_of(values, {}, outline, crs)
    assert {side: zone.layer.name() for side, zone in found.items()} == {"a": "Kế hoạch", "b": "một lớp khác"}
    assert found["a"].fields() == [("so", "7"), ("ma", "LUC")]
    assert "b" not in zones_of({**values, "code_b": "X"}, {}, outline, crs), "another code is another zone"
    far = QgsGeometry.fromWkt("POLYGON((91 91,92 91,92 92,91 91))")
    assert zones_of(values, {}, far, crs) == {}
    QgsProject.instance().clear()


def test_what_is_edited_by_hand_in_qgis_is_told(tmp_path: Path) -> None:
    store = tmp_path / "kho.gpkg"
    write(store, 6)
    layer = QgsVectorLayer(f"{store}|layername=findings", "findings", "ogr")
    features = sorted(layer.getFeatures(), key=lambda feature: feature.id())
    assert layer.startEditing()
    layer.deleteFeature(features[0].id())
    layer.changeAttributeValue(features[1].id(), layer.fields().lookupField("status"), "waived")
    layer.changeGeometry(features[2].id(), QgsGeometry.fromWkt("MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"))
    assert layer.commitChanges(), layer.commitErrors()
    told = {key.rsplit("_", 1)[1]: values["findings"] for key, values in notes(store)}
    assert told == {
        "deleted": features[0]["finding_id"],
        "status": features[1]["finding_id"],
        "geometry": features[2]["finding_id"],
    }
    decide(store, [features[1]["finding_id"]], "accepted", "A")
    assert layer.getFeature(features[1].id())["status"] == "accepted", "the layer that is open shows the decision"


def test_nobody_changes_the_history_in_qgis(tmp_path: Path) -> None:
    store = tmp_path / "kho.gpkg"
    found = write(store, 3)
    decide(store, found[:1], "accepted", "A")
    table = QgsVectorLayer(f"{store}|layername=decisions", "decisions", "ogr")
    (row,) = table.getFeatures()
    assert table.startEditing()
    table.deleteFeature(row.id())
    assert not table.commitChanges()
    assert "append-only" in " ".join(table.commitErrors())
    table.rollBack()
    assert len(history(store)) == 1
