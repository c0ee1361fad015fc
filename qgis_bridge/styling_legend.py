"""The legend of a findings layer: it lists the kinds that the layer holds; the others keep their
symbols but are not listed.

Goes in: a QgsVectorLayer styled by styling_findings.py, and the project whose layer tree holds it;
to be called again when the layer holds other findings. A layer that is in no layer tree, or has no
rule or severity, is left as it is. Never fails.
"""

from __future__ import annotations

from qgis.core import (
    QgsFeatureRequest,
    QgsLayerTreeModelLegendNode,
    QgsMapLayerLegend,
    QgsMapLayerLegendUtils,
    QgsProject,
    QgsVectorLayer,
)

from .styling_findings import UNKNOWN, columns_of, kind_of


def list_what_is_there(layer: QgsVectorLayer, project: QgsProject) -> None:
    """Have the layer tree, and every legend built from it, list only the kinds of finding that
    ``layer`` holds.
    """
    node = project.layerTreeRoot().findLayer(layer.id())
    columns = columns_of(layer)
    if node is None or not {"rule", "severity"} <= set(columns):
        return
    there = _keys(layer, columns["rule"], columns["severity"])
    entries = QgsMapLayerLegend.defaultVectorLegend(layer).createLayerTreeModelLegendNodes(node)
    key = QgsLayerTreeModelLegendNode.LegendNodeRoles.RuleKeyRole
    listed = [place for place, entry in enumerate(entries) if entry.data(key) in there]
    QgsMapLayerLegendUtils.setLegendNodeOrder(node, listed)
    layer.legendChanged.emit()  # the layer tree looks at the order only then


def _keys(layer: QgsVectorLayer, rule: str, severity: str) -> set[str]:
    """Return the keys of the renderer's rules that findings of the layer fall into, with their
    headings.
    """
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    request.setSubsetOfAttributes([rule, severity], layer.fields())
    places = [layer.fields().lookupField(name) for name in (rule, severity)]
    pairs = {tuple(feature[place] for place in places) for feature in layer.getFeatures(request)}
    keys = set()
    for found, of_severity in pairs:
        kind = kind_of(str(found), str(of_severity))
        keys |= {UNKNOWN} if kind is None else {kind.name, kind.severity}
    return keys
