"""How a long check shows that it is alive, and learns that it should stop.

A check calls ``progress.step(fraction, text)`` with a fraction from 0 to 1 and
``progress.checkpoint()`` between chunks; the QGIS feedback, a terminal line and silence all fit
this small interface. Raises :class:`Cancelled` when the person asked to stop, so that nothing half
finished is returned.
"""

from __future__ import annotations


class Cancelled(Exception):
    """The person asked to stop; no result exists and nothing was written."""


class Progress:
    """Silence: the progress of a check that nobody watches. Subclasses override the two methods
    below.
    """

    def step(self, fraction: float, text: str = "") -> None:
        """Report that ``fraction`` (0 to 1) is done and, if not empty, what is being done now."""

    def cancelled(self) -> bool:
        """Return whether the person asked to stop."""
        return False

    def checkpoint(self) -> None:
        """Raise :class:`Cancelled` if the person asked to stop."""
        if self.cancelled():
            raise Cancelled()

    def part(self, start: float, end: float) -> Progress:
        """Return a progress whose 0 to 1 is ``start`` to ``end`` of this one."""
        return _Part(self, start, end)


class _Part(Progress):
    def __init__(self, whole: Progress, start: float, end: float):
        self._whole, self._start, self._end = whole, start, end

    def step(self, fraction: float, text: str = "") -> None:
        self._whole.step(self._start + fraction * (self._end - self._start), text)

    def cancelled(self) -> bool:
        return self._whole.cancelled()
