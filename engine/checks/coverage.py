"""Does a plan cover its territory once, wholly, and not beyond? Overlaps, gaps, overhang,
duplicates, bad geometry.

Goes in: a PlanLayer and its boundary (one polygonal geometry, or None), both in the working CRS in
metres. Comes out: a CheckResult with the findings coverage.*, geometry.*, key.*, code.missing and
the measures that the contract's outputs are named after (design, section 8), areas in m² on the
plane. Without a boundary only enclosed gaps can be found and no overhang. Fails with PlanError when
no zone has an area or the boundary lies in another place; Cancelled when asked to.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ..catalogue import text
from ..errors import PlanError
from ..findings import CheckResult, Measure, assemble, batch
from ..plan import PlanLayer
from ..planar.edges import suspect_edges
from ..planar.kernel import fitting_cover
from ..planar.polygons import polygonal
from ..planar.unmatched import unmatched_edges
from ..planar.width import widths
from ..progress import Progress
from . import unmatched_edges as shared_edges
from .balance import Balance, accounts
from .neighbours import two_nearest
from .pieces import Pieces, sort_out, to_batches
from .preparation import PreparedZones, prepare, zone_findings
from .refusals import refuse_crowds, refuse_repeated_pairs, refuse_without_ground
from .settings import Settings

LARGER_BOUNDARY_SHARE = 0.5
"""A plan that covers less of its boundary than this was most likely given the boundary of a larger
territory.
"""


def check_coverage(
    plan: PlanLayer, boundary: shapely.Geometry | None, settings: Settings, boundary_name: str = ""
) -> CheckResult:
    """Check the coverage of one plan; see the module's paragraph."""
    progress = settings.progress
    progress.step(0.0, text("progress.geometry", settings.language))
    prepared = prepare(plan, progress.part(0.0, 0.04))
    _on(progress, 0.04)
    refuse_without_ground(prepared)
    if boundary is not None:
        _refuse_other_place(prepared, boundary, boundary_name)
    progress.checkpoint()
    coverage = _Coverage(prepared, boundary, settings)
    _on(progress, 0.89)
    without_place = len(prepared.polygons) < len(plan.zones)
    territory = _hull(prepared.polygons) if boundary is None and without_place else boundary
    batches = zone_findings(prepared, polygonal([territory])[0], settings)
    _on(progress, 0.9)
    batches += coverage.batches()
    _on(progress, 0.92)
    findings = assemble(batches, plan.crs, settings.language, settings.run_id)
    _on(progress, 0.95)
    balance = coverage.balance()
    _on(progress, 0.97)
    passed = balance.closes and not (findings["severity"] == "error").any()
    measures = coverage.measures() + balance.measures()
    measures.append(Measure("zone_count", len(plan.zones), "count"))
    measures.append(Measure("invalid_count", len(prepared.defects), "count"))
    measures.append(Measure("empty_count", len(prepared.empty), "count"))
    log = balance.log(settings.language)
    if boundary is None:
        log.append(text("coverage.no_boundary", settings.language))
    elif balance.covered_m2 < LARGER_BOUNDARY_SHARE * shapely.area(boundary):
        log.append(text("coverage.larger_boundary", settings.language, boundary=boundary_name, layer=plan.name))
    progress.step(1.0)
    means = {"key.": plan.key_field, "code.missing": plan.code_field, "coverage.outside": boundary is not None}
    return CheckResult(
        findings,
        measures,
        "passed" if passed else "failed",
        log,
        plan=plan.name,
        territory=plan.territory,
        unmatched=coverage.unmatched(settings.run_id),
        balanced=balance.closes,
        not_looked_for=tuple(rule for rule, there in means.items() if not there),
    )


def _on(progress: Progress, fraction: float) -> None:
    """One step further, and whether to stop."""
    progress.step(fraction)
    progress.checkpoint()


def _refuse_other_place(prepared: PreparedZones, boundary: shapely.Geometry, boundary_name: str) -> None:
    if shapely.is_empty(boundary) or shapely.area(boundary) == 0:
        raise PlanError("error.boundary_empty", layer=boundary_name)
    shapely.prepare(boundary)
    if not shapely.intersects(boundary, prepared.polygons).any():
        raise PlanError(
            "error.boundary_elsewhere",
            layer=prepared.plan.name,
            boundary=boundary_name,
            bounds=_bounds(shapely.total_bounds(prepared.polygons)),
            boundary_bounds=_bounds(shapely.bounds(boundary)),
        )


