"""Zip and KMZ archives, opened safely: what is needed is unpacked into a folder of its own, counted
byte by byte.

Goes in: an archive and, where it holds several plans, which one. Comes out, for as long as the
``with`` lasts: the path of the unpacked plan. Fails with IntakeError for an archive that is damaged
or protected by a password, a name that would leave the folder (zip slip), a link, and for more than
the allowed bytes (zip bomb): what is unpacked is counted, because the sizes that an archive
declares may lie.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .errors import IntakeError

LARGEST_UNPACKED_BYTES = 4 << 30
LARGEST_RATIO = 400
"""Real plans pack to a fifth or a twentieth; a bomb packs a thousandfold."""
FREE_OF_RATIO_BYTES = 50 << 20
MOST_MEMBERS = 20_000
BLOCK_BYTES = 1 << 20
LINK = 0o120000
ENCRYPTED = 1
PLANS = (".shp", ".tab", ".mif", ".dxf", ".dgn", ".gpkg", ".kml", ".geojson", ".json", ".gml", ".dwg")


@contextmanager
def unpacked(path: Path, member: str, layer: str = "") -> Iterator[Path]:
    """The path of the plan of an archive: ``member``, or the only one, or the one called like
    ``layer``.
    """
    with _opened(path) as archive:
        infos = _safe_members(path, archive)
        chosen = _chosen(path, [info.filename for info in infos], member, layer)
        needed = [info for info in infos if _belongs(info.filename, chosen)]
        with tempfile.TemporaryDirectory(prefix="planconcord-") as folder:
            _unpack(path, archive, needed, Path(folder))
            yield Path(folder, *PurePosixPath(chosen).parts)


def require_sound(path: Path) -> None:
    """Unpack everything to nowhere: no name that leaves the folder, no bomb, no damage."""
    with _opened(path) as archive:
        _unpack(path, archive, _safe_members(path, archive), None)


def each_unpacked(path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of each member and where it lies, unpacked until the next one is asked for."""
    with _opened(path) as archive, tempfile.TemporaryDirectory(prefix="planconcord-") as folder:
        infos = _safe_members(path, archive)
        for number, info in enumerate(infos):
            place = Path(folder, str(number))
            _unpack(path, archive, [info], place)
            member = place.joinpath(*PurePosixPath(info.filename).parts)
            yield info.filename, member
            member.unlink()


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        state = "damaged" if zipfile.is_zipfile(path) else "truncated"
        raise IntakeError(f"error.intake.{state}", path=path, reason=str(error)) from error
    except (zlib.error, EOFError, NotImplementedError) as error:
        raise IntakeError("error.intake.damaged", path=path, reason=str(error)) from error


def _safe_members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if not infos:
        raise IntakeError("error.intake.empty.archive", path=path)
    if len(infos) > MOST_MEMBERS:
        raise IntakeError("error.intake.hostile.members", path=path, count=len(infos), most=MOST_MEMBERS)
    for info in infos:
        name = PurePosixPath(info.filename.replace("\\", "/"))
        leaves = name.is_absolute() or ".." in name.parts or ":" in name.parts[0] or "\0" in info.filename
        if leaves or (info.external_attr >> 16) & 0o170000 == LINK:
            raise IntakeError("error.intake.hostile.path", path=path, name=info.filename)
        if info.flag_bits & ENCRYPTED:
            raise IntakeError("error.intake.not_permitted.password", path=path, name=info.filename)
    return infos


def _plans(names: list[str]) -> list[str]:
    folders = {
        str(parent) for name in names for parent in PurePosixPath(name).parents if parent.suffix.lower() == ".gdb"
    }
    inside = tuple(f"{folder}/" for folder in folders)
    hidden = ("__MACOSX/", "._")
    files = [
        name for name in names if PurePosixPath(name).suffix.lower() in PLANS and not name.startswith(inside or "\0")
    ]
    return sorted([*folders, *(name for name in files if not name.startswith(hidden))])


def _chosen(path: Path, names: list[str], member: str, layer: str) -> str:
    plans = _plans(names)
    if member:
        wanted = [plan for plan in plans if plan == member.strip("/")]
        wanted = wanted or ([member] if member in names else [])
    else:
        wanted = [plan for plan in plans if PurePosixPath(plan).stem == layer] if len(plans) > 1 and layer else plans
    if len(wanted) == 1:
        return wanted[0]
    if not plans:
        raise IntakeError("error.intake.empty.no_plan", path=path, found=", ".join(sorted(names)[:10]))
    raise IntakeError(
        "error.intake.no_such_layer.member", path=path, plans=", ".join(plans[:20]), member=member or layer or "–"
    )


def _belongs(name: str, plan: str) -> bool:
    """Return whether a member is the plan or a part of it: a shapefile's .dbf, a geodatabase's
    tables.
    """
    if name == plan or name.startswith(f"{plan}/"):
        return True
    one, other = PurePosixPath(name), PurePosixPath(plan)
    return one.parent == other.parent and (one.stem == other.stem or one.name.startswith(f"{other.name}."))


def _unpack(path: Path, archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], folder: Path | None) -> None:
    packed, total = 0, 0
    for info in infos:
        target = Path(os.devnull) if folder is None else folder.joinpath(*PurePosixPath(info.filename).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        packed += max(info.compress_size, 1)
        with archive.open(info) as source, open(target, "wb") as copy:
            while True:
                block = source.read(BLOCK_BYTES)
                if not block:
                    break
                total += len(block)
                too_dense = total > FREE_OF_RATIO_BYTES and total > LARGEST_RATIO * packed
                if total > LARGEST_UNPACKED_BYTES or too_dense:
                    raise IntakeError(
                        "error.intake.hostile.bomb", path=path, name=info.filename, unpacked_mb=total >> 20
                    )
                copy.write(block)
