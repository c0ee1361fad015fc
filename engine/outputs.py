"""No output of a run replaces one of its inputs, a part of one, or another output: reported before
anything is read.

Goes in: the inputs of a run, as the name of an option and what a person wrote there (a path,
``path|layername=name``, a path inside a zip), and its outputs. Files are the same whatever they are
called: through links, with other capitals on a disk that makes no difference, from another folder.
The parts of a shapefile or a MapInfo table, a GeoPackage's log, and the label map beside a plan
belong to it. Raises PlanError ``error.shared_file``, which names both options and the file.
"""

from __future__ import annotations

import argparse
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import PlanError
from .intake.source import Source
from .store.place import PostgisSchema
from .tables.writing import LOGS, OutputKind, require_own

FAMILIES = (
    (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".idm", ".ind", ".qmd", ".qpj"),
    (".tab", ".dat", ".map", ".id", ".ind"),
    (".mif", ".mid"),
)
"""Endings of the files that are one layer together."""
BESIDE = (".labels.csv", ".codes.csv")
"""What is read with a plan without being named."""
NO_FILES = ("language", "check")


@dataclass(frozen=True)
class Output:
    """``name``: of the option. ``succeeds``: names of inputs that this output may replace, because
    it carries on what they hold.

    ``kind`` None: what lies there is judged by whoever writes it.
    """

    name: str
    path: Path
    kind: OutputKind | None = None
    succeeds: tuple[str, ...] = ()


def refuse_lost_files(inputs: Iterable[tuple[str, str]], outputs: Sequence[Output]) -> None:
    """Raise PlanError where one of ``outputs`` would replace an input, another output, or a file
    that this program has not written.
    """
    inputs = list(inputs)
    written: dict[str, str] = {}
    for output in outputs:
        mine = _parts(output.path)
        there = {number for number in map(_number, mine) if number is not None}
        for name, source in inputs if there else ():  # what is not there yet is no input
            if name not in output.succeeds and any(_number(part) in there for part in parts_of(source)):
                raise PlanError("error.shared_file", name=output.name, other=name, path=output.path)
        marks = {*map(str, there), *map(_called, mine)}
        for mark in sorted(marks & written.keys()):
            raise PlanError("error.shared_file", name=output.name, other=written[mark], path=output.path)
        written.update(dict.fromkeys(marks, output.name))
    for output in outputs:
        if output.kind is not None:
            require_own(output.path, output.kind)


def parts_of(source: str) -> list[Path]:
    """Return all files that are read when ``source`` is; of a folder those that lie in it."""
    try:
        path = Source.of(source).path
    except PlanError:
        path = Path(source)
    try:
        if path.is_dir():
            return [part for part in path.iterdir() if part.is_file()]
        return [*_parts(path), *(path.with_name(path.stem + ending) for ending in BESIDE)] if path.is_file() else []
    except (OSError, ValueError):  # a text that is no path: too long, or with a zero in it
        return []


def _parts(path: Path) -> list[Path]:
    endings = {ending for family in FAMILIES if path.suffix.lower() in family for ending in family}
    beside = [path.with_suffix(change(ending)) for ending in sorted(endings) for change in (str.lower, str.upper)]
    return [path, *beside, *(Path(f"{path}{ending}") for ending in LOGS)]


def _number(path: Path) -> tuple[int, int] | None:
    """Return what identifies a file, however it is called; None where none is there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _called(path: Path) -> str:
    """Return the same for all names that may mean one file, also on a disk that makes no difference
    between capitals.
    """
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


# ── the command line ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Declared:
    option: str
    kind: OutputKind | None
    succeeds: tuple[str, ...]


def add_output(
    parser: argparse.ArgumentParser,
    option: str,
    kind: OutputKind | None,
    succeeds: tuple[str, ...] = (),
    **more: object,
) -> None:
    """Add an option that names a file to write; every other option of the command may name an
    input.
    """
    action = parser.add_argument(option, **more)  # type: ignore[arg-type]
    known = parser.get_default("outputs") or {}
    parser.set_defaults(outputs={**known, action.dest: _Declared(option, kind, succeeds)})


def refuse_lost_files_of(options: argparse.Namespace) -> None:
    """The same for the options of a command."""
    declared: dict[str, _Declared] = getattr(options, "outputs", {})
    inputs = [
        (f"--{name.replace('_', '-')}", str(one))
        for name, value in given(options).items()
        if name not in declared and name not in NO_FILES
        for one in (value if isinstance(value, list) else [value])
        if isinstance(one, (str, Path)) and str(one)
    ]
    outputs = [
        Output(one.option, getattr(options, name), one.kind, one.succeeds)
        for name, one in declared.items()
        if getattr(options, name) and not isinstance(getattr(options, name), PostgisSchema)
    ]
    refuse_lost_files(inputs, outputs)


def given(options: argparse.Namespace) -> dict[str, object]:
    """Return what a person wrote, by option, without what the program keeps among it."""
    return {name: value for name, value in vars(options).items() if name not in ("run", "outputs")}
