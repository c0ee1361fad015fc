"""What a decision would be about: the findings that are chosen in the list, one of which the panel describes.

The list makes it, the dock hands it to panel and map, and a decision is about what panel and map have been given, never about what the
list says meanwhile: what nobody has seen, nobody decides.
"""

from __future__ import annotations

from typing import NamedTuple

from ...engine.store.listing import Row


class Chosen(NamedTuple):
    """``current`` is one of ``rows``; None and nothing while no finding is chosen."""

    current: Row | None = None
    rows: tuple[Row, ...] = ()

    def is_same(self, other: Chosen) -> bool:
        """Whether both are about the same findings and describe the same one, whatever their status."""
        return self._known() == other._known()

    def _known(self) -> tuple[str, list[str]]:
        return self.current.finding_id if self.current else "", [row.finding_id for row in self.rows]


NOTHING = Chosen()
