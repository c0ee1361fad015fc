"""Which row answers a pair of codes: the most specific one, the stricter of two rules for any code, and no row at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.engine.codes import fold
from planconcord.engine.rulesets.lookup import ANY
from planconcord.engine.rulesets.ruleset import Code, RuleSet, Verdict

PARTS = {"LUC": "LUA", "LUK": "LUA", "LUA": "NNP", "NTS": "NNP", "Z_A1": "Z_A", "Z_A": "Z"}


def ruled(rows: Mapping[tuple[str, str], str], parts: Mapping[str, str] = PARTS) -> RuleSet:
    """A rule set out of {(upper, lower): verdict} and {part: wholes}."""
    codes = {fold(code): Code(code, parents=tuple(wholes.split())) for code, wholes in parts.items()}
    return RuleSet(
        "drawn", {(fold(u), fold(v)): Verdict(word, reason_en=f"{u}/{v}") for (u, v), word in rows.items()}, codes=codes
    )


def answered_by(rules: RuleSet, upper: str, lower: str) -> str:
    """Which row answered, "" for none."""
    return rules.verdict(upper, lower).reason_en


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        (["Z_A/LUC", "Z_A/LUA", "*/*"], "Z_A/LUC"),
        (["Z_A/NNP", "Z_A/LUA", "*/*"], "Z_A/LUA"),
        (["Z_A/NNP", "Z/LUC", "Z_A/LUA"], "Z/LUC"),  # they cross: the stricter
        (["Z_A/*", "*/*"], "Z_A/*"),
        (["*/LUA", "*/*"], "*/LUA"),
        (["Z/*", "Z_A/*"], "Z_A/*"),
        (["*/*"], "*/*"),
        (["Z_B/LUC", "Z_A/NTS"], ""),
    ],
)
def test_the_most_specific_row_answers(rows: list[str], row: str) -> None:
    given_rows = {tuple(pair.split("/")): "conflict" if pair == "Z/LUC" else "compatible" for pair in rows}
    rules = ruled(given_rows)  # type: ignore[arg-type]
    assert answered_by(rules, "Z_A", "LUC") == row
    assert rules.verdict("Z_A", "LUC").verdict == (
        "unlisted" if not row else "conflict" if row == "Z/LUC" else "compatible"
    )


def test_rows_for_any_code_that_cross_give_the_stricter_one() -> None:
    rules = ruled(
        {("Z_A", ANY): "conditional", (ANY, "LUC"): "conflict", ("Z_B", ANY): "conflict", (ANY, "NTS"): "compatible"}
    )
    assert answered_by(rules, "Z_A", "LUC") == "*/LUC"
    assert answered_by(rules, "Z_B", "LUC") == "Z_B/*"  # as strict: the one nearer on the upper side
    assert answered_by(rules, "Z_A", "NTS") == "Z_A/*"


def test_a_part_of_two_wholes_inherits_from_both() -> None:
    rules = ruled({("A", "DHT"): "compatible", ("A", "CCC"): "compatible"}, {"DGT": "CCC DHT", "DCH": "DHT"})
    assert rules.lineage("DGT") == {"dgt": 0, "ccc": 1, "dht": 1}
    assert rules.verdict("A", "DGT").verdict == "compatible"
    assert answered_by(rules, "A", "DCH") == "A/DHT"


def test_a_whole_is_farther_than_each_of_its_parts_by_whichever_way() -> None:
    rules = ruled({}, {"C": "B A", "B": "A"})
    assert rules.lineage("C") == {"c": 0, "b": 1, "a": 2}


def test_a_superseded_code_is_judged_as_its_successor() -> None:
    codes = {
        "lun": Code("LUN", successor="LUK", generations=("tt27_2018",)),
        "luk": Code("LUK", generations=("tt08_2024",)),
    }
    rules = RuleSet("drawn", {("z", "luk"): Verdict("conflict")}, codes=codes)
    assert rules.verdict("Z", "LUN").verdict == "conflict" and rules.knows_lower("LUN")


def test_a_row_that_says_unlisted_is_more_specific_than_a_general_one() -> None:
    rules = ruled({("Z_A", "LUC"): "unlisted", (ANY, ANY): "compatible"})
    assert rules.verdict("Z_A", "LUC").verdict == "unlisted"  # nobody has decided: reported, not passed over in silence
    assert rules.verdict("Z_A", "LUK").verdict == "compatible"


@pytest.mark.parametrize(
    "written", ["ĐẤT ở", "đất  Ở ", "\u0110a\u0302\u0301t o\u031b\u0309".replace("o\u031b\u0309", "ở"), " đất ở"]
)
def test_codes_are_compared_without_case_blanks_and_accent_composition(written: str) -> None:
    rules = ruled({("K", "Đất ở"): "conflict"})
    assert rules.verdict(" k ", written).verdict == "conflict"


def test_numbers_and_nulls_among_the_codes() -> None:
    rules = ruled({("1", "2"): "conflict"})
    answers = rules.answers(
        np.array([1, "1", None, float("nan")], dtype=object), np.array(["2", 2, "2", 2], dtype=object)
    )
    assert answers.column("verdict").tolist() == ["conflict", "conflict", "unlisted", "unlisted"]


NAMES = ["a", "b", "c", "d", "e"]
TREES = st.fixed_dictionaries({name: st.sampled_from(["", *NAMES[:rank]]) for rank, name in enumerate(NAMES)})
ROWS = st.dictionaries(
    st.tuples(st.sampled_from([*NAMES, ANY]), st.sampled_from([*NAMES, ANY])),
    st.sampled_from(["conflict", "conditional", "compatible"]),
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, TREES)
def test_many_pairs_at_once_and_one_by_one_agree_with_a_plain_search(rows: dict, tree: dict[str, str]) -> None:
    rules = ruled(rows, tree)

    def line(code: str) -> list[str]:
        found = [code]
        while tree.get(found[-1]):
            found.append(tree[found[-1]])
        return [*found, ANY]

    def plain(upper: str, lower: str) -> str:
        reach = [
            (line(upper).index(u), line(lower).index(v), word)
            for (u, v), word in rows.items()
            if u in line(upper) and v in line(lower)
        ]
        best = [a for a in reach if not any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in reach)]
        words = [word for _, _, word in best]
        return next((word for word in ("conflict", "conditional", "compatible") if word in words), "unlisted")

    pairs = [(upper, lower) for upper in NAMES for lower in NAMES]
    expected = [plain(*pair) for pair in pairs]
    assert [rules.verdict(*pair).verdict for pair in pairs] == expected
    names = np.array(NAMES, dtype=object)
    upper, lower = np.repeat(np.arange(5), 5), np.tile(np.arange(5), 5)
    assert rules.answers(names, names, upper, lower).column("verdict").tolist() == expected
    assert rules.answers(names[upper], names[lower]).column("verdict").tolist() == expected


def test_answers_can_be_asked_for_columns_masks_and_parts() -> None:
    rules = ruled({("A", "X"): "conflict", ("A", "Y"): "compatible"})
    answers = rules.answers(["A", "A", "A"], ["X", "Y", "X"])
    assert len(answers) == 3 and len(answers.rows) == 2
    assert answers.among(["conflict"]).tolist() == [True, False, True]
    assert answers.where(np.array([False, True, True])).reasons("vi").tolist() == ["A/Y", "A/X"]
    assert answers.column("min_area_m2").tolist() == [0.0, 0.0, 0.0]
    assert len(rules.answers([], [])) == 0
    with pytest.raises(ValueError, match="2 upper and 1 lower"):
        rules.answers(["A", "B"], ["X"])


def test_of_two_million_pairs_each_pair_of_codes_is_judged_once() -> None:
    rules = ruled({(f"U{u}", f"L{v}"): "conflict" for u in range(300) for v in range(0, 300, 2)}, {})
    zones = np.array([f"u{zone % 300}" for zone in range(2_000)], dtype=object)
    parcels = np.array([f"L{zone % 300}" for zone in range(100_000)], dtype=object)
    random = np.random.default_rng(1)
    upper, lower = random.integers(0, 2_000, 2_000_000), random.integers(0, 100_000, 2_000_000)
    judged = type(rules).verdict
    with pytest.MonkeyPatch.context() as patch:
        asked: list[tuple[str, str]] = []
        patch.setattr(type(rules), "verdict", lambda of, *pair: (asked.append(pair), judged(of, *pair))[1])
        found = rules.answers(zones, parcels, upper, lower).among(["conflict"])
    assert len(asked) == len(set(asked)) <= 300 * 300
    assert (found == (lower % 300 % 2 == 0)).all()
