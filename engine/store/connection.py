"""Sessions with a store, wherever it lies: short ones to read, and transactions to write.

Goes in: a place (:mod:`.place`). A writer is alone from its start, waits for others up to
``busy_s``, and is committed as a whole or not at all. Fails with PlanError, in the words of
:mod:`.geopackage` or :mod:`.postgis`; nothing was written then.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from . import geopackage
from .place import Place, PostgisSchema, place_of
from .session import Session, wkb

BUSY_S = 10.0


def reading(place: Place, busy_s: float | None = None) -> AbstractContextManager[Session]:
    """Return a session to read with."""
    place = place_of(place)
    if isinstance(place, PostgisSchema):
        from . import postgis

        return postgis.reading(place, BUSY_S if busy_s is None else busy_s)
    return geopackage.reading(place, BUSY_S if busy_s is None else busy_s)


def writing(place: Place, busy_s: float | None = None) -> AbstractContextManager[Session]:
    """Return a session in a transaction that nobody else writes beside."""
    place = place_of(place)
    if isinstance(place, PostgisSchema):
        from . import postgis

        return postgis.writing(place, BUSY_S if busy_s is None else busy_s)
    return geopackage.writing(place, BUSY_S if busy_s is None else busy_s)


def mark(place: Place, busy_s: float | None = None) -> tuple[object, ...]:
    """Return what is another as soon as somebody has written there; asked for every second, so it
    must cost little.
    """
    place = place_of(place)
    if isinstance(place, PostgisSchema):
        from . import postgis

        return postgis.mark(place, BUSY_S if busy_s is None else busy_s)
    return geopackage.mark(place)


def file_number(place: Place) -> tuple[int, int]:
    """Return what identifies a store, so that another one that a run has put in its place is
    noticed; the same for every schema, which is never replaced.
    """
    place = place_of(place)
    return (0, 0) if isinstance(place, PostgisSchema) else geopackage.file_number(place)


def refuse_read_only(place: Place) -> None:
    """Raise PlanError when decisions cannot be written there."""
    place = place_of(place)
    if isinstance(place, PostgisSchema):
        from . import postgis

        postgis.refuse_read_only(place)
    else:
        geopackage.refuse_read_only(place)


__all__ = ["BUSY_S", "file_number", "mark", "reading", "refuse_read_only", "wkb", "writing"]
