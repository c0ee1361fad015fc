"""Two drafts of a plan, small enough to draw: changes, noise, attributes, and who asked, against counting squares."""

from __future__ import annotations

from collections import Counter

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import assemble, batch
from planconcord.engine.identity.draft_attributes import asking, attributes_of
from planconcord.engine.identity.drafts import DraftChanges, compare_drafts
from planconcord.engine.plan import PlanLayer
from planconcord.engine.tolerance import Tolerance

X, Y, CRS = 526_000.0, 1_658_000.0, 5899
Zone = tuple[float, float, float, float, str]


def table(zones: list[Zone], **columns: list[object]) -> gpd.GeoDataFrame:
    """Zones as (x, y, width, height, code) in metres."""
    shapes = [shapely.box(X + x, Y + y, X + x + w, Y + y + h) for x, y, w, h, _ in zones]
    return gpd.GeoDataFrame({"ma": [zone[4] for zone in zones], **columns}, geometry=shapes, crs=CRS)


def compared(before: list[Zone], after: list[Zone], width_m: float = 5.0, **more: object) -> DraftChanges:
    one, two = (PlanLayer.from_frame(table(zones), "p", "", "ma") for zones in (before, after))
    return compare_drafts(one, two, Settings(Tolerance(width_m), "en"), **more)  # type: ignore[arg-type]


def changes(found: DraftChanges) -> list[tuple[str, str, str, float]]:
    rows = found.changes[["kind", "code_before", "code_after", "area_m2"]].itertuples(index=False)
    return sorted((*row[:3], round(row[3], 6)) for row in rows)


def matrix(found: DraftChanges) -> dict[tuple[str, str], float]:
    return {(row.code_before, row.code_after): row.area_m2 for row in found.transitions.itertuples()}


squares = st.lists(
    st.tuples(
        *(st.integers(0, 6) for _ in "xy"), *(st.integers(1, 4) for _ in "wh"), st.sampled_from(["A", "B", "", "C"])
    ),
    min_size=1,
    max_size=5,
)


def counted(zones: list[Zone]) -> dict[tuple[int, int], str]:
    """The code of each square metre; of two codes the first."""
    codes: dict[tuple[int, int], str] = {}
    for x, y, w, h, code in zones:
        for place in ((a, b) for a in range(int(x), int(x + w)) for b in range(int(y), int(y + h))):
            codes[place] = min(codes.get(place, code or "?"), code or "?")
    return codes


@given(squares, squares)
@examples(max_examples=40, deadline=None)
def test_the_matrix_is_what_counting_squares_gives(before: list[Zone], after: list[Zone]) -> None:
    one, two = counted(before), counted(after)
    truth = Counter((one.get(place, ""), two.get(place, "")) for place in one.keys() | two.keys())
    found = compared(before, after, 0.0)
    assert {pair: area for pair, area in matrix(found).items() if area > 1e-6} == pytest.approx(dict(truth))
    assert found.closes
    changed = sum(count for (a, b), count in truth.items() if a != b)
    assert found.value("change_area") == pytest.approx(changed) and found.value("noise_area") == 0
    # backwards everything is the other way round
    back = matrix(compared(after, before, 0.0))
    assert {pair[::-1]: area for pair, area in back.items() if area > 1e-6} == pytest.approx(dict(truth))


def test_a_border_that_was_drawn_again_is_noise_and_stays_in_the_matrix() -> None:
    before = [(0, 0, 100, 100, "LUC"), (100, 0, 100, 100, "ODT")]
    after = [(103, 0, 97, 100, "ODT"), (0, 0, 103, 100, "LUC")]
    found = compared(before, after)
    assert changes(found) == [] and found.value("noise_area") == pytest.approx(300)
    assert matrix(found) == pytest.approx({("LUC", "LUC"): 1e4, ("ODT", "ODT"): 9700, ("ODT", "LUC"): 300})
    assert changes(compared(before, after, 2.0)) == [("code", "ODT", "LUC", 300.0)]


def test_a_narrow_zone_that_changed_whole_is_a_change() -> None:
    before = [(0, 0, 100, 100, "LUC"), (100, 0, 3, 100, "DGT"), (103, 0, 100, 100, "ODT")]
    after = [(0, 0, 100.4, 100, "LUC"), (100.4, 0, 3, 100, "DTL"), (103.4, 0, 99.6, 100, "ODT")]
    found = compared(before, after)
    assert changes(found) == [("code", "DGT", "DTL", 260.0)]
    assert found.value("noise_area") == pytest.approx(80)


def test_a_road_inside_a_new_zone_has_changed_with_the_fields_beside_it() -> None:
    before = [(0, 0, 100, 100, "LUC"), (100, 0, 4, 100, "DGT"), (104, 0, 100, 100, "LUC"), (204, 0, 50, 100, "CLN")]
    after = [(0, 0, 40, 100, "LUC"), (40, 0, 124, 100, "SKK"), (164, 0, 40.5, 100, "LUC"), (204.5, 0, 49.5, 100, "CLN")]
    found = compared(before, after)
    assert changes(found) == [("code", "DGT", "SKK", 400.0), *[("code", "LUC", "SKK", 6000.0)] * 2]
    assert found.value("noise_area") == pytest.approx(50)


