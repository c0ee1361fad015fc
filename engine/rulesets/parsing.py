"""Turn the rows of a rule set's tables into verdicts, precedence, codes and labels; what is wrong
with a row is noted.

Goes in: rows (row number, {column: text}) of a table and the Mistakes to add to. Comes out: what
the rows say, by folded code or level. A row with a mistake is left out, so that the rest of the
file is still looked at; two rows that say different things of the same are a mistake that names
both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from ..codes import fold
from ..levels import LEVELS
from ..tables.mistakes import Mistakes
from ..tables.reading import Rows
from .lookup import ANY, Finder, crossings
from .ruleset import UNLISTED, VERDICTS, Code, Precedence, Verdict, _lineage

REQUIRED = ("upper_code", "lower_code", "verdict")
LEVEL_COLUMNS = ("upper_level", "lower_level")
PRECEDENCE_REQUIRED = (*LEVEL_COLUMNS, "must_adjust_vi", "must_adjust_en")
CODES_REQUIRED = ("code",)
WORDS = (*VERDICTS, UNLISTED)
SIDES = ("upper", "lower")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_THOUSANDS = re.compile(r"\d{1,3}([.,]\d{3})+")
_SPACES = re.compile(r"[\s,;]+")
_LARGEST_CROSSING_REPORT = 1_000
Pair = tuple
Thing = TypeVar("Thing")


def verdicts_of(rows: Rows, file: str, mistakes: Mistakes) -> dict[Pair, Verdict]:
    """Verdicts by (upper, lower) code as :func:`fold` writes them."""
    verdicts: dict[Pair, Verdict] = {}
    first_row: dict[Pair, int] = {}
    for number, row in rows:
        place = {"file": file, "row": number}
        blank = _blank(row, REQUIRED, place, mistakes)
        word = row.get("verdict", "").lower()
        if word and word not in WORDS:
            mistakes.add("rules.verdict", value=row["verdict"], expected=", ".join(WORDS), **place)
        min_area_m2 = area_of(row.get("min_area_m2", ""))
        if min_area_m2 is None:
            mistakes.add("rules.number", column="min_area_m2", value=row["min_area_m2"], **place)
        if blank or word not in WORDS or min_area_m2 is None:
            continue
        verdict = _verdict(row, word, min_area_m2, number)
        pair = (fold(row["upper_code"]), fold(row["lower_code"]))
        earlier = verdicts.setdefault(pair, verdict)
        first_row.setdefault(pair, number)
        if _decides(earlier) != _decides(verdict):
            names = {"upper": row["upper_code"], "lower": row["lower_code"], "other_row": first_row[pair]}
            mistakes.add("rules.contradiction", value=_said(verdict), other=_said(earlier), **names, **place)
    if not verdicts and not mistakes:
        mistakes.add("rules.empty", file=file)
    return verdicts


def _verdict(row: Mapping[str, str], word: str, min_area_m2: float, number: int) -> Verdict:
    told = (row.get(name, "") for name in ("reason_vi", "reason_en", "reference", "review", "source"))
    reason_vi, reason_en, reference, review, source = told
    condition = row.get("condition", "")
    cited = row.get("reference_en", "")
    return Verdict(word, condition, min_area_m2, reason_vi, reason_en, reference, review, source, number, cited)


def check_crossings(verdicts: Mapping[Pair, Verdict], codes: Mapping[str, Code], file: str, mistakes: Mistakes) -> None:
    """Two rows that reach the same pair by inheritance, neither more specific, and disagree: the
    pair needs a row.
    """

    def line_of(code: str) -> dict[str, int]:
        return _lineage(codes, code)

    finder = Finder(verdicts, line_of)
    for upper, lower in crossings(verdicts, line_of):
        differing = finder.disagreeing(upper, lower)
        if differing and len(mistakes) < _LARGEST_CROSSING_REPORT:
            one, other = sorted(differing, key=lambda verdict: verdict.row)[-1:-3:-1]
            names = {"upper": _written(codes, upper), "lower": _written(codes, lower), "other_row": other.row}
            mistakes.add("rules.crossing", file=file, row=one.row, value=_said(one), other=_said(other), **names)


def precedence_of(rows: Rows, file: str, mistakes: Mistakes) -> dict[Pair, Precedence]:
    """Who gives way by (upper, lower) level."""
    found: dict[Pair, Precedence] = {}
    first_row: dict[Pair, int] = {}
    for number, row in rows:
        place = {"file": file, "row": number}
        blank = _blank(row, PRECEDENCE_REQUIRED, place, mistakes)
        levels = tuple(row.get(name, "").lower() for name in LEVEL_COLUMNS)
        for name, level in zip(LEVEL_COLUMNS, levels):
            if level and level not in LEVELS:
                mistakes.add("rules.level", column=name, value=row[name], expected=", ".join(LEVELS), **place)
        if blank:
            continue
        optional = [row.get(name, "") for name in ("article", "review", "source", "article_en")]
        who = Precedence(row["must_adjust_vi"], row["must_adjust_en"], *optional)
        _keep(found, first_row, levels, who, " – ".join(levels), ("must_adjust_vi", place), mistakes)
    return found


def codes_of(rows: Rows, file: str, mistakes: Mistakes) -> dict[str, Code]:
    """Codes by code as :func:`fold` writes them."""
    found: dict[str, Code] = {}
    first_row: dict[str, int] = {}
    for number, row in rows:
        place = {"file": file, "row": number}
        if _blank(row, CODES_REQUIRED, place, mistakes):
            continue
        if row["code"] == ANY:
            mistakes.add("rules.any_code", **place)
            continue
        colour = row.get("hex", "")
        if colour and not _COLOUR.fullmatch(colour):
            mistakes.add("rules.colour", column="hex", value=colour, **place)
        _keep(found, first_row, fold(row["code"]), _code(row), row["code"], ("code", place), mistakes)
    return found


def _code(row: Mapping[str, str]) -> Code:
    return Code(
        code=row["code"],
        name_vi=row.get("name_vi", ""),
        name_en=row.get("name_en", ""),
        hex=row.get("hex", "").upper(),
        parents=_several(row.get("parents") or row.get("parent", "")),
        generations=_several(row.get("generations", "")),
        successor=row.get("successor", ""),
        question_vi=row.get("question_vi", ""),
        question_en=row.get("question_en", ""),
        realised_by=_several(row.get("realised_by", "")),
        overlapping=bool(row.get("overlapping", "")),
        source=row.get("source", ""),
        review=row.get("review", ""),
    )


def check_codes(own: Rows, codes: Mapping[str, Code], file: str, mistakes: Mistakes) -> None:
    """Each whole and successor that a row names is a code of the list, and no code is part of
    itself.
    """
    for number, row in own:
        place = {"file": file, "row": number}
        code = codes.get(fold(row.get("code", "")))
        if code is None:
            continue
        for column, named in (("parents", code.parents), ("successor", tuple(filter(None, [code.successor])))):
            for name in named:
                if fold(name) not in codes:
                    mistakes.add("rules.no_such_code", column=column, value=name, **place)
        if _is_part_of_itself(codes, fold(code.code)):
            mistakes.add("rules.circle", column="parents", value=code.code, **place)


def _is_part_of_itself(codes: Mapping[str, Code], code: str) -> bool:
    seen: set[str] = set()
    waiting = [code]
    while waiting:
        here = codes.get(waiting.pop())
        for above in filter(None, map(fold, (here.successor, *here.parents))) if here else ():
            if above == code:
                return True
            if above not in seen:
                seen.add(above)
                waiting.append(above)
    return False


def labels_of(rows: Rows, file: str, mistakes: Mistakes) -> dict[Pair, str]:
    """Return the codes that a planner has accepted for labels, by (side, label): columns
    upper_accepted and lower_accepted.
    """
    found: dict[Pair, str] = {}
    first_row: dict[Pair, int] = {}
    for number, row in rows:
        for side in SIDES:
            label, accepted = row.get(f"{side}_code", ""), row.get(f"{side}_accepted", "")
            if label and accepted:
                place = (f"{side}_accepted", {"file": file, "row": number})
                _keep(found, first_row, (side, fold(label)), fold(accepted), label, place, mistakes)
    return found


def check_labels(
    rows: Rows, known: Mapping[str, Callable[[str], bool]], codes: Mapping[str, Code], file: str, mistakes: Mistakes
) -> None:
    """Each accepted code is one that the list or some row knows; ``known`` asks the rows, by
    side.
    """
    for number, row in rows:
        for side in SIDES:
            accepted = row.get(f"{side}_accepted", "")
            if accepted and fold(accepted) not in codes and not known[side](fold(accepted)):
                column = f"{side}_accepted"
                mistakes.add("rules.no_such_code", file=file, row=number, column=column, value=accepted)


def area_of(written: str) -> float | None:
    """Return an area in m² as a spreadsheet writes it, decimal point or comma; None if it is none,
    or could be two numbers.
    """
    if not written:
        return 0.0
    if _THOUSANDS.fullmatch(written) and not written.startswith("0"):
        return None
    try:
        area = float(written.replace(",", "."))
    except ValueError:
        return None
    return area if math.isfinite(area) and area >= 0 else None


def _keep(
    found: dict,
    first_row: dict,
    key: object,
    value: Thing,
    name: str,
    where: tuple[str, dict[str, object]],
    mistakes: Mistakes,
) -> None:
    """Keep ``value`` under ``key``; a second one that differs is a mistake."""
    column, place = where
    earlier = found.setdefault(key, value)
    first_row.setdefault(key, place["row"])
    if earlier != value:
        mistakes.add("rules.twice", column=column, value=name, other_row=first_row[key], **place)


def _blank(row: Mapping[str, str], columns: tuple[str, ...], place: dict[str, object], mistakes: Mistakes) -> list[str]:
    blank = [name for name in columns if not row.get(name)]
    for name in blank:
        mistakes.add("rules.blank_verdict" if name == "verdict" else "rules.blank", column=name, **place)
    return blank


def _several(written: str) -> tuple[str, ...]:
    return tuple(part for part in _SPACES.split(written) if part)


def _decides(verdict: Verdict) -> tuple[str, float, str]:
    return verdict.verdict, verdict.min_area_m2, verdict.condition


def _said(verdict: Verdict) -> str:
    told = f"{verdict.verdict} (min_area_m2 {verdict.min_area_m2:g})" if verdict.min_area_m2 else verdict.verdict
    return f"{told}, {verdict.condition}" if verdict.condition else told


def _written(codes: Mapping[str, Code], code: str) -> str:
    return codes[code].code if code in codes else code
