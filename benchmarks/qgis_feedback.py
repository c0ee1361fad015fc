"""How checkcoverage behaves towards the person before QGIS: `qgis_feedback.py ROW LAYER ZONES`
prints one line of JSON.

The algorithm runs on a GeoPackage with a feedback of ours: the longest time between two moves of
the bar or between two questions whether Cancel was pressed, and how long it takes to end after
Cancel at random moments, from reading the features to writing the findings. Python is the program
here and QGIS a guest in it, as in the tests of the algorithms.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from layers import FOLDER, Stored, for_qgis, prepare
from planconcord import classFactory
from planconcord.engine.progress import Cancelled, Progress
from planconcord.qgis_bridge import libraries
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback
from watching import cancelled_at_random, peak_mib


class Person(QgsProcessingFeedback):
    """Hands what QGIS is told to a Progress that watches, and presses Cancel when that says so."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(False)
        self._progress = progress

    def setProgress(self, percent: float) -> None:  # noqa: N802
        """The bar."""
        self._progress.step(percent / 100.0)

    def setProgressText(self, text: str) -> None:  # noqa: N802
        """The line above the bar."""
        self._progress.step(0.0, text)

    def isCanceled(self) -> bool:  # noqa: N802
        """Return whether Cancel was pressed."""
        if self._progress.cancelled():
            self.cancel()
        return super().isCanceled()


def parameters(stored: Stored) -> dict[str, Any]:
    """Return what the dialogue would hold; findings go to a new file each time."""
    folder = FOLDER / "feedback"
    folder.mkdir(exist_ok=True)
    return {
        "INPUT": str(stored.geopackage),
        "KEY_FIELD": "zone",
        "CODE_FIELD": "code",
        "BOUNDARY": str(stored.boundary_geopackage),
        "WIDTH_TOLERANCE": 0.5,
        "FINDINGS": str(folder / f"findings-{time.monotonic_ns()}.gpkg"),
    }


def main() -> None:
    """Run it once to the end, then with Cancel."""
    (stored,) = prepare(sys.argv[2], int(sys.argv[3]))
    for_qgis(stored)
    application = QgsApplication([], False)
    application.initQgis()
    libraries._usable = True  # the guard is for wheels inside QGIS; here QGIS is the guest
    plugin = classFactory(None)
    plugin.initProcessing()
    algorithm = QgsApplication.processingRegistry().algorithmById("planconcord:checkcoverage")

    def work(progress: Progress) -> None:
        person = Person(progress)
        _, ok = algorithm.create().run(parameters(stored), QgsProcessingContext(), person)
        if not ok and not person.isCanceled():
            raise SystemExit("checkcoverage failed")
        if person.isCanceled():
            raise Cancelled()

    shutil.rmtree(FOLDER / "feedback", ignore_errors=True)
    started = time.perf_counter()
    measured = cancelled_at_random(work)
    print(json.dumps({"seconds": time.perf_counter() - started, "peak_mib": peak_mib(), **measured}), flush=True)
    os._exit(0)  # QGIS may crash when it ends as a guest


if __name__ == "__main__":
    main()
