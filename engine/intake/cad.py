"""A drawing becomes zones: hatches and closed outlines, each with its layer's name and the text
that stands inside it.

Goes in: a table as OGR reads a DXF or DGN, lines, points, texts and areas mixed. Comes out: a table
of areas with two more columns, ``cad_layer`` and ``label``; or, where it is wished for, closed
lines as areas too, of any format. Everything that is left out or closed is counted in the report.
Coordinates that are no numbers or lie beyond the earth are left out.
"""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import shapely

from ..plan import Note
from ..values import is_missing
from .report import IntakeReport

CAD_LAYER, LABEL = "cad_layer", "label"
LAYER_FIELDS = ("Layer", "Level")
TEXT_FIELD = "Text"
PAPER_SPACE, HIDDEN = "PaperSpace", "Hidden"
DEFPOINTS = "Defpoints"
"""AutoCAD's own layer for the points of dimensions; it is never plotted."""
POINT, LINE, MULTILINE = 0, 1, 5
AREAS = (3, 6)
CLOSING_M = 0.05
"""An outline whose ends are this close was meant to be closed."""
NEAR_M = 1.0
"""Ends of lines that lie farther apart were not meant to meet."""
METRES_OF_DEGREE = 111_000.0
FARTHEST = 1e8
"""No coordinate of a map on the earth is larger, in metres or degrees."""
SAME_SHARE = 0.999
NUMBER = re.compile(r"[\d\s.,;:%+()/m²ha-]*")
FORMATTING = re.compile(r"\\[A-Za-z][^;\\{}]*;|[{}]")
"""What AutoCAD writes into a text to change its font, such as {\\fVnTime|b0;...}."""


def without_impossible(frame: gpd.GeoDataFrame, layer: str, report: IntakeReport) -> gpd.GeoDataFrame:
    """Return the features all of whose coordinates can be on the earth; a shape in a wrong CRS
    stays, to be diagnosed.

    Only drawings, which are full of stray points, are cleaned so; in a plan layer the checks report
    such a zone.
    """
    shapes = np.asarray(frame.geometry.values, dtype=object)
    places, owner = shapely.get_coordinates(shapes, return_index=True)
    wrong = np.unique(owner[~(np.isfinite(places) & (np.abs(places) < FARTHEST)).all(axis=1)])
    if not len(wrong):
        return frame
    report.add("intake.impossible_coordinates", layer=layer, count=len(wrong), first=str(frame.index[wrong[0]]))
    return frame.drop(frame.index[wrong])


def zones_of_drawing(frame: gpd.GeoDataFrame, layer: str, closed_lines: bool, report: IntakeReport) -> gpd.GeoDataFrame:
    """Return the areas of a drawing, labelled."""
    named = next((field for field in LAYER_FIELDS if field in frame.columns), "")
    made = frame.copy(deep=False)
    made[CAD_LAYER] = ["" if is_missing(value) else str(value) for value in made[named]] if named else ""
    made = shown = _shown(made, layer, report)
    made = plotted = made[made[CAD_LAYER].str.lower() != DEFPOINTS.lower()]
    texts = _texts(made)
    if closed_lines:
        made = areas_of_lines(made, layer, report)
    are_zones = np.isin(shapely.get_type_id(np.asarray(made.geometry.values, dtype=object)), AREAS)
    zones, others = made[are_zones], made[~are_zones]
    dropped = len(shown) - len(plotted) + len(others) - len(texts)
    if dropped and len(zones):
        found = ", ".join(
            sorted({*others.geometry.geom_type.dropna(), *((DEFPOINTS,) if len(plotted) < len(shown) else ())})
        )
        report.add("intake.dropped", layer=layer, count=dropped, found=found)
    labels = _labels(zones, texts, layer, report)
    if len(zones):
        return zones.assign(**{LABEL: labels})
    return made.assign(**{LABEL: ""})  # the plan layer says that there are no polygons


def _shown(frame: gpd.GeoDataFrame, layer: str, report: IntakeReport) -> gpd.GeoDataFrame:
    """Return the objects that the drawing shows as a map: not those on a layout (paper space),
    hidden, or of a layer that is off or frozen.
    """
    for field, key in ((PAPER_SPACE, "paper_space"), (HIDDEN, "hidden")):
        if field not in frame.columns:
            continue
        left_out = frame[field].eq(True).fillna(False).to_numpy(dtype=bool)
        if left_out.any():
            layers = ", ".join(sorted(set(frame[CAD_LAYER][left_out])))
            report.add(f"intake.{key}", layer=layer, count=int(left_out.sum()), layers=layers)
        frame = frame[~left_out].drop(columns=field)
    return frame


def unshown(frame: gpd.GeoDataFrame, layer: str) -> list[Note]:
    """Return what to report where the objects that :func:`_shown` leaves out were read by a program
    that does not.
    """
    areas = np.isin(shapely.get_type_id(np.asarray(frame.geometry.values, dtype=object)), AREAS)
    left_out = frame[[field for field in (PAPER_SPACE, HIDDEN) if field in frame.columns]].eq(True).any(axis=1)
    count = int((left_out.to_numpy(dtype=bool) & areas).sum())
    return [("intake.note.unshown", {"layer": layer, "count": count})] if count else []


