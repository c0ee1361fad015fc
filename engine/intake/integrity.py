"""Is a file whole? Told from its own headers before anything of it is loaded.

Goes in: a path and its format. Fails with IntakeError: missing, not permitted, locked by another
program, empty (no bytes), truncated (the header promises more than there is), damaged. Formats
whose headers promise nothing are left to OGR, whose refusal :func:`refused` translates.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

from .errors import IntakeError

LOCKED = (errno.EBUSY, errno.EAGAIN, errno.EDEADLK, errno.ETXTBSY)
SHARING_VIOLATIONS = (32, 33)  # of Windows
TAIL_BYTES = 4096
LOCKED_WORDS = ("locked", "being used by another process", "sharing violation")
TRUNCATED_WORDS = ("unexpected end", "truncat", "unexpected eof", "end of file", "failed to read", "file short")


def require_readable(path: Path) -> None:
    """The file is there, may be opened, and is not empty."""
    try:
        if path.is_dir():
            os.listdir(path)
            return
        with open(path, "rb") as file:
            first = file.read(1)
    except OSError as error:
        raise of_os_error(path, error) from error
    if not first:
        raise IntakeError("error.intake.empty.file", path=path)


def of_os_error(path: Path, error: OSError) -> IntakeError:
    """Return what the operating system's refusal means."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return IntakeError("error.intake.missing", path=path)
    if error.errno in LOCKED or getattr(error, "winerror", 0) in SHARING_VIOLATIONS:
        return IntakeError("error.intake.locked", path=path)
    if isinstance(error, PermissionError):
        return IntakeError("error.intake.not_permitted", path=path)
    return IntakeError("error.intake.damaged", path=path, reason=error.strerror or str(error))


def refused(path: Path, form: str, reason: str) -> IntakeError:
    """Return what OGR's refusal means, by its words; what says nothing of a lock or an end is
    damage.
    """
    lower = reason.lower()
    if any(word in lower for word in LOCKED_WORDS):
        return IntakeError("error.intake.locked", path=path)
    if any(word in lower for word in TRUNCATED_WORDS):
        return IntakeError("error.intake.truncated", path=path, reason=reason)
    return IntakeError("error.intake.damaged", path=path, reason=reason or form)


def require_whole(path: Path, form: str) -> None:
    """The file holds what its header promises."""
    check = _CHECKS.get(form)
    if check is not None:
        check(path)


def _truncated(path: Path, expected: int, found: int) -> IntakeError:
    reason = f"{found:,} B < {expected:,} B"
    return IntakeError("error.intake.truncated", path=path, reason=reason)


def _shapefile(path: Path) -> None:
    main = path.with_suffix(".shp") if path.suffix.lower() in (".dbf", ".shx") else path
    size = main.stat().st_size
    if size < 100:
        raise _truncated(main, 100, size)
    with open(main, "rb") as file:
        expected = 2 * struct.unpack(">i", file.read(28)[24:28])[0]
    if size < expected:
        raise _truncated(main, expected, size)
    table = sibling(main, ".dbf")
    if table is not None:
        _dbf(table)


def _dbf(path: Path) -> None:
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(12)
    if len(head) < 12:
        raise _truncated(path, 32, size)
    count, header, width = struct.unpack("<IHH", head[4:12])
    if size < header + count * width:
        raise _truncated(path, header + count * width, size)


def sibling(path: Path, ending: str) -> Path | None:
    """Return the file of the same name with another ending, in whatever case."""
    for spelled in (ending, ending.upper(), ending.capitalize()):
        found = path.with_suffix(spelled)
        if found.exists():
            return found
    for found in path.parent.glob(f"{_escaped(path.stem)}.*"):
        if found.suffix.lower() == ending:
            return found
    return None


def _escaped(stem: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)


