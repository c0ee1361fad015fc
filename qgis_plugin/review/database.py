"""A store in a database: which of QGIS's connections, which schema, and, where it is asked for,
which password.

Comes out: the place of a store. Nothing is kept of a password but what QGIS keeps for its session.
Lists only schemas that hold findings.
"""

from __future__ import annotations

from qgis.core import QgsCredentials
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ...engine.catalogue import text
from ...engine.errors import PlanError
from ...engine.store.place import Place, PostgisSchema, quoted_value
from ...qgis_bridge.stores import connection_of, connections, store_of_text

REFUSED = "error.store_login"


def with_credentials(place: Place, error: PlanError) -> PostgisSchema | None:
    """Return the same place with a user and a password that a person gave; None when there is
    nothing to ask or nobody answered.
    """
    if not isinstance(place, PostgisSchema) or error.key != REFUSED:
        return None
    realm = connection_of(place).connectionInfo(False)
    said = str(error.values.get("reason", ""))
    given, user, password = QgsCredentials.instance().get(realm, place.get("user"), "", said)
    if not given:
        return None
    QgsCredentials.instance().put(realm, user, password)
    return PostgisSchema.of(place.schema, {**dict(place.parameters), "user": user, "password": password})


class DatabaseDialog(QDialog):
    """``place``: the store that was chosen."""

    def __init__(self, language: str, parent: QWidget):
        super().__init__(parent)
        self._language = language
        self.place: PostgisSchema | None = None
        self.setObjectName("planconcordDatabase")
        self.setWindowTitle(text("store.open_title", language))
        self._connections = QComboBox()
        self._connections.setObjectName("planconcordDatabaseConnection")
        self._connections.addItems(connections())
        self._schemas = QComboBox()
        self._schemas.setObjectName("planconcordDatabaseSchema")
        self._told = QLabel()
        self._told.setObjectName("planconcordDatabaseTold")
        self._told.setTextFormat(Qt.TextFormat.PlainText)
        self._told.setWordWrap(True)
        form = QFormLayout()
        form.addRow(text("store.connection", language), self._connections)
        form.addRow(text("store.schema", language), self._schemas)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self._ok.setText(text("store.open", language))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(text("review.cancel", language))
        buttons.accepted.connect(self._open)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self._told)
        column.addWidget(buttons)
        self._connections.currentTextChanged.connect(self._look)
        self._look()

    def _look(self, *_: object) -> None:
        """List the schemas of the chosen connection that hold findings."""
        self._schemas.clear()
        name = self._connections.currentText()
        if not name:
            self._told.setText(text("store.no_connection", self._language))
        else:
            QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
            try:
                from ...engine.store.postgis import schemas_with_findings

                self._schemas.addItems(schemas_with_findings(self._named(name, "public")))
                none = text("store.no_schema", self._language) if not self._schemas.count() else ""
                self._told.setText(none)
            except PlanError as error:
                self._told.setText(error.text(self._language))
            finally:
                QApplication.restoreOverrideCursor()
        self._ok.setEnabled(self._schemas.count() > 0)

    def _named(self, connection: str, schema: str) -> PostgisSchema:
        place = store_of_text(f"PG:connection={quoted_value(connection)} schema={quoted_value(schema)}")
        if not isinstance(place, PostgisSchema):
            raise TypeError(place)
        return place

    def _open(self) -> None:
        self.place = self._named(self._connections.currentText(), self._schemas.currentText())
        self.accept()
