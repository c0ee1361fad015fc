"""A plan layer as the checks see it: zones with a key and a land-use code, and what is known of the plan.

``PlanLayer.zones`` is a GeoDataFrame with columns ``key`` (unique text that names the zone to its owner: the chosen key
field, else the feature id), ``given_key`` (the key field's own value, "" if empty), ``code`` (text, "" if missing),
``territory`` (text, only if a field was chosen for it), ``declared`` (the declared area as the file holds it, likewise) and ``geometry`` (polygonal, or None), index 0 to n-1, in the layer's CRS. :meth:`PlanLayer.from_frame` makes it and raises
PlanError for a missing field, an empty layer, layers of lines or points, and a layer without CRS. Where lines and points
stand for corridors, ``reach_m`` is a further column, and :meth:`PlanLayer.widened` makes their polygons.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from .corridors import Corridor, widened
from .errors import PlanError
from .planar.polygons import gather, polygonal, singles, unwrapped
from .planar.repair import repair
from .transformation import one_operation, require_place
from .values import is_missing

Note = tuple[str, dict[str, object]]
"""Something that reading or reprojecting changed: a key of the catalogue and its values."""

FID = "fid="
COLLECTION = 7
POLYGONAL = (3, 6, COLLECTION)  # polygon, multipolygon, collection


@dataclass(frozen=True)
class PlanLayer:
    """The zones of one plan and what is known of the plan; ``notes`` say what reading it changed."""

    name: str
    zones: gpd.GeoDataFrame
    key_field: str = ""
    code_field: str = ""
    level: str = ""
    territory: str = ""
    scale_denominator: float | None = None
    nature: str = "map"
    notes: list[Note] = field(default_factory=list)

    @classmethod
    def from_frame(
        cls,
        frame: gpd.GeoDataFrame,
        name: str,
        key_field: str = "",
        code_field: str = "",
        fids: Sequence[object] | None = None,
        territory_field: str = "",
        declared_field: str = "",
        corridor: Corridor | None = None,
        **known: Any,
    ) -> PlanLayer:
        """A plan layer out of any table of polygons; ``known`` are the further fields of the class.

        ``corridor``: how lines and points become ground; without it they are no zones.
        """
        for wanted in (
            key_field,
            code_field,
            territory_field,
            declared_field,
            *(corridor.fields() if corridor else []),
        ):
            if wanted and wanted not in frame.columns:
                fields = ", ".join(str(column) for column in frame.columns if column != frame.geometry.name)
                raise PlanError("error.field_missing", layer=name, field=wanted, fields=fields or "–")
        if len(frame) == 0:
            raise PlanError("error.layer_empty", layer=name)
        require_place(frame.crs, name)
        geometry = unwrapped(_flat(np.asarray(frame.geometry.values, dtype=object)))
        _refuse_without_polygons(geometry, name, corridor)
        numbers = _texts(pd.Series(frame.index if fids is None else fids))
        kept, notes = _only_polygons(geometry, name, corridor)
        if code_field:
            notes += _several_codes(frame[code_field][kept], name, code_field)
        frame, geometry, numbers = frame[kept], _polygons_of_collections(geometry[kept]), _told_apart(numbers[kept])
        given = _texts(frame[key_field]) if key_field else np.full(len(frame), "", dtype=object)
        zones = gpd.GeoDataFrame(
            {
                "key": _keys(given, numbers, bool(key_field)),
                "given_key": given,
                "code": _texts(frame[code_field]) if code_field else np.full(len(frame), "", dtype=object),
            },
            geometry=gpd.GeoSeries(geometry, crs=frame.crs),
        )
        if territory_field:
            zones["territory"] = _texts(frame[territory_field])
        if declared_field:
            zones["declared"] = frame[declared_field].to_numpy(dtype=object)
        if corridor is not None and corridor.takes(shapely.get_type_id(geometry)).any():
            zones["reach_m"] = corridor.reach_m(frame, geometry, numbers, name)
        return cls(name, zones, key_field=key_field, code_field=code_field, notes=notes, **known)

    @property
    def crs(self) -> pyproj.CRS:
        """The CRS of the zones."""
        return self.zones.crs

    @property
    def is_corridors(self) -> bool:
        """Whether all zones are corridors along lines or discs around points, which say nothing of what lies beyond."""
        zones = self.zones
        return "reach_m" in zones and bool((zones["reach_m"].notna() | zones.geometry.isna()).all())

    def widened(self) -> PlanLayer:
        """The same plan with its lines and points as polygons; to be asked in a CRS in metres."""
        if "reach_m" not in self.zones:
            return self
        made = widened(np.asarray(self.zones.geometry.values, dtype=object), self.zones["reach_m"].to_numpy())
        return replace(self, zones=self.zones.set_geometry(gpd.GeoSeries(made, index=self.zones.index, crs=self.crs)))

    def to_crs(self, crs: pyproj.CRS) -> PlanLayer:
        """The same plan in another CRS; the very same zones if it is this one already.

        PlanError where a coordinate has no place in the other CRS.
        """
        if self.crs == crs:
            return self
        before = shapely.get_coordinates(np.asarray(self.zones.geometry.values))
        finite = before[np.isfinite(before).all(axis=1)]
        bounds = np.concatenate([finite.min(axis=0), finite.max(axis=0)])
        operation = one_operation(self.crs, crs, bounds)
        after = np.column_stack(operation.transform(before[:, 0], before[:, 1]))
        values: dict[str, object] = {
            "layer": self.name,
            "crs": str(self.crs.name),
            "target": str(crs.name),
            "operation": operation.description,
        }
        if (np.isfinite(before) & ~np.isfinite(after)).any():
            raise PlanError("error.transform", **values)
        moved = shapely.set_coordinates(np.array(self.zones.geometry.values, dtype=object), after)
        zones = self.zones.set_geometry(gpd.GeoSeries(moved, index=self.zones.index, crs=crs))
        return replace(self, zones=zones, notes=[*self.notes, ("note.reprojected", values)])

    def outline(self) -> shapely.Geometry:
        """The ground that all zones cover together, repaired where they are invalid: a boundary for another plan."""
        return shapely.union_all(polygonal(repair(np.asarray(self.zones.geometry.values, dtype=object))[0]))


def _only_polygons(geometry: np.ndarray, name: str, corridor: Corridor | None) -> tuple[np.ndarray, list[Note]]:
    """(rows to keep, note): lines and points that CAD mixes in are no zones, unless they have a width; rows without
    geometry stay, as findings."""
    kinds = shapely.get_type_id(geometry)
    kept = np.isin(kinds, (-1, *POLYGONAL))
    if corridor is not None:
        kept |= corridor.takes(kinds)
    if kept.all():
        return kept, []
    found = ", ".join(sorted({g.geom_type for g in geometry[~kept]}))
    return kept, [("note.dropped", {"layer": name, "count": int((~kept).sum()), "found": found})]


def _several_codes(values: pd.Series, name: str, field: str) -> list[Note]:
    """What is to be told of zones whose code is a list of several."""
    count = sum(isinstance(value, (list, tuple)) and len(value) > 1 for value in values.tolist())
    return [("note.several_codes", {"layer": name, "field": field, "count": count})] if count else []


def _polygons_of_collections(geometry: np.ndarray) -> np.ndarray:
    """Collections as MultiPolygons of their polygons, so that parts which lie over each other are seen as invalid."""
    collections = np.flatnonzero(shapely.get_type_id(geometry) == COLLECTION)
    if len(collections):
        polygons, source = singles(geometry[collections])
        geometry = geometry.copy()
        geometry[collections] = gather(polygons, source, len(collections))
    return geometry


def _refuse_without_polygons(geometry: np.ndarray, name: str, corridor: Corridor | None) -> None:
    kinds = shapely.get_type_id(geometry)
    if np.any(np.isin(kinds, POLYGONAL)) or (corridor is not None and corridor.takes(kinds).any()):
        return
    if np.all((kinds == -1) | shapely.is_empty(geometry)):
        raise PlanError("error.no_geometry", layer=name, count=len(geometry))
    found = sorted({g.geom_type for g in geometry[kinds >= 0][:1000]})
    key = "error.not_polygons" if corridor is None else "error.corridor_missing"
    raise PlanError(key, layer=name, found=", ".join(found))


def _flat(geometry: np.ndarray) -> np.ndarray:
    """Without Z and M; those that have neither are not copied, which at a province's size is most of the memory."""
    solid = shapely.has_z(geometry)
    if hasattr(shapely, "has_m"):
        solid |= shapely.has_m(geometry)
    if not solid.any():
        return geometry
    flat = geometry.copy()
    flat[solid] = shapely.force_2d(geometry[solid])
    return flat


