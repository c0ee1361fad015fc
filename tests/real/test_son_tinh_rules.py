"""Sơn Tịnh through createrules: every pair of labels with its hectares, edited as a planner would, and checked."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

UPPER, LOWER = "QHPK_SDD_DTSonTinh2014", "QHCT_SDD_SonTinh2015"
UTM = "EPSG:32649"
RIVER = ("SNen-Song Suoi", "SNen-Song Suoi")


@pytest.fixture(scope="module")
def layers(real_layers: Path) -> dict[str, str]:
    folder = real_layers / "quangngai_sontinh"
    plans = {"LOWER": str(folder / f"{LOWER}.geojson"), "UPPER": str(folder / f"{UPPER}.geojson")}
    return {**plans, "LOWER_CODE": "description", "UPPER_CODE": "description"}


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_matrix_of_labels_to_a_hundredth_of_a_hectare(
    qgis: Any, layers: dict[str, str], real_layers: Path, tmp_path: Path
) -> None:
    target = tmp_path / "pairs.csv"
    found = qgis.run(
        "planconcord:createrules", **layers, WORKING_CRS=UTM, LOWER_SCALE=500, UPPER_SCALE=2000, OUTPUT=str(target)
    )
    listed = {(row["upper_code"], row["lower_code"]): float(row["hectares"]) for row in rows(target)}
    with open(real_layers / "quangngai_sontinh" / "derived_sontinh_label_matrix_ha.csv", encoding="utf-8") as file:
        table = {(row["description_1"], row["description_2"]): float(row["ha"]) for row in csv.DictReader(file)}
    assert len(table) == 34 and set(listed) == {*table, RIVER}  # the table was made without the river
    for pair, hectares in table.items():
        assert listed[pair] == pytest.approx(hectares, abs=0.01), pair
    assert listed[RIVER] == pytest.approx(4.386, abs=0.001)
    assert found["PAIR_COUNT"] == found["UNLISTED_COUNT"] == 35
    assert found["PAIR_AREA"] / 1e4 == pytest.approx(sum(listed.values()), abs=0.01)
    proposed = {row["lower_code"]: row["lower_proposed"] for row in rows(target) if row["lower_proposed"]}
    assert proposed == {
        "qh dat cayxanh": "DKV",
        "datcoquan": "TSC",
        "D.ODTMOi": "ODT",
        "hdatconcong": "CCC",
        "SNen-Song Suoi": "SON",
        "hdattruonghoc": "DGD",
        "HDATONONGTHON": "ONT",
        "daumoihatang": "DHT",
    }
    assert not any(row["lower_accepted"] or row["upper_accepted"] for row in rows(target))


def test_edited_it_finds_new_housing_under_planned_green(
    qgis: Any, layers: dict[str, str], check: Callable[..., Any], tmp_path: Path
) -> None:
    """A planner decides every pair: the same label is compatible, housing on green is a conflict, the rest conditional."""
    target = tmp_path / "pairs.csv"
    qgis.run("planconcord:createrules", **layers, LOWER_SCALE=500, UPPER_SCALE=2000, OUTPUT=str(target))
    decided = rows(target)
    for row in decided:
        same = row["upper_code"] == row["lower_code"]
        green = (row["upper_code"], row["lower_code"]) == ("D.ODTMOi", "qh dat cayxanh")
        row["verdict"] = "conflict" if green else "compatible" if same else "conditional"
    with open(target, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, decided[0].keys(), delimiter=";")
        writer.writeheader()
        writer.writerows(decided)
    ours = check("checkconformity", **layers, RULES=target, LOWER_SCALE=500, UPPER_SCALE=2000)
    assert ours.outputs["CONFLICT_COUNT"] == 11
    assert ours.outputs["CONFLICT_AREA"] == pytest.approx(23_280, abs=1)
    assert ours.outputs["UNLISTED_COUNT"] == 0
