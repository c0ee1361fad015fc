"""The rows that run in QGIS: the real qgis_process on a GeoPackage, measured whole, from its start
to its end.

`qgis_rows.py LAYER ZONES ROW=RUNS=CAP_S …` runs the rows in rounds and prints one line of JSON for
each run, with ``row`` and ``qgis`` (the version) in it. The checkout is the plugin, in a profile of
the benchmark's own. Memory is the largest resident memory that the process had, looked at five
times a second. A row that fails or does not end in time says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import conformity_rows as conformity
import numpy as np
import pyogrio
import scoring
import two_plans
from agreement import PairAreas, compare
from layers import CODES, CRS, FOLDER, HERE, Stored, for_qgis, prepare
from planting import LARGEST_RADIUS_M

ROOT = HERE.parent
PROFILE = FOLDER / "profile"
OUT = FOLDER / "qgis"
PROJECT = (
    "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
    f'<qgis version="3.40.0"><projectCrs><spatialrefsys><authid>{CRS}</authid></spatialrefsys></projectCrs></qgis>'
)
GAP_WIDTH_M = 2 * LARGEST_RADIUS_M + 1.0


@dataclass(frozen=True)
class QgisRow:
    """``algorithm`` with ``inputs`` (made of the layer, or of both plans), and what a ``score``
    says of what it left in OUT.
    """

    algorithm: str
    inputs: Callable[..., dict[str, Any]]
    score: Callable[..., dict[str, Any]]
    in_project: bool = False
    """Whether the algorithm wants a QGIS project around it."""


def out(name: str) -> str:
    """Return a file for an output."""
    return str(OUT / f"{name}.gpkg")


def shapes(name: str, where: str | None = None) -> np.ndarray:
    """Return the geometries that a row left in a file."""
    frame = pyogrio.read_dataframe(out(name), where=where)
    return np.asarray(frame.geometry.values, dtype=object)


def score_check(stored: Stored) -> dict[str, Any]:
    """Findings wider than the tolerance by rule."""
    scores = {}
    rules = {
        "overlap": "coverage.overlap",
        "gap": "coverage.gap",
        "outside": "coverage.outside",
        "duplicate": "geometry.duplicate",
    }
    for kind, rule in rules.items():
        found = shapes("findings", f"rule = '{rule}' AND severity <> 'info'")
        scores[kind] = scoring.ground(
            stored.planted(kind), found, stored.planted("duplicate") if kind == "overlap" else None
        )
    invalid, planted = len(shapes("findings", "rule = 'geometry.invalid'")), len(stored.planted("invalid"))
    scores["invalid"] = {"planted": planted, "found": min(invalid, planted), "false": max(invalid - planted, 0)}
    return {"scores": scores}


def score_edges(stored: Stored) -> dict[str, Any]:
    """Edges near planted overlaps and gaps."""
    found = shapes("edges")
    anything = np.concatenate([stored.planted(kind) for kind in ("overlap", "gap", "outside", "duplicate", "invalid")])
    return {"scores": {kind: scoring.edges(stored.planted(kind), found, anything) for kind in ("overlap", "gap")}}


def score_pairs(stored: Stored) -> dict[str, Any]:
    """Return what two zones share; each pair comes twice, and each zone with itself."""
    found = shapes("pairs", "zone < zone_2")
    return {"scores": {"overlap": scoring.ground(stored.planted("overlap"), found, stored.planted("duplicate"))}}


def score_overlaps(stored: Stored) -> dict[str, Any]:
    """Overlaps as polygons."""
    found = shapes("overlaps")
    return {"scores": {"overlap": scoring.ground(stored.planted("overlap"), found, stored.planted("duplicate"))}}


def score_gaps(stored: Stored) -> dict[str, Any]:
    """Gaps as polygons."""
    return {"scores": {"gap": scoring.ground(stored.planted("gap"), shapes("gaps"))}}


def verdicts() -> str:
    """Return the rule set of the two plans as a file."""
    path = OUT / "verdicts.csv"
    two_plans.write_verdicts(CODES, path)
    return str(path)


def score_conformity(lower: Stored, upper: Stored) -> dict[str, Any]:
    """Return whether the areas in the findings that QGIS wrote are those of our pieces, pair of
    zones by pair of zones.
    """
    subject = planned(lower, upper)
    findings = pyogrio.read_dataframe(out("findings"), read_geometry=False)
    return {"pieces": len(findings), "agreement": compare(conformity.overlay(subject), conformity.told(findings))}


def score_plans(lower: Stored, upper: Stored) -> dict[str, Any]:
    """Return the same for everything that native:intersection cut."""
    made = pyogrio.read_dataframe(out("pairs"), columns=["zone", "zone_2"])
    zones = (made[name].to_numpy().astype(np.int64) - 1 for name in ("zone", "zone_2"))
    theirs = PairAreas(*zones, made.geometry.area.to_numpy())
    return {"pieces": len(made), "agreement": conformity.against_ours(planned(lower, upper), theirs)}


def planned(lower: Stored, upper: Stored) -> conformity.Subject:
    """Return both plans as the engine takes them."""
    subject = conformity.Subject(lower.zones()[0], upper.zones()[0], conformity.rule_set())
    conformity.as_plans(subject)
    return subject


def validate(gap_width_m: float) -> QgisRow:
    """native:coveragevalidate."""
    return QgisRow(
        "native:coveragevalidate",
        lambda stored: {"INPUT": str(stored.geopackage), "GAP_WIDTH": gap_width_m, "INVALID_EDGES": out("edges")},
        score_edges,
    )


ROWS = {
    "checkcoverage": QgisRow(
        "planconcord:checkcoverage",
        lambda stored: {
            "INPUT": str(stored.geopackage),
            "KEY_FIELD": "zone",
            "CODE_FIELD": "code",
            "BOUNDARY": str(stored.boundary_geopackage),
            "WIDTH_TOLERANCE": 0.5,
            "FINDINGS": out("findings"),
        },
        score_check,
    ),
    "coveragevalidate": validate(0.0),
    "coveragevalidate with gaps": validate(GAP_WIDTH_M),
    "intersection": QgisRow(
        "native:intersection",
        lambda stored: {
            "INPUT": str(stored.repaired_geopackage),
            "OVERLAY": str(stored.repaired_geopackage),
            "INPUT_FIELDS": ["zone"],
            "OVERLAY_FIELDS": ["zone"],
            "OUTPUT": out("pairs"),
        },
        score_pairs,
    ),
    "checkconformity": QgisRow(
        "planconcord:checkconformity",
        lambda lower, upper: {
            "LOWER": str(lower.geopackage),
            "LOWER_KEY": "zone",
            "LOWER_CODE": "code",
            "UPPER": str(upper.geopackage),
            "UPPER_KEY": "zone",
            "UPPER_CODE": "code",
            "RULES": verdicts(),
            "WIDTH_TOLERANCE": conformity.TOLERANCE.width_m,
            "FINDINGS": out("findings"),
        },
        score_conformity,
    ),
    "intersection of plans": QgisRow(
        "native:intersection",
        lambda lower, upper: {
            "INPUT": str(lower.geopackage),
            "OVERLAY": str(upper.geopackage),
            "OUTPUT": out("pairs"),
        },
        score_plans,
    ),
    "checkgeometryoverlap": QgisRow(
        "native:checkgeometryoverlap",
        lambda stored: {
            "INPUT": str(stored.repaired_geopackage),
            "UNIQUE_ID": "zone",
            "MIN_OVERLAP_AREA": 0,
            "ERRORS": out("overlap-errors"),
            "OUTPUT": out("overlaps"),
        },
        score_overlaps,
        in_project=True,
    ),
    "checkgeometrygap": QgisRow(
        "native:checkgeometrygap",
        lambda stored: {
            "INPUT": str(stored.repaired_geopackage),
            "UNIQUE_ID": "zone",
            "GAP_THRESHOLD": 0,
            "NEIGHBORS": out("neighbours"),
            "ERRORS": out("gap-errors"),
            "OUTPUT": out("gaps"),
        },
        score_gaps,
        in_project=True,
    ),
}


def measure(row: QgisRow, layers: Sequence[Stored], cap_s: float) -> dict[str, Any]:
    """Return one run of qgis_process."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    command = [str(ROOT / "tools" / "qgis_process"), "run", row.algorithm, "-"]
    environment = {**os.environ, "PLANCONCORD_PROFILE": str(PROFILE), "LC_ALL": "C.UTF-8"}
    asked: dict[str, Any] = {"inputs": row.inputs(*layers)}
    if row.in_project:
        project = OUT / "project.qgs"
        project.write_text(PROJECT, encoding="utf-8")
        asked["project_path"] = str(project)
    said = OUT / "said.txt"
    started = time.perf_counter()
    with (
        said.open("w") as answer,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=answer, stderr=answer, start_new_session=True
        ) as process,
    ):
        assert process.stdin
        process.stdin.write(json.dumps(asked).encode())
        process.stdin.close()
        peak_mib = 0.0
        while process.poll() is None:
            peak_mib = max(peak_mib, _peak_mib(process.pid))
            if time.perf_counter() - started > cap_s:
                os.killpg(process.pid, signal.SIGKILL)
                return {"unfinished_s": cap_s, "peak_mib": peak_mib}
            time.sleep(0.2)
        seconds = time.perf_counter() - started
    if process.returncode:
        return {"failed": _complaint(said.read_text(encoding="utf-8", errors="replace"))}
    return {"seconds": seconds, "peak_mib": peak_mib, **row.score(*layers)}


