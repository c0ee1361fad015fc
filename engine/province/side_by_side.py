"""Tasks side by side on threads, as many at once as the machine has processors and the memory given
allows.

Goes in: tasks in order, each with the memory that it takes, its share of the progress, and a
function of a Progress. Comes out: (number of the task, its result) as each ends, to the thread that
asks. Tasks begin in their order; a task for which there is no room waits, and all behind it, until
there is, and one that is larger than everything given runs alone. Only the thread that asks speaks
to the progress: the tasks hear of a wish to stop from it, and those that have not begun then never
do. What a task raises is raised here, after the others have been asked to stop.

Threads and not processes: geometry and numpy release the interpreter while they compute, and inside
QGIS another process would be another QGIS. Tasks must share nothing that a question changes; see
planar/threads.py on prepared geometries.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Callable, Generic, Optional, TypeVar

from ..progress import Progress

Result = TypeVar("Result")
GLANCE_S = 0.1
"""So often the progress is told and asked while tasks run."""
MOST_AT_ONCE = 4
"""More threads than this wait for the interpreter, not for a processor."""


@dataclass(frozen=True)
class WeightedJob(Generic[Result]):
    """``share``: of the progress, in any unit; ``told``: the text above the progress bar when it
    begins.
    """

    run: Callable[[Progress], Result]
    memory_bytes: int = 0
    share: float = 1.0
    told: str = ""


def processors() -> int:
    """Return how many tasks at once are worth it on this machine."""
    try:
        count = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        count = os.cpu_count() or 1
    return max(1, min(count, MOST_AT_ONCE))


def side_by_side(
    tasks: Sequence[WeightedJob[Result]], at_once: int, memory_bytes: Optional[int], progress: Progress
) -> Iterator[tuple[int, Result]]:
    """Run all ``tasks``; ``memory_bytes`` None: no bound but their number."""
    stop = threading.Event()
    shown = _Shown(tasks, stop, progress)
    running: dict[Future[Result], int] = {}
    begun = 0
    pool = ThreadPoolExecutor(max(1, at_once), thread_name_prefix="province")
    try:
        while True:
            if not stop.is_set() and progress.cancelled():
                stop.set()
            while begun < len(tasks) and not stop.is_set() and _fits(tasks, begun, running, at_once, memory_bytes):
                shown.begin(begun)
                running[pool.submit(tasks[begun].run, shown.of(begun))] = begun
                begun += 1
            if not running:
                return
            ended = wait(running, GLANCE_S, FIRST_COMPLETED).done
            shown.look()
            for future in sorted(ended, key=running.__getitem__):
                number = running.pop(future)
                shown.end(number)
                yield number, future.result()
    finally:
        stop.set()
        for future in running:
            future.cancel()
        pool.shutdown(wait=True)


def _fits(
    tasks: Sequence[WeightedJob[Result]],
    number: int,
    running: dict[Future[Result], int],
    at_once: int,
    memory_bytes: Optional[int],
) -> bool:
    if not running:
        return True
    taken = sum(tasks[other].memory_bytes for other in running.values())
    return len(running) < at_once and (memory_bytes is None or taken + tasks[number].memory_bytes <= memory_bytes)


class _Shown:
    """How far all tasks are together; only one thread asks and reports."""

    def __init__(self, tasks: Sequence[WeightedJob[Result]], stop: threading.Event, progress: Progress):
        self._tasks, self._stop, self._progress = tasks, stop, progress
        self._whole = sum(task.share for task in tasks) or 1.0
        self._ended, self._furthest = 0.0, 0.0
        self._parts: dict[int, _Heard] = {}

    def of(self, number: int) -> Progress:
        """Return what the task of that number speaks to."""
        return self._parts[number]

    def begin(self, number: int) -> None:
        """A task begins."""
        self._parts[number] = _Heard(self._stop)
        self._progress.step(self._furthest, self._tasks[number].told)

    def end(self, number: int) -> None:
        """A task has ended."""
        self._parts.pop(number)
        self._ended += self._tasks[number].share
        self.look()

    def look(self) -> None:
        """Tell how far they are; never further back than before."""
        going = sum(self._tasks[number].share * part.fraction for number, part in self._parts.items())
        self._furthest = max(self._furthest, min(1.0, (self._ended + going) / self._whole))
        self._progress.step(self._furthest)


class _Heard(Progress):
    """The progress of one task: remembered for the thread that asks, which also says when to
    stop.
    """

    def __init__(self, stop: threading.Event):
        self._stop, self.fraction = stop, 0.0

    def step(self, fraction: float, text: str = "") -> None:
        """Remember it."""
        self.fraction = max(self.fraction, min(1.0, fraction))

    def cancelled(self) -> bool:
        """Return whether the thread that asks heard of a wish to stop."""
        return self._stop.is_set()
