"""DEVELOPMENT.md says for each of ten changes which files an example of it took, as the code shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "DEVELOPMENT.md").read_text(encoding="utf-8")
HOUSE = ("algorithms", "cli", "demo", "engine", "qgis_bridge", "qgis_plugin", "resources")
EXAMPLES = {
    "An algorithm": ("", r"showrules|ShowRules"),
    "A check": ("", r"declared_area import|area\.declared"),
    "A kind of check in a province": ("engine/province/", r"\bAREAS\b"),
    "A format that is read": ("", r'"dgn"|"\.dgn"'),
    "A rule": ("", r"border\.abrupt"),
    "A verdict of rule sets": ("", r'"conditional"|^conditional,|\.conditional,'),
    "A language": ("", r'== "vi"|"vi", "en"|"en", "vi"'),
    "A column of the finding": ("", r'"must_adjust"|\bmust_adjust,|field\.must_adjust'),
    "A table of resources": ("", r"label_words"),
    "A figure of a report": ("", r"by_rule"),
}
"""By which text the files of the house that an example took are known, and the folder in which they lie ("": anywhere)."""


def section(title: str) -> str:
    return PAGE.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]


def files_with(pattern: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for folder in HOUSE
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".csv", ".toml") and re.search(pattern, path.read_text("utf-8"), re.MULTILINE)
    }


def test_the_page_has_ten_changes() -> None:
    changes = PAGE.split("## Ten changes", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^### (.+)$", changes, re.MULTILINE) == list(EXAMPLES)
    assert len(EXAMPLES) == 10


@pytest.mark.parametrize("title", EXAMPLES)
def test_the_list_of_a_change_is_what_its_example_took(title: str) -> None:
    folder, pattern = EXAMPLES[title]
    listed = set(re.findall(r"^\* `([^`]+)`", section(title), re.MULTILINE))
    assert listed == {path for path in files_with(pattern) if path.startswith(folder)}
    assert f"{len(listed)} files of the house" in section(title)


def test_every_file_that_is_named_exists() -> None:
    named = {name for title in EXAMPLES for name in re.findall(r"`([^`\s]+/[^`\s]+|[A-Z.a-z]+\.md)`", section(title))}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert len(named) > 40
