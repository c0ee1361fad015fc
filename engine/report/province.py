"""The page of the province: what is still disputed, territory by territory, with the figures of
each.

Goes in: the numbered findings and the file of each territory's sheet. Comes out: one HTML page;
each row leads to the finding on its sheet, where that lies beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from ..catalogue import text
from ..page_style import opening
from .maps import province_overview
from .reading import LISTED, SheetFinding
from .sheet import LARGEST_SHEET, STYLE, Whole, about, by_rule_table, ending, figures, legend


class TerritorySheet(NamedTuple):
    """A territory, the file of its sheet, its numbered findings, and all of them."""

    name: str
    file: str
    told: Sequence[SheetFinding]
    every: Sequence[SheetFinding]

    @property
    def disputed(self) -> list[SheetFinding]:
        """What people still have to agree on."""
        return [entry for entry in self.told if entry.disputed]


def province_page(whole: Whole, territories: Sequence[TerritorySheet]) -> str:
    """Return the page as HTML."""
    return "".join(_parts(whole, territories))


def _parts(whole: Whole, territories: Sequence[TerritorySheet]) -> Iterator[str]:
    words = whole.words
    every = [entry for one in territories for entry in one.every]
    yield opening(text("sheet.province.title", words.language), words.language, STYLE)
    yield f'<p class="kind">{words.say("kind")}</p><h1>{words.say("province.title")}</h1>{about(whole, every)}'
    yield _territories(whole, territories)
    yield f"<h2>{words.say('province.whole')}</h2>{figures(words, every)}"
    yield by_rule_table(words, every)
    yield _map(whole, territories)
    for one in territories:
        yield from _disputed(whole, one)
    if not any(one.disputed for one in territories):
        yield f"<p>{words.say('province.none')}</p>"
    yield ending(whole)


def _name(whole: Whole, one: TerritorySheet) -> str:
    return escape(one.name) if one.name else whole.words.say("no_territory")


def _territories(whole: Whole, territories: Sequence[TerritorySheet]) -> str:
    words = whole.words
    keys = ("territory", "errors", "warnings", "disputed", "handled", "hectares_disputed")
    heads = "".join(f"<th>{words.say(key)}</th>" for key in keys)
    rows = []
    for one in territories:
        counts = [sum(entry["severity"] == severity for entry in one.told) for severity in LISTED]
        disputed = one.disputed
        numbers = [*counts, len(disputed), len(one.told) - len(disputed)]
        cells = "".join(f"<td>{words.count(count)}</td>" for count in numbers)
        area = words.hectares(sum(entry.area_m2 for entry in disputed))
        rows.append(
            f'<tr><td class="name"><a href="{escape(one.file)}">{_name(whole, one)}</a></td>{cells}<td>{area}</td></tr>'
        )
    return f'<table class="figures"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _map(whole: Whole, territories: Sequence[TerritorySheet]) -> str:
    svg, scale = province_overview(
        [(one.name, one.disputed, one.every) for one in territories], whole.ground, whole.words.language
    )
    if not svg:
        return ""
    shown = legend(whole.words, [entry for one in territories for entry in one.disputed])
    return (
        f'<section class="overview"><h2>{whole.words.say("overview")}</h2><figure>{svg}'
        f"<figcaption>{whole.words.say('scale', scale=scale)}<br>{shown}</figcaption></figure></section>"
    )


def _disputed(whole: Whole, one: TerritorySheet) -> Iterator[str]:
    words, disputed = whole.words, one.disputed
    if not disputed:
        return
    keys = ("number", "rule", "side_a", "side_b", "area", "must_adjust", "article", "decision")
    heads = "".join(f"<th>{words.say(key)}</th>" for key in keys)
    yield f"<h2>{_name(whole, one)}: {words.say('province.disputed', count=len(disputed))}</h2>"
    yield f'<table class="list"><thead><tr>{heads}</tr></thead><tbody>'
    for entry in disputed:
        number = str(entry.number)
        if entry.number <= LARGEST_SHEET:
            number = f'<a href="{escape(one.file)}#f-{entry.number}">{entry.number}</a>'
        told = (
            words.rule(entry["rule"]),
            words.side(entry, "a"),
            words.side(entry, "b"),
            words.area(entry),
            words.told(entry["must_adjust"]),
            words.told(entry["reference"]),
            words.decision(entry),
        )
        cells = "".join(f"<td>{cell}</td>" for cell in told)
        yield f'<tr><td class="number">{number}</td>{cells}</tr>'
    yield "</tbody></table>"
