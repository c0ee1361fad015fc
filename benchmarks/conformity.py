"""The conformity check beside what one would use instead, on a province of zones: seconds, memory, agreement of areas.

`conformity.py [--cells N] [--kind apart|redrawn|invalid] [--rows NAME,…]`: N × N lower zones (450: 202,500) on N/10 × N/10 upper ones. ``apart``: two
drawings of their own; ``redrawn``: the upper borders are lower ones digitised again with 0.3 m errors; ``invalid``: one zone in
a thousand crosses itself. 30 % of the pairs of codes are reported. Every row runs in a process of its own and starts from
polygons in memory, but ``native``, which is QGIS's own intersection by qgis_process from file to file. Nothing else should run beside.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "bench"
WIDTH_M, POINTS = 100.0, 14
EASTING, NORTHING = 580_000.0, 2_320_000.0
LOWER, UPPER = [f"L{n:02d}" for n in range(20)], [f"U{n:02d}" for n in range(10)]
REPORTED = 0.3
ROWS = ("overlay", "check", "cross table", "geopandas", "sedona", "native")
TIMEOUT_S = 340


def rings(x: np.ndarray, y: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Polygons of a grid out of its corners and the points of its edges, which neighbours share."""

    def backwards(edge: np.ndarray, end_x: np.ndarray, end_y: np.ndarray) -> np.ndarray:
        return np.concatenate([edge, np.stack([end_x, end_y], -1)[..., None, :]], -2)[..., :0:-1, :]

    top = backwards(across[1:], x[1:, 1:], y[1:, 1:])
    left = backwards(along[:, :-1], x[1:, :-1], y[1:, :-1])
    ring = np.concatenate([across[:-1], along[:, 1:], top, left], -2).reshape(across.shape[1] ** 2, -1, 2)
    ring = np.concatenate([ring, ring[:, :1]], 1) + np.array([EASTING, NORTHING])
    return np.asarray(shapely.polygons(shapely.linearrings(ring)))


