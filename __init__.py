"""Plan Concord: do the plans of a province agree with each other, where do they not, and which has to give way?

The folder of this file is the package, in a checkout, in a wheel and in QGIS's plugin folder alike. Importing it loads
neither QGIS nor geopandas; the library's face (engine/library/) is loaded when one of its names is first asked for.

>>> import planconcord as pc
>>> pc.check_coverage.__name__
'check_coverage'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .engine.library import (
        Comparison,
        PlanError,
        Result,
        check_borders,
        check_conformity,
        check_coverage,
        check_figures,
        compare_drafts,
        compare_findings,
        diagnose_crs,
        prepare_plan,
        read_rules,
    )
    from .qgis_plugin.plugin import PlanConcordPlugin

__all__ = [
    "Comparison",
    "PlanError",
    "Result",
    "__version__",
    "check_borders",
    "check_conformity",
    "check_coverage",
    "check_figures",
    "classFactory",
    "compare_drafts",
    "compare_findings",
    "diagnose_crs",
    "prepare_plan",
    "read_rules",
]

from .engine.version import __version__


def classFactory(iface: QgisInterface | None) -> PlanConcordPlugin:  # noqa: N802 - the name that QGIS calls
    """The plugin, for QGIS; `iface` is None in qgis_process."""
    from .qgis_bridge.libraries import ensure_libraries
    from .qgis_plugin.plugin import PlanConcordPlugin

    ensure_libraries()
    return PlanConcordPlugin(iface)


def __getattr__(name: str) -> object:
    """A name of the library's face, loaded now."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .engine import library

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
