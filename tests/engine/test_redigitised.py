"""The demo with every zone digitised once more, each vertex 0.3 m off: noise and planted defects separate by width.

Each zone gets errors of its own, so that every border becomes a chain of slivers. The truth is the demo's own: a piece is a
planted one where it lies mostly on the place of a planted defect of its kind, and noise elsewhere.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from planconcord.engine.checks.conformity import check_conformity
from planconcord.engine.checks.coverage import check_coverage
from planconcord.engine.checks.settings import Settings
from planconcord.engine.findings import CheckResult
from planconcord.engine.plan import PlanLayer
from planconcord.engine.planar.polygons import parts
from planconcord.engine.rulesets.reading import read_ruleset
from planconcord.engine.tolerance import Tolerance

SIGMA_M = 0.3
DISTRICTS = ("QHSDD-H01", "QHSDD-H04", "QHSDD-H12", "QHSDD-H13")
"""The city, one in the mountains, one in the plain, the island."""
UPPER_SCALE = 50_000
COVERAGE = ("coverage.overlap", "coverage.gap", "coverage.outside")
CONFORMITY = ("conformity.conflict", "conformity.conditional", "conformity.unplanned")


def digitised_again(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same zones, every vertex of every ring moved by a normal error of SIGMA_M in x and in y."""
    random = np.random.default_rng(7)

    def ring(line: shapely.LinearRing) -> np.ndarray:
        places = shapely.get_coordinates(line)[:-1]
        return places + random.normal(0.0, SIGMA_M, places.shape)

    def polygon(drawn: shapely.Polygon) -> shapely.Polygon:
        return shapely.Polygon(ring(drawn.exterior), [ring(hole) for hole in drawn.interiors])

    moved = [
        None if zone is None else shapely.MultiPolygon([polygon(part) for part in shapely.get_parts(zone)])
        for zone in zones.geometry
    ]
    return zones.set_geometry(gpd.GeoSeries(moved, index=zones.index, crs=zones.crs))


@dataclass
class Separation:
    """Pieces by where they lie; ``missed``: planted defects without a piece wider than the tolerance on their place."""

    noise: int = 0
    noise_taken_for_real: int = 0
    planted: int = 0
    missed: int = 0
    planted_noise_taken_for_real: int = 0

    def __add__(self, other: Separation) -> Separation:
        return Separation(*(a + b for a, b in zip(astuple(self), astuple(other))))

    def is_wide_enough(self) -> None:
        assert self.noise_taken_for_real < 0.001 * self.noise, self
        assert self.missed < 0.02 * self.planted, self
        assert self.planted_noise_taken_for_real == 0, self

    @classmethod
    def of(cls, result: CheckResult, truth: gpd.GeoDataFrame, rules: tuple[str, ...]) -> Separation:
        found = result.findings[result.findings["rule"].isin(rules)]
        pieces, source = parts(found.geometry.to_numpy())
        rule, real = (found[name].to_numpy()[source] for name in ("rule", "severity"))
        real = real != "info"
        planted = truth[truth["rule"].isin(rules)]
        places, small = planted.geometry.to_numpy(), planted["noise"].to_numpy(dtype=bool)
        place, piece = shapely.STRtree(pieces).query(places, predicate="intersects")
        common_m2 = shapely.area(shapely.intersection(places[place], pieces[piece]))
        mostly = common_m2 > 0.5 * np.minimum(shapely.area(places[place]), shapely.area(pieces[piece]))
        mostly &= planted["rule"].to_numpy()[place] == rule[piece]
        place, piece = place[mostly], piece[mostly]
        noise = np.ones(len(pieces), dtype=bool)
        noise[piece] = False
        seen = np.zeros(len(places), dtype=bool)
        seen[place[real[piece]]] = True
        return cls(
            int(noise.sum()),
            int((noise & real).sum()),
            int((~small).sum()),
            int((~small & ~seen).sum()),
            int((small & seen).sum()),
        )


@dataclass
class District:
    plan: PlanLayer
    scale: float
    boundary: shapely.Geometry
    truth: gpd.GeoDataFrame
    upper: PlanLayer


@pytest.fixture(scope="module")
def districts(demo_folder: Path) -> list[District]:
    register = pd.read_csv(demo_folder / "register.csv", encoding="utf-8-sig").set_index("plan_id")
    truth = pd.read_csv(demo_folder / "truth.csv", encoding="utf-8-sig").set_index("defect_id")
    # drawn again, a zone that was entered twice is no duplicate any more, but it lies on the other
    truth["rule"] = truth["rule"].replace("geometry.duplicate", "coverage.overlap")
    places = gpd.read_file(demo_folder / "truth.gpkg", layer="truth").set_index("defect_id").geometry
    boundaries = gpd.read_file(demo_folder / "ranh_gioi.gpkg", layer="ranh_gioi_huyen").set_index("ten_huyen").geometry

    def read(plan_id: str) -> gpd.GeoDataFrame:
        file, layer = register.loc[plan_id, "source"].split("|layername=")
        return gpd.read_file(demo_folder / file, layer=layer)

    [upper_id] = register.index[register["level"] == "provincial"]
    upper = PlanLayer.from_frame(read(upper_id), upper_id, code_field="ma_khu")
    return [
        District(
            PlanLayer.from_frame(digitised_again(read(plan_id)), plan_id, code_field="ma_dat"),
            float(register.loc[plan_id, "scale"]),
            boundaries[register.loc[plan_id, "territory"]],
            gpd.GeoDataFrame(truth[truth["plan_a"] == plan_id].join(places, how="inner")),
            upper,
        )
        for plan_id in DISTRICTS
    ]


def test_noise_and_planted_defects_of_the_coverage_separate(districts: list[District]) -> None:
    told = Separation()
    for district in districts:
        result = check_coverage(district.plan, district.boundary, Settings(Tolerance.from_scale(district.scale)))
        assert result.value("balance_residual") <= result.value("balance_allowance")
        told += Separation.of(result, district.truth, COVERAGE)
    assert told.noise > 10_000 and told.planted > 50
    told.is_wide_enough()


def test_noise_and_planted_conflicts_with_the_upper_plan_separate(districts: list[District]) -> None:
    told, rules = Separation(), read_ruleset(None)
    for district in districts:
        tolerance = Tolerance.combine(Tolerance.from_scale(district.scale), Tolerance.from_scale(UPPER_SCALE))
        result = check_conformity(district.plan, district.upper, rules, Settings(tolerance))
        told += Separation.of(result, district.truth, CONFORMITY)
    assert told.noise > 500 and told.planted > 15
    told.is_wide_enough()
