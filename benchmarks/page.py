"""docs/benchmarks.md and docs/benchmarks.vi.md out of what run.py measured, with the words of
words.csv.
"""

from __future__ import annotations

import csv
import statistics
from pathlib import Path
from typing import Any

from drawing import VERTICES
from targets import Record, Records, Verdict, quotient, verdicts
from watching import MOMENTS

HERE = Path(__file__).resolve().parent
PAGES = {"en": "benchmarks.md", "vi": "benchmarks.vi.md"}
YES_OR_NO = ("all found", "same", "all changes")
COMPARED = {
    "coverage": "floor",
    "million": "floor",
    "unmatched": "plain cover",
    "qgis": "coveragevalidate",
    "qgis here": "coveragevalidate",
    "conformity": "overlay",
    "conformity million": "overlay",
    "qgis conformity": "checkconformity",
    "province": "single checks",
    "findings": "identity",
    "drafts": "redrawn drafts",
    "drafts large": "redrawn drafts",
}
"""The row of each section that the others are compared with."""
OF_TWO_PLANS = ("conformity", "conformity million", "qgis conformity")
LEAST_SHOWN = 1e-3
"""A smaller number is written with a power of ten."""
NOT_MEASURED = ("not.disks", "not.real", "not.gis", "not.noise")


def write(made: dict[str, Any]) -> None:
    """Both pages."""
    for language, name in PAGES.items():
        (HERE.parent / "docs" / name).write_text(Page(language, made).text(), encoding="utf-8")


def words(language: str) -> dict[str, str]:
    """Return the words of a language by key."""
    with (HERE / "words.csv").open(encoding="utf-8", newline="") as file:
        return {line["key"]: line[language] for line in csv.DictReader(file)}


