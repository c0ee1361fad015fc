"""The two tables on request: hectares of every pair of codes, and the lower zones with one verdict
each.

The cross table adds up: for each lower code its rows, ``unplanned`` included, are its area, unless
upper zones overlap; functional zones overlap the codes by nature, which the column ``functional``
says, and are not to be summed with them. The zones carry the strictest verdict of what is wider
than the tolerance; ground under two upper zones counts once, for the stricter. Areas in hectares,
shares from 0 to 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ...codes import hint, in_one_spelling
from ...kinds import REAL, TEXT
from ...planar.overlay import shared_areas
from ...progress import Progress
from ...rulesets.ruleset import RuleSet
from .fulfilment import overlapping_codes
from .meetings import Meetings
from .options import COMPATIBLE, DIAGRAM, REPORTED, UNPLANNED

if TYPE_CHECKING:
    from .options import Unplanned

CROSS_FIELDS: tuple[tuple[str, str], ...] = (
    ("upper_code", TEXT),
    ("upper_name", TEXT),
    ("lower_code", TEXT),
    ("lower_name", TEXT),
    ("verdict", TEXT),
    ("area_ha", REAL),
    ("share_of_lower", REAL),
    ("share_of_upper", REAL),
    ("zone_pairs", REAL),
    ("functional", TEXT),
    ("reason", TEXT),
    ("reference", TEXT),
)
ZONE_FIELDS: tuple[tuple[str, str], ...] = (
    ("key", TEXT),
    ("code", TEXT),
    ("name", TEXT),
    ("verdict", TEXT),
    ("area_ha", REAL),
    ("conflict_ha", REAL),
    ("conflict_share", REAL),
    ("conditional_ha", REAL),
    ("unlisted_ha", REAL),
    ("unplanned_ha", REAL),
    ("upper_codes", TEXT),
    ("reason", TEXT),
    ("must_adjust", TEXT),
)
UNKNOWN, NO_PLACE = "unknown", "empty"


def cross_table(
    found: Meetings, unplanned: Unplanned, rules: RuleSet, language: str, progress: Progress
) -> pd.DataFrame:
    """Hectares and verdict of every pair of codes that meets; the pairs that are not reported are
    clipped here.
    """
    below, above = found.below, found.above
    lower_code, upper_code = (in_one_spelling(plan.column("code")) for plan in (below, above))
    done = np.zeros(len(found.near), dtype=bool)
    judged = np.flatnonzero(found.judgeable[found.near.i] & (upper_code != "")[found.near.j])
    done[judged[found.reported]] = True
    area_m2 = np.zeros(len(found.near))
    area_m2[done] = found.shared_m2
    area_m2[~done] = shared_areas(below.polygons, above.polygons, found.near.where(~done), progress)
    pairs = pd.DataFrame(
        {"upper_code": upper_code[found.near.j], "lower_code": lower_code[found.near.i], "m2": area_m2}
    )
    open_ground = pd.DataFrame({"upper_code": "", "lower_code": lower_code[unplanned.which], "m2": unplanned.area_m2})
    some = pd.concat([pairs[pairs["m2"] > 0].assign(open=False), open_ground.assign(open=True)])
    table = some.groupby(["open", "upper_code", "lower_code"], sort=True)["m2"].agg(["sum", "count"]).reset_index()
    return _described(table, found, (lower_code, upper_code), rules, language)


def _described(
    table: pd.DataFrame, found: Meetings, codes: tuple[np.ndarray, np.ndarray], rules: RuleSet, language: str
) -> pd.DataFrame:
    """Return the table with verdicts, names and shares; ``codes``: of each lower and each upper
    zone, as the table spells them.
    """
    lower_m2, upper_m2 = (
        pd.Series(shapely.area(plan.polygons)).groupby(written).sum()
        for plan, written in zip((found.below, found.above), codes)
    )
    uppers, lowers = table["upper_code"].to_numpy(), table["lower_code"].to_numpy()
    answers = rules.answers(uppers, lowers)
    opened = table["open"].to_numpy(dtype=bool)
    known = np.array([code != "" and rules.knows_lower(code) for code in lowers], dtype=bool)
    judged = known & (uppers != "")
    functional = [
        " ".join(side for side, is_one in (("upper", up), ("lower", low)) if is_one)
        for up, low in zip(overlapping_codes(uppers, rules), overlapping_codes(lowers, rules))
    ]
    unknown = np.where(known | opened, "", [hint(code, language) for code in lowers])
    m2 = table["sum"].to_numpy()
    made = pd.DataFrame(
        {
            "upper_code": uppers,
            "upper_name": [rules.code_name(code, language) for code in uppers],
            "lower_code": lowers,
            "lower_name": [rules.code_name(code, language) for code in lowers],
            "verdict": np.where(opened, UNPLANNED, np.where(judged, answers.column("verdict"), UNKNOWN)),
            "area_ha": m2 / 1e4,
            "share_of_lower": m2 / lower_m2.reindex(lowers).to_numpy(),
            "share_of_upper": np.where(opened, np.nan, m2 / upper_m2.reindex(uppers).to_numpy()),
            "zone_pairs": table["count"].astype(float),
            "functional": functional,
            "reason": np.where(judged & ~opened, answers.reasons(language), unknown),
            "reference": np.where(judged & ~opened, answers.references(language), ""),
        }
    )
    return made[[name for name, _ in CROSS_FIELDS]]


def zone_verdicts(
    found: Meetings, ground_m2: np.ndarray, unplanned: Unplanned, rules: RuleSet, language: str
) -> gpd.GeoDataFrame:
    """Return every lower zone with its worst verdict; ``ground_m2``: of each piece, as
    ground.ground_m2 gives it.
    """
    below, above = found.below, found.above
    plan, pieces, pairs = below.plan, found.pieces, found.pairs
    count = len(below.polygons)
    real = np.flatnonzero(pieces.real)
    lower = pairs.i[pieces.source[real]]
    words = found.verdicts.column("verdict")[pieces.source[real]]
    by_word = {word: np.bincount(lower[words == word], ground_m2[real][words == word], count) for word in REPORTED}
    open_m2 = np.bincount(unplanned.which[unplanned.real_of_piece], unplanned.real_m2, count)
    touched = {word: np.isin(np.arange(count), lower[words == word]) for word in REPORTED}
    verdict = np.where(found.judgeable, COMPATIBLE, UNKNOWN).astype(object)
    verdict[(open_m2 > 0) & found.judgeable] = UNPLANNED
    for word in reversed(REPORTED):
        verdict[touched[word]] = word
    if above.plan.nature == DIAGRAM:
        verdict[np.isin(verdict, REPORTED)] = DIAGRAM
    area_m2 = shapely.area(below.polygons)
    codes, reasons = _strictest(found, lower, words, pieces.source[real], language)
    adjust = rules.must_adjust(above.plan.level, plan.level, language)
    rows = pd.DataFrame(
        {
            "verdict": verdict,
            "area_ha": area_m2 / 1e4,
            "conflict_ha": by_word["conflict"] / 1e4,
            "conflict_share": by_word["conflict"] / area_m2,
            "conditional_ha": by_word["conditional"] / 1e4,
            "unlisted_ha": by_word["unlisted"] / 1e4,
            "unplanned_ha": open_m2 / 1e4,
            "upper_codes": codes,
            "reason": reasons,
            "must_adjust": np.where(touched["conflict"], adjust, ""),
        },
        index=below.row,
    ).reindex(range(len(plan.zones)))
    rows["verdict"] = rows["verdict"].fillna(NO_PLACE)
    for name in ("upper_codes", "reason", "must_adjust"):
        rows[name] = rows[name].fillna("")
    rows["key"], rows["code"] = plan.zones["key"].to_numpy(), plan.zones["code"].to_numpy()
    rows["name"] = [rules.code_name(code, language) for code in rows["code"]]
    geometry = np.full(len(rows), None, dtype=object)
    geometry[below.row] = below.polygons
    return gpd.GeoDataFrame(rows[[name for name, _ in ZONE_FIELDS]], geometry=geometry, crs=plan.crs)


def _strictest(
    found: Meetings, lower: np.ndarray, words: np.ndarray, source: np.ndarray, language: str
) -> tuple[np.ndarray, np.ndarray]:
    """For each lower zone the upper codes that gave its strictest verdict, and the reason of the
    first of them.
    """
    count = len(found.below.polygons)
    codes, reasons = np.full(count, "", dtype=object), np.full(count, "", dtype=object)
    if len(lower) == 0:
        return codes, reasons
    upper_code = in_one_spelling(found.above.column("code"))[found.pairs.j[source]]
    table = pd.DataFrame(
        {
            "lower": lower,
            "rank": [REPORTED.index(word) for word in words],
            "upper": upper_code,
            "reason": found.verdicts.reasons(language)[source],
        }
    )
    table = table[table["rank"] == table.groupby("lower")["rank"].transform("min")]
    table = table.drop_duplicates(["lower", "upper"]).sort_values(["lower", "upper"], kind="stable")
    joined = table.groupby("lower")["upper"].agg(", ".join)
    codes[joined.index.to_numpy()] = joined.to_numpy()
    first = table.drop_duplicates("lower")
    reasons[first["lower"].to_numpy()] = first["reason"].to_numpy()
    return codes, reasons
