"""Drawings: hatches and closed lines become zones, texts their labels, labels codes; every step is counted."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from intake_files import EAST_M, NORTH_M, drawing, encoded, hatch, outline, square, word, write, zones
from planconcord.engine.catalogue import LANGUAGES
from planconcord.engine.errors import PlanError
from planconcord.engine.intake.cad import areas_of_lines
from planconcord.engine.intake.labels import beside, read_labels, write_labels
from planconcord.engine.intake.preparing import PreparationOptions, prepare, prepare_plan, zones_of
from planconcord.engine.intake.report import IntakeReport

LINES = PreparationOptions(crs="EPSG:5899", polygons_from_lines=True)
TCVN3_RICE = (encoded("Đất lúa", "tcvn3") or b"").decode("latin-1")


def test_closed_lines_texts_and_layers_become_labelled_zones(tmp_path: Path) -> None:
    entities = [
        outline("qh dat lua", square(0, 0)),
        word("CHU", 20, 50, TCVN3_RICE),
        word("CHU", 20, 30, "1.25"),
        outline("D.ODT", square(100, 0)),
        word("CHU", 150, 50, "ODT"),
        word("CHU", 150, 20, "Khu A"),
        outline("duong", [(0, 0), (50, 50), (80, 10)], closed=False),
        outline("Defpoints", square(500, 0)),
        word("CHU", 900, 900, "xa"),
    ]
    made = prepare(str(drawing(tmp_path / "plan.dxf", entities)), LINES)
    found = zones_of(made)
    assert list(found.cad_layer) == ["qh dat lua", "D.ODT"] and list(found.label) == ["Đất lúa", "ODT; Khu A"]
    assert shapely.area(found.geometry.to_numpy()).tolist() == pytest.approx([10_000, 10_000])
    counts = {key: made.report.count(f"intake.{key}") for key in ("lines_to_areas", "labels", "decoded", "dropped")}
    assert counts == {"lines_to_areas": 2, "labels": 2, "decoded": 1, "dropped": 2}
    assert made.report.count("intake.note.texts_outside") == 1 == made.report.count("intake.note.labels_several")
    for language in LANGUAGES:
        assert len(made.report.lines(language)) == len(made.report.entries)


def test_lines_are_no_zones_unless_asked_for(tmp_path: Path) -> None:
    path = drawing(tmp_path / "plan.dxf", [outline("LUC", square(0, 0))])
    with pytest.raises(PlanError) as refused:
        zones_of(prepare(str(path), PreparationOptions(crs="EPSG:5899")))
    assert refused.value.key == "error.intake_lines" and "LineString" in refused.value.text("vi")
    assert len(prepare_plan(str(path), LINES)[0].zones) == 1


def test_the_outline_of_a_hatch_is_not_a_second_zone(tmp_path: Path) -> None:
    entities = [hatch("LUC", square(0, 0)), outline("VIEN", square(0, 0)), outline("ONT", square(100, 0))]
    made = prepare(str(drawing(tmp_path / "plan.dxf", entities)), LINES)
    assert sorted(zones_of(made).cad_layer) == ["LUC", "ONT"]
    assert made.report.count("intake.outlines_of_hatches") == 1


def test_a_text_belongs_to_the_smallest_zone_around_it(tmp_path: Path) -> None:
    entities = [
        outline("A", square(0, 0, 100)),
        outline("B", square(20, 20, 20)),
        word("C", 30, 30, "ao"),
        word("C", 70, 70, "ruộng"[:2]),
    ]
    found = zones_of(prepare(str(drawing(tmp_path / "plan.dxf", entities)), LINES))
    assert dict(zip(found.cad_layer, found.label)) == {"A": "ru", "B": "ao"}


def test_an_outline_that_nearly_closes_is_closed_and_counted(tmp_path: Path) -> None:
    near = [*square(0, 0), (0.0, 0.03)]
    far = [*square(200, 0), (200.0, 5.0)]
    made = prepare(str(drawing(tmp_path / "plan.dxf", [outline("A", near, False), outline("B", far, False)])), LINES)
    assert list(zones_of(made).cad_layer) == ["A"] and made.report.count("intake.lines_closed") == 1


def test_five_centimetres_stay_five_centimetres_in_degrees() -> None:
    line = shapely.LineString([(EAST_M + x, NORTH_M + y) for x, y in [*square(0, 0), (0, 3)]])
    frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries([line], crs=5899).to_crs(4326))
    assert areas_of_lines(frame, "x", IntakeReport("x")).geometry.geom_type.tolist() == ["LineString"]


@pytest.mark.parametrize("page", ["ANSI_1252", "ANSI_1258"])
def test_the_last_letter_of_a_drawing_in_1258_is_kept(tmp_path: Path, page: str) -> None:
    raw = (encoded("Đất ở", "cp1258") or b"").decode("latin-1")
    entities = [outline("LUC", square(0, 0)), word("LUC", 50, 50, raw), outline("ONT", square(100, 0))]
    found = zones_of(prepare(str(drawing(tmp_path / "plan.dxf", entities, page)), LINES))
    assert list(found.cad_layer) == ["LUC", "ONT"] and found.label.iloc[0] == "Đất ở"


def test_labels_become_codes_by_the_map_beside_the_plan(tmp_path: Path) -> None:
    path = drawing(
        tmp_path / "plan.dxf",
        [outline(name, square(100 * n, 0)) for n, name in enumerate(("qh dat lua", "D.ODT", "kv1"))],
    )
    beside(path).write_text("label;code\nQH  Đat lua;X\nqh DAT lua;LUC\nd.odt;ODT\nkv1;\n", encoding="utf-8")
    plan, report = prepare_plan(
        str(path), PreparationOptions(crs="EPSG:5899", polygons_from_lines=True, code_field="cad_layer")
    )
    assert list(plan.zones.code) == ["LUC", "ODT", "kv1"]
    assert report.count("intake.labels_to_codes") == 2 == report.count("intake.note.labels_unknown") + 1
    assert ("intake.note.labels_beside") in dict(report.entries)
    table = prepare(str(path), PreparationOptions(code_field="cad_layer", polygons_from_lines=True)).table
    assert list(table.label_of_cad_layer) == ["qh dat lua", "D.ODT", "kv1"]


def test_a_label_map_is_written_to_be_completed_and_is_no_formula(tmp_path: Path) -> None:
    labels = pd.Series(["kv1", "=cmd()", "kv1", "LUA", None, " "])
    path = write_labels(tmp_path / "plan.labels.csv", labels, {"lua": "LUC"})
    text = path.read_text(encoding="utf-8-sig")
    assert text.splitlines() == [
        "label,code,count,proposed,confidence",
        "kv1,,2,,",
        "'=cmd(),,1,,",
        "LUA,LUC,1,LUA,1.00",
    ]
    path.write_text(text.replace("=cmd(),", "=cmd(),BCS"), encoding="utf-8")
    assert read_labels(path) == {"lua": "LUC", "=cmd()": "BCS"}


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("a,b\n1,2\n", "error.labels"),
        ("label,code\nx,LUC\nX,ONT\n", "error.labels_twice"),
        (b"label,code\n\xa7\xca,1", "error.labels"),
    ],
)
def test_a_wrong_label_map_is_refused_with_its_row(tmp_path: Path, content: str | bytes, key: str) -> None:
    path = tmp_path / "nhãn.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(PlanError) as refused:
        read_labels(path)
    assert refused.value.key == key and "nhãn.csv" in refused.value.text("vi")


def test_repair_and_reprojection_are_counted_and_only_done_when_asked_for(tmp_path: Path) -> None:
    frame = zones()
    bow = shapely.Polygon([(530000, 1660000), (530100, 1660100), (530100, 1660000), (530000, 1660100)])
    frame.loc[0, "geometry"] = bow
    path = write(tmp_path, "gpkg", frame)
    left = prepare(str(path), PreparationOptions())
    assert not left.report.changed and not shapely.is_valid(left.table.geometry.iloc[0])
    made = prepare(str(path), PreparationOptions(repair=True, target_crs="EPSG:9216"))
    assert made.report.count("intake.repaired") == 1 and made.report.count("intake.reprojected") == 4
    assert made.table.crs.to_epsg() == 9216 and shapely.is_valid(made.table.geometry.to_numpy()).all()
    back = made.table.to_crs(5899).geometry.iloc[1]
    assert back.symmetric_difference(frame.geometry[1]).area < 1e-3


def test_swapped_axes_come_right(tmp_path: Path) -> None:
    frame = zones()
    turned = frame.set_geometry(
        gpd.GeoSeries(shapely.transform(frame.geometry.to_numpy(), lambda c: c[:, ::-1]), crs=5899)
    )
    made = prepare(str(write(tmp_path, "gpkg", turned)), PreparationOptions(swap_axes=True))
    assert shapely.equals(made.table.geometry.to_numpy(), frame.geometry.to_numpy()).all()
    assert made.report.count("intake.axes_swapped") == 4
