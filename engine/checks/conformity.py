"""Does the lower plan fit the upper one? A verdict of the rule set for every place where their zones meet.

Goes in: the lower and the upper PlanLayer in the same working CRS in metres, and a RuleSet. Comes out: a CheckResult
with the findings conformity.conflict, .conditional, .unlisted, .unplanned, .diagram, code.unknown, code.missing and the
measures that the contract's outputs are named after. Only pairs whose verdict is reported are clipped. Areas in m² on
the plane; a place under two upper zones gets both verdicts. Fails with PlanError when one of the plans has no code field or
no area, or the two do not meet at all; Cancelled when asked to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ..catalogue import text
from ..errors import PlanError
from ..findings import CheckResult, Measure, assemble
from ..plan import PlanLayer
from ..planar.bruteforce import CHUNK, minus_nearby
from ..planar.pairs import meeting, properly_within
from ..rulesets.ruleset import UNLISTED, RuleSet, Verdict
from .pieces import sort_out, to_batches
from .preparation import Prepared, explain, prepare, table_findings, zone_batch
from .settings import Settings

REPORTED = ("conflict", "conditional", UNLISTED)
DIAGRAM = "diagram"
EXPLAINED_DEFECTS = 20


@dataclass(frozen=True)
class _Pairs:
    """Zones that meet: rows of the lower and upper polygons, and the verdict of each pair."""

    lower: np.ndarray
    upper: np.ndarray
    verdicts: list[Verdict]


def check_conformity(lower: PlanLayer, upper: PlanLayer, rules: RuleSet, settings: Settings) -> CheckResult:
    """The conformity check of one lower plan against one upper plan; see the module's paragraph."""
    progress = settings.progress
    progress.step(0.0, text("progress.geometry", settings.language))
    for plan in (lower, upper):
        if not plan.code_field:
            raise PlanError("error.no_code_field", layer=plan.name)
    below, above = prepare(lower), prepare(upper)
    for prepared in (below, above):
        if len(prepared.polygons) == 0:
            raise PlanError("error.no_geometry", layer=prepared.plan.name, count=len(prepared.plan.zones))
    progress.step(0.1, text("progress.meetings", settings.language))
    judged = _Judged(below, above, rules, settings)
    progress.step(0.95, text("progress.findings", settings.language))
    batches = judged.batches()
    findings = assemble(batches, lower.crs, settings.language, settings.run_id)
    passed = not (findings["severity"] == "error").any()
    measures = judged.measures()
    for side, prepared in (("lower", below), ("upper", above)):
        measures.append(Measure(f"{side}_zone_count", len(prepared.plan.zones), "count"))
        measures.append(Measure(f"{side}_invalid_count", len(prepared.defects), "count"))
        measures.append(Measure(f"{side}_empty_count", len(prepared.empty), "count"))
    log = [line for prepared in (below, above) for line in _repairs(prepared, settings.language)]
    if _swapped(below, above, rules):
        log.append(text("conformity.swapped", settings.language, lower=lower.name, upper=upper.name))
    progress.step(1.0)
    status = "passed" if passed else "failed"
    return CheckResult(findings, measures, status, log, plan=lower.name, territory=lower.territory)


def _swapped(below: Prepared, above: Prepared, rules: RuleSet) -> bool:
    """Whether the rule set knows the upper plan's codes as lower ones rather than the lower plan's."""

    def known(prepared: Prepared) -> float:
        codes = np.unique(prepared.column("code"))
        return float(np.mean([rules.knows_lower(code) for code in codes]))

    return known(below) < 0.5 < known(above)


def _repairs(prepared: Prepared, language: str) -> list[str]:
    """What the log says of zones that were repaired, or could not be checked because they have no geometry."""
    name, lines = prepared.plan.name, []
    if len(prepared.empty):
        lines.append(text("conformity.empty", language, layer=name, count=len(prepared.empty)))
    if prepared.defects:
        lines.append(text("conformity.repaired", language, layer=name, count=len(prepared.defects)))
    for defect in prepared.defects[:EXPLAINED_DEFECTS]:
        lines.append(f"  {prepared.plan.zones['key'].iloc[defect.index]}: {explain(defect, language)}")
    return lines


