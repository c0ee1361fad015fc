"""The review dock's ways to a store in PostGIS: by its layer, by a connection of QGIS, with a password that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from planconcord.engine.errors import PlanError
from planconcord.engine.store.decisions import decide, history
from planconcord.engine.store.listing import Listing
from planconcord.engine.store.opening import look_into
from planconcord.engine.store.place import PostgisSchema
from planconcord.qgis_plugin.review import database
from planconcord.qgis_plugin.review.database import DatabaseDialog, with_credentials
from planconcord.qgis_plugin.review.deciding import Reviewing
from planconcord.qgis_plugin.review.stores import StoreBox, is_same, place_of_layer, show_layer, shown_layers
from postgis_cluster import DATABASE, Office
from qgis.core import QgsDataSourceUri, QgsProject, QgsProviderRegistry
from stores import statuses, write

NAME = "Văn phòng duyệt"


@pytest.fixture()
def store(office: Office, schema: str) -> Iterator[PostgisSchema]:
    made = office.place(schema)
    write(made)
    yield made
    QgsProject.instance().clear()


def test_a_store_is_shown_as_a_layer_and_found_by_it(store: PostgisSchema) -> None:
    layout = look_into(store)
    layer = show_layer(layout, "vi")
    assert layer is not None and layer.isValid() and layer.featureCount() == 10
    assert store.password not in layer.source()
    assert is_same(place_of_layer(layer), store) and shown_layers(layout) == [layer]
    assert show_layer(layout, "vi") is layer, "not a second time"
    found = place_of_layer(layer)
    assert isinstance(found, PostgisSchema) and found.password == store.password, "QGIS keeps it for its session"
    assert len(Listing(found).rows(0, 100)) == 10


def test_the_box_lists_it(store: PostgisSchema) -> None:
    box, chosen = StoreBox("en"), []
    box.chosen.connect(chosen.append)
    show_layer(look_into(store), "en")
    box.offer(store)
    assert [box.itemText(row) for row in range(box.count())] == [store.schema]
    assert all(store.password not in str(box.itemData(row)) for row in range(box.count()))
    assert box.currentIndex() == 0
    box.activated.emit(0)
    (offer,) = chosen
    assert is_same(offer.place, store) and offer.name == store.schema


def test_reviewing_decides_in_the_database(store: PostgisSchema) -> None:
    reviewing, listing = Reviewing(store), Listing(store)
    rows = listing.rows(0, 2)
    assert len(reviewing.decide(rows, "accepted")) == 2 and listing.refresh() == "decisions"
    other = Reviewing(store)
    decide(store, [rows[0].finding_id], "open", "người khác")
    with pytest.raises(PlanError) as caught:
        other.decide(rows, "waived", "x")
    assert caught.value.key == "error.store_overtaken" and "người khác" not in str(history(store)[0])
    assert statuses(store)[rows[1].finding_id] == "accepted"


def test_a_schema_is_chosen_from_a_connection_of_qgis(office: Office, store: PostgisSchema) -> None:
    empty = DatabaseDialog("en", None)
    assert empty._ok.isEnabled() is False and "Browser" in empty._told.text()
    postgres = QgsProviderRegistry.instance().providerMetadata("postgres")
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", str(office.port), DATABASE, "owner", office.password)
    settings = {"saveUsername": True, "savePassword": True}
    postgres.saveConnection(postgres.createConnection(uri.uri(False), settings), NAME)
    try:
        dialog = DatabaseDialog("vi", None)
        assert dialog._connections.currentText() == NAME
        schemas = [dialog._schemas.itemText(row) for row in range(dialog._schemas.count())]
        assert store.schema in schemas
        dialog._schemas.setCurrentText(store.schema)
        dialog._open()
        assert dialog.place is not None and is_same(dialog.place, store)
        assert len(Listing(dialog.place).rows(0, 100)) == 10
    finally:
        postgres.deleteConnection(NAME)


def test_a_password_is_asked_for_only_when_the_server_refuses(
    store: PostgisSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Person:
        kept: tuple[str, ...] = ()

        def get(self, realm: str, user: str, password: str, said: str) -> tuple[bool, str, str]:
            return True, "owner", store.password

        def put(self, *known: str) -> None:
            self.kept = known

    person: Any = Person()
    monkeypatch.setattr(database.QgsCredentials, "instance", lambda: person)
    unknown = PostgisSchema.of(store.schema, {**dict(store.parameters), "user": "nobody"})
    with pytest.raises(PlanError) as caught:
        look_into(unknown)
    known = with_credentials(unknown, caught.value)
    assert known is not None and look_into(known).version == 2 and person.kept[1:] == ("owner", store.password)
    gone = PlanError("error.store_server", server="x", reason="y")
    assert with_credentials(unknown, gone) is None
