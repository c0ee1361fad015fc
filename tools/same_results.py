"""Say whether two checkouts give the same results, by command line and by qgis_process.

`same_results.py collect --checkout DIR FOLDER` runs the program of a checkout (this one by default)
on the demo and the real layers, and writes one text for each run into FOLDER: its numbers, its log
and every row of every table that it wrote. `same_results.py compare ONE OTHER` prints what differs
and ends with status 1 where anything does. Times, ids of runs and the folders of the results are
written as words, everything else as it is, geometries byte for byte.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
OF_THE_FORMAT = ("gpkg_", "rtree_", "sqlite_")
RUN_ID = re.compile(r"\b[0-9a-f]{12}(?=(-\d+)?\b)")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?")
LOOKS = "layer_styles"


class Case(NamedTuple):
    """One run: ``inputs`` and ``outputs`` by parameter; an output is the name of a file."""

    name: str
    algorithm: str
    inputs: dict[str, Any]
    outputs: dict[str, str]


def demo_cases(demo: Path, results: Path) -> list[Case]:
    """The checks of the demo province, each draft a successor of the one before it."""
    rows = {row["plan_id"]: row for row in _rows(demo / "register.csv")}
    lower = [row for row in rows.values() if row["upper_plans"]]
    upper = rows[lower[0]["upper_plans"].split(";")[0]]
    sources = {name: str(demo / row["source"]) for name, row in rows.items()}
    fields = {"KEY_FIELD": lower[0]["key_field"], "CODE_FIELD": lower[0]["code_field"]}
    first = lower[0]
    made = []
    for row in lower[:4]:
        boundary = f"{demo / 'ranh_gioi.gpkg'}|layername=ranh_gioi_huyen|subset=ten_huyen = '{row['territory']}'"
        inputs = {"INPUT": sources[row["plan_id"]], **fields, "BOUNDARY": boundary, "SCALE": float(row["scale"])}
        outputs = {"FINDINGS": "findings.gpkg", "UNMATCHED_EDGES": "edges.gpkg"}
        made.append(Case(f"coverage-{row['plan_id']}", "checkcoverage", {**inputs, "LANGUAGE": "vi"}, outputs))
    uppers = {"UPPER": sources[upper["plan_id"]], "UPPER_CODE": upper["code_field"], "UPPER_KEY": upper["key_field"]}
    uppers["UPPER_SCALE"] = float(upper["scale"])
    for row in lower[:3]:
        lowers = {"LOWER": sources[row["plan_id"]], "LOWER_CODE": row["code_field"], "LOWER_KEY": row["key_field"]}
        inputs = {**lowers, "LOWER_SCALE": float(row["scale"]), **uppers, "LANGUAGE": "en"}
        outputs = {"FINDINGS": "findings.gpkg", "CROSS_TABLE": "cross.csv", "ZONES": "zones.gpkg"}
        made.append(Case(f"conformity-{row['plan_id']}", "checkconformity", inputs, outputs))
        pairs = {name: inputs[name] for name in ("LOWER", "LOWER_CODE", "UPPER", "UPPER_CODE")}
        made.append(Case(f"rules-{row['plan_id']}", "createrules", {**pairs, "LANGUAGE": "vi"}, {"OUTPUT": "list.csv"}))
    borders = {"INPUT": [sources[row["plan_id"]] for row in lower[:5]], **fields, "SCALE": 25000.0}
    made.append(Case("borders", "checkborders", {**borders, "LANGUAGE": "vi"}, {"FINDINGS": "findings.gpkg"}))
    rules = str(ROOT / "resources" / "rulesets" / "provincial_draft")
    made.append(Case("borders-rules", "checkborders", {**borders, "RULES": rules}, {"FINDINGS": "findings.gpkg"}))
    earlier = str(results / f"coverage-{first['plan_id']}" / "findings.gpkg")
    again = {**made[0].inputs, "WIDTH_TOLERANCE": 20.0, "PREVIOUS": earlier}
    made.append(Case("coverage-again", "checkcoverage", again, {"FINDINGS": "findings.gpkg"}))
    two = {"PREVIOUS": earlier, "CURRENT": str(results / "coverage-again" / "findings.gpkg"), "LANGUAGE": "en"}
    made.append(Case("findings-compared", "comparefindings", two, {"OUTPUT": "fates.gpkg"}))
    register = {"REGISTER": str(demo / "register.csv"), "DATE": "2026-01-01"}
    made.append(Case("register", "checkregister", {**register, "LANGUAGE": "vi"}, {"FINDINGS": "findings.gpkg"}))
    made.append(Case("province", "checkprovince", {**register, "LANGUAGE": "vi"}, {"OUTPUT": "findings.gpkg"}))
    later = {**register, "LANGUAGE": "en", "PREVIOUS": str(results / "province" / "findings.gpkg")}
    made.append(
        Case("province-again", "checkprovince", {**later, "WIDTH_TOLERANCE": 20.0}, {"OUTPUT": "findings.gpkg"})
    )
    made += [case for row in lower[:3] for case in _draft_cases(demo, row)]
    return made


def _draft_cases(demo: Path, row: dict[str, str]) -> Iterator[Case]:
    source = demo / row["source"].split("|")[0]
    drafts = [source, *(source.with_name(f"{source.stem}_lan{number}.gpkg") for number in (2, 3))]
    code, key = row["code_field"], row["key_field"]
    fields = {"BEFORE_CODE": code, "AFTER_CODE": code, "BEFORE_KEY": key, "AFTER_KEY": key, "LANGUAGE": "vi"}
    for number, (before, after) in enumerate(zip(drafts, drafts[1:]), start=1):
        inputs = {"BEFORE": str(before), "AFTER": str(after), **fields}
        outputs = {"CHANGES": "changes.gpkg", "TRANSITIONS": "transitions.csv"}
        yield Case(f"drafts-{row['plan_id']}-{number}", "comparedrafts", inputs, outputs)


def real_cases(data: Path, rules: Path) -> list[Case]:
    """Sơn Tịnh, Quảng Ninh of GADM and Vientiane, as tests/real runs them."""
    tinh, mekong = data / "quangngai_sontinh", data / "vientiane_2030"
    utm = {"WORKING_CRS": "EPSG:32649", "LANGUAGE": "en"}
    found = {"FINDINGS": "findings.gpkg"}
    both = {"LOWER": str(tinh / "QHCT_SDD_SonTinh2015.geojson"), "UPPER": str(tinh / "QHPK_SDD_DTSonTinh2014.geojson")}
    every = {"RULES": str(rules), "WIDTH_TOLERANCE": 0.0}
    made = [
        Case(f"son-tinh-{side.lower()}", "checkcoverage", {"INPUT": source, "MIN_AREA": 1.0, **utm}, found)
        for side, source in both.items()
    ]
    codes = {"LOWER_CODE": "description", "UPPER_CODE": "description"}
    made.append(Case("son-tinh", "checkconformity", {**both, **codes, **every, **utm}, found))
    lao = {"WORKING_CRS": "EPSG:32648", "LANGUAGE": "vi", "LOWER_CODE": "zoning", "UPPER_CODE": "no"}
    plan = {"LOWER": str(mekong / "glup2030_cdudcp_v1.shp"), **every, **lao}
    for upper in ("reservearea_v0", "determiningroad_v0"):
        width = {"UPPER_WIDTH_FIELD": "reservarea"} if upper == "determiningroad_v0" else {}
        inputs = {**plan, "UPPER": str(mekong / f"{upper}.shp"), **width}
        made.append(Case(f"vientiane-{upper}", "checkconformity", inputs, found))
    districts = f"{data / 'gadm41_quangninh' / 'gadm41_VNM_2.json'}|subset=GID_1 = 'VNM.49_1'"
    gadm = {"WORKING_CRS": "EPSG:32648", "LANGUAGE": "vi", "WIDTH_TOLERANCE": 0.0}
    made.append(Case("gadm-coverage", "checkcoverage", {"INPUT": districts, **gadm}, found))
    names = {"INPUT": [districts], "TERRITORY_FIELD": "NAME_2", "SEARCH_WIDTH": 125.0}
    made.append(Case("gadm-borders", "checkborders", {**names, **gadm}, found))
    return made


def _rows(path: Path) -> list[dict[str, str]]:
    import csv

    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class CommandLine:
    """``python -m planconcord`` of a checkout."""

    name = "cli"

    def __init__(self, checkout: Path, beside: Path):
        (beside / "planconcord").symlink_to(checkout, target_is_directory=True)
        self._variables = {**os.environ, "PYTHONPATH": str(beside), "LC_ALL": "C.UTF-8"}
        self._beside = beside

    def run(self, case: Case, outputs: dict[str, str]) -> str:
        """What it printed, and how it ended."""
        arguments = ["check"] if case.algorithm == "checkprovince" else [case.algorithm]
        positional = case.algorithm in ("checkprovince", "checkregister")
        for name, value in {**case.inputs, **outputs}.items():
            option = "--out" if (case.algorithm, name) == ("checkprovince", "OUTPUT") else _option(name)
            for one in value if isinstance(value, list) else [value]:
                arguments += [str(one)] if positional and name == "REGISTER" else [option, str(one)]
        command = [sys.executable, "-m", "planconcord", *arguments]
        done = subprocess.run(command, env=self._variables, cwd=self._beside, capture_output=True, encoding="utf-8")
        return f"status {done.returncode}\n{done.stdout}\n--\n{done.stderr}"


def _option(name: str) -> str:
    return f"--{name.lower().replace('_', '-')}"


class QgisProcess:
    """qgis_process with the plugin of a checkout in a profile of its own."""

    name = "qgis"

    def __init__(self, checkout: Path, beside: Path):
        archive = _tool(checkout, "package").build(beside / "dist")
        self._profile = beside / "profile"
        _tool(ROOT, "install_plugin").install(self._profile, archive, ROOT / "build" / "libraries")

    def run(self, case: Case, outputs: dict[str, str]) -> str:
        """Its outputs and its log."""
        tables = {"MEASURES": "measures.gpkg", "RUNS": "runs.gpkg"} if case.algorithm.startswith("check") else {}
        if case.algorithm in ("checkprovince", "checkregister"):
            tables = {}
        folder = Path(next(iter(outputs.values()))).parent
        inputs = {**case.inputs, **outputs, **{name: str(folder / file) for name, file in tables.items()}}
        command = [str(ROOT / "tools" / "qgis_process"), "--json", "run", f"planconcord:{case.algorithm}", "-"]
        variables = {**os.environ, "PLANCONCORD_PROFILE": str(self._profile), "LC_ALL": "C.UTF-8"}
        question = json.dumps({"inputs": inputs}, ensure_ascii=False)
        done = subprocess.run(command, input=question, env=variables, capture_output=True, encoding="utf-8")
        if done.returncode:
            return f"status {done.returncode}\n{done.stdout}\n--\n{done.stderr}"
        answer = json.loads(done.stdout[done.stdout.index("{") :])
        told = {"results": answer["results"], "log": answer.get("log")}
        return f"status 0\n{json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)}"


def _tool(checkout: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{name}_{abs(hash(checkout))}", checkout / "tools" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def collect(checkout: Path, folder: Path, ways: list[str], only: str) -> None:
    """Run all cases of a checkout and write a text for each into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    demo = ROOT / "build" / "same" / "demo"
    with tempfile.TemporaryDirectory() as beside:
        starters = {"cli": CommandLine, "qgis": QgisProcess}
        for way in ways:
            place = Path(beside) / way
            place.mkdir()
            program = starters[way](checkout, place)
            if not (demo / "register.csv").is_file():
                command = [sys.executable, "-m", "planconcord", "createdemo", "--folder", str(demo), "--drafts"]
                subprocess.run(command, check=True, cwd=ROOT.parent, stdout=subprocess.DEVNULL)
            results = folder.resolve() / "results" / way
            shutil.rmtree(results, ignore_errors=True)
            rules = ROOT / "build" / "same" / "verdicts.csv"
            rules.write_text("upper_code,lower_code,verdict\n*,*,conflict\n", encoding="utf-8")
            cases = demo_cases(demo, results) + (real_cases(DATA, rules) if DATA.is_dir() else [])
            for case in cases:
                if not re.search(only, case.name):
                    continue
                (results / case.name).mkdir(parents=True)
                outputs = {name: str(results / case.name / file) for name, file in case.outputs.items()}
                told = program.run(case, outputs)
                lines = [told, *_written(results / case.name)]
                text = "\n".join(lines).replace(str(results), "RESULTS")
                (folder / f"{way}-{case.name}.txt").write_text(_steady(text), encoding="utf-8")
                print(f"{way} {case.name}: {told.splitlines()[0]}, {len(lines)} lines", flush=True)


