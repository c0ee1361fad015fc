"""What is wrong with a rule set, collected and reported together, so that a planner corrects the
files once.

Each mistake names file, row, column and remedy through a text of the catalogue. ``raise_if_any``
raises RuleSetError, a PlanError whose text lists them; ``RuleSetError.mistakes`` holds every one,
the text the first twenty. What is no mistake, but not read as it stands in the table, is noted:
``notes`` are keys of the catalogue with their values, for the log of the run.
"""

from __future__ import annotations

from pathlib import Path

from ..catalogue import text
from ..errors import PlanError

SHOWN_ERRORS = 20


class RuleSetError(PlanError):
    """A rule set that may not run; its text lists every mistake."""

    def __init__(self, source: Path, mistakes: list[tuple[str, dict[str, object]]]):
        self.mistakes = mistakes
        super().__init__("rules.wrong", source=source, count=len(mistakes))

    def text(self, language: str) -> str:
        lines = [super().text(language)]
        lines += [text(key, language, **values) for key, values in self.mistakes[:SHOWN_ERRORS]]
        if len(self.mistakes) > SHOWN_ERRORS:
            lines.append(text("rules.more", language, count=len(self.mistakes) - SHOWN_ERRORS))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text("en")


class Mistakes:
    """Collects what is wrong with the files of one rule set."""

    def __init__(self, source: Path):
        self._source, self._found = source, list[tuple[str, dict[str, object]]]()
        self.notes: list[tuple[str, dict[str, object]]] = []

    def add(self, key: str, **values: object) -> None:
        """Note a mistake: a key of the catalogue and what fills it."""
        self._found.append((key, values))

    def note(self, key: str, **values: object) -> None:
        """Note what a person should know of a table that can be used."""
        self.notes.append((key, values))

    def first(self) -> dict[str, object]:
        """Return where the first mistake stands and what was found there; IndexError if there is
        none.
        """
        return self._found[0][1]

    def __bool__(self) -> bool:
        return bool(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """End here, with everything that was found."""
        if self._found:
            raise RuleSetError(self._source, self._found)
