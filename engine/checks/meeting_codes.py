"""Which codes of two plans really meet, on how many hectares and at how many places.

Goes in: the lower and the upper PlanLayer in the same working CRS in metres, and Settings. Comes
out: a table with upper_code, lower_code, area_m2 (all that the zones share, slivers of noise too)
and places (connected pieces wider than the tolerance), largest area first. Codes that differ only
in case, blanks or accent composition are one, written as most zones write it; zones without a code
are left out and counted. Fails with PlanError when a plan has no code field or no area, or the two
share nothing; Cancelled when asked to.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import shapely

from ..catalogue import text
from ..codes import in_one_spelling
from ..errors import PlanError
from ..plan import PlanLayer
from ..planar.overlay import near_pairs, shared
from .pieces import sort_out
from .preparation import prepare
from .settings import Settings

COLUMNS = ("upper_code", "lower_code", "area_m2", "places")


class MeetingCodes(NamedTuple):
    """``pairs``: the table; ``uncoded``: zones without a code in the lower and the upper plan."""

    pairs: pd.DataFrame
    uncoded: tuple[int, int]


def meeting_codes(lower: PlanLayer, upper: PlanLayer, settings: Settings) -> MeetingCodes:
    """Return every pair of codes with ground in common; see the module's paragraph."""
    progress = settings.progress
    progress.step(0.0, text("progress.geometry", settings.language))
    for plan in (lower, upper):
        if not plan.code_field:
            raise PlanError("error.no_code_field", layer=plan.name)
    below, above = prepare(lower), prepare(upper, beside=[lower])
    for prepared in (below, above):
        if len(prepared.polygons) == 0:
            raise PlanError("error.no_geometry", layer=prepared.plan.name, count=len(prepared.plan.zones))
    progress.step(0.1, text("progress.meetings", settings.language))
    lower_code, upper_code = (in_one_spelling(prepared.column("code")) for prepared in (below, above))
    near = near_pairs(below.polygons, above.polygons, progress.part(0.1, 0.2))
    near = near.where((lower_code != "")[near.i] & (upper_code != "")[near.j])
    pieces = sort_out(shared(below.polygons, above.polygons, near, progress.part(0.2, 0.95)), settings.tolerance)
    if len(pieces.polygons) == 0:
        raise PlanError("error.no_common_codes", lower=lower.name, upper=upper.name)
    met = pd.DataFrame(
        {
            "upper_code": upper_code[near.j[pieces.source]],
            "lower_code": lower_code[near.i[pieces.source]],
            "area_m2": shapely.area(pieces.polygons),
            "places": pieces.real.astype(int),
        }
    )
    table = met.groupby(["upper_code", "lower_code"], as_index=False)[["area_m2", "places"]].sum()
    table = table.sort_values(["area_m2", "upper_code", "lower_code"], ascending=[False, True, True])
    progress.step(1.0)
    uncoded = (int((lower_code == "").sum()), int((upper_code == "").sum()))
    return MeetingCodes(table[list(COLUMNS)].reset_index(drop=True), uncoded)
