"""A rule set answers: may this lower code lie on that upper code, under which condition, why, by
which reference?

``verdicts`` are rows (upper code, lower code) -> Verdict; ``codes`` say which code is part of
which, and how each is called and coloured; ``precedence`` says which of two levels gives way. Codes
are compared without regard to case, accent composition and outer blanks (:func:`..codes.fold`);
``*`` stands for any code. How a pair finds its row is described in :mod:`.lookup`; a pair without
one is ``unlisted``, which is reported and never passed over in silence.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..catalogue import text
from ..codes import fold, hint, is_mixed, plain
from .lookup import ANY, Answers, Finder, all_answers
from .verdict import NO_ROW, UNLISTED, VERDICTS, Verdict


@dataclass(frozen=True)
class Precedence:
    """Which of two plans gives way, by the article of the law."""

    must_adjust_vi: str
    must_adjust_en: str
    article: str
    review: str = ""
    source: str = ""
    article_en: str = ""

    def text(self, language: str) -> str:
        """Who adjusts, with the article as a text in that language cites it."""
        who = self.must_adjust_vi if language == "vi" else self.must_adjust_en
        article = self.article if language == "vi" else (self.article_en or self.article)
        return f"{who} ({article})" if article else who


@dataclass(frozen=True)
class Code:
    """A land use or zone as a plan's legend knows it.

    ``parents``: what it is part of, in whichever generation. ``generations``: the circulars that
    have it, oldest first. ``realised_by``: the lower codes that carry out this designation of an
    upper plan; empty where nothing says. ``overlapping``: a functional zone, which overlaps the
    land-use codes by nature and is never summed with them.
    """

    code: str
    name_vi: str = ""
    name_en: str = ""
    hex: str = ""
    parents: tuple[str, ...] = ()
    generations: tuple[str, ...] = ()
    successor: str = ""
    question_vi: str = ""
    question_en: str = ""
    realised_by: tuple[str, ...] = ()
    overlapping: bool = False
    source: str = ""
    review: str = ""

    def name(self, language: str) -> str:
        """Return the name in a language, the other language's where it is missing."""
        return (self.name_vi or self.name_en) if language == "vi" else (self.name_en or self.name_vi)

    def question(self, language: str) -> str:
        """Return what to ask the planner where no single code succeeds this one; "" where one
        does.
        """
        return (self.question_vi or self.question_en) if language == "vi" else (self.question_en or self.question_vi)


@dataclass(frozen=True)
class About:
    """What ``ruleset.toml`` says of the set; dates as ISO text, "" where not given. ``upper`` and
    ``lower``: by language.
    """

    version: str = ""
    date: str = ""
    languages: tuple[str, ...] = ()
    valid_from: str = ""
    valid_to: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    upper: Mapping[str, str] = field(default_factory=dict)
    lower: Mapping[str, str] = field(default_factory=dict)
    generation: str = ""
    """The generation of codes that is current for lower codes; an older one is superseded."""


