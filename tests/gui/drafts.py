"""Two drafts of a district of the demo province for the review dock: the findings of draft 1 in a store, with two old waivers.

Goes in: the folder of a demo province. Comes out: a JSON file that names the layers, the store, and the findings by what becomes of
them in draft 2: grown, fixed, and three that are what they were: one for a waiver without a last day, one whose waiver has expired,
one whose waiver has expired and which is split in draft 2. The demo's own truth says which is which.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import geopandas as gpd

ROOT = Path(__file__).resolve().parents[2]
PLAN, UPPER = "QHSDD-H09", "QHT"
LAST_DAY, LAST_WINTER = "2026-06-30", "2026-01-12T02:30:00.000Z"
COLLEAGUE, OLD_REASON, OLD_DOCUMENT = "Trần Thị Bình", "Đang chờ điều chỉnh quy hoạch tỉnh", "56/TB-SNNMT"
ROLES = {
    "grown": ("conformity.conflict", "changed", "grown"),
    "fixed": ("conformity.conflict", "resolved", "fixed"),
    "split": ("conformity.conditional", "changed", "split"),
    "stands": ("conformity.unplanned", "persisting", ""),
    "expired": ("conformity.unplanned", "persisting", ""),
}


def write_drafts(province: Path, folder: Path, language: str) -> Path:
    """Check draft 1, let a colleague waive two findings, and write what a session needs to know: the JSON file."""
    from planconcord.engine.store.decisions import decide

    row = _register(province)
    name = row["source"].split(".gpkg")[0]
    asked = {
        "LOWER": str(province / f"{name}.gpkg"),
        "LOWER_KEY": row["key_field"],
        "LOWER_CODE": row["code_field"],
        "LOWER_SCALE": row["scale"],
        "LOWER_PLAN": PLAN,
        "UPPER": str(province / "quy_hoach_tinh.gpkg"),
        "UPPER_KEY": "ma_vung",
        "UPPER_CODE": "ma_khu",
        "UPPER_SCALE": "50000",
        "UPPER_PLAN": UPPER,
        "TERRITORY": row["territory"],
    }
    store = folder / "phat_hien_lan1.gpkg"
    check(asked, store, language)
    findings = by_role(province, store)
    with mock.patch("planconcord.engine.store.decisions.now", return_value=LAST_WINTER):
        decide(store, [findings["expired"], findings["split"]], "waived", COLLEAGUE, OLD_REASON, OLD_DOCUMENT, LAST_DAY)
    told = {
        "asked": asked,
        "second": str(province / f"{name}_lan2.gpkg"),
        "store": str(store),
        "next": str(folder / "phat_hien_lan2.gpkg"),
        "findings": findings,
    }
    path = folder / "drafts.json"
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return path


def check(asked: dict[str, str], findings: Path, language: str) -> None:
    """The check as a script runs it, without QGIS."""
    given = [word for name, value in asked.items() for word in (f"--{name.lower().replace('_', '-')}", value)]
    command = [sys.executable, "-m", "planconcord", "checkconformity", *given]
    command += ["--findings", str(findings), "--language", language]
    done = subprocess.run(command, cwd=ROOT.parent, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr


def truth(province: Path) -> Any:
    """What the demo says about the places of the plan, noise apart."""
    known = gpd.read_file(province / "truth_drafts.gpkg", engine="pyogrio")
    return known[(known["plan_a"] == PLAN) & ~known["noise"].astype(bool)]


def by_role(province: Path, store: Path) -> dict[str, str]:
    """The finding of each role in the store of draft 1."""
    known, found = truth(province), gpd.read_file(store, layer="findings", engine="pyogrio")
    taken: dict[str, str] = {}
    for role, (rule, fate, edit) in ROLES.items():
        then = known[
            (known["draft"] == 2) & (known["rule"] == rule) & (known["fate"] == fate) & (known["edit"] == edit)
        ]
        places = known[(known["draft"] == 1) & known["defect_id"].isin(then["defect_id"])].geometry
        for place in places:
            shared = found[found["rule"] == rule].geometry.intersection(place).area
            finding = found["finding_id"][shared.idxmax()]
            if shared.max() > 0.5 * place.area and finding not in taken.values():
                taken[role] = finding
                break
    assert set(taken) == set(ROLES), taken
    return taken


def _register(province: Path) -> dict[str, str]:
    with (province / "register.csv").open(encoding="utf-8-sig", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["plan_id"] == PLAN)
