"""A table of figures held against itself, as a use case: from a file to what is ready to be
written.

Goes in: a Request and the file. Comes out: an Assessment without layers, whose findings have no
place; the record of the run has the file's SHA-256. Fails with PlanError as reading does.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyproj

from ..crs import describe
from ..figures.checking import FiguresResult, check_tables, read_tables
from ..run import Run
from .assessment import Assessment, Request

WITHOUT_PLACE = 3405
"""VN-2000 / UTM zone 48N: a layer of findings has a CRS, also where none of them has a place."""


def assess_figures(request: Request, path: Path) -> Assessment[FiguresResult]:
    """Does each table of figures in ``path`` agree with itself?"""
    run = Run(request.check)
    crs = request.working_crs or pyproj.CRS.from_epsg(WITHOUT_PLACE)
    tables, log = read_tables(path, request.language)
    for line in log:
        request.tell(line)
    result = check_tables(tables, crs, request.language, run.run_id, request.progress)
    for line in result.log:
        request.tell(line)
    result.log[:0] = log
    runs = run.record(result.status, [], describe(crs), request.tolerance, request.given)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    runs["inputs"] = json.dumps([{"layer": path.name, "sha256": digest}], ensure_ascii=False)
    return Assessment(result, [], crs, runs)
