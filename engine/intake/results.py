"""What prepareplan and diagnosecrs give, in QGIS and on the command line alike: tables, numbers,
and the offset from a neighbour.

Goes in: a PreparedLayer with its zones, or a Diagnosis. Comes out: tables with the names and kinds
of their columns, and results by the names of the algorithms' outputs. Values keep their kinds, as
far as a GeoPackage has them; what becomes text is reported.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from ..catalogue import number, text
from ..kinds import REAL, TEXT, is_kept, kind_of
from .diagnosis import Diagnosis
from .preparing import PreparedLayer
from .report import IntakeReport
from .rows import objects, renamed
from .shift import ConstantShift, constant_shift
from .shifting import in_one_plane

Columns = Sequence[tuple[str, str]]
REPORT_COLUMNS = ("code", "count", "text")
READING_COLUMNS = (
    ("rank", REAL),
    ("crs", TEXT),
    ("swapped", TEXT),
    ("kind", TEXT),
    ("inside_percent", REAL),
    ("border_offset_m", REAL),
    ("distance_m", REAL),
    ("moved_m", REAL),
)
COUNTS = (
    (
        "DROPPED_COUNT",
        (
            *(
                f"intake.{key}"
                for key in ("dropped", "impossible_coordinates", "outlines_of_hatches", "paper_space", "hidden")
            ),
        ),
    ),
    ("DECODED_COUNT", ("intake.decoded", "intake.fields_decoded")),
    ("AREA_COUNT", ("intake.lines_to_areas",)),
    ("REPAIRED_COUNT", ("intake.repaired",)),
    ("CODED_COUNT", ("intake.labels_to_codes",)),
    ("UNKNOWN_COUNT", ("intake.note.labels_unknown",)),
    ("SUCCEEDED_COUNT", ("intake.codes_succeeded", "intake.codes_reviewed")),
    ("REVIEW_COUNT", ("intake.note.codes_to_review",)),
)
SOURCE_FID = "source_fid"
RESERVED = ("fid", "ogc_fid", "geometry", "geom")
"""Names that a GeoPackage keeps for itself."""
UNKNOWN_M = -1.0
"""A length that is not known, as a number that a model can branch on."""


def prepared_numbers(prepared: PreparedLayer, zones: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return how many zones there are, what was changed on the way to them, and whether anything
    was.
    """
    counts = {name: sum(prepared.report.count(key) for key in keys) for name, keys in COUNTS}
    return {"ZONE_COUNT": len(zones), **counts, "CHANGED": prepared.report.changed}


def zone_columns(zones: gpd.GeoDataFrame, prepared: PreparedLayer) -> tuple[pd.DataFrame, Columns]:
    """Return all columns of the zones, before them the feature id that each had in its file.

    The report names every field whose name a GeoPackage keeps for itself, and of every field that
    becomes text.
    """
    fields = [name for name in zones.columns if name != zones.geometry.name]
    names = _names([str(name) for name in fields])
    prepared.report.entries += renamed([str(name) for name in fields], names, prepared.name)
    as_text = [str(name) for name in fields if not is_kept(zones[name])]
    if as_text:
        prepared.report.add("intake.fields_as_text", layer=prepared.name, count=len(as_text), listed=", ".join(as_text))
    made: dict[str, Any] = {SOURCE_FID: objects([str(fid) for fid in zones.index])}
    columns = [(SOURCE_FID, TEXT)]
    for name, shown in zip(fields, names):
        columns.append((shown, kind_of(zones[name])))
        made[shown] = zones[name].reset_index(drop=True)
    table = pd.DataFrame(made)
    table["geometry"] = np.asarray(zones.geometry.values, dtype=object)
    return table, columns


def _names(fields: Sequence[str]) -> list[str]:
    """Return the names of fields in a GeoPackage, which takes KEY and key for one and keeps some
    for itself.
    """
    taken, made = {SOURCE_FID}, []
    for name in fields:
        shown, number = f"{name}_" if name.lower() in (*RESERVED, SOURCE_FID) else name, 0
        while shown.lower() in taken:
            number += 1
            shown = f"{name}_{number}"
        taken.add(shown.lower())
        made.append(shown)
    return made


def report_columns(report: IntakeReport, language: str) -> tuple[pd.DataFrame, Columns]:
    """Return one row an entry."""
    rows = [(str(row["code"]), float(row["count"]), str(row["text"])) for row in report.rows(language)]  # type: ignore[arg-type]
    table = pd.DataFrame(rows, columns=list(REPORT_COLUMNS))
    return table, (("code", TEXT), ("count", REAL), ("text", TEXT))


def reading_columns(diagnosis: Diagnosis) -> tuple[pd.DataFrame, Columns]:
    """Return one row a reading, best first; lengths that are not known stay empty."""
    rows = []
    for rank, reading in enumerate(diagnosis.readings, start=1):
        lengths = [reading.border_offset_m, reading.distance_m, reading.moved_m]
        known = [float("nan") if value is None or not np.isfinite(value) else value for value in lengths]
        swapped = "1" if reading.candidate.swapped else "0"
        rows.append((float(rank), reading.title, swapped, reading.candidate.kind, 100.0 * reading.inside_share, *known))
    return pd.DataFrame(rows, columns=[name for name, _ in READING_COLUMNS]), READING_COLUMNS


def shift_from(
    shapes: np.ndarray, found: Diagnosis, neighbour: np.ndarray, crs: pyproj.CRS, name: str, language: str
) -> tuple[ConstantShift, str]:
    """(offset from the neighbour called ``name``, what it is in words); both layers on one plane in
    metres.
    """
    if found.best is None:
        return ConstantShift(), ""
    reading = found.labelled if found.labelled is not None and found.labelled.inside_share > 0 else found.best
    shift = constant_shift(*in_one_plane(shapes, reading.candidate, neighbour, crs))
    if not shift.found:
        return shift, text(f"shift.none.{shift.reason}", language, neighbour=name)
    figures = {"dx": shift.dx_m, "dy": shift.dy_m, "before": shift.before_m, "residual": shift.residual_m}
    told = {key: number(value, 2, language) for key, value in figures.items()}
    return shift, text("shift.found", language, neighbour=name, **told)


def diagnosed(found: Diagnosis, shift: ConstantShift, language: str) -> dict[str, Any]:
    """Return the results of a diagnosis by the names of the outputs."""
    best, off = found.best, found.off_m
    offset = None if best is None else best.border_offset_m
    code = "" if best is None else f"EPSG:{best.candidate.epsg}" if best.candidate.epsg else best.title
    return {
        "VERDICT": found.verdict,
        "BEST_CRS": code,
        "EXPLANATION": found.text(language),
        "INSIDE_SHARE": 0.0 if best is None else 100.0 * best.inside_share,
        "BORDER_OFFSET": UNKNOWN_M if offset is None else offset,
        "OFF_LENGTH": UNKNOWN_M if off is None or not math.isfinite(off) else off,
        "CANDIDATE_COUNT": 0 if best is None else 1 + len(found.rivals),
        "SHIFT_X": shift.dx_m,
        "SHIFT_Y": shift.dy_m,
        "SHIFT_CONFIDENCE": shift.confidence,
        "SHIFT_FOUND": shift.found,
        "LIES_RIGHT": found.verdict == "right",
        "SWAPPED": best is not None and best.candidate.swapped,
    }
