"""The dependency guard in the real qgis_process: what crashes there does not show in a Python that imports qgis."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
STEPS = ("coverage", "overlay", "projection", "pyogrio_read", "fiona_read", "geopandas_overlay")
EXPECTED = {
    "coverage": "2500 True 6250000",
    # 40 × 40 squares of 50 m against the same shifted by 7.3 m: (2000 − 7.3)² m² in common
    "overlay": "6241 3970853.29 29146.71 MultiPolygon",
    "projection": "526689.94 1658951.89 VN-2000 / TM-3 107-45",
    "pyogrio_read": "1600 5899",
    "fiona_read": "1600 5899",
    "geopandas_overlay": "100",
}
METADATA = "[general]\nname=Probe\nqgisMinimumVersion=3.40\nversion=1\ndescription=-\nhasProcessingProvider=yes\n"


def add_probe(qgis) -> None:
    folder = qgis.profile / "profiles" / "default" / "python" / "plugins" / "planconcord_probe"
    folder.mkdir()
    shutil.copy(HERE / "libraries_probe.py", folder / "__init__.py")
    (folder / "metadata.txt").write_text(METADATA, encoding="utf-8")
    assert qgis("plugins", "enable", "planconcord_probe").returncode == 0


@pytest.fixture(scope="module")
def probe(new_profile: Callable):
    """A profile with the plugin, its libraries and the probe."""
    made = new_profile()
    add_probe(made)
    return made


@pytest.fixture(scope="module")
def bare(new_profile: Callable):
    """A profile with the plugin and the probe, and no libraries."""
    made = new_profile(libraries=None)
    add_probe(made)
    return made


@pytest.fixture
def one_zone(tmp_path: Path) -> str:
    """A plan of one zone."""
    ring = [[108.0, 15.0], [108.01, 15.0], [108.01, 15.01], [108.0, 15.01], [108.0, 15.0]]
    zone = {"type": "Feature", "properties": {"code": "RSX"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path = tmp_path / "quy hoạch.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [zone]}), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("order", [STEPS, STEPS[::-1], (*STEPS[3:], *STEPS[:3])], ids=["forth", "back", "files-first"])
def test_every_library_works_in_one_run(probe, order: tuple[str, ...]) -> None:
    results = probe.run("probe:libraries", STEPS=",".join(order))
    assert {name: results[name] for name in order} == EXPECTED


def test_the_toolbox_lists_the_algorithms_without_any_library(bare) -> None:
    listed = bare("list")
    assert listed.returncode == 0
    assert "Traceback" not in listed.stderr
    assert "planconcord:checkcoverage" in listed.stdout
    assert "planconcord:checkconformity" in listed.stdout


def test_an_algorithm_without_libraries_says_what_to_copy(bare, one_zone: str) -> None:
    said = bare.fail("planconcord:checkcoverage", INPUT=one_zone, FINDINGS="TEMPORARY_OUTPUT")
    assert "lacks shapely (2.0 or newer)" in said
    assert re.search(r"python3\S* -m pip install .*--no-deps .*--target .*planconcord-libraries.*shapely~=2\.1", said)
    assert not re.search(r"pip install [^\n]*numpy", said), "numpy must never be replaced"


def test_the_sentence_is_vietnamese_where_qgis_is(bare, one_zone: str) -> None:
    variables = {"LANG": "vi_VN.UTF-8", "LANGUAGE": "vi", "LC_ALL": "vi_VN.UTF-8"}
    said = bare.fail("planconcord:checkcoverage", variables, INPUT=one_zone, FINDINGS="TEMPORARY_OUTPUT")
    assert "Python của QGIS thiếu shapely" in said


def test_the_command_that_is_shown_fills_the_folder(bare, probe) -> None:
    """What the sentence names is what the profile's folder of the other tests was filled with."""
    said = bare.fail("probe:libraries")
    named = set(re.findall(r"([a-z-]+)~=", said))
    folder = probe.profile / "profiles" / "default" / "python" / "planconcord-libraries"
    installed = {path.name.split("-")[0] for path in folder.glob("py*/*.dist-info")}
    assert named and named <= installed


def test_libraries_that_arrive_while_qgis_runs_are_found(new_profile: Callable, root: Path) -> None:
    qgis = new_profile(libraries=None)
    add_probe(qgis)
    variables = {"PROBE_ARRIVING_LIBRARIES": str(root / "build" / "libraries")}
    results = qgis.run("probe:libraries", variables, STEPS="projection,fiona_read")
    assert results["fiona_read"] == EXPECTED["fiona_read"]


def user_site(tmp_path: Path, python_minor: str) -> tuple[Path, dict[str, str]]:
    """A folder that Python searches like what a person installed with pip --user, and the variable that says so."""
    folder = tmp_path / "lib" / python_minor / "site-packages"
    folder.mkdir(parents=True)
    return folder, {"PYTHONUSERBASE": str(tmp_path)}


def fake(folder: Path, name: str, version: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(f"__version__ = {version!r}\n", encoding="utf-8")
    (folder / f"{name}-{version}.dist-info").mkdir()
    (folder / f"{name}-{version}.dist-info" / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )


def test_a_wheel_that_qgis_loaded_first_is_refused_and_not_used(bare, tmp_path: Path, python_minor: str) -> None:
    """qgis.core imports shapely when it finds one; a wheel's calls would then crash QGIS."""
    folder, variables = user_site(tmp_path, python_minor)
    libraries = Path(__file__).resolve().parents[2] / "build" / "libraries"
    if not (libraries / "shapely.libs").is_dir():
        pytest.skip("QGIS's own shapely serves on this machine, so no wheel of it is here")
    for part in itertools.chain(libraries.glob("shapely*"), libraries.glob("pandas*"), libraries.glob("geopandas*")):
        (folder / part.name).symlink_to(part)
    said = bare.fail("probe:libraries", variables)
    assert "QGIS has loaded shapely" in said
    assert "pip uninstall" in said


def test_an_old_library_of_qgis_gives_way_to_the_profiles(probe, tmp_path: Path, python_minor: str) -> None:
    folder, variables = user_site(tmp_path, python_minor)
    fake(folder, "pandas", "1.5.3")
    assert probe.run("probe:libraries", variables, STEPS="pyogrio_read")["pyogrio_read"] == EXPECTED["pyogrio_read"]


def test_an_old_library_is_named_with_both_versions(bare, tmp_path: Path, python_minor: str) -> None:
    folder, variables = user_site(tmp_path, python_minor)
    fake(folder, "pandas", "1.5.3")
    assert "pandas (1.5.3 is installed, 2.0 or newer is needed)" in bare.fail("probe:libraries", variables)


def test_an_old_library_that_qgis_loaded_first_is_to_be_removed(probe, tmp_path: Path, python_minor: str) -> None:
    folder, variables = user_site(tmp_path, python_minor)
    fake(folder, "shapely", "1.8.5")
    (folder / "shapely" / "geometry.py").write_text(
        "from types import SimpleNamespace\nbase = SimpleNamespace(BaseGeometry=object)\n", encoding="utf-8"
    )
    said = probe.fail("probe:libraries", variables)
    assert "QGIS has already loaded shapely 1.8.5" in said
    assert "pip uninstall" in said
