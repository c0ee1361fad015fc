"""Does a plan cover its territory once, wholly, and not beyond? Overlaps, gaps, overhang, duplicates, bad geometry.

Goes in: a PlanLayer and its boundary (one polygonal geometry, or None), both in the working CRS in metres. Comes out: a
CheckResult with the findings coverage.*, geometry.*, key.*, code.missing and the measures that the contract's outputs
are named after (design, section 8), areas in m² on the plane. Without a boundary only enclosed gaps can be found and no
overhang. Fails with PlanError when no zone has an area or the boundary lies in another place; Cancelled when asked to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..catalogue import text
from ..errors import PlanError
from ..findings import CheckResult, Measure, assemble, batch
from ..plan import PlanLayer
from ..planar.bruteforce import overlaps
from ..planar.depth import overlap_faces, uncovered_faces
from ..planar.polygons import EMPTY, polygonal
from ..planar.width import widths
from .balance import Balance
from .neighbours import two_nearest
from .pieces import Pieces, sort_out, to_batches
from .preparation import Prepared, prepare, zone_findings
from .settings import Settings


def check_coverage(
    plan: PlanLayer, boundary: shapely.Geometry | None, settings: Settings, boundary_name: str = ""
) -> CheckResult:
    """The coverage check of one plan; see the module's paragraph."""
    progress = settings.progress
    progress.step(0.0, text("progress.geometry", settings.language))
    prepared = prepare(plan)
    if len(prepared.polygons) == 0:
        raise PlanError("error.no_geometry", layer=plan.name, count=len(plan.zones))
    if boundary is not None:
        _refuse_other_place(prepared, boundary, boundary_name)
    progress.checkpoint()
    cover = _Cover(prepared, boundary, settings)
    territory = boundary if boundary is not None else shapely.convex_hull(cover.covered)
    batches = zone_findings(prepared, polygonal([territory])[0], settings)
    batches += cover.batches()
    findings = assemble(batches, plan.crs, settings.language, settings.run_id)
    balance = cover.balance()
    passed = balance.closes and not (findings["severity"] == "error").any()
    measures = cover.measures() + balance.measures()
    measures.append(Measure("zone_count", len(plan.zones), "count"))
    measures.append(Measure("invalid_count", len(prepared.defects), "count"))
    measures.append(Measure("empty_count", len(prepared.empty), "count"))
    log = balance.log(settings.language)
    if boundary is None:
        log.append(text("coverage.no_boundary", settings.language))
    progress.step(1.0)
    return CheckResult(
        findings, measures, "passed" if passed else "failed", log, plan=plan.name, territory=plan.territory
    )


def _refuse_other_place(prepared: Prepared, boundary: shapely.Geometry, boundary_name: str) -> None:
    if shapely.is_empty(boundary) or shapely.area(boundary) == 0:
        raise PlanError("error.boundary_empty", layer=boundary_name)
    if not shapely.intersects(boundary, prepared.polygons).any():
        raise PlanError(
            "error.boundary_elsewhere",
            layer=prepared.plan.name,
            boundary=boundary_name,
            bounds=_bounds(shapely.total_bounds(prepared.polygons)),
            boundary_bounds=_bounds(shapely.bounds(boundary)),
        )


def _bounds(bounds: np.ndarray) -> str:
    return f"x {bounds[0]:.0f}–{bounds[2]:.0f}, y {bounds[1]:.0f}–{bounds[3]:.0f}"


@dataclass(frozen=True)
class _Duplicates:
    """``first`` and ``other``: zones with the same outline; ``group``: per zone, the first zone of its outline."""

    first: np.ndarray
    other: np.ndarray
    group: np.ndarray


def _duplicates(polygons: np.ndarray) -> _Duplicates:
    outline = shapely.to_wkb(shapely.normalize(polygons))
    group = pd.Series(np.arange(len(polygons))).groupby(pd.Series(outline)).transform("first").to_numpy()
    other = np.flatnonzero(group != np.arange(len(polygons)))
    return _Duplicates(group[other], other, group)


