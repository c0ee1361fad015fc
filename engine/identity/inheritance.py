"""The findings of a run take over ids, statuses and decisions from the findings of an earlier run
that they continue.

Goes in: the result of a check, the previous findings, the names of the plans that were checked.
Comes out: the result with the columns ``change`` and ``change_detail``, followed by the findings
that were resolved, and the history for the new store. A waiver lapses when its finding has grown or
moved beyond the tolerance, has other codes, severity or figures, or when its last day has passed:
the finding is open again, and a decision says why. How stores are combined: docs/decisions/0009.
Never fails by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from ..catalogue import text
from ..checks.settings import Settings
from ..findings import CheckResult, Measure, Outcome
from ..record import CHANGE_FIELDS, NAMES
from ..store.decisions import TOOL, Decision
from ..store.place import Place, same_place
from ..store.schema import now
from .fates import LAPSING, NEW, OUTSIDE, REOPENED, RESOLVED, UNASSESSED, Fates, detail, fates, gone_detail
from .matching import Matching, match
from .previous import Previous, told_of_bytes
from .scope import of_check, of_plans, plans_of, rename, renamed

COUNTS = ("new", "persisting", "changed", "reopened", "resolved", "lapsed")


@dataclass
class Inherited:
    """``result``: the findings as the new store shows them. :meth:`history` gives the decisions
    that go with them.
    """

    result: CheckResult
    previous: Previous
    notes: Notes

    def history(self, path: Place | None) -> Callable[[list[Decision]], list[Decision]]:
        """Return what to write into the store ``path``, given the decisions that lie there at the
        moment of writing.
        """
        same = path is not None and same_place(path, self.previous.path)
        ids = set(self.result.findings["finding_id"])

        def rows(there: list[Decision]) -> list[Decision]:
            if same:
                return self.notes.added_to(list(there), set())
            kept = [decision for decision in self.previous.decisions if decision.finding_id in ids]
            since = _decided_since(self.previous.decisions, there)
            return self.notes.added_to(_joined(kept, since), {decision.finding_id for decision in since})

        return rows


@dataclass
class Notes:
    """What the run itself has to say about findings: ``lapses`` and why; which are there
    (``present``), which are ``gone``.
    """

    language: str
    status: dict[str, str] = field(default_factory=dict)
    lapses: dict[str, str] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    gone: dict[str, str] = field(default_factory=dict)

    def added_to(self, decisions: list[Decision], decided_since: set[str]) -> list[Decision]:
        """Return the history with the run's own decisions at its end; what a person decided after
        an earlier run stands.
        """
        status = dict(self.status)
        status.update({decision.finding_id: decision.to_status for decision in decisions})
        number, when = max((decision.number for decision in decisions), default=0), now()
        wanted = [(one, "open", why) for one, why in self.lapses.items() if one not in decided_since]
        found_again = text("identity.note.reopened", self.language)
        wanted += [(one, "open", found_again) for one in self.present if status.get(one) == "resolved"]
        wanted += [(one, "resolved", why) for one, why in self.gone.items() if status.get(one) != "resolved"]
        for finding_id, to_status, note in wanted:
            number += 1
            before = status.get(finding_id, "open")
            decisions.append(Decision(number, finding_id, when, TOOL, before, to_status, note))
        return decisions


def inherit(
    result: CheckResult,
    previous: Previous,
    check: str,
    plans: Iterable[str],
    settings: Settings,
    today: date | None = None,
    assessed: Scope | None = None,
) -> Inherited:
    """``result`` as the successor of ``previous``; ``plans`` are the names of the layers that were
    checked.

    ``assessed``: where not all that is said of these plans was looked for, which of it was not.
    """
    found, language = result.findings, settings.language
    earlier = previous.to_crs(found.crs)
    before = of_check(earlier.findings, check)
    log = told_of_bytes(before, str(previous.path), language)
    names = set(plans)
    new_name = renamed(before, found, names)
    if new_name:
        before = rename(before, *new_name)
        log.append(text("identity.renamed", language, old=new_name[0], new=new_name[1]))
    others = plans_of(before) - names
    before = of_plans(before, names)
    if not len(before) and others:
        shown = ", ".join(sorted(others)[:5])
        log.append(text("identity.other_plans", language, plans=", ".join(sorted(names)), previous=shown))
    matching = match(before, found, settings.tolerance.width_m, settings.progress.part(0.0, 0.3))
    made = fates(before, found, matching, settings.tolerance, settings.progress.part(0.3, 1.0))
    made = _of_assessed(made, before, matching, result.not_looked_for, assessed)
    notes = Notes(language)
    current = _continued(found, before, matching, made, earlier, notes, today or date.today())
    findings = _with_gone(current, before, matching, made, previous, notes)
    counts = Counter(made.current.tolist())
    counts[RESOLVED], counts["lapsed"] = int((made.previous == RESOLVED).sum()), len(notes.lapses)
    log.append(text("identity.counts", language, **{name: counts[name] for name in COUNTS}))
    if (made.previous == UNASSESSED).any():
        log.append(text("identity.unassessed", language, count=int((made.previous == UNASSESSED).sum())))
    measures = [Measure(f"{name}_count", float(counts[name]), "count") for name in COUNTS]
    status = _verdict(result, current) if result.status != "not_assessed" else result.status
    told = replace(
        result, findings=findings, measures=[*result.measures, *measures], log=[*result.log, *log], status=status
    )
    return Inherited(told, previous, notes)


class Scope(Protocol):
    """What a run that was not whole can say of earlier findings, one entry a finding."""

    def unsure(self, findings: gpd.GeoDataFrame) -> np.ndarray:
        """Return what it should have looked for and could not."""

    def outside(self, findings: gpd.GeoDataFrame) -> np.ndarray:
        """Return what it was not asked to look for."""


def _of_assessed(
    made: Fates, before: gpd.GeoDataFrame, matching: Matching, not_looked_for: tuple[str, ...], assessed: Scope | None
) -> Fates:
    """Return the fates, where only that is resolved which was looked for; what could not be looked
    for stands as it was.
    """
    unsure = np.array([rule.startswith(not_looked_for) for rule in before["rule"]], dtype=bool)
    outside = np.zeros(len(before), dtype=bool)
    if assessed is not None:
        unsure, outside = unsure | assessed.unsure(before), assessed.outside(before)
    told = np.where((made.previous == RESOLVED) & unsure, UNASSESSED, made.previous)
    return replace(made, previous=np.where((matching.continued_by < 0) & outside, OUTSIDE, told))


def _verdict(result: CheckResult, current: gpd.GeoDataFrame) -> Outcome:
    """Passed when every error that is there has been waived and the balance closes; an accepted
    error is still one.
    """
    waived = current["status"] == "waived"
    wrong = ((current["severity"] == "error") & ~waived).any()
    return "passed" if result.balanced and not wrong else "failed"


def _continued(
    found: gpd.GeoDataFrame,
    before: gpd.GeoDataFrame,
    matching: Matching,
    made: Fates,
    earlier: Previous,
    notes: Notes,
    today: date,
) -> gpd.GeoDataFrame:
    """Return the current findings with inherited ids and statuses, and words on what has
    changed.
    """
    language = notes.language
    ids, status = _fresh_ids(found, matching, earlier), np.full(len(found), "open", dtype=object)
    continued = np.flatnonzero(matching.continues >= 0)
    ids[continued] = before["finding_id"].to_numpy()[matching.continues[continued]]
    status[continued] = before["status"].to_numpy()[matching.continues[continued]]
    notes.status.update(zip(ids.tolist(), status.tolist()))
    notes.present.extend(ids.tolist())
    told = np.full(len(found), "", dtype=object)
    for index in {*made.ways, *matching.split_from}:
        told[index] = detail(index, before, found, matching, made, language)
    last = {decision.finding_id: decision for decision in earlier.decisions}
    for index in np.flatnonzero(status == "waived").tolist():
        decision = last.get(ids[index])
        why = _lapse(made.ways.get(index, []), told[index], decision, today, language)
        if why:
            notes.lapses[ids[index]] = why
            status[index] = "open"
            told[index] = "; ".join(filter(None, (told[index], text("identity.lapsed", language))))
    status[made.current == REOPENED] = "open"
    columns = {"finding_id": ids, "status": status, "change": made.current, "change_detail": told}
    return found.assign(**columns)


def _lapse(ways: Sequence[str], told: str, decision: Decision | None, today: date, language: str) -> str:
    """Why a waiver no longer holds, "" where it does."""
    reasons = [told] if set(ways) & set(LAPSING) else []
    if decision is not None and decision.expiry and decision.expiry < today.isoformat():
        reasons.append(text("identity.expired", language, expiry=decision.expiry))
    if not reasons:
        return ""
    document = decision.document if decision is not None else ""
    return text("identity.note.lapsed", language, reasons="; ".join(reasons), document=document or "–")


def _fresh_ids(found: gpd.GeoDataFrame, matching: Matching, earlier: Previous) -> np.ndarray:
    """Return the ids of new findings, distinct from every id ever used."""
    taken = {*earlier.findings["finding_id"], *(decision.finding_id for decision in earlier.decisions)}
    ids = found["finding_id"].to_numpy().copy()
    for index in np.flatnonzero(matching.continues < 0).tolist():
        name, number = ids[index], 1
        while ids[index] in taken:
            number += 1
            ids[index] = f"{name}-{number}"
        taken.add(ids[index])
    return ids


def _with_gone(
    current: gpd.GeoDataFrame,
    before: gpd.GeoDataFrame,
    matching: Matching,
    made: Fates,
    previous: Previous,
    notes: Notes,
) -> gpd.GeoDataFrame:
    """Return the current findings and, after them, those that are gone: seen by reviewers, and
    found again if they come back.

    Noise about which nobody decided anything is not kept: it comes and goes with every drawing.
    What this run could not look for is kept with the status that it had, so that the next run finds
    its id and decisions.
    """
    decided = {decision.finding_id for decision in previous.decisions}
    ids = before["finding_id"].to_numpy()
    kept = (before["severity"] != "info").to_numpy() | np.isin(ids, list(decided))
    unassessed = made.previous == UNASSESSED
    rows = np.flatnonzero((kept | unassessed) & (matching.continued_by < 0) & (made.previous != OUTSIDE))
    gone = before.iloc[rows][[*NAMES, "geometry"]].copy()
    gone["change"] = made.previous[rows]
    current_ids, told = current["finding_id"].to_numpy(), []
    for index in rows.tolist():
        told.append(gone_detail(index, current_ids, matching, notes.language))
        if made.previous[index] == RESOLVED:
            why = text("identity.note.resolved", notes.language)
            notes.gone[ids[index]] = "; ".join(filter(None, (why, told[-1])))
            notes.status[ids[index]] = before["status"].iloc[index]
    gone["change_detail"] = told
    gone["status"] = np.where(unassessed[rows], gone["status"], "resolved")
    columns = [*NAMES, *(name for name, _ in CHANGE_FIELDS), "geometry"]
    if not len(gone):
        return current[columns]
    joined = pd.concat([current[columns], gone[columns]], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=current.crs)


# ── histories ─────────────────────────────────────────────────────────────────────────────────────


def _decided_since(before: list[Decision], there: list[Decision]) -> list[Decision]:
    """Return what people decided in the store of an earlier run that started from the same
    findings.
    """
    known = {_signature(decision) for decision in before}
    return [decision for decision in there if decision.who != TOOL and _signature(decision) not in known]


def _signature(decision: Decision) -> tuple[str, ...]:
    return (decision.finding_id, decision.decided, decision.who, decision.to_status, decision.note, decision.document)


def _joined(before: list[Decision], since: list[Decision]) -> list[Decision]:
    """Return both histories as one; the numbers of the later one follow on, and what undoes points
    to the new numbers.
    """
    start = max((decision.number for decision in before), default=0)
    numbers = {decision.number: start + rank for rank, decision in enumerate(since, 1)}
    moved = [
        replace(
            one, number=numbers[one.number], undoes=None if one.undoes is None else numbers.get(one.undoes, one.undoes)
        )
        for one in since
    ]
    return [*before, *moved]


__all__ = ["COUNTS", "NEW", "Inherited", "inherit"]
