"""Which row of a rule set answers a pair of codes, for one pair and for millions.

A code's line is the code, then what it is part of, by the number of steps, then ``*``. A row
answers a pair if it names one of the upper code's line and one of the lower code's line. Of two
such rows the more specific one is nearer on one side and not farther on the other. Where rows cross
(nearer above, farther below), a row with ``*`` among them makes it a question of strictness:
conflict before conditional before compatible, then the smaller min_area_m2, then the row nearer on
the upper side. Crossing rows that both name codes and disagree are a contradiction, which reading
refuses (:func:`crossings`). Goes in: rows by (upper, lower) code, and what gives a code's line.
Comes out: rows, or :class:`Answers`, a number per pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..values import is_missing
from .verdict import Verdict

ANY = "*"
ANY_STEPS = 1_000_000
"""Any code is farther than whatever a code is part of."""
Pair = tuple  # (upper code, lower code)


@dataclass(frozen=True)
class Answers:
    """The answer to each of many pairs: ``rows[number[i]]`` is the Verdict of pair i."""

    number: np.ndarray
    rows: tuple[Verdict, ...]

    def __len__(self) -> int:
        return len(self.number)

    def column(self, name: str) -> np.ndarray:
        """Return one field of the verdicts, such as "verdict", "min_area_m2" or "reference", for
        every pair.
        """
        values = [getattr(row, name) for row in self.rows]
        return _spread(values, self.number, float if name == "min_area_m2" else object)

    def reasons(self, language: str) -> np.ndarray:
        """Condition and reason in a language, for every pair."""
        return _spread([row.reason(language) for row in self.rows], self.number, object)

    def references(self, language: str) -> np.ndarray:
        """Return the reference as a text in a language cites it, for every pair."""
        return _spread([row.cited(language) for row in self.rows], self.number, object)

    def among(self, words: Sequence[str]) -> np.ndarray:
        """Return whether the verdict of each pair is one of ``words``."""
        return _spread([row.verdict in words for row in self.rows], self.number, bool)

    def where(self, kept: np.ndarray) -> Answers:
        """Return the answers of some pairs, by mask or by index."""
        return Answers(self.number[kept], self.rows)


def _spread(values: list, number: np.ndarray, kind: type) -> np.ndarray:
    told: np.ndarray = np.empty(len(values), dtype=kind)
    told[:] = values
    return told[number]


class _Found(NamedTuple):
    """A row and how far it is from the pair, in steps along each line."""

    above: int
    below: int
    row: Verdict
    general: bool

    def beats(self, other: _Found) -> bool:
        nearer = self.above <= other.above and self.below <= other.below
        return nearer and (self.above, self.below) != (other.above, other.below)


class Finder:
    """Finds rows; remembers each code's line and each pair's answer."""

    def __init__(self, rows: Mapping[Pair, Verdict], line_of: Callable[[str], Mapping[str, int]]):
        self._rows, self._line_of = rows, line_of
        self._named_above = frozenset(upper for upper, _ in rows)
        self._named_below = frozenset(lower for _, lower in rows)
        self._above: dict[str, dict[str, int]] = {}
        self._below: dict[str, dict[str, int]] = {}
        self._answers: dict[Pair, Verdict | None] = {}

    def row(self, upper: str, lower: str) -> Verdict | None:
        """Return the row that answers a pair, or None."""
        exact = self._rows.get((upper, lower))
        if exact is not None:
            return exact
        pair = (upper, lower)
        if pair not in self._answers:
            best = self._most_specific(upper, lower)
            chosen = min(best, key=lambda found: (*found.row.strictness(), found.above), default=None)
            self._answers[pair] = None if chosen is None else chosen.row
        return self._answers[pair]

    def disagreeing(self, upper: str, lower: str) -> list[Verdict]:
        """Rows that name codes, none more specific than another, and answer a pair differently;
        none if all agree.
        """
        best = self._most_specific(upper, lower)
        if len(best) < 2 or any(found.general for found in best):
            return []
        differing = {found.row.strictness() for found in best}
        return [found.row for found in best] if len(differing) > 1 else []

    def knows_upper(self, code: str) -> bool:
        """Return whether some row names a code of this upper code's line."""
        return bool(self._upper_line(code))

    def knows_lower(self, code: str) -> bool:
        """Return whether some row names a code of this lower code's line."""
        return bool(self._lower_line(code))

    def _most_specific(self, upper: str, lower: str) -> list[_Found]:
        found = []
        below = self._lower_line(lower)
        for code_above, far_above in self._upper_line(upper).items():
            for code_below, far_below in below.items():
                row = self._rows.get((code_above, code_below))
                if row is not None:
                    found.append(_Found(far_above, far_below, row, ANY in (code_above, code_below)))
        return [one for one in found if not any(other.beats(one) for other in found)]

    def _upper_line(self, code: str) -> dict[str, int]:
        """Return what of an upper code's line the rows name at all."""
        if code not in self._above:
            self._above[code] = _named(self._line_of(code), self._named_above)
        return self._above[code]

    def _lower_line(self, code: str) -> dict[str, int]:
        if code not in self._below:
            self._below[code] = _named(self._line_of(code), self._named_below)
        return self._below[code]


