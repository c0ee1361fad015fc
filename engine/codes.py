"""Land-use codes: the one form in which they are compared, the one spelling in which a table shows
them, and what disguises one.

Goes in: codes and labels as a plan writes them. :func:`fold` is the only comparison of codes;
:func:`in_one_spelling` lets tables add up what is one code. A code may look like another and be
none: a Cyrillic letter among Latin ones, a character that nobody sees. Nothing is corrected
silently; :func:`disguises` finds it and :func:`hint` says it. Never fails.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from .catalogue import text

# fmt: off
LOOK_ALIKES = {
    **dict(zip("АВЕЅІЈКМНОРСТУХҺԚԜԀ", "ABESIJKMHOPCTYXHQWD")),
    **dict(zip("аеѕіјорсухһԛԝԁ", "aesijopcyxhqwd")),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονιϲϳ", "ABEZHIKMNOPTYXovicj")),
    **dict(zip("ÐðƉ", "ĐđĐ")),
}
# fmt: on
"""Letters of Cyrillic and Greek that a screen shows as Latin ones, and the Icelandic letter for the
Vietnamese one.
"""
FULL_WIDTH = range(0xFF01, 0xFF5F)
UNSEEN = ("Cf", "Cc")
ALSO_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\ufe0e\ufe0f\uffa0"


def fold(code: str) -> str:
    """Return a code as it is compared: composed, blanks collapsed, without regard to case."""
    return " ".join(unicodedata.normalize("NFC", code).split()).casefold()


def folded(codes: Iterable[str]) -> np.ndarray:
    """Return each of many codes as it is compared."""
    return _each(codes, fold)


def spellings(*columns: Iterable[str]) -> dict[str, str]:
    """Return how each code, as it is compared, is shown: as most write it; of equally many the
    first in the alphabet.
    """
    shown: dict[str, str] = {}
    counts = Counter(code for column in columns for code in column)
    for code in sorted(counts, key=lambda one: (-counts[one], one)):
        shown.setdefault(fold(code), code)
    return shown


def in_one_spelling(codes: Iterable[str], shown: Mapping[str, str] | None = None) -> np.ndarray:
    """Return the codes in one spelling each, that of ``shown`` or of most of them, so that tables
    add up what is one code.
    """
    codes = list(codes)
    known = spellings(codes) if shown is None else shown
    return _each(codes, lambda code: known.get(fold(code), code))


def _each(codes: Iterable[str], made: object) -> np.ndarray:
    codes = list(codes)
    known = {code: made(code) for code in set(codes)}  # type: ignore[operator]
    told = np.empty(len(codes), dtype=object)
    told[:] = [known[code] for code in codes]
    return told


# ── what looks like another code ──────────────────────────────────────────────────────────────────


class Disguise(NamedTuple):
    """A character that is not what it seems: its ``place`` (1 is the first), and what it seems to
    be, "" for nothing at all.
    """

    place: int
    character: str
    seems: str


def disguises(code: str) -> list[Disguise]:
    """Return what in a code looks like something else; nothing in a code of plain letters, or
    wholly in another alphabet.
    """
    if code.isascii() and code.isprintable():
        return []
    found = [
        Disguise(place, one, _seems(one))
        for place, one in enumerate(unicodedata.normalize("NFC", code), start=1)
        if _seems(one) != one
    ]
    return found


def plain(code: str) -> str:
    """Return the code that a reader sees: look-alikes replaced, what is unseen left out."""
    return "".join(map(_seems, unicodedata.normalize("NFC", code)))


def is_mixed(code: str) -> bool:
    """Return whether something unseen is in a code, or letters of another alphabet among those they
    look like.
    """
    found = disguises(code)
    others = [one for one in code if one.isalpha() and _seems(one) == one]
    latin = any("LATIN" in unicodedata.name(one, "") for one in others)
    foreign = any("LATIN" not in unicodedata.name(one, "") for one in others)
    return any(not one.seems for one in found) or (bool(found) and latin and not foreign)


def hint(code: str, language: str) -> str:
    """Return what is wrong with a code that looks like another one, a sentence for each such
    character; "" where nothing is.
    """
    told = {one.character: one for one in reversed(disguises(code))}
    sentences = [
        text(
            "codes.unseen" if not one.seems else "codes.look_alike",
            language,
            place=one.place,
            name=unicodedata.name(one.character, "–"),
            number=f"U+{ord(one.character):04X}",
            seems=one.seems,
            plain=plain(code),
        )
        for one in sorted(told.values())
    ]
    return " ".join(sentences)


def _seems(character: str) -> str:
    """Return what a reader takes a character for: itself, a Latin letter, or nothing."""
    if character in LOOK_ALIKES:
        return LOOK_ALIKES[character]
    if ord(character) in FULL_WIDTH:
        return unicodedata.normalize("NFKC", character)
    return "" if character in ALSO_UNSEEN or unicodedata.category(character) in UNSEEN else character
