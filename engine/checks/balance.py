"""The arithmetic that every coverage run proves and prints (design, section 5).

    sum of zone areas = area covered at least once + excess          (excess: every further layer of cover)
    area covered      = boundary area - gap area + area outside      (with a boundary)

The left and right sides come from different computations (areas, union, faces of overlaps,
differences), so a piece that one of them lost shows as a residual. And what was found must be what
the depth of the ground says: all pairs share the ground of depth d as often as there are pairs
among d zones, all gaps are the ground of depth 0. A run without a boundary has no second equation,
but that account it has: its gaps must be all that the outlines enclose less what is covered. Areas
in m² on the plane of the working CRS, noise included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ..catalogue import number, text
from ..findings import Measure
from ..planar.cover import Cover

RELATIVE_ALLOWANCE = 1e-9


@dataclass(frozen=True)
class Account:
    """Findings of one kind ("pairs", "gaps", "overhang"): their sum, and the same ground counted by
    depth.
    """

    kind: str
    found_m2: float
    counted_m2: float
    allowance_m2: float

    @property
    def closes(self) -> bool:
        """Whether both are the same but for rounding; a NaN never closes."""
        return abs(self.found_m2 - self.counted_m2) <= self.allowance_m2


def accounts(cover: Cover, bounded: bool) -> tuple[Account, ...]:
    """Return what was found against what the depth says; without a boundary nothing can lie
    outside.
    """

    def account(kind: str, found: np.ndarray, counted_m2: float) -> Account:
        found_m2 = float(shapely.area(found).sum())
        rounding_m2 = cover.step_m * (float(shapely.length(found).sum()) + cover.suspect_length_m)
        return Account(kind, found_m2, counted_m2, RELATIVE_ALLOWANCE * cover.covered_m2 + rounding_m2)

    made = [account("pairs", cover.shared, cover.pairs_m2), account("gaps", cover.gaps, cover.gap_m2)]
    if bounded:
        made.append(account("overhang", cover.overhang, cover.overhang_m2))
    return tuple(made)


@dataclass(frozen=True)
class Balance:
    """The terms of the balance; ``boundary_m2`` is None where no boundary was given."""

    zones_m2: float
    covered_m2: float
    excess_m2: float
    boundary_m2: float | None
    gap_m2: float
    outside_m2: float
    suspect_length_m: float
    step_m: float
    accounts: tuple[Account, ...] = ()

    @property
    def residual_m2(self) -> float:
        """What does not add up: the larger of the two equations' residuals, unsigned."""
        first = abs(self.zones_m2 - self.covered_m2 - self.excess_m2)
        if self.boundary_m2 is None:
            return first
        second = abs(self.covered_m2 - (self.boundary_m2 - self.gap_m2 + self.outside_m2))
        return float(np.max([first, second]))  # not max(): that would drop a NaN, and the balance would close

    @property
    def allowance_m2(self) -> float:
        """What rounding may explain."""
        whole = self.covered_m2 if self.boundary_m2 is None else self.boundary_m2
        return RELATIVE_ALLOWANCE * whole + self.step_m * self.suspect_length_m

    @property
    def closes(self) -> bool:
        """Whether the residual is within the allowance and what was found adds up; a NaN never
        closes.
        """
        return self.residual_m2 <= self.allowance_m2 and all(account.closes for account in self.accounts)

    def measures(self) -> list[Measure]:
        """Return the terms as measures, in m²."""
        terms = [
            Measure("zone_area", self.zones_m2, "m2"),
            Measure("covered_area", self.covered_m2, "m2"),
            Measure("excess_area", self.excess_m2, "m2"),
            Measure("balance_residual", self.residual_m2, "m2"),
            Measure("balance_allowance", self.allowance_m2, "m2"),
        ]
        if self.boundary_m2 is not None:
            terms.append(Measure("boundary_area", self.boundary_m2, "m2"))
            terms.append(Measure("gap_area_with_noise", self.gap_m2, "m2"))
            terms.append(Measure("outside_area_with_noise", self.outside_m2, "m2"))
        return terms

    def log(self, language: str) -> list[str]:
        """Return the balance in words, as it is printed."""
        shown = {
            name: number(value, 4, language)
            for name, value in (
                ("zones", self.zones_m2),
                ("covered", self.covered_m2),
                ("excess", self.excess_m2),
                ("boundary", self.boundary_m2 or 0.0),
                ("gap", self.gap_m2),
                ("outside", self.outside_m2),
            )
        }
        residual = {
            "residual": number(self.residual_m2, 9, language),
            "allowance": number(self.allowance_m2, 9, language),
        }
        lines = [text("balance.layers", language, **shown)]
        if self.boundary_m2 is not None:
            lines.append(text("balance.boundary", language, **shown))
        for account in self.accounts:
            if not account.closes:
                found, counted = number(account.found_m2, 4, language), number(account.counted_m2, 4, language)
                lines.append(text(f"balance.{account.kind}", language, found=found, counted=counted))
        lines.append(text("balance.closes" if self.closes else "balance.broken", language, **residual))
        return lines