def _peak_mib(pid: int) -> float:
    """VmHWM of a process, 0 when it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    return max((int(line.split()[1]) / 1024.0 for line in status.splitlines() if line.startswith("VmHWM")), default=0.0)


def _complaint(said: str) -> str:
    """Return what QGIS said last that looks like a reason."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("Warning")]
    errors = [line for line in lines if "error" in line.lower() or "exception" in line.lower()]
    return (errors or lines or ["no word"])[-1][:300]


def install() -> None:
    """The checkout as a plugin in the benchmark's profile, with the libraries that QGIS lacks."""
    python = PROFILE / "profiles" / "default" / "python"
    shelf = python / "planconcord-libraries" / f"py{sys.version_info[0]}.{sys.version_info[1]}"
    for link, target in ((python / "plugins" / "planconcord", ROOT), (shelf, ROOT / "build" / "libraries")):
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(target, target_is_directory=True)
    spec = importlib.util.spec_from_file_location("install_plugin", ROOT / "tools" / "install_plugin.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    tool.enable(PROFILE)


def version() -> str:
    """QGIS and its GEOS."""
    environment = {**os.environ, "PLANCONCORD_PROFILE": str(PROFILE)}
    command = [str(ROOT / "tools" / "qgis_process"), "--version"]
    told = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", stdin=subprocess.DEVNULL)
    wanted = [line.strip() for line in told.stdout.splitlines() if line.startswith(("QGIS 3", "QGIS 4", "GEOS"))]
    return ", ".join(line.split("-")[0].replace(" version", "") for line in wanted)


def main() -> None:
    """Run the rows asked for, in rounds."""
    layers = prepare(sys.argv[1], int(sys.argv[2]))
    for stored in layers:
        for_qgis(stored)
    install()
    qgis = version()
    asked = [(row, int(runs), float(cap_s)) for row, runs, cap_s in (text.split("=") for text in sys.argv[3:])]
    given_up: set[str] = set()
    for turn in range(max(runs for _, runs, _ in asked)):
        for name, runs, cap_s in asked:
            if turn < runs and name not in given_up:
                record = measure(ROWS[name], layers, cap_s)
                if "seconds" not in record:
                    given_up.add(name)
                print(json.dumps({"row": name, "qgis": qgis, **record}), flush=True)


if __name__ == "__main__":
    main()
