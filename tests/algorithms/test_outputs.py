"""No output in QGIS takes what it has not made: every destination of every algorithm, against inputs and strangers' files."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from qgis.core import QgsApplication, QgsProcessingOutputLayerDefinition, QgsProject, QgsVectorLayer

from .conftest import layer, run, saved, says, square

ZONES = [(square(0, 0), "1", "LUC"), (square(100, 0), "2", "ODT"), (square(150, 0), "3", "ONT")]
UPPER = [(square(0, 0), "a", "LUC"), (square(100, 0), "b", "SKK")]


class Case(NamedTuple):
    """A destination of an algorithm; ``given``: one of its inputs; ``more``: another destination that it needs."""

    algorithm: str
    name: str
    ending: str
    inputs: dict[str, Any]
    given: str
    more: tuple[tuple[str, str], ...] = ()


COVERAGE = {"INPUT": "low.gpkg", "BOUNDARY": "edge.gpkg", "CODE_FIELD": "ma"}
CONFORMITY = {"LOWER": "low.gpkg", "LOWER_CODE": "ma", "UPPER": "up.gpkg", "UPPER_CODE": "ma", "RULES": "rules.csv"}
DRAFTS = {"BEFORE": "low.gpkg", "BEFORE_CODE": "ma", "AFTER": "up.gpkg", "AFTER_CODE": "ma"}
BORDERS = {"INPUT": ["low.gpkg", "edge.gpkg"], "CODE_FIELD": "ma", "RULES": "rules.csv"}
PREPARE = {"FILE": "low.gpkg", "CODE_FIELD": "ma", "CODE_GENERATION": "tt27_2018"}
DIAGNOSE = {"FILE": "low.gpkg", "OUTLINE": "edge.gpkg"}
REGISTER = {"REGISTER": "register.csv"}
IN_MEMORY = (("OUTPUT", "memory:"),)
FIGURES = {"FIGURES": "figures.csv"}
CASES = [
    Case("checkcoverage", "FINDINGS", ".gpkg", COVERAGE, "low.gpkg"),
    Case("checkcoverage", "FINDINGS", ".shp", COVERAGE, "edge.gpkg"),
    Case("checkcoverage", "MEASURES", ".csv", COVERAGE, "low.gpkg"),
    Case("checkcoverage", "RUNS", ".gpkg", COVERAGE, "edge.gpkg"),
    Case("checkcoverage", "UNMATCHED_EDGES", ".gpkg", COVERAGE, "edge.gpkg"),
    Case("checkborders", "FINDINGS", ".gpkg", BORDERS, "edge.gpkg"),
    Case("checkborders", "MEASURES", ".csv", BORDERS, "rules.csv"),
    Case("checkborders", "RUNS", ".csv", BORDERS, "rules.csv"),
    Case("checkconformity", "FINDINGS", ".gpkg", CONFORMITY, "up.gpkg"),
    Case("checkconformity", "MEASURES", ".csv", CONFORMITY, "rules.csv"),
    Case("checkconformity", "RUNS", ".geojson", CONFORMITY, "up.gpkg"),
    Case("checkconformity", "ZONES", ".geojson", CONFORMITY, "low.gpkg"),
    Case("checkconformity", "CROSS_TABLE", ".csv", CONFORMITY, "rules.csv"),
    Case("comparedrafts", "CHANGES", ".gpkg", DRAFTS, "up.gpkg"),
    Case("comparedrafts", "TRANSITIONS", ".csv", DRAFTS, "low.gpkg", (("CHANGES", "memory:"),)),
    Case("comparefindings", "OUTPUT", ".gpkg", {"PREVIOUS": "one.gpkg", "CURRENT": "two.gpkg"}, "two.gpkg"),
    Case("checkprovince", "OUTPUT", ".gpkg", REGISTER, "low.gpkg"),
    Case("checkprovince", "OUTPUT", ".gpkg", REGISTER, "ranh_gioi.gpkg"),
    Case("checkregister", "FINDINGS", ".gpkg", REGISTER, "low.gpkg"),
    Case("checkfigures", "FINDINGS", ".gpkg", FIGURES, "figures.csv"),
    Case("checkfigures", "TABLE", ".csv", FIGURES, "figures.csv", (("FINDINGS", "memory:"),)),
    Case("createregister", "OUTPUT", ".csv", {"FOLDER": "plans"}, ""),
    Case("createrules", "OUTPUT", ".csv", CONFORMITY, "rules.csv"),
    Case("showrules", "OUTPUT", ".html", {"RULES": "rules.csv"}, "rules.csv"),
    Case("prepareplan", "OUTPUT", ".gpkg", PREPARE, "low.gpkg"),
    Case("prepareplan", "REPORT", ".csv", PREPARE, "low.gpkg", IN_MEMORY),
    Case("prepareplan", "PREVIEW", ".html", PREPARE, "low.gpkg", IN_MEMORY),
    Case("prepareplan", "LABELS", ".csv", PREPARE, "low.gpkg", IN_MEMORY),
    Case("prepareplan", "CODES", ".csv", PREPARE, "low.gpkg", IN_MEMORY),
    Case("diagnosecrs", "CANDIDATES", ".csv", DIAGNOSE, "edge.gpkg"),
    Case("diagnosecrs", "PAGE", ".html", DIAGNOSE, "edge.gpkg"),
]
FOLDERS = {("createdemo", "FOLDER"), ("writesheet", "OUTPUT")}
SETTINGS = ("CODE_FIELD", "LOWER_CODE", "UPPER_CODE", "BEFORE_CODE", "AFTER_CODE", "CODE_GENERATION")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("văn phòng")
    rows = ["Loại đất;Mã;Tổng số", "Tổng diện tích;;5,5", "Đất nông nghiệp;NNP;5,5"]
    (folder / "figures.csv").write_text("\n".join(rows), encoding="utf-8")
    for name, zones in (("low", ZONES), ("up", UPPER), ("edge", [(square(0, 0, 300, 100), "", "")])):
        saved(layer(zones), folder / f"{name}.gpkg", "GPKG")
    shutil.copyfile(folder / "edge.gpkg", folder / "ranh_gioi.gpkg")
    saved(layer([(square(0, 0), "my survey", "")]), folder / "my survey.gpkg", "GPKG")
    saved(layer([(square(0, 0), "my survey", "")]), folder / "mine.shp", "ESRI Shapefile")
    (folder / "rules.csv").write_text("upper_code,lower_code,verdict\nLUC,ODT,conflict\n", encoding="utf-8")
    (folder / "register.csv").write_text(
        "plan_id,level,territory,source,code_field,status\nA,district,Huyện A,low.gpkg,ma,approved\n", encoding="utf-8"
    )
    (folder / "plans").mkdir()
    shutil.copyfile(folder / "low.gpkg", folder / "plans" / "low.gpkg")
    for name in ("one", "two"):
        found = run("checkcoverage", {"INPUT": str(folder / "low.gpkg"), "FINDINGS": str(folder / f"{name}.gpkg")})
        assert found.ok, found.error
    return folder


@pytest.fixture()
def here(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "here")
    return tmp_path / "here"


def start(case: Case, here: Path, output: object) -> Any:
    def placed(value: Any) -> Any:
        return [placed(one) for one in value] if isinstance(value, list) else str(here / value)

    inputs = {name: value if name in SETTINGS else placed(value) for name, value in case.inputs.items()}
    return run(case.algorithm, {**inputs, **dict(case.more), "LANGUAGE": "en", case.name: output})


def files(folder: Path) -> dict[str, bytes]:
    """What lies there, without what SQLite keeps beside a database that is open."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in found if not p.name.endswith(("-wal", "-shm"))}


