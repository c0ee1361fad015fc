"""Does the lower plan carry out what the upper plan designates? One finding for each upper zone
that it does not.

Only ground that the lower plan covers is judged: what lies beyond its extent is another plan's
matter. A lower zone carries an upper designation where its code is named as doing so
(``realised_by``) or is compatible with it by the rule set. An upper zone of which less than a least
share is carried out is reported with the hectares designated there (declared_ha), carried out
(measured_ha) and missing (difference_ha). Lower functional zones, which lie over the land-use
zones, are left out of these sums, and so are zones with a code that the rules do not know. Goes in:
Meetings, a RuleSet, Settings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from ...amounts import area_text, share_text
from ...catalogue import text
from ...findings import batch
from ...planar.overlay import THREADS, ZonePairs, inside, shared_areas
from ...planar.polygons import polygonal
from ...planar.threads import in_order
from ...planar.width import wider_than, widths
from ...progress import Progress
from ...rulesets.ruleset import RuleSet
from ..settings import Settings
from .meetings import Meetings
from .options import COMPATIBLE

RULE = "conformity.unfulfilled"


@dataclass(frozen=True)
class Fulfilment:
    """The finding of each upper zone that is not carried out, how many they are, and what they miss
    in m².
    """

    findings: pd.DataFrame | None = None
    count: int = 0
    missing_m2: float = 0.0


@dataclass(frozen=True)
class _Claims:
    """Pairs on upper zones that are in question: whether the lower zone of each has ``carried`` the
    designation out, and the number of the pair among the reported ones, whose clips are known
    (``clip``), -1 for the others.
    """

    pairs: ZonePairs
    carried: np.ndarray
    clip: np.ndarray

    def where(self, chosen: np.ndarray) -> _Claims:
        """Return those that a mask chooses."""
        return _Claims(self.pairs.where(chosen), self.carried[chosen], self.clip[chosen])

    def of_zones(self, zones: np.ndarray) -> _Claims:
        """Return those on the upper zones that a mask chooses."""
        return self.where(zones[self.pairs.j])


def fulfilment(
    found: Meetings, rules: RuleSet, least_realised: float, settings: Settings, progress: Progress
) -> Fulfilment:
    """Return the upper zones of which the lower plan carries out less than ``least_realised`` (0 to
    1).
    """
    count = len(found.above.polygons)
    functional = overlapping_codes(found.below.column("code"), rules)
    asked = np.zeros(count, dtype=bool)
    asked[found.pairs.j] = True  # where nothing is reported, everything is carried out
    chosen = np.flatnonzero(asked[found.judged.j] & ~functional[found.judged.i])
    if least_realised <= 0 or len(chosen) == 0:
        return Fulfilment()
    claims = _claims(found, rules, chosen)
    claims = claims.of_zones(_perhaps_too_little(found, claims, least_realised, progress.part(0.0, 0.4)))
    within_m2, carried_m2 = _areas(found, claims, progress.part(0.4, 0.8))
    few = (within_m2 > 0) & (carried_m2 < least_realised * within_m2)
    zones = np.flatnonzero(few)
    places = _missing_ground(found, claims.of_zones(few), zones, progress.part(0.8, 1.0))
    wide = wider_than(places, settings.tolerance.width_m) if len(zones) else np.zeros(0, dtype=bool)
    zones, places = zones[wide], places[wide]
    if len(zones) == 0:
        return Fulfilment()
    made = _batch(found, zones, places, within_m2[zones], carried_m2[zones], rules, settings)
    return Fulfilment(made, len(zones), float((within_m2 - carried_m2)[zones].sum()))


def overlapping_codes(codes: np.ndarray, rules: RuleSet) -> np.ndarray:
    """Return whether each code is a functional zone, which overlaps the land-use codes by
    nature.
    """
    known = {written: (code := rules.code(written)) is not None and code.overlapping for written in set(codes)}
    return np.array([known[written] for written in codes], dtype=bool)


def _named(found: Meetings, rules: RuleSet, pairs: ZonePairs) -> np.ndarray:
    """Return whether the rules name the lower zone of each pair among those that realise the upper
    one.
    """
    lower_number, lower_codes = pd.factorize(found.below.column("code"))
    upper_number, upper_codes = pd.factorize(found.above.column("code"))
    table = np.array([[rules.realises(low, up) is True for low in lower_codes] for up in upper_codes], dtype=bool)
    return np.asarray(table[upper_number[pairs.j], lower_number[pairs.i]])


def _claims(found: Meetings, rules: RuleSet, chosen: np.ndarray) -> _Claims:
    """Return the ``chosen`` of the judged pairs; whatever is not carried is reported, and so is
    clipped already.
    """
    pairs = found.judged.where(chosen)
    carried = found.answers.where(chosen).among((COMPATIBLE,)) | _named(found, rules, pairs)
    piece = np.full(len(found.judged), -1)
    piece[found.reported] = np.arange(len(found.reported))
    return _Claims(pairs, carried, piece[chosen])


def _perhaps_too_little(found: Meetings, claims: _Claims, least_realised: float, progress: Progress) -> np.ndarray:
    """Return the upper zones that lower zones wholly inside do not carry out enough already;
    nothing is clipped.
    """
    count = len(found.above.polygons)
    carried = claims.where(claims.carried)
    within = inside(found.below.polygons, found.above.polygons, carried.pairs, progress)
    area_m2 = shapely.area(found.below.polygons)
    sure_m2 = np.bincount(carried.pairs.j[within], area_m2[carried.pairs.i[within]], count)
    rest = claims.where(~claims.carried)
    rest_m2 = np.bincount(rest.pairs.j, found.shared_m2[rest.clip], count)
    return np.asarray(sure_m2 < least_realised * (sure_m2 + rest_m2))


def _areas(found: Meetings, claims: _Claims, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
    """Return (within_m2, carried_m2) for every upper zone: the ground under its pairs, and under
    those that carry it out.
    """
    count, pairs = len(found.above.polygons), claims.pairs
    known = claims.clip >= 0
    area_m2 = np.zeros(len(pairs))
    area_m2[known] = found.shared_m2[claims.clip[known]]
    area_m2[~known] = shared_areas(found.below.polygons, found.above.polygons, pairs.where(~known), progress)
    return np.bincount(pairs.j, area_m2, count), np.bincount(pairs.j, area_m2 * claims.carried, count)


def _missing_ground(found: Meetings, claims: _Claims, zones: np.ndarray, progress: Progress) -> np.ndarray:
    """For each of the upper ``zones`` (in order) the ground that is not carried out, as one polygon
    or multipolygon.
    """
    missing = np.zeros(len(found.reported), dtype=bool)
    missing[claims.clip[~claims.carried]] = True
    pieces = found.pieces.where(missing[found.pieces.source])
    zone = np.searchsorted(zones, found.pairs.j[pieces.source])
    order = np.argsort(zone, kind="stable")
    begin = np.searchsorted(zone[order], np.arange(len(zones) + 1))

    def ground(place: int) -> shapely.Geometry:
        return shapely.union_all(pieces.polygons[order[begin[place] : begin[place + 1]]])

    made = np.full(len(zones), shapely.MultiPolygon(), dtype=object)
    for place, united in enumerate(in_order(ground, range(len(zones)), THREADS, progress)):
        made[place] = united
        progress.step(place / len(zones))
    return polygonal(made)


def _batch(
    found: Meetings,
    zones: np.ndarray,
    places: np.ndarray,
    within_m2: np.ndarray,
    carried_m2: np.ndarray,
    rules: RuleSet,
    settings: Settings,
) -> pd.DataFrame:
    language, lower, upper = settings.language, found.below.plan, found.above.plan
    codes = found.above.column("code")[zones]
    details = [
        text(
            "conformity.realised",
            language,
            share=share_text(carried / within, language),
            designated=area_text(within, language),
            realised=area_text(carried, language),
            missing=area_text(within - carried, language),
        )
        for within, carried in zip(within_m2, carried_m2)
    ]
    made = batch(
        RULE,
        places,
        plan_a=lower.name,
        territory=lower.territory,
        plan_b=upper.name,
        zone_b=found.above.column("key")[zones],
        code_b=codes,
        name_b=names_of(codes, rules, language),
        verdict="unfulfilled",
        area_m2=shapely.area(places),
        width_m=widths(places),
        declared_ha=within_m2 / 1e4,
        measured_ha=carried_m2 / 1e4,
        difference_ha=(carried_m2 - within_m2) / 1e4,
        must_adjust=rules.must_adjust(upper.level, lower.level, language),
        detail=details,
    )
    return made.assign(severity="info") if upper.nature == "diagram" else made


def names_of(codes: np.ndarray, rules: RuleSet, language: str) -> np.ndarray:
    """Return what follows each code in a message: a comma and its name, nothing where the rule set
    has none.
    """
    known = {code: rules.code_name(code, language) for code in set(codes)}
    return np.array([f", {known[code]}" if known[code] else "" for code in codes], dtype=object)
