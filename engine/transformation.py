"""One operation from one CRS to another for a whole layer, so that no border is torn where two operations meet.

PROJ by itself chooses the operation for every point: a WGS 84 layer across the edge of the Mekong area of EPSG:6960 gets a
step of 0.8 m in the middle. Goes in: two CRSs and the layer's bounds. Comes out: the most accurate operation whose area of
use holds the layer best, as a pyproj Transformer in x, y order; its description goes to the log.
"""

from __future__ import annotations

import numpy as np
import pyproj
from pyproj.aoi import AreaOfInterest
from pyproj.transformer import TransformerGroup


def one_operation(source: pyproj.CRS, target: pyproj.CRS, bounds: np.ndarray) -> pyproj.Transformer:
    """The operation for a layer in ``source`` with ``bounds`` (west, south, east, north in that CRS)."""
    degrees = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform_bounds(*bounds)
    area = AreaOfInterest(*degrees) if np.isfinite(degrees).all() else None
    group = TransformerGroup(source, target, always_xy=True, area_of_interest=area)  # type: ignore[arg-type]
    usable = group.transformers
    return usable[0] if usable else pyproj.Transformer.from_crs(source, target, always_xy=True)
