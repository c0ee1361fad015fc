"""The files of a rule set by name, from a folder, a zip or a single file; nothing is ever unpacked
onto the disk.

A zip is read in memory by the files' names, whatever folder of the zip they lie in, so that a path
such as ``../x`` leads nowhere; such entries are left alone. Nothing longer than LARGEST_FILE_BYTES
is read, whatever size the zip pretends. Fails with PlanError: not there, not readable, encrypted,
damaged, too large, or the same file twice in a zip.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from ..errors import PlanError

LARGEST_FILE_BYTES = 200_000_000
SPREADSHEETS = (".xlsx", ".xlsm")


def read_files(path: Path, wanted: Sequence[str], alone: str) -> dict[str, bytes]:
    """Return the ``wanted`` files at ``path``. A single file is ``alone`` (a table), or a workbook
    under its own suffix.
    """
    try:
        if path.is_dir():
            return {name: read_file(path / name) for name in wanted if (path / name).is_file()}
        if path.suffix.lower() == ".zip":
            return _zipped(path, wanted)
        stem = Path(alone).stem
        name = f"{stem}.xlsx" if path.suffix.lower() in SPREADSHEETS else alone
        return {name: read_file(path)}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        # RuntimeError: encrypted; NotImplementedError: compressed in a way that Python does not
        # know
        raise PlanError("rules.unreadable", source=path, reason=error) from error
    except OSError as error:
        raise PlanError("rules.unreadable", source=path, reason=error.strerror or error) from error


def read_file(path: Path) -> bytes:
    """Return the bytes of a file that is not too large."""
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise PlanError("rules.too_large", source=path, file=path.name, limit=LARGEST_FILE_BYTES)
    return path.read_bytes()


def _zipped(path: Path, wanted: Sequence[str]) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        entries: dict[str, list[zipfile.ZipInfo]] = {}
        for entry in archive.infolist():
            folders = entry.filename.replace("\\", "/").split("/")
            if folders[-1] in wanted and ".." not in folders:
                entries.setdefault(folders[-1], []).append(entry)
        files = {}
        for name, found in entries.items():
            if len(found) > 1:
                places = ", ".join(entry.filename for entry in found)
                raise PlanError("rules.twice_in_zip", source=path, file=name, places=places)
            files[name] = _unzipped(archive, found[0], path, name)
        return files


def _unzipped(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, name: str) -> bytes:
    with archive.open(entry) as file:
        content = file.read(LARGEST_FILE_BYTES + 1)
    if len(content) > LARGEST_FILE_BYTES or entry.file_size > LARGEST_FILE_BYTES:
        raise PlanError("rules.too_large", source=path, file=name, limit=LARGEST_FILE_BYTES)
    return content
