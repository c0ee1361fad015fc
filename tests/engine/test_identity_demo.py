"""Three drafts of the demo with known edits, digitised again: how often the match of their findings is right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyogrio
import pytest
from drafts import Score, conformity_of, coverage_of, draft_file, drawn_anew, places_of, score, upper_plan
from planconcord.demo.drafts import SIGMA_M, make_drafts
from planconcord.engine.errors import PlanError
from planconcord.engine.identity.matching import match

DISTRICTS = ("QHSDD-H01", "QHSDD-H12", "QHSDD-H13")
"""The city, one in the plain, the island."""
UPPER_WIDTH_M = 25.0


@pytest.fixture(scope="module")
def folder(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo, because drafts are written into its folder."""
    return shutil.copytree(demo_folder, tmp_path_factory.mktemp("drafts") / "demo")


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    """What became of each planted place in the drafts."""
    return pyogrio.read_dataframe(make_drafts(folder, plans=DISTRICTS))


def districts(folder: Path) -> list[dict[str, str]]:
    register = pd.read_csv(folder / "register.csv", dtype=str, encoding="utf-8-sig")
    return register[register["plan_id"].isin(DISTRICTS)].to_dict("records")


def test_the_edits_are_of_every_kind(truth: pd.DataFrame) -> None:
    counts = truth[truth["draft"] == 2].groupby("edit").size()
    assert {name: int(counts[name]) for name in ("fixed", "grown", "moved", "split", "added")} == {
        "fixed": 12,
        "grown": 9,
        "moved": 8,
        "split": 6,
        "added": 6,
    }
    assert (truth[truth["draft"] == 3]["edit"] == "undone").sum() == 9


@pytest.mark.parametrize("each_zone_by_itself", [False, True])
def test_the_match_is_right_over_three_drafts(folder: Path, truth: pd.DataFrame, each_zone_by_itself: bool) -> None:
    """New feature ids, another order, no keys, every vertex 0.3 m off; with shared borders, and with every zone drawn by itself."""
    boundaries = pyogrio.read_dataframe(folder / "ranh_gioi.gpkg", layer="ranh_gioi_huyen")
    upper, total = upper_plan(folder), Score()
    for row in districts(folder)[2 if each_zone_by_itself else 0 :]:
        boundary = boundaries[boundaries["ten_huyen"] == row["territory"]].geometry.iloc[0]
        scale, before = float(row["scale"]), {}
        for draft in (1, 2, 3):
            table = pyogrio.read_dataframe(draft_file(folder, row["source"].split(".gpkg")[0], draft))
            if each_zone_by_itself:
                table = drawn_anew(table, SIGMA_M, draft)
            places = truth[(truth["draft"] == draft) & (truth["plan_a"] == row["plan_id"])]
            for check, found, width_m in (
                ("coverage", coverage_of(table, row["plan_id"], scale, boundary), scale * 0.0005),
                ("conformity", conformity_of(table, row["plan_id"], upper), UPPER_WIDTH_M),
            ):
                named = places_of(found, places)
                if check in before:
                    total += score(before[check][1], named, match(before[check][0], found, width_m))
                before[check] = (found, named)
    assert total.true >= (25 if each_zone_by_itself else 80)
    assert total.precision >= 0.99 and total.recall >= 0.99, total


def test_a_folder_without_the_demo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as error:
        make_drafts(tmp_path)
    assert str(tmp_path) in error.value.text("en")
