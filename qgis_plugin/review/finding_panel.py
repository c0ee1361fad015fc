"""The side panel of one finding: message, legal basis, who must adjust, both zones' attributes, history; and its place on the map.

Goes in: what is chosen in the list. It looks the described finding up in the file, and its zones in the layers of the project, once for
each finding that is looked at; the other chosen ones are outlined beside it. What it holds is what a decision is about.
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry
from qgis.PyQt.QtWidgets import QTextBrowser

from ...engine.catalogue import text
from ...engine.store.decisions import history
from ...engine.store.listing import Listing
from . import words
from .chosen import NOTHING, Chosen
from .map_view import FindingOnMap
from .zones import Zone, zones_of

MOST_OUTLINED = 2000


class FindingPanel(QTextBrowser):
    """The text; ``step_piece`` goes through the pieces of a finding that has several."""

    def __init__(self, on_map: FindingOnMap, language: str):
        super().__init__()
        self.setObjectName("planconcordReviewPanel")
        self.setAccessibleName(text("review.panel", language))
        self.setOpenLinks(False)
        self._map, self._language = on_map, language
        self.look_at(None)

    @property
    def crs(self) -> QgsCoordinateReferenceSystem:
        """The CRS of the store that lies there now."""
        return _crs(self._listing) if self._listing is not None else QgsCoordinateReferenceSystem()

    @property
    def shown(self) -> Chosen:
        """What stands here and on the map."""
        return self._chosen

    def look_at(self, listing: Listing | None) -> None:
        """Another store, or none."""
        self._listing = listing
        self._forget()

    def _forget(self) -> None:
        self._chosen = NOTHING
        self._values: dict[str, Any] = {}
        self._wkb = b""
        self._outline = QgsGeometry()
        self._others: list[QgsGeometry] = []
        self._zones: dict[str, Zone] = {}
        self._zone_words: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        self._pieces: list[QgsGeometry] = []
        self._piece = 0
        self._map.clear()
        self.setHtml(words.nothing_html(self._language))

    def show_chosen(self, chosen: Chosen, keep_scale: bool, move: bool) -> None:
        """Show what is chosen here and on the map; the map moves there when ``move``. PlanError, and nothing shown, where that fails."""
        current, listing = chosen.current, self._listing
        self._forget()
        found = listing.whole(current.fid) if listing is not None and current is not None else None
        if found is None or listing is None or current is None:
            return
        others = [row.finding_id for row in chosen.rows if row.finding_id != current.finding_id]
        self._others = [_geometry(outline) for outline in listing.outlines(others[:MOST_OUTLINED])]
        self._take(*found)
        self._chosen = chosen
        self._write()
        self.verticalScrollBar().setValue(0)
        self._mark()
        if move:
            self.go(keep_scale)

    def _take(self, values: dict[str, Any], outline: bytes) -> None:
        """The values and the outline of the finding, and what follows from them."""
        self._values, self._wkb, self._piece = values, outline, 0
        self._outline = _geometry(outline)
        parts = [QgsGeometry(part.clone()) for part in self._outline.constParts()]
        self._pieces = parts if len(parts) > 1 else []
        self._find_zones()

    def _find_zones(self) -> None:
        run = self._listing.run(str(self._values["run_id"] or "")) if self._listing is not None else {}
        self._zones = zones_of(self._values, run, self._outline, self.crs)
        self._zone_words = {side: (zone.layer.name(), zone.fields()) for side, zone in self._zones.items()}

    def renew(self, chosen: Chosen) -> None:
        """The store says something else of what is chosen: its history, its status, or, after another run, its outline."""
        current = chosen.current
        found = self._listing.whole(current.fid) if self._listing is not None and current is not None else None
        if found is None or not chosen.is_same(self._chosen):
            self.show_chosen(chosen, True, False)
            return
        self._chosen, self._values = chosen, found[0]
        if found[1] != self._wkb:
            self._take(*found)
            self._mark()
        self._write()

    def draw_again(self) -> None:
        """The map has another CRS, or the project other layers: the zones are looked for again, and all is outlined where it is now."""
        if self._chosen.current is not None:
            self._find_zones()
            self._write()
            self._mark()

    def go(self, keep_scale: bool) -> None:
        """Bring the map to the finding, or to the piece that is looked at."""
        shape = self._pieces[self._piece - 1] if self._piece else self._outline
        if not shape.isNull():
            self._map.go(shape, self.crs, keep_scale)

    def step_piece(self, way: int) -> None:
        """The next piece of the finding, round and round; the whole is one of them."""
        if self._pieces:
            self._piece = (self._piece + way) % (len(self._pieces) + 1)
            self._write()
            self._mark()
            self.go(False)

    def _mark(self) -> None:
        piece = self._pieces[self._piece - 1] if self._piece else None
        self._map.show(self._outline, self.crs, self._zones, piece, self._others)

    def _write(self) -> None:
        if self._listing is None:
            return
        decisions = history(self._listing.path, str(self._values["finding_id"]))
        values = {**self._values}
        if decisions:
            values["status"] = decisions[-1].to_status
        place = self.verticalScrollBar().value()
        pieces = (self._piece, len(self._pieces))
        described = words.finding_html(values, pieces, self._zone_words, decisions, self._language)
        several = words.several_html(len(self._chosen.rows), len(self._others) + 1, self._language)
        self.setHtml(several + described)
        self.verticalScrollBar().setValue(place)


def _geometry(outline: bytes) -> QgsGeometry:
    made = QgsGeometry()
    made.fromWkb(outline)
    return made


def _crs(listing: Listing) -> QgsCoordinateReferenceSystem:
    srs = listing.layout.srs
    if srs.startswith("EPSG:"):
        return QgsCoordinateReferenceSystem(srs)
    return QgsCoordinateReferenceSystem.fromWkt(srs)
