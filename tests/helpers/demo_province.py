"""The demo province checked whole, with or without districts moved: for tests that hold findings against the truth."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
from planconcord.engine.province.check import ProvinceResult
from planconcord.engine.province.options import ProvinceOptions
from planconcord.engine.usecases.province import ProvinceRequest, write_province

DISTRICT = "QHSDD-H04"
TERRITORY = "Huyện Khe Mây"


def with_districts_moved(demo: Path, folder: Path, moved: dict[str, tuple[float, float]]) -> Path:
    """The register of a copy of the demo in which districts lie off by (x, y) metres, without the plan above them."""
    shutil.copytree(demo, folder)
    register = pd.read_csv(demo / "register.csv", dtype=str, keep_default_na=False)
    register.assign(upper_plans="").to_csv(folder / "register.csv", index=False, encoding="utf-8-sig")
    sources = register.set_index("plan_id")["source"]
    for plan, by in moved.items():
        path = folder / sources[plan].split("|")[0]
        zones = gpd.read_file(path, engine="pyogrio", fid_as_index=True)
        path.unlink()
        moved_zones = zones.set_geometry(zones.geometry.translate(*by))
        pyogrio.write_dataframe(moved_zones, path, layer=path.stem, driver="GPKG")
    return folder / "register.csv"


def checked(register: Path, output: Path, **options: object) -> ProvinceResult:
    """The findings of a demo's register."""
    return write_province(ProvinceRequest(str(register), output), ProvinceOptions(**options))  # type: ignore[arg-type]
