"""Nothing lies about unused: no key of the catalogue that no code asks for, no function or class that nobody calls."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import vulture
from planconcord.engine.catalogue import RESOURCES, read_table

ROOT = Path(__file__).resolve().parents[2]
STOREYS = ("demo", "engine", "cli", "qgis_bridge", "algorithms", "qgis_plugin")
MADE_OF_DATA = {
    "geos.": "the reasons of GEOS, asked for as GEOS words them; test_catalogue asks GEOS",
    "field.": "the columns of the finding, one key for each",
}
"""Keys whose last part comes from somewhere else than our code and tables."""
CALLED_FROM_OUTSIDE = {
    "__getattr__": "Python calls it when planconcord.x is asked for",
    "__dir__": "Python calls it for dir(planconcord)",
    "lacking_optional": "tools/library_arguments.py",
    "style_land_classes": "tools/overview_page.py",
    "close_idle": "a test ends the connections that are kept, before it ends its server",
    "original_table": "the oracle of what intake does to texts: the values as the file holds them",
}
"""Functions that the house itself never calls, and who does."""


def sources() -> list[Path]:
    house = [path for storey in STOREYS for path in sorted((ROOT / storey).rglob("*.py"))]
    return [*house, ROOT / "__init__.py", ROOT / "__main__.py", *sorted((ROOT / "tools").glob("*.py"))]


@functools.cache
def written() -> tuple[frozenset[str], frozenset[str]]:
    """(texts and names, patterns): the constants of the code, and its f-strings with a group for each part to fill."""
    constants: set[str] = set()
    patterns: set[str] = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.keyword) and node.arg:
                constants.add(node.arg)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                constants.add(node.target.id)
            elif isinstance(node, ast.JoinedStr):
                parts = [re.escape(p.value) if isinstance(p, ast.Constant) else "(.+)" for p in node.values]
                patterns.add("".join(parts))
    for path in RESOURCES.rglob("*.csv"):
        if path.parent.name != "i18n":
            for row in read_table(path):
                constants.update([*row, *row.values()])
    lettered = {pattern for pattern in patterns if re.search("[A-Za-z]", pattern.replace("(.+)", ""))}
    generic = {"(.+)\\.(.+)"}
    return frozenset(constants), frozenset(lettered | generic)


@functools.cache
def asked_for(part: str, depth: int = 3) -> bool:
    """Whether code writes ``part``, or puts it together from parts that it writes."""
    constants, patterns = written()
    forms = {part, part.lower(), f".{part}", part.replace("_", "-")}
    if forms & constants:
        return True
    return depth > 0 and any(
        found is not None and all(asked_for(group, depth - 1) for group in found.groups())
        for found in (re.fullmatch(pattern, part) for pattern in patterns)
    )


def keys() -> Iterator[str]:
    for path in sorted((RESOURCES / "i18n").glob("*.csv")):
        for row in read_table(path):
            yield row["key"]


def test_every_key_of_the_catalogue_is_asked_for() -> None:
    every = list(keys())
    unused = [key for key in every if not key.startswith(tuple(MADE_OF_DATA)) and not asked_for(key)]
    assert len(every) > 1400
    assert unused == []
    assert not asked_for("error.file_missing") and not asked_for("checkcoverage.INPUT.nonsense")


def test_every_family_of_keys_that_is_made_of_data_exists() -> None:
    assert [family for family in MADE_OF_DATA if not any(key.startswith(family) for key in keys())] == []


def unused_code() -> set[str]:
    """The functions and classes that no other line of the house names, without what QGIS calls by a name of its own."""
    found = vulture.Vulture()
    found.scavenge([str(path) for path in sources() if path.parent.name != "tools"])
    return {
        item.name
        for item in found.get_unused_code(min_confidence=60)
        if item.typ in ("function", "class", "property", "import")
    }


def test_every_function_and_class_is_called() -> None:
    assert unused_code() == set(CALLED_FROM_OUTSIDE)