def _texts(values: pd.Series) -> np.ndarray:
    """Values as trimmed, composed text; whole numbers without ".0", missing ones as ""."""
    given = values.tolist()
    kinds = set(map(type, given))
    if kinds == {int}:
        return np.array(list(map(str, given)), dtype=object)
    if kinds == {str}:
        joined = "".join(given)
        if joined.isascii() and joined.isprintable() and joined.split() == [joined]:
            return np.array(given, dtype=object)  # nothing to compose or to trim
    return np.array([_text(value) for value in given], dtype=object)


def _text(value: object) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_text, value)))
    return " ".join(unicodedata.normalize("NFC", str(value)).split())


def _keys(given: np.ndarray, numbers: np.ndarray, wanted: bool) -> np.ndarray:
    """Unique names: the given key where it is there and unique, else told apart by the feature id."""
    if not wanted:
        return numbers
    repeated = pd.Series(given).duplicated(keep=False).to_numpy()
    keys = given.copy()
    for index in np.flatnonzero((given == "") | repeated):
        keys[index] = f"{given[index]} ({FID}{numbers[index]})" if given[index] else f"{FID}{numbers[index]}"
    return _told_apart(keys)


def _told_apart(names: np.ndarray) -> np.ndarray:
    """The same names where they are unique, else with " [2]", " [3]" ... from the second one on."""
    taken = set(names)
    if len(taken) == len(names):
        return names
    made, counts = names.copy(), dict.fromkeys(taken, 1)
    for index in np.flatnonzero(pd.Series(names).duplicated()):
        name = names[index]
        while name in taken:
            counts[names[index]] += 1
            name = f"{names[index]} [{counts[names[index]]}]"
        taken.add(name)
        made[index] = name
    return made
