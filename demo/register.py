"""The register of the demo: one row a plan, as the province keeps it.

In: the districts and the province's name. Out: a table with the columns of the plan register;
sources are relative to the register's folder. Decision numbers and dates are invented.
"""

from __future__ import annotations

import pandas as pd

from .names import District
from .provincial_files import NAME
from .provincial_plan import SCALE
from .truth import PROVINCIAL_PLAN_ID, plan_id

COLUMNS = [
    "plan_id",
    "title",
    "level",
    "territory",
    "source",
    "key_field",
    "code_field",
    "declared_area_field",
    "scale",
    "nature",
    "status",
    "decision_no",
    "decision_date",
    "valid_from",
    "valid_to",
    "upper_plans",
]


def register_frame(districts: list[District], province: str) -> pd.DataFrame:
    """Return the provincial plan and the plan of each district."""
    rows = [
        (
            PROVINCIAL_PLAN_ID,
            f"Quy hoạch tỉnh {province} thời kỳ 2021–2030, tầm nhìn đến năm 2050",
            "provincial",
            f"Tỉnh {province}",
            f"{NAME}.gpkg|layername={NAME}",
            "ma_vung",
            "ma_khu",
            "",
            SCALE,
            "map",
            "approved",
            "1186/QĐ-TTg",
            "2023-10-12",
            "2021-01-01",
            "2030-12-31",
            "",
        )
    ]
    for district in districts:
        name = f"qhsdd_{district.slug}"
        number = district.number
        rows.append(
            (
                plan_id(district),
                f"Quy hoạch sử dụng đất thời kỳ 2021–2030 {district.full_name[0].lower()}{district.full_name[1:]}",
                "district",
                district.full_name,
                f"{name}.gpkg|layername={name}",
                "ma_thua",
                "ma_dat",
                "dien_tich_ha",
                district.scale,
                "map",
                "approved",
                f"{2140 + 37 * number}/QĐ-UBND",
                f"2022-{4 + number % 8:02d}-{3 + 2 * (number % 12):02d}",
                "2021-01-01",
                "2030-12-31",
                PROVINCIAL_PLAN_ID,
            )
        )
    return pd.DataFrame(rows, columns=COLUMNS)
