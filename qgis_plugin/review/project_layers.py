"""Tells when the layers of the project are others: one has come, gone, moved, got another name or another source.

``changed`` is called for each of these, often several times for one thing that a person does, and before QGIS has finished with it; so
it should only start something that looks a moment later.
"""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsMapLayer, QgsProject


class ProjectLayers:
    """Listens from its making to ``close``."""

    def __init__(self, changed: Callable[[], object]):
        self._changed = changed
        project = QgsProject.instance()
        self._root = project.layerTreeRoot()
        # When a layer is added, the layer tree does not have it yet: that comes a moment later, by addedChildren.
        self._signals = [
            *(project.layersAdded, project.layersRemoved, project.cleared),
            *(self._root.addedChildren, self._root.removedChildren, self._root.nameChanged),
        ]
        for signal in self._signals:
            signal.connect(self._tell)
        project.layersAdded.connect(self._watch)
        self._watch(project.mapLayers().values())

    def _watch(self, layers: list[QgsMapLayer]) -> None:
        """A layer in memory that is made permanent stays the same layer, with another source."""
        for layer in layers:
            layer.dataSourceChanged.connect(self._tell)

    def _tell(self, *_: object) -> None:
        self._changed()

    def close(self) -> None:
        """Listen no more."""
        project = QgsProject.instance()
        for signal in self._signals:
            signal.disconnect(self._tell)
        project.layersAdded.disconnect(self._watch)
        for layer in project.mapLayers().values():
            layer.dataSourceChanged.disconnect(self._tell)