def test_ground_that_is_added_or_removed() -> None:
    found = compared([(0, 0, 100, 100, "LUC")], [(0, 0, 80, 100, "LUC"), (0, 100, 80, 30, "ODT")])
    assert changes(found) == [("added", "", "ODT", 2400.0), ("removed", "LUC", "", 2000.0)]
    assert matrix(found) == pytest.approx({("LUC", "LUC"): 8000, ("LUC", ""): 2000, ("", "ODT"): 2400})


def test_the_order_of_the_zones_does_not_matter() -> None:
    before = [(0, 0, 100, 100, "LUC"), (60, 0, 100, 100, "ODT"), (160, 0, 40, 100, "CLN")]
    after = [(0, 0, 90, 100, "SKK"), (60, 0, 100, 100, "ODT"), (160, 0, 40, 100, "LUC")]
    first, second = compared(before, after), compared(before[::-1], after[::-1])
    assert changes(first) == changes(second) and matrix(first) == pytest.approx(matrix(second))
    assert first.value("overlap_area") == second.value("overlap_area") == 4000 + 3000


def findings(**columns: object) -> gpd.GeoDataFrame:
    shape = shapely.box(X, Y, X + 10, Y + 10)
    made = assemble([batch("coverage.overlap", [shape], area_m2=100.0, width_m=10.0)], CRS, "en", "r")
    return made.assign(**columns)


@pytest.mark.parametrize(
    ("columns", "asks"),
    [
        ({}, True),
        ({"status": "accepted"}, True),
        ({"severity": "warning"}, True),
        ({"severity": "info"}, False),
        ({"status": "waived"}, False),
        ({"status": "resolved"}, False),
        ({"rule": "quota.shortfall"}, False),
        ({"rule": "area.total"}, False),
    ],
)
def test_which_findings_ask_for_a_change(columns: dict[str, object], asks: bool) -> None:
    assert len(asking(findings(**columns))) == asks
    found = compared([(0, 0, 50, 50, "LUC")], [(0, 0, 50, 50, "ODT")], asked=findings(**columns))
    assert found.changes["asked"].tolist() == ["yes" if asks else "no"]
    assert found.value("unasked_count") == (not asks)


def test_a_finding_that_carries_its_whole_territory_asks_for_nothing() -> None:
    """As a zone without outline does."""
    territory = shapely.box(X, Y, X + 5_000, Y + 5_000)
    carried = findings(area_m2=float("nan"), rule="geometry.empty").set_geometry([territory])
    disc = findings(area_m2=float("nan"), rule="geometry.invalid").set_geometry([shapely.Point(X, Y).buffer(5.0)])
    assert len(asking(carried.set_crs(CRS))) == 0 and len(asking(disc.set_crs(CRS))) == 1


@pytest.mark.parametrize("place", ["POINT (20 20)", "LINESTRING (-5 10, 5 10)", "POLYGON ((54 0, 60 0, 60 9, 54 0))"])
def test_comments_may_be_points_and_lines(place: str) -> None:
    comment = shapely.transform(shapely.from_wkt(place), lambda places: places + np.array([X, Y]))
    comments = gpd.GeoDataFrame({"noi_dung": ["?"]}, geometry=[comment], crs=CRS)
    found = compared([(0, 0, 50, 50, "LUC")], [(0, 0, 50, 50, "ODT")], asked=comments)
    assert found.changes[["asked", "asked_by"]].values.tolist() == [["yes", "0"]]
    far = comments.set_geometry(comments.translate(100, 100))
    assert compared([(0, 0, 50, 50, "LUC")], [(0, 0, 50, 50, "ODT")], asked=far).changes["asked"].tolist() == ["no"]


def test_attributes_without_what_software_fills() -> None:
    zones = [(0, 0, 50, 50, "LUC"), (50, 0, 50, 50, "ODT")]
    before = table(zones, OBJECTID=[1, 2], Shape_Area=[1.0, 2.0], ten=["a", None], dien_tich_ha=[0.25, 0.25])
    after = table(zones, OBJECTID=[9, 8], Shape_Area=[5.0, 6.0], ten=["b", " "], dien_tich_ha=[0.2501, 0.27])
    assert attributes_of(before, "ma").columns.tolist() == ["ten", "dien_tich_ha"]
    both = tuple(attributes_of(one, "ma") for one in (before, after))
    found = compared(zones, zones, attributes=both)
    assert found.changes[["kind", "zone_before", "detail"]].values.tolist() == [
        ["attributes", "0", "ten: a → b"],
        ["attributes", "1", "dien_tich_ha: 0.25 → 0.27"],
    ]
    assert (found.value("attribute_count"), found.value("change_count")) == (2, 0)


def test_rows_that_are_no_zones_do_not_shift_the_attributes() -> None:
    zones = table([(0, 0, 50, 50, "LUC"), (50, 0, 50, 50, "ODT")], ten=["a", "b"])
    line = gpd.GeoDataFrame({"ma": ["x"], "ten": ["z"]}, geometry=[shapely.LineString([(X, Y), (X + 9, Y)])], crs=CRS)
    mixed = gpd.GeoDataFrame(gpd.pd.concat([line, zones], ignore_index=True), crs=CRS)
    one, two = (PlanLayer.from_frame(frame, "p", "ten", "ma") for frame in (mixed, zones))
    found = compare_drafts(
        one, two, Settings(Tolerance(1.0), "en"), None, tuple(attributes_of(t, "ma") for t in (mixed, zones))
    )
    assert len(found.changes) == 0 and np.isclose(found.transitions["area_m2"].sum(), 5000)
