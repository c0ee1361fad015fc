"""What a reader passes over is counted: holes, records, fields, objects of a drawing, other layers; what it can read whole it does."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_files import drawing, hatch, outline, square, word, write, zones
from planconcord.engine.errors import PlanError
from planconcord.engine.intake.elsewhere import unread_elsewhere
from planconcord.engine.intake.preparing import PreparationOptions, PreparedLayer, prepare, prepare_plan, zones_of
from planconcord.engine.intake.rings import second_rings

LINES = PreparationOptions(crs="EPSG:5899", polygons_from_lines=True)
LIBKML = pytest.mark.skipif("LIBKML" not in pyogrio.list_drivers(), reason="GDAL without LIBKML reads less of a KML")
KML = '<?xml version="1.0" encoding="UTF-8"?>\n{doctype}<{p}kml xmlns{colon}="http://www.opengis.net/kml/2.2"><{p}Document>{body}</{p}Document></{p}kml>'


def ring(x: float, y: float, width: float, prefix: str = "") -> str:
    corners = [(x, y), (x + width, y), (x + width, y + width), (x, y + width), (x, y)]
    places = " ".join(f"{107 + e / 1000!r},{21 + n / 1000!r}" for e, n in corners)
    return f"<{prefix}LinearRing><{prefix}coordinates>{places}</{prefix}coordinates></{prefix}LinearRing>"


def placemark(name: str, boundaries: list[list[str]], prefix: str = "") -> str:
    inner = "".join(f"<{prefix}innerBoundaryIs>{''.join(rings)}</{prefix}innerBoundaryIs>" for rings in boundaries)
    outer = f"<{prefix}outerBoundaryIs>{ring(0, 0, 10, prefix)}</{prefix}outerBoundaryIs>"
    return (
        f"<{prefix}Placemark><{prefix}name>{name}</{prefix}name>"
        f"<{prefix}Polygon>{outer}{inner}</{prefix}Polygon></{prefix}Placemark>"
    )


def keyhole(path: Path, body: str, prefix: str = "", doctype: str = "") -> Path:
    colon = f":{prefix[:-1]}" if prefix else ""
    path.write_text(KML.format(body=body, p=prefix, colon=colon, doctype=doctype), encoding="utf-8")
    return path


def holes(made: PreparedLayer) -> int:
    return int(shapely.get_num_interior_rings(shapely.get_geometry(made.table.geometry.to_numpy(), 0)).sum())


def counted(made: PreparedLayer, key: str) -> int:
    return made.report.count(f"intake.{key}")


@LIBKML
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shares=st.lists(st.lists(st.integers(1, 3), max_size=3), min_size=1, max_size=4),
    prefix=st.sampled_from(["", "k:"]),
)
def test_every_hole_of_a_kml_is_read_however_they_share_boundaries(
    shares: list[list[int]], prefix: str, tmp_path: Path
) -> None:
    body = []
    for number, boundaries in enumerate(shares):
        places = iter([(1 + 2 * (n % 4), 1 + 2 * (n // 4)) for n in range(9)])
        body.append(
            placemark(f"Đất {number}", [[ring(*next(places), 1, prefix) for _ in range(n)] for n in boundaries], prefix)
        )
    path = keyhole(tmp_path / "plan.kml", "".join(body), prefix)
    before = path.read_bytes()
    made = prepare(str(path), PreparationOptions())
    assert holes(made) == sum(map(sum, shares)) and len(made.table) == len(shares)
    assert counted(made, "note.rings_apart") == sum(n - 1 for boundaries in shares for n in boundaries)
    assert path.read_bytes() == before


def test_a_kml_that_declares_entities_or_is_cut_is_left_to_the_reader(tmp_path: Path) -> None:
    shared = placemark("x", [[ring(1, 1, 1), ring(4, 4, 1)]])
    bomb = '<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert second_rings(keyhole(tmp_path / "a.kml", shared, doctype=bomb)) == []
    cut = tmp_path / "b.kml"
    cut.write_bytes(keyhole(tmp_path / "c.kml", shared).read_bytes()[:-60])
    assert second_rings(cut) == []
    wide = tmp_path / "d.kml"
    wide.write_bytes(KML.format(body=shared, p="", colon="", doctype="").replace("UTF-8", "UTF-16").encode("utf-16"))
    assert second_rings(wide) == []


@LIBKML
def test_holes_of_a_kmz_that_are_not_read_are_counted(tmp_path: Path) -> None:
    inner = keyhole(tmp_path / "doc.kml", placemark("x", [[ring(1, 1, 1), ring(4, 4, 1)]]))
    with zipfile.ZipFile(tmp_path / "plan.kmz", "w") as archive:
        archive.write(inner, "doc.kml")
    made = prepare(str(tmp_path / "plan.kmz"), PreparationOptions())
    assert holes(made) + counted(made, "lost_rings") == 2


def test_what_qgis_does_not_read_of_a_kml_is_counted(tmp_path: Path) -> None:
    path = keyhole(tmp_path / "plan.kml", placemark("x", [[ring(1, 1, 1), ring(4, 4, 1)]]))
    assert [(key, values["count"]) for key, values in unread_elsewhere(str(path), 1, 2)] == [("intake.lost_rings", 1)]
    assert unread_elsewhere(str(tmp_path / "none.kml"), 1, 1) == [] == unread_elsewhere("dbname='x'", 1, 1)


def test_links_to_other_files_are_counted(tmp_path: Path) -> None:
    link = "<NetworkLink><Link><href>other.kml</href></Link></NetworkLink>"
    made = prepare(str(keyhole(tmp_path / "plan.kml", placemark("x", []) + link + link)), PreparationOptions())
    assert counted(made, "note.linked") == 2 and not made.report.changed


def without_last(path: Path, count: int) -> None:
    """Says in the table's header that it holds fewer records."""
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", struct.unpack("<I", content[4:8])[0] - count)
    path.write_bytes(bytes(content))


