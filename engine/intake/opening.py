"""A source prepared for reading: found on the disk, its format known, taken out of its archive,
whole, and small enough.

Goes in: what a register or a person names. Comes out, for as long as the ``with`` lasts: the path
that OGR shall open, the format, and notes on what is missing beside it. Fails with IntakeError
before anything of it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..offline import offline
from ..plan import Note
from .archives import require_sound, unpacked
from .errors import IntakeError
from .formats import format_of
from .integrity import require_readable, require_whole, sibling
from .links import names_crs_by_link, require_own_zones
from .lost_index import with_index
from .memory import require_room
from .rings import with_rings_apart
from .source import Source

NOT_FILES = re.compile(r"(/vsi(?!zip/)|[a-z][a-z0-9+.-]+:)", re.I)
"""Connections, web addresses and GDAL's virtual file systems; a single letter before the colon is a
drive.
"""
CPG_BYTES = 64
HEADER_BYTES = 20_000


@dataclass(frozen=True)
class Opened:
    """``path`` is what OGR opens; ``form`` one of formats.FORMATS; ``declared`` the text encoding
    that the file names, "" none.
    """

    source: Source
    path: Path
    form: str
    declared: str
    notes: tuple[Note, ...]
    crs_is_a_link: bool = False
    """A link is not followed: such a file names no CRS."""


@contextmanager
def opened(given: str, memory_limit_bytes: int | None = None) -> Iterator[Opened]:
    """``given`` ready to be read; ``memory_limit_bytes`` None: what this machine has free. While it
    is open GDAL is offline.
    """
    if NOT_FILES.match(given):
        raise IntakeError("error.intake.unsupported.connection", path=given)
    with offline(), _found(given, memory_limit_bytes) as ready:
        yield ready


@contextmanager
def _found(given: str, memory_limit_bytes: int | None) -> Iterator[Opened]:
    source = Source.of(given)
    require_readable(source.path)
    form = format_of(source.path)
    if form in ("zip", "kmz") and not (form == "kmz" and not source.member):
        with unpacked(source.path, source.member, source.layer) as path:
            require_readable(path)
            inner = format_of(path)
            if inner in ("zip", "kmz"):
                raise IntakeError("error.intake.unsupported.nested", path=source.path, name=path.name)
            with _indexed(_ready(source, path, inner, memory_limit_bytes)) as ready:
                yield ready
        return
    if form == "kmz":
        require_sound(source.path)  # OGR reads it packed, and finds the maps that its first one links to
        require_own_zones(source.path)
    with _indexed(_ready(source, source.path, form, memory_limit_bytes)) as ready:
        yield ready


@contextmanager
def _indexed(ready: Opened) -> Iterator[Opened]:
    if ready.form == "kml":
        with with_rings_apart(ready.path) as (path, count):
            told = [("intake.note.rings_apart", {"layer": ready.source.title, "count": count})] if count else []
            yield replace(ready, path=path, notes=(*ready.notes, *told))
        return
    if ready.form != "shp":
        yield ready
        return
    with with_index(ready.path) as path:
        yield replace(ready, path=path)


def _ready(source: Source, path: Path, form: str, limit_bytes: int | None) -> Opened:
    require_whole(path, form)
    require_room(path, form, limit_bytes)
    if form == "shp" and path.suffix.lower() != ".shp":
        path = sibling(path, ".shp") or path
    linked = form in ("geojson", "other") and names_crs_by_link(path)
    notes = list(_missing_parts(path, form))
    if linked:
        notes.append(("intake.note.crs_link", {"layer": path.stem}))
    return Opened(source, path, form, declared_encoding(path, form), tuple(notes), linked)


def declared_encoding(path: Path, form: str) -> str:
    """Return the code page that a file names: a .cpg beside a shapefile, the charset of MapInfo,
    the code page of a drawing.
    """
    if form == "shp":
        page = sibling(path, ".cpg")
        words = page.read_bytes()[:CPG_BYTES].decode("ascii", "replace").strip() if page else ""
        return re.sub(r"^(ansi|windows|cp)?[ _-]?(125\d)$", r"cp\2", words.lower()) if words else ""
    if form in ("tab", "mif"):
        found = re.search(rb'charset\s+"([^"]*)"', _head(path), re.I)
        return found.group(1).decode("ascii", "replace") if found else ""
    if form == "dxf":
        found = re.search(rb"\$DWGCODEPAGE\s+3\s+(\S+)", _head(path))
        return found.group(1).decode("ascii", "replace") if found else ""
    return "" if form in ("dgn", "other") else "UTF-8"


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(HEADER_BYTES)


def _missing_parts(path: Path, form: str) -> Iterator[Note]:
    if form != "shp":
        return
    for ending in (".prj", ".cpg", ".shx", ".dbf"):
        if sibling(path, ending) is None:
            yield f"intake.note.without_{ending[1:]}", {"layer": path.stem}
