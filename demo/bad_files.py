"""A folder of plan files as they really arrive: each district's plan of the demo province with one
fault of delivery.

In: the demo's folder with its finished plans, and the districts. Out: ``bad-files`` in it, with the
boundaries and the provincial plan beside thirteen files: old fonts, a wrong zone, a missing .prj,
swapped axes, a drawing, half a file … ``truth.csv`` says what is wrong with each and what helps;
``register_mended.csv`` is the register as it stands once that is done. Geometry and codes are those
of the demo, so that the truth about its planted defects holds here as well.
"""

from __future__ import annotations

import functools
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..engine.catalogue import RESOURCES, read_table, text
from ..engine.values import is_missing
from .drawing import write_drawing
from .files import CRS, write_table
from .names import District
from .register import register_frame
from .truth import plan_id

FOLDER = "bad-files"
PREPARED = "prepared"
"""Where the register that is mended expects what prepareplan has made."""
WRONG_ZONE = "EPSG:5898"
SHORT_NAMES = {"dien_tich_ha": "dt_ha"}
"""A shapefile cuts names after ten letters."""
OLD_NAMES = {"ma_thua": "mã_thửa", "ma_dat": "mã_đất", "ten_dat": "tên_đất", "dt_ha": "dt_ha", "ghi_chu": "ghi_chú"}
LANGUAGE_BYTE = 29
"""Where the head of a .dbf names a code page."""
OLD_PERIOD = "2011_2020"
KEPT_SHARE = 0.4
"""How much of the truncated file arrived."""
UPPER = "quy_hoach_tinh.gpkg"
BOUNDARIES = "ranh_gioi.gpkg"


@dataclass(frozen=True)
class BadFile:
    """``fault`` names it in the truth; ``mended`` are the cells of its row once it is seen to;
    ``make`` writes it.
    """

    fault: str
    make: Callable[[Path, str, gpd.GeoDataFrame], Path]
    mended: dict[str, str]


def write_bad_files(folder: Path, districts: list[District], province: str) -> Path:
    """Write the folder of bad files into the demo's ``folder``."""
    made = folder / FOLDER
    made.mkdir()
    for name in (UPPER, BOUNDARIES):
        shutil.copyfile(folder / name, made / name)
    rows, truth = register_frame(districts, province).set_index("plan_id", drop=False), []
    rows = rows.assign(label_map="", declared_area_field="", crs="")
    for district, bad in zip(districts, BAD_FILES):
        name = f"qhsdd_{district.slug}"
        plan = gpd.read_file(folder / f"{name}.gpkg", layer=name, engine="pyogrio")
        path = bad.make(made, name, plan)
        source = path.relative_to(made).as_posix()
        cells = {"source": source, **bad.mended}
        for column, value in cells.items():
            rows.loc[plan_id(district), column] = value.format(name=name, source=source)
        truth.append(_truth(district, bad, source))
    write_table(made / "truth.csv", pd.DataFrame(truth))
    write_table(made / "register_mended.csv", rows)
    return made


def _truth(district: District, bad: BadFile, source: str) -> dict[str, str]:
    told = {f"{part}_{word}": text(f"demo.bad.{bad.fault}.{part}", word) for word in ("en", "vi") for part in PARTS}
    return {
        "file": source,
        "plan_id": plan_id(district),
        "territory": district.full_name,
        "fault": bad.fault,
        "unreadable_at_first": str(bad.fault in UNREADABLE_AT_FIRST).lower(),
        "unreadable_at_last": str(bad.fault in UNREADABLE_AT_LAST).lower(),
        **told,
    }


PARTS = ("wrong", "remedy")
UNREADABLE_AT_LAST = ("truncated", "empty")
"""Nothing helps here but another file."""
UNREADABLE_AT_FIRST = (*UNREADABLE_AT_LAST, "no_prj", "drawing", "metres_as_degrees", "swapped")


def _shapefile(folder: Path, name: str, plan: gpd.GeoDataFrame, crs: str = CRS) -> Path:
    path = folder / f"{name}.shp"
    plan = plan.rename(columns=SHORT_NAMES).set_crs(crs, allow_override=True)
    plan.to_file(path, driver="ESRI Shapefile", engine="pyogrio", encoding="UTF-8")
    return path


