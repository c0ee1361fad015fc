"""prepareplan and diagnosecrs inside QGIS: files and layers in, clean layers, tables, pages and numbers out."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_files import LAND_USE, drawing, encoded, hatch, legacy_shapefile, outline, square, word, write, zones
from planconcord.cli.checks import main
from qgis.core import QgsVectorLayer

from .conftest import layer, opened, polygon, run, saved, says
from .conftest import square as drawn

BOTH = pytest.mark.parametrize("language", ["vi", "en"])


def rows(outcome, name: str = "OUTPUT") -> list[dict]:
    features = opened(outcome[name], outcome.context).getFeatures()
    return [dict(zip(feature.fields().names(), feature.attributes())) for feature in features]


def test_a_legacy_shapefile_becomes_a_clean_layer(tmp_path: Path) -> None:
    path = legacy_shapefile(tmp_path, "tcvn3")
    before = {part.name: part.read_bytes() for part in tmp_path.iterdir()}
    page = tmp_path / "trang.html"
    given = {"FILE": str(path), "OUTPUT": "memory:", "REPORT": "memory:", "PREVIEW": str(page), "LANGUAGE": "vi"}
    done = run("prepareplan", given)
    assert done.ok, done.error
    assert (done["ZONE_COUNT"], done["DECODED_COUNT"], done["CHANGED"]) == (4, 4, True)
    assert [row["ten"] for row in rows(done)] == list(LAND_USE)
    assert [row["source_fid"] for row in rows(done)] == ["0", "1", "2", "3"]
    assert "intake.decoded" in {row["code"] for row in rows(done, "REPORT")}
    assert "§Êt trång lóa" in page.read_text(encoding="utf-8")
    assert {part.name: part.read_bytes() for part in tmp_path.iterdir() if part != page} == before


def test_a_loaded_layer_is_read_from_its_file(tmp_path: Path) -> None:
    loaded = QgsVectorLayer(str(legacy_shapefile(tmp_path, "vni")), "quy hoạch", "ogr")
    done = run("prepareplan", {"INPUT": loaded, "OUTPUT": "memory:"})
    assert done.ok and [row["ten"] for row in rows(done)] == list(LAND_USE)
    loaded.selectByIds([1, 2])
    done = run("prepareplan", {"INPUT": loaded, "OUTPUT": "memory:"})
    assert done.ok and done["ZONE_COUNT"] == 2


def test_a_memory_layer_and_a_crs_set_in_qgis_count(tmp_path: Path) -> None:
    shown = (encoded("Đất trồng lúa nước", "tcvn3") or b"").decode("latin-1")
    made = layer([(drawn(0, 0), "1", shown), (drawn(100, 0), "2", shown)])
    done = run("prepareplan", {"INPUT": made, "OUTPUT": "memory:"})
    assert done.ok and [row["ma"] for row in rows(done)] == ["Đất trồng lúa nước"] * 2
    path = write(tmp_path, "shp")
    path.with_suffix(".prj").unlink()
    loaded = QgsVectorLayer(str(path), "không prj", "ogr")
    refused = run("prepareplan", {"FILE": str(path), "OUTPUT": "memory:", "LANGUAGE": "vi"})
    assert not refused.ok and says(refused.error, "error.prepare_no_crs", "vi")
    loaded.setCrs(made.crs())
    done = run("prepareplan", {"INPUT": loaded, "OUTPUT": "memory:"})
    assert done.ok and opened(done["OUTPUT"], done.context).crs().authid() == "EPSG:5899"


def test_a_drawing_becomes_zones_with_codes(tmp_path: Path) -> None:
    entities = [
        hatch("qh lua", square(0, 0)),
        outline("qh o", square(100, 0)),
        word("CHU", 150, 50, "ODT"),
        outline("?", square(200, 0)),
    ]
    path = drawing(tmp_path / "plan.dxf", entities)
    labels = tmp_path / "nhãn.csv"
    labels.write_text("label,code\nqh lua,LUC\nqh o,ODT\n", encoding="utf-8")
    listed = tmp_path / "cần điền.csv"
    given = {"FILE": str(path), "CRS": "EPSG:5899", "TARGET_CRS": "EPSG:4326", "CODE_FIELD": "cad_layer"}
    given["LABELS"] = str(listed)
    done = run("prepareplan", {**given, "LABEL_MAP": str(labels), "POLYGONS_FROM_LINES": True, "OUTPUT": "memory:"})
    assert done.ok, done.error
    assert [line.split(",")[0] for line in listed.read_text(encoding="utf-8-sig").splitlines()[1:]] == [
        "qh lua",
        "qh o",
        "?",
    ]
    assert (done["ZONE_COUNT"], done["AREA_COUNT"], done["CODED_COUNT"], done["UNKNOWN_COUNT"]) == (3, 2, 2, 1)
    assert {(row["cad_layer"], row["label"]) for row in rows(done)} == {("LUC", ""), ("ODT", "ODT"), ("?", "")}
    assert opened(done["OUTPUT"], done.context).crs().authid() == "EPSG:4326"


@BOTH
def test_what_cannot_be_read_is_told(tmp_path: Path, language: str) -> None:
    (tmp_path / "plan.dwg").write_bytes(b"AC1032" + b"\0" * 100)
    (tmp_path / "cut.shp").write_bytes(b"\0\0\x27\x0a" + b"\0" * 20)
    told = {
        "plan.dwg": "error.intake.unsupported.dwg",
        "cut.shp": "error.intake.truncated",
        "no.shp": "error.intake.missing",
    }
    for name, key in told.items():
        done = run("prepareplan", {"FILE": str(tmp_path / name), "OUTPUT": "memory:", "LANGUAGE": language})
        assert not done.ok and says(done.error, key, language), done.error
    done = run("prepareplan", {"OUTPUT": "memory:", "LANGUAGE": language})
    assert not done.ok and says(done.error, "error.prepare_input", language)


def test_the_output_never_replaces_the_input(tmp_path: Path) -> None:
    path = write(tmp_path, "gpkg")
    done = run("prepareplan", {"INPUT": str(path), "OUTPUT": str(path)})
    assert not done.ok and len(QgsVectorLayer(str(path), "x", "ogr")) == 4
    done = run("prepareplan", {"FILE": str(path), "OUTPUT": str(path)})
    assert not done.ok and len(QgsVectorLayer(str(path), "x", "ogr")) == 4


def test_the_crs_of_a_layer_is_diagnosed_and_nothing_changed(tmp_path: Path) -> None:
    corners = [(0, 0), (4000, 300), (8300, 0), (8000, 4100), (8200, 8000), (3900, 7700), (0, 8000), (200, 4000)]
    outline_layer = layer([(polygon(*corners), "1", "LUC")], name="tỉnh")
    wrong = layer([(polygon(*corners), "1", "LUC")], crs="EPSG:5898", name="lớp sai")
    page = tmp_path / "trang.html"
    given = {
        "INPUT": wrong,
        "OUTLINE": outline_layer,
        "NEIGHBOUR": outline_layer,
        "CANDIDATES": "memory:",
        "PAGE": str(page),
    }
    done = run("diagnosecrs", {**given, "LANGUAGE": "vi"})
    assert done.ok, done.error
    assert (done["VERDICT"], done["BEST_CRS"], done["LIES_RIGHT"], done["SWAPPED"]) in (
        ("wrong", "EPSG:5899", False, False),
        ("undecided", "EPSG:5899", False, False),
    )
    assert done["OFF_LENGTH"] == pytest.approx(26_900, rel=0.02) and "EPSG:5899" in done["EXPLANATION"]
    assert rows(done, "CANDIDATES")[0]["crs"].startswith("EPSG:5899") and len(rows(done, "CANDIDATES")) > 40
    assert "EPSG:5899" in page.read_text(encoding="utf-8") and wrong.crs().authid() == "EPSG:5898"
    right = run("diagnosecrs", {"INPUT": outline_layer, "OUTLINE": outline_layer})
    assert right["VERDICT"] == "right" and right["LIES_RIGHT"] is True and right["OFF_LENGTH"] == 0


def test_an_offset_from_the_neighbour_comes_out_as_numbers(tmp_path: Path) -> None:
    west = [(0, 0), (4000, 300), (4300, 2000), (3600, 3700), (4400, 5200), (3900, 7700), (0, 8000)]
    shared = west[1:6]
    east = [(9000, 0), (9000, 8000), *reversed(shared)]
    moved = [(x - 30, y + 40) for x, y in west]
    given = {"INPUT": layer([(polygon(*moved), "1", "LUC")]), "OUTLINE": layer([(drawn(-500, -500, 10_000), "1", "x")])}
    done = run("diagnosecrs", {**given, "NEIGHBOUR": layer([(polygon(*east), "1", "LUC")])})
    assert done.ok and done["SHIFT_FOUND"] is True, done.log
    assert (done["SHIFT_X"], done["SHIFT_Y"]) == (pytest.approx(30, abs=0.1), pytest.approx(-40, abs=0.1))


def test_zones_of_every_format_are_prepared(tmp_path: Path) -> None:
    for ending in ("gpkg", "geojson", "gml", "kml", "tab", "gdb"):
        path = write(tmp_path, ending, zones())
        done = run(
            "prepareplan", {"FILE": str(path), "CRS": "" if ending != "tab" else "EPSG:5899", "OUTPUT": "memory:"}
        )
        assert done.ok and done["ZONE_COUNT"] == 4, (ending, done.error)


def printed(words: str) -> dict[str, str]:
    """What a command printed, by name."""
    return dict(line.split(": ", 1) for line in words.splitlines())


def as_printed(value: object) -> str:
    return (
        str(value).lower() if isinstance(value, bool) else f"{value:.10g}" if isinstance(value, float) else str(value)
    )


@pytest.mark.parametrize("case", ["legacy", "drawing"])
def test_prepareplan_on_the_command_line_gives_the_same(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, object] = {"LANGUAGE": "en"}
    if case == "legacy":
        path, options = legacy_shapefile(tmp_path, "tcvn3"), ["--target-crs", "EPSG:4326"]
        given["TARGET_CRS"] = "EPSG:4326"
    else:
        entities = [hatch("qh lua", square(0, 0)), outline("qh o", square(100, 0)), word("CHU", 150, 50, "ODT")]
        path = drawing(tmp_path / "plan.dxf", entities)
        options = ["--crs", "EPSG:5899", "--polygons-from-lines", "--code-field", "cad_layer", "--repair"]
        given.update(CRS="EPSG:5899", POLYGONS_FROM_LINES=True, CODE_FIELD="cad_layer", REPAIR=True)
    ours, theirs = {}, {}
    for made, folder in ((ours, tmp_path / "qgis"), (theirs, tmp_path / "command")):
        folder.mkdir()
        made.update(OUTPUT=folder / "zones.gpkg", PREVIEW=folder / "page.html")
    done = run("prepareplan", {"FILE": str(path), **given, **{name: str(place) for name, place in ours.items()}})
    assert done.ok, done.error
    files = [part for name, place in theirs.items() for part in (f"--{name.lower()}", str(place))]
    assert main(["prepareplan", "--input", str(path), *options, *files, "--language", "en"]) == 0
    told = printed(capsys.readouterr().out)
    numbers = {name: value for name, value in done.results.items() if name not in ("OUTPUT", "PREVIEW", "REPORT")}
    assert {name: told[name] for name in numbers} == {name: as_printed(value) for name, value in numbers.items()}
    assert theirs["PREVIEW"].read_text("utf-8") == ours["PREVIEW"].read_text("utf-8")
    one, other = (QgsVectorLayer(str(made["OUTPUT"]), "zones", "ogr") for made in (ours, theirs))
    assert one.crs() == other.crs() and one.fields().names() == other.fields().names()
    for first, second in zip(one.getFeatures(), other.getFeatures()):
        assert first.attributes() == second.attributes()
        assert first.geometry().asWkb() == second.geometry().asWkb()
    assert one.featureCount() == other.featureCount() > 0


def test_diagnosecrs_on_the_command_line_gives_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corners = [(0, 0), (4000, 300), (8300, 0), (8000, 4100), (8200, 8000), (3900, 7700), (0, 8000), (200, 4000)]
    right = layer([(polygon(*corners), "1", "LUC")], name="tỉnh")
    wrong = layer([(polygon(*corners), "1", "LUC")], crs="EPSG:5898", name="lớp sai")
    paths = {name: tmp_path / f"{name}.gpkg" for name in ("right", "wrong")}
    for path, made in zip(paths.values(), (right, wrong)):
        saved(made, path, "GPKG")
    given = {"FILE": str(paths["wrong"]), "OUTLINE": str(paths["right"]), "NEIGHBOUR": str(paths["right"])}
    done = run("diagnosecrs", {**given, "LANGUAGE": "en"})
    assert done.ok, done.error
    files = ["--input", str(paths["wrong"]), "--outline", str(paths["right"]), "--neighbour", str(paths["right"])]
    assert main(["diagnosecrs", *files, "--language", "en"]) == 1
    told = printed(capsys.readouterr().out)
    numbers = {name: value for name, value in done.results.items() if name not in ("PAGE", "CANDIDATES")}
    assert told == {name: as_printed(value) for name, value in numbers.items()}
    assert main(["diagnosecrs", "--input", str(paths["right"]), "--outline", str(paths["right"])]) == 0


def test_the_command_line_never_replaces_the_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "gpkg")
    before = path.read_bytes()
    assert main(["prepareplan", "--input", str(path), "--output", str(path), "--language", "vi"]) == 2
    assert says(capsys.readouterr().err, "error.shared_file", "vi") and path.read_bytes() == before
    assert main(["prepareplan", "--input", str(path), "--output", str(tmp_path / "x.shp"), "--language", "vi"]) == 2
    assert says(capsys.readouterr().err, "error.prepare_not_gpkg", "vi") and not (tmp_path / "x.shp").exists()
