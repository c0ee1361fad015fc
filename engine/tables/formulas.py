"""No text of a table acts as a formula in a spreadsheet: the guard that is put on when a table is
written, and taken off when it is read.

A text that begins with a sign that a spreadsheet computes (``=HYPERLINK(…)``, ``+cmd|…``, ``-2+3``,
``@SUM``, a tab or a line's end before them) gets an apostrophe in front. So does the part behind a
semicolon, comma or tab, because a spreadsheet of another country cuts the line there.
``unguarded(guarded(text)) == text`` for every text; numbers are no texts and stay as they are.
"""

from __future__ import annotations

import re

SIGNS = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet computes, also in the wide letters of East Asia."""
_PLAIN = re.compile(rf"(^|[;,\t])(?='*[{SIGNS}])")
_GUARDED = re.compile(rf"(^|[;,\t])'(?='*[{SIGNS}])")


def guarded(written: str) -> str:
    """``written`` as a cell of a CSV that no spreadsheet takes for a formula."""
    return _PLAIN.sub(r"\1'", written)


def for_workbook(written: str) -> str:
    """``written`` as a cell of a workbook, where a text is none for a formula; guarded where
    reading would take a guard off.
    """
    return guarded(written) if unguarded(written) != written else written


def unguarded(cell: str) -> str:
    """Return what :func:`guarded` was given."""
    return _GUARDED.sub(r"\1", cell)
