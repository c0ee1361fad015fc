"""What a findings layer looks like: hatched areas, markers while the map is small, labels, map
tips, words for fields.

Goes in: a QgsVectorLayer with the finding record (engine/findings.py; names cut to ten letters, as
shapefiles do, are found too) and a language. The kinds of finding with their colours lie in
resources/styles/findings.csv; every rule of the catalogue falls into exactly one of them, because
each severity has a kind for the rest. From 1:25,000 outwards a marker on a point inside each
finding keeps slivers visible. Raises PlanError when the layer has no rule or severity.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsEditorWidgetSetup,
    QgsExpression,
    QgsFillSymbol,
    QgsFillSymbolLayer,
    QgsGeometryGeneratorSymbolLayer,
    QgsLinePatternFillSymbolLayer,
    QgsPalLayerSettings,
    QgsProperty,
    QgsRuleBasedRenderer,
    QgsSimpleFillSymbolLayer,
    QgsSimpleLineSymbolLayer,
    QgsSimpleMarkerSymbolLayer,
    QgsSimpleMarkerSymbolLayerBase,
    QgsSymbolLayer,
    QgsVectorLayer,
    QgsVectorLayerSimpleLabeling,
    QgsVectorSimplifyMethod,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ..engine.catalogue import RESOURCES, SEVERITIES, read_table, rules, text
from ..engine.errors import PlanError
from .styling_symbols import fill_symbol, haloed, line_symbol, marker_symbol

KINDS_FILE = RESOURCES / "styles" / "findings.csv"
MARKERS_FROM_SCALE = 25_000
LABELS_TO_SCALE = 15_000
CASING_TO_SCALE = 60_000
OUTLINE_MM, THIN_OUTLINE_MM, CASING_MM, HATCH_MM = 0.5, 0.3, 1.1, 0.25
NOISE_OUTLINE_MM = 0.2
# Passes of drawing: what is only information lies below, errors above warnings, markers above every
# area.
INFO_AREAS, INFO_MARKERS, WARNING_AREAS, WARNING_OUTLINES, AREAS, OUTLINES, MARKERS = range(7)
PLACELESS = ("geometry.empty",)
UNKNOWN = "unknown"
"""The renderer's rule for findings whose severity is none of ours."""
VALUES_IN_WORDS = {
    "severity": ("severity", SEVERITIES),
    "status": ("status", ("open", "accepted", "waived", "resolved")),
    "verdict": ("verdict", ("conflict", "conditional", "compatible", "unlisted", "unplanned", "unfulfilled")),
}


@dataclass(frozen=True)
class FindingSymbol:
    """One row of the style table: findings of one severity that look alike. No ``rules``: the rest
    of the severity.
    """

    name: str
    severity: str
    rules: tuple[str, ...]
    title_key: str
    colour: str
    stroke: str
    marker: str
    size_mm: float
    hatch_angles: tuple[float, ...]
    hatch_distance_mm: float

    def title(self, language: str) -> str:
        """Return the words of the legend: of its first rule, where no other are given."""
        return text(self.title_key, language) if self.title_key else rules()[self.rules[0]].text("title", language)


@functools.cache
def kinds() -> tuple[FindingSymbol, ...]:
    """Return the kinds of finding in the order of the legend; the kind for the rest of a severity
    comes last in it.
    """
    table = [
        FindingSymbol(
            row["kind"],
            row["severity"],
            tuple(row["rules"].split()),
            row["title"],
            row["colour"],
            row["stroke"],
            row["marker"],
            float(row["size_mm"]),
            tuple(float(angle) for angle in row["hatch_angles"].split()),
            float(row["hatch_distance_mm"] or 0),
        )
        for row in read_table(KINDS_FILE)
    ]
    return tuple(sorted(table, key=lambda kind: SEVERITIES.index(kind.severity)))


def kind_of(rule: str, severity: str) -> FindingSymbol | None:
    """Return the kind that a finding falls into; None for an unknown severity."""
    alike = [kind for kind in kinds() if kind.severity == severity]
    return next((kind for kind in alike if rule in kind.rules or not kind.rules), None)


