"""Before QGIS opens a file that a parameter names, it is looked at as everything is that the engine
takes in: QGIS's GDAL follows what points elsewhere. Layers that are in the project already, and
servers that a person names, are left alone.
"""

from __future__ import annotations

import re
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
PACKED = (".gz", ".tgz", ".tar", ".7z", ".rar")
"""What QGIS opens and nothing here looks into."""
INSIDE = re.compile(r"/vsi(?:zip|tar|gzip|7z|rar)/+")
"""How GDAL is told of a file inside an archive."""


def refuse_links(
    algorithm: QgsProcessingAlgorithm, parameters: Mapping[str, object], context: QgsProcessingContext
) -> None:
    """Raise PlanError for a file among the layers that holds no plan but points to one, or names
    its CRS by a link.
    """
    from ..engine.intake.errors import IntakeError
    from ..engine.intake.links import require_no_link

    for definition in algorithm.parameterDefinitions():
        if not isinstance(definition, LAYERS):
            continue
        for path in _files(parameters.get(definition.name()), context):
            if path.suffix.lower() in PACKED:
                raise IntakeError("error.intake.unsupported.packed", path=path)
            require_no_link(path)


def _files(value: object, context: QgsProcessingContext) -> Iterator[Path]:
    """Yield the files on the disk that a value names and that are no layers of the project yet."""
    from ..engine.intake.errors import IntakeError

    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _files(one, context)
        return
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source.staticValue()
    project = context.project()
    if not isinstance(value, str) or (project is not None and project.mapLayer(value) is not None):
        return
    given = QgsProviderRegistry.instance().decodeUri("ogr", value)
    named = INSIDE.sub("/", str(given.get("path") or value).lstrip("{"), count=1)
    if INSIDE.match(named):
        raise IntakeError("error.intake.unsupported.packed", path=value)
    path = _file_of(Path(named))
    if path is not None:
        yield path


def _file_of(named: Path) -> Path | None:
    """Return the file on the disk that a path names, or the archive in which it lies, or None."""
    for path in (named, *named.parents):
        try:
            if path.is_file():
                return path if path.stat().st_size else None
        except (OSError, ValueError):  # no name of a file
            continue
    return None
