"""The words of a sheet, escaped: whatever came from a layer or a person, and our own texts, in one
language.

Every function returns HTML. Nothing that is not escaped gets past here into a page.
"""

from __future__ import annotations

from datetime import date
from html import escape

from ..amounts import area_text, width_text
from ..catalogue import number, rules, text
from ..rulesets.ruleset import RuleSet
from .reading import SheetFinding

NOTHING = "–"


class Words:
    """Texts of one language; ``ruleset`` knows the names of codes."""

    def __init__(self, language: str, ruleset: RuleSet):
        self.language, self._ruleset = language, ruleset

    def say(self, key: str, **values: object) -> str:
        """Return a text of ours; its values are escaped with it."""
        return escape(text(f"sheet.{key}", self.language, **values))

    def told(self, words: str) -> str:
        """Return a text of a layer or a person."""
        return escape(words) if words.strip() else NOTHING

    def status(self, entry: SheetFinding) -> str:
        """Return the status, and that a waiver has run out."""
        said = escape(text(f"status.{entry.status}", self.language))
        return f"{said} ({self.say('lapsed')})" if entry.lapsed else said

    def severity(self, severity: str) -> str:
        """Return the name of a severity."""
        return escape(text(f"severity.{severity}", self.language))

    def rule(self, code: str) -> str:
        """Return the title of a rule; its code where a store of another version has one that is not
        known.
        """
        known = rules().get(code)
        return escape(known.text("title", self.language) if known else code)

    def code(self, code: str, side: str = "") -> str:
        """Return a code with its name."""
        name = self._ruleset.code_name(code, self.language, side) if code else ""
        return f"<b>{escape(code)}</b> {escape(name)}".strip() if code else NOTHING

    def side(self, entry: SheetFinding, side: str) -> str:
        """Plan, zone and code of one side of a finding."""
        plan, zone = entry[f"plan_{side}"], entry[f"zone_{side}"]
        if not (plan or zone or entry[f"code_{side}"]):
            return NOTHING
        where = " · ".join(escape(part) for part in (plan, zone) if part)
        code = entry[f"code_{side}"]
        return "<br>".join(part for part in (where, self.code(code) if code else "") if part)

    def area(self, entry: SheetFinding) -> str:
        """Return the area of a finding."""
        return escape(area_text(entry["area_m2"], self.language))

    def width(self, entry: SheetFinding) -> str:
        """Return the width of a finding."""
        return escape(width_text(entry["width_m"], self.language))

    def area_and_width(self, entry: SheetFinding) -> str:
        """Both, or one dash where there is neither."""
        both = [self.area(entry), self.width(entry)]
        return NOTHING if both == [NOTHING, NOTHING] else " · ".join(both)

    def count(self, count: int) -> str:
        """Return a whole number."""
        return number(count, 0, self.language)

    def hectares(self, area_m2: float) -> str:
        """Return an area in hectares, without its unit."""
        return number(area_m2 / 1e4, 2, self.language)

    def day(self, written: str) -> str:
        """Return a date as people write it, of an ISO date or time; the text itself where it is
        none.
        """
        try:
            day = date.fromisoformat(written[:10])
        except ValueError:
            return self.told(written)
        return f"{day:%d/%m/%Y}" if self.language == "vi" else day.isoformat()

    def decision(self, entry: SheetFinding) -> str:
        """Return what was last decided: status, who, when, until when."""
        made = entry.decision
        if made is None:
            return self.status(entry)
        parts = [self.status(entry), self.told(made.who), self.day(made.decided)]
        if made.expiry:
            parts.append(self.say("until", day=self.day(made.expiry)))
        return " · ".join(parts)
