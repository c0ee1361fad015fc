"""A register to fill in: empty, or with a row for each plan found in a folder, proposed with the reason for each cell.

Goes in: a folder of files as they came. Comes out: rows of text by column, one for each layer of polygons (or drawing), the file looked
into and never loaded; a file that cannot be read is a row too, with the reason why. Level and territory come from names: words of
resources/register/name_words.csv and the names in the boundaries beside. Nothing is decided: a person reads the reasons.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from ..catalogue import read_table, text
from ..errors import PlanError
from ..intake.formats import CAD
from ..intake.inspection import Inspection, LayerInspection, inspect
from ..intake.preparing import prepare_table
from .template import write_register
from .words import FOLDER, fold, shown

READ = (
    ".gpkg",
    ".shp",
    ".tab",
    ".mif",
    ".dxf",
    ".dgn",
    ".dwg",
    ".gdb",
    ".geojson",
    ".json",
    ".kml",
    ".kmz",
    ".gml",
    ".zip",
)
BOUNDARIES = ("ranh gioi", "boundaries", "boundary")
UNITS = r"^(thanh pho|thi xa|thi tran|huyen|quan|phuong|xa|tinh|dac khu) "
MOST_FILES = 10_000
Row = dict  # column to text


def create_register(output: Path, folder: Path | None, language: str) -> int:
    """Write a register to fill in; how many plans were proposed. PlanError where it cannot be written."""
    rows = propose(folder, output.parent, language) if folder is not None else []
    write_register(output, rows, language)
    return len(rows)


def propose(folder: Path, home: Path, language: str) -> list[Row]:
    """A row for each plan in ``folder`` and below; sources start from ``home``, where the register will lie."""
    if not folder.is_dir():
        raise PlanError("error.register.no_folder", path=folder)
    files = _files(folder)
    names = _territories([path for path in files if fold(path.stem) in BOUNDARIES])
    rows: list[Row] = []
    for path in files:
        if fold(path.stem) not in BOUNDARIES:
            rows += _of_file(path, home, names, language)
    for number, row in enumerate(rows, start=1):
        row["plan_id"] = f"P{number:02d}"
    return rows


def _files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        inside = any(parent.suffix.lower() == ".gdb" for parent in path.relative_to(folder).parents)
        if not hidden and not inside and path.suffix.lower() in READ:
            found.append(path)
        if len(found) > MOST_FILES:
            raise PlanError("error.register.too_many_files", path=folder, limit=MOST_FILES)
    return found


def _territories(boundaries: list[Path]) -> dict[str, str]:
    """The names in the boundaries, by themselves without the word for the kind of unit, longest first."""
    names: dict[str, str] = {}
    for path in boundaries:
        try:
            layers = inspect(str(path)).layers
            tables = [prepare_table(f"{path}|layername={layer.name}")[0] for layer in layers]
        except PlanError:
            continue  # a proposal can do without
        for table in tables:
            for column in table.columns:
                if table[column].dtype == object and column != table.geometry.name and "ten" in fold(str(column)):
                    names.update({re.sub(UNITS, "", fold(v)): v for v in table[column] if isinstance(v, str) and v})
    return dict(sorted(names.items(), key=lambda item: -len(item[0])))


def _of_file(path: Path, home: Path, names: dict[str, str], language: str) -> Iterator[Row]:
    try:
        source = path.resolve().relative_to(home.resolve()).as_posix()
    except ValueError:
        source = str(path)
    try:
        found = inspect(str(path))
    except PlanError as error:
        row = {"source": source, "title": path.stem, "status": shown("status", "drafting", language)}
        row.update(_by_name(path.stem, names, language)[0])
        row["reason"] = error.text(language)
        yield row
        return
    for layer in found.layers:
        if "Polygon" in layer.geometry or layer.geometry in ("Unknown", "GeometryCollection") or found.format in CAD:
            yield _of_layer(path, source, found, layer, names, language)


def _of_layer(
    path: Path, source: str, found: Inspection, layer: LayerInspection, names: dict[str, str], language: str
) -> Row:
    one = len(found.layers) == 1 and found.format not in ("gpkg", "gdb")
    row: Row = {"source": source if one else f"{source}|layername={layer.name}", "title": layer.name}
    told, reasons = _by_name(f"{path.stem} {layer.name}", names, language)
    row.update(told)
    for column, kind in (
        ("key_field", "key_field"),
        ("code_field", "code_field"),
        ("declared_area_field", "area_field"),
    ):
        field = _field(layer, kind)
        if field:
            row[column] = field
            reasons.append(text("register.reason.field", language, column=column, field=field))
    if layer.crs is None:
        reasons.append(text("register.reason.no_crs", language))
    else:
        reasons.append(text("register.reason.crs", language, crs=str(layer.crs.name)))
    if layer.encoding:
        reasons.append(text("register.reason.encoding", language, encoding=layer.encoding))
    if found.format in CAD:
        reasons.append(text("register.reason.drawing", language))
    reasons += [text(key, language, **values) for key, values in found.notes]
    row["status"] = shown("status", "drafting", language)
    row["nature"] = shown("nature", "map", language)
    reasons.append(text("register.reason.status", language))
    row["reason"] = " ".join(reasons)
    return row


def _by_name(name: str, names: dict[str, str], language: str) -> tuple[Row, list[str]]:
    """(level and territory, why) as far as a name tells."""
    words = re.sub(r"[^a-z0-9]+", " ", fold(name))
    row: Row = {}
    reasons: list[str] = []
    for bare, territory in names.items():
        if f" {bare} " in f" {words} ":
            row["territory"] = territory
            reasons.append(text("register.reason.territory", language, name=name, territory=territory))
            break
    for level, told in _levels():
        hit = next((word for word in told if f" {word} " in f" {words} "), "")
        if hit:
            row["level"] = shown("level", level, language)
            reasons.append(text("register.reason.level", language, word=hit, level=row["level"]))
            break
    return row, reasons


def _field(layer: LayerInspection, kind: str) -> str:
    """The first field whose name is one of the words of ``kind``, in the order of the words."""
    folded = {fold(name): name for name, _ in layer.fields}
    return next((folded[word] for word in _words(kind) if word in folded), "")


@functools.cache
def _levels() -> list[tuple[str, list[str]]]:
    rows = read_table(FOLDER / "name_words.csv")
    return [(row["value"], row["words"].split("|")) for row in rows if row["kind"] == "level"]


@functools.cache
def _words(kind: str) -> list[str]:
    rows = read_table(FOLDER / "name_words.csv")
    return next(row["words"].split("|") for row in rows if row["kind"] == kind)
