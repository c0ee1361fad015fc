"""Tables as offices write them: cells that are merged, a title above the header, values beside the table."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planconcord.cli.checks import main
from planconcord.engine.errors import PlanError
from planconcord.engine.intake.generations import read_codes
from planconcord.engine.intake.labels import read_labels
from planconcord.engine.intake.report import IntakeReport
from planconcord.engine.province.options import options_of
from planconcord.engine.register.mistakes import RegisterError
from planconcord.engine.register.reading import read_register
from planconcord.engine.rulesets.reading import RuleSetError, read_ruleset
from planconcord.engine.tables.headers import Columns, header_at
from planconcord.engine.tables.merged import Merged, spread
from small_province import make

HEAD = ["Mã quy hoạch", "Cấp", "Nguồn dữ liệu", "Tỷ lệ", "Trạng thái", "Hiệu lực đến"]
TITLE = [["DANH MỤC QUY HOẠCH"], [], ["(kèm theo Quyết định số 12)"]]
PLANS = [
    ["P1", "xã", "p1.gpkg", "1:10.000", "đã phê duyệt", "2030"],
    ["P2", "xã", "p2.gpkg", "", "", ""],
    ["P3", "xã", "p3.gpkg", "", "", ""],
]
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<table:table table:name="a">{rows}</table:table></office:document-content>'
)
Cells = list  # of rows of texts


def workbook(path: Path, rows: Cells, merged: tuple[str, ...] = ()) -> Path:
    """A workbook with ``rows`` and ranges that are merged, as Excel writes it: only the first cell holds a value."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for one in merged:
        book.active.merge_cells(one)
    book.save(path)
    return path


def ods(path: Path, rows: Cells, merged: list[Merged]) -> Path:
    """The same as LibreOffice writes it; what lies under a merged cell is kept, hidden."""
    lines = []
    for number, row in enumerate(rows, start=1):
        line = ""
        for place, words in enumerate(row, start=1):
            over = [
                m for m in merged if m.first_row <= number <= m.last_row and m.first_column <= place <= m.last_column
            ]
            first = any((m.first_row, m.first_column) == (number, place) for m in over)
            name = "covered-table-cell" if over and not first else "table-cell"
            spans = ""
            if first:
                down, across = over[0].last_row - number + 1, over[0].last_column - place + 1
                spans = f' table:number-rows-spanned="{down}" table:number-columns-spanned="{across}"'
            line += f"<table:{name}{spans}><text:p>{escape(words)}</text:p></table:{name}>"
        lines.append(f"<table:table-row>{line}</table:table-row>")
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("content.xml", ODS.format(rows="".join(lines)))
    return path


@st.composite
def merged_tables(draw: st.DrawFn) -> tuple[Cells, list[Merged]]:
    """Five rows of six cells below a header, some of them blank, and ranges that do not meet."""
    words = st.sampled_from(["", "1:5.000", "1:2000"])
    rows = [[f"P{row}", "xã", f"p{row}.gpkg", *(draw(words) for _ in range(3))] for row in range(5)]
    for row in draw(st.sets(st.integers(0, 4), max_size=2)):
        rows[row] = [""] * 6
    merged: list[Merged] = []
    for _ in range(draw(st.integers(0, 4))):
        top, left = draw(st.integers(2, 6)), draw(st.integers(4, 6))
        one = Merged(top, left, draw(st.integers(top, 6)), draw(st.integers(left, 6)))
        if str(one)[0] + str(top) != str(one).split(":")[1] and not any(_meet(one, other) for other in merged):
            merged.append(one)
    return rows, merged


def _meet(one: Merged, other: Merged) -> bool:
    rows = one.first_row <= other.last_row and other.first_row <= one.last_row
    return rows and one.first_column <= other.last_column and other.first_column <= one.last_column


def as_shown(rows: Cells, merged: list[Merged]) -> dict[int, list[str]]:
    """Cell by cell, what a person reads in each row that holds something of its own: the slow way."""
    shown: dict[int, list[str]] = {}
    for number, row in enumerate(rows, start=2):
        cells, own = [], False
        for place in range(1, 7):
            over = [
                m for m in merged if m.first_row <= number <= m.last_row and m.first_column <= place <= m.last_column
            ]
            if not over:
                cells.append(row[place - 1])
                own |= bool(row[place - 1])
            elif over[0].first_column == place:
                cells.append(rows[over[0].first_row - 2][place - 1])
                own |= over[0].first_row == number and bool(cells[-1])
            else:
                cells.append("")
        if own:
            shown[number] = cells
    return shown


