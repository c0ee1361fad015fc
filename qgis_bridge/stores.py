"""Findings stores in a database, as QGIS names them: its own connections, the sources of its
layers, the places of its outputs.

Goes in: a text that a person wrote or QGIS built. Comes out: a place of the engine, or the source
of a layer. Passwords stay out of the sources of layers: where there is no authentication
configuration, QGIS's store of credentials gets them for this session. Fails with PlanError where a
text cannot be understood or QGIS has no such connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import (
    NULL,
    Qgis,
    QgsCredentials,
    QgsDataSourceUri,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProviderRegistry,
    QgsVectorLayer,
)

from ..engine.catalogue import text
from ..engine.errors import PlanError
from ..engine.passwords import without_password
from ..engine.store.opening import Layout, look_into
from ..engine.store.place import EXAMPLE, Place, PostgisSchema, is_database, place_of

OF_QGIS = ("postgres:", "postgis:")
"""How QGIS begins the place of an output in PostgreSQL, with or without two slashes."""
FINDINGS, STYLE = "findings", "Plan Concord"


@dataclass(frozen=True)
class QgisSchema(PostgisSchema):
    """A schema that QGIS has a connection to; ``source`` is how QGIS knows the connection."""

    source: str = field(default="", repr=False, compare=False)


def store_of_text(given: str) -> Place:
    """Return what a person wrote: a path, libpq's text, or a connection of QGIS by its name
    (``PG:connection=… schema=…``).
    """
    if given.lower().startswith(OF_QGIS) and "table=" in given:
        uri = uri_of(given)
        return _schema(uri, uri.schema() or "public")
    place = place_of(given)
    if not isinstance(place, PostgisSchema) or not place.get("connection"):
        return place
    postgres = QgsProviderRegistry.instance().providerMetadata("postgres")
    known = postgres.connections() if postgres is not None else {}
    name = place.get("connection")
    if name not in known:
        raise PlanError("error.store_connection_name", path=place, name=name, example=EXAMPLE)
    return _schema(QgsDataSourceUri(known[name].uri()), place.schema)


def store_of_output(given: object) -> PostgisSchema | None:
    """Return the store that an output for findings names; None for a file, a layer in memory, or
    any other table of a database.
    """
    value = text_of_output(given)
    if value.lower().startswith(OF_QGIS) and "table=" in value:
        uri = uri_of(value)
        return _schema(uri, uri.schema() or "public") if uri.table() == FINDINGS else None
    place = store_of_text(value) if is_database(value) else None
    return place if isinstance(place, PostgisSchema) else None


def text_of_output(given: object) -> str:
    """Return what an output is called, "" where it has no name."""
    if isinstance(given, QgsProcessingOutputLayerDefinition):
        given = given.sink.staticValue() if given.sink.propertyType() == Qgis.PropertyType.Static else None
    return given if isinstance(given, str) and given != NULL else ""


def store_of_layer(layer: QgsVectorLayer) -> PostgisSchema | None:
    """Return the schema in which a layer lies; None where it is not a table of PostgreSQL."""
    if layer.providerType() != "postgres":
        return None
    uri = QgsDataSourceUri(layer.source())
    return _schema(uri, uri.schema() or "public") if uri.table() else None


def uri_of(given: str) -> QgsDataSourceUri:
    """Return the source inside an output as QGIS writes it: postgres://…"""
    named = given.split(":", 1)[1]
    return QgsDataSourceUri(named[2:] if named.startswith("//") else named)


def _schema(uri: QgsDataSourceUri, schema: str) -> QgisSchema:
    """Return the place behind a source of QGIS, with the password of its authentication
    configuration or of this session.
    """
    known: Any = place_of(f"PG:{uri.connectionInfo(True)} schema=x")
    parameters = {**dict(known.parameters), "password": known.password}
    if not parameters["password"] and not uri.authConfigId():
        realm = uri.connectionInfo(False)
        found, user, password = QgsCredentials.instance().get(realm, parameters.get("user", ""), "", "", False)
        if found:  # asking takes it out of the store
            QgsCredentials.instance().put(realm, user, password)
            parameters.update(user=user, password=password)
    made = PostgisSchema.of(schema, parameters)
    return QgisSchema(made.schema, made.parameters, made.password, uri.connectionInfo(False))


def connection_of(place: PostgisSchema) -> QgsDataSourceUri:
    """Return how QGIS connects to the database of a place, without its password, which QGIS knows
    for this session.
    """
    source = place.source if isinstance(place, QgisSchema) else ""
    uri = QgsDataSourceUri(source)
    if not source:
        for name, value in place.parameters:
            uri = QgsDataSourceUri(f"{uri.connectionInfo(False)} {name}='{_escaped(value)}'")
    if not uri.authConfigId():
        uri.setPassword("")
        if place.password:
            QgsCredentials.instance().put(uri.connectionInfo(False), place.get("user"), place.password)
    return uri


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def source_of(layout: Layout) -> str:
    """Return the source of the layer of findings of a store in a database, for the provider
    "postgres".
    """
    place = layout.path
    if not isinstance(place, PostgisSchema):
        raise TypeError(place)
    uri = connection_of(place)
    uri.setDataSource(place.schema, layout.table, layout.geometry, "", layout.key)
    uri.setWkbType(Qgis.WkbType.MultiPolygon)
    return str(uri.uri(False))


def loaded_from(
    place: PostgisSchema,
    algorithm: Any,
    parameters: dict[str, Any],
    name: str,
    context: QgsProcessingContext,
) -> str:
    """Return the findings that were just written, as an output names them; QGIS loads them where
    that is wanted.
    """
    source = source_of(look_into(place))
    published, language = f"postgres://{source}", algorithm.language(parameters, context)
    fault, feedback = keep_style(QgsVectorLayer(source, name, "postgres"), language), context.feedback()
    if fault and feedback is not None:
        feedback.pushWarning(text("store.no_style", language, path=place, reason=without_password(fault)))
    given, waiting = parameters.get(name), context.layersToLoadOnCompletion()
    if isinstance(given, QgsProcessingOutputLayerDefinition) and given.destinationProject is not None:
        for other in [key for key, details in waiting.items() if details.outputName == name]:
            waiting.pop(other)
        title = given.destinationName or algorithm.parameterDefinition(name).description()
        waiting[published] = QgsProcessingContext.LayerDetails(title, given.destinationProject, name)
        context.setLayersToLoadOnCompletion(waiting)
    return published


def keep_style(layer: QgsVectorLayer, language: str) -> str:
    """Let plain QGIS open the findings with our style, where the database keeps none for them yet;
    "" or why it cannot.
    """
    from .styling import store_style, style_findings

    if not layer.isValid():
        return layer.error().summary()
    related = layer.listStylesInDatabase()[0]
    if related > 0:
        return ""
    try:
        style_findings(layer, language)
    except PlanError as error:
        return error.text(language)
    return store_style(layer, STYLE)


def connections() -> Sequence[str]:
    """Return the names of QGIS's connections to PostgreSQL."""
    postgres = QgsProviderRegistry.instance().providerMetadata("postgres")
    return sorted(postgres.connections()) if postgres is not None else []