def _hull(polygons: np.ndarray) -> shapely.Geometry:
    """Around the boxes of all zones: the territory where no boundary is given."""
    west, south, east, north = shapely.bounds(polygons).T
    corners = np.column_stack([np.r_[west, west, east, east], np.r_[south, north, south, north]])
    return shapely.convex_hull(shapely.MultiPoint(np.unique(corners, axis=0)))


def _bounds(bounds: np.ndarray) -> str:
    return f"x {bounds[0]:.0f}–{bounds[2]:.0f}, y {bounds[1]:.0f}–{bounds[3]:.0f}"


@dataclass(frozen=True)
class _Twins:
    """``first`` and ``other``: zones with the same outline; ``single``: one zone of each
    outline.
    """

    first: np.ndarray
    other: np.ndarray
    single: np.ndarray

    @classmethod
    def of(cls, zones: np.ndarray) -> _Twins:
        first = np.arange(len(zones))
        boxes = pd.DataFrame(shapely.bounds(zones))
        alike = np.flatnonzero(boxes.duplicated(keep=False))  # the same outline has the same box
        unsigned = shapely.transform(zones[alike], lambda xy: xy + 0.0)  # -0.0 and 0.0 are one place
        outline = pd.Series(shapely.to_wkb(shapely.normalize(unsigned)))
        first[alike] = alike[pd.Series(range(len(alike))).groupby(outline).transform("first").to_numpy(dtype=int)]
        other = np.flatnonzero(first != np.arange(len(zones)))
        return cls(first[other], other, np.flatnonzero(first == np.arange(len(zones))))

    @property
    def firsts(self) -> np.ndarray:
        """For each zone the first one with its outline."""
        firsts = np.arange(len(self.single) + len(self.other))
        firsts[self.other] = self.first
        return firsts

    def for_each(self, pairs: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pairs of single zones, repeated for every zone with the outline of one of them."""
        i, j, shared = self.single[pairs[0]], self.single[pairs[1]], pairs[2]
        if len(self.other) == 0 or len(i) == 0:
            return i, j, shared
        copies = self._copies()
        which, a, b = [], [], []
        for index, (one, two) in enumerate(zip(i.tolist(), j.tolist())):
            for left in copies.get(one, [one]):
                for right in copies.get(two, [two]):
                    which.append(index)
                    a.append(min(left, right))
                    b.append(max(left, right))
        return np.array(a), np.array(b), shared[which]

    def each(self, zones: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Single zones and what is left of them, repeated for every zone with the outline of one of
        them.
        """
        zones = self.single[zones]
        copies = self._copies()
        repeated = [copies.get(zone, [zone]) for zone in zones.tolist()]
        which = np.repeat(np.arange(len(zones)), [len(zone) for zone in repeated])
        return np.array([copy for zone in repeated for copy in zone], dtype=int), rest[which]

    def _copies(self) -> dict[int, list[int]]:
        """Return the zones of an outline by the first of them, where there are several."""
        copies: dict[int, list[int]] = {}
        for first, other in zip(self.first.tolist(), self.other.tolist()):
            copies.setdefault(first, [first]).append(other)
        return copies


class _Coverage:
    """What the zones of one plan share, leave open and exceed; computed once, then asked for
    findings and numbers.
    """

    def __init__(self, prepared: PreparedZones, boundary: shapely.Geometry | None, settings: Settings):
        self._prepared, self._boundary, self._progress = prepared, boundary, settings.progress
        self._language = settings.language
        zones, progress, tolerance = prepared.polygons, settings.progress, settings.tolerance
        progress.step(0.05, text("progress.overlaps", settings.language))
        self._twins = _Twins.of(zones)
        _on(progress, 0.06)
        refuse_crowds(prepared, zones[self._twins.single])
        _on(progress, 0.07)
        cover = self._cover = fitting_cover(zones[self._twins.single], boundary, progress.part(0.07, 0.85))
        suspects = cover.suspects
        if suspects is None:  # the plain way, which looks for no edges, is for plans in which that takes no time
            suspects = suspect_edges(zones[self._twins.single], progress.part(0.85, 0.86))
        self._unmatched = unmatched_edges(suspects, progress.part(0.86, 0.87))
        progress.checkpoint()
        progress.step(0.87, text("progress.findings", settings.language))
        single = self._twins.single
        refuse_repeated_pairs(prepared, self._twins.firsts, (single[cover.i], single[cover.j]))
        self._i, self._j, shared = self._twins.for_each((cover.i, cover.j, cover.shared))
        self._overlap_pieces = sort_out(shared, tolerance)
        self._gaps = sort_out(cover.gaps, tolerance)
        self._beyond, overhang = self._twins.each(cover.beyond, cover.overhang)
        self._outside = sort_out(overhang, tolerance)

    def batches(self) -> list[pd.DataFrame]:
        """Return the findings of the overlays."""
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
            outline, drawn_by = np.unique(same.first, return_inverse=True)
            columns = {name: rows[name].to_numpy() for name in rows.columns}
            made.append(
                batch(
                    "geometry.duplicate",
                    shape,
                    area_m2=shapely.area(shape),
                    width_m=widths(self._prepared.polygons[outline], self._progress)[drawn_by],
                    share_a=1.0,
                    **columns,
                )
            )
        for rule, pieces, rows in (
            ("coverage.overlap", self._overlap_pieces, pairs(self._i, self._j)),
            ("coverage.gap", *self._gap_rows()),
            ("coverage.outside", self._outside, self._outside_rows(key, code, area)),
        ):
            batches, noise = to_batches(rule, pieces, rows, self._progress)
            made += batches
            self._noise_count += noise
        return made

    def _gap_rows(self) -> tuple[Pieces, pd.DataFrame]:
        """Return the gaps one by one, each with the two zones that it touches longest."""
        gaps = self._gaps
        plan = self._prepared.plan
        key, code = self._prepared.column("key"), self._prepared.column("code")
        near = two_nearest(gaps.polygons, self._prepared.polygons, self._progress)
        rows = pd.DataFrame({"plan_a": plan.name, "territory": plan.territory}, index=range(len(gaps.polygons)))
        for side, zone in (("a", near[:, 0]), ("b", near[:, 1])):
            rows[f"zone_{side}"] = np.where(zone >= 0, key[zone], "")
            rows[f"code_{side}"] = np.where(zone >= 0, code[zone], "")
        rows["plan_b"] = np.where(near[:, 1] >= 0, plan.name, "")
        rows["detail"] = [self._beside(row) for row in rows.to_dict("records")]
        return Pieces(gaps.polygons, np.arange(len(gaps.polygons)), gaps.real), rows

    def _beside(self, row: dict[Hashable, str]) -> str:
        """Return the zones beside a gap in words, "" where it has none."""
        if not row["zone_a"]:
            return ""
        names = {name: row[name] or "–" for name in ("zone_a", "code_a", "zone_b", "code_b")}
        return text("coverage.beside_two" if row["zone_b"] else "coverage.beside_one", self._language, **names)

    def _outside_rows(self, key: np.ndarray, code: np.ndarray, area: np.ndarray) -> pd.DataFrame:
        plan, beyond = self._prepared.plan, self._beyond
        names = {"zone_a": key[beyond], "code_a": code[beyond], "zone_area_m2": area[beyond]}
        return pd.DataFrame(names).assign(plan_a=plan.name, territory=plan.territory)

    def measures(self) -> list[Measure]:
        """Counts and areas of findings wider than the tolerance, and of the noise. Call after
        :meth:`batches`.
        """
        pieces = self._overlap_pieces
        twins, outlines = self._twins.other, self._prepared.polygons[np.unique(self._twins.first)]
        twice = shapely.union_all(np.concatenate([pieces.polygons[pieces.real], outlines]))
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
            *shared_edges.measures(self._unmatched),
        ]

    def unmatched(self, run_id: str) -> gpd.GeoDataFrame:
        """Return the edges that neighbours share without sharing all vertices."""
        return shared_edges.table(self._unmatched, self._twins.single, self._prepared, run_id)

    def balance(self) -> Balance:
        """Return the balance over everything, noise and dust included."""
        zones, cover = self._prepared.polygons, self._cover
        return Balance(
            zones_m2=float(shapely.area(zones).sum()),
            covered_m2=cover.covered_m2,
            excess_m2=cover.excess_m2 + float(shapely.area(zones[self._twins.other]).sum()),
            boundary_m2=None if self._boundary is None else float(shapely.area(self._boundary)),
            gap_m2=cover.gap_m2,
            outside_m2=cover.outside_m2,
            suspect_length_m=cover.suspect_length_m,
            step_m=cover.step_m,
            accounts=accounts(cover, self._boundary is not None),
        )