def style_findings_layer(layer: QgsVectorLayer, language: str) -> None:
    """Give ``layer`` renderer, labels, map tip and words in ``language``; see the module's
    paragraph.
    """
    columns = _columns(layer)
    layer.setRenderer(_renderer(columns, language))
    # QGIS draws small outlines simplified, some away altogether: a sliver would lose its marker.
    simplify = QgsVectorSimplifyMethod()
    simplify.setSimplifyHints(Qgis.VectorRenderingSimplificationFlags())
    layer.setSimplifyMethod(simplify)
    layer.setLabeling(QgsVectorLayerSimpleLabeling(_labels(columns, language)))
    layer.setLabelsEnabled(True)
    layer.setMapTipTemplate(map_tip(columns, language))
    layer.setMapTipsEnabled(True)
    if "message" in columns:
        layer.setDisplayExpression(QgsExpression.quotedColumnRef(columns["message"]))
    _name_fields(layer, columns, language)
    layer.triggerRepaint()


def columns_of(layer: QgsVectorLayer) -> dict[str, str]:
    """Return the record's names with the names they have in ``layer``; shapefiles keep ten letters
    of a name.
    """
    present = {name.lower(): name for name in layer.fields().names()}
    columns = {}
    for name in FIELD_NAMES:
        found = present.get(name) or present.get(name[:10])
        if found:
            columns[name] = found
    return columns


def _columns(layer: QgsVectorLayer) -> dict[str, str]:
    columns = columns_of(layer)
    for needed in ("rule", "severity"):
        if needed not in columns:
            fields = ", ".join(layer.fields().names()) or "–"
            raise PlanError("error.field_missing", layer=layer.name(), field=needed, fields=fields)
    return columns


# The finding record as engine/findings.py defines it, which cannot be imported without geopandas; a test compares them.
# fmt: off
FIELD_NAMES = [
    "finding_id", "rule", "severity", "status", "territory", "plan_a", "zone_a", "code_a",
    "plan_b", "zone_b", "code_b", "verdict", "area_m2", "width_m", "share_a", "declared_ha",
    "measured_ha", "difference_ha", "must_adjust", "reference", "message", "x", "y", "run_id",
]
# fmt: on


# ── renderer ──────────────────────────────────────────────────────────────────────────────────────


def _renderer(columns: dict[str, str], language: str) -> QgsRuleBasedRenderer:
    rule_column = QgsExpression.quotedColumnRef(columns["rule"])
    severity_column = QgsExpression.quotedColumnRef(columns["severity"])
    has_area = _has_area(columns)
    root = QgsRuleBasedRenderer.Rule(None)
    for severity in SEVERITIES:
        heading = QgsRuleBasedRenderer.Rule(
            None, 0, 0, f"{severity_column} = '{severity}'", text(f"style.severity.{severity}", language)
        )
        heading.setRuleKey(severity)
        for kind in (kind for kind in kinds() if kind.severity == severity):
            quoted = ", ".join(QgsExpression.quotedString(rule) for rule in kind.rules)
            filter_ = f"{rule_column} IN ({quoted})" if kind.rules else "ELSE"
            leaf = QgsRuleBasedRenderer.Rule(kind_symbol(kind, has_area), 0, 0, filter_, kind.title(language))
            leaf.setRuleKey(kind.name)
            heading.appendChild(leaf)
        root.appendChild(heading)
    nameless = next(kind for kind in kinds() if kind.name == "other_error")
    unknown = QgsRuleBasedRenderer.Rule(
        kind_symbol(nameless, has_area), 0, 0, "ELSE", text("style.kind.unknown", language)
    )
    unknown.setRuleKey(UNKNOWN)
    root.appendChild(unknown)
    renderer = QgsRuleBasedRenderer(root)
    renderer.setUsingSymbolLevels(True)
    return renderer


def _has_area(columns: dict[str, str]) -> str:
    """Return whether a finding is a piece of ground. One without an area carries the polygon of its
    territory, or a disc around its vertex, only so that it has a place: its polygon says nothing.
    The legend, which has no feature, shows all.
    """
    if "area_m2" not in columns:
        return "true"
    return f"@id IS NULL OR coalesce({QgsExpression.quotedColumnRef(columns['area_m2'])}, 0) > 0"


