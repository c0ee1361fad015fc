"""The list of findings for a QTableView: headings of groups between rows that are fetched a page at a time.

Goes in: a Listing (engine/store/listing.py). A flat table, because QTreeView asks for every row of an open group when it is
laid out, and a table only for those on the screen. Positions count findings; rows count headings too.
"""

from __future__ import annotations

import bisect
import html
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Union

from qgis.PyQt.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap
from qgis.PyQt.QtWidgets import QApplication

from ...engine.catalogue import text
from ...engine.store.listing import Filter, Listing, Row
from ...qgis_bridge.styling_findings import kind_of
from . import words

COLUMNS = ("rule", "status", "zones", "area", "width", "territory", "message")
NUMBERS = ("area", "width")
PAGE, PAGES_KEPT = 64, 64
HEADING = QColor(128, 128, 128, 70)
Place = Union[int, None]


class FindingsModel(QAbstractTableModel):
    """What a Listing shows, as rows and headings."""

    def __init__(self, language: str):
        super().__init__()
        self._language = language
        self._listing: Listing | None = None
        self._group = "severity"
        self._folded: set[tuple[str, ...]] = set()
        self._pages: OrderedDict[int, list[Row]] = OrderedDict()
        self._icons: dict[tuple[str, str], QIcon] = {}
        self._place_rows()

    # content

    def look_at(self, listing: Listing | None) -> None:
        """Show another store, or none."""
        self.beginResetModel()
        self._listing = listing
        self._folded.clear()
        self._place_rows()
        self.endResetModel()

    def show(self, wanted: Filter, group: str, sort: str, descending: bool) -> None:
        """Choose, group and order."""
        if self._listing is None:
            return
        self.beginResetModel()
        self._listing.show(wanted, group, sort, descending)
        if group != self._group:
            self._folded.clear()
        self._group = group
        self._place_rows()
        self.endResetModel()

    def renew(self) -> None:
        """The listing has changed by itself."""
        self.beginResetModel()
        self._place_rows()
        self.endResetModel()

    def fold(self, row: int, folded: bool) -> bool:
        """Fold the group of a heading, or unfold it; False when nothing changes."""
        if not self.is_heading(row):
            return False
        key = self._groups[bisect.bisect_right(self._starts, row) - 1].key
        if (key in self._folded) == folded:
            return False
        self.beginResetModel()
        self._folded.symmetric_difference_update({key})
        self._place_rows()
        self.endResetModel()
        return True

    def _place_rows(self) -> None:
        self._pages.clear()
        self._groups = self._listing.groups if self._listing is not None else []
        self._headings = int(self._group != "none")
        self._starts, self._firsts, row, position = [], [], 0, 0
        for group in self._groups:
            self._starts.append(row)
            self._firsts.append(position)
            row += self._headings + (0 if group.key in self._folded else group.findings)
            position += group.findings
        self._rows = row

    # rows and positions

    def headings(self) -> list[int]:
        """The rows that are headings."""
        return list(self._starts) if self._headings else []

    def is_heading(self, row: int) -> bool:
        """Whether a row is a heading."""
        return bool(self._headings) and self.position(row) is None

    def position(self, row: int) -> Place:
        """The position of the finding in a row; None for a heading or beyond the end."""
        if not 0 <= row < self._rows:
            return None
        group = bisect.bisect_right(self._starts, row) - 1
        inside = row - self._starts[group] - self._headings
        return None if inside < 0 else self._firsts[group] + inside

    def row_at(self, position: int) -> int:
        """The row of a finding; that of its heading while the group is folded."""
        group = bisect.bisect_right(self._firsts, position) - 1
        if self._groups[group].key in self._folded:
            return self._starts[group]
        return self._starts[group] + self._headings + position - self._firsts[group]

    def rows_of(self, findings: Iterable[tuple[int, str]]) -> list[Place]:
        """The rows of findings, given as (fid, finding_id); None for one that is not shown, or is in a group that is folded."""
        if self._listing is None:
            return [None for _ in findings]
        positions = self._listing.positions_of(findings)
        rows = [None if position is None else self.row_at(position) for position in positions]
        return [None if row is None or self.is_heading(row) else row for row in rows]

    def finding(self, row: int) -> Row | None:
        """The finding in a row; None for a heading."""
        position = self.position(row)
        if position is None or self._listing is None:
            return None
        number = position // PAGE
        if number not in self._pages:
            self._pages[number] = self._listing.rows(number * PAGE, PAGE)
            if len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        self._pages.move_to_end(number)
        page = self._pages[number]
        return page[position % PAGE] if position % PAGE < len(page) else None

    def findings(self, first: int, last: int) -> list[Row]:
        """The findings in rows ``first`` to ``last``, headings left out."""
        positions = [place for place in (self.position(row) for row in range(first, last + 1)) if place is not None]
        if not positions or self._listing is None:
            return []
        return self._listing.rows(positions[0], positions[-1] - positions[0] + 1)

    def step(self, row: int, way: int) -> Place:
        """The next row with a finding in a direction (1 or -1); None at the end."""
        row += way
        while 0 <= row < self._rows:
            if not self.is_heading(row):
                return row
            row += way
        return None

    # what QTableView asks

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if self.is_heading(index.row()):
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return text(f"review.column_{COLUMNS[section]}", self._language)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._listing is None:
            return None
        if self.is_heading(index.row()):
            return self._heading(index, role)
        row = self.finding(index.row())
        return None if row is None else self._value(row, COLUMNS[index.column()], role)

    def _heading(self, index: QModelIndex, role: int) -> Any:
        if index.column():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            group = self._groups[bisect.bisect_right(self._starts, index.row()) - 1]
            mark = "▸" if group.key in self._folded else "▾"
            return f"{mark} {words.group_text(group, self._group, self._language)}"
        if role == Qt.ItemDataRole.FontRole:
            font = QFont(QApplication.font("QTableView"))
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.BackgroundRole:
            return HEADING  # over whatever a theme's style sheet paints; a palette knows nothing of those
        return None

    def _value(self, row: Row, column: str, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in NUMBERS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.DecorationRole and column == "rule":
            return self._icon(row.rule, row.severity)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<qt>{html.escape(row.message)}</qt>"
        if role == Qt.ItemDataRole.FontRole and row.status != "open":
            font = QFont(QApplication.font("QTableView"))
            font.setItalic(True)
            return font
        return None

    def _words(self, row: Row, column: str) -> str:
        if column == "rule":
            return words.rule_title(row.rule, self._language)
        if column == "zones":
            return words.zones_text(row)
        if column == "area":
            return words.area_text(row.area_m2, self._language)
        if column == "width":
            return words.width_text(row.width_m, self._language)
        if column == "status":
            return words.status_text(row, self._language)
        return str(getattr(row, column))

    def _icon(self, rule: str, severity: str) -> QIcon:
        if (rule, severity) not in self._icons:
            kind = kind_of(rule, severity)
            self._icons[rule, severity] = _dot(kind.colour if kind else "#808080")
        return self._icons[rule, severity]


def _dot(colour: str) -> QIcon:
    """A disc in the colour that the finding has on the map, with a rim that shows on light and dark alike."""
    icon = QIcon()
    for side in (16, 32, 48):
        pixmap = QPixmap(QSize(side, side))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#808080"), side / 16))
        painter.setBrush(QColor(colour))
        rim = side // 8
        painter.drawEllipse(rim, rim, side - 2 * rim, side - 2 * rim)
        painter.end()
        icon.addPixmap(pixmap)
    return icon
