"""The layer of findings of a store as a table of geopandas, with all its columns.

Goes in: a place. Comes out: one row a finding in the order of the layer, in the store's CRS, which
may be unknown. Both kinds of store are read through their sessions, so that a byte that is no UTF-8
costs one character and not the run. Fails with PlanError as opening.look_into does.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from .connection import reading, wkb
from .opening import layout_of
from .place import Place
from .session import quoted


def read_layer(place: Place) -> gpd.GeoDataFrame:
    """Return all findings of a store."""
    with reading(place) as session:
        layout = layout_of(session)
        names = [name for name in session.columns_of(layout.table) if name not in (layout.key, layout.geometry)]
        columns = ", ".join([*map(quoted, names), session.outline(layout.geometry)])
        question = f"SELECT {columns} FROM {layout.layer} ORDER BY {quoted(layout.key)}"  # nosec B608
        rows = session.execute(question).fetchall()
    table = pd.DataFrame([row[:-1] for row in rows], columns=names)
    shapes = np.array([wkb(row[-1]) or None for row in rows], dtype=object)
    outlines = shapely.from_wkb(shapes, on_invalid="ignore")
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(outlines, crs=_crs(layout.srs)))


def _crs(told: str) -> pyproj.CRS | None:
    """Return the CRS that the store names, None where it names none."""
    try:
        return pyproj.CRS.from_user_input(told) if told else None
    except pyproj.exceptions.CRSError:
        return None  # "undefined", as a GeoPackage calls a plane or a globe that nobody knows