def _named(line: Mapping[str, int], names: frozenset[str]) -> dict[str, int]:
    return {code: steps for code, steps in {**line, ANY: ANY_STEPS}.items() if code in names}


def crossings(rows: Mapping[Pair, Verdict], line_of: Callable[[str], Mapping[str, int]]) -> Iterator[Pair]:
    """Pairs of codes that no row names and that two rows reach, each nearer on another side; ``*``
    is not a code here.
    """
    by_part: dict[Pair, list[str]] = {}
    for upper, lower in rows:
        for whole in _wholes(line_of, lower):
            by_part.setdefault((upper, whole), []).append(lower)
    seen = set()
    for upper, lower in rows:
        for whole in _wholes(line_of, upper):
            for part in by_part.get((whole, lower), ()):
                pair = (upper, part)
                if pair not in rows and pair not in seen:
                    seen.add(pair)
                    yield pair


def _wholes(line_of: Callable[[str], Mapping[str, int]], code: str) -> list[str]:
    return [whole for whole, steps in line_of(code).items() if steps]


def all_answers(
    verdict: Callable[[str, str], Verdict],
    upper_codes: Sequence[str] | np.ndarray,
    lower_codes: Sequence[str] | np.ndarray,
    upper: np.ndarray | None,
    lower: np.ndarray | None,
) -> Answers:
    """Return the answers of :meth:`RuleSet.answers`, each pair of codes asked once."""
    upper_number, upper_names = pd.factorize(np.asarray(upper_codes, dtype=object), use_na_sentinel=False)
    lower_number, lower_names = pd.factorize(np.asarray(lower_codes, dtype=object), use_na_sentinel=False)
    above = upper_number if upper is None else upper_number[upper]
    below = lower_number if lower is None else lower_number[lower]
    if len(above) != len(below):
        raise ValueError(f"{len(above)} upper and {len(below)} lower codes make no pairs")
    pair = above.astype(np.int64) * max(len(lower_names), 1) + below
    number, pairs = pd.factorize(pair)
    rows: dict[int, int] = {}
    told: list[Verdict] = []
    row_of = np.empty(len(pairs), dtype=np.int32)
    for place, both in enumerate(pairs.tolist()):
        row = verdict(_text(upper_names[both // len(lower_names)]), _text(lower_names[both % len(lower_names)]))
        if id(row) not in rows:
            rows[id(row)] = len(told)
            told.append(row)
        row_of[place] = rows[id(row)]
    return Answers(row_of[number], tuple(told))


def _text(code: object) -> str:
    """Return a code as text; NULL, however a table writes it, is none."""
    return "" if is_missing(code) else str(code)
