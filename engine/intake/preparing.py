"""A source becomes a clean plan layer, and a report of everything that was changed on the way.

Goes in: a source as QGIS names it, and PreparationOptions: which fields, which CRS and script where
the file is wrong, whether closed lines are zones. Comes out: a PlanLayer whose notes are the
report's entries, or the whole table. The file itself is never touched; what it holds, letter by
letter, is what ``original_table`` gives. Fails with IntakeError (unreadable) or PlanError (no CRS,
no such field, no polygons).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..errors import PlanError
from ..plan import Note, PlanLayer
from ..planar.polygons import polygonal
from ..planar.repair import repair
from ..transformation import one_operation, require_place
from . import generations
from .cad import AREAS, LINE, areas_of_lines, largest_opening_m, without_impossible, zones_of_drawing
from .columns import TextChange, decode_columns
from .formats import CAD
from .frames import read_frame, texts_are_bytes
from .inspection import layers_in, no_zones_first
from .labels import apply_labels, beside, read_labels
from .legacytext import decode
from .opening import Opened, opened
from .report import IntakeReport

NO_GEOMETRY, COLLECTION = -1, 7
LABEL_OF = "label_of_"
"""Begins the name of the column that keeps the labels which became codes."""
OLD_CODE_OF = "old_code_of_"
"""Begins the name of the column that keeps the codes which became those in force."""


@dataclass(frozen=True)
class PreparationOptions:
    """How to read a source; every field may be left empty.

    ``crs``: "" as the file says, else "EPSG:5899", which replaces what the file says.
    ``swap_axes``: the first coordinate is the northing. ``target_crs``: the result is reprojected
    to it. ``encoding``: "" found for each column, else utf-8, cp1258, windows-1252, tcvn3 or vni,
    "none" to leave texts alone. ``label_map``: a CSV file (label, code) or a mapping, by which the
    code field's labels become codes; None: the one beside the plan, if any. ``code_generation``:
    the circular that the codes follow; those of an older one become their successors in force,
    where several are possible by ``code_list`` (a CSV file or a mapping; None: the one beside the
    plan, if any). "" leaves all codes as they are. ``polygons_from_lines``: closed lines are zones.
    ``repair``: make invalid zones valid, which also takes them from what a check would find.
    """

    key_field: str = ""
    code_field: str = ""
    territory_field: str = ""
    declared_area_field: str = ""
    crs: str = ""
    swap_axes: bool = False
    target_crs: str = ""
    encoding: str = ""
    label_map: str | Path | Mapping[str, str] | None = None
    code_generation: str = ""
    code_list: str | Path | Mapping[str, str] | None = None
    polygons_from_lines: bool = False
    repair: bool = False
    memory_limit_bytes: int | None = None


@dataclass(frozen=True)
class PreparedLayer:
    """``table``: all columns, its index the feature ids of the file; ``name`` a title; ``fields``
    the present names by the file's.
    """

    table: gpd.GeoDataFrame
    report: IntakeReport
    name: str
    fields: dict[str, str] = field(default_factory=dict)
    texts: tuple[TextChange, ...] = ()
    lines_asked: bool = False
    layers: tuple[tuple[str, str], ...] = ()
    """Name and kind of geometry of each layer of the file, where it holds several and none was
    named.
    """

    def field(self, wanted: str) -> str:
        """Return the present name of a field that may be given as the file spells it."""
        there = wanted in self.table.columns and wanted != self.table.geometry.name
        return wanted if there else self.fields.get(wanted, wanted)


def labels_of(prepared: PreparedLayer, code_field: str) -> pd.Series:
    """Return the labels of the code field as they were before any became a code; PlanError where
    there is no such field.
    """
    name = LABEL_OF + prepared.field(code_field)
    return prepared.table[name] if name in prepared.table.columns else old_codes_of(prepared, code_field)


def old_codes_of(prepared: PreparedLayer, code_field: str) -> pd.Series:
    """Return the codes of the code field as they were before any became one in force; PlanError
    where there is no such field.
    """
    name = OLD_CODE_OF + prepared.field(code_field)
    return prepared.table[name] if name in prepared.table.columns else _column(prepared, code_field)


def write_code_list(path: Path, prepared: PreparedLayer, wishes: PreparationOptions) -> Path:
    """Return the list of codes that wait for a decision; PlanError where the field or the
    generation is not said.
    """
    codes = old_codes_of(prepared, wishes.code_field)
    reviewed = generations.read_codes(Path(wishes.code_list)) if isinstance(wishes.code_list, (str, Path)) else {}
    return generations.write_codes(path, codes, wishes.code_generation or "–", reviewed)


def _column(prepared: PreparedLayer, code_field: str) -> pd.Series:
    name = prepared.field(code_field)
    if name in prepared.table.columns:
        return prepared.table[name]
    fields = ", ".join(str(column) for column in prepared.table.columns if column != "geometry")
    raise PlanError("error.field_missing", layer=prepared.name, field=code_field, fields=fields)


def prepare_plan(
    source: str, wishes: PreparationOptions | None = None, name: str = "", **known: Any
) -> tuple[PlanLayer, IntakeReport]:
    """Return the plan at ``source``; ``known`` are further fields of PlanLayer."""
    wishes = wishes or PreparationOptions()
    made = prepare(source, wishes)
    fields: dict[str, Any] = {
        kind: made.field(getattr(wishes, kind)) for kind in ("key_field", "code_field", "territory_field")
    }
    declared = made.field(wishes.declared_area_field)
    if declared in made.table.columns:  # without it all but the declared areas can be checked
        fields["declared_field"] = declared
    kinds = shapely.get_type_id(np.asarray(made.table.geometry.values, dtype=object))
    if known.get("corridor") is None and not np.isin(kinds, (*AREAS, COLLECTION)).any():
        _refuse_without_zones(made, ", ".join(sorted(set(made.table.geometry.geom_type.dropna()))))
    plan = PlanLayer.from_frame(made.table, name or made.name, **fields, **known)
    made.report.entries += plan.notes
    return replace(plan, notes=list(made.report.entries)), made.report


def prepare_table(source: str, wishes: PreparationOptions | None = None) -> tuple[gpd.GeoDataFrame, IntakeReport]:
    """Everything at ``source``, all columns with it; its index are the feature ids of the file."""
    made = prepare(source, wishes or PreparationOptions())
    return made.table, made.report


def original_table(source: str) -> gpd.GeoDataFrame:
    """Return what the file holds, unchanged: no text decoded, no shape repaired."""
    with opened(source) as ready:
        return read_frame(ready).frame


def prepare(source: str, wishes: PreparationOptions) -> PreparedLayer:
    """Read ``source`` and do what is wished for, in this order: texts, CRS, areas, codes, repair,
    reprojection.
    """
    report = IntakeReport(source)
    with opened(source, wishes.memory_limit_bytes) as ready:
        read = read_frame(ready)
        report.entries += [*ready.notes, *read.notes]
        layers = layers_in(ready) if not ready.source.layer else []
        if len(layers) > 1:
            told = {"layer": ready.source.title, "chosen": layers[0][0]}
            report.add("intake.note.first_layer", layers=", ".join(name for name, _ in layers), **told)
        made = _prepared(read.frame, ready, ready.source.title, wishes, report, read.names)
        return replace(made, layers=tuple(layers) if len(layers) > 1 else ())


def prepare_frame(
    frame: gpd.GeoDataFrame,
    name: str,
    wishes: PreparationOptions,
    names: Mapping[str, str] | None = None,
    notes: Sequence[Note] = (),
) -> PreparedLayer:
    """Return the same for a table that is in memory already, such as an unsaved layer; its texts
    are Unicode or claim to be.

    ``names``: the present names of fields that the layer calls otherwise; ``notes``: what reading
    it changed.
    """
    return _prepared(frame, None, name, wishes, IntakeReport(name, list(notes)), names or {})


def _prepared(
    frame: gpd.GeoDataFrame,
    ready: Opened | None,
    name: str,
    wishes: PreparationOptions,
    report: IntakeReport,
    names: Mapping[str, str],
) -> PreparedLayer:
    raw = [str(column) for column in frame.columns]
    are_bytes = ready is not None and texts_are_bytes(ready)
    decoded, changes, usual = decode_columns(frame, are_bytes, wishes.encoding, name, report)
    name = decode(name, usual)
    fields = {before: str(after) for before, after in zip(raw, decoded.columns) if before != after}
    fields.update((before, fields.get(after, after)) for before, after in names.items())
    made = _placed(decoded, name, wishes, report)
    if ready is not None and ready.form in CAD:
        made = without_impossible(made, name, report)
        made = zones_of_drawing(made, name, wishes.polygons_from_lines, report)
    elif wishes.polygons_from_lines:
        made = areas_of_lines(made, name, report)
    prepared = PreparedLayer(made, report, name, fields, tuple(changes), wishes.polygons_from_lines)
    made = _in_force(replace(prepared, table=_coded(prepared, ready, wishes)), ready, wishes)
    if wishes.repair:
        made = _repaired(made, name, report)
    if wishes.target_crs:
        made = _reprojected(made, name, _crs(wishes.target_crs), report)
    return replace(prepared, table=made)


def zones_of(prepared: PreparedLayer) -> gpd.GeoDataFrame:
    """Return the rows of the table that are zones, in two dimensions; the report counts what is
    left out. PlanError for none.
    """
    table, report = prepared.table, prepared.report
    shapes = shapely.force_2d(np.asarray(table.geometry.values, dtype=object))
    kinds = shapely.get_type_id(shapes)
    kept = np.isin(kinds, (*AREAS, NO_GEOMETRY, COLLECTION))
    found = ", ".join(sorted({shape.geom_type for shape in shapes[~kept][:1000]}))
    if not np.isin(kinds, (*AREAS, COLLECTION)).any():
        _refuse_without_zones(prepared, found)
        key = "error.intake_lines" if len(table) else "error.layer_empty"
        raise PlanError(key, layer=prepared.name, found=found)
    if not kept.all():
        report.add("intake.dropped", layer=prepared.name, count=int((~kept).sum()), found=found)
    shapes = np.where(kinds == COLLECTION, polygonal(shapes), shapes)
    return table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))[kept]


def _refuse_without_zones(prepared: PreparedLayer, found: str) -> None:
    """Raise PlanError that names the other layers of the file, or how far the ends of lines that
    shall be zones lie apart, if either is why.
    """
    if prepared.layers:
        raise no_zones_first(prepared.name, prepared.layers, found or "–")
    opening_m = largest_opening_m(prepared.table) if prepared.lines_asked and len(prepared.table) else None
    if opening_m is not None:
        lines = int((shapely.get_type_id(np.asarray(prepared.table.geometry.values, dtype=object)) == LINE).sum())
        raise PlanError("error.intake_open_lines", layer=prepared.name, count=lines, apart=f"{opening_m:.3f}")


def _crs(given: str) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(given)
    except pyproj.exceptions.CRSError as error:
        raise PlanError("error.crs_unknown", crs=given) from error


def _placed(frame: gpd.GeoDataFrame, layer: str, wishes: PreparationOptions, report: IntakeReport) -> gpd.GeoDataFrame:
    """Return the CRS that was asked for in the place of the file's, and its axes in order."""
    if wishes.swap_axes:
        shapes = shapely.force_2d(np.asarray(frame.geometry.values, dtype=object))
        turned = shapely.transform(shapes, lambda places: places[:, ::-1])
        frame = frame.set_geometry(gpd.GeoSeries(turned, index=frame.index, crs=frame.crs))
        report.add("intake.axes_swapped", layer=layer, count=len(frame))
    if not wishes.crs:
        return frame
    crs = _crs(wishes.crs)
    if frame.crs is None or frame.crs != crs:
        found = "–" if frame.crs is None else str(frame.crs.name)
        report.add("intake.crs_assigned", layer=layer, found=found, crs=str(crs.name), count=len(frame))
    return frame.set_crs(crs, allow_override=True)