@given(merged_tables())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merged_cells_count_for_each_of_their_rows(tmp_path: Path, table: tuple[Cells, list[Merged]]) -> None:
    rows, merged = table
    head = ["plan_id", "level", "source", "scale", "title", "decision_no"]
    right = as_shown(rows, merged)
    for row, cells in right.items():  # a row of merged cells alone lacks its id, which is told with its row
        right[row] = [cell or "–" for cell in cells]
    for path in (
        workbook(tmp_path / "a.xlsx", [head, *rows], tuple(map(str, merged))),
        ods(tmp_path / "a.ods", [head, *rows], merged),
    ):
        if any(cells[0] == "–" for cells in right.values()) or not right:
            with pytest.raises(PlanError):
                read_register(path)
            continue
        found = {
            entry.row: [entry.plan_id, entry.source, entry.scale, entry.title or "–", entry.decision_no or "–"]
            for entry in read_register(path).entries
        }
        scales = {"1:5.000": 5_000.0, "1:2000": 2_000.0, "–": None}
        assert found == {row: [c[0], c[2], scales[c[3]], c[4], c[5]] for row, c in right.items()}


def test_a_register_with_a_title_and_merged_cells(tmp_path: Path) -> None:
    path = workbook(tmp_path / "dm.xlsx", [*TITLE, HEAD, *PLANS], ("A1:F1", "D5:D7", "E5:E7", "F5:F7"))
    found = read_register(path)
    assert [(e.row, e.status, e.scale, str(e.valid_to)) for e in found.entries] == [
        (row, "approved", 10_000.0, "2030-12-31") for row in (5, 6, 7)
    ]
    assert found.notes == (
        ("table.note.header", {"file": "dm.xlsx", "row": 4}),
        ("table.note.merged", {"file": "dm.xlsx", "count": 3, "listed": "D5:D7, E5:E7, F5:F7"}),
    )


def test_mistakes_keep_the_rows_of_the_sheet(tmp_path: Path) -> None:
    rows = [["P1", "xã", "p1.gpkg", "1:x", "", ""], [], ["P2", "làng", "p2.gpkg", "", "", ""]]
    path = workbook(tmp_path / "dm.xlsx", [*TITLE, HEAD, *rows], ("A1:F1", "D5:D7"))
    with pytest.raises(RegisterError) as caught:
        read_register(path)
    told = [(key, values["row"]) for key, values in caught.value.mistakes]
    assert told == [("error.register.scale", 5), ("error.register.word", 7), ("error.register.scale", 7)]


def test_cells_merged_down_an_empty_form_make_no_plans(tmp_path: Path) -> None:
    path = workbook(tmp_path / "dm.xlsx", [HEAD, *PLANS], ("E2:E500", "F2:F500"))
    assert [entry.status for entry in read_register(path).entries] == ["approved"] * 3


def test_a_value_is_not_spread_over_columns_that_mean_something_else(tmp_path: Path) -> None:
    rows = [["P1", "xã", "p1.gpkg", "1:10.000", "đang lập", ""]]
    path = workbook(tmp_path / "dm.xlsx", [HEAD, *rows], ("E2:F2",))
    found = read_register(path)
    assert (found.entries[0].status, found.entries[0].valid_to) == ("drafting", None)
    assert found.notes == (("table.note.merged_across", {"file": "dm.xlsx", "count": 1, "listed": "E2:F2"}),)


def test_a_header_of_two_rows(tmp_path: Path) -> None:
    above = ["Mã quy hoạch", "Cấp", "Nguồn dữ liệu", "Tỷ lệ", "Thời hạn", ""]
    below = ["", "", "", "", "Hiệu lực từ", "Hiệu lực đến"]
    rows = [["P1", "xã", "p1.gpkg", "1:10.000", "2021", "2030"]]
    merged = ("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1")
    (entry,) = read_register(workbook(tmp_path / "dm.xlsx", [above, below, *rows], merged)).entries
    assert (entry.row, str(entry.valid_from), str(entry.valid_to)) == (3, "2021-01-01", "2030-12-31")


