"""What cannot be checked is refused in one sentence: which layer, what was found, what to do; in both languages."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from osgeo import ogr, osr
from qgis.core import QgsVectorLayer

from .conftest import Listening, Outcome, grid, layer, run, says, square

LANGUAGES = ("en", "vi")
RULES_HEADER = "upper_code,lower_code,verdict,min_area_m2\n"
both = pytest.mark.parametrize("language", LANGUAGES)


def refused(algorithm: str, parameters: dict[str, object]) -> str:
    """The sentence of a run that must not happen; nothing of Python shows in it."""
    outcome: Outcome = run(algorithm, parameters)
    assert not outcome.ok, outcome.results
    assert outcome.error.strip()
    assert "Traceback" not in outcome.error and "Error:" not in outcome.error, outcome.error
    return outcome.error


def plans(**more: object) -> dict[str, object]:
    lower, upper = layer([(square(0, 0), "1", "RSX")], name="huyện"), layer([(square(0, 0), "A", "Z_LUA")], name="tỉnh")
    return {"LOWER": lower, "LOWER_CODE": "ma", "UPPER": upper, "UPPER_CODE": "ma", **more}


# Layers


@both
def test_a_missing_field_is_named_with_those_that_exist(speaking, language: str) -> None:
    speaking(language)
    for parameter in ("KEY_FIELD", "CODE_FIELD"):
        said = refused("checkcoverage", {"INPUT": layer(grid(1, 1)), parameter: "loai_dat"})
        assert "loai_dat" in said and "so, ma" in said and "quy hoạch" in said
        assert says(said, "error.field_missing", language)
    said = refused("checkconformity", plans(LOWER_CODE="loai_dat"))
    assert "loai_dat" in said and "huyện" in said


@pytest.mark.parametrize("missing", ["LOWER", "LOWER_CODE", "UPPER", "UPPER_CODE"])
def test_what_is_required_must_be_given(missing: str) -> None:
    assert refused("checkconformity", {name: value for name, value in plans().items() if name != missing})


@both
def test_an_empty_layer(speaking, language: str) -> None:
    speaking(language)
    said = refused("checkcoverage", {"INPUT": layer([], name="chưa có gì")})
    assert "chưa có gì" in said
    assert says(said, "error.layer_empty", language)
    assert "tỉnh trống" in refused("checkconformity", plans(UPPER=layer([], name="tỉnh trống")))
    assert "ranh trống" in refused(
        "checkcoverage", {"INPUT": layer(grid(1, 1)), "BOUNDARY": layer([], name="ranh trống")}
    )


@both
@pytest.mark.parametrize("kind", ["LineString", "Point"])
def test_lines_and_points_instead_of_polygons(speaking, language: str, kind: str) -> None:
    speaking(language)
    drawn = "LINESTRING(530000 1660000, 530100 1660000)" if kind == "LineString" else "POINT(530000 1660000)"
    wrong = layer([(drawn, "1", "A")], kind=kind, name="đường")
    said = refused("checkcoverage", {"INPUT": wrong})
    assert "đường" in said
    assert says(said, "error.not_polygons", language)
    assert "đường" in refused("checkcoverage", {"INPUT": layer(grid(1, 1)), "BOUNDARY": wrong})
    assert "đường" in refused("checkconformity", plans(UPPER=wrong))


def test_a_table_without_geometry() -> None:
    table = QgsVectorLayer("NoGeometry?field=so:string&field=ma:string", "bảng", "memory")
    assert refused("checkcoverage", {"INPUT": table})


@both
def test_lines_and_points_among_polygons_are_left_out_and_counted(speaking, language: str, tmp_path: Path) -> None:
    speaking(language)
    drawn = [square(0, 0), square(50, 0), "LINESTRING(530000 1660000, 530100 1660000)", "POINT(530000 1660000)"]
    found = run("checkcoverage", {"INPUT": _mixed(tmp_path / "cad.gpkg", drawn)})
    assert found.ok, found.error
    assert found["OVERLAP_COUNT"] == 1
    assert says(found.log, "note.dropped", language) and "LineString, Point" in found.log


def test_collections_give_their_polygons(tmp_path: Path) -> None:
    collection = f"GEOMETRYCOLLECTION({square(50, 0)}, POINT(530000 1660000))"
    found = run("checkcoverage", {"INPUT": _mixed(tmp_path / "cad.gpkg", [square(0, 0), collection])})
    assert found.ok, found.error
    assert found["OVERLAP_AREA"] == pytest.approx(5_000)


def _mixed(path: Path, drawn: list[str]) -> QgsVectorLayer:
    """A GeoPackage table that admits every kind of geometry, as converters of CAD drawings write them."""
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(5899)
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    table = source.CreateLayer("cad", crs, ogr.wkbUnknown)
    for wkt in drawn:
        feature = ogr.Feature(table.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        assert table.CreateFeature(feature) == 0
    del feature, table, source
    # The program adds such a table as one layer without a fixed kind when it is named without one.
    made = QgsVectorLayer(f"{path}|layername=cad|geometrytype=GeometryCollection", "cad", "ogr")
    if not made.isValid() or made.featureCount() < len(drawn):
        made = QgsVectorLayer(f"{path}|layername=cad", "cad", "ogr")
    assert made.isValid()
    return made


@both
def test_a_file_that_is_not_there(speaking, language: str, tmp_path: Path) -> None:
    speaking(language)
    assert "khong-co.gpkg" in refused("checkcoverage", {"INPUT": str(tmp_path / "khong-co.gpkg")})


# Numbers


@both
@pytest.mark.parametrize("name", ["WIDTH_TOLERANCE", "SCALE", "MIN_AREA"])
@pytest.mark.parametrize("wrong", [-1, "-1", "năm mét", "1:10000"])
def test_a_number_that_is_none_is_refused(speaking, language: str, name: str, wrong: object) -> None:
    speaking(language)
    assert name in refused("checkcoverage", {"INPUT": layer(grid(1, 1)), name: wrong})


@pytest.mark.parametrize("wrong", ["nan", "inf", float("nan"), float("inf")])
def test_a_tolerance_without_end_is_refused(wrong: object) -> None:
    assert refused("checkcoverage", {"INPUT": layer(grid(1, 1)), "WIDTH_TOLERANCE": wrong})


@pytest.mark.parametrize("name", ["UPPER_NATURE", "LOWER_LEVEL", "UPPER_LEVEL", "LANGUAGE"])
def test_a_choice_that_does_not_exist_is_refused(name: str) -> None:
    assert name in refused("checkconformity", plans(**{name: "bản vẽ"}))


# Rule sets


@both
def test_rules_that_are_not_there(speaking, language: str, tmp_path: Path) -> None:
    speaking(language)
    said = refused("checkconformity", plans(RULES=str(tmp_path / "khong-co.csv")))
    assert "khong-co.csv" in said


@both
@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("a,b\n1,2\n", "rules.columns"),
        (f"{RULES_HEADER}Z,A,maybe,\n", "rules.verdict"),
        (f"{RULES_HEADER}Z,A,conflict,many\n", "rules.number"),
        (f"{RULES_HEADER}Z,,conflict,\n", "rules.blank"),
        (RULES_HEADER, "rules.empty"),
        ("", "rules.columns"),
        (f"{RULES_HEADER}Z,A,conflict,\nZ,A,compatible,\n", "rules.contradiction"),
    ],
)
def test_wrong_rules_are_named_by_row_and_column(speaking, language: str, tmp_path: Path, rows: str, key: str) -> None:
    speaking(language)
    path = tmp_path / "verdicts.csv"
    path.write_text(rows, encoding="utf-8")
    said = refused("checkconformity", plans(RULES=str(path)))
    assert says(said, key, language) and says(said, "rules.wrong", language)


def test_rules_in_a_legacy_encoding(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_bytes(f"{RULES_HEADER}đất,A,conflict,\n".encode("utf-16"))
    assert "UTF-8" in refused("checkconformity", plans(RULES=str(path)))


def test_a_broken_zip_and_a_folder_without_rules(tmp_path: Path) -> None:
    broken, other = tmp_path / "quy tắc.zip", tmp_path / "khác.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("readme.txt", "no rules")
    assert "quy tắc.zip" in refused("checkconformity", plans(RULES=str(broken)))
    for source in (other, tmp_path):
        assert "verdicts.csv" in refused("checkconformity", plans(RULES=str(source)))


def test_rules_in_a_folder_or_a_zip_are_used(tmp_path: Path) -> None:
    folder = tmp_path / "bộ quy tắc"
    folder.mkdir()
    (folder / "verdicts.csv").write_text(f"{RULES_HEADER}Z_LUA,RSX,conditional,\n", encoding="utf-8-sig")
    with zipfile.ZipFile(tmp_path / "quy tắc.zip", "w") as packed:
        packed.write(folder / "verdicts.csv", "bộ/verdicts.csv")
    for source in (folder, folder / "verdicts.csv", tmp_path / "quy tắc.zip"):
        found = run("checkconformity", plans(RULES=str(source)))
        assert found.ok, found.error
        assert (found["CONDITIONAL_COUNT"], found["CONFLICT_COUNT"]) == (1, 0)


# The demo province


@both
def test_a_folder_of_other_files_is_never_filled_with_a_demo(speaking, language: str, tmp_path: Path) -> None:
    speaking(language)
    mine = tmp_path / "của tôi.txt"
    mine.write_text("không được mất", encoding="utf-8")
    assert str(tmp_path) in refused("createdemo", {"FOLDER": str(tmp_path), "SEED": 1, "SIZE": 2000})
    assert [path.name for path in tmp_path.iterdir()] == [mine.name]
    assert mine.read_text(encoding="utf-8") == "không được mất"


@pytest.mark.parametrize("size", [1999, 1_000_001, "nhiều"])
def test_a_size_out_of_range_is_refused(tmp_path: Path, size: object) -> None:
    assert "SIZE" in refused("createdemo", {"FOLDER": str(tmp_path / "demo"), "SEED": 1, "SIZE": size})


def test_a_demo_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    found = run("createdemo", {"FOLDER": str(tmp_path / "demo"), "SEED": 1, "SIZE": 2000}, Listening(cancel_after=0))
    assert found.feedback.isCanceled() and found.results == {}
    assert not any(path.name != "demo" for path in tmp_path.iterdir())
    assert not (tmp_path / "demo").exists() or not any((tmp_path / "demo").iterdir())
