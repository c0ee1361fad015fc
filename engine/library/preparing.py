"""A plan as the checks read it, and where it really lies, for scripts."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from ..intake.diagnosis import Diagnosis, diagnose
from ..intake.preparing import PreparationOptions, zones_of
from ..progress import Progress
from .inputs import Zones, prepared, reader


def prepare_plan(source: Zones, **wishes: Any) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return a plan layer as the checks read it, and what was changed on the way.

    Parameters
    ----------
    source : GeoDataFrame or path
        Also a drawing (DXF) with ``polygons_from_lines=True``.
    **wishes
        Fields of ``planconcord.engine.intake.preparing.PreparationOptions``: ``crs``, ``target_crs``, ``code_field``, ``encoding``,
        ``swap_axes``, ``repair`` and others; ``language`` of the sentences.

    Returns
    -------
    (GeoDataFrame, list of str)
    """
    language = wishes.pop("language", "en")
    made = prepared(source, PreparationOptions(**wishes))
    return zones_of(made), made.report.lines(language)


def diagnose_crs(zones: Zones, outline: Zones) -> Diagnosis:
    """In which CRS does a layer really lie?

    Parameters
    ----------
    zones : GeoDataFrame or path
        The layer in question, with a CRS or without.
    outline : GeoDataFrame or path
        Polygons that are known to be right, such as the province's.

    Returns
    -------
    Diagnosis
        ``verdict`` "right", "wrong", "undecided" or "nowhere"; ``best`` reading, ``off_m`` in metres; ``text("vi")``.
    """
    made = prepared(zones, PreparationOptions(encoding="none"))
    known = reader(outline)(Progress()).zones
    return diagnose(made.table.geometry.to_numpy(), made.table.crs, known.geometry.to_numpy(), known.crs, made.name)
