"""What the rows of a table of figures are: the land use of each, and the row of which it is a part.

A row is known by its code, else by its name exactly (codes of ``resources/codes``, further names in
``resources/figures/row_names.csv``). A name that is only similar is proposed with its likeness from
0 to 1 and never taken. Parts are told by the numbering of the rows ("1", "1.1", "-", "Trong đó"),
where there is none by the parents of the codes. Functional zones, which lie over other land, are
never added. Never fails.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..catalogue import RESOURCES, read_table
from ..codes import fold
from ..names import folded

TOTAL = "TOTAL"
LEAST_LIKENESS = 0.75
NUMBERED_SHARE = 0.6
_ARABIC = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2})*\.?")
_ROMAN = re.compile(r"[IVX]{1,4}\.?")
_OF_WHICH = re.compile(r"^(?:trong do|of which)\s*:?\s*")
_REST = re.compile(r"\bcon lai\b")


@dataclass
class FigureRow:
    """``place``: in the sheet, from 0.

    ``parent``: its place among the rows, None at the top. ``part``: False where it is one of which
    nobody says that they are all ("trong đó").
    """

    place: int
    number: str
    name: str
    written_code: str
    code: str = ""
    proposal: str = ""
    likeness: float = 0.0
    parent: int | None = None
    part: bool = True
    overlapping: bool = False
    opens: bool = False

    @property
    def shown(self) -> str:
        """Return how a message calls the row."""
        return " ".join(filter(None, (self.number, self.name, f"({self.written_code})" if self.written_code else "")))


@functools.cache
def _codes() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in read_table(RESOURCES / "codes" / "land_use_codes.csv")}


@functools.cache
def _names() -> dict[str, str]:
    """Return codes by name as names are compared; a name of two codes is none of them."""
    found: dict[str, set[str]] = {}
    for code, row in _codes().items():
        for name in (row["name_vi"], row["name_vi_tt08_2024"]):
            if name:
                found.setdefault(fold(name), set()).add(code)
    for row in read_table(RESOURCES / "figures" / "row_names.csv"):
        found[fold(row["name"])] = {row["code"]}
    return {name: next(iter(codes)) for name, codes in found.items() if len(codes) == 1}


@functools.cache
def _complete() -> dict[str, list[str]]:
    return {row["parent"]: row["complete_with"].split() for row in read_table(RESOURCES / "figures" / "parts.csv")}


def _bare(name: str) -> str:
    words = name.strip(" *-–:.")
    return re.sub(r"^(?:[Tt]rong đó)\s*:?\s*", "", words).strip()


def is_code(words: str) -> bool:
    """Return whether a cell holds a land-use code and nothing else."""
    return words.strip(" *").upper() in _codes()


def is_of_which(words: str) -> bool:
    """Return whether a line says that the next ones are some of the parts, not all."""
    return bool(_OF_WHICH.match(folded(words)))


def identify(row: FigureRow) -> None:
    """Give a row the code that it means, or the one that its name resembles as a proposal."""
    written = row.written_code.strip(" *").upper()
    bare = fold(_bare(row.name))
    if written in _codes():
        row.code = written
    elif not written:
        row.code = _names().get(bare, "")
    if not row.code and bare:
        near = difflib.get_close_matches(bare, _names(), 1, LEAST_LIKENESS)
        if near:
            row.proposal = _names()[near[0]]
            row.likeness = difflib.SequenceMatcher(None, bare, near[0], autojunk=False).ratio()
    row.overlapping = _codes().get(row.code, {}).get("group", "") in ("ZONE", "OBS")


def arrange(rows: Sequence[FigureRow]) -> list[FigureRow]:
    """Give each row its parent; comes out: the rows that have no place in the table."""
    numbered = sum(bool(_ARABIC.fullmatch(row.number) or _ROMAN.fullmatch(row.number)) for row in rows)
    by_numbers = numbered >= NUMBERED_SHARE * max(sum(row.code != TOTAL for row in rows), 1)
    lost = _by_numbers(rows) if by_numbers else _by_codes(rows)
    return [row for row in lost if not row.overlapping]


def _by_numbers(rows: Sequence[FigureRow]) -> list[FigureRow]:
    total: int | None = None
    known: dict[str, int] = {}
    last: int | None = None
    lost, zones = [], False
    for place, row in enumerate(rows):
        number = row.number.strip(" .")
        if _ROMAN.fullmatch(row.number) or row.code == TOTAL:
            known, last = {}, None
            zones = row.code != TOTAL and "khu chuc nang" in folded(row.name)
            total = place if row.code == TOTAL else total
            row.overlapping = row.overlapping or zones
            continue
        row.overlapping = row.overlapping or zones
        if _ARABIC.fullmatch(row.number):
            above = number.rpartition(".")[0]
            row.parent = known.get(above) if above else total
            if above and row.parent is None:
                lost.append(row)
            if row.parent is not None and rows[row.parent].opens:
                row.part = False
            known[number], last = place, place
            if is_of_which(row.name):
                row.part = False
        elif last is not None:
            row.parent, row.part = last, False
        else:
            lost.append(row)
    return lost


def _by_codes(rows: Sequence[FigureRow]) -> list[FigureRow]:
    there: dict[str, int] = {}
    for place, row in enumerate(rows):
        if row.code:
            there.setdefault(row.code, place)
    column = "parent_tt01_2021_plan" if "DHT" in there else "parent_tt08_2024"
    lost = []
    for row in rows:
        if not row.code:
            lost.append(row)
        if not row.code or row.code == TOTAL:
            continue
        above = _codes()[row.code].get(column, "") or _codes()[row.code].get("parent", "")
        while above and above not in there:
            above = _codes().get(above, {}).get(column, "") or _codes().get(above, {}).get("parent", "")
        row.parent = there.get(above or TOTAL)
        row.part = False
    return lost


def is_complete(parent: FigureRow, parts: Sequence[FigureRow]) -> bool:
    """Return whether the parts are all that there is of ``parent``, so that they must add up to it,
    and not only to less.
    """
    codes = {one.code for one in parts}
    wanted = _complete().get(parent.code)
    if wanted is not None:
        return wanted == ["*"] or codes.issuperset(wanted)
    return any(_REST.search(folded(one.name)) for one in parts) or (len(parts) > 1 and all(one.part for one in parts))