class Page:
    """One page in one language."""

    def __init__(self, language: str, made: dict[str, Any]):
        self._language, self._words, self._made = language, words(language), made
        self._records: list[Record] = made["records"]
        self._kept = Records(self._records)

    def text(self) -> str:
        """Return the page as Markdown."""
        word = self._words
        parts = [
            f"# {word['title']}",
            word["other"],
            word["intro"],
            word["zones"].format(vertices=VERTICES),
            word["surroundings"].format(**self._made["surroundings"], commit=self._commits()),
            f"## {word['targets']}",
            self._targets(),
        ]
        for section in dict.fromkeys(record["section"] for record in self._records):
            parts += self._section(section)
        parts += [f"## {word['not measured']}", "\n".join(f"* {word[key]}" for key in NOT_MEASURED)]
        return "\n\n".join(parts) + "\n"

    def _commits(self) -> str:
        """Return the commits that were measured: sections may be of different hours."""
        return ", ".join(dict.fromkeys(record["commit"] for record in self._records))

    def number(self, value: float | None, digits: int = 2) -> str:
        """Return a number as the language writes it."""
        if value is None:
            return "–"
        shown = f"{value:,.{digits}f}" if value == 0 or abs(value) >= LEAST_SHOWN else f"{value:.0e}"
        return shown.translate(str.maketrans(",.", ".,")) if self._language == "vi" else shown

    def _table(self, heads: list[str], rows: list[list[str]]) -> str:
        lines = [heads, ["---", *("--:" for _ in heads[1:])], *rows]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)

    def _targets(self) -> str:
        word = self._words
        heads = [word[key] for key in ("target", "limit", "measured", "met")]
        return self._table(heads, [self._target(verdict) for verdict in verdicts(self._records)])

    def _target(self, verdict: Verdict) -> list[str]:
        word = self._words
        fill = dict(verdict.words)
        if "row" in fill:
            fill["row"] = word.get(f"short.{fill['row']}") or word[f"row.{fill['row']}"]
        if "layer" in fill:
            fill["layer"] = word[f"layer.{fill['layer']}"]
        for key in ("zones", "million"):
            if key in fill:
                fill[key] = self.number(int(fill[key]), 0)
        name = word[f"target.{verdict.target}"].format(**fill)
        met = word["yes"] if verdict.met else word["no"]
        if verdict.target in YES_OR_NO:
            return [name, "", "" if verdict.value is not None else word["unknown"], met]
        digits = 0 if verdict.limit > 100 else 2
        limit = ("≥ " if verdict.at_least else "≤ ") + self.number(verdict.limit, 0 if verdict.limit > 2 else 1)
        value = word["unknown"] if verdict.value is None else self.number(verdict.value, digits)
        return [name, limit, value, met]

    def _section(self, section: str) -> list[str]:
        records = [record for record in self._records if record["section"] == section]
        qgis = next((run["qgis"] for record in records for run in record["runs"] if "qgis" in run), "–")
        zones = self.number(records[0]["zone_count"], 0)
        title = "## " + self._words[f"section.{section}"].format(zones=zones, qgis=qgis)
        rows = [self._progress_row(record) if section == "progress" else self._row(record) for record in records]
        last = ("silence", "deafness", "cancel") if section == "progress" else ("found",)
        if section in OF_TWO_PLANS:
            last = ("pieces", "largest")
        if section == "province":
            last = ("checks", "silence")
        ratio = () if section == "progress" else (f"ratio.{COMPARED[section]}",)
        notes = [note] if (note := self._words.get(f"note.{section}")) else []
        return [
            title,
            *notes,
            self._table([self._words[key] for key in ("row", "seconds", *ratio, "peak", *last)], rows),
        ]

    def _name(self, record: Record) -> str:
        row, word = record["row"], self._words
        name = (record["section"] in OF_TWO_PLANS and word.get(f"plans.{row}")) or word[f"row.{row}"]
        name = name.format(count=MOMENTS)
        if record["section"] in ("unmatched", "conformity", "province"):
            name = f"{self._words['layer.' + record['layer']]}: {name}"
        return name

    def _row(self, record: Record) -> list[str]:
        runs = [run for run in record["runs"] if "seconds" in run]
        if not runs:
            more = ["–"] if record["section"] in (*OF_TWO_PLANS, "province") else []
            return [self._name(record), "–", "–", "–", *more, self._excuse(record)]
        seconds = statistics.median(run["seconds"] for run in runs)
        compared = self._compared_with(record)
        peak = max(run["peak_mib"] for run in runs)
        cells = [self.number(seconds), self.number(quotient(seconds, compared), 1), self.number(peak, 0)]
        if record["section"] in OF_TWO_PLANS:
            return [self._name(record), *cells, *self._agreement(runs[-1])]
        if record["section"] == "province":
            return [self._name(record), *cells, *self._checks(runs[-1])]
        return [self._name(record), *cells, self._scores(runs[-1])]

    def _agreement(self, run: dict[str, Any]) -> list[str]:
        """Pieces or findings, and how far their areas are from ours."""
        told = run.get("agreement")
        pieces = self.number(run.get("pieces"), 0)
        if not told:
            return [pieces, "–"]
        largest, pairs = self.number(told["largest"]), self.number(told["pairs"], 0)
        return [pieces, self._words["of pairs"].format(largest=largest, pairs=pairs)]

    def _checks(self, run: dict[str, Any]) -> list[str]:
        """Return how many checks, how many of them were kept from the run before, and the longest
        time without a move.
        """
        told = self._words["of checks"].format(checks=run["checks"], kept=run["kept"])
        return [told, self.number(run.get("silence_s"))]

    def _compared_with(self, record: Record) -> float | None:
        """Return the seconds that a row's are divided by: see COMPARED."""
        row = COMPARED[record["section"]]
        return self._kept.middle("seconds", record["section"], row, record["layer"])

    def _progress_row(self, record: Record) -> list[str]:
        runs = [run for run in record["runs"] if "seconds" in run]
        if not runs:
            return [self._name(record), "–", "–", "–", "–", self._excuse(record)]
        run = runs[-1]
        numbers = [self.number(run[key]) for key in ("silence_s", "deafness_s", "longest_cancel_s")]
        return [self._name(record), self.number(run["whole_s"]), self.number(run["peak_mib"], 0), *numbers]

    def _excuse(self, record: Record) -> str:
        run = record["runs"][-1] if record["runs"] else {}
        if "unfinished_s" in run:
            return self._words["unfinished"].format(seconds=self.number(run["unfinished_s"], 0))
        reason = str(run.get("failed", "–")).replace("|", "\\|")
        return self._words["failed"].format(reason=reason)

    def _scores(self, run: dict[str, Any]) -> str:
        return ", ".join(
            f"{self._words['kind.' + kind]} {score['found']}/{score['planted']} ({score['false']})"
            for kind, score in run.get("scores", {}).items()
        )
