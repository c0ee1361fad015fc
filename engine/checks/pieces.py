"""Pieces of an overlay become findings: noise is separated from real pieces, and kept.

A piece is real when it is wider than the tolerance and not smaller than its area; each real piece
is one finding. The rest is noise: severity info, one finding for each group (a pair of zones) with
all its parts, so that its area stays in the totals (design, section 3). What is smaller than
DUST_M2 is rounding of the overlay itself and no finding at all.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely

from ..findings import batch
from ..planar.polygons import Geometries, gather, parts
from ..planar.width import wider_than, widths
from ..progress import Progress
from ..tolerance import Tolerance

DUST_M2 = 1e-6


@dataclass(frozen=True)
class Pieces:
    """Connected pieces with area: ``polygons``, the ``source`` overlay each came from, and whether
    it is ``real``.
    """

    polygons: np.ndarray
    source: np.ndarray
    real: np.ndarray

    def where(self, chosen: np.ndarray) -> Pieces:
        """Return the pieces for which the mask ``chosen`` is true."""
        return Pieces(self.polygons[chosen], self.source[chosen], self.real[chosen])

    @property
    def real_count(self) -> int:
        """How many pieces are wider than the tolerance."""
        return int(self.real.sum())

    @property
    def real_area_m2(self) -> float:
        """The sum of the areas of the real pieces; ground under two of them counts twice."""
        return float(shapely.area(self.polygons[self.real]).sum())

    @property
    def real_ground_m2(self) -> float:
        """The ground under the real pieces, counted once."""
        return float(shapely.area(shapely.union_all(self.polygons[self.real])))

    @property
    def noise_area_m2(self) -> float:
        """The sum of the areas of the pieces within the tolerance."""
        return float(shapely.area(self.polygons[~self.real]).sum())


def sort_out(overlays: Geometries, tolerance: Tolerance, min_area_m2: np.ndarray | float = 0.0) -> Pieces:
    """Return the connected pieces of ``overlays`` (any geometries), each real or noise.

    ``min_area_m2``: a further lower bound on the area of a real piece, one for all or one for each
    overlay.
    """
    polygons, source = parts(overlays)
    area = shapely.area(polygons)
    kept = area > DUST_M2
    polygons, source, area = polygons[kept], source[kept], area[kept]
    floor = np.broadcast_to(np.asarray(min_area_m2, dtype=float), (len(overlays),))[source]
    real = (area >= tolerance.area_m2) & (area >= floor)
    real[real] = wider_than(polygons[real], tolerance.width_m)
    return Pieces(polygons, source, real)


def to_batches(
    rule: str, pieces: Pieces, rows: pd.DataFrame, progress: Progress | None = None
) -> tuple[list[pd.DataFrame], int]:
    """(batches of findings, number of noise findings). ``rows``: columns of the findings, one row
    an overlay.

    Real pieces become one finding each, noise one finding for all overlays whose rows have the same
    zones. ``zone_area_m2`` in ``rows``, if given, is the area that ``share_a`` refers to.
    """
    width_of = functools.partial(widths, progress=progress)
    batches = []
    if pieces.real.any():
        batches.append(_batch(rule, pieces.polygons[pieces.real], rows.iloc[pieces.source[pieces.real]], width_of))
    noise = pieces.polygons[~pieces.real]
    if len(noise) == 0:
        return batches, 0
    owners = rows.iloc[pieces.source[~pieces.real]].reset_index(drop=True)
    names = [name for name in ("zone_a", "zone_b") if name in owners]
    group = owners.groupby(names, sort=False).ngroup().to_numpy()
    count = int(group.max()) + 1
    widest = np.zeros(count)
    np.maximum.at(widest, group, width_of(noise))
    first = owners.groupby(group).head(1).reset_index(drop=True)
    noise_batch = _batch(rule, gather(noise, group, count), first, lambda _: widest)
    noise_batch["severity"] = "info"
    batches.append(noise_batch)
    return batches, count


def _batch(rule: str, geometry: np.ndarray, rows: pd.DataFrame, width_of: Any) -> pd.DataFrame:
    columns = {name: rows[name].to_numpy() for name in rows.columns if name != "zone_area_m2"}
    area = shapely.area(geometry)
    if "zone_area_m2" in rows:
        columns["share_a"] = area / rows["zone_area_m2"].to_numpy()
    return batch(rule, geometry, area_m2=area, width_m=width_of(geometry), **columns)
