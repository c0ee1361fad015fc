"""Boundaries and the background of the map: what a reader needs to find the way.

In: the districts with their boundaries, the network, the surroundings. Out: ranh_gioi.gpkg
(province, districts) and nen.gpkg (rivers, roads, sea, neighbours' land, towns).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from .files import write_layer, write_polygons
from .lines import Course
from .names import District, names_of
from .network import Network
from .regions import Surroundings

MARGIN_M = 9_000.0


def write_boundaries(
    folder: Path,
    districts: list[District],
    boundaries: list[shapely.Geometry],
    outline: shapely.Geometry,
    province: str,
) -> None:
    """The official boundaries; each district's was surveyed apart, so neighbours differ by a metre
    or three.
    """
    path = folder / "ranh_gioi.gpkg"
    shapes = np.array(boundaries, dtype=object)
    columns = {
        "ma_huyen": [district.code for district in districts],
        "ten_huyen": [district.full_name for district in districts],
        "dien_tich_ha": np.round(shapely.area(shapes) / 1e4, 2).tolist(),
    }
    write_polygons(path, "ranh_gioi_huyen", columns, shapes)
    columns = {
        "ma_tinh": ["T01"],
        "ten_tinh": [f"Tỉnh {province}"],
        "dien_tich_ha": [round(float(outline.area) / 1e4, 2)],
    }
    write_polygons(path, "ranh_gioi_tinh", columns, np.array([outline], dtype=object))


def write_background(
    folder: Path, districts: list[District], network: Network, around: Surroundings, outline: shapely.Geometry
) -> None:
    """Rivers, roads, sea, neighbouring land and towns."""
    path = folder / "nen.gpkg"
    x0, y0, x1, y1 = outline.bounds
    frame = shapely.box(x0 - MARGIN_M, y0 - MARGIN_M, x1 + MARGIN_M, y1 + MARGIN_M)
    for layer, polygons, name in (("bien", around.sea, "Biển"), ("lan_can", around.land, "Vùng lân cận")):
        ground = shapely.intersection(shapely.coverage_union_all(polygons), frame)
        write_polygons(path, layer, {"ten": [name]}, np.array([ground], dtype=object))
    rivers = _cut(network.rivers, outline)
    names = names_of("river")
    columns = {
        "ten": [f"Sông {names[k]}" if k < len(names) else "" for k, _, _ in rivers],
        "be_rong_m": [round(float(course.width_m.mean()), 1) for _, course, _ in rivers],
        "cap": [course.rank for _, course, _ in rivers],
    }
    write_layer(path, "song", columns, np.array([line for _, _, line in rivers], dtype=object))
    roads = _cut(network.roads, outline)
    columns = {
        "ten": ["QL.96" if course.rank == 0 else f"ĐT.{900 + k}" for k, course, _ in roads],
        "be_rong_m": [round(float(course.width_m.mean()), 1) for _, course, _ in roads],
        "cap": [course.rank for _, course, _ in roads],
    }
    write_layer(path, "duong", columns, np.array([line for _, _, line in roads], dtype=object))
    columns = {
        "ten": [district.seat for district in districts],
        "cap": [{"city": 1, "town": 2}.get(district.kind, 3) for district in districts],
    }
    write_layer(path, "do_thi", columns, shapely.points(network.towns))


def _cut(courses: list[Course], outline: shapely.Geometry) -> list[tuple[int, Course, shapely.Geometry]]:
    shapely.prepare(outline)
    cut = shapely.intersection(np.array([course.line for course in courses]), outline)
    multi = [
        shapely.multilinestrings([p for p in shapely.get_parts(line) if p.geom_type == "LineString"]) for line in cut
    ]
    return [(k, course, line) for k, (course, line) in enumerate(zip(courses, multi)) if not line.is_empty]
