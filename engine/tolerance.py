"""What is noise and what is a finding: one tolerance, used by every check.

A piece is judged by its WIDTH, the diameter in metres of the largest circle that fits in it,
because noise of re-digitising is narrow but can be long and large (design, section 3). ``area_m2``
is a filter on top, 0 unless asked for. The default width is 0.5 mm at the plan's scale (12.5 m at
1:25,000), the drawing accuracy of a paper map; without a scale it is 0.1 m. No legal overlay
tolerance between plan levels was found, so this one is ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import PlanError

DRAWING_ACCURACY_MM = 0.5
WIDTH_WITHOUT_SCALE_M = 0.1


@dataclass(frozen=True)
class Tolerance:
    """A piece is noise when it is at most ``width_m`` wide or smaller than ``area_m2``."""

    width_m: float = WIDTH_WITHOUT_SCALE_M
    area_m2: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("width_m", self.width_m), ("area_m2", self.area_m2)):
            if not math.isfinite(value) or value < 0:
                raise PlanError("error.tolerance", name=name, value=value)

    @classmethod
    def from_scale(cls, denominator: float, mm: float = DRAWING_ACCURACY_MM, area_m2: float = 0.0) -> Tolerance:
        """Return the width that ``mm`` on paper covers on the ground at 1:``denominator``."""
        if not math.isfinite(denominator) or denominator <= 0:
            raise PlanError("error.scale", value=denominator)
        return cls(denominator * mm / 1000.0, area_m2)

    @classmethod
    def choose(
        cls, width_m: float | None = None, scale_denominator: float | None = None, area_m2: float = 0.0
    ) -> Tolerance:
        """Return the given width (0 means zero), else the scale's, else the default without a
        scale.
        """
        if width_m is not None:
            return cls(width_m, area_m2)
        if scale_denominator is not None:
            return cls.from_scale(scale_denominator, area_m2=area_m2)
        return cls(area_m2=area_m2)

    @staticmethod
    def combine(a: Tolerance, b: Tolerance) -> Tolerance:
        """Return the tolerance of two plans laid over each other: the coarser governs."""
        return Tolerance(max(a.width_m, b.width_m), max(a.area_m2, b.area_m2))
