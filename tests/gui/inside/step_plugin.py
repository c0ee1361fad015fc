"""The plugin switched off and on again in the plugin manager."""

from __future__ import annotations

import sys
from typing import Any

import windows
from person import Person, Step, dialog, named
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtWidgets import QAction, QDockWidget, QLineEdit, QListView, QMenu, QToolBar
from qgis.utils import active_plugins, iface, plugins
from step_background import leave_a_run


def plugin_off_and_on(person: Person) -> Step:
    """Off: no trace in toolbox, menus, bars, modules; on: the algorithm runs and is styled as before."""
    told = {"before": _traces(person)}
    yield from leave_a_run(person)
    yield from _toggle(person, False)
    told["off"] = _traces(person)
    told["still running"] = QgsApplication.taskManager().countActiveTasks()
    told["found while off"] = yield from windows.search(person, "planconcord")
    person.shot("plugin off")
    yield from _toggle(person, True)
    told["on"] = _traces(person)
    told["found while on"] = yield from windows.search(person, "planconcord")
    opened = yield from windows.open_algorithm(person, "Check coverage of a plan")
    yield from windows.choose(person, opened, "INPUT", "plan")
    told["again"] = yield from windows.run(person, opened)
    told["renderer"] = windows.result_layer(told["again"]).renderer().type()
    yield from windows.close(person, opened)
    return told


def _toggle(person: Person, on: bool) -> Step:
    """Tick or untick the plugin in the plugin manager."""
    QTimer.singleShot(0, iface.actionManagePlugins().trigger)
    yield lambda: dialog("QgsPluginManagerBase")
    manager = dialog("QgsPluginManagerBase")
    manager.activateWindow()
    yield 0.5
    yield from person.fill(named(manager, QLineEdit, "leFilter"), "Plan Concord")
    entries = named(manager, QListView, "vwPlugins")
    yield lambda: entries.model().rowCount() == 1
    index = entries.model().index(0, 0)
    box = entries.visualRect(index)
    yield from person.press(entries.viewport(), QPoint(box.left() + 8, box.center().y()))
    wanted = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
    yield lambda: entries.model().index(0, 0).data(Qt.ItemDataRole.CheckStateRole) == wanted
    yield lambda: ("planconcord" in active_plugins) == on
    yield 0.3
    person.shot(f"plugin manager {'on' if on else 'off'}")
    yield from windows.close(person, manager)


def _traces(person: Person) -> dict[str, Any]:
    """All that the plugin has put into this QGIS."""
    ours = [
        f"{type(child).__name__} {child.objectName()}"
        for kind in (QAction, QMenu, QToolBar, QDockWidget)
        for child in person.window.findChildren(kind)
        if "planconcord" in child.objectName().lower() or "plan concord" in _words_of(child).lower()
    ]
    return {
        "provider": QgsApplication.processingRegistry().providerById("planconcord") is not None,
        "modules": sorted(name for name in sys.modules if name.split(".")[0] == "planconcord"),
        "plugins": "planconcord" in plugins,
        "widgets": ours,
        "finders": [type(finder).__name__ for finder in sys.meta_path].count("_InsteadOfOutdated"),
        "hooks": [getattr(hook, "__name__", "") for hook in sys.path_hooks].count("_bundling_package"),
        "folders": len([folder for folder in sys.path if "planconcord-libraries" in folder]),
    }


def _words_of(child: Any) -> str:
    for name in ("text", "title", "windowTitle"):
        if hasattr(child, name):
            return str(getattr(child, name)())
    return ""
