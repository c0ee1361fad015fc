"""What GDAL says while it reads: caught, so that a person hears it in the report and not as
warnings of Python.

Comes out: a list that fills with sentences, each once. What this program does on purpose, dropping
the measures of vertices, is not in it.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

OURS = ("Measured (M) geometry types",)
_FILTERS = threading.Lock()
"""Python keeps one set of filters for all threads."""


@contextmanager
def heard() -> Iterator[list[str]]:
    """The sentences that GDAL says inside the ``with``."""
    told: list[str] = []
    with _FILTERS, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    alike: dict[str, str] = {}
    for warning in caught:
        words = " ".join(str(warning.message).split())
        if not words.startswith(OURS):
            alike.setdefault(re.sub(r"\d+", "0", words), words)
    told += alike.values()