each = pytest.mark.parametrize("case", CASES, ids=[f"{case.algorithm} {case.name} {case.given}" for case in CASES])


def test_every_destination_of_every_algorithm_is_tried() -> None:
    provider = QgsApplication.processingRegistry().providerById("planconcord")
    there = {
        (one.name(), definition.name())
        for one in provider.algorithms()
        for definition in one.parameterDefinitions()
        if definition.isDestination() and " " not in one.name()  # a model is made of them
    }
    assert there == {(case.algorithm, case.name) for case in CASES} | FOLDERS


@each
def test_no_output_replaces_an_input(case: Case, here: Path) -> None:
    if not case.given:
        pytest.skip("its input is a folder")
    before = files(here)
    project = QgsProject.instance()
    place = str(here / case.given)
    for output in (place, str(here / "plans" / ".." / case.given), QgsProcessingOutputLayerDefinition(place, project)):
        found = start(case, here, output)
        if not found.ok:
            assert case.name in found.error and case.given in found.error, found.error
        assert files(here) == before or (found.ok and set(files(here)) > set(before))
        changed = {name for name, content in before.items() if files(here).get(name) != content}
        assert not changed, "QGIS adds its ending to a name that has another, and leaves the input"


@each
def test_no_output_replaces_a_strangers_file(case: Case, here: Path) -> None:
    (here / f"notes{case.ending}").write_bytes(b"Notes of mine, 30 years of them\n")
    strangers = [f"notes{case.ending}", *{".gpkg": ["my survey.gpkg"], ".shp": ["mine.shp"]}.get(case.ending, [])]
    before = files(here)
    for name in strangers:
        found = start(case, here, str(here / name))
        assert not found.ok and says(found.error, "error.output_foreign", "en") and name in found.error
        assert files(here) == before


@each
def test_its_own_former_output_is_replaced(case: Case, here: Path) -> None:
    output = str(here / f"mới{case.ending}")
    for _ in range(2):
        found = start(case, here, output)
        assert found.ok, found.error
    assert Path(output).is_file() and not [path for path in here.iterdir() if path.name.startswith(".")]


def test_a_part_of_a_shapefile_is_an_input_too(here: Path) -> None:
    saved(layer(ZONES), here / "plan.shp", "ESRI Shapefile")
    before = files(here)
    found = run("checkcoverage", {"INPUT": str(here / "plan.shp"), "MEASURES": str(here / "plan.dbf")})
    assert not found.ok and "MEASURES and INPUT" in found.error and files(here) == before


