"""Is a word a syllable that Vietnamese can have? By its onset, its rime and its one tone, whatever
it means.

Goes in: a word in Unicode, composed or not. Comes out: yes or no. Text that was decoded wrongly
contains words that no syllable can be, so counting syllables shows in which script a column was
written.
"""

from __future__ import annotations

import functools
import unicodedata


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


ONSETS = _set_of("b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x") | {""}
RIMES = _set_of(
    "a ac ach ai am an ang anh ao ap at au ay ăc ăk ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu êng êc "
    "i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu "
    "o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oen oeo oet "
    "oc oi om on ong op ot oong ooc ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt "
    "u ua uân uâng uât uây uê uêch uênh ui um un ung uc up ut uy uya uych uyên uyêt uynh uyt uyu uyp "
    "uôc uôi uôm uôn uông uôt uơ ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu "
    "y yêm yên yêng yêt yêu"
)
TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
ACUTE, DOT_BELOW = "\u0301", "\u0323"
STOPS = ("c", "ch", "k", "p", "t")
"""A syllable that ends in a stop has the tone sắc or nặng."""


@functools.lru_cache(maxsize=20_000)
def is_syllable(word: str) -> bool:
    """Return whether ``word`` could be Vietnamese."""
    if not word or len(word) > 10:
        return False
    bare, tones = _without_tones(word)
    if len(tones) > 1:
        return False
    split = _onset_and_rime(bare)
    if split is None:
        return False
    return not split.endswith(STOPS) or tones in ((ACUTE,), (DOT_BELOW,))


def _without_tones(word: str) -> tuple[str, tuple[str, ...]]:
    letters = unicodedata.normalize("NFD", word.lower())
    tones = tuple(letter for letter in letters if letter in TONES)
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in TONES)), tones


def _onset_and_rime(bare: str) -> str | None:
    """Return the rime of a syllable without tone; None where there is none."""
    for length in (3, 2, 1, 0):
        onset, rime = bare[:length], bare[length:]
        if onset in ONSETS and len(onset) == length and (rime in RIMES or (onset == "gi" and rime in _AFTER_GI)):
            return rime
    if bare.startswith("q") and bare[1:] in RIMES and bare[1:2] == "u":
        return bare[1:]
    return None


_AFTER_GI = _set_of("n êng êt êc êm êu ên") | {""}
"""gì, gìn, giếng, giết, giếc: one i stands for two."""
