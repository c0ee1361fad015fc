"""The units that the boundaries beside a folder of plans name: what a file's name may mean, and
where each unit lies.

Goes in: files of boundaries; those that cannot be read are passed over, because a proposal can do
without. Comes out: Units.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyproj
import shapely

from ..errors import PlanError
from ..intake.inspection import inspect
from ..intake.preparing import prepare_table
from ..names import bare, folded, identity
from ..transformation import to_degrees
from ..values import text_columns

BOUNDARIES = ("ranh gioi", "boundaries", "boundary")
"""What a file of boundaries is called, folded."""
PROVINCE = "tinh "
DEGREES = pyproj.CRS.from_epsg(4326)
LEAST_COMMON = 0.5
"""Of the frame around a plan this much lies in the frame around its territory, wherever in it the
plan may be.
"""


@dataclass(frozen=True)
class Units:
    """``names``: the full names; ``frames`` in degrees by full name."""

    names: tuple[str, ...] = ()
    frames: dict[str, shapely.Geometry] = field(default_factory=dict)

    @property
    def province(self) -> str:
        """The province, where the boundaries name exactly one; else ""."""
        found = [name for name in self.frames if folded(name).startswith(PROVINCE)]
        return found[0] if len(found) == 1 else ""

    def named(self, words: str) -> list[str]:
        """Return the units of which the name stands in ``words``, with accents or without: of
        several the longest, those that are written alike, and those whose kind stands there too.
        More than one where nothing shows which is meant.
        """
        accents, plain = _spaced(identity(words)), _spaced(folded(words))
        hits = [name for name in self.names if bare(name) and _spaced(bare(name)) in plain]
        longest = max((len(bare(name)) for name in hits), default=0)
        hits = [name for name in hits if len(bare(name)) == longest]
        for stands in (
            lambda name: _spaced(_without_kind(name)) in accents,
            lambda name: _spaced(folded(name)) in plain,
            lambda name: _spaced(identity(name)) in accents,
        ):
            hits = [name for name in hits if stands(name)] or hits
        return hits

    def holds(self, unit: str, bounds: Sequence[float], crs: pyproj.CRS) -> bool:
        """Return whether a frame lies where the unit does; True where that is not known."""
        frame = self.frames.get(unit)
        if frame is None:
            return True
        try:
            west, south, east, north = bounds
            turned = to_degrees(crs.to_wkt()).transform_bounds(west, south, east, north)
        except pyproj.exceptions.ProjError:
            return False
        if not np.isfinite(turned).all():
            return False
        own = shapely.box(*turned)
        common = float(shapely.area(shapely.intersection(own, frame)))
        return common >= LEAST_COMMON * float(own.area)


def is_boundaries(path: Path) -> bool:
    """Return whether a file is called as boundaries are."""
    return folded(path.stem) in BOUNDARIES


def _spaced(words: str) -> str:
    """Letters and figures only, one blank between words and one at either end."""
    return " ".join(["", *re.findall(r"[^\W_]+", words), ""])


def _without_kind(name: str) -> str:
    """Return a unit's name as it is written, without the words for its kind."""
    kind_words = len(folded(name).split()) - len(bare(name).split())
    return " ".join(identity(name).split()[kind_words:])


def units_of(boundaries: Sequence[Path]) -> Units:
    """Return the units of all layers of ``boundaries``."""
    names: dict[str, None] = {}
    frames: dict[str, shapely.Geometry] = {}
    for path in boundaries:
        try:
            tables = [prepare_table(f"{path}|layername={layer.name}")[0] for layer in inspect(str(path)).layers]
        except PlanError:
            continue
        for table in tables:
            boxes = None if table.crs is None else shapely.box(*table.geometry.to_crs(DEGREES).bounds.to_numpy().T)
            for column in (name for name in text_columns(table) if "ten" in folded(str(name))):
                for row, name in enumerate(table[column]):
                    if isinstance(name, str) and name:
                        names[name] = None
                        if boxes is not None:
                            frames[name] = boxes[row]
    return Units(tuple(names), frames)
