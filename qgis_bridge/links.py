"""Before QGIS opens a file that a parameter names, it is looked at as everything is that the engine
takes in: QGIS's GDAL follows what points elsewhere. Layers that are in the project already, and
servers that a person names, are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterVectorLayer,
    QgsProviderRegistry,
)

LAYERS = (QgsProcessingParameterFeatureSource, QgsProcessingParameterVectorLayer, QgsProcessingParameterMultipleLayers)
JSON = (".json", ".geojson")


def refuse_links(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, object], context: QgsProcessingContext
) -> None:
    """Raise PlanError for a file among the layers that holds no plan but points to one, or names
    its CRS by a link.
    """
    from ..engine.errors import PlanError
    from ..engine.intake.links import names_crs_by_link, require_no_pointer

    for definition in algorithm.parameterDefinitions():
        if not isinstance(definition, LAYERS):
            continue
        for path in _files(parameters.get(definition.name()), context):
            require_no_pointer(path)
            if path.suffix.lower() in JSON and names_crs_by_link(path):
                raise PlanError("error.intake.unsupported.crs_link", path=path)


def _files(value: object, context: QgsProcessingContext) -> Iterator[Path]:
    """Yield the files on the disk that a value names and that are no layers of the project yet."""
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _files(one, context)
        return
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source.staticValue()
    project = context.project()
    if not isinstance(value, str) or (project is not None and project.mapLayer(value) is not None):
        return
    path = Path(str(QgsProviderRegistry.instance().decodeUri("ogr", value).get("path") or value))
    try:
        if path.is_file() and path.stat().st_size:
            yield path
    except (OSError, ValueError):  # no name of a file
        return