def test_records_that_are_deleted_or_missing_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "shp")
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    header, width = struct.unpack("<HH", content[8:12])
    content[header + width] = 0x2A
    table.write_bytes(bytes(content))
    made = prepare(str(path), PreparationOptions())
    assert len(made.table) == 3 and counted(made, "note.deleted") == 1 and counted(made, "lost_features") == 0
    without_last(table, 1)
    made = prepare(str(path), PreparationOptions())
    assert counted(made, "note.without_record") == 1


@pytest.mark.parametrize(
    "ending", ["shp", "gpkg", "geojson", "tab", pytest.param("kml", marks=LIBKML), "gml", "gdb", "mif"]
)
def test_a_file_that_is_read_whole_has_no_loss(ending: str, tmp_path: Path) -> None:
    made = prepare(str(write(tmp_path, ending)), PreparationOptions())
    assert not [key for key, _ in made.report.entries if "lost" in key] and len(made.table) == 4
    found = unread_elsewhere(str(write(tmp_path, ending, name="again")), 3, 2)
    assert [values["count"] for key, values in found if key == "intake.lost_features"] == (
        [1] if ending in ("shp", "gpkg", "geojson", "tab") else []
    )


def test_objects_of_a_layout_hidden_or_of_a_layer_that_is_off_are_no_zones(tmp_path: Path) -> None:
    def seen(entity: str, marks: str) -> str:
        return entity.replace("100\nAcDbEntity\n", f"100\nAcDbEntity\n{marks}", 1)

    layers = "".join(
        f"0\nLAYER\n2\n{name}\n70\n{flags}\n62\n{colour}\n6\nCONTINUOUS\n"
        for name, flags, colour in (("TAT", 0, -7), ("BANG", 1, 7), ("KHOA", 4, 7))
    )
    entities = [
        outline("LUC", square(0, 0)),
        hatch("KHOA", square(100, 0)),
        seen(outline("KHUNG", square(-50, -50, 500)), "67\n1\n"),
        seen(hatch("AN", square(300, 0)), "60\n1\n"),
        outline("TAT", square(400, 0)),
        hatch("BANG", square(500, 0)),
        seen(word("LUC", 50, 50, "chú thích"), "67\n1\n"),
        "0\nREGION\n5\nAA\n100\nAcDbEntity\n8\nLUC\n100\nAcDbModelerGeometry\n70\n1\n",
    ]
    path = drawing(tmp_path / "plan.dxf", entities)
    tables = f"0\nSECTION\n2\nTABLES\n0\nTABLE\n2\nLAYER\n70\n3\n{layers}0\nENDTAB\n0\nENDSEC\n"
    path.write_text(path.read_text("latin-1").replace("0\nSECTION\n2\nENT", f"{tables}0\nSECTION\n2\nENT"), "latin-1")
    made = prepare(str(path), LINES)
    found = zones_of(made)
    assert sorted(found["cad_layer"]) == ["KHOA", "LUC"] and not found["label"].str.contains("chú").any()
    assert (counted(made, "paper_space"), counted(made, "hidden"), counted(made, "lost_objects")) == (2, 3, 1)
    assert "BANG, TAT" in " ".join(made.report.lines("en")) or "AN, BANG, TAT" in " ".join(made.report.lines("en"))
    keys = dict(unread_elsewhere(str(path), 7, 6))
    assert keys["intake.note.unshown"]["count"] == 2 and keys["intake.lost_objects"]["listed"] == "REGION 1"


