"""A plan layer from a file, without QGIS: every vector format that OGR opens, named as QGIS names
it.

``path``, ``path|layername=name`` or ``path|layername=name|subset=condition`` goes in; a PlanLayer
in the file's own CRS comes out. What was changed on the way, such as texts that were not Unicode,
stands in its notes. Fails with PlanError, naming the file and what to do, when the file is not
there, cannot be opened, has no such layer, or has no CRS.
"""

from __future__ import annotations

from typing import Any

from ..plan import PlanLayer
from .preparing import PreparationOptions, prepare_plan
from .source import split_source

__all__ = ["read_plan", "split_source"]


def read_plan(
    source: str, key_field: str = "", code_field: str = "", name: str = "", territory_field: str = "", **known: Any
) -> PlanLayer:
    """Return the plan at ``source``; ``known`` are further fields of PlanLayer."""
    wishes = PreparationOptions(key_field=key_field, code_field=code_field, territory_field=territory_field)
    return prepare_plan(source, wishes, name, **known)[0]
