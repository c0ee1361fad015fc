"""What has changed from one draft of a plan to the next: how much of each code became which other, where, and whether anybody asked for it.

Two PlanLayers (any CRS that the caller has brought together in metres) go in, with the tolerance and, if wanted, the findings that asked
for changes. Comes out: the transition matrix in m², whose rows add up to the codes' areas in the first draft and whose columns to those
in the second, with the residual; the changed ground as polygons; zones whose attributes alone changed. Ground that changes its code
in pieces no wider than the tolerance is re-digitising noise: it stays in the matrix, in columns of its own, and is no change.
Raises Cancelled; PlanErrors come from the layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..catalogue import text
from ..checks.pieces import DUST_M2, Pieces, sort_out
from ..checks.settings import Settings
from ..findings import REAL, TEXT, Measure
from ..plan import PlanLayer
from ..planar.overlay import near_pairs, shared
from ..planar.polygons import gather, parts, polygonal
from ..planar.repair import repair
from ..planar.width import widths

SAME_NUMBER = 0.005
"""Areas that were measured again differ by less."""
NOWHERE = ""
"""The code of ground that one of the drafts does not cover."""
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
    """``changes``: one polygon for each changed piece; ``transitions``: one row for each pair of codes; ``measures``; ``closes``."""

    changes: gpd.GeoDataFrame
    transitions: pd.DataFrame
    measures: list[Measure]
    closes: bool

    def value(self, name: str) -> float:
        """The measure called ``name``."""
        return next(measure.value for measure in self.measures if measure.name == name)


def compare_drafts(
    before: PlanLayer,
    after: PlanLayer,
    settings: Settings,
    asking: gpd.GeoDataFrame | None = None,
    attributes: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> DraftChanges:
    """Everything that differs between two drafts; ``asking``: findings or comments, in the same CRS.

    ``attributes``: the further fields of both, row by row as the zones.
    """
    progress = settings.progress
    one, other = _Draft.of(before), _Draft.of(after)
    progress.checkpoint()
    near = near_pairs(one.ground, other.ground, progress.part(0.0, 0.1))
    common = shared(one.ground, other.ground, near, progress.part(0.1, 0.5))
    kept = shapely.area(common) > 0
    i, j, common = near.i[kept], near.j[kept], common[kept]
    rows = [pd.DataFrame({"i": i, "j": j, "shape": common})]
    for side, draft, mine, rank in (("i", one, i, 0), ("j", other, j, 1)):
        left = _left_over(draft.ground, mine, common)
        some = np.flatnonzero(shapely.area(left) > 0)
        rows.append(pd.DataFrame({"i": -1, "j": -1, "shape": left[some]}).assign(**{side: some}))
        progress.step(0.55 + 0.1 * rank)
        progress.checkpoint()
    pieces = pd.concat(rows, ignore_index=True)
    pieces["area"] = shapely.area(pieces["shape"].to_numpy())
    pieces["code_before"], pieces["code_after"] = one.codes(pieces["i"]), other.codes(pieces["j"])
    changed = pieces[pieces["code_before"] != pieces["code_after"]].reset_index(drop=True)
    sorted_out = sort_out(_joined(changed), settings.tolerance)
    transitions, residual_m2 = _transitions(pieces, changed, sorted_out, one, other)
    progress.step(0.8)
    ground = _changed_ground(changed, sorted_out, one, other, settings)
    told = _attributes(pieces, one, other, attributes, settings)
    tables = [table for table in (ground, told) if len(table)] or [ground]
    layer = pd.concat(tables, ignore_index=True)
    _ask(layer, asking, settings)
    layer = layer.sort_values(["kind", "area_m2"], ascending=[True, False], kind="stable", ignore_index=True)
    return _result(layer, transitions, residual_m2, one, other)


@dataclass(frozen=True)
class _Draft:
    """The zones of a draft as the comparison needs them: ground without overlaps, so that areas add up."""

    plan: PlanLayer
    ground: np.ndarray
    key: np.ndarray
    code: np.ndarray
    overlap_m2: float

    @classmethod
    def of(cls, plan: PlanLayer) -> _Draft:
        zones = plan.zones
        shapes = polygonal(repair(np.asarray(zones.geometry.values, dtype=object))[0])
        shapes = np.where(shapely.is_missing(shapes), shapely.MultiPolygon(), shapes)
        code = np.where(zones["code"].to_numpy() == NOWHERE, "?", zones["code"].to_numpy())
        ground, overlap_m2 = _once(shapes, code)
        return cls(plan, ground, zones["key"].to_numpy(), code, overlap_m2)

    def codes(self, rows: pd.Series) -> np.ndarray:
        """The code of each zone, NOWHERE for -1."""
        return np.array([*self.code, NOWHERE], dtype=object)[rows.to_numpy()]

    def keys(self, rows: pd.Series) -> np.ndarray:
        """The key of each zone, "" for -1."""
        return np.array([*self.key, ""], dtype=object)[rows.to_numpy()]


def _once(shapes: np.ndarray, code: np.ndarray) -> tuple[np.ndarray, float]:
    """(the zones, each ground in one of them only; the area that was covered twice).

    What two zones cover goes to the code that comes first: not to the first feature, because the next draft has another order.
    """
    rank = np.empty(len(shapes), dtype=int)
    rank[np.lexsort((shapely.area(shapes), code.astype(str)))] = np.arange(len(shapes))
    loser, winner = shapely.STRtree(shapes).query(shapes)
    some = rank[winner] < rank[loser]
    loser, winner = loser[some], winner[some]
    some = shapely.area(shapely.intersection(shapes[loser], shapes[winner])) > DUST_M2
    made = shapes.copy()
    order = np.lexsort((winner[some], loser[some]))
    for row, first in zip(loser[some][order].tolist(), winner[some][order].tolist()):
        made[row] = shapely.difference(made[row], shapes[first])
    made = polygonal(made)
    return made, float(shapely.area(shapes).sum() - shapely.area(made).sum())


def _left_over(ground: np.ndarray, owner: np.ndarray, common: np.ndarray) -> np.ndarray:
    """What of each zone the other draft does not cover."""
    left = ground.copy()
    share = np.bincount(owner, weights=shapely.area(common), minlength=len(ground))
    area = shapely.area(ground)
    whole = share >= area - np.maximum(DUST_M2, 1e-12 * area)
    left[whole] = shapely.MultiPolygon()
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(ground) + 1))
    for row in np.flatnonzero(~whole & (share > 0)).tolist():
        mine = common[order[starts[row] : starts[row + 1]]]
        left[row] = shapely.difference(ground[row], shapely.union_all(polygonal(mine)))
    return polygonal(left)


def _joined(changed: pd.DataFrame) -> np.ndarray:
    """The ground of each row."""
    return np.asarray(changed["shape"].to_numpy(), dtype=object)


def _transitions(
    pieces: pd.DataFrame, changed: pd.DataFrame, sorted_out: Pieces, one: _Draft, other: _Draft
) -> tuple[pd.DataFrame, float]:
    """(area and noise of each pair of codes, largest difference of a sum from the area of its code)."""
    table = pieces.groupby(["code_before", "code_after"], sort=True)["area"].sum().rename("area_m2").reset_index()
    noise = pd.DataFrame(
        {
            "code_before": changed["code_before"].to_numpy()[sorted_out.source],
            "code_after": changed["code_after"].to_numpy()[sorted_out.source],
            "noise_m2": np.where(sorted_out.real, 0.0, shapely.area(sorted_out.polygons)),
        }
    )
    noise = noise.groupby(["code_before", "code_after"])["noise_m2"].sum().reset_index()
    table = table.merge(noise, how="left", on=["code_before", "code_after"])
    table["noise_m2"] = table["noise_m2"].fillna(0.0)
    table["area_ha"] = table["area_m2"] / 1e4
    residual = 0.0
    for side, draft in (("code_before", one), ("code_after", other)):
        sums = table[table[side] != NOWHERE].groupby(side)["area_m2"].sum()
        areas = pd.Series(shapely.area(draft.ground)).groupby(pd.Series(draft.code)).sum()
        areas = areas[areas > 0]
        difference = sums.reindex(areas.index.union(sums.index), fill_value=0.0).sub(areas, fill_value=0.0).abs()
        residual = max(residual, float(difference.max()) if len(difference) else 0.0)
    return table, residual


def _changed_ground(
    changed: pd.DataFrame, sorted_out: Pieces, one: _Draft, other: _Draft, settings: Settings
) -> pd.DataFrame:
    """One row for each piece of ground with another code, wider than the tolerance."""
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
            "detail": "",
            "geometry": gather(polygons, np.arange(len(polygons)), len(polygons)),
        }
    )


def _attributes(
    pieces: pd.DataFrame,
    one: _Draft,
    other: _Draft,
    tables: tuple[pd.DataFrame, pd.DataFrame] | None,
    settings: Settings,
) -> pd.DataFrame:
    """Zones that lie where they lay, with the same code, of which another field changed; numbers by more than SAME_NUMBER."""
    names = [name for name, _ in CHANGE_COLUMNS if name not in ("asked_by", "asked")] + ["geometry"]
    if tables is None:
        return pd.DataFrame(columns=names)
    both = pieces[(pieces["i"] >= 0) & (pieces["j"] >= 0) & (pieces["code_before"] == pieces["code_after"])]
    mostly = (both["area"] > 0.5 * shapely.area(one.ground)[both["i"]]) & (
        both["area"] > 0.5 * shapely.area(other.ground)[both["j"]]
    )
    both = both[mostly]
    i, j = both["i"].to_numpy(dtype=int), both["j"].to_numpy(dtype=int)
    fields = [name for name in tables[0].columns if name in tables[1].columns]
    details = np.full(len(both), "", dtype=object)
    for name in fields:
        before, after = tables[0][name].to_numpy(dtype=object)[i], tables[1][name].to_numpy(dtype=object)[j]
        for row, (old, new) in enumerate(zip(before.tolist(), after.tolist())):
            if not _same_value(old, new):
                values = {"field": name, "before": _word(old), "after": _word(new)}
                told = text("comparedrafts.attribute", settings.language, **values)
                details[row] = f"{details[row]}; {told}" if details[row] else told
    some = details != ""
    i, j, shapes = i[some], j[some], other.ground[j[some]]
    return pd.DataFrame(
        {
            "kind": "attributes",
            "code_before": one.code[i],
            "code_after": other.code[j],
            "zone_before": one.key[i],
            "zone_after": other.key[j],
            "area_m2": shapely.area(shapes),
            "width_m": np.nan,
            "detail": details[some],
            "geometry": gather(*parts(shapes), len(shapes)),
        },
        columns=names,
    )


def _same_value(old: object, new: object) -> bool:
    numbers = [value for value in (old, new) if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == 2 and not any(np.isnan(value) for value in numbers):
        return abs(numbers[0] - numbers[1]) <= SAME_NUMBER * max(map(abs, numbers))
    return _word(old) == _word(new)


def _word(value: object) -> str:
    """A value as a reader sees it; nothing, NULL and blanks are the same."""
    return "–" if value is None or value != value or str(value).strip() == "" else str(value).strip()


def _ask(layer: pd.DataFrame, asking: gpd.GeoDataFrame | None, settings: Settings) -> None:
    """Which findings lie where a piece has changed; ``asked`` is yes, no, or "" where nobody could say."""
    layer["asked_by"], layer["asked"] = "", ""
    if asking is None or not len(layer):
        return
    shapes = np.asarray(layer["geometry"].to_numpy(), dtype=object)
    grounds = np.asarray(asking.geometry.values, dtype=object)
    i, j = shapely.STRtree(grounds).query(shapes, predicate="dwithin", distance=settings.tolerance.width_m)
    names = asking["finding_id"].to_numpy() if "finding_id" in asking else asking.index.astype(str).to_numpy()
    found: dict[int, list[str]] = {}
    for row, finding in sorted(zip(i.tolist(), j.tolist())):
        found.setdefault(row, []).append(str(names[finding]))
    layer["asked_by"] = [", ".join(found.get(row, [])[:5]) for row in range(len(layer))]
    layer["asked"] = ["yes" if row in found else "no" for row in range(len(layer))]


def _result(
    layer: pd.DataFrame, transitions: pd.DataFrame, residual_m2: float, one: _Draft, other: _Draft
) -> DraftChanges:
    ground = layer[layer["kind"] != "attributes"]
    unasked = ground[ground["asked"] == "no"]
    total_m2 = max(float(shapely.area(one.ground).sum()), float(shapely.area(other.ground).sum()))
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
    made = gpd.GeoDataFrame(
        layer[[*(name for name, _ in CHANGE_COLUMNS), "geometry"]], geometry="geometry", crs=one.plan.crs
    )
    return DraftChanges(made, transitions, measures, residual_m2 <= 1e-9 * total_m2 + DUST_M2 * len(transitions))
