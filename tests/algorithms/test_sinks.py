"""Where the findings go: any format, whole or not at all, the old result intact until the new one is complete."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from osgeo import ogr
from planconcord.engine.record import NAMES
from qgis.core import (
    QgsFeatureRequest,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsVectorLayer,
)

from .conftest import Listening, Outcome, grid, layer, opened, run, saved, says, square

DEFECTS = [*grid(3, 3), (square(50, 50), "x", "ONT")]
MOMENTS = (-1, 0, 15, 16, 50, 60, 85, 90)
"""Percentages at which somebody presses Cancel; -1 is before the start."""


def check(zones=DEFECTS, feedback: Listening | None = None, context=None, **more: object) -> Outcome:
    return run("checkcoverage", {"INPUT": layer(zones), "KEY_FIELD": "so", **more}, feedback, context)


def tidy(folder: Path, *expected: str) -> None:
    """The folder holds these files and nothing hidden or half made."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(expected)


def layers_of(path: Path) -> list[str]:
    """The layers of a file, in its order."""
    source = ogr.Open(str(path))
    return [source.GetLayer(index).GetName() for index in range(source.GetLayerCount())]


# Formats


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb", "shp", "sqlite", "gml", "kml", "tab"])
def test_every_format_gets_all_findings(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"phát hiện huyện Đông.{ending}"
    found = check(FINDINGS=str(path))
    assert found.ok, found.error
    assert path.is_file()
    made = opened(found["FINDINGS"], found.context)
    assert made.featureCount() == 4
    expected = check()
    messages = [row["message"] for row in expected.findings]
    field = next(name for name in made.fields().names() if name.lower().startswith("message"))
    assert sorted(feature[field] for feature in made.getFeatures()) == sorted(messages)
    area = sum(g.area() for g in found.geometries)
    if ending not in ("kml", "geojson"):  # these are in degrees
        assert area == pytest.approx(10_000, rel=1e-6)
    assert not [name for name in tmp_path.iterdir() if name.name.startswith(".")]


def test_a_geopackage_holds_every_column_and_findings_is_its_first_layer(tmp_path: Path) -> None:
    path = tmp_path / "findings.gpkg"
    found = check(FINDINGS=str(path))
    tidy(tmp_path, "findings.gpkg")
    assert layers_of(path)[0] == "findings"
    made = opened(found["FINDINGS"], found.context)
    assert [name for name in made.fields().names() if name != "fid"] == NAMES
    assert made.crs().authid() == "EPSG:5899"
    assert ogr.Open(str(path)).GetLayer(0).GetGeomType() == ogr.wkbMultiPolygon


def test_a_shapefile_loses_no_column_and_no_letter(tmp_path: Path) -> None:
    found = check(FINDINGS=str(tmp_path / "findings.shp"), PLAN="Quy hoạch sử dụng đất huyện Đông Hải", LANGUAGE="vi")
    assert found.ok, found.error
    made = opened(found["FINDINGS"], found.context)
    assert len(made.fields()) == len(NAMES)
    assert [name[:10] for name in made.fields().names()[:3]] == ["finding_id", "rule", "severity"]
    assert all("Quy hoạch sử dụng đất huyện Đông Hải" in feature["message"] for feature in made.getFeatures())
    assert {f.suffix for f in tmp_path.iterdir()} >= {".shp", ".shx", ".dbf", ".prj", ".cpg"}


def test_a_shapefile_that_cuts_a_long_message_says_so(tmp_path: Path) -> None:
    """A text column of a shapefile ends after 254 bytes."""
    name = "Điều chỉnh quy hoạch sử dụng đất thời kỳ 2021–2030 " * 6
    found = check(FINDINGS=str(tmp_path / "findings.shp"), PLAN=name)
    assert found.ok, found.error
    assert "FINDINGS: 12 texts were longer than the 254 bytes" in found.log  # plan_a, plan_b, message of four findings
    assert "254" not in check(FINDINGS=str(tmp_path / "findings.gpkg"), PLAN=name).log


def test_without_findings_the_layer_is_there_and_empty(tmp_path: Path) -> None:
    path = tmp_path / "none.gpkg"
    found = check(grid(2, 2), FINDINGS=str(path))
    assert found["CONFORMS"] is True
    made = opened(found["FINDINGS"], found.context)
    assert made.featureCount() == 0 and made.fields().lookupField("message") >= 0


def test_a_temporary_layer_is_made_where_the_person_wants_none_saved() -> None:
    found = check(FINDINGS="TEMPORARY_OUTPUT")
    assert found.ok, found.error
    assert opened(found["FINDINGS"], found.context).featureCount() == 4


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "kết quả" / "huyện Đông" / "findings.gpkg"
    assert check(FINDINGS=str(path)).ok
    tidy(path.parent, "findings.gpkg")


def test_findings_measures_and_runs_each_go_to_their_own_file(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name.lower()}.{end}" for name, end in (("FINDINGS", "gpkg"), ("MEASURES", "csv"))}
    found = check(**{name: str(path) for name, path in paths.items()}, RUNS=str(tmp_path / "runs.gpkg"))
    assert found.ok, found.error
    tidy(tmp_path, "findings.gpkg", "measures.csv", "runs.gpkg")
    assert "overlap_area" in paths["MEASURES"].read_text(encoding="utf-8")


def test_findings_and_tables_fit_in_one_geopackage_with_the_findings_first(tmp_path: Path) -> None:
    path = tmp_path / "one.gpkg"
    in_one = {name: f"ogr:dbname='{path}' table=\"{name.lower()}\"" for name in ("MEASURES", "RUNS")}
    geometry = {"FINDINGS": f"ogr:dbname='{path}' table=\"findings\" (geom)"}
    found = check(**geometry, **in_one)
    assert found.ok, found.error
    assert layers_of(path) == ["findings", "measures", "runs"]
    tidy(tmp_path, "one.gpkg")


def test_another_layer_of_the_geopackage_stays_when_a_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.gpkg"
    check(FINDINGS=str(path))
    found = check(FINDINGS=f"ogr:dbname='{path}' table=\"huyện Đông\" (geom)")
    assert found.ok, found.error
    assert layers_of(path) == ["one", "huyện Đông"]


# An old result


def old_result(path: Path) -> bytes:
    assert check(grid(2, 1), FINDINGS=str(path)).ok
    return path.read_bytes()


def test_a_new_result_takes_the_old_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "findings.gpkg"
    old_result(path)
    found = check(FINDINGS=str(path))
    assert opened(found["FINDINGS"], found.context).featureCount() == 4
    tidy(tmp_path, "findings.gpkg")


def test_a_shapefile_replaces_all_its_parts(tmp_path: Path) -> None:
    path = tmp_path / "findings.shp"
    old_result(path)
    before = {part.name for part in tmp_path.iterdir()}
    found = check(FINDINGS=str(path))
    assert opened(found["FINDINGS"], found.context).featureCount() == 4
    assert {part.name for part in tmp_path.iterdir()} == before


def test_what_belonged_to_the_old_file_alone_goes_with_it(tmp_path: Path) -> None:
    """An index of an old shapefile hides rows of the new one, a log of an old database spoils the new one."""
    for name, companions in (("a.shp", ("a.qix", "a.sbn")), ("a.gpkg", ("a.gpkg-wal", "a.gpkg-shm"))):
        old_result(tmp_path / name)
        kept = [tmp_path / "a.txt", tmp_path / "ab.qix"]
        for path in (*kept, *(tmp_path / companion for companion in companions)):
            path.write_bytes(b"old")
        found = check(FINDINGS=str(tmp_path / name))
        assert opened(found["FINDINGS"], found.context).featureCount() == 4
        assert [
            path for path in companions if (tmp_path / path).exists() and (tmp_path / path).read_bytes() == b"old"
        ] == []
        assert all(path.exists() for path in kept)


def test_a_path_without_an_ending_is_a_geopackage(tmp_path: Path) -> None:
    check(grid(1, 1), FINDINGS=str(tmp_path / "findings"))
    before = (tmp_path / "findings.gpkg").read_bytes()
    check(feedback=Listening(cancel_after=90), FINDINGS=str(tmp_path / "findings"))
    assert (tmp_path / "findings.gpkg").read_bytes() == before
    found = check(FINDINGS=str(tmp_path / "findings"))
    assert opened(found["FINDINGS"], found.context).featureCount() == 4
    tidy(tmp_path, "findings.gpkg")


def test_an_old_result_that_is_open_in_the_project_is_replaced_and_shows_the_new(tmp_path: Path) -> None:
    path = tmp_path / "findings.gpkg"
    old_result(path)
    shown = QgsVectorLayer(str(path), "findings", "ogr")
    QgsProject.instance().addMapLayer(shown)
    assert list(shown.getFeatures()) == []
    try:
        found = check(FINDINGS=str(path))
        assert found.ok, found.error
        assert QgsVectorLayer(str(path), "findings", "ogr").featureCount() == 4
        shown.dataProvider().reloadData()
        assert len(list(shown.getFeatures())) == 4
    finally:
        QgsProject.instance().removeMapLayer(shown)
    with sqlite3.connect(path) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_run_that_fails_leaves_the_old_result(tmp_path: Path) -> None:
    path = tmp_path / "findings.gpkg"
    before = old_result(path)
    found = check(FINDINGS=str(path), CODE_FIELD="không có")
    assert not found.ok and path.read_bytes() == before
    tidy(tmp_path, "findings.gpkg")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_is_cancelled_leaves_the_old_result(tmp_path: Path, moment: float) -> None:
    path = tmp_path / "findings.gpkg"
    before = old_result(path)
    feedback = Listening(cancel_after=moment)
    found = check([*grid(20, 20), *DEFECTS], feedback, FINDINGS=str(path))
    assert feedback.isCanceled()
    assert path.read_bytes() == before
    assert found.results.get("FINDINGS") is None
    assert "Cancelled" in found.log
    assert found.context.layersToLoadOnCompletion() == {}
    tidy(tmp_path, "findings.gpkg")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cancelled_run_leaves_nothing_in_an_empty_folder(tmp_path: Path, moment: float) -> None:
    check(feedback=Listening(cancel_after=moment), FINDINGS=str(tmp_path / "a.gpkg"), RUNS=str(tmp_path / "r.csv"))
    tidy(tmp_path)


def test_a_cancelled_run_into_a_geopackage_of_others_leaves_those(tmp_path: Path) -> None:
    path = tmp_path / "one.gpkg"
    old_result(path)
    named = f"ogr:dbname='{path}' table=\"thêm\" (geom)"
    check(feedback=Listening(cancel_after=60), FINDINGS=named)
    assert layers_of(path) == ["one"]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_place_that_cannot_be_written_is_named(speaking, tmp_path: Path, language: str) -> None:
    speaking(language)
    file = tmp_path / "a file"
    file.write_text("", encoding="utf-8")
    found = check(FINDINGS=str(file / "findings.gpkg"))
    assert not found.ok
    assert says(found.error, "error.write", language) and "findings.gpkg" in found.error
    assert "Traceback" not in found.error and "Errno" not in found.error


def test_a_write_that_breaks_off_leaves_the_old_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full while the second table is written; the first must not have taken its place either."""
    from planconcord.qgis_bridge import sinks

    before = {name: old_result(tmp_path / name) for name in ("findings.gpkg",)}
    whole = sinks._features

    def full(rows, columns, fields, spatial):
        if not spatial:
            raise OSError(28, "No space left on device")
        return whole(rows, columns, fields, spatial)

    monkeypatch.setattr(sinks, "_features", full)
    found = check(FINDINGS=str(tmp_path / "findings.gpkg"), RUNS=str(tmp_path / "runs.csv"))
    assert not found.ok and "No space left" in found.error
    assert (tmp_path / "findings.gpkg").read_bytes() == before["findings.gpkg"]
    tidy(tmp_path, "findings.gpkg")


# Loading


def loaded(path: str, **more: object) -> Outcome:
    project = QgsProject.instance()
    context = QgsProcessingContext()
    context.setProject(project)
    definition = QgsProcessingOutputLayerDefinition(path, project)
    definition.destinationName = "Phát hiện"
    found = check(context=context, FINDINGS=definition, **more)
    assert found.ok, found.error
    return found


def test_the_layer_to_load_is_the_file_in_its_final_place(tmp_path: Path) -> None:
    path = tmp_path / "findings.gpkg"
    found = loaded(str(path))
    [(destination, details)] = found.context.layersToLoadOnCompletion().items()
    assert destination == found["FINDINGS"] and str(path) in destination
    assert details.name == "Phát hiện"
    assert details.postProcessor() is not None
    made = QgsVectorLayer(destination.split("|")[0], "made", "ogr")
    assert made.featureCount() == 4
    tidy(tmp_path, "findings.gpkg")


def test_a_cancelled_run_loads_nothing(tmp_path: Path) -> None:
    project = QgsProject.instance()
    for path in (str(tmp_path / "findings.gpkg"), "memory:"):
        context = QgsProcessingContext()
        context.setProject(project)
        definition = QgsProcessingOutputLayerDefinition(path, project)
        runs = QgsProcessingOutputLayerDefinition("memory:", project)
        found = check(context=context, feedback=Listening(cancel_after=91), FINDINGS=definition, RUNS=runs)
        assert "FINDINGS" not in found.results
        assert context.layersToLoadOnCompletion() == {}


def test_the_second_run_of_a_session_is_styled_like_the_first() -> None:
    for _ in range(3):
        found = loaded("memory:")
        [details] = found.context.layersToLoadOnCompletion().values()
        made = opened(found["FINDINGS"], found.context)
        details.postProcessor().postProcessLayer(made, found.context, Listening())
        assert made.renderer().type() != "singleSymbol"
        del found, details, made


def test_a_memory_layer_is_loaded_with_its_style(tmp_path: Path) -> None:
    found = loaded("memory:")
    [(destination, details)] = found.context.layersToLoadOnCompletion().items()
    assert destination == found["FINDINGS"]
    made = opened(destination, found.context)
    details.postProcessor().postProcessLayer(made, found.context, Listening())
    assert made.renderer().type() != "singleSymbol"
    assert made.featureCount() == 4


def test_the_layer_can_be_asked_for_by_a_later_step(tmp_path: Path) -> None:
    """A model hands the result to the next algorithm by its name."""
    found = check(FINDINGS=str(tmp_path / "findings.gpkg"))
    request = QgsFeatureRequest().setFilterExpression("\"severity\" = 'error'")
    assert len(list(opened(found["FINDINGS"], found.context).getFeatures(request))) == 4


# Files that must not be replaced


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_plan_itself_is_never_replaced_by_its_findings(speaking, tmp_path: Path, language: str) -> None:
    speaking(language)
    path = tmp_path / "huyện Đông.gpkg"
    plan = saved(layer(DEFECTS), path, "GPKG")
    (tmp_path / "a").mkdir()
    for given in (plan, str(path)):
        for output in (path, tmp_path / "a" / ".." / "huyện Đông.gpkg"):
            found = run("checkcoverage", {"INPUT": given, "FINDINGS": str(output)})
            assert not found.ok and says(found.error, "error.shared_file", language)
            assert "FINDINGS" in found.error and "INPUT" in found.error
    boundary = {"INPUT": layer(DEFECTS), "BOUNDARY": str(path), "RUNS": str(path)}
    assert "BOUNDARY" in run("checkcoverage", boundary).error
    assert QgsVectorLayer(str(path), "plan", "ogr").featureCount() == len(DEFECTS)


def test_two_outputs_in_one_file_do_not_replace_each_other(tmp_path: Path) -> None:
    path = str(tmp_path / "one.gpkg")
    found = check(FINDINGS=path, RUNS=path)
    assert not found.ok and "RUNS and FINDINGS" in found.error
    tidy(tmp_path)