@dataclass(frozen=True)
class RuleSet:
    """Verdicts by (upper, lower) code, codes by code, both as :func:`fold` writes them; precedence
    by (upper, lower) level.

    ``digest`` is the SHA-256 of what the files say, in a canonical order, whatever they are wrapped
    in.
    """

    name: str
    verdicts: Mapping[tuple[str, str], Verdict]
    precedence: Mapping[tuple[str, str], Precedence] = field(default_factory=dict)
    digest: str = ""
    codes: Mapping[str, Code] = field(default_factory=dict)
    about: About = About()
    labels: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The code that a planner has accepted for a label, by (side, label): side "upper" or "lower";
    both folded.
    """
    notes: tuple[tuple[str, dict[str, object]], ...] = ()
    """How its tables were read where not as they stand: keys of the catalogue with their values."""

    @property
    def version(self) -> str:
        """The version that ``ruleset.toml`` states."""
        return self.about.version

    @property
    def identity(self) -> tuple[str, str]:
        """What the record of a run says of the set: name with version, and digest."""
        return " ".join(filter(None, [self.name, self.about.version])), self.digest

    def told(self, language: str) -> list[str]:
        """Return what a person should know of how the set was read."""
        return [text(key, language, **values) for key, values in self.notes]

    def verdict(self, upper_code: str, lower_code: str) -> Verdict:
        """Return the verdict for a pair of codes; NO_ROW if no row answers. Labels are judged by
        the codes accepted for them.

        A code that only looks like another one is unlisted, whatever a row for any code says, and
        the reason says what is wrong.
        """
        upper, lower = fold(upper_code), fold(lower_code)
        wrong = [code for side, code in (("upper", upper_code), ("lower", lower_code)) if self.is_disguised(code, side)]
        if wrong:
            told = {language: " ".join(hint(code, language) for code in wrong) for language in ("vi", "en")}
            return Verdict(UNLISTED, reason_vi=told["vi"], reason_en=told["en"])
        own = self.verdicts.get((upper, lower))
        if own is not None and own.verdict != UNLISTED:
            return own
        found = self._finder.row(self._accepted("upper", upper), self._accepted("lower", lower))
        return found or own or NO_ROW

    def answers(
        self,
        upper_codes: Sequence[str] | np.ndarray,
        lower_codes: Sequence[str] | np.ndarray,
        upper: np.ndarray | None = None,
        lower: np.ndarray | None = None,
    ) -> Answers:
        """Return the verdicts of many pairs at once; each pair of codes is looked up once, however
        often it occurs.

        Pair i is (upper_codes[i], lower_codes[i]); or, where ``upper`` and ``lower`` (integer
        indices of equal length) are given, (upper_codes[upper[i]], lower_codes[lower[i]]), so that
        codes of zones need not be spread over pairs.
        """
        return all_answers(self.verdict, upper_codes, lower_codes, upper, lower)

    def knows_lower(self, code: str) -> bool:
        """Return whether some row names this lower code, one that it is part of, or any code."""
        # A label stays known by its own rows, whatever code was accepted for it.
        label = fold(code)
        known = self._finder.knows_lower(self._accepted("lower", label)) or self._finder.knows_lower(label)
        return known and not self.is_disguised(code, "lower")

    def knows_upper(self, code: str) -> bool:
        """Return whether some row names this upper code, one that it is part of, or any code."""
        # A label stays known by its own rows, whatever code was accepted for it.
        label = fold(code)
        known = self._finder.knows_upper(self._accepted("upper", label)) or self._finder.knows_upper(label)
        return known and not self.is_disguised(code, "upper")

    def is_disguised(self, written: str, side: str) -> bool:
        """Return whether a code that nothing here names looks like another one: an unseen
        character, a letter of another alphabet.
        """
        if written.isascii():
            return False
        label = fold(written)
        if label in self.codes or (side, label) in self.labels or label in self._named[side]:
            return False
        seen = fold(plain(written))
        return is_mixed(written) or (seen != label and (seen in self.codes or seen in self._named[side]))

    def code(self, written: str, side: str = "") -> Code | None:
        """Return what the list says of a code; of the code accepted for a label where it is one.
        ``side``: "upper", "lower".
        """
        label = fold(written)
        if label in self.codes:
            return self.codes[label]
        sides = (side,) if side else ("lower", "upper")
        accepted = (self.labels[one, label] for one in sides if (one, label) in self.labels)
        return self.codes.get(next(accepted, ""))

    def code_name(self, written: str, language: str, side: str = "") -> str:
        """Return the name of a code, "" where the list has none."""
        found = self.code(written, side)
        return found.name(language) if found else ""

    def superseded(self, written: str) -> Code | None:
        """Return the code, if it belongs to an older generation only: ``successor``, or else
        ``question`` says what to do.
        """
        found, current = self.codes.get(fold(written)), self.about.generation
        return found if found and current and found.generations and current not in found.generations else None

    def gives_way(self, upper_level: str, lower_level: str) -> Precedence | None:
        """Who gives way between two levels (must_adjust_vi, must_adjust_en, article); None where
        the table does not say.
        """
        return self.precedence.get((upper_level, lower_level))

    def must_adjust(self, upper_level: str, lower_level: str, language: str) -> str:
        """Who gives way between two levels, with the article; "" where the table does not say."""
        found = self.gives_way(upper_level, lower_level)
        return found.text(language) if found else ""

    def lineage(self, code: str) -> Mapping[str, int]:
        """Return the code itself and all that it is part of, with the number of steps; codes as
        :func:`fold` writes them.
        """
        return _lineage(self.codes, fold(code))

    def realises(self, lower_code: str, upper_code: str) -> bool | None:
        """Return whether a lower code carries out an upper designation; None where ``realised_by``
        of the upper code is empty.
        """
        found = self.code(upper_code, "upper")
        if found is None or not found.realised_by:
            return None
        line = _lineage(self.codes, self._accepted("lower", fold(lower_code)))
        return any(fold(code) in line for code in found.realised_by)

    def _accepted(self, side: str, label: str) -> str:
        return self.labels.get((side, label), label)

    @functools.cached_property
    def _named(self) -> Mapping[str, frozenset[str]]:
        """The codes that rows name on each side; what a list holds and nobody has decided is not
        known by that.
        """
        decided = [pair for pair, row in self.verdicts.items() if row.verdict != UNLISTED]
        return {side: frozenset(pair[place] for pair in decided) for place, side in enumerate(("upper", "lower"))}

    @functools.cached_property
    def _finder(self) -> Finder:
        return Finder(self.verdicts, functools.partial(_lineage, self.codes))


def _lineage(codes: Mapping[str, Code], code: str) -> dict[str, int]:
    """Steps to all that a code is part of: the longest way counts, so that a whole is farther than
    each of its parts.

    A superseded code is part of its successor. Reading refuses circles; here they only end.
    """
    steps = {code: 0}
    waiting = [code]
    while waiting:
        here = waiting.pop()
        known = codes.get(here)
        if known is None:
            continue
        for above in filter(None, map(fold, (known.successor, *known.parents))):
            if steps.get(above, 0) <= steps[here] < len(codes):
                steps[above] = steps[here] + 1
                waiting.append(above)
    return steps


__all__ = [
    "ANY",
    "NO_ROW",
    "UNLISTED",
    "VERDICTS",
    "About",
    "Answers",
    "Code",
    "Precedence",
    "RuleSet",
    "Verdict",
]