def _coded(prepared: PreparedLayer, ready: Opened | None, wishes: PreparationOptions) -> gpd.GeoDataFrame:
    """Return the labels of the code field as codes, by the map that was given or lies beside the
    plan.
    """
    table, code_field = prepared.table, prepared.field(wishes.code_field)
    if not code_field or code_field not in table.columns:
        return table
    codes = _codes(prepared, ready, wishes)
    if not codes:
        return table
    mapped = apply_labels(table[code_field], codes, prepared.name, prepared.report)
    return table.assign(**{LABEL_OF + code_field: table[code_field], code_field: mapped})


def _codes(prepared: PreparedLayer, ready: Opened | None, wishes: PreparationOptions) -> Mapping[str, str]:
    given = wishes.label_map
    if isinstance(given, Mapping):
        return given
    if given:
        return read_labels(Path(given), prepared.report)
    found = None if ready is None else beside(ready.source.path)
    if found is None or not found.is_file():
        return {}
    prepared.report.add("intake.note.labels_beside", layer=prepared.name, path=found.name)
    return read_labels(found, prepared.report)


def _in_force(prepared: PreparedLayer, ready: Opened | None, wishes: PreparationOptions) -> gpd.GeoDataFrame:
    """Return the codes of an older circular as those in force, where that is clear or was
    decided.
    """
    table, code_field = prepared.table, prepared.field(wishes.code_field)
    if not wishes.code_generation or not code_field or code_field not in table.columns:
        return table
    reviewed = _reviewed(prepared, ready, wishes)
    made = generations.succeed(table[code_field], wishes.code_generation, reviewed, prepared.name, prepared.report)
    if made.equals(table[code_field].astype(object)):
        return table
    return table.assign(**{OLD_CODE_OF + code_field: table[code_field], code_field: made})


