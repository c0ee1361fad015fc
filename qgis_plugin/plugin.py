"""The plugin as QGIS sees it: a provider in the Processing registry, in the program and in
qgis_process alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication

from .background_runs import BackgroundRuns
from .provider import PlanConcordProvider

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .review.entry import ReviewEntry


class PlanConcordPlugin:
    """Made by classFactory; ``iface`` is None in qgis_process."""

    def __init__(self, iface: QgisInterface | None):
        self._iface = iface
        self._provider: PlanConcordProvider | None = None
        self._runs: BackgroundRuns | None = None
        self._review: ReviewEntry | None = None

    def initProcessing(self) -> None:
        """Register the provider; all that qgis_process calls."""
        self._provider = PlanConcordProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)
        self._provider.load_models()

    def initGui(self) -> None:
        """Called by the program with a window."""
        self.initProcessing()
        self._runs = BackgroundRuns()
        self._runs.watch()
        if self._iface is not None:
            from .review.entry import ReviewEntry  # qgis.gui, which qgis_process may lack

            self._review = ReviewEntry(self._iface)

    def unload(self) -> None:
        """Leave no trace when the plugin is switched off; a run that goes on is cancelled first."""
        if self._review is not None:
            self._review.close()
            self._review = None
        if self._runs is not None:
            self._runs.end()
            self._runs = None
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
