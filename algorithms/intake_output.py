"""Tables of intake become layers of QGIS: all of those that are wanted take their places together, or none.

Goes in: a table with the columns that shall be written and their kinds. Comes out: the ids of the layers by output name. Texts and numbers
keep their kind; dates and whatever else a format knows become text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Optional

import geopandas as gpd
import numpy as np
import pandas as pd
from qgis.core import QgsCoordinateReferenceSystem, QgsProcessingAlgorithm, QgsProcessingContext

from ..engine.findings import REAL, TEXT
from ..engine.intake.diagnosis import Diagnosis
from ..engine.intake.report import IntakeReport
from ..engine.progress import Progress
from .sinks import Destination, refuse_shared_files

Table = tuple[pd.DataFrame, Sequence[tuple[str, str]], Optional[QgsCoordinateReferenceSystem]]
SOURCE_FID = "source_fid"
RESERVED = ("fid", "ogc_fid", "geometry", "geom")
"""Names that a GeoPackage keeps for itself."""


def zone_table(zones: gpd.GeoDataFrame) -> Table:
    """All columns of the zones, before them the feature id that each had in its file."""
    made: dict[str, Any] = {SOURCE_FID: [str(fid) for fid in zones.index]}
    columns = [(SOURCE_FID, TEXT)]
    for name in zones.columns:
        if name == zones.geometry.name:
            continue
        shown = f"{name}_" if str(name).lower() in (*RESERVED, SOURCE_FID) else str(name)
        values = zones[name]
        numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
        columns.append((shown, REAL if numeric else TEXT))
        made[shown] = values.astype(float).to_numpy() if numeric else [_text(value) for value in values]
    table = pd.DataFrame(made)
    table["geometry"] = np.asarray(zones.geometry.values, dtype=object)
    return table, columns, _qgs_crs(zones)


def report_table(report: IntakeReport, language: str) -> Table:
    """One row an entry."""
    rows = [(str(row["code"]), float(row["count"]), str(row["text"])) for row in report.rows(language)]  # type: ignore[arg-type]
    table = pd.DataFrame(rows, columns=["code", "count", "text"])
    return table, (("code", TEXT), ("count", REAL), ("text", TEXT)), None


def publish(
    algorithm: QgsProcessingAlgorithm,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
    tables: dict[str, Table],
    progress: Progress,
) -> dict[str, Any]:
    """Write the tables that are wanted, then let all take their places."""
    refuse_shared_files(algorithm, parameters, context)
    made = {name: Destination(algorithm, parameters, name, context) for name in tables}
    wanted = {name: destination for name, destination in made.items() if destination.wanted}
    try:
        for rank, (name, destination) in enumerate(wanted.items()):
            destination.write(*tables[name], progress.part(rank / len(wanted), (rank + 1) / len(wanted)))
        progress.checkpoint()
        return {name: destination.publish() for name, destination in wanted.items()}
    finally:
        for destination in wanted.values():
            destination.discard()


def _text(value: object) -> str | None:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _qgs_crs(zones: gpd.GeoDataFrame) -> QgsCoordinateReferenceSystem:
    epsg = zones.crs.to_epsg(min_confidence=100)
    if epsg:
        return QgsCoordinateReferenceSystem(f"EPSG:{epsg}")
    return QgsCoordinateReferenceSystem.fromWkt(zones.crs.to_wkt())


def candidate_table(diagnosis: Diagnosis) -> Table:
    """One row a reading, best first; lengths that are not known stay empty."""
    rows = []
    for rank, reading in enumerate(diagnosis.readings, start=1):
        lengths = [reading.border_offset_m, reading.distance_m, reading.moved_m]
        known = [float("nan") if value is None or not np.isfinite(value) else value for value in lengths]
        swapped = "1" if reading.candidate.swapped else "0"
        rows.append((float(rank), reading.title, swapped, reading.candidate.kind, 100.0 * reading.inside_share, *known))
    columns = (
        ("rank", REAL),
        ("crs", TEXT),
        ("swapped", TEXT),
        ("kind", TEXT),
        ("inside_percent", REAL),
        ("border_offset_m", REAL),
        ("distance_m", REAL),
        ("moved_m", REAL),
    )
    return pd.DataFrame(rows, columns=[name for name, _ in columns]), columns, None
