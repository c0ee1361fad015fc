"""Vientiane: the general plan laid on the road reserves, drawn as areas, and on the same roads drawn as lines with a width."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

CRS = "EPSG:32648"


@pytest.fixture(scope="module")
def folder(real_layers):
    return real_layers / "vientiane_2030"


@pytest.fixture(scope="module")
def run(check, folder, tmp_path_factory):
    """The plan's zones on an upper layer, every pair a conflict, no tolerance."""
    rules = tmp_path_factory.mktemp("rules") / "verdicts.csv"
    rules.write_text("upper_code,lower_code,verdict\n*,*,conflict\n", encoding="utf-8")

    def conformity(upper: str, **more):
        return check(
            "checkconformity",
            LOWER=folder / "glup2030_cdudcp_v1.shp",
            LOWER_CODE="zoning",
            UPPER=folder / f"{upper}.shp",
            UPPER_CODE="no",
            RULES=rules,
            WIDTH_TOLERANCE=0,
            WORKING_CRS=CRS,
            **more,
        )

    return conformity


def by_hand(zones: np.ndarray, uppers: np.ndarray) -> float:
    """The sum of what every pair shares."""
    return float(sum(shapely.area(shapely.intersection(zones, upper)).sum() for upper in uppers))


def test_the_plan_on_the_reserve_areas(run, plain, folder) -> None:
    ours = run("reservearea_v0")
    zones = plain.read(folder / "glup2030_cdudcp_v1.shp")
    reserves = plain.read(folder / "reservearea_v0.shp")
    assert len(reserves.polygons) == 37
    assert ours.area_m2("conformity.conflict") == pytest.approx(by_hand(zones.polygons, reserves.polygons), rel=1e-6)
    open_ground = shapely.area(shapely.difference(zones.polygons, reserves.union())).sum()
    assert ours.area_m2("conformity.unplanned") == pytest.approx(open_ground, rel=1e-6)
    assert ours.outputs["UPPER_OVERLAP_COUNT"] > 0  # the reserves cross each other
    assert ours.measures["conflict_ground"] == pytest.approx(
        shapely.area(shapely.intersection(zones.polygons, reserves.union())).sum(), rel=1e-5
    )


def test_the_plan_on_the_roads_with_the_width_of_each(run, plain, folder) -> None:
    ours = run("determiningroad_v0", UPPER_WIDTH_FIELD="reservarea")
    zones = plain.read(folder / "glup2030_cdudcp_v1.shp")
    roads = gpd.read_file(folder / "determiningroad_v0.shp")
    corridors = shapely.buffer(roads.geometry.to_numpy(), roads["reservarea"].to_numpy() / 2, quad_segs=16)
    assert len(roads) == 37
    assert ours.area_m2("conformity.conflict") == pytest.approx(by_hand(zones.polygons, corridors), rel=1e-6)
    assert ours.outputs["UNPLANNED_COUNT"] == 0
    assert "beyond them it says nothing" in ours.log
    # whoever drew the reserves made them from the lines: both ways find the same to a few percent
    drawn = run("reservearea_v0").area_m2("conformity.conflict")
    assert ours.area_m2("conformity.conflict") == pytest.approx(drawn, rel=0.05)


def test_roads_without_a_width_are_refused_with_what_to_do(qgis, folder) -> None:
    told = qgis.fail(
        "planconcord:checkconformity",
        LOWER=str(folder / "glup2030_cdudcp_v1.shp"),
        LOWER_CODE="zoning",
        UPPER=str(folder / "determiningroad_v0.shp"),
        UPPER_CODE="no",
        FINDINGS="TEMPORARY_OUTPUT",
    )
    assert "UPPER_WIDTH" in told
