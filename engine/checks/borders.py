"""Do neighbouring plans meet in one line? Overlaps and gaps along the borders of territories that
were drawn apart.

Goes in: PlanLayers in the working CRS in metres, one a territory or with the territory of each
zone, and the search width: how far apart two lines may be and still be the same border. Comes out:
a CheckResult with one border.mismatch for each pair of neighbours whose lines differ (a warning
where any piece is wider than the tolerance, else information), each border.overlap and border.gap
wider than the tolerance, with a rule set also what changes abruptly over a border, and the measures
that the contract's outputs are named after. Areas in m² on the plane. Fails with PlanError when
there are not two territories; Cancelled when asked to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely

from ..amounts import area_text, length_text, width_text
from ..catalogue import text
from ..errors import PlanError
from ..findings import CheckResult, Measure, Outcome, assemble, batch
from ..plan import PlanLayer
from ..planar.borders import Border, borders
from ..planar.polygons import gather
from ..planar.width import widths
from ..progress import Progress
from ..rulesets.ruleset import RuleSet
from ..tolerance import Tolerance
from .border_land_use import abrupt_changes
from .neighbours import contacts
from .pieces import Pieces, sort_out
from .preparation import in_order_of_names
from .settings import Settings
from .territories import Territory, territories

LEAST_SEARCH_M, SEARCH_TOLERANCES = 20.0, 10.0
RULES = {"overlap": "border.overlap", "gap": "border.gap"}


def search_width(tolerance: Tolerance, search_m: float | None = None) -> float:
    """Return the given search width in metres, else ten tolerances, at least 20 m. It has to exceed
    the tolerance.
    """
    if search_m is None:
        return max(SEARCH_TOLERANCES * tolerance.width_m, LEAST_SEARCH_M)
    if not search_m > tolerance.width_m:
        raise PlanError("error.search_width", search=search_m, width=tolerance.width_m)
    return search_m


def check_borders(
    plans: list[PlanLayer],
    settings: Settings,
    search_m: float | None = None,
    rules: RuleSet | None = None,
    grounds: dict[str, shapely.Geometry] | None = None,
    others: Mapping[str, shapely.Geometry] | None = None,
) -> CheckResult:
    """Check the borders of territories against each other; see the module's paragraph.

    ``grounds`` remembers the united ground of each territory, by name, for who checks pair after
    pair. ``others``: the ground of further territories, by name, whose borders are not asked for:
    what one of them covers is no gap between two of ``plans``, and a gap that it touches is shared
    with it, as when all were checked together.
    """
    progress, language = settings.progress, settings.language
    search_m = search_width(settings.tolerance, search_m)
    for plan in plans:
        if rules is not None and not plan.code_field:
            raise PlanError("error.no_code_field", layer=plan.name)
    progress.step(0.0, text("progress.geometry", language))
    found, prepared = territories(plans, progress.part(0.0, 0.3), grounds=grounds)
    progress.step(0.3, text("progress.borders", language))
    met = _Borders(found, _met(found, others or {}, search_m, progress.part(0.3, 0.85)), settings)
    progress.step(0.85, text("progress.findings", language))
    abrupt = [] if rules is None else abrupt_changes(found, met.borders, rules, settings)
    findings = assemble([*met.batches(), *abrupt], plans[0].crs, language, settings.run_id)
    measures = met.measures()
    measures.append(Measure("abrupt_count", sum(map(len, abrupt)), "count"))
    measures.append(Measure("territory_count", len(found), "count"))
    measures.append(Measure("zone_count", sum(len(plan.zones) for plan in plans), "count"))
    measures.append(Measure("invalid_count", sum(len(plan.defects) for plan in prepared), "count"))
    measures.append(Measure("empty_count", sum(len(plan.empty) for plan in prepared), "count"))
    log = [text("borders.search", language, search=search_m)]
    for one in prepared:
        values = {"layer": one.plan.name, "invalid": len(one.defects), "empty": len(one.empty)}
        if one.defects or len(one.empty):
            log.append(text("borders.repaired", language, **values))
    if not met.borders:
        log.append(text("borders.none", language, search=search_m))
    progress.step(1.0)
    status: Outcome = "failed" if (findings["severity"] == "error").any() else "passed"
    return CheckResult(findings, measures, status, log, not_looked_for=() if rules is not None else ("border.abrupt",))


def _met(
    found: list[Territory], others: Mapping[str, shapely.Geometry], search_m: float, progress: Progress
) -> list[Border]:
    """Return the borders of those ``found``, each territory in the place that it has among all by
    name.
    """
    names = np.array([*(territory.name for territory in found), *others], dtype=object)
    ground = np.array([*(territory.ground for territory in found), *others.values()], dtype=object)
    order = in_order_of_names(names)
    asked = np.flatnonzero(order < len(found))
    met = borders(ground[order], search_m, progress, asked=asked)
    index = {int(place): int(order[place]) for place in asked}
    return [replace(border, a=index[border.a], b=index[border.b]) for border in met]


@dataclass(frozen=True)
class _Kind:
    """The pieces of one kind, overlaps or gaps, of all borders: ``pieces.source`` is the border's
    number.
    """

    pieces: Pieces
    walls_m: np.ndarray

    @classmethod
    def of(cls, polygons: list[np.ndarray], walls_m: list[np.ndarray], tolerance: Tolerance) -> _Kind:
        """``polygons`` and ``walls_m``: an array for each border."""
        border = np.repeat(np.arange(len(polygons)), [len(some) for some in polygons])
        flat = np.concatenate([np.zeros(0, dtype=object), *polygons])
        walls = np.concatenate([np.zeros(0), *walls_m])
        pieces = sort_out(flat, tolerance)
        return cls(replace(pieces, source=border[pieces.source]), walls[pieces.source])


class _Borders:
    """All borders, their pieces separated from noise; they give findings and measures."""

    def __init__(self, found: list[Territory], met: list[Border], settings: Settings):
        self.borders, self._territories, self._settings = met, found, settings
        tolerance = settings.tolerance
        self._kinds = {
            "overlap": _Kind.of([b.overlaps for b in met], [b.overlap_walls_m for b in met], tolerance),
            "gap": _Kind.of([b.gaps for b in met], [b.gap_walls_m for b in met], tolerance),
        }
        self._a, self._b = (np.array([getattr(border, side) for border in met], dtype=int) for side in "ab")
        self._names = np.array([territory.name for territory in found], dtype=object)

    def batches(self) -> list[pd.DataFrame]:
        """Return the single pieces wider than the tolerance, then one mismatch for each pair."""
        made, widest = [], np.zeros(len(self.borders))
        for kind, rule in RULES.items():
            pieces = self._kinds[kind].pieces
            real = pieces.where(pieces.real)
            if len(real.polygons) == 0:
                continue
            width_m = widths(real.polygons, self._settings.progress)
            np.maximum.at(widest, real.source, width_m)
            area_m2 = shapely.area(real.polygons)
            zones = self._zones(real, kind)
            made.append(
                batch(rule, real.polygons, area_m2=area_m2, width_m=width_m, **self._pair(real.source), **zones)
            )
        return [*made, *self._mismatches(widest)]

    def _pair(self, border: np.ndarray) -> dict[str, np.ndarray]:
        a, b = self._names[self._a[border]], self._names[self._b[border]]
        return {"plan_a": a, "plan_b": b, "territory": np.array([f"{one} – {two}" for one, two in zip(a, b)])}

    def _zones(self, pieces: Pieces, kind: str) -> dict[str, np.ndarray]:
        """Return the zone of each side that a piece lies on, or beside: the one with most of its
        area, or of its outline.
        """
        columns = {}
        for side, of_border in (("a", self._a), ("b", self._b)):
            key, code = (np.full(len(pieces.polygons), "", dtype=object) for _ in range(2))
            owner = of_border[pieces.source]
            for territory in np.unique(owner):
                self._settings.progress.checkpoint()
                mine = np.flatnonzero(owner == territory)
                zones = self._territories[territory].zones
                piece, zone = (_lying_on if kind == "overlap" else _beside)(pieces.polygons[mine], zones)
                key[mine[piece]] = self._territories[territory].key[zone]
                code[mine[piece]] = self._territories[territory].code[zone]
            columns[f"zone_{side}"], columns[f"code_{side}"] = key, code
        return columns

    def _mismatches(self, widest: np.ndarray) -> list[pd.DataFrame]:
        area = {kind: self._area_m2(kind) for kind in RULES}
        area_m2 = area["overlap"] + area["gap"]
        apart = np.flatnonzero(area_m2 > 0)
        if len(apart) == 0:
            return []
        source, polygons = (
            np.concatenate([getattr(kind.pieces, name) for kind in self._kinds.values()])
            for name in ("source", "polygons")
        )
        real = widest[apart] > 0
        widest = widest.copy()
        for border in apart[~real]:
            widest[border] = _widest_m(polygons[source == border])
        group = np.full(len(self.borders), -1)
        group[apart] = np.arange(len(apart))
        details = [self._detail(border, area, widest[border]) for border in apart]
        return [
            batch(
                "border.mismatch",
                gather(polygons, group[source], len(apart)),
                area_m2=area_m2[apart],
                width_m=widest[apart],
                severity=np.where(real, "warning", "info"),
                detail=details,
                **self._pair(apart),
            )
        ]

    def _detail(self, border: int, area: dict[str, np.ndarray], widest_m: float) -> str:
        language = self._settings.language
        apart_m = self._apart_m()[border]
        mean_m = (area["overlap"][border] + area["gap"][border]) / apart_m if apart_m > 0 else np.nan
        return text(
            "borders.detail",
            language,
            length=length_text(self.borders[border].length_m, language),
            apart=length_text(apart_m, language),
            mean=width_text(mean_m, language),
            widest=width_text(widest_m, language),
            gap=area_text(area["gap"][border], language),
            overlap=area_text(area["overlap"][border], language),
        )

    def _area_m2(self, kind: str) -> np.ndarray:
        """Return the area of all pieces of a kind, by border."""
        pieces = self._kinds[kind].pieces
        return np.bincount(pieces.source, shapely.area(pieces.polygons), len(self.borders))

    def _apart_m(self) -> np.ndarray:
        """Return how long each border is drawn apart, noise included: half of the two lines around
        the pieces.
        """
        halves = [
            np.bincount(kind.pieces.source, kind.walls_m / 2.0, len(self.borders)) for kind in self._kinds.values()
        ]
        return np.sum(halves, axis=0)

    def measures(self) -> list[Measure]:
        """Counts and ground of the pieces wider than the tolerance, lengths, and the noise."""
        overlap, gap = (self._kinds[kind].pieces for kind in RULES)
        return [
            Measure("border_count", len(self.borders), "count"),
            Measure("overlap_count", overlap.real_count, "count"),
            Measure("overlap_area", overlap.real_ground_m2, "m2"),
            Measure("gap_count", gap.real_count, "count"),
            Measure("gap_area", gap.real_ground_m2, "m2"),
            Measure("border_length", sum(border.length_m for border in self.borders), "m"),
            Measure("mismatch_count", int((self._area_m2("overlap") + self._area_m2("gap") > 0).sum()), "count"),
            Measure("mismatch_length", float(self._apart_m().sum()), "m"),
            Measure("noise_area", overlap.noise_area_m2 + gap.noise_area_m2, "m2"),
        ]


def _widest_m(polygons: np.ndarray) -> float:
    """Return the width of the widest; only those are measured whose area a circle of the mean width
    of another would exceed.
    """
    area = shapely.area(polygons)
    least_m = (2.0 * area / shapely.length(polygons)).max()
    return float(widths(polygons[2.0 * np.sqrt(area / np.pi) >= least_m]).max())


def _lying_on(pieces: np.ndarray, zones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (piece, zone) for each piece that some zone shares area with: the zone that shares
    most.
    """
    piece, zone = shapely.STRtree(zones).query(pieces, predicate="intersects")
    shared = shapely.area(shapely.intersection(pieces[piece], zones[zone]))
    return _most(pd.DataFrame({"gap": piece, "zone": zone, "length_m": shared}))


def _beside(pieces: np.ndarray, zones: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (piece, zone) for each piece that some zone touches along a line: the zone that
    touches longest.
    """
    return _most(contacts(pieces, zones, Progress()))


def _most(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    table = table[table["length_m"] > 0].sort_values(["length_m", "zone"], ascending=[False, True])
    first = table.drop_duplicates("gap")
    return first["gap"].to_numpy(dtype=int), first["zone"].to_numpy(dtype=int)
