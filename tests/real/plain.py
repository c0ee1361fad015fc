"""The same questions answered by plain shapely, with nothing of ours: every pair, one union, one difference.

Polygons come from geopandas, invalid ones are made valid first. Areas in m² on the plane of the CRS asked for. Gaps are the
parts of a box around everything, minus the union, that do not reach the box: another way than the engine's faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

LEAST_M2 = 1.0


@dataclass(frozen=True)
class Layer:
    """The polygons of a file, valid, with their table; ``invalid`` counts those that were not."""

    table: gpd.GeoDataFrame
    polygons: np.ndarray
    invalid: int

    def area_m2(self) -> float:
        return float(shapely.area(self.polygons).sum())

    def union(self) -> Any:
        return shapely.union_all(self.polygons)


def read(path: Path | str, crs: str = "", where: Any = None) -> Layer:
    """The polygons of a file in ``crs``; ``where`` keeps the rows for which it is true."""
    table = gpd.read_file(path)
    if where is not None:
        table = table[where(table)]
    table = table[table.geom_type.isin(["Polygon", "MultiPolygon"])].reset_index(drop=True)
    if crs:
        table = table.to_crs(crs)
    given = shapely.force_2d(np.asarray(table.geometry.values, dtype=object))
    invalid = ~shapely.is_valid(given)
    given[invalid] = [_polygonal(_valid(polygon)) for polygon in given[invalid]]
    return Layer(table, given, int(invalid.sum()))


def _valid(polygon: Any) -> Any:
    try:
        return shapely.make_valid(polygon)
    except shapely.errors.GEOSException:
        # a ring that is a point spoils the others: what lies inside an odd number of rings is the zone
        parts = [part for part in shapely.get_parts(polygon) for part in (part.exterior, *part.interiors)]
        rings = [shapely.Polygon(ring) for ring in parts]
        return reduce(shapely.symmetric_difference, [shapely.make_valid(ring) for ring in rings if ring.area > 0])


def _polygonal(geometry: Any) -> Any:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


@dataclass(frozen=True)
class Overlaps:
    """Areas that two zones share: by pair, by connected piece; the ground under pieces over 1 m², counted once."""

    pairs_m2: np.ndarray
    pieces_m2: np.ndarray
    ground_m2: float
    duplicates: int

    @property
    def pairs(self) -> int:
        """Pairs of zones that share more than 1 m²."""
        return int((self.pairs_m2 > LEAST_M2).sum())

    @property
    def pieces(self) -> int:
        """Connected pieces over 1 m², plus one for each zone that repeats an earlier outline."""
        return int((self.pieces_m2 > LEAST_M2).sum()) + self.duplicates


def overlaps(polygons: np.ndarray) -> Overlaps:
    """What the zones of one layer share."""
    outline = [polygon.wkb for polygon in shapely.normalize(polygons)]
    first = {}
    twin_of = np.array([first.setdefault(wkb, index) for index, wkb in enumerate(outline)])
    i, j = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    i, j = i[i < j], j[i < j]
    shared = shapely.intersection(polygons[i], polygons[j])
    pieces, source = shapely.get_parts(shared, return_index=True)
    large = pieces[shapely.area(pieces) > LEAST_M2]
    alike = twin_of[i] == twin_of[j]
    duplicates = len(polygons) - len(set(twin_of.tolist()))
    return Overlaps(
        shapely.area(shared),
        shapely.area(pieces[~alike[source]]),
        float(shapely.area(shapely.union_all(large))),
        duplicates,
    )


def enclosed(union: Any) -> np.ndarray:
    """The places that ``union`` encloses without covering."""
    box = shapely.box(*shapely.bounds(union)).buffer(1000.0)
    rest = shapely.get_parts(shapely.difference(box, union))
    return rest[~shapely.intersects(rest, box.exterior)]


def enclosed_gaps(union: Any) -> np.ndarray:
    """Their areas."""
    return shapely.area(enclosed(union))


def mean_width_m(polygons: np.ndarray) -> np.ndarray:
    """2A/P, which no circle inside is narrower than."""
    return 2.0 * shapely.area(polygons) / shapely.length(polygons)


def pieces(geometries: Any) -> np.ndarray:
    """Areas of the connected pieces of differences."""
    return shapely.area(shapely.get_parts(geometries))


def over(areas_m2: np.ndarray) -> tuple[int, float]:
    """(count, sum) of the areas over 1 m²."""
    large = areas_m2[areas_m2 > LEAST_M2]
    return len(large), float(large.sum())


def shared_ha(lower: Layer, upper: Layer, field: str) -> dict[tuple[str, str], float]:
    """Hectares by (label above, label below)."""
    i, j = shapely.STRtree(upper.polygons).query(lower.polygons, predicate="intersects")
    area_ha = shapely.area(shapely.intersection(lower.polygons[i], upper.polygons[j])) / 1e4
    above, below = upper.table[field].to_numpy()[j], lower.table[field].to_numpy()[i]
    matrix: dict[tuple[str, str], float] = {}
    for pair, hectares in zip(zip(above, below), area_ha):
        if hectares > 0:
            matrix[pair] = matrix.get(pair, 0.0) + float(hectares)
    return matrix
