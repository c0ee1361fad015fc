"""Tables of figures: numbers as they are printed, headings, rows, sums, and the likely causes of sums that do not close."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import openpyxl
import pytest
from figure_forms import CODES, LEAVES, Form, consistent, plan_table
from hypothesis import given, settings
from hypothesis import strategies as st
from planconcord.cli.checks import main
from planconcord.engine.errors import PlanError
from planconcord.engine.figures.checking import FiguresResult, check_tables, read_tables
from planconcord.engine.figures.numbers import Marks, Typed
from planconcord.engine.library import check_figures

LAO_CAI = ["1.329,0", "4.371,00", "2927,81", "53,", "22.920"]


def checked(path: Path, language: str = "en") -> FiguresResult:
    tables, _ = read_tables(path, language)
    return check_tables(tables, 3405, language, "run")


def number(result: FiguresResult, name: str) -> int:
    return int(result.value(name))


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_four_formats_of_one_table_are_read_by_what_the_others_show() -> None:
    marks = Marks(LAO_CAI)
    assert [marks.read(text).value for text in LAO_CAI] == [1329.0, 4371.0, 2927.81, 53.0, 22920.0]
    assert [marks.read(text).decimals for text in LAO_CAI] == [1, 2, 2, 0, 0]
    assert not marks.clash and not marks.assumed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-43.712", -43712.0),
        ("(12,5)", -12.5),
        ("−7", -7.0),
        ("1 329,5", 1329.5),
        ("1.325.506", 1325506.0),
        ("0,250", 0.25),
    ],
)
def test_signs_brackets_and_blanks(text: str, value: float) -> None:
    assert Marks([text, "1,5"]).read(text).value == value


@pytest.mark.parametrize("text", ["", "-", "–", "…"])
def test_a_dash_is_a_blank_and_counts_nothing(text: str) -> None:
    assert Marks([]).read(text)[:2] == (0.0, 0) and Marks([]).read(text).blank


@pytest.mark.parametrize("text", ["abc", "1.2.3", "12 ha", "1,23,456", "12.34.567,8", "#REF!"])
def test_what_is_no_number_has_no_value(text: str) -> None:
    assert Marks(["1,5"]).read(text).value is None


def test_a_column_with_both_decimal_marks_leaves_the_doubtful_number_open() -> None:
    marks = Marks(["12.5", "12,5", "1.329"])
    assert marks.clash
    assert marks.read("1.329").value is None and marks.read("1.329").readings == (1329.0, 1.329)
    assert marks.read("12.5").value == marks.read("12,5").value == 12.5


def test_custom_decides_where_nothing_else_does_and_is_told() -> None:
    point, comma = Marks(["1.329", "22.920"]), Marks(["36,719", "218"])
    assert point.assumed and point.read("1.329").value == 1329.0
    assert comma.assumed and comma.read("36,719").value == 36719.0
    assert Marks(["36,719", "1250"]).read("36,719").value == 36.719


def test_a_number_of_a_workbook_has_a_point_whatever_the_texts_have() -> None:
    marks = Marks(["1,5", Typed("1.329")])
    assert marks.read(Typed("1.329")).value == 1.329 and marks.read(Typed("1.329")).decimals == 3


@given(st.integers(-(10**8), 10**8), st.integers(1, 4))
def test_every_number_printed_in_vietnamese_is_read_back(units: int, decimals: int) -> None:
    value = units / 10**decimals
    text = f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))
    read = Marks([text, "1,5"]).read(text)
    assert read.value == pytest.approx(value, abs=1e-9) and read.decimals == decimals


# ── correct tables give nothing ─────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([0, 1, 2]), st.booleans())
def test_a_consistent_table_gives_nothing(
    tmp_path_factory, seed: int, communes: int, decimals: int, texts: bool
) -> None:
    path = consistent(seed, communes, decimals).write(tmp_path_factory.mktemp("form") / "01CH.xlsx", texts)
    result = checked(path)
    assert result.findings["message"].tolist() == []
    assert result.status == "passed"
    # in each column: three sums of parts and one "trong đó"; in each row one total
    assert number(result, "sum_count") == 4 * (communes + 1) + len(CODES)
    assert number(result, "figure_count") == len(CODES) * (communes + 1)


# ── one planted error ───────────────────────────────────────────────────────────────────────────────────────────────


def plant(form: Form, kind: str, chance: random.Random) -> set[str]:
    """Plant one error among the communes; comes out: the cells that it changed."""
    leaves = [code for code in LEAVES if code != "LUA"]
    code, column = chance.choice(leaves), chance.randrange(1, form.figures.shape[1])
    row = CODES.index(code)
    cells = {form.cell(code, column)}
    if kind == "sign":
        form.figures[row, column] *= -1.0
    elif kind == "factor":
        form.figures[row, column] *= 10.0
    elif kind == "cell":
        form.figures[row, column] += 9.0
    elif kind == "exchanged":
        other = chance.choice([one for one in range(1, form.figures.shape[1]) if one != column])
        form.figures[row, [column, other]] = form.figures[row, [other, column]]
        cells.add(form.cell(code, other))
    else:
        other_row = CODES.index(chance.choice([one for one in leaves if one != code]))
        gone = form.figures[other_row, column]  # first a true table in which the other leaf is blank
        for at in (0, column):
            form.figures[other_row, at] -= gone
            for above in ("TOTAL", "NNP" if CODES[other_row] in ("CLN", "RPH") else "PNN"):
                if not (above == "PNN" and CODES[other_row] == "CSD"):
                    form.figures[CODES.index(above), at] -= gone
        form.figures[other_row, column], form.figures[row, column] = form.figures[row, column], 0.0
        form.blank.add((row, column))
        cells.add(form.cell(CODES[other_row], column))
    return cells


@pytest.mark.parametrize("kind", ["sign", "factor", "cell", "exchanged", "wrong_row"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), communes=st.integers(2, 6))
def test_one_planted_error_is_found_and_named_and_nothing_else(
    tmp_path_factory, kind: str, seed: int, communes: int
) -> None:
    form = consistent(seed, communes)
    cells = plant(form, kind, random.Random(seed))
    result = checked(form.write(tmp_path_factory.mktemp("form") / "01CH.xlsx"))
    assert len(result.findings) >= 2
    for row in result.findings.itertuples():
        assert cells & {row.zone_a.split("!")[1], *row.zone_b.split("+")}, row.message
        assert row.verdict == kind, row.message
        assert any(cell in row.message.split("Likely cause")[1] for cell in cells)
        assert row.difference_ha == pytest.approx(row.measured_ha - row.declared_ha)


@pytest.mark.parametrize(("error_ha", "found"), [(0.01, 0), (0.02, 1), (0.05, 2)])
def test_the_tolerance_is_the_rounding_of_what_is_printed(tmp_path, error_ha: float, found: int) -> None:
    form = consistent(7, 2)
    form.figures[CODES.index("DGT"), 1] += error_ha
    # three figures of two decimals may be 0.015 off, four 0.02
    assert len(checked(form.write(tmp_path / "a.xlsx")).findings) == found


def test_a_part_of_which_nobody_says_that_it_is_all_may_be_less_and_not_more(tmp_path) -> None:
    form = consistent(3, 2)
    luc, lua = CODES.index("LUC"), CODES.index("LUA")
    form.figures[luc, 1:] = form.figures[lua, 1:] + 5.0
    form.figures[luc, 0] = form.figures[luc, 1:].sum()
    result = checked(form.write(tmp_path / "a.xlsx"))
    assert result.findings["rule"].tolist() == ["figures.closure"] * 3
    assert sorted(result.findings["difference_ha"].round(2)) == [5.0, 5.0, 10.0]


# ── the kinds of error that real tables of a province had ───────────────────────────────────────────────────────────

HEADING = [
    "STT",
    "Chỉ tiêu",
    "Hiện trạng năm 2024 (ha)",
    "Được duyệt (ha)",
    "Đề nghị bổ sung (ha)",
    "Điều chỉnh (ha)",
    "Tăng, giảm",
]
NUMBERS = ["(1)", "(2)", "(5)", "(6)", "(7)", "(8)=(6)+(7)", "(9)=(8)-(5)"]


def province() -> list[list[object]]:
    """A table printed to 1 ha, without codes."""
    leaves = {
        "1.1": ("Đất trồng lúa", 60_120, 57_665, 0),
        "1.2": ("Đất nông nghiệp còn lại", 1_093_907, 1_055_127, -6_000),
        "2.1": ("Đất quốc phòng", 4_542, 5_100, 120),
        "2.2": ("Đất phi nông nghiệp còn lại", 92_071, 120_881, 6_098),
        "3": ("Đất chưa sử dụng", 74_866, 86_733, -218),
    }
    rows: dict[str, list[int]] = {number: list(figures) for number, (_, *figures) in leaves.items()}
    rows["1"] = [a + b for a, b in zip(rows["1.1"], rows["1.2"])]
    rows["2"] = [a + b for a, b in zip(rows["2.1"], rows["2.2"])]
    rows[""] = [a + b + c for a, b, c in zip(rows["1"], rows["2"], rows["3"])]
    names = {"": "Tổng diện tích tự nhiên", "1": "Đất nông nghiệp", "2": "Đất phi nông nghiệp"}
    made: list[list[object]] = []
    for number in ("", "1", "1.1", "1.2", "2", "2.1", "2.2", "3"):
        current, approved, more = rows[number]
        name = names.get(number) or leaves[number][0]
        made.append([number, name, current, approved, more, approved + more, approved + more - current])
    return made


def test_a_table_without_codes_printed_to_one_hectare_closes_and_rounding_is_no_error(tmp_path) -> None:
    rows = province()
    rows[5][2] += 1  # type: ignore[operator]  # 4,543 for 4,542: rounding
    result = checked(plan_table(tmp_path / "b48.xlsx", rows, HEADING, NUMBERS))
    assert result.findings["message"].tolist() == []
    assert number(result, "sum_count") == 3 * 5 + 2 * 8


def test_two_columns_exchanged_in_a_row_are_named(tmp_path) -> None:
    rows = province()
    rows[6][2], rows[6][3] = rows[6][3], rows[6][2]
    found = checked(plan_table(tmp_path / "b1.xlsx", rows, HEADING, NUMBERS)).findings
    assert set(found["verdict"]) == {"exchanged"}
    assert all("C9 and D9 are exchanged" in message for message in found["message"])


def test_a_change_in_the_wrong_row_with_the_wrong_sign_is_named(tmp_path) -> None:
    rows = province()
    assert (rows[0][6], rows[4][6]) == (0, 35_586)
    path = tmp_path / "b48.xlsx"
    assert len(checked(plan_table(path, rows, HEADING, NUMBERS)).findings) == 0
    rows[0][6], rows[4][6] = -rows[4][6], None  # type: ignore[operator]
    found = checked(plan_table(path, rows, HEADING, NUMBERS)).findings
    assert len(found) >= 2 and set(found["verdict"]) == {"wrong_row"}
    assert all("G3" in message and "G7" in message for message in found["message"])


def test_a_natural_area_that_changed_is_told_as_that(tmp_path) -> None:
    rows = province()
    rows[0][5] -= 186  # type: ignore[operator]
    rows[7][5] -= 186  # type: ignore[operator]
    rows[7][6] -= 186  # type: ignore[operator]
    rows[0][6] -= 186  # type: ignore[operator]
    rows[0][4] = 0
    result = checked(plan_table(tmp_path / "b48.xlsx", rows, HEADING, NUMBERS))
    unused = result.findings[result.findings["code_a"] == "CSD"]
    assert unused["difference_ha"].tolist() == [186.0]
    assert unused["verdict"].tolist() == ["boundary"]


# ── what is understood, what is not, and what is refused ────────────────────────────────────────────────────────────


def test_allotted_and_set_are_told_by_their_headings_in_either_order(tmp_path) -> None:
    heads = ["STT", "Chỉ tiêu sử dụng đất", "Mã"]
    for order in (["Cấp tỉnh phân bổ", "Cấp huyện xác định"], ["Cấp huyện xác định", "Cấp tỉnh phân bổ"]):
        rows: list[list[object]] = [
            ["1.1", "Đất trồng lúa", "LUA", 5, 2, 7],
            ["1.2", "Đất làm muối", "LMU", None, None, 3],
        ]
        tables, _ = read_tables(plan_table(tmp_path / "a.xlsx", rows, [*heads, *order, "Tổng số"], []), "en")
        roles = {column.role: column.place for column in tables[0].columns}
        assert roles["allotted"] == 3 + order.index("Cấp tỉnh phân bổ") and roles["total"] == 5


def test_a_cell_that_is_no_number_is_a_finding_with_its_place_and_no_pass(tmp_path) -> None:
    path = consistent(5, 2).write(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book["01CH"]["E8"] = "xem thuyết minh"
    book.save(path)
    result = checked(path)
    assert result.findings["rule"].tolist() == ["figures.unread"]
    assert result.findings["zone_a"].tolist() == ["01CH!E8"]
    assert (number(result, "untested_count"), result.status) == (3, "failed")


def test_a_formula_without_a_kept_value_is_a_finding(tmp_path) -> None:
    path = consistent(5, 2).write(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    book["01CH"]["D6"] = "=E6+F6"
    book.save(path)
    found = checked(path, "vi").findings
    assert found["zone_a"].tolist() == ["01CH!D6"]
    assert "không có giá trị đã lưu" in found["message"][0]


def test_a_similar_name_is_proposed_and_not_taken(tmp_path) -> None:
    rows: list[list[object]] = [["1.1", "Đất trồng luá", 5, 5], ["1.2", "Đất làm muối", 3, 3]]
    tables, log = read_tables(
        plan_table(tmp_path / "a.xlsx", rows, ["STT", "Loại đất", "Tổng số", "Hiện trạng"], []), "en"
    )
    row = tables[0].rows[0]
    assert (row.code, row.proposal) == ("", "LUA") and 0.75 < row.likeness < 1.0
    assert any("resembles that of LUA" in line for line in log)


def test_a_table_without_any_sum_is_not_assessed(tmp_path) -> None:
    rows: list[list[object]] = [["1", "Đất trồng lúa", 5], ["2", "Đất làm muối", 3]]
    result = checked(plan_table(tmp_path / "a.xlsx", rows, ["STT", "Loại đất", "Diện tích"], []))
    assert (result.status, result.conforms, number(result, "sum_count")) == ("not_assessed", False, 0)


@pytest.mark.parametrize("ending", [".pdf", ".xls", ".ods", ".docx", ".doc", ".txt"])
def test_other_files_are_refused_by_name(tmp_path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"%PDF-1.4")
    with pytest.raises(PlanError) as refused:
        read_tables(path, "en")
    assert refused.value.key == ("figures.file.other" if ending == ".txt" else f"figures.file{ending}")
    assert path.name in refused.value.text("vi")


@pytest.mark.parametrize(
    ("content", "key"),
    [(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "protected"), (b"PK\x03\x04", "damaged"), (b"", "damaged")],
)
def test_workbooks_that_cannot_be_opened_are_refused(tmp_path, content: bytes, key: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(PlanError) as refused:
        read_tables(path, "en")
    assert refused.value.key == f"figures.file.{key}"


@pytest.mark.parametrize(
    ("part", "told"),
    [("xl/externalLinks/externalLink1.xml", "links are not followed"), ("xl/vbaProject.bin", "They are not run")],
)
def test_links_and_macros_are_told_and_left_alone(tmp_path, part: str, told: str) -> None:
    path = consistent(5, 2).write(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path, "a") as parts:
        parts.writestr(part, "<a/>")
    tables, log = read_tables(path, "en")
    assert len(tables) == 1 and any(told in line for line in log)


def test_a_hundred_sheets_are_looked_at_and_those_without_figures_are_told(tmp_path) -> None:
    path = consistent(5, 2).write(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    for place in range(99):
        book.create_sheet(f"trang {place}").append(["ghi chú"])
    book.save(path)
    tables, log = read_tables(path, "en")
    assert [table.sheet for table in tables] == ["01CH"]
    assert any(line.startswith("99 sheets without a table of figures that is read") for line in log)


def test_a_line_of_which_says_that_the_parts_need_not_be_all(tmp_path) -> None:
    heading = ["STT", "Chỉ tiêu sử dụng đất", "Mã", "Tổng diện tích", "Hiện trạng"]
    parts: list[list[object]] = [
        ["2.1", "Lúa sang cây lâu năm", "LUA/CLN", 30, 1],
        ["2.2", "Rừng sang khác", "RSX/NKH", 20, 1],
    ]
    whole: list[object] = ["2", "Chuyển đổi cơ cấu trong nội bộ", "", 60, 2]
    found = checked(plan_table(tmp_path / "a.xlsx", [whole, *parts], heading, [])).findings
    assert found["difference_ha"].tolist() == [-10.0]
    of_which: list[object] = [None, "Trong đó:", None, None, None]
    found = checked(plan_table(tmp_path / "b.xlsx", [whole, of_which, *parts], heading, [])).findings
    assert len(found) == 0


def test_a_transition_matrix_is_not_taken_for_a_form(tmp_path) -> None:
    heading = ["STT", "Mục đích sử dụng đất", "Mã", "Diện tích", "NNP", "LUA", "LUC", "CLN", "PNN"]
    rows: list[list[object]] = [["1", "Đất nông nghiệp", "NNP", 5, 4, 0, 0, 0, 1]]
    with pytest.raises(PlanError, match="transition matrix"):
        read_tables(plan_table(tmp_path / "a.xlsx", rows, heading, []), "en")


def test_the_heading_of_the_next_page_is_no_row(tmp_path) -> None:
    form = consistent(5, 2)
    path = form.write(tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["01CH"]
    again = [[cell.value for cell in sheet[row]] for row in (3, 4, 5)]
    sheet.insert_rows(10, 3)
    for row, cells in enumerate(again, start=10):
        for place, value in enumerate(cells, start=1):
            sheet.cell(row, place).value = value
    sheet.merge_cells("A10:A11")
    sheet.merge_cells("B10:B11")
    book.save(path)
    result = checked(path)
    assert result.findings["message"].tolist() == []
    assert (number(result, "sum_count"), number(result, "figure_count")) == (4 * 3 + len(CODES), 3 * len(CODES))


def test_rising_figures_are_no_numbers_of_columns(tmp_path) -> None:
    heading = ["STT", "Loại đất", "Mã", "Tổng số", "Xã A", "Xã B", "Xã C", "Xã D"]
    rows: list[list[object]] = [[1, "Đất trồng lúa", "LUA", 100, 5, 6, 7, 8], [2, "Đất làm muối", "LMU", 4, 5, 6, 7, 9]]
    found = checked(plan_table(tmp_path / "a.xlsx", rows, heading, [])).findings
    assert sorted(found["zone_a"]) == ["Sheet!D3", "Sheet!D4"]


def test_columns_that_are_called_as_communes_are_parts_of_the_total(tmp_path) -> None:
    heading = ["Loại đất", "Mã", "Tổng số", "Xã Hải Hà", "Phường Hải Hạ", "Huyện xác định"]
    path = plan_table(tmp_path / "a.xlsx", [["Đất trồng lúa", "LUA", 20, 6, 3, 2]], heading, [])
    found = checked(path).findings
    assert (found["rule"].tolist(), found["zone_b"].tolist()) == (["figures.total"], ["D3+E3"])


def test_functional_zones_lie_over_other_land_and_are_not_added(tmp_path) -> None:
    rows: list[list[object]] = [
        ["I", "Loại đất", "", 10],
        ["1", "Đất nông nghiệp", "NNP", 6],
        ["2", "Đất phi nông nghiệp", "PNN", 3],
    ]
    rows += [["3", "Đất chưa sử dụng", "CSD", 1], ["II", "Khu chức năng", "", None], ["1", "Khu kinh tế", "KKT", 9]]
    heading = ["STT", "Chỉ tiêu sử dụng đất", "Mã", "Tổng diện tích"]
    result = checked(plan_table(tmp_path / "a.xlsx", rows, heading, []))
    assert (len(result.findings), number(result, "sum_count"), result.status) == (0, 1, "passed")


# ── the ways in ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_writes_findings_and_the_table_and_says_what_it_found(tmp_path, capsys) -> None:
    form = consistent(11, 3)
    path, store, table = form.write(tmp_path / "01CH.xlsx"), tmp_path / "found.gpkg", tmp_path / "read.csv"
    call = ["checkfigures", "--language", "en", "--figures", str(path), "--findings", str(store), "--table", str(table)]
    assert main(call) == 0
    assert "CLOSURE_COUNT: 0" in capsys.readouterr().out
    assert len(table.read_text("utf-8-sig").splitlines()) == 1 + 11 * 4
    form.figures[CODES.index("DGT"), 2] *= 10
    form.write(path)
    assert main(call) == 1
    out = capsys.readouterr()
    assert "CLOSURE_COUNT: 2" in out.out and "CONFORMS: false" in out.out
    assert "F14" in out.err
    assert main([*call[:-4], "--findings", str(path)]) == 2


def test_the_library_gives_findings_and_what_was_understood(tmp_path) -> None:
    result = check_figures(consistent(2, 2).write(tmp_path / "a.xlsx"))
    assert result.conforms and result.measures["sum_count"] == 23.0
    assert len(result.tables["figures"]) == 33
    assert result.tables["figures"]["code"].iloc[3] == "NNP"