def _reviewed(prepared: PreparedLayer, ready: Opened | None, wishes: PreparationOptions) -> Mapping[str, str]:
    given = wishes.code_list
    if isinstance(given, Mapping):
        return given
    if given:
        return generations.read_codes(Path(given), prepared.report)
    found = None if ready is None else generations.beside(ready.source.path)
    if found is None or not found.is_file():
        return {}
    prepared.report.add("intake.note.codes_beside", layer=prepared.name, path=found.name)
    return generations.read_codes(found, prepared.report)


def _repaired(frame: gpd.GeoDataFrame, layer: str, report: IntakeReport) -> gpd.GeoDataFrame:
    shapes = np.array(frame.geometry.values, dtype=object)
    zones = np.flatnonzero(np.isin(shapely.get_type_id(shapes), AREAS))
    made, defects = repair(shapely.force_2d(shapes[zones]))
    if not defects:
        return frame
    shapes[zones] = made
    first = frame.index[zones[defects[0].index]]
    report.add("intake.repaired", layer=layer, count=len(defects), first=str(first), reason=defects[0].reason)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _reprojected(frame: gpd.GeoDataFrame, layer: str, target: pyproj.CRS, report: IntakeReport) -> gpd.GeoDataFrame:
    if require_place(frame.crs, layer) == target:
        return frame
    shapes = shapely.force_2d(np.asarray(frame.geometry.values, dtype=object))
    operation = one_operation(frame.crs, target, shapely.total_bounds(shapes))
    values = {"layer": layer, "crs": frame.crs.name, "target": target.name, "operation": operation.description}
    places = shapely.get_coordinates(shapes)
    moved = np.column_stack(operation.transform(places[:, 0], places[:, 1]))
    if not np.isfinite(moved).all():
        raise PlanError("error.transform", **values)
    report.add("intake.reprojected", count=len(frame), **values)
    made = shapely.set_coordinates(shapes.copy(), moved)
    return frame.set_geometry(gpd.GeoSeries(made, index=frame.index, crs=target)).set_crs(target, allow_override=True)
