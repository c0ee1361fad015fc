"""The library's face: the checks for those who script, ``import planconcord as pc``.

Zones are a GeoDataFrame or whatever a file is called ("plan.gpkg", "plan.gpkg|layername=zones"). Layers of different CRSs are
brought together in the working CRS, the province's own unless ``crs`` names another; degrees, or no CRS, never pass silently.
Areas are in m² on the plane of that CRS, lengths in metres. Every function fails with PlanError, whose ``text("vi")`` says it
in Vietnamese too.

>>> import geopandas as gpd, planconcord as pc, shapely
>>> zones = gpd.GeoDataFrame(
...     {"id": ["Z1", "Z2"], "code": ["LUC", "ONT"]},
...     geometry=[shapely.box(500000, 2300000, 500100, 2300100), shapely.box(500090, 2300000, 500200, 2300100)],
...     crs="EPSG:5899",
... )
>>> result = pc.check_coverage(zones, key="id", code="code")
>>> result.conforms, result.measures["overlap_count"], result.measures["overlap_area"]
(False, 1.0, 1000.0)
>>> result.findings[["rule", "zone_a", "zone_b", "area_m2"]].to_dict("records")
[{'rule': 'coverage.overlap', 'zone_a': 'Z1', 'zone_b': 'Z2', 'area_m2': 1000.0}]
"""

from __future__ import annotations

from ..errors import PlanError
from .checks import check_borders, check_conformity, check_coverage, read_rules
from .comparing import Comparison, compare_drafts, compare_findings
from .figures import check_figures
from .preparing import diagnose_crs, prepare_plan
from .result import Result

__all__ = [
    "Comparison",
    "PlanError",
    "Result",
    "check_borders",
    "check_conformity",
    "check_coverage",
    "check_figures",
    "compare_drafts",
    "compare_findings",
    "diagnose_crs",
    "prepare_plan",
    "read_rules",
]
