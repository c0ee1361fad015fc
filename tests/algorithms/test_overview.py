"""The overview map, made by the tool in a process of its own: a picture of the right size, with the markers on it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from planconcord.engine.record import NAMES
from planconcord.qgis_bridge.styling_findings import kinds
from qgis.core import QgsProject, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtGui import QImage

from .conftest import layer, polygon, saved, square
from .styled import REAL, findings, pixels

ROOT = Path(__file__).resolve().parent.parent.parent
TOOL = ROOT / "tools" / "overview_map.py"
# QGIS's own Python: the tool needs nothing else.
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
A3_AT_100_DPI = (1654, 1169)
KILOMETRES = 20_000.0


@pytest.fixture(scope="module")
def province(qgis_app, tmp_path_factory) -> Path:
    """Two districts side by side in a folder with a Vietnamese name, as createdemo would write them."""
    folder = tmp_path_factory.mktemp("tỉnh-mẫu")
    rows = [["QHT", "Quy hoạch tỉnh", "provincial", "Tỉnh Mẫu", "qht.gpkg", "so", "ma"]]
    borders = []
    for number, code in enumerate(("LUC", "RPH")):
        left = number * KILOMETRES
        name = f"Huyện {'AB'[number]}"
        saved(layer([(square(left, 0, KILOMETRES), "1", code)]), folder / f"huyen_{number}.gpkg", "GPKG")
        rows.append([f"H{number}", f"Quy hoạch {name}", "district", name, f"huyen_{number}.gpkg", "so", "ma"])
        borders.append((square(left, 0, KILOMETRES), name))
    saved(layer(borders, "field=ten_huyen:string"), folder / "ranh_gioi_huyen.gpkg", "GPKG")
    saved(layer([("POINT(540000 1670000)", "TT. A")], "field=ten:string", kind="Point"), folder / "do_thi.gpkg", "GPKG")
    with open(folder / "register.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["plan_id", "title", "level", "territory", "source", "key_field", "code_field"])
        writer.writerows(rows)
    return folder


def found(path: Path, territory: str = "Huyện A") -> None:
    place = square(9_000, 9_000, 30, 2)
    made = findings([(place, "coverage.gap", "error"), (place, "coverage.gap", "info")], territory=territory)
    saved(made, path, "GPKG")


def draw(arguments: Sequence[object], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **variables}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [PYTHON, str(TOOL), *map(str, arguments)], capture_output=True, encoding="utf-8", env=environment, timeout=120
    )


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_map_is_an_a3_page_with_markers_and_legend(province, tmp_path, language):
    found(tmp_path / "findings.gpkg")
    output = tmp_path / "bản đồ" / "overview.png"
    arguments = ["--findings", tmp_path / "findings.gpkg", "--demo", province, "--output", output]
    done = draw([*arguments, "--language", language, "--dpi", 100])
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    image = QImage(str(output))
    assert abs(image.width() - A3_AT_100_DPI[0]) <= 1 and abs(image.height() - A3_AT_100_DPI[1]) <= 1
    gap = next(kind for kind in kinds() if kind.name == "gap")
    # One marker on the map and one in the legend, each some forty pixels.
    assert 40 < pixels(image, gap.colour) < 400
    absent = next(kind for kind in kinds() if kind.name == "overlap")
    assert pixels(image, absent.colour) < 30


def test_findings_in_several_layers_are_drawn_together(province, tmp_path):
    path = tmp_path / "findings.gpkg"
    found(tmp_path / "one.gpkg")
    far = findings([(polygon((30_000, 5_000), (30_040, 5_000), (30_040, 5_030)), "coverage.overlap", "error")])
    saved(far, tmp_path / "two.gpkg", "GPKG")
    shutil.copy(tmp_path / "one.gpkg", path)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName, options.driverName = "two", "GPKG"
    options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    context = QgsProject.instance().transformContext()
    error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(far, str(path), context, options)
    assert error == QgsVectorFileWriter.WriterError.NoError, message
    output = tmp_path / "overview.png"
    done = draw(["--findings", path, "--demo", province, "--output", output, "--dpi", 100])
    assert done.returncode == 0, done.stderr
    for name in ("gap", "overlap"):
        wanted = next(kind for kind in kinds() if kind.name == name)
        assert pixels(QImage(str(output)), wanted.colour) > 40, name


def test_the_findings_open_styled_when_asked_for(province, tmp_path):
    path = tmp_path / "findings.gpkg"
    found(path)
    arguments = ["--findings", path, "--demo", province, "--output", tmp_path / "overview.png", "--dpi", 50]
    assert draw(arguments).returncode == 0
    assert QgsVectorLayer(str(path), "findings", "ogr").renderer().type() == "singleSymbol"
    assert draw([*arguments, "--keep-style"]).returncode == 0
    opened = QgsVectorLayer(str(path), "findings", "ogr")
    assert opened.renderer().type() == "RuleRenderer" and opened.labelsEnabled()


@pytest.mark.parametrize("missing", ["findings", "register", "fields"])
def test_what_is_missing_is_named_and_the_exit_status_says_it(province, tmp_path, missing):
    store, folder = tmp_path / "findings.gpkg", province
    if missing == "register":
        found(store)
        folder = tmp_path
    elif missing == "fields":
        saved(layer([(square(0, 0), "1", "LUC")]), store, "GPKG")
    done = draw(["--findings", store, "--demo", folder, "--output", tmp_path / "overview.png"])
    assert done.returncode == 2
    expected = {"findings": "findings.gpkg", "register": "register.csv", "fields": "rule and severity"}[missing]
    assert expected in done.stderr and "Traceback" not in done.stderr


def test_the_record_has_numbers_where_the_styles_count_on_them():
    assert set(REAL) < set(NAMES)
