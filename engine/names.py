"""When two names are one: those of territories and units, as people write them.

Names are identical exactly, but for what nobody means by it: composed or decomposed accents (NFC),
blanks, capitals, as codes are (:func:`identity`). Hải Hà and Hải Hạ are two communes. Without
accents (:func:`folded`) names are searched and proposed; such a match counts as the same name only
where it is the only one on both sides, and whoever takes it has to report it (:meth:`Names.find`).
Pure functions of text; nothing here fails.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from .codes import fold as identity

KINDS = re.compile(r"^(thanh pho|thi xa|thi tran|huyen|quan|phuong|xa|tinh|dac khu) ")
"""Words for the kind of a unit, folded; what follows is its name."""
_ACCENTS = re.compile("[\u0300-\u036f]")
LEAST_LIKENESS, MOST_SIMILAR = 0.6, 3


def same(one: str, other: str) -> bool:
    """Return whether two names are one; a blank is no name."""
    return identity(one) == identity(other) != ""


def without_accents(words: str) -> str:
    """Return the same letters without accents: "Đông Lạc" is "Dong Lac"."""
    return _ACCENTS.sub("", unicodedata.normalize("NFD", words.replace("đ", "d").replace("Đ", "D")))


def folded(words: str) -> str:
    """Without accents, case, underscores, asterisks, letters that nobody sees and further blanks:
    to search and propose by.
    """
    seen = "".join(letter for letter in without_accents(words) if unicodedata.category(letter) != "Cf")
    return " ".join(seen.casefold().replace("_", " ").replace("*", " ").split())


def bare(name: str) -> str:
    """Return a unit's name, folded, without the word for its kind: "Thị xã Hải Hà" is "hai ha"."""
    return KINDS.sub("", folded(name))


@dataclass(frozen=True)
class Found:
    """``name``: the name that was meant, as it stands among those searched, "" where none is.
    ``by_folding``: it is written with other accents, which has to be reported.
    """

    name: str = ""
    by_folding: bool = False


class Names:
    """Names of one side, in which those of another are looked up."""

    def __init__(self, names: Iterable[str]):
        self._names: dict[str, str] = {}
        self._folded: dict[str, list[str]] = {}
        for name in names:
            if identity(name) and identity(name) not in self._names:
                self._names[identity(name)] = name
                self._folded.setdefault(folded(name), []).append(name)

    def find(self, wanted: str, rivals: Names | None = None) -> Found:
        """Return the name that is ``wanted``; ``rivals``: all names on the side of ``wanted``,
        which may mean the same one.
        """
        if identity(wanted) in self._names:
            return Found(self._names[identity(wanted)])
        alike, asking = self.alike(wanted), {identity(wanted)}
        if rivals is not None:
            asking.update(map(identity, rivals.alike(wanted)))
        return Found(alike[0], by_folding=True) if len(alike) == len(asking) == 1 else Found()

    def alike(self, wanted: str) -> list[str]:
        """Return the names that differ from ``wanted`` only in accents, itself among them."""
        return self._folded.get(folded(wanted), []) if folded(wanted) else []

    def similar(self, wanted: str) -> list[str]:
        """Return what could have been meant, the most similar first: folded and whole, or without
        the words for the kind.
        """
        ranked = sorted((-_likeness(wanted, name), name) for name in self._names.values())
        return [name for likeness, name in ranked[:MOST_SIMILAR] if -likeness >= LEAST_LIKENESS]

    def alike_but_for_accents(self) -> list[list[str]]:
        """Groups of names that differ only in accents, which a person may want to look at."""
        return [group for group in self._folded.values() if len(group) > 1]


def _likeness(one: str, other: str) -> float:
    pairs = ((folded(one), folded(other)), (bare(one), bare(other)))
    return max(_ratio(*pair) for pair in pairs)


def _ratio(one: str, other: str) -> float:
    """0 where it lies below what counts, as a glance at the letters shows."""
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() >= LEAST_LIKENESS else 0.0
