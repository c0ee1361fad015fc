"""The table of the overview map: how many findings of each sort a district has, and the hectares of
its errors.

Goes in: the findings layer, the territories of the register in its order, a language. Comes out:
rows of text, one for each territory and one for the whole, beside the number of findings that are
only information.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from planconcord.engine.catalogue import number, text
from planconcord.qgis_bridge.styling_findings import kind_of
from qgis.core import (
    NULL,
    QgsExpression,
    QgsFeatureRequest,
    QgsVectorLayer,
)

COLUMNS = ("conflicts", "overlaps", "gaps", "outside", "other_errors", "warnings", "error_ha")
COLUMN_OF = {"conflict": "conflicts", "overlap": "overlaps", "gap": "gaps", "outside": "outside"}


def count_findings(findings: QgsVectorLayer) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Counts by territory and column, hectares among them, and how often each kind of finding
    occurs.
    """
    by_territory: dict[str, Counter[str]] = {}
    kinds: Counter[str] = Counter()
    for feature in findings.getFeatures():
        severity = str(feature["severity"])
        kind = kind_of(str(feature["rule"]), severity)
        kinds[kind.name if kind else "unknown"] += 1
        territory = feature["territory"]
        row = by_territory.setdefault("" if territory in (None, NULL) else str(territory), Counter())
        if severity == "error":
            column = COLUMN_OF.get(kind.name if kind else "", "other_errors")
            row[column] += 1
            area = feature["area_m2"]
            # The area of other errors is that of whole zones, which says nothing about how much is
            # wrong.
            if column != "other_errors" and area not in (None, NULL):
                row["error_ha"] += float(area) / 1e4
        elif severity == "warning":
            row["warnings"] += 1
    return by_territory, kinds


def table_rows(by_territory: dict[str, Counter[str]], territories: Sequence[str], language: str) -> list[list[str]]:
    """Return the rows of the table, the whole last; a territory that the register does not name
    follows those it names.
    """
    ordered = list(dict.fromkeys([*territories, *sorted(by_territory)]))
    rows = []
    whole: Counter[str] = Counter()
    for territory in ordered:
        counted = by_territory.get(territory, Counter())
        if not territory and not counted:
            continue
        rows.append([territory or text("overview.no_territory", language), *_cells(counted, language)])
        whole.update(counted)
    return [*rows, [text("overview.total", language), *_cells(whole, language)]]


def _cells(counted: Counter[str], language: str) -> list[str]:
    return [
        number(counted[column], 1 if column == "error_ha" else 0, language) if counted[column] else "–"
        for column in COLUMNS
    ]


def classes_in(layer: QgsVectorLayer) -> set[str]:
    """Return the classes of a layer with a categorised renderer that its features fall into, "" for
    none of them.
    """
    expression = QgsExpression(layer.renderer().classAttribute())
    context = layer.createExpressionContext()
    expression.prepare(context)
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes(expression.referencedColumns(), layer.fields())
    found = set()
    for feature in layer.getFeatures(request):
        context.setFeature(feature)
        value = expression.evaluate(context)
        found.add("" if value in (None, NULL) else str(value))
    return found