def areas_of_lines(frame: gpd.GeoDataFrame, layer: str, report: IntakeReport) -> gpd.GeoDataFrame:
    """Return the table with its closed lines as polygons; the outline of an area that is there as
    well is left out.
    """
    shapes = shapely.force_2d(np.asarray(frame.geometry.values, dtype=object))
    kinds = shapely.get_type_id(shapes)
    merged = np.where(kinds == MULTILINE, shapely.line_merge(shapes), shapes)
    lines = np.flatnonzero((shapely.get_type_id(merged) == LINE) & (shapely.get_num_coordinates(merged) >= 4))
    gaps = shapely.distance(shapely.get_point(merged[lines], 0), shapely.get_point(merged[lines], -1))
    closing_gap = CLOSING_M / METRES_OF_DEGREE if _in_degrees(frame, shapes) else CLOSING_M
    closed = lines[gaps <= closing_gap]
    rings = [shapely.Polygon(shapely.get_coordinates(merged[index])) for index in closed]
    areas = np.array([ring if ring.area > 0 else None for ring in rings], dtype=object)
    closed, areas = closed[shapely.is_geometry(areas)], areas[shapely.is_geometry(areas)]
    drawn = shapes[np.isin(kinds, AREAS)]
    again = _drawn_again(areas, drawn)
    made = shapes.copy()
    made[closed] = areas
    kept = np.ones(len(frame), dtype=bool)
    kept[closed[again]] = False
    closing = int((gaps > 0).sum() - (gaps > closing_gap).sum())
    for key, count in (
        ("lines_to_areas", int((~again).sum())),
        ("outlines_of_hatches", int(again.sum())),
        ("lines_closed", closing),
    ):
        if count:
            report.add(f"intake.{key}", layer=layer, count=count)
    return frame.set_geometry(gpd.GeoSeries(made, index=frame.index, crs=frame.crs))[kept]


def _in_degrees(frame: gpd.GeoDataFrame, shapes: np.ndarray) -> bool:
    """By the CRS, or by the coordinates where there is none or it may be wrong."""
    bounds = shapely.total_bounds(shapes)
    small = bool((np.abs(bounds[[0, 2]]) <= 360.0).all() and (np.abs(bounds[[1, 3]]) <= 90.0).all())
    return small and (frame.crs is None or frame.crs.is_geographic)


def _drawn_again(areas: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return which of ``areas`` cover the same ground as one of ``drawn``."""
    same = np.zeros(len(areas), dtype=bool)
    if not len(areas) or not len(drawn):
        return same
    sound, others = shapely.make_valid(areas), shapely.make_valid(drawn)
    one, other = shapely.STRtree(others).query(sound)
    common = shapely.area(shapely.intersection(sound[one], others[other]))
    larger = np.maximum(shapely.area(sound[one]), shapely.area(others[other]))
    same[one[common >= SAME_SHARE * larger]] = True
    return same


def _texts(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the points that carry a text, without AutoCAD's formatting."""
    points = frame[shapely.get_type_id(np.asarray(frame.geometry.values, dtype=object)) == POINT]
    if TEXT_FIELD not in points.columns:
        return points.iloc[:0]
    worded = np.array([isinstance(value, str) and value.strip() != "" for value in points[TEXT_FIELD]], dtype=bool)
    points = points.loc[worded]
    words = [" ".join(FORMATTING.sub("", value.replace("\\P", " ")).split()) for value in points[TEXT_FIELD]]
    return points.assign(**{TEXT_FIELD: words})


def _labels(zones: gpd.GeoDataFrame, texts: gpd.GeoDataFrame, layer: str, report: IntakeReport) -> list[str]:
    """Return the text inside each zone: in the smallest that holds it; a number only where nothing
    else stands there.
    """
    inside: dict[int, list[str]] = {}
    if len(zones) and len(texts):
        shapes = shapely.make_valid(np.asarray(zones.geometry.values, dtype=object))
        areas = shapely.area(shapes)
        places = np.asarray(texts.geometry.values, dtype=object)
        point, zone = shapely.STRtree(shapes).query(places, predicate="intersects")
        by_point: dict[int, int] = {}
        for index in np.argsort(areas[zone], kind="stable"):
            by_point.setdefault(int(point[index]), int(zone[index]))
        words = texts[TEXT_FIELD].tolist()
        for at in sorted(by_point):
            inside.setdefault(by_point[at], []).append(words[at])
        outside = len(texts) - len(by_point)
        if outside:
            report.add("intake.note.texts_outside", layer=layer, count=outside)
    labels = [_label(inside.get(index, [])) for index in range(len(zones))]
    if inside:
        report.add("intake.labels", layer=layer, count=sum(1 for label in labels if label), zones=len(zones))
        several = sum(1 for label in labels if "; " in label)
        if several:
            report.add("intake.note.labels_several", layer=layer, count=several)
    return labels


def _label(words: list[str]) -> str:
    named = [word for word in dict.fromkeys(words) if not NUMBER.fullmatch(word)]
    return "; ".join(named or dict.fromkeys(words))


def largest_opening_m(frame: gpd.GeoDataFrame) -> float | None:
    """Return how far the ends of lines that were meant to meet lie apart at most; None where no end
    has another near it, or in degrees.
    """
    shapes = np.asarray(frame.geometry.values, dtype=object)
    lines = shapely.force_2d(shapes[shapely.get_type_id(shapes) == LINE])
    ends = np.concatenate([shapely.get_point(lines, place) for place in (0, -1)])
    if len(ends) < 3 or _in_degrees(frame, shapes):
        return None
    one, other = shapely.STRtree(ends).query(ends, predicate="dwithin", distance=NEAR_M)
    apart = shapely.distance(ends[one], ends[other])
    nearest = np.full(len(ends), np.inf)
    np.minimum.at(nearest, one[one != other], apart[one != other])
    near = nearest[np.isfinite(nearest)]
    return float(near.max()) if len(near) else None
