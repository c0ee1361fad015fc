"""Files as drawers deliver them, written in a test: each format, legacy texts, drawings with labels. Needs no QGIS."""

from __future__ import annotations

import csv
import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

ROOT = Path(__file__).resolve().parents[2]
TEXT = ROOT / "resources" / "text"
EAST_M, NORTH_M = 530_000.0, 1_660_000.0
LAND_USE = ("Đất trồng lúa nước", "Đất ở tại nông thôn", "Đất rừng phòng hộ", "Đất bằng chưa sử dụng")
DRIVERS = {
    "shp": "ESRI Shapefile",
    "tab": "MapInfo File",
    "mif": "MapInfo File",
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "gml": "GML",
    "kml": "LIBKML",
    "kmz": "LIBKML",
    "gdb": "OpenFileGDB",
    "dxf": "DXF",
    "dgn": "DGN",
}


def zones(count: int = 4, texts: Sequence[str] = LAND_USE, crs: int = 5899) -> gpd.GeoDataFrame:
    """Squares of 100 m in a row, with a code and a text."""
    shapes = [shapely.box(EAST_M + 100 * n, NORTH_M, EAST_M + 100 * n + 100, NORTH_M + 100) for n in range(count)]
    codes = [("LUC", "ONT", "RPH", "BCS")[n % 4] for n in range(count)]
    named = [texts[n % len(texts)] for n in range(count)]
    frame = gpd.GeoDataFrame({"ma": codes, "ten": named}, geometry=gpd.GeoSeries(shapes, crs=5899))
    return frame.to_crs(crs)


def write(folder: Path, ending: str, frame: gpd.GeoDataFrame | None = None, name: str = "plan", **options: Any) -> Path:
    """``frame`` as a file of a format."""
    frame = zones() if frame is None else frame
    path = folder / f"{name}.{ending}"
    if ending in ("kml", "kmz"):
        frame = frame.to_crs(4326)
    if ending in ("dxf", "dgn"):
        frame = gpd.GeoDataFrame({"Layer": frame["ma"]} if ending == "dxf" else {}, geometry=frame.geometry)
    frame.to_file(path, driver=DRIVERS[ending], engine="pyogrio", **options)
    return path


def encoded(text: str, script: str) -> bytes | None:
    """``text`` in a script of before Unicode; None where that has no such letter."""
    made = bytearray()
    for letter in unicodedata.normalize("NFC", text):
        if ord(letter) < 128:
            made += letter.encode("ascii")
            continue
        found = _cp1258(letter) if script == "cp1258" else _letters(script).get(letter)
        if found is None:
            return None
        made += found
    return bytes(made)


@functools.cache
def _letters(script: str) -> dict[str, bytes]:
    with open(TEXT / f"{script}.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    letters: dict[str, bytes] = {}
    for row in rows:
        raw = bytes.fromhex(row["bytes_hex"]) if script == "vni" else bytes([int(row["byte_hex"], 16)])
        letters.setdefault(row["unicode_char"], raw)
    return letters


@functools.cache
def _cp1258(letter: str) -> bytes | None:
    parts = unicodedata.normalize("NFD", letter)
    for split in range(len(parts), 0, -1):
        spelled = unicodedata.normalize("NFC", parts[:split]) + parts[split:]
        for order in (spelled, unicodedata.normalize("NFC", parts[0] + parts[-1]) + parts[1:-1]):
            try:
                return order.encode("cp1258")
            except UnicodeEncodeError:
                continue
    return None


def legacy_shapefile(folder: Path, script: str, field: str = "ten", cpg: str | None = None, name: str = "plan") -> Path:
    """A shapefile whose texts are in ``script``, without a .cpg unless one is given."""
    raw = [encoded(text, script) for text in LAND_USE]
    assert None not in raw
    frame = zones(texts=[one.decode("latin-1") for one in raw if one is not None]).rename(columns={"ten": field})
    path = write(folder, "shp", frame, name, encoding="ISO-8859-1")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[29] = 0  # no code page in the head either
    table.write_bytes(bytes(content))
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    return path


def drawing(path: Path, entities: Iterable[str], page: str = "ANSI_1252", raw: bool = False) -> Path:
    """A DXF of AutoCAD 2000 with the entities that the functions below write; Latin-1 letters are bytes."""
    head = f"0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1015\n9\n$DWGCODEPAGE\n3\n{page}\n0\nENDSEC\n"
    body = "0\nSECTION\n2\nENTITIES\n" + "".join(entities) + "0\nENDSEC\n0\nEOF\n"
    path.write_bytes((head + body).encode("latin-1"))
    return path


def outline(layer: str, corners: Sequence[tuple[float, float]], closed: bool = True) -> str:
    """A polyline through corners in metres from the origin."""
    vertices = "".join(f"10\n{EAST_M + x!r}\n20\n{NORTH_M + y!r}\n" for x, y in corners)
    return f"0\nLWPOLYLINE\n100\nAcDbEntity\n8\n{layer}\n100\nAcDbPolyline\n90\n{len(corners)}\n70\n{int(closed)}\n{vertices}"


def word(layer: str, x: float, y: float, text: str) -> str:
    """A text."""
    place = f"10\n{EAST_M + x!r}\n20\n{NORTH_M + y!r}\n30\n0\n"
    return f"0\nTEXT\n100\nAcDbEntity\n8\n{layer}\n100\nAcDbText\n{place}40\n5\n1\n{text}\n"


def hatch(layer: str, corners: Sequence[tuple[float, float]]) -> str:
    """A solid hatch with a polyline boundary."""
    vertices = "".join(f"10\n{EAST_M + x!r}\n20\n{NORTH_M + y!r}\n" for x, y in corners)
    return (
        f"0\nHATCH\n100\nAcDbEntity\n8\n{layer}\n100\nAcDbHatch\n10\n0\n20\n0\n30\n0\n2\nSOLID\n70\n1\n71\n0\n91\n1\n92\n3\n72\n0\n"
        f"73\n1\n93\n{len(corners)}\n{vertices}97\n0\n75\n0\n76\n1\n98\n0\n"
    )


def square(x: float, y: float, width: float = 100.0) -> list[tuple[float, float]]:
    """The corners of a square."""
    return [(x, y), (x + width, y), (x + width, y + width), (x, y + width)]


def vietnamese_columns() -> dict[str, list[str]]:
    """Every column of text of our tables and those of the domain, where that folder is there."""
    found: dict[str, list[str]] = {}
    folders = [ROOT / "resources", ROOT.parent / "shared" / "domain"]
    for path in sorted(path for folder in folders for path in folder.rglob("*.csv") if path.parent.name != "text"):
        if re.match(r"tcvn3|vni", path.name):
            continue  # these show legacy letters on purpose
        with open(path, encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                for name, value in row.items():
                    if name and isinstance(value, str) and value:
                        found.setdefault(f"{path.parent.name}/{path.name}:{name}", []).append(value)
    return found
