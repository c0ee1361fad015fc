"""The texts of a table in Unicode: each column in its own script, the names of the fields as well.

Goes in: a table as read, and whether its texts are bytes. Comes out: the same table decoded, and
for every column that changed a TextChange with examples before and after. A column that fits two
scripts as well ("xã" in every row) follows the other columns of its file. Fails with IntakeError
for VPS, by name, and for an encoding that is not known.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd

from ..catalogue import text
from ..values import text_columns
from .errors import IntakeError
from .legacytext import (
    AS_IS,
    CP1258,
    FEW_WORDS,
    LEGACY,
    TCVN3,
    UTF_8,
    VNI,
    VPS,
    WINDOWS_1252,
    ColumnEncoding,
    could_be,
    decide,
    decode,
)
from .report import IntakeReport

LEAVE = "none"
ENCODINGS = (UTF_8, CP1258, WINDOWS_1252, TCVN3, VNI, LEAVE)
SPELLINGS = {
    "utf8": UTF_8,
    "unicode": UTF_8,
    "1258": CP1258,
    "windows-1258": CP1258,
    "ansi_1258": CP1258,
    "1252": WINDOWS_1252,
    "cp1252": WINDOWS_1252,
    "latin1": WINDOWS_1252,
    "iso-8859-1": WINDOWS_1252,
    "tcvn": TCVN3,
    "abc": TCVN3,
    "tcvn-3": TCVN3,
    "tcvn5712": TCVN3,
    "vni-win": VNI,
}
NAMES = {
    AS_IS: "Unicode",
    UTF_8: "UTF-8",
    TCVN3: "TCVN3",
    VNI: "VNI",
    CP1258: "CP1258",
    WINDOWS_1252: "Windows-1252",
    VPS: "VPS",
}
NAMES_OF_FIELDS = "*"
EXAMPLES = 5


@dataclass(frozen=True)
class TextChange:
    """One column that was decoded; ``column`` is NAMES_OF_FIELDS for the names. ``examples`` are
    (before, after).
    """

    column: str
    encoding: str
    count: int
    examples: tuple[tuple[str, str], ...]


def encoding_of(given: str) -> str:
    """Return one of ENCODINGS, or "" for "find it"; IntakeError for a name that is not known, and
    for VPS.
    """
    name = given.strip().lower()
    name = SPELLINGS.get(name, name)
    if name == VPS:
        raise IntakeError("error.intake.unsupported.vps", layer="–", column="–")
    if name and name not in ENCODINGS:
        raise IntakeError("error.intake.unsupported.encoding", encoding=given)
    return name


def decode_columns(
    frame: gpd.GeoDataFrame, are_bytes: bool, wanted: str, layer: str, report: IntakeReport
) -> tuple[gpd.GeoDataFrame, list[TextChange], str]:
    """(table, what changed, the script that most of its columns are in). ``wanted``: see
    :func:`encoding_of`.
    """
    given = encoding_of(wanted)
    if given == LEAVE:
        return frame, [], AS_IS
    texts = _texts(frame)
    decisions = {column: decide(values, are_bytes) for column, values in texts.items()}
    for column, decision in decisions.items():
        if decision.encoding == VPS and decision.words >= FEW_WORDS and not given:
            raise IntakeError("error.intake.unsupported.vps", layer=layer, column=column)
    usual = _usual(decisions.values())
    changes = []
    decoded = frame.copy(deep=False)
    for column, values in texts.items():
        decision = decisions[column]
        encoding = given or _settled(decision, values, usual, are_bytes)
        made = {value: decode(value, given or decision.apart.get(value, encoding)) for value in values}
        change = _change(column, encoding, made, frame[column] if column in frame else pd.Series(dtype=object))
        if column == NAMES_OF_FIELDS:
            decoded = decoded.rename(columns=_unique(made, list(frame.columns)))
        elif change is not None:
            decoded[column] = decoded[column].map(lambda value, made=made: made.get(value, value))
        if decision.apart and not given:
            change = _told_mixed(change, decision, encoding, frame[column], layer, report)
        if change is not None and not (are_bytes and encoding in (UTF_8, WINDOWS_1252) and not decision.apart):
            changes.append(change)
            _tell(change, decision, layer, report)
    return gpd.GeoDataFrame(decoded), changes, given or usual


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    """Return the different texts of each column of texts that hold any letter beyond ASCII; the
    fields' names last.
    """
    found = {}
    shapes = frame.geometry.name
    for column in text_columns(frame):
        values = _different(frame[column])
        if any(not value.isascii() for value in values):
            found[str(column)] = values
    names = [str(column) for column in frame.columns if column != shapes]
    if any(not name.isascii() for name in names):
        found[NAMES_OF_FIELDS] = names
    return found


def _different(values: pd.Series) -> list[str]:
    return list(dict.fromkeys(value for value in values.tolist() if isinstance(value, str)))


def _usual(decisions: Iterable[ColumnEncoding]) -> str:
    """Return the script of most columns that leave no doubt."""
    sure = Counter(
        d.encoding for d in decisions if d.encoding in (*LEGACY, UTF_8) and not d.unclear and d.words >= FEW_WORDS
    )
    return sure.most_common(1)[0][0] if sure else AS_IS


def _settled(decision: ColumnEncoding, values: list[str], usual: str, are_bytes: bool) -> str:
    """Return the script of a column, that of its file where it could be either."""
    doubtful = decision.unclear or decision.words < FEW_WORDS or decision.encoding in (WINDOWS_1252, VPS)
    if usual and doubtful and (are_bytes or decision.encoding != AS_IS) and could_be(values, usual):
        return usual
    return AS_IS if decision.encoding == VPS else decision.encoding


def _change(column: str, encoding: str, made: dict[str, str], values: pd.Series) -> TextChange | None:
    changed = [(before, after) for before, after in made.items() if before != after]
    if not changed:
        return None
    differs = {before for before, _ in changed}
    count = len(differs) if column == NAMES_OF_FIELDS else int(values.isin(differs).sum())
    return TextChange(column, encoding, count, tuple(changed[:EXAMPLES]))


def _told_mixed(
    change: TextChange | None,
    decision: ColumnEncoding,
    encoding: str,
    values: pd.Series,
    layer: str,
    report: IntakeReport,
) -> TextChange | None:
    """Tell of a column that mixes scripts, with the rows of each; the change then names all of
    them.
    """
    rows = Counter(
        NAMES[decision.apart.get(value, encoding)]
        for value in values
        if isinstance(value, str) and not value.isascii() and value not in decision.unreadable
    )
    scripts = ", ".join(f"{name} {count}" for name, count in rows.most_common())
    told = {"layer": layer, "column": str(values.name), "scripts": scripts, "count": sum(rows.values())}
    report.add("intake.note.text_mixed", **told)
    lost = int(values.isin(decision.unreadable).sum())
    if lost:
        example = decision.unreadable[0]
        report.add("intake.note.text_unreadable", layer=layer, column=str(values.name), count=lost, example=example)
    return None if change is None else replace(change, encoding=", ".join(rows))


def _unique(made: dict[str, str], taken: list[str]) -> dict[str, str]:
    """New names of fields, numbered where two become the same."""
    names: dict[str, str] = {}
    used = {name for name in taken if made.get(name, name) == name}
    for before, after in made.items():
        if before == after:
            continue
        name, number = after, 2
        while name in used:
            name, number = f"{after}_{number}", number + 1
        used.add(name)
        names[before] = name
    return names


def _tell(change: TextChange, decision: ColumnEncoding, layer: str, report: IntakeReport) -> None:
    before, after = change.examples[0]
    values = {"layer": layer, "encoding": change.encoding, "count": change.count, "before": before, "after": after}
    if change.column == NAMES_OF_FIELDS:
        report.add("intake.fields_decoded", **values)
    else:
        report.add("intake.decoded", column=change.column, **values)
    if decision.unclear:
        report.add("intake.note.text_unclear", layer=layer, column=change.column, encoding=change.encoding)


def preview(changes: list[TextChange], language: str) -> str:
    """Return a table in HTML: every column that was decoded, before and after."""
    head = [text(f"intake.preview.{name}", language) for name in ("column", "encoding", "count", "before", "after")]
    lines = ["<table>", "<tr>" + "".join(f"<th>{html.escape(word)}</th>" for word in head) + "</tr>"]
    for change in changes:
        name = text("intake.preview.fields", language) if change.column == NAMES_OF_FIELDS else change.column
        for before, after in change.examples:
            cells = (name, change.encoding, str(change.count), before, after)
            lines.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    return "\n".join([*lines, "</table>"])
