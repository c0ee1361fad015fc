"""The sheet of one territory: figures, overview map, and each finding with its map and a line to
sign.

Goes in: the territory's findings, of which the errors and warnings are listed singly, and what the
whole store is. Comes out: one HTML page that needs nothing beside it and prints on A4. More than
LARGEST_SHEET findings are not listed; the page says how many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from ..catalogue import text
from ..page_style import BASE, CLOSING, opening
from ..store.decisions import STATUSES
from .figures import by_rule, by_severity
from .ground import BaseMap
from .maps import ZONE_COLOURS, colour_of, overview, small_map
from .reading import Contents, SheetFinding
from .words import NOTHING, Words

LARGEST_SHEET = 1000
STYLE = (
    "@page { size: A4 portrait; margin: 12mm 12mm 14mm; }"
    + BASE
    + """
body { max-width: 202mm; font-size: 9pt; } .figures { font-size: 8pt; break-inside: avoid; } .figures td { text-align: right; }
.figures td.name, .figures thead th:first-child { text-align: left; } .figures thead th { background: #eef1f4; text-align: right; }
.about { margin: 0 0 3mm; color: #44505c; font-size: 8.5pt; }
svg { display: block; } .paper { fill: #fbfaf6; } .frame { fill: none; stroke: #44505c; stroke-width: 20; }
.zone { fill-opacity: .38; stroke: #8d8d86; stroke-width: 8; fill-rule: evenodd; } .grid { stroke: #7b8fa1; stroke-width: 5; fill: none; opacity: .5; }
.found { fill-opacity: .5; stroke-width: 28; fill-rule: evenodd; stroke-linejoin: round; } .dot { stroke: #fff; stroke-width: 15; }
.ring { fill: none; stroke-width: 40; } .side { fill: none; stroke-width: 50; stroke-linejoin: round; } .side.b { stroke-width: 38; stroke-dasharray: 160 110; }
.of { font-weight: bold; } .of.a { fill: #005a8d; } .of.b { fill: #9a6a00; }
.line { display: inline-block; width: 7mm; border-top: 0.45mm solid; margin-right: 1.5mm; vertical-align: 0.9mm; } .line.b { border-top-style: dashed; }
svg text { font-family: "DejaVu Sans", Arial, sans-serif; text-anchor: middle; fill: #1c2530; stroke: #fff; stroke-width: 45;
  paint-order: stroke; stroke-linejoin: round; } .km { fill: #55697b; } .place { font-weight: bold; } .plain { fill-opacity: .38; fill-rule: evenodd; }
figure { margin: 0; } figcaption { font-size: 7pt; color: #44505c; margin-top: 0.7mm; }
.overview { break-inside: avoid; } .key { display: inline-block; margin: 0 5mm 0 0; }
.finding { break-inside: avoid; border-top: 0.4mm solid #44505c; padding: 1.5mm 0 3mm; }
.finding h3 { font-size: 9.5pt; margin: 0 0 1mm; } .finding h3 .severity { font-weight: normal; color: #44505c; }
.body { display: flex; gap: 3mm; } .facts { font-size: 8pt; align-self: flex-start; } .facts th { width: 33mm; color: #44505c; white-space: nowrap; }
.facts td { overflow-wrap: anywhere; } .message { margin: 1mm 0 0; font-size: 8pt; overflow-wrap: anywhere; }
.sign { display: flex; gap: 4mm; margin-top: 4.5mm; font-size: 8pt; } .sign span { border-bottom: 0.2mm dotted #1c2530; flex: 1; height: 5mm; }
.sign span.short { flex: 0.45; } .list td { overflow-wrap: anywhere; } .list td:nth-child(5) { white-space: nowrap; overflow-wrap: normal; }
"""
)


@dataclass(frozen=True)
class Whole:
    """What all pages of a run share; ``redacted``: whether anything that must not be printed was
    looked for and left out.
    """

    contents: Contents
    ground: BaseMap
    words: Words
    today: date
    redacted: bool
    version: str


def sheet(whole: Whole, territory: str, told: Sequence[SheetFinding], every: Sequence[SheetFinding]) -> str:
    """Return the page as HTML. ``told``: the numbered findings, listed singly; ``every``: all of
    the territory, also those only counted.
    """
    return "".join(_parts(whole, territory, told, every))


def _parts(whole: Whole, territory: str, told: Sequence[SheetFinding], every: Sequence[SheetFinding]) -> Iterator[str]:
    words = whole.words
    name = territory or text("sheet.no_territory", words.language)
    yield opening(text("sheet.title", words.language, territory=name), words.language, STYLE)
    yield f'<p class="kind">{words.say("kind")}</p><h1>{escape(name)}</h1>{about(whole, every)}'
    yield figures(words, every)
    yield _overview(whole, told, every)
    yield by_rule_table(words, every)
    shown = told[:LARGEST_SHEET]
    yield f"<h2>{words.say('findings')}</h2>"
    if not told:
        yield f"<p>{words.say('none')}</p>"
    for entry in shown:
        yield _finding(whole, entry)
    if len(told) > len(shown):
        yield f'<p class="left-out">{words.say("more", count=len(told) - len(shown))}</p>'
    yield ending(whole)


def about(whole: Whole, every: Sequence[SheetFinding]) -> str:
    """Return the line under the title: which plans, which store, when; and what the page leaves
    out.
    """
    words = whole.words
    plans = sorted({entry[f"plan_{side}"] for entry in every for side in "ab"} - {""})
    lines = [words.say("plans", plans=", ".join(plans) or NOTHING)]
    lines.append(
        words.say(
            "made",
            store=whole.contents.path.name,
            run=words.day(whole.contents.last_run) if whole.contents.last_run else NOTHING,
            today=words.day(whole.today.isoformat()),
        )
    )
    if whole.redacted:
        lines.append(words.say("redacted"))
    return f'<p class="about">{"<br>".join(lines)}</p>'


def figures(words: Words, every: Sequence[SheetFinding]) -> str:
    """Counts by severity and status, with hectares."""
    heads = "".join(
        f"<th>{said}</th>"
        for said in (
            words.say("severity"),
            words.say("count"),
            *(escape(text(f"status.{status}", words.language)) for status in STATUSES),
            words.say("hectares"),
        )
    )
    rows = "".join(
        f'<tr><td class="name">{words.severity(row.severity)}</td><td>{words.count(row.total)}</td>'
        + "".join(f"<td>{words.count(count)}</td>" for count in row.by_status)
        + f"<td>{words.hectares(row.area_m2)}</td></tr>"
        for row in by_severity(every)
    )
    return f'<table class="figures"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def by_rule_table(words: Words, every: Sequence[SheetFinding]) -> str:
    """Return what was found, rule by rule."""
    rules = by_rule(every)
    if not rules:
        return ""
    heads = "".join(f"<th>{words.say(key)}</th>" for key in ("rule", "severity", "count", "disputed", "hectares"))
    rows = "".join(
        f'<tr><td class="name">{words.rule(row.rule)}</td><td>{words.severity(row.severity)}</td>'
        f"<td>{words.count(row.total)}</td><td>{words.count(row.disputed)}</td><td>{words.hectares(row.area_m2)}</td></tr>"
        for row in rules
    )
    head = f"<h2>{words.say('by_rule')}</h2>"
    return f'{head}<table class="figures"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def legend(words: Words, told: Sequence[SheetFinding]) -> str:
    """Return the colours that a map uses, with the rules that have them."""
    kinds: dict[str, list[str]] = {}
    for entry in told:
        named = kinds.setdefault(colour_of(entry), [])
        if entry["rule"] not in named:
            named.append(entry["rule"])
    return " ".join(
        f'<span class="key"><span class="swatch" style="background:{colour}"></span>{" / ".join(map(words.rule, named))}</span>'
        for colour, named in kinds.items()
    )


def ending(whole: Whole) -> str:
    """Return the foot of a page."""
    return f"<footer>{whole.words.say('footer', version=whole.version)}</footer>{CLOSING}"


def _overview(whole: Whole, told: Sequence[SheetFinding], every: Sequence[SheetFinding]) -> str:
    svg, scale = overview(told[:LARGEST_SHEET], every, whole.ground, whole.words.language)
    if not svg:
        return ""
    caption = f"{whole.words.say('scale', scale=scale)}<br>{legend(whole.words, told)}"
    return (
        f'<section class="overview"><h2>{whole.words.say("overview")}</h2>'
        f"<figure>{svg}<figcaption>{caption}</figcaption></figure></section>"
    )


def _finding(whole: Whole, entry: SheetFinding) -> str:
    words = whole.words
    svg, scale, outlined = small_map(entry, whole.ground, words.language)
    drawn = f"<figure>{svg}<figcaption>{words.say('scale', scale=scale)}</figcaption></figure>" if svg else ""
    made = entry.decision
    facts = (
        ("side_a", words.side(entry, "a")),
        ("side_b", words.side(entry, "b")),
        ("area_width", words.area_and_width(entry)),
        ("article", words.told(entry["reference"])),
        ("must_adjust", words.told(entry["must_adjust"])),
        ("decision", words.decision(entry)),
        *((("note", words.told(made.note)), ("document", words.told(made.document))) if made else ()),
    )
    lines = {
        f"side_{side}": f'<span class="line {side}" style="border-color:{ZONE_COLOURS[side]}"></span>'
        for side in outlined
    }
    rows = "".join(f"<tr><th>{lines.get(key, '')}{words.say(key)}</th><td>{value}</td></tr>" for key, value in facts)
    sign = (
        f'<div class="sign">{words.say("opinion")}<span></span>{words.say("signature")}<span></span>'
        f'{words.say("day")}<span class="short"></span></div>'
    )
    return (
        f'<section class="finding" id="f-{entry.number}"><h3>{entry.number}. {words.rule(entry["rule"])}'
        f' <span class="severity">({words.severity(entry["severity"])}, {escape(entry["finding_id"])})</span></h3>'
        f'<div class="body">{drawn}<table class="facts"><tbody>{rows}</tbody></table></div>'
        f'<p class="message">{words.told(entry["message"])}</p>{sign}</section>'
    )
