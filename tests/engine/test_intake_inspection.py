"""Sources before they are loaded: every format, and each way in which one cannot be read, told apart."""

from __future__ import annotations

import sqlite3
import struct
import warnings
import zipfile
from pathlib import Path
from unittest.mock import Mock

import fiona
import pytest
import shapely
from intake_files import DRIVERS, drawing, outline, square, write, zones
from planconcord.engine.catalogue import LANGUAGES
from planconcord.engine.errors import PlanError
from planconcord.engine.intake import archives, integrity
from planconcord.engine.intake.errors import STATES, IntakeError
from planconcord.engine.intake.inspection import inspect
from planconcord.engine.intake.memory import estimate_bytes
from planconcord.engine.intake.preparing import PreparationOptions, prepare, prepare_plan
from planconcord.engine.intake.reading import read_plan

ENDINGS = sorted(DRIVERS)
PLAIN = [ending for ending in ENDINGS if ending not in ("dxf", "dgn", "kml", "kmz")]
GEODATABASE_ERRORS = ("truncated", "damaged")


def refused(source: str | Path, **options: object) -> IntakeError:
    """The refusal to read ``source``, the same when it is inspected; it speaks both languages."""
    with pytest.raises(IntakeError) as read, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepare(str(source), PreparationOptions(**options))  # type: ignore[arg-type]
    error = read.value
    assert error.state in STATES
    assert error.text("vi") != error.text("en")
    return error


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_format_is_inspected_and_read(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending)
    found = inspect(str(path))
    assert found.format == ending and len(found.layers) == 1 and found.size_bytes > 0 < found.memory_bytes
    assert found.layer().feature_count == 4
    made = prepare(str(path), PreparationOptions()).table
    assert len(made) == 4 and made.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    if ending in PLAIN:
        assert {"ma", "ten"} <= {name for name, _ in found.layer().fields}
        assert made.ten.iloc[0] == "Đất trồng lúa nước" and list(made.ma) == ["LUC", "ONT", "RPH", "BCS"]
    if ending in ("dxf", "dgn", "tab", "mif"):
        assert (found.layer().crs is None) or ending in ("tab", "mif")
    else:
        assert found.layer().crs is not None and found.layer().crs == made.crs


