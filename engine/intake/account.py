"""The account of a reading: what a file itself says that it holds, against what came out of it.

Goes in: a source, and the numbers of features and fields that were read of its layer. Comes out: a
note for each difference, and for what a reader passes over by its own rule: deleted records of a
table, objects of a drawing that it does not know, links to other files. The counts come from the
bytes of the file (headers, SQL, names of elements), never from the library that read it. Where a
format promises no number nothing is said; nothing here fails.
"""

from __future__ import annotations

import mmap
import re
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..plan import Note
from .integrity import sibling
from .opening import Opened
from .rings import second_rings_of_archive

DELETED = 0x2A
"""The asterisk before a record of dBASE that was deleted."""
ENTITY = re.compile(rb"\n[ \t]*0[ \t]*\r?\n[ \t]*([A-Z][A-Z0-9_]*)")
"""A group code 0 and the name of what begins; a value 0 is followed by a number."""
READ_OF_DRAWINGS = frozenset(
    [
        "POINT",
        "MTEXT",
        "TEXT",
        "ATTDEF",
        "ATTRIB",
        "LINE",
        "POLYLINE",
        "VERTEX",
        "SEQEND",
        "LWPOLYLINE",
        "CIRCLE",
        "ELLIPSE",
        "ARC",
        "SPLINE",
        "HELIX",
        "3DFACE",
        "INSERT",
        "DIMENSION",
        "HATCH",
        "SOLID",
        "TRACE",
        "LEADER",
        "MLEADER",
        "MULTILEADER",
        "VIEWPORT",
        "ENDSEC",
    ]
)
"""What GDAL makes features of, what belongs to those, and the frames that show a map on a sheet."""
JSON_FEATURE = re.compile(rb'"type"\s*:\s*"Feature"')
LINKS = re.compile(rb"<(?:\w+:)?(NetworkLink|GroundOverlay|PhotoOverlay|ScreenOverlay)[\s>]")


@dataclass
class Held:
    """What a file holds: ``features`` and ``fields`` None where it does not say; ``notes`` on what
    readers pass over.
    """

    features: int | None = None
    fields: int | None = None
    notes: list[Note] = field(default_factory=list)


def account_of(ready: Opened, layer: str, features: int, fields: int) -> list[Note]:
    """Return what to report when ``features`` and ``fields`` of ``layer`` were read."""
    count = _COUNTS.get(ready.form)
    if count is None:
        return []
    try:
        held = count(ready.path, layer)
    except (OSError, ValueError, struct.error, sqlite3.Error):
        return []
    notes = list(held.notes)
    if held.features is not None and features < held.features and not ready.source.condition:
        notes.append(_lost("features", layer, held.features, features))
    if held.fields is not None and fields < held.fields:
        notes.append(_lost("fields", layer, held.fields, fields))
    return notes


def _lost(what: str, layer: str, held: int, read: int) -> Note:
    return f"intake.lost_{what}", {"layer": layer, "held": held, "read": read, "count": held - read}


def _shapefile(path: Path, layer: str) -> Held:
    """Shapes by the length of the index, records by the table's header; a record that was deleted
    takes its shape with it.
    """
    index, table = sibling(path, ".shx"), sibling(path, ".dbf")
    shapes = (index.stat().st_size - 100) // 8 if index else 0
    if table is None:
        return Held(shapes)
    count, deleted, fields = _dbase(table)
    notes: list[Note] = []
    if deleted:
        notes.append(("intake.note.deleted", {"layer": layer, "count": deleted}))
    if count < shapes:
        notes.append(("intake.note.without_record", {"layer": layer, "count": shapes - count, "held": shapes}))
    return Held(max(shapes, count) - deleted, fields, notes)


def _dbase(path: Path) -> tuple[int, int, int]:
    """Return (records, of which deleted, fields) of a table of dBASE."""
    with open(path, "rb") as file:
        head = file.read(32)
        count, header, width = struct.unpack("<IHH", head[4:12])
        described = file.read(header - 32)
    fields = next((at for at in range(0, len(described), 32) if described[at : at + 1] == b"\r"), len(described)) // 32
    if not count:
        return 0, 0, fields
    marks = np.memmap(path, dtype=np.uint8, mode="r", offset=header)[: count * width : width]
    return count, int((marks == DELETED).sum()), fields


def _mapinfo(path: Path, layer: str) -> Held:
    table = sibling(path, ".dat")
    if table is None:
        return Held()
    count, deleted, _ = _dbase(table)
    return Held(count - deleted)


def _geopackage(path: Path, layer: str) -> Held:
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.5)
    try:
        name = '"' + layer.replace('"', '""') + '"'
        (count,) = database.execute(f"SELECT count(*) FROM {name}").fetchone()  # nosec B608
        columns = database.execute(f"PRAGMA table_info({name})").fetchall()
        shapes = database.execute(
            "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (layer,)
        ).fetchall()
    finally:
        database.close()
    keys = sum(1 for column in columns if column[5] and str(column[2]).upper().startswith("INT"))
    return Held(count, len(columns) - keys - len(shapes))


def _geojson(path: Path, layer: str) -> Held:
    return Held(sum(_found(path, JSON_FEATURE).values()))


def _drawing(path: Path, layer: str) -> Held:
    """Return the objects among the entities that GDAL makes nothing of, such as regions."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = re.search(rb"\n[ \t]*2[ \t]*\r?\n[ \t]*ENTITIES[ \t]*\r?\n", content)
        if start is None:
            return Held()
        after = start.end() - 1
        stop = re.compile(rb"\n[ \t]*0[ \t]*\r?\n[ \t]*ENDSEC").search(content, after)
        names = Counter(
            found.decode("ascii") for found in ENTITY.findall(content, after, stop.end() if stop else len(content))
        )
    unknown = Counter({name: count for name, count in names.items() if name not in READ_OF_DRAWINGS})
    if not unknown:
        return Held()
    listed = ", ".join(f"{name} {count}" for name, count in unknown.most_common())
    return Held(notes=[("intake.lost_objects", {"layer": layer, "count": sum(unknown.values()), "listed": listed})])


def _keyhole(path: Path, layer: str) -> Held:
    linked = _found(path, LINKS)
    if not linked:
        return Held()
    listed = ", ".join(f"{name.decode('ascii')} {count}" for name, count in linked.most_common())
    return Held(notes=[("intake.note.linked", {"layer": layer, "count": sum(linked.values()), "listed": listed})])


def _packed_keyhole(path: Path, layer: str) -> Held:
    count = second_rings_of_archive(path)
    return Held(notes=[("intake.lost_rings", {"layer": layer, "count": count})] if count else [])


def _found(path: Path, what: re.Pattern[bytes]) -> Counter[bytes]:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return Counter(found if isinstance(found, bytes) else found[0] for found in what.findall(content))


_COUNTS: dict[str, Callable[[Path, str], Held]] = {
    "shp": _shapefile,
    "tab": _mapinfo,
    "gpkg": _geopackage,
    "geojson": _geojson,
    "dxf": _drawing,
    "kml": _keyhole,
    "kmz": _packed_keyhole,
}