def test_a_format_that_is_written_directly_is_asked_too(here: Path) -> None:
    saved(layer(ZONES), here / "plan.sqlite", "SQLite")
    before = files(here)
    found = run("checkcoverage", {"INPUT": str(here / "plan.sqlite"), "FINDINGS": str(here / "plan.sqlite")})
    assert not found.ok and "FINDINGS and INPUT" in found.error and files(here) == before


def test_a_layer_inside_a_file_of_others_is_asked_by_its_name(here: Path) -> None:
    """A new layer may be added to a GeoPackage; the input's own layer and those of others stay."""
    path = here / "low.gpkg"
    before = files(here)
    for given in (str(path), f"{path}|layername=low"):
        found = run("checkcoverage", {"INPUT": given, "FINDINGS": f"ogr:dbname='{path}' table=\"low\" (geom)"})
        assert not found.ok and "FINDINGS and INPUT" in found.error and files(here) == before
    others = f"ogr:dbname='{here / 'my survey.gpkg'}' table=\"my survey\" (geom)"
    found = run("checkcoverage", {"INPUT": str(path), "FINDINGS": others})
    assert not found.ok and "my survey" in found.error and files(here) == before
    found = run("checkcoverage", {"INPUT": str(path), "FINDINGS": f"ogr:dbname='{path}' table=\"phát hiện\" (geom)"})
    assert found.ok, found.error
    assert QgsVectorLayer(f"{path}|layername=low", "", "ogr").featureCount() == 3
    both = {"FINDINGS": str(here / "f.gpkg"), "RUNS": f"ogr:dbname='{here / 'f.gpkg'}' table=\"runs\""}
    found = run("checkcoverage", {"INPUT": str(path), **both})
    assert not found.ok and "FINDINGS" in found.error and "RUNS" in found.error


def test_the_previous_findings_may_be_carried_on_in_their_own_file(here: Path) -> None:
    one = str(here / "one.gpkg")
    found = run("checkcoverage", {"INPUT": str(here / "low.gpkg"), "PREVIOUS": one, "FINDINGS": one})
    assert found.ok and found["PERSISTING_COUNT"] == len(found.findings) > 0


def test_no_table_that_qgis_writes_holds_a_formula(here: Path) -> None:
    hostile = ['=HYPERLINK("http://x";"xem")', "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3"]
    shapes = [square(100 * n, 0) for n in range(len(hostile))]
    plan = layer([(shape, str(n), code) for n, (shape, code) in enumerate(zip(shapes, hostile))])
    path = here / "transitions.csv"
    found = run(
        "comparedrafts",
        {
            "BEFORE": plan,
            "BEFORE_CODE": "ma",
            "AFTER": plan,
            "AFTER_CODE": "ma",
            "CHANGES": "memory:",
            "TRANSITIONS": str(path),
        },
    )
    assert found.ok, found.error
    with open(path, encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert {f"'{code}" for code in hostile} <= set(cells) and not [
        cell for cell in cells if cell[:1] in "=+@-" and cell
    ]


def test_a_style_that_a_person_saved_into_the_findings_stays(here: Path) -> None:
    path = here / "f.gpkg"
    for _ in range(3):
        found = run("checkcoverage", {"INPUT": str(here / "low.gpkg"), "FINDINGS": str(path)})
        assert found.ok, found.error
        made = QgsVectorLayer(str(path), "f", "ogr")
        if made.listStylesInDatabase()[0] < 1:
            assert _ == 0, "the style went with the old findings"
            made.setName("f")
            assert made.saveStyleToDatabase("của tôi", "", True, "") == ""
    assert (
        made.listStylesInDatabase()[2] == ["của tôi"] and made.isValid() and made.featureCount() == len(found.findings)
    )


def test_a_project_that_a_person_saved_into_the_findings_is_not_deleted(here: Path) -> None:
    path = here / "f.gpkg"
    assert run("checkcoverage", {"INPUT": str(here / "low.gpkg"), "FINDINGS": str(path)}).ok
    project = QgsProject()
    assert project.write(f"geopackage:{path}?projectName=cua_toi")
    before = path.read_bytes()
    found = run("checkcoverage", {"INPUT": str(here / "low.gpkg"), "FINDINGS": str(path)})
    assert not found.ok and "qgis_projects" in found.error and path.read_bytes() == before


@pytest.mark.parametrize(
    "ending", ["gpkg", "shp", "geojson", "kml", "sqlite", "gml", "fgb", "tab", "csv", "xlsx", "ods"]
)
def test_findings_of_every_format_are_known_again_with_and_without_previous(here: Path, ending: str) -> None:
    inputs = {"INPUT": str(here / "low.gpkg"), "FINDINGS": str(here / f"mới.{ending}")}
    for previous in ({}, {"PREVIOUS": str(here / "one.gpkg")}, {}):
        found = run("checkcoverage", {**inputs, **previous})
        assert found.ok, found.error
