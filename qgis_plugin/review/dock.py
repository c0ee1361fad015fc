"""The dock in which a person goes through the findings of a store: filters, list, map, side panel, decisions.

Goes in: any findings store, also one made without a window. It follows what others write, once a second. What goes wrong is told in
the bar of the dock, never by a window that must be closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from .chosen import Chosen
from .commands import Commands
from .database import DatabaseDialog, with_credentials
from .deciding import Reviewing
from .pick_tool import PickTool
from .project_layers import ProjectLayers
from .stores import Offer, findings_layers, is_same, place_of_layer, read_again, show_layer, shown_layers
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
        self._place: tuple[float, ...] | None = None  # what was clicked, in the store's CRS
        self._file: tuple[int, int] | None = None  # what the layers of the map have read
        self._build()
        self._pick = PickTool(iface.mapCanvas())
        self._pick.picked.connect(self._picked)
        self._pick.deactivated.connect(lambda: self.commands["pick"].setChecked(False))
        iface.mapCanvas().extentsChanged.connect(self._map_moved)
        iface.mapCanvas().destinationCrsChanged.connect(self.panel.draw_again)
        self._offering = QTimer(self)
        self._offering.setSingleShot(True)
        self._offering.timeout.connect(self._layers_changed)
        self._project = ProjectLayers(self._offering.start)
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
        self.stores.opening.connect(self._offer_stores)
        area.opening.clicked.connect(self._ask_for_store)
        area.database.clicked.connect(self._ask_for_database)
        self.filters.changed.connect(self._filter)
        self.filters.left.connect(self._filters_left)
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
        self.filters.drop_wait()
        self._listing, self._reviewing, self._place, self._file = listing, Reviewing(path), None, file
        self.filters.offer(listing)
        self.panel.look_at(listing)
        self.view.look_at(listing)
        if show_layer(listing.layout, self._language) is None:
            self._warn(text("review.layer_unreadable", self._language, path=path))
        self._filter()
        self._offer_stores()
        self._preparing.start(PREPARE_EVERY_MS)
        self._tell_of_store(told, ended)
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

    def _layers_changed(self) -> None:
        """Layers have come to the project, left it, or been saved elsewhere."""
        self._offer_stores()
        self.panel.draw_again()

    def _store_chosen(self, offer: Offer) -> None:
        if offer.place is None:
            self._warn(text("review.not_saved", self._language, layer=offer.name))
        elif self._listing is None or not is_same(offer.place, self._listing.path):
            self.open_store(offer.place)
        self._offer_stores()

    # the list

    @property
    def _crs(self) -> QgsCoordinateReferenceSystem:
        return self.panel.crs

    def _filter(self) -> None:
        if self._listing is None:
            return
        self.view.settle()
        self.view.keep(self._show_wanted)
        self._count()

    def _show_wanted(self) -> None:
        self.view.findings.show(self._wanted(), *self.filters.order())

    def _filters_left(self, entered: bool) -> None:
        if entered and self.view.told.current is None:
            self.view.first()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _wanted(self) -> Filter:
        wanted = self.filters.wanted()
        if self._place is not None or self.filters.here.isChecked():
            window = self._place or self.on_map.window(self._crs)
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

    def _chosen(self, chosen: Chosen, keep_scale: bool, by_person: bool) -> None:
        """Something else is chosen; the map follows a person, not a change by others."""
        try:
            self.panel.show_chosen(chosen, keep_scale, move=by_person)
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
        self._place = self.on_map.window(self._crs, place)
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

    def _seen(self) -> Sequence[Row]:
        """What a decision is about: the findings that panel and map show. What was chosen a moment ago is shown first, and not decided."""
        if self.view.settle():
            self._say(text("review.shown_first", self._language))
            return ()
        rows = self.panel.shown.rows
        if not rows:
            self._say(text("review.choose_first", self._language))
        return rows

    def _decide(self, status: str) -> None:
        reviewing, rows = self._reviewing, self._seen()
        if rows and reviewing is not None:
            self._do(lambda: reviewing.decide(rows, status), status)

    def _waive(self) -> None:
        reviewing, rows = self._reviewing, self._seen()
        if not rows or reviewing is None:
            return
        asked = WaiveDialog(len(rows), self._language, self)
        if asked.exec() == int(QDialog.DialogCode.Accepted):
            # About what was shown when it was asked: meanwhile the list may have changed, or another store lie there.
            self._do(lambda: reviewing.decide(rows, "waived", asked.note, asked.document, asked.expiry), "waived")
        asked.deleteLater()
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    def _undo(self) -> None:
        """Take the last decision back, and show what it was about."""
        if self._reviewing is None or not self._reviewing.can_undo:
            return
        undone = self._do(self._reviewing.undo, "undone")
        hidden = len(undone) - self.view.go_to(undone)
        if hidden > 0:
            self._say(text("review.undone_hidden", self._language, count=len(undone), hidden=hidden))

    def _do(self, action: Callable[[], list[str]], told: str) -> list[str]:
        """Have something decided; the findings about which it was."""
        QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            done = action()
        except PlanError as error:
            self._fail(error)
            done = []
        finally:
            QApplication.restoreOverrideCursor()
        self._look(advance=bool(done))
        self._count()
        if done:
            self._say(text(f"review.told_{told}", self._language, count=number(len(done), 0, self._language)))
        return done

    def _tell_of_store(self, told: Sequence[tuple[str, dict[str, object]]], ended: list[str]) -> None:
        """What a person should know first of the store as it lies there now."""
        self.notices.clear_passing()
        for key, values in told:
            self.notices.add(text(key, self._language, **values), bad=False, passing=True)
        if ended:
            self._tell_expired(ended)
        self._tell_lapsed()

    def _tell_expired(self, findings: list[str]) -> None:
        told = text("review.expired", self._language, count=len(findings))
        offer = text("review.expired_do", self._language)
        self.notices.add(told, False, offer, lambda: self._reopen_expired(findings), passing=True)

    def _reopen_expired(self, findings: list[str]) -> None:
        reviewing = self._reviewing
        if reviewing is not None:
            self._do(lambda: reviewing.reopen(findings, text("review.expired_note", self._language)), "open")

    def _tell_lapsed(self) -> None:
        """A run has let waivers lapse: nobody should have to notice that by himself."""
        count = self._listing.lapsed() if self._listing is not None else 0
        if count:
            told = text("review.lapsed", self._language, count=count)
            self.notices.add(told, False, text("review.lapsed_do", self._language), self._show_lapsed, passing=True)

    def _show_lapsed(self) -> None:
        self._place = None
        self.filters.show_change(LAPSED)
        self.view.setFocus(Qt.FocusReason.OtherFocusReason)

    # what happens by itself

    def _look(self, advance: bool = False) -> None:
        """Take over what was written to the store, by us or by others; ``advance``: by us, so that the list goes on to the next."""
        if self._listing is None or not self.isVisible():
            return
        self.view.settle()  # while rows and findings still belong together
        file = file_number(self._listing.path)
        try:
            changed = self._listing.refresh(SHORT_WAIT_S)
        except PlanError as error:
            if error.key != "error.store_locked":  # somebody writes just now; look again in a second
                self._fail(error)
            return
        if changed == "all" or file != self._file:
            self._file = file if read_again(self._listing.layout) else None
        if not changed:
            return
        if changed == "all":
            self._place = None
            self.filters.offer(self._listing)  # what was chosen there may not be in what another run has written
        self.view.keep(self._show_wanted if changed == "all" else self.view.findings.renew, advance)
        self._renew_panel()
        if changed == "all":
            self._tell_again(self._listing.path)
        self._count()
        for layer in shown_layers(self._listing.layout):
            layer.triggerRepaint()

    def _tell_again(self, path: Place) -> None:
        """Another run has put another store in the old one's place: what was told of the old one may be wrong now."""
        try:
            self._tell_of_store(notes(path), expired(path, date.today()))
        except PlanError as error:
            self._fail(error)

    def _renew_panel(self) -> None:
        try:
            self.panel.renew(self.view.told)
        except PlanError as error:
            self._warn(error.text(self._language))

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
        canvas.destinationCrsChanged.disconnect(self.panel.draw_again)
        self._offering.stop()
        self._project.close()
        canvas.unsetMapTool(self._pick)
        self.on_map.clear()
        self.commands.close()
