"""Rivers and roads as smooth lines with a width, out of chains of grid cells.

In: chains of points (metres) that hang on each other (a tributary begins on its main stem). Out:
smooth lines that still touch, and the corridor polygons that they cover. Nothing here fails; a
chain of fewer than two points is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .noise import smooth_noise


@dataclass
class Course:
    """A river or road: ``points`` (n, 2) in metres, ``width_m`` (n,) at each, ``rank`` 0 = the most
    important.
    """

    points: np.ndarray
    width_m: np.ndarray
    rank: int
    name: str = ""

    @property
    def line(self) -> shapely.LineString:
        return shapely.linestrings(self.points)


def chains(parent: np.ndarray, weight: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    """Split a forest into chains, each from its lower end upwards along the heaviest branch.

    ``parent`` maps a node to the next one down (-1 at the end), ``members`` are the nodes to take.
    A chain begins with the node that it flows into, so that tributaries touch their main stem.
    Heaviest chains come first.
    """
    inside = np.zeros(len(parent), dtype=bool)
    inside[members] = True
    branches: dict[int, list[int]] = {}
    for node in members[np.argsort(weight[members], kind="stable")].tolist():
        branches.setdefault(int(parent[node]), []).append(node)
    roots = [n for n in members.tolist() if parent[n] < 0 or not inside[parent[n]]]
    waiting = sorted(roots, key=lambda n: (weight[n], n))
    found = []
    while waiting:
        node = waiting.pop()
        chain = [int(parent[node])] if parent[node] >= 0 else []
        while True:
            chain.append(node)
            upper = branches.get(node, [])
            if not upper:
                break
            waiting.extend(upper[:-1])
            node = upper[-1]
        found.append(np.array(chain))
    return sorted(found, key=lambda chain: -weight[chain[-1] if len(chain) < 2 else chain[1]])


def smooth(points: np.ndarray, rounds: int = 3) -> np.ndarray:
    """Chaikin's corner cutting, ends kept."""
    for _ in range(rounds):
        if len(points) < 3:
            break
        a, b = points[:-1], points[1:]
        cut = np.empty((2 * len(a), 2))
        cut[0::2], cut[1::2] = 0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b
        points = np.vstack([points[:1], cut[1:-1], points[-1:]])
    return points


def sway(points: np.ndarray, amplitude_m: float, wavelength_m: float, seed: int) -> np.ndarray:
    """Shift points by a smooth field; lines that touched still touch."""
    x, y = points[:, 0], points[:, 1]
    dx = amplitude_m * smooth_noise(x, y, wavelength_m, seed)
    dy = amplitude_m * smooth_noise(x, y, wavelength_m, seed + 1)
    return points + np.stack([dx, dy], axis=1)


def hang_on(points: np.ndarray, others: list[shapely.LineString], within_m: float) -> np.ndarray:
    """Move the first point onto the nearest of ``others`` if one is near."""
    if not others:
        return points
    distance = shapely.distance(np.array(others), shapely.Point(points[0]))
    nearest = int(np.argmin(distance))
    if distance[nearest] > within_m:
        return points
    line = others[nearest]
    place = line.interpolate(line.project(shapely.Point(points[0])))
    points = points.copy()
    points[0] = (place.x, place.y)
    return points


def corridor(courses: list[Course], piece: int = 4) -> shapely.Geometry:
    """Return the ground that courses cover: short stretches buffered by their own width, in one
    geometry.
    """
    lines, widths = [], []
    for course in courses:
        for start in range(0, len(course.points) - 1, piece):
            lines.append(shapely.linestrings(course.points[start : start + piece + 1]))
            widths.append(float(course.width_m[start : start + piece + 1].mean()))
    if not lines:
        return shapely.Polygon()
    parts = shapely.buffer(np.array(lines), np.array(widths) / 2, quad_segs=2)
    return shapely.simplify(shapely.union_all(parts), 1.5)
