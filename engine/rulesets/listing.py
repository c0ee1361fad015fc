"""The list of pairs of codes that a planner edits in a spreadsheet and gives back as a rule set.

Goes in: the pairs that meet (:mod:`.meeting_codes`), the base RuleSet that fills them, and an
earlier list, if there is one, whose decisions and accepted codes are kept. Comes out: rows of text
with the COLUMNS below, all of which ``verdicts.csv`` may have; a pair that nobody has decided has
the verdict ``unlisted``. A label that no list of codes knows gets a proposal with a confidence on
its first row; the code counts only when a person has written it into ``upper_accepted`` or
``lower_accepted``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd

from ..codes import fold
from .proposals import NO_PROPOSAL, Proposal, propose
from .ruleset import UNLISTED, RuleSet, Verdict

SIDES = ("upper", "lower")
COLUMNS = (
    "upper_code",
    "upper_name",
    "lower_code",
    "lower_name",
    "hectares",
    "places",
    "verdict",
    "condition",
    "min_area_m2",
    "reason_vi",
    "reason_en",
    "reference",
    "reference_en",
    "review",
    "source",
    "base",
    "upper_proposed",
    "upper_confidence",
    "upper_accepted",
    "lower_proposed",
    "lower_confidence",
    "lower_accepted",
)
NUMBERS = ("hectares", "places", "min_area_m2", "upper_confidence", "lower_confidence")


def list_of_pairs(pairs: pd.DataFrame, base: RuleSet, earlier: RuleSet | None, language: str) -> pd.DataFrame:
    """Return one row a pair, then the decided pairs of the earlier list that no longer meet, with
    no hectares.
    """
    accepted = {} if earlier is None else dict(earlier.labels)
    filling = dataclasses.replace(base, labels={**base.labels, **accepted})
    decided = {} if earlier is None else _decided(earlier)
    rows = []
    for upper, lower, area_m2, places in pairs.itertuples(index=False):
        own = decided.pop((fold(upper), fold(lower)), None)
        verdict = filling.verdict(upper, lower) if own is None else own
        rows.append(
            _row(upper, lower, verdict, base.name) | {"hectares": round(area_m2 / 1e4, 4), "places": int(places)}
        )
    for (upper, lower), verdict in decided.items():
        written = (_written(filling, upper), _written(filling, lower))
        rows.append(_row(*written, verdict, base.name) | {"hectares": None, "places": 0})
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    for side in SIDES:
        _say_of_codes(table, side, filling, language)
    return table.astype(object).where(table.notna(), None)


def _decided(earlier: RuleSet) -> dict[tuple[str, str], Verdict]:
    """Return what a person has decided, or could have: rows that are not unlisted."""
    return {pair: verdict for pair, verdict in earlier.verdicts.items() if verdict.verdict != UNLISTED}


def _row(upper: str, lower: str, verdict: Verdict, base: str) -> dict[str, object]:
    words = ("verdict", "condition", "reason_vi", "reason_en", "reference", "reference_en", "review", "source")
    told: dict[str, object] = {word: getattr(verdict, word) for word in words}
    floor = verdict.min_area_m2 or None
    return {"upper_code": upper, "lower_code": lower, "min_area_m2": floor, "base": base, **told}


def _say_of_codes(table: pd.DataFrame, side: str, rules: RuleSet, language: str) -> None:
    """Names of the codes of one side; on the first row of a label what it may mean and what was
    accepted for it.
    """
    codes = table[f"{side}_code"].tolist()
    distinct = list(dict.fromkeys(codes))
    table[f"{side}_name"] = [rules.code_name(code, language, side) for code in codes]
    unknown = labels_without_code(distinct, side, rules)
    proposals = propose(unknown, rules.codes, preferred=named_codes(rules, side))
    first = {code: place for place, code in reversed(list(enumerate(codes)))}
    for label in unknown:
        where = first[label]
        proposal: Proposal = proposals.get(label, NO_PROPOSAL)
        table.loc[where, f"{side}_proposed"] = proposal.code
        table.loc[where, f"{side}_confidence"] = proposal.confidence or None
        accepted = rules.labels.get((side, fold(label)), "")
        table.loc[where, f"{side}_accepted"] = _written(rules, accepted)


def labels_without_code(written: list[str], side: str, rules: RuleSet) -> list[str]:
    """Return what is neither in the list of codes nor named by a row."""
    named = named_codes(rules, side)
    return [code for code in written if fold(code) not in rules.codes and fold(code) not in named and code != "*"]


def named_codes(rules: RuleSet, side: str) -> frozenset[str]:
    """Return the folded codes that rows name on one side."""
    return frozenset(pair[SIDES.index(side)] for pair in rules.verdicts)


def _written(rules: RuleSet, folded: str) -> str:
    return rules.codes[folded].code if folded in rules.codes else folded


def summary(table: pd.DataFrame) -> Mapping[str, float]:
    """Numbers for models: pairs that meet, pairs that nobody decided, labels with a proposal and
    without any code.
    """
    meets = table["hectares"].notna()
    open_pairs = meets & (table["verdict"] == UNLISTED)
    proposed = sum(int(table[f"{side}_proposed"].fillna("").ne("").sum()) for side in SIDES)
    return {
        "pair_count": int(meets.sum()),
        "pair_area": float(table.loc[meets, "hectares"].astype(float).sum() * 1e4),
        "unlisted_count": int(open_pairs.sum()),
        "unlisted_area": float(table.loc[open_pairs, "hectares"].astype(float).sum() * 1e4),
        "proposed_count": proposed,
    }
