"""What has changed from one draft of a plan to the next: how much of each code became which other,
where, and whether anybody asked for it.

Two PlanLayers (any CRS that the caller has brought together in metres) go in, with the tolerance
and, if wanted, the findings that asked for changes. Comes out: the transition matrix in m², whose
rows add up to the codes' areas in the first draft and whose columns to those in the second, with
the residual; the changed ground as polygons; zones whose attributes alone changed. Changed ground
that draft_noise.py takes for re-digitising noise stays in the matrix, in a column of its own, and
is no change. Raises Cancelled; PlanError where not everything is in one CRS in metres, others come
from the layers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..checks.pieces import DUST_M2
from ..checks.preparation import in_order_of_names, refuse_unless_in_one_plane
from ..checks.settings import Settings
from ..codes import hint, spellings
from ..crs import describe
from ..errors import PlanError
from ..findings import Measure
from ..kinds import REAL, TEXT
from ..plan import PlanLayer
from ..planar.polygons import gather, parts
from ..planar.width import widths
from .draft_attributes import asking, mark_asked, other_values
from .draft_ground import NOWHERE, DraftGround, cut
from .draft_noise import Changed, changes_and_noise

CHANGE_COLUMNS: tuple[tuple[str, str], ...] = (
    ("kind", TEXT),
    ("code_before", TEXT),
    ("code_after", TEXT),
    ("zone_before", TEXT),
    ("zone_after", TEXT),
    ("area_m2", REAL),
    ("width_m", REAL),
    ("asked_by", TEXT),
    ("asked", TEXT),
    ("detail", TEXT),
)
TRANSITION_COLUMNS: tuple[tuple[str, str], ...] = (
    ("code_before", TEXT),
    ("code_after", TEXT),
    ("area_m2", REAL),
    ("noise_m2", REAL),
    ("area_ha", REAL),
)


@dataclass(frozen=True)
class DraftChanges:
    """``changes``: one polygon for each changed piece; ``transitions``: one row for each pair of
    codes; ``measures``; ``closes``.
    """

    changes: gpd.GeoDataFrame
    transitions: pd.DataFrame
    measures: list[Measure]
    closes: bool

    def value(self, name: str) -> float:
        """Return the measure called ``name``."""
        return next(measure.value for measure in self.measures if measure.name == name)


def compare_drafts(
    before: PlanLayer,
    after: PlanLayer,
    settings: Settings,
    asked: gpd.GeoDataFrame | None = None,
    attributes: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> DraftChanges:
    """Everything that differs between two drafts; ``asked``: findings or comments of any geometry,
    in the same CRS.

    ``attributes``: the further fields of both, row by row as the zones.
    """
    progress = settings.progress
    refuse_unless_in_one_plane([before, after])
    if asked is not None and asked.crs != before.crs:
        raise PlanError("error.asked_crs", layer=before.name, crs=describe(before.crs))
    before, after, attributes = _in_order(before, after, attributes)
    shown = spellings(before.zones["code"], after.zones["code"])
    one = DraftGround.of(before, shown, progress.part(0.0, 0.1))
    other = DraftGround.of(after, shown, progress.part(0.1, 0.2))
    areas = shapely.area(one.shapes), shapely.area(other.shapes)
    pieces = cut(one, other, progress.part(0.2, 0.8))
    changed = pieces[pieces["code_before"] != pieces["code_after"]].reset_index(drop=True)
    progress.checkpoint()
    sorted_out = changes_and_noise(changed, *areas, settings.tolerance)
    transitions, residual_m2 = _transitions(pieces, changed, sorted_out, one, other)
    progress.step(0.9)
    progress.checkpoint()
    tables = [_changed_ground(changed, sorted_out, one, other, settings)]
    if attributes is not None:
        told = _other_attributes(pieces, areas, one, other, attributes, settings)
        tables = [table for table in (*tables, told) if len(table)] or tables
    layer = pd.concat(tables, ignore_index=True)
    mark_asked(layer, None if asked is None else asking(asked), settings.tolerance.width_m)
    order = ["kind", "area_m2", "code_before", "code_after", "zone_before", "zone_after"]
    layer = layer.sort_values(order, ascending=[True, False, *[True] * 4], kind="stable", ignore_index=True)
    return _result(layer, transitions, residual_m2, one, other, before.crs)


def _in_order(
    before: PlanLayer, after: PlanLayer, attributes: tuple[pd.DataFrame, pd.DataFrame] | None
) -> tuple[PlanLayer, PlanLayer, tuple[pd.DataFrame, pd.DataFrame] | None]:
    """Return the zones of both, and their further fields, in the order of their keys, so that no
    result depends on the order of the features.
    """
    one, other = (in_order_of_names(plan.zones["key"].to_numpy()) for plan in (before, after))
    tables = None if attributes is None else (attributes[0].iloc[one], attributes[1].iloc[other])
    return (
        replace(before, zones=before.zones.iloc[one].reset_index(drop=True)),
        replace(after, zones=after.zones.iloc[other].reset_index(drop=True)),
        tables,
    )


def _transitions(
    pieces: pd.DataFrame, changed: pd.DataFrame, sorted_out: Changed, one: DraftGround, other: DraftGround
) -> tuple[pd.DataFrame, float]:
    """(area and noise of each pair of codes, largest difference of a sum from the area of its
    code).
    """
    table = pieces.groupby(["code_before", "code_after"], sort=True)["area"].sum().rename("area_m2").reset_index()
    noise = pd.DataFrame(
        {
            "code_before": changed["code_before"].to_numpy()[sorted_out.source],
            "code_after": changed["code_after"].to_numpy()[sorted_out.source],
            "noise_m2": np.where(sorted_out.real, 0.0, sorted_out.area),
        }
    )
    noise = noise.groupby(["code_before", "code_after"])["noise_m2"].sum().reset_index()
    table = table.merge(noise, how="left", on=["code_before", "code_after"])
    table["noise_m2"] = table["noise_m2"].fillna(0.0)
    table["area_ha"] = table["area_m2"] / 1e4
    residual = 0.0
    for side, draft in (("code_before", one), ("code_after", other)):
        sums = table[table[side] != NOWHERE].groupby(side)["area_m2"].sum()
        areas = pd.Series(shapely.area(draft.shapes)).groupby(pd.Series(draft.code)).sum()
        areas = areas[areas > 0]
        difference = sums.reindex(areas.index.union(sums.index), fill_value=0.0).sub(areas, fill_value=0.0).abs()
        residual = max(residual, float(difference.max()) if len(difference) else 0.0)
    return table, residual


def _changed_ground(
    changed: pd.DataFrame, sorted_out: Changed, one: DraftGround, other: DraftGround, settings: Settings
) -> pd.DataFrame:
    """Return one row for each piece of ground with another code, wider than the tolerance."""
    polygons, rows = sorted_out.polygons[sorted_out.real], changed.iloc[sorted_out.source[sorted_out.real]]
    before, after = rows["code_before"].to_numpy(), rows["code_after"].to_numpy()
    kind = np.where(before == NOWHERE, "added", np.where(after == NOWHERE, "removed", "code"))
    return pd.DataFrame(
        {
            "kind": kind,
            "code_before": before,
            "code_after": after,
            "zone_before": one.keys(rows["i"]),
            "zone_after": other.keys(rows["j"]),
            "area_m2": shapely.area(polygons),
            "width_m": widths(polygons, settings.progress),
            "detail": [
                " ".join(filter(None, (hint(code, settings.language) for code in pair))) for pair in zip(before, after)
            ],
            "geometry": gather(polygons, np.arange(len(polygons)), len(polygons)),
        }
    )


def _other_attributes(
    pieces: pd.DataFrame,
    areas: tuple[np.ndarray, np.ndarray],
    one: DraftGround,
    other: DraftGround,
    tables: tuple[pd.DataFrame, pd.DataFrame],
    settings: Settings,
) -> pd.DataFrame:
    """Return one row for each zone that differs from its former self only in other fields."""
    i, j, details = other_values(pieces, areas, tables, settings.language)
    shapes = other.shapes[j]
    return pd.DataFrame(
        {
            "kind": "attributes",
            "code_before": one.code[i],
            "code_after": other.code[j],
            "zone_before": one.key[i],
            "zone_after": other.key[j],
            "area_m2": areas[1][j],
            "width_m": np.nan,
            "detail": details,
            "geometry": gather(*parts(shapes), len(shapes)),
        }
    )


def _result(
    layer: pd.DataFrame,
    transitions: pd.DataFrame,
    residual_m2: float,
    one: DraftGround,
    other: DraftGround,
    crs: object,
) -> DraftChanges:
    ground = layer[layer["kind"] != "attributes"]
    unasked = ground[ground["asked"] == "no"]
    total_m2 = max(float(shapely.area(one.shapes).sum()), float(shapely.area(other.shapes).sum()))
    measures = [
        Measure("change_count", float(len(ground)), "count"),
        Measure("change_area", float(ground["area_m2"].sum()), "m2"),
        Measure("unasked_count", float(len(unasked)), "count"),
        Measure("unasked_area", float(unasked["area_m2"].sum()), "m2"),
        Measure("attribute_count", float(len(layer) - len(ground)), "count"),
        Measure("noise_area", float(transitions["noise_m2"].sum()), "m2"),
        Measure("balance_residual", residual_m2, "m2"),
        Measure("overlap_area", one.overlap_m2 + other.overlap_m2, "m2"),
    ]
    made = gpd.GeoDataFrame(layer[[*(name for name, _ in CHANGE_COLUMNS), "geometry"]], geometry="geometry", crs=crs)
    return DraftChanges(made, transitions, measures, residual_m2 <= 1e-9 * total_m2 + DUST_M2 * len(transitions))
