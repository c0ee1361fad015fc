"""Label maps: which land-use code a label of a drawing means, decided once by a person and kept in
a table beside the plan.

A label map is a CSV with the columns ``label`` and ``code`` (others are free), as
:mod:`..tables.reading` reads it; for ``plan.dxf`` it is found as ``plan.labels.csv`` in the same
folder. Labels are compared without regard to case and blanks. Goes in: a map and the labels of a
column. Comes out: codes; a label without a code stays as it is, and is counted. Fails with
PlanError for a map without these columns or with one label twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from ..codes import fold
from ..errors import PlanError
from ..rulesets.proposals import propose
from ..rulesets.reading import standard_codes
from ..tables.headers import Columns
from ..tables.mistakes import Mistakes
from ..tables.reading import Rows, read_csv
from ..tables.writing import csv_kind, replaced, require_kept, write_csv
from .report import IntakeReport

ENDING = ".labels.csv"
COLUMNS = ("label", "code")
LABELS = csv_kind(COLUMNS)
SHOWN = 10
LARGEST_BYTES = 20_000_000


def beside(plan: Path) -> Path:
    """Return where the label map of ``plan`` lies, whether or not it is there."""
    return plan.with_name(plan.stem + ENDING)


def read_labels(path: Path, report: IntakeReport | None = None) -> dict[str, str]:
    """Folded label to code; rows without a code are still to be decided and left out. ``report``
    gets what the reader noted.
    """
    return {fold(label): code for _, label, code in read_map(path, COLUMNS, "error.labels", report)}


def read_map(
    path: Path, columns: tuple[str, str], error_key: str, report: IntakeReport | None = None
) -> list[tuple[int, str, str]]:
    """Return (row, from, to) of a table that maps the first of ``columns`` to the second; rows
    without a second are left out.

    The errors are ``error_key`` and ``error_key`` + "_twice", where one is mapped to two.
    """
    made: dict[str, tuple[int, str, str]] = {}
    for number, row in _rows(path, columns, error_key, report):
        one, other = (row.get(column, "") for column in columns)
        if one and other:
            if fold(one) in made and made[fold(one)][2] != other:
                raise PlanError(f"{error_key}_twice", path=path, row=number, label=one)
            made.setdefault(fold(one), (number, one, other))
    return list(made.values())


def _rows(path: Path, columns: tuple[str, str], error_key: str, report: IntakeReport | None) -> Rows:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise PlanError(error_key, path=path, row=0, found=f"{path.stat().st_size:,} B")
        content = path.read_bytes()
    except OSError as error:
        raise PlanError(error_key, path=path, row=0, found=str(error)) from error
    mistakes = Mistakes(path)
    rows = read_csv(content, path.name, Columns(columns), mistakes)
    if mistakes:
        told = mistakes.first()
        found = next((told[name] for name in ("found", "reason", "column") if name in told), "–")
        raise PlanError(error_key, path=path, row=told["row"], found=found)
    if report is not None:
        report.entries += mistakes.notes
    return rows


def apply_labels(values: pd.Series, codes: Mapping[str, str], layer: str, report: IntakeReport) -> pd.Series:
    """Return the column with codes in the place of labels."""
    folded = {fold(label): code for label, code in codes.items()}
    known = set(folded.values())
    given = values.map(lambda value: value if isinstance(value, str) else "")
    made = given.map(lambda label: folded.get(fold(label), label))
    changed = int((made != given).sum())
    unknown = Counter(label for label, code in zip(given, made) if label and label == code and code not in known)
    if changed:
        report.add("intake.labels_to_codes", layer=layer, count=changed)
    if unknown:
        listed = ", ".join(label for label, _ in unknown.most_common(SHOWN))
        values_told = {"layer": layer, "count": sum(unknown.values()), "labels": len(unknown), "listed": listed}
        report.add("intake.note.labels_unknown", **values_told)
    return made


def write_labels(path: Path, labels: pd.Series, codes: Mapping[str, str]) -> Path:
    """Return a label map to be completed by a person: every label with its count, most frequent
    first, and the code where one is known.

    What a label may stand for is only proposed, in a column of its own: a proposal counts when a
    person copies it to ``code``.
    """
    folded = {fold(label): code for label, code in codes.items()}
    counts = Counter(label for label in labels if isinstance(label, str) and label.strip())
    proposals = propose(counts, standard_codes())
    made = {label: folded.get(fold(label), "") for label, _ in counts.most_common()}
    rows = []
    for label, count in counts.most_common():
        proposal = proposals[label]
        sure = f"{proposal.confidence:.2f}" if proposal.code else ""
        rows.append((label, made[label], count, proposal.code, sure))
    with replaced(path, LABELS) as place:
        require_decisions_kept(path, COLUMNS, "error.labels", made)
        write_csv(place, [*COLUMNS, "count", "proposed", "confidence"], rows)
    return path


def require_decisions_kept(path: Path, columns: tuple[str, str], error_key: str, made: Mapping[str, str]) -> None:
    """Raise PlanError where the table at ``path`` holds decisions of a person that ``made``, which
    would replace it, has not.
    """
    if path.is_file() and path.stat().st_size:
        old = {fold(one): other for _, one, other in read_map(path, columns, error_key)}
        require_kept(path, old, {fold(one): other for one, other in made.items()})
