"""What a province check is asked to do, and the version of the program that its kept results belong
to.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyproj
import shapely

from ..catalogue import RESOURCES
from ..errors import PlanError
from ..plan import Note
from ..register.expected import read_expected
from ..register.reading import day_of
from ..register.state import Expected
from ..run import library_versions

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class ProvinceOptions:
    """``output``: beside it results are kept, None keeps none; ``width_m`` None: each plan's own by
    its scale.

    ``boundaries``: a layer for rows that name none. ``territory``: only plans of it, with their
    neighbours and the plans above. ``memory_bytes``: what jobs and plans may take at a time, None:
    see memory.py. ``at_once``: jobs side by side at most, None: as many as there are processors.
    ``notes``: what is worth saying of the table of expected plans.
    """

    output: Path | None = None
    territory: str = ""
    boundaries: str = ""
    expected: Sequence[Expected] = ()
    notes: Sequence[Note] = ()
    today: date = field(default_factory=date.today)
    width_m: float | None = None
    working_crs: pyproj.CRS | None = None
    memory_bytes: int | None = None
    at_once: int | None = None


def options_of(
    territory: str, boundaries: str, expected: str | Path | None, day: str, **more: object
) -> ProvinceOptions:
    """Options from what a person wrote."""
    memory_bytes = more.get("memory_bytes")
    if isinstance(memory_bytes, int) and memory_bytes <= 0:
        raise PlanError("error.province.memory", given=memory_bytes / MEGABYTE)
    wanted, notes = read_expected(expected) if expected else ([], [])
    return ProvinceOptions(
        territory=territory.strip(),
        boundaries=boundaries,
        expected=wanted,
        notes=notes,
        today=_today(day),
        **more,  # type: ignore[arg-type]
    )


def _today(day: str) -> date:
    if not day.strip():
        return date.today()
    try:
        return day_of(day.strip())
    except ValueError as error:
        raise PlanError("error.province.date", given=day) from error


@functools.cache
def program_digest() -> str:
    """SHA-256 over the program that computes findings and the words it writes into them, and its
    libraries.
    """
    made = hashlib.sha256(f"{library_versions()} {shapely.geos_version}".encode())
    engine = Path(__file__).resolve().parent.parent
    files = [
        *engine.rglob("*.py"),
        *(f for part in ("i18n", "rules", "crs", "text", "codes") for f in (RESOURCES / part).glob("*.csv")),
    ]
    for path in sorted(files):
        made.update(path.name.encode() + path.read_bytes())
    return made.hexdigest()
