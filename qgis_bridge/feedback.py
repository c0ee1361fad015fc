"""The progress of the engine, passed on to QGIS: bar, text and the cancel button."""

from __future__ import annotations

from qgis.core import QgsProcessingFeedback

from ..engine.progress import Progress


class QgisProgress(Progress):
    """Forwards steps to a QgsProcessingFeedback and asks it whether the person cancelled."""

    def __init__(self, feedback: QgsProcessingFeedback):
        self._feedback, self._text, self._furthest = feedback, "", 0.0

    def step(self, fraction: float, text: str = "") -> None:
        """Set the bar, which never goes back, and the line above it when the text changes."""
        self._furthest = max(self._furthest, fraction)
        self._feedback.setProgress(100.0 * self._furthest)
        if text and text != self._text:
            self._text = text
            self._feedback.setProgressText(text)

    def cancelled(self) -> bool:
        """Return whether the person pressed Cancel."""
        return bool(self._feedback.isCanceled())
