"""The rows of a register out of CSV, XLSX, ODS or GeoPackage: (row number as the person sees it,
{header: text}).

Formulas are taken by the value that the spreadsheet kept, never computed; a workbook that declares
a document type (external entities) or unpacks to a monstrous size is refused. ODS is read by its
XML for the same reason: OGR would compute. Mistakes of the table go to RegisterMistakes; a file
that is not there or no table raises PlanError.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree  # nosec B405

from ..errors import PlanError
from ..intake.formats import format_of
from ..intake.source import split_source
from ..offline import offline
from ..tables.files import LARGEST_FILE_BYTES
from ..tables.headers import Columns
from ..tables.merged import Merged, spread
from ..tables.reading import LARGEST_WORKBOOK_BYTES, Sheet, read_csv, read_sheet, read_workbook
from ..values import is_missing
from .mistakes import RegisterMistakes

Rows = list  # of (row number, {header: text})
SHEETS = ("register", "danh mục", "danh muc")
MOST_CELLS = 5_000_000
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def read_rows(source: str, columns: Columns, mistakes: RegisterMistakes) -> Rows:
    """Return the rows of the table at ``source`` (``path`` or ``path|layername=name``), headers in
    lower case; ``columns`` recognise the header.
    """
    given, layer, _ = split_source(source)
    path = Path(given)
    ending = path.suffix.lower()
    if not path.is_file():
        raise PlanError("error.register.not_there", path=path)
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise PlanError("error.register.too_large", path=path)
    if ending == ".gpkg":
        return _geopackage(path, layer, columns, mistakes)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanError("error.register.unreadable", path=path, reason=error.strerror or error) from error
    if ending in (".xlsx", ".xlsm"):
        return _sheet(read_workbook(content, path.name, mistakes), layer, path, columns, mistakes)
    if ending == ".ods":
        try:
            return _sheet(dict(_ods_sheets(content)), layer, path, columns, mistakes)
        except (zipfile.BadZipFile, KeyError, ValueError, ElementTree.ParseError, RuntimeError) as error:
            raise PlanError("error.register.unreadable", path=path, reason=error) from error
    if ending in (".csv", ".txt", ".tsv"):
        return read_csv(content, path.name, columns, mistakes)
    raise PlanError("error.register.format", path=path)


def _sheet(sheets: dict[str, Sheet], layer: str, path: Path, columns: Columns, mistakes: RegisterMistakes) -> Rows:
    """Return the sheet that was named, else the one called register, else the first."""
    if not sheets:
        return []
    wanted = layer.strip().lower()
    name = wanted if wanted else next((name for name in SHEETS if name in sheets), next(iter(sheets)))
    if name not in sheets:
        raise PlanError("error.register.sheet", path=path, sheet=layer, sheets=", ".join(sheets))
    return read_sheet(sheets[name], path.name, columns, mistakes)


def _geopackage(path: Path, layer: str, columns: Columns, mistakes: RegisterMistakes) -> Rows:
    import pyogrio

    if format_of(path) != "gpkg":
        raise PlanError("error.register.unreadable", path=path, reason="GPKG?")
    try:
        with offline():
            frame = pyogrio.read_dataframe(path, layer=layer or None, read_geometry=False)
    except Exception as error:  # GDAL's own family of errors
        raise PlanError("error.register.unreadable", path=path, reason=str(error).splitlines()[0]) from error
    rows = [[str(column) for column in frame.columns]]
    for row in frame.itertuples(index=False):
        rows.append(["" if is_missing(value) else _plain(value) for value in row])
    return read_sheet(Sheet(rows), path.name, columns, mistakes)


def _plain(value: object) -> str:
    if hasattr(value, "date") and callable(value.date):
        return str(value.date().isoformat())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _ods_sheets(content: bytes) -> Iterator[tuple[str, Sheet]]:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        info = parts.getinfo("content.xml")
        with parts.open(info) as opened:
            words = opened.read(LARGEST_WORKBOOK_BYTES + 1)
    if len(words) > LARGEST_WORKBOOK_BYTES:
        raise ValueError(f"content.xml > {LARGEST_WORKBOOK_BYTES} bytes")
    if b"<!DOCTYPE" in words[:4_000].upper() or b"<!ENTITY" in words.upper():
        raise ValueError("content.xml declares a document type")
    for sheet in ElementTree.fromstring(words).iter(f"{_TABLE}table"):  # nosec B314
        yield str(sheet.get(f"{_TABLE}name", "")).strip().lower(), _ods_sheet(sheet)


def _ods_sheet(sheet: ElementTree.Element) -> Sheet:
    rows: list[list[str]] = []
    merged: list[Merged] = []
    blanks = cells_read = 0
    for row in sheet.iter(f"{_TABLE}table-row"):
        cells, spans = _ods_cells(row)
        merged += [Merged(*span) for span in _placed(spans, len(rows) + blanks + 1)]
        repeated = int(row.get(f"{_TABLE}number-rows-repeated", "1"))
        if not cells:
            blanks += repeated  # a sheet ends in thousands of blank rows
            continue
        cells_read += len(cells) * repeated
        if cells_read > MOST_CELLS or blanks + repeated > MOST_CELLS:
            raise ValueError(f"> {MOST_CELLS} cells")
        rows += [[] for _ in range(blanks)] + [list(cells) for _ in range(repeated)]
        blanks = 0
    spread(rows, merged)
    return Sheet(rows, merged)


def _placed(spans: list[tuple[int, int, int]], row: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the spans (column, rows, columns) of a row as ranges."""
    for column, down, across in spans:
        yield row, column, row + down - 1, column + across - 1


def _ods_cells(row: ElementTree.Element) -> tuple[list[str], list[tuple[int, int, int]]]:
    """Return the cells of a row up to the last filled one, and (column, rows, columns) of those
    that span more than one.
    """
    cells: list[str] = []
    spans: list[tuple[int, int, int]] = []
    gap = 0
    for cell in row:
        if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            continue
        repeated, shown = int(cell.get(f"{_TABLE}number-columns-repeated", "1")), _ods_cell(cell)
        down, across = (int(cell.get(f"{_TABLE}number-{kind}-spanned", "1")) for kind in ("rows", "columns"))
        if max(down, across) > 1:
            spans.append((len(cells) + gap + 1, down, across))
        if not shown:
            gap += repeated  # a row ends in thousands of blank cells
            continue
        if len(cells) + gap + repeated > MOST_CELLS:
            raise ValueError(f"> {MOST_CELLS} cells")
        cells += [""] * gap + [shown] * repeated
        gap = 0
    return cells, spans


def _ods_cell(cell: ElementTree.Element) -> str:
    kind = cell.get(f"{_OFFICE}value-type", "")
    if kind == "date":
        return cell.get(f"{_OFFICE}date-value", "")[:10]
    if kind in ("float", "percentage", "currency"):
        number = float(cell.get(f"{_OFFICE}value", "nan"))
        return str(int(number)) if number.is_integer() else str(number)
    return " ".join("".join(part.itertext()).strip() for part in cell.iter(f"{_TEXT}p")).strip()
