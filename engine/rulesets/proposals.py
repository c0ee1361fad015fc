"""Which code a label of a drawing may stand for: a proposal with a confidence, never more than a
proposal.

CAD layers are called "qh dat cayxanh", "D.ODTMOi" or "hdatconcong": without accents, run together,
with words of the trade around them (qh, hđ, đất). Goes in: labels and the codes to choose from.
Comes out: for each label a code with a confidence from 0 to 1, or none below LEAST_CONFIDENCE. What
is compared, after accents, case and words of the trade are taken off: the code itself as a word or
at the start of one, the names of the codes, and the phrases of resources/codes/label_words.csv.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..catalogue import RESOURCES, read_table
from ..codes import fold
from ..names import without_accents
from .ruleset import Code

PHRASES = RESOURCES / "codes" / "label_words.csv"
LEAST_CONFIDENCE = 0.6
SAME_CODE, CODE_IS_A_WORD, CODE_BEGINS_A_WORD = 1.0, 0.9, 0.8
PHRASE_AT_MOST = 0.85
LEAST_LIKENESS = 0.85
"""Of a misspelt phrase: du phong (reserve) is like duong (road) to 0.83, concong like cong cong
(public) to 0.93.
"""
SHORTEST_PART = 6
"""A phrase of so many letters is found inside a longer label; a shorter one would be found
everywhere.
"""
TRADE_WORDS = ("qhsdd", "qh", "hd", "hdat", "dat", "khu", "d", "hatch", "sdd", "ranh", "lo")
_LETTERS = re.compile(r"[^\W\d_]+")
_STARTS = re.compile(r"^(?:hdat|hdd|hd|dat|khu)(?=.{4})")


class Proposal(NamedTuple):
    """A code for a label, and how sure the likeness is."""

    code: str
    confidence: float


NO_PROPOSAL = Proposal("", 0.0)


def propose(labels: Iterable[str], codes: Mapping[str, Code], preferred: Iterable[str] = ()) -> dict[str, Proposal]:
    """Return a proposal for each label. ``preferred``: folded codes that win where two are as
    likely.
    """
    first = set(preferred)
    known = {written(code.code): code.code for code in codes.values() for written in (fold, _one_word)}
    phrases = _phrases(codes)
    return {label: _best(label, known, phrases, first) for label in dict.fromkeys(labels)}


def _phrases(codes: Mapping[str, Code]) -> dict[str, list[str]]:
    """Phrases without accents and blanks, and the codes they may mean."""
    found: dict[str, list[str]] = {}
    told = [(row["phrase"], row["code"]) for row in read_table(PHRASES)]
    told += [(name, code.code) for code in codes.values() for name in (code.name_vi, code.name_en) if name]
    for phrase, code in told:
        core = _core(phrase)
        if core and fold(code) in codes and code not in found.setdefault(core, []):
            found[core].append(code)
    return {core: named for core, named in found.items() if named}


def _best(label: str, known: Mapping[str, str], phrases: Mapping[str, list[str]], first: set[str]) -> Proposal:
    found: dict[str, float] = {}
    for code, confidence in (*_by_code(label, known), *_by_phrase(label, phrases)):
        found[code] = max(confidence, found.get(code, 0.0))
    likely = [Proposal(code, round(confidence, 2)) for code, confidence in found.items()]
    likely = [one for one in likely if one.confidence >= LEAST_CONFIDENCE]
    return max(likely, key=lambda one: (one.confidence, fold(one.code) in first), default=NO_PROPOSAL)


def _by_code(label: str, known: Mapping[str, str]) -> Iterable[Proposal]:
    """Codes that stand in the label as a word, or begin one: ODT in D.ODTMOi."""
    words = bare(label).split()
    if fold(label) in known:
        yield Proposal(known[fold(label)], SAME_CODE)
    for word in words:
        if word in known:
            yield Proposal(known[word], CODE_IS_A_WORD)
    for written in _LETTERS.findall(without_accents(label)):
        word = written.lower()
        if len(word) > 3 and written[:3].isupper() and word[:3] in known:
            yield Proposal(known[word[:3]], CODE_BEGINS_A_WORD)


def _by_phrase(label: str, phrases: Mapping[str, list[str]]) -> Iterable[Proposal]:
    core = _core(label)
    if len(core) < 2:
        return
    pairs = _letter_pairs(core)
    for phrase, codes in phrases.items():
        if core == phrase:
            likeness = 1.0
        elif len(core) >= SHORTEST_PART and len(phrase) >= SHORTEST_PART and (phrase in core or core in phrase):
            likeness = LEAST_LIKENESS + 0.15 * min(len(core), len(phrase)) / max(len(core), len(phrase))
        elif len(pairs & _letter_pairs(phrase)) * 2 < min(len(pairs), len(phrase)):
            continue
        else:
            likeness = max(_likeness(core, phrase), _likeness(core[::-1], phrase[::-1]))
        for code in codes if likeness >= LEAST_LIKENESS else ():
            yield Proposal(code, likeness * PHRASE_AT_MOST)


def _likeness(one: str, other: str) -> float:
    """From 0 to 1. The matcher takes the first of equally long matches, so that it reads
    differently from the other end.
    """
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


@functools.lru_cache(maxsize=4096)
def _letter_pairs(word: str) -> frozenset[str]:
    return frozenset(word[place : place + 2] for place in range(len(word) - 1))


@functools.lru_cache(maxsize=4096)
def _core(words: str) -> str:
    """Return what is left of a label or phrase without accents, blanks and words of the trade."""
    kept = [word for word in bare(words).split() if word not in TRADE_WORDS]
    return _STARTS.sub("", "".join(kept))


def bare(words: str) -> str:
    """Letters only, in lower case, without accents, one blank between words; a capital after a
    small letter begins one.
    """
    plain = without_accents(words)
    return " ".join(word.lower() for word in _LETTERS.findall(re.sub(r"(?<=[a-z]{2})(?=[A-Z])", " ", plain)))


def _one_word(words: str) -> str:
    return bare(words).replace(" ", "")