def _geopackage(path: Path) -> None:
    size = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(100)
    if len(head) < 100:
        raise _truncated(path, 100, size)
    page = struct.unpack(">H", head[16:18])[0]
    pages = struct.unpack(">I", head[28:32])[0]
    page = 65536 if page == 1 else page
    in_step = head[24:28] == head[92:96]  # else the count of pages is stale, says SQLite
    if in_step and size < page * pages:
        raise _truncated(path, page * pages, size)
    database = None
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0.5)
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if "locked" in str(error) or "busy" in str(error):
            raise IntakeError("error.intake.locked", path=path) from error
        raise IntakeError("error.intake.damaged", path=path, reason=str(error)) from error
    finally:
        if database is not None:
            database.close()


def _mapinfo(path: Path) -> None:
    for ending in (".dat", ".map", ".id"):
        part = sibling(path, ending)
        if part is None:
            if ending == ".dat":
                raise IntakeError("error.intake.missing.part", path=path, part=path.with_suffix(".DAT").name)
            continue
        if part.stat().st_size == 0 and ending != ".id":
            raise IntakeError("error.intake.empty.file", path=part)
        if ending == ".dat":
            _dbf(part)
        if ending == ".map" and part.stat().st_size % 512:
            raise _truncated(part, (part.stat().st_size // 512 + 1) * 512, part.stat().st_size)


def _interchange(path: Path) -> None:
    """A .mif whose .mid is gone has geometry but no attribute."""
    if sibling(path, ".mid") is None:
        raise IntakeError("error.intake.missing.part", path=path, part=path.with_suffix(".MID").name)


def _tail(path: Path, count: int = TAIL_BYTES) -> bytes:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - count))
        return file.read()


def _dxf(path: Path) -> None:
    if b"EOF" not in _tail(path, 256):
        raise IntakeError("error.intake.truncated", path=path, reason="EOF")


def _dgn(path: Path) -> None:
    """Elements follow each other to the mark FF FF; each says its length in words."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        at = 0
        while at < size:
            file.seek(at)
            head = file.read(4)
            if head[:2] == b"\xff\xff":
                return
            if len(head) < 4:
                break
            at += 4 + 2 * struct.unpack("<H", head[2:4])[0]
    raise _truncated(path, max(at, size + 2), size)


def _json(path: Path) -> None:
    if not _tail(path).rstrip().endswith((b"}", b"}\x00")):
        raise IntakeError("error.intake.truncated", path=path, reason="}")


def _xml(path: Path) -> None:
    """The element that opens first is closed at the end."""
    with open(path, "rb") as file:
        head = file.read(TAIL_BYTES).replace(b"\x00", b"")  # so that UTF-16 reads as well
    root = re.search(rb"<([A-Za-z_][\w.:-]*)", head)
    closing = b"</" + root.group(1) if root else b"</"
    tail = _tail(path).replace(b"\x00", b"")
    alone = root is not None and tail.rstrip().endswith(b"/>") and len(tail) < TAIL_BYTES
    if closing not in tail and not alone:
        raise IntakeError("error.intake.truncated", path=path, reason=closing.decode("ascii", "replace") + ">")


def _geodatabase(path: Path) -> None:
    """Every table says its own size in bytes 24 to 31."""
    tables = sorted(path.glob("*.gdbtable"))
    if not tables:
        raise IntakeError("error.intake.empty.file", path=path)
    for table in tables:
        size = table.stat().st_size
        with open(table, "rb") as file:
            head = file.read(40)
        if len(head) < 40:
            raise _truncated(table, 40, size)
        expected = struct.unpack("<q", head[24:32])[0]
        if size < expected:
            raise _truncated(table, expected, size)
        if not table.with_suffix(".gdbtablx").exists():
            raise IntakeError("error.intake.missing.part", path=path, part=table.with_suffix(".gdbtablx").name)


_CHECKS: dict[str, Callable[[Path], None]] = {
    "shp": _shapefile,
    "gpkg": _geopackage,
    "tab": _mapinfo,
    "mif": _interchange,
    "dxf": _dxf,
    "dgn": _dgn,
    "geojson": _json,
    "kml": _xml,
    "gml": _xml,
    "gdb": _geodatabase,
}
