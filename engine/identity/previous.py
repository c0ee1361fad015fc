"""The findings of an earlier run: any findings store, or a layer of findings alone, read for
comparing.

Goes in: the place of a store. Comes out: its findings, valid polygons in the store's CRS, each with
the status to which the last decision led, and the whole history. PlanError where there is no store,
is newer than this program, or has no known CRS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from ..catalogue import text
from ..errors import PlanError
from ..planar.polygons import EMPTY, polygonal
from ..record import FIELDS, NAMES, REAL
from ..store.decisions import Decision, history
from ..store.frames import read_layer
from ..store.place import Place, place_of
from ..transformation import one_operation, require_place
from ..values import is_missing

STRANGE = "\ufffd"
"""What a byte is shown as that is no letter."""


@dataclass(frozen=True)
class Previous:
    """Findings (columns of the record and geometry, index 0 to n - 1) and the decisions about them,
    in their order.
    """

    path: Place
    findings: gpd.GeoDataFrame
    decisions: list[Decision]

    def to_crs(self, crs: pyproj.CRS) -> Previous:
        """Return the same findings in another CRS; PlanError where a coordinate has no place in
        it.
        """
        return replace(self, findings=transformed(self.findings, crs, str(self.path)))


def read_previous(path: Place) -> Previous:
    """Return what lies in the store ``path``."""
    path = place_of(path)
    table = read_layer(path)
    decisions = history(path)
    return Previous(path, as_findings(table, str(path), decisions), decisions)


def as_findings(table: gpd.GeoDataFrame, name: str, decisions: list[Decision] | None = None) -> gpd.GeoDataFrame:
    """Return a table that was read somewhere as findings: every column, texts as texts, valid
    polygons, each id once.
    """
    missing = [column for column in NAMES if column not in table.columns]
    if missing:
        raise PlanError("error.not_findings", layer=name, columns=", ".join(missing))
    require_place(table.crs, name)
    shapes = np.asarray(table.geometry.values, dtype=object)
    shapes = np.where(shapely.is_missing(shapes), EMPTY, shapes)
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = shapely.make_valid(shapes[wrong])
    shapes = polygonal(shapely.force_2d(shapes))
    made = pd.DataFrame({column: _column(table[column], kind) for column, kind in FIELDS})
    for column in ("change", "change_detail"):
        if column in table:
            made[column] = _column(table[column], "text")
    led = {decision.finding_id: decision.to_status for decision in decisions or ()}
    # by a list: the column of a store without any finding would get another kind, and no longer be
    # compared with words
    given = zip(made["finding_id"].tolist(), made["status"].tolist())
    made["status"] = np.array([led.get(one, status) or "open" for one, status in given], dtype=object)
    findings = gpd.GeoDataFrame(made, geometry=gpd.GeoSeries(shapes, crs=table.crs))
    return findings[~findings["finding_id"].duplicated()].reset_index(drop=True)


def told_of_bytes(findings: gpd.GeoDataFrame, name: str, language: str) -> list[str]:
    """Return a line for the log where texts of a store hold bytes that are no UTF-8; nothing where
    none does.
    """
    words = (findings[column] for column, kind in FIELDS if kind != REAL)
    count = sum(1 for column in words for word in column if STRANGE in word)
    return [text("identity.strange_bytes", language, path=name, count=count, shown=STRANGE)] if count else []


def _column(values: pd.Series, kind: str) -> np.ndarray:
    if kind == REAL:
        return pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    return np.array(["" if is_missing(value) else str(value) for value in values], dtype=object)


def transformed(findings: gpd.GeoDataFrame, crs: pyproj.CRS, name: str) -> gpd.GeoDataFrame:
    """Return the findings in ``crs``; the very same if they are in it already."""
    if findings.crs == crs or not len(findings):
        return findings if len(findings) else findings.set_crs(crs, allow_override=True)
    operation = one_operation(findings.crs, crs, findings.total_bounds)
    shapes = np.asarray(findings.geometry.values, dtype=object)
    places = shapely.get_coordinates(shapes)
    moved = np.column_stack(operation.transform(places[:, 0], places[:, 1]))
    if not np.isfinite(moved).all():
        values = {"layer": name, "crs": findings.crs.name, "target": crs.name, "operation": operation.description}
        raise PlanError("error.transform", **values)
    shapes = shapely.set_coordinates(shapes.copy(), moved)
    wrong = ~shapely.is_valid(shapes)
    shapes[wrong] = polygonal(shapely.make_valid(shapes[wrong]))
    made = findings.set_geometry(gpd.GeoSeries(shapes, index=findings.index, crs=crs))
    inside = shapely.point_on_surface(shapes)
    made["x"], made["y"] = shapely.get_x(inside), shapely.get_y(inside)
    return made