def kind_symbol(kind: FindingSymbol, has_area: str = "true") -> QgsFillSymbol:
    """Hatch, cased outline and, from 1:25,000 outwards, a marker at a point inside; the marker
    alone without area.
    """
    info = kind.severity == "info"
    near = f"coalesce(@map_scale, 1) <= {CASING_TO_SCALE}"
    # Noise lies along every border: on a small map its outlines would be a net over all else.
    shown = f"({near}) AND ({has_area})" if info else has_area
    areas = [_tint(kind), *(_hatch(kind, angle) for angle in kind.hatch_angles)]
    for area in areas:
        area.setRenderingPass({"info": INFO_AREAS, "warning": WARNING_AREAS}.get(kind.severity, AREAS))
        _only_if(area, shown)
    outline = QgsSimpleLineSymbolLayer(QColor(kind.colour), NOISE_OUTLINE_MM if info else OUTLINE_MM)
    _only_if(outline, shown)
    lines = [outline]
    if not info:
        # A casing parts the outline from strong land-use colours; on a small map it would only hide
        # its neighbours.
        casing = QgsSimpleLineSymbolLayer(QColor("#FFFFFF"), CASING_MM)
        _only_if(casing, f"({near}) AND ({has_area})")
        thin = QgsProperty.fromExpression(f"if({near}, {OUTLINE_MM}, {THIN_OUTLINE_MM})")
        outline.setDataDefinedProperty(QgsSymbolLayer.Property.StrokeWidth, thin)
        lines = [casing, outline]
    for line in lines:
        line.setPenJoinStyle(Qt.PenJoinStyle.RoundJoin)
        # A border drawn apart has the very outline of the gaps and overlaps along it, and must not
        # hide them.
        line.setRenderingPass({"info": INFO_AREAS, "warning": WARNING_OUTLINES}.get(kind.severity, OUTLINES))
    marker = _marker(kind)
    marker.setRenderingPass(INFO_MARKERS if info else MARKERS + (kind.severity == "error"))
    # The legend of a map without a scale shows the marker too.
    _only_if(marker, f"coalesce(@map_scale, 1e9) > {MARKERS_FROM_SCALE} OR NOT ({has_area})")
    return fill_symbol([*areas, *lines, marker])


def _tint(kind: FindingSymbol) -> QgsFillSymbolLayer:
    colour = QColor(kind.colour)
    colour.setAlpha(25 if kind.severity == "info" or kind.name == "defective" else 55)
    return QgsSimpleFillSymbolLayer(colour, Qt.BrushStyle.SolidPattern, colour, Qt.PenStyle.NoPen)


def _hatch(kind: FindingSymbol, angle: float) -> QgsFillSymbolLayer:
    hatch = QgsLinePatternFillSymbolLayer()
    hatch.setLineAngle(angle)
    hatch.setDistance(kind.hatch_distance_mm)
    hatch.setDistanceUnit(Qgis.RenderUnit.Millimeters)
    hatch.setSubSymbol(line_symbol(kind.colour, HATCH_MM))
    return hatch


def _marker(kind: FindingSymbol) -> QgsGeometryGeneratorSymbolLayer:
    shape, _ = QgsSimpleMarkerSymbolLayerBase.decodeShape(kind.marker)
    simple = QgsSimpleMarkerSymbolLayer(shape, kind.size_mm)
    simple.setColor(QColor(kind.colour))
    simple.setStrokeColor(QColor(kind.stroke))
    simple.setStrokeWidth(0.15 if kind.severity == "info" else 0.35)
    # Of the whole finding: a centroid fill would take a point of what the window shows, and wander
    # with it.
    marker = QgsGeometryGeneratorSymbolLayer.create({"geometryModifier": "point_on_surface(@geometry)"})
    marker.setSymbolType(Qgis.SymbolType.Marker)
    marker.setSubSymbol(marker_symbol(simple))
    return marker


def _only_if(layer: QgsSymbolLayer, condition: str) -> None:
    layer.setDataDefinedProperty(QgsSymbolLayer.Property.LayerEnabled, QgsProperty.fromExpression(condition))


# ── words ─────────────────────────────────────────────────────────────────────────────────────────


def _in_words(column: str, words: dict[str, str]) -> str:
    """Return an expression for a coded value in words; a value that is not among them stands for
    itself.
    """
    pairs = ", ".join(
        f"{QgsExpression.quotedString(code)}, {QgsExpression.quotedString(word)}" for code, word in words.items()
    )
    return f"coalesce(map_get(map({pairs}), {column}), {column})"


