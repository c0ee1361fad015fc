"""The two zones of a finding in the layers that are open in QGIS: found by what the run recorded,
by name, or by key and code.

Goes in: the values of a finding, the record of its run, its outline in the store's CRS. Comes out:
for "a" and "b" the layer and the feature, where one is found. Nothing is found where the plan's
layer is not open; that is no error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import (
    NULL,
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsProviderRegistry,
    QgsVectorLayer,
)

from ...engine.names import same

MOST_LOOKED_AT = 500
ALIKE = 0.02
"""Shares of a finding that lies on a zone: drafts that differ by less cannot be told apart by
it.
"""
LAYER_AND_KEY = {
    "a": (("LOWER", "LOWER_KEY"), ("INPUT", "KEY_FIELD")),
    "b": (("UPPER", "UPPER_KEY"), ("INPUT", "KEY_FIELD")),
}


class Zone(NamedTuple):
    """A zone of a plan in a layer of the project."""

    layer: QgsVectorLayer
    feature: QgsFeature

    def fields(self) -> list[tuple[str, str]]:
        """Return (name as the layer shows it, value in words) of all attributes."""
        fields = self.layer.fields()
        return [(fields[i].displayName(), shown(value)) for i, value in enumerate(self.feature.attributes())]


def shown(value: Any) -> str:
    """Return an attribute as text; a whole number without a fraction."""
    if value is None or value == NULL:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def zones_of(
    values: Mapping[str, Any], run: Mapping[str, str], outline: QgsGeometry, crs: QgsCoordinateReferenceSystem
) -> dict[str, Zone]:
    """Return the zones of a finding, by side."""
    found = {}
    options = _options(run.get("options", ""))
    for side in ("a", "b"):
        key, code, plan = (str(values[f"{name}_{side}"] or "") for name in ("zone", "code", "plan"))
        if not key:
            continue
        best = 0.0
        for layer, field, sure in _candidates(side, plan, options):
            feature, share = _feature(layer, field, key, "" if sure else code, outline, crs)
            if feature is None or not (sure or code):
                continue
            # Two drafts may lie open, with the same keys: the finding lies on the zone of its own
            # draft.
            if sure or share > best + ALIKE:
                found[side], best = Zone(layer, feature), share
            if sure or best > 1.0 - ALIKE:
                break
    return found


def _options(recorded: str) -> dict[str, str]:
    """Return the options of a run; in QGIS's record a text stands in quotes."""
    try:
        options = json.loads(recorded or "{}")
    except ValueError:
        return {}
    return {str(name).upper(): str(value).strip("'\"") for name, value in options.items()}


def _candidates(side: str, plan: str, options: Mapping[str, str]) -> Iterator[tuple[QgsVectorLayer, str, bool]]:
    """(layer, key field, whether it is certainly the plan's) in the order in which to look."""
    layers = [
        layer
        for layer in (node.layer() for node in QgsProject.instance().layerTreeRoot().findLayers())
        if isinstance(layer, QgsVectorLayer)
        and layer.geometryType() == Qgis.GeometryType.Polygon
        and layer.fields().lookupField("finding_id") < 0
    ]
    for source, key in LAYER_AND_KEY[side]:
        for layer in layers:
            if options.get(source) and _place(options[source]) == _place(layer.source()):
                yield layer, options.get(key, ""), True
    keys = [options[key] for _, key in LAYER_AND_KEY[side] if options.get(key)]
    for layer in layers:
        if same(layer.name(), plan):
            yield layer, keys[0] if keys else "", True
    for layer in layers:
        yield layer, "", False


def _place(source: str) -> tuple[str, str]:
    parts = QgsProviderRegistry.instance().decodeUri("ogr", source)
    path = str(parts.get("path") or source)
    return str(Path(path).absolute()), str(parts.get("layerName") or Path(path).stem)


def _feature(
    layer: QgsVectorLayer, field: str, key: str, code: str, outline: QgsGeometry, crs: QgsCoordinateReferenceSystem
) -> tuple[QgsFeature | None, float]:
    """Return the feature at the finding's place with that key, and that code where one is given;
    how much of the finding it holds.
    """
    transform = QgsCoordinateTransform(crs, layer.crs(), QgsProject.instance())
    there = QgsGeometry(outline)
    try:
        there.transform(transform)
    except QgsCsException:
        return None, 0.0
    known = layer.fields().lookupField(field) if field else -1
    request = QgsFeatureRequest().setFilterRect(there.boundingBox()).setLimit(MOST_LOOKED_AT)
    for feature in layer.getFeatures(request):
        values = [shown(value) for value in feature.attributes()]
        keys = [values[known]] if known >= 0 else [*values, str(feature.id())]
        if key in keys and (not code or code in values):
            area = there.area()
            share = there.intersection(feature.geometry()).area() / area if area > 0 else 1.0
            return feature, max(share, 2 * ALIKE)  # beside the finding, as at a gap, is better than nowhere
    return None, 0.0
