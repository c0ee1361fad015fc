"""The side panel of one finding: message, legal basis, who must adjust, both zones' attributes, history; and its place on the map.

Goes in: the number of a finding in a Listing. It looks the finding up in the file, and its zones in the layers of the project, once
for each finding that is looked at.
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry
from qgis.PyQt.QtWidgets import QTextBrowser

from ...engine.catalogue import text
from ...engine.store.decisions import history
from ...engine.store.listing import Listing
from . import words
from .map_view import FindingOnMap
from .zones import Zone, zones_of


class FindingPanel(QTextBrowser):
    """The text; ``step_piece`` goes through the pieces of a finding that has several."""

    def __init__(self, on_map: FindingOnMap, language: str):
        super().__init__()
        self.setObjectName("planconcordReviewPanel")
        self.setAccessibleName(text("review.panel", language))
        self.setOpenLinks(False)
        self._map, self._language = on_map, language
        self.crs = QgsCoordinateReferenceSystem()
        self.look_at(None)

    def look_at(self, listing: Listing | None) -> None:
        """Another store, or none."""
        self._listing = listing
        if listing is not None:
            self.crs = _crs(listing)
        self._forget()

    def _forget(self) -> None:
        self._fid: int | None = None
        self._values: dict[str, Any] = {}
        self._outline = QgsGeometry()
        self._zones: dict[str, Zone] = {}
        self._pieces: list[QgsGeometry] = []
        self._piece = 0
        self._map.clear()
        self.setHtml(words.nothing_html(self._language))

    def show_finding(self, fid: int | None, keep_scale: bool, move: bool) -> None:
        """Show a finding here and on the map; the map moves there when ``move``."""
        found = self._listing.whole(fid) if self._listing is not None and fid is not None else None
        if found is None or self._listing is None:
            self._forget()
            return
        self._fid, self._piece = fid, 0
        self._values, outline = found
        self._outline = QgsGeometry()
        self._outline.fromWkb(outline)
        parts = [QgsGeometry(part.clone()) for part in self._outline.constParts()]
        self._pieces = parts if len(parts) > 1 else []
        run = self._listing.run(str(self._values["run_id"] or ""))
        self._zones = zones_of(self._values, run, self._outline, self.crs)
        self._write()
        self.verticalScrollBar().setValue(0)
        self._mark()
        if move:
            self.go(keep_scale)

    def renew(self) -> None:
        """The history or the status may have changed."""
        found = self._listing.whole(self._fid) if self._listing is not None and self._fid is not None else None
        if found is None:
            self._forget()
            return
        self._values = found[0]
        self._write()

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
        self._map.show(self._outline, self.crs, self._zones, piece)

    def _write(self) -> None:
        if self._listing is None:
            return
        decisions = history(self._listing.path, str(self._values["finding_id"]))
        zones = {side: (zone.layer.name(), zone.fields()) for side, zone in self._zones.items()}
        values = {**self._values}
        if decisions:
            values["status"] = decisions[-1].to_status
        place = self.verticalScrollBar().value()
        self.setHtml(words.finding_html(values, (self._piece, len(self._pieces)), zones, decisions, self._language))
        self.verticalScrollBar().setValue(place)


def _crs(listing: Listing) -> QgsCoordinateReferenceSystem:
    srs = listing.layout.srs
    if srs.startswith("EPSG:"):
        return QgsCoordinateReferenceSystem(srs)
    return QgsCoordinateReferenceSystem.fromWkt(srs)
