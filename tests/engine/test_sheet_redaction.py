"""Defence land on the sheets: with redaction on, a page is the same as if there had never been any."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import sheets
from planconcord.engine.report.redaction import Redaction
from planconcord.engine.report.write import SheetOptions, write_sheets
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.store.decisions import decide

TODAY = date(2026, 11, 22)
WORDS = re.compile(r"CQP|CQA|Z_QPAN|quốc phòng|quân sự|A-77|21,08|210\.?800|defen[cs]e", re.IGNORECASE)


def pages(folder: Path, plans: tuple = (), **store: object) -> dict[str, str]:
    folder.mkdir()
    sheets.write(folder / "kho.gpkg", **store)  # type: ignore[arg-type]
    made = write_sheets(folder / "kho.gpkg", folder, SheetOptions("vi", today=TODAY), plans)
    return {path.name: path.read_text(encoding="utf-8") for path in (*made.sheets, made.province)}


def test_no_name_no_area_no_outline_no_count_of_defence_land(tmp_path: Path) -> None:
    """Byte for byte what a store without it gives."""
    with_defence, without = pages(tmp_path / "with"), pages(tmp_path / "without", defence=False)
    assert with_defence == without
    assert not [found for page in with_defence.values() for found in WORDS.findall(page)]


def test_switched_off_it_is_there(tmp_path: Path) -> None:
    sheets.write(tmp_path / "kho.gpkg")
    made = write_sheets(tmp_path / "kho.gpkg", tmp_path, SheetOptions("vi", redact=False, today=TODAY))
    page = made.sheets[0].read_text(encoding="utf-8")
    assert made.findings == 6 and "21,08 ha" in page and "Đất quốc phòng" in page and "bí mật" not in page


def test_zones_around_it_do_not_draw_its_outline(tmp_path: Path) -> None:
    """Two defence zones of different shape in the same squares of 500 m give the same pages."""
    one = sheets.square(*sheets.DEFENCE_ZONE)
    other = sheets.square(5_010, 5_020, 700, 90).union(sheets.square(5_200, 5_100, 60, 200))
    first = pages(tmp_path / "first", (sheets.plan_around(one),))
    second = pages(tmp_path / "second", (sheets.plan_around(other),), defence=False)
    assert first == second
    assert 'class="zone"' in first["sheet-huyen-a.html"]


def test_a_finding_on_such_ground_is_left_out_whatever_its_codes_say(tmp_path: Path) -> None:
    """Only the plan knows that the ground of the overlap is defence land."""
    ground = sheets.plan([(sheets.square(100, 100, 300), "CQP"), (sheets.square(400, 0, 5_000), "LUC")])
    page = pages(tmp_path / "a", (ground,), defence=False)["sheet-huyen-a.html"]
    assert "9,00 ha" not in page and "0,40 ha" in page


def test_a_plan_without_codes_is_not_drawn(tmp_path: Path) -> None:
    sheets.write(tmp_path / "kho.gpkg")
    plan = sheets.plan([(sheets.square(0, 0, 2_000), "LUC")], code_field="")
    made = write_sheets(tmp_path / "kho.gpkg", tmp_path, SheetOptions("vi", today=TODAY), [plan])
    assert [key for key, _ in made.notes] == ["sheet.plan_without_codes"]
    assert 'class="zone"' not in made.sheets[0].read_text(encoding="utf-8")


def test_remarks_that_speak_of_defence_are_cut(tmp_path: Path) -> None:
    ids = sheets.write(tmp_path / "kho.gpkg", defence=False)
    chosen = ids["conformity.conflict A-2"]
    decide(tmp_path / "kho.gpkg", [chosen], "waived", "Chị Lan", "Theo Bộ chỉ huy quân sự tỉnh", "7/BC-UBND")
    made = write_sheets(tmp_path / "kho.gpkg", tmp_path, SheetOptions("vi", today=TODAY))
    page = made.sheets[0].read_text(encoding="utf-8")
    assert "quân sự" not in page and "quốc phòng" not in page and "7/BC-UBND" in page and "0,40 ha" in page


def test_a_sheet_of_before_is_replaced_even_where_nothing_is_left(tmp_path: Path) -> None:
    sheets.write(tmp_path / "kho.gpkg")
    shown = write_sheets(tmp_path / "kho.gpkg", tmp_path, SheetOptions("vi", redact=False, today=TODAY))
    hidden = write_sheets(tmp_path / "kho.gpkg", tmp_path, SheetOptions("vi", today=TODAY))
    assert shown.sheets == hidden.sheets
    assert not [page for page in tmp_path.glob("*.html") if WORDS.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "code", ["CQP", "cqp", "CQP-2", "CQP1", "LUC+CQP", "CQA", "Z_QPAN", "Đất quốc phòng", "ĐẤT QUÂN SỰ"]
)
def test_codes_of_defence_land(code: str) -> None:
    assert Redaction(read_ruleset(None)).is_defence(code)


@pytest.mark.parametrize("code", ["", "CAN", "LUC", "Z_KPC", "CDG", "TSC", "SKK", "đất ở đô thị"])
def test_codes_of_other_land(code: str) -> None:
    assert not Redaction(read_ruleset(None)).is_defence(code)
