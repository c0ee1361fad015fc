"""A province of three districts in a row, each of four zones, with a plan above them: small enough to know every finding."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from planconcord.engine.progress import Progress
from planconcord.engine.province.check import ProvinceResult
from planconcord.engine.province.options import ProvinceOptions
from planconcord.engine.usecases.province import ProvinceRequest, write_province

CRS = "EPSG:5899"
EAST, NORTH = 560_000.0, 1_800_000.0
DISTRICTS = ("Huyện A", "Huyện B", "Huyện C")
HEAD = "plan_id,level,territory,source,key_field,code_field,scale,status,valid_to,upper_plans"


def box(x: float, y: float, width: float, height: float) -> shapely.Geometry:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


def layer(path: Path, shapes: list, **columns: list) -> None:
    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS), path, layer=path.stem, driver="GPKG")


def district(folder: Path, number: int, shapes: list | None = None, codes: list[str] | None = None) -> None:
    x = 1000.0 * number
    shapes = shapes or [box(x + 500 * i, 500 * j, 500, 500) for i in (0, 1) for j in (0, 1)]
    codes = codes or ["LUC"] * len(shapes)
    layer(folder / f"h{number}.gpkg", shapes, ma=[f"{number}{k}" for k in range(len(shapes))], ma_dat=codes)


def make(folder: Path) -> Path:
    """The register of a province without a fault."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(3):
        district(folder, number)
    layer(folder / "tinh.gpkg", [box(0, 0, 3000, 1000)], ma=["T1"], ma_khu=["KV-LUA"])
    layer(folder / "ranh_gioi.gpkg", [box(1000.0 * n, 0, 1000, 1000) for n in range(3)], ten_huyen=list(DISTRICTS))
    rows = [f"H{n},huyện,{DISTRICTS[n]},h{n}.gpkg,ma,ma_dat,1:10.000,đã phê duyệt,2030,T" for n in range(3)]
    rows.append('T,tỉnh,Tỉnh X,tinh.gpkg,ma,ma_khu,"1:50.000",đã phê duyệt,2030,')
    register = folder / "register.csv"
    register.write_text("\n".join([HEAD, *rows]), encoding="utf-8-sig")
    (folder / "rules.csv").write_text(
        "upper_code,lower_code,verdict,condition,min_area_m2,reason_vi,reason_en,reference\n"
        "KV-LUA,LUC,compatible,,,lúa,rice,\nKV-LUA,SKC,conflict,,,xưởng,factory,\n",
        encoding="utf-8",
    )
    return register


def check(register: Path, output: Path, progress: Progress | None = None, **options: object) -> ProvinceResult:
    wanted = ProvinceRequest(str(register), output, register.parent / "rules.csv", progress=progress or Progress())
    return write_province(wanted, ProvinceOptions(**options))  # type: ignore[arg-type]


def content(output: Path) -> tuple[pd.DataFrame, list[bytes], pd.DataFrame, pd.DataFrame]:
    """What must be the same in two files: findings with ids and order, geometries, measures, and the jobs' states."""
    findings = pyogrio.read_dataframe(output, layer="findings")
    shapes = list(shapely.to_wkb(findings.geometry.to_numpy()))
    measures = pyogrio.read_dataframe(output, layer="measures", read_geometry=False).drop(columns="run_id")
    runs = pyogrio.read_dataframe(output, layer="runs", read_geometry=False)
    return (
        findings.drop(columns=["geometry", "run_id"]),
        shapes,
        measures,
        runs[["check", "status", "inputs", "options"]][1:],
    )


class StopsAfter(Progress):
    """Asks to stop once ``words`` were shown."""

    def __init__(self, words: str):
        self._words, self._stopped = words, False

    def step(self, fraction: float, text: str = "") -> None:
        self._stopped = self._stopped or self._words in text

    def cancelled(self) -> bool:
        return self._stopped


def assert_same(one: Path, other: Path) -> None:
    first, second = content(one), content(other)
    for table in (0, 2, 3):
        pd.testing.assert_frame_equal(first[table], second[table])  # type: ignore[arg-type]
    assert first[1] == second[1]
