"""Plan Concord: do the plans of a province agree with each other, where do they not, and which has to give way?

The folder of this file is the package, in a checkout, in a wheel and in QGIS's plugin folder alike. Importing it loads
neither QGIS nor geopandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .qgis_plugin.plugin import PlanConcordPlugin

__version__ = "0.1.0"


def classFactory(iface: QgisInterface | None) -> PlanConcordPlugin:  # noqa: N802 - the name that QGIS calls
    """The plugin, for QGIS; `iface` is None in qgis_process."""
    from .algorithms.libraries import ensure_libraries
    from .qgis_plugin.plugin import PlanConcordPlugin

    ensure_libraries()
    return PlanConcordPlugin(iface)
