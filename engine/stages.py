"""The progress of a run, reported by the names of its stages.

Each stage has a weight, about its share of the time; from where to where it goes on the whole bar
follows from the weights, so that nobody who carries out a stage needs to know a number. KeyError
for a stage that nobody named.
"""

from __future__ import annotations

from collections.abc import Mapping

from .progress import Progress

CHECK = {"reading": 15.0, "checking": 75.0, "matching": 2.0, "recording": 1.0, "writing": 7.0}
"""The stages of a single check, measured on 200,000 zones in QGIS; the others are told by the same
names.
"""


class Stages:
    """The stretches of one ``progress`` that belong to the stages of a run.

    >>> Stages(Progress(), {"reading": 1.0, "checking": 3.0}).stretch("checking")
    (0.25, 1.0)
    """

    def __init__(self, progress: Progress, weights: Mapping[str, float] = CHECK):
        self._progress, self._stretches = progress, _stretches(weights)

    def stretch(self, name: str) -> tuple[float, float]:
        """From where to where, 0 to 1, the stage goes."""
        return self._stretches[name]

    def begin(self, name: str, text: str = "") -> Progress:
        """Return the progress of a stage, whose 0 to 1 is its stretch of the whole; ``text`` is
        shown at once.
        """
        start, end = self.stretch(name)
        self._progress.step(start, text)
        return self._progress.part(start, end)


def _stretches(weights: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    total, done, made = sum(weights.values()), 0.0, {}
    for name, weight in weights.items():
        made[name] = (done / total, (done + weight) / total)
        done += weight
    return made
