"""Numbers as planners print them: "1.329,0", "4.371,00", "2927,81", "53,", "22.920", "(12,5)", "–".

Goes in: the texts of a table's cells; a :class:`Typed` text is a number that a workbook holds as
such, whose mark is the point. Comes out: for each text a :class:`Printed`, the value with the
decimals that are printed, or what it could be where its one mark may be a decimal mark or one of
thousands. :class:`Marks` gathers what the other numbers of a table show; a mark that they use in
both ways stays ambiguous. Never fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

NOTHING = ("", "-", "–", "—", "−", "x", "...", "…")
_SIGNED = re.compile(r"^(?P<open>\()?(?P<sign>[-+–−])?(?P<digits>[0-9.,]*[0-9][0-9.,]*)(?(open)\))$")
_THOUSANDS = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,"}
MOST_DECIMALS = 6


class Typed(str):
    """A number of a workbook as text, with a point."""


class Printed(NamedTuple):
    """``value``: None where the text is no number or has two meanings, ``readings`` in the second
    case. ``decimals``: as printed.
    """

    value: float | None
    decimals: int = 0
    readings: tuple[float, ...] = ()
    blank: bool = False


class Marks:
    """Which mark is the decimal mark of a table, as its numbers of one meaning show."""

    def __init__(self, texts: Iterable[str]):
        self.decimal, self.thousands, self.doubtful = set[str](), set[str](), 0
        self._short, self._long = 0, 0
        for text in texts:
            digits = _digits(text)
            if not isinstance(text, Typed) and digits:
                self.decimal.update(_shown_decimal(digits))
                self.thousands.update(one for one in ".," if digits.count(one) > 1)
                self.doubtful += _is_doubtful(digits)
                self._short += digits.isdigit() and len(digits) <= 3
                self._long += digits.isdigit() and len(digits) > 3

    @property
    def clash(self) -> bool:
        """Return whether point and comma are both used for decimals, so that a number with one mark
        and three digits has two meanings.
        """
        return len(self.decimal) > 1 and self.doubtful > 0

    @property
    def assumed(self) -> bool:
        """Return whether nothing but custom tells what the mark before three digits is: "1.329" is
        taken for 1329.
        """
        return not self.decimal and not self.thousands and self.doubtful > 0

    def read(self, text: str) -> Printed:
        """Read the number that ``text`` prints."""
        written = text.strip()
        if written.casefold() in NOTHING:
            return Printed(0.0, blank=True)
        found = _SIGNED.match(_closed_up(written))
        if not found:
            return Printed(None)
        sign = -1.0 if found["open"] or (found["sign"] or "+") != "+" else 1.0
        digits = found["digits"]
        if isinstance(text, Typed):
            return _plain(digits, ".", sign)
        if _is_doubtful(digits):
            mark = "." if "." in digits else ","
            thousands, decimal = _plain(digits.replace(mark, ""), ".", sign), _plain(digits, mark, sign)
            if self.clash:
                return Printed(None, readings=(thousands.value or 0.0, decimal.value or 0.0))
            return decimal if self._is_decimal(mark) else thousands
        marks = _shown_decimal(digits)
        mark = next(iter(marks), "")
        rest = digits if not mark else digits.replace("," if mark == "." else ".", "")
        if not mark and ("." in rest or "," in rest):
            if not any(_THOUSANDS[one].fullmatch(rest) for one in ".,"):
                return Printed(None)
            rest = rest.replace(".", "").replace(",", "")
        whole = digits.rpartition(mark)[0] if mark else ""
        grouped = [one for one in ".," if one in whole]
        if any(not _THOUSANDS[one].fullmatch(whole) for one in grouped):
            return Printed(None)
        return _plain(rest, mark or ".", sign)

    def _is_decimal(self, mark: str) -> bool:
        """Return whether a mark before three digits is one of decimals: as other numbers show, else
        as Vietnamese print it.

        Where no number below a thousand has a mark and none above goes without, the mark is one of
        thousands.
        """
        if self.decimal or self.thousands:
            return mark in self.decimal or (mark not in self.thousands and not self.decimal)
        return mark == "," and not (self._short and not self._long)


def _plain(digits: str, mark: str, sign: float) -> Printed:
    whole, _, fraction = digits.partition(mark)
    if not (whole + fraction).isdigit():
        return Printed(None)
    return Printed(sign * float(f"{whole or 0}.{fraction or 0}"), len(fraction))


def _closed_up(text: str) -> str:
    return "".join(text.split())


def _digits(text: str) -> str:
    found = _SIGNED.match(_closed_up(text))
    return found["digits"] if found else ""


def _is_doubtful(digits: str) -> bool:
    """Return whether one mark stands before three digits: 22.920 is 22920 or 22,92."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", digits))


def _shown_decimal(digits: str) -> set[str]:
    """Return the mark that can only be a decimal mark."""
    marks = [one for one in digits if one in ".,"]
    if not marks or _is_doubtful(digits) or (len(marks) > 1 and len(set(marks)) == 1):
        return set()
    return {marks[-1]} if marks.count(marks[-1]) == 1 else set()
