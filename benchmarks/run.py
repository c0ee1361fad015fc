"""Runs the benchmark and writes docs/benchmarks.md: every row of plan.csv in a process of its own,
in turn.

`run.py [--size ZONES] [--rows NAME,…] [--sections NAME,…] [--layers NAME,…] [--runs N] [--page]`.
Without arguments: everything at 200,000 zones, some twenty minutes, and the page. With arguments it
prints the table, and writes the page only with --page. Rows of one section run in rounds, so that a
slow minute of the machine does not fall on one of them alone. Nothing else should run beside. What
was measured is kept in build/bench/results.json, so that a page can be made section by section.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import children
import duckdb_spatial
import page
import province_rows
import targets
from layers import FOLDER, prepare
from two_plans import PAIRS

HERE = Path(__file__).resolve().parent
SIZE = 200_000
OF_DRAFTS = ("findings", "drafts", "drafts large")
HERE_IS_ENOUGH = ("qgis here", "qgis conformity")
"""Sections that run in this machine's own QGIS, whatever its GEOS can do."""


@dataclass(frozen=True)
class Entry:
    """One line of plan.csv at a size: which row on which layer of how many zones, how often, how
    long at most.
    """

    section: str
    row: str
    layer: str
    zone_count: int
    runs: int
    cap_s: float


def entries(size: int) -> list[Entry]:
    """Return the plan of a benchmark of ``size`` zones."""
    with (HERE / "plan.csv").open(encoding="utf-8", newline="") as file:
        return [
            Entry(
                line["section"],
                line["row"],
                line["layer"],
                int(size * float(line["share"])),
                int(line["runs"]),
                float(line["cap_s"]),
            )
            for line in csv.DictReader(file)
        ]


def run(plan: list[Entry]) -> list[dict[str, Any]]:
    """Return the records of all rows, each with its ``runs``; sections one after the other, rows in
    rounds.
    """
    records = []
    for section in dict.fromkeys(entry.section for entry in plan):
        rows = [entry for entry in plan if entry.section == section]
        made: list[list[dict[str, Any]]] = [[] for _ in rows]
        for place, record in _in_qgis(rows) if section.startswith("qgis") else _in_rounds(rows):
            made[place].append(record)
            print(line(rows[place], record), flush=True)
        records += [{**vars(entry), "commit": _commit(), "runs": runs} for entry, runs in zip(rows, made)]
    return records


