"""A fault of the program itself: reported in one sentence, its traceback kept in a file, never
shown to a person.

:class:`told_faults` stands around one piece of work (a job of a province, a whole command) and says
what that is. A refusal, a wish to stop and Ctrl-C leave it as they are, a lack of memory becomes a
refusal, whatever else is raised inside becomes a ProgramFault. That is a PlanError, so everything
that shows a refusal shows it too; but it is never a verdict on the plans: a command that met one
ends with status 2 (:func:`met`). The file is the one at :func:`details_file`; where nothing can be
written the sentence says so.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import threading
import traceback
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from .errors import PlanError
from .progress import Cancelled

NAME = "planconcord-faults.log"
LARGEST_BYTES = 1 << 20
"""What is older is cut off: a fault that comes back ten thousand times must not fill the disk."""
AS_THEY_ARE = (PlanError, Cancelled, KeyboardInterrupt)
_count = 0
"""How many faults were met; they are not kept, because a traceback holds every layer that was in
work.
"""
_counting = threading.Lock()


class ProgramFault(PlanError):
    """The program failed at ``work``; ``details`` is the traceback, for the log of whoever runs the
    program.
    """

    def __init__(self, error: BaseException, work: str, details: str, path: Path | None):
        self.details = details
        key = "error.program" if path is not None else "error.program.unkept"
        super().__init__(key, work=work, kind=type(error).__name__, path=path or "")


class told_faults:  # noqa: N801  (a context manager, written as contextlib writes them)
    """``with told_faults("coverage of H1"): …`` raises what went wrong inside as a PlanError;
    ``others`` pass as well.

    No generator stands behind it, because a StopIteration or GeneratorExit must come through as
    what it is.
    """

    def __init__(self, work: str, *others: type[BaseException]):
        self._work, self._others = work, (*AS_THEY_ARE, *others)

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, self._others):
            return
        if isinstance(error, MemoryError):
            raise PlanError("error.out_of_memory", work=self._work) from error
        details = _details(error, self._work)
        fault = ProgramFault(error, self._work, details, _kept(details))
        global _count
        with _counting:
            _count += 1
        # it is in the details, and would keep every layer in memory that was in work
        error.__traceback__ = None
        del trace
        raise fault from error


def met() -> int:
    """Return how many faults this process has met: reported, and survived because other work could
    go on.
    """
    return _count


def details_file() -> Path:
    """Return where the details of faults lie: the folder that the system has for such files of a
    person, else the one for passing files.
    """
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Logs"
    else:
        folder = Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    return folder / "planconcord" / NAME


def _details(error: BaseException, work: str) -> str:
    from . import run
    from .version import __version__

    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    versions = " ".join(f"{name} {version}" for name, version in run.library_versions().items())
    where = f"planconcord {__version__}, Python {platform.python_version()}, {platform.platform()}, {versions}"
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return f"== {now} {work}\n{where}\n{trace}\n"


def _kept(details: str) -> Path | None:
    """Return the file that holds the details now; None where no place takes it."""
    for path in (details_file(), Path(tempfile.gettempdir()) / NAME):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > LARGEST_BYTES:
                path.write_bytes(path.read_bytes()[-LARGEST_BYTES // 2 :])
            with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(details)
        except (OSError, ValueError):
            continue
        return path
    return None