def test_a_layer_without_zones_names_the_others_polygons_first(tmp_path: Path) -> None:
    path = tmp_path / "nhiều.gpkg"
    points = zones()
    points.geometry = points.geometry.centroid
    points.to_file(path, layer="chữ", engine="pyogrio")
    points.to_file(path, layer="điểm", engine="pyogrio")
    zones().to_file(path, layer="quy hoạch", engine="pyogrio")
    for read in (lambda: prepare_plan(str(path)), lambda: zones_of(prepare(str(path), PreparationOptions()))):
        with pytest.raises(PlanError) as refused:
            read()
        assert refused.value.key == "error.layer_of_many"
        assert "quy hoạch, điểm" in refused.value.text("vi") and "chữ" in refused.value.text("en")
    assert len(prepare_plan(f"{path}|layername=quy hoạch")[0].zones) == 4


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(slip=st.floats(0.002, 0.6))
def test_lines_that_nearly_meet_are_refused_with_how_near(slip: float, tmp_path: Path) -> None:
    corners = square(0, 0)
    ends = [(x + slip, y) for x, y in [*corners[1:], corners[0]]]
    lines = [outline("LUC", [one, other], closed=False) for one, other in zip(corners, ends)]
    path = drawing(tmp_path / "plan.dxf", lines)
    for read in (lambda: prepare_plan(str(path), LINES), lambda: zones_of(prepare(str(path), LINES))):
        with pytest.raises(PlanError) as refused:
            read()
        assert refused.value.key == "error.intake_open_lines"
        assert float(str(refused.value.values["apart"])) == pytest.approx(slip, abs=6e-4)


def test_a_zone_of_which_nothing_is_left_is_not_called_repaired(tmp_path: Path) -> None:
    from planconcord.engine.checks.coverage import check_coverage
    from planconcord.engine.checks.settings import Settings
    from planconcord.engine.plan import PlanLayer
    from planconcord.engine.tolerance import Tolerance

    frame = zones()
    frame.loc[3, "geometry"] = shapely.Polygon(
        [(530_000, 1_660_000), (np.nan, np.nan), (np.nan, np.nan), (530_000, 1_660_000)]
    )
    for language, words in (("en", "nothing of it is left"), ("vi", "không còn lại")):
        result = check_coverage(
            PlanLayer.from_frame(frame, "plan"), None, Settings(Tolerance.choose(None, None), language, "run")
        )
        [message] = result.findings[result.findings["rule"] == "geometry.invalid"]["message"]
        assert words in message and "nan" not in message
