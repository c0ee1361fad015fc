"""Are the findings of the demo exactly the defects that were planted? Neither fewer nor more, above
the tolerance.

Goes in: the findings of all districts and truth.csv of the demo province. A planted defect is found
when a finding has its rule, its plan and its zones, and its area to one part in a thousand. Comes
out: the lines to print and whether all agree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

AREA_ACCURACY = 1e-3
CHECKED = (
    "geometry.invalid",
    "geometry.empty",
    "geometry.duplicate",
    "coverage.overlap",
    "coverage.gap",
    "coverage.outside",
    "key.missing",
    "key.duplicate",
    "code.missing",
    "code.unknown",
    "conformity.conflict",
    "conformity.conditional",
    "conformity.unlisted",
    "conformity.unplanned",
)
"""The rules of the two checks that the demo runs one by one."""
PROVINCE_CHECKED = (*CHECKED, "area.declared")
"""The rules that checkprovince reports on the demo's register."""


@dataclass(frozen=True)
class Agreement:
    """``lines`` to print; ``complete``: every planted defect was found and nothing else."""

    lines: list[str]
    complete: bool


def compare(findings: pd.DataFrame, truth: Path, rules: tuple[str, ...] = CHECKED) -> Agreement:
    """Hold the findings of ``rules`` above the tolerance against the truth."""
    planted = pd.read_csv(truth, dtype=str, keep_default_na=False)
    planted = planted[(planted["noise"].str.lower() != "true") & planted["rule"].isin(rules)]
    found = findings[(findings["severity"] != "info") & findings["rule"].isin(rules)]
    # a zone without a code stops both checks, and both say so: one defect
    found = found.drop_duplicates(["rule", "plan_a", "zone_a", "zone_b", "x", "y"])
    lines = ["", f"{'planted defects':<28}{'planted':>9}{'found':>8}{'missed':>8}{'extra':>7}"]
    complete = True
    for rule in rules:
        there, seen = planted[planted["rule"] == rule], found[found["rule"] == rule]
        missed, extra = _unmatched(there, seen)
        complete &= not missed and not extra
        if len(there) or len(seen):
            counts = f"{len(there):>9}{len(seen):>8}{len(missed):>8}{len(extra):>7}"
            lines.append(f"{rule:<28}{counts}")
            lines += [f"    missed: {name}" for name in missed[:10]] + [f"    extra:  {name}" for name in extra[:10]]
    lines.append(
        "Every planted defect was found, and nothing else." if complete else "THE FINDINGS DIFFER FROM THE TRUTH."
    )
    return Agreement(lines, complete)


def _unmatched(planted: pd.DataFrame, found: pd.DataFrame) -> tuple[list[str], list[str]]:
    """(planted but not found, found but not planted), each as a line that names it."""
    rest = Counter(_name(row) for row in found.to_dict("records"))
    areas: dict[str, list[float]] = {}
    for row in found.to_dict("records"):
        areas.setdefault(_name(row), []).append(float(row["area_m2"]))
    missed = []
    for row in planted.to_dict("records"):
        name = _name(_as_reported(row))
        area = float(row["area_m2"] or "nan")
        near = [a for a in areas.get(name, []) if _same_area(a, area)]
        if not near:
            missed.append(f"{row['defect_id']} {name} {row['area_m2']} m²")
            continue
        areas[name].remove(near[0])
        rest[name] -= 1
    extra = [f"{name} {area:.2f} m²" for name, left in areas.items() for area in left]
    return missed, extra


def _as_reported(row: dict[str, object]) -> dict[str, object]:
    """Return the planted defect with the zone called as a finding calls it: a key that is missing
    or not unique by its fid.
    """
    if row["rule"] == "key.missing":
        return {**row, "zone_a": f"fid={row['fid_a']}", "zone_b": ""}
    if row["rule"] == "key.duplicate":
        return {**row, "zone_a": f"{row['zone_a']} (fid={row['fid_a']})", "zone_b": ""}
    return row


def _same_area(found: float, planted: float) -> bool:
    if planted != planted or planted == 0 or found != found:
        return True
    return abs(found - planted) <= AREA_ACCURACY * planted


def _name(row: dict[str, object]) -> str:
    zones = sorted(zone for zone in (str(row["zone_a"] or ""), str(row["zone_b"] or "")) if zone and zone != "nan")
    if row["rule"] == "coverage.gap":
        zones = []  # which two of its neighbours a gap is named after is a matter of lengths
    return f"{row['rule']} {row['plan_a']} {' '.join(zones)}".strip()