def grid(cells: int, points: int, width_m: float, rough: float, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Corners and edges of a crooked grid with a straight outline."""
    steps = np.arange(cells + 1) * width_m
    x, y = np.meshgrid(steps, steps)
    off = random.uniform(-0.15, 0.15, (2, *x.shape)) * width_m
    off[0][:, [0, -1]] = 0
    off[1][[0, -1]] = 0
    x, y = x + off[0], y + off[1]
    t = np.arange(points) / points

    def edges(x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray, inner: np.ndarray) -> np.ndarray:
        sway = random.normal(0, 1, (*x0.shape, points))
        sway = (sway + np.roll(sway, 1, -1)) / 2 * np.sin(np.pi * t) * rough * width_m * inner[..., None]
        dx, dy = x1 - x0, y1 - y0
        length = np.hypot(dx, dy)[..., None]
        return np.stack(
            [
                x0[..., None] + dx[..., None] * t - dy[..., None] / length * sway,
                y0[..., None] + dy[..., None] * t + dx[..., None] / length * sway,
            ],
            -1,
        )

    inner = np.ones((cells + 1, cells))
    inner[[0, -1]] = 0
    across = edges(x[:, :-1], y[:, :-1], x[:, 1:], y[:, 1:], inner)
    along = edges(x[:-1], y[:-1], x[1:], y[1:], inner.T)
    return x, y, across, along


def layers(cells: int, kind: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """The lower and the upper layer, with fields ``key`` and ``code``; the same every time."""
    random = np.random.default_rng(1)
    many = cells // 10
    drawn = grid(cells, POINTS, WIDTH_M, 0.08, random)
    lower = rings(*drawn)
    if kind == "redrawn":
        x, y, across, along = drawn
        corners = np.stack([x[::10, ::10], y[::10, ::10]], -1)
        rows = across[::10].reshape(many + 1, many, 10 * POINTS, 2)
        columns = along[:, ::10].reshape(many, 10, many + 1, POINTS, 2).transpose(0, 2, 1, 3, 4)
        columns = columns.reshape(many, many + 1, 10 * POINTS, 2)
        corners, rows, columns = (part + random.normal(0, 0.3, part.shape) for part in (corners, rows, columns))
        rows[:, :, 0], columns[:, :, 0] = corners[:, :-1], corners[:-1]
        upper = rings(corners[..., 0], corners[..., 1], rows, columns)
    else:
        upper = rings(*grid(many, 10 * POINTS, 9.93 * WIDTH_M, 0.02, random))
    lower, upper = (np.where(shapely.is_valid(p), p, shapely.buffer(p, 0)) for p in (lower, upper))
    if kind == "invalid":
        for place in range(0, len(lower), 1000):
            ring = shapely.get_coordinates(lower[place])
            ring[[5, 20]] = ring[[20, 5]]
            lower[place] = shapely.Polygon(ring)
    frames = [
        gpd.GeoDataFrame(
            {"key": [str(n) for n in range(len(p))], "code": random.choice(codes, len(p))}, geometry=p, crs=5899
        )
        for p, codes in ((lower, LOWER), (upper, UPPER))
    ]
    return frames[0], frames[1]


def rules() -> Any:
    """A rule set that reports 30 % of the pairs of codes."""
    from planconcord.engine.rulesets.ruleset import RuleSet, Verdict, fold

    random = np.random.default_rng(5)
    words = np.full(len(LOWER) * len(UPPER), "compatible", dtype=object)
    reported = random.permutation(len(words))[: int(REPORTED * len(words))]
    words[reported[::2]], words[reported[1::2]] = "conflict", "conditional"
    pairs = [(fold(up), fold(low)) for up in UPPER for low in LOWER]
    return RuleSet("benchmark", {pair: Verdict(word) for pair, word in zip(pairs, words)}, {}, "0" * 64)


def measured(row: str, cells: int, kind: str) -> dict[str, Any]:
    """One row in this process: seconds, MiB, and the area in m² of all pieces that it found."""
    if row == "native":
        return native(cells, kind)
    lower, upper = layers(cells, kind)
    if row in ("overlay", "check", "cross table"):  # what reading a file leaves in memory, for each its own
        lower, upper = plans(lower, upper)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    found = {"overlay": overlay, "check": check, "cross table": cross, "geopandas": geopandas, "sedona": sedona}[row](
        lower, upper
    )
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"row": row, "seconds": seconds, "peak_mib": peak / 1024, "before_mib": before / 1024, **found}


def plans(lower: gpd.GeoDataFrame, upper: gpd.GeoDataFrame) -> Any:
    from planconcord.engine.plan import PlanLayer

    return (PlanLayer.from_frame(frame, name, "key", "code") for frame, name in ((lower, "lower"), (upper, "upper")))


def overlay(lower: Any, upper: Any) -> dict[str, Any]:
    """Repair, verdicts, the clips of what is reported, and what the upper plan leaves out: up to the pieces."""
    from planconcord.engine.checks.preparation import prepare
    from planconcord.engine.planar.edges import suspect_edges
    from planconcord.engine.planar.overlay import near_pairs, shared
    from planconcord.engine.planar.overlay_uncovered import uncovered
    from planconcord.engine.progress import Progress

    silent = Progress()
    below, above = (prepare(plan) for plan in (lower, upper))
    near = near_pairs(below.polygons, above.polygons, silent)
    answers = rules().answers(above.column("code"), below.column("code"), near.j, near.i)
    pairs = near.where(answers.among(("conflict", "conditional", "unlisted")))
    pieces = shared(below.polygons, above.polygons, pairs, silent)
    _, rest = uncovered(below.polygons, suspect_edges(above.polygons, silent), above.polygons, near, silent)
    return {
        "pieces": int((shapely.area(pieces) > 0).sum()),
        "area": float(shapely.area(pieces).sum()),
        "rest": float(shapely.area(rest).sum()),
    }


def check(lower: Any, upper: Any) -> dict[str, Any]:
    """The whole check: findings with widths, messages and measures."""
    from planconcord.engine.checks.conformity import check_conformity
    from planconcord.engine.checks.settings import Settings
    from planconcord.engine.tolerance import Tolerance

    result = check_conformity(lower, upper, rules(), Settings(Tolerance(5.0)))
    found = result.findings
    area = float(found.loc[found["verdict"].isin(["conflict", "conditional"]), "area_m2"].sum())
    return {"pieces": len(found), "area": area}


def cross(lower: Any, upper: Any) -> dict[str, Any]:
    """Areas of every pair of zones, whatever the verdict."""
    from planconcord.engine.checks.preparation import prepare
    from planconcord.engine.planar.overlay import near_pairs, shared_areas
    from planconcord.engine.progress import Progress

    below, above = (prepare(plan) for plan in (lower, upper))
    near = near_pairs(below.polygons, above.polygons, Progress())
    area = shared_areas(below.polygons, above.polygons, near, Progress())
    return {"pieces": int((area > 0).sum()), "all_area": float(area.sum())}


def _reported(pairs: Any, area: np.ndarray) -> dict[str, Any]:
    """Of all pieces with the codes of both sides: how many, their area, and the area of those that are reported."""
    low, up = pairs
    words = (
        rules().answers(np.asarray(up, dtype=object), np.asarray(low, dtype=object)).among(("conflict", "conditional"))
    )
    return {"pieces": len(area), "area": float(area[words].sum()), "all_area": float(area.sum())}


def geopandas(lower: gpd.GeoDataFrame, upper: gpd.GeoDataFrame) -> dict[str, Any]:
    """geopandas.overlay, as the manual shows it."""
    made = gpd.overlay(lower, upper, how="intersection", keep_geom_type=True)
    return _reported((made["code_1"], made["code_2"]), made.geometry.area.to_numpy())


def sedona(lower: gpd.GeoDataFrame, upper: gpd.GeoDataFrame) -> dict[str, Any]:
    """SedonaDB, an implementation that shares nothing with ours but GEOS: areas of all pairs in SQL."""
    import sedonadb

    base = sedonadb.connect()
    for name, frame in (("low", lower), ("up", upper)):
        base.create_data_frame(frame.rename_geometry("geom")).to_view(name)
    made = base.sql(
        "SELECT low.code AS low_code, up.code AS up_code, ST_Area(ST_Intersection(low.geom, up.geom)) AS m2"
        " FROM low JOIN up ON ST_Intersects(low.geom, up.geom)"
    ).to_pandas()
    return _reported((made["low_code"], made["up_code"]), made["m2"].to_numpy())


def native(cells: int, kind: str) -> dict[str, Any]:
    """native:intersection, the process measured whole: start, reading, overlay, writing."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{name}.gpkg") for name in ("lower", "upper", "made")]
        for frame, path in zip(layers(cells, kind), paths):
            frame.to_file(path, engine="pyogrio")
        command = ["qgis_process", "run", "native:intersection", "--"]
        command += [f"{name}={path}" for name, path in zip(("INPUT", "OVERLAY", "OUTPUT"), paths)]
        # QGIS starts the first Python on the path, which must be its own
        where = {"PATH": "/usr/bin:/bin", "QT_QPA_PLATFORM": "offscreen", "HOME": folder, "LC_ALL": "C.UTF-8"}
        started = time.perf_counter()
        done = subprocess.run(command, env=where, capture_output=True, text=True, timeout=TIMEOUT_S)
        seconds = time.perf_counter() - started
        if done.returncode:
            return {"row": "native", "failed": done.stderr[-300:]}
        made = gpd.read_file(paths[2], engine="pyogrio")
        codes = made["code"], made["code_2"]
        return {
            "row": "native",
            "seconds": seconds,
            "peak_mib": float("nan"),
            **_reported(codes, made.geometry.area.to_numpy()),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=450)
    parser.add_argument("--kind", choices=("apart", "redrawn", "invalid"), default="apart")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--one", action="store_true", help="run the row in this process")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.rows, options.cells, options.kind)))
        return 0
    records = []
    for row in options.rows.split(","):
        command = [
            sys.executable,
            __file__,
            "--one",
            "--cells",
            str(options.cells),
            "--kind",
            options.kind,
            "--rows",
            row,
        ]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
        try:
            record = json.loads(done.stdout.strip().splitlines()[-1])
        except (IndexError, ValueError):
            record = {"row": row, "failed": done.stderr.strip().splitlines()[-1:] or done.returncode}
        print(options.kind, options.cells**2, record, flush=True)
        records.append({"kind": options.kind, "zones": options.cells**2, **record})
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / f"conformity_{options.kind}_{options.cells}.json").write_text(
        json.dumps(records, indent=1), encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
