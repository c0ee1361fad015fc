"""The targets that the benchmark is held to, and what was measured against them.

Goes in: the records of run.py. Comes out: one :class:`Verdict` for each target, in the order of the
page; one whose rows failed or were not run has no value and counts as not met.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

import agreement

Record = dict[str, Any]
INDEPENDENT = ("geopandas overlay", "duckdb")
"""Rows whose areas are compared with ours, pair of zones by pair of zones."""
LINEAR = 1.2
"""How much more than in proportion the time may grow and still be called linear."""
PROVINCES = ("province", "province twice")
SAME_PEAK = 1.2
"""What twice as many districts may add to the memory that the largest pair of them takes: their
findings.
"""
SAME = 1e-5
"""Relative difference of areas up to which two answers are the same: the kernel drops gaps thinner
than its grid of 1 mm.
"""


@dataclass(frozen=True)
class Verdict:
    """``value`` (None: not measured) must be at most, or ``at_least``, ``limit``. ``words`` fill
    the target's name.
    """

    target: str
    limit: float
    value: Optional[float]
    at_least: bool = False
    words: dict[str, str] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether it was measured and holds."""
        if self.value is None or math.isnan(self.value):
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Records:
    """The records, asked by section and row."""

    def __init__(self, records: list[Record]):
        self.all = records

    def find(self, section: str, row: str, layer: str = "planted") -> Optional[Record]:
        """Return the record of a row, None where it was not run."""
        for record in self.all:
            if (record["section"], record["row"], record["layer"]) == (section, row, layer):
                return record
        return None

    def middle(self, name: str, *which: str) -> Optional[float]:
        """Return the median of a number over the runs of a row."""
        record = self.find(*which)
        values = [run[name] for run in record["runs"] if name in run and "seconds" in run] if record else []
        return statistics.median(values) if values else None

    def largest(self, name: str, *which: str) -> Optional[float]:
        """Return the largest of a number over the runs of a row."""
        record = self.find(*which)
        return max((run[name] for run in record["runs"] if name in run), default=None) if record else None


def verdicts(records: list[Record]) -> Iterator[Verdict]:
    """Yield every target of what was run."""
    kept = Records(records)
    sections = {record["section"] for record in records}
    if "coverage" in sections:
        yield from _coverage(kept)
    if "million" in sections:
        yield from _million(kept)
    for layer in dict.fromkeys(record["layer"] for record in records if record["section"] == "unmatched"):
        yield from _unmatched(kept, layer)
    if "qgis" in sections:
        ours, theirs = (kept.middle("seconds", "qgis", row) for row in ("checkcoverage", "coveragevalidate"))
        yield Verdict("qgis", 1.5, quotient(ours, theirs))
        yield Verdict("all found", 1.0, _all_found(kept.find("qgis", "checkcoverage")), True, {"row": "qgis"})
    for layer in dict.fromkeys(record["layer"] for record in records if record["section"] == "conformity"):
        yield from _conformity(kept, layer)
    if "conformity million" in sections:
        yield from _conformity_million(kept)
    if "province" in sections:
        yield from _province(kept)
    if "findings" in sections:
        yield from _findings(kept)
    if "drafts" in sections:
        yield from _drafts(kept)
    if "qgis conformity" in sections:
        yield from _conformity_in_qgis(kept)
    for row, name in (("cancel", "engine"), ("cancel in QGIS", "qgis")):
        if kept.find("progress", row):
            yield Verdict("silence", 1.0, kept.largest("silence_s", "progress", row), words={"row": name})
            yield Verdict("cancel", 2.0, kept.largest("longest_cancel_s", "progress", row), words={"row": name})


def quotient(above: Optional[float], below: Optional[float]) -> Optional[float]:
    """above ÷ below, None where one is missing."""
    return above / below if above is not None and below else None


def _coverage(kept: Records) -> Iterator[Verdict]:
    floor, check, overlaps, gaps, pairs, union = (
        kept.middle("seconds", "coverage", row)
        for row in ("floor", "check", "overlaps", "gaps", "box pairs", "union gaps")
    )
    yield Verdict("whole", 7.0, quotient(check, floor))
    yield Verdict("overlaps", 8.0, quotient(pairs, overlaps), True)
    yield Verdict("gaps", 15.0, quotient(union, gaps), True)
    yield Verdict("all found", 1.0, _all_found(kept.find("coverage", "check")), True, {"row": "engine"})


def _million(kept: Records) -> Iterator[Verdict]:
    check = kept.find("million", "check") or {"zone_count": 0}
    small = kept.find("coverage", "check") or {"zone_count": 0}
    words = {"million": str(check["zone_count"]), "zones": str(small["zone_count"])}
    seconds = (kept.middle("seconds", section, "check") for section in ("million", "coverage"))
    yield Verdict("million time", 6.0, quotient(*seconds), words=words)
    yield Verdict("million memory", 4e9 / 2**20, kept.largest("peak_mib", "million", "check"), words=words)
    yield Verdict("all found", 1.0, _all_found(kept.find("million", "check")), True, {"row": "million"})
    yield Verdict("silence", 1.0, kept.largest("silence_s", "million", "check"), words={"row": "million"})
    yield Verdict("cancel", 2.0, kept.largest("deafness_s", "million", "check"), words={"row": "million asking"})


def _unmatched(kept: Records, layer: str) -> Iterator[Verdict]:
    ours, plain = ((kept.middle("seconds", "unmatched", row, layer)) for row in ("cover", "plain cover"))
    yield Verdict("unmatched", 1.5, quotient(ours, plain), words={"layer": layer})
    one, other = (kept.find("unmatched", row, layer) for row in ("cover", "plain cover"))
    yield Verdict("same", 1.0, _same(one, other), True, words={"layer": layer})