@pytest.mark.parametrize("ending", [*PLAIN, "dxf", "dgn", "kml"])
def test_each_format_is_read_out_of_a_zip(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending, name="quy hoạch")
    packed = tmp_path / "tài liệu.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        parts = [path, *tmp_path.glob("quy hoạch.*")]
        files = [file for part in parts for file in (part.rglob("*") if part.is_dir() else [part])]
        for file in dict.fromkeys(files):
            archive.write(file, f"thư mục/{file.relative_to(tmp_path)}")
        archive.writestr("đọc trước.txt", "x")
    assert len(prepare(str(packed), PreparationOptions()).table) == 4
    assert inspect(f"{packed}/thư mục/quy hoạch.{ending}").format == ending
    assert len(read_plan(f"{packed}").zones) == 4 if ending in ("shp", "gpkg", "geojson", "gml", "kml") else True


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending not in ("gdb",)])
@pytest.mark.parametrize("share", [0.35, 0.8, 0.97])
def test_a_truncated_file_is_told_from_a_damaged_one(tmp_path: Path, ending: str, share: float) -> None:
    path = write(tmp_path, ending, zones(60))
    cut = path.with_suffix(".map") if ending == "tab" else path
    cut.write_bytes(cut.read_bytes()[: int(share * cut.stat().st_size) | 1])
    if ending == "mif":  # a text without an end mark: fewer shapes than rows
        with pytest.raises(PlanError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            prepare_plan(str(path), PreparationOptions(crs="EPSG:5899", key_field="gone"))
        return
    assert refused(path).state == "truncated"
    with pytest.raises(IntakeError):
        inspect(str(path))


def test_a_truncated_attribute_table_and_geodatabase_are_told(tmp_path: Path) -> None:
    table = write(tmp_path, "shp", zones(60)).with_suffix(".dbf")
    table.write_bytes(table.read_bytes()[:-500])
    assert refused(tmp_path / "plan.shp").state == "truncated" and "plan.dbf" in refused(tmp_path / "plan.shp").text(
        "en"
    )
    folder = write(tmp_path, "gdb", zones(60))
    largest = max(folder.glob("*.gdbtable"), key=lambda part: part.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-700])
    assert refused(folder).state == "truncated"


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending not in ("gdb",)])
def test_an_empty_file_is_told_from_an_empty_layer(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"plan.{ending}"
    path.write_bytes(b"")
    assert refused(path).state == "empty"
    if ending in ("shp", "gpkg", "geojson"):
        (tmp_path / "rows").mkdir()
        path = write(tmp_path / "rows", ending, zones().iloc[:0])
        assert inspect(str(path)).layer().feature_count == 0
        with pytest.raises(PlanError) as error:
            prepare_plan(str(path))
        assert error.value.key == "error.layer_empty"


def test_what_is_missing_not_permitted_or_locked_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(tmp_path / "nowhere.shp").state == "missing"
    assert refused(tmp_path / "nowhere.gpkg/inside.shp").state == "missing"
    path = write(tmp_path, "gpkg")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    assert refused(path).state == "locked"
    database.close()
    assert len(prepare(str(path), PreparationOptions()).table) == 4
    reasons = ((13, "not_permitted", PermissionError), (16, "locked", OSError), (5, "damaged", OSError))
    for number, state, kind in reasons:
        assert integrity.of_os_error(path, kind(number, "x")).state == state
    tab = write(tmp_path, "tab")
    tab.with_suffix(".dat").unlink()
    assert refused(tab).state == "missing" and "plan.DAT" in refused(tab).text("vi")


@pytest.mark.parametrize(
    ("name", "head", "named"),
    [
        ("plan.dgn", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "V7 DGN"),
        ("plan.dwg", b"AC1032" + b"\0" * 600, "2018"),
        ("plan.dxf", b"AC1027" + b"\0" * 600, "2013"),
        ("plan.dxf", b"AutoCAD Binary DXF\r\n\x1a\0" + b"\0" * 600, "ASCII"),
        ("plan.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "office"),
        ("plan.gml", b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "points to"),
        ("plan.vrt", b"<OGRVRTDataSource><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTDataSource>", "points to"),
    ],
)
def test_formats_that_are_not_read_are_named_with_the_export_to_ask_for(
    tmp_path: Path, name: str, head: bytes, named: str
) -> None:
    (tmp_path / name).write_bytes(head)
    error = refused(tmp_path / name)
    assert error.state == "unsupported" and named in error.text("en")


@pytest.mark.parametrize("source", ["PG:host=x", "https://example.org/a.geojson", "/vsicurl/https://x/a.shp", "WFS:x"])
def test_connections_and_web_addresses_are_no_files(source: str) -> None:
    assert refused(source).state == "unsupported"


def test_a_name_without_meaning_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).state == "unsupported"
    path = write(tmp_path, "gpkg")
    assert refused(f"{path}|layername=khác").state == "no_such_layer"
    with pytest.raises(PlanError) as error:
        prepare(f"{path}|geometrytype=Polygon", PreparationOptions())
    assert error.value.key == "error.source_part"
    (tmp_path / "plan.geojson").write_text('{"type": "FeatureCollection", "features": [{]}', encoding="utf-8")
    assert refused(tmp_path / "plan.geojson").state in ("damaged", "truncated")


def test_a_shapefile_lives_without_prj_cpg_and_shx(tmp_path: Path) -> None:
    path = write(tmp_path, "shp")
    for ending in (".prj", ".cpg", ".shx"):
        path.with_suffix(ending).unlink()
    found = inspect(str(path))
    assert sorted(part.suffix for part in tmp_path.iterdir()) == [".dbf", ".shp"], "nothing is written beside a plan"
    assert found.layer().crs is None and found.layer().encoding == ""
    assert [key for key, _ in found.notes] == [f"intake.note.without_{part}" for part in ("prj", "cpg", "shx")]
    with pytest.raises(PlanError) as error:
        prepare_plan(str(path))
    assert error.value.key == "error.no_crs"
    plan, report = prepare_plan(str(path), PreparationOptions(crs="EPSG:5899", code_field="ma"))
    assert plan.crs.to_epsg() == 5899 and list(plan.zones.code) == ["LUC", "ONT", "RPH", "BCS"]
    assert report.count("intake.crs_assigned") == 4 and report.changed


def test_a_shapefile_that_claims_five_gigabytes_is_refused_from_its_header(tmp_path: Path) -> None:
    path = write(tmp_path, "shp")
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack(">i", 2_000_000_000)  # in words of two bytes: 4 GB
    sparse = tmp_path / "lớn.shp"
    with open(sparse, "wb") as file:
        file.write(content)
        file.truncate(4_000_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fiona, "open", opened := Mock(wraps=fiona.open))
        error = refused(sparse, memory_limit_bytes=2 << 30)
    assert error.state == "too_large" and error.values["needed_mb"] > 9000 and error.values["limit_mb"] == 2048
    assert opened.call_count == 0
    assert estimate_bytes(path, "shp") < 10_000
    assert refused(path, memory_limit_bytes=100).state == "too_large"


def test_a_zip_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE_OF_RATIO_BYTES", 1 << 20)
    path = tmp_path / "bom.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("plan.geojson", b" " * (40 << 20))
    error = refused(path)
    assert error.state == "hostile" and error.values["unpacked_mb"] < 20
    monkeypatch.setattr(archives, "LARGEST_UNPACKED_BYTES", 1000)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("plan.geojson", bytes(range(256)) * 10)
    assert refused(path).state == "hostile"
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5):
            archive.writestr(f"{number}.txt", "x")
    assert refused(path).state == "hostile"


