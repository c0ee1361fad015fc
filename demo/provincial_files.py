"""The provincial plan map as a file.

In: the finished plan (holes cut). Out: quy_hoach_tinh.gpkg with a key, the zone's code and name,
and the area.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from ..engine.catalogue import read_table
from .files import write_polygons
from .land_use import DEMO
from .provincial_plan import ProvincialPlan
from .zoning import ZONES

NAME = "quy_hoach_tinh"


def write_provincial(folder: Path, plan: ProvincialPlan) -> None:
    """Write the provincial plan map."""
    names = {row["code"]: row["name_vi"] for row in read_table(DEMO / "zones.csv")}
    codes = [ZONES[number] for number in plan.zone]
    columns = {
        "ma_vung": list(plan.keys),
        "ma_khu": codes,
        "ten_khu": [names[code] for code in codes],
        "dien_tich_ha": np.round(shapely.area(plan.geometry) / 1e4, 2).tolist(),
        "ghi_chu": ["" for _ in codes],
    }
    write_polygons(folder / f"{NAME}.gpkg", NAME, columns, plan.geometry)
