"""The files behind a row of the register: what they hold, as a digest, and whether they have
changed since.

A shapefile is all files of its name; a FileGDB all files of its folder. The digest is over names
and bytes, so that an unchanged plan need not be read to be known. OSError for files that cannot be
read. None of them may be replaced by the findings.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..outputs import Output, refuse_lost_files
from ..register.entry import Register
from ..store.kinds import STORE
from ..store.place import Place, PostgisSchema
from ..tables.writing import OutputKind
from .boundaries import beside
from .options import ProvinceOptions

PASSING = (".qml", ".qmd", ".gpkg-shm", ".lock", ".gpkg-journal")
"""What programs put beside a layer for themselves."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """``digest`` of the bytes, and the ``state`` (path, size, time) of each file when it was
    computed.
    """

    digest: str
    state: tuple[tuple[str, int, int], ...]

    @classmethod
    def of(cls, *paths: Path) -> Snapshot:
        """Return the files of all ``paths``."""
        files = [file for path in paths for file in files_of(path)]
        state = _state(files)
        made = hashlib.sha256()
        for file in files:
            made.update(f"{file.name}\0{file.stat().st_size}\0".encode())
            with open(file, "rb") as opened:
                while chunk := opened.read(CHUNK_BYTES):
                    made.update(chunk)
        return cls(made.hexdigest(), state)

    def still_true(self) -> bool:
        """Return whether no file has changed or gone since."""
        try:
            return _state([Path(name) for name, _, _ in self.state]) == self.state
        except OSError:
            return False


def files_of(path: Path) -> list[Path]:
    """Return the files that make up the source at ``path``, in the order of their names."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() != ".lock")
    stem = path.stem.casefold()
    found = [
        file
        for file in path.parent.iterdir()
        if file.name.split(".")[0].casefold() == path.name.split(".")[0].casefold() or file.stem.casefold() == stem
    ]
    return sorted(file for file in found if file.is_file() and _counts(file))


def _counts(file: Path) -> bool:
    ending = file.suffix.lower()
    return ending not in PASSING and (ending != ".gpkg-wal" or file.stat().st_size > 0)


def _state(files: list[Path]) -> tuple[tuple[str, int, int], ...]:
    return tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)


def refuse_lost_plans(
    register: Register, options: ProvinceOptions, name: str, output: Place, kind: OutputKind | None = STORE
) -> None:
    """Raise PlanError where the findings ``output``, an option called ``name``, would replace the
    register or a file that it names.
    """
    if isinstance(output, PostgisSchema):
        return
    inputs = [(register.path.name, str(register.path))]
    for entry in register.entries:
        paths = {"source": entry.source, "boundary": entry.boundary, "label_map": entry.label_map}
        inputs += [(f"{entry.plan_id}: {column}", register.located(path)) for column, path in paths.items() if path]
    boundaries = options.boundaries or beside(register.folder)
    if boundaries:
        inputs.append(("boundaries", boundaries))
    refuse_lost_files(inputs, [Output(name, output, kind)])
