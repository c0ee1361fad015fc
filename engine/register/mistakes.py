"""What is wrong with a register, reported all at once: row, column, what was found and what to
write instead.

The reader of tables that rule sets use notes its own mistakes here as well. Raised as
RegisterError, a PlanError.
"""

from __future__ import annotations

from pathlib import Path

from ..catalogue import text
from ..errors import PlanError
from ..tables.mistakes import SHOWN_ERRORS, Mistakes
from .entry import Register, RegisterEntry
from .words import columns


class RegisterError(PlanError):
    """A register that cannot be used; its text lists the mistakes, ``mistakes`` holds every one."""

    def __init__(self, path: Path, mistakes: list[tuple[str, dict[str, object]]]):
        self.mistakes = mistakes
        super().__init__("error.register.wrong", path=path, count=len(mistakes))

    def text(self, language: str) -> str:
        lines = [super().text(language)]
        lines += [text(key, language, **values) for key, values in self.mistakes[:SHOWN_ERRORS]]
        if len(self.mistakes) > SHOWN_ERRORS:
            lines.append(text("error.register.more", language, count=len(self.mistakes) - SHOWN_ERRORS))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text("en")


class RegisterMistakes(Mistakes):
    """Collects what is wrong with one register."""

    def raise_if_any(self) -> None:
        """End here, with everything that was found."""
        if self._found:
            raise RegisterError(self._source, self._found)


def outside_error(register: Register, entry: RegisterEntry) -> PlanError:
    """Why nothing of a row is opened whose path leads out of the register's folder."""
    column = entry.outside
    found = entry.source if column == "source" else "–"
    place = {"file": register.path.name, "row": entry.row, "column": column, "name_vi": columns()[column]["vi"]}
    return PlanError("error.register.outside", found=found, **place)
