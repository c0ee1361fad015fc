"""The truth table: every planted defect with its place, and what each check must count in each
district.

In: defects and conformity pieces of finished plans. Out: rows for truth.csv, truth.gpkg,
truth_summary.csv and truth_measures.csv. Areas are in m² on the plane of the plan; x and y lie
inside the place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from ..engine.catalogue import text
from .names import District
from .overlay import OverlayPiece
from .planting import Draft, PlantedDefect
from .provincial_plan import ProvincialPlan
from .shapes import width_m
from .sites import Site
from .zoning import ZONES

COLUMNS = [
    "defect_id",
    "rule",
    "kind",
    "noise",
    "plan_a",
    "zone_a",
    "fid_a",
    "code_a",
    "plan_b",
    "zone_b",
    "fid_b",
    "code_b",
    "territory",
    "area_m2",
    "width_m",
    "x",
    "y",
    "note_vi",
    "note_en",
]
PROVINCIAL_PLAN_ID = "QHT"
Row = dict[str, Any]


def plan_id(district: District) -> str:
    """Return the id of a district's plan in the register."""
    return f"QHSDD-{district.code}"


def coverage_rows(defects: list[PlantedDefect], draft: Draft, district: District) -> list[Row]:
    """Truth rows of what is wrong inside one plan."""
    rows = []
    for defect in defects:
        key = f"demo.note.{defect.rule}.{defect.kind}"
        row = _row(defect.rule, defect.kind, defect.noise, district, draft, defect.a, defect.place, defect.width_m)
        if defect.b is not None:
            row.update(
                plan_b=plan_id(district), zone_b=draft.key[defect.b], fid_b=defect.b + 1, code_b=draft.code[defect.b]
            )
        row.update(note_vi=text(key, "vi"), note_en=text(key, "en"))
        if defect.rule == "geometry.invalid":
            # The finding is a place on the outline, not the zone.
            row.update(area_m2=0.0, width_m=0.0)
        rows.append(row)
    return rows


def conformity_rows(
    pieces: list[OverlayPiece],
    draft: Draft,
    district: District,
    plan: ProvincialPlan,
    sites: dict[int, Site],
    holes: list[shapely.Polygon],
) -> list[Row]:
    """Truth rows of what does not fit the provincial plan; ``sites`` are the planted uses by
    row.
    """
    rows = []
    for piece in pieces:
        site = sites.get(piece.row)
        kind = "site" if site else "unplanted"
        if piece.upper is None:
            kind = "hole" if any(shapely.intersects(hole, piece.place) for hole in holes) else "overhang"
        row = _row(piece.rule, kind, False, district, draft, piece.row, piece.place, piece.width_m)
        row["plan_b"] = PROVINCIAL_PLAN_ID
        if piece.upper is not None:
            fid = int(plan.number[piece.upper]) + 1
            row.update(zone_b=plan.keys[piece.upper], fid_b=fid, code_b=ZONES[plan.zone[piece.upper]])
        if site:
            row.update(note_vi=site.note_vi, note_en=site.note_en)
        else:
            key = f"demo.note.{piece.rule}"
            row.update(note_vi=text(key, "vi"), note_en=text(key, "en"))
        rows.append(row)
    return rows


def noise_rows(draft: Draft, district: District, plan: ProvincialPlan, sites: dict[int, Site]) -> list[Row]:
    """Truth rows of planted uses too narrow to count at the provincial plan's scale."""
    rows = []
    strips = [number for number, site in sites.items() if site.noise]
    places = np.array([draft.geometry[number] for number in strips], dtype=object)
    upper_of = dict(zip(*(found.tolist() for found in plan.meeting(places))))
    for k, number in enumerate(strips):
        site, place, upper = sites[number], places[k], upper_of[k]
        row = _row("conformity.conflict", "strip", True, district, draft, number, place, width_m(place))
        fid = int(plan.number[upper]) + 1
        row.update(plan_b=PROVINCIAL_PLAN_ID, zone_b=plan.keys[upper], fid_b=fid, code_b=ZONES[plan.zone[upper]])
        row.update(note_vi=site.note_vi, note_en=site.note_en)
        rows.append(row)
    return rows


def _row(
    rule: str,
    kind: str,
    noise: bool,
    district: District,
    draft: Draft,
    a: int,
    place: shapely.Geometry | None,
    width: float,
) -> Row:
    point = None if place is None else shapely.point_on_surface(place)
    return {
        "rule": rule,
        "kind": kind,
        "noise": noise,
        "plan_a": plan_id(district),
        "zone_a": draft.key[a],
        "fid_a": a + 1,
        "code_a": draft.code[a],
        "territory": district.full_name,
        "area_m2": 0.0 if place is None else round(float(shapely.area(place)), 4),
        "width_m": round(width, 3),
        "x": None if point is None else round(float(point.x), 3),
        "y": None if point is None else round(float(point.y), 3),
        "geometry": place,
    }


def truth_frame(rows: list[Row]) -> pd.DataFrame:
    """Return all rows with ids, columns in order, and ``geometry``."""
    frame = pd.DataFrame(rows)
    frame["defect_id"] = [f"T{number:05d}" for number in range(1, len(frame) + 1)]
    for column in COLUMNS:
        if column not in frame:
            frame[column] = None
    for column in ("fid_a", "fid_b"):
        frame[column] = frame[column].astype("Int64")
    return frame[[*COLUMNS, "geometry"]]


def summary_frame(truth: pd.DataFrame) -> pd.DataFrame:
    """Expected counts and areas per district and rule, findings and noise apart."""
    rows = []
    for (plan, territory, rule), group in truth.groupby(["plan_a", "territory", "rule"], sort=True):
        noise = group["noise"].astype(bool)
        rows.append(
            {
                "plan_id": plan,
                "territory": territory,
                "rule": rule,
                "count": int((~noise).sum()),
                "area_m2": round(float(group.loc[~noise, "area_m2"].sum()), 2),
                "noise_count": int(noise.sum()),
                "noise_area_m2": round(float(group.loc[noise, "area_m2"].sum()), 2),
            }
        )
    return pd.DataFrame(rows)


def measures_row(
    polygons: np.ndarray, boundary: shapely.Geometry, defects: list[PlantedDefect], draft: Draft, district: District
) -> Row:
    """Return the balance of one plan as planted: what is left out, what sticks out, what is covered
    more than once.
    """
    total = float(shapely.area(polygons).sum())
    gap = sum(float(shapely.area(d.place)) for d in defects if d.rule == "coverage.gap")
    outside = sum(float(shapely.area(d.place)) for d in defects if d.rule == "coverage.outside")
    inside = float(shapely.area(boundary))
    covered = inside - gap + outside
    return {
        "plan_id": plan_id(district),
        "territory": district.full_name,
        "rows": len(draft.key),
        "zone_area_m2": round(total, 3),
        "covered_area_m2": round(covered, 3),
        "excess_area_m2": round(total - covered, 3),
        "boundary_area_m2": round(inside, 3),
        "gap_area_m2": round(gap, 3),
        "outside_area_m2": round(outside, 3),
    }
