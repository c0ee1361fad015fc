"""The real layers beside the checkout, checked by the real qgis_process and computed again by plain shapely.

`check` runs an algorithm on the profile of the headless storey and reads the findings; `plain` is the module beside this
file that computes the same areas without a line of our engine.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import geopandas as gpd
import pytest

HERE = Path(__file__).resolve().parent
PROVINCE = "subset=GID_1 = 'VNM.49_1'"
"""The layer's filter that leaves Quảng Ninh of GADM."""


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"planconcord_tests_{path.parent.name}_{path.stem}", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


_headless = _module(HERE.parent / "headless" / "conftest.py")
plugin_zip = _headless.plugin_zip
new_profile = _headless.new_profile
qgis = _headless.qgis


class Checked(NamedTuple):
    """What one run answered: the outputs by name, the findings, the lines of the log, the measures by name."""

    outputs: dict[str, Any]
    findings: gpd.GeoDataFrame
    log: str
    measures: dict[str, float]

    def area_m2(self, rule: str) -> float:
        """The sum of the areas of the findings of one rule, noise included."""
        return float(self.findings.loc[self.findings["rule"] == rule, "area_m2"].sum())


@pytest.fixture(scope="session")
def plain() -> ModuleType:
    """Overlaps, gaps and overhang by plain shapely."""
    return _module(HERE / "plain.py")


@pytest.fixture(scope="session")
def check(qgis: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Checked]:
    """Run an algorithm that must succeed; the same inputs are run once."""
    done: dict[tuple[Any, ...], Checked] = {}

    def run(algorithm: str, **inputs: Any) -> Checked:
        key = (algorithm, *sorted((name, str(value)) for name, value in inputs.items()))
        if key not in done:
            folder = tmp_path_factory.mktemp(algorithm)
            files = {name: str(folder / f"{name}.gpkg") for name in ("FINDINGS", "MEASURES")}
            given = {name: str(value) if isinstance(value, Path) else value for name, value in inputs.items()}
            outputs = qgis.run(f"planconcord:{algorithm}", **given, **files)
            table = gpd.read_file(files["MEASURES"])
            log = "\n".join(outputs.pop("log")["info"])
            done[key] = Checked(
                outputs, gpd.read_file(files["FINDINGS"]), log, dict(zip(table["name"], table["value"]))
            )
        return done[key]

    return run


@pytest.fixture(scope="session")
def over_1_m2(check: Callable[..., Checked]) -> Callable[..., Checked]:
    """Coverage with nothing taken for noise but what is smaller than 1 m², as the README beside the layers counts."""

    def run(layer: Path | str, boundary: Path | str = "", crs: str = "", **more: Any) -> Checked:
        inputs: dict[str, Any] = {"INPUT": layer, "WIDTH_TOLERANCE": 0, "MIN_AREA": 1, **more}
        if boundary:
            inputs["BOUNDARY"] = boundary
        if crs:
            inputs["WORKING_CRS"] = crs
        return check("checkcoverage", **inputs)

    return run


@pytest.fixture(scope="session")
def topojson(real_layers: Path) -> Path:
    return real_layers / "geoboundaries_vnm_adm2" / "topo_2.json"


@pytest.fixture(scope="session")
def with_crs(topojson: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a technician does after the refusal: the same layer as a GeoPackage that knows its CRS."""
    made = tmp_path_factory.mktemp("geoboundaries") / "districts.gpkg"
    command = ["ogr2ogr", "-a_srs", "EPSG:4326", "-nln", "districts", str(made), str(topojson)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture(scope="session")
def gadm(real_layers: Path):
    """A level of GADM, filtered to Quảng Ninh the way the layer's filter in QGIS does it."""
    return lambda level: f"{real_layers / 'gadm41_quangninh' / f'gadm41_VNM_{level}.json'}|{PROVINCE}"
