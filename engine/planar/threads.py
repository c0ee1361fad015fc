"""Chunks of geometry work on a few threads: GEOS and numpy release the interpreter while they
compute.

Results come in the order of the items, whatever the number of threads, and only a few chunks wait
at a time, so memory stays bounded. No chunk may ask a geometry that others ask too once it is
prepared: GEOS builds a prepared geometry's index at the first question, and two threads that build
it at the same time crash. When the person cancels, or the caller stops asking, chunks that have not
begun are dropped and nobody waits for those that have: GEOS cannot be stopped, only left alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Callable, TypeVar

from ..progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

GLANCE_S = 0.2
"""So often a wait looks up whether the person asked to stop."""
HALFWAY_S = 10.0
"""After so long a call of unknown length is shown as half done."""


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int, progress: Progress
) -> Iterator[Result]:
    """``function`` of each item; raises Cancelled, within a glance, when the person asked to
    stop.
    """
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    done = False
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * threads:
                yield _result(waiting.popleft(), progress)
        while waiting:
            yield _result(waiting.popleft(), progress)
        done = True
    finally:
        for unbegun in waiting:
            unbegun.cancel()
        pool.shutdown(wait=done)


def watched(function: Callable[[], Result], progress: Progress) -> Result:
    """Return the result of one long call, which the progress shows to be alive and a person may
    leave: raises Cancelled then.
    """
    return next(in_order(lambda _: function(), [None], 1, _Creeping(progress)))


class _Creeping(Progress):
    """Goes on by itself, ever more slowly, whenever it is asked whether to stop."""

    def __init__(self, whole: Progress):
        self._whole, self._begun = whole, time.monotonic()

    def cancelled(self) -> bool:
        waited_s = time.monotonic() - self._begun
        self._whole.step(waited_s / (waited_s + HALFWAY_S))
        return self._whole.cancelled()


def _result(future: Future[Result], progress: Progress) -> Result:
    progress.checkpoint()
    while not wait([future], GLANCE_S).done:
        progress.checkpoint()
    return future.result()
