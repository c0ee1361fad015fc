"""A rule set as one page that one reads, prints on A4 and signs: the matrix, its reasons, and what
nobody has confirmed yet.

Goes in: a RuleSet and the language that stands first. Comes out: one HTML page with everything
inside it, no script, both languages, every text escaped. Each cell of the matrix carries its
verdict as a word and as a colour, a number that leads to reason, reference and source, and a
question mark where the row is not confirmed. Codes that are answered alike share a line. Cells that
inherit their answer are in italics. Wide matrices are cut into tables of COLUMNS_AT_ONCE zones; one
of more than LARGEST_MATRIX cells is left out, and said so: its rows stand in the list.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from ..catalogue import number, text
from ..tables.writing import PAGE_MARK
from ..tables.writing import write_page as write
from .page_style import STYLE
from .ruleset import ANY, Code, RuleSet, Verdict

COLUMNS_AT_ONCE = 20
LARGEST_MATRIX = 250_000
LARGEST_LIST = 5_000
WORDS = ("conflict", "conditional", "compatible", "unlisted")


class Line(NamedTuple):
    """Lower codes that every upper code of a table answers alike, and these answers."""

    codes: tuple[str, ...]
    answers: tuple[Verdict, ...]
    own: tuple[bool, ...]


def page(rules: RuleSet, language: str) -> str:
    """Return the page as HTML text."""
    return "".join(_Page(rules, language).parts())


def write_page(rules: RuleSet, path: Path, language: str) -> None:
    """Write the page to ``path``; PlanError where that is not possible."""
    write(path, page(rules, language), "rules.page_unwritable")


class _Page:
    def __init__(self, rules: RuleSet, language: str):
        self._rules, self._language = rules, language
        self._other = "en" if language == "vi" else "vi"
        self._notes: dict[tuple[str, ...], int] = {}
        self._uppers = _in_order(rules, 0)
        self._lowers = _in_order(rules, 1)
        for verdict in rules.verdicts.values():
            self._note(verdict)

    def parts(self) -> Iterator[str]:
        title = self._both(self._rules.about.title) or escape(self._rules.name)
        yield f'<!DOCTYPE html>\n<html lang="{self._language}"><head><meta charset="utf-8">{PAGE_MARK}'
        yield f"<title>{escape(self._rules.about.title.get(self._language) or self._rules.name)}</title>"
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<style>{STYLE}</style></head><body>"
        yield f'<header><p class="kind">{self._say("kind")}</p><h1>{title}</h1></header>'
        yield self._about()
        yield self._legend()
        yield from self._matrix()
        yield from self._reasons()
        yield self._precedence()
        yield from self._codes()
        yield f"<footer>{self._say('footer')}</footer></body></html>\n"

    # what the set is

    def _about(self) -> str:
        rules, about = self._rules, self._rules.about
        rows = rules.verdicts.values()
        review = sum(bool(row.review) for row in rows)
        period = f"{about.valid_from or '…'} – {about.valid_to or '…'}" if about.valid_from or about.valid_to else ""
        told = (
            ("name", escape(rules.name)),
            ("version", escape(" · ".join(filter(None, [about.version, about.date])))),
            ("validity", escape(period)),
            ("upper", self._both(about.upper)),
            ("lower", self._both(about.lower)),
            ("rows", self._count(len(rows))),
            ("review", f"{self._count(review)} {self._say('review.rows')}" if review else self._say("review.none")),
            ("labels", self._count(len(rules.labels)) if rules.labels else ""),
            ("sha256", f"<code>{escape(rules.digest)}</code>"),
        )
        lines = "".join(f"<tr><th>{self._say(name)}</th><td>{value}</td></tr>" for name, value in told if value)
        return f'<table class="about"><tbody>{lines}</tbody></table>'

    def _legend(self) -> str:
        shown = "".join(
            f'<span class="key"><b class="cell {word}">{self._short(word)}</b> {self._say(word)}</span>'
            for word in WORDS
        )
        marks = "".join(
            f'<span class="key"><b class="cell">{mark}</b> {self._say(key)}</span>'
            for mark, key in (("<sup>7</sup>", "mark.note"), ("?", "mark.review"), ("<i>abc</i>", "mark.inherited"))
        )
        return f'<div class="legend">{shown}{marks}</div>'

    # the matrix

    def _matrix(self) -> Iterator[str]:
        yield f'<h2 class="matrix-heading">{self._say("matrix")}</h2>'
        if len(self._uppers) * len(self._lowers) > LARGEST_MATRIX:
            yield f'<p class="left-out">{self._say("matrix.large")}</p>'
            return
        for start in range(0, len(self._uppers), COLUMNS_AT_ONCE):
            uppers = self._uppers[start : start + COLUMNS_AT_ONCE]
            heads = "".join(f"<th>{self._column_head(upper)}</th>" for upper in uppers)
            yield f'<table class="matrix"><thead><tr><th class="corner">{self._say("corner")}</th>{heads}</tr></thead><tbody>'
            for line in self._lines(uppers):
                cells = "".join(map(self._cell, line.answers, line.own))
                yield f'<tr><th class="lower">{self._line_head(line.codes)}</th>{cells}</tr>'
            yield "</tbody></table>"

    def _lines(self, uppers: list[str]) -> Iterator[Line]:
        alike: dict[tuple, list[str]] = {}
        for lower in self._lowers:
            answers = tuple(self._rules.verdict(upper, lower) for upper in uppers)
            own = tuple((upper, lower) in self._rules.verdicts for upper in uppers)
            key = (*((answer.verdict, self._note(answer), bool(answer.review)) for answer in answers), own)
            alike.setdefault(key, []).append(lower)
        for codes in alike.values():
            answers = tuple(self._rules.verdict(upper, codes[0]) for upper in uppers)
            own = tuple((upper, codes[0]) in self._rules.verdicts for upper in uppers)
            yield Line(tuple(codes), answers, own)

    def _cell(self, answer: Verdict, own: bool) -> str:
        note = self._note(answer)
        mark = f"<sup>{note}</sup>" if note else ""
        review = '<span class="review">?</span>' if answer.review else ""
        word = self._short(answer.verdict)
        shown = word if own else f"<i>{word}</i>"
        hint = escape(
            "; ".join(
                filter(None, [text(f"rulespage.{answer.verdict}", self._language), answer.reason(self._language)])
            )
        )
        return f'<td class="cell {answer.verdict}" title="{hint}">{shown}{review}{mark}</td>'

    def _column_head(self, folded: str) -> str:
        code = self._code(folded)
        return f'<div class="up">{self._names(code)}</div><b>{escape(code.code)}</b>'

    def _line_head(self, folded: tuple[str, ...]) -> str:
        codes = [self._code(one) for one in folded]
        written = ", ".join(f"<b>{escape(code.code)}</b>" for code in codes)
        return f"{written}<br>{self._names(codes[0])}" if len(codes) == 1 else written

    # what stands behind it

    def _reasons(self) -> Iterator[str]:
        rows: dict[int, list[tuple[str, str]]] = {}
        for pair, verdict in self._rules.verdicts.items():
            rows.setdefault(self._note(verdict), []).append(pair)
        rows.pop(0, None)
        if not rows:
            return
        yield f"<h2>{self._say('reasons')}</h2><table class='list'><thead><tr>"
        yield "".join(f"<th>{self._say(key)}</th>" for key in ("number", "verdict", "reason", "reference", "pairs"))
        yield "</tr></thead><tbody>"
        for note, pairs in list(rows.items())[:LARGEST_LIST]:
            row = self._rules.verdicts[pairs[0]]
            rows_alike = [self._rules.verdicts[pair] for pair in pairs]
            flag = f'<br><span class="review">? {self._say("mark.review")}</span>'
            review = flag if any(one.review for one in rows_alike) else ""
            sources = dict.fromkeys(one.source for one in rows_alike if one.source)
            reference = "<br>".join(
                escape(part) for part in (*self._cited(row.reference, row.reference_en), *sources) if part
            )
            yield f'<tr><td class="number">{note}</td><td class="cell {row.verdict}">{self._say(row.verdict)}</td>'
            yield f"<td>{self._reason(row)}</td><td>{reference}{review}</td><td>{self._places(pairs)}</td></tr>"
        yield "</tbody></table>"
        if len(rows) > LARGEST_LIST:
            yield f'<p class="left-out">{self._say("reasons.more")} {self._count(len(rows) - LARGEST_LIST)}</p>'

    def _reason(self, row: Verdict) -> str:
        floor = (
            f"{self._say('min_area')} {number(row.min_area_m2, 1, self._language, trim=True)} m²"
            if row.min_area_m2
            else ""
        )
        first, second = getattr(row, f"reason_{self._language}"), getattr(row, f"reason_{self._other}")
        condition = f"<b>{escape(row.condition)}</b>" if row.condition else ""
        other = f'<span class="other">{escape(second)}</span>' if second else ""
        return "<br>".join(part for part in (condition, floor, escape(first), other) if part)

    def _cited(self, vietnamese: str, english: str) -> list[str]:
        """Return a citation in the page's language, and in the other one where that has it too."""
        both = [vietnamese, english] if self._language == "vi" else [english, vietnamese]
        return [one for one in both if one]

    def _places(self, pairs: list[tuple[str, str]]) -> str:
        """Return the pairs that share a reason: lower codes by upper code."""
        by_upper: dict[str, list[str]] = {}
        for upper, lower in pairs:
            by_upper.setdefault(upper, []).append(self._code(lower).code)
        return "<br>".join(
            f"<b>{escape(self._code(upper).code)}</b>: {escape(', '.join(lowers))}"
            for upper, lowers in by_upper.items()
        )

    def _precedence(self) -> str:
        if not self._rules.precedence:
            return ""
        first, second = (f"must_adjust_{one}" for one in (self._language, self._other))
        heads = "".join(f"<th>{self._say(key)}</th>" for key in ("upper_level", "lower_level", "adjusts", "article"))
        lines = []
        for (upper, lower), who in self._rules.precedence.items():
            review = f' <span class="review">? {self._say("mark.review")}</span>' if who.review else ""
            other = f'<br><span class="other">{escape(getattr(who, second))}</span>'
            source = f"<br>{escape(who.source)}" if who.source else ""
            article = "<br>".join(map(escape, self._cited(who.article, who.article_en)))
            lines.append(
                f"<tr><td>{self._say(f'level.{upper}')}</td><td>{self._say(f'level.{lower}')}</td>"
                f"<td>{escape(getattr(who, first))}{other}</td><td>{article}{source}{review}</td></tr>"
            )
        table = f"<table class='list'><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        return f"<h2>{self._say('precedence')}</h2>{table}"

    def _codes(self) -> Iterator[str]:
        """Yield the codes that the rows name, and those that inherit from one of them."""
        named = {code for pair in self._rules.verdicts for code in pair}
        shown = [code for folded, code in self._rules.codes.items() if named & set(self._rules.lineage(folded))]
        if not shown:
            return
        heads = "".join(
            f"<th>{self._say(key)}</th>" for key in ("code", "name_of_code", "part_of", "generations", "successor")
        )
        yield f"<h2>{self._say('codes')}</h2><table class='list'><thead><tr>{heads}</tr></thead><tbody>"
        for code in shown[:LARGEST_LIST]:
            colour = f'<span class="swatch" style="background:{code.hex}"></span>' if code.hex else ""
            review = f' <span class="review" title="{escape(code.review)}">?</span>' if code.review else ""
            then = escape(code.successor or code.question(self._language))
            old = f"<b>{self._say('superseded')}</b> → {then}" if self._rules.superseded(code.code) else ""
            generations = ", ".join(map(_generation, code.generations))
            yield f"<tr><td>{colour}<b>{escape(code.code)}</b>{review}</td><td>{self._names(code)}</td>"
            yield f"<td>{escape(', '.join(code.parents))}</td><td>{escape(generations)}</td><td>{old}</td></tr>"
        yield "</tbody></table>"

    # words

    def _note(self, verdict: Verdict) -> int:
        """Return the number of a reason; 0 where the row says nothing but its verdict."""
        parts = (verdict.condition, verdict.reason_vi, verdict.reason_en, verdict.reference, verdict.reference_en)
        if not any(parts) and not verdict.min_area_m2:
            return 0
        key = (verdict.verdict, *parts, str(verdict.min_area_m2))
        return self._notes.setdefault(key, len(self._notes) + 1)

    def _code(self, folded: str) -> Code:
        return self._rules.codes.get(folded) or Code(folded)

    def _names(self, code: Code) -> str:
        first, second = (code.name_vi, code.name_en) if self._language == "vi" else (code.name_en, code.name_vi)
        other = f' <span class="other">{escape(second)}</span>' if second and second != first else ""
        return escape(first) + other

    def _both(self, words: dict[str, str] | object) -> str:
        told = dict(words) if isinstance(words, dict) else {}
        first, second = told.get(self._language, ""), told.get(self._other, "")
        other = f' <span class="other">{escape(second)}</span>' if second and first else escape(second)
        return escape(first) + other

    def _count(self, count: int) -> str:
        return number(count, 0, self._language)

    @functools.lru_cache(maxsize=256)  # noqa: B019 - one page lives as long as its cache
    def _say(self, key: str) -> str:
        first, second = text(f"rulespage.{key}", self._language), text(f"rulespage.{key}", self._other)
        return f'{escape(first)} <span class="other">{escape(second)}</span>'

    def _short(self, word: str) -> str:
        return escape(text(f"rulespage.short.{word}", self._language))


def _in_order(rules: RuleSet, side: int) -> list[str]:
    """Return the codes that rows name on one side, in the order of the list of codes, then of the
    rows; any code comes last.
    """
    named = dict.fromkeys(pair[side] for pair in rules.verdicts)
    rank = {code: place for place, code in enumerate(rules.codes)}
    known = sorted((code for code in named if code in rank), key=rank.__getitem__)
    return [*known, *(code for code in named if code not in rank and code != ANY), *([ANY] if ANY in named else [])]


def _generation(written: str) -> str:
    """tt08_2024 as people write it: TT 08/2024."""
    kind, _, year = written.partition("_")
    return f"{kind[:2].upper()} {kind[2:]}/{year}" if kind[:2] == "tt" and year else written