class _Cover:
    """The overlays of one plan: what its zones share, leave open and exceed; computed once, then asked for."""

    def __init__(self, prepared: Prepared, boundary: shapely.Geometry | None, settings: Settings):
        self._prepared, self._boundary, self._settings = prepared, boundary, settings
        zones, progress = prepared.polygons, settings.progress
        progress.step(0.05, text("progress.overlaps", settings.language))
        self._twins = _duplicates(zones)
        self._i, self._j, self._shared = self._overlaps(zones)
        progress.step(0.6, text("progress.gaps", settings.language))
        self.covered = shapely.union_all(zones)
        progress.checkpoint()
        if boundary is None:
            self._gaps = sort_out(uncovered_faces(self.covered), settings.tolerance)
            self._outside = sort_out(np.zeros(0, dtype=object), settings.tolerance)
            self._beyond = np.zeros(0, dtype=int)
        else:
            self._gaps = sort_out([shapely.difference(boundary, self.covered)], settings.tolerance)
            self._beyond, rest = self._overhang(zones, boundary)
            self._outside = sort_out(rest, settings.tolerance)
        progress.step(0.85, text("progress.findings", settings.language))
        self._overlap_pieces = sort_out(self._shared, settings.tolerance)

    def _overlaps(self, zones: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pairs that share area; duplicates are one zone here, and their pairs are repeated for each of them."""
        single = np.flatnonzero(self._twins.group == np.arange(len(zones)))
        i, j, shared = overlaps(zones[single], self._settings.progress.part(0.05, 0.6))
        i, j = single[i], single[j]
        if len(self._twins.other) == 0 or len(i) == 0:
            return i, j, shared
        members = pd.Series(np.arange(len(zones))).groupby(self._twins.group).apply(list)
        pairs = [
            (min(a, b), max(a, b), piece)
            for first, second, piece in zip(i, j, shared)
            for a in members[first]
            for b in members[second]
        ]
        out = np.empty(len(pairs), dtype=object)
        out[:] = [piece for _, _, piece in pairs]
        return np.array([a for a, _, _ in pairs]), np.array([b for _, b, _ in pairs]), out

    @staticmethod
    def _overhang(zones: np.ndarray, boundary: shapely.Geometry) -> tuple[np.ndarray, np.ndarray]:
        shapely.prepare(boundary)
        beyond = np.flatnonzero(~shapely.covers(boundary, zones))
        return beyond, shapely.difference(zones[beyond], boundary)

    def batches(self) -> list[pd.DataFrame]:
        """The findings of the overlays."""
        plan = self._prepared.plan
        key, code = self._prepared.column("key"), self._prepared.column("code")
        both = {"plan_a": plan.name, "plan_b": plan.name, "territory": plan.territory}
        area = shapely.area(self._prepared.polygons)
        made, self._noise_count = [], 0

        def pairs(a: np.ndarray, b: np.ndarray) -> pd.DataFrame:
            names = {"zone_a": key[a], "code_a": code[a], "zone_b": key[b], "code_b": code[b]}
            return pd.DataFrame({**names, "zone_area_m2": area[a]}).assign(**both)

        same = self._twins
        if len(same.other):
            rows = pairs(same.first, same.other).drop(columns="zone_area_m2")
            shape = self._prepared.polygons[same.other]
            columns = {name: rows[name].to_numpy() for name in rows.columns}
            made.append(
                batch(
                    "geometry.duplicate",
                    shape,
                    area_m2=shapely.area(shape),
                    width_m=widths(shape),
                    share_a=1.0,
                    **columns,
                )
            )
        for rule, pieces, rows in (
            ("coverage.overlap", self._overlap_pieces, pairs(self._i, self._j)),
            ("coverage.gap", *self._gap_rows()),
            ("coverage.outside", self._outside, self._outside_rows(key, code, area)),
        ):
            batches, noise = to_batches(rule, pieces, rows)
            made += batches
            self._noise_count += noise
        return made

    def _gap_rows(self) -> tuple[Pieces, pd.DataFrame]:
        """The gaps one by one, each with the two zones that it touches longest."""
        gaps = self._gaps
        plan = self._prepared.plan
        key, code = self._prepared.column("key"), self._prepared.column("code")
        near = two_nearest(gaps.polygons, self._prepared.polygons)
        rows = pd.DataFrame({"plan_a": plan.name, "territory": plan.territory}, index=range(len(gaps.polygons)))
        for side, zone in (("a", near[:, 0]), ("b", near[:, 1])):
            rows[f"zone_{side}"] = np.where(zone >= 0, key[zone], "")
            rows[f"code_{side}"] = np.where(zone >= 0, code[zone], "")
        rows["plan_b"] = np.where(near[:, 1] >= 0, plan.name, "")
        return Pieces(gaps.polygons, np.arange(len(gaps.polygons)), gaps.real), rows

    def _outside_rows(self, key: np.ndarray, code: np.ndarray, area: np.ndarray) -> pd.DataFrame:
        plan, beyond = self._prepared.plan, self._beyond
        names = {"zone_a": key[beyond], "code_a": code[beyond], "zone_area_m2": area[beyond]}
        return pd.DataFrame(names).assign(plan_a=plan.name, territory=plan.territory)

    def measures(self) -> list[Measure]:
        """Counts and areas of findings wider than the tolerance, and of the noise. Call after :meth:`batches`."""
        pieces = self._overlap_pieces
        twins = self._prepared.polygons[self._twins.other]
        twice = shapely.union_all(np.concatenate([pieces.polygons[pieces.real], twins]))
        noise_m2 = pieces.noise_area_m2 + self._gaps.noise_area_m2 + self._outside.noise_area_m2
        return [
            Measure("overlap_count", pieces.real_count + len(twins), "count"),
            Measure("overlap_area", float(shapely.area(twice)), "m2"),
            Measure("gap_count", self._gaps.real_count, "count"),
            Measure("gap_area", self._gaps.real_area_m2, "m2"),
            Measure("outside_count", self._outside.real_count, "count"),
            Measure("outside_area", self._outside.real_ground_m2, "m2"),
            Measure("noise_count", self._noise_count, "count"),
            Measure("noise_area", noise_m2, "m2"),
            Measure("duplicate_count", len(twins), "count"),
        ]

    def balance(self) -> Balance:
        """The balance over everything, noise and dust included."""
        zones, boundary = self._prepared.polygons, self._boundary
        twins = zones[np.unique(self._twins.first)]
        pieces = np.concatenate([self._shared, twins])
        faces, depth = overlap_faces(zones, polygonal(pieces))
        outside = EMPTY if boundary is None else shapely.difference(self.covered, boundary)
        gaps = EMPTY if boundary is None else shapely.difference(boundary, self.covered)
        return Balance(
            zones_m2=float(shapely.area(zones).sum()),
            covered_m2=float(shapely.area(self.covered)),
            excess_m2=float((shapely.area(faces) * (depth - 1)).sum()),
            boundary_m2=None if boundary is None else float(shapely.area(boundary)),
            gap_m2=float(shapely.area(gaps)),
            outside_m2=float(shapely.area(outside)),
            suspect_length_m=float(shapely.length(pieces).sum() + shapely.length(gaps) + shapely.length(outside)),
        )
