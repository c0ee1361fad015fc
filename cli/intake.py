"""``python -m planconcord prepareplan`` and ``diagnosecrs``: the algorithms of the same names,
without QGIS.

The results go to standard output, what was changed or noticed to standard error. Exit status 0:
written, or the layer lies right; 1: it does not lie right, or its place is undecided; 2: could not
run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np

from ..engine.catalogue import text
from ..engine.crs import crs_of
from ..engine.intake.diagnosis import diagnose
from ..engine.intake.generations import CODES, GENERATIONS
from ..engine.intake.labels import LABELS, write_labels
from ..engine.intake.pages import diagnosis_page, prepare_page
from ..engine.intake.preparing import PreparationOptions, labels_of, prepare, write_code_list, zones_of
from ..engine.intake.reading import read_plan
from ..engine.intake.results import (
    READING_COLUMNS,
    REPORT_COLUMNS,
    SOURCE_FID,
    diagnosed,
    prepared_numbers,
    reading_columns,
    report_columns,
    shift_from,
    zone_columns,
)
from ..engine.intake.shift import ConstantShift
from ..engine.outputs import add_output
from ..engine.progress import Progress
from ..engine.store import write_table, write_zones
from ..engine.store.kinds import GPKG, layer_kind
from ..engine.tables.writing import PAGE, OutputKind, csv_kind, write_page
from ..engine.transformation import require_place

DONE, NOT_RIGHT = 0, 1
ENCODINGS = ("detect", "utf-8", "cp1258", "windows-1252", "tcvn3", "vni", "none")
LAYER = "FILE[|layername=NAME]"


def add_intake_commands(
    command: Callable[[str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser],
    progress: Callable[[], Progress],
) -> None:
    """Add both commands; ``command`` registers one by name."""
    preparing = command("prepareplan", lambda options: _prepare(options, progress()))
    preparing.add_argument("--input", required=True, metavar=LAYER, help=_help("prepareplan.FILE"))
    for name in ("crs", "target-crs", "code-field"):
        preparing.add_argument(f"--{name}", default="", help=_help(f"prepareplan.{_constant(name)}"))
    preparing.add_argument("--label-map", type=Path, help=_help("prepareplan.LABEL_MAP"))
    for name in ("polygons-from-lines", "repair", "swap-axes"):
        preparing.add_argument(f"--{name}", action="store_true", help=_help(f"prepareplan.{_constant(name)}"))
    preparing.add_argument("--encoding", choices=ENCODINGS, default=ENCODINGS[0], help=_help("prepareplan.ENCODING"))
    preparing.add_argument(
        "--code-generation", choices=GENERATIONS, default="", help=_help("prepareplan.CODE_GENERATION")
    )
    preparing.add_argument("--code-list", type=Path, help=_help("prepareplan.CODE_LIST"))
    plan = OutputKind(GPKG, "error.prepare_not_gpkg", layer_kind([SOURCE_FID]).stranger)
    add_output(preparing, "--output", plan, type=Path, required=True, help=_help("prepareplan.OUTPUT"))
    for name, kind in (("report", csv_kind(REPORT_COLUMNS)), ("preview", PAGE), ("labels", LABELS), ("codes", CODES)):
        add_output(preparing, f"--{name}", kind, type=Path, help=_help(f"prepareplan.{_constant(name)}"))
    diagnosing = command("diagnosecrs", lambda options: _diagnose(options, progress()))
    diagnosing.add_argument("--input", required=True, metavar=LAYER, help=_help("diagnosecrs.FILE"))
    diagnosing.add_argument("--outline", required=True, metavar=LAYER, help=_help("diagnosecrs.OUTLINE"))
    diagnosing.add_argument("--neighbour", metavar=LAYER, help=_help("diagnosecrs.NEIGHBOUR"))
    diagnosing.add_argument("--crs", default="", help=_help("diagnosecrs.CRS"))
    for name, kind in (("candidates", csv_kind([name for name, _ in READING_COLUMNS])), ("page", PAGE)):
        add_output(diagnosing, f"--{name}", kind, type=Path, help=_help(f"diagnosecrs.{_constant(name)}"))


def _constant(name: str) -> str:
    return name.upper().replace("-", "_")


def _help(name: str) -> str:
    return text(f"{name}.help", "en").replace("%", "%%")


def _prepare(options: argparse.Namespace, progress: Progress) -> int:
    progress.step(0.0, text("progress.reading", options.language))
    wishes = _wishes(options)
    prepared = prepare(options.input, wishes)
    zones = zones_of(prepared)
    require_place(zones.crs, prepared.name, "error.prepare_no_crs")
    table, columns = zone_columns(zones, prepared)
    sys.stderr.writelines(f"{line}\n" for line in prepared.report.lines(options.language))
    progress.step(0.7, text("progress.writing", options.language))
    made_zones = gpd.GeoDataFrame(table, geometry="geometry", crs=zones.crs)
    write_zones(options.output, options.output.stem, made_zones, columns, known_by=[SOURCE_FID])
    made = {"output": options.output}
    if options.report:
        write_table(options.report, report_columns(prepared.report, options.language)[0])
    if options.preview:
        write_page(options.preview, prepare_page(prepared, options.language))
    if options.labels:
        write_labels(options.labels, labels_of(prepared, options.code_field.strip()), {})
    if options.codes:
        write_code_list(options.codes, prepared, wishes)
    asked = ("report", "preview", "labels", "codes")
    made.update((name, getattr(options, name)) for name in asked if getattr(options, name))
    progress.step(1.0)
    _print({**prepared_numbers(prepared, zones), **made})
    return DONE


def _wishes(options: argparse.Namespace) -> PreparationOptions:
    return PreparationOptions(
        code_field=options.code_field.strip(),
        crs=options.crs.strip(),
        target_crs=options.target_crs.strip(),
        swap_axes=options.swap_axes,
        encoding="" if options.encoding == ENCODINGS[0] else options.encoding,
        label_map=options.label_map,
        code_generation=options.code_generation,
        code_list=options.code_list,
        polygons_from_lines=options.polygons_from_lines,
        repair=options.repair,
    )


def _diagnose(options: argparse.Namespace, progress: Progress) -> int:
    progress.step(0.0, text("progress.reading", options.language))
    prepared = prepare(options.input, PreparationOptions(encoding="none"))
    shapes = np.asarray(prepared.table.geometry.to_numpy(), dtype=object)
    outline = read_plan(options.outline).zones
    progress.step(0.3)
    labelled = crs_of(options.crs.strip() or None) or prepared.table.crs
    found = diagnose(shapes, labelled, outline.geometry.to_numpy(), outline.crs, prepared.name)
    progress.step(0.7)
    shift, further = ConstantShift(), ""
    if options.neighbour:
        beside = read_plan(options.neighbour)
        places = beside.zones.geometry.to_numpy()
        shift, further = shift_from(shapes, found, places, beside.crs, beside.name, options.language)
    sentences = [further] if further else []
    sys.stderr.writelines(f"{line}\n" for line in sentences)
    made = {}
    if options.candidates:
        write_table(options.candidates, reading_columns(found)[0])
        made["candidates"] = options.candidates
    if options.page:
        write_page(options.page, diagnosis_page(found, prepared.name, options.language, sentences))
        made["page"] = options.page
    progress.step(1.0)
    _print({**diagnosed(found, shift, options.language), **made})
    return DONE if found.verdict == "right" else NOT_RIGHT


def _print(results: Mapping[str, object]) -> None:
    for name, value in results.items():
        shown = (
            str(value).lower() if isinstance(value, bool) else f"{value:.10g}" if isinstance(value, float) else value
        )
        print(f"{name.upper()}: {shown}")
