"""Where a layer really lies: the readings of its coordinates, and constant offsets from a neighbour, planted and found."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from planconcord.engine.catalogue import LANGUAGES
from planconcord.engine.errors import PlanError
from planconcord.engine.intake.candidates import WRONG_SIGNS, candidates, signs_are_wrong
from planconcord.engine.intake.diagnosis import NOWHERE, RIGHT, UNDECIDED, WRONG, Diagnosis, diagnose
from planconcord.engine.intake.shift import constant_shift

WGS = pyproj.CRS.from_epsg(4326)


def ragged(
    count: int, radius_m: float, seed: int, middle: tuple[float, float] = (530_000, 2_320_000)
) -> shapely.Polygon:
    """A district with a natural border, in EPSG:5899."""
    random = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    waves = sum(np.sin(angles * k + random.uniform(0, 6)) / k for k in (2, 3, 5, 9, 17, 40))
    radius = radius_m * (1 + 0.15 * waves)
    return shapely.Polygon(np.column_stack([radius * np.cos(angles), radius * np.sin(angles)]) + middle)


PROVINCE = ragged(1500, 60_000, 1)
WEST, EAST = (
    shapely.intersection(PROVINCE, shapely.box(*box))
    for box in ((400_000, 2_200_000, 530_000, 2_400_000), (530_000, 2_200_000, 700_000, 2_400_000))
)


def placed(shape: shapely.Geometry, epsg: int, swapped: bool = False) -> np.ndarray:
    made = gpd.GeoSeries([shape], crs=5899).to_crs(epsg).to_numpy()
    return shapely.transform(made, lambda places: places[:, ::-1]) if swapped else made


def diagnosed(true: int, labelled: int | None, swapped: bool = False) -> Diagnosis:
    crs = None if labelled is None else pyproj.CRS.from_epsg(labelled)
    outline = gpd.GeoSeries([PROVINCE], crs=5899).to_crs(4326).to_numpy()
    found = diagnose(placed(EAST, true, swapped), crs, outline, WGS)
    assert found.text("vi") != found.text("en")
    return found


@pytest.mark.parametrize(
    ("true", "labelled", "swapped", "begins"),
    [
        (5899, 5897, False, "The CRS is not EPSG:5897"),
        (9210, 5899, False, "The CRS is not EPSG:5899"),
        (3405, 32648, False, "The CRS is not EPSG:32648"),
        (4756, 4326, False, "The CRS is not EPSG:4326"),
        (5899, 4326, False, "Metres labelled as degrees"),
        (5899, 4326, True, "Metres labelled as degrees (EPSG:4326 (WGS 84)), and the axes"),
        (4326, 5899, False, "Degrees labelled as metres"),
        (5899, 5899, True, "The axes are swapped"),
        (4326, 4326, True, "The axes are swapped"),
        (5899, None, False, "The layer has no CRS; most likely it is EPSG:5899"),
        (5899, None, True, "The layer has no CRS and its axes are swapped"),
        (5899, 6959, False, "The CRS is not EPSG:6959"),
        (6959, 6959, False, "The coordinates fit EPSG:6959"),
    ],
)
def test_what_is_wrong_is_said_in_words(true: int, labelled: int | None, swapped: bool, begins: str) -> None:
    found = diagnosed(true, labelled, swapped)
    assert found.verdict == WRONG and found.best is not None and not found.rivals
    assert found.best.candidate.epsg == true and found.best.candidate.swapped == swapped
    assert found.text("en").startswith(begins)
    assert found.best.border_offset_m is not None and found.best.border_offset_m < 0.01


@pytest.mark.parametrize(("labelled", "true", "metres"), [(4326, 4756, 225), (32648, 3405, 225), (5898, 5899, 25_900)])
def test_how_far_and_which_way_it_lies_off(labelled: int, true: int, metres: float) -> None:
    found = diagnosed(true, labelled)
    assert found.off_m == pytest.approx(metres, rel=0.02)
    assert ("north-west" if metres == 225 else "too far east") in found.text("en")


@pytest.mark.parametrize("epsg", [5899, 4326, 4756, 3405, 32648, 9210])
def test_a_layer_that_lies_right_is_said_to(epsg: int) -> None:
    found = diagnosed(epsg, epsg)
    assert found.verdict == RIGHT and found.off_m == 0.0


def test_a_layer_inside_that_touches_no_border_is_undecided() -> None:
    outline = gpd.GeoSeries([PROVINCE], crs=5899).to_crs(4326).to_numpy()
    inner = shapely.buffer(shapely.Point(530_000, 2_320_000), 3000)
    found = diagnose(placed(inner, 3405), None, outline, WGS)
    assert found.verdict == UNDECIDED and len(found.rivals) >= 1
    titles = {found.best.candidate.epsg, *(rival.candidate.epsg for rival in found.rivals)}  # type: ignore[union-attr]
    assert {3405, 32648} <= titles
    assert diagnose(placed(inner, 3405), pyproj.CRS.from_epsg(3405), outline, WGS).verdict == RIGHT


def test_hanoi_1972_is_named_with_the_reason() -> None:
    found = diagnosed(2044, None)
    assert found.best is not None and found.best.candidate.kind == "hanoi"
    assert "no good transformation" in found.text("en")


def test_a_layer_of_elsewhere_lies_nowhere() -> None:
    far = shapely.box(100, 200, 1100, 1200)
    found = diagnose(np.array([far]), pyproj.CRS.from_epsg(5899), np.array([PROVINCE]), pyproj.CRS.from_epsg(5899))
    assert found.verdict == NOWHERE and found.best is None and found.off_m is None
    for language in LANGUAGES:
        assert found.text(language)


def test_degrees_made_with_the_wrong_signs_are_recognised() -> None:
    """VN-2000 brought to WGS 84 by the string that is copied everywhere: 0.5 to 0.8 m off."""
    wrong = pyproj.CRS.from_proj4(f"+proj=longlat +ellps=WGS84 +towgs84={WRONG_SIGNS} +no_defs")
    assert signs_are_wrong(wrong) and not signs_are_wrong(WGS) and not signs_are_wrong(None)
    to_wgs = pyproj.Transformer.from_crs(wrong, WGS, always_xy=True)
    vn2000 = placed(EAST, 4756)
    made = shapely.transform(vn2000, lambda places: np.column_stack(to_wgs.transform(places[:, 0], places[:, 1])))
    outline = gpd.GeoSeries([PROVINCE], crs=5899).to_crs(4326).to_numpy()
    found = diagnose(made, WGS, outline, WGS)
    assert found.verdict == WRONG and found.best is not None and found.best.candidate.kind == "towgs84"
    assert 0.5 < (found.off_m or 0) < 0.8 and "wrong signs" in found.text("en")


def test_nothing_is_changed_and_nonsense_is_refused() -> None:
    shapes = placed(EAST, 5899)
    before = shapely.to_wkb(shapes).tolist()
    diagnose(shapes, None, np.array([PROVINCE]), pyproj.CRS.from_epsg(5899))
    assert shapely.to_wkb(shapes).tolist() == before
    with pytest.raises(PlanError):
        diagnose(np.array([None]), None, np.array([PROVINCE]), WGS)
    with pytest.raises(PlanError):
        diagnose(shapes, None, np.array([shapely.Polygon()]), WGS)


def test_every_zone_in_force_is_tried_both_ways() -> None:
    tried = candidates(np.array([[530_000.0, 2_320_000.0]]), None)
    codes = [candidate.epsg for candidate in tried]
    assert {3405, 3406, 5896, 5897, 5898, 5899, *range(9205, 9219), 6956, 6957, 6958, 6959, 2044, 2045, 32648} <= set(
        codes
    )
    assert all(codes.count(code) == 2 for code in codes)
    assert {4326, 4756, 4147} == {c.epsg for c in candidates(np.array([[107.0, 21.0]]), None)}


# offsets

BORDER_LEFT = ragged(3000, 8_000, 5)
BORDER_RIGHT = shapely.difference(shapely.box(515_000, 2_305_000, 548_000, 2_335_000), BORDER_LEFT)


def redrawn(shape: shapely.Geometry, noise_m: float, seed: int) -> shapely.Geometry:
    """The same border drawn again by another hand."""
    random = np.random.default_rng(seed)
    waves, phases = random.normal(size=(40, 2)) / 600, random.uniform(0, 6.3, 40)
    sizes = random.normal(size=(40, 2)) * noise_m / np.sqrt(20)

    def move(places: np.ndarray) -> np.ndarray:
        return places + (np.sin(places @ waves.T + phases)[:, :, None] * sizes).sum(axis=1)

    return shapely.transform(shape, move)


@pytest.mark.parametrize(
    "offset", [(0.5, 0.0), (-0.3, 0.4), (3.0, -2.0), (-18.0, 44.0), (112.0, -195.0), (160.0, 158.0)]
)
def test_a_planted_offset_is_found(offset: tuple[float, float]) -> None:
    moved = shapely.transform(BORDER_LEFT, lambda places: places - offset)
    shift = constant_shift(np.array([moved]), np.array([BORDER_RIGHT]))
    assert shift.found and (shift.dx_m, shift.dy_m) == pytest.approx(offset, abs=0.01)
    assert shift.residual_m < 0.01 < shift.before_m and shift.confidence > 0.6 and not shift.along_border_unknown


@pytest.mark.parametrize("offset", [(8.0, -6.0), (112.0, -195.0)])
def test_a_planted_offset_is_found_under_noise(offset: tuple[float, float]) -> None:
    moved = shapely.transform(redrawn(BORDER_LEFT, 1.0, 3), lambda places: places - offset)
    shift = constant_shift(np.array([moved]), np.array([BORDER_RIGHT]))
    assert shift.found and np.hypot(shift.dx_m - offset[0], shift.dy_m - offset[1]) < 1.0
    assert 0.2 < shift.residual_m < 1.5


@pytest.mark.parametrize("noise_m", [0.0, 0.5, 3.0])
def test_without_an_offset_there_is_none(noise_m: float) -> None:
    for seed in range(2):
        shift = constant_shift(np.array([redrawn(BORDER_LEFT, noise_m, seed)]), np.array([BORDER_RIGHT]))
        assert (
            not shift.found and (shift.dx_m, shift.dy_m) == (0.0, 0.0) and shift.reason in ("same", "noise", "changing")
        )


def test_one_stretch_drawn_wrongly_is_no_offset_of_the_layer() -> None:
    def pull(places: np.ndarray) -> np.ndarray:
        return places + np.where(places[:, :1] > 535_000, 6.0, 0.0) * (1.0, 0.5)

    shift = constant_shift(np.array([shapely.transform(BORDER_LEFT, pull)]), np.array([BORDER_RIGHT]))
    assert not shift.found


def test_layers_apart_and_other_borders_have_none() -> None:
    far = shapely.transform(BORDER_LEFT, lambda places: places + 100_000)
    assert constant_shift(np.array([far]), np.array([BORDER_RIGHT])).reason == "apart"
    other = constant_shift(np.array([ragged(3000, 8_050, 77)]), np.array([BORDER_RIGHT]))
    assert not other.found
    assert not constant_shift(np.array([], dtype=object), np.array([BORDER_RIGHT])).found


def test_a_straight_border_tells_only_the_offset_across_it() -> None:
    left, right = shapely.box(0, 0, 5000, 20_000), shapely.box(5000, -20_000, 10_000, 40_000)
    moved = shapely.transform(shapely.segmentize(left, 50), lambda places: places - (4.0, 30.0))
    shift = constant_shift(np.array([moved]), np.array([right]))
    assert shift.along_border_unknown and shift.found and shift.dx_m == pytest.approx(4.0, abs=0.01)
    assert abs(shift.dy_m) < 0.1
