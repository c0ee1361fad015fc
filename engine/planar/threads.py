"""Chunks of geometry work on a few threads: GEOS and numpy release the interpreter while they compute.

Results come in the order of the items, whatever the number of threads, and only a few chunks wait at a time, so memory stays
bounded. No chunk may ask a geometry that others ask too once it is prepared: GEOS builds a prepared geometry's index at the
first question, and two threads that build it at the same time crash. When the person cancels, or the caller stops asking, chunks that have not begun are dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Callable, TypeVar

from ..progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int, progress: Progress
) -> Iterator[Result]:
    """``function`` of each item; raises Cancelled between two of them when the person asked to stop."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * threads:
                    progress.checkpoint()
                    yield waiting.popleft().result()
            while waiting:
                progress.checkpoint()
                yield waiting.popleft().result()
        finally:
            for unbegun in waiting:
                unbegun.cancel()
