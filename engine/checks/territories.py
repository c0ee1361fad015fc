"""Plan layers become territories: one a layer, or one for each name that stands in a field of their
zones.

Goes in: PlanLayers in the working CRS in metres. Comes out: :class:`Territory` by name, in the
order in which people count (2 before 10), each with its zones and the ground that they cover
together, repaired where they are invalid. Fails with PlanError when a zone does not say to which
territory it belongs, when a territory has no area, or when there is only one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import shapely

from ..errors import PlanError
from ..plan import PlanLayer
from ..planar.polygons import polygonal
from ..planar.threads import in_order
from ..progress import Progress
from .preparation import PreparedZones, in_order_of_names, prepare


@dataclass(frozen=True)
class Territory:
    """The ``zones`` of one territory, valid polygons with ``key`` and ``code``, and the ``ground``
    they cover.
    """

    name: str
    zones: np.ndarray
    key: np.ndarray
    code: np.ndarray
    ground: shapely.Geometry


def territories(
    plans: list[PlanLayer], progress: Progress, threads: int = 2, grounds: dict[str, shapely.Geometry] | None = None
) -> tuple[list[Territory], list[PreparedZones]]:
    """(territories, prepared plans); see the module's paragraph.

    ``grounds``: the ground of territories that was united before, by name; what is united now is
    added to it.
    """
    known = {} if grounds is None else grounds
    prepared = []
    named = _told_apart(plans)
    for place in in_order_of_names(np.array([plan.name for plan in named], dtype=object)):  # not in that of the layers
        plan = named[place]
        progress.checkpoint()
        prepared.append(prepare(plan, beside=plans[:1]))
        if len(prepared[-1].polygons) == 0:
            raise PlanError("error.no_geometry", layer=plan.name, count=len(plan.zones))
    table = pd.concat([_rows(plan) for plan in prepared], ignore_index=True)
    members = table.groupby("territory", sort=False).indices
    names = np.array(list(members), dtype=object)
    if len(names) < 2:
        raise PlanError("error.one_territory", name=names[0])

    def made(name: str) -> Territory:
        rows = table.iloc[members[name]]
        zones = rows["polygon"].to_numpy()
        ground = known[name] if name in known else united(zones)
        return Territory(name, zones, rows["key"].to_numpy(), rows["code"].to_numpy(), ground)

    found = []
    for territory in in_order(made, names[in_order_of_names(names)], threads, progress):
        found.append(territory)
        known[territory.name] = territory.ground
        progress.step(len(found) / len(names))
    return found, prepared


def united(zones: np.ndarray) -> shapely.Geometry:
    """Return the ground that valid zones cover together."""
    return polygonal([shapely.union_all(zones)])[0]


def _told_apart(plans: list[PlanLayer]) -> list[PlanLayer]:
    """Return the plans with different names: a second "district" becomes "district [2]"."""
    seen: dict[str, int] = {}
    named = []
    for plan in plans:
        seen[plan.name] = seen.get(plan.name, 0) + 1
        named.append(plan if seen[plan.name] == 1 else replace(plan, name=f"{plan.name} [{seen[plan.name]}]"))
    return named


def _rows(prepared: PreparedZones) -> pd.DataFrame:
    plan = prepared.plan
    rows = pd.DataFrame({"polygon": prepared.polygons, "key": prepared.column("key"), "code": prepared.column("code")})
    rows["territory"] = prepared.column("territory") if "territory" in plan.zones else plan.name
    nameless = rows["territory"] == ""
    if nameless.any():
        keys = ", ".join(rows.loc[nameless, "key"].head(5))
        raise PlanError("error.territory_empty", layer=plan.name, count=int(nameless.sum()), keys=keys)
    return rows
