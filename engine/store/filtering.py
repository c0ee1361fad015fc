"""What of a store is shown, how it is grouped and in which order, as SQL about the copy in memory
(:mod:`.copying`).

Goes in: a :class:`Filter`. Comes out: a condition and its values; expressions to group and to sort
by. Never fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..names import without_accents
from .copying import rank
from .decisions import STATUSES

GROUPS = ("severity", "rule", "territory", "plans", "none")
SORTS = ("severity", "rule", "status", "territory", "zones", "area", "width", "message")
HANDLED = "handled"
"""A filter's status: any but open."""
CHANGES = ("new", "changed", "reopened", "persisting", "resolved", "unassessed")
"""What became of a finding since the last run, as the column ``change`` has it."""
LAPSED = "lapsed"
"""A filter's change: findings that are open because a run let their waiver lapse, and nobody has
decided since.
"""
BETWEEN = "\x1f"
"""Between the two plans in the key of a group."""
GROUP_SQL = {
    "severity": "severity_rank",
    "rule": "rule",
    "territory": "territory",
    "plans": f"plan_a || '{BETWEEN}' || plan_b",
    "none": "''",
}
SORT_SQL = {
    "severity": "severity_rank",
    "rule": "rule",
    "status": rank("status", STATUSES),
    "territory": "territory",
    "zones": "zone_a {way}, zone_b",
    "area": "area_m2",
    "width": "width_m",
    "message": "message",
}


@dataclass(frozen=True)
class Filter:
    """What to show; conditions combine. ``extent`` is (west, south, east, north) in the store's
    CRS; None and "" mean any.
    """

    text: str = ""
    rule: str = ""
    severity: str = ""
    status: str = ""
    territory: str | None = None
    extent: tuple[float, float, float, float] | None = None
    area_from_m2: float | None = None
    area_to_m2: float | None = None
    width_from_m: float | None = None
    width_to_m: float | None = None
    change: str = ""

    @property
    def words(self) -> list[str]:
        """What ``text`` looks for: each of its words, without case and accents."""
        return folded(self.text).split()

    def condition(self) -> tuple[str, list[Any]]:
        """Return a condition of SQL, and its values; the words of ``text`` are looked for in the
        column ``words``.
        """
        parts, values = ["1"], []
        for column in ("rule", "severity"):
            if getattr(self, column):
                parts.append(f"{column} = ?")
                values.append(getattr(self, column))
        if self.territory is not None:
            parts.append("territory = ?")
            values.append(self.territory)
        if self.status:
            parts.append("status <> ?" if self.status == HANDLED else "status = ?")
            values.append("open" if self.status == HANDLED else self.status)
        for column, sign, limit in (
            ("area_m2", ">=", self.area_from_m2),
            ("area_m2", "<=", self.area_to_m2),
            ("width_m", ">=", self.width_from_m),
            ("width_m", "<=", self.width_to_m),
        ):
            if limit is not None:
                parts.append(f"{column} {sign} ?")
                values.append(limit)
        if self.extent is not None:
            west, south, east, north = self.extent
            parts.append("minx <= ? AND maxx >= ? AND miny <= ? AND maxy >= ?")
            values += [east, west, north, south]
        if self.change:
            parts.append("lapsed" if self.change == LAPSED else "change = ?")
            values += [] if self.change == LAPSED else [self.change]
        for word in self.words:
            parts.append("instr(words, ?) > 0")
            values.append(word)
        return " AND ".join(parts), values


def folded(text: str) -> str:
    """Return a text without case and accents, because people search without them: "chồng lấn" as
    "chong lan".
    """
    return without_accents(text).casefold()
