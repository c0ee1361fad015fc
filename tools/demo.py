"""`make demo`: the main job on a demo province, by the real qgis_process, held against the truth.

Installs the plugin's zip into a QGIS profile of its own (build/profile), makes the demo province,
checks the coverage of every district plan and its conformity with the provincial plan, then the
whole province from its register, compares the findings with the table of planted defects, and
writes build/demo/findings.gpkg and build/demo/overview.png. Exit status 1 when a planted defect is
missed or something else is reported above the tolerance; 2 when a run fails.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import geopandas as gpd
import pandas as pd
from demo_truth import PROVINCE_CHECKED, compare
from install_plugin import install, newest_zip
from planconcord.engine.store import write_store

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
DEMO = BUILD / "demo"
PROVINCE = DEMO / "province"
RUNS = DEMO / "runs"
AT_ONCE = 2
QUOTED = '"'


def main() -> int:
    """Return the whole demo; returns the exit status."""
    options = _options()
    started = time.monotonic()
    _say("Installing the plugin's zip into a QGIS profile of its own: build/profile")
    install(BUILD / "profile", newest_zip(), BUILD / "libraries")
    _say(f"Making a demo province of {options.size} zones, seed {options.seed}: build/demo/province")
    made = _process("createdemo", FOLDER=str(PROVINCE), SEED=options.seed, SIZE=options.size, LANGUAGE="vi", LOAD=False)
    register = pd.read_csv(made["REGISTER"], dtype=str, keep_default_na=False)
    RUNS.mkdir(parents=True, exist_ok=True)
    jobs = _jobs(register)
    _say(f"Checking {len(jobs) // 2} districts, each by itself and against the provincial plan")
    outputs = _run_all(jobs)
    store = DEMO / "findings.gpkg"
    findings, measures, runs = (_joined(outputs, name) for name in ("FINDINGS", "MEASURES", "RUNS"))
    write_store(store, findings, measures, runs)
    _print_table(register, findings)
    _say("Checking the whole province from its register, which compares declared areas as well")
    agreement = compare(_with_declared_areas(findings, made["REGISTER"]), PROVINCE / "truth.csv", PROVINCE_CHECKED)
    print("\n".join(agreement.lines))
    _say("Drawing the overview map")
    picture = DEMO / "overview.png"
    _draw(store, picture)
    print(
        f"""
