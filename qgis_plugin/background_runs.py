"""Runs that go on without their window: a person closes an algorithm's dialog, or switches the
plugin off, in the middle.

QGIS (3.40) tells the dialog of the end by a Python function that nothing holds once the dialog is
closed; as soon as Python tidies up, which a check does often, the function is gone and the end of
the run crashes QGIS. So each run's task is held here until it has ended. Needs QGIS with a window.
"""

from __future__ import annotations

import time

from qgis.core import QgsApplication, QgsProcessingAlgRunnerTask, QgsTask
from qgis.PyQt.QtCore import QCoreApplication, QThreadPool, QTimer

from ..qgis_bridge.running import ask_all_to_stop

LONGEST_WAIT_S = 30.0
AFTERWARDS_MS = 5000


class BackgroundRuns:
    """Holds the tasks of Processing from ``watch`` to ``end``."""

    def __init__(self) -> None:
        self._held: dict[int, QgsTask] = {}
        self._ran = False

    def watch(self) -> None:
        """Hold every run that begins from now on."""
        tasks = QgsApplication.taskManager()
        tasks.taskAdded.connect(self._begun)
        tasks.statusChanged.connect(self._changed)
        QCoreApplication.instance().aboutToQuit.connect(self._leave)

    def end(self) -> None:
        """Cancel the runs of our algorithms and wait for them: QGIS must not lose their provider
        before they end.

        QGIS tells the dialogs afterwards, so what is held stays a moment longer than this object.
        """
        tasks = QgsApplication.taskManager()
        tasks.taskAdded.disconnect(self._begun)
        tasks.statusChanged.disconnect(self._changed)
        QCoreApplication.instance().aboutToQuit.disconnect(self._leave)
        self._stop_ours()
        QTimer.singleShot(AFTERWARDS_MS, self._held.clear)

    def _leave(self) -> None:
        """QGIS is about to quit: nothing of ours goes on, and the threads that ran it have ended
        before QGIS takes itself apart.

        A thread of the pool that opened a layer holds a connection to QGIS's store of passwords,
        which QGIS 3.40 closes after the store is gone if the thread ends later. Tasks have a pool
        of their own, which QGIS ends after the store.
        """
        self._stop_ours()
        if self._ran:
            for pool in (QThreadPool.globalInstance(), QgsApplication.taskManager().threadPool()):
                pool.waitForDone(int(1000 * LONGEST_WAIT_S))

    @staticmethod
    def _stop_ours() -> None:
        until = time.monotonic() + LONGEST_WAIT_S
        while ask_all_to_stop() and time.monotonic() < until:
            time.sleep(0.02)

    def _begun(self, number: int) -> None:
        task = QgsApplication.taskManager().task(number)
        if isinstance(task, QgsProcessingAlgRunnerTask):
            self._held[number] = task
            self._ran = True

    def _changed(self, number: int, status: int) -> None:
        if status in (QgsTask.TaskStatus.Complete, QgsTask.TaskStatus.Terminated):
            self._held.pop(number, None)
