"""One row of a rule set: what it says of a pair of codes, why, and by which text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

VerdictWord = Literal["conflict", "conditional", "compatible"]
VERDICTS: tuple[VerdictWord, ...] = get_args(VerdictWord)
"""From strict to lenient."""


UNLISTED = "unlisted"


@dataclass(frozen=True)
class Verdict:
    """One row of a rule set; areas in m². ``review`` says what no planner has confirmed yet, ""
    where all is. ``reference_en``: how an English text cites ``reference``, "" where that is cited
    as it is.

    ``row`` is the row number in the file, 0 for a row that stands in no file.
    """

    verdict: str
    condition: str = ""
    min_area_m2: float = 0.0
    reason_vi: str = ""
    reason_en: str = ""
    reference: str = ""
    review: str = ""
    source: str = ""
    row: int = field(default=0, compare=False)
    reference_en: str = ""

    def cited(self, language: str) -> str:
        """Return the reference as a text in a language cites it."""
        return self.reference if language == "vi" else (self.reference_en or self.reference)

    def reason(self, language: str) -> str:
        """Condition and reason in a language, the other language's where it is missing."""
        words = (self.reason_vi or self.reason_en) if language == "vi" else (self.reason_en or self.reason_vi)
        return "; ".join(part for part in (self.condition, words) if part)

    def strictness(self) -> tuple[int, float]:
        """Sorts the stricter row first: by verdict, then by the area from which on it counts."""
        return VERDICTS.index(self.verdict) if self.verdict in VERDICTS else len(VERDICTS), self.min_area_m2


NO_ROW = Verdict(UNLISTED)
