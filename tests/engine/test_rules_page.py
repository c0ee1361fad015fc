"""The catalogue of rules in docs/ is what the table of rules says, and every rule that a check reports is in it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from planconcord.engine.catalogue import rules

pytestmark = pytest.mark.same_with_every_library

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rules_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planconcord_tool_rules_page", ROOT / "tools" / "rules_page.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_page_is_current(rules_page: ModuleType, language: str) -> None:
    written = rules_page.PAGES[language].read_text(encoding="utf-8")
    assert written == rules_page.page(language), "please run tools/rules_page.py"


def test_every_rule_has_its_place_on_the_page(rules_page: ModuleType) -> None:
    assert {code.split(".")[0] for code in rules()} == set(rules_page.GROUPS)
    for language in ("en", "vi"):
        headings = re.findall(r"^### (\S+)$", rules_page.page(language), flags=re.M)
        assert sorted(headings) == sorted(rules())


def test_rules_that_the_checks_name_are_said_to_be_reported(rules_page: ModuleType) -> None:
    """Read out of the checks' own text; conformity builds its codes from the verdicts."""
    folders = [ROOT / "engine" / name for name in ("checks", "province", "register")]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files)
    named = {code for code in rules() if f'"{code}"' in source}
    assert named <= set(rules_page.REPORTED_BY)
    assert set(rules_page.REPORTED_BY) <= set(rules())
