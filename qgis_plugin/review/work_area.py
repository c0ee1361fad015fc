"""What the review dock consists of and where it stands: notices, store and reviewer, filters,
counts, list, side panel, buttons.

Goes in: the canvas and a language. Nothing here decides anything; dock.py connects the parts.
``opening`` and ``database`` are the buttons *Open…* and *PostGIS…*.
"""

from __future__ import annotations

from collections.abc import Iterable

from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QAction,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.catalogue import text
from .deciding import remember_reviewer, reviewer
from .filters import FilterPanel
from .finding_panel import FindingPanel
from .findings_view import FindingsView
from .map_view import FindingOnMap
from .notices import Notices
from .stores import StoreBox

NAME_LETTERS = 22
LIST_AND_PANEL_PX = [400, 260]


class WorkArea(QWidget):
    """The parts, each under its name."""

    def __init__(self, canvas: QgsMapCanvas, language: str):
        super().__init__()
        self.notices = Notices(text("review.close", language), text("review.answer_tip", language))
        self.stores = StoreBox(language)
        self.opening = QPushButton(text("review.open", language))
        self.opening.setObjectName("planconcordReviewOpen")
        self.database = QPushButton(text("review.database", language))
        self.database.setObjectName("planconcordReviewDatabase")
        self.database.setToolTip(text("review.do_database", language))
        self.name = QLineEdit(reviewer())
        self.name.setObjectName("planconcordReviewName")
        self.name.setToolTip(text("review.reviewer_tip", language))
        self.name.setMaximumWidth(self.name.fontMetrics().averageCharWidth() * NAME_LETTERS)
        self.name.editingFinished.connect(lambda: remember_reviewer(self.name.text()))
        self.filters = FilterPanel(language)
        self.counts = QLabel()
        self.counts.setObjectName("planconcordReviewCounts")
        self.counts.setWordWrap(True)
        self.view = FindingsView(language)
        self.on_map = FindingOnMap(canvas)
        self.panel = FindingPanel(self.on_map, language)
        self._buttons = QHBoxLayout()
        self._arrange(text("review.reviewer", language))

    def _arrange(self, name_words: str) -> None:
        first = QHBoxLayout()
        for widget, stretch in (
            (self.stores, 1),
            (self.opening, 0),
            (self.database, 0),
            (QLabel(name_words), 0),
            (self.name, 0),
        ):
            first.addWidget(widget, stretch)
        work = QSplitter(Qt.Orientation.Vertical)
        work.setChildrenCollapsible(False)
        work.addWidget(self.view)
        work.addWidget(self.panel)
        work.setSizes(LIST_AND_PANEL_PX)
        column = QVBoxLayout(self)
        column.addWidget(self.notices)
        column.addLayout(first)
        column.addWidget(self.filters)
        column.addWidget(self.counts)
        column.addWidget(work, 1)
        column.addLayout(self._buttons)

    def add_buttons(self, actions: Iterable[QAction]) -> None:
        """Buttons below the list, for people with a mouse."""
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys do the same; the list keeps the focus
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)
