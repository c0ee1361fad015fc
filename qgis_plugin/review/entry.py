"""How a person comes to the review dock: an entry in the menu Plugins > Plan Concord, a button in
the toolbar, a shortcut.
"""

from __future__ import annotations

from qgis.gui import QgisInterface, QgsGui
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QAction

from ...engine.catalogue import text
from ...qgis_bridge.base import ICONS, user_language
from .commands import SECTION
from .dock import ReviewDock

SHORTCUT = "Ctrl+Alt+F"


class ReviewEntry:
    """The action from ``open`` to ``close``; the dock is created when it is first asked for."""

    def __init__(self, iface: QgisInterface):
        self._iface = iface
        self._language = user_language()
        self._dock: ReviewDock | None = None
        self._menu = text("provider.name", self._language)
        icon = QIcon(str(ICONS / "planconcord.svg"))
        self._action = QAction(icon, text("review.action", self._language), iface.mainWindow())
        self._action.setObjectName("planconcord_review")
        self._action.setWhatsThis(text("review.action_tip", self._language))
        self._action.setCheckable(True)
        self._action.triggered.connect(self._show)
        QgsGui.shortcutsManager().registerAction(self._action, SHORTCUT, SECTION)
        iface.addPluginToMenu(self._menu, self._action)
        iface.addToolBarIcon(self._action)

    def _show(self, wanted: bool) -> None:
        if self._dock is None:
            self._dock = ReviewDock(self._iface, self._language)
            self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
            self._dock.visibilityChanged.connect(self._follow)
        self._dock.setUserVisible(wanted)
        if wanted:
            self._dock.begin()

    def _follow(self, *_: object) -> None:
        if self._dock is not None:
            self._action.setChecked(self._dock.isVisible())

    def close(self) -> None:
        """Leave no trace."""
        ours = [entry.menu() for entry in self._iface.pluginMenu().actions() if entry.menu() is not None]
        ours = [menu for menu in ours if self._action in menu.actions()]
        self._iface.removePluginMenu(self._menu, self._action)
        for menu in ours:
            if menu.isEmpty():  # QGIS takes it out of the menu above, and keeps it
                menu.deleteLater()
        self._iface.removeToolBarIcon(self._action)
        QgsGui.shortcutsManager().unregisterAction(self._action)
        if self._dock is not None:
            self._dock.end()
            self._iface.removeDockWidget(self._dock)
            self._dock.deleteLater()
            self._dock = None
        self._action.deleteLater()
