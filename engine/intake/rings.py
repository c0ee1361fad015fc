"""A KML whose inner boundary holds several rings, read whole: GDAL keeps one ring of each boundary
and says nothing.

Goes in: the path of a .kml. Comes out, for as long as the ``with`` lasts: the path itself, or that
of a copy in which every ring has an inner boundary of its own, which is what such a file means; and
how many rings were set apart. A file that is no XML, or declares entities of its own, is left to
GDAL as it is.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

INNER, RING = "innerBoundaryIs", "LinearRing"
WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How a file in UTF-16 begins: the places of its letters are not those of its bytes."""
CHUNK_BYTES = 1 << 20


class Second(NamedTuple):
    """A ring that is not the first of its boundary: where it begins in the file, and the boundary's
    name as written.
    """

    offset: int
    boundary: str


class _Entities(Exception):
    """The file declares entities, which could grow beyond any measure."""


@contextmanager
def with_rings_apart(path: Path) -> Iterator[tuple[Path, int]]:
    """(what GDAL shall open, rings set apart)."""
    found = second_rings(path)
    if not found:
        yield path, 0
        return
    with tempfile.TemporaryDirectory(prefix="planconcord-") as folder:
        made = Path(folder, path.name)
        with open(path, "rb") as given, open(made, "wb") as copy:
            for ring in found:
                copy.write(given.read(ring.offset - given.tell()))
                copy.write(f"</{ring.boundary}><{ring.boundary}>".encode())
            while chunk := given.read(CHUNK_BYTES):
                copy.write(chunk)
        yield made, len(found)


def second_rings(path: Path) -> list[Second]:
    """Return every ring of an inner boundary but the first."""
    with open(path, "rb") as file:
        if file.read(2) in WIDE:
            return []
        file.seek(0)
        try:
            return _scanned(file)
        except (expat.ExpatError, _Entities):
            return []


def second_rings_of_archive(path: Path) -> int:
    """Return how many such rings the maps of a .kmz hold; they are not set apart there."""
    count = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.lower().endswith(".kml"):
                with archive.open(name) as file:
                    try:
                        count += len(_scanned(file))
                    except (expat.ExpatError, _Entities):
                        continue
    return count


def _scanned(file: object) -> list[Second]:
    parser = expat.ParserCreate()
    found: list[Second] = []
    inner: list[str] = []
    rings = 0

    def start(name: str, _: object) -> None:
        nonlocal rings
        local = name.rpartition(":")[2]
        if local == INNER:
            inner.append(name)
            rings = 0
        elif local == RING and inner:
            rings += 1
            if rings > 1:
                found.append(Second(parser.CurrentByteIndex, inner[-1]))

    def end(name: str) -> None:
        if name.rpartition(":")[2] == INNER and inner:
            inner.pop()

    def refuse(*_: object) -> None:
        raise _Entities

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, refuse
    parser.ParseFile(file)  # type: ignore[arg-type]
    return found
