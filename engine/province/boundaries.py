"""The ground of a territory: the polygon of its name in a layer of boundaries.

Goes in: a register, and a layer of boundaries for rows that name none; without either, ``ranh_gioi`` or ``boundaries`` (.gpkg,
.shp, .geojson …) beside the register. A zone belongs to a territory when one of its texts is the territory's name; a layer with
one single zone is the territory's. Comes out: a PlanLayer in its own CRS, None where there is none. Fails with PlanError where
a layer that was asked for cannot be read or does not know the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyproj
import shapely

from ..errors import PlanError
from ..intake.inspection import inspect
from ..intake.preparing import prepare_table
from ..intake.source import split_source
from ..plan import PlanLayer
from ..register.entry import Entry, Register
from ..register.words import fold
from ..values import text_columns

BESIDE = ("ranh_gioi", "ranh gioi", "ranh giới", "boundaries", "boundary")
ENDINGS = (".gpkg", ".shp", ".geojson", ".gml", ".kml", ".tab", ".mif")


@dataclass(frozen=True)
class Ground:
    """The boundary of one territory in the working CRS; ``layer`` names it in messages."""

    layer: str
    shape: shapely.Geometry


def beside(folder: Path) -> str:
    """The layer of boundaries that lies in a folder, "" if there is none."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and path.stem.casefold() in BESIDE:
            return str(path)
    return ""


class Boundaries:
    """Asked for a territory's ground; every layer is read once."""

    def __init__(self, register: Register, given: str = ""):
        self._register, self._given = register, given
        self._found = "" if given else beside(register.folder)
        self._tables: dict[str, list[tuple[str, gpd.GeoDataFrame]]] = {}

    @property
    def from_beside(self) -> str:
        """The layer that was found beside the register, "" where one was given or none is there."""
        return self._found

    def of(self, entry: Entry, crs: pyproj.CRS) -> Ground | None:
        """The ground of a row's territory in ``crs``."""
        if entry.boundary:
            return self._ground(self._register.located(entry.boundary), entry.territory, crs, asked=True)
        return self.of_territory(
            entry.territory, crs, asked=bool(self._given) and entry.level in ("district", "commune")
        )

    def of_territory(self, territory: str, crs: pyproj.CRS, asked: bool = False) -> Ground | None:
        """The ground of a territory by its name."""
        source = self._given or self._found
        return self._ground(source, territory, crs, asked) if source and territory else None

    def _ground(self, source: str, territory: str, crs: pyproj.CRS, asked: bool) -> Ground | None:
        wanted, tables = fold(territory), self._layers(source)
        for name, table in tables:
            for column in text_columns(table):
                rows = table[[isinstance(v, str) and fold(v) == wanted for v in table[column]]]
                if len(rows):
                    return _made(rows, name, crs)
        if len(tables) == 1 and len(tables[0][1]) == 1:
            return _made(tables[0][1], tables[0][0], crs)
        if asked:
            raise PlanError("error.province.no_territory", boundaries=source, territory=territory)
        return None

    def _layers(self, source: str) -> list[tuple[str, gpd.GeoDataFrame]]:
        if source not in self._tables:
            path, layer, _ = split_source(source)
            names = [layer] if layer else [found.name for found in inspect(source).layers]
            whole = len(names) == 1
            self._tables[source] = [
                (name, prepare_table(source if whole else f"{path}|layername={name}")[0]) for name in names
            ]
        return self._tables[source]


def _made(rows: gpd.GeoDataFrame, name: str, crs: pyproj.CRS) -> Ground | None:
    shape = PlanLayer.from_frame(rows, name).to_crs(crs).outline()
    return None if shapely.is_empty(shape) else Ground(name, shape)
