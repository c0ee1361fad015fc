# %% [markdown]
# # A district of the demo, checked in ten lines
#
# Runs as a script (`python docs/examples/check_a_district.py FOLDER`) and cell by cell in editors that know `# %%`.
# FOLDER is where the demo lies or shall lie; the findings and the picture are written beside it.

# %%
from __future__ import annotations

import sys
from pathlib import Path

import planconcord as pc
import pyogrio

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")

# %% The demo province: thirteen districts with planted defects, made by `planconcord createdemo`
register = folder / "register.csv"
if not register.is_file():
    from planconcord.__main__ import main

    main(["createdemo", "--folder", str(folder)])

# %% The check: a plan, its district's boundary, its scale
import pandas as pd  # noqa: E402

plan = pd.read_csv(register, dtype=str, encoding="utf-8-sig").set_index("plan_id").loc["QHSDD-H12"]
limits = pyogrio.read_dataframe(folder / "ranh_gioi.gpkg", layer="ranh_gioi_huyen")
limit = limits[limits["ten_huyen"] == plan["territory"]]
zones = pyogrio.read_dataframe(folder / plan["source"].split("|")[0])
result = pc.check_coverage(
    zones, limit, key=plan["key_field"], code=plan["code_field"], scale=float(plan["scale"]), plan="QHSDD-H12"
)

# %% What it found
errors = result.findings[result.findings["severity"] == "error"]
print(result.status, "-", len(errors), "errors,", round(result.measures["overlap_area"] / 1e4, 2), "ha covered twice")
print(errors.groupby("rule").agg(findings=("finding_id", "size"), area_m2=("area_m2", "sum")).round(1))
result.to_file(folder.parent / "district.gpkg")  # opens in the review dock of QGIS

# %% The findings on the plan
import matplotlib  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

placed = errors[errors["rule"].str.startswith("coverage.")].to_crs(
    zones.crs
)  # the others carry a disc or their territory
figure, axes = plt.subplots(figsize=(9, 9))
zones.plot(ax=axes, facecolor="#f2efe6", edgecolor="#b8b2a4", linewidth=0.4)
limit.to_crs(zones.crs).boundary.plot(ax=axes, color="#333333", linewidth=1.2)
marks = placed.set_geometry(placed.representative_point())
marks.plot(ax=axes, column="rule", legend=True, cmap="Set1", markersize=110, alpha=0.45)
placed.plot(ax=axes, column="rule", cmap="Set1", edgecolor="black", linewidth=0.6)
axes.set_title(f"{plan['territory']}: {len(placed)} places")
axes.set_axis_off()
figure.savefig(folder.parent / "district.png", dpi=110, bbox_inches="tight")
