"""The question before a waiver: why, by which document, until when."""

from __future__ import annotations

from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtGui import QKeySequence
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from ...engine.catalogue import text

LINES = 4


class WaiveDialog(QDialog):
    """``note``, ``document`` and ``expiry`` (2027-12-31 or "") when it was accepted."""

    def __init__(self, count: int, language: str, parent: QWidget):
        super().__init__(parent)
        self.setObjectName("planconcordWaive")
        self.setWindowTitle(text("review.waive_title", language, count=count))
        self._note = QPlainTextEdit()
        self._note.setObjectName("planconcordWaiveNote")
        self._note.setTabChangesFocus(True)
        self._note.setFixedHeight(self._note.fontMetrics().lineSpacing() * (LINES + 1))
        self._note.textChanged.connect(self._look)
        self._document = QLineEdit()
        self._document.setObjectName("planconcordWaiveDocument")
        self._document.setPlaceholderText(text("review.waive_document_example", language))
        self._expires = QCheckBox(text("review.waive_expires", language))
        self._expires.setObjectName("planconcordWaiveExpires")
        self._expiry = QDateEdit(QDate.currentDate().addYears(1))
        self._expiry.setObjectName("planconcordWaiveExpiry")
        self._expiry.setMinimumDate(QDate.currentDate())
        self._expiry.setCalendarPopup(True)
        self._expiry.setDisplayFormat("dd/MM/yyyy" if language == "vi" else "yyyy-MM-dd")
        self._expiry.setEnabled(False)
        self._expires.toggled.connect(self._expiry.setEnabled)
        until = QHBoxLayout()
        until.addWidget(self._expires)
        until.addWidget(self._expiry, 1)
        form = QFormLayout()
        form.addRow(text("review.waive_note", language), self._note)
        form.addRow(text("review.waive_document", language), self._document)
        form.addRow("", _held(until))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(text("review.waive_do", language))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(text("review.cancel", language))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        hint = QLabel(text("review.waive_hint", language))
        hint.setWordWrap(True)
        column = QVBoxLayout(self)
        column.addWidget(hint)
        column.addLayout(form)
        column.addWidget(buttons)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.activated.connect(self._ok.click)
        self._look()
        self._note.setFocus(Qt.FocusReason.OtherFocusReason)

    def _look(self) -> None:
        self._ok.setEnabled(bool(self.note))

    @property
    def note(self) -> str:
        """The reason."""
        return self._note.toPlainText().strip()

    @property
    def document(self) -> str:
        """The number of the document."""
        return self._document.text().strip()

    @property
    def expiry(self) -> str:
        """The last day on which it holds."""
        return self._expiry.date().toString("yyyy-MM-dd") if self._expires.isChecked() else ""


def _held(layout: QHBoxLayout) -> QWidget:
    layout.setContentsMargins(0, 0, 0, 0)
    holder = QWidget()
    holder.setLayout(layout)
    return holder
