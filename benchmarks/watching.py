"""A progress that watches: how long a check is silent, how long it does not ask whether to stop,
how soon it stops; how much memory it took.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from planconcord.engine.progress import Cancelled, Progress

MOMENTS = 6


class Watching(Progress):
    """Keeps the longest time without a move of the progress and without a question; stops after
    ``patience_s``.
    """

    def __init__(self, patience_s: float = float("inf")):
        self.started = self._moved = self._asked = time.perf_counter()
        self._patience_s, self._fraction, self._text = patience_s, -1.0, ""
        self.silence: tuple[float, str] = (0.0, "")
        self.deafness: tuple[float, str] = (0.0, "")

    def step(self, fraction: float, text: str = "") -> None:
        """A move counts, a repetition does not."""
        if fraction > self._fraction or (text and text != self._text):
            self._moved, self.silence = self._longest(self._moved, self.silence, fraction)
            self._fraction, self._text = max(fraction, self._fraction), text or self._text

    def cancelled(self) -> bool:
        """Return a question is remembered and answered."""
        self._asked, self.deafness = self._longest(self._asked, self.deafness, self._fraction)
        return self._asked - self.started > self._patience_s

    def _longest(self, last: float, longest: tuple[float, str], fraction: float) -> tuple[float, tuple[float, str]]:
        now = time.perf_counter()
        where = f"{self._fraction:.3f} to {fraction:.3f} {self._text}".strip()
        return now, max(longest, (now - last, where))

    def report(self) -> dict[str, Any]:
        """Return the longest times in seconds and where they were; the end of the check counts as a
        move and a question.
        """
        self._moved, self.silence = self._longest(self._moved, self.silence, 1.0)
        self._asked, self.deafness = self._longest(self._asked, self.deafness, 1.0)
        silence, deafness = self.silence, self.deafness
        return {"silence_s": silence[0], "silence": silence[1], "deafness_s": deafness[0], "deafness": deafness[1]}


def cancelled_at_random(work: Callable[[Progress], Any], moments: int = MOMENTS, seed: int = 5) -> dict[str, Any]:
    """Seconds from the wish to stop to the end, at ``moments`` spread at random over the time that
    ``work`` takes.
    """
    whole = Watching()
    work(whole)
    duration_s = time.perf_counter() - whole.started
    told = whole.report()
    random = np.random.default_rng(seed)
    answers = []
    for moment in (np.arange(moments) + random.random(moments)) / moments * duration_s:
        watching = Watching(moment)
        try:
            work(watching)
            answers.append(0.0)  # it was done before the wish
        except Cancelled:
            answers.append(time.perf_counter() - watching.started - moment)
    return {"whole_s": duration_s, "cancel_s": answers, "longest_cancel_s": max(answers), **told}


def peak_mib() -> float:
    """Return the largest resident memory of this process so far; getrusage would count the parent's
    before the start.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024.0
    return float("nan")
