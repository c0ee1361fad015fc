"""The page of a rule set: every verdict as word and colour, flags and sources, escaped, one file."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from planconcord.cli.checks import main
from planconcord.engine.rulesets.page import page, write_page
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.rulesets.ruleset import About, Code, Precedence, RuleSet, Verdict

pytestmark = pytest.mark.same_with_every_library

VOID = ("meta", "br")


class Balanced(HTMLParser):
    """Counts elements and sees that each is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(html: str) -> Balanced:
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    return parser


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_built_in_set_as_a_page(language: str) -> None:
    html = page(read_ruleset(None), language)
    found = read(html)
    words = " ".join(found.words)
    assert f'<html lang="{language}">' in html
    for told in (
        "mâu thuẫn",
        "conflict",
        "Điều 6.8",
        "ma trận tương thích",
        "Z_QPAN",
        "1.235" if language == "vi" else "1,235",
    ):
        assert told in words, told
    assert not re.search(r"(?:src|href)=|<script|url\(|@import", html)  # nothing from elsewhere
    cells = re.findall(r'<td class="cell (\w+)" title="[^"]*">(?:<i>)?(\w+|–)', html)
    short = {
        "vi": {"conflict": "MT", "conditional": "ĐK", "compatible": "PH"},
        "en": {"conflict": "NO", "conditional": "IF", "compatible": "OK"},
    }
    assert set(cells) == set(short[language].items())
    assert len(cells) % 19 == 0 and len(cells) // 19 == 21  # 65 codes are answered in 21 ways
    assert read_ruleset(None).digest in html


def test_everything_that_a_table_says_is_escaped() -> None:
    evil = '<script>alert("x")</script>&"\''
    rules = RuleSet(
        evil,
        {(evil.lower(), "b"): Verdict("conflict", evil, 5.0, evil, evil, evil, evil, evil)},
        {("provincial", "district"): Precedence(evil, evil, evil, evil, evil)},
        "0" * 64,
        {"b": Code("B", evil, evil, "#112233", (evil,), (evil,), "", evil, evil, (), False, evil, evil)},
        About(evil, evil, (), evil, evil, {"vi": evil, "en": evil}, {"vi": evil}, {"en": evil}),
    )
    for language in ("vi", "en"):
        found = read(page(rules, language))
        assert "script" not in found.seen


def test_a_confirmed_row_has_no_question_mark_and_an_inherited_one_is_in_italics() -> None:
    codes = {"b": Code("B"), "b1": Code("B1", parents=("B",))}
    rows = {("a", "b"): Verdict("conflict"), ("a2", "b1"): Verdict("compatible", review="review")}
    html = page(RuleSet("x", rows, codes=codes), "en")
    assert re.findall(r'<td class="cell (\w+)" title="[^"]*">(.*?)</td>', html) == [
        ("conflict", "NO"),
        ("unlisted", "<i>–</i>"),
        ("conflict", "<i>NO</i>"),
        ("compatible", 'OK<span class="review">?</span>'),
    ]


def test_a_matrix_too_large_to_read_is_left_out_and_said_so() -> None:
    rows = {(f"u{number}", f"l{number}"): Verdict("conflict", reason_en="why") for number in range(600)}
    html = page(RuleSet("x", rows), "en")
    assert "too large to be read" in html and 'class="matrix"' not in html and "<b>u599</b>: l599" in html
    wide = page(RuleSet("x", {(f"u{number}", "l"): Verdict("conflict") for number in range(45)}), "en")
    assert wide.count('class="matrix"') == 3


def test_the_page_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "mới" / "trang.html"
    assert main(["showrules", "--output", str(target), "--language", "vi"]) == 0
    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    assert (told["ROW_COUNT"], told["REVIEW_COUNT"]) == ("1235", "1235")
    assert told["SHA256"] == read_ruleset(None).digest
    assert target.read_text(encoding="utf-8") == page(read_ruleset(None), "vi")
    wrong = tmp_path / "verdicts.csv"
    wrong.write_text("upper_code,lower_code,verdict\nA,B,oh\n", encoding="utf-8")
    assert main(["showrules", "--rules", str(wrong), "--output", str(target), "--language", "vi"]) == 2
    assert "dòng 2, cột verdict: oh" in capsys.readouterr().err
    assert main(["showrules", "--output", str(tmp_path), "--language", "en"]) == 2
    assert "is a folder" in capsys.readouterr().err
    (tmp_path / "a file").touch()
    assert main(["showrules", "--output", str(tmp_path / "a file" / "x.html"), "--language", "en"]) == 2
    assert "could not be written" in capsys.readouterr().err


def test_write_page_replaces_the_old_page(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    write_page(RuleSet("old", {("a", "b"): Verdict("conflict")}), target, "en")
    write_page(RuleSet("x", {("a", "b"): Verdict("conflict")}), target, "en")
    assert "old" not in target.read_text(encoding="utf-8").split("</title>")[0]
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
