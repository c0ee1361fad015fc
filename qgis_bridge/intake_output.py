"""Tables of intake become layers of QGIS: all of those that are wanted take their places together,
or none.

Goes in: a table of engine/intake/results.py, with the columns that shall be written and their
kinds. Comes out: the ids of the layers by output name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import geopandas as gpd
import pandas as pd
from qgis.core import QgsCoordinateReferenceSystem, QgsProcessingAlgorithm, QgsProcessingContext, QgsProcessingFeedback

from ..engine.intake.diagnosis import Diagnosis
from ..engine.intake.preparing import PreparedLayer
from ..engine.intake.report import IntakeReport
from ..engine.intake.results import reading_columns, report_columns, zone_columns
from ..engine.progress import Progress
from .sinks import Destination

Table = tuple[pd.DataFrame, Sequence[tuple[str, str]], Optional[QgsCoordinateReferenceSystem]]


def zone_table(zones: gpd.GeoDataFrame, prepared: PreparedLayer) -> Table:
    """Return all columns of the zones, before them the feature id that each had in its file."""
    return (*zone_columns(zones, prepared), _qgs_crs(zones))


def report_table(report: IntakeReport, language: str) -> Table:
    """Return one row an entry."""
    return (*report_columns(report, language), None)


def candidate_table(diagnosis: Diagnosis) -> Table:
    """Return one row a reading, best first."""
    return (*reading_columns(diagnosis), None)


def publish(
    algorithm: QgsProcessingAlgorithm,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
    tables: dict[str, Table],
    progress: Progress,
    known_by: Mapping[str, Sequence[str]] | None = None,
    tell: tuple[QgsProcessingFeedback, str] | None = None,
) -> dict[str, Any]:
    """Write the tables that are wanted, then let all take their places; ``known_by``: see
    Destination.

    ``tell``: who shall hear, and in which language, what a format could not keep.
    """
    known = known_by or {}
    made = {name: Destination(algorithm, parameters, name, context, known.get(name, ())) for name in tables}
    wanted = {name: destination for name, destination in made.items() if destination.wanted}
    try:
        for rank, (name, destination) in enumerate(wanted.items()):
            destination.write(*tables[name], progress.part(rank / len(wanted), (rank + 1) / len(wanted)))
            if tell is not None:
                for told in destination.losses(*tables[name][:2], tell[1]):
                    tell[0].pushWarning(told)
        progress.checkpoint()
        return {name: destination.publish() for name, destination in wanted.items()}
    finally:
        for destination in wanted.values():
            destination.discard()


def _qgs_crs(zones: gpd.GeoDataFrame) -> QgsCoordinateReferenceSystem:
    epsg = zones.crs.to_epsg(min_confidence=100)
    if epsg:
        return QgsCoordinateReferenceSystem(f"EPSG:{epsg}")
    return QgsCoordinateReferenceSystem.fromWkt(zones.crs.to_wkt())
