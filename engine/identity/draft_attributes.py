"""What has changed in two drafts besides the ground: other fields of a zone, and who had asked for
a change.

Tables with all fields of the zones go in, or findings and comments of any geometry; words and ids
come out. Fields that software fills by itself, such as a row number or the area of the outline, are
no attributes of the plan: drawing it again changes all of them.
"""

from __future__ import annotations

import datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..catalogue import text
from ..plan import POLYGONAL
from ..record import NAMES
from ..transformation import require_place
from ..values import is_missing
from .naming import placeless
from .previous import transformed

SAME_NUMBER = 0.005
"""Areas that were measured again differ by less, as a share."""
LARGEST_AREA = 10**9
"""A whole number beyond this is the name of something, such as a parcel of 12 digits: no zone has
as many square metres.
"""
MOSTLY = 0.5
MOST_NAMES = 5
FILLED_BY_SOFTWARE = frozenset(
    [
        "fid",
        "ogc_fid",
        "objectid",
        "objectid_1",
        "oid",
        "gid",
        "fid_",
        "globalid",
        "shape",
        "shape_length",
        "shape_leng",
        "shape_le_1",
        "shape_area",
        "shape_ar_1",
        "st_area(shape)",
        "st_length(shape)",
        "created_date",
        "last_edited_date",
        "created_user",
        "last_edited_user",
        "geometry",
        "geom",
    ]
)


def attributes_of(table: gpd.GeoDataFrame, code_field: str) -> pd.DataFrame:
    """Return the further fields of the zones of a plan layer, row by row as the layer has them."""
    kinds = shapely.get_type_id(np.asarray(table.geometry.values, dtype=object))
    left_out = {code_field, table.geometry.name}
    left_out |= {name for name in table.columns if str(name).lower() in FILLED_BY_SOFTWARE}
    return pd.DataFrame(table[np.isin(kinds, (-1, *POLYGONAL))]).drop(columns=list(left_out & set(table.columns)))


def asking(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return what asks for a change: of findings those that are neither noise nor settled nor
    without a place; every comment.
    """
    if not set(NAMES) <= set(table.columns):
        return table
    ask = (table["severity"] != "info") & ~table["status"].isin(("waived", "resolved"))
    numbers = table.assign(area_m2=pd.to_numeric(table["area_m2"], errors="coerce"), rule=table["rule"].astype(str))
    return table[ask & ~placeless(numbers)]


def placed(table: gpd.GeoDataFrame, crs: pyproj.CRS, name: str) -> gpd.GeoDataFrame:
    """Findings or comments with a place, in ``crs``; PlanError for a layer without CRS, or whose
    places have none in ``crs``.
    """
    require_place(table.crs, name)
    return transformed(table[~(table.geometry.isna() | table.geometry.is_empty)].reset_index(drop=True), crs, name)


def mark_asked(layer: pd.DataFrame, asked: gpd.GeoDataFrame | None, width_m: float) -> None:
    """Fills ``asked_by`` and ``asked``: yes where a finding or comment lies within ``width_m`` of
    the change, "" where nobody could.
    """
    layer["asked_by"], layer["asked"] = "", ""
    if asked is None or not len(layer):
        return
    shapes = np.asarray(layer["geometry"].to_numpy(), dtype=object)
    places = np.asarray(asked.geometry.values, dtype=object)
    i, j = shapely.STRtree(places).query(shapes, predicate="dwithin", distance=width_m)
    names = asked["finding_id"].tolist() if "finding_id" in asked else asked.index.tolist()
    found: dict[int, list[str]] = {}
    for row, place in sorted(zip(i.tolist(), j.tolist())):
        found.setdefault(row, []).append(str(names[place]))
    layer["asked_by"] = [", ".join(found.get(row, [])[:MOST_NAMES]) for row in range(len(layer))]
    layer["asked"] = ["yes" if row in found else "no" for row in range(len(layer))]


def other_values(
    pieces: pd.DataFrame,
    areas: tuple[np.ndarray, np.ndarray],
    tables: tuple[pd.DataFrame, pd.DataFrame],
    language: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (i, j, words) of the zones that lie where they lay, with the same code, and have
    another value in some field.
    """
    both = pieces[(pieces["i"] >= 0) & (pieces["j"] >= 0) & (pieces["code_before"] == pieces["code_after"])]
    i, j, area = both["i"].to_numpy(dtype=int), both["j"].to_numpy(dtype=int), both["area"].to_numpy()
    mostly = (area > MOSTLY * areas[0][i]) & (area > MOSTLY * areas[1][j])
    i, j = i[mostly], j[mostly]
    details = np.full(len(i), "", dtype=object)
    for name in (name for name in tables[0].columns if name in tables[1].columns):
        before, after = tables[0][name].to_numpy(dtype=object)[i], tables[1][name].to_numpy(dtype=object)[j]
        for row, (old, new) in enumerate(zip(before.tolist(), after.tolist())):
            if not _same_value(old, new):
                values = {"field": name, "before": _word(old), "after": _word(new)}
                told = text("comparedrafts.attribute", language, **values)
                details[row] = f"{details[row]}; {told}" if details[row] else told
    some = details != ""
    return i[some], j[some], details[some]


def _same_value(old: object, new: object) -> bool:
    given = [value for value in (old, new) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(given) == 2 and all(isinstance(value, int) for value in given) and max(map(abs, given)) > LARGEST_AREA:
        return given[0] == given[1]
    numbers = [float(value) for value in given]
    if len(numbers) == 2 and not any(np.isnan(value) for value in numbers):
        return abs(numbers[0] - numbers[1]) <= SAME_NUMBER * max(map(abs, numbers))
    return _word(old) == _word(new) or (not (is_missing(old) or is_missing(new)) and old == new)


def _word(value: object) -> str:
    """Return a value as a reader sees it; nothing, NULL and blanks are the same, and so are 3 and
    3.0, which NULLs beside it make of it.
    """
    if is_missing(value) or str(value).strip() == "":
        return "–"
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("T00:00:00", "")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
