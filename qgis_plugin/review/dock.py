"""The dock in which a person goes through the findings of a store: filters, list, map, side panel, decisions.

Goes in: any findings store, also one made without a window. It follows what others write, once a second. What goes wrong is told in
the bar of the dock, never by a window that must be closed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRectangle
from qgis.gui import QgisInterface, QgsDockWidget
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialog, QFileDialog

from ...engine.catalogue import number, text
from ...engine.errors import PlanError
from ...engine.store.connection import file_number, refuse_read_only
from ...engine.store.decisions import expired
from ...engine.store.listing import LAPSED, Filter, Listing, Row
from ...engine.store.opening import notes
from ...engine.store.place import Place
from . import words
from .commands import Commands
from .database import DatabaseDialog, with_credentials
from .deciding import Reviewing
from .pick_tool import PickTool
from .stores import findings_layers, is_same, place_of_layer, read_again, show_layer, shown_layers
from .waive_dialog import WaiveDialog
from .work_area import WorkArea

BUTTONS = ("accept", "waive", "reopen", "undo", "previous", "next", "pick")
LOOK_EVERY_MS, PREPARE_EVERY_MS = 1000, 30
SHORT_WAIT_S = 0.2
SAID_MS = 6000


class ReviewDock(QgsDockWidget):
    """The window; ``open_store`` shows a store."""

    commands: Commands

    def __init__(self, iface: QgisInterface, language: str):
        super().__init__(text("review.title", language), iface.mainWindow())
        self.setObjectName("planconcordReview")
        self._iface, self._language = iface, language
        self._listing: Listing | None = None
        self._reviewing: Reviewing | None = None
        self._place: QgsRectangle | None = None
        self._file: tuple[int, int] | None = None  # what the layers of the map have read
        self._build()
        self._pick = PickTool(iface.mapCanvas())
        self._pick.picked.connect(self._picked)
        self._pick.deactivated.connect(lambda: self.commands["pick"].setChecked(False))
        iface.mapCanvas().extentsChanged.connect(self._map_moved)
        QgsProject.instance().layersAdded.connect(self._offer_stores)
        QgsProject.instance().layersRemoved.connect(self._offer_stores)
        self._looking = QTimer(self)
        self._looking.timeout.connect(self._look)
        self._looking.start(LOOK_EVERY_MS)
        self._preparing = QTimer(self)
        self._preparing.timeout.connect(self._prepare)
        self._offer_stores()
        self._count()

    # making

    def _build(self) -> None:
        """The parts stand in :class:`WorkArea`; here they are connected."""
        area = WorkArea(self._iface.mapCanvas(), self._language)
        self.notices, self.stores, self.filters = area.notices, area.stores, area.filters
        self.counts, self.view, self.panel, self.on_map = area.counts, area.view, area.panel, area.on_map
        self.stores.chosen.connect(self._store_chosen)
        area.opening.clicked.connect(self._ask_for_store)
        area.database.clicked.connect(self._ask_for_database)
        self.filters.changed.connect(self._filter)
        self.filters.left.connect(lambda: self.view.setFocus(Qt.FocusReason.OtherFocusReason))
        self.view.chosen.connect(self._chosen)
        self.view.escaped.connect(self.notices.clear)
        self.view.sort_asked.connect(self.filters.sort_by)
        self.commands = Commands(self, (self.view, self.panel), self._does(), self._language)
        area.add_buttons(self.commands[name] for name in BUTTONS)
        self.setWidget(area)

    def _does(self) -> dict[str, Callable[[], None]]:
        return {
            "accept": lambda: self._decide("accepted"),
            "waive": self._waive,
            "reopen": lambda: self._decide("open"),
            "undo": self._undo,
            "next": lambda: self.view.step(1),
            "previous": lambda: self.view.step(-1),
            "next_keep": lambda: self.view.step(1, keep_scale=True),
            "previous_keep": lambda: self.view.step(-1, keep_scale=True),
            "next_piece": lambda: self.panel.step_piece(1),
            "previous_piece": lambda: self.panel.step_piece(-1),
            "zoom": lambda: self.panel.go(False),
            "open": self._ask_for_store,
            "database": self._ask_for_database,
            "find": lambda: self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "list": lambda: self.view.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "pick": self._toggle_pick,
            "everything": self._show_everything,
            "answer": self.notices.press,
        }

    # stores

    def begin(self) -> None:
        """Open what a person most likely means: the active layer's store, else the first of the project."""
        if self._listing is None:
            active = self._iface.activeLayer()
            layers = findings_layers()
            layer = active if active in layers else next((one for one in layers if place_of_layer(one)), None)
            path = place_of_layer(layer) if layer is not None else None
            if path is not None:
                self.open_store(path)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_store(self, path: Place) -> bool:
        """Show a store; False, and the reason in the bar, when it is none."""
        refused: PlanError | None = None
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        file = file_number(path)
        try:
            listing = Listing(path)
            told = notes(path)
            ended = expired(path, date.today())
        except PlanError as error:
            refused = error
        finally:
            QApplication.restoreOverrideCursor()
        if refused is not None:
            known = with_credentials(path, refused)
            if known is not None:
                return self.open_store(known)
            self._fail(refused)
            return False
        self.notices.clear()
        self._listing, self._reviewing, self._place, self._file = listing, Reviewing(path), None, file
        self.filters.offer(listing)
        self.panel.look_at(listing)
        self.view.look_at(listing)
        if show_layer(listing.layout, self._language) is None:
            self._warn(text("review.layer_unreadable", self._language, path=path))
        self._filter()
        self._offer_stores()
        self._preparing.start(PREPARE_EVERY_MS)
        for key, values in told:
            self._warn(text(key, self._language, **values))
        if ended:
            self._tell_expired(ended)
        self._tell_lapsed()
        try:
            refuse_read_only(path)
        except PlanError as error:
            self._warn(error.text(self._language))
        return True

    def _ask_for_store(self) -> None:
        opened = self._listing.path if self._listing is not None else None
        start = str(opened.parent) if isinstance(opened, Path) else QgsProject.instance().absolutePath()
        path, _ = QFileDialog.getOpenFileName(
            self, text("review.open_title", self._language), start, "GeoPackage (*.gpkg)"
        )
        if path:
            self.open_store(Path(path))
            self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_for_database(self) -> None:
        asked = DatabaseDialog(self._language, self)
        if asked.exec() == int(QDialog.DialogCode.Accepted) and asked.place is not None:
            self.open_store(asked.place)
        asked.deleteLater()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _offer_stores(self, *_: object) -> None:
        self.stores.offer(self._listing.path if self._listing is not None else None)

    def _store_chosen(self, place: Place | None, name: str) -> None:
        if place is None:
            self._warn(text("review.not_saved", self._language, layer=name))
        elif self._listing is None or not is_same(place, self._listing.path):
            self.open_store(place)

    # the list

    @property
    def _crs(self) -> QgsCoordinateReferenceSystem:
        return self.panel.crs

    def _filter(self) -> None:
        if self._listing is None:
            return
        self.view.keep(lambda: self.view.findings.show(self._wanted(), *self.filters.order()))
        self._count()

    def _wanted(self) -> Filter:
        wanted = self.filters.wanted()
        if self._place is not None or self.filters.here.isChecked():
            window = self.on_map.window(self._crs, self._place)
            wanted = Filter(**{**wanted.__dict__, "extent": window})
        return wanted

    def _show_everything(self) -> None:
        self._place = None
        self.filters.clear()

    def _count(self) -> None:
        if self._listing is None:
            self.counts.setText(text("review.no_store_hint", self._language))
            return
        whole, shown = self._listing.counts(), self._listing.shown
        values = {
            "total": whole.total,
            "open": whole.open,
            "handled": whole.handled,
            "area": words.area_text(whole.area_m2, self._language),
            "shown": shown.total,
            "shown_open": shown.open,
            "shown_handled": shown.handled,
            "shown_area": words.area_text(shown.area_m2, self._language),
        }
        key = "review.counts" if shown.total == whole.total else "review.counts_filtered"
        said = text(key, self._language, **values)
        if self._place is not None:
            said += " · " + text("review.at_place", self._language)
        self.counts.setText(said)
        self.commands["undo"].setEnabled(self._reviewing is not None and self._reviewing.can_undo)

    def _chosen(self, row: Row | None, keep_scale: bool, by_person: bool) -> None:
        """Another finding is the current one; the map follows a person, not a change by others."""
        try:
            self.panel.show_finding(row.fid if row is not None else None, keep_scale, move=by_person)
        except PlanError as error:
            self._warn(error.text(self._language))

    # the map

    def _toggle_pick(self) -> None:
        canvas = self._iface.mapCanvas()
        if self.commands["pick"].isChecked():
            canvas.setMapTool(self._pick)
        else:
            canvas.unsetMapTool(self._pick)
            if self._place is not None:
                self._place = None
                self._filter()

    def _picked(self, place: QgsRectangle) -> None:
        if self._listing is None:
            return
        self._place = place
        self._filter()
        self.view.first(keep_scale=True)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _map_moved(self) -> None:
        if (
            self.filters.here.isChecked()
            and self._place is None
            and not self.on_map.moving
            and self._listing is not None
        ):
            self.filters.changed_later()

    # decisions

    def _decide(self, status: str, note: str = "", document: str = "", expiry: str = "") -> None:
        rows = self.view.selected()
        if not rows or self._reviewing is None:
            self._say(text("review.choose_first", self._language))
            return
        reviewing = self._reviewing
        self._do(lambda: reviewing.decide(rows, status, note, document, expiry), status)

    def _waive(self) -> None:
        rows = self.view.selected()
        if not rows:
            self._say(text("review.choose_first", self._language))
            return
        asked = WaiveDialog(len(rows), self._language, self)
        if asked.exec() == int(QDialog.DialogCode.Accepted):
            self._decide("waived", asked.note, asked.document, asked.expiry)
        asked.deleteLater()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _undo(self) -> None:
        if self._reviewing is not None and self._reviewing.can_undo:
            self._do(self._reviewing.undo, "undone")

    def _do(self, action: Callable[[], int], told: str) -> None:
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            count = action()
        except PlanError as error:
            self._fail(error)
            count = 0
        finally:
            QApplication.restoreOverrideCursor()
        self._look()
        self._count()
        if count:
            self._say(text(f"review.told_{told}", self._language, count=number(count, 0, self._language)))

    def _tell_expired(self, findings: list[str]) -> None:
        told = text("review.expired", self._language, count=len(findings))
        self.notices.add(told, False, text("review.expired_do", self._language), lambda: self._reopen_expired(findings))

    def _reopen_expired(self, findings: list[str]) -> None:
        reviewing = self._reviewing
        if reviewing is not None:
            self._do(lambda: reviewing.reopen(findings, text("review.expired_note", self._language)), "open")

    def _tell_lapsed(self) -> None:
        """A run has let waivers lapse: nobody should have to notice that by himself."""
        count = self._listing.lapsed() if self._listing is not None else 0
        if count:
            told = text("review.lapsed", self._language, count=count)
            self.notices.add(told, False, text("review.lapsed_do", self._language), self._show_lapsed)

    def _show_lapsed(self) -> None:
        self._place = None
        self.filters.show_change(LAPSED)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    # what happens by itself

    def _look(self) -> None:
        """Take over what was written to the store, by us or by others."""
        if self._listing is None or not self.isVisible():
            return
        file = file_number(self._listing.path)
        try:
            changed = self._listing.refresh(SHORT_WAIT_S)
        except PlanError as error:
            if error.key != "error.store_locked":  # somebody writes just now; look again in a second
                self._fail(error)
            return
        if changed == "all":
            self.filters.offer(self._listing)
            self._tell_lapsed()
        if changed == "all" or file != self._file:
            self._file = file if read_again(self._listing.layout) else None
        if not changed:
            return
        self.view.keep(self.view.findings.renew)
        self.panel.renew()
        self._count()
        for layer in shown_layers(self._listing.layout):
            layer.triggerRepaint()

    def _prepare(self) -> None:
        """Make the search by text ready while nobody waits."""
        if self._listing is None or not self._listing.make_searchable():
            self._preparing.stop()

    def _warn(self, told: str) -> None:
        self.notices.add(told, bad=False)

    def _fail(self, error: PlanError) -> None:
        values = dict(error.values)
        if "status" in values:
            values["status"] = words.status_word(str(values["status"]), self._language)
        self.notices.add(text(error.key, self._language, **values), bad=True)

    def _say(self, told: str) -> None:
        """What went well stands in QGIS's status bar, where it moves nothing."""
        self._iface.statusBarIface().showMessage(told, SAID_MS)

    def end(self) -> None:
        """Leave no trace on the map, in the project's signals and in the list of shortcuts."""
        self._looking.stop()
        self._preparing.stop()
        canvas = self._iface.mapCanvas()
        canvas.extentsChanged.disconnect(self._map_moved)
        QgsProject.instance().layersAdded.disconnect(self._offer_stores)
        QgsProject.instance().layersRemoved.disconnect(self._offer_stores)
        canvas.unsetMapTool(self._pick)
        self.on_map.clear()
        self.commands.close()
