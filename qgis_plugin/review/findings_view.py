"""The list as a person handles it: arrows, several at once, headings that fold; it says which finding is the current one.

``chosen`` gives (Row or None, keep the scale, whether a person did it). Arrow keys that repeat are waited out for a moment, so that
holding one down runs through the list without stopping at each finding.
"""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ...engine.catalogue import text
from ...engine.store.listing import Listing, Row
from .table_model import COLUMNS, FindingsModel

WAIT_MS = 70
MOST_KEPT = 2000
# Words as wide as a column should be.
WIDEST = {
    "rule": "Conflict with the upp",
    "zones": "02-7 (LUC) / 02-7 bis (LUC)",
    "area": "88,888.88 ha",
    "width": "8,888.8 m",
    "status": "chưa xử lý",
    "status_and_change": "chưa xử lý · hết hiệu lực",
    "territory": "Thành phố Thanh Vân",
    "message": "",
}


class FindingsView(QTableView):
    """The table; its model is ``findings``."""

    chosen = pyqtSignal(object, bool, bool)
    sort_asked = pyqtSignal(str)
    escaped = pyqtSignal()

    def __init__(self, language: str):
        super().__init__()
        self.setObjectName("planconcordReviewList")
        self.setAccessibleName(text("review.list", language))
        self.findings = FindingsModel(language)
        self.setModel(self.findings)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(int(self.fontMetrics().height() * 1.6))
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setHighlightSections(False)
        header.setSectionsMovable(True)
        header.setStretchLastSection(True)
        header.sectionClicked.connect(lambda column: self.sort_asked.emit(COLUMNS[column]))
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for name in COLUMNS:
            self._give_room(name, WIDEST[name])
        self.findings.modelReset.connect(self._span)
        self._keep_scale = self._restoring = False
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._tell)
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.clicked.connect(self._clicked)

    def _give_room(self, column: str, words: str) -> None:
        room = self.fontMetrics().height() * (2 if column == "rule" else 1)  # the disc, and a little air
        self.setColumnWidth(COLUMNS.index(column), self.fontMetrics().horizontalAdvance(words) + room)

    def look_at(self, listing: Listing) -> None:
        """Show another store; where it knows what has changed, the status says so and needs the room."""
        self._give_room("status", WIDEST["status_and_change" if listing.layout.changes else "status"])
        self.findings.look_at(listing)

    def _span(self) -> None:
        self.clearSpans()
        for row in self.findings.headings():
            self.setSpan(row, 0, 1, len(COLUMNS))

    # the current finding

    def current(self) -> Row | None:
        """The finding that the map shows."""
        return self.findings.finding(self.currentIndex().row()) if self.currentIndex().isValid() else None

    def selected(self) -> list[Row]:
        """The chosen findings; the current one where none is."""
        rows: list[Row] = []
        for part in self.selectionModel().selection():
            rows += self.findings.findings(part.top(), part.bottom())
        current = self.current()
        return rows or ([current] if current is not None else [])

    def step(self, way: int, keep_scale: bool = False) -> None:
        """Go to the next finding in a direction."""
        row = self.currentIndex().row() if self.currentIndex().isValid() else -1
        target = self.findings.step(row, way)
        if target is not None:
            self.take(target, keep_scale)

    def first(self, keep_scale: bool = False) -> None:
        """Go to the first finding."""
        self.setCurrentIndex(QModelIndex())
        self.step(1, keep_scale)

    def take(self, row: int, keep_scale: bool = False) -> None:
        """Make a row the current and only chosen one."""
        self._keep_scale = keep_scale
        flags = QItemSelectionModel.SelectionFlag
        index = self.findings.index(row, 0)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows | flags.Current)
        self.scrollTo(index)

    def keep(self, change: Callable[[], None]) -> None:
        """Change what is shown and keep the current finding, the chosen ones and the place on the screen."""
        current, chosen = self.current(), self.selected()[:MOST_KEPT]
        row, top = self.currentIndex().row(), self.verticalScrollBar().value()
        column = self.horizontalScrollBar().value()
        self._restoring = True
        try:
            change()
            self._restore(current, chosen, row)
        finally:
            self._restoring = False
        self.verticalScrollBar().setValue(top)
        self.horizontalScrollBar().setValue(column)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        now = self.current()
        if (now.fid if now else None) != (current.fid if current else None):
            self.chosen.emit(now, True, False)

    def _restore(self, current: Row | None, chosen: list[Row], row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        selection = QItemSelection()
        last = len(COLUMNS) - 1
        for one in chosen:
            place = self.findings.row_of(one.fid)
            if place is not None and not self.findings.is_heading(place):
                selection.select(self.findings.index(place, 0), self.findings.index(place, last))
        place = self.findings.row_of(current.fid) if current is not None else None
        if place is None and current is not None:
            # It has left the list, as an accepted one leaves the open ones: the next takes its place.
            place = row if self.findings.finding(row) is not None else self.findings.step(row, 1)
            place = place if place is not None else self.findings.step(row, -1)
            if place is not None and selection.isEmpty():
                selection.select(self.findings.index(place, 0), self.findings.index(place, last))
        if place is not None:
            self.selectionModel().setCurrentIndex(self.findings.index(place, 0), flags.NoUpdate)
        self.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)

    def _moved(self, *_: object) -> None:
        if not self._restoring:
            self._wait.start()

    def _tell(self) -> None:
        keep_scale, self._keep_scale = self._keep_scale, False
        self.chosen.emit(self.current(), keep_scale, True)

    # keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        keys, alt = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if alt and keys in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.step(1 if keys == Qt.Key.Key_Down else -1, keep_scale=True)
        elif keys in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.findings.is_heading(row):
            self._fold(row, keys == Qt.Key.Key_Left)
        elif keys in (Qt.Key.Key_Home, Qt.Key.Key_End) and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            target = self.findings.step(*((-1, 1) if keys == Qt.Key.Key_Home else (self.findings.rowCount(), -1)))
            if target is not None:
                self.take(target)
        elif keys in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tell()
        elif keys == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def _clicked(self, index: QModelIndex) -> None:
        if self.findings.is_heading(index.row()):
            self._fold(index.row(), None)

    def _fold(self, row: int, folded: bool | None) -> None:
        self._restoring = True
        try:
            if folded is None:
                self.findings.fold(row, True) or self.findings.fold(row, False)
            else:
                self.findings.fold(row, folded)
            self.setCurrentIndex(self.findings.index(row, 0))
        finally:
            self._restoring = False
