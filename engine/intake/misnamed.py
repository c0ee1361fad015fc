"""A file that is not what its name says: a page of a web site saved as plan.zip, a note saved as
plan.shp.

Goes in: a path, the first bytes of the file and its ending. Fails with IntakeError, which says what
the file is by its content, where the ending promises a format that begins in another way. A file
that may still be what it is called passes; whether it is whole is asked elsewhere.
"""

from __future__ import annotations

import re
from pathlib import Path

from .errors import IntakeError

BEGINNINGS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".shp": ("shapefile", (b"\x00\x00\x27\x0a",)),
    ".gpkg": ("GeoPackage", (b"SQLite format 3\x00",)),
    ".zip": ("ZIP", (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")),
    ".kmz": ("KMZ", (b"PK\x03\x04", b"PK\x05\x06")),
    ".geojson": ("GeoJSON", (b"{", b"[", b"\x1e")),
    ".kml": ("KML", (b"<",)),
    ".gml": ("GML", (b"<",)),
    ".tab": ("MapInfo TAB", (b"!",)),
}
"""What a file of an ending is called, and how one may begin."""
TEXT = (".geojson", ".kml", ".gml", ".tab")
KNOWN = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"SQLite format 3\x00", "SQLite"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"{", "JSON"),
)
SHOWN = 40


def require_as_named(path: Path, head: bytes, ending: str) -> None:
    """The file may be what its ``ending`` says; ``head``: its first bytes."""
    named, beginnings = BEGINNINGS.get(ending, ("", ()))
    page = _is_page(head)
    begins = head.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n") if ending in TEXT else head
    if not named or (not page and any(begins.startswith(one) or one.startswith(begins) for one in beginnings)):
        return
    found = "HTML" if page else next((word for start, word in KNOWN if head.startswith(start)), "")
    words = _words(head)
    if found:
        raise IntakeError("error.intake.unsupported.other_content", path=path, named=named, found=found)
    if words:
        raise IntakeError("error.intake.unsupported.text", path=path, named=named, begins=words)
    raise IntakeError("error.intake.damaged", path=path, reason=f"{named}: {head[:8].hex(' ')} …")


def _is_page(head: bytes) -> bool:
    return re.match(rb"\s*<(!doctype\s+html|html)", head.replace(b"\xef\xbb\xbf", b"", 1), re.IGNORECASE) is not None


def _words(head: bytes) -> str:
    """Return how a text begins; "" for bytes that are none."""
    if not head or any(byte < 9 or 13 < byte < 32 for byte in head[:512]):
        return ""
    return " ".join(head.decode("utf-8", "replace").lstrip("\ufeff").split())[:SHOWN].strip()
