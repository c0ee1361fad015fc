"""Vietnamese text from before Unicode: which script a column is in, and its letters in Unicode.

TCVN3 (fonts .VnTime) and VNI kept Vietnamese letters in the places of Latin-1; a table read as
Latin-1 or Windows-1252 shows "§Êt trång lóa n\xadíc" or "Ñaát troàng luùa nöôùc" for "Đất trồng lúa
nước". Goes in: the texts of ONE column, as Unicode or as bytes read as Latin-1. Comes out: a
ColumnEncoding, found by counting which script turns the words into Vietnamese syllables; cell by
cell only where a column mixes scripts and a cell leaves no doubt, because "xã" in good Unicode is
"xó" in TCVN3. Nothing is decoded unless the words are wrong as they stand and right in the other
script. VPS is recognised and not decoded. Tables: resources/text.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..catalogue import RESOURCES, read_table
from .syllables import is_syllable

AS_IS, UTF_8, TCVN3, VNI, CP1258, WINDOWS_1252, VPS = "", "utf-8", "tcvn3", "vni", "cp1258", "windows-1252", "vps"
LEGACY = (TCVN3, VNI, CP1258)
VIETNAMESE_ONLY = re.compile("[ĂăĐđĨĩŨũƠơƯư\u1ea0-\u1ef9]")
WORDS = re.compile(r"[^\x00-\x40\x5b-\x60\x7b-\x7f\u2010-\u203a\u20ab\u00d7\u00b0\u00b2]+")
"""What stands between ASCII blanks, digits and marks; all scripts here leave those in their
places.
"""
ONLY_UNICODE = re.compile("[ĨĩŨũ\u1ea0-\u1ef9]")
"""Letters that no code page of one byte a letter shows, CP1258 with its marks apart included."""
ABBREVIATION = re.compile("[B-DF-HJ-NP-TV-XZ]*Đ[B-DF-HJ-NP-TV-XZĐ]*")
"""NĐ, QĐ, HĐND are no syllables, and no sign of a wrong script either."""
PUNCTUATION = re.compile("[\u2010-\u203a«»…]")
RIGHT_SHARE = 0.75
"""Of the words with marks this many must be syllables: names and abbreviations are not."""
WRONG_SHARE = 0.5
NEARLY_ALL = 0.95
CLEARLY = 0.2
FEW_WORDS = 3
MOST_TEXTS = 4000


@dataclass(frozen=True)
class ColumnEncoding:
    """The script of a column; ``right`` is the share of its words that are syllables in it,
    ``as_is`` as they stand.

    ``encoding`` "" leaves the column as it is; ``unclear`` says that two scripts fit about as well.
    ``apart``: the texts that are in another script than the column, each with its own.
    ``unreadable``: the texts beside those that are right which no script explains.
    """

    encoding: str
    right: float = 1.0
    as_is: float = 1.0
    words: int = 0
    unclear: bool = False
    apart: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    def of(self, text: str) -> str:
        """Return the script of one text of the column."""
        return self.apart.get(text, self.encoding)


def decide(texts: Iterable[str], are_bytes: bool) -> ColumnEncoding:
    """Return the script of one column, or of each of its texts where it mixes several.
    ``are_bytes``: each character stands for a byte.
    """
    marked = [text for text in dict.fromkeys(texts) if not text.isascii()][:MOST_TEXTS]
    if not marked:
        return ColumnEncoding(AS_IS)
    if _is_utf_8(marked, are_bytes):
        return ColumnEncoding(UTF_8, 1.0, 0.0, len(marked))
    sure = {text: script for text, script in ((text, _sure(text, are_bytes)) for text in marked) if script is not None}
    rest = [text for text in marked if text not in sure]
    if sure and rest:
        return _mixed(sure, rest, are_bytes) or _of_one_script(marked, are_bytes)
    if len(set(sure.values())) > 1:
        return ColumnEncoding(AS_IS, 1.0, 0.0, len(sure), apart=sure)
    whole = _of_one_script(marked, are_bytes)
    return whole if whole.right >= RIGHT_SHARE else _row_by_row(marked, are_bytes, whole)


def _sure(text: str, are_bytes: bool) -> str | None:
    """Return the script of a text that leaves no doubt by itself: UTF-8 letter by letter, or
    letters that only Unicode has; else None.
    """
    if not are_bytes and ONLY_UNICODE.search(text):
        return AS_IS
    read = _from_utf_8(text) if are_bytes or _only_latin(text) else None
    return UTF_8 if read is not None and _bytes_of(text) == read.encode("utf-8") else None


def _mixed(sure: Mapping[str, str], rest: list[str], are_bytes: bool) -> ColumnEncoding | None:
    """Return the decision on a column some of whose texts are sure; None where the others are no
    other script for certain.
    """
    alone = _of_one_script(rest, are_bytes)
    tokens = {word for text in rest for word in WORDS.findall(text) if not word.isascii()}
    least = FEW_WORDS if AS_IS in sure.values() else 2
    if alone.encoding in LEGACY and alone.right >= NEARLY_ALL and alone.as_is <= WRONG_SHARE and len(tokens) >= least:
        return replace(alone, unclear=False, apart=dict(sure))
    if UTF_8 in sure.values():
        stay = WINDOWS_1252 if are_bytes else AS_IS
        lost = () if alone.as_is >= RIGHT_SHARE else tuple(rest)
        return ColumnEncoding(stay, alone.right, alone.as_is, alone.words, apart=dict(sure), unreadable=lost)
    return None


def _row_by_row(marked: list[str], are_bytes: bool, whole: ColumnEncoding) -> ColumnEncoding:
    """Return a column that no one script explains, where each text has two words or more that are
    right in one script alone.
    """
    if whole.as_is > WRONG_SHARE:
        return whole
    found: dict[str, str] = {}
    for text in marked:
        tokens = [word for word in WORDS.findall(text) if not word.isascii()]
        fits = [name for name in LEGACY if len(tokens) > 1 and _share(tokens, _READERS[name]) == (1.0, len(tokens))]
        if len(fits) == 1 and _share(tokens, _windows_1252 if are_bytes else _unchanged)[0] <= WRONG_SHARE:
            found[text] = fits[0]
    if len(found) < RIGHT_SHARE * len(marked) or len(set(found.values())) < 2:
        return whole
    return replace(whole, apart=found, unreadable=tuple(text for text in marked if text not in found))


def _of_one_script(marked: list[str], are_bytes: bool) -> ColumnEncoding:
    read_as_is = _windows_1252 if are_bytes else _unchanged
    tokens = [word for text in marked for word in WORDS.findall(text) if not word.isascii()]
    as_is, counted = _share(tokens, read_as_is)
    stay = WINDOWS_1252 if are_bytes else AS_IS
    if as_is >= RIGHT_SHARE or not counted:
        return ColumnEncoding(stay, as_is, as_is, counted)
    shares = [(_share(tokens, reader)[0], name) for name, reader in _READERS.items()]
    scores = sorted(shares, key=lambda score: -score[0])
    (best, name), (second, _) = scores[0], scores[1]
    needed = RIGHT_SHARE if counted >= FEW_WORDS else 1.0
    wrong = as_is <= WRONG_SHARE or (best >= NEARLY_ALL and counted >= FEW_WORDS)
    if best < needed or best - as_is < CLEARLY or not wrong:
        return ColumnEncoding(stay, as_is, as_is, counted)
    if best == second and _same_letters(tokens, [found for score, found in scores if score == best]):
        return ColumnEncoding(name, best, as_is, counted)
    return ColumnEncoding(name, best, as_is, counted, unclear=best - second < CLEARLY / 2)


def _same_letters(tokens: list[str], names: list[str]) -> bool:
    """Return whether the best scripts agree on every letter, so that it does not matter which it
    is.
    """
    readings = {tuple(_READERS[name](token) or "" for token in tokens) for name in names}
    return len(readings) == 1


def decode(text: str, encoding: str) -> str:
    """``text`` in Unicode; as it was where the encoding cannot have made it."""
    if text.isascii() and encoding != TCVN3:
        return text
    reader = _DECODERS.get(encoding)
    read = reader(text) if reader else None
    return text if read is None else read


def could_be(texts: Iterable[str], encoding: str) -> bool:
    """Return whether a column that is right as it stands would be right in ``encoding`` too, as a
    column of "xã" is.
    """
    tokens = [word for text in dict.fromkeys(texts) for word in WORDS.findall(text) if not word.isascii()]
    return _share(tokens, _READERS.get(encoding, _unchanged))[0] >= RIGHT_SHARE


def _share(tokens: list[str], reader: Callable[[str], str | None]) -> tuple[float, int]:
    """(share of words that are syllables, words counted); single letters and signs do not count."""
    right = counted = 0
    for token in tokens:
        read = reader(token)
        if read is None:
            counted += 1
            continue
        parts = [part for part in PUNCTUATION.split(read) if _is_word(part) and not ABBREVIATION.fullmatch(part)]
        counted += len(parts)
        right += sum(map(is_syllable, parts))
    return (right / counted if counted else 0.0), counted


def _is_word(part: str) -> bool:
    """More than a sign: a letter among others, or a syllable of one letter. A sign inside a word is
    no sign but a wrong letter.
    """
    return any(map(str.isalpha, part)) and (len(part) > 1 or is_syllable(part))


def _unchanged(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bytes_of(text: str) -> bytes | None:
    """Return the bytes that a program showed as ``text``, whichever western or Vietnamese page it
    took them for.
    """
    for page in ("latin-1", "cp1252", "cp1258"):
        try:
            return text.encode(page)
        except UnicodeEncodeError:
            continue
    return None


def _is_utf_8(marked: list[str], are_bytes: bool) -> bool:
    """Return whether every text is UTF-8 read as Latin-1, and not each only by a last letter that
    was cut.
    """
    if not are_bytes and not all(map(_only_latin, marked)):
        return False
    read = [_from_utf_8(text) for text in marked]
    return all(text is not None for text in read) and any(text and not text.isascii() for text in read)


def _only_latin(text: str) -> bool:
    return VIETNAMESE_ONLY.search(text) is None


def _from_utf_8(text: str) -> str | None:
    """UTF-8 that was read as Latin-1; a last letter that the width of the field cut is dropped."""
    raw = _bytes_of(text)
    if raw is None:
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.start >= max(1, len(raw) - 3):
            return raw[: error.start].decode("utf-8")
        return None


def _windows_1252(text: str) -> str | None:
    raw = _bytes_of(text)
    return None if raw is None else raw.decode("cp1252", "replace").replace("\ufffd", "")


def _cp1258(text: str) -> str | None:
    raw = _bytes_of(text)
    if raw is None:
        return None
    return unicodedata.normalize("NFC", raw.decode("cp1258", "replace"))


@functools.cache
def _tcvn3_letters() -> dict[int, str]:
    return {int(row["byte_hex"], 16): row["unicode_char"] for row in read_table(RESOURCES / "text" / "tcvn3.csv")}


@functools.cache
def _vps_letters() -> dict[int, str]:
    return {int(row["byte_hex"], 16): row["unicode_char"] for row in read_table(RESOURCES / "text" / "vps.csv")}


@functools.cache
def _vni_pattern() -> tuple[re.Pattern[str], dict[str, str]]:
    rows = read_table(RESOURCES / "text" / "vni.csv")
    letters = {bytes.fromhex(row["bytes_hex"]).decode("latin-1"): row["unicode_char"] for row in rows}
    longest_first = sorted(letters, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), letters


def _tcvn3(text: str) -> str | None:
    raw = _bytes_of(text)
    if raw is None:
        return None
    letters = _tcvn3_letters()
    return _in_capitals("".join(letters.get(byte, chr(byte)) for byte in raw))


def _in_capitals(text: str) -> str:
    """TCVN3 has no toned capitals: a .VnTimeH font draws the small ones large, so ÐấT becomes
    ĐẤT.
    """
    whole = [letter for letter in text if letter.isascii() and letter.isalpha()]
    shouted = len(whole) > 1 and all(letter.isupper() for letter in whole)

    def raised(found: re.Match[str]) -> str:
        word = found.group()
        plain = [letter for letter in word if letter.isascii()]
        upper = all(letter.isupper() for letter in plain) if len(word) > 1 and plain else shouted
        only_first = len(plain) == 1 and word[0] == plain[0] and len(word) > 1 and not shouted
        return word.upper() if upper and not only_first else word

    return re.sub(r"[^\W\d_]+", raised, text)


def _vni(text: str) -> str | None:
    raw = _bytes_of(text)
    if raw is None:
        return None
    pattern, letters = _vni_pattern()
    return pattern.sub(lambda found: letters[found.group()], raw.decode("latin-1"))


def _vps(text: str) -> str | None:
    raw = _bytes_of(text)
    if raw is None:
        return None
    letters = _vps_letters()
    return "".join(letters.get(byte, chr(byte)) for byte in raw)


_READERS: dict[str, Callable[[str], str | None]] = {TCVN3: _tcvn3, VNI: _vni, CP1258: _cp1258, VPS: _vps}
_DECODERS: dict[str, Callable[[str], str | None]] = {
    UTF_8: _from_utf_8,
    TCVN3: _tcvn3,
    VNI: _vni,
    CP1258: _cp1258,
    WINDOWS_1252: _windows_1252,
}
