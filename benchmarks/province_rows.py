"""One row of the benchmark of a whole province: `province_rows.py ROW LAYER ZONES` prints one line of JSON.

``prepare(layer, zone_count)`` makes the demo province under build/bench; in "province twice" every district lies there a second time,
beside the first. The rows: each check of the province by itself, its plans read beforehand and not timed; the whole province from
its register to the findings file; the same again with nothing changed, and with the largest district changed; and the
checks of the two largest neighbours alone, for the memory that they take.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
import shapely
from layers import FOLDER
from planconcord.demo.create import create_demo
from planconcord.engine.progress import Progress
from planconcord.engine.province.boundaries import Boundaries
from planconcord.engine.province.grounds import Grounds
from planconcord.engine.province.jobs import BORDERS, Job, plan_jobs
from planconcord.engine.province.kept import Kept
from planconcord.engine.province.options import ProvinceOptions
from planconcord.engine.province.plans import Plans
from planconcord.engine.province.registercheck import look_into_all
from planconcord.engine.province.single import Single
from planconcord.engine.register.reading import read_register
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.usecases.province import ProvinceRequest, write_province
from watching import Watching, peak_mib

ONCE, TWICE = "province", "province twice"
LAYERS = (ONCE, TWICE)
LANGUAGE = "en"
SEARCH_M = 250.0
"""What a province whose coarsest plan is drawn at 1:50,000 searches between neighbours."""
APART_M = 200_000.0


def prepare(layer: str, zone_count: int) -> Path:
    """The folder of the province, made if need be: ``register.csv`` and what it names."""
    folder = FOLDER / f"{layer.replace(' ', '-')}-{zone_count}"
    stamp = folder / "made-by"
    sources = [Path(__file__), *sorted(Path(create_demo.__code__.co_filename).parent.glob("*.py"))]
    makers = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="ascii") == makers:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    if layer == TWICE:
        _write_twice(prepare(ONCE, zone_count), folder)
    else:
        create_demo(folder, seed=1, size=zone_count, language="vi")
    stamp.write_text(makers, encoding="ascii")
    return folder


def _write_twice(once: Path, folder: Path) -> None:
    """The province and, APART_M to the east, all its plans and boundaries again under other names."""
    shutil.copytree(once, folder, ignore=shutil.ignore_patterns("results*", "changed", "made-by"))
    register = pd.read_csv(folder / "register.csv", dtype=str, keep_default_na=False, encoding="utf-8-sig")
    for path in dict.fromkeys(source.split("|")[0] for source in register["source"]):
        _write_moved(folder / path, folder / f"b_{path}")
    boundaries = folder / "ranh_gioi.gpkg"
    for name in pyogrio.list_layers(boundaries)[:, 0]:
        table = pyogrio.read_dataframe(boundaries, layer=name)
        moved = table.assign(geometry=table.geometry.translate(APART_M, 0.0))
        for column in moved.columns:
            if column.startswith("ten"):
                moved[column] = "B " + moved[column]
        both = pd.concat([table, moved], ignore_index=True)
        pyogrio.write_dataframe(both, boundaries, layer=name, promote_to_multi=True)
    again = register.assign(
        plan_id="B-" + register["plan_id"],
        territory="B " + register["territory"],
        source="b_" + register["source"],
        upper_plans=["B-" + upper if upper else "" for upper in register["upper_plans"]],
    )
    pd.concat([register, again]).to_csv(folder / "register.csv", index=False, encoding="utf-8-sig")


def _write_moved(source: Path, target: Path) -> None:
    name = str(pyogrio.list_layers(source)[0, 0])
    table = pyogrio.read_dataframe(source, layer=name)
    moved = table.assign(geometry=table.geometry.translate(APART_M, 0.0))
    pyogrio.write_dataframe(moved, target, layer=name, promote_to_multi=True)


# ------------------------------------------------------------------------------------------------------------------------


class Alone:
    """The checks of a province one by one, nothing kept, nothing shared."""

    def __init__(self, folder: Path):
        self._register = read_register(folder / "register.csv")
        self._plans = Plans(self._register)
        look_into_all(self._plans, LANGUAGE, Progress())
        self._crs, _ = self._plans.choose_crs(None, LANGUAGE)
        self._boundaries = Boundaries(self._register)
        self._rules = read_ruleset(None)
        grounds = Grounds(self._plans, self._boundaries, Kept(None), self._crs)
        self.jobs = plan_jobs(self._register, self._plans, grounds, lambda entries: SEARCH_M)

    def seconds(self, job: Job) -> float:
        """What the engine takes for one check, without reading its plans."""
        plans = Plans(self._register)
        plans.plans, plans.memory = self._plans.plans, self._plans.memory
        plans.choose_crs(None, LANGUAGE)
        held = {name: plans.get(name) for name in (*job.plans, *job.beside)}
        plans.get = held.__getitem__  # type: ignore[method-assign]
        grounds = Grounds(plans, self._boundaries, Kept(None), self._crs)
        options = ProvinceOptions()
        single = Single(self._register, plans, self._boundaries, grounds, self._rules, options, self._crs, LANGUAGE)
        single.key(job)  # reads the boundary
        started = time.perf_counter()
        single.result(job, Progress())
        return time.perf_counter() - started

    def of_largest_pair(self) -> list[Job]:
        """The checks in which only the two largest neighbours, and what lies above them, take part."""
        sizes = {name: plan.memory_bytes for name, plan in self._plans.plans.items()}
        pairs = [job for job in self.jobs if job.kind == BORDERS]
        pair = max(pairs, key=lambda job: sum(sizes[name] for name in job.plans)).plans
        return [job for job in self.jobs if job.plans == pair or (job.kind != BORDERS and job.plans[0] in pair)]


def single_checks(folder: Path) -> dict[str, Any]:
    """Each check by itself."""
    alone = Alone(folder)
    seconds = [alone.seconds(job) for job in alone.jobs]
    return {"seconds": sum(seconds), "checks": len(seconds), "kept": 0}


def largest_pair(folder: Path) -> dict[str, Any]:
    """The checks of the two largest neighbours one after the other."""
    alone = Alone(folder)
    seconds = [alone.seconds(job) for job in alone.of_largest_pair()]
    return {"seconds": sum(seconds), "checks": len(seconds), "kept": 0}


def whole(folder: Path) -> dict[str, Any]:
    """Everything from nothing."""
    results = folder / "results"
    shutil.rmtree(results, ignore_errors=True)
    return _timed(folder, results)


def unchanged(folder: Path) -> dict[str, Any]:
    """Again, after :func:`whole`."""
    _complete(folder)
    return _timed(folder, folder / "results")


def changed(folder: Path) -> dict[str, Any]:
    """Again, after one zone of the largest district was taken away."""
    _complete(folder)
    copy = folder / "changed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    sources = [entry.source for entry in read_register(copy / "register.csv").entries if entry.level == "district"]
    largest = max((copy / source.split("|")[0] for source in sources), key=lambda path: path.stat().st_size)
    name = str(pyogrio.list_layers(largest)[0, 0])
    table = pyogrio.read_dataframe(largest, layer=name)
    largest.unlink()
    taken = shapely.area(table.geometry.values).argmax()
    pyogrio.write_dataframe(table.drop(index=table.index[taken]), largest, layer=name, promote_to_multi=True)
    del table
    return _timed(copy, copy / "results")


def _complete(folder: Path) -> None:
    """Results of the whole province as it is now must lie there."""
    made = _timed(folder, folder / "results")
    if made["kept"] < made["checks"]:
        raise SystemExit('Results of this province by this program were not kept: run the row "whole" before.')


def _timed(folder: Path, results: Path) -> dict[str, Any]:
    results.mkdir(exist_ok=True)
    watching = Watching()
    started = time.perf_counter()
    wanted = ProvinceRequest(
        str(folder / "register.csv"), results / "findings.gpkg", language=LANGUAGE, progress=watching
    )
    made = write_province(wanted, ProvinceOptions())
    seconds = time.perf_counter() - started
    counts = {"checks": len(made.jobs), "kept": made.reused_count, "findings": len(made.result.findings)}
    return {"seconds": seconds, **counts, **watching.report()}


ROWS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "single checks": single_checks,
    "whole province": whole,
    "unchanged": unchanged,
    "changed": changed,
    "largest pair": largest_pair,
}


def main() -> None:
    """Run one row."""
    name, layer, zone_count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    made = ROWS[name](prepare(layer, zone_count))
    print(json.dumps({**made, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
