"""What intake changed on the way from a file to a plan layer: each change once, with its count, in
words for a person.

An entry is the same pair of catalogue key and values as in ``PlanLayer.notes``, so that the run of
a check carries it. A key of an entry begins with ``intake.``, or with ``table.`` where it speaks of
a table of labels or codes; a value called ``count`` is the number of features, rings, texts or
fields that it speaks of. ``CHANGES`` separates what altered data from what merely says how the file
was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..catalogue import text
from ..plan import Note

SAYS_ONLY = ("intake.note.", "table.note.")
"""Entries that say something about the file; every other one stands for data that differ from the
file's.
"""


@dataclass
class IntakeReport:
    """The entries of one source, in the order in which they happened."""

    source: str
    entries: list[Note] = field(default_factory=list)

    def add(self, key: str, **values: object) -> None:
        """One more entry."""
        self.entries.append((key, values))

    def count(self, key: str) -> int:
        """Return how many features, rings, texts or fields the entries of ``key`` speak of; an
        entry without a number counts once.
        """
        total = 0
        for found, values in self.entries:
            if found == key:
                number = values.get("count", 1)
                total += number if isinstance(number, int) else 1
        return total

    @property
    def changed(self) -> bool:
        """Whether anything in the data differs from the file."""
        return any(not key.startswith(SAYS_ONLY) for key, _ in self.entries)

    def lines(self, language: str) -> list[str]:
        """Return one sentence an entry."""
        return [text(key, language, **values) for key, values in self.entries]

    def rows(self, language: str) -> list[dict[str, object]]:
        """Return a table: code, count and sentence of each entry."""
        rows: list[dict[str, object]] = []
        for key, values in self.entries:
            rows.append({"code": key, "count": values.get("count", 1), "text": text(key, language, **values)})
        return rows
