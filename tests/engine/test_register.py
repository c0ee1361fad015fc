"""The register: headers, words, dates and numbers as people write them, every mistake told at once, and hostile tables."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pyogrio
import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.register.mistakes import RegisterError
from planconcord.engine.register.reading import number_of, read_register

HEAD = [
    "Mã quy hoạch",
    "Cấp",
    "Địa bàn",
    "Nguồn dữ liệu",
    "Tỷ lệ",
    "Trạng thái",
    "Ngày quyết định",
    "Quy hoạch cấp trên",
]
ROWS = [
    ["QHT", "tỉnh", "Tỉnh A", "tinh.gpkg|layername=khu", "1:50.000", "Đã phê duyệt", "12/10/2023", ""],
    ["H1", "Huyện", "Huyện B", "b.shp", "10.000", "đã trình", "3/4/2022", "QHT"],
]
ODS_CONTENT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<table:table table:name="Danh mục">{rows}</table:table></office:document-content>'
)


def written(folder: Path, kind: str, rows: list[list[str]], head: list[str] = HEAD) -> Path:
    path = folder / f"danh mục.{kind}"
    if kind == "csv":
        lines = [";".join(cells) for cells in (head, *rows)]
        path.write_text("\n".join(lines), encoding="utf-8-sig")
    elif kind == "xlsx":
        book = openpyxl.Workbook()
        for cells in (head, *rows):
            book.active.append(cells)
        book.save(path)
    elif kind == "gpkg":
        pyogrio.write_dataframe(pd.DataFrame(rows, columns=head), path, layer="danh mục", driver="GPKG")
    else:
        cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
        made = [
            "<table:table-row>" + "".join(cell.format(c) for c in cells) + "</table:table-row>"
            for cells in (head, *rows)
        ]
        with zipfile.ZipFile(path, "w") as parts:
            parts.writestr("content.xml", ODS_CONTENT.format(rows="".join(made)))
    return path


def mistakes(path: Path, **options: bool) -> list[str]:
    with pytest.raises(RegisterError) as caught:
        read_register(path, **options)
    assert str(path) in caught.value.text("vi") and caught.value.text("vi") != caught.value.text("en")
    return [key for key, _ in caught.value.mistakes]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods", "gpkg"])
def test_the_same_register_from_every_kind_of_table(kind: str, tmp_path: Path) -> None:
    upper, lower = read_register(written(tmp_path, kind, ROWS)).entries
    assert (upper.plan_id, upper.level, upper.scale, upper.status) == ("QHT", "provincial", 50_000.0, "approved")
    assert upper.decision_date == date(2023, 10, 12) and upper.nature == "map"
    assert (lower.row, lower.level, lower.territory, lower.scale) == (3, "district", "Huyện B", 10_000.0)
    assert lower.decision_date == date(2022, 4, 3)
    assert lower.upper_plans == ("QHT",) and lower.source == "b.shp" and lower.status == "submitted"


def test_english_headers_and_a_column_that_nobody_knows(tmp_path: Path) -> None:
    head = ["plan_id", "Level", "SOURCE", "valid from", "valid_to", "Remarks"]
    found = read_register(written(tmp_path, "csv", [["A", "district", "a.gpkg", "2021", "2030", "x"]], head))
    assert found.entries[0].valid_from == date(2021, 1, 1) and found.entries[0].valid_to == date(2030, 12, 31)
    assert found.notes == (("register.note.column", {"column": "remarks"}),)


def test_every_mistake_is_told_at_once_with_its_row(tmp_path: Path) -> None:
    rows = [
        ["QHT", "tỉnh", "A", "t.gpkg", "1:x", "đã phê duyệt", "31/02/2023", ""],
        ["QHT", "làng", "B", "../b.shp", "10.000", "xong", "3/4/2022", "KHÔNG"],
        ["", "huyện", "C", "", "0", "đã phê duyệt", "", ""],
    ]
    path = written(tmp_path, "csv", rows)
    found = mistakes(path)
    assert sorted(found) == sorted(
        [
            *("error.register.scale", "error.register.date", "error.register.twice", "error.register.word"),
            *("error.register.blank", "error.register.word", "error.register.no_such_plan"),
            *("error.register.blank", "error.register.scale"),
        ]
    )
    with pytest.raises(RegisterError) as caught:
        read_register(path)
    assert {values["row"] for _, values in caught.value.mistakes} == {2, 3, 4}


@pytest.mark.parametrize(
    "source",
    ["../a.gpkg", "x/../../a.gpkg", "/etc/passwd", "C:\\a.gpkg", "\\\\server\\a.gpkg", "/vsizip//etc/a.zip/a.shp"],
)
def test_paths_leave_the_folder_only_when_asked_for(source: str, tmp_path: Path) -> None:
    path = written(tmp_path, "csv", [["A", "huyện", "B", source, "", "", "", ""]])
    assert read_register(path).entries[0].outside == "source"
    allowed = read_register(path, outside=True).entries[0]
    assert (allowed.source, allowed.outside) == (source, "")


def test_a_link_out_of_the_folder_is_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    path = written(tmp_path / "in", "csv", [["A", "huyện", "B", "link/a.gpkg", "", "", "", ""]])
    assert read_register(path).entries[0].outside == "source"


def test_of_a_row_that_leaves_the_folder_no_other_path_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("plan_id,level,source,boundary,label_map\nA,huyện,a.gpkg,../b.gpkg,/etc/passwd\n", encoding="utf-8")
    entry = read_register(path).entries[0]
    assert (entry.source, entry.boundary, entry.label_map, entry.outside) == ("a.gpkg", "", "", "label_map")


@pytest.mark.parametrize("source", ["/vsicurl/http://x/a.gpkg", "PG:dbname=x", "http://x/a.geojson", "a.gpkg|table=x"])
def test_connections_are_no_files(source: str, tmp_path: Path) -> None:
    path = written(tmp_path, "csv", [["A", "huyện", "B", source, "", "", "", ""]])
    assert mistakes(path, outside=True) in (["error.register.no_file"], ["error.register.source"])


def test_a_draft_may_have_no_file_yet(tmp_path: Path) -> None:
    entry = read_register(written(tmp_path, "csv", [["A", "huyện", "B", "", "", "đang lập", "", ""]])).entries[0]
    assert entry.source == "" and entry.status == "drafting"


def test_a_formula_is_taken_by_its_kept_value_and_never_computed(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["plan_id", "level", "source"])
    book.active.append(["=1+1", "district", '=WEBSERVICE("http://x")'])
    book.save(path)
    assert mistakes(path) == ["error.register.blank", "error.register.blank"]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_table_with_an_external_entity_is_refused(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path, kind, ROWS)
    member = "xl/worksheets/sheet1.xml" if kind == "xlsx" else "content.xml"
    with zipfile.ZipFile(path) as parts:
        content = {name: parts.read(name) for name in parts.namelist()}
    content[member] = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + content[member]
    with zipfile.ZipFile(path, "w") as parts:
        for name, data in content.items():
            parts.writestr(name, data)
    with pytest.raises(PlanError):
        read_register(path)


@pytest.mark.parametrize("name", ["none.csv", "r.docx", "empty.csv", "bad.xlsx", "bad.ods", "bad.gpkg"])
def test_what_is_no_register_is_refused_in_words(name: str, tmp_path: Path) -> None:
    if name != "none.csv":
        (tmp_path / name).write_bytes(b"plan_id,level,source\n" if name == "empty.csv" else b"not this")
    with pytest.raises(PlanError) as caught:
        read_register(tmp_path / name)
    assert name in caught.value.text("vi")


def test_ten_thousand_rows(tmp_path: Path) -> None:
    rows = [[f"P{n}", "xã", f"Xã {n}", f"{n}.gpkg", "1:5.000", "đã phê duyệt", "1/2/2024", ""] for n in range(10_000)]
    found = read_register(written(tmp_path, "csv", rows))
    assert len(found.entries) == 10_000 and found.entries[-1].row == 10_001


@pytest.mark.parametrize(
    ("words", "value"),
    [("10.000", 1e4), ("10,000", 1e4), ("10 000", 1e4), ("0,5", 0.5), ("2000", 2e3), ("1.234.567", 1234567)],
)
def test_numbers(words: str, value: float) -> None:
    assert number_of(words) == value