def _in_rounds(rows: list[Entry]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(place of the row, record of a run); a row that failed once is not asked again."""
    for layer, zone_count in dict.fromkeys((entry.layer, entry.zone_count) for entry in rows):
        (province_rows.prepare if layer in province_rows.LAYERS else prepare)(layer, zone_count)
    given_up = set()
    for turn in range(max(entry.runs for entry in rows)):
        for place, entry in enumerate(rows):
            if turn < entry.runs and place not in given_up:
                record = children.run(_script(entry), entry.row, entry.layer, str(entry.zone_count), cap_s=entry.cap_s)
                if "seconds" not in record:
                    given_up.add(place)
                yield place, record


def _script(entry: Entry) -> str:
    """Return the script that knows the row."""
    if entry.row.endswith("in QGIS"):
        return "qgis_feedback.py"
    if entry.layer in province_rows.LAYERS:
        return "province_rows.py"
    if entry.section in OF_DRAFTS:
        return "drafts_rows.py"
    return "conformity_rows.py" if entry.layer in PAIRS else "rows.py"


def _in_qgis(rows: list[Entry]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the same for rows in QGIS, which one process runs all."""
    asked = [(entry.row, entry.runs, entry.cap_s) for entry in rows]
    place = {entry.row: index for index, entry in enumerate(rows)}
    first = rows[0]
    for record in children.in_qgis(asked, first.layer, first.zone_count, here=first.section in HERE_IS_ENOUGH):
        yield place[record["row"]], record


def line(entry: Entry, record: dict[str, Any]) -> str:
    """Return one run in a line for the terminal."""
    head = f"{entry.section:<18}{entry.row:<26}{entry.layer:<14}{entry.zone_count:>9,}"
    if "seconds" not in record:
        return f"{head}  {record}"
    found = "; ".join(
        f"{kind} {s['found']}/{s['planted']} +{s['false']}" for kind, s in record.get("scores", {}).items()
    )
    if "pieces" in record:
        found = f"{record['pieces']:,} pieces"
    if "agreement" in record:
        found += "; largest difference {largest:.1e}, {differing} of {pairs:,} pairs differ".format(
            **record["agreement"]
        )
    if "checks" in record:
        found = f"{record['checks']} checks, {record['kept']} kept"
    ratio = record["seconds"] / record["parse_s"] if record.get("parse_s") else float("nan")
    more = "".join(
        f"  {name} {record[name]:.2f}" for name in ("silence_s", "deafness_s", "longest_cancel_s") if name in record
    )
    head += f"{record['seconds']:>9.2f} s"
    return f"{head} {ratio:>7.1f} ×{record['peak_mib']:>8.0f} MiB  {found}{more}"


def keep(records: list[dict[str, Any]], plan: list[Entry], afresh: bool) -> dict[str, Any]:
    """Return the records of ``plan``, in its order: ``records`` and, unless ``afresh``, earlier
    ones of its other rows.

    The file keeps everything that was ever measured, rows of another plan or size too.
    """
    path = FOLDER / "results.json"
    earlier = json.loads(path.read_text(encoding="utf-8"))["records"] if path.exists() else []
    names = ("section", "row", "layer", "zone_count")
    kept, new = ({tuple(record[name] for name in names): record for record in some} for some in (earlier, records))
    whole = {"surroundings": surroundings(), "records": list({**kept, **new}.values())}
    path.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    shown = new if afresh else {**kept, **new}
    wanted = (tuple(getattr(entry, name) for name in names) for entry in plan)
    return {**whole, "records": [shown[key] for key in wanted if key in shown]}


def surroundings() -> dict[str, str]:
    """Return the machine and the versions, as the page shows them."""
    import geopandas
    import numpy
    import pyogrio
    import shapely

    cpu = [text.split(":", 1)[1].strip() for text in _lines("/proc/cpuinfo") if text.startswith("model name")]
    memory_kib = next((int(text.split()[1]) for text in _lines("/proc/meminfo") if text.startswith("MemTotal")), 0)
    system = next(
        (text.split("=", 1)[1].strip('"') for text in _lines("/etc/os-release") if text.startswith("PRETTY")), ""
    )
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{len(cpu)} × {cpu[0] if cpu else platform.machine()}, {memory_kib / 2**20:.0f} GiB, {system}",
        "versions": f"Python {platform.python_version()}, numpy {numpy.__version__}, shapely {shapely.__version__}"
        f" (GEOS {shapely.geos_version_string}), geopandas {geopandas.__version__}, pyogrio {pyogrio.__version__}, {duckdb_spatial.version()}",
    }


def _commit() -> str:
    """Return the commit that was measured; with a plus where the checkout holds more than it."""
    try:
        asked = ("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", "engine", "qgis_bridge", "algorithms")
        commit, changed = (
            subprocess.run(["git", *ask], capture_output=True, encoding="utf-8", cwd=HERE).stdout for ask in asked
        )
    except OSError:
        return "–"
    return (commit.strip() or "–") + ("+" if changed.strip() else "")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=SIZE, help="zones of the layer; others follow in proportion")
    parser.add_argument("--rows", help="only these, with commas between")
    parser.add_argument("--sections", help="only these, with commas between")
    parser.add_argument("--layers", help="only these, with commas between")
    parser.add_argument("--runs", type=int, help="at most so many runs of each row")
    parser.add_argument("--page", action="store_true", help="write docs/benchmarks.md although arguments were given")
    chosen = parser.parse_args()
    plan = entries(chosen.size)
    for name, wanted in (("row", chosen.rows), ("section", chosen.sections), ("layer", chosen.layers)):
        if wanted:
            unknown = set(wanted.split(",")) - {getattr(entry, name) for entry in plan}
            if unknown:
                raise SystemExit(f"There is no {name} {', '.join(sorted(unknown))} in plan.csv.")
            plan = [entry for entry in plan if getattr(entry, name) in wanted.split(",")]
    if chosen.runs:
        plan = [Entry(**{**vars(entry), "runs": min(entry.runs, chosen.runs)}) for entry in plan]
    started = time.monotonic()
    records = run(plan)
    print(f"{(time.monotonic() - started) / 60:.1f} minutes")
    made = keep(records, entries(chosen.size), afresh=len(sys.argv) == 1)
    for verdict in targets.verdicts(made["records"]):
        print(f"{'met' if verdict.met else 'NOT MET':<8}{verdict.target} {verdict.words or ''}: {verdict.value}")
    if chosen.page or len(sys.argv) == 1:
        page.write(made)


if __name__ == "__main__":
    main()
