"""The layer or file that is to be taken in: the file behind a layer, so that intake reads its bytes
and not what QGIS turned them into.

A layer of a file that is neither edited, nor filtered by a selection, is read from the file. Any
other layer is read feature by feature, as it stands in QGIS. Fails with PlanError when there is
neither a layer nor a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pyproj
from qgis.core import (
    NULL,
    Qgis,
    QgsFeatureRequest,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProviderRegistry,
    QgsVectorLayer,
)

from ..engine.errors import PlanError
from ..engine.intake.elsewhere import unread_elsewhere
from ..engine.intake.preparing import PreparationOptions, PreparedLayer, prepare, prepare_frame
from ..engine.plan import Note
from ..engine.progress import Progress
from .source import ReadFeatures, read_features, to_pyproj


@dataclass(frozen=True)
class Given:
    """What a person gave: the ``source`` of a file, or else the ``layer``; ``crs`` is the one that
    QGIS holds the layer in.
    """

    source: str
    layer: QgsVectorLayer | None
    crs: pyproj.CRS | None

    def prepared(self, wishes: PreparationOptions, progress: Progress) -> PreparedLayer:
        """Return the plan, as wished for; a CRS that was set in QGIS stands before the one in the
        file.
        """
        if self.source:
            made = prepare(self.source, wishes)
            if self.layer is None or wishes.crs or self.crs is None or made.table.crs == self.crs:
                return made
            if wishes.target_crs:
                return prepare(self.source, replace(wishes, crs=self.crs.to_wkt()))
            return replace(made, table=made.table.set_crs(self.crs, allow_override=True))
        if self.layer is None:
            raise TypeError("neither a file nor a layer")
        read, names = _read(self.layer, self.crs, progress), self.layer.fields().names()
        present = {names[place]: name for place, name in read.names.items() if names[place] != name}
        return prepare_frame(read.frame, self.layer.name(), wishes, present, read.notes)


def given_input(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], layer: str, file: str, context: QgsProcessingContext
) -> Given:
    """Return the file of parameter ``file`` where one is set, else the layer of parameter
    ``layer``.
    """
    path = algorithm.parameterAsString(parameters, file, context).strip()
    if path:
        return Given(path, None, None)
    if parameters.get(layer) in (None, NULL, ""):
        raise PlanError("error.prepare_input")
    found = algorithm.parameterAsVectorLayer(parameters, layer, context)
    if found is None:
        raise QgsProcessingException(algorithm.invalidSourceError(parameters, layer))
    path = _file_behind(found)
    return Given(path, found, to_pyproj(found.crs()))


def _file_behind(layer: QgsVectorLayer) -> str:
    """Return the source of an untouched layer of a file, as intake writes it; "" for any other."""
    if layer.providerType() != "ogr" or layer.isEditable() or layer.selectedFeatureCount():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path = str(parts.get("path") or "") + str(parts.get("vsiSuffix") or "")
    if not path or "://" in path:
        return ""
    named = str(parts.get("layerName") or "")
    condition = str(parts.get("subset") or layer.subsetString() or "")
    return path + (f"|layername={named}" if named else "") + (f"|subset={condition}" if condition else "")


def unread_of(layer: QgsVectorLayer) -> list[Note]:
    """Return what the file behind an untouched layer holds that QGIS does not read of it, or reads
    although the drawing does not show it.
    """
    path = _file_behind(layer)
    return unread_elsewhere(path, layer.featureCount(), layer.fields().count()) if path else []


def _read(layer: QgsVectorLayer, crs: pyproj.CRS | None, progress: Progress) -> ReadFeatures:
    """Return the features of a layer that has no file, or differs from it; the selected ones where
    some are.
    """
    request = QgsFeatureRequest().setInvalidGeometryCheck(Qgis.InvalidGeometryCheck.NoCheck)
    selected = layer.selectedFeatureCount()
    features = layer.getSelectedFeatures(request) if selected else layer.getFeatures(request)
    fields = layer.fields()
    count = selected or layer.featureCount()
    return read_features(features, fields, range(fields.count()), crs, progress, count, layer.name())
