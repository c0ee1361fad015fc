"""The layer of findings of a store as a table of geopandas, with all its columns.

Goes in: a place. Comes out: one row a finding in the order of the layer, in the store's CRS, which may be unknown. Fails with PlanError
as opening.look_into does, or when the file cannot be read.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from ..errors import PlanError
from .connection import reading, wkb
from .opening import layout_of, look_into
from .place import Place, PostgisSchema
from .session import quoted


def read_layer(place: Place) -> gpd.GeoDataFrame:
    """All findings of a store."""
    if isinstance(place, PostgisSchema):
        return _of_database(place)
    layout = look_into(place)
    try:
        return pyogrio.read_dataframe(place, layer=layout.table)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise PlanError("error.store_damaged", path=place, reason=error) from error


def _of_database(place: PostgisSchema) -> gpd.GeoDataFrame:
    with reading(place) as session:
        layout = layout_of(session)
        names = [name for name in session.columns_of(layout.table) if name not in (layout.key, layout.geometry)]
        columns = ", ".join([*map(quoted, names), session.outline(layout.geometry)])
        question = f"SELECT {columns} FROM {layout.layer} ORDER BY {quoted(layout.key)}"  # nosec B608
        rows = session.execute(question).fetchall()
    table = pd.DataFrame([row[:-1] for row in rows], columns=names)
    shapes = np.array([wkb(row[-1]) or None for row in rows], dtype=object)
    crs = pyproj.CRS.from_user_input(layout.srs) if layout.srs else None
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapely.from_wkb(shapes), crs=crs))