def _titles(language: str) -> dict[str, str]:
    return {code: rule.text("title", language) for code, rule in rules().items()}


def _area(column: str, language: str) -> str:
    """Return an expression for an area in m² as a reader wants it: hectares, small pieces in m²."""
    hectares = f"format_number({column} / 10000, 2, '{language}') || ' ha'"
    return f"CASE WHEN {column} >= 1000 THEN {hectares} ELSE format_number({column}, 1, '{language}') || ' m²' END"


def _labels(columns: dict[str, str], language: str) -> QgsPalLayerSettings:
    quoted = {name: QgsExpression.quotedColumnRef(column) for name, column in columns.items()}
    title = _in_words(quoted["rule"], _titles(language))
    if "area_m2" in quoted:
        title = f"concat({title}, '\\n', {_area(quoted['area_m2'], language)})"
    settings = QgsPalLayerSettings()
    settings.isExpression = True
    # What has no place carries the polygon of its territory: its label would follow the reader all
    # over the map.
    placeless = ", ".join(QgsExpression.quotedString(rule) for rule in PLACELESS)
    settings.fieldName = (
        f"CASE WHEN {quoted['severity']} <> 'info' AND {quoted['rule']} NOT IN ({placeless}) THEN {title} END"
    )
    settings.placement = Qgis.LabelPlacement.AroundPoint
    settings.dist = 1.5
    settings.scaleVisibility = True
    settings.minimumScale, settings.maximumScale = LABELS_TO_SCALE, 0
    settings.setFormat(haloed(8, "#1A1A1A", 0.9))
    return settings


def escaped(expression: str) -> str:
    """Return an expression whose value is safe inside HTML: values come from layers that anybody
    may have written.
    """
    made = f"coalesce(to_string({expression}), '')"
    for mark, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        made = f"replace({made}, '{mark}', '{entity}')"
    return made


def map_tip(columns: dict[str, str], language: str) -> str:
    """Return the HTML of a map tip: rule, message, area, who must adjust, legal basis; every value
    is escaped by expression.
    """
    quoted = {name: QgsExpression.quotedColumnRef(column) for name, column in columns.items()}
    words: dict[str, str] = {level: text(f"severity.{level}", language) for level in SEVERITIES}
    heading = f"[% {escaped(_in_words(quoted['rule'], _titles(language)))} %]"
    severity = f"[% {escaped(_in_words(quoted['severity'], words))} %]"
    lines = [f'<div style="max-width: 26em"><b>{heading}</b> ({severity})']
    if "message" in quoted:
        lines.append(f"<p>[% {escaped(quoted['message'])} %]</p>")
    for name in ("area_m2", "must_adjust", "reference", "status"):
        if name in quoted:
            lines.append(f"[% {_tip_line(name, quoted[name], language)} %]")
    return "\n".join([*lines, "</div>"])


def _tip_line(name: str, column: str, language: str) -> str:
    """Return an expression for one line of the map tip: label and value, nothing where the value is
    missing.
    """
    label, value = text(f"field.{name}", language), column
    if name == "area_m2":
        label, value = text("style.area", language), _area(column, language)
    elif name == "status":
        value = _in_words(column, _words("status", language))
    shown = f"concat('<b>', {QgsExpression.quotedString(label)}, '</b>: ', {escaped(value)}, '<br>')"
    return f"CASE WHEN coalesce(to_string({column}), '') <> '' THEN {shown} ELSE '' END"


def _words(name: str, language: str) -> dict[str, str]:
    prefix, codes = VALUES_IN_WORDS[name]
    return {code: text(f"{prefix}.{code}", language) for code in codes}


def _name_fields(layer: QgsVectorLayer, columns: dict[str, str], language: str) -> None:
    """Aliases, and coded values in words, for attribute table and form; the stored values stay
    codes.
    """
    for name, column in columns.items():
        index = layer.fields().lookupField(column)
        layer.setFieldAlias(index, text(f"field.{name}", language))
        if name == "rule":
            words = _titles(language)
        elif name in VALUES_IN_WORDS:
            words = _words(name, language)
        else:
            continue
        pairs = [{word: code} for code, word in words.items()]
        layer.setEditorWidgetSetup(index, QgsEditorWidgetSetup("ValueMap", {"map": pairs}))
