"""Deciding about the chosen findings in a store, and undoing it: what lies between the keys of the dock and the history.

Goes in: the list's rows, with the status that the reviewer saw. Raises PlanError as engine/store/decisions.py does; then nothing was
written.
"""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsApplication, QgsSettings

from ...engine.store.decisions import Decision, decide, undo
from ...engine.store.listing import Row
from ...engine.store.place import Place

NAME_SETTING = "planconcord/reviewer"


def reviewer() -> str:
    """The name under which a person decides: the one entered, else the one that the computer knows."""
    entered = str(QgsSettings().value(NAME_SETTING, "") or "").strip()
    return entered or QgsApplication.userFullName().strip() or QgsApplication.userLoginName().strip() or "QGIS"


def remember_reviewer(name: str) -> None:
    """Keep the name for the next time."""
    QgsSettings().setValue(NAME_SETTING, name.strip())


class Reviewing:
    """The decisions of this window about one store, the last of which can be undone."""

    def __init__(self, path: Place):
        self._path = path
        self._done: list[list[Decision]] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is something of ours to undo."""
        return bool(self._done)

    def decide(
        self, rows: Sequence[Row], status: str, note: str = "", document: str = "", expiry: str = ""
    ) -> list[str]:
        """The findings that have been decided; those that have the status already are not."""
        seen = {row.finding_id: row.status for row in rows}
        made = decide(self._path, list(seen), status, reviewer(), note, document, expiry, seen)
        return self._keep(made)

    def reopen(self, finding_ids: Sequence[str], note: str) -> list[str]:
        """Open waivers again that have expired; which."""
        return self._keep(decide(self._path, finding_ids, "open", reviewer(), note))

    def undo(self) -> list[str]:
        """Undo the last decision; the findings it was about. A decision that was overtaken is not offered again."""
        made = undo(self._path, self._done.pop(), reviewer()) if self._done else []
        return [decision.finding_id for decision in made]

    def _keep(self, made: Sequence[Decision]) -> list[str]:
        if made:
            self._done.append(list(made))
        return [decision.finding_id for decision in made]
