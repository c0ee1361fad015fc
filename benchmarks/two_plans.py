"""A lower and an upper plan of one ground, and a rule set that reports 30 % of the pairs of their
codes.

``lower(zone_count)`` and ``crossing_itself(zone_count)`` draw the lower plan; ``upper_apart`` and
``upper_redrawn`` take the number of LOWER zones and draw an upper plan of a hundredth as many, in
metres on the same ground, of which it leaves some two per cent. PAIRS names the two layers of each
kind. Upper zones are ten times as long and wide as lower ones and digitised as densely.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import shapely
from drawing import VERTICES, draw
from planting import SIGMA_M, Layer

PAIRS = {
    "apart": ("lower", "upper apart"),
    "digitised again": ("lower", "upper redrawn"),
    "crossing itself": ("lower crossing itself", "upper apart"),
}
"""The lower and the upper layer of each kind."""
LOWER_PER_UPPER = 100
LARGER = 1.03
"""How much longer and wider the upper plan's ground is, because its outline runs elsewhere."""
FEWEST_ZONES = 1_000
REPORTED = 0.3
CROSSING_EACH = 1_000
WORDS = ("conflict", "conditional")


def lower(zone_count: int) -> Layer:
    """Return a lower plan without a defect."""
    drawing = draw(zone_count, seed=1)
    return Layer(drawing.zones, drawing.boundary)


def crossing_itself(zone_count: int) -> Layer:
    """Return the same with one zone in a thousand whose outline crosses itself."""
    plan = lower(zone_count)
    simple = (shapely.get_type_id(plan.zones) == 3) & (shapely.get_num_interior_rings(plan.zones) == 0)
    for place in np.flatnonzero(simple & (shapely.get_num_coordinates(plan.zones) > 30))[::CROSSING_EACH]:
        ring = shapely.get_coordinates(plan.zones[place])
        ring[[5, 20]] = ring[[20, 5]]
        plan.zones[place] = shapely.Polygon(ring)
    return plan


def upper_count(zone_count: int) -> int:
    """Return how many upper zones there are on ``zone_count`` lower ones."""
    return max(zone_count // LOWER_PER_UPPER, FEWEST_ZONES)


def upper_apart(zone_count: int) -> Layer:
    """Return a drawing of its own, whose borders have nothing to do with those of the lower
    plan.
    """
    count = upper_count(zone_count)
    times = np.sqrt(zone_count / count)
    below, above = draw(zone_count, seed=1).boundary, draw(count, seed=2, vertices=int(VERTICES * times))
    middle, own_middle = (shapely.get_coordinates(shapely.centroid(outline)) for outline in (below, above.boundary))
    zones, boundary = (
        shapely.transform(drawn, lambda places: (places - own_middle) * times * LARGER + middle)
        for drawn in (above.zones, above.boundary)
    )
    return Layer(zones, boundary)


def upper_redrawn(zone_count: int) -> Layer:
    """Neighbouring lower zones joined to about so many upper ones, every vertex digitised again
    with an error of SIGMA_M.
    """
    drawing = draw(zone_count, seed=1)
    blocks = round(np.sqrt(upper_count(zone_count)))
    west, south, east, north = drawing.boundary.bounds
    centre = shapely.get_coordinates(shapely.point_on_surface(drawing.zones))
    column, row = np.clip(
        ((centre - (west, south)) / (east - west, north - south) * blocks).astype(int), 0, blocks - 1
    ).T
    block = row * blocks + column
    order = np.argsort(block, kind="stable")
    groups = np.split(drawing.zones[order], np.flatnonzero(np.diff(block[order])) + 1)
    joined = np.array([shapely.coverage_union_all(group) for group in groups], dtype=object)
    return Layer(shapely.make_valid(shapely.transform(joined, _digitised_again)), drawing.boundary)


def _digitised_again(places: np.ndarray) -> np.ndarray:
    """Return every place moved by an error of its own; neighbours go on sharing it."""
    distinct, which = np.unique(places, axis=0, return_inverse=True)
    return np.asarray((distinct + np.random.default_rng(8).normal(0.0, SIGMA_M, distinct.shape))[which.ravel()])


def verdicts(codes: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """Return a word for each pair (upper code, lower code): 30 % of them are reported."""
    pairs = [(upper_code, lower_code) for upper_code in codes for lower_code in codes]
    words = dict.fromkeys(pairs, "compatible")
    reported = np.random.default_rng(5).permutation(len(pairs))[: round(REPORTED * len(pairs))]
    return {**words, **{pairs[place]: WORDS[turn % 2] for turn, place in enumerate(reported)}}


def write_verdicts(codes: tuple[str, ...], path: Path) -> None:
    """The same as a rule set that Plan Concord reads."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("upper_code", "lower_code", "verdict", "condition", "min_area_m2", "reason_vi", "reason_en", "reference")
        )
        for (upper_code, lower_code), word in verdicts(codes).items():
            condition = "-" if word == "conditional" else ""
            writer.writerow((upper_code, lower_code, word, condition, "", "Đo tốc độ", "Benchmark", "-"))
