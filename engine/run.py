"""What a run was: tool and library versions, inputs with their SHA-256, CRS, tolerance, rules,
options, start, end, status.

One row of the table ``runs`` for each execution of a check, so that a result can be identified and
repeated. The digest of an input is over the zones that were checked (geometry, key and code in
their order), not over the file's bytes, so it is the same for a shapefile and its copy in a
GeoPackage.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from importlib import metadata as distributions

import numpy as np
import pandas as pd
import shapely

from .passwords import without_password
from .plan import PlanLayer
from .progress import Progress
from .record import RUN_FIELDS
from .tolerance import Tolerance

LIBRARIES = ("numpy", "pandas", "geopandas", "shapely", "pyproj", "pyogrio", "fiona")


class Run:
    """One execution of a check, from its start; :meth:`record` closes it."""

    def __init__(self, check: str):
        self.check = check
        self.run_id = uuid.uuid4().hex[:12]
        self._started = _now()

    def record(
        self,
        status: str,
        layers: list[PlanLayer],
        crs: str,
        tolerance: Tolerance,
        options: Mapping[str, object],
        rules: tuple[str, str] = ("", ""),
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Return the row of the table ``runs``. ``rules``: name and SHA-256 of the rule set."""
        from .version import __version__

        inputs = []
        for rank, layer in enumerate(layers):
            part = (progress or Progress()).part(rank / len(layers), (rank + 1) / len(layers))
            inputs.append({"layer": layer.name, "zones": len(layer.zones), "sha256": digest(layer, part)})
        versions = {"geos": ".".join(map(str, shapely.geos_version)), **library_versions()}
        row = (
            self.run_id,
            self.check,
            __version__,
            json.dumps(versions, sort_keys=True),
            json.dumps(inputs, ensure_ascii=False),
            crs,
            "planar",
            tolerance.width_m,
            tolerance.area_m2,
            *rules,
            _told(options),
            self._started,
            _now(),
            status,
        )
        return pd.DataFrame([row], columns=[name for name, _ in RUN_FIELDS])


def digest(layer: PlanLayer, progress: Progress | None = None) -> str:
    """SHA-256 over the zones of a layer: geometry as WKB, key and code."""
    progress = progress or Progress()
    made = hashlib.sha256()
    zones = layer.zones
    for start in range(0, len(zones), 10_000):
        chunk = zones.iloc[start : start + 10_000]
        for shape in shapely.to_wkb(np.asarray(chunk.geometry.values, dtype=object)):
            made.update(shape if shape is not None else b"\0")
        made.update(json.dumps([chunk["key"].tolist(), chunk["code"].tolist()], ensure_ascii=False).encode())
        progress.checkpoint()
        progress.step(start / len(zones))
    return made.hexdigest()


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a result depends on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = distributions.version(name)
        except distributions.PackageNotFoundError:
            continue
    return found


def _told(options: Mapping[str, object]) -> str:
    """Return the options as JSON; a layer or store in a database is named without its password."""
    hidden = {name: without_password(value) if isinstance(value, str) else value for name, value in options.items()}
    return without_password(json.dumps(hidden, ensure_ascii=False, sort_keys=True, default=str))


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