def test_the_header_that_is_repeated_on_the_next_page_is_no_plan(tmp_path: Path) -> None:
    found = read_register(workbook(tmp_path / "dm.xlsx", [HEAD, PLANS[0], HEAD, PLANS[1]]))
    assert [(entry.row, entry.plan_id) for entry in found.entries] == [(2, "P1"), (4, "P2")]


def test_values_without_a_heading_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [[*PLANS[0], "", "xem lại"], [*PLANS[1], "", "hỏi sở"]]
    found = read_register(workbook(tmp_path / "dm.xlsx", [HEAD, *rows]))
    assert len(found.entries) == 2
    assert found.notes == (("table.note.no_heading", {"file": "dm.xlsx", "count": 2, "listed": "H"}),)


def test_a_line_end_that_excel_wrote_is_no_part_of_a_name(tmp_path: Path) -> None:
    head = ["plan_id", "level", "source", "territory", "title"]
    rows = [["P1", "xã", "p1.gpkg", "Xã Hai_x000D_", "a_x005F_x000D_b"]]
    (entry,) = read_register(workbook(tmp_path / "dm.xlsx", [head, *rows])).entries
    assert (entry.territory, entry.title) == ("Xã Hai", "a_x000D_b")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_with_a_title_is_cut_as_its_header_is(separator: str, tmp_path: Path) -> None:
    title = ["Danh mục, kèm theo: quyết định 12, 13; và 14", "", "đơn vị; ha, m²"]
    path = tmp_path / "dm.csv"
    path.write_text("\n".join([*title, *(separator.join(row) for row in (HEAD, *PLANS))]), encoding="utf-8")
    found = read_register(path)
    assert [(entry.row, entry.plan_id) for entry in found.entries] == [(5, "P1"), (6, "P2"), (7, "P3")]
    assert found.notes == (("table.note.header", {"file": "dm.csv", "row": 4}),)


def test_a_header_below_the_tenth_row_is_not_looked_for(tmp_path: Path) -> None:
    for blank, key in ((9, ""), (10, "rules.columns")):
        path = workbook(tmp_path / "dm.xlsx", [*([["x"]] * blank), HEAD, *PLANS])
        if not key:
            assert len(read_register(path).entries) == 3
            continue
        with pytest.raises(RegisterError, match="one of the first ten rows") as caught:
            read_register(path)
        assert [(found, values["row"]) for found, values in caught.value.mistakes] == [(key, 1)]


def test_what_a_header_lacks_is_told_at_the_row_that_was_meant(tmp_path: Path) -> None:
    path = workbook(tmp_path / "dm.xlsx", [*TITLE, [HEAD[0], HEAD[1], "Tệp nào"], ["P1", "xã", "p1.gpkg"]])
    with pytest.raises(RegisterError) as caught:
        read_register(path)
    assert [(key, values["row"], values["missing"]) for key, values in caught.value.mistakes] == [
        ("rules.columns", 4, "source (Nguồn dữ liệu)")
    ]


def test_the_rule_set_says_where_its_header_stands(tmp_path: Path) -> None:
    rows = [
        ["Ma trận"],
        [],
        ["upper_code", "lower_code", "verdict"],
        ["A", "B", "conflict"],
        ["", "C", ""],
        ["A", "D", "x"],
    ]
    with pytest.raises(RuleSetError) as caught:
        read_ruleset(workbook(tmp_path / "wrong.xlsx", rows, ("A4:A6", "C4:C5")))
    assert [(key, values["row"]) for key, values in caught.value.mistakes] == [("rules.verdict", 6)]
    rules = read_ruleset(workbook(tmp_path / "right.xlsx", rows, ("A4:A6", "C4:C6")))
    assert [rules.verdict("A", code).verdict for code in "BCD"] == ["conflict"] * 3
    assert [key for key, _ in rules.notes] == ["table.note.header", "table.note.merged"]
    plain = read_ruleset(
        workbook(tmp_path / "plain.xlsx", [*rows[2:4], ["A", "C", "conflict"], ["A", "D", "conflict"]])
    )
    assert rules.digest == plain.digest and plain.notes == ()


