"""One map as SVG: a frame on paper at a round scale, in which outlines, marks, numbers and a
coordinate grid are drawn.

Goes in: the ground to show (bounds in metres) and the frame's size in millimetres. Coordinates of
the picture are hundredths of a millimetre. The map is printed at exactly ``denominator`` where the
browser prints at 100 %. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape

import numpy as np
import shapely

from ..catalogue import number

UNIT = 100
"""Units of the picture in a millimetre."""
STEPS = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5)
LEAST_DENOMINATOR = 500
FINEST_MM = 0.08
"""Detail that print does not show."""
Bounds = tuple[float, float, float, float]


def round_denominator(least: float) -> int:
    """Return the next scale that people use: 500, 625, 750, 1,000, 1,250 ..."""
    least = max(least, LEAST_DENOMINATOR)
    power = 10 ** math.floor(math.log10(least))
    return int(next(step * power for step in (*STEPS, 10) if step * power >= least * (1 - 1e-9)))


class Drawing:
    """A map in the making; see the module's paragraph."""

    def __init__(self, bounds: Bounds, width_mm: float, height_mm: float, language: str, label: str):
        west, south, east, north = bounds
        self.width_mm, self.height_mm, self._language, self._label = width_mm, height_mm, language, label
        needed = max((east - west) / width_mm, (north - south) / height_mm, 1e-6)
        self.denominator = round_denominator(needed * 1000)
        self.metres_per_mm = self.denominator / 1000
        half = (width_mm * self.metres_per_mm / 2, height_mm * self.metres_per_mm / 2)
        centre = ((west + east) / 2, (south + north) / 2)
        self.window: Bounds = (centre[0] - half[0], centre[1] - half[1], centre[0] + half[0], centre[1] + half[1])
        self._parts: list[str] = []
        self._taken: list[tuple[float, float, float, float]] = []

    @property
    def finest_m(self) -> float:
        """The width of what print no longer shows."""
        return FINEST_MM * self.metres_per_mm

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of the ground on the picture."""
        return (x - self.window[0]) / self.metres_per_mm * UNIT, (self.window[3] - y) / self.metres_per_mm * UNIT

    def outline(self, shape: shapely.Geometry, style: str) -> None:
        """Polygons, with ``style``: attributes of ours such as ``fill="#fff"``."""
        path = self._path(shape)
        if path:
            self._parts.append(f'<path {style} d="{path}"/>')

    def mark(self, x: float, y: float, radius_mm: float, style: str) -> None:
        """A dot."""
        across, down = self.place(x, y)
        self._parts.append(f'<circle cx="{across:.0f}" cy="{down:.0f}" r="{radius_mm * UNIT:.0f}" {style}/>')

    def words(self, x: float, y: float, said: str, size_mm: float, style: str = "", beside_mm: float = 0.0) -> bool:
        """Return a text with a halo, centred on a point of the ground or beside it; not written
        over another one.
        """
        across, down = self.place(x, y)
        width, height = len(said) * size_mm * 0.64 * UNIT, size_mm * UNIT
        across += (beside_mm * UNIT + width / 2) if beside_mm else 0
        box = (across - width / 2, down - height / 2, across + width / 2, down + height / 2)
        inside = box[0] > 0 and box[1] > 0 and box[2] < self.width_mm * UNIT and box[3] < self.height_mm * UNIT
        if not inside or any(_meet(box, taken) for taken in self._taken):
            return False
        self._taken.append(box)
        self._parts.append(
            f'<text x="{across:.0f}" y="{down + 0.36 * height:.0f}" font-size="{size_mm * UNIT:.0f}" {style}>{escape(said)}</text>'
        )
        return True

    def grid(self) -> None:
        """Lines of round coordinates with their kilometres at the frame."""
        step = next(
            step * 10**power
            for power in range(1, 7)
            for step in (1, 2, 5)
            if step * 10**power > self.metres_per_mm * 28
        )
        west, south, east, north = self.window
        for axis, (start, end) in enumerate(((west, east), (south, north))):
            for count in range(math.ceil(start / step), math.floor(end / step) + 1):
                at = count * step
                first = self.place(at, south) if axis == 0 else self.place(west, at)
                last = self.place(at, north) if axis == 0 else self.place(east, at)
                self._parts.append(
                    f'<path class="grid" d="M{first[0]:.0f} {first[1]:.0f}L{last[0]:.0f} {last[1]:.0f}"/>'
                )
                said = number(at / 1000, 3, self._language, trim=True)
                aside = 1.9 * self.metres_per_mm
                x, y = (at, south + aside) if axis == 0 else (west + 7 * self.metres_per_mm, at)
                self.words(x, y, said, 2.0, 'class="km"')

    def svg(self) -> str:
        """Return the picture, in its frame."""
        across, down = self.width_mm * UNIT, self.height_mm * UNIT
        return (
            f'<svg role="img" aria-label="{escape(self._label)}" width="{self.width_mm:g}mm" height="{self.height_mm:g}mm"'
            f' viewBox="0 0 {across:.0f} {down:.0f}"><rect width="{across:.0f}" height="{down:.0f}" class="paper"/>'
            f'{"".join(self._parts)}<rect x="10" y="10" width="{across - 20:.0f}" height="{down - 20:.0f}" class="frame"/></svg>'
        )

    def scale_text(self) -> str:
        """ "1:5,000"."""
        return f"1:{number(self.denominator, 0, self._language)}"

    def _path(self, shape: shapely.Geometry | None) -> str:
        if shape is None or shape.is_empty:
            return ""
        cut = shapely.clip_by_rect(shape, *_grown(self.window, 2 * self.metres_per_mm)) if shape.is_valid else shape
        cut = shapely.simplify(cut, self.finest_m)
        return "".join(self._ring(ring) for ring in _rings(cut))

    def _ring(self, ring: shapely.Geometry) -> str:
        coordinates = shapely.get_coordinates(ring)
        if not np.isfinite(coordinates).all():
            return ""
        across, down = self.place(coordinates[:, 0], coordinates[:, 1])
        points = np.rint(np.column_stack([across, down])).astype(int)
        points = points[np.r_[True, np.any(np.diff(points, axis=0), axis=1)]]
        return "M" + "L".join(f"{x} {y}" for x, y in points[:-1].tolist() or points.tolist()) + "Z"


def _rings(shape: shapely.Geometry) -> Iterable[shapely.Geometry]:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.get_rings(polygons) if polygons else []


def _grown(window: Bounds, by_m: float) -> Bounds:
    return window[0] - by_m, window[1] - by_m, window[2] + by_m, window[3] + by_m


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
