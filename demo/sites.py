"""Uses that the provincial plan does not admit, planted inside its zones: the truth of the
conformity check.

In: the whole regions of a district and how many sites of each verdict. Out: the regions with the
sites cut in, and one :class:`Site` for each, in order of their ``group``. A site lies in one
region, at least 70 m from its border, so that it meets one zone of the provincial plan only. Fewer
are planted where a district has no room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from ..engine.catalogue import read_table
from .land_use import DEMO
from .regions import FREE, SITE, Regions
from .shapes import rectangle, room, site
from .verdicts import verdict
from .zoning import ZONES

MARGIN_M = 70.0
FIRST_GROUP = 1_000_000


@dataclass
class Site:
    """One planted use: its land-use code, the provincial zone it lies in, and why it is wrong."""

    group: int
    code: str
    zone: int
    noise: bool
    note_vi: str
    note_en: str


def plant_sites(
    regions: Regions, wishes: Iterable[tuple[str, int]], random: np.random.Generator
) -> tuple[Regions, list[Site]]:
    """Plant sites: ``wishes`` are pairs of verdict ("conflict", "conditional" or "noise") and
    number.
    """
    rows = list(read_table(DEMO / "planted_conflicts.csv"))
    geometry = regions.geometry.copy()
    sites: list[Site] = []
    shapes: list[shapely.Polygon] = []
    used: dict[tuple[str, str], int] = {}
    for wish, count in wishes:
        wanted = "conflict" if wish == "noise" else wish
        fitting = [row for row in rows if verdict(row["zone"], row["code"]) == wanted]
        for _ in range(count):
            # Kinds not yet used in this district first, so that a district shows many kinds.
            order = random.permutation(len(fitting))
            for k in sorted(order.tolist(), key=lambda k: used.get((fitting[k]["zone"], fitting[k]["code"]), 0)):
                row = fitting[k]
                shape, index = _placed(row, wish == "noise", regions, geometry, shapes, random)
                if shape is None:
                    continue
                used[(row["zone"], row["code"])] = used.get((row["zone"], row["code"]), 0) + 1
                host = geometry[index]
                geometry[index] = shapely.Polygon(host.exterior, [*host.interiors, shape.exterior])
                number = FIRST_GROUP + len(sites)
                sites.append(
                    Site(number, row["code"], int(regions.zone[index]), wish == "noise", row["note_vi"], row["note_en"])
                )
                shapes.append(shape)
                break
    return _with_sites(regions, geometry, shapes, sites), sites


def _placed(
    row: dict[str, str],
    strip: bool,
    regions: Regions,
    geometry: np.ndarray,
    shapes: list[shapely.Polygon],
    random: np.random.Generator,
) -> tuple[shapely.Polygon | None, int]:
    """(the site's shape, the region that it lies in), or (None, -1) without room."""
    hosts = np.flatnonzero((regions.kind == FREE) & (regions.zone == ZONES.index(row["zone"])))
    hosts = hosts[np.argsort(-shapely.area(geometry[hosts]))][:6]
    least, most = float(row["least_ha"]), float(row["most_ha"])
    area_ha = least + (most - least) * float(random.random()) ** 1.5
    reach = 260.0 if strip else 0.75 * float(np.sqrt(area_ha * 1e4 * 1.6))
    for index in random.permutation(hosts).tolist():
        centre = room(geometry[index], reach + MARGIN_M, random)
        if centre is None:
            continue
        if strip:
            length = 260.0 + 200.0 * float(random.random())
            shape = rectangle(centre, length, 9.0 + 5.0 * float(random.random()), float(random.random() * np.pi))
        else:
            shape = site(centre, area_ha, row["shape"], random)
        inside = shapely.contains_properly(geometry[index], shapely.buffer(shape, MARGIN_M))
        if inside and (not shapes or shapely.distance(np.array(shapes), shape).min() > 300.0):
            return shape, index
    return None, -1


def _with_sites(regions: Regions, geometry: np.ndarray, shapes: list[shapely.Polygon], sites: list[Site]) -> Regions:
    extra = len(sites)
    return Regions(
        np.concatenate([geometry, np.array(shapes, dtype=object)]),
        np.concatenate([regions.district, np.full(extra, regions.district[0])]),
        np.concatenate([regions.zone, np.array([s.zone for s in sites], dtype=int)]),
        np.concatenate([regions.kind, np.full(extra, SITE)]),
        np.concatenate([regions.group, np.array([s.group for s in sites], dtype=int)]),
        np.concatenate([regions.code, np.array([s.code for s in sites], dtype=object)]),
    )
