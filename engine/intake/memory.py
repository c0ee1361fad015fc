"""How much memory a source will take when it is read, guessed from its headers; refused when it is
more than there is.

Goes in: a path and its format. Comes out: bytes. The guess is a factor on the bytes that geometry
and attributes take in the file, chosen on the high side: it is there to refuse what cannot end
well, not to predict what a run will need.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path

from .errors import IntakeError
from .integrity import sibling

GEOMETRY_FACTOR = 2.5
"""WKB as read, then GEOS's own copy, then what the checks make of it."""
CELL_BYTES = 70
"""A short text in Python."""
FACTORS = {
    "shp": 0.0,
    "gpkg": 3.0,
    "gdb": 6.0,
    "geojson": 2.5,
    "gml": 2.0,
    "kml": 2.0,
    "dxf": 1.5,
    "dgn": 10.0,
    "tab": 6.0,
    "mif": 2.0,
    "other": 4.0,
}
SHARE_OF_FREE = 0.8
GROUP_FILES = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)
"""Limit, use and details of a container's memory, in the newer and the older of Linux's ways. Files
that it keeps in memory are given up when somebody needs the room.
"""


def estimate_bytes(path: Path, form: str) -> int:
    """Return the memory that reading ``path`` takes at its peak."""
    if form == "shp":
        return _shapefile(path)
    if form == "tab":
        parts = [sibling(path, ending) for ending in (".map", ".dat")]
        size = sum(part.stat().st_size for part in parts if part is not None)
    else:
        size = _size(path)
    return int(FACTORS.get(form, FACTORS["other"]) * size)


def _shapefile(path: Path) -> int:
    with open(path, "rb") as file:
        head = file.read(28)
    words = struct.unpack(">i", head[24:28])[0] if len(head) == 28 else 0
    geometry = max(2 * words, path.stat().st_size) if words >= 0 else path.stat().st_size
    table, cells = sibling(path, ".dbf"), 0
    if table is not None:
        with open(table, "rb") as file:
            head = file.read(32)
        if len(head) == 32:
            count, header, width = struct.unpack("<IHH", head[4:12])
            cells = count * (width + CELL_BYTES * max(1, (header - 33) // 32))
    return int(GEOMETRY_FACTOR * geometry) + cells


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(part.stat().st_size for part in path.iterdir() if part.is_file())
    return path.stat().st_size


def require_room(path: Path, form: str, limit_bytes: int | None) -> None:
    """Raise IntakeError when reading would take more than ``limit_bytes``; None: four fifths of
    what the machine has free.
    """
    limit = limit_bytes if limit_bytes is not None else free_bytes()
    needed = estimate_bytes(path, form)
    if limit is not None and needed > limit:
        values = {"path": path, "needed_mb": needed >> 20, "limit_mb": limit >> 20}
        raise IntakeError("error.intake.too_large", **values)


def free_bytes() -> int | None:
    """Return what this process may still take: free memory, and no more than it is allowed; None
    where the system does not say.
    """
    known = [free for free in (_machine_bytes(), _group_bytes(), _process_bytes()) if free is not None]
    return int(SHARE_OF_FREE * min(known)) if known else None


def _machine_bytes() -> int | None:
    """Return what the whole machine has free: psutil knows on every system; without it each system
    is asked in its own way.
    """
    try:
        import psutil
    except ImportError:
        ask = {"win32": _of_windows, "darwin": _of_macos}.get(sys.platform, _of_linux)
        return ask()
    return int(psutil.virtual_memory().available)


def _of_linux() -> int | None:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    free = int(line.split()[1]) * 1024
    except OSError:
        pass
    return free


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of Windows."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("load_percent", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("total", "available", "page_total", "page_available")),
        *((name, ctypes.c_uint64) for name in ("virtual_total", "virtual_available", "virtual_extended")),
    )


def _of_windows() -> int | None:
    """Return the physical memory that is free, and no more than this process may still address,
    which on 32 bits is less.
    """
    status = _MemoryStatus(size=ctypes.sizeof(_MemoryStatus))
    try:
        told = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    return min(status.available, status.virtual_available) if told else None


def _of_macos() -> int | None:
    """Pages that nobody uses, and those of files, which are given up when somebody needs the
    room.
    """
    pages = [_sysctl(f"vm.page_{kind}_count") for kind in ("free", "speculative", "purgeable", "pageable_external")]
    size = _sysctl("hw.pagesize")
    return None if pages[0] is None or size is None else size * sum(count or 0 for count in pages)


def _sysctl(name: str) -> int | None:
    value, size = ctypes.c_uint64(0), ctypes.c_size_t(8)
    try:
        failed = ctypes.CDLL(None).sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0)
    except (AttributeError, OSError, TypeError):
        return None
    return None if failed else int(value.value)


def _group_bytes() -> int | None:
    """Return what the group of processes that this one runs in, such as a container, may still
    take.
    """
    for limit, used, numbers in GROUP_FILES:
        try:
            most, taken = (int(Path(name).read_text(encoding="ascii")) for name in (limit, used))
            told = dict(line.split() for line in Path(numbers).read_text(encoding="ascii").splitlines())
        except (OSError, ValueError):  # no such file, or the word "max"
            continue
        kept_files = sum(int(told.get(name, 0)) for name in ("inactive_file", "active_file"))
        return min(most, max(0, most - taken + kept_files))
    return None


def _process_bytes() -> int | None:
    """Return what a limit on this process (ulimit -v) leaves it."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError, ValueError):
        return None
    return max(0, limit - taken)
