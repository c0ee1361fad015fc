"""The list as a person handles it: arrows, several at once, headings that fold; it says which finding is the current one.

``chosen`` gives (Chosen, keep the scale, whether a person went there). Arrow keys that repeat are waited out for a moment, so that
holding one down runs through the list without stopping at each finding; ``settle`` ends the wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from qgis.PyQt.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    Qt,
    QTimer,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QKeyEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from ...engine.catalogue import text
from ...engine.store.listing import Listing, Row
from .chosen import NOTHING, Chosen
from .table_model import COLUMNS, FindingsModel

WAIT_MS = 70
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
        self._told = NOTHING
        self._resume = 0  # where the list goes on when its current finding has left it
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._tell)
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.selectionModel().selectionChanged.connect(self._moved)
        self.clicked.connect(self._clicked)

    def _give_room(self, column: str, words: str) -> None:
        room = self.fontMetrics().height() * (2 if column == "rule" else 1)  # the disc, and a little air
        self.setColumnWidth(COLUMNS.index(column), self.fontMetrics().horizontalAdvance(words) + room)

    def look_at(self, listing: Listing) -> None:
        """Show another store; where it knows what has changed, the status says so and needs the room."""
        self._give_room("status", WIDEST["status_and_change" if listing.layout.changes else "status"])
        self._wait.stop()
        self.findings.look_at(listing)
        self._told, self._resume = NOTHING, 0
        self.chosen.emit(NOTHING, True, False)

    def _span(self) -> None:
        self.clearSpans()
        for row in self.findings.headings():
            self.setSpan(row, 0, 1, len(COLUMNS))

    # the current finding

    def current(self) -> Row | None:
        """The finding on which the list stands."""
        return self.findings.finding(self.currentIndex().row()) if self.currentIndex().isValid() else None

    def selected(self) -> list[Row]:
        """The chosen findings."""
        rows: list[Row] = []
        for part in self.selectionModel().selection():
            rows += self.findings.findings(part.top(), part.bottom())
        return rows

    @property
    def told(self) -> Chosen:
        """What ``chosen`` has last given."""
        return self._told

    def settle(self) -> bool:
        """End the wait for the arrow keys; whether something else was chosen than had been told."""
        if not self._wait.isActive():
            return False
        before = self._told
        self._tell()
        return not self._told.is_same(before)

    def step(self, way: int, keep_scale: bool = False) -> None:
        """Go to the next finding in a direction."""
        row = self.currentIndex().row() if self.currentIndex().isValid() else self._resume - (way > 0)
        target = self.findings.step(row, way)
        if target is not None:
            self.take(target, keep_scale)

    def first(self, keep_scale: bool = False) -> None:
        """Go to the first finding."""
        target = self.findings.step(-1, 1)
        if target is not None:
            self.take(target, keep_scale)

    def take(self, row: int, keep_scale: bool = False) -> None:
        """Make a row the current and only chosen one."""
        self._keep_scale = keep_scale
        flags = QItemSelectionModel.SelectionFlag
        index = self.findings.index(row, 0)
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows | flags.Current)
        self.scrollTo(index)

    def go_to(self, findings: Sequence[str]) -> int:
        """Choose findings by their ids, show the first of them, and how many of them the list holds."""
        rows = sorted({row for row in self.findings.rows_of((-1, one) for one in findings) if row is not None})
        if rows:
            self._restoring = True
            self._choose(rows, rows[0])
            self._restoring = False
            self.scrollTo(self.currentIndex())
            self._tell()
        return len(rows)

    def keep(self, change: Callable[[], None], advance: bool = False) -> None:
        """Change what is shown and keep the chosen findings, the current one and the place on the screen.

        Where all of them have left the list, none is chosen, because nobody went to what stands there now; with ``advance``, after a
        person's own decision, the next takes their place and the map goes there. Arrow keys that are waited for must be settled before.
        """
        before = self._told
        row, top = self.currentIndex().row(), self.verticalScrollBar().value()
        column = self.horizontalScrollBar().value()
        self._restoring = True
        try:
            change()
            gone = self._restore(before, row)
        finally:
            self._restoring = False
        self.verticalScrollBar().setValue(top)
        self.horizontalScrollBar().setValue(column)
        if gone and advance:
            near = self.findings.step(self._resume - 1, 1)
            near = near if near is not None else self.findings.step(self._resume, -1)
            if near is not None:
                self.take(near)
                self._tell()
                return
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
        self._told = self._now()
        if not self._told.is_same(before):
            self.chosen.emit(self._told, True, False)

    def _restore(self, before: Chosen, row: int) -> bool:
        """Choose again what was chosen; whether all of it has left the list."""
        known = [(one.fid, one.finding_id) for one in before.rows]
        rows = [place for place in self.findings.rows_of(known) if place is not None]
        if not rows:
            self._resume = max(row, 0)
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
            return bool(before.rows)
        current = before.current
        (place,) = self.findings.rows_of([(current.fid, current.finding_id)]) if current is not None else (None,)
        self._choose(sorted(set(rows)), rows[0] if place is None else place)
        return False

    def _choose(self, rows: Sequence[int], current: int) -> None:
        flags = QItemSelectionModel.SelectionFlag
        selection, last = QItemSelection(), len(COLUMNS) - 1
        for top, bottom in _runs(rows):
            selection.append(QItemSelectionRange(self.findings.index(top, 0), self.findings.index(bottom, last)))
        self.selectionModel().setCurrentIndex(self.findings.index(current, 0), flags.NoUpdate)
        self.selectionModel().select(selection, flags.ClearAndSelect)

    def _moved(self, *_: object) -> None:
        if not self._restoring:
            self._wait.start()

    def _now(self) -> Chosen:
        """What is chosen now; where the current finding has been taken out of the choice, another one that is in it stands for it."""
        rows, current = tuple(self.selected()), self.current()
        if not rows:
            return NOTHING
        if current not in rows:
            current = rows[0]
        return Chosen(current, rows)

    def _tell(self) -> None:
        self._wait.stop()
        keep_scale, self._keep_scale = self._keep_scale, False
        self._told = self._now()
        self.chosen.emit(self._told, keep_scale, True)

    # keys and mouse

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        keys, alt = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if keys in (Qt.Key.Key_Down, Qt.Key.Key_Up) and (alt or not self.currentIndex().isValid()):
            self.step(1 if keys == Qt.Key.Key_Down else -1, keep_scale=alt)
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
        self._tell()


def _runs(rows: Iterable[int]) -> Iterable[tuple[int, int]]:
    """(first, last) of each unbroken run of numbers that are in order."""
    first = last = None
    for row in rows:
        if first is not None and last is not None and row != last + 1:
            yield first, last
            first = row
        first, last = (row if first is None else first), row
    if first is not None and last is not None:
        yield first, last