def _steady(text: str) -> str:
    """Without what differs from run to run."""
    return MOMENT.sub("TIME", RUN_ID.sub("RUN", text))


def _written(folder: Path) -> Iterator[str]:
    for path in sorted(folder.iterdir()):
        if path.suffix == ".gpkg":
            yield from _tables(path)
        elif path.suffix == ".csv":
            yield from (f"{path.name}: {line}" for line in path.read_text(encoding="utf-8-sig").splitlines())


def _tables(path: Path) -> Iterator[str]:
    """Every row of every table, a geometry as the hexadecimal digits of its bytes."""
    with sqlite3.connect(path) as database:
        names = [
            row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        for name in names:
            if name.startswith(OF_THE_FORMAT) or name == LOOKS:
                continue
            columns = [(row[1], row[2]) for row in database.execute(f"PRAGMA table_info({_quoted(name)})")]
            yield f"{path.name} {name}: {columns}"
            for row in database.execute(f"SELECT * FROM {_quoted(name)}"):
                values = [value.hex() if isinstance(value, bytes) else value for value in row]
                yield f"{path.name} {name}: {json.dumps(values, ensure_ascii=False)}"


def compare(one: Path, other: Path) -> int:
    """Print the first differences of each pair of texts; 1 where there are any."""
    names = sorted({path.name for folder in (one, other) for path in folder.glob("*.txt")})
    different = 0
    for name in names:
        texts = [(folder / name) for folder in (one, other)]
        if not all(path.is_file() for path in texts):
            print(f"{name}: only in one of the two")
            different += 1
            continue
        lines = [path.read_text(encoding="utf-8").splitlines() for path in texts]
        if lines[0] == lines[1]:
            continue
        different += 1
        print(f"{name}: differs")
        changes = [
            line[:300] for line in difflib.unified_diff(*lines, lineterm="", n=0) if line[:2] not in ("--", "++")
        ]
        print("\n".join(changes[:12]))
    print(f"{len(names)} runs compared, {different} differ")
    return 1 if different or not names else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("folder", type=Path)
    collecting.add_argument("--checkout", type=Path, default=ROOT)
    collecting.add_argument("--way", choices=("cli", "qgis"), action="append")
    collecting.add_argument("--only", default="", help="a regular expression for the names of the runs")
    comparing = commands.add_parser("compare")
    comparing.add_argument("one", type=Path)
    comparing.add_argument("other", type=Path)
    options = parser.parse_args()
    if options.command == "compare":
        return compare(options.one, options.other)
    collect(options.checkout.resolve(), options.folder, options.way or ["cli", "qgis"], options.only)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
