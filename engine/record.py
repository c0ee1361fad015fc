"""What a store holds: the columns of a finding, of a measure and of a run, with their kinds
(design, section 4).

Pure data, importable without geopandas. It is the one definition of the record, for GeoPackages,
PostGIS, QGIS sinks and the review dock alike; areas are in m² or ha and lengths in m, as their
names say.
"""

from __future__ import annotations

TEXT, REAL = "text", "real"
FIELDS: tuple[tuple[str, str], ...] = (
    ("finding_id", TEXT),
    ("rule", TEXT),
    ("severity", TEXT),
    ("status", TEXT),
    ("territory", TEXT),
    ("plan_a", TEXT),
    ("zone_a", TEXT),
    ("code_a", TEXT),
    ("plan_b", TEXT),
    ("zone_b", TEXT),
    ("code_b", TEXT),
    ("verdict", TEXT),
    ("area_m2", REAL),
    ("width_m", REAL),
    ("share_a", REAL),
    ("declared_ha", REAL),
    ("measured_ha", REAL),
    ("difference_ha", REAL),
    ("must_adjust", TEXT),
    ("reference", TEXT),
    ("message", TEXT),
    ("x", REAL),
    ("y", REAL),
    ("run_id", TEXT),
)


NAMES = [name for name, _ in FIELDS]


CHANGE_FIELDS: tuple[tuple[str, str], ...] = (("change", TEXT), ("change_detail", TEXT))
"""What became of a finding since an earlier run; only where a run was given one."""


MEASURE_FIELDS: tuple[tuple[str, str], ...] = (
    ("name", TEXT),
    ("value", REAL),
    ("unit", TEXT),
    ("plan", TEXT),
    ("territory", TEXT),
    ("run_id", TEXT),
)
RUN_FIELDS: tuple[tuple[str, str], ...] = (
    ("run_id", TEXT),
    ("check", TEXT),
    ("tool_version", TEXT),
    ("libraries", TEXT),
    ("inputs", TEXT),
    ("crs", TEXT),
    ("area_kind", TEXT),
    ("tolerance_width_m", REAL),
    ("tolerance_area_m2", REAL),
    ("rules", TEXT),
    ("rules_sha256", TEXT),
    ("options", TEXT),
    ("started", TEXT),
    ("ended", TEXT),
    ("status", TEXT),
)
