"""Which runs are going on, so that they can be stopped when the plugin is switched off; and what of
the program failed in them.

A person may close an algorithm's dialog, which goes on in its thread, and then switch the plugin
off or update it; QGIS would delete the provider under the run and crash. Filled in the threads of
the runs, read in QGIS's main thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qgis.core import Qgis, QgsMessageLog, QgsProcessingFeedback

LOG_TAB = "Plan Concord"
_feedbacks: list[QgsProcessingFeedback] = []


@contextmanager
def noted(feedback: QgsProcessingFeedback) -> Iterator[None]:
    """Hold a run among those that go on."""
    _feedbacks.append(feedback)
    try:
        yield
    finally:
        _feedbacks.remove(feedback)


def ask_all_to_stop() -> bool:
    """Cancel every run that goes on; whether there is one."""
    for feedback in list(_feedbacks):
        feedback.cancel()
    return bool(_feedbacks)


def note_fault(error: Exception) -> None:
    """The traceback of a fault of the program goes to QGIS's log, *View > Panels > Log Messages*;
    of a refusal nothing does.
    """
    from ..engine.faults import ProgramFault

    if isinstance(error, ProgramFault):
        QgsMessageLog.logMessage(error.details, LOG_TAB, Qgis.MessageLevel.Critical, False)
