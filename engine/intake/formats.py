"""Which format a file is in, recognised by its first bytes and not by its name: a DGN of version 8
is called .dgn like one of version 7.

Goes in: a path on the disk. Comes out: one of FORMATS; "other" are the few further ones that hold
their zones themselves. Fails with IntakeError for the two CAD formats that nothing here can read,
naming the export to ask the drawer for, for formats that only point to other places (links.py), for
a file that is not what its name says (misnamed.py), and for whatever is not known here: GDAL knows
many formats that lead out of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from .errors import IntakeError
from .links import require_no_pointer, require_own_zones
from .misnamed import require_as_named

FORMATS = ("shp", "tab", "mif", "dxf", "dgn", "gdb", "gpkg", "kml", "kmz", "geojson", "gml", "zip", "other")
DRIVERS = {
    "shp": ("ESRI Shapefile",),
    "tab": ("MapInfo File",),
    "mif": ("MapInfo File",),
    "dxf": ("DXF",),
    "dgn": ("DGN",),
    "gdb": ("OpenFileGDB", "FileGDB"),
    "gpkg": ("GPKG",),
    "kml": ("KML", "LIBKML"),
    "kmz": ("KML", "LIBKML"),
    "geojson": ("GeoJSON", "GeoJSONSeq", "JSONFG"),
    "gml": ("GML", "NAS"),
    "other": ("FlatGeobuf", "SQLite", "TopoJSON", "ESRIJSON", "GeoJSONSeq", "CSV", "Parquet"),
}
"""Who may open a file of a format; nobody else is asked, and what another has opened is not
read.
"""
BINARY_OTHERS = (b"fgb\x03fgb", b"PAR1")
WITHOUT_CRS = ("dxf", "dgn")
"""CAD drawings carry no CRS."""
CAD = ("dxf", "dgn")
BYTES_OF_TEXT = ("shp", "tab", "mif", "dxf", "dgn")
"""Formats that hold texts as bytes of some code page; in the others they are Unicode, or claim to
be.
"""
SHAPEFILE = b"\x00\x00\x27\x0a"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DGN_V7 = (b"\x08\x09\xfe\x02", b"\xc8\x09\xfe\x02", b"\x08\x05\x17\x00")
SQLITE = b"SQLite format 3\x00"
BINARY_DXF = b"AutoCAD Binary DXF"
DWG_VERSIONS = {
    "AC1012": "R13",
    "AC1014": "R14",
    "AC1015": "2000",
    "AC1018": "2004",
    "AC1021": "2007",
    "AC1024": "2010",
    "AC1027": "2013",
    "AC1032": "2018",
}
PARTS_OF_SHAPEFILE = (".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qmd")
PARTS_OF_TAB = (".dat", ".map", ".id", ".ind")
HEAD_BYTES = 8192


def format_of(path: Path) -> str:
    """Return the format of what lies at ``path``, a file or the folder of a file geodatabase."""
    if path.is_dir():
        return _folder(path)
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    ending = path.suffix.lower()
    found = _binary(path, head, ending)
    require_no_pointer(path)
    found = found or _text(path, head, ending)
    require_as_named(path, head, ending)
    if not found:
        raise IntakeError("error.intake.unsupported.unknown", path=path)
    if found == "kml":
        require_own_zones(path)
    return found


def _folder(path: Path) -> str:
    if path.suffix.lower() == ".gdb" or any(path.glob("*.gdbtable")):
        return "gdb"
    raise IntakeError("error.intake.unsupported.folder", path=path)


def _binary(path: Path, head: bytes, ending: str) -> str:
    if head.startswith(COMPOUND):
        if ending == ".dgn":
            raise IntakeError("error.intake.unsupported.dgn_v8", path=path)
        raise IntakeError("error.intake.unsupported.office", path=path)
    if re.match(rb"AC\d{4}", head):
        version = head[:6].decode("ascii")
        raise IntakeError("error.intake.unsupported.dwg", path=path, version=DWG_VERSIONS.get(version, version))
    if head.startswith(SHAPEFILE) or ending == ".shp":
        return "shp"
    if ending in PARTS_OF_SHAPEFILE[:2] and path.with_suffix(".shp").exists():
        return "shp"
    if head.startswith(DGN_V7) or (ending == ".dgn" and not head):
        return "dgn"
    if head.startswith(SQLITE):
        return "gpkg" if ending == ".gpkg" or head[68:72] in (b"GPKG", b"GP10", b"GP11") else "other"
    if head.startswith(BINARY_DXF):
        raise IntakeError("error.intake.unsupported.binary_dxf", path=path)
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return "kmz" if ending == ".kmz" else "zip"
    if head.startswith(BINARY_OTHERS):
        return "other"
    return {".zip": "zip", ".kmz": "kmz", ".gpkg": "gpkg", ".dgn": "dgn"}.get(ending, "")


def _text(path: Path, head: bytes, ending: str) -> str:
    words = _decoded(head).lstrip("\ufeff \t\r\n")
    lower = words[:4000].lower()
    if lower.startswith("!table"):
        return "tab"
    if re.match(r"version\s+\d", lower) and ("columns" in lower or "delimiter" in lower or "charset" in lower):
        return "mif"
    if re.match(r"(999\s*\n.*\n\s*)*0\s*\r?\n\s*section", lower):
        return "dxf"
    if lower.startswith("<"):
        return _xml(lower)
    if words.startswith("{"):
        return _json(lower, ending)
    known = {".tab": "tab", ".mif": "mif", ".dxf": "dxf", ".kml": "kml", ".gml": "gml", ".geojson": "geojson"}
    return known.get(ending, "other" if ending == ".csv" else "")


def _xml(lower: str) -> str:
    if "<kml" in lower or "opengis.net/kml" in lower:
        return "kml"
    return "gml" if "opengis.net/gml" in lower or "featurecollection" in lower else ""


def _json(lower: str, ending: str) -> str:
    if '"topology"' in lower or '"esrigeometry' in lower:
        return "other"
    return "geojson" if ending in (".geojson", ".json", "") or '"feature' in lower else ""


def _decoded(head: bytes) -> str:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8", "replace")
