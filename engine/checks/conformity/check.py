"""The conformity check from two plans to a result: prepares, judges, and words the findings and
measures.

Goes in and comes out: what the package's paragraph says. Units: metres, m².
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from ...amounts import area_text
from ...catalogue import text
from ...codes import in_one_spelling
from ...errors import PlanError
from ...findings import Measure, assemble
from ...plan import PlanLayer
from ...planar.edges import suspect_edges
from ...planar.overlay_uncovered import uncovered
from ...progress import Progress
from ...rulesets.ruleset import RuleSet
from ..pieces import sort_out, to_batches
from ..preparation import PreparedZones, explain, prepare
from ..settings import Settings
from .codes import code_findings
from .fulfilment import Fulfilment, fulfilment, names_of, overlapping_codes
from .ground import ground_m2, overlapping_zones
from .meetings import Meetings, meetings
from .options import DIAGRAM, REPORTED, UNPLANNED, ConformityResult, Options, Unplanned
from .tables import cross_table, zone_verdicts

EXPLAINED_DEFECTS = 20


def check_conformity(
    lower: PlanLayer, upper: PlanLayer, rules: RuleSet, settings: Settings, options: Options | None = None
) -> ConformityResult:
    """Check one lower plan against one upper plan."""
    progress = settings.progress
    progress.step(0.0, text("progress.geometry", settings.language))
    for plan in (lower, upper):
        if not plan.code_field:
            raise PlanError("error.no_code_field", layer=plan.name)
    below = prepare(lower, progress.part(0.0, 0.07))
    above = prepare(upper.widened(), progress.part(0.07, 0.1), beside=[lower])
    for prepared in (below, above):
        if len(prepared.polygons) == 0:
            raise PlanError("error.no_geometry", layer=prepared.plan.name, count=len(prepared.plan.zones))
    return _Check(below, above, rules, settings, options or Options()).result()


class _Check:
    """One check under way: every meeting of the two plans, judged once, then asked for findings,
    measures and tables.
    """

    def __init__(
        self, below: PreparedZones, above: PreparedZones, rules: RuleSet, settings: Settings, options: Options
    ):
        self._below, self._above, self._rules = below, above, rules
        self._settings, self._options, self._language = settings, options, settings.language
        self._kinds = (DIAGRAM,) if above.plan.nature == DIAGRAM else REPORTED

    def result(self) -> ConformityResult:
        """Everything, step by step."""
        found = self._found = meetings(
            self._below, self._above, self._rules, self._settings, self._part("meetings", 0.1)
        )
        self._unplanned = self._open_ground(found, self._part("unplanned", 0.5))
        self._realised = fulfilment(
            found, self._rules, self._options.least_realised, self._settings, self._part("unfulfilled", 0.7)
        )
        self._ground_m2 = ground_m2(found, self._overlapping, self._part("", 0.8))
        tables = self._tables(found)
        self._part("findings", 0.9)
        batches = self._batches()
        lower = self._below.plan
        findings = assemble(batches, lower.crs, self._language, self._settings.run_id)
        passed = not (findings["severity"] == "error").any()
        measures = self._measures()
        self._settings.progress.step(1.0)
        return ConformityResult(
            findings,
            measures,
            "passed" if passed else "failed",
            self._log(),
            plan=lower.name,
            territory=lower.territory,
            not_looked_for=() if self._options.least_realised > 0 else ("conformity.unfulfilled",),
            **tables,
        )

    def _part(self, words: str, start: float) -> Progress:
        """Return the stretch of the progress from ``start`` to the next step."""
        ends = {0.1: 0.5, 0.5: 0.7, 0.7: 0.8, 0.8: 0.85, 0.85: 0.9, 0.9: 1.0}
        progress = self._settings.progress
        progress.step(start, text(f"progress.{words}", self._language) if words else "")
        progress.checkpoint()
        return progress.part(start, ends[start])

    def _open_ground(self, found: Meetings, progress: Progress) -> Unplanned:
        """Return what the upper plan leaves uncovered; beside, which upper zones lie over each
        other.
        """
        upper = self._above.polygons
        edges = suspect_edges(upper, progress.part(0.0, 0.2))
        over = overlapping_zones(upper, edges, self._settings.tolerance, progress.part(0.2, 0.4))
        self._overlapping = np.zeros(len(upper), dtype=bool)
        self._overlapping[np.concatenate(over[:2])] = True
        self._overlaps = len(over[0]), over[2]
        if self._above.plan.is_corridors:
            which, rest = np.zeros(0, dtype=int), np.zeros(0, dtype=object)
        else:
            which, rest = uncovered(self._below.polygons, edges, upper, found.near, progress.part(0.4, 1.0))
        return Unplanned(which, shapely.area(rest), sort_out(rest, self._settings.tolerance))

    def _tables(self, found: Meetings) -> dict[str, pd.DataFrame]:
        made = {}
        progress = self._part("", 0.85)
        if self._options.cross_table:
            made["cross_table"] = cross_table(found, self._unplanned, self._rules, self._language, progress)
        if self._options.zone_verdicts:
            made["zone_verdicts"] = zone_verdicts(found, self._ground_m2, self._unplanned, self._rules, self._language)
        return made

    def _batches(self) -> list[pd.DataFrame]:
        """Return the findings of the meetings, of what the upper plan leaves out, and of zones that
        cannot be judged.
        """
        found = self._found
        made = code_findings(self._below, self._above, found.judgeable, self._rules, self._settings)
        self._superseded_count = sum(int((part["rule"] == "code.superseded").sum()) for part in made)
        self._noise_count = 0
        rows, kinds = self._rows(), self._piece_kinds()
        progress = self._settings.progress
        for kind in self._kinds:
            batches, noise = to_batches(f"conformity.{kind}", found.pieces.where(kinds == kind), rows, progress)
            made += batches
            self._noise_count += noise
        batches, noise = to_batches("conformity.unplanned", self._unplanned.pieces, self._unplanned_rows(), progress)
        if DIAGRAM in self._kinds:
            batches = [batch.assign(severity="info") for batch in batches]  # a diagram never shows where anything ends
        self._noise_count += noise
        made += batches
        return made if self._realised.findings is None else [*made, self._realised.findings]

    def _piece_kinds(self) -> np.ndarray:
        """Return what the finding of each piece is called: over a diagram every one is only a
        prompt to look.
        """
        if DIAGRAM in self._kinds:
            return np.full(len(self._found.pieces.polygons), DIAGRAM, dtype=object)
        return np.asarray(self._found.verdicts.column("verdict")[self._found.pieces.source])

    def _rows(self) -> pd.DataFrame:
        pairs, verdicts = self._found.pairs, self._found.verdicts
        lower, upper, language = self._below.plan, self._above.plan, self._language
        area = shapely.area(self._below.polygons)
        lower_code, upper_code = self._below.column("code"), self._above.column("code")
        return pd.DataFrame(
            {
                "zone_a": self._below.column("key")[pairs.i],
                "code_a": lower_code[pairs.i],
                "name_a": names_of(lower_code, self._rules, language)[pairs.i],
                "zone_b": self._above.column("key")[pairs.j],
                "code_b": upper_code[pairs.j],
                "name_b": names_of(upper_code, self._rules, language)[pairs.j],
                "zone_area_m2": area[pairs.i],
                "verdict": verdicts.column("verdict"),
                "reason": verdicts.reasons(language),
                "reference": verdicts.references(language),
            }
        ).assign(
            plan_a=lower.name,
            plan_b=upper.name,
            territory=lower.territory,
            must_adjust=self._rules.must_adjust(upper.level, lower.level, language),
        )

    def _unplanned_rows(self) -> pd.DataFrame:
        lower, which = self._below.plan, self._unplanned.which
        codes = self._below.column("code")[which]
        names = {
            "zone_a": self._below.column("key")[which],
            "code_a": codes,
            "name_a": names_of(codes, self._rules, self._language),
            "zone_area_m2": shapely.area(self._below.polygons[which]),
        }
        return pd.DataFrame(names).assign(
            plan_a=lower.name, plan_b=self._above.plan.name, territory=lower.territory, verdict=UNPLANNED
        )

    def _measures(self) -> list[Measure]:
        """Counts and areas of findings wider than the tolerance, and of the noise. Call after
        :meth:`_batches`.
        """
        pieces, kinds = self._found.pieces, self._piece_kinds()
        area = shapely.area(pieces.polygons)
        functional = overlapping_codes(self._below.column("code"), self._rules)[self._found.pairs.i[pieces.source]]
        made = []
        for kind in (*REPORTED, DIAGRAM):
            real = pieces.real & (kinds == kind)
            made.append(Measure(f"{kind}_count", int(real.sum()), "count"))
            made.append(Measure(f"{kind}_area", float(area[real & ~functional].sum()), "m2"))
            made.append(Measure(f"{kind}_ground", float(self._ground_m2[real & ~functional].sum()), "m2"))
        made.append(Measure("functional_area", float(area[pieces.real & functional].sum()), "m2"))
        rest = self._unplanned.pieces
        made.append(Measure("unplanned_count", rest.real_count, "count"))
        made.append(Measure("unplanned_area", rest.real_area_m2, "m2"))
        made += _of_fulfilment(self._realised)
        made.append(Measure("noise_count", self._noise_count, "count"))
        made.append(Measure("noise_area", pieces.noise_area_m2 + rest.noise_area_m2, "m2"))
        unknown = ~self._found.judgeable & (self._below.column("code") != "")
        made.append(Measure("unknown_code_count", int(unknown.sum()), "count"))
        made.append(Measure("superseded_code_count", self._superseded_count, "count"))
        made.append(Measure("upper_overlap_count", self._overlaps[0], "count"))
        made.append(Measure("upper_overlap_area", self._overlaps[1], "m2"))
        for side, prepared in (("lower", self._below), ("upper", self._above)):
            made.append(Measure(f"{side}_zone_count", len(prepared.plan.zones), "count"))
            made.append(Measure(f"{side}_invalid_count", len(prepared.defects), "count"))
            made.append(Measure(f"{side}_empty_count", len(prepared.empty), "count"))
        return made

    def _log(self) -> list[str]:
        language, upper = self._language, self._above.plan.name
        lines = [line for prepared in (self._below, self._above) for line in _repairs(prepared, language)]
        if _swapped(self._below, self._above, self._rules):
            lines.append(text("conformity.swapped", language, lower=self._below.plan.name, upper=upper))
        if self._overlaps[0]:
            area = area_text(self._overlaps[1], language)
            lines.append(text("conformity.upper_overlaps", language, layer=upper, count=self._overlaps[0], area=area))
        if self._above.plan.is_corridors:
            lines.append(text("conformity.corridors", language, layer=upper))
        return lines


def _of_fulfilment(realised: Fulfilment) -> list[Measure]:
    return [
        Measure("unfulfilled_count", realised.count, "count"),
        Measure("unfulfilled_area", realised.missing_m2, "m2"),
    ]


def _swapped(below: PreparedZones, above: PreparedZones, rules: RuleSet) -> bool:
    """Return whether the rule set knows the upper plan's codes as lower ones rather than the lower
    plan's.
    """

    def known(prepared: PreparedZones) -> float:
        codes = sorted(set(in_one_spelling(prepared.column("code"))))
        return float(np.mean([rules.knows_lower(code) for code in codes]))

    return known(below) < 0.5 < known(above)


def _repairs(prepared: PreparedZones, language: str) -> list[str]:
    """Return what the log says of zones that were repaired, or could not be checked because they
    have no geometry.
    """
    name, lines = prepared.plan.name, []
    if len(prepared.empty):
        lines.append(text("conformity.empty", language, layer=name, count=len(prepared.empty)))
    if prepared.defects:
        lines.append(text("conformity.repaired", language, layer=name, count=len(prepared.defects)))
    for defect in prepared.defects[:EXPLAINED_DEFECTS]:
        lines.append(f"  {prepared.plan.zones['key'].iloc[defect.index]}: {explain(defect, language)}")
    return lines
