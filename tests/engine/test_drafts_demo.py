"""comparedrafts on three drafts of the demo: every edit that is wider than the tolerance is a change, and nothing else is.

The truth are the same drafts before they were digitised again, overlaid code by code with plain shapely.
"""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from drafts import draft_file
from planconcord.demo.drafts import make_drafts
from planconcord.engine.checks.settings import Settings
from planconcord.engine.identity.draft_attributes import asking, mark_asked
from planconcord.engine.identity.drafts import DraftChanges, compare_drafts
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar.repair import repair
from planconcord.engine.planar.width import widths
from planconcord.engine.tolerance import Tolerance

PLAN_ID, SOURCE, WIDTH_M = "QHSDD-H12", "qhsdd_an_trach", 5.0
UNCERTAIN_M = 2.0
"""So near to the tolerance drawing again decides."""


@pytest.fixture(scope="module")
def folders(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The drafts as they were delivered, and as they were before they were digitised again."""
    made = {}
    for name, sigma_m in (("delivered", 0.3), ("exact", 0.0)):
        made[name] = tmp_path_factory.mktemp("drafts") / name
        made[name].mkdir()
        for file in ("register.csv", "truth.gpkg", "quy_hoach_tinh.gpkg", f"{SOURCE}.gpkg"):
            shutil.copy(demo_folder / file, made[name])
        make_drafts(made[name], sigma_m=sigma_m, plans=(PLAN_ID,))
    return made


@functools.cache
def plan(folder: Path, draft: int) -> PlanLayer:
    table = pyogrio.read_dataframe(draft_file(folder, SOURCE, draft))
    return PlanLayer.from_frame(table, "plan", "ma_thua", "ma_dat")


@functools.cache
def compared(folder: Path, draft: int) -> DraftChanges:
    return compare_drafts(plan(folder, draft), plan(folder, draft + 1), Settings(Tolerance(WIDTH_M), "en"))


@functools.cache
def ground_by_code(folder: Path, draft: int) -> dict[str, shapely.Geometry]:
    """What each code covers; ground of two codes is that of the first."""
    zones = plan(folder, draft).zones
    code = zones["code"].replace("", "?").to_numpy()
    shapes = repair(np.asarray(zones.geometry.values, dtype=object))[0]
    seen, made = shapely.Polygon(), {}
    for one in sorted(set(code)):
        whole = shapely.union_all(shapes[(code == one) & ~shapely.is_missing(shapes)])
        made[one], seen = shapely.difference(whole, seen), shapely.union(seen, whole)
    return made


@functools.cache
def true_changes(folder: Path, draft: int) -> pd.DataFrame:
    """Each connected piece of ground whose code the edits have changed."""
    before, after = (ground_by_code(folder, number) for number in (draft, draft + 1))
    wholes = [functools.reduce(shapely.union, ground.values()) for ground in (before, after)]
    rows = [
        *((a, b, shapely.intersection(one, two)) for a, one in before.items() for b, two in after.items() if a != b),
        *((a, "", shapely.difference(one, wholes[1])) for a, one in before.items()),
        *(("", b, shapely.difference(two, wholes[0])) for b, two in after.items()),
    ]
    pieces = [(a, b, part) for a, b, shape in rows for part in shapely.get_parts(shape) if part.area > 1.0]
    made = pd.DataFrame(pieces, columns=["code_before", "code_after", "shape"])
    return made.assign(width_m=widths(made["shape"].to_numpy()))


@pytest.mark.parametrize("draft", [1, 2])
def test_every_edit_is_a_change_and_nothing_else_is(folders: dict[str, Path], draft: int) -> None:
    truth, found = true_changes(folders["exact"], draft), compared(folders["delivered"], draft)
    changes, hit, missed = found.changes, set(), []
    for row in truth.itertuples():
        same = (changes["code_before"] == row.code_before) & (changes["code_after"] == row.code_after)
        shared = shapely.area(shapely.intersection(changes.geometry.to_numpy(), row.shape)) * same.to_numpy()
        hit |= set(np.flatnonzero(shared > 0.5 * changes.geometry.area.to_numpy()).tolist())
        if row.width_m > WIDTH_M + UNCERTAIN_M and shared.sum() < 0.9 * row.shape.area:
            missed.append((row.code_before, row.code_after, row.shape.area))
    assert missed == [] and hit == set(range(len(changes)))
    assert (truth["width_m"] > WIDTH_M + UNCERTAIN_M).sum() >= 8 and len(changes) >= 9
    assert found.value("attribute_count") == 0
    wide = truth[truth["width_m"] > WIDTH_M]
    assert changes["area_m2"].sum() == pytest.approx(shapely.area(wide["shape"].to_numpy()).sum(), rel=0.02)


@pytest.mark.parametrize("draft", [1, 2])
def test_the_matrix_closes_on_the_areas_of_the_codes(folders: dict[str, Path], draft: int) -> None:
    for name in ("exact", "delivered"):
        found = compared(folders[name], draft)
        matrix = found.transitions.pivot(index="code_before", columns="code_after", values="area_m2").fillna(0.0)
        for number, sums in ((draft, matrix.sum(axis=1)), (draft + 1, matrix.sum(axis=0))):
            areas = {code: shape.area for code, shape in ground_by_code(folders[name], number).items()}
            assert sums.drop("").to_dict() == pytest.approx(areas, abs=0.01)
        assert found.closes and found.value("balance_residual") < 1e-4
    truth = true_changes(folders["exact"], draft)
    exact = truth["shape"].map(lambda shape: shape.area).groupby([truth["code_before"], truth["code_after"]]).sum()
    mine = compared(folders["exact"], draft).transitions.set_index(["code_before", "code_after"])["area_m2"]
    assert {pair: mine[pair] for pair in exact.index} == pytest.approx(exact.to_dict(), abs=10.0)


def test_what_is_asked_for_are_the_findings_of_the_first_draft(folders: dict[str, Path]) -> None:
    """Given the places that were wrong in draft 1, only what the truth calls added was not asked for."""
    places = pyogrio.read_dataframe(folders["delivered"] / "truth_drafts.gpkg")
    places = places[(places["plan_a"] == PLAN_ID) & ~places["noise"].astype(bool)]
    wrong = places[(places["draft"] == 1) & ~places.geometry.isna()]
    added = places[(places["draft"] == 2) & (places["edit"] == "added")]
    changes = compared(folders["delivered"], 1).changes.copy()
    mark_asked(changes, asking(wrong[["geometry"]].reset_index(drop=True)), WIDTH_M)
    unasked = changes[changes["asked"] == "no"]
    assert len(unasked) >= 1 and set(changes["asked"]) == {"yes", "no"}
    assert (shapely.distance(unasked.geometry.to_numpy(), shapely.union_all(added.geometry.to_numpy())) < 1.0).all()
    found = added.geometry.apply(lambda place: bool(unasked.intersects(place).any()))
    assert found.all()
