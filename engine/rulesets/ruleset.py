"""A rule set answers: may this lower code lie on that upper code, under which condition, why, by which reference?

``verdicts`` are rows (upper code, lower code) -> Verdict. Codes are compared without regard to case, accent composition
and outer blanks. ``*`` stands for any code: a pair that no row names is answered by (upper, *), then by (*, lower) - the
stricter of the two where both exist - then by (*, *), and is otherwise ``unlisted``, which is reported and never passed
over in silence.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

ANY = "*"
VERDICTS = ("conflict", "conditional", "compatible")
"""From strict to lenient."""
UNLISTED = "unlisted"


@dataclass(frozen=True)
class Verdict:
    """One row of a rule set; areas in m². ``review`` marks a row that no planner has confirmed yet."""

    verdict: str
    condition: str = ""
    min_area_m2: float = 0.0
    reason_vi: str = ""
    reason_en: str = ""
    reference: str = ""
    review: bool = False

    def reason(self, language: str) -> str:
        """Condition and reason in a language, the other language's where it is missing."""
        words = (self.reason_vi or self.reason_en) if language == "vi" else (self.reason_en or self.reason_vi)
        return "; ".join(part for part in (self.condition, words) if part)


NO_ROW = Verdict(UNLISTED)


@dataclass(frozen=True)
class Precedence:
    """Which of two plans gives way, by the article of the law."""

    must_adjust_vi: str
    must_adjust_en: str
    article: str

    def text(self, language: str) -> str:
        """Who adjusts, with the article."""
        who = self.must_adjust_vi if language == "vi" else self.must_adjust_en
        return f"{who} ({self.article})" if self.article else who


@dataclass(frozen=True)
class RuleSet:
    """Verdicts by (upper code, lower code) as :func:`fold` writes them; ``digest`` is the SHA-256 of its files."""

    name: str
    verdicts: Mapping[tuple[str, str], Verdict]
    precedence: Mapping[tuple[str, str], Precedence] = field(default_factory=dict)
    digest: str = ""

    def verdict(self, upper_code: str, lower_code: str) -> Verdict:
        """The verdict for a pair of codes; NO_ROW if no row answers."""
        upper, lower = fold(upper_code), fold(lower_code)
        exact = self.verdicts.get((upper, lower))
        if exact is not None:
            return exact
        general = [self.verdicts[pair] for pair in ((upper, ANY), (ANY, lower)) if pair in self.verdicts]
        if general:
            return min(general, key=lambda row: VERDICTS.index(row.verdict))
        return self.verdicts.get((ANY, ANY), NO_ROW)

    def knows_lower(self, code: str) -> bool:
        """Whether some row names this lower code, or any code."""
        return bool({fold(code), ANY} & self._lower_codes)

    def knows_upper(self, code: str) -> bool:
        """Whether some row names this upper code, or any code."""
        return bool({fold(code), ANY} & self._upper_codes)

    @functools.cached_property
    def _lower_codes(self) -> frozenset[str]:
        return frozenset(lower for _, lower in self.verdicts)

    @functools.cached_property
    def _upper_codes(self) -> frozenset[str]:
        return frozenset(upper for upper, _ in self.verdicts)

    def must_adjust(self, upper_level: str, lower_level: str, language: str) -> str:
        """Who gives way between two levels; "" where the table does not say."""
        found = self.precedence.get((upper_level, lower_level))
        return found.text(language) if found else ""


def fold(code: str) -> str:
    """A code as it is compared: composed, blanks collapsed, without regard to case."""
    return " ".join(unicodedata.normalize("NFC", code).split()).casefold()
