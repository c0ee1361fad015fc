"""A register made for a person: the empty template, and rows proposed from a folder with their reasons."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.register.folder import create_register, propose
from planconcord.engine.register.reading import read_register
from planconcord.engine.register.state import Expected, boards
from planconcord.engine.register.words import columns
from small_province import DISTRICTS, box, layer, make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files as they come: named after what they hold, beside the boundaries."""
    layer(tmp_path / "ranh_gioi.gpkg", [box(1000.0 * n, 0, 1000, 1000) for n in range(3)], ten_huyen=list(DISTRICTS))
    layer(tmp_path / "qhsdd_a.gpkg", [box(0, 0, 1000, 1000)], ma_thua=["1"], ma_dat=["LUC"], dien_tich=[100.0])
    (tmp_path / "sâu").mkdir()
    layer(tmp_path / "sâu" / "quy_hoach_tinh.gpkg", [box(0, 0, 3000, 1000)], ma_khu=["KV-LUA"])
    (tmp_path / "hỏng.shp").write_bytes(b"nothing")
    (tmp_path / "ghi chú.txt").write_text("no plan")
    return tmp_path


def test_rows_are_proposed_from_a_folder_each_with_its_reason(folder: Path) -> None:
    rows = {row["source"]: row for row in propose(folder, folder, "vi")}
    assert set(rows) == {
        "hỏng.shp",
        "qhsdd_a.gpkg|layername=qhsdd_a",
        "sâu/quy_hoach_tinh.gpkg|layername=quy_hoach_tinh",
    }
    plan = rows["qhsdd_a.gpkg|layername=qhsdd_a"]
    assert (plan["territory"], plan["level"], plan["code_field"]) == ("Huyện A", "huyện", "ma_dat")
    assert (plan["key_field"], plan["declared_area_field"]) == ("ma_thua", "dien_tich")
    assert "qhsdd" in plan["reason"] and "VN-2000" in plan["reason"] and "Huyện A" in plan["reason"]
    assert rows["sâu/quy_hoach_tinh.gpkg|layername=quy_hoach_tinh"]["level"] == "tỉnh"
    assert "hỏng.shp" in rows["hỏng.shp"]["reason"] and "level" not in rows["hỏng.shp"]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_what_was_proposed_reads_as_a_register(folder: Path, ending: str, language: str) -> None:
    (folder / "hỏng.shp").unlink()
    made = folder / f"danh mục.{ending}"
    assert create_register(made, folder, language) == 2
    found = {entry.source: entry for entry in read_register(made).entries}
    plan = found["qhsdd_a.gpkg|layername=qhsdd_a"]
    assert (plan.plan_id, plan.level, plan.territory, plan.status) == ("P01", "district", "Huyện A", "drafting")
    assert plan.nature == "map" and plan.key_field == "ma_thua"
    assert not read_register(made).notes


def test_the_template_has_a_note_on_every_column_and_drop_downs_for_words(tmp_path: Path) -> None:
    create_register(tmp_path / "mẫu.xlsx", None, "vi")
    sheet = openpyxl.load_workbook(tmp_path / "mẫu.xlsx").active
    assert [cell.value for cell in sheet[1]] == [row["vi"] for name, row in columns().items() if name != "reason"]
    assert all(cell.comment.text for cell in sheet[1])
    lists = {str(chosen.sqref): chosen.formula1 for chosen in sheet.data_validations.dataValidation}
    assert len(lists) == 5 and any("đã phê duyệt" in words for words in lists.values())
    assert all(len(words) <= 257 for words in lists.values())
    with pytest.raises(PlanError):
        read_register(tmp_path / "mẫu.xlsx")


@pytest.mark.parametrize("name", ["r.docx", "r"])
def test_a_register_is_a_workbook_or_a_csv(name: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        create_register(tmp_path / name, None, "en")


def test_the_status_board(tmp_path: Path) -> None:
    register = make(tmp_path)
    text = register.read_text(encoding="utf-8-sig")
    lines = text.split("\n")
    lines[1] = lines[1].replace("đã phê duyệt", "đã trình")
    register.write_text("\n".join(lines), encoding="utf-8-sig")
    expected = [Expected("Huyện D", "district"), Expected("Huyện E", "district")]
    told = [board.text("en") for board in boards(read_register(register), expected)]
    assert told[1] == "district: 2 of 5 approved, 1 submitted, 2 not yet"
