"""One normal form of a code in every check, table and comparison; what only looks like a code is unknown and says why."""

from __future__ import annotations

import unicodedata

import geopandas as gpd
import numpy as np
import pytest
import shapely
from drawn import conform, of, plan, rule_set, square
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from overlaps import found
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.conformity.options import Options
from planconcord.engine.checks.meeting_codes import meeting_codes
from planconcord.engine.checks.settings import Settings
from planconcord.engine.codes import LOOK_ALIKES, disguises, fold, hint, in_one_spelling, plain, spellings
from planconcord.engine.identity.comparing import compare_findings
from planconcord.engine.identity.drafts import compare_drafts
from planconcord.engine.plan import PlanLayer
from planconcord.engine.report.redaction import Redaction
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.rulesets.ruleset import UNLISTED, Code, RuleSet, Verdict
from planconcord.engine.tolerance import Tolerance

WAYS = (str, str.lower, str.title, lambda code: f" {code}  ", lambda code: unicodedata.normalize("NFD", code))
CODES = ("LUC", "ONT", "Đất ở", "KV 1")
RULES = rule_set(
    {
        ("RUNG", "LUC"): "conflict",
        ("RUNG", "ONT"): "conflict",
        ("DOTHI", "LUC"): "compatible",
        ("DOTHI", "ONT"): "conditional",
        ("*", "Đất ở"): "conflict",
        ("*", "KV 1"): "compatible",
        ("DOTHI", "*"): "compatible",
    }
)
SETTINGS = Settings(Tolerance(0.0), "en")

written = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(WAYS)), min_size=4, max_size=4)


def four(codes: list[str], **known: object) -> PlanLayer:
    return plan([square(10 * n, 0) for n in range(4)], codes=codes, keys=list("abcd"), **known)


def above(codes: tuple[str, ...] = ("RUNG", "DOTHI")) -> PlanLayer:
    return plan([square(20 * n, 0, 20, 10) for n in range(2)], codes=codes, keys=["T1", "T2"], name="upper")


@given(written)
@examples(max_examples=25, deadline=None)
def test_how_a_code_is_written_changes_no_number(spelt) -> None:
    plain_, odd = [code for code, _ in spelt], [way(code) for code, way in spelt]
    one, other = (
        check_conformity(four(codes), upper, RULES, SETTINGS, Options(cross_table=True, zone_verdicts=True))
        for codes, upper in ((plain_, above()), (odd, above(("rung", " DoThi "))))
    )
    assert {m.name: m.value for m in one.measures} == {m.name: m.value for m in other.measures}
    assert one.findings["rule"].tolist() == other.findings["rule"].tolist()
    for table in (one.cross_table, other.cross_table):
        table["pair"] = [fold(f"{up}|{low}") for up, low in zip(table["upper_code"], table["lower_code"])]
        assert table["pair"].is_unique
    numbers = ["pair", "verdict", "area_ha", "share_of_lower", "share_of_upper", "zone_pairs"]
    left, right = (t.cross_table[numbers].sort_values("pair", ignore_index=True) for t in (one, other))
    assert left.equals(right)
    assert one.zone_verdicts["verdict"].tolist() == other.zone_verdicts["verdict"].tolist()
    pairs = [meeting_codes(four(codes), above(), SETTINGS).pairs for codes in (plain_, odd)]
    assert [len(table) for table in pairs] == [len(set(pairs[0].upper_code + "|" + pairs[0].lower_code))] * 2
    drafts = compare_drafts(four(plain_), four(odd), SETTINGS)
    assert drafts.value("change_count") == 0 and drafts.closes
    assert set(drafts.transitions["code_before"]) == set(drafts.transitions["code_after"])
    assert len(drafts.transitions) == len({fold(code) for code in plain_})


def test_drafts_and_another_case_of_letters() -> None:
    """Of five zones one is added and one has changed; one is only written in small letters."""
    before = plan([square(0, 0), square(10, 0), square(20, 0), square(30, 0)], codes=["ONT", "DGT", "LUC", "CLN"])
    after = plan([square(n, 0) for n in (0, 10, 20, 30, 40)], codes=["ont", "SKK", " luc", "CLN", "LUC"])
    drafts = compare_drafts(before, after, SETTINGS)
    rows = drafts.changes[["kind", "code_before", "code_after", "area_m2"]].to_numpy().tolist()
    assert rows == [["added", "", "LUC", 100.0], ["code", "DGT", "SKK", 100.0]]
    assert drafts.value("change_area") == 200.0 and drafts.closes


def test_a_waiver_stands_when_a_code_is_only_written_otherwise() -> None:
    before, after = found((0, 0, 40, 20), code="LUC"), found((0, 0, 40, 20), code="luc")
    assert compare_findings(before, after, Tolerance(1.0), "en")[1]["persisting"] == 1
    other = found((0, 0, 40, 20), code="LUС")
    assert compare_findings(before, other, Tolerance(1.0), "en")[1]["changed"] == 1


@given(st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(WAYS)), max_size=9), st.randoms())
def test_a_table_spells_a_code_as_most_do_in_any_order(spelt, random) -> None:
    codes = [way(code) for code, way in spelt]
    shown = spellings(codes)
    mixed = codes[:]
    random.shuffle(mixed)
    assert spellings(mixed) == shown
    assert [fold(code) for code in in_one_spelling(codes)] == [fold(code) for code in codes]
    assert len(set(in_one_spelling(codes))) == len({fold(code) for code in codes})
    assert in_one_spelling(["ont", "ONT", "ont"]).tolist() == ["ont"] * 3
    assert in_one_spelling(["ont", "ONT"]).tolist() == ["ONT"] * 2