Done in {time.monotonic() - started:.0f} s. Where to look:
  build/demo/overview.png      the map
  build/demo/findings.gpkg     every finding; open it in QGIS beside build/demo/province
  build/demo/province.gpkg     the findings of the whole province from its register, borders and declared areas too
  build/demo/province          the plans, the boundaries, the register, the truth about the planted defects
  tools/qgis_process list      the real qgis_process with the plugin, to paste the examples of the docs"""
    )
    return 0 if agreement.complete else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=2000, help="zones of all districts together")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _say(line: str) -> None:
    print(f"\n{line}", flush=True)


def _process(algorithm: str, **inputs: object) -> dict[str, object]:
    """Return the results of one run of the real qgis_process; its whole output and exit status 2
    when it fails.
    """
    command = [str(ROOT / "tools" / "qgis_process"), "--json", "run", f"planconcord:{algorithm}", "-"]
    question = json.dumps({"inputs": inputs}, ensure_ascii=False)
    done = subprocess.run(command, input=question, capture_output=True, encoding="utf-8", cwd=ROOT)
    if done.returncode:
        sys.stderr.write(f"qgis_process failed on {algorithm} {question}\n{done.stdout}\n{done.stderr}\n")
        raise SystemExit(2)
    results: dict[str, object] = json.loads(done.stdout)["results"]
    return results


def _jobs(register: pd.DataFrame) -> list[tuple[str, str, dict[str, object]]]:
    """Return (algorithm, plan, inputs) of every check: each district plan by itself and against the
    plan above it.
    """
    jobs: list[tuple[str, str, dict[str, object]]] = []
    plans = register.set_index("plan_id")
    for plan_id, plan in plans[plans["upper_plans"] != ""].iterrows():
        upper = plans.loc[plan["upper_plans"]]
        shared: dict[str, object] = {"TERRITORY": plan["territory"], "LANGUAGE": "vi"}
        coverage = {
            "INPUT": _source(plan["source"]),
            "KEY_FIELD": plan["key_field"],
            "CODE_FIELD": plan["code_field"],
            "BOUNDARY": _boundary(plan["territory"]),
            "SCALE": plan["scale"],
            "PLAN": plan_id,
        }
        conformity = {
            "LOWER": _source(plan["source"]),
            "LOWER_KEY": plan["key_field"],
            "LOWER_CODE": plan["code_field"],
            "LOWER_SCALE": plan["scale"],
            "LOWER_PLAN": plan_id,
            "LOWER_LEVEL": plan["level"],
            "UPPER": _source(upper["source"]),
            "UPPER_KEY": upper["key_field"],
            "UPPER_CODE": upper["code_field"],
            "UPPER_SCALE": upper["scale"],
            "UPPER_PLAN": upper.name,
            "UPPER_LEVEL": upper["level"],
            "UPPER_NATURE": upper["nature"],
        }
        for algorithm, inputs in (("checkcoverage", coverage), ("checkconformity", conformity)):
            stem = f"{plan_id}-{algorithm}"
            tables = {name: str(RUNS / f"{stem}-{name.lower()}.gpkg") for name in ("FINDINGS", "MEASURES", "RUNS")}
            jobs.append((algorithm, str(plan_id), {**inputs, **shared, **tables}))
    return jobs


def _source(source: str) -> str:
    return str(PROVINCE / source)


def _boundary(territory: str) -> str:
    quoted = territory.replace("'", "''")
    return f"{PROVINCE / 'ranh_gioi.gpkg'}|layername=ranh_gioi_huyen|subset={QUOTED}ten_huyen{QUOTED} = '{quoted}'"


def _run_all(jobs: list[tuple[str, str, dict[str, object]]]) -> list[dict[str, object]]:
    """Return the results of all jobs, two at a time, with a line for each that ends."""
    outputs: list[dict[str, object]] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = {pool.submit(_process, algorithm, **inputs): (algorithm, plan) for algorithm, plan, inputs in jobs}
        for done in as_completed(waiting):
            algorithm, plan = waiting[done]
            outputs.append(done.result())
            verdict = "conforms" if outputs[-1]["CONFORMS"] else "has findings"
            print(f"  {len(outputs):>3} of {len(jobs)}  {algorithm:<16} {plan:<24} {verdict}", flush=True)
    return outputs


def _joined(outputs: list[dict[str, object]], name: str) -> pd.DataFrame:
    """Return one table out of the same output of all runs."""
    tables = [gpd.read_file(str(output[name]), engine="pyogrio") for output in outputs]
    tables = [table for table in tables if len(table)]
    joined = pd.concat(tables, ignore_index=True)
    keys = [key for key in ("territory", "plan", "severity", "rule", "finding_id", "name", "run_id") if key in joined]
    return joined.sort_values(keys, ignore_index=True)


def _with_declared_areas(findings: pd.DataFrame, register: object) -> pd.DataFrame:
    """Return the findings of the single checks with those that only the check of the whole province
    has the register's field for.
    """
    store = DEMO / "province.gpkg"
    _process("checkprovince", REGISTER=register, OUTPUT=str(store), LANGUAGE="vi")
    province = gpd.read_file(store, layer="findings", engine="pyogrio")
    return pd.concat([findings, province[province["rule"] == "area.declared"]], ignore_index=True)


def _print_table(register: pd.DataFrame, findings: pd.DataFrame) -> None:
    """A row for each district: how many overlaps, gaps and conflicts above the tolerance, and their
    hectares.
    """
    real = findings[findings["severity"] != "info"]
    kinds = {
        "overlaps": ("coverage.overlap", "geometry.duplicate"),
        "gaps": ("coverage.gap",),
        "outside": ("coverage.outside",),
        "conflicts": ("conformity.conflict",),
    }
    heading = "".join(f"{kind:>10}{'ha':>9}" for kind in kinds)
    print(f"\n{'district':<20}{heading}")
    totals = dict.fromkeys(kinds, (0, 0.0))
    for territory in register.loc[register["upper_plans"] != "", "territory"]:
        row = f"{territory:<20}"
        for kind, rules in kinds.items():
            found = real[(real["territory"] == territory) & real["rule"].isin(rules)]
            count, hectares = len(found), found["area_m2"].sum() / 1e4
            totals[kind] = (totals[kind][0] + count, totals[kind][1] + hectares)
            row += f"{count:>10}{hectares:>9.2f}"
        print(row)
    print(f"{'together':<20}" + "".join(f"{count:>10}{hectares:>9.2f}" for count, hectares in totals.values()))


def _draw(store: Path, picture: Path) -> None:
    """The overview map, by QGIS's own layout, in QGIS's own Python."""
    arguments = ["--findings", str(store), "--demo", str(PROVINCE), "--output", str(picture), "--keep-style"]
    command = ["/usr/bin/python3", str(ROOT / "tools" / "overview_map.py"), *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.stderr.write(f"The overview map failed:\n{done.stdout}\n{done.stderr}\n")
        raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
