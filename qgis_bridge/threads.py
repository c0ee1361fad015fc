"""Lets pyproj be used in the threads of Qt in which QGIS runs an algorithm.

Python throws away what it keeps of such a thread whenever control returns to Qt, and with it the
PROJ context that pyproj keeps for the thread. pyproj 3.7 and later still finds the freed context by
another way when it is called in that thread again, and the second run of an algorithm would end
QGIS (pyproj issue 1509). So Python has to keep what it has of the thread. This costs a third of a
megabyte for each thread that Qt starts; Qt takes the same ones again and again.
"""

from __future__ import annotations

import ctypes
import threading

_of_this_thread = threading.local()


def keep_thread_state() -> None:
    """Keep Python's state of the running thread; to be called before pyproj is, as often as one
    likes.
    """
    if not getattr(_of_this_thread, "kept", False):
        ctypes.pythonapi.PyGILState_Ensure()  # never released: that is what keeps it
        _of_this_thread.kept = True
