"""The layers of the benchmarks as files under build/bench: made once, and again when the makers
change.

``prepare(name, zone_count)`` makes what a name of MAKERS stands for (for a kind of PAIRS: two
layers) where it is not there yet: the WKB of all zones end to end in one file with their offsets,
the boundary, the planted defects; ``for_qgis`` adds GeoPackages of the zones and of the boundary.
:class:`Stored` reads them.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
import two_plans
from planting import Layer, plant, redrawn, stacked

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "build" / "bench"
CRS = "EPSG:5899"
CODES = ("LUC", "CHN", "CLN", "RPH", "RSX", "ODT", "ONT", "SKK", "DGT", "DTL")
AT_ONCE = 300_000
"""A layer with more zones is parsed in pieces, or its WKB would lie in memory beside its
geometries.
"""
PIECE = 50_000
MAKERS = {
    "planted": plant,
    "stacked": stacked,
    "redrawn": redrawn,
    "fifth redrawn": lambda zone_count: redrawn(zone_count, share=0.2),
    "lower": two_plans.lower,
    "lower crossing itself": two_plans.crossing_itself,
    "upper apart": two_plans.upper_apart,
    "upper redrawn": two_plans.upper_redrawn,
}
SOURCES = ("drawing.py", "planting.py", "two_plans.py", "layers.py")


@dataclass(frozen=True)
class Stored:
    """One layer on the disk."""

    folder: Path

    @property
    def geopackage(self) -> Path:
        """The zones for QGIS: fields ``zone`` (a number) and ``code``."""
        return self.folder / "zones.gpkg"

    @property
    def repaired_geopackage(self) -> Path:
        """The same with the invalid zones repaired, for algorithms that refuse a layer with any."""
        return self.folder / "repaired.gpkg"

    @property
    def boundary_geopackage(self) -> Path:
        """The boundary for QGIS."""
        return self.folder / "boundary.gpkg"

    def zones(self) -> tuple[np.ndarray, float]:
        """(the zones as shapely geometries, the seconds that shapely.from_wkb took for them)."""
        offsets = np.load(self.folder / "offsets.npy")
        count = len(offsets) - 1
        size = PIECE if count > AT_ONCE else count
        made, seconds = np.empty(count, dtype=object), 0.0
        with (self.folder / "zones.bin").open("rb") as file:
            for start in range(0, count, size):
                lengths = np.diff(offsets[start : start + size + 1])
                wkb = np.array([file.read(length) for length in lengths.tolist()], dtype=object)
                started = time.perf_counter()
                made[start : start + len(wkb)] = shapely.from_wkb(wkb)
                seconds += time.perf_counter() - started
        return made, seconds

    def boundary(self) -> shapely.Geometry:
        """Return the boundary of the territory."""
        return shapely.from_wkb((self.folder / "boundary.wkb").read_bytes())

    def planted(self, kind: str) -> np.ndarray:
        """Return the ground of the planted defects of a kind, one geometry each."""
        path = self.folder / f"{kind}.wkb"
        if not path.exists():
            return np.zeros(0, dtype=object)
        return np.asarray(shapely.get_parts(shapely.from_wkb(path.read_bytes())), dtype=object)


def prepare(name: str, zone_count: int) -> tuple[Stored, ...]:
    """Return the layer on the disk, made if need be; the lower and the upper one for a kind of two
    plans.
    """
    return tuple(_prepared(part, zone_count) for part in two_plans.PAIRS.get(name, (name,)))


def _prepared(name: str, zone_count: int) -> Stored:
    stored = Stored(FOLDER / f"{name.replace(' ', '-')}-{zone_count}")
    stamp = stored.folder / "made-by"
    makers = hashlib.sha256(b"".join((HERE / file).read_bytes() for file in SOURCES))
    if stamp.exists() and stamp.read_text(encoding="ascii") == makers.hexdigest():
        return stored
    shutil.rmtree(stored.folder, ignore_errors=True)
    stored.folder.mkdir(parents=True)
    _write(MAKERS[name](zone_count), stored)
    stamp.write_text(makers.hexdigest(), encoding="ascii")
    return stored


def _write(layer: Layer, stored: Stored) -> None:
    offsets = [0]
    with (stored.folder / "zones.bin").open("wb") as file:
        for start in range(0, len(layer.zones), PIECE):
            for wkb in shapely.to_wkb(layer.zones[start : start + PIECE]):
                offsets.append(offsets[-1] + file.write(wkb))
    np.save(stored.folder / "offsets.npy", np.array(offsets))
    (stored.folder / "boundary.wkb").write_bytes(shapely.to_wkb(layer.boundary))
    for kind, ground in layer.planted.items():
        (stored.folder / f"{kind}.wkb").write_bytes(shapely.to_wkb(shapely.geometrycollections(ground)))


def table(zones: np.ndarray) -> gpd.GeoDataFrame:
    """Return the zones as a user's table has them: a number that names each, and a land-use
    code.
    """
    number = np.arange(1, len(zones) + 1)
    codes = np.array(CODES, dtype=object)[number * 7919 % len(CODES)]
    return gpd.GeoDataFrame({"zone": number, "code": codes}, geometry=gpd.GeoSeries(zones, crs=CRS))


def for_qgis(stored: Stored) -> None:
    """Write the GeoPackages, unless they are there."""
    if stored.boundary_geopackage.exists():
        return
    zones = stored.zones()[0]
    repaired, broken = zones.copy(), ~shapely.is_valid(zones)
    repaired[broken] = shapely.buffer(zones[broken], 0)
    for shapes, path in ((zones, stored.geopackage), (repaired, stored.repaired_geopackage)):
        pyogrio.write_dataframe(table(shapes), path, layer="zones", promote_to_multi=True, VERSION="1.2")
    outline = gpd.GeoDataFrame({"name": ["boundary"]}, geometry=[stored.boundary()], crs=CRS)
    pyogrio.write_dataframe(outline, stored.boundary_geopackage, layer="boundary", VERSION="1.2")