@pytest.mark.parametrize("name", ["../plan.geojson", "/tmp/plan.geojson", "a/../../plan.geojson", "C:/plan.geojson"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "trượt.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, "{}")
    error = refused(path)
    assert error.state == "hostile" and name in error.text("vi")


def test_links_nested_damaged_and_ambiguous_archives_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("plan.geojson")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refused(path).state == "hostile"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("đọc.txt", "x")
    assert refused(path).state == "empty"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.geojson", "{}")
        archive.writestr("b.geojson", "{}")
    error = refused(path)
    assert error.state == "no_such_layer" and "a.geojson, b.geojson" in error.text("vi")
    whole = write(tmp_path, "geojson")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(whole, "plan.geojson")
        archive.writestr("b.geojson", "{}")
    assert len(prepare(f"{path}|layername=plan", PreparationOptions()).table) == 4
    assert len(prepare(f"{path}/plan.geojson", PreparationOptions()).table) == 4
    path.write_bytes(path.read_bytes()[:-30])
    assert refused(path).state == "truncated"


def test_field_names_with_quotes_and_sql_stay_names(tmp_path: Path) -> None:
    named = ['a"b', "x'; DROP TABLE plan; --", "select", "tên đất", "=cmd()"]
    frame = zones()
    for name in named:
        frame[name] = frame["ma"]
    path = write(tmp_path, "gpkg", frame)
    for name in named:
        plan, _ = prepare_plan(str(path), PreparationOptions(key_field=name, code_field=name))
        assert list(plan.zones.code) == ["LUC", "ONT", "RPH", "BCS"]
    assert len(prepare(str(path), PreparationOptions()).table) == 4


def test_a_condition_chooses_rows_and_a_wrong_one_is_no_crash(tmp_path: Path) -> None:
    path = write(tmp_path, "gpkg")
    assert len(prepare(f"{path}|layername=plan|subset=ma = 'LUC'", PreparationOptions()).table) == 1
    assert refused(f"{path}|subset=ma = ; DROP TABLE plan").state == "damaged"
    assert len(prepare(str(path), PreparationOptions()).table) == 4


def test_a_drawing_with_huge_and_impossible_numbers_is_read(tmp_path: Path) -> None:
    wild = outline("LUC", [(0, 0), (float("inf"), 0), (100, 100)]) + outline("LUC", [(0, 0), (1e300, 0), (1, 1)])
    wild += outline("ONT", [(0, 0), (float("nan"), 5), (1, 1)])
    path = drawing(tmp_path / "plan.dxf", [wild, outline("LUC", square(0, 0))])
    made = prepare(str(path), PreparationOptions(crs="EPSG:5899", polygons_from_lines=True))
    areas = made.table[made.table.geometry.geom_type == "Polygon"]
    assert len(areas) >= 1 and shapely.area(areas.geometry.to_numpy()).max() == pytest.approx(10_000)
    assert made.report.count("intake.impossible_coordinates") >= 1


def test_every_state_has_words_in_both_languages() -> None:
    for language in LANGUAGES:
        for key in ("missing", "not_permitted", "locked", "empty.file"):
            assert "plan.shp" in IntakeError(f"error.intake.{key}", path="plan.shp").text(language)
