"""What a person must know, above the list: warnings and errors in full, each until it is closed; Escape in the list closes all."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QStyle, QToolButton, QVBoxLayout, QWidget


class Notices(QWidget):
    """A column of notices; takes no room while there are none."""

    def __init__(self, close_words: str, press_words: str):
        super().__init__()
        self._close_words, self._press_words = close_words, press_words
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._shown: dict[str, QFrame] = {}
        self._buttons: dict[str, QPushButton] = {}
        self._passing: set[str] = set()
        self.hide()

    def add(
        self, words: str, bad: bool, button: str = "", action: Callable[[], None] | None = None, passing: bool = False
    ) -> None:
        """Show a notice, once; ``bad`` for an error, else a warning; ``passing``: true only of the store as it lies there now."""
        if words in self._shown:
            return
        if passing:
            self._passing.add(words)
        frame = QFrame()
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        line = QHBoxLayout(frame)
        icon = QStyle.StandardPixmap.SP_MessageBoxCritical if bad else QStyle.StandardPixmap.SP_MessageBoxWarning
        sign = QLabel()
        side = self.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
        sign.setPixmap(self.style().standardIcon(icon).pixmap(side, side))
        line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        label = QLabel(words)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line.addWidget(label, 1)
        if action is not None:
            doing = QPushButton(button)
            doing.setToolTip(self._press_words)
            self._buttons[words] = doing
            doing.clicked.connect(lambda: self._remove(words))
            doing.clicked.connect(lambda: action())
            line.addWidget(doing)
        closing = QToolButton()
        closing.setText("✕")
        closing.setToolTip(self._close_words)
        closing.setAutoRaise(True)
        closing.clicked.connect(lambda: self._remove(words))
        line.addWidget(closing, 0, Qt.AlignmentFlag.AlignTop)
        self._shown[words] = frame
        self._column.addWidget(frame)
        self.show()

    def texts(self) -> list[str]:
        """What is shown."""
        return list(self._shown)

    def clear(self) -> None:
        """Close all."""
        for words in self.texts():
            self._remove(words)

    def clear_passing(self) -> None:
        """Close what was said of a store in whose place another lies now."""
        for words in list(self._passing):
            self._remove(words)

    def press(self) -> None:
        """Press the first button that a notice offers."""
        button = next(iter(self._buttons.values()), None)
        if button is not None:
            button.click()

    def _remove(self, words: str) -> None:
        frame = self._shown.pop(words, None)
        self._buttons.pop(words, None)
        self._passing.discard(words)
        if frame is not None:
            frame.hide()
            frame.deleteLater()
        self.setVisible(bool(self._shown))
