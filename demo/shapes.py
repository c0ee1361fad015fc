"""Shapes for what is planted: blobs, rectangles, strips, and places for them inside a polygon.

In: sizes in metres or hectares, a numpy random generator. Out: polygons in whole millimetres; None
where a polygon has no room.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from ..engine.planar.width import widths


def blob(centre: np.ndarray, radius_m: float, random: np.random.Generator, corners: int = 0) -> shapely.Polygon:
    """Return a rounded, uneven shape about ``radius_m`` from its centre."""
    count = corners or int(random.integers(12, 19))
    angle = np.sort((np.arange(count) + 0.5 * random.random(count)) * 2 * np.pi / count)
    wave = 0.14 * np.sin(2 * angle + 6 * random.random()) + 0.08 * np.sin(3 * angle + 6 * random.random())
    radius = radius_m * (1.0 + wave + 0.05 * (random.random(count) - 0.5))
    return shapely.polygons(np.round(centre + np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None], 3))


def rectangle(centre: np.ndarray, length_m: float, breadth_m: float, angle: float) -> shapely.Polygon:
    """Return a turned rectangle."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array([length_m, breadth_m]) / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return shapely.polygons(np.round(centre + corners @ turn, 3))


def site(centre: np.ndarray, area_ha: float, shape: str, random: np.random.Generator) -> shapely.Polygon:
    """Return a site of about ``area_ha``: ``blob`` or ``rectangle``."""
    if shape == "blob":
        return blob(centre, float(np.sqrt(area_ha * 1e4 / np.pi)), random)
    ratio = 1.2 + 0.9 * random.random()
    length = float(np.sqrt(area_ha * 1e4 * ratio))
    return rectangle(centre, length, length / ratio, float(random.random() * np.pi))


def room(polygon: shapely.Geometry, margin_m: float, random: np.random.Generator) -> np.ndarray | None:
    """Return a random point of the polygon at least ``margin_m`` from its border, if there is
    one.
    """
    inner = shapely.buffer(polygon, -margin_m, quad_segs=2)
    if inner.is_empty:
        return None
    x0, y0, x1, y1 = inner.bounds
    tries = np.array([x0, y0]) + random.random((60, 2)) * np.array([x1 - x0, y1 - y0])
    good = np.flatnonzero(shapely.contains_xy(inner, *tries.T))
    if len(good):
        return np.round(tries[good[0]], 3)
    return np.round(shapely.get_coordinates(shapely.point_on_surface(inner))[0], 3)


def width_m(polygon: shapely.Geometry) -> float:
    """Return the diameter of the largest circle that fits."""
    return float(widths(np.array([polygon], dtype=object))[0])


def polygons_of(shape: Any) -> list[Any]:
    """Return the polygons of a shape that are more than dust."""
    return [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 1.0]


def shifted(shape: Any, by_m: float, angle: float) -> Any:
    """Return a shape moved in a direction, in whole millimetres."""
    offset = by_m * np.array([np.cos(angle), np.sin(angle)])
    return shapely.transform(shape, lambda places: np.round(places + offset, 3))


def strip_across(shape: Any, breadth_m: float) -> Any:
    """Return a strip across a shape, nearer to one end, so that one part is clearly the larger."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    one, two = corners[1] - corners[0], corners[2] - corners[1]
    if np.hypot(*one) < np.hypot(*two):
        corners, one, two = np.roll(corners[:4], -1, axis=0), two, one
    along = one / np.hypot(*one)
    middle = corners[0] + 0.4 * one
    far = two * 1.5
    line = shapely.linestrings([middle - far * 0.25, middle + far])
    return shapely.buffer(line, breadth_m / 2.0, cap_style="flat") if along.any() else shape
