"""The single checks for scripts: coverage of a plan, borders between plans, a lower plan against
the upper one.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd

from ..checks.conformity import Options
from ..corridors import Corridor
from ..tolerance import Tolerance
from ..usecases.checks import assess_borders, assess_conformity, assess_coverage
from .inputs import Rules, Store, Watch, Zones, common, numbered, read_rules, reader, request_of, rules_of
from .result import Result, result_of

__all__ = ["check_borders", "check_conformity", "check_coverage", "read_rules"]


def check_coverage(
    zones: Zones,
    boundary: Zones | None = None,
    *,
    key: str | None = None,
    code: str | None = None,
    scale: float | None = None,
    width_tolerance: float | None = None,
    min_area: float = 0.0,
    plan: str = "",
    territory: str = "",
    crs: object = None,
    language: str = "en",
    previous: Store | None = None,
    progress: Watch = None,
) -> Result:
    """Does a plan cover its territory once, wholly and not beyond?

    Parameters
    ----------
    zones : GeoDataFrame or path
        The zones of the plan, polygons in any CRS.
    boundary : GeoDataFrame or path, optional
        The territory. Without it only gaps that zones enclose are found, and nothing beyond it.
    key, code : str, optional
        The fields with the zones' names and with their land-use codes. Without a key the feature id names a zone.
    scale : float, optional
        Denominator of the plan's scale, 10000 for 1:10,000: the tolerance is 0.5 mm on the map. Without one it is 0.1 m.
    width_tolerance : float, optional
        In metres, in the place of the scale's; 0 is no tolerance. Pieces up to this wide are noise, reported as information.
    min_area : float
        In m²; smaller pieces are noise as well.
    plan, territory : str
        Names for the findings; the layer's own name and "" by default.
    crs : anything that pyproj takes, optional
        The working CRS, projected and in metres.
    language : {"en", "vi"}
        Of the messages.
    previous : path, optional
        The store of an earlier run, whose ids and decisions go on.
    progress : callable, optional
        Called with the share that is done and with what is being done.

    Returns
    -------
    Result

    Raises
    ------
    PlanError
        When there is no CRS, no such field, nothing with an area, or the boundary lies elsewhere.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> square = shapely.box(500000, 2300000, 500100, 2300100)
    >>> zones = gpd.GeoDataFrame({"id": ["Z1"]}, geometry=[square], crs="EPSG:5899")
    >>> ground = gpd.GeoDataFrame(geometry=[shapely.box(500000, 2300000, 500120, 2300100)], crs="EPSG:5899")
    >>> result = check_coverage(zones, ground, key="id", scale=10_000)
    >>> result.conforms, result.measures["gap_area"], result.units["gap_area"]
    (False, 2000.0, 'm2')
    """
    request = request_of("checkcoverage", Tolerance.choose(width_tolerance, scale, min_area), **common(locals()))
    read = reader(zones, key, code, plan, territory=territory)
    return result_of(assess_coverage(request, read, None if boundary is None else reader(boundary)))


def check_borders(
    plans: Sequence[Zones] | Mapping[str, Zones] | Zones,
    *,
    territory: str | None = None,
    key: str | None = None,
    code: str | None = None,
    scale: float | None = None,
    width_tolerance: float | None = None,
    search_width: float | None = None,
    rules: Rules = None,
    crs: object = None,
    language: str = "en",
    previous: Store | None = None,
    progress: Watch = None,
) -> Result:
    """Do the plans of neighbouring territories meet in one line?

    Parameters
    ----------
    plans : sequence, mapping of names, GeoDataFrame or path
        One layer for each territory; or a single layer with the name of each zone's territory in the field ``territory``.
    territory : str, optional
        That field.
    search_width : float, optional
        In metres: how far apart lines are still compared, ten times the tolerance by default.
    rules : RuleSet or path, optional
        With it, land use that changes abruptly over a border is reported; ``code`` is needed then.
    key, code, scale, width_tolerance, crs, language, previous, progress
        As for :func:`check_coverage`.

    Returns
    -------
    Result

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> def district(left, right):
    ...     square = shapely.box(left, 2300000, right, 2300100)
    ...     return gpd.GeoDataFrame(geometry=[square], crs="EPSG:5899")
    >>> plans = {"A": district(500000, 500100), "B": district(500102, 500200)}
    >>> result = check_borders(plans, width_tolerance=0.5, search_width=10)
    >>> result.measures["border_count"], round(result.measures["gap_area"])
    (1.0, 200)
    """
    rule_set = None if rules is None else rules_of(rules)
    tolerance = Tolerance.choose(width_tolerance, scale)
    request = request_of("checkborders", tolerance, rules=rule_set, **common(locals()))
    if isinstance(plans, Mapping):
        readers = [reader(zones, key, code, name, territory, name) for name, zones in plans.items()]
    else:
        many = [plans] if isinstance(plans, (gpd.GeoDataFrame, str, os.PathLike)) else plans
        names = numbered(many)
        readers = [reader(zones, key, code, name, territory) for zones, name in zip(many, names)]
    return result_of(assess_borders(request, readers, search_width))


def check_conformity(
    lower: Zones,
    upper: Zones,
    rules: Rules = None,
    *,
    lower_code: str,
    upper_code: str,
    lower_key: str | None = None,
    upper_key: str | None = None,
    lower_scale: float | None = None,
    upper_scale: float | None = None,
    width_tolerance: float | None = None,
    lower_level: str = "district",
    upper_level: str = "provincial",
    upper_nature: str = "map",
    lower_plan: str = "",
    upper_plan: str = "",
    territory: str = "",
    upper_width: float | None = None,
    upper_radius: float | None = None,
    least_realised: float = 0.5,
    cross_table: bool = False,
    zone_verdicts: bool = False,
    crs: object = None,
    language: str = "en",
    previous: Store | None = None,
    progress: Watch = None,
) -> Result:
    """Does a lower plan fit the upper one?

    Parameters
    ----------
    lower, upper : GeoDataFrame or path
        The plan that is checked and the one that it must fit. The upper one may be lines or points, see ``upper_width``.
    rules : RuleSet or path, optional
        Verdicts for pairs of codes; the built-in set by default.
    lower_code, upper_code : str
        The fields with the land-use codes.
    lower_scale, upper_scale : float, optional
        Denominators; the coarser scale governs.
    lower_level, upper_level : str
        Such as "district", "commune", "provincial".
    upper_nature : {"map", "diagram"}
        A diagram shows orientation only: an overlay with it is never an error.
    upper_width, upper_radius : float, optional
        In metres: how wide the corridor along a line is, and how large the disc around a point.
    least_realised : float
        The share, 0 to 1, of an upper designation below which it counts as not carried out.
    cross_table, zone_verdicts : bool
        Whether ``tables`` shall hold them.
    lower_key, upper_key, width_tolerance, crs, language, previous, progress
        As for :func:`check_coverage`.

    Returns
    -------
    Result

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> square = shapely.box(500000, 2300000, 500100, 2300100)
    >>> houses = gpd.GeoDataFrame({"code": ["ONT"]}, geometry=[square], crs="EPSG:5899")
    >>> forest = gpd.GeoDataFrame({"code": ["Z_RPH"]}, geometry=[square], crs="EPSG:5899")
    >>> result = check_conformity(houses, forest, lower_code="code", upper_code="code")
    >>> result.findings["rule"].tolist(), result.measures["conflict_area"]
    (['conformity.conflict', 'conformity.unfulfilled'], 10000.0)
    """
    choose = functools.partial(Tolerance.choose, width_tolerance)
    tolerance = Tolerance.combine(choose(lower_scale), choose(upper_scale))
    rule_set = rules_of(rules)
    request = request_of("checkconformity", tolerance, rules=rule_set, **common(locals()))
    corridor = Corridor(upper_width, "", upper_radius, "")
    above: dict[str, Any] = {"level": upper_level, "nature": upper_nature, "corridor": corridor}
    below: dict[str, Any] = {"level": lower_level, "territory": territory}
    assessment = assess_conformity(
        request,
        reader(lower, lower_key, lower_code, lower_plan or numbered([lower], "lower")[0], **below),
        reader(upper, upper_key, upper_code, upper_plan or numbered([upper], "upper")[0], **above),
        rule_set,
        Options(least_realised, cross_table, zone_verdicts),
    )
    return result_of(assessment)
