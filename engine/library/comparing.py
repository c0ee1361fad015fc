"""Two drafts of a plan, or two runs, side by side, for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd

from ..identity.comparing import compare_findings as compare_tables
from ..identity.drafts import DraftChanges
from ..identity.previous import read_previous
from ..tolerance import Tolerance
from ..usecases.checks import compare_two_drafts
from .inputs import Store, Watch, Zones, common, draft, place, request_of, watched


@dataclass(frozen=True)
class Comparison:
    """``fates``: a row for every finding of either run and what became of it; ``counts``: how many
    of each; ``log``.
    """

    fates: gpd.GeoDataFrame
    counts: Mapping[str, int]
    log: list[str]


def compare_drafts(
    before: Zones,
    after: Zones,
    *,
    code: str,
    key: str | None = None,
    after_code: str | None = None,
    after_key: str | None = None,
    scale: float | None = None,
    width_tolerance: float | None = None,
    crs: object = None,
    language: str = "en",
    progress: Watch = None,
) -> DraftChanges:
    """Return what has changed from one draft of a plan to the next?

    Parameters
    ----------
    before, after : GeoDataFrame or path
        The two drafts.
    code, key, after_code, after_key : str, optional
        Their fields; those of the second draft are called as in the first unless said otherwise.
    scale, width_tolerance, crs, language, progress
        As for :func:`check_coverage`.

    Returns
    -------
    DraftChanges
        ``changes`` (polygons), ``transitions`` (m² and ha for each pair of codes), ``measures``, ``closes``.
    """
    tolerance = Tolerance.choose(width_tolerance, scale)
    request = request_of("comparedrafts", tolerance, **common(locals()))
    wanted = ((before, (key, code), "before"), (after, (after_key or key, after_code or code), "after"))
    drafts = [draft(zones, fields, name) for zones, fields, name in wanted]
    one, other = drafts
    readers = [lambda _, plan=plan: plan for plan, _ in drafts]
    return compare_two_drafts(request, readers, lambda _: (one[1], other[1]))


def compare_findings(
    previous: Store,
    current: Store,
    *,
    scale: float | None = None,
    width_tolerance: float | None = None,
    language: str = "en",
    progress: Watch = None,
) -> Comparison:
    """Return what became of the findings of an earlier run?

    Parameters
    ----------
    previous, current : path
        Two findings stores.
    scale, width_tolerance, language, progress
        As for :func:`check_coverage`.

    Returns
    -------
    Comparison
    """
    one, other = (read_previous(place(store)).findings for store in (previous, current))
    tolerance = Tolerance.choose(width_tolerance, scale)
    return Comparison(*compare_tables(one, other, tolerance, language, watched(progress)))
