"""The words: every rule and every refusal in both languages, with placeholders that are filled, and numbers as people write them."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from planconcord.engine.amounts import area_text, share_text, width_text
from planconcord.engine.catalogue import (
    LANGUAGES,
    RESOURCES,
    SEVERITIES,
    language_of,
    number,
    read_table,
    rules,
    shown,
    text,
)
from planconcord.engine.errors import PlanError
from planconcord.engine.findings import assemble, batch, empty
from planconcord.engine.record import FIELDS, NAMES

pytestmark = pytest.mark.same_with_every_library

ROOT = Path(__file__).resolve().parents[2]
CODES = [
    "geometry.invalid",
    "geometry.empty",
    "geometry.duplicate",
    "coverage.overlap",
    "coverage.gap",
    "coverage.outside",
    "border.overlap",
    "border.gap",
    "border.mismatch",
    "border.abrupt",
    "conformity.conflict",
    "conformity.conditional",
    "conformity.unlisted",
    "conformity.unplanned",
    "conformity.unfulfilled",
    "conformity.diagram",
    "key.missing",
    "key.duplicate",
    "code.missing",
    "code.unknown",
    "code.superseded",
    "area.declared",
    "area.total",
    "quota.shortfall",
    "quota.excess",
    "quota.missing",
    "figures.closure",
    "figures.total",
    "figures.unread",
    "project.conflict",
    "project.unlocated",
    "project.unplanned",
    "register.missing",
    "register.expired",
    "register.unapproved",
    "register.unreadable",
    "register.crs",
]
FILLED = {*NAMES, "area", "width", "share", "detail", "reason", "name_a", "name_b"} - {"message", "finding_id"}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def texts() -> dict[str, dict[str, str]]:
    return {row["key"]: row for path in sorted((RESOURCES / "i18n").glob("*.csv")) for row in read_table(path)}


def asked_for(names: tuple[str, ...]) -> Iterator[tuple[str, str, set[str] | None]]:
    """(where, key, values given) for each call of one of ``names`` with a constant key; None where ** hides the values."""
    for storey in ("demo", "engine", "cli", "qgis_bridge", "algorithms", "qgis_plugin"):
        for path in sorted((ROOT / storey).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in names and isinstance(node.args[0].value, str):
                    given = {word.arg for word in node.keywords if word.arg}
                    hidden = any(word.arg is None for word in node.keywords)
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0].value, None if hidden else given


def test_the_catalogue_has_every_rule_once_and_in_order() -> None:
    assert list(rules()) == CODES
    assert {rule.severity for rule in rules().values()} <= set(SEVERITIES)


@pytest.mark.parametrize("code", CODES)
def test_every_rule_has_all_its_words_in_both_languages(code: str) -> None:
    rule = rules()[code]
    words = dict(rule.words)
    for part in ("title", "explanation", "remedy", "message"):
        for language in LANGUAGES:
            assert words[f"{part}_{language}"].strip(), f"{code}: {part}_{language}"
        assert words[f"{part}_en"] != words[f"{part}_vi"], f"{code}: {part} is not translated"
    templates = [placeholders(words[f"message_{language}"]) for language in LANGUAGES]
    assert templates[0] == templates[1], f"{code}: the messages do not name the same things"
    assert templates[0] <= FILLED, f"{code}: {templates[0] - FILLED} is never filled"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_makes_a_finding_with_a_whole_message(code: str, language: str) -> None:
    made = assemble([batch(code, [shapely.box(0, 0, 10, 10)], plan_a="QH", zone_a="7")], 5899, language, "run")
    message = made["message"][0]
    assert message
    assert not any(left in message for left in ("{", "}", "nan", "None")), message


def test_every_text_stands_in_both_languages_with_the_same_placeholders() -> None:
    for key, row in texts().items():
        assert row["en"], key
        assert row["vi"], key
        assert placeholders(row["en"]) == placeholders(row["vi"]), key


def test_every_key_stands_once() -> None:
    rows = [row["key"] for path in (RESOURCES / "i18n").glob("*.csv") for row in read_table(path)]
    assert sorted(rows) == sorted(set(rows))


def test_every_refusal_in_the_code_has_its_words_and_gives_its_values() -> None:
    known = texts()
    for where, key, given in asked_for(("PlanError", "add")):
        if key.startswith(("error.", "rules.")):
            assert key in known, f"{where}: {key} is in no file of resources/i18n"
            wanted = placeholders(known[key]["en"])
            assert given is None or wanted == given, f"{where}: {key} wants {wanted}, is given {given}"


def test_every_text_in_the_code_has_its_words_and_gives_its_values() -> None:
    known = texts()
    for where, key, given in asked_for(("text",)):
        if "." in key and " " not in key:
            assert key in known, f"{where}: {key} is in no file of resources/i18n"
            wanted = placeholders(known[key]["en"])
            assert given is None or wanted <= given, f"{where}: {key} wants {wanted}, is given {given}"


def test_every_word_for_a_reason_of_geos_is_asked_for_by_geos() -> None:
    for drawn, reason in (
        ("POLYGON((0 0,10 10,10 0,0 10,0 0))", "Self-intersection"),
        ("POLYGON((0 0,1 0,0 0,0 0))", "Too few points in geometry component"),
        ("POLYGON((0 0,10 0,10 10,0 10,0 0),(20 0,22 0,22 2,20 2,20 0))", "Hole lies outside shell"),
        ("MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((2 2,4 2,4 4,2 4,2 2)))", "Nested shells"),
    ):
        assert shapely.is_valid_reason(shapely.from_wkt(drawn)).startswith(reason)
        assert text(f"geos.{reason}", "vi") != text(f"geos.{reason}", "en")


def test_a_refusal_speaks_both_languages() -> None:
    error = PlanError("error.layer_empty", layer="lớp {0}")
    assert str(error) == error.text("en")
    assert "lớp {0}" in error.text("vi")
    assert error.text("vi") != error.text("en")


@pytest.mark.parametrize(
    ("value", "decimals", "vi", "en"),
    [
        (1234567.891, 2, "1.234.567,89", "1,234,567.89"),
        (0.5, 1, "0,5", "0.5"),
        (-1234.5, 1, "-1.234,5", "-1,234.5"),
        (999.999, 2, "1.000,00", "1,000.00"),
        (0, 0, "0", "0"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: float, decimals: int, vi: str, en: str) -> None:
    assert number(value, decimals, "vi") == vi
    assert number(value, decimals, "en") == en


@pytest.mark.parametrize(
    ("value", "vi"),
    [
        (12.5, "12,5"), (25_000, "25.000"), (0.1, "0,1"), (3.0, "3"), (True, "True"), ("1.5", "1.5"), (None, "None"),
        (np.float64(0.25), "0,25"), (float("nan"), "nan"), (float("inf"), "inf"), (1e20, "100.000.000.000.000.000.000"),
    ],
)  # fmt: skip
def test_values_in_texts(value: object, vi: str) -> None:
    assert shown(value, "vi") == vi


def test_areas_widths_and_shares_for_a_reader() -> None:
    assert [area_text(area, "vi") for area in (23_300, 1000, 999, 12.34, 0.5, np.nan)] == [
        "2,33 ha", "0,10 ha", "999,0 m²", "12,3 m²", "0,5000 m²", "–",
    ]  # fmt: skip
    assert [width_text(width, "en") for width in (12.34, 0.1, np.nan)] == ["12.3 m", "0.100 m", "–"]
    assert [share_text(share, "vi") for share in (0.123, 1.0, np.nan)] == ["12,3 %", "100,0 %", "–"]


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("vi", "vi"),
        ("vi_VN", "vi"),
        ("VI-vn", "vi"),
        ("en_US", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
        ("vie", "en"),
    ],
)
def test_the_language_of_a_locale(locale: str | None, language: str) -> None:
    assert language_of(locale) == language


def test_a_column_that_no_finding_has_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        batch("coverage.gap", [shapely.box(0, 0, 1, 1)], colour="red")


def test_no_findings_are_an_empty_layer_with_all_columns() -> None:
    made = empty(5899)
    assert len(made) == 0
    assert list(made.columns) == [*(name for name, _ in FIELDS), "geometry"]
    assert made.crs.to_epsg() == 5899


def test_findings_are_sorted_by_severity_rule_and_size() -> None:
    shapes = [shapely.box(0, 0, size, 1) for size in (1, 3, 2)]
    made = assemble(
        [
            batch("key.missing", shapes[:1]),
            batch("coverage.overlap", shapes, area_m2=shapely.area(shapes)),
            batch("coverage.gap", shapes[:1], area_m2=1.0, severity="info"),
        ],
        5899,
        "en",
        "run",
    )
    assert list(zip(made["severity"], made["rule"], made["area_m2"].fillna(0))) == [
        ("error", "coverage.overlap", 3.0),
        ("error", "coverage.overlap", 2.0),
        ("error", "coverage.overlap", 1.0),
        ("warning", "key.missing", 0.0),
        ("info", "coverage.gap", 1.0),
    ]


def test_findings_at_one_place_have_ids_of_their_own_that_persist() -> None:
    def ids(count: int) -> list[str]:
        made = assemble([batch("coverage.gap", [shapely.box(0, 0, 1, 1)] * count, plan_a="QH")], 5899, "en", "any")
        return sorted(made["finding_id"])

    assert len(set(ids(3))) == 3
    assert ids(2) == ids(3)[:2]
    assert len(ids(1)[0]) == 12


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1, "P: 1 label became a land-use code by the label map."),
        (2_000, "P: 2,000 labels became land-use codes by the label map."),
    ],
)
def test_one_is_not_several(count: int, expected: str) -> None:
    assert text("intake.labels_to_codes", "en", layer="P", count=count) == expected
    assert text("note.dropped", "en", layer="P", count=1, found="Point").endswith("is no polygon (Point) was left out.")


def test_no_area_is_no_area_to_four_places() -> None:
    assert [area_text(area, "en") for area in (0.0, 1e-9, 0.25, 12.0)] == ["0 m²", "0 m²", "0.2500 m²", "12.0 m²"]
