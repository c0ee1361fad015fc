"""A register to fill in: empty, or with a row for each plan found in a folder, proposed with the
reason for each cell.

Goes in: a folder of files as they came. Comes out: rows of text by column, one for each layer of
polygons (or drawing), the file looked into and never loaded; a file that cannot be read is a row
too, with the reason why. Level, territory and period come from names: words of
resources/register/name_words.csv, the names in the boundaries beside, and years. A file that does
not lie where its territory does is reported. Nothing is decided: a person reads the reasons.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd

from ..catalogue import read_table, text
from ..crs import describe
from ..errors import PlanError
from ..intake.columns import decode_columns
from ..intake.formats import BYTES_OF_TEXT, CAD
from ..intake.frames import NEUTRAL, VIETNAMESE_CHARSET
from ..intake.inspection import Inspection, LayerInspection, inspect
from ..intake.report import IntakeReport
from ..names import folded
from ..transformation import has_place
from .template import write_register
from .units import Units, is_boundaries, units_of
from .words import FOLDER, shown

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
FINDINGS = {"findings", "measures", "runs"}
BELOW_PROVINCE = ("district", "commune")
PERIOD = r"\b((?:19|20)\d\d) ((?:19|20)\d\d)\b"
SAID_OTHERWISE = ("intake.note.without_prj",)
"""What the reason on the CRS says already."""
MOST_FILES = 10_000
Row = dict  # column to text


def create_register(output: Path, folder: Path | None, language: str) -> int:
    """Write a register to fill in; how many plans were proposed. PlanError where it cannot be
    written.
    """
    rows = propose(folder, output.parent, language) if folder is not None else []
    write_register(output, rows, language)
    return len(rows)


def propose(folder: Path, home: Path, language: str) -> list[Row]:
    """Return a row for each plan in ``folder`` and below; sources start from ``home``, where the
    register will lie.
    """
    if not folder.is_dir():
        raise PlanError("error.register.no_folder", path=folder)
    files = _files(folder)
    units = units_of([path for path in files if is_boundaries(path)])
    rows: list[Row] = []
    for path in files:
        if not is_boundaries(path):
            rows += _of_file(path, home, units, language)
    for number, row in enumerate(rows, start=1):
        row["plan_id"] = f"P{number:02d}"
    _propose_upper(rows, language)
    return rows


def _propose_upper(rows: list[Row], language: str) -> None:
    """The plan of the province, where there is one, above the plans of its districts and
    communes.
    """
    above = [row for row in rows if row.get("level") == shown("level", "provincial", language)]
    if len(above) != 1:
        return
    below = {shown("level", level, language) for level in BELOW_PROVINCE}
    for row in rows:
        if row.get("level") in below:
            row["upper_plans"] = above[0]["plan_id"]
            row["reason"] += " " + text("register.reason.upper", language, upper=above[0]["plan_id"])


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


def _of_file(path: Path, home: Path, units: Units, language: str) -> Iterator[Row]:
    try:
        source = path.resolve().relative_to(home.resolve()).as_posix()
    except ValueError:
        source = str(path)
    try:
        found = inspect(str(path))
    except PlanError as error:
        row = {"source": source, "title": path.stem, "status": shown("status", "drafting", language)}
        told, reasons = _by_name(path.stem, units, language)
        yield {**row, **told, "reason": " ".join([error.text(language), *reasons])}
        return
    if FINDINGS.issubset(layer.name for layer in found.layers):
        return  # what an earlier check left here
    for layer in found.layers:
        if "Polygon" in layer.geometry or layer.geometry in ("Unknown", "GeometryCollection") or found.format in CAD:
            yield _of_layer(path, source, found, layer, units, language)


def _of_layer(path: Path, source: str, found: Inspection, layer: LayerInspection, units: Units, language: str) -> Row:
    one = len(found.layers) == 1 and found.format not in ("gpkg", "gdb")
    row: Row = {
        "source": source if one else f"{source}|layername={layer.name}",
        "title": path.stem if found.format in CAD else layer.name,
    }
    told, reasons = _by_name(" ".join(dict.fromkeys((path.stem, row["title"]))), units, language)
    row.update(told)
    names, script = _field_names(found, layer)
    for column, kind in (
        ("key_field", "key_field"),
        ("code_field", "code_field"),
        ("declared_area_field", "area_field"),
    ):
        field = _field(names, kind)
        if field:
            row[column] = field
            reasons.append(text("register.reason.field", language, column=column, field=field))
    wrong, told_of_crs = _place(layer, row.get("territory", ""), units, language)
    reasons += told_of_crs
    if layer.feature_count == 0:
        wrong.append(text("register.reason.empty", language))
    if script:
        reasons.append(text("register.reason.script", language, encoding=script))
    elif layer.encoding:
        reasons.append(text("register.reason.encoding", language, encoding=layer.encoding))
    if found.format in CAD:
        wrong.append(text("register.reason.drawing", language))
    reasons += [text(key, language, **values) for key, values in found.notes if key not in SAID_OTHERWISE]
    row["status"] = shown("status", "drafting", language)
    row["nature"] = shown("nature", "map", language)
    reasons.append(text("register.reason.status", language))
    row["reason"] = " ".join([*wrong, *reasons])  # what a person has to see to comes first
    return row


def _place(layer: LayerInspection, territory: str, units: Units, language: str) -> tuple[list[str], list[str]]:
    """(what is wrong with the CRS, or with where the frame then lies; what the file says of it)."""
    if layer.crs is None or not has_place(layer.crs):
        return [text("register.reason.no_crs", language)], []
    crs = describe(layer.crs)
    if layer.feature_count != 0 and layer.bounds is not None and not units.holds(territory, layer.bounds, layer.crs):
        return [text("register.reason.elsewhere", language, territory=territory, crs=crs)], []
    if layer.crs.to_authority(min_confidence=70) is None:
        return [text("register.reason.crs_unnamed", language, crs=crs)], []
    return [], [text("register.reason.crs", language, crs=crs)]


def _by_name(name: str, units: Units, language: str) -> tuple[Row, list[str]]:
    """(level, territory and period, why) as far as a name shows."""
    words = re.sub(r"[^a-z0-9]+", " ", folded(name))
    row: Row = {}
    reasons: list[str] = []
    meant = units.named(name)
    if len(meant) == 1:
        row["territory"] = meant[0]
        reasons.append(text("register.reason.territory", language, name=name, territory=meant[0]))
    elif meant:
        reasons.append(text("register.reason.territories", language, name=name, territories=", ".join(meant)))
    for level, told in _levels():
        hit = next((word for word in told if f" {word} " in f" {words} "), "")
        if hit:
            row["level"] = shown("level", level, language)
            reasons.append(text("register.reason.level", language, word=hit, level=row["level"]))
            if level == "provincial" and units.province and "territory" not in row:
                row["territory"] = units.province
                reasons.append(text("register.reason.province", language, territory=units.province))
            break
    period = re.search(PERIOD, words)
    if period and period[1] < period[2]:
        row["valid_from"], row["valid_to"] = period[1], period[2]
        reasons.append(text("register.reason.period", language, start=period[1], end=period[2]))
    return row, reasons


def _field_names(found: Inspection, layer: LayerInspection) -> tuple[list[str], str]:
    """(names of the fields as intake will call them, the script they were in, "" where they stand
    as they are).
    """
    names = [name for name, _ in layer.fields]
    are_bytes = found.format in BYTES_OF_TEXT and not (
        found.format in ("tab", "mif") and layer.encoding.lower() not in ("", NEUTRAL, VIETNAMESE_CHARSET)
    )
    blank = gpd.GeoDataFrame({name: pd.Series(dtype=object) for name in names}, geometry=gpd.GeoSeries([]))
    try:
        decoded, changes, _ = decode_columns(blank, are_bytes, "", layer.name, IntakeReport(found.source))
    except PlanError:
        return names, ""
    return [str(name) for name in decoded.columns if name != "geometry"], changes[0].encoding if changes else ""


def _field(names: list[str], kind: str) -> str:
    """Return the first field whose name is one of the words of ``kind``, in the order of the
    words.
    """
    known = {folded(name): name for name in names}
    return next((known[word] for word in _words(kind) if word in known), "")


@functools.cache
def _levels() -> list[tuple[str, list[str]]]:
    rows = read_table(FOLDER / "name_words.csv")
    return [(row["value"], row["words"].split("|")) for row in rows if row["kind"] == "level"]


@functools.cache
def _words(kind: str) -> list[str]:
    rows = read_table(FOLDER / "name_words.csv")
    return next(row["words"].split("|") for row in rows if row["kind"] == kind)
