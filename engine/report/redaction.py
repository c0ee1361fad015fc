"""What must not be printed: defence land, its name, its outline, and every finding that would give
it away.

Goes in: a rule set, whose list of codes says what is defence land: CQP, the codes under it, the
group of defence and security land, and the designations of an upper plan that only such land
realises; and, where plan layers are drawn, their defence zones. A finding is left out when a code,
key or message names such land, when another finding knows its zone as defence land, or when its
outline lies on such land or follows its border. A remark that only speaks of defence is cut.
Nothing says how many were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import shapely

from ..catalogue import RESOURCES, read_table
from ..codes import fold, plain
from ..rulesets.ruleset import RuleSet
from .reading import Contents, SheetFinding

DEFENCE = "cqp"
WORDS = ("defence", "defense", "military")
SIDES = ("a", "b")
CUT = "…"
SHARED_AREA, SHARED_BORDER = 0.01, 0.2
"""Shares of a finding's area on defence land, and of defence land's border along a finding, from
which on it gives it away.
"""


class Redaction:
    """Knows defence land by code, word and ground; ``ground``: outlines of defence zones, in the
    store's CRS.
    """

    def __init__(self, rules: RuleSet, ground: Iterable[shapely.Geometry] = ()):
        self.codes = defence_codes(rules)
        own = [row["phrase"] for row in _label_words() if fold(row["code"]) in self.codes]
        words = dict.fromkeys(fold(word) for word in (*own, *WORDS))
        self._spoken = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b")
        self._code = re.compile(
            rf"(?<![^\W_])(?:{DEFENCE}\w*|{'|'.join(map(re.escape, sorted(self.codes)))})(?![^\W_])"
        )
        self._known: dict[str, bool] = {}
        self.ground = [one for one in ground if one is not None and not one.is_empty]
        self._tree = shapely.STRtree(self.ground)

    def is_defence(self, code: str) -> bool:
        """Return whether a code or label is that of defence land: CQP, CQP-2, LUC+CQP, "đất quốc
        phòng".
        """
        known = self._known.get(code)
        if known is None:
            folded = fold(plain(code))  # a code that only looks like that of defence land tells as much
            known = self._known[code] = folded in self.codes or self._has_code(folded) or self._speaks(folded)
        return known

    def cut(self, words: str) -> str:
        """Return a remark as it may be printed: whole, or not at all."""
        return CUT if words and self.is_defence(words) else words

    def applied(self, contents: Contents) -> Contents:
        """Return the findings that may be printed, with their remarks cut. A territory stays, even
        with nothing left.
        """
        entries = contents.entries()
        zones = {self._zone(entry, side) for entry in entries for side in SIDES if self._names(entry, side)}
        on_ground = self._on_ground(entries)
        kept: dict[str, list[SheetFinding]] = {}
        for territory, found in contents.territories.items():
            kept[territory] = [
                self._cut(entry) for entry in found if not self._gives_away(entry, zones) and id(entry) not in on_ground
            ]
        return replace(contents, territories=kept)

    def _has_code(self, folded: str) -> bool:
        return self._code.search(folded) is not None

    def _speaks(self, folded: str) -> bool:
        return self._spoken.search(folded) is not None

    def _names(self, entry: SheetFinding, side: str) -> bool:
        return any(self.is_defence(entry[f"{column}_{side}"]) for column in ("code", "zone", "plan"))

    @staticmethod
    def _zone(entry: SheetFinding, side: str) -> tuple[str, str]:
        return entry[f"plan_{side}"], entry[f"zone_{side}"]

    def _gives_away(self, entry: SheetFinding, zones: set[tuple[str, str]]) -> bool:
        if any(self._names(entry, side) for side in SIDES):
            return True
        if any(entry[f"zone_{side}"] and self._zone(entry, side) in zones for side in SIDES):
            return True
        return self._has_code(fold(plain(entry["message"])))

    def _on_ground(self, entries: list[SheetFinding]) -> set[int]:
        outlines = np.array([entry.outline for entry in entries], dtype=object)
        if not self.ground or not len(outlines):
            return set()
        sound = np.array([one if one is None or one.is_valid else shapely.make_valid(one) for one in outlines])
        rows, places = self._tree.query(sound, predicate="intersects")
        if not len(rows):
            return set()
        land = np.array(self.ground, dtype=object)[places]
        share = shapely.area(shapely.intersection(sound[rows], land)) / np.maximum(shapely.area(sound[rows]), 1e-9)
        border = shapely.boundary(land)
        along = shapely.length(shapely.intersection(border, sound[rows])) / np.maximum(shapely.length(border), 1e-9)
        inside = shapely.within(land, sound[rows])  # a whole territory is no outline of what lies in it
        told = (share > SHARED_AREA) | ((along > SHARED_BORDER) & ~inside)
        return {id(entries[row]) for row in rows[told]}

    def _cut(self, entry: SheetFinding) -> SheetFinding:
        words = {name: self.cut(entry[name]) for name in ("message", "must_adjust", "reference", "verdict")}
        decision = entry.decision
        if decision is not None:
            who, note, document = map(self.cut, (decision.who, decision.note, decision.document))
            decision = replace(decision, who=who, note=note, document=document)
        return replace(entry, values={**entry.values, **words}, decision=decision)


def defence_codes(rules: RuleSet) -> frozenset[str]:
    """Return the codes of defence land, folded: CQP, what is under it, the narrowest group it
    shares with security land, and the designations that only land of that group realises.
    """
    group = {fold(parent) for code in (rules.code(DEFENCE),) if code for parent in code.parents}
    named = {one for one in group if (found := rules.codes.get(one)) and _is_of_defence(found.name_vi)}
    codes = {DEFENCE, *named}
    codes |= {code for code in rules.codes if DEFENCE in rules.lineage(code)}
    for folded, code in rules.codes.items():
        realised = [set(rules.lineage(one)) for one in code.realised_by]
        if any(DEFENCE in line for line in realised) and all(line & (codes | named) for line in realised):
            codes.add(folded)
    return frozenset(codes)


def _is_of_defence(name: str) -> bool:
    return any(row["phrase"] in name.lower() for row in _label_words() if fold(row["code"]) == DEFENCE)


def _label_words() -> list[dict[str, str]]:
    return list(read_table(RESOURCES / "codes" / "label_words.csv"))