class _Judged:
    """Every meeting of the two plans, judged once, then asked for findings and measures."""

    def __init__(self, below: Prepared, above: Prepared, rules: RuleSet, settings: Settings):
        self._below, self._above, self._rules, self._settings = below, above, rules, settings
        self._lower_code, self._upper_code = below.column("code"), above.column("code")
        self._kinds = (DIAGRAM,) if above.plan.nature == DIAGRAM else REPORTED
        lower, upper = meeting(below.polygons, above.polygons, settings.progress.part(0.1, 0.2))
        if len(lower) == 0:
            raise PlanError("error.plans_apart", **_places(below, above))
        known = {code: code != "" and rules.knows_lower(code) for code in set(self._lower_code)}
        self._judgeable = np.array([known[code] for code in self._lower_code], dtype=bool)
        self._pairs = self._reported(lower, upper)
        floor = np.array([verdict.min_area_m2 for verdict in self._pairs.verdicts], dtype=float)
        self._pieces = sort_out(self._shared(), settings.tolerance, floor)
        kind = np.array([self._kind(verdict) for verdict in self._pairs.verdicts], dtype=object)
        self._piece_kind = kind[self._pieces.source]
        settings.progress.step(0.7, text("progress.unplanned", settings.language))
        self._unplanned, rest = minus_nearby(below.polygons, above.polygons, settings.progress.part(0.7, 0.95))
        self._rest = sort_out(rest, settings.tolerance)

    def _kind(self, verdict: Verdict) -> str:
        """What the finding of a verdict is called: over a diagram every one is only a prompt to look."""
        return DIAGRAM if DIAGRAM in self._kinds else verdict.verdict

    def _reported(self, lower: np.ndarray, upper: np.ndarray) -> _Pairs:
        """The meetings whose verdict is reported; zones without a known code are reported whole, not by the pair."""
        keep = self._judgeable[lower]
        lower, upper = lower[keep], upper[keep]
        known: dict[tuple[str, str], Verdict] = {}
        verdicts = []
        for pair in zip(self._upper_code[upper], self._lower_code[lower]):
            if pair not in known:
                known[pair] = self._rules.verdict(*pair)
            verdicts.append(known[pair])
        shown = np.array([verdict.verdict in REPORTED for verdict in verdicts], dtype=bool)
        return _Pairs(lower[shown], upper[shown], [verdict for verdict, yes in zip(verdicts, shown) if yes])

    def _shared(self) -> np.ndarray:
        """What the zones of each pair share, clipped in chunks; a zone inside another is not clipped at all."""
        progress = self._settings.progress.part(0.2, 0.7)
        shared = self._below.polygons[self._pairs.lower]
        for start in range(0, len(shared), CHUNK):
            progress.checkpoint()
            progress.step(start / len(shared))
            upper = self._above.polygons[self._pairs.upper[start : start + CHUNK]]
            cut = np.flatnonzero(~properly_within(shared[start : start + CHUNK], upper))
            shared[start + cut] = shapely.intersection(shared[start + cut], upper[cut])
        return shared

    def batches(self) -> list[pd.DataFrame]:
        """The findings of the meetings, of what the upper plan leaves out, and of zones that cannot be judged."""
        made, self._noise_count = self._unjudged(), 0
        rows = self._rows()
        for kind in self._kinds:
            batches, noise = to_batches(f"conformity.{kind}", self._pieces.where(self._piece_kind == kind), rows)
            made += batches
            self._noise_count += noise
        batches, noise = to_batches("conformity.unplanned", self._rest, self._unplanned_rows())
        if DIAGRAM in self._kinds:
            batches = [batch.assign(severity="info") for batch in batches]  # a diagram never shows where anything ends
        self._noise_count += noise
        return made + batches

    def _unjudged(self) -> list[pd.DataFrame]:
        lower, upper = self._below, self._above
        made = []
        for prepared in (lower, upper):
            territory = shapely.convex_hull(shapely.multipolygons(shapely.get_parts(prepared.polygons)))
            codes = [part for part in table_findings(prepared, territory) if (part["rule"] == "code.missing").all()]
            made += codes
        unknown = np.flatnonzero(~self._judgeable & (self._lower_code != ""))
        if len(unknown):
            made.append(zone_batch("code.unknown", lower, unknown))
        return made

    def _rows(self) -> pd.DataFrame:
        pairs = self._pairs
        lower, upper, language = self._below.plan, self._above.plan, self._settings.language
        area = shapely.area(self._below.polygons)
        adjust = self._rules.must_adjust(upper.level, lower.level, language)
        return pd.DataFrame(
            {
                "zone_a": self._below.column("key")[pairs.lower],
                "code_a": self._lower_code[pairs.lower],
                "zone_b": self._above.column("key")[pairs.upper],
                "code_b": self._upper_code[pairs.upper],
                "zone_area_m2": area[pairs.lower],
                "verdict": [verdict.verdict for verdict in pairs.verdicts],
                "reason": [verdict.reason(language) for verdict in pairs.verdicts],
                "reference": [verdict.reference for verdict in pairs.verdicts],
            }
        ).assign(plan_a=lower.name, plan_b=upper.name, territory=lower.territory, must_adjust=adjust)

    def _unplanned_rows(self) -> pd.DataFrame:
        lower, which = self._below.plan, self._unplanned
        names = {
            "zone_a": self._below.column("key")[which],
            "code_a": self._lower_code[which],
            "zone_area_m2": shapely.area(self._below.polygons[which]),
        }
        return pd.DataFrame(names).assign(
            plan_a=lower.name, plan_b=self._above.plan.name, territory=lower.territory, verdict="unplanned"
        )

    def measures(self) -> list[Measure]:
        """Counts and areas of findings wider than the tolerance, and of the noise. Call after :meth:`batches`."""
        pieces = self._pieces
        area = shapely.area(pieces.polygons)
        made = []
        for kind in (*REPORTED, DIAGRAM):
            real = pieces.real & (self._piece_kind == kind)
            made.append(Measure(f"{kind}_count", int(real.sum()), "count"))
            made.append(Measure(f"{kind}_area", float(area[real].sum()), "m2"))
        made.append(Measure("unplanned_count", self._rest.real_count, "count"))
        made.append(Measure("unplanned_area", self._rest.real_area_m2, "m2"))
        made.append(Measure("noise_count", self._noise_count, "count"))
        made.append(Measure("noise_area", pieces.noise_area_m2 + self._rest.noise_area_m2, "m2"))
        made.append(Measure("unknown_code_count", int((~self._judgeable & (self._lower_code != "")).sum()), "count"))
        return made


def _places(below: Prepared, above: Prepared) -> dict[str, str]:
    def box(prepared: Prepared) -> str:
        west, south, east, north = shapely.total_bounds(prepared.polygons)
        return f"x {west:.0f}–{east:.0f}, y {south:.0f}–{north:.0f}"

    return {"lower": below.plan.name, "upper": above.plan.name, "lower_box": box(below), "upper_box": box(above)}
