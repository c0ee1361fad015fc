"""One operation from one CRS to another for a whole layer, so that no border is torn where two
operations meet.

PROJ by itself chooses the operation for every point: a WGS 84 layer across the edge of the Mekong
area of EPSG:6960 gets a step of 0.8 m in the middle. Goes in: two CRSs and the layer's bounds.
Comes out: the most accurate operation whose area of use holds the layer best, as a pyproj
Transformer in x, y order; its description goes to the log.

Whether a CRS can be transformed at all is asked here too, before anything is: MapInfo's NonEarth,
an "undefined Cartesian" CRS of a GeoPackage, a drawing's own grid or a map of the moon have no
place on the earth. PlanError for those, and for none.
"""

from __future__ import annotations

import functools

import numpy as np
import pyproj
from pyproj.aoi import AreaOfInterest
from pyproj.transformer import TransformerGroup

from .errors import PlanError


def require_place(crs: pyproj.CRS | None, layer: str, without: str = "error.no_crs") -> pyproj.CRS:
    """Return the CRS of a layer, which has a place on the earth; ``without`` is what to say where
    there is none.
    """
    if crs is None:
        raise PlanError(without, layer=layer)
    if not has_place(crs):
        raise PlanError("error.crs_unusable", layer=layer, crs=str(crs.name))
    return crs


def has_place(crs: pyproj.CRS) -> bool:
    """Return whether coordinates in ``crs`` lie somewhere on the earth."""
    return _has_place(crs.to_wkt())


@functools.lru_cache(maxsize=256)
def _has_place(wkt: str) -> bool:
    crs = pyproj.CRS.from_wkt(wkt)
    if not (crs.is_geographic or crs.is_projected):
        return False
    try:
        to_degrees(wkt)
    except pyproj.exceptions.ProjError:
        return False
    return True


@functools.lru_cache(maxsize=64)
def to_degrees(wkt: str) -> pyproj.Transformer:
    """Kept, because making one takes longer than looking into a file, and a register has thousands
    of plans.
    """
    return pyproj.Transformer.from_crs(pyproj.CRS.from_wkt(wkt), "EPSG:4326", always_xy=True)


def one_operation(source: pyproj.CRS, target: pyproj.CRS, bounds: np.ndarray) -> pyproj.Transformer:
    """Return the operation for a layer in ``source`` with ``bounds`` (west, south, east, north in
    that CRS).
    """
    degrees = pyproj.Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform_bounds(*bounds)
    area = AreaOfInterest(*degrees) if np.isfinite(degrees).all() else None
    group = TransformerGroup(source, target, always_xy=True, area_of_interest=area)  # type: ignore[arg-type]
    usable = group.transformers
    return usable[0] if usable else pyproj.Transformer.from_crs(source, target, always_xy=True)
