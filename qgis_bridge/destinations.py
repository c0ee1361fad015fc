"""Where the outputs of an algorithm lie, and that none of them replaces an input, another output or
a stranger's file.

Goes in: a running algorithm with its parameters. QGIS itself would open a sink by truncating
whatever file it names, so this is asked before anything is read or written. Fails with PlanError
``error.shared_file`` (both parameters and the file) or ``error.output_…``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from qgis.core import (
    NULL,
    Qgis,
    QgsDataSourceUri,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from ..engine.errors import PlanError
from ..engine.intake.source import split_source
from ..engine.outputs import Output, refuse_lost_files
from ..engine.store.kinds import STORE
from ..engine.store.place import is_database
from ..engine.tables.writing import OutputKind
from .stores import FINDINGS, OF_QGIS, connection_of, store_of_output, text_of_output, uri_of

NOT_FILES = re.compile(r"[a-z][a-z0-9+]+:", re.IGNORECASE)
"""A provider of QGIS or a scheme before the colon; a single letter is a drive."""
TEMPORARY = "TEMPORARY_OUTPUT"
TABLE_OF_A_FILE = re.compile(r"^ogr:dbname='(?P<file>[^']*)'\s+table=\"(?P<table>[^\"]*)\"", re.IGNORECASE)
CONTINUED = {"PREVIOUS", "FOLDER"}
"""Parameters whose file or folder an output may lie in the place of, because it carries on what
they hold.
"""


class Table(NamedTuple):
    """A layer inside a file."""

    file: str
    layer: str


class Rows(NamedTuple):
    """A table of a database; the same table has the same parts."""

    server: str
    database: str
    schema: str
    table: str


def refuse_lost_inputs(
    algorithm: QgsProcessingAlgorithm,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
    kinds: Mapping[str, OutputKind] | None = None,
) -> None:
    """Raise PlanError when an output would replace what it must not; ``kinds``: of the files, by
    the name of their parameter.
    """
    _refuse_lost_rows(algorithm, parameters, context)
    inputs: list[tuple[str, Table]] = []
    outputs: list[Output] = []
    tables: list[tuple[str, Table]] = []
    for definition in algorithm.parameterDefinitions():
        name = definition.name()
        if not definition.isDestination():
            inputs += [(name, table) for table in _given(algorithm, parameters, name, context)]
            continue
        table, path = table_of(parameters.get(name)), _path_of(algorithm, parameters, name, context)
        if table is not None:
            tables.append((name, table))
        elif path:
            # Where there is a register, the plans that it names are inputs too, and it is asked
            # when it has been read.
            store = name == "FINDINGS" and path.endswith(".gpkg") and algorithm.parameterDefinition("REGISTER") is None
            kind = (kinds or {}).get(name) or (STORE if store else None)
            outputs.append(Output(name, Path(path), kind, tuple(_continued(algorithm))))
    refuse_lost_files([(name, table.file) for name, table in inputs], outputs)
    _refuse_lost_tables(inputs, outputs, tables)


def _refuse_lost_tables(
    inputs: list[tuple[str, Table]], outputs: list[Output], tables: list[tuple[str, Table]]
) -> None:
    """The same for outputs that are one layer of a GeoPackage: the other layers of that file
    stay.
    """
    for place, (name, table) in enumerate(tables):
        mine = Output(name, Path(table.file))
        others = [*tables[:place], *((other, found) for other, found in inputs if found.layer)]
        for other, found in others:
            if found.layer.casefold() == table.layer.casefold():
                refuse_lost_files([(other, found.file)], [mine])
        whole = [(other, found.file) for other, found in inputs if not found.layer and not _is_other(found, table)]
        refuse_lost_files(whole, [mine])
        refuse_lost_files([], [*outputs, mine])


def _refuse_lost_rows(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> None:
    """The same for tables of a PostgreSQL database."""
    taken: dict[Rows, str] = {}
    for definition in sorted(algorithm.parameterDefinitions(), key=lambda one: one.isDestination()):
        name = definition.name()
        if definition.isDestination():
            found = [_rows_of_output(parameters.get(name))]
        else:
            layers = _layers_of(algorithm, parameters, name, context)
            found = [_rows_of(QgsDataSourceUri(one.source())) for one in layers if one.providerType() == "postgres"]
        for rows in filter(None, found):
            if definition.isDestination() and rows in taken:
                raise PlanError("error.shared_file", name=name, other=taken[rows], path=f"{rows.schema}.{rows.table}")
            taken.setdefault(rows, name)


def _rows_of_output(given: object) -> Rows | None:
    """Return the table of a database that an output will be."""
    value, store = text_of_output(given), store_of_output(given)
    if store is not None:
        return _rows_of(connection_of(store), store.schema, FINDINGS)
    if value.lower().startswith(OF_QGIS) and "table=" in value:
        return _rows_of(uri_of(value))
    return None


def _rows_of(uri: QgsDataSourceUri, schema: str = "", table: str = "") -> Rows:
    server = uri.service() or f"{uri.host() or 'localhost'}:{uri.port() or '5432'}"
    return Rows(server, uri.database(), schema or uri.schema() or "public", table or uri.table())


def _is_other(found: Table, table: Table) -> bool:
    """Return whether an input that names no layer, and so is the first of its file, is another
    layer than ``table``.
    """
    layer = QgsVectorLayer(found.file, "", "ogr")
    if not layer.isValid():
        return True
    parts = [part.split(layer.dataProvider().sublayerSeparator()) for part in layer.dataProvider().subLayers()]
    first = parts[0][1] if parts and len(parts[0]) > 1 else ""
    return bool(first) and first.casefold() != table.layer.casefold()


def _continued(algorithm: QgsProcessingAlgorithm) -> Iterator[str]:
    for name in CONTINUED:
        definition = algorithm.parameterDefinition(name)
        if definition is not None and definition.type() == "file":
            yield name


def _given(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
) -> Iterator[Table]:
    """Yield the files that a parameter names; none where it names no file."""
    kind = algorithm.parameterDefinition(name).type()
    if kind == "file":
        given = algorithm.parameterAsString(parameters, name, context)
        if given and not is_database(given):
            yield Table(*split_source(given)[:2])
        return
    for layer in _layers_of(algorithm, parameters, name, context):
        parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
        if parts.get("path"):
            yield Table(str(parts["path"]), str(parts.get("layerName") or ""))


def _layers_of(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
) -> list[QgsVectorLayer]:
    """Return the layers that a parameter names; none where it is no parameter of layers."""
    kind = algorithm.parameterDefinition(name).type()
    if kind == "multilayer":
        return list(algorithm.parameterAsLayerList(parameters, name, context))
    layer = algorithm.parameterAsVectorLayer(parameters, name, context) if kind in ("source", "vector") else None
    return [] if layer is None else [layer]


def _path_of(
    algorithm: QgsProcessingAlgorithm, parameters: dict[str, Any], name: str, context: QgsProcessingContext
) -> str:
    kind = algorithm.parameterDefinition(name).type()
    given = static(parameters.get(name))
    if kind in ("sink", "vectorDestination"):
        return file_of(given)
    if given in (None, NULL, "") or str(given) == TEMPORARY:
        return ""
    return str(algorithm.parameterAsFileOutput(parameters, name, context)) if kind == "fileDestination" else str(given)


def static(given: object) -> object:
    """Return what an output is called, as the caller wrote it."""
    if isinstance(given, QgsProcessingOutputLayerDefinition):
        return given.sink.staticValue() if given.sink.propertyType() == Qgis.PropertyType.Static else None
    return given


def is_wanted(given: object) -> bool:
    """Return whether the user wants this output; the batch window gives a field that was left empty
    as a definition of nothing.
    """
    if isinstance(given, QgsProcessingOutputLayerDefinition) and given.sink.propertyType() == Qgis.PropertyType.Static:
        given = given.sink.staticValue()
    return given not in (None, NULL, "")


def file_of(given: object) -> str:
    """Return the path of a layer's destination as QGIS will write it; "" for layers in memory,
    temporary outputs, databases and services.
    """
    value = static(given)
    if not isinstance(value, str) or not value or value == TEMPORARY or NOT_FILES.match(value) or is_database(value):
        return ""
    ending = Path(value).suffix[1:]
    known = bool(ending) and bool(QgsVectorFileWriter.driverForExtension(ending))
    return value if known else f"{value}.gpkg"  # as QGIS does


def table_of(given: object) -> Table | None:
    """Return the layer of a file that a destination names as QGIS does: ``ogr:dbname='…'
    table="…"``.
    """
    found = TABLE_OF_A_FILE.match(str(static(given) or ""))
    return None if found is None else Table(found["file"], found["table"])


def strange_layer(path: Path, columns: list[str]) -> str:
    """Return what a layer of any format holds that this output has not written, "" where it is a
    former one.
    """
    layer = QgsVectorLayer(str(path), "", "ogr")
    found = {name.lower()[:10] for name in layer.fields().names()}  # a shapefile cuts names there
    if layer.isValid() and {name.lower()[:10] for name in columns} <= found:
        return ""
    return ", ".join(sorted(layer.fields().names())[:5]) or path.name


def require_own_table(table: Table, columns: list[str]) -> None:
    """Raise PlanError where that layer is there and holds something else."""
    path = Path(table.file)
    if not path.is_file():
        return
    layer = QgsVectorLayer(f"{path}|layername={table.layer}", "", "ogr")
    if layer.isValid() and not {*columns} <= {*layer.fields().names()}:
        raise PlanError(
            "error.output_foreign", path=f"{path}|layername={table.layer}", found=", ".join(layer.fields().names()[:5])
        )
