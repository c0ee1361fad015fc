"""What in a file leads out of it: formats that only point to other places, and a CRS that is named
by a link.

GDAL takes a file for what its first bytes say, whatever its name: a few words at the head of an XML
or JSON file make it a connection to a service, a list of other files, or a program to run. Such a
file is refused before GDAL sees it. Goes in: a path on the disk, of which the head is read, and of
JSON, KML and MapInfo tables what is needed. Fails with IntakeError.
"""

from __future__ import annotations

import mmap
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .archives import each_unpacked
from .errors import IntakeError

JSON = (".json", ".geojson")
HEAD_BYTES = 1 << 18
"""GDAL looks at the first few thousand bytes."""
NEAR_BYTES = 4096
"""So far behind its beginning the object of a CRS says of which type it is."""


def spelled(word: str) -> bytes:
    """Return a pattern for a word in JSON: each of its letters may be written as an escape, in
    either case.
    """
    return b"".join(
        b"(?:%s|\\\\u00(?:%02x|%02x))" % (re.escape(letter.encode()), ord(letter.lower()), ord(letter.upper()))
        for letter in word
    )


POINTERS = re.compile(
    b"|".join(
        (
            spelled("gdal_streamed_alg"),
            rb"<\s*ogr\w*(?:datasource|layer)",
            rb"<\s*gdal",
            rb"<\s*vrtdataset",
            rb"<\s*wms_",
            rb"product_observational",
            rb"<\s*mapml",
        )
    ),
    re.I,
)
"""GDALG, VRT, WFS, CSW and the like; labels that name the file in which the data lie."""
TABLE_OF_TABLES = re.compile(rb"create\s+view|open\s+table|\\isseamless", re.I)
"""A MapInfo table that has no zones of its own."""
PLACEMARK, NETWORK_LINK = re.compile(rb"<(?:\w+:)?Placemark[\s/>]"), re.compile(rb"<(?:\w+:)?NetworkLink[\s/>]")
CRS_KEY = re.compile(b'"' + spelled("crs") + rb'"\s*:\s*\{', re.I)
LINK = re.compile(b'"(?:' + spelled("href") + b"|" + spelled("url") + b"|" + spelled("link") + b')"', re.I)


def require_no_pointer(path: Path, called: str | Path = "") -> None:
    """Raise IntakeError for a file that holds no plan but leads to one.

    ``called`` is its name for people.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES).replace(b"\0", b"")  # so that UTF-16 reads as well
    binary = head.startswith((b"SQLite format 3", b"PK", b"fgb", b"PAR1"))
    if not binary and (
        POINTERS.search(head) or (head.lstrip().lower().startswith(b"!table") and TABLE_OF_TABLES.search(head))
    ):
        raise IntakeError("error.intake.unsupported.pointer", path=called or path)


def require_no_link(path: Path) -> None:
    """Raise IntakeError for a file, or a member of a zip archive, that only leads elsewhere or
    names its CRS by a link.
    """
    if zipfile.is_zipfile(path):
        for name, member in each_unpacked(path):
            _require_no_link(member, f"{path}/{name}")
    else:
        _require_no_link(path, path)


def _require_no_link(path: Path, called: str | Path) -> None:
    require_no_pointer(path, called)
    if path.suffix.lower() in JSON and path.stat().st_size and names_crs_by_link(path):
        raise IntakeError("error.intake.unsupported.crs_link", path=called)


def require_own_zones(path: Path) -> None:
    """Raise IntakeError for a KML, or all of a KMZ, that has no placemark of its own but links to
    one that may.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            maps = [archive.read(name) for name in archive.namelist() if name.lower().endswith(".kml")]
            _refuse_links_alone(path, maps)
    else:
        with _bytes(path) as content:
            _refuse_links_alone(path, [content])


def _refuse_links_alone(path: Path, maps: list[bytes] | list[mmap.mmap]) -> None:
    if any(NETWORK_LINK.search(one) for one in maps) and not any(PLACEMARK.search(one) for one in maps):
        raise IntakeError("error.intake.unsupported.network_link", path=path)


def names_crs_by_link(path: Path) -> bool:
    """Return whether a JSON file gives the place of its CRS instead of the CRS."""
    with _bytes(path) as content:
        return any(LINK.search(content[key.end() : key.end() + NEAR_BYTES]) for key in CRS_KEY.finditer(content))


@contextmanager
def _bytes(path: Path) -> Iterator[mmap.mmap]:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content
