"""The units that the boundaries beside a folder of plans name: what a file's name may mean, and where each unit lies.

Goes in: files of boundaries; those that cannot be read are passed over, because a proposal can do without. Comes out: Units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyproj
import shapely

from ..errors import PlanError
from ..intake.inspection import inspect
from ..intake.preparing import prepare_table
from ..transformation import to_degrees
from ..values import text_columns
from .words import fold

KINDS = r"^(thanh pho|thi xa|thi tran|huyen|quan|phuong|xa|tinh|dac khu) "
PROVINCE = "tinh "
DEGREES = pyproj.CRS.from_epsg(4326)
LEAST_COMMON = 0.5
"""Of the frame around a plan this much lies in the frame around its territory, wherever in it the plan may be."""


@dataclass(frozen=True)
class Units:
    """``names``: the name without the word for the kind, longest first, to the full name; ``frames`` in degrees by full name."""

    names: dict[str, str] = field(default_factory=dict)
    frames: dict[str, shapely.Geometry] = field(default_factory=dict)

    @property
    def province(self) -> str:
        """The province, where the boundaries name exactly one; else ""."""
        found = [name for name in self.frames if fold(name).startswith(PROVINCE)]
        return found[0] if len(found) == 1 else ""

    def holds(self, unit: str, bounds: Sequence[float], crs: pyproj.CRS) -> bool:
        """Whether a frame lies where the unit does; True where that is not known."""
        frame = self.frames.get(unit)
        if frame is None:
            return True
        try:
            west, south, east, north = bounds
            turned = to_degrees(crs.to_wkt()).transform_bounds(west, south, east, north)
        except pyproj.exceptions.ProjError:
            return False
        if not np.isfinite(turned).all():
            return False
        own = shapely.box(*turned)
        common = float(shapely.area(shapely.intersection(own, frame)))
        return common >= LEAST_COMMON * float(own.area)


def units_of(boundaries: Sequence[Path]) -> Units:
    """The units of all layers of ``boundaries``."""
    names: dict[str, str] = {}
    frames: dict[str, shapely.Geometry] = {}
    for path in boundaries:
        try:
            tables = [prepare_table(f"{path}|layername={layer.name}")[0] for layer in inspect(str(path)).layers]
        except PlanError:
            continue
        for table in tables:
            boxes = None if table.crs is None else shapely.box(*table.geometry.to_crs(DEGREES).bounds.to_numpy().T)
            for column in (name for name in text_columns(table) if "ten" in fold(str(name))):
                for row, name in enumerate(table[column]):
                    if isinstance(name, str) and name:
                        names[re.sub(KINDS, "", fold(name))] = name
                        if boxes is not None:
                            frames[name] = boxes[row]
    return Units(dict(sorted(names.items(), key=lambda item: -len(item[0]))), frames)
