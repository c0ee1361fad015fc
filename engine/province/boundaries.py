"""The ground of a territory: the polygon of its name in a layer of boundaries.

Goes in: a register, and a layer of boundaries for rows that name none; without either,
``ranh_gioi`` or ``boundaries`` (.gpkg, .shp, .geojson …) beside the register. A zone belongs to a
territory when one of its texts is the territory's name, exactly, or but for accents where that is
the only one on both sides (names.py). A layer with one single zone is the territory's, unless it is
called as another territory of the register. Comes out: a TerritoryBoundary in the working CRS, None
where there is none, which the caller has to report. Fails with PlanError where a layer cannot be
read.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyproj
import shapely

from ..errors import PlanError
from ..intake.inspection import inspect
from ..intake.preparing import prepare_table
from ..intake.source import split_source
from ..names import Found, Names, folded, identity, same
from ..plan import PlanLayer
from ..register.entry import Register, RegisterEntry
from ..register.units import is_boundaries
from ..values import text_columns

ENDINGS = (".gpkg", ".shp", ".geojson", ".gml", ".kml", ".tab", ".mif")


@dataclass(frozen=True)
class TerritoryBoundary:
    """The boundary of one territory in the working CRS; ``layer`` names it in messages.

    ``by_folding``: the name in the layer where it is written with other accents than in the
    register, else "". ``unnamed``: it was taken because the layer has no other zone.
    """

    layer: str
    shape: shapely.Geometry
    by_folding: str = ""
    unnamed: bool = False


def beside(folder: Path) -> str:
    """Return the layer of boundaries that lies in a folder, "" if there is none."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and is_boundaries(path):
            return str(path)
    return ""


@dataclass(frozen=True)
class _Layer:
    name: str
    zones: gpd.GeoDataFrame


@dataclass
class _Source:
    """A source of boundaries: ``named``: by each name (:func:`.names.identity`) the spelling, the
    layer, and the rows that have it.
    """

    layers: list[_Layer]
    names: Names
    named: dict[str, tuple[str, _Layer, list[int]]]

    @classmethod
    def of(cls, layers: list[_Layer]) -> _Source:
        named: dict[str, tuple[str, _Layer, list[int]]] = {}
        for layer in layers:
            for column in text_columns(layer.zones):
                rows: dict[str, tuple[str, _Layer, list[int]]] = {}
                for row, name in enumerate(layer.zones[column]):
                    if isinstance(name, str) and identity(name):
                        rows.setdefault(identity(name), (name, layer, []))[2].append(row)
                named = {**rows, **named}  # the first column that knows a name has it
        return cls(layers, Names(name for name, _, _ in named.values()), named)

    @property
    def only(self) -> _Layer | None:
        """The layer, where the source has no more than one zone."""
        return self.layers[0] if len(self.layers) == 1 and len(self.layers[0].zones) == 1 else None

    def find(self, territory: str, rivals: Names) -> Found:
        """Return the name of a territory as it stands here; one zone of an other spelling, or any
        number of its own.
        """
        found = self.names.find(territory, rivals)
        if not found.name:
            return found
        _, layer, rows = self.named[identity(found.name)]
        if len(rows) > 1 and (found.by_folding or len(_other_spellings(layer.zones.iloc[rows], territory)) > 1):
            return Found()
        return found


def _other_spellings(zones: gpd.GeoDataFrame, territory: str) -> set[frozenset[str]]:
    """Return how the zones of one name write it in other columns: one without accents may have the
    same name for two units.
    """
    columns = [zones[column].tolist() for column in text_columns(zones)]
    spelled = [{name for name in cells if isinstance(name, str) and _other(name, territory)} for cells in zip(*columns)]
    return {frozenset(map(identity, names)) for names in spelled if names}


def _other(name: str, territory: str) -> bool:
    return folded(name) == folded(territory) and not same(name, territory)


class Boundaries:
    """Asked for a territory's ground; every layer is read once."""

    def __init__(self, register: Register, given: str = ""):
        self._register, self._given = register, given
        self._beside = "" if given else beside(register.folder)
        self._territories = Names(entry.territory for entry in register.entries)
        self._sources: dict[str, _Source] = {}

    @property
    def from_beside(self) -> str:
        """The layer that was found beside the register, "" where one was given or none is there."""
        return self._beside

    def source(self, entry: RegisterEntry) -> str:
        """Return the boundaries that a row's territory is looked for in, "" where there are
        none.
        """
        return self._register.located(entry.boundary) if entry.boundary else self._given or self._beside

    def of(self, entry: RegisterEntry, crs: pyproj.CRS) -> TerritoryBoundary | None:
        """Return the ground of a row's territory in ``crs``, None where no boundaries are there or
        none has its name.
        """
        return self._ground(self.source(entry), entry.territory, crs, own=bool(entry.boundary))

    def of_territory(self, territory: str, crs: pyproj.CRS) -> TerritoryBoundary | None:
        """Return the ground of a territory by its name."""
        return self._ground(self._given or self._beside, territory, crs, own=False)

    def knows(self, entry: RegisterEntry) -> bool:
        """Return whether a zone has the name of a row's territory; not where the boundaries cannot
        be read, which its own check reports.
        """
        source = self.source(entry)
        try:
            return bool(source and self._read(source).find(entry.territory, self._territories).name)
        except PlanError:
            return False

    @functools.cached_property
    def levels(self) -> set[str]:
        """The levels of which some plan's territory is known."""
        return {entry.level for entry in self._register.entries if self.knows(entry)}

    def similar(self, entry: RegisterEntry) -> list[str]:
        """Return the names that come closest to a territory that was not found."""
        source = self.source(entry)
        return self._read(source).names.similar(entry.territory) if source and entry.territory else []

    def _ground(self, source: str, territory: str, crs: pyproj.CRS, own: bool) -> TerritoryBoundary | None:
        """``own``: the source was named for this territory alone."""
        if not source or not (territory or own):
            return None
        known = self._read(source)
        found = known.find(territory, self._territories)
        if found.name:
            _, layer, rows = known.named[identity(found.name)]
            return _made(layer.zones.iloc[rows], layer.name, crs, found.name if found.by_folding else "")
        if known.only is not None and (own or not self._names_another(known, territory)):
            return _made(known.only.zones, known.only.name, crs, unnamed=not own)
        return None

    def _names_another(self, known: _Source, territory: str) -> bool:
        """Return whether the only zone is called as another territory of the register."""
        others = [entry.territory for entry in self._register.entries if not same(entry.territory, territory)]
        return any(identity(name) in known.named for name in others if name)

    def _read(self, source: str) -> _Source:
        if source not in self._sources:
            path, layer, _ = split_source(source)
            names = [layer] if layer else [found.name for found in inspect(source).layers]
            whole = len(names) == 1
            layers = [_Layer(name, prepare_table(source if whole else f"{path}|layername={name}")[0]) for name in names]
            self._sources[source] = _Source.of(layers)
        return self._sources[source]


def _made(
    rows: gpd.GeoDataFrame, name: str, crs: pyproj.CRS, by_folding: str = "", unnamed: bool = False
) -> TerritoryBoundary | None:
    shape = PlanLayer.from_frame(rows, name).to_crs(crs).outline()
    return None if shapely.is_empty(shape) else TerritoryBoundary(name, shape, by_folding, unnamed)