def _conformity(kept: Records, layer: str) -> Iterator[Verdict]:
    ours, table, theirs = (
        kept.middle("seconds", "conformity", row, layer) for row in ("overlay", "cross table", "geopandas overlay")
    )
    words = {"layer": layer}
    yield Verdict("overlay", 8.0, quotient(theirs, ours), True, words)
    yield Verdict("cross table", 3.0, quotient(theirs, table), True, words)
    for row in INDEPENDENT:
        yield Verdict("pairs", agreement.SAME, _apart(kept.find("conformity", row, layer)), words={**words, "row": row})
    findings = _apart(kept.find("conformity", "check", layer))
    yield Verdict("pairs", agreement.SAME, findings, words={**words, "row": "findings"})


def _conformity_million(kept: Records) -> Iterator[Verdict]:
    for row in ("overlay", "cross table", "check"):
        large = kept.find("conformity million", row, "apart") or {"zone_count": 0}
        small = kept.find("conformity", row, "apart") or {"zone_count": 0}
        words = {"million": str(large["zone_count"]), "zones": str(small["zone_count"]), "row": row}
        sizes = quotient(large["zone_count"], small["zone_count"])
        seconds = (kept.middle("seconds", section, row, "apart") for section in ("conformity million", "conformity"))
        yield Verdict("conformity growth", LINEAR * (sizes or 5.0), quotient(*seconds), words=words)
        peak_mib = kept.largest("peak_mib", "conformity million", row, "apart")
        yield Verdict("conformity memory", 5e9 / 2**20, peak_mib, words=words)


def _province(kept: Records) -> Iterator[Verdict]:
    alone, whole, changed, unchanged = (
        kept.middle("seconds", "province", row, "province")
        for row in ("single checks", "whole province", "changed", "unchanged")
    )
    yield Verdict("province", 1.3, quotient(whole, alone))
    yield Verdict("province changed", 0.25, quotient(changed, whole))
    yield Verdict("province unchanged", 0.25, quotient(unchanged, whole))
    once, twice = (kept.largest("peak_mib", "province", "whole province", layer) for layer in PROVINCES)
    yield Verdict("province memory", SAME_PEAK, quotient(twice, once))


def _findings(kept: Records) -> Iterator[Verdict]:
    scores = (_last_run(kept.find("findings", "identity", "lower")) or {}).get("scores", {}).get("pair")
    made = scores and scores["found"] + scores["false"]
    yield Verdict("identity", 10.0, kept.middle("seconds", "findings", "identity", "lower"))
    yield Verdict("precision", 0.99, quotient(scores and scores["found"], made), True)
    yield Verdict("recall", 0.99, quotient(scores and scores["found"], scores and scores["planted"]), True)


def _drafts(kept: Records) -> Iterator[Verdict]:
    ours, theirs = (
        kept.middle("seconds", "drafts", f"{row} drafts", "lower") for row in ("redrawn", "union of redrawn")
    )
    yield Verdict("drafts", 4.0, quotient(theirs, ours), True)
    for section in ("drafts", "drafts large"):
        for row in ("edited drafts", "redrawn drafts"):
            record = kept.find(section, row, "lower")
            if record:
                words = {"row": row, "zones": str(record["zone_count"])}
                yield Verdict("all changes", 1.0, _all_found(record), True, words)


def _last_run(record: Optional[Record]) -> Optional[Record]:
    """Return the last run that ended."""
    runs = [run for run in (record or {"runs": []})["runs"] if "seconds" in run]
    return runs[-1] if runs else None


def _conformity_in_qgis(kept: Records) -> Iterator[Verdict]:
    ours = kept.middle("seconds", "conformity", "overlay", "apart")
    theirs = kept.middle("seconds", "qgis conformity", "intersection of plans", "apart")
    yield Verdict("overlay and QGIS", 20.0, quotient(theirs, ours), True)
    for row, name in (("intersection of plans", "native"), ("checkconformity", "written")):
        apart = _apart(kept.find("qgis conformity", row, "apart"))
        yield Verdict("pairs", agreement.SAME, apart, words={"layer": "apart", "row": name})


def _apart(record: Optional[Record]) -> Optional[float]:
    """Return the largest relative difference from our areas, over all runs; a run that compared
    nothing counts as not measured.
    """
    runs = [run for run in (record or {"runs": []})["runs"] if run.get("agreement", {}).get("pairs")]
    return max((run["agreement"]["largest"] for run in runs), default=None)


def _same(one: Optional[Record], other: Optional[Record]) -> Optional[float]:
    """1 where both answers agree, 0 where not."""
    answers = [record["runs"][-1].get("answer") if record and record["runs"] else None for record in (one, other)]
    if answers[0] is None or answers[1] is None:
        return None
    numbers = ("shared_m2", "gap_m2", "overhang_m2")
    alike = all(math.isclose(answers[0][name], answers[1][name], rel_tol=SAME, abs_tol=1e-3) for name in numbers)
    return float(alike and answers[0]["pairs"] == answers[1]["pairs"])


def _all_found(record: Optional[Record]) -> Optional[float]:
    """1 where every planted defect was found and nothing else, 0 where not."""
    runs = [run for run in (record or {"runs": []})["runs"] if "scores" in run]
    if not runs:
        return None
    scores = [score for run in runs for score in run["scores"].values()]
    return float(all(score["found"] == score["planted"] and score["false"] == 0 for score in scores))
