"""The figures of a sheet: findings by severity and status, and by rule, with their hectares.

Goes in: findings. Comes out: rows of numbers; ground that two findings share counts in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..catalogue import SEVERITIES
from ..store.decisions import STATUSES
from .reading import SheetFinding


class SeverityRow(NamedTuple):
    """Findings of one severity: all, in the order of STATUSES, and the ground they cover."""

    severity: str
    total: int
    by_status: tuple[int, ...]
    area_m2: float


class RuleRow(NamedTuple):
    """Findings of one rule and severity: all, those still disputed, and the ground they cover."""

    rule: str
    severity: str
    total: int
    disputed: int
    area_m2: float


def by_severity(entries: Sequence[SheetFinding]) -> list[SeverityRow]:
    """Return a row for each severity, also where nothing was found."""
    rows = []
    for severity in SEVERITIES:
        found = [entry for entry in entries if entry["severity"] == severity]
        statuses = tuple(sum(entry.status == status for entry in found) for status in STATUSES)
        rows.append(SeverityRow(severity, len(found), statuses, sum(entry.area_m2 for entry in found)))
    return rows


def by_rule(entries: Sequence[SheetFinding]) -> list[RuleRow]:
    """Return a row for each rule and severity that occurs, worst first."""
    groups: dict[tuple[int, str], list[SheetFinding]] = {}
    for entry in entries:
        if entry["severity"] in SEVERITIES:
            groups.setdefault((SEVERITIES.index(entry["severity"]), entry["rule"]), []).append(entry)
    return [
        RuleRow(
            rule,
            SEVERITIES[rank],
            len(found),
            sum(entry.disputed for entry in found),
            sum(entry.area_m2 for entry in found),
        )
        for (rank, rule), found in sorted(groups.items())
    ]
