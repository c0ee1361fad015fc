"""Codes of an older circular become those in force: what has one successor by itself, what has
several only as a person decided.

Three generations of land-use codes are met (TT 27/2018, TT 01/2021, TT 08/2024;
resources/codes/land_use_codes.csv). Goes in: the codes of a column, the generation that they are
said to follow, and the reviewed list, if there is one: a CSV with the columns ``code`` and
``successor``, for ``plan.gpkg`` found as ``plan.codes.csv`` in the same folder. Comes out: the
column in the generation in force, and entries of the report that count what was changed and list
what waits for a decision; that stays as it is. Fails with PlanError for a list without these
columns, with one code twice, or with a successor that is not in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..catalogue import LANGUAGES
from ..codes import fold
from ..errors import PlanError
from ..findings import Measure
from ..plan import Note
from ..rulesets.about import STANDARD_GENERATION
from ..rulesets.reading import standard_codes
from ..rulesets.ruleset import Code
from ..tables.writing import csv_kind, replaced, write_csv
from .labels import read_map, require_decisions_kept
from .report import IntakeReport

GENERATIONS = ("tt27_2018", "tt01_2021", "tt08_2024")
ENDING = ".codes.csv"
COLUMNS = ("code", "successor")
CODES = csv_kind(COLUMNS)
SHOWN = 10
CODES_TOLD = ("intake.codes_", "intake.note.codes_")
"""How the entries of a report begin that speak of codes between generations."""
MEASURES = (
    ("succeeded_code_count", ("intake.codes_succeeded", "intake.codes_reviewed")),
    ("review_code_count", ("intake.note.codes_to_review",)),
)


@dataclass(frozen=True)
class Successions:
    """What becomes of the codes of a column, by folded code: ``clear`` and ``reviewed`` successors,
    and the ``open`` ones.

    ``foreign``: older codes that the generation which the file is said to follow does not have;
    nothing is made of them.
    """

    clear: Mapping[str, str]
    reviewed: Mapping[str, str]
    open: Mapping[str, Code]
    foreign: frozenset[str]


def beside(plan: Path) -> Path:
    """Return where the reviewed list of ``plan`` lies, whether or not it is there."""
    return plan.with_name(plan.stem + ENDING)


def read_codes(path: Path, report: IntakeReport | None = None) -> dict[str, str]:
    """Folded old code to the code in force; rows without a successor are still to be decided and
    left out.

    ``report`` gets what the reader noted.
    """
    found = read_map(path, COLUMNS, "error.codes", report)
    known = standard_codes()
    for row, old, new in found:
        code = known.get(fold(new))
        if code is None or STANDARD_GENERATION not in code.generations:
            raise PlanError("error.codes_not_in_force", path=path, row=row, code=old, found=new)
    return {fold(old): new for _, old, new in found}


def successions(codes: pd.Series, generation: str, reviewed: Mapping[str, str]) -> Successions:
    """Return what becomes of ``codes`` that follow ``generation``."""
    if generation not in GENERATIONS:
        raise PlanError("error.code_generation", found=generation, known=", ".join(GENERATIONS))
    known, decided = standard_codes(), {fold(old): new for old, new in reviewed.items()}
    clear: dict[str, str] = {}
    settled: dict[str, str] = {}
    waiting: dict[str, Code] = {}
    foreign = set()
    for written in {fold(code) for code in codes if isinstance(code, str)}:
        code = known.get(written)
        if code is None or not code.generations or STANDARD_GENERATION in code.generations:
            continue  # in force, a functional zone, or unknown, which the checks tell
        if written in decided:
            settled[written] = decided[written]
        elif generation not in code.generations:
            foreign.add(written)
        elif code.successor:
            clear[written] = code.successor
        else:
            waiting[written] = code
    return Successions(clear, settled, waiting, frozenset(foreign))


def succeed(
    codes: pd.Series, generation: str, reviewed: Mapping[str, str], layer: str, report: IntakeReport
) -> pd.Series:
    """Return the column with the codes in force in the place of older ones; the report says what
    was done and what was not.
    """
    found = successions(codes, generation, reviewed)
    folded = codes.map(lambda code: fold(code) if isinstance(code, str) else "")
    said = {"layer": layer, "generation": generation}
    for key, changed in (("intake.codes_succeeded", found.clear), ("intake.codes_reviewed", found.reviewed)):
        counts = Counter(code for code in folded if code in changed)
        if counts:
            listed = _listed(f"{_shown(code)} → {changed[code]} ({count})" for code, count in _most_first(counts))
            report.add(key, count=sum(counts.values()), codes=len(counts), listed=listed, **said)
    for key, left in (("intake.note.codes_to_review", found.open), ("intake.note.codes_foreign", found.foreign)):
        counts = Counter(code for code in folded if code in left)
        if counts:
            listed = _listed(f"{_shown(code)} ({count})" for code, count in _most_first(counts))
            report.add(key, count=sum(counts.values()), codes=len(counts), listed=listed, **said)
    changed = {**found.clear, **found.reviewed}
    return pd.Series(
        [changed.get(old, code) for old, code in zip(folded, codes)], index=codes.index, name=codes.name, dtype=object
    )


def code_measures(told: Sequence[Note]) -> list[Measure]:
    """Return how many zones got a code in force, and how many wait for a decision; nothing where
    nothing was said.
    """
    counts = {name: [int(str(values["count"])) for key, values in told if key in keys] for name, keys in MEASURES}
    return [Measure(name, sum(found), "count") for name, found in counts.items() if found]


def write_codes(path: Path, codes: pd.Series, generation: str, reviewed: Mapping[str, str]) -> Path:
    """Return the list of what a person has to decide: every code without one successor, with its
    number, its name and the question.

    What was decided before stands in ``successor``; nothing is proposed, because the crosswalk has
    no answer.
    """
    found = successions(codes, generation, {})
    decided = {fold(old): new for old, new in reviewed.items()}
    counts = Counter(fold(code) for code in codes if isinstance(code, str))
    rows = sorted(found.open, key=lambda code: (-counts[code], code))
    words = [f"{kind}_{language}" for kind in ("name", "question") for language in LANGUAGES]
    listed = []
    for old in rows:
        code = found.open[old]
        told = [code.name(language) for language in LANGUAGES] + [code.question(language) for language in LANGUAGES]
        listed.append((code.code, decided.get(old, ""), counts[old], *told))
    with replaced(path, CODES) as place:
        require_decisions_kept(path, COLUMNS, "error.codes", {str(code): str(new) for code, new, *_ in listed})
        write_csv(place, [*COLUMNS, "count", *words], listed)
    return path


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _shown(folded: str) -> str:
    known = standard_codes().get(folded)
    return known.code if known is not None else folded.upper()


def _listed(words: Iterable[str]) -> str:
    told = list(words)
    return ", ".join(told[:SHOWN]) + (" …" if len(told) > SHOWN else "")