def _old_fonts(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = folder / f"{name}.shp"
    _in_old_fonts(plan).to_file(path, driver="ESRI Shapefile", engine="pyogrio", encoding="ISO-8859-1")
    _without_code_page(path)
    return path


def _wrong_zone(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    return _shapefile(folder, name, plan, WRONG_ZONE)


def _no_prj(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = _shapefile(folder, name, plan)
    path.with_suffix(".prj").unlink()
    return path


def _no_cpg(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = _shapefile(folder, name, plan)
    _without_code_page(path)
    return path


def _swapped(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    return _shapefile(folder, name, plan.set_geometry(shapely.transform(plan.geometry.to_numpy(), _turned)))


def _turned(places: np.ndarray) -> np.ndarray:
    return places[:, ::-1]


def _metres_as_degrees(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    """GeoJSON has no CRS but degrees; these are metres."""
    path = folder / f"{name}.geojson"
    plan.set_crs("EPSG:4326", allow_override=True).to_file(path, driver="GeoJSON", engine="pyogrio")
    return path


def _drawing(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = folder / f"{name}.dxf"
    write_drawing(path, plan.geometry.to_numpy(), plan["ma_dat"].tolist())
    return path


def _mapinfo(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = folder / f"{name}.tab"
    west, south, east, north = (float(value) for value in plan.total_bounds)
    # MapInfo keeps whole numbers: the smaller the frame, the finer their step (here a hundredth of
    # a millimetre).
    bounds = f"{west - 1000:.0f},{south - 1000:.0f},{east + 1000:.0f},{north + 1000:.0f}"
    options = {"engine": "pyogrio", "encoding": "ISO-8859-1", "BOUNDS": bounds}
    _in_old_fonts(plan, fields=False).to_file(path, driver="MapInfo File", **options)
    return path


def _zipped(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    _shapefile(folder, name, plan)
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(folder.glob(f"{name}.*")):
            if part != path:
                archive.write(part, f"QHSDD/{part.name}")
                part.unlink()
    return path


def _geopackage(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = folder / f"{name}.gpkg"
    plan.to_file(path, layer=name, driver="GPKG", engine="pyogrio", VERSION="1.2")
    return path


def _expired(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    return _geopackage(folder, f"{name}_{OLD_PERIOD}", plan)


def _truncated(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    path = _geopackage(folder, name, plan)
    content = path.read_bytes()
    path.write_bytes(content[: int(KEPT_SHARE * len(content))])
    return path


def _empty(folder: Path, name: str, plan: gpd.GeoDataFrame) -> Path:
    return _geopackage(folder, name, plan.iloc[:0])


def _in_old_fonts(plan: gpd.GeoDataFrame, fields: bool = True) -> gpd.GeoDataFrame:
    """Return the texts as a font of before Unicode wants them: letters in the places of others."""
    made = plan.rename(columns=SHORT_NAMES)
    for column in ("ma_thua", "ma_dat", "ten_dat", "ghi_chu"):
        made[column] = [value if is_missing(value) else old_letters(value) for value in made[column]]
    names = {name: old_letters(old) for name, old in OLD_NAMES.items()}
    return made.rename(columns=names) if fields else made


def old_letters(words: str) -> str:
    """TCVN3, each byte as the Latin-1 letter in its place; it has no toned capitals, which the font
    drew from small ones.
    """
    table = _old_table()
    return "".join(table.get(letter) or table.get(letter.lower(), letter) for letter in words)


@functools.cache
def _old_table() -> dict[str, str]:
    rows = read_table(RESOURCES / "text" / "tcvn3.csv")
    return {row["unicode_char"]: bytes([int(row["byte_hex"], 16)]).decode("latin-1") for row in rows}


def _without_code_page(path: Path) -> None:
    """Nothing beside the shapefile, or in the head of its table, says in which code page its texts
    are.
    """
    path.with_suffix(".cpg").unlink(missing_ok=True)
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[LANGUAGE_BYTE] = 0
    table.write_bytes(bytes(content))


_AREA = {"declared_area_field": "dt_ha"}
BAD_FILES = (
    BadFile("old_fonts", _old_fonts, {"key_field": "mã_thửa", "code_field": "mã_đất", **_AREA}),
    BadFile("wrong_zone", _wrong_zone, {"crs": CRS, **_AREA}),
    BadFile("no_prj", _no_prj, {"crs": CRS, **_AREA}),
    BadFile("no_cpg", _no_cpg, _AREA),
    BadFile("swapped", _swapped, {"source": f"{PREPARED}/{{name}}.gpkg", **_AREA}),
    BadFile(
        "drawing", _drawing, {"source": f"{PREPARED}/{{name}}.gpkg", "key_field": "source_fid", "code_field": "label"}
    ),
    BadFile("metres_as_degrees", _metres_as_degrees, {"crs": CRS, "declared_area_field": "dien_tich_ha"}),
    BadFile("mapinfo", _mapinfo, {"crs": CRS, **_AREA}),
    BadFile("zipped", _zipped, _AREA),
    BadFile(
        "expired",
        _expired,
        {"valid_from": "2011-01-01", "valid_to": "2020-12-31", "declared_area_field": "dien_tich_ha"},
    ),
    BadFile("truncated", _truncated, {}),
    BadFile("empty", _empty, {}),
    BadFile("good", _geopackage, {"declared_area_field": "dien_tich_ha"}),
)