# ── what only looks like a code ─────────────────────────────────────────────────────────────────────────────────────

WRONG = [
    ("LUС", 3, "CYRILLIC CAPITAL LETTER ES (U+0421)", "LUC"),
    ("ОNT", 1, "CYRILLIC CAPITAL LETTER O (U+041E)", "ONT"),
    ("οnt", 1, "GREEK SMALL LETTER OMICRON (U+03BF)", "ont"),
    ("ΟΝΤ", 2, "GREEK CAPITAL LETTER NU (U+039D)", "ONT"),
    ("L\u200bUC", 2, "ZERO WIDTH SPACE (U+200B)", "LUC"),
    ("\ufeffLUC", 1, "ZERO WIDTH NO-BREAK SPACE (U+FEFF)", "LUC"),
    ("LUC\u00ad", 4, "SOFT HYPHEN (U+00AD)", "LUC"),
    ("ＬUC", 1, "FULLWIDTH LATIN CAPITAL LETTER L (U+FF2C)", "LUC"),
    ("Ðất ở", 1, "LATIN CAPITAL LETTER ETH (U+00D0)", "Đất ở"),
]


@pytest.mark.parametrize(("code", "place", "name", "seen"), WRONG)
def test_a_code_that_only_looks_like_one_is_unknown_and_says_why(code: str, place: int, name: str, seen: str) -> None:
    lower = plan([square(0, 0), square(10, 0)], codes=[code, "LUC"])
    result = conform(lower, plan([square(0, 0, 20, 10)], codes=["DOTHI"]), RULES)
    unknown = of(result, "code.unknown")
    assert len(unknown) == 1 and result.value("unknown_code_count") == 1
    message = unknown["message"].iloc[0]
    assert name in message and f" {place}" in message and seen in message
    assert "{" not in hint(code, "vi") and name in hint(code, "vi")
    assert plain(code) == seen


@pytest.mark.parametrize("code", ["RUNG\u200b", "RUΝG"])
def test_an_upper_code_that_only_looks_like_one_is_unlisted_whatever_a_general_row_says(code: str) -> None:
    rules = rule_set({("*", "LUC"): "compatible", ("RUNG", "LUC"): "conflict"})
    result = conform(plan([square(0, 0)], codes=["LUC"]), plan([square(0, 0)], codes=[code]), rules)
    unlisted = of(result, "conformity.unlisted")
    assert len(unlisted) == 1 and unlisted["message"].str.contains("U\\+").all()


def test_codes_of_another_alphabet_that_a_rule_set_names_are_codes() -> None:
    rules = rule_set({("ЛЕС", "СХ1"): "conflict", ("*", "Ρ"): "conflict"})
    assert rules.verdict("лес", "СХ1").verdict == "conflict" and rules.knows_lower("СХ1") and rules.knows_lower("ρ")
    assert disguises("LUC") == disguises("Đất ở đô thị") == [] and not disguises("лд")
    assert not rules.knows_lower("СХ\u200b1")


def test_a_row_that_nobody_has_decided_makes_no_code_of_what_only_looks_like_one() -> None:
    rules = rule_set({("RUNG", "LUС"): UNLISTED, ("*", "LUC"): "conflict"})
    assert not rules.knows_lower("LUС") and "U+0421" in rules.verdict("RUNG", "LUС").reason("vi")
    assert rule_set({("RUNG", "LUС"): "conflict"}).knows_lower("LUС")


def test_a_label_that_somebody_accepted_is_known() -> None:
    rules = RuleSet(
        "r", {("t", "luc"): Verdict("conflict")}, labels={("lower", "luс"): "luc"}, codes={"luc": Code("LUC")}
    )
    assert rules.verdict("T", "LUС").verdict == "conflict" and rules.knows_lower("LUС")
    assert RuleSet("r", rules.verdicts).verdict("T", "LUС").verdict == UNLISTED


def test_no_look_alike_is_a_letter_of_a_plain_code() -> None:
    assert not [one for one in LOOK_ALIKES if one.isascii()]
    for code in read_ruleset(None).codes.values():
        assert disguises(code.code) == [] and disguises(code.name_vi) == []


def test_drafts_name_the_letter_that_differs() -> None:
    found_ = compare_drafts(plan([square(0, 0)], codes=["LUC"]), plan([square(0, 0)], codes=["LUС"]), SETTINGS)
    assert found_.value("change_count") == 1 and "U+0421" in found_.changes["detail"].iloc[0]


def test_defence_land_is_hidden_under_a_code_that_looks_like_its_own() -> None:
    redaction = Redaction(read_ruleset(None))
    assert all(redaction.is_defence(code) for code in ("CQP", "cqp", "СQP", "C\u200bQP"))
    assert not redaction.is_defence("LUC")


def test_two_superseded_spellings_are_one_finding() -> None:
    rules = read_ruleset(None)
    old = next(code.code for code in rules.codes.values() if rules.superseded(code.code) and code.code.isascii())
    lower = plan([square(0, 0), square(10, 0)], codes=[old, old.lower()])
    result = conform(lower, plan([square(0, 0, 20, 10)], codes=["KV-LUA"]), rules)
    assert len(of(result, "code.superseded")) == 1
    assert np.isclose(of(result, "code.superseded")["area_m2"].sum(), 200.0)
    assert isinstance(result.findings, gpd.GeoDataFrame) and shapely.area(result.findings.geometry.iloc[0]) > 0
