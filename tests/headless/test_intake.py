"""prepareplan and diagnosecrs in the real qgis_process: a legacy file becomes a clean GeoPackage, a wrong CRS is named."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

from .conftest import Qgis
from .drawing import CLEAN, draw, rows

RICE = b"\xa7\xcat tr\xe5ng l\xf3a n\xad\xedc"
"""Đất trồng lúa nước in TCVN3."""


def legacy_shapefile(folder: Path) -> Path:
    """A shapefile without .prj and .cpg, written by hand: one square with a text in TCVN3."""
    west, south, side = 530_000.0, 1_660_000.0, 100.0
    ring = [(0, 0), (0, side), (side, side), (side, 0), (0, 0)]
    points = b"".join(struct.pack("<2d", west + x, south + y) for x, y in ring)
    box = struct.pack("<4d", west, south, west + side, south + side)
    shape = struct.pack("<i", 5) + box + struct.pack("<3i", 1, len(ring), 0) + points
    length = (100 + 8 + len(shape)) // 2
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length) + struct.pack("<2i", 1000, 5) + box + bytes(32)
    path = folder / "cũ.shp"
    path.write_bytes(head + struct.pack(">2i", 1, len(shape) // 2) + shape)
    index = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 54) + head[28:] + struct.pack(">2i", 50, len(shape) // 2)
    path.with_suffix(".shx").write_bytes(index)
    field = b"ten".ljust(11, b"\0") + b"C" + bytes(4) + bytes([40, 0]) + bytes(14)
    table = struct.pack("<4BIHH", 3, 124, 1, 1, 1, 65, 41) + bytes(20) + field + b"\r" + b" " + RICE.ljust(40) + b"\x1a"
    path.with_suffix(".dbf").write_bytes(table)
    return path


def test_a_legacy_file_becomes_a_clean_geopackage(qgis: Qgis, tmp_path: Path) -> None:
    path = legacy_shapefile(tmp_path)
    packed = tmp_path / "hồ sơ.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in tmp_path.glob("cũ.*"):
            archive.write(part, part.name)
    for source in (path, packed):
        place = tmp_path / f"sạch {source.suffix[1:]}.gpkg"
        page = tmp_path / "trang.html"
        inputs = {"FILE": str(source), "CRS": "EPSG:5899", "OUTPUT": str(place), "PREVIEW": str(page)}
        found = qgis.run("planconcord:prepareplan", **inputs)
        assert (found["ZONE_COUNT"], found["DECODED_COUNT"], found["CHANGED"]) == (1, 1, True)
        assert rows(str(place))[0]["ten"] == "Đất trồng lúa nước"
        assert "Đất trồng lúa nước" in page.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(qgis: Qgis, tmp_path: Path) -> None:
    (tmp_path / "plan.dgn").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    said = qgis.fail("planconcord:prepareplan", FILE=str(tmp_path / "plan.dgn"), OUTPUT=str(tmp_path / "o.gpkg"))
    assert "MicroStation V7 DGN" in said and not (tmp_path / "o.gpkg").exists()


def test_metres_labelled_as_degrees_are_diagnosed(qgis: Qgis, tmp_path: Path) -> None:
    right = draw(tmp_path / "đúng.geojson", CLEAN)
    content = json.loads(Path(right).read_text(encoding="utf-8"))
    del content["crs"]
    wrong = tmp_path / "sai.geojson"
    wrong.write_text(json.dumps(content), encoding="utf-8")
    table = tmp_path / "cách đọc.csv"
    found = qgis.run("planconcord:diagnosecrs", INPUT=str(wrong), OUTLINE=right, CANDIDATES=str(table))
    assert found["BEST_CRS"] == "EPSG:5899" and found["LIES_RIGHT"] is False and found["OFF_LENGTH"] == -1
    assert found["INSIDE_SHARE"] == 100 and table.exists()
