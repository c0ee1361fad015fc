"""Forms of land-use plans made for tests: random tables that agree with themselves, written as workbooks, and errors planted in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl

ROWS = (
    ("I", "Tổng diện tích tự nhiên", "", ("NNP", "PNN", "CSD")),
    ("1", "Đất nông nghiệp", "NNP", ("LUA", "CLN", "RPH")),
    ("1.1", "Đất trồng lúa", "LUA", ()),
    (None, "Trong đó: Đất chuyên trồng lúa nước", "LUC", ()),
    ("1.2", "Đất trồng cây lâu năm", "CLN", ()),
    ("1.3", "Đất rừng phòng hộ", "RPH", ()),
    ("2", "Đất phi nông nghiệp", "PNN", ("CQP", "DGT", "ONT")),
    ("2.1", "Đất quốc phòng", "CQP", ()),
    ("2.2", "Đất giao thông", "DGT", ()),
    ("2.3", "Đất ở tại nông thôn", "ONT", ()),
    ("3", "Đất chưa sử dụng", "CSD", ()),
)
CODES = [code or "TOTAL" for _, _, code, _ in ROWS]
LEAVES = ("LUA", "CLN", "RPH", "CQP", "DGT", "ONT", "CSD")
FIRST_ROW, FIRST_COLUMN = 6, 5
"""Of the figures in the workbook, counting from 1."""


@dataclass
class Form:
    """Form 01/CH: ``figures`` in hectares by row and column; the first column is the total, the others the communes."""

    figures: np.ndarray
    decimals: int = 2
    blank: set[tuple[int, int]] = field(default_factory=set)

    def cell(self, code: str, column: int) -> str:
        """A figure as a spreadsheet names it."""
        return f"{'DEFGHIJKL'[column]}{FIRST_ROW + CODES.index(code)}"

    def write(self, path: Path, vietnamese: bool = False) -> Path:
        """As a workbook, its heading merged over two rows; numbers as such or as Vietnamese texts."""
        book = openpyxl.Workbook()
        sheet = book.active
        communes = self.figures.shape[1] - 1
        sheet.title = "01CH"
        sheet.append(["Biểu 01/CH: HIỆN TRẠNG SỬ DỤNG ĐẤT"])
        sheet.append(["Đơn vị tính: ha"])
        sheet.append(["STT", "Chỉ tiêu sử dụng đất", "Mã", "Tổng diện tích (ha)", "Phân theo đơn vị hành chính"])
        sheet.append([None] * 4 + [f"Xã {number}" for number in range(1, communes + 1)])
        sheet.append([f"({number})" for number in range(1, communes + 5)])
        for letter in "ABCD":
            sheet.merge_cells(f"{letter}3:{letter}4")
        if communes > 1:
            sheet.merge_cells(start_row=3, start_column=5, end_row=3, end_column=4 + communes)
        for place, (number, name, code, _) in enumerate(ROWS):
            shown = [self._shown(place, column, vietnamese) for column in range(communes + 1)]
            sheet.append([number, name, code, *shown])
            for cell in sheet[sheet.max_row][3:]:
                cell.number_format = "#,##0" + ("." + "0" * self.decimals if self.decimals else "")
        book.save(path)
        return path

    def _shown(self, row: int, column: int, vietnamese: bool) -> Any:
        if (row, column) in self.blank:
            return None
        value = round(float(self.figures[row, column]), self.decimals)
        if not vietnamese:
            return value
        return f"{value:,.{self.decimals}f}".translate(str.maketrans(",.", ".,"))


def consistent(seed: int, communes: int, decimals: int = 2, exact: int = 2) -> Form:
    """A table that agrees with itself: made to ``exact`` decimals and, where fewer are printed, rounded figure by figure."""
    random = np.random.default_rng(seed)
    figures = np.zeros((len(ROWS), communes + 1))
    for code in LEAVES:
        figures[CODES.index(code), 1:] = random.integers(101, 4_999_999, communes) / 10.0**exact
    figures[CODES.index("LUC"), 1:] = np.round(figures[CODES.index("LUA"), 1:] * 0.5, exact)
    for code in ("NNP", "PNN", "TOTAL"):
        parts = next(parts for _, _, own, parts in ROWS if (own or "TOTAL") == code)
        figures[CODES.index(code), 1:] = sum(figures[CODES.index(part), 1:] for part in parts)
    figures[:, 0] = figures[:, 1:].sum(axis=1)
    return Form(np.round(figures, exact), decimals)


def plan_table(path: Path, rows: list[list[object]], heading: list[str], numbers: list[str]) -> Path:
    """A table of a provincial plan: names without codes, a heading with the numbers and formulas of the columns below."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (heading, numbers, *rows):
        sheet.append(row)
    book.save(path)
    return path
