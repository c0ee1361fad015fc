"""Where the zones of two plans meet: the verdict of every pair first, the geometry of the reported
ones after.

Two PreparedZones, a RuleSet and Settings go in. Comes out :class:`Meetings`: all pairs whose boxes
meet, the verdict of each, and the pieces of those whose verdict is reported, separated from noise
by the tolerance. Fails with PlanError when the two plans have no point in common.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from ...errors import PlanError
from ...planar.overlay import ZonePairs, meet_anywhere, near_pairs, shared
from ...progress import Progress
from ...rulesets.lookup import Answers
from ...rulesets.ruleset import RuleSet
from ..pieces import Pieces, sort_out
from ..preparation import PreparedZones
from ..settings import Settings
from .options import REPORTED


@dataclass(frozen=True)
class Meetings:
    """``near``: all pairs whose boxes meet. ``judged``: those with codes on both sides that the
    rules know, with their ``answers``; ``reported``: which of the judged are reported, what they
    share (``shared_m2``), and their ``pieces`` (source: the reported pair). ``judgeable``: whether
    the rules know the code of each lower zone.
    """

    below: PreparedZones
    above: PreparedZones
    near: ZonePairs
    judged: ZonePairs
    answers: Answers
    reported: np.ndarray
    shared_m2: np.ndarray
    pieces: Pieces
    judgeable: np.ndarray

    @property
    def pairs(self) -> ZonePairs:
        """The reported pairs."""
        return self.judged.where(self.reported)

    @property
    def verdicts(self) -> Answers:
        """The answers of the reported pairs."""
        return self.answers.where(self.reported)


def meetings(
    below: PreparedZones, above: PreparedZones, rules: RuleSet, settings: Settings, progress: Progress
) -> Meetings:
    """Judge every pair, clip the reported ones."""
    near = near_pairs(below.polygons, above.polygons, progress.part(0.0, 0.1))
    if not meet_anywhere(below.polygons, above.polygons, near, progress.part(0.1, 0.15)):
        raise PlanError("error.plans_apart", **_places(below, above))
    lower_code, upper_code = below.column("code"), above.column("code")
    known = {code: code != "" and rules.knows_lower(code) for code in set(lower_code)}
    judgeable = np.array([known[code] for code in lower_code], dtype=bool)
    judged = near.where(judgeable[near.i] & (upper_code != "")[near.j])
    answers = rules.answers(upper_code, lower_code, judged.j, judged.i)
    reported = np.flatnonzero(answers.among(REPORTED))
    overlays = shared(below.polygons, above.polygons, judged.where(reported), progress.part(0.15, 0.9))
    floor = answers.where(reported).column("min_area_m2")
    pieces = sort_out(overlays, settings.tolerance, floor)
    progress.step(1.0)
    return Meetings(below, above, near, judged, answers, reported, shapely.area(overlays), pieces, judgeable)


def _places(below: PreparedZones, above: PreparedZones) -> dict[str, str]:
    def box(prepared: PreparedZones) -> str:
        west, south, east, north = shapely.total_bounds(prepared.polygons)
        return f"x {west:.0f}–{east:.0f}, y {south:.0f}–{north:.0f}"

    def crs(prepared: PreparedZones) -> str:
        """Return the CRS that the layer came in, where it was brought into the working CRS."""
        given = [values["crs"] for key, values in prepared.plan.notes if key == "note.reprojected"]
        return str(given[0] if given else prepared.plan.crs.name)

    return {
        "lower": below.plan.name,
        "upper": above.plan.name,
        "lower_box": box(below),
        "upper_box": box(above),
        "lower_crs": crs(below),
        "upper_crs": crs(above),
        "crs": str(below.plan.crs.name),
    }
