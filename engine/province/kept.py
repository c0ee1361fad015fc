"""Results of jobs, and grounds of plans, kept beside the findings, so that a second run redoes only
what changed.

One file each in the folder ``NAME.jobs``, named after the hash of everything it depends on; it
holds its own checksum, is written aside and renamed, and is only ever believed when the checksum
holds. Losing or spoiling any of it costs time, nothing else: the findings file never refers to it.
Geometries are WKB, numbers are written so that they come back the same.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zlib
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..errors import PlanError
from ..findings import CheckResult, Measure
from ..record import FIELDS, NAMES, REAL
from ..tables.writing import replaced

ENDING, SHAPE_ENDING = ".job", ".ground"
ENDINGS = (ENDING, SHAPE_ENDING)
SPOILT = (OSError, ValueError, KeyError, TypeError, zlib.error, shapely.errors.GEOSException)


class Kept:
    """What is kept of one findings file; ``folder`` None keeps nothing. Several threads may keep
    and find.
    """

    def __init__(self, output: Path | None):
        self.folder = None if output is None else output.with_name(output.name + ".jobs")
        self._used: set[str] = set()

    def find(self, key: str, crs: object) -> CheckResult | None:
        """Return the result of the job with that key, None when it must be done."""
        try:
            packed = self._read(key, ENDING)
            return None if packed is None else _result(json.loads(gzip.decompress(packed).decode()), crs)
        except (EOFError, *SPOILT):
            return None

    def keep(self, key: str, result: CheckResult) -> None:
        """Keep a result; a disk that is full or read-only only means that it is done again next
        time.
        """
        if self.folder is not None:
            packed = gzip.compress(json.dumps(_plain(result), ensure_ascii=False).encode(), 1, mtime=0)
            self._write(key, ENDING, packed)

    def shape(self, key: str) -> bytes | None:
        """Return the geometry with that key as WKB, None when it must be computed."""
        packed = self._read(key, SHAPE_ENDING)
        try:
            return None if packed is None else zlib.decompress(packed)
        except zlib.error:
            return None

    def keep_shape(self, key: str, wkb: bytes) -> None:
        """Keep a geometry."""
        self._write(key, SHAPE_ENDING, zlib.compress(wkb, 1))

    def uses(self, key: str) -> None:
        """What has this key is no rest that may be forgotten."""
        self._used.add(key)

    def _read(self, key: str, ending: str) -> bytes | None:
        """Return what is kept, None where it is not there or spoilt."""
        if self.folder is None:
            return None
        self.uses(key)
        try:
            content = (self.folder / f"{key}{ending}").read_bytes()
        except OSError:
            return None
        checksum, packed = content[:64], content[64:]
        return packed if hashlib.sha256(packed).hexdigest().encode() == checksum else None

    def _write(self, key: str, ending: str, packed: bytes) -> None:
        if self.folder is None:
            return
        self.uses(key)
        try:
            with replaced(self.folder / f"{key}{ending}", None) as place:
                place.write_bytes(hashlib.sha256(packed).hexdigest().encode() + packed)
        except PlanError:
            return

    def forget_the_rest(self) -> None:
        """Remove what this run did not ask for, and what a killed run left half written."""
        if self.folder is None or not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if _half_written(path):
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix in ENDINGS and path.stem not in self._used:
                _remove(path)


def _half_written(path: Path) -> bool:
    """Return whether that is what a killed run left; who else keeps something in this folder keeps
    it.
    """
    if not path.name.startswith(".") or path.is_symlink() or not path.is_dir():
        return False
    try:
        return all(part.suffix in ENDINGS for part in path.iterdir())
    except OSError:  # another run has just finished with it
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return


def _plain(result: CheckResult) -> dict[str, object]:
    findings = result.findings
    shapes = shapely.to_wkb(np.asarray(findings.geometry.values, dtype=object), hex=True)
    return {
        "columns": {name: [_bare(value) for value in findings[name].tolist()] for name in NAMES},
        "geometry": list(shapes),
        "measures": [[m.name, float(m.value), m.unit] for m in result.measures],
        "status": result.status,
        "log": list(result.log),
        "told": list(result.told),
        "plan": result.plan,
        "territory": result.territory,
        "balanced": result.balanced,
    }


def _bare(value: object) -> object:
    return value if isinstance(value, (str, float, int)) or value is None else str(value)


def _result(plain: dict, crs: object) -> CheckResult:
    table = pd.DataFrame(plain["columns"], columns=NAMES, dtype=object)
    for name, kind in FIELDS:
        if kind == REAL:
            table[name] = table[name].astype(float)
    shapes = shapely.from_wkb(np.array(plain["geometry"], dtype=object))
    findings = gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=crs), crs=crs)
    measures = [Measure(name, value, unit) for name, value, unit in plain["measures"]]
    told = {name: plain[name] for name in ("status", "log", "told", "plan", "territory", "balanced")}
    return CheckResult(findings, measures, **told)