def test_the_log_of_a_check_tells_how_its_rules_were_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["Ma trận"], ["upper_code", "lower_code", "verdict"], ["A", "B", "conflict"]]
    rules = workbook(tmp_path / "rules.xlsx", rows)
    plan = tmp_path / "plan.geojson"
    square = "[[[0,0],[100,0],[100,100],[0,100],[0,0]]]"
    crs = '"crs":{"type":"name","properties":{"name":"EPSG:5899"}}'
    shape = f'{{"type":"Polygon","coordinates":{square}}}'.replace("[0,", "[500000,").replace("[100,", "[500100,")
    feature = f'{{"type":"Feature","properties":{{"k":"1","c":"A"}},"geometry":{shape.replace(",0]", ",2300000]")}}}'
    feature = feature.replace(",100]", ",2300100]")
    plan.write_text(f'{{"type":"FeatureCollection",{crs},"features":[{feature}]}}')
    both = [f"--{side}{more}" for side in ("lower", "upper") for more in ("", "-key", "-code")]
    values = [str(plan), "k", "c"] * 2
    given = [word for pair in zip(both, values) for word in pair]
    main(["checkconformity", *given, "--rules", str(rules), "--findings", str(tmp_path / "f.gpkg"), "--language", "en"])
    told = "rules.xlsx [sheet]: the header of the table was found in row 2; what stands above it was not read."
    assert told in capsys.readouterr().err
    main(["showrules", "--rules", str(rules), "--output", str(tmp_path / "page.html"), "--language", "en"])
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("read", "head", "row"), [(read_labels, "label;code", "lúa;LUC"), (read_codes, "code;successor", "SKX;SKS")]
)
def test_lists_of_labels_and_codes_have_a_header_found_too(read, head: str, row: str, tmp_path: Path) -> None:
    path, report = tmp_path / "list.csv", IntakeReport("plan")
    path.write_text(f"Bảng nhãn, lập ngày 1/2\n\n{head}\n{row}\n", encoding="utf-8")
    assert list(read(path, report).values()) == [row.split(";")[1]]
    assert report.entries == [("table.note.header", {"file": "list.csv", "row": 3})] and not report.changed
    path.write_text(f"{head}\nđất ở; nông thôn;ONT\n", encoding="utf-8")  # a label cut in two
    with pytest.raises(PlanError, match=r"row 2: đất ở, nông thôn, ONT"):
        read(path)


def test_the_table_of_expected_plans_tells_its_header_too(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "cần có.xlsx", [["Cần lập"], ["Địa bàn", "Cấp"], ["Xã Một", "xã"], ["Xã Hai", ""]], ("B3:B4",)
    )
    options = options_of("", "", path, "")
    assert [(one.territory, one.level) for one in options.expected] == [("Xã Một", "commune"), ("Xã Hai", "commune")]
    assert [key for key, _ in options.notes] == ["table.note.header", "table.note.merged"]


def test_the_header_is_the_row_that_names_most(tmp_path: Path) -> None:
    columns = Columns(("a", "b"))
    assert header_at([["x"], ["a", "x"], ["b", "a"], ["a", "b", "c"]], columns) == 3
    assert header_at([[], ["x", "y", "z"], ["1", "2", "3", "4"]], columns) == 1
    assert header_at([["a", "b"], ["a", "b"]], columns) == 0
    assert header_at([], columns) == header_at([[], [""]], columns) == 0


def test_a_range_as_large_as_a_sheet_costs_no_more_than_the_cells_that_are_there() -> None:
    rows = [["a", "b"], ["c", ""], ["", "d"]]
    spread(rows, [Merged(1, 1, 1_048_576, 16_384)])
    assert rows == [["a", ""], ["", ""], ["", ""]]
    with pytest.raises(ValueError, match="merged"):
        spread([["x"] * 1_000 for _ in range(1_000)], [Merged(1, 1, 1_000, 1_000)] * 6)


def test_checkregister_tells_how_the_register_was_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register = make(tmp_path)
    register.write_text(f"Danh mục; lập ngày 1/2\n\n{register.read_text(encoding='utf-8-sig')}", encoding="utf-8")
    assert main(["checkregister", str(register), "--findings", str(tmp_path / "f.gpkg"), "--language", "en"]) == 0
    output, log = capsys.readouterr()
    assert "register.csv: the header of the table was found in row 3; what stands above it was not read." in log
    assert "district: 3 of 3 approved" in output and "district: 3 of 3 approved" not in log
