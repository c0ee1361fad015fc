"""GDAL reads files here, and nothing else: while :func:`offline` lasts no request leaves this
process through it.

A file can name another place: a GeoJSON its CRS by a link, a GeoPackage a view that geocodes, a KML
its styles. Such links are not followed. What is set is set in the whole process, because GDAL's
readers have threads of their own, and only for as long as something is being read here, because
inside QGIS the same GDAL may serve a person's own web layers; the last reader puts everything back.
A server that a person names (a store in PostGIS) is not asked through GDAL.

Every setting is a second line: a format that only points to other places is refused before it is
opened (intake/formats.py).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyogrio

NOWHERE = "offline://offline.invalid:1"
"""No proxy of that kind exists, so curl gives up before it has sent a byte; an older curl finds no
such host.
"""
SETTINGS = {
    "GDAL_HTTP_PROXY": NOWHERE,
    "GDAL_HTTPS_PROXY": NOWHERE,
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_TIMEOUT": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".offline",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "LIBKML_EXTERNAL_STYLE": "NO",
    "LIBKML_RESOLVE_STYLE": "NO",
    "OGR_SQLITE_ALLOW_EXTERNAL_ACCESS": "NO",
}
PAST_THE_PROXY = ("no_proxy", "NO_PROXY")
"""Hosts that curl asks without the proxy; the loopback and the office's own are often among
them.
"""


class _Readers:
    """How many read, and what was set before the first of them came."""

    def __init__(self) -> None:
        self._lock, self._count = threading.Lock(), 0
        self._settings: dict[str, object] = {}
        self._environment: dict[str, str] = {}

    def come(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == 1:
                self._settings = {name: pyogrio.get_gdal_config_option(name) for name in SETTINGS}
                pyogrio.set_gdal_config_options(SETTINGS)
                given = {name: os.environ.pop(name, None) for name in PAST_THE_PROXY}
                self._environment = {name: value for name, value in given.items() if value is not None}

    def go(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0:
                pyogrio.set_gdal_config_options(self._settings)
                os.environ.update(self._environment)


_readers = _Readers()


@contextmanager
def offline() -> Iterator[None]:
    """Around everything that GDAL opens for us; several threads may be inside."""
    _readers.come()
    try:
        yield
    finally:
        _readers.go()
