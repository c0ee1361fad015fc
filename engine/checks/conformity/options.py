"""What the conformity check may be asked to do beyond the findings, and what it then gives back.
Shares run from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...findings import CheckResult
from ..pieces import Pieces

CONFLICT, CONDITIONAL, UNLISTED, UNPLANNED, COMPATIBLE = (
    "conflict",
    "conditional",
    "unlisted",
    "unplanned",
    "compatible",
)
DIAGRAM = "diagram"
REPORTED = (CONFLICT, CONDITIONAL, UNLISTED)
"""From strict to lenient: of two verdicts on the same ground the first counts."""


@dataclass(frozen=True)
class Options:
    """``least_realised``: the share of an upper designation below which it counts as not carried
    out.

    ``cross_table`` and ``zone_verdicts``: whether these tables are wanted; the first needs every
    pair clipped.
    """

    least_realised: float = 0.5
    cross_table: bool = False
    zone_verdicts: bool = False


@dataclass
class ConformityResult(CheckResult):
    """A CheckResult with the tables that were asked for (columns: tables.CROSS_FIELDS and
    tables.ZONE_FIELDS).
    """

    cross_table: pd.DataFrame | None = None
    zone_verdicts: gpd.GeoDataFrame | None = None


@dataclass(frozen=True)
class Unplanned:
    """Lower zones (``which``) with ground that no upper zone covers, its area, and its pieces
    separated from noise.
    """

    which: np.ndarray
    area_m2: np.ndarray
    pieces: Pieces

    @property
    def real_of_piece(self) -> np.ndarray:
        """For each real piece the place of its zone in ``which``."""
        return self.pieces.source[self.pieces.real]

    @property
    def real_m2(self) -> np.ndarray:
        """The area of each real piece."""
        return np.asarray(shapely.area(self.pieces.polygons[self.pieces.real]))
