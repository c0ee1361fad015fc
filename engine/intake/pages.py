"""Pages in HTML for a person: what intake changed, texts before and after, and the CRSs that a
layer may be in.

Goes in: a PreparedLayer or a Diagnosis. Comes out: one self-contained page, without scripts and
without anything from the network; whatever comes from a file is escaped.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

from ..catalogue import number, text
from ..tables.writing import PAGE_MARK
from .columns import preview
from .diagnosis import Diagnosis
from .preparing import PreparedLayer

STYLE = (
    "body{font-family:sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse;margin:1em 0}"
    "td,th{border:1px solid #999;padding:.3em .6em;text-align:left;vertical-align:top}th{background:#eee}"
    "tr.best td{font-weight:bold}"
)


def prepare_page(prepared: PreparedLayer, language: str) -> str:
    """Return what was done to a plan, and its texts before and after."""
    entries = [(row["code"], row["count"], row["text"]) for row in prepared.report.rows(language)]
    changes = _table(("page.code", "page.number", "page.sentence"), entries, language)
    parts = [
        f"<h2>{_words('page.changes', language)}</h2>",
        changes if entries else f"<p>{_words('page.no_changes', language)}</p>",
        f"<h2>{_words('page.texts', language)}</h2>",
        preview(list(prepared.texts), language) if prepared.texts else f"<p>{_words('page.no_texts', language)}</p>",
    ]
    return _page(text("page.prepare", language, layer=prepared.name), parts, language)


def diagnosis_page(diagnosis: Diagnosis, layer: str, language: str, further: Iterable[str] = (), most: int = 20) -> str:
    """Return the verdict in words and the readings in their order."""
    rows = []
    for reading in diagnosis.readings[:most]:
        swapped = text("page.yes" if reading.candidate.swapped else "page.no", language)
        figures = (
            number(100 * reading.inside_share, 1, language),
            _shown(reading.border_offset_m, 1.0, 2, language),
            _shown(reading.distance_m, 1000.0, 1, language),
            _shown(reading.moved_m, 1.0, 1, language),
        )
        rows.append((reading.title, swapped, *figures))
    heads = ("page.crs", "page.swapped", "page.inside", "page.offset", "page.distance", "page.moved")
    sentences = [f"<p>{html.escape(sentence)}</p>" for sentence in (diagnosis.text(language), *further)]
    title = text("page.diagnosis", language, layer=layer)
    return _page(title, [*sentences, _table(heads, rows, language, best=diagnosis.best is not None)], language)


def _shown(value: float | None, unit: float, decimals: int, language: str) -> str:
    return "–" if value is None or not math.isfinite(value) else number(value / unit, decimals, language)


def _words(key: str, language: str) -> str:
    return html.escape(text(key, language))


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]], language: str, best: bool = False) -> str:
    lines = ["<table>", "<tr>" + "".join(f"<th>{_words(head, language)}</th>" for head in heads) + "</tr>"]
    for rank, row in enumerate(rows):
        mark = ' class="best"' if best and rank == 0 else ""
        lines.append(f"<tr{mark}>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>")
    return "\n".join([*lines, "</table>"])


def _page(title: str, parts: Sequence[str], language: str) -> str:
    head = f'<meta charset="utf-8">{PAGE_MARK}<title>{html.escape(title)}</title><style>{STYLE}</style>'
    body = "\n".join([f"<h1>{html.escape(title)}</h1>", *parts])
    return f'<!DOCTYPE html>\n<html lang="{language}"><head>{head}</head><body>\n{body}\n</body></html>\n'
