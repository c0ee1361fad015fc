"""From the demo's folder of bad files to a checked province, by hand in a real window: each file comes in, or is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from ..headless.conftest import LIBRARIES, plugin_zip, tool  # noqa: F401 - plugin_zip is a fixture
from .conftest import SETTINGS, Session


@pytest.fixture(scope="module")
def folder(
    plugin_zip: Path,  # noqa: F811
    province: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """QGIS in English; its plans are the folder of bad files, in a province of its own to work in."""
    demo = Path(shutil.copytree(province, tmp_path_factory.mktemp("demo") / province.name))
    profile = tmp_path_factory.mktemp("profiles") / "hồ sơ folder"
    tool("install_plugin").install(profile, plugin_zip, LIBRARIES)
    with (profile / "profiles" / "default" / "QGIS" / "QGIS3.ini").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(locale="en_US"))
    session = Session("folder", profile, demo / "bad-files")
    yield session
    session.end()


def test_a_register_is_proposed_with_a_reason_for_each_file(folder: Session) -> None:
    assert folder.seen("boundaries") == 13
    told = folder.seen("create_register")
    assert told["successful"] and told["results"]["PLAN_COUNT"] == 14
    rows = list(openpyxl.load_workbook(told["results"]["OUTPUT"]).active.values)
    reasons = {row[rows[0].index("Source")].split("|")[0]: row[rows[0].index("Reason")] for row in rows[1:]}
    assert "it does not lie at Huyện Bản Lũng; run diagnosecrs" in reasons["qhsdd_ban_lung.shp"]


def test_the_wrong_zone_is_named(folder: Session) -> None:
    results = folder.seen("diagnose")["results"]
    assert (results["VERDICT"], results["BEST_CRS"]) == ("wrong", "EPSG:5899")
    assert 25_000 < results["OFF_LENGTH"] < 27_000


def test_a_drawing_and_swapped_axes_become_plan_layers(folder: Session) -> None:
    drawing = folder.seen("prepare_drawing")
    assert drawing["successful"] and drawing["results"]["ZONE_COUNT"] == 90 and "RPH" in drawing["labels"]
    assert folder.seen("prepare_swapped")["results"]["ZONE_COUNT"] == 100


def test_the_province_is_checked_and_what_is_missing_is_named(folder: Session) -> None:
    register = folder.seen("check_register")["results"]
    assert (register["UNREADABLE_COUNT"], register["EXPIRED_COUNT"]) == (2, 1)
    told = folder.seen("check_province")
    assert told["successful"] and told["results"]["NOT_ASSESSED_COUNT"] == 6
    assert "Not assessed: Coverage: Thị xã Tân Triều" in told["log"]
