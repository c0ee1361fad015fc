"""The name of a source, taken apart: ``path``, ``path|layername=name`` or
``path|layername=name|subset=condition`` as QGIS writes it.

A path may go on inside an archive: ``plans.zip/district/plan.shp`` or QGIS's
``/vsizip/plans.zip/district/plan.shp``. Fails with PlanError for a part that is not understood,
because passing over one would read other zones than the person meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import PlanError

LAYER, SUBSET = "layername=", "|subset="
ARCHIVES = (".zip", ".kmz")
VSIZIP = "/vsizip/"


@dataclass(frozen=True)
class Source:
    """``path`` on the disk, ``member`` inside it where it is an archive, ``layer`` and
    ``condition`` as given ("" none).
    """

    text: str
    path: Path
    member: str = ""
    layer: str = ""
    condition: str = ""

    @classmethod
    def of(cls, text: str) -> Source:
        """Return the parts of ``text``."""
        path, layer, condition = split_source(text)
        outside, member = _archive_and_member(path)
        return cls(text, Path(outside), member, layer, condition)

    @property
    def title(self) -> str:
        """A short name for messages and for a plan that has no other."""
        return self.layer or Path(self.member or self.path).stem


def split_source(source: str) -> tuple[str, str, str]:
    """Return (path, layer name, condition) of ``path|layername=name|subset=condition``, "" for what
    is not given.

    As in QGIS the condition stands last, because it may hold any character.
    """
    head, _, condition = source.partition(SUBSET)
    path, *parts = head.split("|")
    layer = ""
    for part in parts:
        if not part.startswith(LAYER):
            raise PlanError("error.source_part", source=source, part=part)
        layer = part[len(LAYER) :]
    return path, layer, condition


def _archive_and_member(path: str) -> tuple[str, str]:
    """("plans.zip", "district/plan.shp") of "plans.zip/district/plan.shp"; (path, "") where nothing
    lies inside.
    """
    bare = path[len(VSIZIP) :] if path.startswith(VSIZIP) else path
    if path.startswith(VSIZIP) and not Path(bare).exists() and not bare.startswith("/") and Path("/" + bare).exists():
        bare = "/" + bare
    parts = bare.replace("\\", "/").split("/")
    for end in range(1, len(parts)):
        outside = "/".join(parts[:end])
        if outside.lower().endswith(ARCHIVES) and Path(outside).is_file():
            return outside, "/".join(parts[end:])
    return bare, ""
